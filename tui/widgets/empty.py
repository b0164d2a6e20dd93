"""What stands in the place of the tree while there is no source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tui.widgets.cells import Cells, Role, Run, line_width

if TYPE_CHECKING:
    from tui.widgets.cells import Line

__all__ = ["Empty"]

_TEXT: tuple[Line, ...] = (
    (Run("No source yet", Role.STRONG),),
    (),
    (
        Run(
            "Earmark shows the voice notes in a folder that a phone's messages",
            Role.DIM,
        ),
    ),
    (Run("are synced or copied into. It never writes into that folder.", Role.DIM),),
    (),
    (Run("Start it with the folder:", Role.DIM),),
    (),
    (Run("    earmark "), Run("FOLDER", Role.ACCENT)),
    (),
    (Run("or look around in a sample library:", Role.DIM),),
    (),
    (Run("    earmark demo"),),
)


class Empty(Cells, can_focus=True):
    """Says what to do first, in the middle of the screen."""

    DEFAULT_CSS = """
    Empty {
        height: 1fr;
        width: 1fr;
        display: none;
    }
    """

    @override
    def make_lines(self) -> list[Line]:
        cells, height = self.size
        left = max(1, (cells - max(map(line_width, _TEXT))) // 2)
        above = max(0, (height - len(_TEXT)) // 2)
        pad = Run(" " * left)
        return [()] * above + [(pad, *line) if line else () for line in _TEXT]
