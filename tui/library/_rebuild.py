"""Puts a library in the place of a damaged one, with as much in it as can be read.

The damaged file is copied, and only the copy is opened. When all tables but the index
of words can be read whole, they are written to a new file: nothing is lost. Else the
newest good backup is taken, or a new library is begun, and what the user said since
then is read from the copy, see `_salvage.py`. The damaged file is kept.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from tui.errors import EarmarkError
from tui.library import _sound
from tui.library._connection import Access, connect, suspect_path
from tui.library._repair import TABLES, good_backup, set_aside, sync
from tui.library._schema import MIGRATIONS, migrate

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["replace_damaged", "replace_lost"]

_log = logging.getLogger(__name__)

_FIRST = ("source", "recording", "folder", "sender", "chat", "document", "tag")
"""Tables that others refer to."""
_NOT_COPIED = frozenset({"meta", "shown_chat", "word_due"})
_FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file may answer; the latter for a message with a name from it."""
_WAL = b"\x02\x02"
_NO_WAL = b"\x01\x01"


def replace_damaged(path: Path, now: float) -> str:
    """Put a good library in the place of a damaged one.

    Args:
        path: The library.
        now: Seconds since 1970.

    Returns:
        What the user should know.
    """
    part, copy = (
        path.with_name(f"{path.name}.part"),
        path.with_name(f"{path.name}.copy"),
    )
    try:
        _remove(part, copy)
        backup: Path | None = None
        touched = 0
        is_copied = _copy_damaged(path, copy)
        is_whole = is_copied and _copy_all(copy, part)
        if not is_whole:
            backup = _begin(path, part)
            if is_copied:
                touched = _salvage(copy, part, is_new=backup is None)
        sync(part)
        kept = set_aside(path, now)
        part.replace(path)
        suspect_path(path).unlink(missing_ok=True)
    finally:
        _remove(part, copy)
    start = f"The library file was damaged and is kept as {kept.name}."
    if is_whole:
        return f"{start} All that was in it could be read, and was written anew."
    if touched:
        recordings = "1 recording" if touched == 1 else f"{touched:,} recordings"
        rest = f" What you said of {recordings} was read from the damaged file."
    else:
        rest = ""
    if backup is None:
        return f"{start} There is no good backup of it, so a new one was begun.{rest}"
    return f"{start} It was restored from {backup.name}.{rest}"


def replace_lost(path: Path) -> str:
    """Put a backup in the place of a library that is not there any more.

    Args:
        path: The library, not there or empty.

    Returns:
        What the user should know.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        _remove(part)
        backup = _begin(path, part)
        sync(part)
        _remove(path)  # and the log of the one that is gone
        part.replace(path)
    finally:
        _remove(part)
    if backup is None:
        return "The library file was gone, and no backup of it is good: it begins anew."
    return f"The library file was gone. It was restored from {backup.name}."


def _remove(*paths: Path) -> None:
    """Remove databases that nobody needs, with what SQLite leaves beside them."""
    for path in paths:
        for ending in ("", "-wal", "-shm", "-journal", ".suspect"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


def _begin(path: Path, part: Path) -> Path | None:
    """Make a good file of the newest good backup, else an empty library."""
    _remove(part)
    backup = good_backup(path)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if backup is not None:
        shutil.copyfile(backup, part)
    with closing(connect(part, Access.WRITE)) as connection:
        migrate(connection)
    return backup


def _copy_damaged(path: Path, copy: Path) -> bool:
    """Copy a damaged file with its log; tells whether it can be asked anything."""
    try:
        for ending in ("", "-wal"):
            source = path.with_name(path.name + ending)
            target = copy.with_name(copy.name + ending)
            if source.exists():
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600))
                shutil.copyfile(source, target)
        return _is_open(copy) or (_mend_header(copy) and _is_open(copy))
    except (*_FAULTS, OSError) as error:
        _log.warning("nothing can be read from the damaged library: %s", error)
        return False


def _is_open(copy: Path) -> bool:
    """Whether SQLite takes a file for a database and finds its tables."""
    try:
        with closing(_asking(copy)) as connection:
            return connection.execute("SELECT count(*) FROM sqlite_master") is not None
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return False


def _mend_header(copy: Path) -> bool:
    """Write the header of a good file over that of a copy; tells whether it could be.

    The first hundred bytes say little that is not the same in all our files.
    """
    pattern = copy.with_name(f"{copy.name}.part")
    try:
        with closing(sqlite3.connect(pattern)) as connection:
            migrate(connection)
        header = bytearray(pattern.read_bytes()[:100])
    finally:
        _remove(pattern)
    page_size = int.from_bytes(header[16:18], "big")
    pages = copy.stat().st_size // page_size
    if not pages:
        return False
    has_log = copy.with_name(copy.name + "-wal").exists()
    header[18:20] = _WAL if has_log else _NO_WAL
    header[28:32] = pages.to_bytes(4, "big")
    header[32:40] = bytes(8)  # no page is free, as far as we know
    header[92:96] = header[24:28]
    with copy.open("r+b") as file:
        file.write(header)
    return True


def _asking(copy: Path) -> sqlite3.Connection:
    """Open a copy so that as much as possible can be read."""
    connection = connect(copy, Access.WRITE)
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _copy_all(copy: Path, part: Path) -> bool:
    """Write all that a copy holds to a new file; tells whether that was everything."""
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        with closing(_asking(copy)) as source, closing(_asking(part)) as target:
            migrate(target)
            version = source.execute("PRAGMA user_version").fetchone()[0]
            if version != len(MIGRATIONS):
                return False
            target.execute("PRAGMA foreign_keys = OFF")
            target.execute("PRAGMA ignore_check_constraints = ON")
            target.execute("BEGIN")
            if not _copy_tables(source, target):
                return False
            _copy_counters(source, target)
            target.execute("COMMIT")
        with closing(connect(part, Access.WRITE)) as written:
            is_strange = _sound.has_strange_values(written)
        if is_strange:
            _sound.put_right(part)
        with closing(connect(part, Access.WRITE)) as written:
            return _sound.is_sound(written) and _sound.is_readable(written)
    except (*_FAULTS, EarmarkError) as error:
        _log.info("the damaged library can't be read whole: %s", error)
        return False


def _copy_tables(source: sqlite3.Connection, target: sqlite3.Connection) -> bool:
    names = sorted(name for name in TABLES if not name.startswith("words"))
    rest = [name for name in names if name not in {*_FIRST, *_NOT_COPIED}]
    for table in (*_FIRST, *rest):
        columns = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
        listed, marks = ", ".join(columns), ", ".join("?" * len(columns))
        rows = source.execute(f"SELECT {listed} FROM {table} NOT INDEXED")
        done = target.executemany(
            f"INSERT INTO {table}({listed}) VALUES ({marks})", rows
        )
        if _count(source, table) > done.rowcount:
            return False
    return target.execute("PRAGMA foreign_key_check").fetchone() is None


def _count(source: sqlite3.Connection, table: str) -> int:
    """Count the rows of a table in an index, if there is one and it can be read.

    A table that lost some of its rows does not know.
    """
    with suppress(sqlite3.DatabaseError):
        return int(source.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    return 0


def _copy_counters(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Let numbers go on where they were, and everybody read everything again."""
    target.execute("INSERT OR IGNORE INTO word_due SELECT id FROM note")
    last = target.execute(
        "SELECT coalesce(max(rev), 0), coalesce(max(id), 0), (SELECT coalesce(max(id),"
        " 0) FROM file), (SELECT coalesce(max(note_id), 0) FROM gone) FROM note"
    ).fetchone()
    known = (0, 0, 0)
    with suppress(sqlite3.DatabaseError):
        sql = "SELECT rev, next_note, next_file FROM meta"
        known = source.execute(sql).fetchone() or known
    target.execute(
        "UPDATE meta SET rev = ?1, reset_rev = ?1, sources_rev = ?1, next_note = ?2,"
        " next_file = ?3",
        (
            max(known[0], last[0]) + 1,
            max(known[1], last[1] + 1, last[3] + 1),
            max(known[2], last[2] + 1),
        ),
    )
    with suppress(sqlite3.DatabaseError):
        for name, number in source.execute("SELECT name, seq FROM sqlite_sequence"):
            target.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?",
                (number, name),
            )


def _salvage(copy: Path, part: Path, *, is_new: bool) -> int:
    """Add to a good file what the user said; tells of how many recordings."""
    from tui.library._salvage import salvage

    try:
        with closing(_asking(copy)) as source:
            return salvage(source, copy, part, sources=is_new)
    except (*_FAULTS, EarmarkError) as error:
        _log.warning("not all could be read from the damaged library: %s", error)
        return 0
