"""What is not known of notes: whose chat, and whose number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.model import Gaps, SourceId

if TYPE_CHECKING:
    from tui.library._connection import Store

__all__ = ["gaps_of"]

_FILES = """
    SELECT folder.source_id, count(DISTINCT note.id),
        count(DISTINCT iif(chat.kind = 'unmatched', note.id, NULL))
    FROM file JOIN folder ON folder.id = file.folder_id
    JOIN note ON note.id = file.note_id AND note.visible = 1
    JOIN chat ON chat.id = note.chat_id
    WHERE file.missing = 0 GROUP BY folder.source_id
"""
_NUMBERS = """
    SELECT note.source_id, count(DISTINCT sender.id) FROM note
    JOIN sender ON sender.id = note.sender_id
    WHERE note.visible = 1 AND sender.rank <= 1 AND sender.own_name IS NULL
        AND sender.native_id <> 'me' GROUP BY note.source_id
"""
"""Ranks up to 1 are no names: an identity, a number."""


def gaps_of(store: Store) -> dict[SourceId, Gaps]:
    """Count what is not known of the notes of each source.

    Args:
        store: A connection that may read.

    Returns:
        Counts by source; sources without a visible note are left out.
    """
    found = {
        SourceId(row[0]): Gaps(files=row[1], unmatched=row[2])
        for row in store.all(_FILES)
    }
    for source_id, numbers in store.all(_NUMBERS):
        known = found.get(SourceId(source_id), Gaps())
        found[SourceId(source_id)] = known._replace(numbers=numbers)
    return found
