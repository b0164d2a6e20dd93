"""A WebM of Opus whose every byte has its place before any sound was encoded.

All packets have the same size, and each part of a second the same number of them. So
size, length and index are known at once, a page can ask for any place in it, and only
what is asked for needs to be made.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tui.audio import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BIT_RATE",
    "DELAY",
    "FRAME",
    "MIME",
    "OPUS_HEAD",
    "PACKETS",
    "PACKET_BYTES",
    "PART_BYTES",
    "Layout",
    "block_size",
    "last_size",
    "made_block",
    "made_head",
    "made_last",
    "made_part",
]

MIME = "audio/webm"
FRAME = RATE // 50
"""Samples in a packet: 20 ms."""
PACKETS = 50
"""Packets in a part, which so lasts a second."""
BIT_RATE = 48_000
PACKET_BYTES = BIT_RATE // 8 // 50
DELAY = 312
"""Samples that Opus's encoder puts ahead of the sound."""
OPUS_HEAD = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, DELAY, RATE, 0, 0)

_PART_MS = 1000
_MOST_CUES = 500
"""An index of 12 kB: it is sent ahead of the first sound."""
_SETTLE_NS = 80_000_000
"""After a jump a decoder of Opus needs so long."""
_MOST_PACKET = 16_000
_PLAIN, _KEY = b"\x00", b"\x80"


class Layout:
    """Where everything is in a file of some length.

    Args:
        samples: How many the sound has, at the engine's rate.
    """

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self._packets = max(1, -(-(samples + DELAY) // FRAME))
        self.parts = -(-self._packets // PACKETS)
        """How many parts it has."""
        self.head = self._made_head()
        """The bytes ahead of the first part."""
        last = self._count(self.parts - 1)
        self.size = len(self.head) + (self.parts - 1) * PART_BYTES + _last_bytes(last)
        """Bytes of the whole."""

    def place(self, part: int) -> tuple[int, int]:
        """Tell where a part begins and ends, in bytes."""
        begin = len(self.head) + part * PART_BYTES
        return begin, self.size if part == self.parts - 1 else begin + PART_BYTES

    def part_at(self, byte: int) -> int:
        """Tell which part a byte behind the head belongs to."""
        return min((byte - len(self.head)) // PART_BYTES, self.parts - 1)

    def write(self, part: int, packets: Sequence[bytes]) -> bytes:
        """Give the bytes of a part.

        Args:
            part: Which one.
            packets: Its packets; those behind the last one of the file are left out.

        Raises:
            ValueError: There are too few, or one has another size.
        """
        count = self._count(part)
        taken = packets[:count]
        if len(taken) < count or any(len(each) != PACKET_BYTES for each in taken):
            raise ValueError("these are no packets of a part")
        blocks = [made_block(number * 20, each) for number, each in enumerate(taken)]
        if part == self.parts - 1:
            spare = self._packets * FRAME - DELAY - self.samples
            blocks[-1] = made_last((count - 1) * 20, taken[-1], spare)
        return made_part(part * _PART_MS, blocks)

    def read(self, part: int, content: bytes) -> list[tuple[bytes, int, int, int]]:
        """Take a part apart.

        Args:
            part: Which one.
            content: Its bytes, as `write` gave them.

        Returns:
            Packets: the bytes, the time of the first sample of what they decode to, and
            how many samples at its begin and its end are no sound.
        """
        count = self._count(part)
        end = len(content)
        if part == self.parts - 1:
            end -= _PADDING_BYTES
        found = []
        for number in range(count):
            last = part * PACKETS + number == self._packets - 1
            at = end if last else _BEGIN + (number + 1) * _BLOCK_BYTES
            time = (part * PACKETS + number) * FRAME - DELAY
            spare = max(0, time + FRAME - self.samples)
            data = content[at - PACKET_BYTES : at]
            found.append((data, time, DELAY if time < 0 else 0, spare))
        return found

    def _count(self, part: int) -> int:
        return min(PACKETS, self._packets - part * PACKETS)

    def _made_head(self) -> bytes:
        places = [(part * _PART_MS, part * PART_BYTES) for part in range(self.parts)]
        last = _last_bytes(self._count(self.parts - 1))
        size = (self.parts - 1) * PART_BYTES + last
        return made_head(OPUS_HEAD, self.samples, places, size)


def made_head(
    opus_head: bytes, samples: int, places: Sequence[tuple[int, int]], size: int
) -> bytes:
    """Make what is ahead of the first part.

    Args:
        opus_head: What the decoder has to know.
        samples: The length of the sound, at the engine's rate.
        places: Of each part the time in milliseconds, and where it begins, in bytes
            behind the head.
        size: Bytes of all parts.
    """
    ebml = _element(
        b"\x1a\x45\xdf\xa3",
        _element(b"\x42\x82", b"webm")
        + _element(b"\x42\x87", b"\x04")
        + _element(b"\x42\x85", b"\x02"),
    )
    facts = _element(
        b"\x15\x49\xa9\x66",
        _element(b"\x2a\xd7\xb1", (1_000_000).to_bytes(3, "big"))
        + _element(b"\x44\x89", struct.pack(">d", samples * 1000 / RATE))
        + _element(b"\x4d\x80", b"Earmark")
        + _element(b"\x57\x41", b"Earmark"),
    )
    listed = places[:: -(-len(places) // _MOST_CUES)]
    track = _track(opus_head)
    before = len(facts) + len(track) + _CUES_HEAD + len(listed) * _CUE_BYTES
    cues = b"".join(_cue(time_ms, before + place) for time_ms, place in listed)
    index = _element(b"\x1c\x53\xbb\x6b", cues, width=4)
    segment = b"\x18\x53\x80\x67" + _sized(before + size, 8)
    return ebml + segment + facts + track + index


def made_part(time_ms: int, blocks: Sequence[bytes]) -> bytes:
    """Make a part of blocks.

    Args:
        time_ms: The time of the first one.
        blocks: The blocks, as `made_block` and `made_last` give them.
    """
    time = _element(b"\xe7", struct.pack(">I", time_ms))
    return _element(b"\x1f\x43\xb6\x75", time + b"".join(blocks), width=4)


def made_block(time_ms: int, packet: bytes) -> bytes:
    """Make a block of a packet; its time is counted from that of its part."""
    return _element(b"\xa3", _block(time_ms, packet, _KEY))


def made_last(time_ms: int, packet: bytes, spare: int) -> bytes:
    """Make the block of the last packet, of which some samples are no sound."""
    padding = struct.pack(">q", spare * 1_000_000_000 // RATE)
    block = _element(b"\xa1", _block(time_ms, packet, _PLAIN))
    return _element(b"\xa0", block + _element(b"\x75\xa2", padding))


def block_size(size: int) -> int:
    """Tell how many bytes the block of a packet has.

    Args:
        size: Bytes of the packet.

    Raises:
        ValueError: It is too large for a block.
    """
    if not 0 < size <= _MOST_PACKET:
        raise ValueError("this is no packet of a part")
    return 1 + _width(4 + size) + 4 + size


def last_size(size: int) -> int:
    """Tell how many bytes the block of the last packet has."""
    group = block_size(size) + _PADDING_BYTES
    return 1 + _width(group) + group


def _width(size: int) -> int:
    """Tell in how many bytes a size is written."""
    return 1 if size < 0x7F else 2


def _sized(size: int, width: int) -> bytes:
    """Write a size in so many bytes."""
    return (size | 1 << 7 * width).to_bytes(width, "big")


def _element(ident: bytes, content: bytes, *, width: int = 0) -> bytes:
    """Write an element; the size in so few bytes as it needs, or in some number."""
    return ident + _sized(len(content), width or _width(len(content))) + content


def _block(time_ms: int, packet: bytes, flags: bytes) -> bytes:
    return b"\x81" + struct.pack(">h", time_ms) + flags + packet


def _track(opus_head: bytes) -> bytes:
    channels, before = struct.unpack_from("<BH", opus_head, 9)
    sound = _element(b"\xb5", struct.pack(">d", RATE)) + _element(
        b"\x9f", bytes([channels])
    )
    delay = before * 1_000_000_000 // RATE
    return _element(
        b"\x16\x54\xae\x6b",
        _element(
            b"\xae",
            _element(b"\xd7", b"\x01")
            + _element(b"\x73\xc5", b"\x01")
            + _element(b"\x9c", b"\x00")
            + _element(b"\x86", b"A_OPUS")
            + _element(b"\x56\xaa", delay.to_bytes(4, "big"))
            + _element(b"\x56\xbb", _SETTLE_NS.to_bytes(4, "big"))
            + _element(b"\x83", b"\x02")
            + _element(b"\x63\xa2", opus_head)
            + _element(b"\xe1", sound),
        ),
    )


def _cue(time_ms: int, place: int) -> bytes:
    """Write where a part begins, for the index."""
    where = _element(b"\xf7", b"\x01") + _element(b"\xf1", struct.pack(">Q", place))
    time = _element(b"\xb3", struct.pack(">I", time_ms))
    return _element(b"\xbb", time + _element(b"\xb7", where))


_CUES_HEAD = 8
_BEGIN = 4 + 4 + 6
"""Bytes of a part ahead of its first block."""
_BLOCK_BYTES = 2 + 4 + PACKET_BYTES
_PADDING_BYTES = 2 + 1 + 8
PART_BYTES = _BEGIN + PACKETS * _BLOCK_BYTES
_CUE_BYTES = len(_cue(0, 0))


def _last_bytes(count: int) -> int:
    """Bytes of the last part, whose last packet tells how much of it is no sound."""
    return _BEGIN + (count - 1) * _BLOCK_BYTES + last_size(PACKET_BYTES)
