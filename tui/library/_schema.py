"""The tables of the library file, and how older files become newer ones.

Facts about files hang on `source`: removing a source removes them. The user's marks
hang on the hash of the recording (`mark`) and on nothing else, so they outlive the
files, the source and the notes.

`note` repeats what its file and its recording say (state, length, played), so that
every list is one look into an index. `month_total` and the counts of `chat` repeat
what counting the notes would give. `_change.py` keeps both true in the same
transaction, and stamps each changed note with the number of the change (`rev`).

A migration is a function that brings the file one version on, in one transaction
with the new version number (`PRAGMA user_version`). Migrations that were released
never change; new ones are added at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._schema_2 import second_tables
from tui.library._schema_3 import third_tables
from tui.library._schema_4 import fourth_tables
from tui.library._schema_5 import fifth_tables

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

__all__ = ["APPLICATION_ID", "MIGRATIONS", "migrate"]


APPLICATION_ID = 0x4561726D
"""`Earm`, in the header of the file: tells our files from other programs' databases."""

# Text columns that take text from files are of type ANY: lone surrogates go as bytes.
_FIRST = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """
    CREATE TABLE meta(
        id INTEGER PRIMARY KEY CHECK (id = 1),
        rev INTEGER NOT NULL, -- the number of the last change
        reset_rev INTEGER NOT NULL, -- the last one after which all must be read again
        sources_rev INTEGER NOT NULL, -- the last one that changed a source
        next_note INTEGER NOT NULL, -- ids are never used twice: others remember them
        next_file INTEGER NOT NULL
    ) STRICT
    """,
    "INSERT INTO meta VALUES (1, 0, 0, 0, 1, 1)",
    """
    CREATE TABLE source(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        root BLOB NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        label ANY NOT NULL,
        state TEXT NOT NULL DEFAULT 'ok',
        reason ANY NOT NULL DEFAULT '',
        watch TEXT NOT NULL DEFAULT 'off',
        watch_reason ANY NOT NULL DEFAULT '',
        score INTEGER NOT NULL,
        reasons ANY NOT NULL,
        scanned_ms INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    """
    CREATE TABLE folder(
        id INTEGER PRIMARY KEY,
        source_id INTEGER NOT NULL REFERENCES source,
        path BLOB NOT NULL,
        mtime_ns INTEGER, -- NULL for a folder that is gone
        UNIQUE (source_id, path)
    ) STRICT
    """,
    """
    CREATE TABLE chat(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source_id INTEGER NOT NULL REFERENCES source,
        kind TEXT NOT NULL,
        native_id ANY NOT NULL,
        title ANY NOT NULL,
        confidence REAL NOT NULL,
        notes INTEGER NOT NULL DEFAULT 0,
        unplayed INTEGER NOT NULL DEFAULT 0,
        unplayed_ms INTEGER NOT NULL DEFAULT 0,
        duration_ms INTEGER NOT NULL DEFAULT 0,
        problems INTEGER NOT NULL DEFAULT 0,
        last_ms INTEGER NOT NULL DEFAULT 0,
        UNIQUE (source_id, native_id)
    ) STRICT
    """,
    """
    CREATE TABLE month_total(
        chat_id INTEGER NOT NULL REFERENCES chat ON DELETE CASCADE,
        month INTEGER NOT NULL,
        notes INTEGER NOT NULL,
        unplayed INTEGER NOT NULL,
        unplayed_ms INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        problems INTEGER NOT NULL,
        PRIMARY KEY (chat_id, month)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE TABLE sender(id INTEGER PRIMARY KEY, name ANY NOT NULL UNIQUE) STRICT",
    """
    CREATE TABLE recording(
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        hash_kind TEXT NOT NULL,
        size INTEGER NOT NULL,
        duration_ms INTEGER,
        peaks BLOB
    ) STRICT
    """,
    """
    CREATE TABLE mark(
        hash BLOB PRIMARY KEY, -- of no table here: marks outlive everything
        position_ms INTEGER NOT NULL DEFAULT 0,
        played INTEGER NOT NULL DEFAULT 0,
        updated_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE note(
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        source_id INTEGER NOT NULL REFERENCES source,
        chat_id INTEGER NOT NULL REFERENCES chat,
        recording_id INTEGER REFERENCES recording,
        rev INTEGER NOT NULL,
        month INTEGER NOT NULL,
        order_ms INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason ANY NOT NULL,
        -- Stored, because an index on a computed column never answers alone.
        visible INTEGER NOT NULL CHECK (visible = (state IN ('ready', 'unreadable'))),
        problem INTEGER NOT NULL CHECK (problem = (state IN ('partial', 'unreadable'))),
        played INTEGER NOT NULL DEFAULT 0,
        position_ms INTEGER NOT NULL DEFAULT 0,
        owed_ms INTEGER NOT NULL DEFAULT 0, -- when marked, while there is no hash yet
        duration_ms INTEGER,
        kind TEXT NOT NULL,
        direction TEXT NOT NULL,
        sender_id INTEGER REFERENCES sender,
        sent_ms INTEGER NOT NULL,
        offset_min INTEGER,
        precision TEXT NOT NULL,
        title ANY NOT NULL,
        chat_origin ANY NOT NULL,
        chat_confidence REAL NOT NULL,
        sender_origin ANY NOT NULL,
        sender_confidence REAL NOT NULL,
        time_origin ANY NOT NULL,
        time_confidence REAL NOT NULL
    ) STRICT
    """,
    # Each begins or goes on with the columns of its condition: only then a query is
    # answered from the index alone.
    "CREATE INDEX note_chat ON note(chat_id, visible, order_ms)",
    "CREATE INDEX note_month ON note(chat_id, month, visible, order_ms)",
    """
    CREATE INDEX note_unplayed
        ON note(visible, order_ms, id, played, source_id, chat_id)
        WHERE visible = 1 AND played < 2
    """,
    """
    CREATE INDEX note_problem ON note(problem, order_ms, id, source_id)
        WHERE problem = 1
    """,
    "CREATE INDEX note_rev ON note(rev)",
    """
    CREATE INDEX note_recording ON note(recording_id) WHERE recording_id IS NOT NULL
    """,
    """
    CREATE TABLE gone(
        note_id INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL,
        month INTEGER NOT NULL,
        order_ms INTEGER NOT NULL,
        rev INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE file(
        id INTEGER PRIMARY KEY,
        note_id INTEGER NOT NULL REFERENCES note,
        folder_id INTEGER REFERENCES folder, -- NULL only while names are exchanged
        name BLOB NOT NULL,
        base_name BLOB NOT NULL,
        role TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        missing INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL,
        reason ANY NOT NULL,
        container TEXT NOT NULL,
        duration_ms INTEGER,
        measured INTEGER NOT NULL,
        recording_id INTEGER REFERENCES recording,
        order_ms INTEGER NOT NULL,
        todo INTEGER AS (CASE
            WHEN missing OR state <> 'ready' THEN 0
            WHEN NOT measured THEN 1
            WHEN recording_id IS NULL THEN 2
            ELSE 0 END) VIRTUAL,
        UNIQUE (folder_id, name)
    ) STRICT
    """,
    "CREATE INDEX file_note ON file(note_id)",
    "CREATE INDEX file_todo ON file(todo, order_ms) WHERE todo > 0",
    "CREATE INDEX file_missing ON file(size, mtime_ns) WHERE missing = 1",
    """
    CREATE INDEX file_base ON file(folder_id, base_name) WHERE base_name <> x''
    """,
)


def _first_tables(connection: sqlite3.Connection) -> None:
    """Version 1: everything that the browser needs."""
    for statement in _FIRST:
        connection.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first_tables,
    second_tables,
    third_tables,
    fourth_tables,
    fifth_tables,
)
"""By version: the first makes version 1 of an empty file."""


def migrate(
    connection: sqlite3.Connection,
    steps: Sequence[Callable[[sqlite3.Connection], None]] = MIGRATIONS,
) -> None:
    """Bring a file to the newest version, one transaction a step.

    Args:
        connection: A connection without an open transaction.
        steps: All migrations, from version 1 on.
    """
    # A table can only be made anew while nobody asks who refers to it.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        _migrate(connection, steps)
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _migrate(
    connection: sqlite3.Connection,
    steps: Sequence[Callable[[sqlite3.Connection], None]],
) -> None:
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Read under the lock: another process may have been faster.
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version >= len(steps):
                connection.execute("ROLLBACK")
                return
            steps[version](connection)
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
