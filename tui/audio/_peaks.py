"""Waveforms: the loudness of a recording in a few hundred steps.

Decoded with PyAV and reduced without numpy: every n-th sample through a memory view is
as good as all of them for a picture, and costs a fiftieth of a second for each minute.
The loudness is measured in the same pass, so that each file is decoded once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tui.audio._frames import chunks_of, opened
from tui.audio._loudness import Meter
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.audio._frames import Chunk

__all__ = ["MeasuredSound", "measure_sound", "rough_peaks", "shape"]

_CELLS = 4096
"""Steps kept while decoding; when they are full, neighbours are joined."""
_SAMPLES_A_SECOND = 4000
"""How many samples of a second are looked at; more changes no picture."""
_FINEST_MS = 5
_LEVELS = 8
_SILENCE = 8
"""Peaks up to here (-60 dB of full scale) are drawn as silence."""


class _Cells:
    """The loudest sample of each step, in bounded memory for any length.

    Args:
        width: How many samples a step covers at first.
    """

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self.end = 0
        self._peaks = [0.0] * _CELLS

    def add(self, samples: int, peak: float) -> None:
        """Append a stretch of samples that has a peak."""
        if samples <= 0:
            return
        first, self.end = self.end, self.end + samples
        while (self.end - 1) // self.width >= _CELLS:
            self._halve()
        for at in range(first // self.width, (self.end - 1) // self.width + 1):
            self._peaks[at] = max(self._peaks[at], peak)

    def _halve(self) -> None:
        old = self._peaks
        half = [max(old[at], old[at + 1]) for at in range(0, _CELLS, 2)]
        self._peaks = half + [0.0] * (_CELLS - len(half))
        self.width *= 2

    def spread(self, bins: int) -> list[float]:
        """Return the peaks over the whole length in a number of equal steps."""
        used = self.end / self.width
        return _resample(self._peaks[: math.ceil(used)], used, bins)


def _resample(values: list[float], length: float, bins: int) -> list[float]:
    """Take the largest value under each of some equal steps over a length."""
    spread = []
    for at in range(bins):
        first = int(at * length / bins)
        last = max(first + 1, math.ceil((at + 1) * length / bins - 1e-9))
        spread.append(max(values[first:last], default=0.0))
    return spread


class MeasuredSound(NamedTuple):
    """What decoding a recording once tells of it."""

    peaks: bytes
    """A byte for each step, evenly spaced over what could be decoded: the square root
    of the largest sample relative to full scale, 0 to 255. Empty when it was stopped.
    """
    lufs: float | None
    """The integrated loudness, as `measure_loudness` tells it."""


def measure_sound(
    path: bytes,
    bins: int = 200,
    *,
    should_stop: Callable[[], bool] | None = None,
) -> MeasuredSound:
    """Decode a recording; return its waveform and its loudness.

    Args:
        path: The absolute path.
        bins: How many steps the waveform has.
        should_stop: Asked now and then; True gives up.

    Raises:
        AudioError: The file can't be read, or there is no sound in it.
    """
    cells: _Cells | None = None
    meter = Meter()
    with opened(path) as container:
        span_ms = (container.duration or 0) // 1000
        for chunk in chunks_of(container):
            if should_stop is not None and should_stop():
                return MeasuredSound(b"", None)
            if cells is None:
                step_ms = max(_FINEST_MS, span_ms // (4 * bins) or 20)
                cells = _Cells(chunk.kind.rate * step_ms // 1000)
            for samples, peak in _stretches(chunk, cells.width):
                cells.add(samples, peak)
            meter.add(chunk)
    if cells is None or not cells.end:
        raise AudioError(path, "there is no sound in it")
    peaks = bytes(round(255 * math.sqrt(peak)) for peak in cells.spread(bins))
    return MeasuredSound(peaks, meter.end())


def rough_peaks(path: bytes, bins: int = 200) -> bytes:
    """Guess a waveform from the sizes of the packets, without decoding.

    Twenty times cheaper than `measure_sound`, and good enough for a first picture of
    what was encoded with a variable bit rate (Opus, AAC, FLAC).

    Args:
        path: The absolute path.
        bins: How many steps.

    Returns:
        A byte for each step, 0 to 255; empty where the sizes tell nothing (a constant
        bit rate).

    Raises:
        AudioError: The file can't be read, or there is no sound in it.
    """
    sizes: list[float] = []
    with opened(path) as container:
        stream = container.streams.audio[0]
        sizes.extend(float(p.size) for p in container.demux(stream) if p.size)
    if not sizes:
        raise AudioError(path, "there is no sound in it")
    low, high = min(sizes), max(sizes)
    if high < 1.5 * low:
        return b""
    spread = _resample(sizes, float(len(sizes)), bins)
    return bytes(round(255 * (size - low) / (high - low)) for size in spread)


def shape(peaks: bytes, width: int) -> list[int]:
    """Fit a waveform to a number of columns.

    The loudest step reaches the top, so that a quiet note shows a shape as well;
    silence stays flat.

    Args:
        peaks: What `measure_sound` returned.
        width: The number of columns.

    Returns:
        A level from 0 to 8 for each column; empty without peaks or columns.
    """
    if not peaks or width <= 0:
        return []
    spread = _resample([float(peak) for peak in peaks], float(len(peaks)), width)
    top = max(spread)
    if top <= _SILENCE:
        return [0] * width
    return [
        0 if peak <= _SILENCE else max(1, round(_LEVELS * peak / top))
        for peak in spread
    ]


def _stretches(chunk: Chunk, width: int) -> Iterable[tuple[int, float]]:
    """Cut a chunk into stretches of at most a width, with the peak of each."""
    kind = chunk.kind
    apart = kind.channels
    # An odd step through interleaved samples meets every channel.
    step = max(1, kind.rate // _SAMPLES_A_SECOND)
    if apart > 1:
        step = step * apart + 1
    for first in range(0, chunk.samples, width):
        samples = min(width, chunk.samples - first)
        peak = 0.0
        for plane in chunk.planes:
            some = plane[first * apart : (first + samples) * apart : step]
            peak = max(peak, max(some) - kind.middle, kind.middle - min(some))
        # A damaged float stream holds infinities and values that are no number.
        peak /= kind.full
        yield samples, min(1.0, peak) if math.isfinite(peak) else 0.0
