"""What is not known of notes is counted by source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.library import put, record
from tui.library import ClaimRecord, DocumentRecord
from tui.library._people import PersonTold
from tui.model import (
    ChatKind,
    Direction,
    DocumentKind,
    DocumentState,
    Gaps,
    NoteKind,
    NoteState,
    SourceKind,
)

if TYPE_CHECKING:
    from tui.library import IndexWriter, Reader
    from tui.model import SourceId


def tell(writer: IndexWriter, source_id: SourceId, *people: PersonTold) -> None:
    """Have a document tell of a message by each of some people."""
    document = DocumentRecord(
        *(0, b"", b"msgstore.db", DocumentKind.WHATSAPP_DATABASE, 1, 1),
        *(DocumentState.OK, True, ""),
    )
    number = writer.put_document(source_id, document)
    turn = writer.begin_document(number)
    claims = [
        ClaimRecord(
            key=f"{at}",
            folder=b"",
            name=b"%d.opus" % at,
            beside=True,
            chat=None,
            chat_confidence=1.0,
            sender=person,
            sender_confidence=1.0,
            direction=Direction.RECEIVED,
            kind=NoteKind.VOICE,
            sent_ms=1_723_720_000_000 + at,
            offset_min=None,
            precision=None,
            time_confidence=1.0,
            place=at,
            size=None,
            sha256=None,
            duration_ms=None,
            title="",
            text="",
            transcript="",
            waveform=None,
            phone_played=None,
            forwarded=False,
        )
        for at, person in enumerate(people)
    ]
    writer.tell(number, turn, claims)
    writer.end_document(number, turn, DocumentState.OK, "", [])
    for _ in writer.match(number):
        pass


def test_nothing_is_missing_of_nothing(reader: Reader, source_id: SourceId) -> None:
    """A source without notes is left out."""
    assert reader.gaps() == {}


def test_notes_without_a_chat(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Each source counts its own; what is not whole or gone does not count."""
    other = writer.add_source(b"/other", SourceKind.FOLDER, "Other", 80, [])
    for name in (b"a.opus", b"b.opus"):
        put(writer, source_id, record(name, chat_kind=ChatKind.UNMATCHED))
    put(writer, source_id, record(b"Ana/c.opus"))
    put(
        writer,
        source_id,
        record(b"d.opus", chat_kind=ChatKind.UNMATCHED, state=NoteState.PARTIAL),
    )
    put(writer, other, record(b"e.opus"))
    assert reader.gaps() == {
        source_id: Gaps(files=3, unmatched=2),
        other: Gaps(files=1),
    }


def test_senders_that_are_only_numbers(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """A number and a bare identity are no names; what people call themselves is one."""
    for at in range(5):
        put(writer, source_id, record(b"%d.opus" % at))
    tell(
        writer,
        source_id,
        PersonTold("tel:+491700000001"),
        PersonTold("tel:+491700000001"),
        PersonTold("wa:99@lid", "+49 170 2", 1),
        PersonTold("tel:+491700000003", "Ana", 2),
        PersonTold("me", "me", 9),
    )
    assert reader.gaps() == {source_id: Gaps(files=5, numbers=2)}
