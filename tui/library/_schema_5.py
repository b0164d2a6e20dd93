"""Version 5 of the tables: collections, which are ordered sets of notes.

An item hangs on the hash of its recording, as all marks do. Where that belongs to
several notes, the item also knows which of them is meant. A collection that was taken
away stays as a row that is off, so that an older backup does not bring it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["fifth_tables"]

_FIFTH = (
    """
    CREATE TABLE collection(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name ANY NOT NULL,
        folded ANY NOT NULL UNIQUE,
        is_on INTEGER NOT NULL DEFAULT 1,
        set_ms INTEGER NOT NULL,
        -- as they were last counted: for the first picture
        notes INTEGER NOT NULL DEFAULT 0,
        unplayed INTEGER NOT NULL DEFAULT 0,
        duration_ms INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    """
    CREATE TABLE collected(
        collection_id INTEGER NOT NULL REFERENCES collection,
        hash BLOB NOT NULL,
        key BLOB NOT NULL, -- of the note
        place INTEGER NOT NULL, -- the first one the smallest
        set_ms INTEGER NOT NULL,
        PRIMARY KEY (collection_id, hash, key)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX collected_hash ON collected(hash)",
)


def fifth_tables(connection: sqlite3.Connection) -> None:
    """Version 5: collections."""
    for statement in _FIFTH:
        connection.execute(statement)
