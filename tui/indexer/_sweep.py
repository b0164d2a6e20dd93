"""Looks at the times of known folders: the net under the watcher.

The kernel drops events without a word when its queue is full or its watches are used
up, and some file systems send none. But adding, renaming and removing a file always
changes the time of its folder, and asking for it costs 3 us. A few folders that
changed last are asked each time, the others in turns, so that the cost stays the same
however many there are.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from tui.indexer._walk import absolute, is_vanished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["FolderTimes"]

_HOT = 64
"""Folders that changed last; notes arrive in these."""
_BUDGET = 512
"""Folders asked in one sweep: about 1.5 ms."""


class FolderTimes:
    """The times of the folders of one source, as they were when last read.

    The indexer's thread writes, the watcher's thread sweeps.

    Args:
        root: The absolute path of the source.
        stat_mtime: Asks for the time of a path, in nanoseconds.
    """

    def __init__(
        self, root: bytes, stat_mtime: Callable[[bytes], int] | None = None
    ) -> None:
        self._root = root
        self._stat_mtime = stat_mtime or _mtime_of
        self._lock = threading.Lock()
        self._times: dict[bytes, int] = {}
        self._turn: list[bytes] = []

    def __len__(self) -> int:
        """How many folders are known."""
        return len(self._times)

    def __contains__(self, folder: object) -> bool:
        """Whether a folder is known."""
        return folder in self._times

    def folders(self) -> list[bytes]:
        """All known folders, relative to the root."""
        with self._lock:
            return list(self._times)

    def below(self, folder: bytes) -> list[bytes]:
        """A known folder and all known ones below it."""
        prefix = folder + b"/" if folder else b""
        with self._lock:
            return [f for f in self._times if f == folder or f.startswith(prefix)]

    def note(self, folder: bytes, mtime_ns: int) -> None:
        """Keep the time that a folder had when it was read; 0 has it read again."""
        with self._lock:
            # The order of the dictionary is the order of change: the last is hot.
            self._times.pop(folder, None)
            self._times[folder] = mtime_ns

    def load(self, times: Iterable[tuple[bytes, int]]) -> None:
        """Take what the library remembers, before the first sweep."""
        with self._lock:
            self._times = dict(sorted(times, key=lambda pair: pair[1]))
            self._turn = []

    def forget(self, folders: Iterable[bytes]) -> None:
        """Forget folders that are gone."""
        with self._lock:
            for folder in folders:
                self._times.pop(folder, None)

    def time_of(self, folder: bytes) -> int:
        """The time that a folder had when it was read; 0 when it is not known."""
        return self._times.get(folder, 0)

    def changed(self) -> set[bytes]:
        """Ask the next folders in turn.

        Returns:
            Those that have another time than when they were read, or are gone, by path
            relative to the root. Nothing is noted: they are found again, until they
            were read.
        """
        return self._differing(self._next())

    def all_changed(self, below: bytes = b"") -> set[bytes]:
        """Ask all folders, or a folder and all below it, at once."""
        return self._differing([(f, self.time_of(f)) for f in self.below(below)])

    def _differing(self, known_times: list[tuple[bytes, int]]) -> set[bytes]:
        found = set()
        for folder, known in known_times:
            try:
                now = self._stat_mtime(absolute(self._root, folder))
            except OSError as error:
                if is_vanished(error):
                    found.add(folder)
                continue  # unreadable for now: not gone
            if now != known:
                found.add(folder)
        return found

    def _next(self) -> list[tuple[bytes, int]]:
        with self._lock:
            if len(self._times) <= _BUDGET:
                return list(self._times.items())
            hot = list(self._times)[-_HOT:]
            if not self._turn:
                self._turn = list(self._times)
            rest, self._turn = self._turn[-_BUDGET:], self._turn[:-_BUDGET]
            return [(f, self._times[f]) for f in {*hot, *rest, b""} if f in self._times]


def _mtime_of(path: bytes) -> int:
    if b"//" in path or path[-1:] == b"/":
        # An archive changes as a whole: its file tells for all folders in it.
        path = path.partition(b"//")[0].rstrip(b"/") or b"/"
    return os.stat(path).st_mtime_ns
