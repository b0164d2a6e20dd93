"""Lines of styled cells that repaint only the cells that changed.

A terminal over a slow link sees every byte. The header, the details, the player bar and
the footer are therefore not made of many small widgets, but of lines of `Run`s: text
with a role. `Cells.show` compares the new lines with those on the screen and asks for a
repaint of the difference alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from typing_extensions import override

from tui.widgets._late_styles import LateStyles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.style import Style
    from textual.geometry import Size

__all__ = [
    "Cells",
    "Line",
    "Role",
    "Run",
    "changed_spans",
    "cut",
    "fit",
    "line_width",
    "wrap",
]

_GAP = 8
"""Equal cells between two changed ones that are sent too: moving the terminal's cursor
over them would take about as many bytes."""


class Role(StrEnum):
    """What a run of text is, for its colour and weight."""

    TEXT = "text"
    STRONG = "strong"
    DIM = "dim"
    FAINT = "faint"
    ACCENT = "accent"
    WARN = "warn"
    ERROR = "error"
    KEY = "key"


class Run(NamedTuple):
    """Some printable text in one role."""

    text: str
    role: Role = Role.TEXT


Line = tuple[Run, ...]
_Cell = tuple[str, Role]


def line_width(line: Line) -> int:
    """Count the terminal cells of a line."""
    return sum(cell_len(run.text) for run in line)


def cut(text: str, cells: int, mark: str = "…") -> str:
    """Shorten printable text to at most some cells, with a mark where it was cut.

    As `tui.text.cut`, but with the cell widths that the screen is laid out with, and
    without the 20 ms that loading another table of them takes.
    """
    if cell_len(text) <= cells:
        return text
    room = cells - len(mark)
    if room < 0:
        return ""
    # A joiner that has nothing before it, Rich measures in one way and cuts in another.
    at = next((at for at, char in enumerate(text) if cell_len(char)), len(text))
    return text[:at] + set_cell_size(text[at:], room).rstrip(" ") + mark


def fit(text: str, cells: int) -> str:
    """Cut or pad printable text to exactly some cells."""
    text = cut(text, cells)
    return text + " " * (cells - cell_len(text))


def wrap(text: str, cells: int) -> list[str]:
    """Break a line at spaces and slashes, or anywhere when a word is too long."""
    lines: list[str] = []
    start = 0
    # Of an hour of speech only as much is measured at once as a line may hold.
    while cells > 0 and cell_len(near := _prefix(text, start, cells)) > cells:
        head = cut(near, cells, "")
        at = max(head.rfind(" "), head.rfind("/")) + 1
        if at <= cells // 3:
            at = max(1, len(head))
        lines.append(near[:at].rstrip(" "))
        start += at
    return [*lines, text[start:]]


def _prefix(text: str, start: int, cells: int) -> str:
    """Take a part of a text that is wider than a line, or all that is left."""
    count = 2 * cells
    while start + count < len(text):
        part = text[start : start + count]
        if cell_len(part) > cells + 2:
            return part
        count *= 2  # most of it takes no room
    return text[start:]


def _cells(line: Line) -> list[_Cell]:
    """Write a line as one entry a cell; after a wide character comes an empty one."""
    cells: list[_Cell] = []
    for text, role in line:
        if text.isascii():
            cells.extend((char, role) for char in text)
            continue
        for char in text:
            size = cell_len(char)
            if size == 0 and cells:  # joins the character before it
                cells[-1] = (cells[-1][0] + char, cells[-1][1])
                continue
            cells.append((char, role))
            cells.extend([("", role)] * (size - 1))
    return cells


def changed_spans(old: Line, new: Line, width: int) -> Iterator[tuple[int, int]]:
    """Find what differs between two lines on the screen.

    Args:
        old: The line that is shown.
        new: The line to show.
        width: The cells of the screen; both lines are blank up to it.

    Yields:
        First cell and the one after the last of each stretch, from left to right.
    """
    blank = (" ", Role.TEXT)
    before, after = _cells(old)[:width], _cells(new)[:width]
    before += [blank] * (width - len(before))
    after += [blank] * (width - len(after))
    start = end = -1
    for x, (was, now) in enumerate(zip(before, after, strict=True)):
        if was == now or was[0] == now[0] == " ":
            continue
        if start >= 0 and x - end > _GAP:
            yield _whole(start, end, before, after)
            start = -1
        start = x if start < 0 else start
        end = x + 1
    if start >= 0:
        yield _whole(start, end, before, after)


def _whole(
    start: int, end: int, before: list[_Cell], after: list[_Cell]
) -> tuple[int, int]:
    """Widen a span so that it cuts no wide character."""
    while start and "" in {before[start][0], after[start][0]}:
        start -= 1
    while end < len(after) and "" in {before[end][0], after[end][0]}:
        end += 1
    return start, end


class Cells(LateStyles):
    """A widget of lines that repaints the difference only."""

    DEFAULT_CSS = """
    Cells {
        height: 1;
        & > .cells--text { color: $foreground; }
        & > .cells--strong { color: $foreground; text-style: bold; }
        & > .cells--dim { color: $foreground 62%; }
        & > .cells--faint { color: $foreground 38%; }
        & > .cells--accent { color: $primary; }
        & > .cells--warn { color: $warning; }
        & > .cells--error { color: $error; }
        & > .cells--key { color: $primary; text-style: bold; }
    }
    """

    lines: tuple[Line, ...] = ()
    """What is shown, whole; what is too wide is cut off at the right."""
    top = 0
    """The first line in view."""
    _made_for: Size | None = None
    """The size that the lines were made for."""

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines; repaints the cells that differ.

        Args:
            lines: The lines from the top, in printable text.
        """
        old, old_top = self.lines, self.top
        self.lines = tuple(lines)
        self.top = max(0, min(self.top, len(self.lines) - self.size.height))
        self._repaint(old, old_top)

    def scroll_lines(self, delta: int) -> bool:
        """Move the view up or down.

        Args:
            delta: Lines; positive shows what is below.

        Returns:
            Whether anything moved.
        """
        old_top = self.top
        last = max(0, len(self.lines) - self.size.height)
        self.top = max(0, min(last, old_top + delta))
        self._repaint(self.lines, old_top)
        return self.top != old_top

    def make_lines(self) -> Sequence[Line]:
        """Give the lines for the size now. Widgets with own views override."""
        return self.lines

    def lay_out(self) -> None:
        """Show what there is to show now; before the first picture, wait for it."""
        if self._made_for == self.size:
            self.show(self.make_lines())

    def _repaint(self, old: tuple[Line, ...], old_top: int) -> None:
        width, height = self.size
        regions = [
            Region(start, y, end - start, 1)
            for y in range(height)
            for start, end in changed_spans(
                _at(old, old_top + y), _at(self.lines, self.top + y), width
            )
        ]
        if regions:
            self.refresh(*regions)

    @override
    def render_line(self, y: int) -> Strip:
        if self._made_for != self.size:
            # The size is only known now; so the first picture is whole.
            self._made_for = self.size
            self.lines = tuple(self.make_lines())
            self.top = max(0, min(self.top, len(self.lines) - self.size.height))
        width = self.size.width
        style = self._style_of
        segments = [
            Segment(text, style(role)) for text, role in _at(self.lines, self.top + y)
        ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _style_of(self, role: Role) -> Style:
        return self.part_style(f"cells--{role}")


def _at(lines: tuple[Line, ...], index: int) -> Line:
    return lines[index] if index < len(lines) else ()
