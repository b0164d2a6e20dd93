"""The top line: which sources, how they are watched, and how much there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from tui.text import cut, printable
from tui.widgets.cells import Cells, Role, Run, line_width
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["Header", "HeaderView", "header_line"]


@dataclass(frozen=True, slots=True)
class HeaderView:
    """Everything that the header shows."""

    sources: str = ""
    """The only source by its path, or how many there are."""
    mode: str = ""
    """`live`, `polling`, `offline` ..."""
    trouble: bool = False
    """Whether the mode is one to be warned of."""
    busy: str = ""
    """What the indexer does; empty when nothing."""
    unplayed: int = 0
    notes: int = 0


def header_line(view: HeaderView, cells: int, glyphs: Glyphs = UNICODE) -> Line:
    """Lay out the header.

    Args:
        view: What to show.
        cells: The width of the screen.
        glyphs: The marks.

    Returns:
        A line of exactly that width where that is possible; the counts come before
        the sources when there is no room for both.
    """
    name: Line = (Run(" "), Run("Earmark", Role.ACCENT), Run("  "))
    right: Line = ()
    if view.notes or view.sources:
        noun = "note" if view.notes == 1 else "notes"
        unplayed = Role.STRONG if view.unplayed else Role.DIM
        right = (
            Run(f"{view.unplayed:,} unplayed", unplayed),
            Run(f"   {view.notes:,} {noun} ", Role.DIM),
        )
    room = cells - line_width(name) - line_width(right) - 2
    mode = view.busy or view.mode
    middle: Line = ()
    if room > 0:
        mode = cut(printable(mode), room, glyphs.ellipsis)
        place_room = room - (len(mode) + 2 if mode else 0)
        place = cut(printable(view.sources), max(0, place_room), glyphs.ellipsis)
        middle = (
            Run(place, Role.TEXT),
            Run("  " if place and mode else ""),
            Run(mode, Role.WARN if view.trouble and not view.busy else Role.DIM),
        )
    gap = cells - line_width((*name, *middle, *right))
    return (*name, *middle, Run(" " * max(0, gap)), *right)


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

    @override
    def lay_out(self) -> None:
        if cells := self.size.width:
            self.show([header_line(self.view, cells, self._glyphs)])
