"""Looking at a library file before it is used: new, older, newer, foreign, damaged.

The look costs a few pages, whatever the size of the file. A thorough check is made
only after a connection met damage (it leaves a file named `*.suspect`).

A damaged file is never overwritten: it is kept under another name. What takes its place
is told by `_rebuild.py`. Backups lie beside the library, named by version and time: one
for each of the last days, the newest few, and the last one of each older version.
"""

from __future__ import annotations

import os
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
    "DAYS_KEPT",
    "Condition",
    "back_up",
    "backups",
    "good_backup",
    "inspect",
    "is_broken",
    "is_younger",
    "opening_lock",
    "set_aside",
    "sync",
]

DAYS_KEPT = 7
"""Days of which the last backup is kept."""
NEWEST_KEPT = 3
"""Backups that are kept, of whatever day."""
SPARE_BYTES = 64 * 1024 * 1024
"""What a backup leaves free on the disk."""
LOCK_SECONDS = 30.0
"""How long to wait for another process that repairs or migrates the same file."""

_MAGIC = b"SQLite format 3\0"
_MARK = ".bak"

TABLES = frozenset(
    (
        *("bookmark", "chat", "chat_total", "choice", "claim", "collected"),
        *("collection", "document", "edit"),
        *("file", "folder", "former_source", "gone", "mark", "meta", "month_total"),
        *("note", "path_fact", "queue", "recording", "removed", "retell"),
        *("rule", "saved_search", "search_history", "sender", "shown_chat", "sound"),
        *(
            "source",
            "tag",
            "tagged",
            "word_due",
            "words",
            "words_config",
            "words_content",
        ),
        *("words_data", "words_docsize", "words_idx"),
    )
)
"""What a file of this version has at least."""

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
    STRANGE = auto()
    """Sound, but for something that `_sound.put_right` puts right."""
    LOST = auto()
    """Not there, or empty, while there are backups of it."""


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
        return _new_or_lost(path), 0
    if not head:
        return _new_or_lost(path), 0
    if head != _MAGIC:
        return Condition.DAMAGED, 0
    try:
        with closing(connect(path, access)) as connection:
            return _look(path, connection)
    except UnicodeDecodeError:  # of a message with a name from the damaged file
        return Condition.DAMAGED, 0
    except sqlite3.DatabaseError as error:
        if is_broken(error):
            return Condition.DAMAGED, 0
        raise


def is_broken(error: sqlite3.Error) -> bool:
    """Whether an error means that the file is not what it should be."""
    return error_code(error) in _BROKEN


def _new_or_lost(path: Path) -> Condition:
    try:
        return Condition.LOST if backups(path) else Condition.NEW
    except OSError:  # no folder yet
        return Condition.NEW


def _look(path: Path, connection: sqlite3.Connection) -> tuple[Condition, int]:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
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
    if version < len(MIGRATIONS):
        return _looked(path, connection, Condition.OLDER), version
    if not tables >= TABLES:
        return Condition.DAMAGED, version
    return _looked(path, connection, Condition.GOOD), version


def _looked(
    path: Path, connection: sqlite3.Connection, condition: Condition
) -> Condition:
    """Look thoroughly, if anybody met damage since the last time."""
    if not suspect_path(path).exists():
        return condition
    from tui.library import _sound

    if not (_sound.is_sound(connection) and _sound.is_readable(connection)):
        return Condition.DAMAGED
    if condition is Condition.GOOD and _sound.has_strange_values(connection):
        return Condition.STRANGE
    suspect_path(path).unlink(missing_ok=True)
    return condition


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


def _forgotten(path: Path, version: int, days: int) -> list[Path]:
    """Backups that are not kept any longer.

    Args:
        path: The library.
        version: Its version.
        days: How many days are kept.
    """
    found = backups(path)
    kept = set(found[:NEWEST_KEPT])
    last_of_day: dict[str, Path] = {}
    last_of_version: dict[str, Path] = {}
    for each in found:
        made, _, moment = each.name[len(path.name) + 2 : -len(_MARK)].partition("-")
        last_of_day.setdefault(moment[:8], each)
        last_of_version.setdefault(made, each)
    kept |= set(list(last_of_day.values())[:days])
    # Those from before a migration: an older Earmark could go on with them.
    kept |= {each for made, each in last_of_version.items() if made != str(version)}
    return [each for each in found if each not in kept]


def _require_room(path: Path) -> None:
    """Refuse a backup that would fill the disk."""
    free = os.statvfs(path.parent)
    size = path.stat().st_size
    if free.f_bavail * free.f_frsize < size + SPARE_BYTES:
        raise LibraryError(path, "there is no room for a backup of it on the disk")


def back_up(path: Path, version: int, now: float, days: int = DAYS_KEPT) -> Path:
    """Copy a library while it may be in use, and forget the oldest backups.

    The caller holds the `opening_lock`: nobody else makes one.

    Args:
        path: The library.
        version: Its version.
        now: Seconds since 1970.
        days: Of how many days the last backup is kept.

    Returns:
        The backup.
    """
    _forget_halves(path)
    _require_room(path)
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
        sync(part)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    for old in _forgotten(path, version, days):
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
    from tui.library._sound import is_sound

    if not is_sound(copy):
        suspect_path(path).touch()
        raise DamagedError(path, DAMAGED)


def set_aside(path: Path, now: float) -> Path:
    """Keep a damaged library, with its logs, under a new name; tells that name.

    Where the file system can, the file has both names until another takes the old one:
    whoever is killed in between leaves no gap.
    """
    target = _free_name(path, f"damaged-{_stamp(now)}")
    try:
        os.link(path, target)
    except OSError:
        path.rename(target)
    for ending in ("-wal", "-shm"):
        log = path.with_name(path.name + ending)
        if log.exists():
            log.rename(target.with_name(target.name + ending))
    return target


def good_backup(path: Path) -> Path | None:
    """Find the newest backup of a library that is good; None when there is none."""
    from tui.library import _sound

    for backup in backups(path):
        try:
            condition, _ = inspect(backup, Access.IMMUTABLE)
            if condition not in {Condition.GOOD, Condition.OLDER}:
                continue
            with closing(connect(backup, Access.IMMUTABLE)) as connection:
                if _sound.is_sound(connection) and _sound.is_readable(connection):
                    return backup
        except (sqlite3.DatabaseError, UnicodeDecodeError, OSError):
            continue
    return None


def sync(path: Path) -> None:
    """Have a file reach the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
