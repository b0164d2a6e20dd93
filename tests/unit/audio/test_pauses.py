"""Leaving out pauses: every word stays, and the clock stays true."""

from __future__ import annotations

import math
import random
from array import array
from functools import cache
from itertools import pairwise

import pytest

from tui.audio._api import RATE
from tui.audio._decode import Decoder, Recording
from tui.audio._pauses import STRENGTHS, PauseCutter
from tui.demo import CLIPS

TICK = RATE // 100
GAPS_S = (0.2, 0.8, 2.0)
AUDIBLE = 60
"""The peak up to which nobody hears a sample beside speech: -55 dBFS."""
LOUD = 0.02
"""The share of the loudest sample from which on a tick is a part of a word for sure."""


@cache
def speech(name: str) -> array[int]:
    """Decode a clip of the demo: espeak-ng's speech, as an Opus file."""
    recording = Recording(str(CLIPS / f"{name}.opus").encode())
    try:
        with Decoder(recording) as decoder:
            return array("h", b"".join(pcm for pcm, _ in decoder))
    finally:
        recording.close()


@cache
def with_gaps(level: float, noise: int) -> tuple[array[int], float]:
    """Join clips with pauses of known lengths; tells the length of those together."""
    chance = random.Random(3)
    sound: array[int] = array("h")
    for name, gap_s in zip(("keys", "boat", "boat"), GAPS_S, strict=True):
        sound += array("h", [round(sample * level) for sample in speech(name)])
        sound += array("h", bytes(round(gap_s * RATE) * 2))
    if noise:
        sound = array("h", [each + chance.randint(-noise, noise) for each in sound])
    return sound, sum(GAPS_S)


def cut(
    sound: array[int], strength: int, size: int = 960, speed: float = 1.0
) -> tuple[list[tuple[bytes, float]], PauseCutter]:
    """Run sound through a cutter, in blocks of a size."""
    cutter = PauseCutter(strength, speed)
    blocks = (
        (sound[at : at + size].tobytes(), at * speed / RATE)
        for at in range(0, len(sound), size)
    )
    return [block for block in cutter.run(blocks) if block[0]], cutter


def loud_ticks(sound: array[int]) -> set[int]:
    """Number the ticks that are a part of a word."""
    low, high = min(sound), max(sound)
    most = max(-low, high)
    return {
        at // TICK
        for at in range(0, len(sound), TICK)
        if max(sound[at : at + TICK]) > max(LOUD * most, AUDIBLE)
    }


@pytest.mark.parametrize("noise", [0, 20])
@pytest.mark.parametrize("level", [1.0, 0.03])
@pytest.mark.parametrize("strength", [1, 3])
def test_no_word_is_lost(strength: int, level: float, noise: int) -> None:
    """Nor what is within a twentieth of a second of one; pauses become short."""
    sound, pauses_s = with_gaps(level, noise)
    made, cutter = cut(sound, strength)
    kept: set[int] = set()
    for pcm, at in made:
        first = round(at * RATE / TICK)
        kept.update(range(first, first + -(-len(pcm) // 2 // TICK)))
    loud = loud_ticks(with_gaps(level, 0)[0])
    wanted = {tick + near for tick in loud for near in (-5, 0, 5)}
    assert wanted & set(range(len(sound) // TICK)) <= kept
    frames = sum(len(pcm) // 2 for pcm, _ in made)
    assert cutter.saved == pytest.approx((len(sound) - frames) / RATE, abs=0.001)
    longest = [gap for gap in GAPS_S if gap * 100 > STRENGTHS[strength].shortest]
    way = STRENGTHS[strength]
    left = len(longest) * (way.before + way.after + 30) / 100
    assert cutter.saved > sum(longest) - left
    assert cutter.saved < pauses_s + 6


def hiss(seconds: float, level: int, seed: int = 1) -> list[int]:
    """Make noise with as much of high tones as of low ones."""
    chance = random.Random(seed)
    return [chance.randint(-level, level) for _ in range(round(seconds * RATE))]


@pytest.mark.parametrize("strength", [1, 2, 3])
def test_loud_noise_keeps_no_pause_and_hides_no_word(strength: int) -> None:
    """A noisy place: pauses are left out there too, and no soft beginning is.

    The S is hardly louder than the noise, and the M is low and as soft.
    """
    way = STRENGTHS[strength]
    calm = hiss(4, 400)
    low = [round(500 * math.sin(2 * math.pi * 140 * at / RATE)) for at in range(19_200)]
    soft = [hiss(0.4, 700, seed=2), [a + b for a, b in zip(low, calm, strict=False)]]
    loud = [round(8_000 * math.sin(at / 20)) for at in range(RATE // 4)]
    sound: array[int] = array("h", calm)
    words = []
    for begin in soft * 2:
        words.append((len(sound), len(sound) + len(begin) + len(loud)))
        sound += array("h", begin + loud + calm[: 2 * RATE])
    made, cutter = cut(sound, strength)
    for first, end in words:
        kept = [at for _, at in made if first <= round(at * RATE) < end - TICK]
        assert len(kept) >= (end - first) // TICK - 1
    pauses = 4 + 2 * len(words)
    left = (len(words) + 1) * (way.before + way.after + 5) / 100
    assert pauses - left - 1.5 < cutter.saved < pauses


def test_noise_that_begins_is_kept_until_it_is_known() -> None:
    """It could be a word; after some seconds it is the noise of the place."""
    sound = array("h", [0] * 2 * RATE + hiss(12, 400))
    made, cutter = cut(sound, 3)
    assert {round(at * 100) for _, at in made} >= set(range(200, 600))
    assert cutter.saved > 7


def test_the_clock_stays_true() -> None:
    """Each block stands at the time in the file where its sound is."""
    sound, _ = with_gaps(1.0, 0)
    made, _ = cut(sound, 3, size=777)
    same = 0
    for pcm, at in made:
        begin = round(at * RATE)
        same += pcm == sound[begin : begin + len(pcm) // 2].tobytes()
    assert same > len(made) - 40  # but where both sides of a cut are blended
    assert all(before[1] < after[1] for before, after in pairwise(made))


def test_a_cut_does_not_click() -> None:
    """In noise, the step at a cut is no larger than the noise's own."""
    chance = random.Random(5)
    spoken = speech("boat") + array("h", bytes(6 * RATE)) + speech("boat")
    sound = array("h", [each + chance.randint(-50, 50) for each in spoken])
    made, cutter = cut(sound, 3)
    assert cutter.saved > 1
    heard = array("h", b"".join(pcm for pcm, _ in made))
    steps = [abs(after - before) for before, after in pairwise(heard)]
    own = [abs(after - before) for before, after in pairwise(sound)]
    assert max(steps) <= max(own) + 2


def test_what_holds_no_pause_is_not_touched() -> None:
    """A tone, and a recording that is shorter than a tick."""
    tone = array("h", [8_000 if at % 109 < 54 else -8_000 for at in range(RATE)])
    for sound in (tone, tone[:100]):
        made, cutter = cut(sound, 3)
        assert b"".join(pcm for pcm, _ in made) == sound.tobytes()
        assert cutter.saved == 0


def test_silence_alone_becomes_short() -> None:
    """Without endless waiting: what is left out is told as empty blocks."""
    cutter = PauseCutter(3, 1.0)
    blocks = [(bytes(1920), at / 50) for at in range(500)]
    made = list(cutter.run(blocks))
    assert len(made) >= 490
    assert sum(len(pcm) for pcm, _ in made) < RATE * 2


def test_media_time_counts_at_another_speed() -> None:
    """What is saved is time of the recording, not of the listening."""
    sound = speech("boat") + array("h", bytes(RATE * 2 * 4)) + speech("boat")
    _, slow = cut(sound, 2, speed=1.0)
    _, fast = cut(sound, 2, speed=2.0)
    assert fast.saved == pytest.approx(2 * slow.saved, rel=0.01)
