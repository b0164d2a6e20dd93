"""The help: every key that works now, read from the live key map."""

from __future__ import annotations

from itertools import product, zip_longest
from typing import TYPE_CHECKING, ClassVar, NamedTuple

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

_KEYS_MOST = 16
"""Cells that keys take of a column at most."""


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
    keys: dict[tuple[str, str], list[list[str]]] = {}
    for entry in bound:
        if entry.keys:
            names = [key_name(key, ascii_only=glyphs.is_ascii) for key in entry.keys]
            keys.setdefault((entry.area, entry.row), []).append(names)
    areas: dict[str, list[tuple[str, str]]] = {}
    for (area, title), each in keys.items():
        areas.setdefault(area, []).append((_all_or_main(each, glyphs), title))
    return areas


def _all_or_main(names: Sequence[Sequence[str]], glyphs: Glyphs) -> str:
    """Write all keys of the actions of a row, or the main ones where that is long."""
    every = list(dict.fromkeys(name for each in names for name in each))
    text = _together(every, glyphs)
    if len(every) <= 4 and cell_len(text) <= _KEYS_MOST:
        return text
    return _together(list(dict.fromkeys(each[0] for each in names)), glyphs)


class _Block(NamedTuple):
    """The rows of one area."""

    area: str
    rows: list[tuple[str, str]]

    @property
    def keys_cells(self) -> int:
        """Cells that the keys take."""
        return min(_KEYS_MOST, max(cell_len(names) for names, _ in self.rows))

    @property
    def cells(self) -> int:
        """Cells that all takes, with room to the next column."""
        return self.keys_cells + 2 + max(cell_len(title) for _, title in self.rows) + 2

    def lines(self, cells: int) -> list[Line]:
        """Lay the block out, with a blank line at its end."""
        widest = self.keys_cells
        lines: list[Line] = [(Run(fit(self.area, cells), Role.DIM),)]
        for names, title in self.rows:
            room = max(0, cells - widest - 4)
            keys = Run(fit(names, widest), Role.KEY)
            lines.append((keys, Run("  "), Run(fit(title, room) + "  ")))
        return [*lines, (Run(" " * cells),)]


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
    blocks = [_Block(area, rows) for area, rows in _rows(bound, glyphs).items()]
    if not blocks:
        return []
    columns = next(filter(None, (_columns(blocks, n, cells) for n in (3, 2))), [blocks])
    widths = [max(block.cells for block in column) for column in columns]
    if len(columns) == 1:
        widths = [cells]
    spare = (cells - sum(widths)) // len(widths)
    stacks = [
        [line for block in column for line in block.lines(width + spare)]
        for column, width in zip(columns, widths, strict=True)
    ]
    blanks = [(Run(" " * (width + spare)),) for width in widths]
    height = max(map(len, stacks)) - 1  # every block ends with a blank line
    rows = zip_longest(*(stack[:height] for stack in stacks))
    return [
        tuple(
            run
            for part, blank in zip(row, blanks, strict=True)
            for run in part or blank
        )
        for row in rows
    ]


def _columns(blocks: list[_Block], count: int, cells: int) -> list[list[_Block]]:
    """Set blocks into columns so that the longest column is as short as it can be.

    Returns:
        The columns; none when they do not fit beside each other.
    """
    sizes = [(block.cells, len(block.rows) + 2) for block in blocks]
    best: tuple[int, tuple[int, ...]] | None = None
    # Blocks are few: all ways to place them are soon tried.
    for way in product(range(count), repeat=len(blocks)):
        widths, heights = [0] * count, [0] * count
        for at, (width, height) in zip(way, sizes, strict=True):
            widths[at] = max(widths[at], width)
            heights[at] += height
        if all(widths) and sum(widths) <= cells:
            found = max(heights), way
            best = found if best is None or found < best else best
    if best is None:
        return []
    return [
        [block for block, at in zip(blocks, best[1], strict=True) if at == column]
        for column in range(count)
    ]


class _Keys(Cells, can_focus=True):
    """The table of keys."""

    DEFAULT_CSS = """
    _Keys { height: auto; max-height: 100%; }
    """

    def __init__(self, bound: Sequence[Bound], glyphs: Glyphs) -> None:
        super().__init__()
        self._bound = bound
        self._glyphs = glyphs
        self._laid_out: tuple[int, list[Line]] = (0, [])
        """The width that the lines are for, and the lines."""

    def _lines(self, width: int) -> list[Line]:
        if self._laid_out[0] != width:
            self._laid_out = width, help_lines(self._bound, width, self._glyphs)
        return self._laid_out[1]

    @override
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    @override
    def make_lines(self) -> list[Line]:
        return self._lines(self.size.width)


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
        Binding("home,g", "scroll(-1000)", "Top", show=False, id="help.top"),
        Binding("end,G", "scroll(1000)", "Bottom", show=False, id="help.bottom"),
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
        self.call_after_refresh(self._say_how)

    def on_resize(self) -> None:
        """Say anew whether there is more."""
        self.call_after_refresh(self._say_how)

    def _say_how(self) -> None:
        keys = self.query_one(_Keys)
        is_whole = len(keys.make_lines()) <= keys.size.height
        more = "" if is_whole else "j k show more, "
        self.query_one("#help", Vertical).border_subtitle = f"{more}Esc closes"

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    def action_scroll(self, delta: int) -> None:
        """Show what is further down or up, on a small screen."""
        self.query_one(_Keys).scroll_lines(delta)
