"""The ring, and what the device is given from it."""

from __future__ import annotations

from array import array

import pytest

from tests.support.sound import noise
from tui.audio._api import RATE
from tui.audio._mixer import FADE, LOW, UNITY, Mixer, Plan
from tui.audio._ring import Ring


def ring_of(pcm: bytes, *, complete: bool = True) -> Ring:
    """Make a ring that holds some sound."""
    ring = Ring(0.0, 1.0)
    ring.put(pcm, 0.0)
    ring.complete = complete
    return ring


def test_a_ring_gives_back_what_was_put() -> None:
    """Across blocks, in pieces of any size, with the time of the next frame."""
    pcm = noise(0.5)
    ring = Ring(10.0, 2.0)
    assert ring.position == 10.0
    at = 0
    for size in (1, 7, 960, 4000):
        part = pcm[2 * at : 2 * (at + size)]
        ring.put(part, 10.0 + at * 2 / 48_000)
        at += size
    ring.put(b"", 99.0)
    got = b""
    for size in (3, 5, 1, 900, 2000, 1, 9999):
        got += ring.take(size)
        assert ring.position == pytest.approx(10.0 + len(got) / 48_000)
    assert got == pcm[: 2 * at]
    assert ring.frames == 0
    assert ring.take(5) == b""


def test_frames_before_a_time_can_be_dropped() -> None:
    """For a change of speed, which goes on where the old sound is by then."""
    pcm = noise(0.1)
    ring = Ring(5.0, 2.0)
    ring.put(pcm, 5.0)
    ring.drop_until(4.0)
    assert ring.frames == 4800
    ring.drop_until(5.0 + 100 * 2 / 48_000)
    assert ring.take(5000) == pcm[200:]
    ring.drop_until(99.0)


def test_frames_are_dropped_where_time_jumps() -> None:
    """Behind a pause that was left out, fewer frames are before a time."""
    pcm = noise(0.1)
    ring = Ring(0.0, 1.0)
    ring.put(pcm[:4800], 0.0)
    ring.put(pcm[4800:], 10.0)
    ring.drop_until(10.0 + 100 / 48_000)
    assert ring.take(5000) == pcm[5000:]
    assert ring.position == pytest.approx(10.05)
    ring.drop_until(99.0)


def looping(turns: int) -> Ring:
    """Make a ring whose part of a tenth of a second comes again and again."""
    ring = Ring(4.95, 1.0)
    ring.repeats = True
    ring.put(noise(0.05), 4.95)
    for turn in range(1, turns):
        ring.put(noise(0.1, seed=turn), 4.9, turn)
    return ring


def test_a_place_is_told_across_jumps() -> None:
    """What was given a while ago was another round; sound is given back over it."""
    ring = looping(5)
    assert ring.place(99) == (0, 4.95)
    ring.take(2400 + 4800 + 480)
    lates = (0, 480, 481, 5281, 9999)
    assert [ring.place(late)[0] for late in lates] == [2, 2, 1, 0, 0]
    assert ring.place(0)[1] == pytest.approx(4.91)
    assert ring.place(480)[1] == pytest.approx(4.9)
    assert ring.place(481)[1] == pytest.approx(5.0 - 1 / RATE)
    assert ring.place(5281)[1] == pytest.approx(5.0 - 1 / RATE)
    assert ring.place(9999)[1] == pytest.approx(4.95)
    ring.give_back(5000)
    assert list(ring.place(0)) == pytest.approx([1, 4.9 + 280 / RATE])
    assert ring.place(281)[0] == 0
    ring.take(5000)
    assert list(ring.place(0)) == pytest.approx([2, 4.91])


def test_a_ring_follows_another_round_by_round() -> None:
    """The same place of another round is not it."""
    old, new = looping(4), looping(4)
    old.take(2400 + 4800 + 480)
    new.follow(old)
    assert new.taken == old.taken
    left = Ring(4.95, 1.0)
    left.put(noise(0.2), 4.95)
    left.follow(old)
    assert left.taken == 0


def test_what_is_no_recording_has_its_begin_for_a_place() -> None:
    """And another ring goes on in the middle of it."""
    old, new = Ring(7.0, 2.0, lead=1000), Ring(7.0, 1.0, lead=1000)
    for ring in (old, new):
        ring.put(bytes(2000), 7.0)
        ring.put(noise(0.1), 7.0)
    old.take(300)
    assert (old.position, old.is_leading) == (7.0, True)
    new.follow(old)
    assert (new.taken, new.position) == (300, 7.0)
    old.take(700 + 480)
    assert old.position == pytest.approx(7.02)
    assert old.place(1100)[1] == 7.0
    new.follow(old)
    assert new.taken == 1000 + 960


def test_without_a_plan_there_is_silence() -> None:
    """A device that asks gets exactly what it asks for."""
    mixer = Mixer(lambda: None)
    assert mixer.pull(77) == bytes(154)
    assert mixer.is_silent
    assert mixer.largest == 77


def test_full_sound_passes_untouched() -> None:
    """Between the fades nothing is computed."""
    pcm = noise(0.2)
    mixer = Mixer(lambda: None)
    mixer.plan = Plan(ring_of(pcm), playing=True)
    first = mixer.pull(960)
    assert first[2 * FADE :] == pcm[2 * FADE : 1920]
    assert mixer.pull(960) == pcm[1920:3840]
    assert not mixer.is_silent


def test_the_gain_scales() -> None:
    """A steady volume is one multiplication a sample; none is silence."""
    pcm = noise(0.2)
    mixer = Mixer(lambda: None)
    mixer.plan = Plan(ring_of(pcm), playing=True, gain=UNITY // 2)
    mixer.pull(960)
    want = array("h", [x >> 1 for x in memoryview(pcm).cast("h")[960:1920]])
    assert mixer.pull(960) == want.tobytes()
    mixer.plan = Plan(mixer.plan.ring, playing=True, gain=0)
    mixer.pull(960)
    assert mixer.pull(960) == bytes(1920)


def test_two_loud_sounds_do_not_wrap_around() -> None:
    """A sum is clipped, never turned into its opposite."""
    loud = array("h", [32767] * 4800).tobytes()
    mixer = Mixer(lambda: None)
    mixer.plan = Plan(ring_of(loud), playing=True)
    mixer.pull(960)
    mixer.plan = Plan(ring_of(loud), playing=True)
    assert min(memoryview(mixer.pull(960)).cast("h")) >= 0


def test_the_end_is_told_once() -> None:
    """The engine is woken when the last frame was handed out."""
    woken: list[int] = []
    mixer = Mixer(lambda: woken.append(1))
    ring = ring_of(noise(0.01))
    mixer.plan = Plan(ring, playing=True)
    mixer.pull(960)
    mixer.pull(960)
    assert mixer.finished is ring
    assert len(woken) == 1


def test_a_low_ring_asks_for_more_once() -> None:
    """Until the engine has looked after it."""
    woken: list[int] = []
    mixer = Mixer(lambda: woken.append(1))
    ring = ring_of(noise(0.3), complete=False)
    mixer.plan = Plan(ring, playing=True)
    while ring.frames >= LOW:
        assert not woken
        mixer.pull(960)
    mixer.pull(960)
    assert len(woken) == 1
    ring.wanting = False
    mixer.pull(960)
    assert len(woken) == 2


def test_a_paused_mixer_takes_nothing() -> None:
    """A pause keeps the place."""
    ring = ring_of(noise(0.2))
    mixer = Mixer(lambda: None)
    mixer.plan = Plan(ring)
    assert mixer.pull(960) == bytes(1920)
    assert ring.frames == 9600


def test_a_new_device_begins_from_silence() -> None:
    """After a device was lost in the middle of a wave, the sound fades in."""
    mixer = Mixer(lambda: None)
    mixer.plan = Plan(ring_of(noise(0.5)), playing=True)
    mixer.pull(960)
    mixer.reset()
    heard = memoryview(mixer.pull(960)).cast("h")
    assert max(map(abs, heard[:10])) < 200
