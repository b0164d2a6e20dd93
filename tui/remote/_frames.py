"""What crosses the wire between relay and speaker: frames, and packets packed tightly.

A frame is its kind (one byte), its length (four bytes, the high one first) and so many
bytes. Commands and events are the engine's own lines. Voice is some 50 packets a second
of 40 to 80 bytes, so each packet carries three bytes of ours, not thirty.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.audio import BARE_CODECS, Packet, StreamHead

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

__all__ = [
    "FRAME_LIMIT",
    "VERSION",
    "Batch",
    "FrameError",
    "Frames",
    "Kind",
    "first_frame",
    "frame",
    "head_from",
    "head_to",
    "json_from",
    "json_to",
    "pack",
    "unpack",
]

VERSION = 2
FRAME_LIMIT = 1 << 20
"""The longest content in bytes; what is longer is no frame of ours."""
_HEADER = struct.Struct("!BI")
_BATCH = struct.Struct("!IH")
_SKIPS = struct.Struct("!II")

_AS_EXPECTED = 1
"""The packet begins where the one before ends."""
_AS_LONG = 2
"""It is as long as the one before."""
_HAS_SKIPS = 4


class FrameError(ValueError):
    """What arrived is no frame of ours."""


class Kind(IntEnum):
    """What a frame holds. Those up to END go to the speaker."""

    HELLO = 1
    """JSON: `version`, `token`, and `asks` of who only asks whether it is there; the
    answer has `version` and `plays`, whether it does for somebody, or `refused`."""
    LINE = 2
    """One or more lines of the engine."""
    OPEN = 3
    """JSON: the number of a file, its path and head."""
    DROP = 4
    """JSON: the number of a file that is not needed any more."""
    DATA = 5
    """A batch of packets."""
    END = 6
    """JSON: file and run that have ended, and `problem` where something is wrong."""
    GOT = 7
    """JSON: bytes of DATA that have arrived."""
    WANT = 8
    """JSON: file, run and seconds that are asked for."""
    PACE = 9
    """JSON: file, and whether to go on."""


def frame(kind: Kind, content: bytes) -> bytes:
    """Make a frame."""
    return _HEADER.pack(kind, len(content)) + content


class Frames:
    """Cuts what arrives into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """Take bytes, and give the frames that are complete.

        Raises:
            FrameError: They are none of ours.
        """
        self._rest += data
        while len(self._rest) >= _HEADER.size:
            number, length = _HEADER.unpack_from(self._rest)
            if length > FRAME_LIMIT:
                raise FrameError(f"a frame of {length} bytes")
            end = _HEADER.size + length
            if len(self._rest) < end:
                return
            content = bytes(self._rest[_HEADER.size : end])
            del self._rest[:end]
            try:
                kind = Kind(number)
            except ValueError:
                raise FrameError(f"a frame of the kind {number}") from None
            yield kind, content


def first_frame(connection: socket.socket) -> tuple[Kind, bytes]:
    """Read one frame, and nothing of what follows.

    Raises:
        FrameError: It is none of ours.
        OSError: The other end is gone.
    """
    frames = Frames()
    while data := connection.recv(1):
        for found in frames.feed(data):
            return found
    raise ConnectionResetError


def json_to(**values: object) -> bytes:
    """Write the content of a frame."""
    return json.dumps(values, separators=(",", ":")).encode()


def json_from(content: bytes, **kinds: type) -> dict[str, Any]:
    """Read the content of a frame.

    Args:
        content: The content.
        kinds: What must be in it, and its type.

    Raises:
        FrameError: It is something else.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise FrameError("no JSON") from None
    if not isinstance(found, dict):
        raise FrameError("no JSON object")
    for name, kind in kinds.items():
        if not isinstance(found.get(name), kind):
            raise FrameError(f"no {name}")
    return found


def head_to(head: StreamHead) -> dict[str, Any]:
    """Write a head for JSON."""
    return head._asdict() | {"extradata": base64.b64encode(head.extradata).decode()}


def head_from(told: dict[str, Any]) -> StreamHead:
    """Read a head.

    Raises:
        FrameError: It is none.
    """
    names = StreamHead._fields
    try:
        values = {name: told[name] for name in names}
        extradata = base64.b64decode(values["extradata"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise FrameError("no head of a stream") from None
    head = StreamHead(**(values | {"extradata": extradata}))
    numbers = (head.rate, head.numerator, head.denominator, head.start)
    texts = (head.codec, head.layout, head.container)
    is_right = all(isinstance(each, str) for each in texts) and all(
        isinstance(each, int) for each in numbers
    )
    if not is_right or head.rate < 1 or head.numerator < 1 or head.denominator < 1:
        raise FrameError("no head of a stream")
    if head.codec not in BARE_CODECS:
        raise FrameError(f"a codec that is not sent: {head.codec[:20]!r}")
    if head.duration_us is not None and not isinstance(head.duration_us, int):
        raise FrameError("no head of a stream")
    return head


class Batch(NamedTuple):
    """Packets that follow one another."""

    file: int
    run: int
    packets: tuple[Packet, ...]


def pack(file: int, run: int, packets: Sequence[Packet]) -> bytes:
    """Write a batch.

    Args:
        file: The number of the file.
        run: The number of the run.
        packets: The packets.
    """
    made = bytearray(_BATCH.pack(file, run))
    expected, duration = 0, 0
    for packet in packets:
        flags = _AS_EXPECTED if packet.pts == expected else 0
        flags |= _AS_LONG if packet.duration == duration else 0
        flags |= _HAS_SKIPS if packet.skips != (0, 0) else 0
        made.append(flags)
        if not flags & _AS_EXPECTED:
            made += _varint(_zigzag(packet.pts - expected))
        if not flags & _AS_LONG:
            made += _varint(packet.duration)
        if flags & _HAS_SKIPS:
            made += _SKIPS.pack(*packet.skips)
        made += _varint(len(packet.data)) + packet.data
        duration = packet.duration
        expected = packet.pts + duration
    return bytes(made)


def unpack(content: bytes) -> Batch:
    """Read a batch.

    Raises:
        FrameError: It is none.
    """
    packets: list[Packet] = []
    try:
        file, run = _BATCH.unpack_from(content)
        at, expected, duration = _BATCH.size, 0, 0
        while at < len(content):
            flags = content[at]
            at += 1
            pts = expected
            if not flags & _AS_EXPECTED:
                number, at = _number(content, at)
                pts += (number >> 1) ^ -(number & 1)
            if not flags & _AS_LONG:
                duration, at = _number(content, at)
            skips = (0, 0)
            if flags & _HAS_SKIPS:
                begin, end = _SKIPS.unpack_from(content, at)
                skips, at = (begin, end), at + _SKIPS.size
            size, at = _number(content, at)
            if at + size > len(content):
                raise FrameError("a batch that is cut off")
            packets.append(Packet(content[at : at + size], pts, duration, skips))
            at, expected = at + size, pts + duration
    except (struct.error, IndexError):
        raise FrameError("a batch that is cut off") from None
    return Batch(file, run, tuple(packets))


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _varint(number: int) -> bytes:
    """Write a number of at least 0 in as few bytes as it needs, the low ones first."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _number(content: bytes, at: int) -> tuple[int, int]:
    """Read such a number; returns it and where it ends."""
    number = shift = 0
    while True:
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at
        if shift > 63:
            raise FrameError("a number without an end")
