"""WebM and Matroska: elements with a number and a size, one inside the other."""

from __future__ import annotations

import math
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tui.media._api import Probe, Wholeness
from tui.media._window import TooManyReadsError, in_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.media._window import Window

__all__ = ["probe_ebml"]

_MAX_ELEMENTS = 2000

_DOC_TYPE = 0x4282
_SEGMENT = 0x18538067
_INFO = 0x1549A966
_SCALE = 0x2AD7B1
_DURATION = 0x4489
_TRACKS = 0x1654AE6B
_TRACK = 0xAE
_TRACK_TYPE = 0x83
_CLUSTER = 0x1F43B675
_VIDEO, _AUDIO = 1, 2

_f32 = Struct(">f").unpack
_f64 = Struct(">d").unpack

_CUT = "the end is missing"


class _Element(NamedTuple):
    number: int
    body: int
    end: int
    open: bool
    """Whether its size is not known: it was written live."""


class _Segment:
    """What the beginning of a segment told."""

    def __init__(self) -> None:
        self.scale = 1_000_000
        self.units = 0.0
        self.tracks: set[int] = set()

    def read(self, window: Window, segment: _Element) -> None:
        """Read up to the first cluster."""
        for element in _elements(window, segment.body, segment.end):
            if element.number == _INFO:
                self._read_info(window, element)
            elif element.number == _TRACKS:
                self._read_tracks(window, element)
            elif element.number == _CLUSTER:
                return

    def _read_info(self, window: Window, info: _Element) -> None:
        for element in _elements(window, info.body, info.end):
            value = window.get(element.body, min(8, element.end - element.body))
            if element.number == _SCALE:
                self.scale = int.from_bytes(value, "big")
            elif element.number == _DURATION:
                self.units = _float(value)

    def _read_tracks(self, window: Window, tracks: _Element) -> None:
        for track in _elements(window, tracks.body, tracks.end):
            if track.number != _TRACK:
                continue
            for element in _elements(window, track.body, track.end):
                if element.number == _TRACK_TYPE:
                    self.tracks.update(window.get(element.body, 1))

    @property
    def duration_ms(self) -> int | None:
        """The length that the file states, if it does."""
        ms = self.units * self.scale / 1e6
        return in_range(round(ms)) if math.isfinite(ms) and ms > 0 else None


def probe_ebml(window: Window) -> Probe:
    """Look into a WebM or Matroska file.

    Args:
        window: The file.

    Returns:
        The answer; without a length for what was written live.
    """
    segment = _Segment()
    name = "matroska"
    wholeness, reason = Wholeness.CUT, _CUT
    try:
        for element in _elements(window, 0, window.size):
            if element.number == _SEGMENT:
                wholeness, reason = _judge(element, window.size)
                segment.read(window, element)
                break
            for inner in _elements(window, element.body, element.end):
                if inner.number == _DOC_TYPE and window.get(inner.body, 4) == b"webm":
                    name = "webm"
    except TooManyReadsError:
        wholeness, reason = Wholeness.PLAUSIBLE, ""
    return Probe(
        name,
        wholeness,
        segment.duration_ms,
        reason,
        has_audio=not segment.tracks or _AUDIO in segment.tracks,
        has_video=_VIDEO in segment.tracks,
    )


def _judge(segment: _Element, size: int) -> tuple[Wholeness, str]:
    if segment.open:
        return Wholeness.PLAUSIBLE, ""
    if segment.end > size:
        return Wholeness.CUT, _CUT
    return Wholeness.PROVEN if segment.end == size else Wholeness.PLAUSIBLE, ""


def _elements(window: Window, at: int, end: int) -> Iterator[_Element]:
    """Yield the elements of a part of the file, up to the first that is none."""
    for _ in range(_MAX_ELEMENTS):
        head = window.get(at, 12) if at < end else b""
        if not head or not head[0]:
            return
        width = 9 - head[0].bit_length()
        size_width = 9 - head[width].bit_length() if len(head) > width else 9
        body = at + width + size_width
        if width > 4 or size_width > 8 or len(head) < width + size_width:
            return
        number = int.from_bytes(head[:width], "big")
        mask = (1 << 7 * size_width) - 1
        size = int.from_bytes(head[width : width + size_width], "big") & mask
        is_open = size == mask
        after = end if is_open else body + size
        yield _Element(number, body, after, is_open)
        at = after
    raise TooManyReadsError


def _float(value: bytes) -> float:
    if len(value) == 4:
        return float(_f32(value)[0])
    return float(_f64(value)[0]) if len(value) == 8 else 0.0
