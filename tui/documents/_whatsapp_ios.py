"""WhatsApp on an iPhone or a Mac: `ChatStorage.sqlite`.

A Core Data store: `ZWAMESSAGE` has a row for each message, `ZWAMEDIAITEM` for each
file, with its place below `Message/`. Names stand in `ContactsV2.sqlite` beside it (the
phone's address book), numbers of hidden identities (LID) in `LID.sqlite`. Nothing in it
tells whether a note was listened to.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._api import Claim, Recognition, Remark
from tui.documents._apple import (
    apple_moment,
    asked,
    clean_name,
    duration_ms,
    has_tables,
    number,
    safe_path,
    size_of,
    text,
)
from tui.documents._whatsapp_ios_names import People
from tui.errors import DocumentError
from tui.model import Direction, DocumentKind, NoteKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._api import Options, PersonTold, Told
    from tui.documents._apple import Tables
    from tui.documents._document import Document

__all__ = ["WhatsAppIos", "jid_of_media_path"]

_NAME = b"chatstorage.sqlite"
_MESSAGES = "ZWAMESSAGE"
_MEDIA = "ZWAMEDIAITEM"

_VOICE, _DOCUMENT, _VIEW_ONCE, _VIDEO_NOTE = 3, 8, 53, 54
"""Values of ZMESSAGETYPE."""
_WITH_SOUND = frozenset({_VOICE, _VIEW_ONCE, _VIDEO_NOTE})
_SILENT = frozenset({6, 10, 14})
"""Notices of two kinds, and what was deleted."""

_PLACE = re.compile(
    rb"(?:^|/)Media/"
    rb"(?P<jid>[0-9]+(?:-[0-9]+)?@(?:s\.whatsapp\.net|g\.us|lid|newsletter))/"
    rb"[0-9a-fA-F]/[0-9a-fA-F]/[^/]+\.[^/.]+",
)


def jid_of_media_path(path: bytes) -> str | None:
    """Tell the chat of a file from its place alone.

    Args:
        path: A path that ends as `Message/Media/<jid>/<x>/<y>/<uuid>.opus`, where x
            and y are one hex digit each.

    Returns:
        The chat's identity in WhatsApp, e.g. `491700000001@s.whatsapp.net`.
    """
    found = _PLACE.search(path)
    if found is None or found.end() != len(path):
        return None
    return found["jid"].decode("ascii")


class WhatsAppIos:
    """The database of WhatsApp on an iPhone, or of its app on a Mac."""

    kind = DocumentKind.WHATSAPP_IOS

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be such a database, by its name alone.

        Args:
            folder: The path of its folder.
            name: Its name.
        """
        del folder
        return name.lower().endswith(b".sqlite")

    def recognise(self, document: Document) -> Recognition | None:
        """Look for WhatsApp's tables.

        Args:
            document: The file.

        Returns:
            None when it is no such database.
        """
        found = has_tables(document, _MESSAGES, _MEDIA)
        is_named = document.name.lower() == _NAME
        if not found and not (found is None and is_named):
            return None
        reason = "tables of WhatsApp on iOS" if found else "the name of its database"
        if document.folder.is_folder(b"Message"):
            return Recognition(100, (reason, "folder Message beside it"), "WhatsApp")
        return Recognition(80, (reason,), "WhatsApp")

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Read everything.

        Args:
            document: The database.
            options: What the user decided; nothing of it matters here.

        Yields:
            The address book, then one claim for each message with sound.

        Raises:
            PartialError: It is cut off, damaged, or being written.
            DocumentError: It is no such database.
            OSError: It can't be read.
        """
        del options
        people = People()
        yield from people.read_beside(document)
        with asked(document) as (connection, tables):
            if not tables.has(_MESSAGES, "ZMEDIAITEM") or _MEDIA not in tables:
                raise DocumentError(document.path, "no tables of WhatsApp on iOS")
            people.read_chats(tables)
            yield from people.contacts()
            for low, high in tables.pages(_MESSAGES):
                rows = connection.execute(_query(tables), (low, high))
                for row in rows:
                    claim = _claim(_Row(*row), people)
                    if claim is not None:
                        yield claim
                yield None
        if people.left_out:
            yield Remark("left_out", f"{people.left_out} names could not be used")


class _Row(NamedTuple):
    """A message and its file, as the query gives them."""

    message: object
    from_me: object
    type: object
    date: object
    sent_date: object
    sort: object
    chat: object
    member: object
    from_jid: object
    to_jid: object
    push_name: object
    stanza: object
    text: object
    path: object
    duration: object
    size: object
    mime: object
    digest: object
    title: object


def _query(tables: Tables) -> str:
    message = tables.pick(
        _MESSAGES,
        "ZISFROMME ZMESSAGETYPE ZMESSAGEDATE ZSENTDATE ZSORT ZCHATSESSION ZGROUPMEMBER"
        " ZFROMJID ZTOJID ZPUSHNAME ZSTANZAID ZTEXT",
        "m",
    )
    media = tables.pick(
        _MEDIA,
        "ZMEDIALOCALPATH ZMOVIEDURATION ZFILESIZE ZVCARDSTRING ZVCARDNAME ZTITLE",
        "a",
    )
    kind = tables.pick(_MESSAGES, "ZMESSAGETYPE", "m")
    mime = tables.pick(_MEDIA, "ZVCARDSTRING", "a")
    path = tables.pick(_MEDIA, "ZMEDIALOCALPATH", "a")
    # Nothing but names of columns is put in.
    return (
        f"SELECT m.rowid, {message}, {media} FROM {_MESSAGES} m"  # noqa: S608
        f" LEFT JOIN {_MEDIA} a ON a.Z_PK = m.ZMEDIAITEM"
        " WHERE m.rowid > ? AND m.rowid <= ?"
        f" AND ({kind} IN (3, 53, 54) OR {mime} LIKE 'audio/%'"
        f" OR {path} LIKE '%.opus') ORDER BY m.rowid"
    )


def _claim(row: _Row, people: People) -> Claim | None:
    kind = _kind(row)
    direction = _direction(row.from_me)
    path = safe_path(_local_path(row))
    jid = people.jid_of_chat(row.chat) or jid_of_media_path(path)
    if not jid and direction is not Direction.UNKNOWN:
        # What a group member sends comes from the group.
        sent = direction is Direction.SENT
        jid = people.normal(row.to_jid if sent else row.from_jid)
    if kind is None or (jid and people.is_broadcast(jid)):
        return None
    is_document = number(row.type) == _DOCUMENT
    return Claim(
        key=text(row.stanza) or str(row.message),
        path=path,
        beside=True,
        chat=people.chat(jid) if jid else None,
        sender=_sender(row, jid, direction, people),
        direction=direction,
        kind=kind,
        moment=apple_moment(row.date) or apple_moment(row.sent_date),
        order=(number(row.sort) or number(row.message) or 0) % 100_000,
        size=size_of(row.size),
        sha256=_digest(row.digest),
        duration_ms=duration_ms(row.duration),
        text=text(row.text) or ("" if is_document else text(row.title)),
    )


def _kind(row: _Row) -> NoteKind | None:
    """Tell what a message is; None when it has no sound after all."""
    code = number(row.type)
    mime = text(row.mime).strip().lower()
    name = text(row.path).lower()
    if code in _SILENT or (code in _WITH_SOUND and mime.startswith("image/")):
        return None
    if code == _VIEW_ONCE:
        return NoteKind.VIEW_ONCE
    if code == _VIDEO_NOTE:
        return NoteKind.VIDEO_NOTE
    is_voice = mime.startswith("audio/ogg") or "opus" in mime
    if not mime:
        is_voice = not name or name.endswith(".opus")
    return NoteKind.VOICE if is_voice and code != _DOCUMENT else NoteKind.AUDIO


def _local_path(row: _Row) -> str:
    """The place of the file, from the folder of the database on."""
    path = text(row.path).lstrip("/")
    if not path:
        return ""
    return path if path.startswith("Message/") else f"Message/{path}"


def _digest(value: object) -> bytes | None:
    try:
        found = base64.b64decode(text(value), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == 32 else None


def _direction(from_me: object) -> Direction:
    if from_me == 1:
        return Direction.SENT
    return Direction.RECEIVED if from_me == 0 else Direction.UNKNOWN


def _sender(
    row: _Row, jid: str | None, direction: Direction, people: People
) -> PersonTold | None:
    if direction is Direction.SENT:
        return people.me
    if direction is Direction.UNKNOWN:
        return None
    push = clean_name(row.push_name)
    if row.member is not None:
        member = people.member(row.member, push)
        if member is not None:
            return member
    # In a group the message comes from the group.
    for each in (text(row.from_jid), jid or ""):
        if people.is_person(each):
            return people.person(each, push)
    return None
