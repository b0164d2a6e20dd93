"""The top line: which sources, how they are watched, and how much there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from tui.rowtext import UNICODE, header_line
from tui.widgets.cells import Cells, Role, Run

if TYPE_CHECKING:
    from tui.rowtext import Glyphs
    from tui.rowtext import Line as RowLine
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
    news: str = ""
    """A few words for some seconds, in the place of the state; empty for none."""
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

    def tell(self, news: str) -> bool:
        """Show a few words in the place of the state; empty takes them back.

        Returns:
            Whether there is room for all of them.
        """
        self.update(self.view._replace(news=news))
        if any(news in text for text, _ in self._spans()):
            return True
        self.update(self.view._replace(news=""))
        return False

    @override
    def make_lines(self) -> list[Line]:
        view = self.view
        is_state = not view.busy and not view.news
        state = Role.WARN if view.is_trouble and is_state else Role.ACCENT
        return [
            tuple(Run(text, _ROLES.get(style, state)) for text, style in self._spans())
        ]

    def _spans(self) -> RowLine:
        view = self.view
        return header_line(
            self.size.width,
            place=view.place,
            state=view.news or view.busy or view.state,
            notes=view.notes,
            unplayed=view.unplayed,
            glyphs=self._glyphs,
        )
