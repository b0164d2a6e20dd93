"""Makes WhatsApp's Android databases for tests, in each of its schemas.

The tables have the real names and columns, but only those that tell about notes, and
some beside them that a reader must not stumble over. There are no indexes, as in a
backup.
"""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "ANA",
    "BEN",
    "GROUP",
    "MS",
    "Row",
    "Variant",
    "write_contacts",
    "write_msgstore",
]

ANA = "491700000001@s.whatsapp.net"
BEN = "491700000002@s.whatsapp.net"
GROUP = "120363000000000001@g.us"
MS = 1_723_728_393_000
"""15 August 2024, 13:26:33 in UTC."""


class Variant(Enum):
    """How the messages are kept."""

    MODERN = "modern"
    NO_LID = "no_lid"
    """The modern schema before there were hidden numbers."""
    LEGACY = "legacy"
    TRANSITION = "transition"
    """Both schemas; the messages are still in the old one."""
    MOVED = "moved"
    """Both schemas; the messages are in the new one, the old one has a rest."""


class Row(NamedTuple):
    """A message; addresses are text, as the old schema has them."""

    chat: str = ANA
    """Empty for a chat that is gone."""
    key: object = "3A0000000000000001"
    path: object = "Media/WhatsApp Voice Notes/202433/PTT-20240815-WA0001.opus"
    ms: object = MS
    from_me: object = 0
    sender: str = ""
    type: object = 2
    origin: object = 1
    status: object = 0
    flags: object = 0
    size: object = 0
    length: object = 0
    mime: object = "audio/ogg; codecs=opus"
    name: object = None
    seconds: object = 0
    sha256: bytes | None = None
    transcript: object = None
    text: object = None
    caption: object = None
    waveform: object = None
    by_me: bool = False
    """Whether it stands in the list of what the owner played."""
    by_other_ms: int = 0
    """When somebody else played it; 0 for never."""
    forwards: int = 0
    """How often it was forwarded, where that is counted."""
    sort: int | None = None
    """Place among all messages, when it is not that of the row."""


_MODERN = """
CREATE TABLE jid (_id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL,
  server TEXT NOT NULL, agent INTEGER, device INTEGER, type INTEGER, raw_string TEXT);
CREATE TABLE chat (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid_row_id INTEGER UNIQUE,
  hidden INTEGER, subject TEXT, created_timestamp INTEGER, archived INTEGER,
  sort_timestamp INTEGER, group_type INTEGER NOT NULL DEFAULT 0);
CREATE TABLE message (_id INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_row_id INTEGER NOT NULL, from_me INTEGER, key_id TEXT, sender_jid_row_id INTEGER,
  status INTEGER, broadcast INTEGER, origination_flags INTEGER, origin INTEGER,
  timestamp INTEGER, received_timestamp INTEGER, message_type INTEGER, text_data TEXT,
  starred INTEGER, sort_id INTEGER NOT NULL DEFAULT 0);
CREATE TABLE message_media (message_row_id INTEGER PRIMARY KEY, chat_row_id INTEGER,
  file_path TEXT, file_size INTEGER, mime_type TEXT, file_length INTEGER,
  media_name TEXT, file_hash TEXT, media_duration INTEGER, media_caption TEXT,
  media_key BLOB, raw_transcription_text TEXT);
CREATE TABLE audio_data (message_row_id INTEGER PRIMARY KEY, waveform BLOB);
CREATE TABLE played_self_receipt (message_row_id INTEGER PRIMARY KEY,
  to_jid_row_id INTEGER, participant_jid_row_id INTEGER, message_id TEXT);
CREATE TABLE receipt_user (_id INTEGER PRIMARY KEY AUTOINCREMENT,
  message_row_id INTEGER NOT NULL, receipt_user_jid_row_id INTEGER,
  receipt_timestamp INTEGER, read_timestamp INTEGER, played_timestamp INTEGER);
CREATE TABLE message_forwarded (message_row_id INTEGER PRIMARY KEY,
  forward_score INTEGER);
CREATE TABLE props (_id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, value TEXT);
INSERT INTO message (_id, chat_row_id) VALUES (1, -1);
INSERT INTO jid VALUES (1, 'status', 'broadcast', 0, 0, 11, 'status@broadcast');
"""
_LIDS = """
CREATE TABLE jid_map (lid_row_id INTEGER PRIMARY KEY NOT NULL, jid_row_id INTEGER,
  sort_id INTEGER);
CREATE TABLE lid_display_name (lid_row_id INTEGER PRIMARY KEY NOT NULL,
  display_name TEXT, username TEXT);
"""
_LEGACY = """
CREATE TABLE messages (_id INTEGER PRIMARY KEY AUTOINCREMENT, key_remote_jid TEXT,
  key_from_me INTEGER, key_id TEXT, status INTEGER, data TEXT, timestamp INTEGER,
  media_url TEXT, media_mime_type TEXT, media_wa_type TEXT, media_size INTEGER,
  media_name TEXT, media_caption TEXT, media_hash TEXT, media_duration INTEGER,
  origin INTEGER, thumb_image TEXT, remote_resource TEXT, received_timestamp INTEGER,
  played_device_timestamp INTEGER, forwarded INTEGER);
CREATE TABLE chat_list (_id INTEGER PRIMARY KEY AUTOINCREMENT,
  key_remote_jid TEXT UNIQUE, subject TEXT, creation INTEGER);
INSERT INTO messages (_id, key_remote_jid, key_from_me, key_id, media_wa_type)
  VALUES (1, '-1', 0, '-1', '-1');
"""


def write_msgstore(
    path: Path,
    rows: Iterable[Row],
    *,
    variant: Variant = Variant.MODERN,
    lids: Mapping[str, str] | None = None,
    lid_names: Mapping[str, str] | None = None,
    subjects: Mapping[str, str] | None = None,
    push_name: str = "",
    own: Sequence[str] = (),
    filler: int = 0,
    log: bool = False,
) -> None:
    """Write a database.

    Args:
        path: The file, which must not be there yet.
        rows: The messages, in the order of their rows.
        variant: The schema.
        lids: The number behind each LID.
        lid_names: What the database calls those with a LID.
        subjects: Titles of groups.
        push_name: What the owner is called.
        own: Addresses of the owner, e.g. `1@lid_me`.
        filler: How many text messages stand before each of the rows.
        log: Whether all of it is left in a log beside the file, tables and all, as in
            a copy of a phone that is running.
    """
    titles = subjects or {}
    files = [path, path.with_name(path.name + "-wal")] if log else []
    with closing(sqlite3.connect(path)) as connection:
        if log:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA synchronous = off")
        book = _Book(connection, titles)
        _TABLES[variant](connection, rows, filler, book)
        _name(connection, book, lids or {}, lid_names or {}, own)
        if push_name:
            _insert(connection, "props", key="user_push_name", value=push_name)
        connection.commit()
        # Closing takes the log into the file.
        kept = {file: file.read_bytes() for file in files}
    for file, data in kept.items():
        file.write_bytes(data)


class _Book:
    """Row numbers of addresses and chats, given when they are first asked for."""

    def __init__(
        self, connection: sqlite3.Connection, subjects: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self.subjects = subjects
        self._jids = {"status@broadcast": 1}
        self._chats: dict[str, int] = {}

    def jid(self, text: str) -> int:
        """The row of an address; 0 for none."""
        if not text:
            return 0
        if text not in self._jids:
            user, _, server = text.rpartition("@")
            row = len(self._jids) + 1
            self._connection.execute(
                "INSERT INTO jid VALUES (?, ?, ?, 0, 0, 0, ?)",
                (row, user, server, text),
            )
            self._jids[text] = row
        return self._jids[text]

    def chat(self, text: str) -> int:
        """The row of a chat; for a chat that is gone a number that has none."""
        if not text:
            return 1_000_000
        if text not in self._chats:
            row = len(self._chats) + 1
            self._connection.execute(
                "INSERT INTO chat (_id, jid_row_id, subject) VALUES (?, ?, ?)",
                (row, self.jid(text), self.subjects.get(text)),
            )
            self._chats[text] = row
        return self._chats[text]


def _hash(row: Row) -> str | None:
    return None if row.sha256 is None else base64.b64encode(row.sha256).decode()


def _insert(connection: sqlite3.Connection, table: str, **values: object) -> None:
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608  # constants
        tuple(values.values()),
    )


def _fill_modern(
    connection: sqlite3.Connection, rows: Iterable[Row], filler: int, book: _Book
) -> None:
    texts = (
        "INSERT INTO message (_id, chat_row_id, from_me, key_id, sender_jid_row_id,"
        " status, timestamp, message_type, text_data, sort_id)"
        " VALUES (?, ?, 0, ?, 0, 0, ?, 0, 'What a day it was!', ?)"
    )
    number = 1
    for row in rows:
        if filler:
            chat = book.chat(ANA)
            numbers = range(number + 1, number + 1 + filler)
            values = ((n, chat, f"3EB0{n:016}", MS + n, n) for n in numbers)
            connection.executemany(texts, values)
        number += 1 + filler
        _add_modern(connection, row, number, book)


def _add_modern(
    connection: sqlite3.Connection, row: Row, number: int, book: _Book
) -> None:
    chat = book.chat(row.chat)
    _insert(
        connection,
        "message",
        _id=number,
        chat_row_id=chat,
        from_me=row.from_me,
        key_id=row.key,
        sender_jid_row_id=book.jid(row.sender),
        status=row.status,
        origination_flags=row.flags,
        origin=row.origin,
        timestamp=row.ms,
        received_timestamp=row.ms,
        message_type=row.type,
        text_data=row.text,
        sort_id=number if row.sort is None else row.sort,
    )
    _insert(
        connection,
        "message_media",
        message_row_id=number,
        chat_row_id=chat,
        file_path=row.path,
        file_size=row.size,
        mime_type=row.mime,
        file_length=row.length,
        media_name=row.name,
        file_hash=_hash(row),
        media_duration=row.seconds,
        media_caption=row.caption,
        media_key=b"\1" * 32,
        raw_transcription_text=row.transcript,
    )
    if row.waveform is not None:
        _insert(connection, "audio_data", message_row_id=number, waveform=row.waveform)
    if row.by_me:
        _insert(connection, "played_self_receipt", message_row_id=number)
    for played in (0, row.by_other_ms) if row.by_other_ms else ():
        _insert(
            connection, "receipt_user", message_row_id=number, played_timestamp=played
        )
    if row.forwards:
        _insert(
            connection,
            "message_forwarded",
            message_row_id=number,
            forward_score=row.forwards,
        )


def _fill_legacy(
    connection: sqlite3.Connection, rows: Iterable[Row], filler: int
) -> None:
    texts = (
        "INSERT INTO messages (_id, key_remote_jid, key_from_me, key_id, data,"
        " timestamp, media_wa_type) VALUES (?, ?, 0, ?, 'What a day!', ?, '0')"
    )
    number = 1
    for row in rows:
        numbers = range(number + 1, number + 1 + filler)
        values = ((n, ANA, f"3EB0{n:016}", MS + n) for n in numbers)
        connection.executemany(texts, values)
        number += 1 + filler
        _insert(
            connection,
            "messages",
            _id=number,
            key_remote_jid=row.chat,
            key_from_me=row.from_me,
            key_id=row.key,
            status=row.status,
            timestamp=row.ms,
            media_mime_type=row.mime,
            media_wa_type=str(row.type),
            media_size=row.size or row.length,
            media_name=row.name,
            media_caption=row.caption,
            media_hash=_hash(row),
            media_duration=row.seconds,
            origin=row.origin,
            thumb_image=_serialised(row.path),
            remote_resource=row.sender,
            played_device_timestamp=row.by_other_ms or None,
            forwarded=row.forwards,
        )


def _serialised(path: object) -> bytes | None:
    """What the old schema keeps of a file: Java's own format, the path within."""
    if not isinstance(path, str) or not path:
        return None
    head = (
        b"\xac\xed\x00\x05sr\x00\x0cjava.io.File\x04-\xa4\x45\x0e\x0d\xe4\xff\x03t\x00"
    )
    return head + bytes([min(255, len(path))]) + path.encode() + b"w\x02\x00/xp"


def _name(
    connection: sqlite3.Connection,
    book: _Book,
    lids: Mapping[str, str],
    names: Mapping[str, str],
    own: Sequence[str],
) -> None:
    for lid, phone in lids.items():
        rows = {"lid_row_id": book.jid(lid), "jid_row_id": book.jid(phone)}
        _insert(connection, "jid_map", **rows)
    for lid, name in names.items():
        _insert(
            connection, "lid_display_name", lid_row_id=book.jid(lid), display_name=name
        )
    for text in own:
        book.jid(text)


def _modern(
    connection: sqlite3.Connection, rows: Iterable[Row], filler: int, book: _Book
) -> None:
    connection.executescript(_MODERN + _LIDS)
    _fill_modern(connection, rows, filler, book)


def _no_lid(
    connection: sqlite3.Connection, rows: Iterable[Row], filler: int, book: _Book
) -> None:
    connection.executescript(_MODERN)
    _fill_modern(connection, rows, filler, book)


def _legacy(
    connection: sqlite3.Connection, rows: Iterable[Row], filler: int, book: _Book
) -> None:
    connection.executescript(_LEGACY)
    _fill_legacy(connection, rows, filler)
    for jid, title in book.subjects.items():
        _insert(connection, "chat_list", key_remote_jid=jid, subject=title)


def _transition(
    connection: sqlite3.Connection, rows: Iterable[Row], filler: int, book: _Book
) -> None:
    connection.executescript(_MODERN + _LEGACY)
    _fill_legacy(connection, rows, filler)
    for jid in book.subjects:
        book.chat(jid)


def _moved(
    connection: sqlite3.Connection, rows: Iterable[Row], filler: int, book: _Book
) -> None:
    connection.executescript(_MODERN + _LEGACY)
    _fill_legacy(connection, [Row(key="rest")], 0)
    _fill_modern(connection, rows, filler, book)


_TABLES = {
    Variant.MODERN: _modern,
    Variant.NO_LID: _no_lid,
    Variant.LEGACY: _legacy,
    Variant.TRANSITION: _transition,
    Variant.MOVED: _moved,
}


def write_contacts(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    """Write a `wa.db`.

    Args:
        path: The file, which must not be there yet.
        rows: Address, name in the address book, own name, nickname, number.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = off")
        connection.execute(
            "CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT,"
            " is_whatsapp_user BOOLEAN, status TEXT, number TEXT, display_name TEXT,"
            " given_name TEXT, family_name TEXT, wa_name TEXT, nickname TEXT)"
        )
        connection.executemany(
            "INSERT INTO wa_contacts (jid, display_name, wa_name, nickname, number)"
            " VALUES (?, ?, ?, ?, ?)",
            rows,
        )
        connection.commit()
