"""Commands in any order and at any moment, and what is never to come of that."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.sound import bend, find, noise, sine, wav
from tests.unit.audio.test_chain import FRAMES, ONE, OTHER, stage_on
from tui.audio._commands import (
    Load,
    Pause,
    Play,
    Prepare,
    PrepareNothing,
    Seek,
    SeekBy,
    SetLoop,
    SetSpeed,
    SetVolume,
    Stop,
    Toggle,
)
from tui.audio._events import (
    Ended,
    Failed,
    PlayerState,
    PositionChanged,
    StateChanged,
)
from tui.audio._fades import FADE
from tui.audio._local import LocalPlayer
from tui.audio._sound import Sound

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stage import Stage
    from tui.audio._commands import Command
    from tui.audio._events import PlayerEvent

UNDISTURBED = bend(sine(0.5)) + 4


class _Engine:
    """Hands every command to an engine that a test drives, and its events back."""

    def __init__(self, stage: Stage, emit: Callable[[PlayerEvent], None]) -> None:
        self.send = stage.engine.send
        self.start = lambda: None
        stage.engine._listener = emit

    def close(self, timeout: float = 2.0) -> None:
        """Nothing has to end."""
        del timeout


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], bytes]:
    """Give what writes a recording and returns its path."""

    def write(name: str, pcm: bytes) -> bytes:
        path = tmp_path / name
        path.write_bytes(wav(pcm))
        return os.fsencode(path)

    return write


class _Notes(NamedTuple):
    """What is played in a storm."""

    good: list[bytes]
    bad: bytes


@pytest.fixture
def notes(write: Callable[[str, bytes], bytes], tmp_path: Path) -> _Notes:
    """Write tones that stop in the middle of a wave, some shorter than what is held."""
    lengths = enumerate((1.2, 0.5, 2.0, 0.06, 0.3))
    good = [write(f"{i}.wav", sine(each)[: -75 * 2 * i or None]) for i, each in lengths]
    (tmp_path / "bad.wav").write_bytes(b"nonsense" * 10)
    return _Notes(good, os.fsencode(tmp_path / "bad.wav"))


def any_command(rng: random.Random, number: int, notes: _Notes, end: int) -> Command:
    """Think of a command; the end is where the recording that plays has it."""
    start = rng.randrange(1500)
    sound = rng.choice((None, Sound(), Sound(speed=1.5)))
    path = rng.choice([*notes.good, notes.bad])
    begin, gap = rng.choice((0, 100, 1000, 5000)), rng.choice((0, 0, 40))
    plays = rng.random() < 0.8
    return rng.choice(
        (
            Load(number, rng.choice(notes.good), begin, plays, sound),
            Prepare(number, path, begin // 2, sound, gap, rng.random() < 0.3),
            Prepare(number, path, 0, sound),
            rng.choice((Stop(), PrepareNothing(), Load(number, path))),
            rng.choice((SetLoop(), SetLoop(start, start + 60))),
            rng.choice((SetSpeed(1.0), SetSpeed(1.5), SetVolume(rng.random()))),
            rng.choice((Play(), Pause(), Toggle())),
            rng.choice((Seek(start), SeekBy(start - 750))),
            Seek(max(0, end - rng.choice((5, 20, 100, 250)))),
        )
    )


def open_files() -> int:
    """Count what this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def check_order(events: list[PlayerEvent]) -> None:
    """Generations only grow, and nothing is told of another than the last one."""
    generation = 0
    for event in events:
        match event:
            case StateChanged(status):
                assert status.generation >= generation
                generation = status.generation
            case Ended() | PositionChanged():
                assert event.generation == generation
            case Failed():
                assert event.generation >= generation


@pytest.mark.parametrize("output", ["plain", "rewriting"])
@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_commands(seed: int, output: str, notes: _Notes) -> None:
    """No click, no wrong order, no rest that never comes, and no file left open."""
    opened = open_files()
    rng = random.Random(seed)
    stage = stage_on(output)
    for number in range(1, 40):
        end = stage.status.duration_ms or 0
        count = rng.choice((1, 1, 1, 2))
        stage.do(*[any_command(rng, number, notes, end) for _ in range(count)])
        seconds = rng.choice((0.004, 0.02, 0.05, 0.12, 0.25))
        stage.play(seconds, block=rng.choice((277, 480, 960)))
    check_order(stage.events)
    assert max(memoryview(stage.heard).cast("h")) > 500, "there is sound"
    assert bend(bytes(stage.heard)) <= UNDISTURBED
    stage.engine._end()
    assert open_files() == opened


@pytest.mark.parametrize("back_ms", [0, 20])
def test_a_seek_to_the_end_behind_the_joint(
    write: Callable[[str, bytes], bytes], back_ms: int
) -> None:
    """The device has the next one already; it is heard from its start all the same."""
    stage = stage_on("rewriting")
    stage.do(Load(1, write("a", ONE)), Prepare(2, write("b", OTHER)))
    stage.play(FRAMES / 48_000 - 0.002, block=480)
    assert stage.status.generation == 1
    stage.do(Seek(1200 - back_ms))
    heard = stage.play(1.8, block=480)[2 * 960 :]  # before that nothing can be changed
    place = find(heard, OTHER[4 * FADE :][:400])
    assert 0 <= place <= back_ms * 48 + 4 * FADE
    size = len(OTHER) - 8 * FADE
    assert heard[2 * place :][:size] == OTHER[4 * FADE :][:size]
    assert [event.generation for event in stage.told(Ended)] == [1, 2]


@pytest.mark.parametrize("left_ms", [1, 3, 5, 8])
def test_a_scrap_does_not_click(
    write: Callable[[str, bytes], bytes], left_ms: int
) -> None:
    """There is no time to fade in and out."""
    stage = stage_on("plain")
    stage.do(Load(1, write("a", sine(1.0)), 1000 - left_ms))
    stage.play(0.2)
    assert stage.status.state is PlayerState.ENDED
    assert bend(bytes(stage.heard)) <= UNDISTURBED


def test_the_position_goes_on_to_the_end(write: Callable[[str, bytes], bytes]) -> None:
    """Also while the device has nothing of the recording but what is not heard yet."""
    stage = stage_on("rewriting")
    stage.do(Load(1, write("a", noise(1.0))))
    stage.play(0.7, block=480)
    for _ in range(28):
        stage.play(0.01, block=480)
        told = stage.engine._position_ms()
        assert told == pytest.approx(len(stage.heard) / 96, abs=25)


@pytest.mark.parametrize("first", [False, True])
def test_a_load_and_a_stop_in_one_breath(
    write: Callable[[str, bytes], bytes], *, first: bool
) -> None:
    """The engine leaves the load out; the player must not wait for it for ever."""
    stage = stage_on("plain")
    player = LocalPlayer(engine=lambda emit: _Engine(stage, emit))
    path = write("a", ONE)
    if not first:
        player.load(path)
        stage.settle()
    told: list[PlayerEvent] = []
    player.subscribe(told.append)
    player.load(path)
    player.stop()
    stage.settle()
    assert (player.status.state, player.status.path) == (PlayerState.IDLE, None)
    assert told[-1] == StateChanged(player.status)


def test_what_is_said_behind_a_load_that_fails_counts(
    write: Callable[[str, bytes], bytes], notes: _Notes
) -> None:
    """A setting and a choice that came with it are not lost."""
    stage = stage_on("plain")
    stage.do(Load(1, notes.bad), SetVolume(0.25), Prepare(2, write("a", ONE)))
    assert [event.generation for event in stage.told(Failed)] == [1]
    assert stage.status.volume == 0.25
    assert stage.engine._following is not None
    stage.engine._end()
