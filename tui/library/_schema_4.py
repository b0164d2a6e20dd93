"""Version 4 of the tables: how notes shall sound, how loud they are, what waits.

A setting hangs on what stays when the library is made anew: the hash of a recording, or
the identity of a sender or chat as documents and folders tell it. What was taken back
stays as a row that says nothing, so that an older backup does not bring it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._wave import wave_of

if TYPE_CHECKING:
    import sqlite3

__all__ = ["fourth_tables"]

_FOURTH = (
    "ALTER TABLE recording ADD COLUMN lufs REAL",
    "ALTER TABLE recording ADD COLUMN wave BLOB",  # of a row, made of `peaks`
    "UPDATE recording SET wave = wave_of(peaks) WHERE peaks IS NOT NULL",
    """
    CREATE TABLE sound(
        kind TEXT NOT NULL, -- note, sender, chat or all
        key ANY NOT NULL, -- a hash, a native id, or nothing for all
        scope INTEGER NOT NULL DEFAULT 0, -- of a chat, as in `choice`
        speed REAL, -- NULL for what is not said; this and the rest
        boost_db REAL,
        level INTEGER,
        skip INTEGER,
        set_ms INTEGER NOT NULL,
        PRIMARY KEY (kind, key, scope)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE queue(
        place INTEGER PRIMARY KEY, -- the next one first
        key BLOB NOT NULL -- of the note
    ) STRICT
    """,
)


def fourth_tables(connection: sqlite3.Connection) -> None:
    """Version 4: settings of the sound, the loudness, and the queue."""
    connection.create_function("wave_of", 1, wave_of, deterministic=True)
    for statement in _FOURTH:
        connection.execute(statement)
