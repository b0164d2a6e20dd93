"""How loud a recording is: integrated loudness after ITU-R BS.1770-4 and EBU R128.

Measured on what the engine plays: one channel. FFmpeg's meter is fed with every n-th
sample only. That keeps the power of a sound: what would lie above half of the new rate
is mirrored, not lost, and the weights differ little there. For speech it is within
0.1 LU of the full rate, at half of the price.
"""

from __future__ import annotations

import logging
import math
from fractions import Fraction
from typing import TYPE_CHECKING

from tui.audio._frames import chunks_of, opened
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    import av

    from tui.audio._frames import Chunk, Kind

__all__ = ["SILENT_LUFS", "Meter", "measure_loudness"]

_log = logging.getLogger(__name__)

SILENT_LUFS = -70.0
"""What is softer counts as silence: nothing of it passes the meter's gate."""

_BLOCK_S = 0.5
"""The meter's blocks are 0.4 s: what is shorter is measured as if it were repeated."""


def measure_loudness(
    path: bytes, *, should_stop: Callable[[], bool] | None = None
) -> float | None:
    """Decode a recording and measure its integrated loudness.

    Args:
        path: The absolute path.
        should_stop: Asked now and then; True gives up.

    Returns:
        LUFS, SILENT_LUFS for silence; None when it was stopped, or when what is in the
        file can't be measured.

    Raises:
        AudioError: The file can't be read, or there is no sound in it.
    """
    meter = Meter()
    count = 0
    with opened(path) as container:
        for chunk in chunks_of(container):
            if should_stop is not None and should_stop():
                return None
            meter.add(chunk)
            count += chunk.samples
    if not count:
        raise AudioError(path, "there is no sound in it")
    return meter.end()


class Meter:
    """Takes the chunks of a recording, in any format, and tells its loudness.

    It never fails: what can't be measured has no loudness.
    """

    def __init__(self) -> None:
        self._gauge: _Gauge | None = None
        self._resampler: av.AudioResampler | None = None
        self._is_broken = False

    def add(self, chunk: Chunk) -> None:
        """Measure a chunk too."""
        import av

        if self._is_broken or not chunk.samples:
            return
        try:
            self._add(chunk)
        except (av.error.FFmpegError, ValueError):
            _log.exception("the loudness can't be measured")
            self._is_broken = True

    def end(self) -> float | None:
        """Tell the loudness in LUFS; None when nothing could be measured."""
        if self._gauge is None or self._is_broken:
            return None
        return self._gauge.end()

    def _add(self, chunk: Chunk) -> None:
        import av

        kind = chunk.kind
        if self._gauge is None:
            self._gauge = _Gauge(kind)
        if kind == self._gauge.kind:
            self._gauge.add(_frame(chunk))
            return
        if self._resampler is None:
            first = self._gauge.kind
            self._resampler = av.AudioResampler(first.name, first.layout, first.rate)
        for made in self._resampler.resample(_frame(chunk)):
            self._gauge.add(made)


def _frame(chunk: Chunk) -> av.AudioFrame:
    import av

    frame = av.AudioFrame(chunk.kind.name, chunk.kind.layout, samples=chunk.samples)
    for plane, content in zip(frame.planes, chunk.planes, strict=True):
        plane.update(content.tobytes().ljust(plane.buffer_size, b"\0"))
    frame.sample_rate = chunk.kind.rate
    return frame


class _Gauge:
    """FFmpeg's meter, for frames of one kind.

    Args:
        kind: How their samples are stored.
    """

    def __init__(self, kind: Kind) -> None:
        import av

        self.kind = kind
        self._base = Fraction(1, kind.rate)
        # Held: whoever uses a filter of a graph that is gone crashes the process.
        self._graph = graph = av.filter.Graph()
        self._source = graph.add_abuffer(
            sample_rate=kind.rate,
            format=kind.name,
            layout=kind.layout,
            time_base=self._base,
        )
        nodes = [
            # To whole numbers: one infinity would stay in the meter for good.
            graph.add("aformat", "sample_fmts=s16:channel_layouts=mono"),
            graph.add("ebur128", "metadata=1:framelog=quiet"),
            graph.add("abuffersink"),
        ]
        graph.link_nodes(self._source, *nodes).configure()
        self._sink = nodes[-1]
        self._early: list[av.AudioFrame] = []
        """What came as long as there was no whole block."""
        self._given = 0
        self._lufs: str | None = None

    def add(self, frame: av.AudioFrame) -> None:
        """Measure a frame too."""
        import av

        if self._given < _BLOCK_S * self.kind.rate:
            self._early.append(frame)
        frame.time_base = self._base
        frame.pts = self._given
        self._given += frame.samples
        self._source.push(frame)
        while True:
            try:
                made = self._sink.pull()
            except (av.error.BlockingIOError, EOFError):
                return
            assert isinstance(made, av.AudioFrame)  # noqa: S101  # what goes in, comes out
            # The last of them, which is no whole block, tells nothing.
            self._lufs = made.metadata.get("lavfi.r128.I", self._lufs)

    def end(self) -> float | None:
        """Tell the loudness of all."""
        early = tuple(self._early)
        while self._given < _BLOCK_S * self.kind.rate:
            for frame in early:
                self.add(frame)
        lufs = math.nan if self._lufs is None else float(self._lufs)
        return max(SILENT_LUFS, lufs) if math.isfinite(lufs) else None
