"""A library whose notes have all that a search looks at, and a plain answer to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from tests.support.library import START_MS, put, record
from tui.library import Measured
from tui.library._rows import to_text
from tui.model import (
    ChatKind,
    Direction,
    NoteKind,
    NoteState,
    Played,
    Sort,
    SourceKind,
    SourceState,
)
from tui.query import matches, states
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tui.library import IndexWriter, Library, Reader
    from tui.model import Bookmark, Note, NoteRow
    from tui.query import Query

__all__ = ["Facts", "SearchedLibrary", "expected"]

ROOTS = (b"/srv/phone", b"/srv/phone-\xff", b"/home/me/K\xc3\xb6ln")
LABELS = ("My Phone", "Old \udcff", "Köln")


class Facts(NamedTuple):
    """What is true of one note."""

    chat: str = "Ana"
    is_matched: bool = True
    sender: str | None = None
    direction: Direction = Direction.UNKNOWN
    kind: NoteKind = NoteKind.VOICE
    sent_ms: int = START_MS
    offset_min: int | None = None
    duration_ms: int | None = None
    state: NoteState = NoteState.READY
    played: Played = Played.UNPLAYED
    title: str = ""
    transcripts: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    source: int = 0
    folder: bytes = b"x"
    copy_in: int | None = None
    """A source that has a copy of its file."""
    is_told: bool = False
    """No file of it ever was here."""
    star: bool = False
    own_title: str = ""
    comment: str = ""
    tags: tuple[str, ...] = ()
    bookmarks: tuple[Bookmark, ...] = ()
    collections: tuple[str, ...] = ()


class SearchedLibrary:
    """Writes notes, and remembers what is true of them.

    Args:
        library: The library.
        writer: Its indexer's side.
        away: Sources that are away.
    """

    def __init__(
        self, library: Library, writer: IndexWriter, away: Sequence[int] = ()
    ) -> None:
        self.library = library
        self.writer = writer
        self.facts: dict[int, Facts] = {}
        """By the note's row."""
        self._next = 0
        self._sources = [
            writer.add_source(root, SourceKind.FOLDER, label, 80, [])
            for root, label in zip(ROOTS, LABELS, strict=True)
        ]
        for index in away:
            writer.set_source_state(self._sources[index], SourceState.OFFLINE, "away")

    def add(self, *facts: Facts) -> list[int]:
        """Add notes; what is to be indexed of them is left to the library."""
        start = self._next
        self._next += len(facts)
        for number, each in enumerate(facts, start):
            self._put(number, each)
        with closing(sqlite3.connect(self.library.path)) as db, db:
            return [
                self._mark(db, number, each) for number, each in enumerate(facts, start)
            ]

    def index(self) -> int:
        """Index all words; how many notes that took."""
        count = 0
        while some := self.writer.index_words():
            count += some
        return count

    def _put(self, number: int, facts: Facts) -> None:
        source_id = self._sources[facts.source]
        name = b"%s/n%d" % (facts.folder, number)
        put(
            self.writer,
            source_id,
            record(
                name,
                chat_native_id=f"{facts.chat}{facts.is_matched}",
                chat_title=facts.chat,
                chat_kind=ChatKind.GROUP if facts.is_matched else ChatKind.UNMATCHED,
                chat_is_global=True,
                sender=facts.sender,
                direction=facts.direction,
                kind=facts.kind,
                sent_ms=facts.sent_ms,
                month=202408,
                offset_min=facts.offset_min,
                duration_ms=facts.duration_ms,
                state=facts.state,
                title=facts.title,
                inode=number + 1,
                size=1000 + number,
                mtime_ns=(number + 1) * 10**12,
            ),
        )
        if facts.state is not NoteState.READY:
            return  # nothing is measured of it, and no mark hangs on it
        for file in self.writer.files_in(source_id, facts.folder):
            if file.name == name.rpartition(b"/")[2]:
                content = b"%032d" % number
                self.writer.measured([Measured(file.file_id, content_hash=content)])

    def _mark(self, db: sqlite3.Connection, number: int, facts: Facts) -> int:
        ((note_id, file_id),) = db.execute(
            "SELECT note_id, id FROM file WHERE name = ?", (b"n%d" % number,)
        ).fetchall()
        self._claim(db, note_id, facts)
        db.execute(
            "UPDATE note SET played = ? WHERE id = ?", (int(facts.played), note_id)
        )
        if facts.copy_in is not None:
            source_id = self._sources[facts.copy_in]
            db.execute(
                "INSERT OR IGNORE INTO folder(source_id, path, mtime_ns)"
                " VALUES (?, x'63', 1)",
                (source_id,),
            )
            db.execute(
                "INSERT INTO file(note_id, folder_id, name, base_name, role, size,"
                " mtime_ns, inode, state, reason, container, measured, order_ms)"
                " SELECT ?, id, ?, x'', 'copy', 1, 1, 1, 'ready', '', '', 1, 0"
                " FROM folder WHERE source_id = ? AND path = x'63'",
                (note_id, b"c%d" % number, source_id),
            )
        is_hashed = facts.state is NoteState.READY
        if facts.is_told:
            db.execute("DELETE FROM file WHERE id = ?", (file_id,))
            db.execute(
                "UPDATE note SET state = 'missing', problem = 0 WHERE id = ?",
                (note_id,),
            )
            facts = facts._replace(state=NoteState.MISSING)
        if not is_hashed:
            facts = facts._replace(
                star=False,
                own_title="",
                comment="",
                tags=(),
                bookmarks=(),
                collections=(),
            )
        else:
            self._words(db, b"%032d" % number, facts)
        self.facts[note_id] = facts
        return int(note_id)

    def _claim(self, db: sqlite3.Connection, note_id: int, facts: Facts) -> None:
        for at, (transcript, text) in enumerate(
            [*((each, "") for each in facts.transcripts)]
            + [("", each) for each in facts.texts]
        ):
            db.execute(
                "INSERT INTO claim(document_id, key, turn, note_id, folder, name,"
                " beside, chat_confidence, sender_confidence, direction, kind,"
                " precision, time_confidence, place, title, text, transcript,"
                " forwarded) VALUES (1, ?, 1, ?, x'', x'', 0, 1, 1, 'received',"
                " 'voice', 'second', 1, 0, '', ?, ?, 0)",
                (f"{note_id}/{at}", note_id, to_text(text), to_text(transcript)),
            )

    def _words(self, db: sqlite3.Connection, content: bytes, facts: Facts) -> None:
        db.execute(
            "INSERT INTO mark(hash, played, updated_ms, star, title, comment)"
            " VALUES (?, ?, 1, ?, ?, ?)",
            (
                content,
                int(facts.played),
                facts.star,
                to_text(facts.own_title),
                to_text(facts.comment),
            ),
        )
        for tag in facts.tags:
            db.execute(
                "INSERT INTO tag(name, folded) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (to_text(tag), to_text(fold(tag))),
            )
            db.execute(
                "INSERT OR IGNORE INTO tagged SELECT ?, id, 1 FROM tag"
                " WHERE folded = ?",
                (content, to_text(fold(tag))),
            )
        for name in facts.collections:
            db.execute(
                "INSERT INTO collection(name, folded, set_ms) VALUES (?, ?, 1)"
                " ON CONFLICT DO NOTHING",
                (to_text(name), to_text(fold(name))),
            )
            db.execute(
                "INSERT OR IGNORE INTO collected SELECT id, ?, x'01', 1, 1"
                " FROM collection WHERE folded = ?",
                (content, to_text(fold(name))),
            )
        db.executemany(
            "INSERT INTO bookmark VALUES (?, ?, ?, 1)",
            [(content, each.at_ms, to_text(each.text)) for each in facts.bookmarks],
        )

    def note(self, note: Note) -> Note:
        """A note as it is known here, whatever of its marks the reader tells."""
        facts = self.facts[note.row.id]
        names = {fold(tag): tag for each in self.facts.values() for tag in each.tags}
        return note._replace(
            row=note.row._replace(
                star=facts.star,
                tags=tuple(names[fold(tag)] for tag in facts.tags),
                title=facts.own_title or facts.title,
            ),
            comment=facts.comment,
            bookmarks=facts.bookmarks,
            collections=facts.collections,
            transcript=next(iter(facts.transcripts), ""),
            text=next(iter(facts.texts), ""),
        )


def _sort_key(row: NoteRow, sort: Sort) -> int:
    match sort:
        case Sort.NEWEST:
            return row.order_ms
        case Sort.OLDEST:
            return -row.order_ms
        case Sort.LONGEST:
            return row.duration_ms or 0
        case Sort.UNPLAYED:
            return row.order_ms + (row.played < Played.PLAYED) * 2**61


def expected(
    library: SearchedLibrary,
    reader: Reader,
    query: Query,
    today: date,
    *,
    sort: Sort = Sort.NEWEST,
    told: bool = False,
    below: bytes = b"",
) -> list[tuple[int, int]]:
    """The answer of plain Python: every note is asked. Pairs of sort key and id."""
    sources = reader.sources()
    labels = {source.id: source.label for source in sources}
    roots = {source.id: source.root.rstrip(b"/") + b"/" for source in sources}
    folder = below.rstrip(b"/") + b"/" if below else b""
    found = []
    for plain in reader.all_notes(states=sorted(states(query)), told=told):
        note = library.note(plain)
        paths = [file.full_path for file in note.files] or [roots[note.source_id]]
        if any(path.startswith(folder) for path in paths) and matches(
            note, query, today, labels
        ):
            found.append((_sort_key(note.row, sort), note.row.id))
    return sorted(found, reverse=True)
