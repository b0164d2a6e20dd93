"""Decides when a file is whole enough to be a note. No clock and no file of its own.

A file whose structure proves its end is taken at once. One that merely looks whole is
taken when nothing was written to it for a while, or when it had a sync tool's
temporary name before: then it was renamed into place, and renaming is the last thing
that such a tool does. All else waits and is looked at again, less and less often.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tui.media._api import Wholeness
from tui.model import NoteState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.indexer._walk import Entry
    from tui.media._api import Probe

__all__ = [
    "QUIET_MS",
    "SLOW_QUIET_MS",
    "FileKey",
    "Settler",
    "Verdict",
    "reason_of",
    "state_of",
]

QUIET_MS = 1_500
"""How long a file must stay as it is before it counts as written."""
SLOW_QUIET_MS = 4_000
"""The same on a network file system, where times arrive late."""

_FIRST_RELOOK_MS = 1_500
_LAST_RELOOK_MS = 600_000
_MAX_WAITING = 20_000
"""Files that are looked at again; more are left to the full scan."""
_MAX_TEMPORARY = 10_000
"""Temporary files that are remembered; the oldest are forgotten first."""
_STALE_MS = 3_600_000
"""A cut file that nobody wrote to for so long waits for an event, not for a clock."""


class FileKey(NamedTuple):
    """Names a file of a source."""

    folder: bytes
    name: bytes


class Verdict(NamedTuple):
    """What to do with a file."""

    state: NoteState | None
    """The state to write; None to leave it out until it is looked at again."""
    reason: str = ""


@dataclass(slots=True)
class _Waiting:
    """A file that is looked at again."""

    size: int
    mtime_ns: int
    since_ms: int
    """When it was first seen with this size and time."""
    looks: int = 0
    due_ms: int = 0


def state_of(probe: Probe) -> NoteState:
    """Tell the state of a file that is not being written any more.

    Args:
        probe: A look into it.

    Returns:
        READY, PARTIAL or UNREADABLE; a file without any sound is unreadable.
    """
    # Compared by identity: a table of enumerations is asked five times as long.
    wholeness = probe.wholeness
    if wholeness is Wholeness.PROVEN or wholeness is Wholeness.PLAUSIBLE:
        return NoteState.READY if probe.has_audio else NoteState.UNREADABLE
    if wholeness is Wholeness.UNKNOWN:
        return NoteState.UNREADABLE
    return NoteState.PARTIAL


def reason_of(probe: Probe) -> str:
    """Tell why a file is not ready, in a few words; empty for one that is.

    Args:
        probe: A look into it.
    """
    if not probe.reason and not probe.has_audio:
        return "no sound in it"
    return probe.reason


class Settler:
    """Remembers the files of one source that are not settled yet.

    Args:
        quiet_ms: How long a file must stay as it is before it counts as written.
    """

    def __init__(self, quiet_ms: int = QUIET_MS) -> None:
        self.quiet_ms = quiet_ms
        self._waiting: dict[FileKey, _Waiting] = {}
        self._heap: list[tuple[int, FileKey]] = []
        self._temporary: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        """How many files are looked at again."""
        return len(self._waiting)

    def saw_temporary(self, inodes: Iterable[int]) -> None:
        """Remember files that have a sync tool's temporary name now."""
        for inode in inodes:
            if inode:
                self._temporary[inode] = None
                self._temporary.move_to_end(inode)
        while len(self._temporary) > _MAX_TEMPORARY:
            self._temporary.popitem(last=False)

    def judge(
        self,
        entry: Entry,
        probe: Probe,
        *,
        wall_ms: int,
        now_ms: int,
        renamed: bool = False,
    ) -> Verdict:
        """Decide about a file after a look into it.

        Args:
            entry: The file as it was when it was looked into.
            probe: What the look told.
            wall_ms: The wall clock, which the file's time is compared with.
            now_ms: A clock that never jumps, which waiting is measured with.
            renamed: Whether it is known to have been renamed into place.

        Returns:
            The state to write. With None, and with PARTIAL, it will be due again.
        """
        key = FileKey(entry.folder, entry.name)
        if probe.wholeness is Wholeness.PROVEN:
            return self.take_proven(key, entry, probe)
        waiting = self._wait(key, entry, now_ms)
        age_ms = wall_ms - entry.mtime_ns // 1_000_000
        quiet = age_ms >= self.quiet_ms or now_ms - waiting.since_ms >= self.quiet_ms
        state = state_of(probe)
        if state is NoteState.PARTIAL:
            if age_ms >= _STALE_MS:
                self.forget(key)
            else:
                self._schedule(key, waiting, now_ms)
            return Verdict(state if quiet else None, reason_of(probe))
        if quiet or renamed or entry.inode in self._temporary:
            self._settle(key, entry)
            return Verdict(state, reason_of(probe))
        left_ms = self.quiet_ms - max(0, age_ms, now_ms - waiting.since_ms)
        self._schedule(key, waiting, now_ms, left_ms)
        return Verdict(None)

    def take_proven(self, key: FileKey, entry: Entry, probe: Probe) -> Verdict:
        """Decide about a file whose structure proves its end: `judge` without clocks.

        Nearly every file of a scan is one.
        """
        self._settle(key, entry)
        return Verdict(state_of(probe), reason_of(probe))

    def due(self, now_ms: int) -> list[FileKey]:
        """Take out the files that it is time to look at again.

        They keep their place: a file that is not judged soon is due once more.
        """
        found = []
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, key = heapq.heappop(self._heap)
            waiting = self._waiting.get(key)
            if waiting is not None and waiting.due_ms == due_ms:
                found.append(key)
        return found

    def next_due_ms(self) -> int | None:
        """When the next file is due; None when none is."""
        return self._heap[0][0] if self._heap else None

    def forget(self, key: FileKey) -> None:
        """Stop waiting for a file, because it is gone or settled."""
        self._waiting.pop(key, None)

    def _wait(self, key: FileKey, entry: Entry, now_ms: int) -> _Waiting:
        waiting = self._waiting.get(key)
        if waiting is None:
            return _Waiting(entry.size, entry.mtime_ns, now_ms)
        if (waiting.size, waiting.mtime_ns) != (entry.size, entry.mtime_ns):
            # It grew: its back-off begins anew, as it is being written right now.
            return _Waiting(entry.size, entry.mtime_ns, now_ms)
        return waiting

    def _schedule(
        self, key: FileKey, waiting: _Waiting, now_ms: int, left_ms: int | None = None
    ) -> None:
        if key not in self._waiting and len(self._waiting) >= _MAX_WAITING:
            return
        if left_ms is None:
            left_ms = min(_FIRST_RELOOK_MS << min(waiting.looks, 12), _LAST_RELOOK_MS)
            waiting.looks += 1
        waiting.due_ms = now_ms + max(1, left_ms)
        self._waiting[key] = waiting
        heapq.heappush(self._heap, (waiting.due_ms, key))

    def _settle(self, key: FileKey, entry: Entry) -> None:
        self.forget(key)
        # A tool may keep its temporary file open until after the rename; but once the
        # file is a note, the inode's next life must prove itself anew.
        self._temporary.pop(entry.inode, None)
