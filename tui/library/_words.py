"""The index of words: what stands in the texts of notes, kept up with what changes.

Triggers put every note whose texts changed into `word_due`, whoever wrote. Here they
are taken out again and indexed: some at the end of the very transaction that changed
them, so that an edit is found at once, and the rest by the indexer, in transactions
that are short enough for others to write between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._connection import listed
from tui.library._rows import from_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._connection import Row, Store

__all__ = ["AT_ONCE", "BETWEEN", "due", "index_due", "index_notes", "words_version"]

AT_ONCE = 200
"""Notes that are indexed in the transaction that changed them."""
BETWEEN = 250
"""Notes that are indexed in a transaction of their own: others wait no longer for the
lock than they would for a batch of files."""

_BREAK = " \u2029 "
"""Parts the texts in one column: no query has such a token, so that no phrase is found
across it."""
# Which transcript and text it is is the choice of `_rows.NOTE_COLUMNS`: what is found
# is what is shown.
_TEXTS = (
    "SELECT note.id, (SELECT transcript FROM claim WHERE note_id = note.id"
    " AND transcript <> '' LIMIT 1), (SELECT text FROM claim WHERE note_id = note.id"
    " AND text <> '' LIMIT 1), iif(coalesce(mark.title, '') <> '', mark.title,"
    " note.title), mark.comment, recording.hash FROM note"
    " LEFT JOIN recording ON recording.id = note.recording_id"
    " LEFT JOIN mark ON mark.hash = recording.hash WHERE note.id IN ({})"
)
_BOOKMARKS = (
    "SELECT hash, text FROM bookmark WHERE hash IN ({}) AND text <> ''"
    " ORDER BY hash, at_ms"
)
_PUT = (
    "INSERT OR REPLACE INTO words(rowid, transcript, text, title, comment, bookmarks)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


def words_version(store: Store) -> bytes:
    """A value that changes when the index does, and with nothing else.

    It is the record of FTS5 that lists the parts of the index: each commit that writes
    to the index adds one.
    """
    row = store.one("SELECT block FROM words_data WHERE id = 10")
    return row[0] if row else b""


def due(store: Store, limit: int) -> list[int]:
    """Notes that have to be indexed, at most so many."""
    rows = store.all("SELECT note_id FROM word_due LIMIT ?", (limit,))
    return [row[0] for row in rows]


def index_due(store: Store, changed: Iterable[int]) -> int:
    """Index some of what is due, in the open transaction.

    Args:
        store: A connection with an open transaction.
        changed: Notes that this transaction changed: when more is due than is indexed
            at once, these alone are; somebody waits for what is typed here.

    Returns:
        How many were indexed.
    """
    ids = due(store, AT_ONCE + 1)
    if len(ids) > AT_ONCE:
        ids = _first_due(store, list(changed))
    index_notes(store, ids)
    return len(ids)


def _first_due(store: Store, changed: Sequence[int]) -> list[int]:
    found: list[int] = []
    for start in range(0, len(changed), 256):
        marks, values = listed(changed[start : start + 256])
        rows = store.all(
            f"SELECT note_id FROM word_due WHERE note_id IN ({marks})", values
        )
        found += [row[0] for row in rows]
        if len(found) >= AT_ONCE:
            return found[:AT_ONCE]
    return found


def index_notes(store: Store, ids: Sequence[int]) -> None:
    """Write the words of notes anew, in the open transaction; gone notes lose theirs.

    Args:
        store: A connection with an open transaction.
        ids: The notes.
    """
    if not ids:
        return
    marks, values = listed(ids)
    rows = store.all(_TEXTS.format(marks), values)
    bookmarks = _bookmarks(store, rows)
    put = [row for row in (_words_of(each, bookmarks) for each in rows) if row]
    kept = {row[0] for row in put}
    emptied = [(note_id,) for note_id in ids if note_id not in kept]
    store.run_many("DELETE FROM words WHERE rowid = ?", emptied)
    store.run_many(_PUT, put)
    store.run_many(
        "DELETE FROM word_due WHERE note_id = ?", [(note_id,) for note_id in ids]
    )


def _bookmarks(store: Store, rows: Sequence[Row]) -> dict[bytes, list[str]]:
    marks, values = listed([row[5] for row in rows if row[5] is not None])
    found: dict[bytes, list[str]] = {}
    if values:
        for content, text in store.all(_BOOKMARKS.format(marks), values):
            found.setdefault(content, []).append(from_text(text))
    return found


def _words_of(row: Row, bookmarks: dict[bytes, list[str]]) -> Row | None:
    """The columns of the index for a row of `_TEXTS`; None without a word."""
    from tui.words import tokens  # nothing that the first screen needs

    texts = [" ".join(tokens(from_text(text or ""))) for text in row[1:5]]
    marks = [" ".join(tokens(text)) for text in bookmarks.get(row[5], ())]
    columns = (*texts, _BREAK.join(filter(None, marks)))
    return (row[0], *columns) if any(columns) else None
