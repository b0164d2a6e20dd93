"""Version 3 of the tables: the user's own words, tags, bookmarks, and what is found.

Everything of the user hangs on the hash of a recording, like `mark` does. Each value
knows when it was set, and what was taken away is remembered in `removed`: two libraries
that were used apart can be joined, and the later word counts.

`words` is the index of all text about a note that is long: transcript, caption, titles,
comment and bookmarks, as `tui.words.tokens` splits them. Chats, senders and tags are
few: a search looks at their names themselves, so that renaming one costs nothing. What
has to be indexed anew stands in `word_due`. Triggers put it there, so that nothing that
writes can forget it; `_words.py` takes it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["third_tables"]

_MARKS = (
    "ALTER TABLE mark ADD COLUMN star INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE mark ADD COLUMN star_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE mark ADD COLUMN title ANY NOT NULL DEFAULT ''",
    "ALTER TABLE mark ADD COLUMN title_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE mark ADD COLUMN comment ANY NOT NULL DEFAULT ''",
    "ALTER TABLE mark ADD COLUMN comment_ms INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX mark_star ON mark(star) WHERE star = 1",
    """
    CREATE TABLE tag(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name ANY NOT NULL, -- as it was first written; `/` leads to one below
        folded ANY NOT NULL UNIQUE -- what it is known by
    ) STRICT
    """,
    """
    CREATE TABLE tagged(
        hash BLOB NOT NULL,
        tag_id INTEGER NOT NULL REFERENCES tag,
        set_ms INTEGER NOT NULL,
        PRIMARY KEY (hash, tag_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX tagged_tag ON tagged(tag_id)",
    """
    CREATE TABLE bookmark(
        hash BLOB NOT NULL,
        at_ms INTEGER NOT NULL,
        text ANY NOT NULL,
        set_ms INTEGER NOT NULL,
        PRIMARY KEY (hash, at_ms)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE removed( -- so that an older backup does not bring it back
        hash BLOB NOT NULL,
        what ANY NOT NULL, -- `tag:` and its folded name, `bookmark:` and its at_ms
        set_ms INTEGER NOT NULL,
        PRIMARY KEY (hash, what)
    ) STRICT, WITHOUT ROWID
    """,
)

_SEARCHES = (
    """
    CREATE TABLE saved_search(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name ANY NOT NULL UNIQUE,
        query ANY NOT NULL,
        set_ms INTEGER NOT NULL,
        -- as they were last counted: for the first picture
        notes INTEGER NOT NULL DEFAULT 0,
        unplayed INTEGER NOT NULL DEFAULT 0,
        duration_ms INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    """
    CREATE TABLE search_history(
        query ANY PRIMARY KEY,
        at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
)

# `ascii` takes everything beyond ASCII for a part of a token: what is stored is split
# already, by rules that SQLite does not have.
_WORDS = (
    """
    CREATE VIRTUAL TABLE words USING fts5(
        transcript, text, title, comment, bookmarks, tokenize = 'ascii', prefix = '1 2'
    )
    """,
    "CREATE TABLE word_due(note_id INTEGER PRIMARY KEY) STRICT",
    """
    INSERT INTO word_due SELECT id FROM note WHERE title <> '' UNION SELECT note_id
        FROM claim WHERE note_id IS NOT NULL AND (transcript <> '' OR text <> '')
    """,
)

_DUE = "INSERT INTO word_due(note_id) VALUES ({}) ON CONFLICT DO NOTHING;"
_DUE_HASH = (
    "INSERT INTO word_due(note_id) SELECT note.id FROM recording"
    " JOIN note ON note.recording_id = recording.id WHERE recording.hash = {}"
    " ON CONFLICT DO NOTHING;"
)
_HAS_WORDS = (
    "EXISTS (SELECT 1 FROM recording JOIN mark ON mark.hash = recording.hash"
    " WHERE recording.id IN (OLD.recording_id, NEW.recording_id)"
    " AND (mark.title <> '' OR mark.comment <> ''))"
    " OR EXISTS (SELECT 1 FROM recording JOIN bookmark"
    " ON bookmark.hash = recording.hash"
    " WHERE recording.id IN (OLD.recording_id, NEW.recording_id))"
)


def _trigger(name: str, event: str, condition: str, action: str) -> str:
    return (
        f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW"
        f" WHEN {condition} BEGIN {action} END"
    )


_TRIGGERS = (
    _trigger("note_born", "INSERT ON note", "NEW.title <> ''", _DUE.format("NEW.id")),
    _trigger(
        "note_titled",
        "UPDATE OF title ON note",
        "OLD.title <> NEW.title",
        _DUE.format("NEW.id"),
    ),
    _trigger(
        "note_recorded",
        "UPDATE OF recording_id ON note",
        f"OLD.recording_id IS NOT NEW.recording_id AND ({_HAS_WORDS})",
        _DUE.format("NEW.id"),
    ),
    _trigger("note_gone", "DELETE ON note", "TRUE", _DUE.format("OLD.id")),
    _trigger(
        "claim_born",
        "INSERT ON claim",
        "NEW.note_id IS NOT NULL AND (NEW.transcript <> '' OR NEW.text <> '')",
        _DUE.format("NEW.note_id"),
    ),
    _trigger(
        "claim_bound",
        "UPDATE OF note_id, transcript, text ON claim",
        "NEW.note_id IS NOT NULL AND (OLD.note_id IS NOT NEW.note_id"
        " AND (NEW.transcript <> '' OR NEW.text <> '')"
        " OR OLD.transcript <> NEW.transcript OR OLD.text <> NEW.text)",
        _DUE.format("NEW.note_id"),
    ),
    _trigger(
        "claim_parted",
        "UPDATE OF note_id ON claim",
        "OLD.note_id IS NOT NULL AND OLD.note_id IS NOT NEW.note_id"
        " AND (OLD.transcript <> '' OR OLD.text <> '')",
        _DUE.format("OLD.note_id"),
    ),
    _trigger(
        "claim_gone",
        "DELETE ON claim",
        "OLD.note_id IS NOT NULL AND (OLD.transcript <> '' OR OLD.text <> '')",
        _DUE.format("OLD.note_id"),
    ),
    _trigger(
        "mark_born",
        "INSERT ON mark",
        "NEW.title <> '' OR NEW.comment <> ''",
        _DUE_HASH.format("NEW.hash"),
    ),
    _trigger(
        "mark_worded",
        "UPDATE OF title, comment ON mark",
        "OLD.title <> NEW.title OR OLD.comment <> NEW.comment",
        _DUE_HASH.format("NEW.hash"),
    ),
    _trigger(
        "mark_gone",
        "DELETE ON mark",
        "OLD.title <> '' OR OLD.comment <> ''",
        _DUE_HASH.format("OLD.hash"),
    ),
    _trigger(
        "bookmark_born",
        "INSERT ON bookmark",
        "NEW.text <> ''",
        _DUE_HASH.format("NEW.hash"),
    ),
    _trigger(
        "bookmark_worded",
        "UPDATE OF text ON bookmark",
        "OLD.text <> NEW.text",
        _DUE_HASH.format("NEW.hash"),
    ),
    _trigger(
        "bookmark_gone",
        "DELETE ON bookmark",
        "OLD.text <> ''",
        _DUE_HASH.format("OLD.hash"),
    ),
)


def third_tables(connection: sqlite3.Connection) -> None:
    """Version 3: tags and the user's words, saved searches, the index of words."""
    for statement in (*_MARKS, *_SEARCHES, *_WORDS, *_TRIGGERS):
        connection.execute(statement)
