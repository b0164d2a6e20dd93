"""One indexer for a library at a time: a lock that ends with the process."""

from __future__ import annotations

import fcntl
import os

__all__ = ["IndexerLock"]


class IndexerLock:
    """The lock of a library's indexer.

    The kernel gives it back when the process ends, however it ends. On file systems
    without locks everybody gets it: two indexers of one library do double work, but
    write the same.

    Args:
        library: The library file; the lock lies beside it.
    """

    def __init__(self, library: str | os.PathLike[str]) -> None:
        self._path = os.fspath(library) + ".indexer.lock"
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Try to get it; returns at once, with whether it is held now."""
        if self._handle is not None:
            return True
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False  # a library that can't be written needs no indexer
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError:
            self._handle = handle
            return True
        self._handle = handle
        return True

    def release(self) -> None:
        """Give it back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
