"""Rows of the screen written straight to the terminal, cells that changed alone.

Textual repaints every row of a list that scrolls: 3 KB for one step at 80 columns, and
12 KB at 200, over a link that may carry 10 KB a second. A terminal can move rows by
itself, but only something that knows what each row shows can make use of that. So this
keeps a mirror of the rows as the terminal has them. An entry of it is either known to
be on the screen or None; rows with None are written whole, and nothing else is ever
concluded from the mirror. Whenever anything may lie over the rows, or they are not on
the screen that is shown, the mirror is forgotten and Textual paints them as usual.

It stands on Textual's internals (`_compositor`, `_driver`), for which it is pinned.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from textual._ansi_sequences import SYNC_END, SYNC_START

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.style import Style
    from textual.geometry import Region
    from textual.strip import Strip
    from textual.widget import Widget

__all__ = ["Row", "TerminalRows"]

_Codes = tuple[str, str, str]
"""SGR parameters: attributes, foreground, background. For a blank cell the first two
are empty: they do not show."""
_Cell = tuple[str, _Codes]
"""A character (empty in the second half of a wide one) and how it looks."""

_PLAIN: _Codes = ("", "39", "49")
_SHOWN_ON_BLANKS = 0b0_0001_0100_1000
"""Bits of Rich's style attributes that a blank shows: underline, reverse, strike."""
_GAP = 8
"""Equal cells between changed ones that are written too: about what a jump costs."""
_RUN = 12
"""Blanks from which on erasing and jumping is shorter than writing them."""
_SYNC_FROM = 1024
"""Bytes from which on a terminal may show a half-written picture."""


class Row:
    """One row as it should look.

    Args:
        strip: Its segments, as wide as the widget.
    """

    __slots__ = ("_cells", "strip")

    def __init__(self, strip: Strip) -> None:
        self.strip = strip
        self._cells: list[_Cell] | None = None

    def cells(self, system: ColorSystem) -> list[_Cell]:
        """Write the row as one entry for each cell."""
        if self._cells is None:
            self._cells = list(_cells(self.strip, system))
        return self._cells


def _cells(strip: Strip, system: ColorSystem) -> Iterator[_Cell]:
    """Divide a strip into cells; a mark without width goes with the one before it."""
    waiting: _Cell | None = None
    for text, style, _ in strip:
        codes, blank = (
            (_PLAIN, ("", "", "49")) if style is None else _codes(style, system)
        )
        for char in text:
            size = 1 if char < "\u0300" else get_character_cell_size(char)
            if size == 0 and waiting is not None:
                waiting = (waiting[0] + char, waiting[1])
                continue
            if waiting is not None:
                yield waiting
                if _is_wide(waiting[0]):
                    yield "", waiting[1]
            waiting = (char, blank if char == " " else codes)
    if waiting is not None:
        yield waiting
        if _is_wide(waiting[0]):
            yield "", waiting[1]


def _is_wide(text: str) -> bool:
    return text[0] >= "\u0300" and get_character_cell_size(text[0]) == 2


@lru_cache(512)
def _codes(style: Style, system: ColorSystem) -> tuple[_Codes, _Codes]:
    """Give the SGR parameters of a style, for characters and for blanks."""
    bits = style._attributes & style._set_attributes  # noqa: SLF001  # 13 properties else
    attributes = ";".join(str(i + 1) for i in range(9) if bits & (1 << i))
    front = back = ""
    if style.color is not None:
        front = ";".join(style.color.downgrade(system).get_ansi_codes())
    if style.bgcolor is not None:
        color = style.bgcolor.downgrade(system)
        back = ";".join(color.get_ansi_codes(foreground=False))
    codes = (attributes, front or "39", back or "49")
    blank = codes if bits & _SHOWN_ON_BLANKS else ("", "", codes[2])
    return codes, blank


class TerminalRows:
    """The rows of one widget, as the terminal has them.

    Args:
        widget: A widget without borders whose lines are `Row`s.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._mirror: list[Row | None] = []
        self._place: Region | None = None
        term = os.environ.get("TERM", "")
        self._can_erase = not term.startswith("screen") or "TMUX" in os.environ
        """GNU screen erases to the default background, whatever is asked for."""

    def forget(self) -> None:
        """Know nothing of what is on the screen."""
        self._mirror = [None] * len(self._mirror)

    def forget_unlike(self, y: int, row: Row) -> None:
        """Someone else may have written a row: keep what is true either way."""
        if y < len(self._mirror) and self._mirror[y] is not row:
            self._mirror[y] = None

    def check(self) -> None:
        """Forget everything unless the rows are in view, and where they were."""
        if self._find() is None:
            self.forget()

    def paint(self, rows: Sequence[Row]) -> bool:
        """Bring the terminal from what it shows to some rows.

        Args:
            rows: All rows of the widget from the top.

        Returns:
            False when Textual has to paint: something lies over the rows, or they are
            not on the terminal at all.
        """
        place = self._find()
        driver = self._widget.app._driver  # noqa: SLF001  # nothing public writes
        if place is None or driver is None or len(rows) != place.height:
            self.forget()
            return False
        app = self._widget.app
        out = [self._scroll(rows, place), *self._changes(rows, place)]
        self._mirror = list(rows)
        data = "".join(out)
        if not data:
            return True
        if app.focused is not self._widget:  # an input method follows the cursor
            x, y = app.cursor_position
            data += f"\x1b[{y + 1};{x + 1}H"
        if len(data) > _SYNC_FROM and app._sync_available:  # noqa: SLF001  # as App does
            data = f"{SYNC_START}{data}{SYNC_END}"
        driver.write(data)
        return True

    def _find(self) -> Region | None:
        """Find where the rows are on the screen; None unless all are in view."""
        widget = self._widget
        app = widget.app
        if app.is_headless or app.is_inline or app.screen is not widget.screen:
            return None
        compositor = app.screen._compositor  # noqa: SLF001  # nothing public tells
        visible = compositor.visible_widgets
        if widget not in visible or app._batch_count or widget.opacity != 1:  # noqa: SLF001
            return None
        place, clip = visible[widget]
        if not clip.contains_region(place):
            return None
        around = {*widget.ancestors, widget}
        if any(
            region.overlaps(place) and region.area
            for other, (region, _) in visible.items()
            if other not in around
        ) or any(region.overlaps(place) for region in compositor._dirty_regions):  # noqa: SLF001
            return None
        if place != self._place:
            self._place = place
            self._mirror = [None] * place.height
        return place

    def _scroll(self, rows: Sequence[Row], place: Region) -> str:
        """Let the terminal move rows that it has in another place, if that helps.

        Returns:
            The sequence; the mirror is moved likewise.
        """
        if place.x or place.width != self._widget.screen.size.width:
            return ""
        changed = [y for y, row in enumerate(rows) if self._mirror[y] is not row]
        if len(changed) < 3:
            return ""
        first, last = changed[0], changed[-1] + 1
        best, gain = 0, 1
        there = {id(row): y for y, row in enumerate(self._mirror[:last]) if row}
        offsets = {
            there[id(rows[y])] - y
            for y in changed
            if there.get(id(rows[y]), -1) >= first
        }
        for offset in offsets - {0}:
            more = sum(
                (0 <= y + offset - first < last - first)
                and self._mirror[y + offset] is rows[y]
                for y in range(first, last)
            ) - (last - first - len(changed))
            if more > gain:
                best, gain = offset, more
        if not best:
            return ""
        blank: list[Row | None] = [None] * abs(best)
        top, bottom = place.y + first + 1, place.y + last
        if best > 0:
            self._mirror[first:last] = self._mirror[first + best : last] + blank
            move = f"\x1b[{bottom}H" + "\n" * best
        else:
            self._mirror[first:last] = blank + self._mirror[first : last + best]
            move = f"\x1b[{top}H" + "\x1bM" * -best
        return f"\x1b[{top};{bottom}r{move}\x1b[r"

    def _changes(self, rows: Sequence[Row], place: Region) -> Iterator[str]:
        """Write the cells that differ from the mirror."""
        system = self._widget.app.console._color_system  # noqa: SLF001  # as Strip does
        system = system or ColorSystem.TRUECOLOR
        pen = _Pen(can_erase=self._can_erase)
        to_edge = place.right == self._widget.screen.size.width
        for y, row in enumerate(rows):
            old = self._mirror[y]
            if old is row:
                continue
            cells = row.cells(system)
            spans = [(0, len(cells))]
            if old is not None:
                spans = list(_changed(old.cells(system), cells))
            for start, end in spans:
                yield f"\x1b[{place.y + y + 1};{place.x + start + 1}H"
                is_last = to_edge and end == len(cells)
                yield pen.write(cells[start:end], is_last=is_last)
        yield pen.lift()


class _Pen:
    """Writes cells, and remembers how the terminal writes now.

    Args:
        can_erase: Erasing gives cells the background that is asked for.
    """

    def __init__(self, *, can_erase: bool) -> None:
        self._can_erase = can_erase
        self._now = _PLAIN

    def write(self, cells: list[_Cell], *, is_last: bool) -> str:
        """Write cells from where the terminal's cursor stands.

        Args:
            cells: What to write.
            is_last: They reach the right edge of the terminal.
        """
        out: list[str] = []
        at, end = 0, len(cells)
        while at < end:
            char, codes = cells[at]
            run = at + 1
            out.append(self._change(codes))
            if char == " ":
                while run < end and cells[run] == (" ", codes):
                    run += 1
                out.append(
                    self._blanks(run - at, codes, to_edge=is_last and run == end)
                )
                if run == end:
                    break
            else:
                out.append(char)
            at = run
        return "".join(out)

    def lift(self) -> str:
        """Leave the terminal as Textual expects it."""
        return self._change(_PLAIN)

    def _change(self, codes: _Codes) -> str:
        """Bring the terminal to another look; a blank takes any look but its ground."""
        wanted = codes if codes[1] else ("", self._now[1], codes[2])
        old, self._now = self._now, wanted
        return _transition(old, wanted)

    def _blanks(self, count: int, codes: _Codes, *, to_edge: bool) -> str:
        if codes[1] or not (self._can_erase or codes[2] == "49"):
            return " " * count
        if to_edge and count >= 4:
            return "\x1b[K"
        if count >= _RUN:
            return f"\x1b[{count}X\x1b[{count}C"
        return " " * count


def _transition(old: _Codes, new: _Codes) -> str:
    """The sequence that takes the terminal from one look to another."""
    if old != new and new == _PLAIN:
        return "\x1b[m"
    parts: list[str] = []
    if old[0] != new[0]:
        if old[0]:  # an attribute can only be taken back with everything else
            parts.append("0")
            old = _PLAIN
        if new[0]:
            parts.append(new[0])
    if old[1] != new[1]:
        parts.append(new[1])
    if old[2] != new[2]:
        parts.append(new[2])
    return f"\x1b[{';'.join(parts)}m" if parts else ""


def _changed(old: list[_Cell], new: list[_Cell]) -> Iterator[tuple[int, int]]:
    """Find what differs: first cell of each stretch, and the one after its last."""
    if len(old) != len(new) or any(len(cell[0]) > 1 for cell in (*old, *new)):
        # Terminals disagree on how wide joined characters are: all or nothing.
        yield 0, len(new)
        return
    start = end = -1
    for x, (was, now) in enumerate(zip(old, new, strict=True)):
        if was == now:
            continue
        if start >= 0 and x - end > _GAP:
            yield start, end
            start = -1
        if start < 0:
            start = x - 1 if x and not (was[0] and now[0]) else x
        end = x + 1
        if end < len(new) and not (old[end][0] and new[end][0]):
            end += 1  # both halves of a wide character
    if start >= 0:
        yield start, end
