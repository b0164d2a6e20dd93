"""The objects that `--json` writes. They are documented in the README, and stable."""

from __future__ import annotations

import base64
from datetime import UTC
from typing import TYPE_CHECKING, Any

from tui.model import Precision, WatchMode
from tui.query import wall_clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.answers import SavedSearch, Share, Statistics, TagTotals
    from tui.model import (
        Bookmark,
        Chat,
        DocumentInfo,
        Identity,
        Named,
        Note,
        NoteFile,
        NoteRow,
        Problem,
        Rule,
        Source,
    )

__all__ = [
    "as_watched",
    "bookmark_object",
    "chat_object",
    "document_object",
    "moment_object",
    "named_object",
    "note_object",
    "plain",
    "problem_object",
    "rule_object",
    "search_object",
    "sent_at",
    "source_object",
    "statistics_object",
    "tag_object",
]

_SECONDS = {Precision.MINUTE: "minutes", Precision.EXACT: "milliseconds"}


def plain(text: str | bytes) -> str:
    r"""Make text or a path valid Unicode: bytes that are none become `\xNN`."""
    if isinstance(text, str):
        text = text.encode(errors="surrogateescape")
    return text.decode(errors="backslashreplace")


def sent_at(row: NoteRow) -> str:
    """Write the time of a note in ISO 8601, as exactly as it is known.

    Args:
        row: The note.

    Returns:
        A date alone when only the day is known; `Z` at the end when the zone is
        known; no zone when it is the sender's wall clock.
    """
    if row.precision is Precision.DAY:
        return wall_clock(row).date().isoformat()
    text = wall_clock(row, UTC).isoformat(
        timespec=_SECONDS.get(row.precision, "seconds")
    )
    return text if row.offset_min is not None else f"{text}Z"


def moment_object(ms: int) -> str | None:
    """Write a time in UTC; null for never."""
    from datetime import datetime

    try:
        moment = datetime.fromtimestamp(ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if ms else None


def _path(name: str, path: bytes) -> dict[str, str]:
    """Write a path as text, and its bytes where they are no text."""
    fields = {name: plain(path)}
    if fields[name].encode() != path:
        fields[f"{name}_b64"] = base64.b64encode(path).decode()
    return fields


def _file_object(file: NoteFile) -> dict[str, Any]:
    return {
        **_path("source", file.source_root),
        **_path("path", file.path),
        "role": file.role,
    }


def note_object(note: Note) -> dict[str, Any]:
    """Write a note."""
    row = note.row
    return {
        "id": note.key,
        "kind": row.kind.value,
        "chat": plain(row.chat_title),
        "chat_kind": note.chat_kind.value,
        "sender": None if row.sender is None else plain(row.sender),
        "direction": row.direction.value,
        "sent_at": sent_at(row),
        "precision": row.precision.value,
        "duration_ms": row.duration_ms,
        "size": note.size,
        "state": row.state.value,
        "reason": plain(row.reason) or None,
        "played": row.played.name.lower(),
        "position_ms": row.position_ms,
        "star": row.star,
        "tags": [plain(tag) for tag in row.tags],
        "title": plain(row.title) or None,
        "own_title": plain(note.own_title) or None,
        "comment": plain(note.comment) or None,
        "bookmarks": [
            {"at_ms": each.at_ms, "text": plain(each.text)} for each in note.bookmarks
        ],
        "transcript": plain(note.transcript) or None,
        "text": plain(note.text) or None,
        "phone_played": note.phone_played,
        "container": note.container or None,
        "recording": note.recording,
        "files": [_file_object(file) for file in note.files],
        "evidence": {
            field: {"from": plain(found.origin), "confidence": found.confidence}
            for field, found in sorted(note.evidence.items())
        },
    }


def bookmark_object(note: Note, bookmark: Bookmark) -> dict[str, Any]:
    """Write a bookmark apart from its note."""
    row = note.row
    return {
        "note": note.key,
        "chat": plain(row.chat_title),
        "sender": None if row.sender is None else plain(row.sender),
        "sent_at": sent_at(row),
        "at_ms": bookmark.at_ms,
        "text": plain(bookmark.text),
    }


def tag_object(tag: TagTotals) -> dict[str, Any]:
    """Write a tag."""
    return {
        "name": plain(tag.name),
        "notes": tag.notes,
        "unplayed": tag.unplayed,
        "duration_ms": tag.duration_ms,
    }


def search_object(search: SavedSearch) -> dict[str, Any]:
    """Write a saved search."""
    return {
        "id": search.id,
        "name": plain(search.name),
        "query": plain(search.query),
        "notes": search.notes,
        "unplayed": search.unplayed,
        "duration_ms": search.duration_ms,
    }


def statistics_object(found: Statistics) -> dict[str, Any]:
    """Write the library in numbers."""
    return {
        "total": _counts(found.total),
        "chats": [{"chat": plain(s.label), **_counts(s)} for s in found.chats],
        "senders": [
            {"sender": plain(s.label) or None, **_counts(s)} for s in found.senders
        ],
        "months": [{"month": s.label, **_counts(s)} for s in found.months],
    }


def _counts(share: Share) -> dict[str, int]:
    return {
        "notes": share.notes,
        "duration_ms": share.duration_ms,
        "unplayed": share.unplayed,
        "unplayed_ms": share.unplayed_ms,
    }


def named_object(named: Named) -> dict[str, Any]:
    """Write a sender."""
    return {
        "id": named.id,
        "name": plain(named.name),
        "notes": named.notes,
        "last_at": moment_object(named.last_ms),
        "identities": [plain(each.native_id) for each in named.identities],
    }


def rule_object(rule: Rule) -> dict[str, Any]:
    """Write a rule."""
    return {
        "id": rule.id,
        "query": plain(rule.query),
        rule.field: plain(rule.target),
        "recordings": rule.recordings,
    }


def chat_object(
    chat: Chat, source: Source | None, identities: Sequence[Identity] = ()
) -> dict[str, Any]:
    """Write a chat."""
    return {
        "id": chat.id,
        "title": plain(chat.title),
        "kind": chat.kind.value,
        **(_path("source", source.root) if source else {"source": None}),
        "notes": chat.notes,
        "unplayed": chat.unplayed,
        "duration_ms": chat.duration_ms,
        "last_at": moment_object(chat.last_ms),
        "identities": [plain(each.native_id) for each in identities],
    }


def as_watched(source: Source, *, watched: bool) -> Source:
    """Tell how a source is watched now: the library remembers how it was last.

    Args:
        source: The source as the library knows it.
        watched: Whether anybody watches.
    """
    if watched:
        return source
    return source._replace(watch=WatchMode.OFF, watch_reason="")


def source_object(source: Source, notes: int, problems: int) -> dict[str, Any]:
    """Write a source."""
    return {
        **_path("path", source.root),
        "kind": source.kind.value,
        "label": plain(source.label),
        "state": source.state.value,
        "reason": plain(source.reason) or None,
        "watch": source.watch.value,
        "watch_reason": plain(source.watch_reason) or None,
        "score": source.score,
        "reasons": [plain(reason) for reason in source.reasons],
        "scanned_at": moment_object(source.scanned_ms),
        "notes": notes,
        "problems": problems,
    }


def document_object(document: DocumentInfo) -> dict[str, Any]:
    """Write a document."""
    return {
        **_path("path", document.path),
        "kind": document.kind.value,
        "state": document.state.value,
        "reason": plain(document.reason) or None,
        "label": plain(document.label),
        "score": document.score,
        "reasons": [plain(reason) for reason in document.reasons],
        "claims": document.claims,
        "matched": document.matched,
        "remarks": [
            {"code": code, "text": plain(text)} for code, text in document.remarks
        ],
    }


def problem_object(problem: Problem, source: Source | None) -> dict[str, Any]:
    """Write a file or source that can't be used."""
    return {
        **(_path("source", source.root) if source else {"source": None}),
        **_path("path", problem.path),
        "state": problem.state.value,
        "reason": plain(problem.reason),
    }
