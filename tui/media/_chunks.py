"""WAV (also RF64) and CAF: a row of chunks, each with its size."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from tui.media._api import Probe, Wholeness
from tui.media._window import TooManyReadsError, in_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.media._window import Window

__all__ = ["is_wav", "probe_caf", "probe_wav"]

_MAX_CHUNKS = 2000
_STREAMED = 0xFFFFFFFF
"""What a writer that can't go back leaves for a size; some leave 0."""

_riff_chunk = Struct("<4sI").unpack_from
_fmt = Struct("<HHIIH").unpack_from
_ds64 = Struct("<QQ").unpack_from
_u32 = Struct("<I").unpack_from
_caf_chunk = Struct(">4sq").unpack_from
_caf_desc = Struct(">d4sIII").unpack_from
_caf_pakt = Struct(">qqii").unpack_from

_CUT = "the end is missing"
_NO_SOUND = "no sound in it yet"


def is_wav(head: bytes) -> bool:
    """Tell whether a file begins like WAV, with 32 or 64 bits for sizes."""
    return head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:12] == b"WAVE"


def probe_wav(window: Window, head: bytes, tail: bytes) -> Probe:
    """Look into a WAV file.

    Args:
        window: The file.
        head: Its first bytes.
        tail: Its last bytes.

    Returns:
        The answer; whole when its chunks add up to what the file says it is.
    """
    wav = _Wav(_u32(head, 4)[0])
    try:
        wav.read(window)
    except TooManyReadsError:
        duration = wav.duration_ms(window.size)
        return Probe("wav", Wholeness.PLAUSIBLE, duration)
    wholeness, reason = wav.judge(window.size)
    if wholeness is Wholeness.PROVEN and tail.endswith(bytes(64)):
        wholeness = Wholeness.PLAUSIBLE  # silence, or room that is still to be written
    return Probe("wav", wholeness, wav.duration_ms(window.size), reason)


class _Wav:
    """What the chunks of a WAV file told.

    Args:
        riff_size: The size in the file's first header.
    """

    def __init__(self, riff_size: int) -> None:
        self.riff_end = riff_size + 8
        self.streamed = riff_size in {0, _STREAMED}
        self.byte_rate = 0
        self.data: tuple[int, int] | None = None
        self.end = 12
        self._data_size = 0

    def read(self, window: Window) -> None:
        """Walk over the chunks up to the end, or to the first that is none."""
        at = 12
        for _ in range(_MAX_CHUNKS):
            header = window.get(at, 8)
            if len(header) < 8:
                return
            kind, size = _riff_chunk(header)
            if kind == b"ds64":
                self._read_ds64(window.get(at + 8, min(16, size)))
            elif kind == b"fmt ":
                self._read_fmt(window.get(at + 8, min(14, size)))
            elif kind == b"data":
                size = self._open_data(at + 8, size, window.size)
            elif not kind.isascii() or not kind.strip(b"\0 "):
                return
            at += 8 + size + size % 2
            self.end = at
        raise TooManyReadsError

    def _read_ds64(self, body: bytes) -> None:
        if len(body) == 16:
            riff_size, self._data_size = _ds64(body)
            self.riff_end = riff_size + 8
            self.streamed = riff_size == 0

    def _read_fmt(self, body: bytes) -> None:
        if len(body) == 14:
            _, _, rate, byte_rate, align = _fmt(body)
            self.byte_rate = byte_rate or rate * align

    def _open_data(self, at: int, size: int, file_size: int) -> int:
        if size == _STREAMED and self._data_size:
            size = self._data_size
        elif size == _STREAMED or (size == 0 and self.streamed):
            self.streamed = True
            size = file_size - at
        self.data = at, at + size
        return size

    def judge(self, size: int) -> tuple[Wholeness, str]:
        """Tell whether everything is there, by chunks and by the file's own size."""
        if self.data is None:
            return Wholeness.CUT, _NO_SOUND
        if self.data[1] > size or (not self.streamed and self.riff_end > size):
            return Wholeness.CUT, _CUT
        if self.data[1] == self.data[0]:
            return Wholeness.CUT, _NO_SOUND
        if self.streamed or self.riff_end != size or self.end not in {size, size + 1}:
            return Wholeness.PLAUSIBLE, ""
        return Wholeness.PROVEN, ""

    def duration_ms(self, size: int) -> int | None:
        """Return the length of the samples that are there."""
        if self.data is None or not self.byte_rate:
            return None
        begin, end = self.data
        return in_range(1000 * max(0, min(end, size) - begin) // self.byte_rate)


def probe_caf(window: Window, tail: bytes) -> Probe:
    """Look into a CAF file.

    Args:
        window: The file.
        tail: Its last bytes.

    Returns:
        The answer; whole when its chunks add up to the file and nothing that its
        format needs is missing.
    """
    caf = _Caf()
    finished = True
    try:
        caf.read(window)
    except TooManyReadsError:
        finished = False
    wholeness, reason = caf.judge(window.size, finished=finished)
    if wholeness is Wholeness.PROVEN and tail.endswith(bytes(64)):
        wholeness = Wholeness.PLAUSIBLE  # silence, or room that is still to be written
    return Probe("caf", wholeness, caf.duration_ms(window.size), reason)


class _Caf:
    """What the chunks of a CAF file told."""

    def __init__(self) -> None:
        self.rate = 0.0
        self.packet_bytes = 0
        self.packet_frames = 0
        self.frames: int | None = None
        self.data: tuple[int, int] | None = None
        self.open = False
        self.end = 8

    def read(self, window: Window) -> None:
        """Walk over the chunks up to the end of the file."""
        for kind, body, size in self._chunks(window):
            if kind == b"desc":
                self._read_desc(window.get(body, min(24, size)))
            elif kind == b"pakt":
                self._read_pakt(window.get(body, min(24, size)))
            elif kind == b"data":
                self.data = body + 4, body + size  # after the count of edits

    def _chunks(self, window: Window) -> Iterator[tuple[bytes, int, int]]:
        at = 8
        for _ in range(_MAX_CHUNKS):
            header = window.get(at, 12)
            if len(header) < 12:
                return
            kind, size = _caf_chunk(header)
            body = at + 12
            if kind == b"data" and size == -1:
                self.open = True
                size = window.size - body
            if size < 0 or not kind.strip(b"\0"):
                return
            at = self.end = body + size
            yield kind, body, size
        raise TooManyReadsError

    def _read_desc(self, body: bytes) -> None:
        if len(body) == 24:
            self.rate, _, _, self.packet_bytes, self.packet_frames = _caf_desc(body)

    def _read_pakt(self, body: bytes) -> None:
        if len(body) == 24:
            self.frames = _caf_pakt(body)[1]

    @property
    def _is_even(self) -> bool:
        """Whether all packets are alike, so that no table of packets is needed."""
        return bool(self.packet_bytes and self.packet_frames)

    def judge(self, size: int, *, finished: bool) -> tuple[Wholeness, str]:
        """Tell whether everything is there."""
        if not finished:
            return Wholeness.PLAUSIBLE, ""
        if self.end > size:
            return Wholeness.CUT, _CUT
        if self.data is None or self.data[1] <= self.data[0]:
            return Wholeness.CUT, _NO_SOUND
        if not self._is_even and self.frames is None and not self.open:
            return Wholeness.CUT, _CUT
        if self.open or self.end < size:
            return Wholeness.PLAUSIBLE, ""
        return Wholeness.PROVEN, ""

    def duration_ms(self, size: int) -> int | None:
        """Return the length as the table of packets or the number of bytes tell it."""
        if not self.rate > 1:  # also false for what is no number
            return None
        frames = self.frames
        if frames is None:
            if self.data is None or not self._is_even:
                return None
            there = max(0, min(self.data[1], size) - self.data[0])
            frames = there // self.packet_bytes * self.packet_frames
        if frames < 0:
            return None
        return in_range(round(min(frames, 2**62) / self.rate * 1000))
