"""The documents of the sample library: a phone's database, address books, exports.

All of them are made when the demo starts; the package only carries the recordings.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sqlite3
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from tui.demo._script import GROUP, NUMBERS, OWNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = [
    "Said",
    "Sent",
    "address_book",
    "cards",
    "database",
    "export_text",
    "export_zip",
    "seconds_of",
]

_GROUP_ADDRESS = "120363000000900100@g.us"
_IN_PHONE = ("Ana", "Bob")
"""Who is in the messenger's own address book; the others only have a card."""
_VOICE, _VIEW_ONCE = 2, 82
_RECEIVED, _PLAYED, _DELIVERED, _PLAYED_BY_OTHER = 0, 9, 5, 8
_OPUS_RATE = 48_000
_PRE_SKIP = 312

_TABLES = """
CREATE TABLE jid(_id INTEGER PRIMARY KEY, user TEXT, server TEXT, raw_string TEXT);
CREATE TABLE chat(_id INTEGER PRIMARY KEY, jid_row_id INTEGER, subject TEXT);
CREATE TABLE message(_id INTEGER PRIMARY KEY, chat_row_id INTEGER, from_me INTEGER,
  key_id TEXT, sender_jid_row_id INTEGER, status INTEGER, origin INTEGER,
  timestamp INTEGER, message_type INTEGER, text_data TEXT, sort_id INTEGER);
CREATE TABLE message_media(message_row_id INTEGER PRIMARY KEY, file_path TEXT,
  file_size INTEGER, mime_type TEXT, file_hash TEXT, media_duration INTEGER,
  raw_transcription_text TEXT);
CREATE TABLE message_forwarded(message_row_id INTEGER PRIMARY KEY,
  forward_score INTEGER);
"""


class Sent(NamedTuple):
    """A voice note as the phone's database knows it."""

    chat: str
    who: str
    moment: datetime
    path: str
    """Below WhatsApp's folder; empty for one that can be heard once."""
    data: bytes
    transcript: str = ""
    is_played: bool = False
    is_forwarded: bool = False


class Said(NamedTuple):
    """A line of an exported chat."""

    who: str
    moment: datetime
    text: str = ""
    file: str = ""
    """The name of a recording."""


def seconds_of(ogg: bytes) -> int:
    """Tell the length of a clip, rounded, from its last page."""
    at = ogg.rfind(b"OggS") + 6
    samples = int.from_bytes(ogg[at : at + 8], "little") - _PRE_SKIP
    return round(samples / _OPUS_RATE)


def database(notes: Iterable[Sent]) -> bytes:
    """Make a `msgstore.db`.

    Args:
        notes: What it tells of, in the order of time.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES)
        rows = {name: row for row, name in enumerate(NUMBERS, 1)}
        for name, row in rows.items():
            values = (row, NUMBERS[name], "s.whatsapp.net", _address(name))
            connection.execute("INSERT INTO jid VALUES (?, ?, ?, ?)", values)
        user, _, server = _GROUP_ADDRESS.partition("@")
        own = len(rows) + 2
        connection.executemany(
            "INSERT INTO jid VALUES (?, ?, ?, ?)",
            (
                (own - 1, user, server, _GROUP_ADDRESS),
                (own, NUMBERS[OWNER], "status_me", f"{NUMBERS[OWNER]}@status_me"),
            ),
        )
        chats = {**rows, GROUP: own - 1}
        connection.executemany(
            "INSERT INTO chat VALUES (?, ?, ?)",
            ((at, at, GROUP if name == GROUP else None) for name, at in chats.items()),
        )
        for number, note in enumerate(notes, 1):
            _insert(connection, number, note, chats)
        connection.commit()
        return connection.serialize()


def _insert(
    connection: sqlite3.Connection, number: int, note: Sent, chats: Mapping[str, int]
) -> None:
    is_mine = note.who == OWNER
    status = (_RECEIVED, _PLAYED)[note.is_played]
    if is_mine:
        status = (_DELIVERED, _PLAYED_BY_OTHER)[note.is_played]
    connection.execute(
        "INSERT INTO message VALUES (?1, ?, ?, ?, ?, ?, 1, ?, ?, NULL, ?1)",
        (
            number,
            chats[note.chat],
            int(is_mine),
            f"3A{number:014}",
            chats[note.who] if note.chat == GROUP and not is_mine else 0,
            status,
            round(note.moment.timestamp() * 1000),
            _VOICE if note.path else _VIEW_ONCE,
        ),
    )
    digest = hashlib.sha256(note.data).digest()
    connection.execute(
        "INSERT INTO message_media VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            note.path or None,
            len(note.data),
            "audio/ogg; codecs=opus",
            base64.b64encode(digest).decode() if note.path else None,
            seconds_of(note.data),
            note.transcript or None,
        ),
    )
    if note.is_forwarded:
        connection.execute("INSERT INTO message_forwarded VALUES (?, 1)", (number,))


def address_book() -> bytes:
    """Make a `wa.db`, the messenger's address book."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE TABLE wa_contacts(_id INTEGER PRIMARY KEY, jid TEXT, number TEXT,"
            " display_name TEXT, wa_name TEXT)"
        )
        connection.executemany(
            "INSERT INTO wa_contacts(jid, number, display_name) VALUES (?, ?, ?)",
            ((_address(name), f"+{NUMBERS[name]}", name) for name in _IN_PHONE),
        )
        connection.commit()
        return connection.serialize()


def cards() -> bytes:
    """Make a `contacts.vcf`."""
    return "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nTEL;TYPE=CELL:+{number}\r\n"
        "END:VCARD\r\n"
        for name, number in NUMBERS.items()
        if name != OWNER
    ).encode()


def export_text(lines: Sequence[Said]) -> bytes:
    """Write an exported chat as a British phone does.

    Args:
        lines: What was said, in the order of time.
    """
    notice = "Messages and calls are end-to-end encrypted."
    told = f"{_stamp(lines[0])} - {notice}\n"
    for line in lines:
        text = f"\u200e{line.file} (file attached)" if line.file else line.text
        told += f"{_stamp(line)} - {line.who}: {text}\n"
    return told.encode()


def _stamp(line: Said) -> str:
    return f"{line.moment:%d/%m/%Y, %H:%M}"


def export_zip(title: str, lines: Sequence[Said], files: Mapping[str, bytes]) -> bytes:
    """Pack an exported chat with its recordings.

    Args:
        title: What the text is called, without the suffix.
        lines: What was said.
        files: Recordings by name.
    """
    packed = io.BytesIO()
    moment = lines[-1].moment
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in {f"{title}.txt": export_text(lines), **files}.items():
            archive.writestr(zipfile.ZipInfo(name, moment.timetuple()[:6]), data)
    return packed.getvalue()


def _address(name: str) -> str:
    return f"{NUMBERS[name]}@s.whatsapp.net"
