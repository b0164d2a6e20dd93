"""Files that move, leave, or come where others were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.library import START_MS, file_ids, hash_files, only_note, put, record
from tui.model import (
    NoteState,
)

if TYPE_CHECKING:
    from tui.library import IndexWriter, Reader
    from tui.model import (
        SourceId,
    )

HASH_A = b"a" * 32
BASE = b"x/a.opus"


@pytest.mark.parametrize(("inode", "known"), [(5, True), (6, False)])
def test_a_moved_file_keeps_its_note(
    writer: IndexWriter, reader: Reader, source_id: SourceId, inode: int, known: bool
) -> None:
    """Id and key stay; a new inode makes the hash doubtful."""
    put(writer, source_id, record(BASE, inode=5))
    hash_files(writer, source_id, {BASE: HASH_A})
    note = only_note(reader, BASE)
    writer.apply(source_id, b"x", 2, [], [file_ids(writer, source_id, b"x")[b"a.opus"]])
    lost = writer.missing_like(source_id, inode, 1000, START_MS * 1_000_000)
    assert lost is not None
    put(writer, source_id, record(b"y/b.opus", inode=inode, file_id=lost.file_id))
    moved = only_note(reader, b"y/b.opus")
    assert (moved.row.id, moved.key) == (note.row.id, note.key)
    assert moved.row.chat_title == "y"
    assert (moved.recording is not None) == known
    assert [file.path for file in moved.files] == [b"y/b.opus"]


def test_exchanged_names_are_two_moves(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Two files that swap their names keep their notes."""
    put(writer, source_id, record(BASE, inode=1), record(b"x/b.opus", inode=2))
    a, b = only_note(reader, BASE).row.id, only_note(reader, b"x/b.opus").row.id
    ids = file_ids(writer, source_id, b"x")
    put(
        writer,
        source_id,
        record(BASE, inode=2, file_id=ids[b"b.opus"]),
        record(b"x/b.opus", inode=1, file_id=ids[b"a.opus"]),
    )
    assert only_note(reader, BASE).row.id == b
    assert only_note(reader, b"x/b.opus").row.id == a


def test_a_new_file_at_the_old_place_of_a_moved_one_is_another_note(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Its key, taken by the note that moved on, is another one."""
    put(writer, source_id, record(BASE))
    moved = only_note(reader, BASE)
    file_id = file_ids(writer, source_id, b"x")[b"a.opus"]
    put(writer, source_id, record(BASE), record(b"x/b.opus", file_id=file_id))
    fresh = only_note(reader, BASE)
    assert only_note(reader, b"x/b.opus").key == moved.key
    assert fresh.row.id != moved.row.id
    assert fresh.key != moved.key


def test_a_file_moved_over_a_missing_one_takes_its_place(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The note that was there before is gone, and says so."""
    put(writer, source_id, record(BASE), record(b"x/b.opus", inode=2))
    ids = file_ids(writer, source_id, b"x")
    old = only_note(reader, BASE).row.id
    writer.apply(source_id, b"x", 2, [], [ids[b"a.opus"]])
    before = reader.revision()
    put(writer, source_id, record(BASE, inode=2, file_id=ids[b"b.opus"]))
    assert reader.note(old) is None
    assert [c.id for c in reader.changes_since(before)[1].changes if not c.visible] == [
        old
    ]


def test_missing_like_wants_a_sure_answer(
    writer: IndexWriter, source_id: SourceId
) -> None:
    """Without the inode, two candidates are none; nothing present is a candidate."""
    stamp = START_MS * 1_000_000
    assert writer.missing_like(source_id, 1, 1000, stamp) is None
    put(writer, source_id, record(BASE, inode=1), record(b"x/b.opus", inode=2))
    assert writer.missing_like(source_id, 1, 1000, stamp) is None
    writer.drop_folders(source_id, [b"x"])
    found = writer.missing_like(source_id, 2, 1000, stamp)
    assert found is not None
    assert found.name == b"b.opus"
    assert writer.missing_like(source_id, 3, 1000, stamp) is None
    assert writer.missing_like(source_id, 1, 1001, stamp) is None


def test_dropped_folders_take_those_below_with_them(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Only whole names count: `x0` is not below `x`."""
    put(writer, source_id, *(record(p) for p in (b"x/a", b"x/y/b", b"x0/c", b"w/d")))
    assert set(writer.folders(source_id)) == {b"x", b"x/y", b"x0", b"w"}
    writer.drop_folders(source_id, [b"x"])
    assert set(writer.folders(source_id)) == {b"x0", b"w"}
    assert reader.totals().notes == 2
    states = {p: only_note(reader, p).row.state for p in (b"x/a", b"x/y/b", b"x0/c")}
    assert states == {b"x/a": "missing", b"x/y/b": "missing", b"x0/c": "ready"}
    put(writer, source_id, record(b"x/a"))
    assert only_note(reader, b"x/a").row.state is NoteState.READY
    writer.drop_folders(source_id, [b""])
    assert writer.folders(source_id) == {}
    assert reader.totals().notes == 0
