"""The library in numbers: what there is, what is left to hear, bars of its parts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual.binding import Binding
from textual.containers import Vertical
from textual.getters import query_one
from typing_extensions import override

from tui.rowtext import month_name
from tui.screens.framed import FramedScreen
from tui.text import printable
from tui.widgets.cells import Cells, Role, Run, cut, fit, line_width
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.answers import Share, Statistics
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["StatisticsScreen", "bar", "hours", "pace", "total_lines"]

_COLUMN = 50
"""Cells that a list takes at least; with room for more, more stand side by side."""
_GAP = 4
_LONGEST_LABEL = 24
_EIGHTHS = "▏▎▍▌▋▊▉"
_MONTHS = 3
"""The pace is that of so many months, with the one that goes on now."""
_EXACT_MS = 10 * 60_000
"""Sums below this are written to the second: minutes would all look alike."""
_WEEK_DAYS = 7
_PAGE = 10
_WHEEL = 3


def hours(ms: int) -> str:
    """Write a sum of lengths for people, the less of it, the more exactly.

    Args:
        ms: The sum.

    Returns:
        `0 min`, `54 s`, `2 min 05 s`, `42 min`, `3 h 20 min`, `1,204 h`.
    """
    if 0 < ms < _EXACT_MS:
        minutes, seconds = divmod(max(1, round(ms / 1000)), 60)
        return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    minutes = round(ms / 60_000)
    if minutes < 60:
        return f"{minutes} min"
    whole, rest = divmod(minutes, 60)
    if whole >= 100 or not rest:
        return f"{whole:,} h"
    return f"{whole} h {rest:02d} min"


def pace(statistics: Statistics, today: date) -> int:
    """Tell how many milliseconds a week are heard of what came in the last months.

    What is heard of older notes is not known with a date, so it does not count.

    Args:
        statistics: The numbers.
        today: The day on the user's wall clock.
    """
    first = today.replace(day=1)
    for _ in range(_MONTHS - 1):
        first = (first - timedelta(1)).replace(day=1)
    heard = sum(
        share.duration_ms - share.unplayed_ms
        for share in statistics.months
        if f"{first:%Y-%m}" <= share.label <= f"{today:%Y-%m}"
    )
    days = (today - first).days + 1
    return heard * _WEEK_DAYS // days


def _span(weeks: float) -> str:
    """Write a time in the largest unit that fits it."""
    days = weeks * _WEEK_DAYS
    for size, name in ((365.0, "year"), (30.4, "month"), (7.0, "week"), (1.0, "day")):
        if days >= 2 * size or size == 1.0:
            number = max(1, round(days / size))
            return f"{number:,} {name}{'' if number == 1 else 's'}"
    raise AssertionError  # pragma: no cover - the last unit fits everything


def total_lines(
    statistics: Statistics, speed: float, today: date, glyphs: Glyphs = UNICODE
) -> list[Line]:
    """Say what there is, and how long it takes to hear what is left.

    Args:
        statistics: The numbers.
        speed: How fast notes are played now.
        today: The day on the user's wall clock.
        glyphs: The marks.
    """
    total, dot = statistics.total, f" {glyphs.dot} "
    noun = "note" if total.notes == 1 else "notes"
    lines: list[Line] = [
        (
            Run(f"{total.notes:,} {noun}", Role.STRONG),
            Run(f"{dot}{hours(total.duration_ms)}", Role.TEXT),
        )
    ]
    if not total.unplayed:
        return [*lines, (Run("Everything is heard", Role.ACCENT),)]
    left = total.unplayed_ms
    second = [
        Run(f"{total.unplayed:,} unplayed", Role.ACCENT),
        Run(f"{dot}{hours(left)} to hear", Role.TEXT),
    ]
    if abs(speed - 1) > 0.01:
        second.append(
            Run(f"{dot}{hours(round(left / speed))} at {speed:.1f}x", Role.DIM)
        )
    lines.append(tuple(second))
    week_ms = pace(statistics, today)
    if week_ms and left:
        text = (
            f"That is {_span(left / week_ms)} at your pace of {hours(week_ms)} a week"
        )
        lines.append((Run(text, Role.DIM),))
    return lines


def bar(share: Share, most_ms: int, cells: int, glyphs: Glyphs = UNICODE) -> Line:
    """Draw a length as a bar: first what is heard, then what is left, in two shapes.

    Args:
        share: What it is of.
        most_ms: The length that takes all cells.
        cells: How many there are.
        glyphs: The marks.
    """
    if most_ms <= 0 or share.duration_ms <= 0 or cells <= 0:
        return (Run(" " * max(0, cells)),)
    eighths = max(1, round(share.duration_ms * cells * 8 / most_ms))
    left = min(share.unplayed_ms, share.duration_ms) / share.duration_ms
    full, rest = divmod(eighths, 8)
    if glyphs.is_ascii or left:  # what is left is drawn in whole cells
        full, rest = full + (rest >= 4 or not full), 0
    behind = round(full * left) or int(left > 0)
    behind -= behind == full and left < 1 and full > 1
    heard = full - behind
    text = ("#" if glyphs.is_ascii else "█") * heard
    if rest:
        text += _EIGHTHS[rest - 1]
    tail = ("-" if glyphs.is_ascii else "░") * behind
    pad = " " * (cells - cell_len(text) - len(tail))
    return Run(text, Role.ACCENT), Run(tail, Role.ACCENT), Run(pad)


class _View(NamedTuple):
    """One list of bars."""

    title: str
    shares: Sequence[Share]


class _Bars(Cells):
    """Lists of bars, as many side by side as there is room for; they scroll as one."""

    DEFAULT_CSS = """
    _Bars { height: 1fr; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._views: Sequence[_View] = ()
        self._view = 0
        self.first = 0
        """The first row in view."""

    def fill(self, views: Sequence[_View]) -> None:
        """Show lists."""
        self._views = views
        self.lay_out()

    def turn(self, step: int) -> None:
        """Show another list first, where there is not room for all."""
        if self._views and self.columns < len(self._views):
            self._view = (self._view + step) % len(self._views)
            self.first = 0
            self.lay_out()

    def scroll(self, rows: int) -> None:
        """Show what is further down or up."""
        longest = max((len(view.shares) for view in self._shown()), default=0)
        last = max(0, longest - (self.size.height - 1))
        self.first = max(0, min(self.first + rows, last))
        self.lay_out()

    @property
    def columns(self) -> int:
        """How many lists stand side by side."""
        room = (self.size.width + _GAP) // (_COLUMN + _GAP)
        return max(1, min(len(self._views), room))

    def _shown(self) -> list[_View]:
        views = self._views
        if not views:
            return []
        return [
            views[(self._view + at) % len(views)]
            for at in range(min(self.columns, len(views)))
        ]

    @override
    def make_lines(self) -> list[Line]:
        shown = self._shown()
        if not shown:
            return []
        width = (self.size.width + _GAP) // len(shown) - _GAP
        blocks = [self._block(view, width) for view in shown]
        lines: list[Line] = []
        for row in range(max(map(len, blocks))):
            line: list[Run] = []
            for block in blocks:
                part = block[row] if row < len(block) else ()
                pad = width - line_width(part)
                line += [*part, Run(" " * (pad + _GAP))]
            lines.append(tuple(line))
        return lines

    def _block(self, view: _View, width: int) -> list[Line]:
        """Lay out the rows of a list that are in view."""
        shares = view.shares
        some = shares[self.first : self.first + max(1, self.size.height - 1)]
        more = f"  {len(shares):,}" if shares else "  none"
        head: Line = (Run(view.title, Role.STRONG), Run(more, Role.DIM))
        dots = self._glyphs.ellipsis
        names = [
            cut(printable(share.label) or "unknown", width, dots) for share in some
        ]
        sums = [hours(share.duration_ms) for share in some]
        counts = [f"{share.notes:,}" for share in some]
        longest = min(_LONGEST_LABEL, width // 3)
        label = min(longest, max(map(cell_len, names), default=0))
        sum_room = max(map(len, sums), default=0)
        count_room = max(map(len, counts), default=0)
        room = width - label - sum_room - count_room - 6
        most_ms = max((share.duration_ms for share in shares), default=0)
        lines = [head]
        for share, name, length, count in zip(some, names, sums, counts, strict=True):
            lines.append(
                (
                    Run(fit(cut(name, label, dots), label)),
                    Run("  "),
                    *bar(share, most_ms, room, self._glyphs),
                    Run(f"  {length.rjust(sum_room)}"),
                    Run(f"  {count.rjust(count_room)}", Role.DIM),
                )
            )
        return lines

    def on_resize(self) -> None:
        """Keep to the end of the lists."""
        self.scroll(0)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll(-_WHEEL)


class _Totals(Cells):
    """What there is, above the bars."""

    DEFAULT_CSS = """
    _Totals { height: 4; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Line] = ()

    def update(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        self._lines = lines
        self.lay_out()

    @override
    def make_lines(self) -> Sequence[Line]:
        return self._lines


class StatisticsScreen(FramedScreen[None]):
    """Shows the library in numbers.

    Args:
        load: Adds everything up; None when the library did not answer.
        speed: How fast notes are played now.
        glyphs: The marks.
        today: The day on the user's wall clock.
    """

    DEFAULT_CSS = """
    StatisticsScreen > Vertical {
        width: 96%; max-width: 200; height: 96%; max-height: 96%; padding: 0 2;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,I", "close", "Close", show=False, id="statistics.close"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="statistics.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="statistics.up"),
        Binding(
            "pagedown,ctrl+d",
            f"scroll({_PAGE})",
            "Page down",
            id="statistics.page_down",
        ),
        Binding(
            "pageup,ctrl+u", f"scroll(-{_PAGE})", "Page up", id="statistics.page_up"
        ),
        Binding("home,g", "scroll(-1000000)", show=False, id="statistics.top"),
        Binding("end,G", "scroll(1000000)", show=False, id="statistics.bottom"),
        Binding("tab,l,right", "turn(1)", "Next list", id="statistics.next"),
        Binding("shift+tab,h,left", "turn(-1)", show=False, id="statistics.previous"),
    ]

    totals = query_one(_Totals)
    bars = query_one(_Bars)

    def __init__(
        self,
        load: Callable[[], Awaitable[Statistics | None]],
        speed: float = 1.0,
        glyphs: Glyphs = UNICODE,
        today: date | None = None,
    ) -> None:
        heard, left = ("#", "-") if glyphs.is_ascii else ("█", "░")
        keys = ("j k scroll", "Tab turns", "Esc closes")
        super().__init__(
            "Statistics", (f"{heard} heard {left} unplayed", *keys), glyphs
        )
        self._load = load
        self._speed = speed
        self._today = today or date.today()  # noqa: DTZ011  # the user's own wall clock
        self.is_read = False
        """Whether the numbers are there already."""

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield _Totals()
            yield _Bars(self._glyphs)

    @override
    def on_mount(self) -> None:
        super().on_mount()
        self.totals.update([(Run(f"adding up {self._glyphs.ellipsis}", Role.DIM),)])
        self.run_worker(self._read(), exclusive=True, group="statistics")

    async def _read(self) -> None:
        statistics = await self._load()
        if not self.is_attached:
            return
        self.is_read = True
        if statistics is None:
            self.totals.update([(Run("The library did not answer", Role.WARN),)])
            return
        self.totals.update(
            total_lines(statistics, self._speed, self._today, self._glyphs)
        )
        months = [
            share._replace(label=_month(share.label)) for share in statistics.months
        ]
        self.bars.fill(
            (
                _View("Chats", statistics.chats),
                _View("Senders", statistics.senders),
                _View("Months", months),
            )
        )

    def action_scroll(self, rows: int) -> None:
        """Show what is further down or up."""
        self.bars.scroll(rows)

    def action_turn(self, step: int) -> None:
        """Show another list first."""
        self.bars.turn(step)


def _month(label: str) -> str:
    """Write `2024-08` as a month of the tree is written."""
    year, _, month = label.partition("-")
    if year.isdecimal() and month.isdecimal():
        return month_name(int(year) * 100 + int(month))
    return label
