"""Forgetting a source: its files, its notes, and what its documents told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._facts import Facts
from tui.library._people import Identities

if TYPE_CHECKING:
    from tui.library._change import Change

__all__ = ["forget_source"]

_FILES = "SELECT id FROM folder WHERE source_id = ?"
_DOCUMENTS = "SELECT id FROM document WHERE source_id = ?"


def forget_source(change: Change, source_id: int) -> None:
    """Delete everything that hangs on a source; marks stay with their recordings.

    A note that has a file in another source goes on there; so does one of another
    source that a document of this one told of, without what that told.

    Args:
        change: The open transaction.
        source_id: The source.
    """
    store = change.store
    shared = store.all(
        f"SELECT DISTINCT note_id FROM file WHERE folder_id IN ({_FILES})"
        " AND note_id IN (SELECT note_id FROM file WHERE role = 'copy')",
        (source_id,),
    )
    told = store.all(
        f"SELECT DISTINCT note_id FROM claim WHERE document_id IN ({_DOCUMENTS})"
        " AND note_id IS NOT NULL",
        (source_id,),
    )
    for (note_id,) in (*shared, *told):
        change.touch(note_id)
    for sql in (
        f"file WHERE folder_id IN ({_FILES})",
        f"claim WHERE document_id IN ({_DOCUMENTS})",
        "document WHERE source_id = ?",
    ):
        store.run(f"DELETE FROM {sql}", (source_id,))
    facts = Facts(change, Identities(change))
    for (note_id,) in dict.fromkeys((*shared, *told)):
        _promote(change, note_id)
        change.refresh(note_id)
        facts.apply(note_id)
    change.forget_source(source_id)
    # What is left of it has no file any more; nobody needs to be told note by note.
    for sql in (
        "path_fact WHERE note_id IN (SELECT id FROM note WHERE source_id = ?)",
        "note WHERE source_id = ?",
        "month_total WHERE source_id = ?",
        "chat_total WHERE source_id = ?",
        "chat WHERE scope = ?",
        "folder WHERE source_id = ?",
        "source WHERE id = ?",
    ):
        store.run(f"DELETE FROM {sql}", (source_id,))


def _promote(change: Change, note_id: int) -> None:
    """Make the first of a note's copies its own file, if it has none left."""
    change.store.run(
        "UPDATE file SET role = 'primary' WHERE id = (SELECT min(id) FROM file"
        " WHERE note_id = ?1) AND NOT EXISTS (SELECT 1 FROM file"
        " WHERE note_id = ?1 AND role = 'primary')",
        (note_id,),
    )
