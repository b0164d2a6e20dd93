"""Recordings read once, from begin to end, and hashed on the way."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from tui.archives import open_quietly
from tui.errors import AudioError
from tui.export._write import plain_reason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Summed", "read_through", "write_all"]

_BLOCK = 1024 * 1024


class Summed(NamedTuple):
    """What was read."""

    size: int
    sha256: str
    """In hex."""
    mtime_ns: int
    """The time of the file; of a member of an archive that says nothing."""


def read_through(source: bytes, use: Callable[[bytes], None]) -> Summed:
    """Read a recording.

    Args:
        source: The absolute path; also that of a member of an archive.
        use: Takes each block.

    Raises:
        AudioError: It can't be read, or was changed meanwhile.
    """
    try:
        fd = open_quietly(source)
    except OSError as error:
        raise AudioError(source, plain_reason(error)) from error
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise AudioError(source, "is no regular file")
        digest, size = hashlib.sha256(), 0
        while block := _read(fd, source):
            digest.update(block)
            size += len(block)
            use(block)
        after = os.fstat(fd)
    finally:
        os.close(fd)
    was = (before.st_size, before.st_mtime_ns)
    if was != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise AudioError(source, "was changed while it was read")
    return Summed(size, digest.hexdigest(), after.st_mtime_ns)


def _read(fd: int, source: bytes) -> bytes:
    try:
        return os.read(fd, _BLOCK)
    except OSError as error:
        raise AudioError(source, plain_reason(error)) from error


def write_all(fd: int, data: bytes | bytearray) -> None:
    """Write all of a block.

    Args:
        fd: Where to.
        data: The block.

    Raises:
        OSError: It can't be written.
    """
    with memoryview(data) as rest:
        at = 0
        while at < len(rest):
            at += os.write(fd, rest[at:])
