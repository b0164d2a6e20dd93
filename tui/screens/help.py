"""The help: every key that works now, read from the live key map."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from typing_extensions import override

from tui.screens._keys import key_name
from tui.widgets.cells import Cells, Role, Run, fit
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.geometry import Size

    from tui.screens._keys import Bound
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["HelpScreen", "help_lines"]

_COLUMN = 33
"""Cells that a column of keys takes at least."""


def _together(names: Sequence[str], glyphs: Glyphs) -> str:
    """Write the keys of one row: `0 ... 9`, `Shift+← →`, `j ↓`."""
    if len(names) > 4:
        return f"{names[0]} {glyphs.ellipsis} {names[-1]}"
    first = names[0].rpartition("+")
    if len(names) == 2 and first[0] and names[1].startswith(f"{first[0]}+"):
        return f"{names[0]} {names[1].removeprefix(first[0] + '+')}"
    return " ".join(names)


def _rows(bound: Sequence[Bound], glyphs: Glyphs) -> dict[str, list[tuple[str, str]]]:
    """Collect rows of keys and title by area; actions of one row share it."""
    keys: dict[tuple[str, str], list[str]] = {}
    for entry in bound:
        names = [key_name(key, ascii_only=glyphs.is_ascii) for key in entry.keys]
        row = keys.setdefault((entry.area, entry.row), [])
        row += [name for name in names if name not in row]
    areas: dict[str, list[tuple[str, str]]] = {}
    for (area, title), names in keys.items():
        areas.setdefault(area, []).append((_together(names, glyphs), title))
    return areas


def help_lines(
    bound: Sequence[Bound], cells: int, glyphs: Glyphs = UNICODE
) -> list[Line]:
    """Lay out the keys in as many columns as there is room for.

    Args:
        bound: What is bound.
        cells: The width of the pane.
        glyphs: The marks.

    Returns:
        The lines.
    """
    columns = max(1, min(3, cells // _COLUMN))
    column = cells // columns
    inner = column - 2
    blocks: list[list[Line]] = []
    for area, rows in _rows(bound, glyphs).items():
        widest = min(16, max(cell_len(names) for names, _ in rows))
        block: list[Line] = [(Run(fit(area, column), Role.DIM),)]
        for names, title in rows:
            block.append(
                (
                    Run(fit(names, widest), Role.KEY),
                    Run("  "),
                    Run(fit(title, max(0, inner - widest - 2)) + "  "),
                )
            )
        block.append((Run(" " * column),))
        blocks.append(block)
    return _flow(blocks, columns, column)


def _flow(blocks: list[list[Line]], columns: int, column: int) -> list[Line]:
    """Set blocks into columns so that the longest column is as short as it can be."""

    def heights(choice: Sequence[int]) -> list[int]:
        sums = [0] * columns
        for block, stack in zip(blocks, choice, strict=True):
            sums[stack] += len(block)
        return sums

    # Blocks are few: all ways to place them are soon tried.
    ways = product(range(columns), repeat=len(blocks))
    best = min(ways, key=lambda way: (max(heights(way)), way))
    stacks: list[list[Line]] = [[] for _ in range(columns)]
    for block, stack in zip(blocks, best, strict=True):
        stacks[stack] += block
    blank: Line = (Run(" " * column),)
    lines: list[Line] = []
    for y in range(max(map(len, stacks)) - 1):  # every block ends with a blank line
        parts = (stack[y] if y < len(stack) else blank for stack in stacks)
        lines.append(tuple(run for part in parts for run in part))
    return lines


class _Keys(Cells, can_focus=True):
    """The table of keys."""

    DEFAULT_CSS = """
    _Keys { height: auto; max-height: 100%; }
    """

    def __init__(self, bound: Sequence[Bound], glyphs: Glyphs) -> None:
        super().__init__()
        self._bound = bound
        self._glyphs = glyphs

    @override
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(help_lines(self._bound, width, self._glyphs))

    @override
    def make_lines(self) -> list[Line]:
        return help_lines(self._bound, self.size.width, self._glyphs)


class HelpScreen(ModalScreen[None]):
    """Lists the keys of the screen below.

    Args:
        bound: What is bound on the screen below.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "close", "Close", id="help.close"),
        Binding("j,down", "scroll(1)", "Down", show=False, id="help.down"),
        Binding("k,up", "scroll(-1)", "Up", show=False, id="help.up"),
        Binding("pagedown,ctrl+d", "scroll(10)", "Page down", id="help.page_down"),
        Binding("pageup,ctrl+u", "scroll(-10)", "Page up", id="help.page_up"),
    ]

    def __init__(self, bound: Sequence[Bound], glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._bound = bound
        self._glyphs = glyphs

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield _Keys(self._bound, self._glyphs)

    def on_mount(self) -> None:
        """Say what this is, in the frame."""
        frame = self.query_one("#help", Vertical)
        frame.border_title = "Keys"
        frame.border_subtitle = "Esc closes"

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    def action_scroll(self, delta: int) -> None:
        """Show what is further down or up, on a small screen."""
        self.query_one(_Keys).scroll_lines(delta)
