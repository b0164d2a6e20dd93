"""Forgetting a source: its files, its notes, and what its documents told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._facts import Facts
from tui.library._people import ChatTold, Identities

if TYPE_CHECKING:
    from tui.library._change import Change
    from tui.library._connection import Store

__all__ = ["forget_source", "know_again"]

_FILES = "SELECT id FROM folder WHERE source_id = ?"
_KEPT = (
    "WITH RECURSIVE kept(id) AS (SELECT id FROM chat WHERE scope = ?1 AND edited = 1"
    " UNION SELECT merged_into FROM chat WHERE scope <> ?1"
    " AND merged_into IS NOT NULL"
    " UNION SELECT chat.merged_into FROM kept JOIN chat ON chat.id = kept.id"
    " WHERE chat.merged_into IS NOT NULL) SELECT id FROM kept"
)
"""Chats that the user changed, and those that chats went into which stay."""
_DOCUMENTS = "SELECT id FROM document WHERE source_id = ?"
_TOLD = (
    f"SELECT note_id FROM claim WHERE document_id IN ({_DOCUMENTS.replace('?', '?1')})"
    " AND note_id IS NOT NULL UNION SELECT claim.note_id FROM claim"
    " JOIN note ON note.id = claim.note_id WHERE note.source_id = ?1"
)
"""Notes that its documents tell of, and its own that other documents tell of."""


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
    told = store.all(_TOLD, (source_id,))
    for (note_id,) in (*shared, *told):
        change.touch(note_id)
    for sql in (
        f"file WHERE folder_id IN ({_FILES})",
        f"claim WHERE document_id IN ({_DOCUMENTS})",
        "document WHERE source_id = ?",
    ):
        store.run(f"DELETE FROM {sql}", (source_id,))
    people = Identities(change)
    facts = Facts(change, people)
    for (note_id,) in dict.fromkeys((*shared, *told)):
        _promote(change, note_id)
        change.refresh(note_id)
        _leave_chat(change, people, note_id, source_id)
        facts.apply(note_id)
    change.forget_source(source_id)
    store.run(
        "INSERT OR REPLACE INTO former_source(id, root)"
        " SELECT id, root FROM source WHERE id = ?",
        (source_id,),
    )
    # What is left of it has no file any more; nobody needs to be told note by note.
    for sql in (
        "path_fact WHERE note_id IN (SELECT id FROM note WHERE source_id = ?)",
        "note WHERE source_id = ?",
        "month_total WHERE source_id = ?",
        "chat_total WHERE source_id = ?",
        f"chat WHERE scope = ?1 AND id NOT IN ({_KEPT})",
        "folder WHERE source_id = ?",
        "source WHERE id = ?",
    ):
        store.run(f"DELETE FROM {sql}", (source_id,))


def know_again(store: Store, root: bytes, source_id: int) -> None:
    """Give a source that was removed once the chats back that the user changed.

    Args:
        store: The library, in a transaction.
        root: Of the source.
        source_id: What its row is now.
    """
    row = store.one("SELECT id FROM former_source WHERE root = ?", (root,))
    if row is None:
        return
    for table in ("chat", "choice", "rule", "sound"):
        store.run(f"UPDATE {table} SET scope = ? WHERE scope = ?", (source_id, row[0]))
    store.run("DELETE FROM former_source WHERE root = ?", (root,))


def _leave_chat(
    change: Change, people: Identities, note_id: int, source_id: int
) -> None:
    """Take a note out of a folder's chat that goes with its source.

    What the path of a file in another source tells is known when that is read again.
    """
    store = change.store
    table = "path_fact" if _has_path_facts(store, note_id) else "note"
    key = "note_id" if table == "path_fact" else "id"
    row = store.one(
        f"SELECT (SELECT source_id FROM note WHERE id = ?1) FROM {table} JOIN chat"
        f" ON chat.id = chat_id WHERE {table}.{key} = ?1 AND chat.scope = ?2",
        (note_id, source_id),
    )
    if row is None or row[0] == source_id:
        return
    told = ChatTold(row[0], "|told", "unmatched", "Unmatched", 1, 0.0)
    store.run(
        f"UPDATE {table} SET chat_id = ?, chat_confidence = 0.0, chat_origin ="
        f" 'nothing names the chat' WHERE {key} = ?",
        (people.chat(told), note_id),
    )
    store.run("UPDATE file SET mtime_ns = -1 WHERE note_id = ?", (note_id,))
    store.run(
        "UPDATE folder SET mtime_ns = 0 WHERE id IN"
        " (SELECT folder_id FROM file WHERE note_id = ?) AND mtime_ns IS NOT NULL",
        (note_id,),
    )


def _has_path_facts(store: Store, note_id: int) -> bool:
    return bool(store.one("SELECT 1 FROM path_fact WHERE note_id = ?", (note_id,)))


def _promote(change: Change, note_id: int) -> None:
    """Make the first of a note's copies its own file, if it has none left."""
    change.store.run(
        "UPDATE file SET role = 'primary' WHERE id = (SELECT min(id) FROM file"
        " WHERE note_id = ?1) AND NOT EXISTS (SELECT 1 FROM file"
        " WHERE note_id = ?1 AND role = 'primary')",
        (note_id,),
    )
