"""What the databases of Apple's systems share: Core Data's times, tables, recognition.

Columns come and go with each version of an app, so a query names only those that are
there; what is missing reads as NULL.
"""

from __future__ import annotations

import math
import re
import sqlite3
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from tui.archives import split
from tui.documents._document import moment_of_utc
from tui.documents._snapshot import SQLITE_HEAD, opened_copy
from tui.errors import DocumentError
from tui.model import Precision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._api import Moment
    from tui.documents._document import Document

__all__ = [
    "Tables",
    "apple_moment",
    "asked",
    "clean_name",
    "duration_ms",
    "has_tables",
    "number",
    "safe_path",
    "size_of",
    "text",
]

_EPOCH = 978_307_200
"""2001-01-01 UTC in seconds since 1970."""
_NANOSECONDS = 10**11
"""From here on a time can't be seconds: it would be after the year 5000."""
_HEAD = 65_536
_PAGE = 4096
"""Rows that are looked through at a time."""
_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069 \t\n\r"
"""Marks of direction and blanks that messengers put around names."""


class Tables:
    """The columns of a database's tables.

    Args:
        connection: The database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns: dict[str, frozenset[str]] = {}
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in rows.fetchall():
            if not isinstance(name, str) or not re.fullmatch(r"\w+", name):
                continue
            try:
                found = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
            except sqlite3.OperationalError:
                continue  # a table of words, made by a module that is not here
            self._columns[name.lower()] = frozenset(
                str(row[1]).lower() for row in found
            )

    def __contains__(self, table: str) -> bool:
        return table.lower() in self._columns

    def has(self, table: str, *columns: str) -> bool:
        """Tell whether a table has all of some columns."""
        there = self._columns.get(table.lower(), frozenset())
        return table in self and there.issuperset(map(str.lower, columns))

    def pick(self, table: str, columns: str, alias: str = "") -> str:
        """Make a list of columns for SELECT, with NULL for those that are missing.

        Args:
            table: The table.
            columns: Names with blanks between.
            alias: What the query calls the table, if anything.
        """
        mark = f"{alias}." if alias else ""
        return ", ".join(
            f"{mark}{column}" if self.has(table, column) else "NULL"
            for column in columns.split()
        )

    def rows(self, table: str, columns: str) -> Iterator[tuple[object, ...]]:
        """Read columns of a table; nothing when there is no such table."""
        if table not in self:
            return
        query = f"SELECT {self.pick(table, columns)} FROM {table}"  # noqa: S608  # ours
        yield from self._connection.execute(query)

    def pages(self, table: str) -> Iterator[tuple[int, int]]:
        """Cut a table into ranges of its row numbers, each of some thousand rows.

        Yields:
            Number of the last row before the range, and of the last in it.
        """
        query = (
            "SELECT max(n) FROM (SELECT rowid AS n"  # noqa: S608  # our own names
            f" FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT {_PAGE})"
        )
        low = -(1 << 62)
        while True:
            (high,) = self._connection.execute(query, (low,)).fetchone()
            if high is None:
                return
            yield low, high
            low = high


@contextmanager
def asked(document: Document) -> Iterator[tuple[sqlite3.Connection, Tables]]:
    """Open a copy of a database, so that it fails only with the errors of documents.

    Args:
        document: The database.

    Yields:
        A connection, and the tables that are in it.

    Raises:
        PartialError: It is cut off, damaged, or being written.
        DocumentError: It is no database that can be understood.
        OSError: It can't be read.
    """
    try:
        with opened_copy(document) as connection:
            yield connection, Tables(connection)
    except sqlite3.Error as error:
        raise DocumentError(
            document.path, f"the database can't be read: {error}"
        ) from error


def has_tables(document: Document, *names: str) -> bool | None:
    """Look for tables without copying the database.

    Args:
        document: The file.
        names: The tables.

    Returns:
        None when that can't be told from the first 64 KB of it.
    """
    head = document.head(_HEAD)
    if not head.startswith(SQLITE_HEAD):
        return False
    if all(re.search(rb"\b%b\b" % name.encode(), head) for name in names):
        return True
    if len(head) < _HEAD:
        # All of it was read, but tables may still stand in its log alone.
        return None if document.folder.head(document.name + b"-wal", 32) else False
    if split(document.path) is not None:
        return None
    try:
        place = f"file:{quote(document.path)}?mode=ro&immutable=1"
        connection = sqlite3.connect(place, uri=True)
        try:
            marks = ", ".join("?" * len(names))
            query = (
                "SELECT count(*) FROM sqlite_master WHERE type = 'table'"  # noqa: S608
                f" AND name IN ({marks})"
            )
            (found,) = connection.execute(query, names).fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        return None
    return bool(found == len(names))


def apple_moment(stamp: object) -> Moment | None:
    """Make the time of a message of Core Data's.

    Args:
        stamp: Seconds since 2001 in UTC, or nanoseconds (Messages since iOS 11).
    """
    if not isinstance(stamp, int | float) or not stamp or not math.isfinite(stamp):
        return None
    seconds = stamp / 1e9 if abs(stamp) >= _NANOSECONDS else stamp
    return moment_of_utc(seconds + _EPOCH, Precision.EXACT)


def duration_ms(seconds: object) -> int | None:
    """Make a length of seconds; None for none, and for what lasts over a month."""
    if not isinstance(seconds, int | float) or not 0 < seconds < 2_678_400:
        return None
    return round(seconds * 1000) or None


def size_of(value: object) -> int | None:
    """Read a size in bytes; a database's 0 is not told."""
    found = number(value)
    return found if found and found > 0 else None


def number(value: object) -> int | None:
    """Read a whole number; None for everything else."""
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    return value if isinstance(value, int) else None


def text(value: object) -> str:
    """Read text; empty for everything else."""
    return value if isinstance(value, str) else ""


def clean_name(value: object) -> str:
    """Read a name, without the marks of direction and blanks around it."""
    return text(value).strip(_MARKS)


def safe_path(path: str) -> bytes:
    """Make a path of a claim: UTF-8 in NFC.

    Returns:
        Empty for a path that is absolute, leaves its folder or is no path at all.
    """
    if not path or "\0" in path:
        return b""
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return b""
    try:
        return unicodedata.normalize("NFC", path).encode()
    except UnicodeEncodeError:
        return b""
