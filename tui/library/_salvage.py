"""Reads what the user said from a damaged file, as far as it can be read.

Each part is asked for by itself, the tables of marks in many small stretches, from both
ends: one bad page hides no more than itself. What is found is joined with the good file
as a backup would be.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, TypeVar

from tui.errors import EarmarkError
from tui.library import _portable_people as people
from tui.library._collected import what_of
from tui.library._connection import Access, Store
from tui.library._portable import join
from tui.library._portable_collections import own_collections
from tui.library._portable_json import MAX_MS
from tui.library._portable_read import Backup
from tui.library._portable_sounds import own_sounds
from tui.library._portable_values import (
    BOOKMARK,
    COLLECTED,
    TAG,
    Marked,
    is_later,
)
from tui.library._rows import from_text
from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tui.library._connection import Row
    from tui.library._portable_values import Value, Values

__all__ = ["salvage"]

_FAULTS = (sqlite3.Error, EarmarkError, ValueError, TypeError, IndexError, OSError)
_Some = TypeVar("_Some")

_HASH_SIZE = 32
_MARK = {
    "played": "updated_ms, played, position_ms",
    "star": "star_ms, star",
    "title": "title_ms, title",
    "comment": "comment_ms, comment",
}


def salvage(
    source: sqlite3.Connection, copy: Path, part: Path, *, sources: bool
) -> int:
    """Add what the user said in a damaged file to a good one.

    Args:
        source: A connection to a copy of the damaged file.
        copy: That copy.
        part: The good file.
        sources: Whether to take over the sources as well.

    Returns:
        Of how many recordings anything was taken over.
    """
    with closing(Store(part, Access.WRITE)) as store, Backup(part.name) as backup:
        if sources:
            _take_sources(source, store)
        with suppress(*_FAULTS), closing(Store(copy, Access.WRITE)) as asked:
            _take_people(asked, backup)
        for content, values in _Marks(source).found.items():
            if values:
                backup.put(Marked(content, values))
        return join(store, backup).touched


def _take_sources(source: sqlite3.Connection, store: Store) -> None:
    """Remember the sources, so that all they hold is found again."""
    kinds = {str(kind) for kind in SourceKind}
    with suppress(*_FAULTS):
        for row in source.execute("SELECT id, root, kind, label, score FROM source"):
            if isinstance(row[1], bytes) and row[2] in kinds:
                store.run(
                    "INSERT OR IGNORE INTO source(id, root, kind, label, score,"
                    " reasons) VALUES (?, ?, ?, ?, ?, '')",
                    row,
                )


def _take_people(asked: Store, backup: Backup) -> None:
    """Take everything that is not said of recordings, each part if it can be read."""
    backup.places += _list(lambda: people.places(asked).values())
    known = {place.path for place in backup.places} | {""}
    times = people.Times(asked)
    backup.searches += _list(lambda: people.saved_queries(asked))
    backup.rules += [rule for _, rule in _list(lambda: people.own_rules(asked, times))]
    found = [each for _, each in _list(lambda: people.identities(asked, times))]
    backup.identities += [each for each in found if each.where in known]
    orders = _list(lambda: people.day_orders(asked, times))
    backup.day_orders += [each for _, each in orders]
    backup.sounds += _list(lambda: own_sounds(asked))
    backup.collections += _list(lambda: own_collections(asked))
    for found_in in (backup.identities, backup.rules, backup.sounds):
        backup.wheres |= {each.where for each in found_in}


def _list(read: Callable[[], Iterable[_Some]]) -> list[_Some]:
    """Read what can be read of something."""
    found: list[_Some] = []
    with suppress(*_FAULTS):
        found.extend(read())
    return found


class _Marks:
    """What was said of recordings, as far as it can be read.

    Args:
        source: A connection to a copy of the damaged file.
    """

    def __init__(self, source: sqlite3.Connection) -> None:
        self.found: dict[bytes, Values] = {}
        self._source = source
        for key, columns in _MARK.items():
            for content, *told in self._rows("mark", columns):
                value = tuple(_text(each) for each in told)
                if any(value):
                    self._put(content, key, value)
        self._read_sets()
        self._read_choices()

    def _read_sets(self) -> None:
        names: dict[int, tuple[str, str]] = {}
        for row_id, name, folded in _tags(self._source):
            names[row_id] = (str(_text(name)), str(_text(folded)))
        for content, tag_id, set_ms in self._rows("tagged", "tag_id, set_ms"):
            if tag_id in names:
                name, folded = names[tag_id]
                self._put(content, TAG + folded, (set_ms, 1, name))
        for row in self._rows("bookmark", "at_ms, text, set_ms"):
            content, at_ms, text, set_ms = row
            self._put(content, f"{BOOKMARK}{at_ms}", (set_ms, 1, _text(text)))
        self._read_collected()
        for content, what, set_ms in self._rows("removed", "what, set_ms"):
            key = str(_text(what))
            if key.startswith((TAG, BOOKMARK, COLLECTED)):
                self._put(content, key, (set_ms, 0, ""))

    def _read_collected(self) -> None:
        sql = "SELECT id, name, folded FROM collection"
        rows = _list(lambda: self._source.execute(sql))
        names = {row[0]: (str(_text(row[1])), str(_text(row[2]))) for row in rows}
        columns = "collection_id, key, place, set_ms"
        for content, number, key, place, set_ms in self._rows("collected", columns):
            if number in names and isinstance(key, bytes) and key:
                name, folded = names[number]
                self._put(content, what_of(folded, key), (set_ms, 1, place, name))

    def _read_choices(self) -> None:
        paths = {0: ""}
        places = "SELECT id, root FROM source"
        for row_id, root in _list(lambda: self._source.execute(places)):
            paths[row_id] = people.path_text(root)
        columns = "field, set_ms, target, scope, title, rule_id"
        for content, field, *told, rule_id in self._rows("choice", columns):
            set_ms, target, scope, title = told
            if rule_id == 0 and scope in paths and field in {"chat", "sender"}:
                value = (set_ms, _text(target), paths[scope], _text(title))
                self._put(content, field, value)

    def _put(self, content: object, key: str, value: Value) -> None:
        if not isinstance(content, bytes) or len(content) != _HASH_SIZE:
            return
        values = self.found.setdefault(content, {})
        if _is_value(value) and is_later(key, value, values.get(key)):
            values[key] = value

    def _rows(self, table: str, columns: str) -> Iterator[Row]:
        """Read the rows of a table of hashes; some twice where there is damage."""
        sql = (
            f"SELECT hash, {columns} FROM {table} WHERE hash >= ? AND hash < ?"
            " ORDER BY hash"
        )
        for first in range(256):
            after = bytes([first + 1]) if first < 255 else b"\xff" * (_HASH_SIZE + 1)
            for order in ("", " DESC"):
                with suppress(*_FAULTS):
                    rows = self._source.execute(sql + order, (bytes([first]), after))
                    yield from rows
                    break


def _is_value(value: Value) -> bool:
    """Whether a value can be one, as far as that can be told."""
    return all(
        isinstance(each, str) or (type(each) is int and 0 <= each <= MAX_MS)
        for each in value
    )


def _text(value: object) -> int | str:
    """Read text or a number; anything else is a number that no value has."""
    if isinstance(value, str | bytes):
        with suppress(UnicodeDecodeError):
            return from_text(value)
    return value if isinstance(value, int) else -1


def _tags(source: sqlite3.Connection) -> Iterator[Row]:
    for order in ("", " DESC"):
        with suppress(*_FAULTS):
            yield from source.execute(
                f"SELECT id, name, folded FROM tag ORDER BY id{order}"
            )
            return
