"""WhatsApp's Android database: `msgstore.db`, from a phone or out of a backup.

It tells of every note in which chat it is, from whom, and the exact time, and names the
file below WhatsApp's folder. The address book is in `wa.db`, if that lies beside it.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

from tui.archives import split
from tui.documents._api import Recognition, Remark
from tui.documents._document import Document
from tui.documents._msgstore_people import People, read_contacts
from tui.documents._msgstore_rows import read_claims
from tui.documents._msgstore_schema import Generation, Schema
from tui.documents._snapshot import SQLITE_HEAD, opened_copy
from tui.errors import DocumentError, PartialError
from tui.model import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._api import Options, Told
    from tui.documents._msgstore_people import Contacts

__all__ = ["WhatsAppDatabase", "contacts_beside", "read_connection"]

_NAME = re.compile(rb".+\.(?:db|sqlite3?)", re.IGNORECASE | re.DOTALL)
_CONTACTS = b"wa.db"
_LOG = b"-wal"
_CUT = "the database is cut off"
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What asking a database may raise: the second where an error of SQLite quotes what a
broken file has for the name of a table."""


class WhatsAppDatabase:
    """Reads `msgstore.db` and other files with the same tables."""

    kind = DocumentKind.WHATSAPP_DATABASE

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be such a database, by its name."""
        del folder
        return _NAME.fullmatch(name) is not None and name.lower() != _CONTACTS

    def recognise(self, document: Document) -> Recognition | None:
        """Look for the tables of messages.

        A file that has the name of the database, but is cut off, is one: when it is
        read, the user is told.
        """
        if document.head(len(SQLITE_HEAD)) != SQLITE_HEAD:
            return None
        is_named = b"msgstore" in document.name.lower()
        try:
            generation = _generation_of(document)
        except (*_ERRORS, DocumentError):
            return Recognition(60, ("its name",)) if is_named else None
        if generation is None:
            return None
        reasons = (f"tables {generation.value}",)
        return Recognition(100 if is_named else 80, reasons)

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Read all messages with sound; see `DocumentFormat.read`."""
        is_whole = _is_whole(document)
        contacts, remark = contacts_beside(document)
        if remark is not None:
            yield remark
        yield None
        try:
            with opened_copy(document) as connection:
                yield from read_connection(document, connection, options, contacts)
        except _ERRORS as error:
            raise _error_of(document, error) from error
        except DocumentError as error:
            if is_whole or isinstance(error, PartialError):
                raise
            raise PartialError(document.path, _CUT) from error
        if not is_whole:
            raise PartialError(document.path, _CUT)


def read_connection(
    document: Document,
    connection: sqlite3.Connection,
    options: Options,
    contacts: Contacts,
) -> Iterator[Told | None]:
    """Read all messages with sound of a database that is open.

    Args:
        document: What it was made of, for errors.
        connection: The database; never written.
        options: What the user decided.
        contacts: Names by address, see `contacts_beside`.

    Yields:
        The address book, claims, remarks, and None now and then.

    Raises:
        PartialError: It is cut off or damaged; what was told before stays.
        DocumentError: It is no database of messages, or can't be read.
    """
    del options  # nothing here is a matter of opinion
    try:
        schema = Schema(connection)
        if schema.generation is None:
            raise DocumentError(document.path, "it has no messages of WhatsApp")
        people = People(schema, contacts)
        yield from people.address_book()
        yield from read_claims(schema, people)
    except _ERRORS as error:
        raise _error_of(document, error) from error


def contacts_beside(document: Document) -> tuple[Contacts, Remark | None]:
    """Read the names in `wa.db` in the folder of a document.

    Args:
        document: A database or a backup of one.

    Returns:
        Names by address, and what the user should know about them: None when all is
        well, or there is no such file.
    """
    place = document.path[: len(document.path) - len(document.name)]
    beside = Document(place + _CONTACTS, size=0)
    try:
        with opened_copy(beside) as connection:
            contacts = read_contacts(Schema(connection))
    except FileNotFoundError:
        return {}, None
    except (*_ERRORS, OSError, DocumentError) as error:
        reason = error.reason if isinstance(error, DocumentError) else str(error)
        return {}, Remark("contacts", f"no names from wa.db: {reason}")
    if not contacts:
        return {}, Remark("contacts", "wa.db has no names, as in every backup")
    return contacts, None


def _error_of(document: Document, error: Exception) -> DocumentError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code & 0xFF in _BROKEN:
        return PartialError(document.path, "the database is cut off or damaged")
    return DocumentError(document.path, f"SQLite says: {error}")


def _is_whole(document: Document) -> bool:
    """Tell whether the last page is whole; SQLite would take the rest for zeros."""
    head = document.head(18)
    page = int.from_bytes(head[16:18], "big")
    return document.size % (65_536 if page == 1 else page or 1) == 0


def _generation_of(document: Document) -> Generation | None:
    """Look at the tables: of a plain file as it lies there, of others in a copy.

    A log that is not yet part of the file can hold the tables, too.
    """
    is_plain = split(document.path) is None
    if is_plain:
        where = f"file:{quote(document.path)}?mode=ro&immutable=1"
        with closing(sqlite3.connect(where, uri=True)) as connection:
            found = _tables_of(connection)
        if found is not None or document.name + _LOG not in document.folder.names():
            return found
    with opened_copy(document) as connection:
        return _tables_of(connection)


def _tables_of(connection: sqlite3.Connection) -> Generation | None:
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    schema = Schema(connection)
    if {"message", "chat", "jid"} <= schema.tables:
        return Generation.MODERN
    is_old = schema.has("messages", "key_remote_jid")
    return Generation.LEGACY if is_old else None
