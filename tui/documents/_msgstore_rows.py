"""The messages with sound of WhatsApp's Android database, as claims.

A database can have a million messages with some thousand notes among them. Messages are
read once, in the order of their rows, and nothing is kept of them; what other tables
know of a message is looked up by row number, and lists that have no index are made one
by SQLite, in its own temporary space.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._api import Claim, Remark
from tui.documents._document import moment_of_utc
from tui.documents._msgstore_people import parse_jid
from tui.documents._msgstore_schema import Generation
from tui.documents._msgstore_values import (
    duration_of,
    hash_of,
    is_media_name,
    path_in_blob,
    path_of,
    size_of,
    text_of,
    title_of,
    waveform_of,
    whole_of,
)
from tui.model import ChatKind, Direction, NoteKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._api import ChatTold, PersonTold, Told
    from tui.documents._msgstore_people import People
    from tui.documents._msgstore_schema import Schema

__all__ = ["read_claims"]

_AUDIO, _VIDEO_NOTE, _VIEW_ONCE = 2, 81, 82
_KINDS = f"({_AUDIO}, {_VIDEO_NOTE}, {_VIEW_ONCE})"
_DELETED, _DELETED_LEGACY = "(15, 64)", "(14, 15, 64)"
_QUIET = "(0, 7)"
"""Text and notices: nearly all there is, and hardly ever with a recording."""
_PAUSE = 4096
"""So many messages are read between two signs of life."""
_VOICE_ORIGIN = 1
_PLAYED_BY_ME = frozenset({9, 10})
_PLAYED_BY_OTHER = 8
_FORWARDED = 1
_MOST_TIES = 100_000


class _Row(NamedTuple):
    """A message, whatever the schema."""

    is_note: object
    id: object
    chat: object
    """The row of the chat; in the old schema its address."""
    sender: object
    """The row of the address; in the old schema the address."""
    from_me: object
    key: object
    status: object
    flags: object
    origin: object
    ms: object
    type: object
    path: object
    size: object
    length: object
    name: object
    duration: object
    hash: object
    transcript: object
    text: object
    caption: object
    waveform: object
    blob: object
    by_me: object
    by_other: object
    is_forward: object


def read_claims(schema: Schema, people: People) -> Iterator[Told | None]:
    """Read all messages with sound.

    Args:
        schema: The database.
        people: Whose they are.

    Yields:
        Claims, None now and then, and at last what had to be left out.

    Raises:
        sqlite3.DatabaseError: The database is broken; what was told before stays.
    """
    reader = _Modern if schema.generation is Generation.MODERN else _Legacy
    yield from reader(schema, people).read()


class _Reader:
    """What both schemas have in common."""

    kind: str
    """The type of a message, as a number."""
    is_note: str
    """A condition: whether a message is told, by its own columns and its media's."""
    source: str
    """The tables."""
    columns: dict[str, str]
    """Expressions by field of `_Row`."""
    key: str
    order: str
    names_files = False
    """Whether the media's name can be that of its file."""

    def __init__(self, schema: Schema, people: People) -> None:
        self.schema = schema
        self.people = people

    def chat(self, row: _Row) -> ChatTold | None:
        """Tell the chat of a message; None when it is no chat.

        Raises:
            KeyError: The chat is no longer in the database.
        """
        raise NotImplementedError

    def sender(self, row: _Row) -> PersonTold | None:
        """Tell who sent a message to a group."""
        raise NotImplementedError

    def read(self) -> Iterator[Told | None]:
        """Read all messages with sound."""
        ties = self._ties()
        yield None
        told = orphans = 0
        last: object = None
        for values in self.schema.rows(self._query()):
            row = _Row._make(values)
            if not row.is_note:
                yield None
                continue
            if row.id == last:
                continue  # its media stands there twice
            last = row.id
            try:
                chat = self.chat(row)
            except KeyError:
                orphans += 1
                continue
            if chat is not None:
                told += 1
                yield self._claim(row, chat, ties.get(row.id, 0))
        if orphans:
            which = (
                "1 note is of a chat"
                if orphans == 1
                else f"{orphans:,} notes are of chats"
            )
            yield Remark("left_out", f"{which} no longer in the database")
        if not told:
            yield Remark("no_media", "no message in the database has sound")

    def _query(self) -> str:
        # Every so many rows one comes back that is no note, or a long stretch of text
        # would not let the caller in between.
        columns = ", ".join(self.columns.get(x, "NULL") for x in _Row._fields[1:])
        return (
            f"SELECT {self.is_note}, {columns} FROM {self.source}"  # noqa: S608  # constants
            f" WHERE {self.is_note} OR {self.key} % {_PAUSE} = 0"
            f" ORDER BY {self.key}"
        )

    def _ties(self) -> dict[object, int]:
        """Places of messages that share their time with an earlier one, by row.

        There are few: one in a hundred has such a neighbour.
        """
        when = self.columns["ms"]
        query = (
            f"SELECT id, place FROM (SELECT {self.key} AS id, dense_rank() OVER"  # noqa: S608  # constants
            f" (PARTITION BY {when} ORDER BY {self.order}) - 1 AS place FROM"
            f" {self.source} WHERE {self.kind} NOT IN {_QUIET} AND {self.is_note})"
            f" WHERE place > 0 LIMIT {_MOST_TIES}"
        )
        ties: dict[object, int] = {}
        try:
            for row, place in self.schema.rows(query):
                ties[row] = min(whole_of(place) or 0, _MOST_TIES - 1)
        except sqlite3.DatabaseError:
            # A broken page: the messages before it are worth more than their order.
            return ties
        return ties

    def _claim(self, row: _Row, chat: ChatTold, place: int) -> Claim:
        path = self._path(row)
        kind = _kind_of(row, path)
        direction = _direction_of(row)
        ms = whole_of(row.ms)
        transcript = text_of(row.transcript).strip()
        return Claim(
            key=text_of(row.key) or f"{chat.native_id}#{row.id}",
            path=b"" if kind is NoteKind.VIEW_ONCE else path,
            beside=False,
            chat=chat,
            sender=self._sender(row, chat, direction),
            direction=direction,
            kind=kind,
            moment=None if ms is None else moment_of_utc(ms / 1000),
            order=place,
            size=size_of(row.size, row.length),
            sha256=hash_of(row.hash),
            duration_ms=duration_of(row.duration),
            title=title_of(row.name) if kind is NoteKind.AUDIO else "",
            text=(text_of(row.text) or text_of(row.caption)).strip(),
            transcript=transcript,
            waveform=waveform_of(row.waveform),
            phone_played=_played(row, direction),
            forwarded=bool((whole_of(row.flags) or 0) & _FORWARDED or row.is_forward),
        )

    def _sender(
        self, row: _Row, chat: ChatTold, direction: Direction
    ) -> PersonTold | None:
        if direction is Direction.SENT:
            return self.people.me
        if direction is Direction.UNKNOWN:
            return None
        return self.sender(row) if chat.kind is ChatKind.GROUP else chat.partner

    def _path(self, row: _Row) -> bytes:
        found = path_of(row.path) or path_in_blob(row.blob)
        if not found and self.names_files and is_media_name(row.name):
            return path_of(row.name)
        return found


class _Modern(_Reader):
    """The schema with a table of addresses and one of chats."""

    def __init__(self, schema: Schema, people: People) -> None:
        super().__init__(schema, people)
        self.key = key = f"m.{_row_number(schema, 'message')}"
        self.kind = _number(schema.column("m", "message", "message_type"))
        # Without that number the rest of the table is of no use.
        has_media = schema.has("message_media", "message_row_id")
        mime = schema.column("v", "message_media", "mime_type") if has_media else "NULL"
        self.is_note = _is_sound(self.kind, mime, _DELETED)
        self.order = f"{schema.column('m', 'message', 'sort_id')}, {key}"
        self.source = "message m"
        if has_media:
            self.source += f" LEFT JOIN message_media v ON v.message_row_id = {key}"
        waveform = "NULL"
        if schema.has("audio_data", "message_row_id", "waveform"):
            self.source += f" LEFT JOIN audio_data a ON a.message_row_id = {key}"
            waveform = "a.waveform"
        own = {
            "chat": "chat_row_id",
            "sender": "sender_jid_row_id",
            "from_me": "from_me",
            "key": "key_id",
            "status": "status",
            "flags": "origination_flags",
            "origin": "origin",
            "ms": "timestamp",
            "text": "text_data",
        }
        media = {
            "path": "file_path",
            "size": "file_size",
            "length": "file_length",
            "name": "media_name",
            "duration": "media_duration",
            "hash": "file_hash",
            "transcript": "raw_transcription_text",
            "caption": "media_caption",
        }
        self.columns = {
            "id": key,
            "type": self.kind,
            "waveform": waveform,
            "by_me": schema.holds(key, "played_self_receipt"),
            "by_other": _played_by_others(schema, key),
            "is_forward": schema.holds(key, "message_forwarded"),
        }
        for field, name in own.items():
            self.columns[field] = schema.column("m", "message", name)
        for field, name in media.items() if has_media else ():
            self.columns[field] = schema.column("v", "message_media", name)
        self._chats = dict(self._rows_of_chats())
        self._told: dict[object, ChatTold | None] = {}

    def _rows_of_chats(self) -> Iterator[tuple[object, tuple[object, object]]]:
        if not self.schema.has("chat", "_id", "jid_row_id"):
            return
        subject = self.schema.column("c", "chat", "subject")
        query = f"SELECT c._id, c.jid_row_id, {subject} FROM chat c"  # noqa: S608  # constants
        for chat, jid, title in self.schema.rows(query):
            yield chat, (jid, title)

    def chat(self, row: _Row) -> ChatTold | None:
        """Tell the chat of a message; see `_Reader`."""
        if row.chat not in self._told:
            jid, subject = self._chats[row.chat]
            if not self.people.knows(jid):
                raise KeyError(jid)
            self._told[row.chat] = self.people.chat(jid, subject)
        return self._told[row.chat]

    def sender(self, row: _Row) -> PersonTold | None:
        """Tell who sent a message to a group."""
        return self.people.sender(row.sender)


class _Legacy(_Reader):
    """The schema with everything in one table."""

    names_files = True

    def __init__(self, schema: Schema, people: People) -> None:
        super().__init__(schema, people)
        self.key = key = f"m.{_row_number(schema, 'messages')}"
        self.kind = _number(schema.column("m", "messages", "media_wa_type"))
        mime = schema.column("m", "messages", "media_mime_type")
        is_sound = _is_sound(self.kind, mime, _DELETED_LEGACY)
        self.is_note = f"({is_sound} AND m.key_remote_jid <> '-1')"
        self.order = key
        self.source = "messages m"
        path = "NULL"
        if schema.has("message_media", "message_row_id", "file_path"):
            self.source += f" LEFT JOIN message_media v ON v.message_row_id = {key}"
            path = "v.file_path"
        own = {
            "chat": "key_remote_jid",
            "sender": "remote_resource",
            "from_me": "key_from_me",
            "key": "key_id",
            "status": "status",
            "origin": "origin",
            "ms": "timestamp",
            "size": "media_size",
            "name": "media_name",
            "duration": "media_duration",
            "hash": "media_hash",
            "caption": "media_caption",
            "by_other": "played_device_timestamp",
            "is_forward": "forwarded",
        }
        blob = schema.column("m", "messages", "thumb_image")
        self.columns = {
            "id": key,
            "type": self.kind,
            "path": path,
            "blob": f"CAST({blob} AS BLOB)",
            "by_me": schema.holds(key, "played_self_receipt"),
        }
        for field, name in own.items():
            self.columns[field] = schema.column("m", "messages", name)
        self._subjects = dict(self._read_subjects())
        self._told: dict[object, ChatTold | None] = {}

    def _read_subjects(self) -> Iterator[tuple[object, object]]:
        schema = self.schema
        if schema.has("chat_list", "key_remote_jid", "subject"):
            yield from self._pairs("SELECT key_remote_jid, subject FROM chat_list")
        if schema.has("chat", "jid_row_id", "subject") and schema.has(
            "jid", "_id", "raw_string"
        ):
            yield from self._pairs(
                "SELECT j.raw_string, c.subject FROM chat c"
                " JOIN jid j ON j._id = c.jid_row_id"
            )

    def _pairs(self, query: str) -> Iterator[tuple[object, object]]:
        for jid, subject in self.schema.rows(query):
            if subject:
                yield text_of(jid), subject

    def chat(self, row: _Row) -> ChatTold | None:
        """Tell the chat of a message; see `_Reader`."""
        address = text_of(row.chat)
        if address not in self._told:
            jid = parse_jid(address)
            if jid is None:
                raise KeyError(address)
            subject = self._subjects.get(address)
            self._told[address] = self.people.chat_of(jid, subject)
        return self._told[address]

    def sender(self, row: _Row) -> PersonTold | None:
        """Tell who sent a message to a group."""
        jid = parse_jid(text_of(row.sender))
        return None if jid is None else self.people.person(jid)


def _number(column: str) -> str:
    return f"coalesce(CAST({column} AS INTEGER), -1)"


def _is_sound(kind: str, mime: str, deleted: str) -> str:
    named = f"{kind} NOT IN {deleted} AND {mime} LIKE 'audio/%'"
    return f"({kind} IN {_KINDS} OR coalesce({named}, 0))"


def _row_number(schema: Schema, table: str) -> str:
    return "_id" if schema.has(table, "_id") else "rowid"


def _played_by_others(schema: Schema, key: str) -> str:
    if not schema.has("receipt_user", "played_timestamp"):
        return "0"
    return schema.holds(key, "receipt_user", "played_timestamp > 0")


def _kind_of(row: _Row, path: bytes) -> NoteKind:
    kind = whole_of(row.type)
    if kind == _VIEW_ONCE:
        return NoteKind.VIEW_ONCE
    if kind == _VIDEO_NOTE:
        return NoteKind.VIDEO_NOTE
    origin = whole_of(row.origin)
    if origin is None:
        # Before that column there is but the name.
        is_voice = path.rpartition(b"/")[2].startswith(b"PTT-")
    else:
        is_voice = origin == _VOICE_ORIGIN
    return NoteKind.VOICE if is_voice and kind == _AUDIO else NoteKind.AUDIO


def _direction_of(row: _Row) -> Direction:
    from_me = whole_of(row.from_me)
    if from_me is None:
        return Direction.UNKNOWN
    return Direction.SENT if from_me else Direction.RECEIVED


def _played(row: _Row, direction: Direction) -> bool | None:
    """Tell what the phone says about listening: ours, or the other side's."""
    status = whole_of(row.status)
    if direction is Direction.RECEIVED:
        is_played = status in _PLAYED_BY_ME or bool(row.by_me)
    elif direction is Direction.SENT:
        is_played = status == _PLAYED_BY_OTHER or (whole_of(row.by_other) or 0) > 0
    else:
        return None
    return True if is_played else None if status is None else False
