"""The player bar as text: every state by its shape, in every width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import sample_peaks
from tui.widgets.cells import Role, changed_spans, line_width
from tui.widgets.glyphs import ASCII, UNICODE
from tui.widgets.player_bar import BarState, BarView, bar_line
from tui.widgets.wave import bars, levels

if TYPE_CHECKING:
    from tui.widgets.glyphs import Glyphs

PLAYING = BarView(
    state=BarState.PLAYING,
    title="Ana · Family",
    position_ms=12_000,
    duration_ms=42_000,
    speed=1.5,
    volume=0.8,
    peaks=sample_peaks(1),
)


def text(view: BarView, cells: int = 80, glyphs: Glyphs = UNICODE) -> str:
    """Write the bar as plain text."""
    return "".join(run.text for run in bar_line(view, cells, glyphs))


def test_the_bar_tells_who_where_how_fast_and_how_loud() -> None:
    """Everything that matters stands in one line of 80 columns."""
    shown = text(PLAYING)
    assert shown.startswith(" ▶ Ana · Family  ")
    assert shown.endswith("0:12 / 0:42   1.5x   80 % ")


@pytest.mark.parametrize("cells", [30, 40, 59, 60, 80, 100, 200])
@pytest.mark.parametrize("state", list(BarState))
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("peaks", [None, sample_peaks(2)])
def test_the_bar_fits_every_width(
    cells: int, state: BarState, glyphs: Glyphs, peaks: bytes | None
) -> None:
    """No state is wider than the screen, however long its title."""
    view = BarView(
        state=state,
        title="Somebody with a very long name indeed · " * 3,
        position_ms=3_725_000,
        duration_ms=7_200_000,
        muted=True,
        peaks=peaks,
    )
    line = bar_line(view, cells, glyphs)
    assert line_width(line) <= cells
    if glyphs.is_ascii and peaks is not None:
        assert "".join(run.text for run in line[:2]).isascii()


def test_every_state_has_its_own_shape() -> None:
    """Without any colour one can tell playing, paused, stopped, loading, failed."""
    marks = {
        text(BarView(state=state, title="x", duration_ms=1000))[1] for state in BarState
    }
    assert len(marks) == len(BarState) - 1  # stopped and ended look alike


@pytest.mark.parametrize("peaks", [None, sample_peaks(3)])
def test_the_played_part_shows_without_colour(peaks: bytes | None) -> None:
    """The place of the player is a mark of its own, not only a colour."""
    early = BarView(BarState.PLAYING, "x", 10_000, 100_000, peaks=peaks)
    late = BarView(BarState.PLAYING, "x", 90_000, 100_000, peaks=peaks)
    head = UNICODE.head if peaks else UNICODE.knob
    assert text(early).index(head) < text(late).index(head)


def test_a_second_of_playing_changes_few_cells() -> None:
    """The next second changes digits and the place of the player, nothing else."""
    later = PLAYING._replace(position_ms=13_000)
    old, new = bar_line(PLAYING, 80), bar_line(later, 80)
    changed = sum(end - start for start, end in changed_spans(old, new, 80))
    assert 1 <= changed <= 8


def test_a_short_note_moves_on_twice_a_second_not_more() -> None:
    """However many cells a second it would take, a slow link is spared."""
    view = BarView(BarState.PLAYING, "x", 0, 3000, peaks=sample_peaks(1))
    pictures = {text(view._replace(position_ms=ms)) for ms in range(0, 3000, 100)}
    assert len(pictures) == 6


def test_nothing_moves_when_the_position_gets_longer() -> None:
    """From 9:59 to 10:00 of an hour only digits change."""
    view = BarView(BarState.PLAYING, "x", 599_000, 4_000_000)
    later = BarView(BarState.PLAYING, "x", 600_000, 4_000_000)
    assert text(view).index("/") == text(later).index("/")


def test_an_unknown_length_is_no_error() -> None:
    """A note whose length is not known shows dashes."""
    assert "0:12 / --:--" in text(BarView(BarState.PLAYING, "x", 12_000))


def test_control_characters_of_a_title_are_shown_not_sent() -> None:
    """A name can't reach the terminal as a sequence."""
    shown = text(BarView(BarState.PLAYING, "\x1b[2Jx\nb", 0, 1000))
    assert "\\x1b[2Jx\\nb" in shown
    assert "\x1b" not in shown


def test_muted_is_a_word_and_a_warning() -> None:
    """Silence has a reason on the screen."""
    line = bar_line(BarView(BarState.PLAYING, "x", 0, 1000, muted=True), 80)
    assert any("muted" in run.text and run.role is Role.WARN for run in line)


def test_a_quiet_note_shows_its_shape() -> None:
    """Levels are scaled to the loudest; silence stays flat."""
    assert max(levels(bytes([0, 20, 40]), 3)) == 255
    assert levels(bytes([0, 1, 2]), 3) == [0, 1, 2]
    assert levels(b"", 4) == [0, 0, 0, 0]
    assert levels(bytes(range(100)), 10) == sorted(levels(bytes(range(100)), 10))


def test_bars_stand_on_the_last_row() -> None:
    """Two rows: the lower is full before the upper begins."""
    assert bars([0, 127, 255], 2) == ["  █", "▁██"]
    assert bars([0, 255], ascii_only=True)[0].isascii()
