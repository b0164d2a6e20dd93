"""The library in numbers: what counting its notes gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.library import START_MS, hash_files, put, record
from tui.answers import Share
from tui.model import Direction, NoteId, NoteState, Played, SourceState

if TYPE_CHECKING:
    from tui.library import IndexWriter, Library, Reader
    from tui.model import SourceId

MONTH_MS = 31 * 86_400_000


def test_an_empty_library_adds_up_to_nothing(reader: Reader) -> None:
    """And says so without a line in any list."""
    found = reader.statistics()
    assert found == (Share("", 0, 0, 0, 0), (), (), ())


def test_parts_are_added_up(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Longest first; what is not shown does not count."""
    ana = {"sender": "Ana", "sender_confidence": 0.9}
    put(
        writer,
        source_id,
        record(b"x/1", duration_ms=5000, inode=1, **ana),
        record(b"x/2", duration_ms=7000, inode=2, direction=Direction.SENT),
        record(b"y/3", duration_ms=1000, inode=3, sent_ms=START_MS - MONTH_MS, **ana),
        record(b"y/4", duration_ms=500, inode=4),
        record(b"y/5", duration_ms=100, inode=5, state=NoteState.PARTIAL),
    )
    hash_files(writer, source_id, {b"x/1": b"1" * 32})
    (first,) = [
        note.row.id
        for note in reader.all_notes(states=[NoteState.READY])
        if note.recording
    ]
    with library.edits() as edits:
        edits.set_played([NoteId(first)], Played.PLAYED)
    found = reader.statistics()
    assert found.total == Share("", 4, 13_500, 3, 8500)
    assert found.chats == (
        Share("x", 2, 12_000, 1, 7000),
        Share("y", 2, 1500, 2, 1500),
    )
    assert found.senders == (
        Share("me", 1, 7000, 1, 7000),
        Share("Ana", 2, 6000, 1, 1000),
        Share("", 1, 500, 1, 500),
    )
    assert found.months == (
        Share("2024-08", 3, 12_500, 2, 7500),
        Share("2024-07", 1, 1000, 1, 1000),
    )
    writer.set_source_state(source_id, SourceState.OFFLINE, "")
    assert reader.statistics() == (Share("", 0, 0, 0, 0), (), (), ())
