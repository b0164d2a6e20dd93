"""Documents about notes: which there are, what they are called, what is in them.

Notes come in the order of time and chats in turns, so each note is put aside on the
disk until all have come; then the documents are written one by one. Of a note in wait
only its place is kept in memory.
"""

from __future__ import annotations

import filecmp
import os
from collections import deque
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import AudioError
from tui.export._documents import DocumentFormat, Entry, Linked, Per
from tui.export._feed_mark import notes_lost
from tui.export._files import expected_size
from tui.export._jobs import Outcome, Progress, Result, Stopped
from tui.export._layout import Layout, moment_of
from tui.export._plan import problem_of
from tui.export._sounds import Copies, Embedded, Share, address_of, link_of
from tui.export._spool import NO_SOUND, NoteSound, Spool
from tui.export._tags import words_of
from tui.export._write import Folders, new_part, writing
from tui.export._writers import writer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from tui.export._jobs import Steering
    from tui.export._layout import Plan
    from tui.export._plan import Planned
    from tui.export._requests import DocumentRequest
    from tui.export._write import Part
    from tui.model import Note

__all__ = ["DocumentJob"]

_NOTE_BYTES = 300
"""About what a note takes in a document, without its sound."""
_SAVING = 0.9
"""The share of the work that saving sounds is, where they are saved."""
_GATHERING = 0.3
"""The share of looking at the notes, where they are not."""
_OF_RECORDINGS = frozenset({DocumentFormat.JSON, DocumentFormat.CSV})
"""What tells programs of the recordings, whatever became of their sound."""


class _Told(NamedTuple):
    """A note of which is known how its sound goes with a document."""

    planned: Planned
    plan: Plan
    sound: NoteSound
    result: Result | None
    """A failure to tell of."""


class DocumentJob:
    """Writes documents about notes.

    Args:
        request: Where and how.
        roots: The folders of all sources.

    Raises:
        UsageError: A podcast does not know where it will be served, or has no sound.
    """

    def __init__(self, request: DocumentRequest, roots: Iterable[bytes]) -> None:
        self._folder = request.folder
        self._form = request.options.format
        self._layout = Layout(request)
        self._per = self._layout.per
        self._linked = self._layout.linked
        roots = tuple(roots)
        self._folders = Folders(roots)
        self._copies = Copies(self._layout.sound, roots)
        self._embedded = Embedded(self._layout.sound)
        self._begin()

    def _begin(self) -> None:
        self._layout.begin()
        self._saved = 0
        """Notes whose sound was saved, or can't be."""
        self._done = 0
        """Notes that are in documents."""
        self._size = 0
        """Bytes that were written."""

    def check(self) -> None:
        """Refuse a folder in a source."""
        self._folders.check(self._folder)

    def preview(self, notes: Iterable[Note], total: int) -> Iterator[Result]:  # noqa: ARG002  # as in all jobs
        """Tell which documents there would be, under the names that they would have.

        Whether such a one is there already is only known when it is made.
        """
        self._begin()
        self.check()
        for note in notes:
            _, plan = self._layout.planned(note)
            plan.count(note.row)
            plan.size += _NOTE_BYTES + len(note.transcript) + self._expected(note)
            problem = "" if self._linked is Linked.NONE else self._problem(note)
            if problem:
                yield self._failed(plan, note, problem)
            if self._per is Per.NOTE:
                yield self._looked(plan)
        for plan in self._layout.plans.values():
            yield self._looked(plan)

    def _looked(self, plan: Plan) -> Result:
        return self._layout.result(plan, Outcome.SAVED)._replace(size=plan.size)

    def _problem(self, note: Note) -> str:
        if self._linked is Linked.LINK:
            return link_of(note).problem
        return problem_of(note)

    def _expected(self, note: Note) -> int:
        """Tell about how many bytes the sound of a note takes."""
        if self._linked not in {Linked.COPY, Linked.EMBED} or problem_of(note):
            return 0
        size = expected_size(note, self._copies.options_of(note))
        return size * 4 // 3 if self._linked is Linked.EMBED else size

    def run(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Iterator[Result]:
        """Write them."""
        self._begin()
        self._folders.prepare(self._folder)
        try:
            if self._per is Per.NOTE:
                yield from self._each(notes, total, steering)
            else:
                yield from self._together(notes, total, steering)
        except Stopped:
            return
        finally:
            self._folders.finish()

    def _each(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Iterator[Result]:
        """Write a document for each note, as they come."""
        with closing(self._told(notes, total, steering)) as told:
            for each in told:
                if each.result is not None:
                    yield each.result
                each.plan.count(each.planned.note.row)
                pair = (each.planned.note, each.sound)
                yield from self._written(each.plan, [pair], total, steering)

    def _together(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Iterator[Result]:
        """Put all notes aside, then write a document for each chat, or for all."""
        weight = _SAVING if self._linked is Linked.COPY else _GATHERING
        weight = 0.0 if self._linked is Linked.EMBED else weight
        with writing(self._folder):
            spool = Spool(self._folder)
        with spool:
            first = Share(steering, 0.0, weight)
            with closing(self._told(notes, total, first)) as told:
                for each in told:
                    if each.result is not None:
                        yield each.result
                    each.plan.count(each.planned.note.row)
                    with writing(self._folder):
                        spool.put(each.plan.heap, each.planned.note, each.sound)
            second = Share(steering, weight, 1.0 - weight)
            for plan in self._layout.plans.values():
                pairs = spool.take(plan.heap)
                yield from self._written(plan, pairs, total, second)

    def _told(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Generator[_Told]:
        """Find or make the sounds of notes.

        Raises:
            Stopped: It was ended.
        """
        if self._linked is Linked.COPY:
            yield from self._copied(notes, total, steering)
            return
        for note in notes:
            planned, plan = self._layout.planned(note)
            share = self._layout.notes / total if total else 0.0
            target = self._layout.target(plan)
            steering.step(Progress(self._done, total, self._size, target, share))
            sound = link_of(note) if self._linked is Linked.LINK else NO_SOUND
            problem = sound.problem
            result = self._failed(plan, note, problem) if problem else None
            yield _Told(planned, plan, sound, result)

    def _copied(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Generator[_Told]:
        """Save sounds, and tell where they are."""
        waiting: deque[Plan] = deque()
        """Of notes that are given away and not back yet, which come in their order."""

        def planned_ones() -> Iterator[Planned]:
            for note in notes:
                planned, plan = self._layout.planned(note)
                waiting.append(plan)
                problem = problem_of(note)
                yield self._copies.planned(planned)._replace(problem=problem)

        for saved in self._copies.run(planned_ones(), total, steering):
            plan = waiting.popleft()
            planned = saved.planned
            self._size += saved.size
            self._saved += 1
            if saved.outcome is Outcome.FAILED:
                problem = saved.problem
                result = self._failed(plan, planned.note, "")
                result = result._replace(target=saved.target, problem=problem)
                yield _Told(planned, plan, NO_SOUND._replace(problem=problem), result)
                continue
            if self._per is Per.NOTE:
                # Players look for subtitles under the name of the sound.
                plan.stem = saved.target.name.removesuffix(planned.suffix)
            with writing(saved.target):
                size = saved.target.stat().st_size
            href = address_of(os.path.relpath(saved.target, plan.folder))
            mime = self._copies.mime(planned.note)

            def tick(target: Path = saved.target) -> None:
                share = self._saved / total if total else 0.0
                steering.step(Progress(self._saved, total, self._size, target, share))

            note = self._as_made(planned.note, saved.target, tick)
            planned = planned._replace(note=note)
            yield _Told(planned, plan, NoteSound(href, size, mime), None)

    def _as_made(self, note: Note, made: Path, tick: Callable[[], None]) -> Note:
        """Tell of a note as its sound is, where pauses were left out of that."""
        options = self._copies.options_of(note)
        if not options.skip or self._form in _OF_RECORDINGS:
            return note
        from tui.export._shortened import shortened  # loads what copying need not

        is_drawn = self._form is DocumentFormat.HTML
        return shortened(note, options, made, tick, is_drawn=is_drawn)

    def _failed(self, plan: Plan, note: Note, reason: str) -> Result:
        """Tell of a note without sound."""
        source = note.files[0].full_path if note.files else b""
        return Result(
            self._layout.target(plan),
            Outcome.FAILED,
            problem=AudioError(source or note.key, reason).message,
            key=note.key,
            source=source,
        )

    def _written(
        self,
        plan: Plan,
        pairs: Iterable[tuple[Note, NoteSound]],
        total: int,
        steering: Steering,
    ) -> Iterator[Result]:
        """Write one document.

        Yields:
            Notes whose sound could not be taken, and the document.
        """
        failed: list[Result] = []
        target = self._layout.target(plan)
        self._folders.prepare(plan.folder)

        def tick() -> None:
            done = max(self._done, self._saved)
            share = self._done / total if total else 0.0
            steering.step(Progress(done, total, self._size, target, share))

        try:
            with writing(target), new_part(plan.folder) as part:
                entries = self._entries(plan, pairs, failed, tick)
                with (
                    closing(entries),
                    open(part.fd, "w+b", closefd=False) as file,
                ):
                    head = self._layout.head(plan)
                    writer_of(self._form).write(file, head, entries, tick)
                result = self._kept(plan, part)
        except AudioError as error:  # this one can't be made, others can
            result = self._layout.result(plan, Outcome.FAILED)
            result = result._replace(problem=error.message)
        self._size += result.size
        yield from failed
        yield result

    def _kept(self, plan: Plan, part: Part) -> Result:
        """Give a document its name, or find that it is there already.

        Raises:
            AudioError: A podcast is there, of some of these notes and of others.
        """
        size = os.fstat(part.fd).st_size
        sent_ms = 0 if plan.last is None else plan.last.sent_ms
        for number in count(1):
            target = self._layout.target(plan, number)
            if not os.path.lexists(target) and part.keep(target, sent_ms):
                result = self._layout.result(plan, Outcome.SAVED, number)
                return result._replace(size=size)
            if _is_same(part.path, target):
                return self._layout.result(plan, Outcome.THERE, number)
            if self._form is DocumentFormat.RSS and _replaces(part, target):
                result = self._layout.result(plan, Outcome.SAVED, number)
                return result._replace(size=size)
        raise AssertionError("numbers do not end")  # pragma: no cover

    def _entries(
        self,
        plan: Plan,
        pairs: Iterable[tuple[Note, NoteSound]],
        failed: list[Result],
        tick: Callable[[], None],
    ) -> Generator[Entry]:
        """Make what the writer is given, each when it asks for it."""
        start_ms = 0
        for number, (note, sound) in enumerate(pairs, 1):
            tick()
            entry = Entry(
                note=note,
                words=words_of(note),
                moment=moment_of(note.row),
                number=number,
                start_ms=start_ms,
                duration_ms=note.row.duration_ms or 0,
                href=sound.href,
                size=sound.size,
                mime=sound.mime,
                sound=None,
                problem=sound.problem,
            )
            start_ms += entry.duration_ms
            if self._linked is not Linked.EMBED:
                yield entry
            else:
                with self._embedded.sound(note, plan.folder, tick) as (made, path):
                    if made.problem:
                        failed.append(self._failed(plan, note, made.problem))
                    told = note if path is None else self._as_made(note, path, tick)
                    yield entry._replace(
                        note=told,
                        duration_ms=told.row.duration_ms or 0,
                        size=made.size,
                        mime=made.mime,
                        sound=path,
                        problem=made.problem,
                    )
            self._done += 1


def _replaces(part: Part, target: Path) -> bool:
    """Put a feed that grew in the place of what it was; False when that is no such.

    Raises:
        AudioError: It is one, of notes that are not among these.
    """
    lost = notes_lost(part.path, target)
    if lost is None:
        return False
    if lost:
        others = "a note that is" if lost == 1 else f"{lost:,} notes that are"
        reason = f"also tells of {others} not among these: move it away to write it"
        raise AudioError(os.fsencode(target), reason)
    part.replace(target)
    return True


def _is_same(path: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(path, other, shallow=False)
    except OSError:
        return False
