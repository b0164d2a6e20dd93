"""Formats that are a row of frames without any length: AMR, ADTS, MP3; and FLAC.

What follows the last frame can't be known, so such a file is never proven whole. The
length is known only after all frames were counted.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tui.media._window import in_range

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.media._window import Read

__all__ = [
    "ADTS",
    "AMR_NB",
    "AMR_WB",
    "FrameFormat",
    "count_frames",
    "flac_info",
    "is_adts",
    "is_mp3",
]

_STRIDE = 65_536
_MAX_FRAMES = 5_000_000
"""More than a day of sound."""

_u64_big = Struct(">Q").unpack_from

_ADTS_RATES = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000),
    *(22_050, 16_000, 12_000, 11_025, 8_000, 7_350),
)
_MP3_RATES = (44_100, 48_000, 32_000)
_MP3_KBITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By version (1, or 2 for the halved rates) and layer: kilobits for indices 1 to 14."""


class FrameFormat(NamedTuple):
    """How to walk over the frames of a format."""

    start: int
    """Bytes before the first frame."""
    header: int
    """Bytes of a frame that `frame` has to see."""
    frame: Callable[[bytes, int], tuple[int, float]]
    """Data and offset to the frame's size (0: not a frame) and milliseconds."""


def _amr(sizes: tuple[int, ...]) -> Callable[[bytes, int], tuple[int, float]]:
    by_byte = [1 + sizes[byte >> 3 & 15] for byte in range(256)]

    def frame(data: bytes, at: int) -> tuple[int, float]:
        return by_byte[data[at]], 20.0

    return frame


def _adts(data: bytes, at: int) -> tuple[int, float]:
    if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return 0, 0.0
    rate = data[at + 2] >> 2 & 15
    size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if size < 7 or rate >= len(_ADTS_RATES):
        return 0, 0.0
    blocks = 1 + (data[at + 6] & 3)
    return size, blocks * 1024_000 / _ADTS_RATES[rate]


AMR_NB = FrameFormat(
    6, 1, _amr((12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0))
)
AMR_WB = FrameFormat(
    9, 1, _amr((17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0))
)
ADTS = FrameFormat(0, 7, _adts)


def count_frames(format_: FrameFormat, size: int, read: Read) -> int | None:
    """Measure a file by counting its frames; memory does not grow with the file.

    Args:
        format_: How to walk.
        size: The file's size.
        read: Fetches bytes of the file.

    Returns:
        Milliseconds of the whole frames, up to the first byte that begins none; an
        estimate for more than a day; None when there is no frame at all.
    """
    start, header, frame = format_
    total = 0.0
    at = start
    chunk_at = 0
    chunk = b""
    count = 0
    while count < _MAX_FRAMES and at + header <= size:
        within = at - chunk_at
        if within + header > len(chunk):
            chunk, chunk_at, within = read(at, _STRIDE), at, 0
            if len(chunk) < header:
                break  # the file has become shorter
        length, ms = frame(chunk, within)
        if not length or at + length > size:
            break
        at += length
        total += ms
        count += 1
    if count == _MAX_FRAMES:  # what is left will be like what was counted
        total *= (size - start) / (at - start)
    return in_range(round(total)) if count else None


def is_adts(head: bytes) -> bool:
    """Tell whether a file begins with a frame of ADTS, and the next one follows."""
    if len(head) < ADTS.header:
        return False
    length, _ = _adts(head, 0)
    return bool(length) and _goes_on(head, length, 0xF6)


def is_mp3(head: bytes) -> bool:
    """Tell whether a file begins with a frame of MPEG audio, and the next follows."""
    if len(head) < 4:
        return False
    length = _mp3(head)
    return bool(length) and _goes_on(head, length, 0xFE)


def _goes_on(head: bytes, length: int, mask: int) -> bool:
    """Tell whether a frame is followed by one of its kind, as far as can be seen."""
    if length + 2 > len(head):
        return True
    return head[length] == 0xFF and head[length + 1] & mask == head[1] & mask


def _mp3(head: bytes) -> int:
    """Return the size of the frame of MPEG audio that some bytes begin with, or 0."""
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbits, rate, pad = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or kbits in {0, 15} or rate == 3:
        return 0
    hertz = (
        _MP3_RATES[rate] >> (0, 0, 1, 0)[version] if version else _MP3_RATES[rate] >> 2
    )
    bits = 1000 * _MP3_KBITS[1 if version == 3 else 2, layer][kbits - 1]
    if layer == 1:
        return (12 * bits // hertz + pad) * 4
    slots = 72 if layer == 3 and version != 3 else 144
    return slots * bits // hertz + pad


def flac_info(info: bytes) -> tuple[int, int]:
    """Read sample rate and number of samples from a FLAC STREAMINFO block."""
    if len(info) < 18:
        return 0, 0
    packed = _u64_big(info, 10)[0]
    return packed >> 44, packed & 0xF_FFFF_FFFF
