"""Reading here and there in a file, with a limit on how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[int, int], bytes]
    """Offset and number of bytes to what is there; short at the end of the file."""

__all__ = ["LONGEST_MS", "TooManyReadsError", "Window", "in_range"]

LONGEST_MS = 366 * 24 * 3600 * 1000
"""A length beyond a year is a damaged number, not a recording."""

_READS = 512
_CHUNK = 4096


class TooManyReadsError(Exception):
    """A file's structure has more parts than a look may follow."""


def in_range(ms: int) -> int | None:
    """Return a length in milliseconds, or None when no recording can be so long."""
    return ms if 0 <= ms <= LONGEST_MS else None


class Window:
    """The bytes of a file by offset: from its head and tail, else by a few reads.

    Args:
        head: The first bytes of the file.
        tail: The last bytes of the file.
        size: The file's size.
        read: Fetches other bytes.
    """

    def __init__(self, head: bytes, tail: bytes, size: int, read: Read) -> None:
        self.size = size
        self._head = head
        self._tail = tail
        self._tail_at = size - len(tail)
        self._read = read
        self._left = _READS
        self._chunk = b""
        self._chunk_at = 0

    def get(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on; fewer at the end of the file.

        Raises:
            TooManyReadsError: The file was read too often.
            OSError: The file can't be read.
        """
        end = offset + count
        if end <= len(self._head):
            return self._head[offset:end]
        if offset >= self._tail_at:
            return self._tail[offset - self._tail_at : end - self._tail_at]
        within = offset - self._chunk_at
        if within < 0 or within + count > len(self._chunk):
            if not self._left:
                raise TooManyReadsError
            self._left -= 1
            self._chunk = self._read(offset, max(count, _CHUNK))
            self._chunk_at = offset
            within = 0
        return self._chunk[within : within + count]
