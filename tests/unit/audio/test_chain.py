"""Recordings that follow each other, to the sample, and what is between them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sound import bend, find, noise, sine, wav
from tests.support.stage import Stage
from tui.audio._api import RATE
from tui.audio._commands import (
    Load,
    Pause,
    Play,
    Prepare,
    PrepareNothing,
    Seek,
    SetLoop,
    SetSpeed,
    SetVolume,
    Stop,
)
from tui.audio._events import Ended, Failed, PlayerState, StateChanged
from tui.audio._fades import FADE
from tui.audio._mixer import Mixer, Plan
from tui.audio._ring import Ring
from tui.audio._sound import Sound
from tui.audio._tone import TONE_FRAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._commands import Command

ONE, OTHER = noise(1.2), noise(1.5, seed=2)
FRAMES = len(ONE) // 2
UNDISTURBED = bend(sine(0.5)) + 4


class RewritingHand:
    """Holds much sound ready, and takes it back when something changes."""

    name = "hand"
    latency_ms = 200
    delay_ms = 20
    depth = 9600

    def __init__(self) -> None:
        self.pull: Callable[[int], bytes] | None = None
        self._held = b""

    def start(self, pull: Callable[[int], bytes]) -> None:
        self.pull = self.play
        self._source = pull

    def stop(self) -> None:
        self.pull = None

    def is_alive(self) -> bool:
        return True

    def rewrite(self, rewind: Callable[[int], int], change: Callable[[], None]) -> None:
        frames = max(0, len(self._held) // 2 - 960)
        frames = rewind(frames) if frames else 0
        change()
        if frames:
            self._held = self._held[: -2 * frames]
            self._fill()

    def play(self, frames: int) -> bytes:
        """Give what is heard in this time."""
        self._fill()
        heard, self._held = self._held[: 2 * frames], self._held[2 * frames :]
        self._fill()
        return heard

    def _fill(self) -> None:
        while len(self._held) < 2 * self.depth:
            self._held += self._source(480)


def stage_on(output: str) -> Stage:
    """Give an engine on an output of one of both kinds."""
    if output == "plain":
        return Stage()
    hand = RewritingHand()
    stage = Stage(hand)  # type: ignore[arg-type]  # an output is as good as a chooser
    stage.output = hand  # type: ignore[assignment]  # what `pull` asks
    return stage


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], bytes]:
    """Give what writes a recording and returns its path."""

    def write(name: str, pcm: bytes) -> bytes:
        path = tmp_path / name
        path.write_bytes(wav(pcm))
        return os.fsencode(path)

    return write


@pytest.mark.parametrize("output", ["plain", "rewriting"])
@pytest.mark.parametrize("block", [480, 277, 4800])
def test_no_frame_is_lost_and_none_is_inserted(
    write: Callable[[str, bytes], bytes], output: str, block: int
) -> None:
    """What follows begins with the frame behind the last one; both only fade."""
    stage = stage_on(output)
    stage.do(Load(1, write("a", ONE)), Prepare(2, write("b", OTHER), 300))
    heard = stage.play(3, block=block)
    begin = 2 * FADE
    assert heard[begin : len(ONE) - begin] == ONE[begin:-begin]
    rest = OTHER[2 * 300 * 48 :]
    after = heard[len(ONE) :]
    assert after[begin : len(rest) - begin] == rest[begin:-begin]
    assert not any(after[len(rest) :])
    assert stage.engine._mixer.starved == 0
    assert stage.told(Ended) == [Ended(1), Ended(2)]
    assert stage.told(Failed) == []


def test_the_other_one_is_told_when_it_is_heard(
    write: Callable[[str, bytes], bytes],
) -> None:
    """The end and the new state come together; the positions are exact around it."""
    stage = stage_on("rewriting")
    path = write("b", OTHER)
    stage.do(Load(1, write("a", ONE)))
    stage.do(Prepare(2, path, 300, Sound(2.0, boost_db=0.0)), SetLoop(0, 10))
    stage.do(SetLoop())
    for _ in range(119):
        stage.play(0.01, block=480)
        assert stage.status.generation == 1
    assert stage.engine._position_ms() == pytest.approx(1190, abs=1)
    stage.play(0.02, block=480)
    assert stage.status.generation == 2
    assert stage.engine._position_ms() == pytest.approx(320, abs=1)
    at = stage.events.index(Ended(1))
    told = stage.events[at + 1]
    assert isinstance(told, StateChanged)
    now = told.status
    assert (now.generation, now.path, now.speed) == (2, path, 2.0)
    assert (now.state, now.duration_ms) == (PlayerState.PLAYING, 1500)
    assert 300 <= now.position_ms <= 320
    assert (now.loop_start_ms, now.loop_end_ms) == (None, None)


@pytest.mark.parametrize("tone", [False, True])
def test_what_is_between_has_its_length(
    write: Callable[[str, bytes], bytes], tone: bool
) -> None:
    """Silence to the frame, the tone in its middle; then it begins softly."""
    stage = stage_on("rewriting")
    prepare = Prepare(2, write("b", OTHER), 300, gap_ms=250, tone=tone)
    stage.do(Load(1, write("a", ONE)), prepare)
    positions = []
    for _ in range(165):
        stage.play(0.01, block=480)
        if stage.status.generation == 2:
            positions.append(stage.engine._position_ms())
    gap = RATE // 4
    lead = gap + (TONE_FRAMES if tone else 0)
    heard = bytes(stage.heard)
    between = memoryview(heard).cast("h")[FRAMES : FRAMES + lead]
    if tone:
        middle = between[gap // 2 : gap // 2 + TONE_FRAMES]
        assert 1700 < max(middle) < 2068  # 24 dB below full scale
        assert bend(bytes(middle)) < 18
        between = memoryview(
            bytes(between[: gap // 2]) + bytes(between[gap // 2 + TONE_FRAMES :])
        )
    assert not any(between)
    content = heard[2 * (FRAMES + lead) :]
    assert find(OTHER, content[2 * FADE : 4000]) == 300 * 48 + FADE
    first = memoryview(content).cast("h")[:6]
    assert max(map(abs, first)) < 60
    assert positions[: lead // 480 - 1] == [300] * (lead // 480 - 1)
    assert positions == sorted(positions)


COMMANDS: dict[str, list[Command]] = {
    "seek": [Seek(700)],
    "pause": [Pause()],
    "volume": [SetVolume(0.3)],
    "speed": [SetSpeed(1.5)],
    "nothing": [PrepareNothing()],
    "stop": [Stop()],
}


@pytest.mark.parametrize("output", ["plain", "rewriting"])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_around_a_joint_makes_a_click(
    write: Callable[[str, bytes], bytes], output: str, name: str
) -> None:
    """Whether it comes before, while or after the mixer goes over."""
    one, other = write("a", sine(0.5)[:-60]), write("b", sine(1)[62:])
    # Of a few milliseconds at another speed there is too little for two fades.
    for early in (0.02 if name == "speed" else 0.004, 0.1, 0.19):
        stage = stage_on(output)
        stage.do(Load(1, one), Prepare(2, other, 133))
        stage.play(0.5 - early, block=96)
        stage.do(*COMMANDS[name])
        stage.play(0.3, block=96)
        stage.do(Play())
        stage.play(0.2, block=96)
        assert max(memoryview(stage.heard).cast("h")) > 8000, "there is sound"
        assert bend(bytes(stage.heard)) <= UNDISTURBED


def test_a_seek_before_it_is_heard_means_the_one_that_is_heard(
    write: Callable[[str, bytes], bytes],
) -> None:
    """The one that follows waits again, from its start, whole."""
    for output in ("plain", "rewriting"):
        stage = stage_on(output)
        stage.output.latency_ms = 200
        stage.do(Load(1, write("a", ONE)), Prepare(2, write("b", OTHER)))
        stage.play(1.1, block=480)
        if output == "plain":
            stage.play(0.15, block=480)
        assert stage.status.generation == 1
        stage.do(Seek(900))
        assert stage.status.generation == 1
        mark = len(stage.heard)
        stage.play(0.6, block=480)
        heard = bytes(stage.heard[mark:])
        begin = find(heard, ONE[-19_200:-19_000])
        assert begin >= 0
        after = heard[2 * (begin + 9600) :]
        assert after[2 * FADE : 9000] == OTHER[2 * FADE : 9000]
        stage.play(0.3, block=480)
        assert stage.status.generation == 2
        assert stage.told(Ended) == [Ended(1)]


def test_a_pause_before_it_is_heard_is_one_of_the_other(
    write: Callable[[str, bytes], bytes],
) -> None:
    """Nothing of what follows sounds; then it comes at its place."""
    stage = stage_on("rewriting")
    stage.do(Load(1, write("a", ONE)), Prepare(2, write("b", OTHER)))
    stage.play(1.15, block=480)
    stage.do(Pause())
    tail = stage.play(0.3, block=480)
    assert len(tail.rstrip(b"\0")) <= 2 * (960 + 2 * FADE)
    assert (stage.status.generation, stage.status.state) == (1, PlayerState.PAUSED)
    stage.do(Play())
    heard = stage.play(0.5, block=480)
    assert heard.find(OTHER[2 * FADE : 8000]) > 0
    assert stage.status.generation == 2


def test_what_can_not_follow_is_told_at_once(
    write: Callable[[str, bytes], bytes], tmp_path: Path
) -> None:
    """What plays goes on, and then it is over."""
    stage = Stage()
    empty = tmp_path / "text"
    empty.write_bytes(b"no sound at all" * 99)
    gone = os.fsencode(tmp_path / "gone")
    stage.do(Load(1, write("a", ONE)))
    stage.play(0.2)
    stage.do(Prepare(2, gone))
    stage.do(Prepare(3, os.fsencode(empty)))
    assert stage.told(Failed)[0] == Failed(2, gone, "vanished")
    assert stage.told(Failed)[1].generation == 3
    assert stage.status.state is PlayerState.PLAYING
    stage.play(1.2)
    assert stage.told(StateChanged)[-1].status.state is PlayerState.ENDED
    assert stage.told(Ended) == [Ended(1)]


@pytest.mark.parametrize("last", [PrepareNothing(), Stop(), None])
def test_what_was_prepared_can_be_forgotten(
    write: Callable[[str, bytes], bytes], last: Command | None
) -> None:
    """By a word, by another load, by a stop."""
    stage = Stage()
    path = write("a", ONE)
    stage.do(Load(1, path), Prepare(2, write("b", OTHER)))
    stage.play(0.1)
    stage.do(last or Load(3, path))
    heard = stage.play(1.5)
    assert find(heard, OTHER[2000:2100]) < 0
    assert stage.told(Ended) == (
        [] if isinstance(last, Stop) else [Ended(3 if last is None else 1)]
    )


def test_after_the_end_nothing_follows_until_the_next_one(
    write: Callable[[str, bytes], bytes],
) -> None:
    """Whoever prepares too late has to load; playing again leads there as well."""
    stage = Stage()
    stage.do(Load(1, write("a", ONE), 1100))
    stage.play(0.2)
    assert stage.status.state is PlayerState.ENDED
    stage.do(Prepare(2, write("b", OTHER)))
    assert not any(stage.play(0.2))
    stage.do(Play(), Seek(1100))
    stage.play(0.2)
    assert (stage.status.generation, stage.status.state) == (2, PlayerState.PLAYING)


def test_a_failed_recording_keeps_what_follows(
    write: Callable[[str, bytes], bytes],
) -> None:
    """When it can be played after all, the other one comes behind it."""
    stage = Stage()
    path = write("a", ONE)
    gone = path + b".gone"
    stage.do(Load(1, gone))
    stage.do(Prepare(2, write("b", OTHER)))
    assert stage.engine._wait_s() != 0
    assert not any(stage.play(0.2))
    Path(os.fsdecode(path)).rename(os.fsdecode(gone))
    stage.do(Play())
    stage.play(1.4)
    assert stage.status.generation == 2
    assert stage.told(Ended) == [Ended(1)]


def test_it_sounds_as_the_one_before_unless_told_otherwise(
    write: Callable[[str, bytes], bytes],
) -> None:
    """A speed that is set meanwhile is that of what follows, too."""
    for sound, speed in ((None, 2.0), (Sound(0.5), 0.5)):
        stage = stage_on("rewriting")
        stage.do(Load(1, write("a", ONE)), Prepare(2, write("b", OTHER), sound=sound))
        stage.play(0.4)
        stage.do(SetSpeed(2.0))
        assert stage.status.generation == 1
        stage.play(0.6)
        assert stage.status.generation == 2
        assert stage.status.speed == speed
        before = stage.engine._position_ms()
        stage.play(0.2)
        passed = stage.engine._position_ms() - before
        assert passed == pytest.approx(200 * speed, abs=2)


def test_a_very_short_one_is_passed(write: Callable[[str, bytes], bytes]) -> None:
    """What is over before its begin is heard still begins, and ends."""
    stage = stage_on("rewriting")
    short = write("b", OTHER[:2000])
    stage.do(Load(1, write("a", ONE), 1000), Prepare(2, short))
    stage.play(0.6, block=480)
    assert stage.told(Ended) == [Ended(1), Ended(2)]
    assert stage.status.state is PlayerState.ENDED


def test_a_ring_that_was_begun_twice_is_given_back_once() -> None:
    """What follows had begun, something else was put before it, and it came again."""
    for _ in range(20):
        one, other, last = Ring(0.0, 1.0), Ring(1.0, 1.0), Ring(2.0, 1.0)
        for ring, frames in ((one, 100), (other, 100), (last, 9000)):
            ring.put(OTHER[: 2 * frames], ring.position)
            ring.complete = True
        mixer = Mixer(lambda: None)
        mixer.plan = Plan(one, playing=True, following=last)
        mixer.pull(960)
        mixer.plan = Plan(other, playing=True, following=last)
        mixer.pull(1200)
        assert last.taken > 960
        assert mixer.rewind(2160) == 2160
        assert (one.taken, other.taken, last.taken) == (0, 0, 0)


STEPS = st.tuples(
    st.sampled_from(("", "ring", "following", "taken over")),
    st.booleans(),  # whether it plays
    st.lists(st.integers(1, 900), min_size=1, max_size=6),
)
Step = tuple[str, bool, list[int]]


class _Story:
    """A mixer that is told one step after the other."""

    def __init__(self) -> None:
        self.rings = []
        for number, length in enumerate((3, 1, 20, 1, 2, 9, 1, 3, 1, 4, 2, 30)):
            ring = Ring(float(number), 1.0)
            for block in range(length):
                begin = 1_000 * ((7 * number + block) % 80)
                ring.put(OTHER[begin : begin + 1_000], number + block / 96)
            ring.complete = True
            self.rings.append(ring)
        self.left = iter(self.rings)
        self.mixer = Mixer(lambda: None)

    def tell(self, step: Step) -> None:
        """Change the plan."""
        plan = self.mixer.plan
        ring, following = plan.ring, plan.following
        match step[0]:
            case "ring":
                ring = next(self.left)
            case "following":
                following = next(self.left)
            case "taken over" if following is not None:
                ring, following = following, None
        self.mixer.plan = Plan(ring, step[1], following=following)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=5), STEPS, st.data())
def test_going_back_across_a_joint_is_as_if_it_had_not_gone_on(
    steps: list[Step], last: Step, data: st.DataObject
) -> None:
    """What follows is to the sample what a mixer gives that stopped there."""
    story = _Story()
    given_: list[bytes] = []
    for step in steps:
        story.tell(step)
        given_ += map(story.mixer.pull, step[2])
    total = sum(sum(step[2]) for step in steps)
    frames = data.draw(st.integers(0, total))
    assert story.mixer.rewind(frames) == frames
    story.tell(last)
    after = list(map(story.mixer.pull, last[2]))

    other = _Story()
    left = total - frames
    heard = b""
    for step in steps:
        other.tell(step)
        for size in step[2]:
            if part := min(size, left):
                heard += other.mixer.pull(part)
                left -= part
    other.tell(last)
    assert b"".join(given_)[: len(heard)] == heard
    assert after == list(map(other.mixer.pull, last[2]))
    assert [r.taken for r in story.rings] == [r.taken for r in other.rings]
