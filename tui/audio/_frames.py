"""The samples of a recording from its start to its end, as they were stored.

For what looks at all of it: a pass that leaves out most samples and hands on a second
at a time costs hardly more than to decode.
"""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, NamedTuple

from tui.archives import open_file, split
from tui.audio._decode import OPTIONS, PATIENCE_S, best_codec
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av import AudioFrame
    from av.container import InputContainer

__all__ = ["Chunk", "Kind", "chunks_of", "opened"]

_RATE = 16_000
"""At least so many samples of a second are kept, where the recording has them."""

_SAMPLE_TYPES = {
    "u8": ("B", 128.0, 128.0),
    "s16": ("h", 32768.0, 0.0),
    "s32": ("i", 2147483648.0, 0.0),
    "s64": ("q", 9223372036854775808.0, 0.0),
    "flt": ("f", 1.0, 0.0),
    "dbl": ("d", 1.0, 0.0),
}
"""By FFmpeg's name without the planar mark: type code, full scale, middle."""


class Kind(NamedTuple):
    """How samples are stored: three names of FFmpeg's, and what follows from them."""

    name: str
    layout: str
    rate: int
    """Of what was kept."""
    channels: int
    """In each plane."""
    size: int
    """Bytes of a sample of all channels of a plane."""
    code: str
    """The type code of an array."""
    full: float
    """Full scale."""
    middle: float
    """Where silence is."""


class Chunk(NamedTuple):
    """About a second of sound."""

    kind: Kind
    samples: int
    planes: list[array[float]]


class _Gatherer:
    """Joins the frames of one kind, and keeps every n-th sample of them.

    Args:
        frame: One of them.
        stored: How the samples are stored: type code, full scale, middle.
    """

    def __init__(self, frame: AudioFrame, stored: tuple[str, float, float]) -> None:
        is_apart = frame.format.is_planar or frame.layout.nb_channels == 1
        # Samples of several channels in turn can't be left out one by one.
        self._step = max(1, frame.sample_rate // _RATE) if is_apart else 1
        channels = 1 if is_apart else frame.layout.nb_channels
        self._kind = Kind(
            frame.format.name,
            frame.layout.name,
            frame.sample_rate // self._step,
            channels,
            frame.format.bytes * channels,
            *stored,
        )
        self._planes = [bytearray() for _ in frame.planes]

    def add(self, frame: AudioFrame) -> bool:
        """Take a frame; tells whether that makes a chunk."""
        size = frame.samples * self._kind.size
        for kept, plane in zip(self._planes, frame.planes, strict=True):
            kept.extend(memoryview(plane)[:size])
        return len(self._planes[0]) >= frame.sample_rate * self._kind.size

    def take(self) -> Chunk:
        """Give what was kept."""
        planes: list[array[float]] = []
        for kept in self._planes:
            samples: array[float] = array(self._kind.code, bytes(kept))
            planes.append(samples[:: self._step] if self._step > 1 else samples)
            kept.clear()
        return Chunk(self._kind, len(planes[0]) // self._kind.channels, planes)


def opened(path: bytes) -> InputContainer:
    """Open a container that has sound in it.

    Args:
        path: The absolute path.

    Raises:
        AudioError: The file can't be read, or there is no sound in it.
    """
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


def chunks_of(container: InputContainer) -> Iterator[Chunk]:
    """Decode a recording; each chunk is of one kind, but another may have another."""
    gatherer: _Gatherer | None = None
    last: tuple[str, str, int] | None = None
    for frame in _frames_of(container):
        if frame.samples <= 0 or frame.sample_rate <= 0:
            continue
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        if gatherer is None or kind != last:
            if gatherer is not None:
                yield gatherer.take()
            stored = _stored(frame)
            gatherer = None if stored is None else _Gatherer(frame, stored)
            last = kind
        if gatherer is not None and gatherer.add(frame):
            yield gatherer.take()
    if gatherer is not None:
        yield gatherer.take()


def _stored(frame: AudioFrame) -> tuple[str, float, float] | None:
    """Look up how the samples of a frame are stored; None for an unknown way."""
    name = frame.format.name
    plain = name[:-1] if frame.format.is_planar and name.endswith("p") else name
    return _SAMPLE_TYPES.get(plain)


def _frames_of(container: InputContainer) -> Iterator[AudioFrame]:
    """Decode what can be decoded: a damaged packet is left out."""
    import av

    stream = container.streams.audio[0]
    codec = best_codec(stream)
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        try:
            frames = codec.decode(packet)
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            continue
        yield from frames
