"""What documents tell: written, told again, taken back, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.joining import (
    a_chat,
    a_claim,
    a_person,
    all_of,
    everything,
    phone_note,
    tell,
    told_again,
    totals_are_true,
)
from tests.support.library import START_MS, ask, file_ids, put, record
from tui.library import Measured
from tui.model import (
    Direction,
    DocumentKind,
    DocumentState,
    NoteKind,
    NoteState,
    SourceKind,
)

if TYPE_CHECKING:
    from tui.library import IndexWriter, Library, Reader
    from tui.model import SourceId

MEDIA = b"WhatsApp/Media/WhatsApp Voice Notes/202433/"
EXPORT: dict[str, object] = {
    "path": b"Download/Ana/chat.txt",
    "kind": DocumentKind.WHATSAPP_EXPORT,
}


def test_a_document_tells_of_a_file(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Chat, sender, time, kind, and where all of that is from."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    ana = a_person("tel:+491700000001", "Ana")
    told = a_claim(
        "K1",
        MEDIA + b"a.opus",
        chat=a_chat(partner=ana, title=""),
        sender=ana,
        direction=Direction.RECEIVED,
        sent_ms=START_MS + 5,
        phone_played=True,
        text="a caption",
    )
    tell(writer, source_id, [told])
    (note,) = everything(reader)
    assert (note.row.chat_title, note.row.sender) == ("Ana", "Ana")
    assert note.row.direction is Direction.RECEIVED
    assert note.row.sent_ms == START_MS + 5
    assert (note.phone_played, note.text) == (True, "a caption")
    assert {e.origin for e in note.evidence.values()} == {"database msgstore.db"}
    totals_are_true(library)


def test_told_again_with_changes(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """What is told otherwise counts, and what is not told any more is taken back."""
    put(
        writer,
        source_id,
        record(**phone_note(b"a.opus")),
        record(**phone_note(b"b.opus")),
    )
    first = [a_claim("K1", MEDIA + b"a.opus"), a_claim("K2", MEDIA + b"b.opus")]
    document = tell(writer, source_id, first)
    assert {note.row.chat_title for note in everything(reader)} == {"Ana"}
    moved = first[0]._replace(chat=a_chat("wa::2@s.whatsapp.net", "Bo"), sent_ms=7)
    told_again(writer, document, [moved])
    by_name = {note.files[0].path[-6:]: note.row for note in everything(reader)}
    assert by_name[b"a.opus"].chat_title == "Bo"
    assert by_name[b"a.opus"].sent_ms == 7
    assert by_name[b"b.opus"].chat_title == "Unmatched"
    assert [chat.title for chat in reader.chats()] == ["Unmatched", "Bo"]
    totals_are_true(library)


@pytest.mark.parametrize(
    "state", [DocumentState.PARTIAL, DocumentState.LOCKED, DocumentState.ERROR]
)
def test_a_reading_without_an_end_takes_nothing_back(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    state: DocumentState,
) -> None:
    """What a cut document tells is added to what it told before."""
    for name in (b"a.opus", b"b.opus"):
        put(writer, source_id, record(**phone_note(name)))
    claims = [a_claim("K1", MEDIA + b"a.opus"), a_claim("K2", MEDIA + b"b.opus")]
    document = tell(writer, source_id, claims)
    told_again(writer, document, claims[:1], state=state)
    assert {note.row.chat_title for note in everything(reader)} == {"Ana"}
    assert reader.documents()[0].state is state
    totals_are_true(library)


def test_a_missing_note_goes_with_the_only_one_that_tells_of_it(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """It is there as long as a document tells of it."""
    told = a_claim("K1", b"a.opus", beside=True)
    document = tell(writer, source_id, [told], **EXPORT)  # type: ignore[arg-type]
    (note,) = everything(reader)
    assert note.row.state is NoteState.MISSING
    assert reader.totals().notes == 1
    writer.drop_documents([document])
    assert everything(reader) == []
    assert reader.totals().notes == 0
    assert ask(library, "SELECT count(*) FROM claim") == [(0,)]
    totals_are_true(library)


def test_what_a_lost_document_told_of_files_stays(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Whoever deletes an export keeps the chats of the notes."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    document = tell(writer, source_id, [a_claim("K1", MEDIA + b"a.opus")])
    writer.drop_documents([document])
    (note,) = everything(reader)
    assert note.row.chat_title == "Ana"
    assert reader.documents() == []
    totals_are_true(library)


@pytest.mark.parametrize("is_file_first", [True, False])
def test_a_file_and_its_document_are_lost_together(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    *,
    is_file_first: bool,
) -> None:
    """Nothing that is here tells of the note: it is not shown any more."""
    put(writer, source_id, record(b"Download/Ana/a.opus"))
    told = a_claim("K1", b"a.opus", beside=True)
    document = tell(writer, source_id, [told], **EXPORT)  # type: ignore[arg-type]
    if is_file_first:
        writer.drop_folders(source_id, [b"Download/Ana"])
        assert reader.totals().notes == 1
    writer.drop_documents([document])
    writer.drop_folders(source_id, [b"Download/Ana"])
    assert reader.totals().notes == 0
    totals_are_true(library)


def test_backups_of_each_day_do_not_pile_up(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """A new name each day, the old one gone: claims stay as many as messages."""
    names = [b"%d.opus" % number for number in range(5)]
    put(writer, source_id, *(record(**phone_note(name)) for name in names))
    claims = [a_claim(name.decode(), MEDIA + name) for name in [*names, b"gone.opus"]]
    document = None
    for day in range(1, 5):
        if document is not None:
            writer.drop_documents([document])
        path = b"WhatsApp/Databases/msgstore-2024-08-%02d.1.db.crypt15" % day
        kind = DocumentKind.WHATSAPP_BACKUP
        document = tell(writer, source_id, claims, path=path, kind=kind, mtime_ns=day)
        assert ask(library, "SELECT count(*) FROM claim") == [(6,)]
        assert ask(library, "SELECT count(*) FROM document") == [(1,)]
    (origin,) = {note.evidence["chat"].origin for note in everything(reader)[:5]}
    assert origin == "backup msgstore-2024-08-04.1.db.crypt15"
    assert ask(library, "SELECT count(*) FROM note") == [(6,)]
    totals_are_true(library)


def test_the_newer_of_two_databases_is_believed(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """What the phone says of listening is as of the last copy, however they come."""
    put(writer, source_id, record(**phone_note(b"a.opus")))
    for path, day, played in ((b"new.db", 9, True), (b"old.db", 1, False)):
        told = a_claim("K1", MEDIA + b"a.opus", phone_played=played)
        tell(writer, source_id, [told], path=path, mtime_ns=day)
    (note,) = everything(reader)
    assert note.phone_played is True
    assert note.evidence["chat"].origin == "database new.db"


def test_forgetting_the_source_of_a_document(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Its notes go, those of other sources go on without what it told."""
    other = writer.add_source(b"/other", SourceKind.FOLDER, "Other", 80, [])
    put(writer, source_id, record(**phone_note(b"a.opus")))
    put(writer, other, record(**phone_note(b"b.opus")))
    claims = [a_claim("K1", MEDIA + b"a.opus"), a_claim("K2", MEDIA + b"b.opus")]
    tell(writer, other, [*claims, a_claim("K3", b"c.opus", beside=True)])
    assert len(everything(reader)) == 3
    writer.remove_source(other)
    (note,) = everything(reader)
    assert note.row.chat_title == "Unmatched"
    assert ask(library, "SELECT count(*) FROM claim") == [(0,)]
    totals_are_true(library)


def test_forgetting_the_source_of_the_files(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """What a document of another source tells of them is told of missing notes."""
    other = writer.add_source(b"/other", SourceKind.FOLDER, "Other", 80, [])
    put(writer, source_id, record(**phone_note(b"a.opus")))
    tell(writer, other, [a_claim("K1", MEDIA + b"a.opus", kind=NoteKind.VIEW_ONCE)])
    writer.remove_source(source_id)
    (note,) = everything(reader)
    assert (note.row.state, note.row.chat_title) == (NoteState.MISSING, "Ana")
    totals_are_true(library)
    again = writer.add_source(b"/nowhere", SourceKind.FOLDER, "Nowhere", 80, [])
    put(writer, again, record(**phone_note(b"a.opus")))
    (note,) = everything(reader)
    assert (note.row.state, note.row.chat_title) == (NoteState.READY, "Ana")
    totals_are_true(library)


@pytest.mark.parametrize("is_first", [True, False])
def test_forgetting_one_of_two_sources_of_a_note(
    library: Library,
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    is_first: bool,
) -> None:
    """A note with files in two sources goes on in the other, whichever it is."""
    other = writer.add_source(b"/other", SourceKind.FOLDER, "Other", 80, [])
    put(writer, source_id, record(**phone_note(b"a.opus")))
    put(writer, other, record(b"Download/Ana/a.opus"))
    tell(writer, other, [a_claim("a", b"a.opus", beside=True)], **EXPORT)  # type: ignore[arg-type]
    for source, folder in ((source_id, MEDIA[:-1]), (other, b"Download/Ana")):
        (file_id,) = file_ids(writer, source, folder).values()
        writer.measured([Measured(file_id, content_hash=b"h" * 32)])
    (note,) = everything(reader)
    assert len(note.files) == 2
    writer.remove_source(source_id if is_first else other)
    (note,) = everything(reader)
    assert note.row.state is NoteState.READY
    assert note.row.chat_title == ("Ana" if is_first else "Unmatched")
    totals_are_true(library)
    writer.remove_source(other if is_first else source_id)
    assert everything(reader) == []
    totals_are_true(library)


def test_forgetting_the_source_of_a_note_that_was_forwarded(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Two messages about one file lose their file together, and go on as missing."""
    other = writer.add_source(b"/other", SourceKind.FOLDER, "Other", 80, [])
    put(writer, source_id, record(**phone_note(b"a.opus")))
    view = {"kind": NoteKind.VIEW_ONCE}
    claims = [a_claim(key, MEDIA + b"a.opus", **view) for key in ("K1", "K2")]
    tell(writer, other, claims)
    assert len(everything(reader)) == 2
    writer.remove_source(source_id)
    assert [n.row.state for n in everything(reader)] == [NoteState.MISSING] * 2
    totals_are_true(library)


def test_matching_a_document_that_tells_nothing(
    writer: IndexWriter, source_id: SourceId
) -> None:
    """An address book has no claims."""
    document = tell(writer, source_id, people=[a_person("tel:+1", "Ana")])
    assert all_of(writer.match(document)) == 0
    assert all_of(writer.match_again()) == 0
