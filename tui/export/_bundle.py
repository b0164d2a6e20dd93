"""A bundle: originals with a manifest that proves that they are.

It is finished when it has its `SHA256SUMS`. Until then the same command goes on with
it; from then on nothing is written into it any more.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import deque
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui import __version__
from tui.archives import split
from tui.errors import AudioError, DataError
from tui.export._formats import Options
from tui.export._jobs import Outcome, Progress, Result, Stopped
from tui.export._manifest import (
    CSV_HEAD,
    FORMAT,
    README,
    VERSION,
    Copied,
    Head,
    csv_line,
    head_of,
    note_line,
    sum_line,
    tail_of,
)
from tui.export._originals import read_through, write_all
from tui.export._plan import plan
from tui.export._write import Folders, new_part, writing
from tui.model import NoteState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tui.export._jobs import Steering
    from tui.export._originals import Summed
    from tui.export._plan import Planned
    from tui.export._requests import BundleRequest
    from tui.export._write import Part
    from tui.model import Note, NoteFile

__all__ = ["CSV", "MANIFEST", "NOTES", "README_NAME", "SUMS", "BundleJob"]

NOTES = "notes"
README_NAME = "README.txt"
CSV = "manifest.csv"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"

_BLOCK = 1024 * 1024
_EVERY_S = 0.5
"""How often it is asked, within a long recording, whether to go on."""
_HEAD = 4096
"""Bytes in which the head of a manifest stands."""


class BundleJob:
    """Writes a bundle.

    What is no sound that we know is copied as well: it may be evidence.

    Args:
        request: Where.
        roots: The folders of all sources.
        now: Tells the time.
    """

    def __init__(
        self,
        request: BundleRequest,
        roots: Iterable[bytes],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = request.folder
        self._folders = Folders(roots)
        self._now = now

    def check(self) -> None:
        """Refuse a folder in a source, and one that holds something else."""
        folder = self._folder
        self._folders.check(folder)
        with writing(folder):
            try:
                names = set(os.listdir(folder))  # noqa: PTH208  # a set of names
            except FileNotFoundError:
                return
            names = {name for name in names if not _is_part(name)}
            if not names:
                return
            ours = {NOTES, README_NAME, CSV, MANIFEST, SUMS}
            is_begun = _is_same(folder / README_NAME, README)
            is_folder = not (folder / NOTES).is_symlink() and (
                not os.path.lexists(folder / NOTES) or (folder / NOTES).is_dir()
            )
        if not (names <= ours and is_begun and is_folder):
            raise DataError(folder, "holds other files: choose a new or an empty one")

    def preview(self, notes: Iterable[Note], total: int) -> Iterator[Result]:  # noqa: ARG002  # as in all jobs
        """Tell which files there would be."""
        self.check()
        for planned in self._plan(notes):
            file = planned.note.files[0] if planned.note.files else None
            if planned.problem or file is None:
                yield _failed(planned, planned.problem)
                continue
            is_there = os.path.lexists(planned.target)
            yield Result(
                planned.target,
                Outcome.THERE if is_there else Outcome.SAVED,
                0 if is_there else planned.note.size,
                key=planned.note.key,
                source=file.full_path,
            )

    def run(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Iterator[Result]:
        """Write it."""
        self.check()
        self._folders.prepare(self._folder)
        try:
            with ExitStack() as stack:
                sheets = _Sheets(self._folder, stack, self._head())
                readme = sheets.keep_readme()
                self._folders.prepare(self._folder / NOTES)
                copying = _Copying(self._folder, total, steering)
                yield from copying.run(self._plan(notes), sheets)
                self._require_no_others(sheets.files)
                yield readme
                yield from sheets.finish()
        except Stopped:
            return
        finally:
            self._folders.finish()

    def _plan(self, notes: Iterable[Note]) -> Iterator[Planned]:
        """Choose names; also for what can't be played, as long as it is there."""
        read: deque[Note] = deque()

        def as_if_ready() -> Iterator[Note]:
            for note in notes:
                read.append(note)
                yield _as_it_is(note)

        for planned in plan(as_if_ready(), self._folder / NOTES, Options()):
            yield planned._replace(note=read.popleft())

    def _head(self) -> Head:
        """Begin a manifest, or go on with the one that a run left."""
        path = self._folder / MANIFEST
        if os.path.lexists(path):
            return _head_in(path)
        return Head(__version__, f"{self._now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")

    def _require_no_others(self, files: int) -> None:
        """Refuse to vouch for what another run left among the notes, or took away.

        Raises:
            DataError: There is such a file, or there are less than there should be.
        """
        folder = self._folder / NOTES
        with writing(folder), os.scandir(folder) as entries:
            found = sum(not _is_part(entry.name) for entry in entries)
        if found != files:
            than = "more" if found > files else "less"
            raise DataError(
                folder,
                f"holds {abs(found - files):,} {than} files than there are notes:"
                " choose a new folder",
            )


def _is_part(name: str) -> bool:
    return name.startswith(".earmark-") and name.endswith(".part")


def _as_it_is(note: Note) -> Note:
    """Let what is there be copied, whatever state it is in."""
    if not note.files or note.row.state is NoteState.READY:
        return note
    return note._replace(row=note.row._replace(state=NoteState.READY))


def _is_same(path: Path, content: bytes) -> bool:
    try:
        with closing(_Plain(path)) as file:
            return file.read(len(content) + 1) == content
    except OSError:
        return False


def _head_in(path: Path) -> Head:
    """Read what a manifest begins with.

    Raises:
        DataError: It is none of ours.
    """
    import json

    try:
        with closing(_Plain(path)) as file:
            line = file.read(_HEAD).partition(b"\n")[0]
        facts = json.loads(line.decode() + "]}")
        if (facts["format"], facts["version"]) == (FORMAT, VERSION):
            return Head(str(facts["earmark"]), str(facts["created_at"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # told below
    raise DataError(path, "is no manifest of a bundle: choose a new folder")


class _Plain:
    """A regular file, opened for reading without following a link.

    Args:
        path: The file.

    Raises:
        OSError: It can't be read.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        self.fd = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(self.fd).st_mode):
            os.close(self.fd)
            raise OSError(0, "is no regular file")

    def read(self, size: int) -> bytes:
        """Read a block; empty at the end."""
        return os.read(self.fd, size)

    def close(self) -> None:
        """Give it back."""
        os.close(self.fd)


class _Sheet:
    """A file of texts that is written bit by bit, and hashed on the way.

    Args:
        part: The unfinished file.
        target: What it will be.
    """

    def __init__(self, part: Part, target: Path) -> None:
        self._part = part
        self.target = target
        self.digest = hashlib.sha256()
        self.size = 0
        self._held = bytearray()

    def write(self, data: bytes) -> None:
        """Append to it.

        Raises:
            DataError: It can't be written.
        """
        self._held += data
        if len(self._held) > _BLOCK:
            self._flush()

    def keep(self) -> Result:
        """Give it its name; one that is there must be just the same.

        Raises:
            DataError: It is not, or can't be written.
        """
        self._flush()
        with writing(self.target):
            now_ms = int(time.time() * 1000)
            if self._part.keep(self.target, now_ms):
                return Result(self.target, Outcome.SAVED, self.size, 0)
        if not _is_equal(self.target, self.size, self.digest.hexdigest()):
            raise _other(self.target)
        return Result(self.target, Outcome.THERE, 0, 0)

    def _flush(self) -> None:
        self.digest.update(self._held)
        self.size += len(self._held)
        with writing(self.target):
            write_all(self._part.fd, self._held)
        self._held = bytearray()


def _other(target: Path) -> DataError:
    why = "is there, and is not what would be written: choose a new folder"
    return DataError(target, why)


def _is_equal(path: Path, size: int, sha256: str) -> bool:
    try:
        with closing(_Plain(path)) as file:
            if os.fstat(file.fd).st_size != size:
                return False
            digest = hashlib.sha256()
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError:
        return False
    return digest.hexdigest() == sha256


class _Sheets:
    """Manifest, table and list of hashes, written as the notes come.

    Args:
        folder: The bundle.
        stack: Takes away what is not kept.
        head: How the manifest begins.
    """

    def __init__(self, folder: Path, stack: ExitStack, head: Head) -> None:
        self._folder = folder
        self.is_finished = os.path.lexists(folder / SUMS)
        """Whether nothing may be added any more."""
        self._notes = self.files = self._bytes = 0

        def begun(name: str) -> _Sheet:
            with writing(folder / name):
                part = stack.enter_context(new_part(folder))
            return _Sheet(part, folder / name)

        self._readme, self._csv, self._manifest, self._sums = map(
            begun, (README_NAME, CSV, MANIFEST, SUMS)
        )
        self._readme.write(README)
        self._csv.write(CSV_HEAD)
        self._manifest.write(head_of(head))

    def keep_readme(self) -> Result:
        """Mark the folder as a bundle, ahead of all else."""
        return self._readme.keep()

    def add(self, note: Note, copied: Copied | None, missing: str) -> None:
        """Write a note."""
        comma = ",\n" if self._notes else ""
        self._notes += 1
        line = note_line(note, self._notes, copied, missing)
        self._manifest.write(f"{comma}{line}".encode())
        self._csv.write(csv_line(note, self._notes, copied, missing))
        if copied:
            self.files += 1
            self._bytes += copied.size
            self._sums.write(sum_line(copied.sha256, copied.name.encode()))

    def finish(self) -> Iterator[Result]:
        """Write the ends, the list of hashes last."""
        totals = {
            "notes": self._notes,
            "files": self.files,
            "missing": self._notes - self.files,
            "bytes": self._bytes,
        }
        end = b"\n" if self._notes else b""
        self._manifest.write(end + tail_of(totals))
        for sheet in (self._csv, self._manifest):
            yield sheet.keep()
        for sheet in (self._readme, self._csv, self._manifest):
            name = os.fsencode(sheet.target.name)
            self._sums.write(sum_line(sheet.digest.hexdigest(), name))
        yield self._sums.keep()


class _Copying:
    """Copies recordings, and hashes them in the same go.

    Args:
        folder: The bundle.
        total: How many notes there are.
        steering: Watches, pauses and ends it.
    """

    def __init__(self, folder: Path, total: int, steering: Steering) -> None:
        self._folder = folder
        self._total = total
        self._steering = steering
        self._done = self._size = 0
        self._current = folder
        self._next = 0.0

    def run(self, planned: Iterable[Planned], sheets: _Sheets) -> Iterator[Result]:
        """Copy all.

        Raises:
            DataError: Nothing can be written there, or something else is there.
            Stopped: The run shall end.
        """
        for each in planned:
            self._current = each.target
            self._step()
            problem = each.problem
            result = None
            for file in each.note.files:
                try:
                    summed, is_new = self._take(each, file.full_path, sheets)
                except AudioError as error:
                    problem = problem or error.message
                    continue
                sheets.add(each.note, _copied(each, file, summed), "")
                self._size += summed.size
                result = _result(each, file, summed.size if is_new else None)
                break
            if result is None:
                sheets.add(each.note, None, problem)
            self._done += 1
            yield result or _failed(each, problem)

    def _step(self) -> None:
        self._next = time.monotonic() + _EVERY_S
        share = self._done / self._total if self._total else 0.0
        self._steering.step(
            Progress(self._done, self._total, self._size, self._current, share)
        )

    def _take(
        self, planned: Planned, source: bytes, sheets: _Sheets
    ) -> tuple[Summed, bool]:
        """Copy a recording, or find that an earlier run did.

        Returns:
            What is in the bundle, and whether it is new.

        Raises:
            AudioError: The source can't be read.
            DataError: Something else is there.
        """
        target = planned.target
        if os.path.lexists(target):
            return self._same(target, source), False
        if sheets.is_finished:
            raise DataError(self._folder, "holds another bundle: choose a new folder")
        with writing(target), new_part(target.parent) as part:
            summed = self._read(source, lambda block: write_all(part.fd, block))
            if not part.keep(target, planned.sent_ms):
                raise _other(target)
        return summed, True

    def _same(self, target: Path, source: bytes) -> Summed:
        try:
            file = _Plain(target)
        except OSError as error:
            raise _other(target) from error
        with closing(file):

            def compare(block: bytes) -> None:
                with writing(target):
                    if file.read(len(block)) != block:
                        raise _other(target)

            summed = self._read(source, compare)
            if os.fstat(file.fd).st_size != summed.size:
                raise _other(target)
        return summed

    def _read(self, source: bytes, use: Callable[[bytes], None]) -> Summed:
        def watched(block: bytes) -> None:
            use(block)
            if time.monotonic() >= self._next:
                self._step()

        return read_through(source, watched)


def _copied(planned: Planned, file: NoteFile, summed: Summed) -> Copied:
    # A member of an archive is read from a copy, whose time says nothing.
    is_member = split(file.full_path) is not None
    return Copied(
        f"{NOTES}/{planned.target.name}",
        summed.size,
        summed.sha256,
        file,
        file.mtime_ns if is_member else summed.mtime_ns,
    )


def _result(planned: Planned, file: NoteFile, written: int | None) -> Result:
    return Result(
        planned.target,
        Outcome.THERE if written is None else Outcome.SAVED,
        written or 0,
        key=planned.note.key,
        source=file.full_path,
    )


def _failed(planned: Planned, problem: str) -> Result:
    if problem == planned.problem:
        name = planned.source or planned.note.key.encode()
        problem = AudioError(name, problem).message
    return Result(
        planned.target,
        Outcome.FAILED,
        problem=problem,
        key=planned.note.key,
        source=planned.source,
    )
