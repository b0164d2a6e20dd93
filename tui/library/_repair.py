"""Looking at a library file before it is used: new, older, newer, foreign, damaged.

The look costs a few pages, whatever the size of the file. A thorough check is made
only after a connection met damage (it leaves a file named `*.suspect`).

A damaged file is never overwritten: it is renamed, and the newest good backup takes its
place, or a new file. Backups lie beside the library, named by version and time.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing, contextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING

from tui.errors import DamagedError, LibraryError
from tui.library._connection import (
    DAMAGED,
    Access,
    connect,
    error_code,
    suspect_path,
)
from tui.library._schema import APPLICATION_ID, MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "BACKUPS_KEPT",
    "Condition",
    "back_up",
    "backups",
    "inspect",
    "is_younger",
    "opening_lock",
    "restore",
    "set_aside",
]

BACKUPS_KEPT = 3
LOCK_SECONDS = 30.0
"""How long to wait for another process that repairs or migrates the same file."""

_MAGIC = b"SQLite format 3\0"
_MARK = ".bak"

_BROKEN = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # e.g. a table of ours is not there
        sqlite3.SQLITE_FORMAT,
    }
)


class Condition(Enum):
    """What a library file is like."""

    NEW = auto()
    """Not there, or empty."""
    GOOD = auto()
    OLDER = auto()
    NEWER = auto()
    FOREIGN = auto()
    """A database of another program."""
    DAMAGED = auto()


def inspect(path: Path, access: Access = Access.WRITE) -> tuple[Condition, int]:
    """Look at a library file.

    Args:
        path: The file.
        access: How to open it.

    Returns:
        Its condition and its version.

    Raises:
        OSError: When it can't be read.
        sqlite3.Error: When it can't be opened for a reason outside of the file.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except FileNotFoundError:
        return Condition.NEW, 0
    if not head:
        return Condition.NEW, 0
    if head != _MAGIC:
        return Condition.DAMAGED, 0
    try:
        with closing(connect(path, access)) as connection:
            return _look(path, connection)
    except sqlite3.DatabaseError as error:
        if error_code(error) in _BROKEN:
            return Condition.DAMAGED, 0
        raise


def _look(path: Path, connection: sqlite3.Connection) -> tuple[Condition, int]:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if owner != APPLICATION_ID:
        # Killed between creating the file and the first table: still ours.
        return (Condition.FOREIGN if tables or version else Condition.NEW), 0
    if version > len(MIGRATIONS):
        return Condition.NEWER, version
    if (
        connection.execute("SELECT count(*) FROM meta WHERE rev >= 0").fetchone()[0]
        != 1
    ):
        return Condition.DAMAGED, version
    if suspect_path(path).exists():
        if not _is_sound(connection):
            return Condition.DAMAGED, version
        suspect_path(path).unlink(missing_ok=True)
    if version < len(MIGRATIONS):
        return Condition.OLDER, version
    return Condition.GOOD, version


def _is_sound(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")


@contextmanager
def opening_lock(path: Path) -> Iterator[None]:
    """Let only one process at a time create, repair or migrate a library."""
    import fcntl  # only for the rare start that changes the file

    handle = os.open(
        path.with_name(path.name + ".lock"),
        os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
        0o600,
    )
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise LibraryError(path, "is held by another Earmark") from error
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _stamp(now: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def is_younger(backup: Path, moment: float) -> bool:
    """Whether a backup was made after a moment, by its name."""
    return backup.name.rpartition("-")[2] > _stamp(moment)


def _free_name(path: Path, ending: str, suffix: str = "") -> Path:
    """A name beside the library that nothing has yet."""
    count = 0
    while True:
        more = f".{count}" if count else ""
        name = path.with_name(f"{path.name}.{ending}{more}{suffix}")
        if not name.exists():
            return name
        count += 1


def backups(path: Path) -> list[Path]:
    """The backups of a library, newest first."""
    prefix = f"{path.name}.v"
    found = [
        entry
        for entry in path.parent.iterdir()
        if entry.name.startswith(prefix) and entry.name.endswith(_MARK)
    ]

    # By the time in the name: versions and file times don't tell the order.
    def age(entry: Path) -> tuple[str, str]:
        version, _, moment = entry.name[len(prefix) : -len(_MARK)].partition("-")
        return moment, version

    return sorted(found, key=age, reverse=True)


def back_up(path: Path, version: int, now: float) -> Path:
    """Copy a library while it may be in use, and forget the oldest backups.

    The caller holds the `opening_lock`: nobody else makes one.

    Args:
        path: The library.
        version: Its version.
        now: Seconds since 1970.

    Returns:
        The backup.
    """
    _forget_halves(path)
    target = _free_name(path, f"v{version}-{_stamp(now)}", _MARK)
    part = target.with_name(target.name + ".part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(connect(path, Access.WRITE)) as source,
            closing(connect(part, Access.WRITE)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
            _check_copy(path, copy)
        _sync(part)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    for old in backups(path)[BACKUPS_KEPT:]:
        old.unlink(missing_ok=True)
    return target


def _forget_halves(path: Path) -> None:
    """Remove what is left of backups whose process was killed."""
    for entry in path.parent.iterdir():
        if entry.name.startswith(f"{path.name}.v") and entry.name.endswith(
            _MARK + ".part"
        ):
            entry.unlink(missing_ok=True)


def _check_copy(path: Path, copy: sqlite3.Connection) -> None:
    """Refuse a copy of a damaged library, which would push out a good backup."""
    if not _is_sound(copy):
        suspect_path(path).touch()
        raise DamagedError(path, DAMAGED)


def set_aside(path: Path, now: float) -> Path:
    """Rename a damaged library with its logs; tells the new name."""
    target = _free_name(path, f"damaged-{_stamp(now)}")
    path.rename(target)
    for ending in ("-wal", "-shm"):
        log = path.with_name(path.name + ending)
        if log.exists():
            log.rename(target.with_name(target.name + ending))
    suspect_path(path).unlink(missing_ok=True)
    return target


def restore(path: Path) -> Path | None:
    """Put the newest good backup in the place of a library.

    Args:
        path: Where the library was.

    Returns:
        The backup that was taken; None when there is no good one.
    """
    for backup in backups(path):
        try:
            condition, _ = inspect(backup, Access.IMMUTABLE)
            if condition not in {Condition.GOOD, Condition.OLDER}:
                continue
            with closing(connect(backup, Access.IMMUTABLE)) as connection:
                if not _is_sound(connection):
                    continue
        except (sqlite3.DatabaseError, OSError):
            continue
        part = path.with_name(path.name + ".part")
        shutil.copyfile(backup, part)
        part.chmod(0o600)
        _sync(part)
        part.replace(path)
        return backup
    return None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
