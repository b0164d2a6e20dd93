"""The user's marks: coalesced, kept, hung on the content hash."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.library import add_files, only_note, put, record, wait_until
from tui.library import Library, Measured, content_hash
from tui.library import _user as user_module
from tui.library._connection import Store
from tui.model import NoteId, Played, SoundScope, SoundSettings, SourceKind

if TYPE_CHECKING:
    from pathlib import Path

    from tui.library import IndexWriter, Reader, UserWriter
    from tui.model import SourceId


def marks(library: Library) -> dict[bytes, tuple[int, int, int]]:
    """The table of marks: position, played, time."""
    sql = "SELECT hash, position_ms, played, updated_ms FROM mark"
    with closing(sqlite3.connect(library.path)) as connection:
        return {row[0]: row[1:] for row in connection.execute(sql)}


def listening(reader: Reader, note_id: NoteId) -> tuple[Played, int]:
    """Played state and position of a note."""
    (row,) = reader.rows([note_id])
    return row.played, row.position_ms


@pytest.fixture
def note_id(writer: IndexWriter, reader: Reader, source_id: SourceId) -> NoteId:
    """A note with a known recording."""
    put(writer, source_id, record(b"x/a.opus", duration_ms=1000))
    ((file_id, _, _),) = writer.unhashed(1)
    writer.measured([Measured(file_id, content_hash=b"h" * 32)])
    return only_note(reader, b"x/a.opus").row.id


def test_marks_hang_on_the_hash_with_their_time(tmp_path: Path) -> None:
    """The clock is the given one."""
    with Library.open(tmp_path / "l.db", clock=lambda: 1_700_000_000.5) as library:
        with closing(library.index_writer()) as writer:
            source_id = writer.add_source(b"/n", SourceKind.FOLDER, "n", 80, [])
            put(writer, source_id, record(b"a", duration_ms=1))
            ((file_id, _, _),) = writer.unhashed(1)
            writer.measured([Measured(file_id, content_hash=b"h" * 32)])
        user: UserWriter = library.user
        user.set_position(NoteId(1), 5, Played.HALF)
        assert user.flush()
        assert marks(library) == {b"h" * 32: (5, Played.HALF, 1_700_000_000_500)}


def test_an_unknown_recording_is_hashed_first(
    library: Library, writer: IndexWriter, reader: Reader, tmp_path: Path
) -> None:
    """The mark is on the hash, not only on the note, and other notes get it."""
    add_files(writer, tmp_path / "s", {"a.opus": b"sound", "b.opus": b"sound"})
    a, b = only_note(reader, b"a.opus"), only_note(reader, b"b.opus")
    assert a.recording is None
    library.user.set_played([a.row.id], Played.PLAYED)
    assert library.user.flush()
    content = content_hash(bytes(tmp_path / "s/a.opus"), 5)
    assert {key: mark[:2] for key, mark in marks(library).items()} == {
        content: (0, Played.PLAYED)
    }
    assert only_note(reader, b"a.opus").recording == content.hex()
    assert listening(reader, b.row.id) == (Played.UNPLAYED, 0)
    writer.measured(
        [Measured(f, content_hash=content) for f, _ in writer.unmeasured(9)]
    )
    assert listening(reader, b.row.id) == (Played.PLAYED, 0)


def test_a_file_that_can_not_be_read_owes_its_mark(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """It is shown and kept at once, and moves to the hash when that is known."""
    put(writer, source_id, record(b"a", duration_ms=1))
    note_id = only_note(reader, b"a").row.id
    library.user.set_position(note_id, 40, Played.PLAYED)
    assert library.user.flush()
    assert library.trouble == ""
    assert listening(reader, note_id) == (Played.PLAYED, 40)
    assert reader.totals().unplayed == 0
    assert marks(library) == {}
    ((file_id, _, _),) = writer.unhashed(1)
    writer.measured([Measured(file_id, content_hash=b"h" * 32)])
    assert [mark[:2] for mark in marks(library).values()] == [(40, Played.PLAYED)]
    assert listening(reader, note_id) == (Played.PLAYED, 40)


@pytest.mark.parametrize(("later", "wins"), [(1, 2), (-1, 1)])
def test_of_an_owed_mark_and_a_known_one_the_later_counts(
    tmp_path: Path, later: int, wins: int
) -> None:
    """Another note with the same recording may have been heard meanwhile."""
    now = [1000.0]
    with (
        Library.open(tmp_path / "l.db", clock=lambda: now[0]) as library,
        closing(library.index_writer()) as writer,
        closing(library.reader()) as reader,
    ):
        source_id = writer.add_source(b"/n", SourceKind.FOLDER, "n", 80, [])
        put(writer, source_id, record(b"a"), record(b"b"))
        (a, _), (b, _) = sorted(writer.unmeasured(9))
        writer.measured([Measured(a, content_hash=b"h" * 32)])
        library.user.set_position(NoteId(1), 1, Played.HALF)
        library.user.flush()
        now[0] += later
        library.user.set_position(NoteId(2), 2, Played.HALF)
        library.user.flush()
        writer.measured([Measured(b, content_hash=b"h" * 32)])
        assert listening(reader, NoteId(1)) == (Played.HALF, wins)
        assert listening(reader, NoteId(2)) == (Played.HALF, wins)


def test_a_stream_of_positions_is_few_writes(
    library: Library, reader: Reader, note_id: NoteId
) -> None:
    """500 positions in a burst cost a handful of revisions; the last one stays."""
    before = reader.revision()
    for at in range(500):
        library.user.set_position(note_id, at, Played.HALF)
    assert library.user.flush()
    assert listening(reader, note_id) == (Played.HALF, 499)
    assert reader.revision() - before <= 3


def test_a_position_is_written_soon(
    library: Library, reader: Reader, note_id: NoteId
) -> None:
    """Within 200 ms, without anybody asking (1 s here: the machine may be busy)."""
    library.user.set_position(note_id, 77, Played.HALF)
    wait_until(lambda: listening(reader, note_id)[1] == 77, 1.0)


@pytest.mark.parametrize(
    ("played", "position"),
    [(Played.UNPLAYED, 0), (Played.HALF, 300), (Played.PLAYED, 300)],
)
@pytest.mark.parametrize("flushed", [True, False])
def test_unplayed_rewinds(
    library: Library,
    reader: Reader,
    note_id: NoteId,
    *,
    played: Played,
    position: int,
    flushed: bool,
) -> None:
    """The other states leave the position, also one that was not written yet."""
    library.user.set_position(note_id, 300, Played.HALF)
    if flushed:
        library.user.flush()
    library.user.set_played([note_id], played)
    library.user.flush()
    assert listening(reader, note_id) == (played, position)


def test_another_content_in_its_place_was_not_heard(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    note_id: NoteId,
) -> None:
    """Before it is known what it is; the old content, when it is back, was."""
    library.user.set_position(note_id, 400, Played.HALF)
    assert library.user.flush()
    (file,) = writer.files_in(source_id, b"x")
    for size, heard in ((77, (Played.UNPLAYED, 0)), (file.size, (Played.HALF, 400))):
        other = record(b"x/a.opus", size=size, mtime_ns=size, duration_ms=1000)
        put(writer, source_id, other)
        assert listening(reader, note_id) == (Played.UNPLAYED, 0)
        ((file_id, _, _),) = writer.unhashed(1)
        content = (b"h" if size == file.size else b"o") * 32
        writer.measured([Measured(file_id, content_hash=content)])
        assert listening(reader, note_id) == heard


def test_the_last_word_counts(
    library: Library, reader: Reader, note_id: NoteId
) -> None:
    """A position after a mark is not undone by it."""
    library.user.set_played([note_id], Played.UNPLAYED)
    library.user.set_position(note_id, 8, Played.HALF)
    library.user.flush()
    assert listening(reader, note_id) == (Played.HALF, 8)
    library.user.set_position(note_id, -5, Played.HALF)
    library.user.flush()
    assert listening(reader, note_id) == (Played.HALF, 0)


def test_a_note_that_is_gone_is_no_trouble(library: Library, note_id: NoteId) -> None:
    """The others are written all the same."""
    library.user.set_played([NoteId(999), note_id], Played.PLAYED)
    assert library.user.flush()
    assert library.trouble == ""
    assert len(marks(library)) == 1


def test_a_file_that_changed_while_it_was_hashed_gets_no_wrong_hash(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The indexer told of the new content first; then the hash read is an old one."""
    source_id, (path,) = add_files(writer, tmp_path / "s", {"a.opus": b"old"})

    def hash_late(name: bytes, size: int) -> bytes:
        found = content_hash(name, size)
        with closing(library.index_writer()) as other:
            put(other, source_id, record(b"a.opus", size=3, mtime_ns=99))
        return found

    monkeypatch.setattr("tui.library._recordings.content_hash", hash_late)
    note_id = only_note(reader, bytes(path.name, "ascii")).row.id
    library.user.set_played([note_id], Played.PLAYED)
    assert library.user.flush()
    assert only_note(reader, b"a.opus").recording is None
    assert listening(reader, note_id) == (Played.PLAYED, 0)


def test_marks_are_kept_until_they_can_be_written(
    library: Library,
    reader: Reader,
    note_id: NoteId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full disk is told in words, and the write is tried again."""
    monkeypatch.setattr(user_module, "RETRY_SECONDS", 0.02)
    full = threading.Event()
    full.set()
    transaction = Store.transaction

    def failing(store: Store) -> object:
        if full.is_set() and threading.current_thread().name == "library-marks":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise store._worded(error)
        return transaction(store)

    monkeypatch.setattr(Store, "transaction", failing)
    library.user.set_position(note_id, 5, Played.HALF)
    library.user.set_sound(note_id, SoundScope.NOTE, SoundSettings(2.0))
    library.user.set_queue([note_id])
    wait_until(lambda: "the disk is full" in library.trouble)
    assert not library.user.flush(0.05)
    assert listening(reader, note_id) == (Played.UNPLAYED, 0)
    assert (reader.sounds(note_id), reader.queue()) == ({}, [])
    library.user.set_sound(note_id, SoundScope.NOTE, SoundSettings(3.0))
    full.clear()
    assert library.user.flush()
    assert listening(reader, note_id) == (Played.HALF, 5)
    assert reader.sounds(note_id) == {SoundScope.NOTE: SoundSettings(3.0)}
    assert reader.queue() == [note_id]
    assert library.trouble == ""


def test_closing_writes_what_is_left(tmp_path: Path) -> None:
    """Without waiting for the next round."""
    library = Library.open(tmp_path / "l.db")
    with closing(library.index_writer()) as writer:
        add_files(writer, tmp_path / "s", {"a.opus": b"sound"})
    library.user.set_position(NoteId(1), 5, Played.HALF)
    library.close()
    assert len(marks(library)) == 1
    assert not [t for t in threading.enumerate() if t.name == "library-marks"]


def test_closing_does_not_wait_for_ever(
    library: Library, note_id: NoteId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails at the end is given up, and said so."""

    def failing(_store: Store) -> object:
        raise RuntimeError("broken")

    monkeypatch.setattr(Store, "transaction", failing)
    library.user.set_position(note_id, 5, Played.HALF)
    assert not library.user.stop()
    assert library.trouble == "marks can't be written: broken"


def test_nothing_is_opened_before_the_first_mark(library: Library) -> None:
    """A command that only reads starts no thread."""
    assert library.user.flush()
    library.user.set_played([], Played.PLAYED)
    assert not [t for t in threading.enumerate() if t.name == "library-marks"]


def test_asking_returns_at_once(
    library: Library, writer: IndexWriter, note_id: NoteId
) -> None:
    """Even while somebody else holds the write lock."""
    with writer.batch():
        start = time.monotonic()
        library.user.set_position(note_id, 1, Played.HALF)
        library.user.set_played([note_id], Played.PLAYED)
        assert time.monotonic() - start < 0.1
        assert not library.user.flush(0.05)
    assert library.user.flush()


def test_a_file_is_only_read(
    library: Library, writer: IndexWriter, reader: Reader, tmp_path: Path
) -> None:
    """Hashing leaves the source as it was."""
    _, (path,) = add_files(writer, tmp_path / "s", {"a.opus": b"sound"})

    def facts() -> tuple[object, ...]:
        status = path.stat()
        return status.st_mtime_ns, status.st_ctime_ns, list(path.parent.iterdir())

    before = facts()
    library.user.set_played([only_note(reader, b"a.opus").row.id], Played.PLAYED)
    library.user.flush()
    assert facts() == before
