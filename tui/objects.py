"""A note as an object of JSON: what `--json` and documents write of it.

It is documented in the README, and stable.
"""

from __future__ import annotations

import base64
from datetime import UTC
from typing import TYPE_CHECKING, Any

from tui.model import Precision
from tui.query import wall_clock

if TYPE_CHECKING:
    from tui.model import Note, NoteFile, NoteRow

__all__ = ["note_object", "path_fields", "plain", "sent_at"]

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


def path_fields(name: str, path: bytes) -> dict[str, str]:
    """Write a path as text, and its bytes where they are no text."""
    fields = {name: plain(path)}
    if fields[name].encode() != path:
        fields[f"{name}_b64"] = base64.b64encode(path).decode()
    return fields


def _file_object(file: NoteFile) -> dict[str, Any]:
    return {
        **path_fields("source", file.source_root),
        **path_fields("path", file.path),
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
        "collections": [plain(name) for name in note.collections],
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
