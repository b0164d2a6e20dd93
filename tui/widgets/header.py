"""The top line: which sources, how they are watched, and how much there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from tui.rowtext import UNICODE, header_line
from tui.widgets.cells import Cells, Role, Run

if TYPE_CHECKING:
    from tui.rowtext import Glyphs
    from tui.widgets.cells import Line

__all__ = ["Header", "HeaderView"]


class HeaderView(NamedTuple):
    """Everything that the header shows."""

    place: str = ""
    """The only source by its path, or how many there are."""
    state: str = ""
    """`live`, `polling`, `offline` ..."""
    is_trouble: bool = False
    """Whether the state is one to be warned of."""
    busy: str = ""
    """What the indexer does; empty when nothing."""
    unplayed: int = 0
    notes: int = 0


_ROLES = {"": Role.TEXT, "strong": Role.KEY, "dim": Role.DIM}
"""The styles of the first picture, which shows the same line, as roles."""


class Header(Cells):
    """The top line of the browser."""

    DEFAULT_CSS = """
    Header {
        background: $panel;
        height: 1;
    }
    """

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.view = HeaderView()
        self._glyphs = glyphs

    def update(self, view: HeaderView) -> None:
        """Show another state; only cells that differ are sent."""
        self.view = view
        self.lay_out()

    def update_busy(self, text: str) -> None:
        """Show what the indexer does; empty for nothing."""
        self.update(self.view._replace(busy=text))

    @override
    def make_lines(self) -> list[Line]:
        view = self.view
        spans = header_line(
            self.size.width,
            place=view.place,
            state=view.busy or view.state,
            notes=view.notes,
            unplayed=view.unplayed,
            glyphs=self._glyphs,
        )
        state = Role.WARN if view.is_trouble and not view.busy else Role.ACCENT
        return [tuple(Run(text, _ROLES.get(style, state)) for text, style in spans)]
