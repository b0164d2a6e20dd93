"""Sound that was given to the device, taken back and given otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sound import noise
from tui.audio._mixer import UNITY, Mixer, Plan
from tui.audio._ring import Ring

if TYPE_CHECKING:
    from collections.abc import Sequence

SOUND = noise(1.0)


def rings(lengths: Sequence[int]) -> list[Ring]:
    """Make rings of different sound, of so many thousand frames."""
    made = []
    for number, length in enumerate(lengths):
        ring = Ring(float(number), 1.0)
        for block in range(length):
            begin = 2_000 * ((7 * number + block) % 40)
            ring.put(SOUND[begin : begin + 2_000], number + block / 48)
        ring.complete = True
        made.append(ring)
    return made


STEPS = st.tuples(
    st.booleans(),  # whether another recording is put in
    st.booleans(),  # whether it plays
    st.sampled_from((0, UNITY // 3, UNITY)),
    st.lists(st.integers(1, 900), min_size=1, max_size=6),
)
LENGTHS = (30, 1, 20, 2, 9, 30, 3)


class _Story:
    """A mixer that is told one step after the other."""

    def __init__(self) -> None:
        self.rings = rings(LENGTHS)
        self.mixer = Mixer(lambda: None)
        self.at = -1

    def tell(self, step: tuple[bool, bool, int, list[int]]) -> None:
        """Change the plan."""
        self.at += step[0]
        ring = self.rings[self.at] if self.at >= 0 else None
        self.mixer.plan = Plan(ring, step[1], step[2])


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=5), STEPS, st.data())
def test_going_back_is_as_if_it_had_not_gone_on(
    steps: list[tuple[bool, bool, int, list[int]]],
    last: tuple[bool, bool, int, list[int]],
    data: st.DataObject,
) -> None:
    """What follows is to the sample what a mixer gives that stopped there."""
    story = _Story()
    given: list[bytes] = []
    for step in steps:
        story.tell(step)
        given += map(story.mixer.pull, step[3])
    total = sum(sum(step[3]) for step in steps)
    frames = data.draw(st.integers(0, min(total, 24_000)))
    assert story.mixer.rewind(frames) == frames
    story.tell(last)
    after = list(map(story.mixer.pull, last[3]))

    other = _Story()
    left = total - frames
    heard = b""
    for step in steps:
        other.tell(step)
        for size in step[3]:
            if part := min(size, left):
                heard += other.mixer.pull(part)
                left -= part
    other.tell(last)
    assert b"".join(given)[: len(heard)] == heard
    assert after == list(map(other.mixer.pull, last[3]))
    assert [r.taken for r in story.rings] == [r.taken for r in other.rings]
    assert [r.position for r in story.rings] == [r.position for r in other.rings]


def test_an_end_that_was_not_heard_yet_is_taken_back() -> None:
    """Who pauses in the last moment has not come to the end."""
    (ring,) = rings([1])
    mixer = Mixer(lambda: None)
    mixer.plan = Plan(ring, playing=True)
    mixer.pull(1_600)
    ended = [mixer.finished]
    assert mixer.rewind(700) == 700
    ended.append(mixer.finished)
    assert ended == [ring, None]
    assert ring.frames == 100


def test_only_the_last_half_second_is_remembered() -> None:
    """More would be memory for nothing; what it went back is told."""
    (ring,) = rings([30])
    mixer = Mixer(lambda: None)
    mixer.plan = Plan(ring, playing=True)
    for _ in range(29):
        mixer.pull(1_000)
    assert mixer.rewind(29_000) == 24_000
    assert ring.taken == 5_000
