"""Makes notes that shall be saved, without a library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tui.model import (
    ChatId,
    ChatKind,
    Direction,
    Note,
    NoteFile,
    NoteId,
    NoteKind,
    NoteRow,
    NoteState,
    Played,
    Precision,
    SourceId,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.model import Bookmark

__all__ = ["SENT_MS", "note_of", "told_note"]

SENT_MS = 1_723_747_321_000
"""15 August 2024, 18:42:01 in UTC."""

_PLAIN = NoteRow(
    id=NoteId(1),
    chat_id=ChatId(1),
    chat_title="Family",
    kind=NoteKind.VOICE,
    sender="Ana",
    direction=Direction.RECEIVED,
    sent_ms=SENT_MS,
    offset_min=0,
    precision=Precision.SECOND,
    order_ms=SENT_MS,
    duration_ms=None,
    state=NoteState.READY,
    reason="",
    played=Played.UNPLAYED,
    position_ms=0,
)


def told_note(key: str = "ab" * 16, **facts: object) -> Note:
    """Make a note whose file never was here.

    Args:
        key: Its id.
        facts: Fields of its row.
    """
    row = _PLAIN._replace(**facts)  # type: ignore[arg-type]  # fields by name
    return Note(row, key, ChatKind.GROUP, 0, None)


def note_of(
    path: Path,
    *,
    bookmarks: Sequence[Bookmark] = (),
    comment: str = "",
    transcript: str = "",
    **facts: object,
) -> Note:
    """Make a note of a file.

    Args:
        path: The file, which need not be there.
        bookmarks: The user's marks.
        comment: The user's comment.
        transcript: What is said in it.
        facts: Fields of its row.
    """
    info = path.stat() if path.exists() else None
    root, name = os.fsencode(path.parent), os.fsencode(path.name)
    size, mtime = (info.st_size, info.st_mtime_ns) if info else (0, 0)
    file = NoteFile(SourceId(1), root, name, size, mtime)
    return told_note(name.hex()[:32].ljust(32, "0"), **facts)._replace(
        size=size,
        files=(file,),
        bookmarks=tuple(bookmarks),
        comment=comment,
        transcript=transcript,
    )
