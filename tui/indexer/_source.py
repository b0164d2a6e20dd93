"""One source: what is known of it, and the jobs that keep that up to date."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tui.indexer._documents import Documents
from tui.indexer._hints import Job, job_for
from tui.indexer._run import Run
from tui.indexer._settle import QUIET_MS, Settler
from tui.indexer._sweep import FolderTimes
from tui.indexer._walk import read, why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.indexer._events import ScanProblem
    from tui.indexer._hints import Hints
    from tui.indexer._run import Counts
    from tui.indexer._settle import FileKey
    from tui.indexer._tools import Tools
    from tui.indexer._walk import Listing
    from tui.library._api import IndexWriter
    from tui.model import SourceId, SourceKind

__all__ = ["SourceIndex"]

_SLOW_READ_S = 0.02
_READ_SHARE = 50
"""A folder that takes long to read is read again after this many times as long."""


def _unheard(problem: ScanProblem) -> None:
    """Take no notice of a problem; the report has it."""


class SourceIndex:
    """What is known of one source. Belongs to the indexer's thread.

    Everything is a job: single files after an event, folders after a sweep, whole trees
    at a scan.

    Args:
        source_id: The source.
        root: Its absolute path.
        kind: What it is.
        writer: Where results go.
        tools: How to look.
        quiet_ms: How long a file must stay as it is before it counts as written.
        on_problem: Told of each file or folder that can't be read.
        is_patient: Whether a document that was just written to has to wait.
    """

    def __init__(
        self,
        source_id: SourceId,
        root: bytes,
        kind: SourceKind,
        writer: IndexWriter,
        tools: Tools,
        *,
        quiet_ms: int = QUIET_MS,
        on_problem: Callable[[ScanProblem], None] = _unheard,
        is_patient: bool = True,
    ) -> None:
        self.source_id = source_id
        self.root = root
        self.kind = kind
        self.writer = writer
        self.tools = tools
        self.times = FolderTimes(root)
        self.settler = Settler(quiet_ms)
        self.on_problem = on_problem
        self.documents = Documents(
            source_id, root, writer, tools, is_away=self.absence, is_patient=is_patient
        )
        self._read_after: dict[bytes, float] = {}
        remembered = writer.folders(source_id)
        self.times.load(remembered.items())
        self.is_new = not remembered
        """Nothing is remembered yet: the first scan has nothing to compare with."""

    def absence(self) -> str:
        """Tell why the source can't be read at all.

        Returns:
            A few words; empty when it is there. A folder without anything in it counts
            as absent once notes were known in it: this is how the place of a disk looks
            that is not mounted.
        """
        try:
            with os.scandir(self.root) as entries:
                if next(entries, None) is not None:
                    return ""
        except NotADirectoryError:
            return "it is no folder"
        except FileNotFoundError:
            return "the folder is not there"
        except OSError as error:
            return f"the folder can't be read: {why(error)}"
        if (
            len(self.times) > 1
            or self.documents.knows_any
            or self.writer.files_in(self.source_id, b"")
        ):
            return "the folder is empty; perhaps its disk is not mounted"
        return ""

    def scan(
        self, *, full: bool, names_first: bool, recheck: bool = False
    ) -> Iterator[Counts]:
        """Compare the whole source.

        Args:
            full: Also read folders whose time did not change, because a file in them
                may have been written in place.
            names_first: Take old files before anybody looked into them.
            recheck: Look again at what was not well; a full scan always does.

        Yields:
            The counts so far, after each folder or chunk of files.
        """
        first = not self.times
        job = Job(
            folders=self.times.all_changed(),
            recheck=full or recheck,
            names_first=names_first,
        )
        job.trees |= self.documents.retry_locked()
        if full or first:
            job.trees.add(b"")
        yield from Run(self, job).steps()
        self.is_new = False

    def visit(self, hints: Hints) -> Iterator[Counts]:
        """Follow hints; yields as `scan` does."""
        job = job_for(hints, self.root, self.times, self.tools.names)
        yield from Run(self, job).steps()

    def look_at(self, files: Iterable[FileKey], *, is_last: bool) -> Iterator[Counts]:
        """Look again at some files; yields as `scan` does.

        Args:
            files: The files.
            is_last: Whether nobody looks again: the rest is told as partial then.
        """
        job = Job(recheck=True, is_last=is_last)
        for folder, name in files:
            job.add_name(folder, name)
        yield from Run(self, job).steps()

    def look_at_films(self) -> Iterator[Counts] | None:
        """Look at films that turned out to be notes; None when there are none."""
        job = Job(recheck=True, is_last=True)
        for folder, name in self.documents.take_films():
            job.add_name(folder, name)
        return Run(self, job).steps() if job.names else None

    def unlock(self) -> Iterator[Counts] | None:
        """Try again what no key opened; None when nothing has to be listed for that."""
        job = Job(trees=self.documents.retry_locked())
        return Run(self, job).steps() if job.trees else None

    def relook(self, now_ms: int) -> Iterator[Counts] | None:
        """Look again at files that were not whole; None when none is due."""
        job = Job(recheck=True)
        for folder, name in self.settler.due(now_ms):
            job.add_name(folder, name)
        return Run(self, job).steps() if job.names else None

    def read_anew(self, folders: Iterable[bytes]) -> None:
        """Have folders read by the next scan, though their time will not change."""
        for folder in folders:
            if folder in self.times:
                self.times.note(folder, 0)
                self.writer.apply(self.source_id, folder, 0, (), ())

    def read(self, folder: bytes) -> Listing:
        """Read one folder, and remember when that took long."""
        clock = self.tools.clock
        before = clock.monotonic()
        listing = read(self.root, folder, self.tools.names, clock.wall_ns())
        after = clock.monotonic()
        if after - before > _SLOW_READ_S:
            self._read_after[folder] = after + (after - before) * _READ_SHARE
        return listing

    def may_read(self, folder: bytes) -> bool:
        """Put off a folder that took long a moment ago; the sweep finds it again."""
        if self.tools.clock.monotonic() < self._read_after.get(folder, 0.0):
            return False
        self._read_after.pop(folder, None)
        return True
