"""A library of two folders and a document, and what a plain model says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.support.library import START_MS, ask, put, record
from tui.indexer._rules import apply_rules
from tui.library import ClaimRecord, DocumentRecord, Measured
from tui.model import (
    ChatKind,
    Direction,
    DocumentKind,
    DocumentState,
    NoteKind,
    Precision,
    SourceKind,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library import IndexWriter, Library
    from tui.library._people import ChatTold, PersonTold

__all__ = [
    "CHATS",
    "FILES",
    "PEOPLE",
    "EditedLibrary",
    "Shown",
    "claim",
]

FILES = (b"x/0", b"x/1", b"x/2", b"x/3", b"y/4", b"y/5")
"""Of these the document tells of all but the last of each folder."""
ROOT = b"/s"
CHATS = ("wa:1", "wa:2")
PEOPLE = ("tel:1", "tel:2", "lid:1")


class Shown(NamedTuple):
    """What is shown of a note."""

    chat: str
    """The identity of its chat."""
    title: str
    sender: str
    """The identity of its sender; empty for none."""
    name: str
    direction: str
    is_chosen: bool


def claim(name: bytes, chat: ChatTold, sender: PersonTold | None) -> ClaimRecord:
    """Make a claim about a file of folder `x` or `y`."""
    folder, _, plain = name.rpartition(b"/")
    return ClaimRecord(
        key=plain.decode(),
        folder=folder,
        name=plain,
        beside=False,
        chat=chat,
        chat_confidence=1.0,
        sender=sender,
        sender_confidence=1.0,
        direction=Direction.RECEIVED,
        kind=NoteKind.VOICE,
        sent_ms=START_MS + int(plain) * 1000,
        offset_min=None,
        precision=Precision.SECOND,
        time_confidence=1.0,
        place=0,
        size=1000,
        sha256=None,
        duration_ms=None,
        title="",
        text="",
        transcript="",
        waveform=None,
        phone_played=None,
        forwarded=False,
    )


class EditedLibrary:
    """Does to a library what the indexer does.

    Args:
        library: The library.
        writer: Its indexer's side.
    """

    def __init__(self, library: Library, writer: IndexWriter) -> None:
        self.library = library
        self.writer = writer
        self.source_id = writer.add_source(ROOT, SourceKind.FOLDER, "s", 80, [])
        self.titles: dict[str, str] = {}

    def index(self, *, hashed: bool = True) -> None:
        """Write all files, with their hashes unless these come later."""
        notes = [
            record(
                name,
                title=f"zebra{name[-1:].decode()}",
                sent_ms=START_MS + int(name[-1:]) * 1000,
                inode=int(name[-1:]) + 1,
                chat_kind=ChatKind.FOLDER,
            )
            for name in FILES
        ]
        put(self.writer, self.source_id, *notes)
        if hashed:
            self.hash()

    def hash(self) -> None:
        """Tell the hash of each file."""
        for folder in (b"x", b"y"):
            for file in self.writer.files_in(self.source_id, folder):
                content = file.name * 32
                self.writer.measured([Measured(file.file_id, content_hash=content)])

    def read(
        self,
        chats: Sequence[ChatTold],
        people: Sequence[PersonTold],
        waveform: bytes | None = None,
    ) -> None:
        """Read the document: file i is in one of the chats, from one of the people."""
        known = {each.name: each for each in self.writer.documents(self.source_id)}
        turn = known[b"d"].mtime_ns + 1 if b"d" in known else 1
        told = DocumentRecord(
            0,
            b"",
            b"d",
            DocumentKind.WHATSAPP_DATABASE,
            10,
            turn,
            DocumentState.OK,
            is_due=True,
            day_order="",
        )
        document_id = self.writer.put_document(self.source_id, told, score=100)
        number = self.writer.begin_document(document_id)
        claims = [
            claim(name, chats[at % len(chats)], people[at % len(people)])._replace(
                waveform=waveform
            )
            for at, name in enumerate(FILES)
            if name not in {b"x/3", b"y/5"}
        ]
        self.writer.tell(document_id, number, claims, chats, people)
        self.writer.end_document(document_id, number, DocumentState.OK, "", ())
        for _ in self.writer.match(document_id):
            pass

    def remove(self) -> None:
        """Remove the source, and add it again without anything in it."""
        self.writer.remove_source(self.source_id)
        self.source_id = self.writer.add_source(ROOT, SourceKind.FOLDER, "s", 80, [])

    def ask_rules(self) -> None:
        """Let the rules find their notes."""
        apply_rules(self.writer, lambda: START_MS)

    def _rows(self, sql: str, *params: object) -> list[tuple[object, ...]]:
        return ask(self.library, sql, *params)

    def shown(self) -> dict[bytes, Shown]:
        """What is shown of the note of each file."""
        rows = self._rows(
            "SELECT folder.path || '/' || file.name, chat.native_id, chat.title,"
            " coalesce(sender.native_id, ''), coalesce(sender.name, ''), direction,"
            " chat_confidence = 2.0 FROM file JOIN folder ON folder.id = folder_id"
            " JOIN note ON note.id = note_id JOIN chat ON chat.id = chat_id"
            " LEFT JOIN sender ON sender.id = sender_id"
        )
        return {
            _bytes(row[0]): Shown(
                str(row[1]),
                str(row[2]),
                str(row[3]),
                str(row[4]),
                str(row[5]),
                bool(row[6]),
            )
            for row in rows
        }

    def ids(self, table: str) -> dict[str, int]:
        """Rows of chats or senders by identity."""
        rows = self._rows(f"SELECT native_id, id FROM {table}")  # noqa: S608  # a constant
        return {str(native): int(str(row_id)) for native, row_id in rows}

    def note_ids(self) -> dict[bytes, int]:
        """Notes by their file."""
        rows = self._rows(
            "SELECT folder.path || '/' || file.name, note_id FROM file"
            " JOIN folder ON folder.id = folder_id"
        )
        return {_bytes(path): int(str(note_id)) for path, note_id in rows}

    def counted(self) -> dict[int, int]:
        """Notes of each chat, as the totals have it."""
        rows = self._rows(
            "SELECT chat_id, sum(notes) FROM chat_total GROUP BY 1 HAVING sum(notes)"
        )
        return {int(str(chat)): int(str(notes)) for chat, notes in rows}

    def true_counts(self) -> dict[int, int]:
        """Notes of each chat, counted."""
        rows = self._rows("SELECT chat_id, count(*) FROM note WHERE visible GROUP BY 1")
        return {int(str(chat)): int(str(notes)) for chat, notes in rows}


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
