"""One connection to the library file: patience, transactions, errors in words."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from tui.errors import DamagedError, LibraryError
from tui.places import keep_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "DAMAGED",
    "Access",
    "Row",
    "Store",
    "error_code",
    "failure",
    "listed",
    "suspect_path",
]

Row = tuple[Any, ...]
"""A row as SQLite gives it; `_rows.py` makes values of it."""

_Result = TypeVar("_Result")

BUSY_MS = 5_000
"""How long SQLite itself waits for a lock before it reports that it is busy."""
PATIENCE = 6
"""How often we let it wait again; writers hold the lock for milliseconds."""

_BUSY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
    }
)
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""Codes that mean that the file itself is broken."""

DAMAGED = "is damaged; start Earmark again to repair it"

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "can't be written",
    sqlite3.SQLITE_CANTOPEN: "can't be opened",
    sqlite3.SQLITE_PERM: "may not be opened",
    sqlite3.SQLITE_IOERR: "the disk failed",
    sqlite3.SQLITE_BUSY: "is held by another program",
    sqlite3.SQLITE_LOCKED: "is held by another program",
}


class Access(StrEnum):
    """What a connection may do."""

    WRITE = "rw"
    READ = "ro"
    IMMUTABLE = "immutable"
    """Reading where not even the lock files of WAL can be made."""


def error_code(error: sqlite3.Error) -> int:
    """The primary result code of SQLite, 0 if there is none."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def failure(path: Path, error: sqlite3.Error) -> LibraryError:
    """Put an error of SQLite in words."""
    if error_code(error) in DAMAGE:
        return DamagedError(path, DAMAGED)
    if error_code(error) == sqlite3.SQLITE_IOERR and _is_full(path, error):
        return LibraryError(path, _REASONS[sqlite3.SQLITE_FULL])
    return LibraryError(path, _REASONS.get(error_code(error), str(error)))


def _is_full(path: Path, error: sqlite3.Error) -> bool:
    """Tell whether what is reported as a failure of the disk is that it is full."""
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHMSIZE:
        return True  # the log's index can't grow
    try:
        return os.statvfs(path.parent).f_bavail == 0
    except OSError:
        return False


def suspect_path(path: Path) -> Path:
    """The file that asks the next start for a thorough check."""
    return path.with_name(path.name + ".suspect")


def connect(path: Path, access: Access) -> sqlite3.Connection:
    """Open a connection; raises sqlite3.Error."""
    query = "mode=ro&immutable=1" if access is Access.IMMUTABLE else f"mode={access}"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        isolation_level=None,  # transactions are begun in `Store.transaction` only
        timeout=BUSY_MS / 1000,
        cached_statements=200,
    )
    keep_apart(path)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # In WAL mode NORMAL syncs at checkpoints only: a killed process loses nothing,
        # a power cut at worst the last commits, and it can't corrupt the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA journal_size_limit = 8388608")
    except (sqlite3.Error, UnicodeDecodeError):  # the latter from a damaged schema
        connection.close()
        raise
    return connection


def listed(values: Sequence[object]) -> tuple[str, tuple[object, ...]]:
    """Make the marks and the values of an `IN (...)`.

    The last value is repeated up to a power of two. Each other number of marks would
    be another statement, kept compiled: 100 KB each for some hundred marks, which was
    10 MB at the end of a scan of 100,000 files.
    """
    if not values:
        return "", ()
    count = 1 << (len(values) - 1).bit_length()
    padded = (*values, *([values[-1]] * (count - len(values))))
    return ",".join("?" * count), padded


class Store:
    """A connection that waits for locks and reports errors as LibraryError.

    It belongs to the thread that made it.

    Args:
        path: The library file.
        access: What it may do.
    """

    def __init__(self, path: Path, access: Access) -> None:
        self.path = path
        self.access = access
        self._connection = self._patiently(lambda: connect(path, access))

    def all(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return all its rows."""
        return self._patiently(lambda: self._connection.execute(sql, params).fetchall())

    def one(self, sql: str, params: Sequence[object] = ()) -> Row | None:
        """Run a statement and return its first row."""
        rows = self.all(sql, params)
        return rows[0] if rows else None

    def run(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run a statement that changes rows; returns how many."""
        return self._patiently(lambda: self._connection.execute(sql, params).rowcount)

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row; only inside of a transaction."""
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._worded(error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the one write lock; commit at the end, roll back on any exception."""
        if self.access is not Access.WRITE:
            raise LibraryError(self.path, "can't be written")
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # A full disk makes SQLite roll back by itself.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def sync_commits(self, *, on: bool) -> None:
        """Choose whether the next commits also outlive a power cut."""
        self.run(f"PRAGMA synchronous = {'FULL' if on else 'NORMAL'}")

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        row = self.one("PRAGMA data_version")
        return int(row[0]) if row else 0

    def check(self) -> None:
        """Look at every page; raises DamagedError."""
        row = self.one("PRAGMA quick_check(1)")
        if row is None or row[0] != "ok":
            error = sqlite3.DatabaseError(row)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise self._worded(error)

    def interrupt(self) -> None:
        """End the statement that runs; another thread's call, unlike all others."""
        self._connection.interrupt()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _patiently(self, action: Callable[[], _Result]) -> _Result:
        for last in (False,) * (PATIENCE - 1) + (True,):
            try:
                return action()
            except sqlite3.Error as error:
                if last or error_code(error) not in _BUSY:
                    raise self._worded(error) from error
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def _worded(self, error: sqlite3.Error) -> Exception:
        """Choose the exception to raise: faults of ours stay what they are."""
        if isinstance(error, (sqlite3.ProgrammingError, sqlite3.IntegrityError)):
            return error
        if error_code(error) in DAMAGE:
            # Without the mark, the next start finds what its quick look finds.
            with suppress(OSError):
                suspect_path(self.path).touch()
        return failure(self.path, error)
