"""Makes records and libraries for tests, and counts what a library should count."""

from __future__ import annotations

import sqlite3
import tempfile
import time
import weakref
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tests.support.memory import memory_folder
from tui.library import Library, Measured, NoteRecord
from tui.model import (
    ChatKind,
    Direction,
    NoteKind,
    NoteState,
    Precision,
    SourceKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.library import IndexWriter, Reader
    from tui.model import (
        Note,
        SourceId,
    )

__all__ = [
    "START_MS",
    "add_files",
    "ask",
    "ask_no_more",
    "file_ids",
    "find_note",
    "hash_files",
    "lay_library",
    "memory_folder",
    "new_library",
    "only_note",
    "put",
    "record",
    "true_counts",
    "wait_until",
]

START_MS = 1_723_720_000_000
"""A day in August 2024."""

_PLAIN = NoteRecord(
    folder=b"",
    name=b"",
    size=0,
    mtime_ns=0,
    inode=0,
    state=NoteState.READY,
    reason="",
    kind=NoteKind.VOICE,
    chat_kind=ChatKind.FOLDER,
    chat_native_id="",
    chat_title="",
    chat_confidence=0.5,
    chat_origin="folder",
    direction=Direction.UNKNOWN,
    sender=None,
    sender_confidence=0.0,
    sender_origin="",
    sent_ms=0,
    offset_min=None,
    precision=Precision.MTIME,
    time_confidence=0.4,
    time_origin="file time",
    order_ms=0,
    month=0,
)


@cache
def _begun() -> bytes:
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        path = Path(folder) / "library.db"
        Library.open(path).close()
        assert not list(Path(folder).glob("*-wal"))  # all is in the one file
        return path.read_bytes()


def new_library(path: Path) -> Library:
    """Begin a library as a copy of one that was begun by the program itself.

    For tests that are about what comes later: nothing in a new library is its own.
    """
    lay_library(path)
    return Library.open(path)


def lay_library(path: Path) -> None:
    """Put the file of such a library somewhere, and leave it closed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(_begun())


def record(path: bytes, **facts: object) -> NoteRecord:
    """Make a record of a file; what is not given follows from the path and the time.

    Args:
        path: Relative to the source.
        facts: Fields of NoteRecord; `sent_ms` also gives order and month.
    """
    folder, _, name = path.rpartition(b"/")
    chat = (folder or b"root").decode("utf-8", "surrogateescape")
    sent_ms = facts.get("sent_ms", START_MS)
    assert isinstance(sent_ms, int)
    moment = time.gmtime(sent_ms / 1000)
    values: dict[str, object] = {
        "folder": folder,
        "name": name,
        "size": 1000,
        "mtime_ns": sent_ms * 1_000_000,
        "inode": 1,
        "chat_native_id": chat,
        "chat_title": chat,
        "sent_ms": sent_ms,
        "order_ms": sent_ms,
        "month": moment.tm_year * 100 + moment.tm_mon,
    }
    return _PLAIN._replace(**(values | facts))  # type: ignore[arg-type] # by name


def put(writer: IndexWriter, source_id: SourceId, *records: NoteRecord) -> None:
    """Write records, each folder in one call."""
    for folder in dict.fromkeys(each.folder for each in records):
        some = [each for each in records if each.folder == folder]
        writer.apply(source_id, folder, 1, some, [])


def add_files(
    writer: IndexWriter, root: Path, files: dict[str, bytes]
) -> tuple[SourceId, list[Path]]:
    """Write real files below a root and remember them as notes of one source."""
    source_id = writer.add_source(
        bytes(root), SourceKind.FOLDER, root.name, 80, ["a test"]
    )
    paths = []
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        facts = path.stat()
        put(
            writer,
            source_id,
            record(
                name.encode(),
                size=facts.st_size,
                mtime_ns=facts.st_mtime_ns,
                inode=facts.st_ino,
            ),
        )
        paths.append(path)
    return source_id, paths


def find_note(reader: Reader, path: bytes) -> Note | None:
    """Find the note that has a file at a path, in whatever state it is."""
    for note in reader.all_notes(states=list(NoteState)):
        if any(file.path == path for file in note.files):
            return note
    return None


def only_note(reader: Reader, path: bytes) -> Note:
    """The note that has a file at a path; there must be one."""
    note = find_note(reader, path)
    assert note is not None, path
    return note


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.005)


_asked: WeakKeyDictionary[Library, sqlite3.Connection] = WeakKeyDictionary()


def ask(library: Library, sql: str, *params: object) -> list[tuple[Any, ...]]:
    """Ask the library file itself, past all that stands before it.

    The connection is kept for as long as the library's object, unless `ask_no_more` is
    called: a new one reads the whole schema before its first answer.
    """
    connection = _asked.get(library)
    if connection is None:
        # Whichever thread collects the garbage closes it.
        connection = sqlite3.connect(library.path, check_same_thread=False)
        weakref.finalize(library, connection.close)
        _asked[library] = connection
    return connection.execute(sql, params).fetchall()


def ask_no_more(library: Library) -> None:
    """Close that connection, so that the library's own are the last on its file."""
    if library in _asked:
        _asked.pop(library).close()


def true_counts(library: Library) -> dict[tuple[int, int], tuple[int, ...]]:
    """Count notes, unplayed, unplayed and all milliseconds, problems by chat and month.

    Half-heard notes are unplayed. Only months with a note that counts somewhere.
    """
    sql = (
        "SELECT chat_id, month, sum(visible), sum(visible AND played < 2),"
        " sum(iif(visible AND played < 2, coalesce(duration_ms, 0), 0)),"
        " sum(iif(visible, coalesce(duration_ms, 0), 0)), sum(problem)"
        " FROM note GROUP BY chat_id, month"
    )
    return {(row[0], row[1]): row[2:] for row in ask(library, sql) if row[2] or row[6]}


def file_ids(
    writer: IndexWriter, source_id: SourceId, folder: bytes
) -> dict[bytes, int]:
    """The files of a folder: name, id."""
    return {f.name: f.file_id for f in writer.files_in(source_id, folder)}


def hash_files(
    writer: IndexWriter, source_id: SourceId, hashes: dict[bytes, bytes]
) -> None:
    """Tell the content hashes of files of folder x, in the order given."""
    ids = file_ids(writer, source_id, b"x")
    for path, content in hashes.items():
        writer.measured([Measured(ids[path[2:]], content_hash=content)])
