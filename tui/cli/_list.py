"""`list`, `show` and `chats`: what the library knows, for people and for programs."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.cli._library import absolute, opened, refresh, tell_nothing
from tui.cli._objects import chat_object, note_object, sent_at
from tui.cli._output import Out
from tui.errors import UsageError
from tui.model import Precision
from tui.query import matches, parse, states, wall_clock
from tui.rowtext import ASCII, UNICODE
from tui.text import clock, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from tui.cli._output import Out as Output
    from tui.config import Settings
    from tui.library import Reader
    from tui.model import Note, NoteId, NoteRow, Source, SourceId
    from tui.query import Query
    from tui.rowtext import Glyphs

__all__ = [
    "answers",
    "find_note",
    "glyphs_for",
    "list_chats",
    "list_notes",
    "note_cells",
    "show_note",
]

_ID = 8
"""Digits of an id that are shown: enough to tell notes apart, few enough to type."""


def glyphs_for(settings: Settings, out: Output) -> Glyphs:
    """Choose the marks that a reader can show."""
    return ASCII if settings.ascii or not out.has_unicode else UNICODE


def answers(
    reader: Reader,
    query: Query,
    *,
    below: bytes = b"",
    today: date | None = None,
    told: bool = False,
) -> Iterator[Note]:
    """Yield the notes that match a query, newest first.

    Args:
        reader: The library.
        query: What to look for.
        below: A folder that one of a note's files must lie in; empty for anywhere.
        today: The day of today.
        told: Also notes that a document tells of, and whose file never was here.
    """
    today = today or datetime.now().astimezone().date()
    sources = reader.sources()
    labels = {source.id: source.label for source in sources}
    roots = {source.id: source.root.rstrip(b"/") + b"/" for source in sources}
    folder = below.rstrip(b"/") + b"/" if below else b""
    for note in reader.all_notes(states=sorted(states(query)), told=told):
        paths = [file.full_path for file in note.files] or [
            roots.get(note.source_id, b"")
        ]
        if not any(path.startswith(folder) for path in paths):
            continue
        if matches(note, query, today, labels):
            yield note


def list_notes(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark list`."""
    query = parse(said["query"])
    below = absolute(said["source"]) if said["source"] else b""
    out = Out()
    with opened(settings, to_read=True) as library:
        refresh(library, settings, [below] if below else [])
        with closing(library.reader()) as reader:
            found = answers(reader, query, below=below, told=True)
            if said["json"]:
                count = out.array(map(note_object, found))
            else:
                glyphs = glyphs_for(settings, out)
                rows = [note_cells(note, glyphs) for note in found]
                out.table(rows, right=[3])
                count = len(rows)
            return 0 if count else tell_nothing(reader)


def _when(row: NoteRow) -> str:
    """Write the time of a note so that lines sort by it; `~` for a file's time."""
    moment = wall_clock(row)
    if row.precision is Precision.DAY:
        return f"{moment:%Y-%m-%d}"
    tie = "~" if row.precision is Precision.MTIME else " "
    return f"{moment:%Y-%m-%d}{tie}{moment:%H:%M}"


def note_cells(note: Note, glyphs: Glyphs) -> list[str]:
    """Write the columns of a note: id, mark, time, length, chat, sender, words."""
    row = note.row
    words = row.reason or row.title or row.snippet
    return [
        note.key[:_ID],
        glyphs.mark(row.state.value, int(row.played))[0],
        _when(row),
        clock(row.duration_ms),
        printable(row.chat_title),
        printable(row.sender or ""),
        printable(words),
    ]


def find_note(reader: Reader, key: str) -> NoteId | None:
    """Find a note by how its id begins.

    Raises:
        UsageError: Several begin so.
    """
    found = reader.find(key.lower())
    if len(found) > 1:
        raise UsageError(f"{len(found)} notes have an id that begins with {key}")
    return found[0] if found else None


def show_note(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark show`."""
    out = Out()
    with opened(settings, to_read=True) as library:
        refresh(library, settings)
        with closing(library.reader()) as reader:
            note_id = find_note(reader, said["note"])
            note = None if note_id is None else reader.note(note_id)
            if note is None:
                if said["json"]:
                    out.array([])
                return tell_nothing(reader)
    if said["json"]:
        out.array([note_object(note)])
        return 0
    for name, value in _facts(note):
        out.line(f"{name:<10}  {printable(value)}")
    return 0


def _facts(note: Note) -> Iterator[tuple[str, str]]:
    """Yield everything that is known of a note, by name."""
    row = note.row
    yield "id", note.key
    yield "kind", row.kind.value.replace("_", " ")
    yield "chat", f"{row.chat_title} ({note.chat_kind.value})"
    yield "sender", row.sender or "not known"
    if row.direction.value != "unknown":
        yield "direction", row.direction.value
    yield "sent", f"{sent_at(row)} ({_PRECISION[row.precision]})"
    yield "length", "not known" if row.duration_ms is None else clock(row.duration_ms)
    state = row.state.value
    yield "state", f"{state}: {row.reason}" if row.reason else state
    played = row.played.name.lower()
    yield (
        "played",
        f"{played}, at {clock(row.position_ms)}" if row.position_ms else played,
    )
    if note.phone_played is not None:
        yield "phone", "played" if note.phone_played else "not played"
    for name, value in (
        ("title", row.title),
        ("comment", note.comment),
        ("transcript", note.transcript),
        ("text", note.text),
        ("container", note.container),
        ("recording", note.recording or ""),
    ):
        if value:
            yield name, value
    yield "size", f"{note.size:,} bytes"
    for file in note.files:
        path = os.fsdecode(file.full_path)
        yield "file", path if file.role == "primary" else f"{path} ({file.role})"
    for name, found in sorted(note.evidence.items()):
        title = name.replace("_", " ")
        yield "evidence", f"{title}: {found.origin} ({found.confidence:.2f})"


_PRECISION = {
    Precision.EXACT: "exact",
    Precision.SECOND: "to the second",
    Precision.MINUTE: "to the minute",
    Precision.DAY: "the day",
    Precision.MTIME: "the time of the file",
}


def list_chats(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark chats`."""
    out = Out()
    with opened(settings, to_read=True) as library:
        refresh(library, settings)
        with closing(library.reader()) as reader:
            chats = reader.chats()
            with library.directory() as directory:
                parts = {each.id: each.identities for each in directory.chats()}
            sources = {source.id: source for source in reader.sources()}
            nothing = 0 if chats else tell_nothing(reader)
    if said["json"]:
        out.array(
            chat_object(chat, sources.get(chat.source_id), parts.get(chat.id, ()))
            for chat in chats
        )
    else:
        names = _names(sources.values())
        out.table(
            [
                [
                    printable(chat.title),
                    f"{chat.notes:,}",
                    f"{chat.unplayed:,} unplayed",
                    clock(chat.duration_ms),
                    names[chat.source_id],
                ]
                for chat in chats
            ],
            right=[1, 2, 3],
        )
    return nothing


def _names(sources: Iterable[Source]) -> dict[SourceId, str]:
    """Name sources by their labels, and by their folders where these are the same."""
    sources = list(sources)
    labels = Counter(source.label for source in sources)
    return {
        source.id: printable(
            source.label
            if labels[source.label] == 1
            else f"{source.label} ({os.fsdecode(source.root)})"
        )
        for source in sources
    }
