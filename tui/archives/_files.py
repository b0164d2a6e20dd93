"""Opening files for reading: plain ones, and members of archives.

A member's path has `//` after the archive's, see `_api`. Everybody who opens recordings
or documents does it here, so that it makes no difference to them where a file lies.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO

from tui.archives import _opened
from tui.places import is_own, keeps_apart

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MARK", "open_file", "open_quietly", "split"]

MARK = b"//"
"""Between the path of an archive and that of its member."""

_QUIET = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_NO_ATIME = getattr(os, "O_NOATIME", 0)
_OWN = "is Earmark's own library"
_refused: dict[bytes, int] = {}
"""Paths of our own databases, with the descriptor of each that must stay open."""
_IN_MEMORY = 32 * 1024 * 1024
"""Up to this size a member is unpacked into memory, else into a nameless file."""


def split(path: bytes) -> tuple[bytes, bytes] | None:
    """Tell an archive from its member.

    Args:
        path: Any path.

    Returns:
        The path of the archive and that of the member inside of it (empty for the
        archive itself, as a folder); None for a plain path.
    """
    at = path.find(MARK, 1)
    if at < 0:
        if not path.endswith(b"/") or len(path) < 2:
            return None
        return path[:-1], b""
    return path[:at], path[at + 2 :]


def open_quietly(path: bytes) -> int:
    """Open a file for reading without leaving a trace where the system allows it.

    The time of the last access is not changed, and a pipe does not make us wait. Of a
    member of an archive a copy is opened that has no name and vanishes when it is
    closed.

    Args:
        path: The file, or the member of an archive.

    Returns:
        The descriptor; the caller closes it.

    Raises:
        OSError: The file is gone or may not be read.
    """
    if path.find(MARK, 1) >= 0:
        return _member_copy(path)
    return _opened_quietly(path)


def open_file(path: bytes) -> BinaryIO:
    """Open a file or a member of an archive as a buffered, seekable file.

    Args:
        path: The file, or the member of an archive.

    Raises:
        OSError: The file is gone, is no regular one, or may not be read.
    """
    parts = split(path)
    if parts is not None:
        return _opened.open_member(*parts)
    fd = _opened_quietly(path)
    # A folder would keep the descriptor, and a pipe can't be searched.
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "is no regular file", path)
    return os.fdopen(fd, "rb")


def _opened_quietly(path: bytes) -> int:
    if path in _refused:
        raise PermissionError(errno.EACCES, _OWN, path)
    try:
        fd = os.open(path, _QUIET | _NO_ATIME)
    except OSError as error:
        if error.errno != errno.EPERM:  # only the owner may ask for no access time
            raise
        fd = os.open(path, _QUIET)
    if keeps_apart() and is_own(os.fstat(fd)):
        # Never closed: closing it would take SQLite's locks away. Asking ahead of
        # opening would cost every file of a scan a tenth of what opening does.
        _refused[path] = fd
        raise PermissionError(errno.EACCES, _OWN, path)
    return fd


def _member_copy(path: bytes) -> int:
    parts = split(path)
    if parts is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    with closing(_opened.open_member(*parts)) as member:
        plain = _descriptor(member)
        if plain is not None:
            return plain
        size = member.seek(0, os.SEEK_END)
        member.seek(0)
        make = _memory if size <= _IN_MEMORY else _nameless
        return _copied(member, make)


def _descriptor(member: BinaryIO) -> int | None:
    """Of a member that is a plain file on the disk, a descriptor of its own."""
    try:
        number = member.fileno()
    except OSError:
        return None
    # Opened again, not duplicated: two descriptors of one opening share their place.
    try:
        return _opened_quietly(b"/dev/fd/%d" % number)
    except OSError:
        return None


def _copied(member: BinaryIO, make: Callable[[], int]) -> int:
    import shutil

    copy = make()
    try:
        with os.fdopen(os.dup(copy), "wb") as file:
            shutil.copyfileobj(member, file, 1 << 20)
        os.lseek(copy, 0, os.SEEK_SET)
    except BaseException:
        os.close(copy)
        raise
    return copy


def _memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("earmark")
    return _nameless()


def _nameless() -> int:
    import tempfile

    with tempfile.TemporaryFile(prefix="earmark-") as file:
        return os.dup(file.fileno())
