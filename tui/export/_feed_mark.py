"""Knowing a podcast's feed again that we wrote, so that it can grow in its place.

A feed ends with a comment: which podcast it is of, and a hash of all that stands before
it. Who changes a byte of it has a file of their own.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Sealed", "notes_lost"]

_MARK = re.compile(rb"<!-- Earmark ([0-9a-f]{32}) ([0-9a-f]{64}) -->\n")
_SIZE = 32 + 64 + len("<!-- Earmark   -->\n")
_GUID = re.compile(
    rb'<guid isPermaLink="false">urn:earmark:note:([0-9a-f]+)</guid>\n\Z'
)
"""A line of ours; no text can look like it."""
_LINE = 1024 * 1024


class Sealed:
    """A file that hashes what is written to it.

    Args:
        file: The file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write some bytes."""
        self._digest.update(data)
        return self._file.write(data)

    def seal(self, identity: str) -> None:
        """Write what it is known by, behind all else.

        Args:
            identity: Which podcast it is, as `Head.identity`.
        """
        mark = f"<!-- Earmark {identity} {self._digest.hexdigest()} -->\n"
        self._file.write(mark.encode())


class _Feed(NamedTuple):
    identity: bytes
    notes: set[bytes]


def notes_lost(made: Path, there: Path) -> int | None:
    """Tell how many notes of a feed that is there a new one does not have.

    Args:
        made: The new one.
        there: The file in its place.

    Returns:
        How many; 0 when all of them are in the new one, which can take its place. None
        when it is no feed that we wrote, was changed since, or is another podcast's.

    Raises:
        OSError: The new one can't be read.
    """
    try:
        old = _read(there)
    except OSError:
        return None
    new = _read(made)
    if old is None or new is None or old.identity != new.identity:
        return None
    lost = len(old.notes - new.notes)
    # Chats may have one name; no note is of two of them.
    is_other = lost and lost == len(old.notes)
    return None if is_other else lost


def _read(path: Path) -> _Feed | None:
    """Read which notes a feed of ours tells of; None when it is none, or was changed.

    Raises:
        OSError: It can't be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if not stat.S_ISREG(path.lstat().st_mode):
        return None
    with os.fdopen(os.open(path, flags), "rb") as file:
        end = os.fstat(file.fileno()).st_size - _SIZE
        file.seek(max(0, end))
        mark = _MARK.fullmatch(file.read())
        if mark is None:
            return None
        file.seek(0)
        notes, digest = set(), hashlib.sha256()
        while line := file.readline(min(_LINE, end - file.tell())):
            digest.update(line)
            if found := _GUID.match(line):
                notes.add(found[1])
    return _Feed(mark[1], notes) if digest.hexdigest().encode() == mark[2] else None
