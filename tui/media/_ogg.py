"""Ogg: Opus, Vorbis, Speex and FLAC, told from the first and the last page.

An Ogg file is a row of pages. Each says how long it is, to which stream it belongs and
at which sample the stream stands at its end; so the last page has the length, and
whether it is marked as the last and ends with the file tells if anything can follow.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tui.media._api import Probe, Wholeness
from tui.media._frames import flac_info
from tui.media._window import in_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.media._window import Read

__all__ = ["length_of_chain", "probe_ogg"]

_MARK = b"OggS"
_FIXED = 27
"""Bytes of a page before its table of segments."""
_BODY = 28
"""Where the first page's packet begins: its table has one entry."""
_LONGEST_PAGE = _FIXED + 255 + 255 * 255
_HEADER = _FIXED + 255 + 64
"""Bytes that surely hold a page's header, and what tells a first page's codec."""
_STRIDE = 65_536
_EOS = 4
_BOS = 2
_MAX_PAGES = 1_000_000
_OPUS_RATE = 48_000

_granule = Struct("<q").unpack_from
_u16 = Struct("<H").unpack_from
_u32 = Struct("<I").unpack_from

_CUT = "the end is missing"
_NO_SOUND = "no sound in it yet"

_CODECS = {b"OpusHea": "ogg/opus", b"\x01vorbis": "ogg/vorbis", b"Speex  ": "ogg/speex"}
_VIDEO = (b"\x80theora", b"BBCD\0")
_TABLE = b"fishead\0"
"""The beginning of a stream that only describes the others."""


class _Codec(NamedTuple):
    name: str
    rate: int
    """Samples a second that granules count; 0 when it can't be told."""
    skip: int
    """Samples at the start that are not played."""


def _codec(packet: bytes) -> _Codec | None:
    """Tell codec and rate from the first packet of a stream."""
    name = _CODECS.get(packet[:7])
    if name == "ogg/opus":
        return _Codec(name, _OPUS_RATE, _u16(packet, 10)[0] if len(packet) > 11 else 0)
    if name == "ogg/vorbis":
        return _Codec(name, _u32(packet, 12)[0] if len(packet) > 15 else 0, 0)
    if name is not None:
        return _Codec(name, _u32(packet, 36)[0] if len(packet) > 39 else 0, 0)
    if packet.startswith(b"\x7fFLAC"):  # then 8 bytes, "fLaC" and a block header
        return _Codec("ogg/flac", flac_info(packet[17:])[0], 0)
    return None


def probe_ogg(head: bytes, tail: bytes, size: int, read: Read) -> Probe:
    """Look into an Ogg file.

    Args:
        head: The first bytes, beginning with `OggS`.
        tail: The last bytes.
        size: The file's size.
        read: Fetches other bytes.

    Returns:
        The answer; without a length for chained files (see `length_of_chain`).
    """
    # Nearly every file takes this path: an Opus note whose tail holds its last page
    # whole. It is written flat, because a scan of a library is this function.
    at = tail.rfind(_MARK)
    if head[28:36] == b"OpusHead" and at >= 0 and len(head) >= 47:
        body = at + _FIXED
        if body <= len(tail) and head[14:18] == tail[at + 14 : at + 18]:
            body += tail[body - 1]
            if body + sum(tail[at + _FIXED : body]) == len(tail):
                samples = _granule(tail, at + 6)[0] - _u16(head, 38)[0]
                # Below 6 kbit/s: silence, or a stream that does not begin at 0.
                if 0 < samples < size * 64:
                    return Probe(
                        "ogg/opus",
                        Wholeness.PROVEN
                        if tail[at + 5] & _EOS
                        else Wholeness.PLAUSIBLE,
                        (samples + 24) // 48,
                    )
    return _probe_slowly(head, tail, size, read)


def _probe_slowly(head: bytes, tail: bytes, size: int, read: Read) -> Probe:
    codec = _codec(head[_BODY:])
    if codec is None:
        if len(head) < _BODY + 8:
            return Probe("ogg", Wholeness.CUT, None, _CUT)
        if not head.startswith((*_VIDEO, _TABLE), _BODY):
            return Probe("ogg", Wholeness.UNKNOWN, None, "an Ogg file without sound")
    if len(tail) < min(size, 2 * _LONGEST_PAGE):
        count = min(size, 2 * _LONGEST_PAGE)
        tail = read(size - count, count)
    ending = _ending(tail, head[14:18])
    wholeness, reason = _wholeness(ending)
    if codec is None:
        video = head.startswith(_VIDEO, _BODY)
        return Probe("ogg", wholeness, None, reason, has_video=video)
    duration = _duration(codec, ending, head, size)
    if not duration and wholeness is Wholeness.PLAUSIBLE and not ending.foreign:
        return Probe(codec.name, Wholeness.CUT, None, _NO_SOUND)
    return Probe(codec.name, wholeness, duration, reason)


class _Ending(NamedTuple):
    granule: int | None
    """Where the stream stands at its last whole page; None when no page is there."""
    last: bool
    """Whether that page is the last of the stream and ends with the file."""
    missing: bool
    """Whether more was promised than there is."""
    foreign: bool
    """Whether the last page belongs to another stream."""


def _ending(tail: bytes, serial: bytes) -> _Ending:
    """Walk back from the end of a file to the last page that tells a position."""
    last = missing = foreign = False
    seen = False
    at = tail.rfind(_MARK)
    while at >= 0:
        end = _page_end(tail, at)
        if end is None or end > len(tail):
            missing = missing or not seen
        elif tail[at + 14 : at + 18] != serial:
            foreign = foreign or not seen
            seen = True
        else:
            if not seen:
                last = end == len(tail) and bool(tail[at + 5] & _EOS)
                missing = missing or (
                    not tail[at + 5] & _EOS and _is_unwritten(tail[end:])
                )
            seen = True
            granule = _granule(tail, at + 6)[0]
            if granule >= 0:
                return _Ending(granule, last, missing, foreign)
        at = tail.rfind(_MARK, 0, at)
    return _Ending(None, last, missing or not seen, foreign)


def _page_end(data: bytes, at: int) -> int | None:
    """Return where a page ends, or None when its header is cut or no header at all."""
    body = at + _FIXED
    if body > len(data) or data[at + 4]:
        return None
    table = body + data[body - 1]
    return table + sum(data[body:table])


def _is_unwritten(rest: bytes) -> bool:
    """Tell whether what follows a page is room for more: zeros, or a cut mark."""
    return bool(rest) and (_MARK.startswith(rest[:4]) or not rest.strip(b"\0"))


def _wholeness(ending: _Ending) -> tuple[Wholeness, str]:
    if ending.missing:
        return Wholeness.CUT, _CUT
    return Wholeness.PROVEN if ending.last else Wholeness.PLAUSIBLE, ""


def _duration(codec: _Codec, ending: _Ending, head: bytes, size: int) -> int | None:
    if ending.granule is None or ending.foreign or not codec.rate:
        return None
    samples = ending.granule - codec.skip
    if codec.name == "ogg/opus" and samples >= size * 64:
        samples -= _opus_start(head)
    return in_range((max(0, samples) * 1000 + codec.rate // 2) // codec.rate)


def _opus_start(head: bytes) -> int:
    """Return where an Opus stream begins that was cut out of a longer one."""
    at = 0
    while head[at : at + 4] == _MARK:
        end = _page_end(head, at)
        if end is None or end > len(head):
            return 0
        granule = _granule(head, at + 6)[0]
        if granule > 0:
            first = granule - sum(map(_opus_samples, _packets(head, at)))
            return max(0, first) if not head[at + 5] & _EOS else 0
        at = end
    return 0


def _packets(data: bytes, at: int) -> list[bytes]:
    """Return the packets that end on a page."""
    body = at + _FIXED
    table = data[body : body + data[body - 1]]
    start = position = body + len(table)
    packets = []
    for segment in table:
        position += segment
        if segment < 255:
            packets.append(data[start:position])
            start = position
    return packets


def _opus_samples(packet: bytes) -> int:
    """Return the samples at 48 kHz in an Opus packet (RFC 6716, section 3.1)."""
    if not packet:
        return 0
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    if code == 3:
        return frame * (packet[1] & 63) if len(packet) > 1 else 0
    return frame * min(2, code + 1)


def length_of_chain(size: int, read: Read) -> int | None:
    """Add up the lengths of the links of an Ogg file, reading all its pages.

    Args:
        size: The file's size.
        read: Fetches bytes of the file.

    Returns:
        Milliseconds, or None when no page tells a length.
    """
    total = 0.0
    known = False
    streams: dict[bytes, tuple[_Codec, int]] = {}
    begun = False
    for header, packet in _walk(size, read):
        serial = header[14:18]
        if header[5] & _BOS:
            if begun:
                total += _longest(streams)
                streams, begun = {}, False
            codec = _codec(packet)
            if codec is not None and codec.rate:
                streams[serial] = codec, 0
            continue
        begun = True
        granule = _granule(header, 6)[0]
        if serial in streams and granule > 0:
            streams[serial] = streams[serial][0], granule
            known = True
    total += _longest(streams)
    return in_range(round(total * 1000)) if known else None


def _longest(streams: dict[bytes, tuple[_Codec, int]]) -> float:
    return max((max(0, at - c.skip) / c.rate for c, at in streams.values()), default=0)


def _walk(size: int, read: Read) -> Iterator[tuple[bytes, bytes]]:
    """Yield header and beginning of each page, as far as page follows page."""
    at = chunk_at = 0
    chunk = b""
    for _ in range(_MAX_PAGES):
        within = at - chunk_at
        if within + _HEADER > len(chunk) and chunk_at + len(chunk) < size:
            chunk, chunk_at, within = read(at, _STRIDE), at, 0
        header = chunk[within : within + _HEADER]
        if len(header) < _FIXED or not header.startswith(_MARK):
            return
        length = _page_end(header, 0)
        if length is None or at + length > size:
            return
        body = within + _FIXED + header[_FIXED - 1]
        yield header, chunk[body : body + 64]
        at += length
