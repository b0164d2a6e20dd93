"""Devices that are chosen, plugged out, taken away and shared, on a real server."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import Ear, wait_until
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import bend, find, noise, sine, sounding, wav
from tui.audio import EngineProcess, OutputInfo, OutputsListed, PlayerState
from tui.audio._api import RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.needs("pulseaudio"), pytest.mark.xdist_group("sound")]

NOISE = noise(8)
KITCHEN = "Küche [/] \N{SPEAKER}"
PIECE = 400
"""Samples that are looked up, 8 ms."""
FADE = 240
LATE = RATE // 50
"""Samples that a change may come too late where other tests keep both cores busy; what
a device holds ready is six times as much."""
HOLE_S = 0.3
"""The longest silence from one device to the other."""


class House:
    """A server with two devices, and the programs that play there."""

    def __init__(self, server: PulseServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.kitchen = server.add_sink("kitchen", KITCHEN)
        self._players: list[EngineProcess] = []

    def play(self, output: str, pcm: bytes = NOISE, at_ms: int = 0) -> Ear:
        """Start a program that plays, and wait until it does."""
        # A device asks rarely: what is proved is not how busy the machine is.
        options = ("--period-ms", "60")
        player = EngineProcess(output, log_path=self.folder / "log", options=options)
        self._players.append(player)
        ear = Ear(player)
        player.start()
        path = self.folder / f"{len(pcm)}.wav"
        path.write_bytes(wav(pcm))
        player.load(os.fsencode(path), position_ms=at_ms)
        ear.await_position(at_ms + 300)
        return ear

    def close(self) -> None:
        """End the programs."""
        for player in self._players:
            player.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give the devices, and have everybody play there."""
    with PulseServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        made = House(server, tmp_path)
        yield made
        made.close()


def hear(recorder: Recorder, frames: int) -> None:
    """Wait until so much sound was heard; a recorder may be late itself."""
    for _ in range(200):
        if len(recorder.mono().strip(b"\0")) // 2 >= frames:
            return
        recorder.wait(RATE // 20)
    raise AssertionError("nothing is heard")


def hear_the_end(recorder: Recorder) -> None:
    """Wait until what was heard has ended."""
    for _ in range(200):
        if not any(recorder.mono(-RATE // 20)):
            return
        recorder.wait(RATE // 20)
    raise AssertionError("it does not end")


def ends_at(heard: bytes) -> int:
    """Tell which sample of the noise sounded last, less the fade."""
    heard = sounding(heard)[: -2 * FADE]
    return find(NOISE, heard[-2 * PIECE :]) + PIECE


def begins_at(heard: bytes) -> int:
    """Tell which sample of the noise sounded first, behind the fade."""
    return find(NOISE, sounding(heard)[2 * FADE :][: 2 * PIECE])


def hole_s(one: Recorder, other: Recorder) -> float:
    """Tell how long nothing was heard between two devices; 0 if they overlap."""
    ended = len(one.mono().rstrip(b"\0")) // 2
    heard = other.mono()
    begun = (len(heard) - len(heard.lstrip(b"\0"))) // 2
    return max(0.0, other.time_of(begun) - one.time_of(ended - 1))


def positions(ear: Ear) -> list[int]:
    """Give all positions that were told."""
    from tui.audio._events import PositionChanged

    return [event.position_ms for event in ear.of(PositionChanged)]


@pytest.mark.parametrize(
    ("output", "other"),
    [("auto", "pulse:kitchen"), ("miniaudio", f"miniaudio:{KITCHEN}")],
)
def test_another_output_goes_on_at_once(house: House, output: str, other: str) -> None:
    """On the sample where the first one faded out."""
    with (
        Recorder(house.server) as first,
        Recorder(house.server, "kitchen") as second,
    ):
        ear = house.play(output)
        ear.player.set_output(other)
        wait_until(lambda: ear.player.status.output == other, what="the other output")
        ear.await_position(ear.player.status.position_ms + 400)
        hear(second, RATE // 5)
        ear.player.pause()
        hear_the_end(first)
        assert begins_at(second.mono()) - ends_at(first.mono()) == pytest.approx(
            2 * FADE, abs=LATE
        )
        assert hole_s(first, second) < HOLE_S
    told = positions(ear)
    steps = [after - before for before, after in pairwise(told)]
    assert min(steps) > -50
    assert max(steps) < 500


def test_no_click_at_either_end(house: House) -> None:
    """There and back again, a sine is bent nowhere more than it is by itself.

    Where other tests keep both cores busy, this process may be held up in the middle of
    a change for longer than the server leaves it. So one clean go of three is enough: a
    fault of ours would be heard in each.
    """
    most = bend(sine(0.5)) + 4
    assert any(_sharpest(house) <= most for _ in range(3))


def _sharpest(house: House) -> int:
    """Go from one device to the other and back while a sine plays."""
    with (
        Recorder(house.server) as first,
        Recorder(house.server, "kitchen") as second,
    ):
        ear = house.play("pulse", sine(8))
        for name in ("pulse:kitchen", "pulse:test", "pulse"):
            ear.player.set_output(name)
            wait_until(lambda to=name: ear.player.status.output == to, what=name)  # type: ignore[misc]  # bound now
            ear.await_position(ear.player.status.position_ms + 200)
        hear(second, RATE // 20)
        ear.player.close()
        hear_the_end(first)
        hear_the_end(second)
        heard = first.mono(), second.mono()
    for each in heard:
        assert max(memoryview(each).cast("h")) > 8000
    return max(map(bend, heard))


def _unplug(house: House) -> None:
    house.server.remove(house.kitchen)


def _kill(house: House) -> None:
    house.server.kill()
    house.server.start()


@pytest.mark.parametrize("take_away", [_unplug, _kill])
def test_a_chosen_device_is_waited_for(
    house: House, take_away: Callable[[House], None]
) -> None:
    """What was meant for headphones never goes on from a loudspeaker."""
    ear = house.play("pulse:kitchen")
    take_away(house)
    with Recorder(house.server) as speaker:
        ear.await_state(PlayerState.PAUSED)
        status = ear.player.status
        assert status.device_problem.startswith("No sound on pulse:kitchen: ")
        assert status.position_ms < 2000
        speaker.wait(RATE // 5)
        house.server.add_sink("kitchen")
        with Recorder(house.server, "kitchen") as recorder:
            ear.await_state(PlayerState.PLAYING)
            hear(recorder, RATE // 5)
            place = begins_at(recorder.mono()) - FADE
        assert not any(speaker.mono())
    assert place / 48 == pytest.approx(status.position_ms, abs=30)
    assert ear.player.status.device_problem == ""


def test_auto_follows_the_usual_device(house: House) -> None:
    """As the server moves it: to a new one, and back when that is gone."""
    server = house.server
    with Recorder(server) as first, Recorder(server, "kitchen") as second:
        ear = house.play("auto")
        server.ask("set-default-sink", "kitchen")
        assert server.sinks_in_use() == ["kitchen"]
        ear.await_position(ear.player.status.position_ms + 300)
        hear(second, RATE // 5)
        hear_the_end(first)
        assert begins_at(second.mono()) - FADE == pytest.approx(
            ends_at(first.mono()) + FADE, abs=RATE // 50
        )
    server.remove(house.kitchen)
    assert server.sinks_in_use() == ["test"]
    with Recorder(server) as again:
        ear.await_position(ear.player.status.position_ms + 300)
        hear(again, RATE // 10)
        assert find(NOISE, sounding(again.mono())[: 2 * PIECE]) > 0
    assert ear.player.status.state is PlayerState.PLAYING
    assert ear.player.status.device_problem == ""


def _peak(recorder: Recorder) -> int:
    recorder.wait(RATE // 20)
    return max(memoryview(recorder.mono(-RATE // 10)).cast("h"))


def test_two_programs_sound_and_give_the_device_back(house: House) -> None:
    """Both are heard at once; five seconds after a pause neither holds the device."""
    server = house.server
    one = house.play("auto", sine(8, level=0.2))
    other = house.play("pulse:test", sine(9, freq=660, level=0.2))
    assert server.sinks_in_use() == ["test", "test"]
    with Recorder(server) as recorder:
        # Either alone comes to 6553.
        wait_until(lambda: _peak(recorder) > 10_000, what="both")
        one.player.pause()
        other.player.pause()
        recorder.wait(RATE * 42 // 10)
        assert server.sinks_in_use() == ["test", "test"]
        wait_until(lambda: not server.sinks_in_use(), 1.5, "the release")


def test_the_devices_are_told_and_a_missing_one_refused(house: House) -> None:
    """With what the server calls them; who chooses nonsense hears no difference."""
    with Recorder(house.server) as recorder:
        ear = house.play("auto")
        ear.player.list_outputs()
        told = ear.await_count(OutputsListed, 1)
        ear.player.set_output("pulse:none")
        wait_until(lambda: bool(ear.player.status.device_problem), what="the reason")
        problem = ear.player.status.device_problem
        recorder.wait(RATE // 4)
        heard = sounding(recorder.mono())[2 * FADE :]
    assert problem == "Can't play on pulse:none: there is no device with this name"
    # A short piece: while other tests keep the cores busy the recording has holes.
    assert find(NOISE, heard[-RATE // 5 * 2 :]) > 0
    assert told.chosen == "auto"
    assert told.outputs[1:3] == (
        OutputInfo("pulse:kitchen", KITCHEN),
        OutputInfo("pulse:test", "Null Output", is_default=True),
    )
    # An extra that may be installed here.
    assert {each.name for each in told.outputs[3:-1]} <= {"simpleaudio"}
    assert (told.outputs[0].name, told.outputs[-1].name) == ("auto", "null")
