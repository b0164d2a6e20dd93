"""What counts as heard, and where a note goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model import Played
from tui.playback import Heard, resume_position


def _listen(heard: Heard, first_ms: int, last_ms: int, speed: float = 1.0) -> None:
    heard.jump()
    step = round(100 * speed)
    for position_ms in [*range(first_ms, last_ms, step), last_ms]:
        heard.advance(position_ms, 100, speed)


def test_listening_adds_up() -> None:
    """Position after position, as the player reports them."""
    heard = Heard()
    _listen(heard, 0, 5000)
    assert heard.total_ms == 5000


def test_a_jump_is_not_listening() -> None:
    """Whoever skips to the end has not heard the note."""
    heard = Heard()
    heard.advance(0, 0)
    assert heard.advance(100, 100)
    assert not heard.advance(50_000, 100)
    assert heard.advance(50_100, 100)
    assert not heard.advance(40_000, 100)
    assert heard.total_ms == 200


def test_a_pause_is_not_listening() -> None:
    """Time that passes while nothing sounds allows no longer step."""
    heard = Heard()
    heard.advance(0, 0)
    heard.jump()
    assert heard.advance(9000, 60_000)
    assert heard.total_ms == 0


@pytest.mark.parametrize("speed", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_speed_changes_nothing(speed: float) -> None:
    """What counts is the part of the note, not the time that it took."""
    heard = Heard()
    _listen(heard, 0, 6000, speed)
    assert heard.total_ms == 6000


def test_twice_the_same_counts_once() -> None:
    """Nine times the first tenth is not the whole note."""
    heard = Heard()
    for _ in range(9):
        _listen(heard, 0, 1000)
    assert heard.total_ms == 1000
    assert heard.verdict(10_000) is Played.HALF


def test_parts_in_any_order_make_the_whole() -> None:
    """The end first and then the beginning is all of it."""
    heard = Heard()
    _listen(heard, 5000, 10_000)
    assert heard.verdict(10_000) is Played.HALF
    _listen(heard, 0, 5000)
    assert heard.verdict(10_000) is Played.PLAYED


def test_late_positions_still_count() -> None:
    """A busy machine reports less often: a second of sound in a second is no jump."""
    heard = Heard()
    for at in range(10):
        assert heard.advance(at * 1000, 1000)
    assert heard.total_ms == 9000


@pytest.mark.parametrize(
    ("heard_ms", "duration_ms", "verdict"),
    [
        (0, 60_000, Played.UNPLAYED),
        (1900, 60_000, Played.UNPLAYED),
        (2000, 60_000, Played.HALF),
        (400, 4000, Played.HALF),
        (300, 4000, Played.UNPLAYED),
        (53_900, 60_000, Played.HALF),
        (54_000, 60_000, Played.PLAYED),
        (1900, None, Played.UNPLAYED),
        (99_000, None, Played.HALF),
    ],
)
def test_verdict(heard_ms: int, duration_ms: int | None, verdict: Played) -> None:
    """Half from 2 s or a tenth on, played from nine tenths on."""
    heard = Heard([(0, heard_ms)])
    assert heard.verdict(duration_ms) is verdict


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=30))
def test_the_total_is_the_union(pairs: list[tuple[int, int]]) -> None:
    """However the stretches overlap, each millisecond counts once."""
    stretches = [(min(pair), max(pair)) for pair in pairs]
    covered = {ms for first, last in stretches for ms in range(first, last)}
    assert Heard(stretches).total_ms == len(covered)


@pytest.mark.parametrize(
    ("position_ms", "duration_ms", "start_ms"),
    [
        (30_000, 60_000, 30_000),
        (5000, 19_999, 0),
        (5000, 20_000, 5000),
        (56_999, 60_000, 56_999),
        (57_000, 60_000, 0),
        (19_000, 20_500, 0),
        (18_900, 20_500, 18_900),
        (90_000, 60_000, 0),
        (0, 60_000, 0),
        (-5, 60_000, 0),
        (5000, None, 5000),
        (-5, None, 0),
    ],
)
def test_resume(position_ms: int, duration_ms: int | None, start_ms: int) -> None:
    """Short notes and those that were as good as over begin at the start."""
    assert resume_position(position_ms, duration_ms) == start_ms
