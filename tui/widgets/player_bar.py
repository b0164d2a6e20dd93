"""The bottom bar: what plays, where, how fast and how loud."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual.message import Message
from typing_extensions import override

from tui.text import clock, printable
from tui.widgets.cells import Cells, Role, Run, cut, line_width
from tui.widgets.glyphs import UNICODE
from tui.widgets.wave import bars, levels, loop_cells, share_at

if TYPE_CHECKING:
    from textual import events
    from textual.timer import Timer

    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["BarState", "BarView", "PlayerBar", "bar_line", "settings_line"]

_STEP_MS = 500
"""The place in the waveform moves on this often; divides a second, so that the clock
moves with it."""
_LEAST_WAVE = 6
"""A waveform with fewer cells tells nothing."""
_GOOD_WAVE = 14
"""So many cells are not given up for settings."""
_LEAST_TITLE = 14
"""Nor are so many of the title."""
_WIDE = 180
"""From so many columns on, everything has its place in one line."""
_TALL = 30
"""From so many rows of the screen on, there is one for what is unusual."""
_NAME = 12
"""Cells of a name among the settings."""


class BarState(StrEnum):
    """What the player does, as far as the bar tells."""

    IDLE = "idle"
    LOADING = "loading"
    PLAYING = "playing"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"


class BarView(NamedTuple):
    """Everything that the bar shows."""

    state: BarState = BarState.IDLE
    title: str = ""
    """Sender and chat; made printable by the bar."""
    position_ms: int = 0
    duration_ms: int | None = None
    speed: float = 1.0
    volume: float = 1.0
    muted: bool = False
    skip: int = 0
    """How many of the pauses are left out."""
    saved_ms: int = 0
    """How much that saved."""
    peaks: bytes | None = None
    problem: str = ""
    """Why this note can't be played: a second line; empty otherwise."""
    silence: str = ""
    """Why there is no sound: a second line for a while, then two words; empty while
    there is."""
    speed_from: str = ""
    """What the speed is remembered for, e.g. the sender; any text."""
    level: bool = False
    """Whether the loudness is brought to the target."""
    boost_db: float = 0.0
    """How much louder than that."""
    loop: tuple[int, int | None] | None = None
    """The part that is played again and again; without an end while only its begin is
    marked."""
    queue: int = 0
    """How many notes wait."""
    sleep_ms: int | None = None
    """How long it will still play, in whole minutes."""
    stops_after: bool = False
    """Whether it will be silent after this note."""
    output: str = ""
    """Where it is heard, when that is not the default; any text."""


def _mark(state: BarState, glyphs: Glyphs) -> Run:
    match state:
        case BarState.PLAYING:
            return Run(glyphs.play, Role.ACCENT)
        case BarState.LOADING:
            return Run(glyphs.loading, Role.ACCENT)
        case BarState.PAUSED:
            return Run(glyphs.pause, Role.STRONG)
        case BarState.FAILED:
            return Run(glyphs.failed, Role.ERROR)
        case BarState.IDLE | BarState.ENDED:
            return Run(glyphs.stop, Role.DIM)


def _wave(view: BarView, cells: int, glyphs: Glyphs) -> Line:
    """Draw the sound in some cells, the played part marked by colour and by shape."""
    length = view.duration_ms or 0
    # Two steps a second are enough for the eye, and cost a slow link 200 bytes.
    position = view.position_ms // _STEP_MS * _STEP_MS
    at = min(cells - 1, position * cells // length) if length > 0 else 0
    if view.state is BarState.ENDED:
        at = cells
    if view.peaks is None:
        chars = list(glyphs.passed * at + glyphs.ahead * (cells - at))
        head, ahead = Run(glyphs.knob, Role.ACCENT), Role.FAINT
    else:
        chars = list(bars(levels(view.peaks, cells), ascii_only=glyphs.is_ascii)[0])
        head, ahead = Run(glyphs.head, Role.STRONG), Role.DIM
    roles = [Role.ACCENT] * at + [ahead] * (cells - at)
    if view.loop is not None and length > 0:
        start, end = loop_cells(view.loop, length, cells)
        if end is not None:  # what is not played is not coloured
            rest = cells - end - 1
            roles = [Role.FAINT] * start + roles[start : end + 1] + [Role.FAINT] * rest
            chars[end], roles[end] = "]", Role.STRONG
        chars[start], roles[start] = "[", Role.STRONG
    if at < cells:
        chars[at], roles[at] = head
    together = groupby(zip(chars, roles, strict=True), key=lambda cell: cell[1])
    return tuple(Run("".join(char for char, _ in run), role) for role, run in together)


def _clocks(view: BarView) -> Line:
    length = clock(view.duration_ms)
    now = clock(view.position_ms).rjust(max(4, len(length)))
    return Run(now, Role.STRONG), Run(f" / {length}", Role.DIM)


class _Part(NamedTuple):
    """One setting in the first line."""

    rank: int
    """0 for what always stands there; the higher, the sooner it gives way."""
    run: Run


def _speed(view: BarView, glyphs: Glyphs) -> list[_Part]:
    speed = f"{view.speed:.1f}x".rjust(4)
    role = Role.ACCENT if abs(view.speed - 1) > 0.01 else Role.DIM
    parts = [_Part(0, Run(f"   {speed}", role))]
    if view.speed_from:
        name = cut(printable(view.speed_from), _NAME, glyphs.ellipsis)
        parts.append(_Part(7, Run(f" {name}", Role.DIM)))
    return parts


def _loudness(view: BarView) -> list[_Part]:
    words = ["level"] if view.level else []
    if view.boost_db:
        words.append(f"{view.boost_db:+g} dB")
    return [_Part(6, Run(f"  {' '.join(words)}", Role.ACCENT))] if words else []


def _volume(view: BarView) -> _Part:
    volume = "muted" if view.muted else f"{round(view.volume * 100)} %".rjust(5)
    if view.silence:
        volume = "no sound"
    is_quiet = view.muted or view.silence
    # All of it says the least.
    rank = 8 if volume == "100 %" else 0
    return _Part(rank, Run(f"  {volume}", Role.WARN if is_quiet else Role.DIM))


def _unusual(view: BarView, glyphs: Glyphs, *, in_full: bool) -> list[_Part]:
    """List what will happen, and where it is heard, as far as one might wonder."""
    parts = []
    if view.loop is not None:
        start, end = (None if ms is None else clock(ms) for ms in view.loop)
        words = f"loop {start} to {end}" if end else f"loop from {start}"
        if not in_full:
            words = "loop" if end else "loop from"
        parts.append(_Part(1, Run(words, Role.ACCENT)))
    if view.sleep_ms is not None:
        left = f"sleep {view.sleep_ms // 60_000} min".ljust(len("sleep 15 min"))
        parts.append(_Part(2, Run(left, Role.ACCENT)))
    if view.stops_after:
        parts.append(_Part(3, Run("then stop", Role.ACCENT)))
    if view.queue:
        parts.append(_Part(4, Run(f"queue {view.queue:,}", Role.DIM)))
    if view.output:
        room = 3 * _NAME if in_full else _NAME
        name = cut(printable(view.output), room, glyphs.ellipsis)
        parts.append(_Part(9, Run(name, Role.DIM)))
    return parts


def _settings(
    view: BarView, cells: int, room: int, glyphs: Glyphs, *, has_second: bool
) -> Line:
    """Choose what is told at the right of the first line.

    Args:
        view: What there is to tell.
        cells: The width of the screen.
        room: How many of them there are for it; what matters most may take more.
        glyphs: The marks.
        has_second: What is unusual stands in a line of its own.
    """
    parts = _speed(view, glyphs)
    if cells >= 60:
        parts += _loudness(view)
        if view.skip:
            saved = f"  skip {view.skip} -{clock(view.saved_ms)}"
            parts.append(_Part(5, Run(saved.ljust(14), Role.ACCENT)))
        parts.append(_volume(view))
    if not has_second:
        parts += [
            _Part(rank, Run(f"  {text}", role))
            for rank, (text, role) in _unusual(view, glyphs, in_full=cells >= _WIDE)
        ]
    left = room - 1
    kept = set()
    for part in sorted(parts, key=lambda part: part.rank):
        size = cell_len(part.run.text)
        if not part.rank or size <= left:
            left -= size
            kept.add(part)
    return (*(part.run for part in parts if part in kept), Run(" "))


class _Layout(NamedTuple):
    """The first line, and where in it the waveform is."""

    line: Line
    wave_at: int = 0
    wave_cells: int = 0
    """None where there is no waveform."""


def _lay_out(
    view: BarView, cells: int, glyphs: Glyphs, *, has_second: bool = False
) -> _Layout:
    mark = _mark(view.state, glyphs)
    if view.state is BarState.IDLE:
        text = "nothing is playing"
        room = cells - 4 - len(text)
        settings = _settings(view, cells, room, glyphs, has_second=has_second)
        gap = cells - 3 - len(text) - line_width(settings)
        rest = Run(f" {text}{' ' * max(0, gap)}", Role.DIM)
        return _Layout((Run(" "), mark, rest, *settings))
    title = cut(printable(view.title), max(12, cells * 3 // 10), glyphs.ellipsis)
    clocks = _clocks(view)
    # A long title gives way to what is to be told beside it.
    least = min(cell_len(title), _LEAST_TITLE)
    room = cells - 7 - line_width(clocks) - _GOOD_WAVE
    settings = _settings(view, cells, room - least, glyphs, has_second=has_second)
    title = cut(title, max(least, room - line_width(settings)), glyphs.ellipsis)
    right = (*clocks, *settings)
    taken = 7 + cell_len(title) + line_width(clocks)
    room = cells - taken - line_width(settings)
    if room < _LEAST_WAVE:
        title = cut(title, max(0, cells - 4 - line_width(right)), glyphs.ellipsis)
        pad = " " * max(1, cells - 3 - cell_len(title) - line_width(right))
        return _Layout((Run(" "), mark, Run(f" {title}{pad}", Role.STRONG), *right))
    left = Run(" "), mark, Run(f" {title}", Role.STRONG), Run("  ")
    line = (*left, *_wave(view, room, glyphs), Run("  "), *right)
    return _Layout(line, line_width(left), room)


def bar_line(
    view: BarView, cells: int, glyphs: Glyphs = UNICODE, *, has_second: bool = False
) -> Line:
    """Lay out the first line of the bar.

    Args:
        view: What to show.
        cells: The width of the screen.
        glyphs: The marks.
        has_second: What is unusual stands in a line of its own.

    Returns:
        A line of at most that width; its parts do not move while a note plays.
    """
    return _lay_out(view, cells, glyphs, has_second=has_second).line


def settings_line(
    view: BarView, cells: int, rows: int, glyphs: Glyphs = UNICODE
) -> Line:
    """Lay out the line for what is unusual.

    Args:
        view: What to show.
        cells: The width of the screen.
        rows: The height of the screen.
        glyphs: The marks.

    Returns:
        The line; empty where there is nothing to tell, or no room for a line more.
    """
    if cells >= _WIDE or rows < _TALL:
        return ()
    line: Line = ()
    for _, run in _unusual(view, glyphs, in_full=True):
        joint = Run(f" {glyphs.dot} " if line else "   ", Role.FAINT)
        if line_width(line) + len(joint.text) + cell_len(run.text) < cells:
            line += (joint, run)
    return line


class PlayerBar(Cells):
    """One line while all is usual; more while there is something to tell.

    That a machine has no sound is told for some seconds, not for the whole session: the
    line would take a row of the tree for ever.
    """

    SILENCE_S: ClassVar = 10.0
    """How long the reason for silence is shown."""

    DEFAULT_CSS = """
    PlayerBar {
        background: $panel;
        height: 1;
        &.-problem { height: 2; }
        &.-settings { height: 2; }
        &.-problem.-settings { height: 3; }
    }
    """

    @dataclass
    class Sought(Message):
        """A place in the waveform was pointed at."""

        share: float
        """Where in the note, 0 to 1."""

    def __init__(
        self, glyphs: Glyphs = UNICODE, *, low_bandwidth: bool = False
    ) -> None:
        super().__init__()
        self.view = BarView()
        self._low_bandwidth = low_bandwidth
        self.message = ""
        """The last line about a request, so that none is told twice."""
        self._glyphs = glyphs
        self._rows = 0
        """The height of the screen."""
        self._silence = ""
        """The reason for silence that is or was told."""
        self._is_silence_told = False
        self._timer: Timer | None = None

    @property
    def trouble(self) -> str:
        """What there is to complain of, if anything: what the note lacks goes first."""
        return self.view.problem or ("" if self._is_silence_told else self._silence)

    def update(self, view: BarView) -> None:
        """Show another state; only cells that differ are sent."""
        self.view = view
        if view.silence != self._silence:
            self._silence = view.silence
            self._is_silence_told = False
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(self.SILENCE_S, self._fold)
        self._show()

    def update_rows(self, rows: int) -> None:
        """Take in how high the screen is: on a high one the bar may be higher."""
        if rows != self._rows:
            self._rows = rows
            self._show()

    def on_resize(self) -> None:
        """See whether there is room for more lines."""
        self._show()

    def _fold(self) -> None:
        self._is_silence_told = True
        self._show()

    def _show(self) -> None:
        self.set_class(bool(self.trouble), "-problem")
        self.set_class(bool(self._second()), "-settings")
        self.lay_out()

    def _second(self) -> Line:
        return settings_line(self.view, self.size.width, self._rows, self._glyphs)

    def update_peaks(self, peaks: bytes | None) -> None:
        """Show the waveform, once it is known."""
        self.update(self.view._replace(peaks=peaks))

    @override
    def make_lines(self) -> list[Line]:
        cells = self.size.width
        second = self._second()
        view = self.view
        if self._low_bandwidth and view.state is BarState.PLAYING:
            # Once a second by the clock of the room, however fast it is played.
            step_ms = round(2 * _STEP_MS * max(1.0, view.speed))
            view = view._replace(position_ms=view.position_ms // step_ms * step_ms)
        lines = [bar_line(view, cells, self._glyphs, has_second=bool(second))]
        if second:
            lines.append(second)
        if self.trouble:
            text = cut(printable(self.trouble), cells - 4, self._glyphs.ellipsis)
            lines.append((Run(f" ! {text}", Role.WARN),))
        return lines

    def on_click(self, event: events.Click) -> None:
        """Go to where the waveform was pointed at."""
        event.stop()
        has_second = bool(self._second())
        there = _lay_out(
            self.view, self.size.width, self._glyphs, has_second=has_second
        )
        share = share_at(event.x - there.wave_at, there.wave_cells)
        if event.y == 0 and share is not None:
            self.post_message(self.Sought(share))
