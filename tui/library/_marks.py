"""The user's marks as rows: how they are written, shared by edits and their undo.

Each value knows when it was set, and that time only goes forward, also when the clock
of the machine does not: of two libraries that are joined, the later word counts. An
undo is a word like any other, so it is the later one as well. What is taken away leaves
a row in `removed`, or an older backup would bring it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._connection import listed
from tui.library._rows import from_text, to_text
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.library._change import Change
    from tui.library._connection import Row, Store

__all__ = [
    "among",
    "drop_unused",
    "find_tag",
    "having_tag",
    "move_tag",
    "put_bookmark",
    "put_tag",
    "set_field",
    "set_played",
    "take_bookmark",
    "take_tag",
    "touch",
]

_AT_ONCE = 512
"""Recordings that are asked for together."""
# Notes that have their recording from another note show its marks as well.
_NOTES = (
    "WITH found(id) AS (SELECT note.id FROM recording JOIN note"
    " ON note.recording_id = recording.id WHERE recording.hash IN ({}))"
    " SELECT id FROM found UNION SELECT note.id FROM found"
    " JOIN note ON note.shares = found.id"
)
_FIELD = (
    "INSERT INTO mark(hash, updated_ms, {0}, {0}_ms) VALUES (?1, 0, ?2, ?3)"
    " ON CONFLICT(hash) DO UPDATE SET {0} = ?2, {0}_ms = max(?3, {0}_ms + 1)"
)
_PLAYED = (
    "INSERT INTO mark(hash, played, position_ms, updated_ms) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT(hash) DO UPDATE SET played = ?2, position_ms = ?3,"
    " updated_ms = max(?4, updated_ms + 1)"
)
_SHOW_PLAYED = (
    "UPDATE note SET played = ?2, position_ms = ?3, owed_ms = 0 WHERE recording_id ="
    " (SELECT id FROM recording WHERE hash = ?1)"
)
_AFTER_REMOVAL = (
    "max(?, coalesce((SELECT set_ms + 1 FROM removed WHERE hash = ? AND what = ?), 0))"
)
_PUT_BOOKMARK = (
    "INSERT INTO bookmark(hash, at_ms, text, set_ms)"
    f" VALUES (?, ?, ?, {_AFTER_REMOVAL}) ON CONFLICT(hash, at_ms) DO UPDATE"
    " SET text = excluded.text, set_ms = max(excluded.set_ms, bookmark.set_ms + 1)"
)
_REMOVE = (
    "INSERT OR REPLACE INTO removed(hash, what, set_ms)"
    " SELECT hash, ?, max(?, set_ms + 1) FROM {} WHERE hash = ? AND {} = ?"
)


def among(
    store: Store, sql: str, hashes: Sequence[bytes], *params: object
) -> Iterator[Row]:
    """Ask something of some recordings.

    Args:
        store: A connection.
        sql: The question, with `{}` in the place of the marks of the hashes.
        hashes: The recordings.
        params: Values for what stands behind them.
    """
    for start in range(0, len(hashes), _AT_ONCE):
        marks, values = listed(hashes[start : start + _AT_ONCE])
        yield from store.all(sql.format(marks), (*values, *params))


def touch(change: Change, hashes: Sequence[bytes]) -> None:
    """Have all notes of some recordings told as changed."""
    # In the order in which they lie in the file.
    notes = sorted({row[0] for row in among(change.store, _NOTES, hashes)})
    change.touch_all(notes)


def set_field(
    store: Store, field: str, values: Iterable[tuple[bytes, object]], now_ms: int
) -> None:
    """Write stars, titles or comments.

    Args:
        store: A connection with an open transaction.
        field: `star`, `title` or `comment`.
        values: Recordings, and what is stored for each.
        now_ms: The wall clock.
    """
    rows = ((content, value, now_ms) for content, value in values)
    store.run_many(_FIELD.format(field), rows)


def set_played(
    store: Store, values: Sequence[tuple[bytes, int, int]], now_ms: int
) -> None:
    """Write what was heard, and show it on all notes.

    Args:
        store: A connection with an open transaction, in which the notes were touched.
        values: Recordings, with played state and position.
        now_ms: The wall clock.
    """
    store.run_many(_PLAYED, ((*value, now_ms) for value in values))
    store.run_many(_SHOW_PLAYED, values)


def put_bookmark(
    store: Store, content: bytes, at_ms: int, text: str, now_ms: int
) -> None:
    """Write a bookmark, or another text of one that is there."""
    what = f"bookmark:{at_ms}"
    params = (content, at_ms, to_text(text), now_ms, content, what)
    store.run(_PUT_BOOKMARK, params)
    store.run("DELETE FROM removed WHERE hash = ? AND what = ?", (content, what))


def take_bookmark(store: Store, content: bytes, at_ms: int, now_ms: int) -> None:
    """Take a bookmark away."""
    what = f"bookmark:{at_ms}"
    store.run(_REMOVE.format("bookmark", "at_ms"), (what, now_ms, content, at_ms))
    store.run("DELETE FROM bookmark WHERE hash = ? AND at_ms = ?", (content, at_ms))


# -- tags


def find_tag(store: Store, name: str) -> tuple[int, str] | None:
    """Find a tag; gives its row, and how it is spelled."""
    row = store.one("SELECT id, name FROM tag WHERE folded = ?", (_key(name),))
    return None if row is None else (row[0], from_text(row[1]))


def having_tag(store: Store, tag_id: int, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of some recordings have a tag."""
    sql = "SELECT hash FROM tagged WHERE hash IN ({}) AND tag_id = ?"
    return {row[0] for row in among(store, sql, hashes, tag_id)}


def put_tag(store: Store, name: str, hashes: Sequence[bytes], now_ms: int) -> None:
    """Give recordings a tag, which is made if need be."""
    folded = _key(name)
    store.run(
        "INSERT INTO tag(name, folded) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (to_text(name), folded),
    )
    (tag_id,) = store.all("SELECT id FROM tag WHERE folded = ?", (folded,))[0]
    what = _what(name)
    store.run_many(
        f"INSERT OR IGNORE INTO tagged(hash, tag_id, set_ms)"
        f" VALUES (?, ?, {_AFTER_REMOVAL})",
        ((content, tag_id, now_ms, content, what) for content in hashes),
    )
    store.run_many(
        "DELETE FROM removed WHERE hash = ? AND what = ?",
        ((content, what) for content in hashes),
    )


def take_tag(store: Store, name: str, hashes: Sequence[bytes], now_ms: int) -> None:
    """Take a tag from recordings; the tag itself stays, see `drop_unused`."""
    found = find_tag(store, name)
    if found is None:
        return
    tag_id, what = found[0], _what(name)
    store.run_many(
        _REMOVE.format("tagged", "tag_id"),
        ((what, now_ms, content, tag_id) for content in hashes),
    )
    store.run_many(
        "DELETE FROM tagged WHERE hash = ? AND tag_id = ?",
        ((content, tag_id) for content in hashes),
    )


def move_tag(store: Store, name: str, new: str, now_ms: int) -> None:
    """Call a tag otherwise; where another is called so, they are one then."""
    found = find_tag(store, name)
    if found is None:
        return
    tag_id = found[0]
    if _key(name) == _key(new):
        store.run("UPDATE tag SET name = ? WHERE id = ?", (to_text(new), tag_id))
        return
    if find_tag(store, new) is not None:
        rows = store.all("SELECT hash FROM tagged WHERE tag_id = ?", (tag_id,))
        hashes = [row[0] for row in rows]
        put_tag(store, new, hashes, now_ms)
        take_tag(store, name, hashes, now_ms)
        drop_unused(store, [name])
        return
    # All in a few statements: a tag may hang on every note.
    store.run(
        "INSERT OR REPLACE INTO removed(hash, what, set_ms)"
        " SELECT hash, ?, max(?, set_ms + 1) FROM tagged WHERE tag_id = ?",
        (_what(name), now_ms, tag_id),
    )
    store.run(
        "UPDATE tagged SET set_ms = max(?, set_ms + 1, coalesce((SELECT set_ms + 1"
        " FROM removed WHERE hash = tagged.hash AND what = ?), 0)) WHERE tag_id = ?",
        (now_ms, _what(new), tag_id),
    )
    store.run(
        "DELETE FROM removed WHERE what = ? AND hash IN"
        " (SELECT hash FROM tagged WHERE tag_id = ?)",
        (_what(new), tag_id),
    )
    store.run(
        "UPDATE tag SET name = ?, folded = ? WHERE id = ?",
        (to_text(new), _key(new), tag_id),
    )


def drop_unused(store: Store, names: Iterable[str]) -> None:
    """Forget those of some tags that nothing has any more."""
    store.run_many(
        "DELETE FROM tag WHERE folded = ?"
        " AND NOT EXISTS (SELECT 1 FROM tagged WHERE tag_id = tag.id)",
        ((_key(name),) for name in names),
    )


def _key(name: str) -> str | bytes:
    return to_text(fold(name))


def _what(name: str) -> str | bytes:
    return to_text(f"tag:{fold(name)}")
