"""A gain with a limiter: as loud as asked, never clipped, never early or late."""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING

import av
import pytest

from tests.support.sound import chirp, noise, opus, samples, sine, wav
from tui.audio._api import RATE
from tui.audio._decode import Decoder, Recording
from tui.audio._filters import Filters
from tui.audio._levels import CEILING_DB, amplified

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CEILING = 32768 * 10 ** (CEILING_DB / 20)


def decoded(
    path: bytes, start: float = 0.0, speed: float = 1.0, skip: int = 0, gain: float = 0
) -> list[tuple[bytes, float]]:
    """Decode a file from a position on, with a gain."""
    recording = Recording(path)
    try:
        with Decoder(recording, start, speed, skip, gain) as decoder:
            return [block for block in decoder if block[0]]
    finally:
        recording.close()


def joined(blocks: list[tuple[bytes, float]]) -> bytes:
    """Join the sound of blocks."""
    return b"".join(pcm for pcm, _ in blocks)


def true_peak(pcm: bytes) -> int:
    """Measure the largest sample at four times the rate, without the engine's code."""
    resampler = av.AudioResampler(format="s32", layout="mono", rate=4 * RATE)
    frame = av.AudioFrame("s16", "mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate = RATE
    most = 0
    for made in (*resampler.resample(frame), *resampler.resample(None)):
        view = memoryview(made.planes[0]).cast("B").cast("i")[: made.samples]
        low, high = min(view), max(view)
        most = max(most, high, -low)
    return most >> 16


def scaled(pcm: bytes, gain_db: float) -> array[float]:
    """Multiply each sample."""
    return array("d", [each * 10 ** (gain_db / 20) for each in samples(pcm)])


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give a note that swells, up to a third of full scale."""
    path = tmp_path_factory.mktemp("levels") / "note.opus"
    path.write_bytes(opus(chirp(4)))
    return os.fsencode(path)


@pytest.mark.parametrize("gain", [-12.0, 4.0])
def test_without_need_nothing_is_limited(note: bytes, gain: float) -> None:
    """Each sample stands where it stood, as many times larger."""
    plain, louder = decoded(note), decoded(note, gain=gain)
    assert [at for _, at in louder] == [at for _, at in plain]
    assert [len(pcm) for pcm, _ in louder] == [len(pcm) for pcm, _ in plain]
    wanted = scaled(joined(plain), gain)
    made = samples(joined(louder))
    assert max(abs(a - b) for a, b in zip(made, wanted, strict=True)) < 3


@pytest.mark.parametrize(
    "sound",
    [sine(1, 11_999, 0.99), sine(1, 90, 0.99), noise(1), chirp(1)],
    ids=["between samples", "low", "noise", "swelling"],
)
def test_nothing_passes_the_ceiling(sound: bytes, tmp_path: Path) -> None:
    """Neither a sample nor the wave between two of them."""
    path = tmp_path / "loud.wav"
    path.write_bytes(wav(sound))
    made = joined(decoded(os.fsencode(path), gain=18.0))
    assert len(made) == len(sound)
    assert CEILING / 2 < true_peak(made) <= CEILING


def test_a_seek_finds_what_a_pass_from_the_start_has(tmp_path: Path) -> None:
    """The limiter has settled at the place, however loud it is just there."""
    path = tmp_path / "note.wav"
    path.write_bytes(wav(chirp(3)))
    name = os.fsencode(path)
    whole = joined(decoded(name, gain=20.0))
    for frame in (1_000, 30_000, 60_001, 80_000, 120_000):
        assert joined(decoded(name, frame / RATE, gain=20.0)) == whole[2 * frame :]


def test_no_gain_changes_no_bit(note: bytes) -> None:
    """Nor does one that nobody hears."""
    assert decoded(note, 1.0, gain=0.01) == decoded(note, 1.0)


@pytest.mark.parametrize("speed", [0.5, 2.0, 4.0])
def test_times_and_lengths_stay_at_any_speed(note: bytes, speed: float) -> None:
    """What follows the change of speed takes no frame away."""
    plain = decoded(note, 1.0, speed)
    louder = decoded(note, 1.0, speed, gain=6.0)
    assert [(len(pcm), at) for pcm, at in louder] == [
        (len(pcm), at) for pcm, at in plain
    ]
    assert plain[0][1] == pytest.approx(1.0)


@pytest.mark.parametrize("gain", [-12.0, 24.0])
def test_the_same_pauses_are_cut(gain: float, tmp_path: Path) -> None:
    """They are judged in the sound as it was recorded."""
    path = tmp_path / "pauses.wav"
    hiss = samples(noise(1.5, seed=2))
    calm = array("h", [each >> 9 for each in hiss]).tobytes()
    path.write_bytes(wav((chirp(1) + calm) * 2))
    plain = decoded(os.fsencode(path), skip=3)
    louder = decoded(os.fsencode(path), skip=3, gain=gain)
    assert len(joined(plain)) < 2 * RATE * 4
    assert [(len(pcm), at) for pcm, at in louder] == [
        (len(pcm), at) for pcm, at in plain
    ]


@pytest.mark.parametrize("frames", [0, 1, 100, 2_000])
def test_the_shortest_sound_keeps_its_length(frames: int) -> None:
    """Shorter than what the limiter looks ahead."""
    blocks = iter([(b"", 0.0), (sine(1)[: 2 * frames], 0.0), (b"", 0.0)])
    made = joined(list(amplified(blocks, 6.0, lambda: b"")))
    assert len(made) == 2 * frames


def test_one_can_look_elsewhere_while_nothing_is_ready() -> None:
    """An empty block comes for what was skipped, and while the limiter looks ahead."""

    def blocks() -> Iterator[tuple[bytes, float]]:
        yield b"", 0.0
        yield bytes(20), 0.0
        yield bytes(960), 10 / RATE

    made = list(amplified(blocks(), 6.0, lambda: b""))
    assert [len(pcm) for pcm, _ in made] == [0, 0, 0, 20, 960]


def test_filters_that_do_nothing_change_nothing() -> None:
    """Whole blocks, the rest of what is left, and nothing at all."""
    filters = Filters([("anull", "")])
    sound = noise(0.1)
    made = filters.feed(sound[:960]) + filters.feed(b"") + filters.feed(sound[960:])
    assert made + filters.end() == sound
