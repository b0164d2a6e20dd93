"""Tells a library what documents would, without any document."""

# ruff: noqa: S608  # the tables are constants

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.library import START_MS, ask
from tui.library import ClaimRecord, DocumentRecord
from tui.library._people import ChatTold, PersonTold
from tui.model import (
    ChatKind,
    Direction,
    DocumentKind,
    DocumentState,
    NoteKind,
    NoteState,
    Precision,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library import IndexWriter, Library, Reader
    from tui.model import Note, SourceId

__all__ = [
    "ANA",
    "MEDIA",
    "Told",
    "a_chat",
    "a_claim",
    "a_person",
    "all_of",
    "everything",
    "phone_note",
    "tell",
    "told_again",
    "totals_are_true",
]

MEDIA = b"WhatsApp/Media/WhatsApp Voice Notes/202433"
ANA = "wa::491700000001@s.whatsapp.net"
Told = dict[str, Any]

_PLAIN = ClaimRecord(
    key="",
    folder=b"",
    name=b"",
    beside=False,
    chat=None,
    chat_confidence=1.0,
    sender=None,
    sender_confidence=1.0,
    direction=Direction.UNKNOWN,
    kind=NoteKind.VOICE,
    sent_ms=None,
    offset_min=None,
    precision=None,
    time_confidence=1.0,
    place=0,
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


def a_chat(native_id: str = ANA, title: str = "Ana", **facts: object) -> ChatTold:
    """Make a chat; a direct one, called as the address book does."""
    values: Told = {"scope": 0, "kind": str(ChatKind.DIRECT), "rank": 6}
    values |= {"confidence": 1.0, "native_id": native_id, "title": title}
    return ChatTold(**(values | facts))


def a_person(native_id: str, name: str = "", rank: int = 6, *also: str) -> PersonTold:
    """Make a person, with other identities."""
    return PersonTold(native_id, name, rank if name else 0, also)


def a_claim(key: str, path: bytes = b"", **facts: object) -> ClaimRecord:
    """Make a claim about a message to the second; what is not given is not told.

    Args:
        key: The message's identity.
        path: Of its file.
        facts: Fields of ClaimRecord.
    """
    folder, _, name = path.rpartition(b"/")
    values: Told = {"key": key, "folder": folder, "name": name, "sent_ms": START_MS}
    values |= {"precision": Precision.SECOND, "chat": a_chat()}
    return _PLAIN._replace(**(values | facts))


def tell(
    writer: IndexWriter,
    source_id: SourceId,
    claims: Iterable[ClaimRecord] = (),
    *,
    path: bytes = b"WhatsApp/Databases/msgstore.db",
    kind: DocumentKind = DocumentKind.WHATSAPP_DATABASE,
    state: DocumentState = DocumentState.OK,
    mtime_ns: int = 1,
    chats: Sequence[ChatTold] = (),
    people: Sequence[PersonTold] = (),
) -> int:
    """Have a document be there and told; returns its id.

    Args:
        writer: The library.
        source_id: The source that it lies in.
        claims: What it tells.
        path: Where it lies.
        kind: What it is.
        state: How the reading ends.
        mtime_ns: When it was changed.
        chats: Chats that it tells on their own.
        people: Persons likewise.
    """
    folder, _, name = path.rpartition(b"/")
    record = DocumentRecord(
        0, folder, name, kind, 1, mtime_ns, state, is_due=True, day_order=""
    )
    document_id = writer.put_document(source_id, record)
    told_again(writer, document_id, claims, state=state, chats=chats, people=people)
    return document_id


def told_again(
    writer: IndexWriter,
    document_id: int,
    claims: Iterable[ClaimRecord],
    *,
    state: DocumentState = DocumentState.OK,
    chats: Sequence[ChatTold] = (),
    people: Sequence[PersonTold] = (),
) -> None:
    """Have a document read again."""
    turn = writer.begin_document(document_id)
    writer.tell(document_id, turn, list(claims), chats, people)
    reason = "" if state is DocumentState.OK else "a test"
    writer.end_document(document_id, turn, state, reason, [])
    all_of(writer.match(document_id))


def all_of(steps: Iterable[int]) -> int:
    """Do all steps of a job; returns what they counted."""
    return sum(steps)


def phone_note(name: bytes, **facts: object) -> Told:
    """Facts of the record of a file in a phone's media, whose chat nothing tells."""
    values: Told = {
        "path": MEDIA + b"/" + name,
        "chat_kind": ChatKind.UNMATCHED,
        "chat_native_id": "|whatsapp",
        "chat_title": "Unmatched",
        "chat_confidence": 0.0,
        "precision": Precision.DAY,
        "time_confidence": 0.6,
    }
    return values | facts


def everything(reader: Reader) -> list[Note]:
    """All notes, in whatever state, oldest first."""
    notes = list(reader.all_notes(states=list(NoteState)))
    return sorted(notes, key=lambda note: (note.row.sent_ms, note.key))


def totals_are_true(library: Library) -> None:
    """Compare the kept counts of chats, months and sources with a recount."""
    count = (
        "sum(visible), sum(visible AND played < 2 AND state <> 'missing'),"
        " sum(iif(visible AND played < 2 AND state <> 'missing',"
        " coalesce(duration_ms, 0), 0)),"
        " sum(iif(visible, coalesce(duration_ms, 0), 0)), sum(problem)"
    )
    kept = "notes, unplayed, unplayed_ms, duration_ms, problems"
    for table, key in (
        ("month_total", "chat_id, source_id, month"),
        ("chat_total", "chat_id, source_id"),
    ):
        wide = len(key.split(","))
        true = {
            row[:wide]: row[wide:]
            for row in ask(library, f"SELECT {key}, {count} FROM note GROUP BY {key}")
            if row[wide] or row[-1]
        }
        found = {
            row[:wide]: row[wide:]
            for row in ask(library, f"SELECT {key}, {kept} FROM {table}")
        }
        assert found == true, table
    assert ask(library, "PRAGMA foreign_key_check") == []
