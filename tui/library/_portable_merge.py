"""Joins what another library says with this one: of each value the later one counts.

Recordings are written in short transactions, so that a browser that is open goes on and
sees what comes. Whoever joins the same twice changes nothing the second time, and it
makes no difference in which order libraries are joined.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.library._change import change
from tui.library._connection import listed
from tui.library._portable_values import (
    BOOKMARK,
    COLLECTED,
    TAG,
    Marked,
    is_later,
    is_same,
    load,
)
from tui.library._rows import to_text
from tui.library._undo import AT_ONCE, retell, stale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tui.library._change import Change
    from tui.library._connection import Store
    from tui.library._portable_values import Value

__all__ = ["Restored", "merge_marks", "settle"]


@dataclass(slots=True)
class Restored:
    """What became of the values of a backup."""

    recordings: int = 0
    """Recordings that the backup tells of."""
    here: int = 0
    """Those of them whose files are, or were, here."""
    taken: int = 0
    """Values that were taken over."""
    older: int = 0
    """Values that are older than what is here."""
    same: int = 0
    absent: int = 0
    """Orders of dates of documents that are not here."""
    touched: int = 0
    """Recordings of which something was taken over."""

    def count(self, key: str, value: Value, old: Value | None) -> bool:
        """Count a value; tells whether it is to be taken over.

        Args:
            key: What it is of.
            value: The value of the backup.
            old: What is here; None for nothing.
        """
        if old is not None and is_same(key, value, old):
            self.same += 1
        elif is_later(key, value, old):
            self.taken += 1
            return True
        else:
            self.older += 1
        return False


@dataclass(slots=True)
class _Won:
    """Values of one chunk that are taken over, by the statement that writes them."""

    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)

    def add(self, sql: str, *params: object) -> None:
        self.rows.setdefault(sql, []).append(params)


def merge_marks(
    store: Store,
    chunks: Iterable[Sequence[Marked]],
    scope_of: Callable[[str], int],
    done: Restored,
    *,
    dry: bool = False,
) -> None:
    """Take over what a backup says of recordings.

    Args:
        store: A connection that may write, without an open transaction.
        chunks: Recordings, those of a transaction together.
        scope_of: Tells which source here is one of the backup; 0 for none.
        done: Counts.
        dry: Only count.
    """
    for chunk in chunks:
        here = [_localised(marked, scope_of) for marked in chunk]
        if dry:
            _compare(store, here, done)
            continue
        with change(store) as current:
            _merge_chunk(current, here, done)
    if not dry:
        settle(store)


def settle(store: Store) -> None:
    """Tell all notes anew that are stale, a few in each transaction."""
    count = AT_ONCE
    while count == AT_ONCE:
        if store.one("SELECT 1 FROM retell LIMIT 1") is None:
            return
        with change(store) as current:
            count = retell(current)


def _localised(marked: Marked, scope_of: Callable[[str], int]) -> Marked:
    """Let the choices of a recording name our sources."""
    values = dict(marked.values)
    for key in ("chat", "sender"):
        if key in values:
            set_ms, target, where, title = values[key]
            scope = scope_of(str(where)) if key == "chat" else 0
            values[key] = (set_ms, target, scope, title)
    return Marked(marked.content, values)


def _compare(
    store: Store, chunk: Sequence[Marked], done: Restored
) -> list[tuple[bytes, str, Value]]:
    """Find the values that are to be taken over."""
    contents = [marked.content for marked in chunk]
    known = load(store, contents)
    marks, params = listed(contents)
    row = store.one(f"SELECT count(*) FROM recording WHERE hash IN ({marks})", params)
    done.here += 0 if row is None else row[0]
    done.recordings += len(chunk)
    won = [
        (marked.content, key, value)
        for marked in chunk
        for key, value in marked.values.items()
        if done.count(key, value, known[marked.content].get(key))
    ]
    done.touched += len({content for content, _, _ in won})
    return won


def _merge_chunk(current: Change, chunk: Sequence[Marked], done: Restored) -> None:
    store = current.store
    won = _compare(store, chunk, done)
    if not won:
        return
    contents = list(dict.fromkeys(content for content, _, _ in won))
    marks, params = listed(contents)
    current.touch_all(
        row[0]
        for row in store.all(
            "WITH found(id) AS (SELECT note.id FROM recording JOIN note"
            f" ON note.recording_id = recording.id WHERE hash IN ({marks}))"
            " SELECT id FROM found UNION SELECT note.id FROM found"
            " JOIN note ON note.shares = found.id",
            params,
        )
    )
    writing = _Won()
    chosen = []
    for content, key, value in won:
        if key.startswith(TAG):
            _put_tag(store, writing, content, (key, value))
        elif key.startswith(BOOKMARK):
            _put_bookmark(writing, content, (key, value))
        elif key.startswith(COLLECTED):
            _put_collected(store, writing, content, (key, value))
        elif key in {"chat", "sender"}:
            _put_choice(writing, content, key, value)
            chosen.append(content)
        else:
            _put_mark(writing, content, key, value)
    for sql, rows in writing.rows.items():
        store.run_many(sql, rows)
    if chosen:
        stale(store, dict.fromkeys(chosen))
        retell(current)


_NEW_MARK = "INSERT INTO mark(hash, updated_ms) VALUES (?, 0) ON CONFLICT DO NOTHING"
_MARKS = {
    "star": "UPDATE mark SET star_ms = ?2, star = ?3 WHERE hash = ?1",
    "title": "UPDATE mark SET title_ms = ?2, title = ?3 WHERE hash = ?1",
    "comment": "UPDATE mark SET comment_ms = ?2, comment = ?3 WHERE hash = ?1",
    "played": (
        "UPDATE mark SET updated_ms = ?2, played = ?3, position_ms = ?4 WHERE hash = ?1"
    ),
}
_SHOW = (
    "UPDATE note SET played = ?, position_ms = ? WHERE recording_id ="
    " (SELECT id FROM recording WHERE hash = ?)"
)
_REMOVED = "INSERT OR REPLACE INTO removed(hash, what, set_ms) VALUES (?, ?, ?)"
_BACK = "DELETE FROM removed WHERE hash = ? AND what = ?"


def _put_mark(writing: _Won, content: bytes, key: str, value: Value) -> None:
    writing.add(_NEW_MARK, content)
    stored = [to_text(each) if isinstance(each, str) else each for each in value]
    writing.add(_MARKS[key], content, *stored)
    if key == "played":
        writing.add(_SHOW, value[1], value[2], content)


def _put_tag(
    store: Store, writing: _Won, content: bytes, told: tuple[str, Value]
) -> None:
    key, (set_ms, is_there, name) = told
    folded = to_text(key.removeprefix(TAG))
    if not is_there:
        writing.add(
            "DELETE FROM tagged WHERE hash = ? AND tag_id ="
            " (SELECT id FROM tag WHERE folded = ?)",
            content,
            folded,
        )
        writing.add(_REMOVED, content, to_text(key), set_ms)
        return
    store.run(
        "INSERT INTO tag(name, folded) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (to_text(str(name)), folded),
    )
    writing.add(
        "INSERT OR REPLACE INTO tagged(hash, tag_id, set_ms)"
        " SELECT ?, id, ? FROM tag WHERE folded = ?",
        content,
        set_ms,
        folded,
    )
    writing.add(_BACK, content, to_text(key))


def _put_bookmark(writing: _Won, content: bytes, told: tuple[str, Value]) -> None:
    key, (set_ms, is_there, text) = told
    at_ms = int(key.removeprefix(BOOKMARK))
    if not is_there:
        writing.add("DELETE FROM bookmark WHERE hash = ? AND at_ms = ?", content, at_ms)
        writing.add(_REMOVED, content, key, set_ms)
        return
    # An update where there is one: its trigger tells that the words changed.
    writing.add(
        "INSERT INTO bookmark(hash, at_ms, text, set_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET text = excluded.text, set_ms = excluded.set_ms",
        content,
        at_ms,
        to_text(str(text)),
        set_ms,
    )
    writing.add(_BACK, content, key)


def _put_collected(
    store: Store, writing: _Won, content: bytes, told: tuple[str, Value]
) -> None:
    key, (set_ms, is_there, place, *names) = told
    note, folded = key.removeprefix(COLLECTED).split(":", 1)
    gone = store.one(
        "SELECT set_ms FROM collection WHERE folded = ? AND is_on = 0 AND set_ms >= ?",
        (to_text(folded), set_ms),
    )
    if is_there and gone is not None:
        # It was taken away since, with all that was in it, also what is told only now.
        is_there, set_ms = 0, max(gone[0], int(set_ms) + 1)
    if not is_there:
        writing.add(
            "DELETE FROM collected WHERE hash = ? AND key = ? AND collection_id ="
            " (SELECT id FROM collection WHERE folded = ?)",
            content,
            bytes.fromhex(note),
            to_text(folded),
        )
        writing.add(_REMOVED, content, to_text(key), set_ms)
        return
    # Mostly it is there: what a backup tells of collections comes first.
    store.run(
        "INSERT INTO collection(name, folded, set_ms) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (to_text(str(names[0])), to_text(folded), set_ms),
    )
    writing.add(
        "INSERT OR REPLACE INTO collected(collection_id, hash, key, place, set_ms)"
        " SELECT id, ?, ?, ?, ? FROM collection WHERE folded = ?",
        content,
        bytes.fromhex(note),
        place,
        set_ms,
        to_text(folded),
    )
    writing.add(_BACK, content, to_text(key))


def _put_choice(writing: _Won, content: bytes, key: str, value: Value) -> None:
    set_ms, target, scope, title = value
    writing.add(
        "INSERT INTO choice(hash, field, target, scope, title, set_ms)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET target = ?3,"
        " scope = ?4, title = ?5, set_ms = ?6",
        content,
        key,
        to_text(str(target)),
        scope,
        to_text(str(title)),
        set_ms,
    )
