"""Version 2 of the tables: documents and their claims, people, what the user chose.

A note's facts come from up to three places: from its path (`path_fact` keeps them once
something better overrode them), from claims of documents, and from the user's own
choices. `_facts.py` merges them by confidence and writes the result to `note`, where
every list finds it.

Chats and senders are rows by identity. Two identities of one chat or person are joined
by `merged_into`; notes always hold the one that the others lead to, claims the one that
the document told. So a join can be undone.

A chat may have notes in several sources, so its totals are kept for each source: those
of a source that is away are left out (view `shown_chat`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["second_tables"]

_FACTS = """
    chat_id INTEGER NOT NULL REFERENCES chat,
    month INTEGER NOT NULL,
    order_ms INTEGER NOT NULL,
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
"""

_IDENTITIES = (
    """
    CREATE TABLE new_sender(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        native_id ANY NOT NULL UNIQUE,
        name ANY NOT NULL, -- what is shown
        told_name ANY NOT NULL, -- the best that a document told
        rank INTEGER NOT NULL, -- how good that is
        own_name ANY, -- what the user chose
        merged_into INTEGER,
        edited INTEGER NOT NULL DEFAULT 0, -- the user changed it once: it is kept
        pinned INTEGER NOT NULL DEFAULT 0 -- joined or parted by the user
    ) STRICT
    """,
    """
    INSERT INTO new_sender(id, native_id, name, told_name, rank)
        SELECT id, iif(name = 'me', 'me', 'name::' || name), name, name, 4 FROM sender
    """,
    "DROP TABLE sender",
    "ALTER TABLE new_sender RENAME TO sender",
    "CREATE INDEX sender_merged ON sender(merged_into) WHERE merged_into IS NOT NULL",
    """
    CREATE TABLE new_chat(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        scope INTEGER NOT NULL, -- the source whose folders it stands for; 0 for none
        kind TEXT NOT NULL,
        native_id ANY NOT NULL,
        title ANY NOT NULL, -- what is shown
        told_title ANY NOT NULL,
        rank INTEGER NOT NULL,
        own_title ANY,
        confidence REAL NOT NULL,
        partner_id INTEGER, -- the sender whose name is the title
        merged_into INTEGER,
        edited INTEGER NOT NULL DEFAULT 0, -- as for a sender
        pinned INTEGER NOT NULL DEFAULT 0,
        UNIQUE (scope, native_id)
    ) STRICT
    """,
    """
    INSERT INTO new_chat(id, scope, kind, native_id, title, told_title, rank,
        confidence)
        SELECT id, source_id, kind, native_id, title, title, 7, confidence FROM chat
    """,
    """
    CREATE TABLE chat_total(
        chat_id INTEGER NOT NULL REFERENCES chat ON DELETE CASCADE,
        source_id INTEGER NOT NULL REFERENCES source,
        notes INTEGER NOT NULL DEFAULT 0,
        unplayed INTEGER NOT NULL DEFAULT 0,
        unplayed_ms INTEGER NOT NULL DEFAULT 0,
        duration_ms INTEGER NOT NULL DEFAULT 0,
        problems INTEGER NOT NULL DEFAULT 0,
        last_ms INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (chat_id, source_id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO chat_total SELECT id, source_id, notes, unplayed, unplayed_ms,
        duration_ms, problems, last_ms FROM chat
    """,
    """
    CREATE TABLE new_month_total(
        chat_id INTEGER NOT NULL REFERENCES chat ON DELETE CASCADE,
        source_id INTEGER NOT NULL REFERENCES source,
        month INTEGER NOT NULL,
        notes INTEGER NOT NULL,
        unplayed INTEGER NOT NULL,
        unplayed_ms INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        problems INTEGER NOT NULL,
        PRIMARY KEY (chat_id, month, source_id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO new_month_total SELECT chat_id, chat.source_id, month,
        month_total.notes, month_total.unplayed, month_total.unplayed_ms,
        month_total.duration_ms, month_total.problems
        FROM month_total JOIN chat ON chat.id = month_total.chat_id
    """,
    "DROP TABLE month_total",
    "ALTER TABLE new_month_total RENAME TO month_total",
    "DROP TABLE chat",
    "ALTER TABLE new_chat RENAME TO chat",
    "CREATE INDEX chat_merged ON chat(merged_into) WHERE merged_into IS NOT NULL",
    "CREATE INDEX chat_partner ON chat(partner_id) WHERE partner_id IS NOT NULL",
    """
    CREATE VIEW shown_chat AS SELECT chat_total.chat_id AS id,
        min(chat_total.source_id) AS source_id, chat.kind AS kind, chat.title AS title,
        sum(notes) AS notes, sum(unplayed) AS unplayed,
        sum(unplayed_ms) AS unplayed_ms, sum(duration_ms) AS duration_ms,
        sum(problems) AS problems, max(last_ms) AS last_ms
        FROM chat_total JOIN chat ON chat.id = chat_total.chat_id
        WHERE chat_total.source_id NOT IN
            (SELECT id FROM source WHERE state = 'offline')
        GROUP BY chat_total.chat_id
    """,
)

_NOTES = (
    f"""
    CREATE TABLE new_note(
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        source_id INTEGER NOT NULL REFERENCES source,
        recording_id INTEGER REFERENCES recording,
        rev INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason ANY NOT NULL,
        -- Stored, because an index on a computed column never answers alone. A note
        -- that a document tells of is visible also while its file is missing.
        visible INTEGER NOT NULL CHECK (visible IN (0, 1)),
        problem INTEGER NOT NULL CHECK (problem = (state IN ('partial', 'unreadable'))),
        played INTEGER NOT NULL DEFAULT 0,
        position_ms INTEGER NOT NULL DEFAULT 0,
        owed_ms INTEGER NOT NULL DEFAULT 0, -- when marked, while there is no hash yet
        duration_ms INTEGER,
        shares INTEGER, -- the note whose files are this one's too: it was forwarded
        phone_played INTEGER, -- what the phone says; NULL when it says nothing
        {_FACTS}
    ) STRICT
    """,
    """
    INSERT INTO new_note SELECT id, key, source_id, recording_id, rev, state, reason,
        visible, problem, played, position_ms, owed_ms, duration_ms, NULL, NULL,
        chat_id, month, order_ms, kind, direction, sender_id, sent_ms, offset_min,
        precision, title, chat_origin, chat_confidence, sender_origin,
        sender_confidence, time_origin, time_confidence FROM note
    """,
    "DROP TABLE note",
    "ALTER TABLE new_note RENAME TO note",
    "CREATE INDEX note_chat ON note(chat_id, visible, order_ms, id, source_id)",
    "CREATE INDEX note_month ON note(chat_id, month, visible, order_ms, id, source_id)",
    """
    CREATE INDEX note_unplayed
        ON note(visible, order_ms, id, played, source_id, chat_id, state)
        WHERE visible = 1 AND played < 2 AND state <> 'missing'
    """,
    """
    CREATE INDEX note_problem ON note(problem, order_ms, id, source_id)
        WHERE problem = 1
    """,
    "CREATE INDEX note_rev ON note(rev)",
    """
    CREATE INDEX note_recording ON note(recording_id) WHERE recording_id IS NOT NULL
    """,
    "CREATE INDEX note_shares ON note(shares) WHERE shares IS NOT NULL",
    f"""
    CREATE TABLE path_fact(
        note_id INTEGER PRIMARY KEY,
        {_FACTS}
    ) STRICT
    """,
    "CREATE INDEX file_copy ON file(note_id) WHERE role = 'copy'",
)

_DOCUMENTS = (
    """
    CREATE TABLE document(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source_id INTEGER NOT NULL REFERENCES source,
        folder BLOB NOT NULL, -- relative to the source
        name BLOB NOT NULL,
        kind TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        score INTEGER NOT NULL,
        reasons ANY NOT NULL,
        label ANY NOT NULL,
        state TEXT NOT NULL DEFAULT 'ok',
        reason ANY NOT NULL DEFAULT '',
        remarks TEXT NOT NULL DEFAULT '[]', -- JSON: pairs of code and text
        day_order TEXT NOT NULL DEFAULT '', -- what the user chose
        is_due INTEGER NOT NULL DEFAULT 1, -- to be read (again)
        turn INTEGER NOT NULL DEFAULT 0, -- how often it was read
        read_ms INTEGER NOT NULL DEFAULT 0,
        missing INTEGER NOT NULL DEFAULT 0,
        is_loose INTEGER NOT NULL DEFAULT 0, -- to be matched again, see `_match.py`
        UNIQUE (source_id, folder, name)
    ) STRICT
    """,
    "CREATE INDEX document_loose ON document(is_loose) WHERE is_loose = 1",
    """
    CREATE TABLE claim(
        id INTEGER PRIMARY KEY,
        document_id INTEGER NOT NULL REFERENCES document,
        key ANY NOT NULL,
        turn INTEGER NOT NULL, -- the reading in which it was told last
        note_id INTEGER, -- the note that it is about
        strength REAL NOT NULL DEFAULT 0, -- how sure that is
        folder BLOB NOT NULL,
        name BLOB NOT NULL,
        beside INTEGER NOT NULL,
        size INTEGER,
        sha256 BLOB,
        chat_id INTEGER,
        chat_confidence REAL NOT NULL,
        sender_id INTEGER,
        sender_confidence REAL NOT NULL,
        direction TEXT NOT NULL,
        kind TEXT NOT NULL,
        sent_ms INTEGER,
        offset_min INTEGER,
        precision TEXT NOT NULL,
        time_confidence REAL NOT NULL,
        place INTEGER NOT NULL,
        duration_ms INTEGER,
        title ANY NOT NULL,
        text ANY NOT NULL,
        transcript ANY NOT NULL,
        waveform BLOB,
        phone_played INTEGER,
        forwarded INTEGER NOT NULL,
        UNIQUE (document_id, key)
    ) STRICT
    """,
    "CREATE INDEX claim_note ON claim(note_id) WHERE note_id IS NOT NULL",
    "CREATE INDEX claim_name ON claim(name) WHERE name <> x''",
    "CREATE INDEX claim_key ON claim(key)",
)

_CHOICES = (
    """
    CREATE TABLE choice( -- what the user said of a recording; outlives everything
        hash BLOB NOT NULL,
        field TEXT NOT NULL, -- chat or sender
        target ANY NOT NULL, -- its native id
        scope INTEGER NOT NULL, -- of the chat
        title ANY NOT NULL,
        set_ms INTEGER NOT NULL,
        rule_id INTEGER NOT NULL DEFAULT 0, -- which made it; 0 for the user's hand
        PRIMARY KEY (hash, field, rule_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX choice_rule ON choice(rule_id) WHERE rule_id > 0",
    """
    CREATE TABLE rule( -- a choice for all notes that a query finds
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        query ANY NOT NULL,
        field TEXT NOT NULL,
        target ANY NOT NULL,
        scope INTEGER NOT NULL,
        title ANY NOT NULL,
        set_ms INTEGER NOT NULL,
        is_on INTEGER NOT NULL DEFAULT 1, -- one that was removed is kept for `undo`
        seen_rev INTEGER NOT NULL DEFAULT 0, -- notes changed up to here were asked,
        seen_note INTEGER NOT NULL DEFAULT 0 -- of the next change those up to this id
    ) STRICT
    """,
    """
    CREATE TABLE edit( -- what the user changed, to be undone
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        text ANY NOT NULL,
        undo TEXT NOT NULL -- JSON, see `_undo.py`
    ) STRICT
    """,
    """
    CREATE TABLE retell( -- notes whose facts an edit made stale
        note_id INTEGER PRIMARY KEY
    ) STRICT
    """,
    """
    CREATE TABLE former_source( -- whose chats the user may have named
        id INTEGER PRIMARY KEY,
        root BLOB NOT NULL UNIQUE
    ) STRICT
    """,
)


def second_tables(connection: sqlite3.Connection) -> None:
    """Version 2: what documents tell, and who is who."""
    for statement in (*_IDENTITIES, *_NOTES, *_DOCUMENTS, *_CHOICES):
        connection.execute(statement)
