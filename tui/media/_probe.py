"""A quick look into a file: what it is, how long it plays, whether it is all there.

One file costs one `open`, one `fstat` and one or two `pread`: the head tells the
format, the tail how it ends. Whoever scans many files opens them first, asks the
system to fetch them (`posix_fadvise`), and probes later; so both are apart here.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from tui.archives import open_quietly
from tui.media._api import Probe, Wholeness
from tui.media._boxes import is_mp4, probe_mp4
from tui.media._chunks import is_wav, probe_caf, probe_wav
from tui.media._ebml import probe_ebml
from tui.media._frames import (
    ADTS,
    AMR_NB,
    AMR_WB,
    count_frames,
    flac_info,
    is_adts,
    is_mp3,
)
from tui.media._ogg import probe_ogg
from tui.media._window import Window, in_range

if TYPE_CHECKING:
    from tui.media._frames import FrameFormat
    from tui.media._window import Read

__all__ = [
    "HEAD_BYTES",
    "TAIL_BYTES",
    "head_and_tail",
    "probe_bytes",
    "probe_fd",
    "probe_file",
]

HEAD_BYTES = 4096
"""How much of the beginning of a file is read."""
TAIL_BYTES = 4096
"""How much of the end of a file is read."""


_AMR = ((b"#!AMR-WB\n", "amr-wb", AMR_WB), (b"#!AMR\n", "amr-nb", AMR_NB))
_MAGICS = (
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b".snd", "au"),
    (b"MAC ", "ape"),
    (b"wvpk", "wavpack"),
    (b"TTA1", "tta"),
    (b"\0\0\1\xba", "mpeg"),
    (b"\0\0\1\xb3", "mpeg"),
)
"""Formats that only `measure` can tell more of."""

_BEGINNINGS = (b"OggS", b"RIFF", b"RF64", b"caff", b"#!AM", b"fLaC", b"FORM", b"\0\0\0")
"""How files begin that hold fewer bytes than it takes to know them."""

_FOREIGN = (
    (b"PK\x03\x04", "an archive, not a recording"),
    (b"\x1f\x8b", "an archive, not a recording"),
    (b"Rar!", "an archive, not a recording"),
    (b"7z\xbc\xaf", "an archive, not a recording"),
    (b"\xff\xd8\xff", "a picture, not a recording"),
    (b"\x89PNG", "a picture, not a recording"),
    (b"GIF8", "a picture, not a recording"),
    (b"%PDF", "a document, not a recording"),
    (b"SQLite format 3\0", "a database, not a recording"),
)

_UNKNOWN = "not a recording in a known format"
_CUT = "the end is missing"


def head_and_tail(fd: int, size: int) -> tuple[bytes, bytes]:
    """Read the beginning and the end of a file; both the whole file when it is short.

    Raises:
        OSError: The file can't be read.
    """
    if size <= HEAD_BYTES + TAIL_BYTES:
        data = os.pread(fd, HEAD_BYTES + TAIL_BYTES, 0)
        return data, data
    return os.pread(fd, HEAD_BYTES, 0), os.pread(fd, TAIL_BYTES, size - TAIL_BYTES)


def probe_fd(fd: int, size: int) -> Probe:
    """Look into an open file.

    Args:
        fd: The file.
        size: Its size, from `fstat`.

    Returns:
        The answer.

    Raises:
        OSError: The file can't be read.
    """
    head, tail = head_and_tail(fd, size)
    return probe_bytes(head, tail, size, lambda at, count: os.pread(fd, count, at))


def probe_file(path: bytes) -> Probe:
    """Look into a file.

    Args:
        path: The file.

    Returns:
        The answer.

    Raises:
        OSError: The file is gone, is no file, or may not be read.
    """
    fd = open_quietly(path)
    try:
        return probe_fd(fd, size_of(fd))
    finally:
        os.close(fd)


def size_of(fd: int) -> int:
    """Return the size of an open file.

    Raises:
        OSError: It is a folder, a pipe or a device.
    """
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return status.st_size


def probe_bytes(head: bytes, tail: bytes, size: int, read: Read) -> Probe:
    """Look at the beginning and the end of a file.

    Args:
        head: The first bytes, at least HEAD_BYTES if there are so many.
        tail: The last bytes, at least TAIL_BYTES if there are so many.
        size: The file's size.
        read: Fetches other bytes by offset and count, where a format needs them.

    Returns:
        The answer.

    Raises:
        OSError: What `read` raises; nothing else, whatever the bytes are.
    """
    if head.startswith(b"OggS"):
        return probe_ogg(head, tail, size, read)
    if not head:
        return Probe("", Wholeness.EMPTY, None, "the file is empty")
    return (
        _by_structure(head, tail, Window(head, tail, size, read))
        or _by_frames(head, size, read)
        or _by_magic(head, size)
        or _not_sound(head)
    )


def _by_structure(head: bytes, tail: bytes, window: Window) -> Probe | None:
    """Look at formats of parts that say how long they are."""
    if is_mp4(head):
        return probe_mp4(window, head, tail)
    if is_wav(head):
        return probe_wav(window, head, tail)
    if head.startswith(b"caff\0\1"):
        return probe_caf(window, tail)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return probe_ebml(window)
    return None


def _by_frames(head: bytes, size: int, read: Read) -> Probe | None:
    """Look at formats without a length."""
    for magic, name, format_ in _AMR:
        if head.startswith(magic):
            return _counted(name, format_, head, size)
    if head.startswith(b"fLaC"):
        return _probe_flac(head)
    if head.startswith(b"ID3"):
        return _probe_tagged(head, size, read)
    if is_adts(head):
        return _counted("adts", ADTS, head, size)
    if is_mp3(head):
        return Probe("mp3", Wholeness.PLAUSIBLE, None)
    return None


def _counted(name: str, format_: FrameFormat, head: bytes, size: int) -> Probe:
    """Count the frames at once where the head is the whole file."""
    if size > len(head):
        return Probe(name, Wholeness.PLAUSIBLE, None)
    duration = count_frames(format_, size, lambda at, count: head[at : at + count])
    if duration is None:
        return Probe(name, Wholeness.CUT, None, "no sound in it yet")
    return Probe(name, Wholeness.PLAUSIBLE, duration)


def _probe_flac(head: bytes) -> Probe:
    rate, samples = flac_info(head[8:])
    if not rate:
        return Probe("flac", Wholeness.CUT, None, _CUT)
    duration = in_range(samples * 1000 // rate) if samples else None
    return Probe("flac", Wholeness.PLAUSIBLE, duration)


def _probe_tagged(head: bytes, size: int, read: Read) -> Probe:
    """Look behind an ID3 tag: MP3 mostly, but AAC and FLAC have it too."""
    if len(head) < 10:
        return Probe("mp3", Wholeness.CUT, None, _CUT)
    after = id3_size(head)
    if after >= size:
        return Probe("mp3", Wholeness.CUT, None, _CUT)
    behind = read(after, HEAD_BYTES)
    if behind.startswith(b"fLaC"):
        return _probe_flac(behind)
    if is_adts(behind):
        return Probe("adts", Wholeness.PLAUSIBLE, None)
    return Probe("mp3", Wholeness.PLAUSIBLE, None)


def id3_size(head: bytes) -> int:
    """Return the size of the ID3 tag that a file begins with; 0 for none."""
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    a, b, c, d = (byte & 127 for byte in head[6:10])
    return 10 + (a << 21 | b << 14 | c << 7 | d)


def _by_magic(head: bytes, size: int) -> Probe | None:
    """Tell formats of which only the first bytes are known here."""
    for magic, container in _MAGICS:
        if head.startswith(magic):
            video = container == "mpeg"
            return Probe(container, Wholeness.PLAUSIBLE, None, has_video=video)
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        if 8 + int.from_bytes(head[4:8], "big") > size:
            return Probe("aiff", Wholeness.CUT, None, _CUT)
        return Probe("aiff", Wholeness.PLAUSIBLE, None)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return Probe("avi", Wholeness.PLAUSIBLE, None, has_video=True)
    return None


def _not_sound(head: bytes) -> Probe:
    """Say what a file is that is no recording, or not yet."""
    if not head.strip(b"\0"):
        return Probe("", Wholeness.CUT, None, "nothing is written yet, only zeros")
    if len(head) < 12 and any(
        magic.startswith(head) or head.startswith(magic) for magic in _BEGINNINGS
    ):
        return Probe("", Wholeness.CUT, None, _CUT)
    for magic, reason in _FOREIGN:
        if head.startswith(magic):
            return Probe("", Wholeness.UNKNOWN, None, reason)
    reason = "a text, not a recording" if _is_text(head) else _UNKNOWN
    return Probe("", Wholeness.UNKNOWN, None, reason)


def _is_text(head: bytes) -> bool:
    """Tell whether bytes are mostly letters: UTF-8 without control characters."""
    try:
        text = head[:512].decode(errors="strict")
    except UnicodeDecodeError as error:
        if error.start < min(len(head), 512) - 4:  # else a character that was cut
            return False
        text = head[: error.start].decode()
    return all(char >= " " or char in "\t\r\n\f" for char in text)
