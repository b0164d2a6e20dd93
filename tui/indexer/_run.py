"""Does a job: compares files with the library and writes the difference.

First all places where something may be gone are read, so that a file that moved is
known by its inode before it turns up elsewhere. Then what is new or changed is
written. What is still without a file at the end is looked at a second time, and only
then told to the library as gone.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from tui.indexer._events import ScanProblem
from tui.indexer._look import look
from tui.indexer._reconcile import MovedFiles, compare
from tui.indexer._records import note_record
from tui.indexer._settle import FileKey, Verdict, state_of
from tui.indexer._unwritten import Put, Unwritten
from tui.indexer._walk import absolute, entry_of, is_there, is_vanished, walk
from tui.media._api import Wholeness
from tui.model import ChatKind, NoteKind, NoteState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.indexer._hints import Job
    from tui.indexer._look import Look
    from tui.indexer._reconcile import Difference
    from tui.indexer._source import SourceIndex
    from tui.indexer._walk import Entry, Listing
    from tui.library._api import FileRecord, NoteRecord
    from tui.media._api import Probe
    from tui.sources._api import NoteFacts

__all__ = ["Counts", "Run"]

_CHUNK = 512
"""Files of a folder that are looked into before something else may be done."""
_SETTLED_NS = 60_000_000_000
"""A file that is so old is shown before anybody looked into it."""
_MAX_MOVED = 20_000
"""Files that wait for their new place in memory; more wait in the library."""
_MAX_PROBLEMS = 100
_UNFINISHED = "it is still being written"

_Todo = tuple["Entry", "FileRecord | None"]


@dataclass(slots=True)
class Counts:
    """What a job found so far."""

    folders: int = 0
    files: int = 0
    added: int = 0
    changed: int = 0
    gone: int = 0
    waiting: set[FileKey] = field(default_factory=set)
    """Files that are left out until they are looked at again."""
    unread_folders: int = 0
    problem_count: int = 0
    problems: list[ScanProblem] = field(default_factory=list)
    absence: str = ""
    """Why nothing was told as gone, though files are missing: so is the source."""

    writes: int = 0
    """How many files were written, and can be seen by others."""


@dataclass(slots=True)
class _Found:
    """What is to be written of a folder."""

    folder: bytes
    mtime_ns: int | None
    """Its time when it was read whole; None when only some of its files were."""
    todo: list[_Todo]


def _may_be_silent(fact: NoteFacts) -> bool:
    """Tell whether a film is only a note if there is sound in it.

    Phones film their screen without sound, too. Films that messengers keep with their
    notes are shown in any case.
    """
    return fact.kind is NoteKind.VIDEO_NOTE and fact.chat.kind is ChatKind.FOLDER


class Run:
    """One job on one source.

    Args:
        source: The source.
        job: What to compare.
    """

    def __init__(self, source: SourceIndex, job: Job) -> None:
        self.counts = Counts()
        self._source = source
        self._writer = source.writer
        self._tools = source.tools
        self._job = job
        self._moved = MovedFiles()
        self._vanished: set[bytes] = set()
        self._done: set[bytes] = set()
        """Folders that were read; a walk over all leaves them out."""
        self._unwritten = Unwritten(source)
        self._films: list[int] = []
        """Files of this chunk that were notes, and are films now."""
        self._late: list[tuple[bytes, int]] = []
        """Times of folders with new folders in them: told when those were read too, so
        that a scan that is cut off is taken up there."""

    def steps(self) -> Iterator[Counts]:
        """Do it, a folder or a chunk of files at a time.

        Yields:
            The counts so far; between two of them the caller may do other things.
        """
        job, source = self._job, self._source
        source.settler.saw_temporary(job.inodes)
        found = [self._compare_names(*item) for item in job.names.items()]
        for folder in sorted(job.folders):
            if folder in self._vanished or not source.may_read(folder):
                continue
            listing = source.read(folder)
            self._took_notice(listing)
            if listing.vanished:
                self._lose(source.times.below(folder))
                continue
            if listing.complete:
                self._done.add(folder)
            job.trees.update(self._new_folders(listing))
            found.append(self._compare(listing))
            yield self.counts
        for each in found:
            yield from self._take(each)
        self._flush()
        for tree in sorted(job.trees, reverse=True):
            yield from self._run_tree(tree)
        for folder, mtime_ns in self._late:
            if folder in source.times:
                self._writer.apply(source.source_id, folder, mtime_ns, (), ())
                source.times.note(folder, mtime_ns)
        yield from self._give_up()
        yield self.counts

    def _run_tree(self, tree: bytes) -> Iterator[Counts]:
        source = self._source
        seen: set[bytes] = set()
        names, clock = self._tools.names, self._tools.clock
        for listing in walk(source.root, names, clock.wall_ns, start=tree):
            if listing.folder in self._done:
                seen.add(listing.folder)
                continue
            self._took_notice(listing)
            if listing.vanished:
                continue
            seen.add(listing.folder)
            yield from self._take(self._compare(listing))
            if len(self._moved) > _MAX_MOVED:
                self._flush()
                yield from self._give_up()
        self._flush()
        lost = [folder for folder in source.times.below(tree) if folder not in seen]
        self._lose(folder for folder in lost if self._is_gone(folder))

    def _lose(self, folders: Iterable[bytes]) -> None:
        """Take note that folders are gone; their files may be elsewhere."""
        for folder in folders:
            if folder not in self._vanished:
                self._vanished.add(folder)
                source_id = self._source.source_id
                self._moved.add(self._writer.files_in(source_id, folder))

    def _took_notice(self, listing: Listing) -> None:
        self.counts.folders += 1
        source = self._source
        source.settler.saw_temporary(inode for _, inode in listing.temporary)
        if listing.archive is None:  # what is wrong with one is its document's state
            self.counts.unread_folders += not (listing.complete or listing.vanished)
        for path, reason in listing.problems:
            self._report(ScanProblem(source.source_id, path, reason))
        if not listing.vanished:
            source.documents.saw(listing)

    def _report(self, problem: ScanProblem) -> None:
        self.counts.problem_count += 1
        if len(self.counts.problems) < _MAX_PROBLEMS:
            self.counts.problems.append(problem)
        self._source.on_problem(problem)

    def _compare_names(self, folder: bytes, names: set[bytes]) -> _Found:
        source = self._source
        entries = []
        for name in names:
            try:
                status = os.stat(absolute(source.root, folder, name))
            except OSError:
                # Gone, or it can't be told: `_give_up` looks again.
                source.settler.forget(FileKey(folder, name))
                source.documents.lost_file(folder, name)
                continue
            if stat.S_ISREG(status.st_mode):
                entry = entry_of(folder, name, status)
                entries.append(entry)
                if self._tools.names.is_document(absolute(source.root, folder), name):
                    source.documents.saw_file(entry)
        records = self._writer.files_named(source.source_id, folder, list(names))
        difference = compare(records, entries)
        self._moved.add(difference.gone)
        return _Found(folder, None, self._todo(difference))

    def _compare(self, listing: Listing) -> _Found:
        source = self._source
        records: Iterable[FileRecord] = ()
        if not source.is_new:
            records = self._writer.files_in(source.source_id, listing.folder)
        difference = compare(records, listing.files)
        if listing.complete:
            self._moved.add(difference.gone)
        mtime_ns = listing.mtime_ns
        if mtime_ns and self._new_folders(listing):
            self._late.append((listing.folder, mtime_ns))
            mtime_ns = 0
        return _Found(listing.folder, mtime_ns, self._todo(difference))

    def _new_folders(self, listing: Listing) -> list[bytes]:
        return [f for f in listing.folders if f not in self._source.times]

    def _todo(self, difference: Difference) -> list[_Todo]:
        """List what has to be looked into: all but what is the same and well."""
        todo: list[_Todo] = [(entry, None) for entry in difference.new]
        todo += [(entry, record) for record, entry in difference.changed]
        same = len(difference.same)
        if self._job.recheck:
            bad = [
                (entry, record)
                for record, entry in difference.same
                if record.state is not NoteState.READY
            ]
            same -= len(bad)
            todo += bad
        self.counts.files += same
        return todo

    def _take(self, found: _Found) -> Iterator[Counts]:
        """Look into what is new or changed in a folder, and have it written.

        Yields:
            The counts so far, after each transaction.
        """
        for put in self._compared(found):
            if put is not None:
                self._unwritten.add(put)
            if self._unwritten.is_due:
                self._flush()
                yield self.counts

    def _compared(self, found: _Found) -> Iterator[Put | None]:
        """Look into what is new or changed in a folder; yields after each chunk."""
        source = self._source
        folder, mtime_ns = found.folder, found.mtime_ns
        known_ns = source.times.time_of(folder)
        if not found.todo and mtime_ns in {None, known_ns} and folder in source.times:
            yield None
            return
        rest = iter(found.todo)
        is_last = False
        while not is_last:
            chunk = list(islice(rest, _CHUNK))
            is_last = len(chunk) < _CHUNK
            put = self._records(chunk) if chunk else []
            gone, self._films = self._films, []
            is_read = is_last and mtime_ns is not None
            if put or gone or is_read:
                # The folder's time is told last: a scan that is cut off reads it again.
                time_ns = known_ns if mtime_ns is None or not is_last else mtime_ns
                yield Put(folder, time_ns, put, gone, is_read)
            else:
                yield None

    def _flush(self) -> None:
        self.counts.writes += self._unwritten.write()

    def _records(self, chunk: list[_Todo]) -> list[NoteRecord]:
        """Decide about files of one folder; returns the records to be written now."""
        source = self._source
        entries = [entry for entry, _ in chunk]
        facts = {
            fact.name: fact
            for fact in self._tools.facts(source.kind, source.root, entries)
        }
        put: list[NoteRecord] = []
        unsure: list[Entry] = []
        known: dict[bytes, FileRecord | None] = {}
        settled_ns = self._tools.clock.wall_ns() - _SETTLED_NS
        names_first = self._job.names_first
        for entry, remembered in chunk:
            fact = facts.get(entry.name)
            if fact is None:
                continue
            record = remembered or self._find_moved(entry)
            if record is None or remembered is None:
                source.documents.came(entry.folder)
            if record is None:
                is_plain = (
                    names_first
                    and not fact.sound_only
                    and not _may_be_silent(fact)
                    and entry.mtime_ns < settled_ns
                    and self._tools.is_audio_name(entry.name)
                )
            else:
                is_plain = remembered is None and record.state is NoteState.READY
            if is_plain:
                put.append(self._unchanged(entry, fact, record))
                continue
            known[entry.name] = record
            unsure.append(entry)
        for answer in look(self._tools, source.root, unsure):
            name = answer.entry.name
            judged = self._judge(answer, facts[name], known[name])
            if judged is not None:
                put.append(judged)
        return put

    def _unchanged(
        self, entry: Entry, fact: NoteFacts, known: FileRecord | None
    ) -> NoteRecord:
        """Take a file as it is: it only moved, or it will be looked into later."""
        self._count(known)
        self.counts.files += 1
        file_id = known.file_id if known else None
        return note_record(entry, fact, NoteState.READY, file_id=file_id)

    def _judge(
        self, answer: Look, fact: NoteFacts, known: FileRecord | None
    ) -> NoteRecord | None:
        """Decide about one file; returns its record if it is to be written now."""
        entry, probe = answer
        source = self._source
        key = FileKey(entry.folder, entry.name)
        has_moved = known is not None and (known.folder, known.name) != key
        if probe is None or (
            # Nothing but its bytes could have told that it was a recording.
            probe.wholeness is Wholeness.UNKNOWN
            and not self._tools.is_audio_name(entry.name)
        ):
            source.settler.forget(key)
            return None
        if fact.sound_only or _may_be_silent(fact):
            probe = self._looked_for_picture(entry, probe)
            is_film = fact.sound_only and probe.has_video
            if not probe.has_audio or (is_film and not self._is_told(key)):
                source.settler.forget(key)
                if known is not None:
                    self.counts.gone += 1
                    self._films.append(known.file_id)
                return None
        if probe.wholeness is Wholeness.PROVEN:
            verdict = source.settler.take_proven(key, entry, probe)
        else:
            clock = self._tools.clock
            verdict = source.settler.judge(
                entry,
                probe,
                wall_ms=clock.wall_ms(),
                now_ms=clock.now_ms(),
                renamed=self._job.was_renamed(*key),
            )
        self.counts.files += 1
        if verdict.state is None:
            verdict = self._waited(key, verdict, known, has_moved=has_moved)
        if verdict.state is None:
            return None
        if (
            known is not None
            and not has_moved
            and known.state is verdict.state
            and (known.size, known.mtime_ns, known.inode) == entry[2:]
        ):
            return None
        self._count(known)
        return note_record(
            entry,
            fact,
            verdict.state,
            verdict.reason,
            probe=probe,
            file_id=known.file_id if known else None,
        )

    def _waited(
        self,
        key: FileKey,
        verdict: Verdict,
        known: FileRecord | None,
        *,
        has_moved: bool,
    ) -> Verdict:
        """Leave a file out until it is looked at again; at the end, call it partial."""
        self.counts.waiting.add(key)
        if known is not None and has_moved:
            self._moved.add([known])  # its old place is gone, whatever it is now
            return verdict
        is_shown = known is not None and known.state is NoteState.READY
        if not self._job.is_last or is_shown:
            return verdict
        return Verdict(NoteState.PARTIAL, verdict.reason or _UNFINISHED)

    def _looked_for_picture(self, entry: Entry, probe: Probe) -> Probe:
        """Measure a file at once if that may tell whether it is a film.

        It would be measured later anyway, but a film must not come and go.
        """
        if probe.duration_ms is not None or state_of(probe) is not NoteState.READY:
            return probe
        path = absolute(self._source.root, entry.folder, entry.name)
        try:
            return self._tools.measure(path)
        except OSError:
            return probe  # gone by now, which an event will tell

    def _is_told(self, key: FileKey) -> bool:
        """Whether a document says that a film is a note: a round one, in a chat."""
        return self._writer.is_claimed(self._source.source_id, *key)

    def _find_moved(self, entry: Entry) -> FileRecord | None:
        source = self._source
        record = self._moved.claim(entry)
        if record is None and not source.is_new:
            record = self._writer.missing_like(
                source.source_id, entry.inode, entry.size, entry.mtime_ns
            )
        return record

    def _count(self, record: FileRecord | None) -> None:
        if record is None:
            self.counts.added += 1
        else:
            self.counts.changed += 1

    def _give_up(self) -> Iterator[Counts]:
        """Tell the library what is gone, after a second look at each place."""
        source = self._source
        lost, vanished = self._moved.take_all(), self._vanished
        self._vanished = set()
        if not (lost or vanished):
            return
        self.counts.absence = source.absence()
        if self.counts.absence:
            for folder in {record.folder for record in lost} | vanished:
                source.times.note(folder, 0)  # to be read again when it is back
            return
        by_folder: dict[bytes, list[FileRecord]] = {}
        for record in lost:
            if self._is_gone(record.folder, record.name):
                by_folder.setdefault(record.folder, []).append(record)
                source.settler.forget(FileKey(record.folder, record.name))
        dropped = [folder for folder in vanished if self._is_gone(folder)]
        if not (by_folder or dropped):
            return
        with self._writer.batch():
            for folder, records in by_folder.items():
                ids = self._still_there(folder, records)
                self.counts.gone += len(ids)
                self.counts.writes += len(ids)
                if ids and folder not in dropped:
                    time_ns = source.times.time_of(folder)
                    self._writer.apply(source.source_id, folder, time_ns, (), ids)
            self._writer.drop_folders(source.source_id, dropped)
        source.documents.lost_folders(dropped)
        source.times.forget(dropped)
        yield self.counts

    def _still_there(self, folder: bytes, records: list[FileRecord]) -> list[int]:
        """Leave out what was moved by another job, or by another Earmark, meanwhile."""
        names = [record.name for record in records]
        known = self._writer.files_named(self._source.source_id, folder, names)
        present = {record.file_id for record in known}
        return [r.file_id for r in records if r.file_id in present]

    def _is_gone(self, *parts: bytes) -> bool:
        """Look a second time; what can't be told is not gone."""
        path = absolute(self._source.root, *parts)
        if b"//" in path or path[-1:] == b"/":
            return is_there(path) is False
        try:
            status = os.lstat(path)
        except OSError as error:
            return is_vanished(error)
        # A folder in place of a file, or the other way round.
        return stat.S_ISDIR(status.st_mode) == (len(parts) > 1)
