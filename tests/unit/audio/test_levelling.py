"""How loud a recording is played: brought to a target, boosted, and measured for it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ear import wait_until
from tests.support.sound import sine, wav
from tests.support.stage import Stage
from tui.audio._commands import (
    Load,
    Prepare,
    SetBoost,
    SetLevel,
    SetLoudness,
    SetSpeed,
    Stop,
)
from tui.audio._events import StateChanged
from tui.audio._measuring import Measuring
from tui.audio._sound import Sound, gain_db
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.audio._commands import SetLoudness as Told

SOFT = 0.05
PEAK = round(32767 * SOFT)


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give the path of three seconds of a soft tone."""
    path = tmp_path / "sine.wav"
    path.write_bytes(wav(sine(3, level=SOFT)))
    return os.fsencode(path)


def loud(stage: Stage) -> int:
    """Tell how loud the next moment is."""
    stage.play(0.05)
    return max(memoryview(stage.play(0.1)).cast("h"))


def settle_until(stage: Stage, condition: Callable[[], bool]) -> None:
    """Let the engine work until something has become true by another thread."""

    def is_so() -> bool:
        stage.settle()
        return condition()

    wait_until(is_so)


def times(gain: float) -> float:
    """Tell the factor of some decibels."""
    return 10 ** (gain / 20)


@given(st.builds(Sound, level=st.booleans(), boost_db=st.floats(-12, 24)))
def test_an_unknown_loudness_is_not_levelled(sound: Sound) -> None:
    """Only the boost counts then; as for silence, which stays silence."""
    assert gain_db(sound) == sound.boost_db
    silent = Sound(level=True, boost_db=sound.boost_db, lufs=-70.0)
    assert gain_db(silent) == sound.boost_db


@pytest.mark.parametrize(
    ("lufs", "gain"), [(-30.0, 12.0), (-18.0, 0.0), (-60.0, 30.0), (20.0, -24.0)]
)
def test_the_target_is_reached_within_bounds(lufs: float, gain: float) -> None:
    """Noise is not pulled up without end."""
    assert gain_db(Sound(level=True, lufs=lufs)) == gain
    assert gain_db(Sound(level=True, lufs=lufs, boost_db=3.0)) == gain + 3.0
    assert gain_db(Sound(level=False, lufs=lufs, boost_db=3.0)) == 3.0
    assert gain_db(Sound(level=True, lufs=lufs), lufs) == 0.0


def test_a_known_loudness_is_brought_to_the_target(note: bytes) -> None:
    """From the first sample on, and told in the state."""
    stage = Stage()
    stage.do(Load(1, note, sound=Sound(level=True, boost_db=1.0, lufs=-25.0)))
    assert stage.status.gain_db == 8.0
    assert (stage.status.level, stage.status.lufs) == (True, -25.0)
    assert loud(stage) == pytest.approx(PEAK * times(8), rel=0.02)
    stage.do(SetLevel(level=False))
    assert stage.status.gain_db == 1.0
    assert loud(stage) == pytest.approx(PEAK * times(1), rel=0.02)
    stage.do(SetBoost(99.0))
    assert stage.status.boost_db == 24.0
    stage.do(SetBoost(0.0))
    assert loud(stage) == pytest.approx(PEAK, abs=1)


def test_what_is_not_known_is_measured_while_it_plays(
    note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins at once; when the loudness is known, it goes on at the target."""
    stage = Stage()
    go_on = threading.Event()

    def measure(_: bytes, *, should_stop: Callable[[], bool] | None = None) -> float:
        go_on.wait(10)
        return -29.0

    monkeypatch.setattr(stage.engine._measuring, "_measure", measure)
    stage.do(SetLevel(level=True), Load(1, note))
    assert loud(stage) == pytest.approx(PEAK, abs=1)
    before = stage.engine._position_ms()
    go_on.set()
    settle_until(stage, lambda: stage.status.lufs is not None)
    assert (stage.status.lufs, stage.status.gain_db) == (-29.0, 11.0)
    assert stage.engine._position_ms() == before
    assert loud(stage) == pytest.approx(PEAK * times(11), rel=0.02)
    told = [event.status.gain_db for event in stage.told(StateChanged)]
    assert sorted(set(told)) == [0.0, 11.0]


def test_the_loudness_of_another_one_means_nothing(note: bytes) -> None:
    """What was measured for a note that was left."""
    stage = Stage()
    stage.do(Load(2, note, sound=Sound(level=True, lufs=-20.0)), SetLoudness(1, -40.0))
    assert stage.status.lufs == -20.0
    stage.do(SetLoudness(2, -22.0))
    assert stage.status.gain_db == 4.0


def test_what_follows_has_its_own_loudness(
    note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is measured before it is heard, so that it does not change on the way."""
    stage = Stage()
    measured: list[bytes] = []

    def measure(path: bytes, *, should_stop: Callable[[], bool] | None = None) -> float:
        measured.append(path)
        return -28.0

    monkeypatch.setattr(stage.engine._measuring, "_measure", measure)
    stage.do(Load(1, note, 2500, sound=Sound(level=True, lufs=-18.0)))
    stage.do(Prepare(2, note))
    following = stage.engine._following
    assert following is not None
    settle_until(stage, lambda: following.sound.lufs is not None)
    assert measured == [note]
    assert stage.status.lufs == -18.0
    mark = len(stage.heard)
    stage.play(1.0)
    assert (stage.status.generation, stage.status.gain_db) == (2, 10.0)
    second = memoryview(bytes(stage.heard[mark:])).cast("h")
    assert max(second[: 24_000 - 300]) == pytest.approx(PEAK, abs=1)
    assert max(second[24_300:26_000]) == pytest.approx(PEAK * times(10), rel=0.02)


class _Bench:
    """Measures by hand."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.begun: list[bytes] = []
        self.stopped: list[bytes] = []
        self.results: dict[bytes, float | Exception] = {}
        self.woken = threading.Semaphore(0)
        self.measuring = Measuring(self.told.append, self.woken.release, self._measure)

    def _measure(
        self, path: bytes, *, should_stop: Callable[[], bool] | None = None
    ) -> float | None:
        self.begun.append(path)
        assert should_stop is not None
        wait_until(lambda: path in self.results or should_stop())
        if should_stop():
            self.stopped.append(path)
            return None
        result = self.results[path]
        if isinstance(result, Exception):
            raise result
        return result

    def await_end(self) -> None:
        """Wait until one measurement is over."""
        assert self.woken.acquire(timeout=10)


def test_one_is_measured_after_the_other_and_each_once() -> None:
    """Also when it can't be: then it is left at that."""
    bench = _Bench()
    wanted = [(1, b"/a"), (2, b"/b")]
    bench.results = {b"/a": AudioError(b"/a", "vanished"), b"/b": -20.0}
    for _ in range(4):
        bench.measuring.want(wanted)
        if len(bench.begun) < 2 or not bench.told:
            bench.await_end()
    assert bench.begun == [b"/a", b"/b"]
    assert bench.told == [SetLoudness(2, -20.0)]


def test_what_is_not_wanted_any_more_is_stopped() -> None:
    """And the next one begins; when it is wanted again, it is measured after all."""
    bench = _Bench()
    bench.measuring.want([(1, b"/a")])
    bench.measuring.want([(2, b"/b")])
    bench.await_end()
    assert bench.stopped == [b"/a"]
    bench.results = {b"/a": ValueError("of a library"), b"/b": -20.0}
    bench.measuring.want([(2, b"/b")])
    bench.await_end()
    bench.measuring.want([(1, b"/a")])
    bench.await_end()
    assert bench.begun == [b"/a", b"/b", b"/a"]
    assert bench.told == [SetLoudness(2, -20.0)]


def test_a_stop_ends_the_measurement(
    note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody needs it then."""
    stage = Stage()
    bench = _Bench()
    monkeypatch.setattr(stage.engine._measuring, "_measure", bench._measure)
    stage.do(SetLevel(level=True), Load(1, note), SetSpeed(1.5))
    wait_until(lambda: bench.begun == [note])
    stage.do(Stop())
    wait_until(lambda: bench.stopped == [note])
