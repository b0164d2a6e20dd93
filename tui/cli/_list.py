"""`list`, `show` and `chats`: what the library knows, for people and for programs."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tui.cli._answers import Wanted, find_note, has_words
from tui.cli._library import absolute, opened, refresh, tell_nothing
from tui.cli._objects import chat_object, note_object, sent_at
from tui.cli._output import Out
from tui.model import Precision, Sort
from tui.query import wall_clock
from tui.rowtext import ASCII, UNICODE
from tui.text import clock, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.cli._answers import NoteReader
    from tui.cli._output import Out as Output
    from tui.config import Settings
    from tui.model import Note, NoteRow, Source, SourceId
    from tui.rowtext import Glyphs

__all__ = [
    "glyphs_for",
    "list_chats",
    "list_notes",
    "note_cells",
    "show_note",
]

_ID = 8
"""Digits of an id that are shown: enough to tell notes apart, few enough to type."""
_HITS = 1_000
"""Of so many notes it is shown where the words of a query stand; the others show how
they begin."""


def glyphs_for(settings: Settings, out: Output) -> Glyphs:
    """Choose the marks that a reader can show."""
    return ASCII if settings.ascii or not out.has_unicode else UNICODE


def list_notes(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark list`."""
    wanted = Wanted(said["query"])
    below = absolute(said["source"]) if said["source"] else b""
    out = Out()
    with opened(settings, to_read=True) as library:
        folders = [below] if below else []
        refresh(library, settings, folders, words=has_words(wanted.query))
        with closing(library.reader()) as reader:
            found = wanted.notes(
                reader,
                below=below,
                sort=Sort(said["sort"]) if said["sort"] else None,
                limit=said["limit"],
                told=True,
            )
            if said["json"]:
                count = out.array(map(note_object, found))
            else:
                glyphs = glyphs_for(settings, out)
                rows = [
                    note_cells(note, glyphs, _words(reader, wanted, note, number))
                    for number, note in enumerate(found)
                ]
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


def _words(reader: NoteReader, wanted: Wanted, note: Note, number: int) -> str:
    """Tell where a query's words stand in a note; empty where it asks for none."""
    if number >= _HITS or not has_words(wanted.query) or note.row.reason:
        return ""
    hit = reader.hit(note.row.id, wanted.query)
    return "" if hit is None or hit.field == "title" else hit.snippet


def note_cells(note: Note, glyphs: Glyphs = ASCII, words: str = "") -> list[str]:
    """Write the columns of a note: id, mark, time, length, chat, sender, words.

    Args:
        note: The note.
        glyphs: The marks.
        words: What to show instead of its title or first words. Before them stand its
            star and tags.
    """
    row = note.row
    marks = [glyphs.star] if row.star else []
    marks += [f"#{tag}" for tag in row.tags]
    words = words or row.reason or row.title or row.snippet
    words = " ".join([*marks, words])
    return [
        note.key[:_ID],
        glyphs.mark(row.state.value, int(row.played))[0],
        _when(row),
        clock(row.duration_ms),
        printable(row.chat_title),
        printable(row.sender or ""),
        printable(words),
    ]


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
    marks = [*(["starred"] if row.star else []), *(f"#{tag}" for tag in row.tags)]
    if marks:
        yield "marks", " ".join(marks)
    for name in note.collections:
        yield "collection", name
    for each in note.bookmarks:
        yield "bookmark", f"{clock(each.at_ms)} {each.text}".rstrip()
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
