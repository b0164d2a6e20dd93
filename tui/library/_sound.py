"""The thorough look at a library file: pages, the index of words, and known values.

It is made only after a connection met something that can't be, since it reads all of
the file. What is merely unknown (a state or kind that no Earmark writes), or follows
from the rest, is put right in the file. Everything else is for `_rebuild.py`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from tui.library._connection import DAMAGE, Access, Store, error_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum
    from pathlib import Path

__all__ = ["has_strange_values", "is_readable", "is_sound", "put_right"]

_ALL = 1_000_000_000
_LONG_AGO = 30_000_000_000_000
"""A time that no calendar of ours writes: the years 1019 and 2920, in milliseconds."""
_NULL = "NULL value in "
_STRANGE = "the library holds an unknown value"
"""Why a file or note can't be shown; it is looked at again."""


class _Words(NamedTuple):
    """A column that holds one of some words."""

    table: str
    column: str
    words: tuple[str, ...]
    instead: str
    """What to write when it holds something else."""


def is_sound(connection: sqlite3.Connection) -> bool:
    """Look at every page of a file.

    Args:
        connection: To the file.
    """
    try:
        return all(
            message == "ok" or _is_false_alarm(connection, message)
            for (message,) in connection.execute(f"PRAGMA quick_check({_ALL})")
        )
    except sqlite3.DatabaseError as error:
        if error_code(error) in DAMAGE:
            return False
        raise


def is_readable(connection: sqlite3.Connection) -> bool:
    """Read every row of our tables, and decode every text.

    Args:
        connection: To a file that is sound.
    """
    try:
        for table in _tables(connection):
            for _ in connection.execute(f"SELECT * FROM {table} NOT INDEXED"):
                pass
    except sqlite3.OperationalError as error:
        if "decode" in str(error):
            return False  # text that is no UTF-8
        raise
    return True


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND name NOT LIKE 'words%' AND name NOT LIKE 'sqlite%'"
    )
    return [row[0] for row in rows]


def _is_false_alarm(connection: sqlite3.Connection, message: str) -> bool:
    """Whether SQLite only thinks that a value is missing.

    SQLite 3.40.0 to 3.41.0 says so of every row of a table whose key is not made of
    its first columns, as that of `choice`.
    """
    table, _, column = message.removeprefix(_NULL).partition(".")
    if not message.startswith(_NULL) or not f"{table}{column}".isidentifier():
        return False
    # `IS NULL` would be taken for granted, not looked at.
    sql = f"SELECT 1 FROM {table} NOT INDEXED WHERE typeof({column}) = 'null'"
    return connection.execute(sql).fetchone() is None


def has_strange_values(connection: sqlite3.Connection) -> bool:
    """Whether there is anything that `put_right` has to put right.

    Args:
        connection: To a file that is sound, and of this version.
    """
    if not _are_words_sound(connection):
        return True
    return any(
        connection.execute(f"SELECT 1 FROM {sql} LIMIT 1").fetchone()
        for sql, _ in _strange()
    )


def _are_words_sound(connection: sqlite3.Connection) -> bool:
    """Compare the index of words with the words in it."""
    try:
        connection.execute(
            "INSERT INTO words(words, rank) VALUES ('integrity-check', 0)"
        )
    except sqlite3.DatabaseError as error:
        if error_code(error) in DAMAGE | {sqlite3.SQLITE_ERROR}:
            return False
        raise
    return True


def put_right(path: Path) -> str:
    """Put right what is strange in a file that is sound; tells what that was."""
    told = []
    with closing(Store(path, Access.WRITE)) as store:
        if _anew(store):
            told.append("its index of words was damaged and is made anew")
        count = _known(store)
        if count:
            values = "1 value" if count == 1 else f"{count:,} values"
            told.append(f"{values} in it had no meaning; the files are read again")
    return f"The library was put right: {'; '.join(told)}." if told else ""


def _anew(store: Store) -> bool:
    """Make a damaged index of words anew; the words are put in later."""
    try:
        store.run("INSERT INTO words(words, rank) VALUES ('integrity-check', 0)")
    except Exception:  # noqa: BLE001  # whatever it is: without the index all works
        row = store.all("SELECT sql FROM sqlite_master WHERE name = 'words'")[0]
        with store.transaction():
            store.run("DROP TABLE words")
            store.run(row[0])
            store.run("DELETE FROM word_due")
            store.run("INSERT INTO word_due SELECT id FROM note")
        return True
    return False


def _known(store: Store) -> int:
    """Write known values instead of those that have no meaning; tells how many."""
    from tui.library._change import change

    count = 0
    with change(store) as current:
        notes = {
            row[0]
            for sql, _ in _strange()
            if sql.startswith("note ")
            for row in store.all(f"SELECT id FROM {sql}")
        }
        notes |= {
            row[0]
            for sql, _ in _strange()
            if sql.startswith("file ")
            for row in store.all(f"SELECT note_id FROM {sql}")
        }
        current.touch_all(notes)
        for sql, values in _strange():
            table = sql.partition(" ")[0]
            count += store.run(f"UPDATE {table} SET {values} {sql[len(table) :]}")
        for note_id in notes:
            current.refresh(note_id)
            _read_again(store, note_id)
        if count:
            current.note_source(reset=True)
    return count


def _read_again(store: Store, note_id: int) -> None:
    """Have the files of a note looked at as if they had changed."""
    store.run("UPDATE file SET mtime_ns = -1 WHERE note_id = ?", (note_id,))
    store.run(
        "UPDATE folder SET mtime_ns = 0 WHERE mtime_ns IS NOT NULL AND id IN"
        " (SELECT folder_id FROM file WHERE note_id = ?)",
        (note_id,),
    )


def _strange() -> Iterator[tuple[str, str]]:
    """Tables with what finds their strange rows, and what to write there instead."""
    for table, column, words, instead in _columns():
        known = ", ".join(f"'{word}'" for word in words)
        more = ""
        if column == "state" and table in {"note", "file"}:
            more = f", reason = '{_STRANGE}'"
        if (table, column) == ("note", "state"):
            more += ", problem = 1"
        yield (
            f"{table} WHERE {column} NOT IN ({known})",
            f"{column} = '{instead}'{more}",
        )
    for table in ("note", "mark"):
        yield f"{table} WHERE played NOT IN (0, 1, 2)", "played = 0"
    for table in ("note", "path_fact"):
        yield (
            f"{table} WHERE max(abs(sent_ms), abs(order_ms)) > {_LONG_AGO}",
            "sent_ms = 0, order_ms = 0, month = 197001, precision = 'mtime'",
        )


def _columns() -> Iterator[_Words]:
    from tui import model

    facts: tuple[tuple[str, type[StrEnum], str], ...] = (
        ("kind", model.NoteKind, "voice"),
        ("direction", model.Direction, "unknown"),
        ("precision", model.Precision, "mtime"),
    )
    for table in ("note", "path_fact", "claim"):
        for column, words, instead in facts:
            yield _Words(table, column, tuple(words), instead)
    rest: tuple[tuple[str, str, type[StrEnum], str], ...] = (
        ("note", "state", model.NoteState, "unreadable"),
        ("file", "state", model.NoteState, "unreadable"),
        ("chat", "kind", model.ChatKind, "folder"),
        ("source", "kind", model.SourceKind, "folder"),
        ("source", "state", model.SourceState, "ok"),
        ("source", "watch", model.WatchMode, "off"),
        ("document", "state", model.DocumentState, "error"),
        ("document", "kind", model.DocumentKind, "whatsapp_export"),
    )
    for table, column, words, instead in rest:
        yield _Words(table, column, tuple(words), instead)
