"""The bottom bar: what plays, where, how fast and how loud."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from typing_extensions import override

from tui.text import clock, printable
from tui.widgets.cells import Cells, Role, Run, cut, line_width
from tui.widgets.glyphs import UNICODE
from tui.widgets.wave import bars, levels

if TYPE_CHECKING:
    from textual.timer import Timer

    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["BarState", "BarView", "PlayerBar", "bar_line"]

_STEP_MS = 500
"""The place in the waveform moves on this often; divides a second, so that the clock
moves with it."""
_LEAST_WAVE = 6
"""A waveform with fewer cells tells nothing."""


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
    over = view.state is BarState.ENDED
    if view.peaks is None:
        if over:
            return (Run(glyphs.passed * cells, Role.ACCENT),)
        return (
            Run(glyphs.passed * at + glyphs.knob, Role.ACCENT),
            Run(glyphs.ahead * (cells - at - 1), Role.FAINT),
        )
    (text,) = bars(levels(view.peaks, cells), ascii_only=glyphs.is_ascii)
    if over:
        return (Run(text, Role.ACCENT),)
    return (
        Run(text[:at], Role.ACCENT),
        Run(glyphs.head, Role.STRONG),
        Run(text[at + 1 :], Role.DIM),
    )


def _clocks(view: BarView) -> Line:
    length = clock(view.duration_ms)
    now = clock(view.position_ms).rjust(max(4, len(length)))
    return Run(now, Role.STRONG), Run(f" / {length}", Role.DIM)


def _settings(view: BarView, cells: int) -> Line:
    speed = f"{view.speed:.1f}x".rjust(4)
    volume = "muted" if view.muted else f"{round(view.volume * 100)} %".rjust(5)
    if view.silence:
        volume = "no sound"
    changed = abs(view.speed - 1) > 0.01
    line: Line = (Run(f"   {speed}", Role.ACCENT if changed else Role.DIM),)
    if view.skip and cells >= 60:
        saved = f" -{clock(view.saved_ms)}" if view.saved_ms >= 1000 else ""
        line += (Run(f"  skip {view.skip}{saved}".ljust(14), Role.ACCENT),)
    if cells >= 60:
        is_quiet = view.muted or view.silence
        line += (Run(f"  {volume}", Role.WARN if is_quiet else Role.DIM),)
    return (*line, Run(" "))


def bar_line(view: BarView, cells: int, glyphs: Glyphs = UNICODE) -> Line:
    """Lay out the first line of the bar.

    Args:
        view: What to show.
        cells: The width of the screen.
        glyphs: The marks.

    Returns:
        A line of at most that width; its parts do not move while a note plays.
    """
    settings = _settings(view, cells)
    mark = _mark(view.state, glyphs)
    if view.state is BarState.IDLE:
        text = "nothing is playing"
        gap = cells - 3 - len(text) - line_width(settings)
        return (
            Run(" "),
            mark,
            Run(f" {text}{' ' * max(0, gap)}", Role.DIM),
            *settings,
        )
    right = (*_clocks(view), *settings)
    title = cut(printable(view.title), max(12, cells * 3 // 10), glyphs.ellipsis)
    room = cells - 5 - cell_len(title) - 2 - line_width(right)
    if room < _LEAST_WAVE:
        title = cut(title, max(0, cells - 4 - line_width(right)), glyphs.ellipsis)
        pad = " " * max(1, cells - 3 - cell_len(title) - line_width(right))
        middle: Line = (Run(pad),)
    else:
        middle = (Run("  "), *_wave(view, room, glyphs), Run("  "))
    return Run(" "), mark, Run(f" {title}", Role.STRONG), *middle, *right


class PlayerBar(Cells):
    """One line while all is well, two while there is a problem to tell.

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
    }
    """

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.view = BarView()
        self.message = ""
        """The last line about a request, so that none is told twice."""
        self._glyphs = glyphs
        self._silence = ""
        """The reason for silence that is or was told."""
        self._is_silence_told = False
        self._timer: Timer | None = None

    @property
    def trouble(self) -> str:
        """The second line, if there is one: what the note lacks goes first."""
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

    def _fold(self) -> None:
        self._is_silence_told = True
        self._show()

    def _show(self) -> None:
        self.set_class(bool(self.trouble), "-problem")
        self.lay_out()

    def update_peaks(self, peaks: bytes | None) -> None:
        """Show the waveform, once it is known."""
        self.update(self.view._replace(peaks=peaks))

    @override
    def make_lines(self) -> list[Line]:
        cells = self.size.width
        lines = [bar_line(self.view, cells, self._glyphs)]
        if self.trouble:
            text = cut(printable(self.trouble), cells - 4, self._glyphs.ellipsis)
            lines.append((Run(f" ! {text}", Role.WARN),))
        return lines
