"""Rows of the library file as values of the model, and the other way round."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tui.library._api import DocumentRecord, FileRecord
from tui.library._wave import wave_of
from tui.model import (
    Bookmark,
    Chat,
    ChatKind,
    Direction,
    DocumentInfo,
    DocumentKind,
    DocumentState,
    Evidence,
    Note,
    NoteChange,
    NoteFile,
    NoteKind,
    NoteRow,
    NoteState,
    Played,
    Precision,
    Source,
    SourceKind,
    SourceState,
    WatchMode,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library._connection import Row

__all__ = [
    "CHANGE_COLUMNS",
    "CHAT_COLUMNS",
    "DOCUMENT_COLUMNS",
    "DOCUMENT_RECORD_COLUMNS",
    "FILE_COLUMNS",
    "NOTE_COLUMNS",
    "ROW_COLUMNS",
    "SOURCE_COLUMNS",
    "change_of",
    "chat_of",
    "document_of",
    "document_record_of",
    "file_record_of",
    "from_text",
    "join_path",
    "join_reasons",
    "note_file_of",
    "note_of",
    "note_row_of",
    "source_of",
    "to_text",
]

_SEPARATOR = "\x1f"
"""Between the reasons of a detection; no sentence holds it."""

# Looking up is three times as fast as calling an enumeration.
_KINDS = {str(kind): kind for kind in NoteKind}
_DIRECTIONS = {str(direction): direction for direction in Direction}
_PRECISIONS = {str(precision): precision for precision in Precision}
_STATES = {str(state): state for state in NoteState}
_PLAYED = tuple(Played)


def to_text(text: str) -> str | bytes:
    """Make text storable: SQLite holds no lone surrogates, so such text goes as bytes.

    Names that are no UTF-8 reach us as surrogate escapes, and must come back so.
    """
    if text.isascii():  # for nearly all texts, and much faster than encoding them
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def from_text(value: str | bytes) -> str:
    """Read text that `to_text` stored."""
    if isinstance(value, str):
        return value
    return value.decode("utf-8", "surrogatepass")


def join_path(folder: bytes, name: bytes) -> bytes:
    """The path of a file relative to its source."""
    return folder + b"/" + name if folder else name


def join_reasons(reasons: Sequence[str]) -> str | bytes:
    """Store the reasons of a detection in one value."""
    return to_text(_SEPARATOR.join(reasons))


SOURCE_COLUMNS = (
    "id, root, kind, label, state, reason, watch, watch_reason, score, reasons,"
    " scanned_ms"
)


def source_of(row: Row) -> Source:
    """Make a source of SOURCE_COLUMNS."""
    reasons = from_text(row[9])
    return Source(
        id=row[0],
        root=row[1],
        kind=SourceKind(row[2]),
        label=from_text(row[3]),
        state=SourceState(row[4]),
        reason=from_text(row[5]),
        watch=WatchMode(row[6]),
        watch_reason=from_text(row[7]),
        score=row[8],
        reasons=tuple(reasons.split(_SEPARATOR)) if reasons else (),
        scanned_ms=row[10],
    )


CHAT_COLUMNS = "id, source_id, kind, title, notes, unplayed, duration_ms, last_ms"


def chat_of(row: Row) -> Chat:
    """Make a chat of CHAT_COLUMNS."""
    return Chat(
        id=row[0],
        source_id=row[1],
        kind=ChatKind(row[2]),
        title=from_text(row[3]),
        notes=row[4],
        unplayed=row[5],
        duration_ms=row[6],
        last_ms=row[7],
    )


ROW_COLUMNS = (
    "note.id, note.chat_id, chat.title, note.kind, sender.name, note.direction,"
    " note.sent_ms, note.offset_min, note.precision, note.order_ms, note.duration_ms,"
    " note.state, note.reason, note.played, note.position_ms,"
    " coalesce(nullif(mark.title, ''), note.title),"
    # Only a note that can't be played is told apart by the name of its file.
    " iif(note.state = 'ready', x'', coalesce((SELECT name FROM file"
    " WHERE note_id = note.id ORDER BY missing, role = 'copy', id LIMIT 1),"
    " (SELECT name FROM claim WHERE note_id = note.id AND name <> x'' LIMIT 1), x'')),"
    " coalesce(nullif(substr(mark.comment, 1, 120), ''),"
    " (SELECT substr(iif(transcript <> '', transcript, text), 1, 120) FROM claim"
    " WHERE note_id = note.id AND (transcript <> '' OR text <> '')"
    " ORDER BY transcript = '' LIMIT 1)), coalesce(mark.star, 0),"
    # As hex digits: a name may hold every character, and need not be text.
    " (SELECT group_concat(hex(name), ' ') FROM tagged JOIN tag ON tag.id = tag_id"
    " WHERE tagged.hash = recording.hash),"
    " coalesce(recording.wave, (SELECT waveform FROM claim WHERE note_id = note.id"
    " AND waveform IS NOT NULL LIMIT 1))"
)
"""Needs the tables chat, sender, recording and mark beside the note."""


def note_row_of(row: Row) -> NoteRow:
    """Make a row of the tree of ROW_COLUMNS."""
    return NoteRow(
        id=row[0],
        chat_id=row[1],
        chat_title=from_text(row[2]),
        kind=_KINDS[row[3]],
        sender=None if row[4] is None else from_text(row[4]),
        direction=_DIRECTIONS[row[5]],
        sent_ms=row[6],
        offset_min=row[7],
        precision=_PRECISIONS[row[8]],
        order_ms=row[9],
        duration_ms=row[10],
        state=_STATES[row[11]],
        reason=from_text(row[12]),
        played=_PLAYED[row[13]],
        position_ms=row[14],
        title=from_text(row[15]),
        file_name=os.fsdecode(row[16] or b""),
        snippet=_one_line(row[17]),
        star=bool(row[18]),
        tags=_tags_of(row[19]) if row[19] else (),
        wave=wave_of(row[20]) if row[20] else b"",
    )


def _one_line(value: str | bytes | None) -> str:
    """Read the beginning of a text; bytes may have been cut within a character."""
    while value:
        try:
            return " ".join(from_text(value).split())
        except UnicodeDecodeError:
            value = value[:-1]
    return ""


def _from_hex(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-8", "surrogatepass")


def _tags_of(told: str) -> tuple[str, ...]:
    return tuple(sorted(map(_from_hex, told.split()), key=str.casefold))


def _bookmark_of(told: str) -> Bookmark:
    at_ms, _, text = told.partition(":")
    return Bookmark(int(at_ms), _from_hex(text))


NOTE_COLUMNS = ROW_COLUMNS + (
    ", note.key, chat.kind, recording.hash, coalesce(recording.peaks, (SELECT waveform"
    " FROM claim WHERE note_id = note.id AND waveform IS NOT NULL LIMIT 1)),"
    " note.chat_origin, note.chat_confidence, note.sender_origin,"
    " note.sender_confidence, note.time_origin, note.time_confidence,"
    " note.phone_played, (SELECT transcript FROM claim WHERE note_id = note.id"
    " AND transcript <> '' LIMIT 1), (SELECT text FROM claim WHERE note_id = note.id"
    " AND text <> '' LIMIT 1), recording.peaks IS NOT NULL, note.source_id,"
    " mark.title, mark.comment, (SELECT group_concat(at_ms || ':' || hex(text), ' ')"
    " FROM bookmark WHERE hash = recording.hash), recording.lufs"
)
_ROW = 21
"""How many columns of those a row of the tree has."""


def note_of(row: Row, files: Sequence[tuple[NoteFile, str, bool]]) -> Note:
    """Make a note of NOTE_COLUMNS and its files.

    Args:
        row: The columns.
        files: File, container and whether it is missing; the best first. Places
            where the note is missing count only if it is missing everywhere.
    """
    there = [file for file in files if not file[2]] or files
    key, chat_kind, content, peaks, *rest = row[_ROW:]
    told, (phone_played, transcript, text, *others) = rest[:6], rest[6:]
    has_own_peaks, source_id, own_title, comment, bookmarks, lufs = others
    evidence = {
        "chat": Evidence(from_text(told[0]), told[1]),
        "sent_at": Evidence(from_text(told[4]), told[5]),
    }
    if row[4] is not None:
        evidence["sender"] = Evidence(from_text(told[2]), told[3])
    return Note(
        row=note_row_of(row),
        key=key.hex(),
        chat_kind=ChatKind(chat_kind),
        size=there[0][0].size if there else 0,
        recording=None if content is None else content.hex(),
        container=there[0][1] if there else "",
        files=tuple(file for file, _, _ in there),
        evidence=evidence,
        peaks=peaks,
        comment=from_text(comment or ""),
        phone_played=None if phone_played is None else bool(phone_played),
        transcript=from_text(transcript or ""),
        text=from_text(text or ""),
        has_own_peaks=bool(has_own_peaks),
        source_id=source_id,
        own_title=from_text(own_title or ""),
        bookmarks=tuple(sorted(map(_bookmark_of, (bookmarks or "").split()))),
        lufs=lufs,
    )


FILE_COLUMNS = (
    "note.id, folder.source_id, source.root, folder.path, file.name, file.size,"
    " file.mtime_ns, file.role, file.container, file.missing"
)


def note_file_of(row: Row) -> tuple[NoteFile, str, bool]:
    """Make a file, its container and whether it is missing of FILE_COLUMNS."""
    file = NoteFile(
        source_id=row[1],
        source_root=row[2],
        path=join_path(row[3], row[4]),
        size=row[5],
        mtime_ns=row[6],
        role=row[7],
    )
    return file, row[8], bool(row[9])


RECORD_COLUMNS = (
    "file.id, file.note_id, folder.path, file.name, file.size, file.mtime_ns,"
    " file.inode, file.state"
)


def file_record_of(row: Row) -> FileRecord:
    """Make what the indexer compares with of RECORD_COLUMNS."""
    file_id, note_id, folder, name, size, mtime_ns, inode, state = row
    return FileRecord(
        file_id, note_id, folder, name, size, mtime_ns, inode, _STATES[state]
    )


DOCUMENT_COLUMNS = (
    "document.id, source_id, folder, name, kind, state, reason, label, score, reasons,"
    " remarks, (SELECT count(*) FROM claim WHERE document_id = document.id),"
    " (SELECT count(*) FROM claim JOIN note ON note.id = claim.note_id"
    " AND note.state <> 'missing' WHERE document_id = document.id), day_order, read_ms"
)


def document_of(row: Row) -> DocumentInfo:
    """Make a document of DOCUMENT_COLUMNS."""
    import json  # nothing that the first screen needs

    reasons = from_text(row[9])
    return DocumentInfo(
        id=row[0],
        source_id=row[1],
        path=join_path(row[2], row[3]),
        kind=DocumentKind(row[4]),
        state=DocumentState(row[5]),
        reason=from_text(row[6]),
        label=from_text(row[7]),
        score=row[8],
        reasons=tuple(reasons.split(_SEPARATOR)) if reasons else (),
        remarks=tuple((code, text) for code, text in json.loads(row[10])),
        claims=row[11],
        matched=row[12],
        day_order=row[13],
        read_ms=row[14],
    )


DOCUMENT_RECORD_COLUMNS = (
    "id, folder, name, kind, size, mtime_ns, state, is_due, day_order, reason"
)


def document_record_of(row: Row) -> DocumentRecord:
    """Make what the indexer compares with of DOCUMENT_RECORD_COLUMNS."""
    document_id, folder, name, kind, size, mtime_ns, state, is_due, *rest = row
    return DocumentRecord(
        document_id,
        folder,
        name,
        DocumentKind(kind),
        size,
        mtime_ns,
        DocumentState(state),
        bool(is_due),
        rest[0],
        from_text(rest[1]),
    )


CHANGE_COLUMNS = (
    "note.id, note.chat_id, note.month, note.order_ms,"
    " note.visible AND source.state <> 'offline', note.played,"
    " note.problem AND source.state <> 'offline'"
)


def change_of(row: Row) -> NoteChange:
    """Make a change of CHANGE_COLUMNS."""
    return NoteChange(
        id=row[0],
        chat_id=row[1],
        month=row[2],
        order_ms=row[3],
        visible=bool(row[4]),
        played=_PLAYED[row[5]],
        problem=bool(row[6]),
    )
