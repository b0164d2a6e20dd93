"""A copy of a database that others may be writing, so that it can be asked in peace.

A synced database may be replaced while it is read, and its log (`-wal`) may come later
than the file it belongs to. So both are copied first, into a folder of our own, and the
copy counts only if nothing changed meanwhile.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tui.archives import split
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from tui.documents._document import Document

__all__ = ["SQLITE_HEAD", "opened_copy", "opened_stream"]

SQLITE_HEAD = b"SQLite format 3\0"
_LOG = b"-wal"
_ATTEMPTS = 3
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@contextmanager
def opened_copy(document: Document) -> Iterator[sqlite3.Connection]:
    """Open a copy of a database for reading; it is deleted at the end.

    Text that is no UTF-8 is read with replacement characters.

    Args:
        document: The database.

    Yields:
        A connection to the copy. Errors of SQLite inside the block that mean that the
        file is broken become DocumentError.

    Raises:
        PartialError: It kept changing while it was copied, or is cut off.
        DocumentError: It is no database, or broken.
        OSError: It can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
        copy = Path(folder) / "copy.db"
        for _ in range(_ATTEMPTS):
            before = _stamps(document)
            with document.open() as file:
                _write(file, copy)
            _copy_log(document, copy)
            if _stamps(document) == before:
                break
        else:
            raise PartialError(document.path, "it is being written just now")
        with _asked(document, copy) as connection:
            yield connection


@contextmanager
def opened_stream(document: Document, plain: BinaryIO) -> Iterator[sqlite3.Connection]:
    """Open a database that comes out of a stream, e.g. decrypted; else `opened_copy`.

    Args:
        document: What the stream was made of, for errors.
        plain: The bytes of the database.

    Yields:
        A connection to a copy that is deleted at the end.
    """
    with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
        copy = Path(folder) / "copy.db"
        _write(plain, copy)
        with _asked(document, copy) as connection:
            yield connection


def _stamps(document: Document) -> list[tuple[int, int, int] | None]:
    """Size, time and inode of the file and its log; of an archive's member, none."""
    found: list[tuple[int, int, int] | None] = []
    inside = split(document.path)
    for path in (inside[0],) if inside else (document.path, document.path + _LOG):
        try:
            status = os.stat(path)
        except OSError:
            found.append(None)
            continue
        found.append((status.st_size, status.st_mtime_ns, status.st_ino))
    return found


def _write(source: BinaryIO, target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _copy_log(document: Document, copy: Path) -> None:
    log = copy.with_name(copy.name + "-wal")
    log.unlink(missing_ok=True)
    try:
        with document.folder.open(document.name + _LOG) as file:
            _write(file, log)
    except OSError:
        return  # nearly no database has one


@contextmanager
def _asked(document: Document, copy: Path) -> Iterator[sqlite3.Connection]:
    with copy.open("rb") as file:
        head = file.read(16)
    if head != SQLITE_HEAD:
        if not head or SQLITE_HEAD.startswith(head):
            raise PartialError(document.path, "the database is cut off")
        raise DocumentError(document.path, "it is no database, or an encrypted one")
    # Written by nobody else: the log is taken in, which needs writing.
    with closing(sqlite3.connect(copy)) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            # A file that was cut off is refused as a whole, but for this: what is left
            # of it can be read.
            connection.execute("PRAGMA writable_schema = 1")
            connection.execute("PRAGMA query_only = 1")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield connection
        except UnicodeDecodeError as error:
            # Python reads SQLite's own message strictly, and that quotes the schema.
            raise PartialError(
                document.path, "the database is cut off or damaged"
            ) from error
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN:
                raise PartialError(
                    document.path, "the database is cut off or damaged"
                ) from error
            raise
