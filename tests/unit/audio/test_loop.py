"""A part that is played again and again: to the sample, and without a click."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.sound import bend, find, noise, sine, wav
from tests.support.stage import Stage
from tests.unit.audio.test_chain import stage_on
from tui.audio import _deck
from tui.audio._api import RATE
from tui.audio._commands import (
    Load,
    Pause,
    Play,
    Prepare,
    Seek,
    SetLoop,
    SetSkip,
    SetSpeed,
    Stop,
)
from tui.audio._events import Ended, PlayerState, PositionChanged
from tui.audio._fades import FADE

if TYPE_CHECKING:
    from pathlib import Path

NOISE = noise(3)
UNDISTURBED = bend(sine(0.5)) + 4


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give the path of three seconds of noise."""
    path = tmp_path / "noise.wav"
    path.write_bytes(wav(NOISE))
    return os.fsencode(path)


@pytest.fixture
def tone(tmp_path: Path) -> bytes:
    """Give the path of two seconds of a tone."""
    path = tmp_path / "sine.wav"
    path.write_bytes(wav(sine(2)))
    return os.fsencode(path)


def part(begin_ms: int, end_ms: int) -> bytes:
    """Give what is recorded there, without the fades."""
    return NOISE[2 * (begin_ms * 48 + FADE) : 2 * (end_ms * 48 - FADE)]


@pytest.mark.parametrize("remembered", [0, RATE])
def test_each_round_is_the_part_to_the_sample(
    note: bytes, remembered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is decoded each time or repeated from memory."""
    monkeypatch.setattr(_deck, "_REMEMBERED", remembered)
    stage = Stage()
    stage.do(Load(1, note, 900), SetLoop(1000, 1300))
    heard = stage.play(2.2)
    first = (1300 - 900) * 48
    want = part(1000, 1300)
    assert heard[2 * FADE : 2 * (first - FADE)] == part(900, 1300)
    for turn in range(5):
        begin = 2 * (first + turn * 300 * 48 + FADE)
        assert heard[begin : begin + len(want)] == want
    assert stage.engine._mixer.starved == 0
    assert (stage.status.loop_start_ms, stage.status.loop_end_ms) == (1000, 1300)
    assert not stage.told(Ended)


@pytest.mark.parametrize("output", ["plain", "rewriting"])
def test_the_position_goes_round(note: bytes, output: str) -> None:
    """It is that of what is heard, also while what is given is a round further."""
    stage = stage_on(output)
    stage.do(Load(1, note, 1000), SetLoop(1000, 1300))
    for turn in range(1, 100):
        stage.play(0.01, block=480)
        want = 1000 + turn * 10 % 300
        at = stage.engine._position_ms()
        assert at == pytest.approx(want, abs=1) or (want == 1000 and at == 1300), turn


@pytest.mark.parametrize("output", ["plain", "rewriting"])
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.7])
def test_no_round_makes_a_click(tone: bytes, output: str, speed: float) -> None:
    """At any speed, at the seam and where the part is set, changed and left."""
    stage = stage_on(output)
    stage.do(SetSpeed(speed), Load(1, tone))
    stage.play(0.3 / speed, block=96)
    stage.do(SetLoop(233, 417))
    stage.play(0.5, block=96)
    stage.do(SetLoop(301, 417), Pause())
    stage.play(0.1, block=96)
    stage.do(Play())
    stage.play(0.2, block=96)
    stage.do(SetLoop())
    stage.play(0.3, block=96)
    assert max(memoryview(stage.heard).cast("h")) > 8000, "there is sound"
    assert bend(bytes(stage.heard)) <= UNDISTURBED
    assert stage.engine._mixer.starved == 0


def test_a_change_of_speed_keeps_the_round(note: bytes) -> None:
    """Also when the seam lies between what is heard and what was given."""
    stage = stage_on("rewriting")
    stage.do(Load(1, note, 1000), SetLoop(1000, 1300))
    at = 1000.0
    for speed in (2.0, 0.5, 1.0, 3.0, 1.0) * 2:
        stage.do(SetSpeed(speed))
        # The first milliseconds sound as before.
        before = stage.engine._position_ms()
        stage.play(0.13, block=480)
        after = stage.engine._position_ms()
        passed = (after - before) % 300
        assert passed == pytest.approx(130 * speed % 300, abs=25 * speed), at
        assert 1000 <= after <= 1300
        at = after


def test_who_sets_the_end_behind_it_goes_back(note: bytes) -> None:
    """The end is set at what is heard; by then it is past."""
    for output in ("plain", "rewriting"):
        stage = stage_on(output)
        stage.do(Load(1, note, 500))
        stage.play(0.5, block=480)
        stage.do(SetLoop(600, 990))
        stage.play(0.2, block=480)
        assert 700 <= stage.engine._position_ms() <= 800


def test_behind_its_end_it_plays_on(note: bytes) -> None:
    """Who goes there has left the part, until going back."""
    stage = Stage()
    stage.do(Load(1, note, 1000), SetLoop(1000, 1300))
    stage.play(0.5)
    stage.do(Seek(2500))
    heard = stage.play(0.6)
    assert find(heard, part(2510, 2990)) > 0
    assert stage.status.state is PlayerState.ENDED
    assert stage.status.loop_end_ms == 1300
    stage.do(Seek(1200), Play())
    assert find(stage.play(0.5), part(1000, 1300)) > 0


def test_what_is_no_part_ends_it(note: bytes) -> None:
    """Too short, turned round, behind the end: then nothing is repeated."""
    stage = Stage()
    stage.do(Load(1, note, 1000))
    for start_ms, end_ms in ((1000, 1049), (1300, 1000), (2990, 9000), (1000, None)):
        stage.do(SetLoop(1000, 1300))
        assert stage.status.loop_start_ms == 1000
        stage.do(SetLoop(start_ms, end_ms))
        assert stage.status.loop_start_ms is None
    stage.do(SetLoop(2500, 9000))
    assert stage.status.loop_end_ms == 3000
    stage.do(Seek(2900))
    assert find(stage.play(0.4), part(2500, 2600)) > 0


def test_another_recording_ends_it(note: bytes, tmp_path: Path) -> None:
    """A load, a stop, and what follows once the part is left."""
    other = tmp_path / "other.wav"
    other.write_bytes(wav(noise(1, seed=2)))
    stage = Stage()
    for last in (Load(2, note), Stop()):
        stage.do(Load(1, note), SetLoop(0, 300))
        assert stage.status.loop_end_ms == 300
        stage.do(last)
        assert stage.status.loop_end_ms is None
    stage.do(Load(3, note, 2600), SetLoop(2500, 2800), Prepare(4, os.fsencode(other)))
    stage.play(1)
    assert stage.status.generation == 3
    stage.do(SetLoop())
    stage.play(0.6)
    assert stage.status.generation == 4
    assert stage.status.loop_end_ms is None


def test_the_shortest_part_at_the_highest_speed_does_not_run_dry(note: bytes) -> None:
    """It is not decoded each time."""
    stage = Stage()
    stage.do(SetSpeed(4.0), SetSkip(3), Load(1, note, 1000), SetLoop(1000, 1050))
    stage.play(0.5)
    assert stage.engine._mixer.starved == 0
    assert stage.status.state is PlayerState.PLAYING
    assert 1000 <= stage.engine._position_ms() <= 1050
    stage.do(SetSpeed(1.0))
    del stage.events[:]
    stage.play(1.0)
    # Each time it is told, it is at the same place; no word would mean that it hangs.
    assert len(stage.told(PositionChanged)) >= 9


def test_a_part_that_is_a_pause_goes_round(tmp_path: Path) -> None:
    """Of silence little is left, but the engine does not hang in it."""
    path = tmp_path / "pause.wav"
    path.write_bytes(wav(NOISE[:RATE] + bytes(4 * RATE) + NOISE[:RATE]))
    stage = Stage()
    stage.do(SetSkip(3), Load(1, os.fsencode(path), 200), SetLoop(300, 2300))
    stage.play(3)
    assert 300 <= stage.engine._position_ms() <= 2300
    assert stage.status.state is PlayerState.PLAYING
    assert stage.status.saved_ms > 1500
