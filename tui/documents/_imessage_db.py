"""Apple's Messages: `chat.db` of a Mac, `sms.db` of an iPhone.

`message` joined with `attachment` tells the files, `chat` and `handle` the people, by
number or mail address; names are in no table. Voice messages are marked with
`is_audio_message`; other attachments count when they are sound by type or name. The
date is in nanoseconds since 2001 (in seconds before iOS 11).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._api import ChatTold, Claim, NameRank, PersonTold, Recognition
from tui.documents._apple import (
    apple_moment,
    asked,
    clean_name,
    has_tables,
    number,
    safe_path,
    size_of,
    text,
)
from tui.documents._phones import identity_of_number
from tui.errors import DocumentError
from tui.model import ChatKind, Direction, DocumentKind, NoteKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._api import Options, Told
    from tui.documents._apple import Tables
    from tui.documents._document import Document

__all__ = ["MessagesDatabase"]

_NAMES = frozenset({b"chat.db", b"sms.db"})
_TABLES = ("message", "attachment", "message_attachment_join")
_JOIN = "message_attachment_join"

_IN_CHATS = (("d", "chat_recoverable_message_join"), ("c", "chat_message_join"))
"""Which chat a message is in; the first has those that were deleted lately, whose files
stay for a month. The last that knows it counts."""
_MOST_NAMED = 4
"""So many members stand in the title of a group that has none."""

_SOUND = re.compile(
    r".*\.(?:caf|amr|awb|m4a|aac|mp3|wav|opus|ogg|oga|qta|flac|aiff?)",
    re.IGNORECASE | re.DOTALL,
)
_SOUND_TYPES = frozenset(
    {
        *("com.apple.coreaudio-format", "com.apple.m4a-audio", "public.audio"),
        *("public.mp3", "public.mpeg-4-audio", "public.aac-audio", "public.aiff-audio"),
        *("com.microsoft.waveform-audio", "org.3gpp.adaptive-multi-rate-audio"),
    }
)
_VOICE = re.compile(
    r"Audio Message(?: \d+)?\.(?:caf|amr|m4a)", re.IGNORECASE | re.ASCII
)
_PLACE = re.compile(
    r"(?:.*/)?(?P<place>Library/(?:SMS|Messages)/(?P<rest>Attachments/.+))",
    re.DOTALL,
)
_ATTACHED = "\ufffc"
"""Stands in the text for each attachment."""
_GROUP = 43
"""`chat.style`: 43 is a group, 45 two people."""

_ME = PersonTold("me:imessage", is_me=True)


class MessagesDatabase:
    """The database of Messages."""

    kind = DocumentKind.IMESSAGE

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be such a database, by its name alone.

        Args:
            folder: The path of its folder.
            name: Its name.
        """
        del folder
        return name.lower() in _NAMES

    def recognise(self, document: Document) -> Recognition | None:
        """Look for the tables of Messages.

        Args:
            document: The file.

        Returns:
            None when it is no such database.
        """
        found = has_tables(document, *_TABLES)
        if found:
            return Recognition(100, ("tables of Apple's Messages",), "Messages")
        if found is None and document.name.lower() == b"sms.db":
            return Recognition(80, ("the name of its database",), "Messages")
        if found is None:
            # `chat.db` is a name that others use as well.
            return Recognition(60, ("a database named as that of Messages",))
        return None

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Read everything.

        Args:
            document: The database.
            options: The region, for numbers in national form.

        Yields:
            One claim for each attachment with sound.

        Raises:
            PartialError: It is cut off, damaged, or being written.
            DocumentError: It is no such database.
            OSError: It can't be read.
        """
        has_folder = document.folder.is_folder(b"Attachments")
        with asked(document) as (connection, tables):
            if not all(table in tables for table in _TABLES):
                raise DocumentError(document.path, "no tables of Apple's Messages")
            chats = _Chats(tables, options.region)
            query = _query(tables)
            for low, high in tables.pages("message"):
                last, count = _NO_ROW, 0
                for values in connection.execute(query, (low, high)):
                    row = _Row(*values)
                    if row[:2] == last[:2] or not _has_sound(row):
                        continue  # it stands in several chats where these were merged
                    count = count + 1 if row.message == last.message else 0
                    last = row
                    yield _claim(row, count, chats, has_folder=has_folder)
                yield None


class _Row(NamedTuple):
    """A message and one of its attachments, as the query gives them."""

    message: object
    attachment: object
    chat: object
    guid: object
    text: object
    handle: object
    from_me: object
    date: object
    is_voice: object
    is_played: object
    file: object
    mime: object
    type: object
    name: object
    size: object


_NO_ROW = _Row(*[None] * 15)


def _query(tables: Tables) -> str:
    message = tables.pick(
        "message",
        "guid text handle_id is_from_me date is_audio_message is_played",
        "m",
    )
    file = tables.pick(
        "attachment", "filename mime_type uti transfer_name total_bytes", "a"
    )
    voice = tables.pick("message", "is_audio_message", "m")
    chat, join = "NULL", ""
    for alias, table in _IN_CHATS:
        if tables.has(table, "chat_id", "message_id"):
            chat = f"ifnull({alias}.chat_id, {chat})"
            join = f" LEFT JOIN {table} {alias} ON {alias}.message_id = m.rowid{join}"
    # Nothing but names of columns is put in. A voice message whose file was let go has
    # no attachment any more.
    return (
        f"SELECT m.rowid, a.rowid, {chat}, {message}, {file}"  # noqa: S608
        " FROM message m"
        f" LEFT JOIN {_JOIN} j ON j.message_id = m.rowid"
        f" LEFT JOIN attachment a ON a.rowid = j.attachment_id{join}"
        " WHERE m.rowid > ? AND m.rowid <= ?"
        f" AND (a.rowid IS NOT NULL OR {voice} = 1)"
        f" ORDER BY m.rowid, a.rowid, {chat}"
    )


def _has_sound(row: _Row) -> bool:
    mime = text(row.mime).lower()
    if mime.startswith("audio/"):
        return True
    if "/" in mime and not mime.startswith("application/"):
        return False
    if text(row.type).lower() in _SOUND_TYPES:
        return True
    names = (text(row.file), text(row.name))
    if any(_SOUND.fullmatch(name) for name in names):
        return True
    return row.is_voice == 1 and not any(names)


def _claim(row: _Row, count: int, chats: _Chats, *, has_folder: bool) -> Claim:
    path, beside = _place(text(row.file), has_folder=has_folder)
    direction = Direction.UNKNOWN
    if row.from_me in (0, 1):
        direction = Direction.SENT if row.from_me else Direction.RECEIVED
    is_voice = row.is_voice == 1 or bool(_VOICE.fullmatch(text(row.name)))
    key = text(row.guid) or str(row.message)
    return Claim(
        key=f"{key}/{count}" if count else key,
        path=path,
        beside=beside,
        chat=chats.chat(row.chat),
        sender=chats.sender(row, direction),
        direction=direction,
        kind=NoteKind.VOICE if is_voice else NoteKind.AUDIO,
        moment=apple_moment(row.date),
        order=(number(row.message) or 0) % 100_000,
        size=size_of(row.size),
        text=text(row.text).replace(_ATTACHED, "").strip(),
        phone_played=_played(row, direction),
    )


def _played(row: _Row, direction: Direction) -> bool | None:
    # Only of voice messages that came in does the phone keep it.
    if direction is not Direction.RECEIVED or row.is_voice != 1:
        return None
    return bool(row.is_played) if row.is_played in (0, 1) else None


def _place(name: str, *, has_folder: bool) -> tuple[bytes, bool]:
    """Where an attachment is: its path, and whether that starts at the database.

    Attachments lie below `Attachments` beside the database, but in a phone's backup
    they are in another domain; so without that folder only the end of the path counts.
    """
    found = _PLACE.fullmatch(name)
    if found is None:
        return b"", has_folder
    if has_folder:
        return safe_path(found["rest"]), True
    return safe_path(found["place"]), False


def _named(members: list[PersonTold]) -> str:
    """Call a group without a title by its members, as Messages does."""
    handles = [each.native_id.partition(":")[2] for each in members]
    rest = len(handles) - _MOST_NAMED
    names = ", ".join(handles[:_MOST_NAMED])
    return f"{names} + {rest}" if rest > 0 else names


class _Chats:
    """The chats and people of one database."""

    def __init__(self, tables: Tables, region: str) -> None:
        self._region = region
        self._people: dict[object, PersonTold] = {}
        for key, handle in tables.rows("handle", "ROWID id"):
            if text(handle):
                self._people[key] = self._person(text(handle))
        members: dict[object, dict[PersonTold, None]] = {}
        for chat, handle in tables.rows("chat_handle_join", "chat_id handle_id"):
            if handle in self._people:
                members.setdefault(chat, {})[self._people[handle]] = None
        self._chats = {
            row[0]: self._chat(row, list(members.get(row[0], ())))
            for row in tables.rows(
                "chat", "ROWID guid chat_identifier style display_name room_name"
            )
        }

    def chat(self, key: object) -> ChatTold | None:
        """The chat by the number of its row."""
        return self._chats.get(key)

    def sender(self, row: _Row, direction: Direction) -> PersonTold | None:
        """Who sent a message; None when nothing tells."""
        if direction is Direction.SENT:
            return _ME
        if direction is Direction.UNKNOWN:
            return None
        chat = self._chats.get(row.chat)
        return self._people.get(row.handle) or (chat.partner if chat else None)

    def _chat(
        self, row: tuple[object, ...], members: list[PersonTold]
    ) -> ChatTold | None:
        _, guid, identifier, style, title, room = row
        identity = text(guid) or text(identifier)
        if not identity:
            return None
        native = f"imessage:{identity}"
        is_group = number(style) == _GROUP or ";+;" in text(guid) or len(members) > 1
        if is_group or text(room):
            name = clean_name(title)
            if name:
                return ChatTold(native, ChatKind.GROUP, name)
            return ChatTold(native, ChatKind.GROUP, _named(members), NameRank.NUMBER)
        partner = next(iter(members), None)
        if partner is None:
            handle = text(identifier) or identity.rpartition(";")[2]
            partner = self._person(handle)
        # Over iMessage and as texts are two chats, which Messages shows as one.
        return ChatTold(
            native,
            ChatKind.DIRECT,
            clean_name(title),
            partner=partner,
            aliases=(f"imessage:with:{partner.native_id}",),
        )

    def _person(self, handle: str) -> PersonTold:
        given = handle.strip()
        if "@" in given:
            return PersonTold(f"mailto:{given.removeprefix('mailto:').lower()}")
        known = identity_of_number(given, self._region)
        # Shops and short numbers have identities of their own.
        return PersonTold(known or f"imessage:{given}")
