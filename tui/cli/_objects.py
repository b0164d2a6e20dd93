"""The objects that `--json` writes. They are documented in the README, and stable."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from tui.model import WatchMode
from tui.objects import note_object, path_fields, plain, sent_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.answers import Collection, SavedSearch, Share, Statistics, TagTotals
    from tui.model import (
        Bookmark,
        Chat,
        DocumentInfo,
        Identity,
        Named,
        Note,
        Problem,
        Rule,
        Source,
    )

__all__ = [
    "as_watched",
    "bookmark_object",
    "chat_object",
    "collection_object",
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


def moment_object(ms: int) -> str | None:
    """Write a time in UTC; null for never."""
    from datetime import datetime

    try:
        moment = datetime.fromtimestamp(ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if ms else None


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


def collection_object(collection: Collection) -> dict[str, Any]:
    """Write a collection."""
    return {
        "id": collection.id,
        "name": plain(collection.name),
        "notes": collection.notes,
        "unplayed": collection.unplayed,
        "duration_ms": collection.duration_ms,
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
        **(path_fields("source", source.root) if source else {"source": None}),
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
        **path_fields("path", source.root),
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
        **path_fields("path", document.path),
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
        **(path_fields("source", source.root) if source else {"source": None}),
        **path_fields("path", problem.path),
        "state": problem.state.value,
        "reason": plain(problem.reason),
    }
