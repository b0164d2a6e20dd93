"""Signals that can be recognised when they come back, and what to measure on them.

Noise is the best ruler: any few milliseconds of it occur at one place only, so a piece
of what was played is looked up in the source, byte by byte. A sine shows steps.
"""

from __future__ import annotations

import io
import itertools
import math
import random
import statistics
import struct
import wave
from array import array
from functools import lru_cache
from operator import sub
from typing import TYPE_CHECKING

from tui.audio._api import RATE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "bend",
    "chirp",
    "correlation",
    "filled",
    "find",
    "frequency",
    "long_wav",
    "noise",
    "opus",
    "pitch",
    "pitches",
    "read_wav",
    "samples",
    "sine",
    "sounding",
    "wav",
]


_HOLES = 8


def noise(seconds: float, seed: int = 1) -> bytes:
    """Make PCM in which each place can be recognised."""
    return random.Random(seed).randbytes(2 * round(seconds * RATE))


@lru_cache(maxsize=32)
def sine(seconds: float, freq: float = 440.0, level: float = 0.25) -> bytes:
    """Make PCM of a tone."""
    turn = 2 * math.pi * freq / RATE
    return array(
        "h",
        [
            round(32767 * level * math.sin(turn * i))
            for i in range(round(seconds * RATE))
        ],
    ).tobytes()


def chirp(seconds: float, low: float = 200.0, high: float = 3000.0) -> bytes:
    """Make PCM of a rising tone that swells four times a second: like no other part."""
    made = array("h")
    for i in range(round(seconds * RATE)):
        t = i / RATE
        phase = 2 * math.pi * (low * t + (high - low) * t * t / (2 * seconds))
        made.append(round(12000 * math.sin(phase) * math.sin(4 * math.pi * t)))
    return made.tobytes()


def wav(pcm: bytes, rate: int = RATE, channels: int = 1) -> bytes:
    """Wrap PCM into a WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return out.getvalue()


def long_wav(path: Path, seconds: int, sounds: dict[int, bytes]) -> None:
    """Write a long WAV that takes no room: silence, but for a few sounds.

    Args:
        path: The file.
        seconds: How long it is.
        sounds: PCM, by the second at which it begins.
    """
    head = bytearray(wav(b""))
    size = 2 * seconds * RATE
    struct.pack_into("<I", head, 4, 36 + size)
    struct.pack_into("<I", head, 40, size)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
        for second, pcm in sounds.items():
            file.seek(len(head) + 2 * second * RATE)
            file.write(pcm)


def filled(pcm: bytes, longest: int = 60 * RATE) -> bytes:
    """Leave out silences of a millisecond and more, of which there may be a few.

    They are the machine's: where other tests keep both cores busy, a device asks too
    late, and is silent until it did. What is proved here is that no sample is lost.

    Args:
        pcm: What was heard.
        longest: Frames of a silence that may be the machine's.
    """
    kept, zeros, holes = array("h"), 0, 0
    for sample in memoryview(pcm).cast("h"):
        kept.append(sample)
        if sample:
            if RATE // 1000 <= zeros <= longest:
                holes += 1
                del kept[-zeros - 1 : -1]
            zeros = 0
        else:
            zeros += 1
    assert holes <= _HOLES
    return kept.tobytes()


def read_wav(path: Path) -> bytes:
    """Read the PCM of a mono WAV file at the engine's rate."""
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 1)
        return file.readframes(file.getnframes())


def opus(pcm: bytes, bit_rate: int = 48_000) -> bytes:
    """Encode PCM as Ogg Opus."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=RATE)
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = bit_rate
        stream.layout = "mono"
        for at in range(0, len(pcm), 1920):
            part = pcm[at : at + 1920]
            frame = av.AudioFrame("s16", "mono", samples=len(part) // 2)
            frame.planes[0].update(part)
            frame.sample_rate = RATE
            frame.pts = at // 2
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def samples(pcm: bytes) -> array[int]:
    """Read PCM as numbers."""
    return array("h", pcm)


def sounding(pcm: bytes) -> bytes:
    """Cut the silence off both ends."""
    numbers = samples(pcm)
    first = next((i for i, x in enumerate(numbers) if x), len(numbers))
    last = next((i for i in range(len(numbers), first, -1) if numbers[i - 1]), first)
    return pcm[2 * first : 2 * last]


def find(source: bytes, piece: bytes) -> int:
    """Tell at which frame of the source a piece stands; -1 for nowhere."""
    at = source.find(piece)
    while at % 2 and at >= 0:
        at = source.find(piece, at + 1)
    return at // 2 if at >= 0 else -1


def bend(pcm: bytes) -> int:
    """Measure the largest second difference: a click is a bend."""
    x = samples(pcm)
    steps = array("i", map(sub, x[1:], x))
    return max(map(abs, map(sub, steps[1:], steps)), default=0)


def frequency(pcm: bytes) -> float:
    """Measure the pitch of a tone by its upward crossings of zero."""
    x = samples(pcm)
    ups = [i for i in range(1, len(x)) if x[i - 1] < 0 <= x[i]]
    if len(ups) < 2:
        return 0.0
    return (len(ups) - 1) * RATE / (ups[-1] - ups[0])


def pitch(pcm: bytes) -> float:
    """Measure the pitch of a tone, however many holes a busy machine left in it.

    A hole makes one period long, or short where the wave goes on elsewhere, and leaves
    those beside it as they are.
    """
    x = samples(pcm)
    ups = [i for i in range(1, len(x)) if x[i - 1] < 0 <= x[i]]
    periods = [later - sooner for sooner, later in itertools.pairwise(ups)]
    usual = statistics.median(periods)
    whole = [period for period in periods if 0.7 < period / usual < 1.4]
    return RATE / statistics.fmean(whole)


def pitches(pcm: bytes) -> list[float]:
    """Give the pitch of each eighth of a second that sounds."""
    step = 2 * RATE // 8
    parts = (pcm[at : at + step] for at in range(0, len(pcm) - step, step))
    return [pitch(part) for part in parts if max(samples(part)) > 3000]


def correlation(one: bytes, other: bytes, reach: int = 480) -> float:
    """Compare two sounds that begin about together.

    Args:
        one: PCM.
        other: PCM.
        reach: How many frames they may be apart.

    Returns:
        The best normalised cross-correlation: 1 for equal, 0 for unrelated sounds.
    """
    a, b = samples(one), samples(other)
    size = min(len(a), len(b)) - 2 * reach
    assert size > RATE // 10, "too short to compare"
    middle = a[reach : reach + size]

    def at(lag: int, step: int) -> float:
        x = middle[::step]
        y = b[lag : lag + size : step]
        power = math.sqrt(sum(v * v for v in x) * sum(v * v for v in y))
        return sum(v * w for v, w in zip(x, y, strict=True)) / power if power else 0.0

    step = max(1, size // 4000)
    best = max(range(2 * reach + 1), key=lambda lag: at(lag, step))
    return at(best, max(1, size // 100_000))
