"""A device that is missing, lost, hung or idle, and what stands in for it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.sound import find, noise, wav
from tests.support.stage import HandOutput, Stage
from tui.audio._commands import Load, Pause, Play, Seek, Toggle
from tui.audio._engine import Engine
from tui.audio._events import DeviceChanged, PlayerState, StateChanged
from tui.audio._outputs import AutoChooser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.audio._events import PlayerEvent

NOISE = noise(8)
LOST = "No sound: the sound device went away"


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give the path of eight seconds of noise."""
    path = tmp_path / "noise.wav"
    path.write_bytes(wav(NOISE))
    return os.fsencode(path)


def state(stage: Stage) -> PlayerState:
    """Give the state now."""
    return stage.status.state


def test_a_device_is_opened_when_it_is_needed(note: bytes) -> None:
    """Not for a note that waits; and given back five seconds after a pause."""
    stage = Stage()
    stage.do(Load(1, note, play=False))
    assert stage.output.starts == 0
    stage.do(Play())
    assert stage.output.starts == 1
    assert stage.told(DeviceChanged) == [DeviceChanged("hand", "")]
    stage.play(0.5)
    stage.do(Pause())
    stage.play(4.5)
    assert stage.output.stops == 0
    stage.play(1)
    assert stage.output.stops == 1
    stage.do(Play())
    heard = stage.play(0.2)
    assert stage.output.starts == 2
    assert find(NOISE, heard[480:]) == 24_000 + 480
    assert stage.told(DeviceChanged) == [DeviceChanged("hand", "")]


def test_a_lost_device_pauses_and_comes_back(note: bytes) -> None:
    """No pull for a second: the place is kept, and played on when there is sound."""
    stage = Stage()
    stage.do(Load(1, note))
    stage.play(1)
    stage.output.reason = "gone"
    stage.wait(0.8)
    assert state(stage) == PlayerState.PLAYING
    stage.wait(0.5)
    assert state(stage) == PlayerState.PAUSED
    assert stage.status.device_problem == LOST
    assert stage.status.position_ms == 1000
    stage.wait(10)
    assert stage.output.starts >= 4
    assert stage.status.device_problem == "No sound: gone"
    assert stage.told(DeviceChanged)[1:] == [
        DeviceChanged("hand", LOST),
        DeviceChanged("hand", "No sound: gone"),
    ]
    stage.output.reason = ""
    for _ in range(60):
        stage.wait(0.1)
        if state(stage) == PlayerState.PLAYING:
            break
    assert state(stage) == PlayerState.PLAYING
    assert stage.status.device_problem == ""
    heard = stage.play(0.2)
    assert find(NOISE, heard[480:]) == 48_000 + 240
    assert max(map(abs, memoryview(heard).cast("h")[:10])) < 200, "it fades in"


def test_tries_become_rarer(note: bytes) -> None:
    """After 1, 2 and then every 5 seconds."""
    stage = Stage()
    stage.output.reason = "busy"
    stage.do(Load(1, note))
    begin, tries = stage.now, [0.0]
    while stage.now < begin + 20:
        before = stage.output.starts
        stage.wait(0.05)
        if stage.output.starts > before:
            tries.append(stage.now - begin)
    assert tries == pytest.approx([0, 1, 3, 8, 13, 18], abs=0.4)


def test_without_a_device_one_can_still_move(note: bytes) -> None:
    """While it is lost: seek, pause (then it stays silent), play (tries at once)."""
    stage = Stage()
    stage.output.reason = "busy"
    stage.do(Load(1, note))
    assert state(stage) == PlayerState.PAUSED
    assert stage.status.device_problem == "No sound: busy"
    stage.do(Seek(4000))
    assert state(stage) == PlayerState.PAUSED
    stage.do(Pause())
    stage.output.reason = ""
    stage.wait(10)
    assert state(stage) == PlayerState.PAUSED
    assert stage.output.starts == 1
    stage.do(Toggle())
    assert state(stage) == PlayerState.PLAYING
    assert find(NOISE, stage.play(0.2)[480:]) == 4 * 48_000 + 240


class Chooser:
    """A device that may be missing, and silence."""

    def __init__(self) -> None:
        self.device = HandOutput()
        self.silent = HandOutput()
        self.silent.name = "null"
        self.choice = AutoChooser([self.device], self.silent)


def test_silence_stands_in_for_a_missing_device(note: bytes) -> None:
    """The note moves, the line says why; when a device comes, it takes over."""
    chooser = Chooser()
    chooser.device.reason = "there is no sound device"
    stage = Stage(chooser.choice)
    stage.output = chooser.silent
    stage.do(Load(1, note))
    assert state(stage) == PlayerState.PLAYING
    line = "No sound: there is no sound device"
    assert stage.told(DeviceChanged) == [DeviceChanged("null", line)]
    stage.play(2)
    assert stage.status.position_ms == pytest.approx(2000, abs=120)
    stage.play(3.2)
    assert chooser.device.starts == 2
    assert stage.told(DeviceChanged)[1:] == []
    stage.do(Load(2, note))
    chooser.device.reason = ""
    stage.play(5.2)
    assert stage.told(DeviceChanged)[1:] == [DeviceChanged("hand", "")]
    assert chooser.silent.pull is None
    stage.output = chooser.device
    assert find(NOISE, stage.play(0.5)[1920:]) > 4 * 48_000


def test_a_device_that_was_there_is_waited_for(note: bytes) -> None:
    """Silence does not stand in for a device that was lost: nothing would be heard."""
    chooser = Chooser()
    stage = Stage(chooser.choice)
    stage.output = chooser.device
    stage.do(Load(1, note))
    stage.play(1)
    chooser.device.reason = "gone"
    stage.wait(3)
    assert state(stage) == PlayerState.PAUSED
    assert chooser.silent.starts == 0
    assert stage.status.device_problem == "No sound: gone"


def test_a_stand_in_is_given_back_too(note: bytes) -> None:
    """After a pause the device is looked for again."""
    chooser = Chooser()
    chooser.device.reason = "none"
    stage = Stage(chooser.choice)
    stage.output = chooser.silent
    stage.do(Load(1, note))
    stage.play(0.5)
    stage.do(Pause())
    stage.play(6)
    assert chooser.silent.pull is None
    stage.do(Play())
    assert state(stage) == PlayerState.PLAYING
    assert chooser.device.starts == 2


def test_a_device_that_hangs_does_not_hang_the_engine(note: bytes) -> None:
    """It gets three seconds; when it answers after all, it is used."""
    stage = Stage()
    calls: list[Callable[[], None]] = []
    stage.engine._device._spawn = calls.append
    stage.do(Load(1, note))
    assert state(stage) == PlayerState.PLAYING
    stage.wait(2.5)
    assert stage.status.device_problem == ""
    stage.wait(1)
    assert stage.status.device_problem == "No sound: the sound device does not answer"
    assert state(stage) == PlayerState.PAUSED
    stage.wait(20)
    assert len(calls) == 1, "one call at a time"
    calls.pop()()
    stage.settle()
    assert state(stage) == PlayerState.PLAYING
    assert stage.status.device_problem == ""
    assert find(NOISE, stage.play(0.2)[480:]) == 240


def test_a_device_that_hangs_when_it_is_closed(note: bytes) -> None:
    """It is opened again when the call has come back."""
    stage = Stage()
    stage.do(Load(1, note))
    stage.play(1)
    calls: list[Callable[[], None]] = []
    stage.engine._device._spawn = calls.append
    stage.wait(2)
    assert stage.status.device_problem == LOST
    stage.wait(10)
    assert len(calls) == 1
    stage.engine._device._spawn = lambda call: call()
    calls.pop()()
    stage.settle()
    assert state(stage) == PlayerState.PLAYING


def test_a_closed_device_that_still_asks_hears_silence(note: bytes) -> None:
    """Nothing is lost to a device that was given up."""
    stage = Stage()
    stage.do(Load(1, note))
    stage.play(1)
    old = stage.output.pull
    assert old is not None
    stage.wait(3)
    assert state(stage) == PlayerState.PLAYING
    assert not any(old(960))
    assert find(NOISE, stage.play(0.2)[480:]) == 48_000 + 240


def test_an_output_that_fails_in_any_way_is_a_line(
    note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with an error that nobody foresaw."""
    stage = Stage()

    def fail(pull: object) -> None:
        raise RuntimeError(str(type(pull)) and "no such luck")

    monkeypatch.setattr(stage.output, "start", fail)
    stage.do(Load(1, note))
    assert "no such luck" in stage.status.device_problem
    assert state(stage) == PlayerState.PAUSED


def test_a_mixer_that_fails_is_silence(
    note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device's thread must not see an exception."""
    stage = Stage()
    stage.do(Load(1, note))

    def fail(plan: object) -> None:
        raise RuntimeError(plan)

    monkeypatch.setattr(stage.engine._mixer, "_follow", fail)
    assert not any(stage.play(0.1))
    monkeypatch.undo()
    assert any(stage.play(0.1))


def test_close_gives_the_device_back(note: bytes) -> None:
    """With the real threads; what was sent afterwards is ignored."""
    output = HandOutput()
    playing = threading.Event()

    def take(event: PlayerEvent) -> None:
        if isinstance(event, StateChanged) and event.status.output:
            playing.set()

    engine = Engine(output, emit=take)
    engine.start()
    engine.start()
    engine.send(Load(1, note))
    assert playing.wait(5)
    assert output.pull is not None
    assert any(output.pull(960))
    engine.close()
    assert engine._thread is not None
    assert not engine._thread.is_alive()
    assert output.stops == 1
    engine.send(Play())
    engine.close()
