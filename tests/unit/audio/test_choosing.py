"""Another output while one plays: what is heard, and what if it does not work."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.sound import bend, find, noise, sine, wav
from tests.support.stage import HandOutput, Stage
from tui.audio import _device as device
from tui.audio._commands import Load, Pause, Play, SetMuted
from tui.audio._events import Ended, OutputInfo, OutputsListed, PlayerState
from tui.audio._outputs import AutoChooser
from tui.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOISE = noise(8)
FADE = 240


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give the path of eight seconds of noise."""
    path = tmp_path / "noise.wav"
    path.write_bytes(wav(NOISE))
    return os.fsencode(path)


class HeldOutput(HandOutput):
    """An output that holds sound ready and takes it back; a test hears it."""

    delay_ms = 10
    depth = 4_800

    def __init__(self) -> None:
        super().__init__()
        self.name = "held"
        self.held = b""
        self.is_failed = False

    @property
    def latency_ms(self) -> int:
        """How much is held."""
        return len(self.held) // 96

    @latency_ms.setter
    def latency_ms(self, _value: int) -> None:
        """Say nothing to what a simpler one has from the start."""

    def rewrite(self, rewind: Callable[[int], int], change: Callable[[], None]) -> None:
        """Take all back."""
        frames = rewind(len(self.held) // 2)
        change()
        if self.pull is not None:
            self.held = self.held[: len(self.held) - 2 * frames] + self.pull(frames)

    def hear(self, frames: int) -> bytes:
        """Give what sounds next, and have the same again in store."""
        assert self.pull is not None
        self.held += self.pull(frames + self.depth - len(self.held) // 2)
        heard, self.held = self.held[: 2 * frames], self.held[2 * frames :]
        return heard


class Room:
    """An engine that plays on one output, and others by name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage = Stage()
        self.first = self.stage.output
        self.held = HeldOutput()
        self.others: dict[str, HandOutput] = {"held": self.held}
        for name in ("usb", "hdmi"):
            self.others[name] = HandOutput()
            self.others[name].name = name
        self.device = self.stage.engine._device
        monkeypatch.setattr(device, "make_output", self._make)

    def _make(self, name: str) -> HandOutput | AutoChooser:
        if name == "auto":
            return AutoChooser([self.others["usb"]], self.others["hdmi"])
        if name not in self.others:
            raise UsageError(f"there is no output '{name}'")
        return self.others[name]

    def choose(self, name: str) -> None:
        """Do what `SetOutput` does."""
        self.device.choose(name)
        self.stage.settle()

    def state(self) -> PlayerState:
        """Give the state now."""
        return self.stage.status.state

    def hear(self, name: str, seconds: float) -> bytes:
        """Let time go on, with another output that asks for sound."""
        self.stage.output = self.others[name]
        return self.stage.play(seconds)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    """Give an engine and its outputs."""
    return Room(monkeypatch)


@pytest.mark.parametrize("block", [100, 960])
def test_it_goes_on_where_the_other_one_left(
    room: Room, note: bytes, block: int
) -> None:
    """Not a sample is missing, none comes twice; the old one is given back."""
    room.stage.do(Load(1, note))
    room.stage.play(1)
    room.choose("usb")
    assert room.device.chosen == "usb"
    assert room.others["usb"].pull is not None
    assert not any(room.others["usb"].pull(960)), "one at a time"
    left = room.stage.play(0.02, block=block)
    assert room.first.pull is None
    assert left[2 * FADE :].strip(b"\0") == b""
    heard = room.hear("usb", 0.2)
    place = 48_000 + FADE
    assert heard[2 * FADE :] == NOISE[2 * (place + FADE) :][: len(heard) - 2 * FADE]
    assert (room.stage.status.output, room.stage.status.device_problem) == ("usb", "")
    assert room.stage.status.position_ms == pytest.approx(1_205, abs=100)


def test_there_is_no_click(room: Room, tmp_path: Path) -> None:
    """Neither where the old one ends nor where the new one begins."""
    path = tmp_path / "sine.wav"
    path.write_bytes(wav(sine(3)))
    room.stage.do(Load(1, os.fsencode(path)))
    room.stage.play(1)
    room.choose("usb")
    ends = room.stage.play(0.04)
    begins = room.hear("usb", 0.1)
    before = bytes(room.stage.heard[: -len(ends) - len(begins)])
    assert bend(before + ends) <= bend(sine(0.5)) + 4
    assert bend(bytes(100) + begins) <= bend(sine(0.5)) + 4


@pytest.mark.parametrize("name", ["usb", "\x1b[2J" + "x" * 300])
def test_what_can_not_be_had_is_told_for_a_while(
    room: Room, note: bytes, name: str
) -> None:
    """The old one goes on as if nothing had been."""
    room.others["usb"].reason = "it is busy"
    room.stage.do(Load(1, note))
    room.stage.play(1)
    room.choose(name)
    told = room.stage.status.device_problem
    assert told.startswith("Can't play on ")
    assert told.isprintable()
    assert len(told) < 100
    assert room.device.chosen == "hand"
    assert room.state() is PlayerState.PLAYING
    heard = room.stage.play(4.9)
    assert find(NOISE, heard) == 48_000
    assert room.stage.status.device_problem == told
    room.stage.play(0.3)
    assert room.stage.status.device_problem == ""
    assert room.first.stops == 0


def test_one_that_does_not_answer_is_given_up(room: Room, note: bytes) -> None:
    """The sound goes on; when it answers after all, it is closed again."""
    room.stage.do(Load(1, note))
    calls: list[Callable[[], None]] = []
    room.device._spawn = calls.append
    room.choose("usb")
    assert room.device.chosen == "usb"
    heard = room.stage.play(3.1)
    assert find(NOISE, heard[480:]) == 240
    told = "Can't play on usb: the sound device does not answer"
    assert room.stage.status.device_problem == told
    calls.pop()()
    room.device._spawn = lambda call: call()
    assert room.others["usb"].pull is None
    room.choose("hdmi")
    room.stage.play(0.02)
    assert room.stage.status.output == "hdmi"


def test_the_last_choice_counts(room: Room, note: bytes) -> None:
    """Who goes through a list quickly hears where he stopped."""
    room.stage.do(Load(1, note))
    room.stage.play(1)
    calls: list[Callable[[], None]] = []
    room.device._spawn = calls.append
    room.choose("usb")
    room.choose("auto")
    room.choose("hdmi")
    assert room.device.chosen == "hdmi"
    room.device._spawn = lambda call: call()
    calls.pop()()
    room.stage.settle()
    assert room.others["usb"].pull is None
    room.stage.play(0.02)
    assert room.stage.status.output == "hdmi"
    assert find(NOISE, room.hear("hdmi", 0.1)[2 * FADE :]) == 48_000 + 2 * FADE


def test_one_that_hangs_is_left_all_the_same(room: Room, note: bytes) -> None:
    """It gets a moment to fade out, which it does not use."""
    room.stage.do(Load(1, note))
    room.stage.play(1)
    room.choose("usb")
    room.stage.wait(0.4)
    assert room.first.pull is None
    assert find(NOISE, room.hear("usb", 0.1)[480:]) == 48_000 + 240


def test_a_lost_device_is_left_for_another(room: Room, note: bytes) -> None:
    """It plays on there; and if that does not work either, the first is waited for."""
    room.stage.do(Load(1, note))
    room.stage.play(1)
    room.first.reason = "gone"
    room.stage.wait(2)
    room.others["usb"].reason = "broken"
    room.choose("usb")
    assert room.stage.status.device_problem == "Can't play on usb: broken"
    assert room.state() is PlayerState.PAUSED
    room.stage.wait(6)
    assert room.stage.status.device_problem == "No sound: gone"
    room.choose("hdmi")
    assert room.state() is PlayerState.PLAYING
    assert (room.stage.status.output, room.stage.status.device_problem) == ("hdmi", "")
    assert find(NOISE, room.hear("hdmi", 0.2)[480:]) == 48_000 + 240


def test_while_nothing_plays_it_is_tried(room: Room, note: bytes) -> None:
    """One learns at once whether it works; then it is given back."""
    room.stage.do(Load(1, note, play=False))
    room.others["usb"].reason = "broken"
    room.choose("usb")
    assert room.stage.status.device_problem == "Can't play on usb: broken"
    room.choose("hdmi")
    assert (room.stage.status.output, room.stage.status.device_problem) == ("hdmi", "")
    room.stage.wait(5.2)
    assert room.others["hdmi"].pull is None
    room.stage.do(Play())
    assert room.others["hdmi"].starts == 2
    assert room.first.starts == 0
    assert find(NOISE, room.hear("hdmi", 0.2)[480:]) == 240


def test_a_pause_in_the_middle_of_it(room: Room, note: bytes) -> None:
    """It goes on at the same place, on the new one."""
    room.stage.do(Load(1, note))
    room.stage.play(1)
    room.choose("usb")
    room.stage.do(Pause())
    room.stage.play(0.04)
    assert room.stage.status.output == "usb"
    assert not any(room.hear("usb", 0.1))
    room.stage.do(Play())
    heard = room.stage.play(0.1)
    assert find(NOISE, heard[2 * FADE :]) == pytest.approx(48_000 + 2 * FADE, abs=FADE)


def test_all_are_given_back_at_the_end(room: Room, note: bytes) -> None:
    """Also those that are just changing."""
    room.stage.do(Load(1, note))
    room.stage.play(1)
    room.choose("usb")
    room.device.close(1.0)
    assert room.first.pull is None
    assert room.others["usb"].pull is None


def test_auto_looks_again(room: Room, note: bytes) -> None:
    """And silence does not take over from a device that works."""
    room.others["usb"].reason = "none"
    room.stage.do(Load(1, note))
    room.stage.play(1)
    room.choose("auto")
    assert room.stage.status.device_problem == "Can't play on auto: none"
    assert room.stage.status.output == "hand"


def test_outputs_are_told_with_the_chosen_one(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the engine's thread; and none when they can't be looked for."""
    found = (OutputInfo("auto", "the usual device"), OutputInfo("null", "silence"))
    monkeypatch.setattr(device, "list_outputs", lambda: found)
    told: list[OutputsListed] = []
    calls: list[Callable[[], None]] = []
    room.device._spawn = calls.append
    room.device.list_outputs(told.append)
    calls.pop()()
    assert told == []
    room.stage.settle()
    assert told == [OutputsListed(found, "hand")]

    def fail() -> tuple[OutputInfo, ...]:
        raise RuntimeError

    monkeypatch.setattr(device, "list_outputs", fail)
    room.device.list_outputs(told.append)
    calls.pop()()
    room.stage.settle()
    assert told[1:] == [OutputsListed((), "hand")]


def test_what_was_held_ready_is_taken_back(room: Room, note: bytes) -> None:
    """From an output that has 100 ms in store, and to one that has silence there."""
    room.stage.do(Load(1, note))
    room.stage.play(1)
    room.choose("held")
    room.held.hear(480)
    room.stage.play(0.02)
    heard = room.held.hear(24_000)
    assert find(NOISE, heard[4 * FADE :]) == 48_000 + 3 * FADE
    room.choose("usb")
    last = room.held.hear(4_800)
    assert last[2 * FADE :].strip(b"\0") == b""
    room.stage.wait(0.02, 0.005)
    assert room.held.pull is None
    place = 48_000 + FADE + 24_000 + FADE
    assert find(NOISE, room.hear("usb", 0.1)[2 * FADE :]) == place + FADE


def test_an_end_that_was_not_heard_is_taken_back(room: Room, tmp_path: Path) -> None:
    """The last tenth of a second goes to the other output, and only then it is over."""
    path = tmp_path / "short.wav"
    path.write_bytes(wav(NOISE[: 2 * 12_000]))
    room.stage.do(Load(1, os.fsencode(path)))
    room.choose("held")
    room.held.hear(480)
    room.stage.play(0.02)
    for _ in range(16):
        room.held.hear(480)
        room.stage.settle()
    assert room.stage.engine._mixer.finished is not None
    room.choose("usb")
    room.held.hear(4_800)
    room.stage.wait(0.15, 0.005)  # until the other one is open
    begin = len(room.stage.heard)
    room.hear("usb", 0.04)
    assert not room.stage.told(Ended)
    assert room.state() is PlayerState.PLAYING
    room.hear("usb", 0.3)
    assert len(room.stage.told(Ended)) == 1
    assert len(bytes(room.stage.heard[begin:]).rstrip(b"\0")) // 2 > 960


def test_a_device_that_tells_that_it_has_gone(room: Room, note: bytes) -> None:
    """One need not wait for a second, and what was not heard comes again."""
    room.stage.do(Load(1, note))
    room.choose("held")
    room.stage.play(0.02)
    for _ in range(50):
        room.held.hear(960)
        room.stage.settle()
    room.stage.do(SetMuted(muted=True))
    assert not any(room.held.held[2 * FADE :]), "what it had in store is another"
    room.held.is_failed = True
    room.held.reason = "gone"
    room.stage.wait(0.3)
    assert room.state() is PlayerState.PAUSED
    at_ms = 1_000 + 1000 * FADE // 48_000
    assert room.stage.status.position_ms == pytest.approx(at_ms, abs=2)


def test_one_that_never_came_is_left_for_another(room: Room, note: bytes) -> None:
    """A call that hangs does not keep anybody from choosing."""
    calls: list[Callable[[], None]] = []
    room.device._spawn = calls.append
    room.stage.do(Load(1, note))
    room.stage.wait(3.2)
    assert room.state() is PlayerState.PAUSED
    room.device._spawn = lambda call: call()
    room.choose("usb")
    assert room.state() is PlayerState.PLAYING
    calls.pop()()
    assert room.first.pull is None
    assert find(NOISE, room.hear("usb", 0.1)[480:]) == 240


def test_the_end_does_not_wait_for_one_that_hangs(room: Room, note: bytes) -> None:
    """Nor for one that fails to stop; what opens later is closed."""
    room.stage.do(Load(1, note))

    def fail() -> None:
        raise RuntimeError

    room.first.stop = fail  # type: ignore[method-assign]  # one that fails
    calls: list[Callable[[], None]] = []
    room.device._spawn = calls.append
    room.choose("usb")
    room.device._spawn = lambda call: call()
    room.device.close(0.01)
    assert not room.device.is_open
    calls.pop()()
    assert room.others["usb"].pull is None


def test_one_that_came_too_late_is_closed(room: Room, note: bytes) -> None:
    """Also when it came in the very moment in which it was given up."""
    room.stage.do(Load(1, note))
    room.stage.play(1)
    calls: list[Callable[[], None]] = []
    room.device._spawn = calls.append
    room.choose("usb")
    job = room.device._job
    assert job is not None
    job.done.set = lambda: None  # type: ignore[method-assign]  # not told yet
    room.device._spawn = lambda call: call()
    calls.pop()()
    assert room.others["usb"].starts == 1
    room.stage.play(3.1)
    assert room.others["usb"].pull is None
    assert room.stage.status.output == "hand"
