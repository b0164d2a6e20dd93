"""The length of files whose head and tail don't tell it.

This may read the whole file, so it belongs in the background. Memory does not grow with
the file. The decoders get a file that is open already and are told its format: a text
that poses as a recording can't make them open other files, or addresses.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tui.archives import open_quietly
from tui.media._api import Wholeness
from tui.media._frames import ADTS, AMR_NB, AMR_WB, count_frames
from tui.media._ogg import length_of_chain
from tui.media._probe import id3_size, probe_fd, size_of
from tui.media._window import in_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

    from tui.media._api import Probe

__all__ = ["measure"]

_COUNTED = {"amr-nb": AMR_NB, "amr-wb": AMR_WB, "adts": ADTS}
_DEMUXERS = {
    "3gp": "mov",
    "aiff": "aiff",
    "ape": "ape",
    "asf": "asf",
    "au": "au",
    "avi": "avi",
    "caf": "caf",
    "flac": "flac",
    "matroska": "matroska",
    "mov": "mov",
    "mp3": "mp3",
    "mp4": "mov",
    "mpeg": "mpeg",
    "ogg": "ogg",
    "tta": "tta",
    "wav": "wav",
    "wavpack": "wv",
    "webm": "matroska",
}
"""Our containers and the names that FFmpeg has for them."""

_FURTHEST = 1 << 62
_DAMAGED = "damaged: no length can be told"


def measure(path: bytes) -> Probe:
    """Look into a file, and through all of it where head and tail don't tell.

    Args:
        path: The file.

    Returns:
        The answer; the length is None only for a file that is cut, damaged or unknown.

    Raises:
        OSError: The file is gone or may not be read.
    """
    fd = open_quietly(path)
    try:
        size = size_of(fd)
        probe = probe_fd(fd, size)
        if probe.duration_ms is not None or probe.wholeness not in {
            Wholeness.PROVEN,
            Wholeness.PLAUSIBLE,
        }:
            return probe
        return _measure(fd, size, probe)
    finally:
        os.close(fd)


def _measure(fd: int, size: int, probe: Probe) -> Probe:
    def read(at: int, count: int) -> bytes:
        return os.pread(fd, count, at)

    if probe.container in _COUNTED:
        format_ = _COUNTED[probe.container]
        tag = id3_size(read(0, 10))
        duration = count_frames(format_._replace(start=format_.start + tag), size, read)
    elif probe.container.startswith("ogg/"):
        duration = length_of_chain(size, read)
    else:
        duration = _by_first_frame(fd) if probe.container == "mp3" else None
        if duration is None:
            return _by_packets(fd, size, probe)
    return _with_duration(probe, duration)


def _with_duration(probe: Probe, duration: int | None) -> Probe:
    if duration is None:
        return probe._replace(wholeness=Wholeness.UNKNOWN, reason=_DAMAGED)
    return probe._replace(duration_ms=duration)


def _by_first_frame(fd: int) -> int | None:
    """Read the length that an MP3 file states in its first frame, if it does.

    Only that frame is read, not the tags, which may be huge. A file without a stated
    length gets None: mutagen would guess from the bit rate of the first frames.
    """
    from mutagen.mp3 import BitrateMode, HeaderNotFoundError, MPEGInfo

    try:
        with os.fdopen(os.dup(fd), "rb") as file:
            file.seek(0)
            info: Any = MPEGInfo(file)
    except (HeaderNotFoundError, ValueError, OverflowError, EOFError):
        return None
    if info.bitrate_mode == BitrateMode.UNKNOWN:
        return None
    return in_range(round(info.length * 1000)) or None


class _Seekable:
    """An open file for FFmpeg, which may ask for places that no file has.

    An exception would be printed by PyAV, in the middle of the screen.

    Args:
        fd: The file; stays open.
        size: Its size.
    """

    def __init__(self, fd: int, size: int) -> None:
        self._fd = fd
        self._size = size
        self._at = 0

    def read(self, count: int) -> bytes:
        """Return the next bytes; none at the end, or where the disk fails."""
        try:
            data = os.pread(self._fd, count, self._at)
        except OSError:
            return b""
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int) -> int:
        """Go to a place; -1 for one that can't be."""
        at = offset + (0, self._at, self._size, 0)[whence & 3]  # without FFmpeg's flags
        if not 0 <= at <= _FURTHEST:
            return -1
        self._at = at
        return at

    def tell(self) -> int:
        """Return the place."""
        return self._at


def _by_packets(fd: int, size: int, probe: Probe) -> Probe:
    """Ask FFmpeg; add up the packets where the container states no length."""
    import av
    from av.error import FFmpegError

    name = _DEMUXERS[probe.container]
    try:
        with av.open(
            _Seekable(fd, size), "r", format=name, metadata_errors="replace"
        ) as container:
            return _from_container(container, probe)
    except (FFmpegError, ValueError, OverflowError):
        return _with_duration(probe, None)


def _from_container(container: InputContainer, probe: Probe) -> Probe:
    has_video = any(
        stream.type == "video"
        and not stream.disposition & stream.disposition.attached_pic
        for stream in container.streams
    )
    if not container.streams.audio:
        return probe._replace(has_audio=False, has_video=has_video)
    stream = container.streams.audio[0]
    stated = container.duration
    if stated is not None and stated > 0 and probe.container not in {"mp3", "mpeg"}:
        duration = in_range(stated // 1000)
    else:
        duration = _count(container.demux(stream))
    return _with_duration(probe, duration)._replace(has_audio=True, has_video=has_video)


def _count(packets: Iterator[Packet[AudioStream]]) -> int | None:
    """Add up the lengths of packets; where they have none, take the last time."""
    total = 0.0
    first = last = None
    for packet in packets:
        base = packet.time_base
        if packet.duration:
            total += float(packet.duration * base)
        if packet.pts is not None:
            last = float(packet.pts * base)
            first = last if first is None else first
    if not total and first is not None and last is not None:
        total = last - first
    return in_range(round(total * 1000)) or None
