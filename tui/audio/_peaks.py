"""Waveforms: the loudness of a recording in a few hundred steps.

Decoded with PyAV and reduced without numpy: every n-th sample through a memory view is
as good as all of them for a picture, and costs a tenth of a second for each minute.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from tui.archives import open_file, split
from tui.audio._decode import OPTIONS, PATIENCE_S
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from av import AudioFrame
    from av.container import InputContainer

__all__ = ["compute_peaks", "rough_peaks", "shape"]

_CELLS = 4096
"""Steps kept while decoding; when they are full, neighbours are joined."""
_SAMPLES_A_SECOND = 6000
"""How many samples of a second are looked at; more changes no picture."""
_FINEST_MS = 5
_LEVELS = 8
_SILENCE = 8
"""Peaks up to here (-60 dB of full scale) are drawn as silence."""

_SAMPLE_TYPES = {
    "u8": ("B", 128.0, 128.0),
    "s16": ("h", 32768.0, 0.0),
    "s32": ("i", 2147483648.0, 0.0),
    "s64": ("q", 9223372036854775808.0, 0.0),
    "flt": ("f", 1.0, 0.0),
    "dbl": ("d", 1.0, 0.0),
}
"""By FFmpeg's name without the planar mark: type code, full scale, middle."""


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


def compute_peaks(
    path: bytes,
    bins: int = 200,
    *,
    should_stop: Callable[[], bool] | None = None,
) -> bytes:
    """Decode a recording and return its waveform.

    Args:
        path: The absolute path.
        bins: How many steps.
        should_stop: Asked now and then; True gives up.

    Returns:
        A byte for each step, evenly spaced over what could be decoded: the square
        root of the largest sample relative to full scale, 0 to 255. Empty when it
        was stopped.

    Raises:
        AudioError: The file can't be read, or there is no sound in it.
    """
    cells: _Cells | None = None
    with _opened(path) as container:
        span_ms = (container.duration or 0) // 1000
        for count, frame in enumerate(_frames(container)):
            if should_stop is not None and count % 64 == 0 and should_stop():
                return b""
            if cells is None:
                step_ms = max(_FINEST_MS, span_ms // (4 * bins) or 20)
                cells = _Cells(frame.sample_rate * step_ms // 1000)
            for samples, peak in _stretches(frame, cells.width):
                cells.add(samples, peak)
    if cells is None or not cells.end:
        raise AudioError(path, "there is no sound in it")
    return bytes(round(255 * math.sqrt(peak)) for peak in cells.spread(bins))


def rough_peaks(path: bytes, bins: int = 200) -> bytes:
    """Guess a waveform from the sizes of the packets, without decoding.

    Twenty times cheaper than `compute_peaks`, and good enough for a first picture of
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
    with _opened(path) as container:
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
        peaks: What `compute_peaks` returned.
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


def _opened(path: bytes) -> InputContainer:
    import av

    try:
        container = av.open(
            # A member of an archive has no name of its own.
            os.fsdecode(path) if split(path) is None else open_file(path),
            "r",
            container_options=dict(OPTIONS),
            # A tag in another encoding than UTF-8 would else be an error.
            metadata_errors="replace",
            timeout=(None, PATIENCE_S),
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioError(path, _reason(error)) from error
    if not container.streams.audio:
        container.close()
        raise AudioError(path, "there is no sound in it")
    return container


def _reason(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return str(reason).strip() or type(error).__name__


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """Decode what can be decoded: a damaged packet is left out."""
    import av

    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        try:
            frames = packet.decode()
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            continue
        yield from frames


def _stretches(frame: AudioFrame, width: int) -> Iterable[tuple[int, float]]:
    """Cut a frame into stretches of at most a width, with the peak of each."""
    planar = frame.format.is_planar
    name = frame.format.name
    kind = _SAMPLE_TYPES.get(name[:-1] if planar and name.endswith("p") else name)
    if kind is None or frame.samples <= 0:
        return
    code, full, middle = kind
    channels = max(1, frame.layout.nb_channels)
    apart = 1 if planar else channels
    # An odd step through interleaved samples meets every channel.
    step = max(1, frame.sample_rate // _SAMPLES_A_SECOND)
    if not planar and channels > 1:
        step = step * channels + 1
    views: list[memoryview[float]] = [
        # The stubs know only literal type codes; ours come from the table above.
        memoryview(plane).cast("B").cast(code)[: frame.samples * apart]  # type: ignore[call-overload]
        for plane in frame.planes
    ]
    for first in range(0, frame.samples, width):
        samples = min(width, frame.samples - first)
        peak = 0.0
        for view in views:
            some = view[first * apart : (first + samples) * apart : step]
            peak = max(peak, max(some) - middle, middle - min(some))
        # A damaged float stream holds infinities and values that are no number.
        peak /= full
        yield samples, min(1.0, peak) if math.isfinite(peak) else 0.0
