"""Channels that DiscordChatExporter wrote as JSON.

A document is one channel, or a part of one: `guild`, `channel`, then `messages` with
`id`, `timestamp` (ISO 8601 with an offset), `author` and `attachments`. A voice message
is an attachment that is called `voice-message.ogg`. Where media were downloaded, `url`
is a path from the document's folder, else an address on the web. See
https://github.com/Tyrrrz/DiscordChatExporter for the format.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from tui.documents._api import ChatTold, Claim, NameRank, PersonTold, Recognition
from tui.documents._attached import (
    Beside,
    identity,
    is_film_name,
    is_sound_name,
    last_parts,
    moment_of_iso,
    parts_of,
    safe_path,
)
from tui.documents._json import Element, dict_of, elements, int_of, list_of, text_of
from tui.errors import DocumentError
from tui.model import ChatKind, Direction, DocumentKind, NoteKind

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tui.documents._api import Options, Told
    from tui.documents._document import Document

__all__ = ["DiscordJson"]

_HEAD = 64 * 1024
_OFTEN = 500
_LISTS = ("messages",)
_VOICE = "voice-message.ogg"
_DIRECT = "DirectTextChat"
_DIRECT_GROUP = "DirectGroupTextChat"
_CHANNEL_IS_PARTNER = 0.9
"""How sure it is that in a chat called as one of two, the other one is the owner."""

_START = re.compile(rb'\s*\{\s*"guild"\s*:\s*\{')
_KEYS = re.compile(rb'"(channel|exportedAt|dateRange|messages)"\s*:')
_NAME = re.compile(rb'"channel"\s*:\s*\{[^{}]*?"name"\s*:\s*"((?:[^"\\]|\\.)*)"')
_LOCAL = re.compile(r"(?:file:///?)?([A-Za-z]:[/\\]|/)")


class DiscordJson:
    """Reads the JSON of a channel, however it is called."""

    kind = DocumentKind.DISCORD

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # any place
        """Tell whether it is JSON."""
        return name[-5:].lower() == b".json"

    def recognise(self, document: Document) -> Recognition | None:
        """Look at what stands before the messages."""
        head = document.head(_HEAD).removeprefix(b"\xef\xbb\xbf")
        found = set(_KEYS.findall(head))
        if not _START.match(head) or b"channel" not in found or len(found) < 2:
            return None
        name = _NAME.search(head)
        label = name[1].decode("utf-8", "replace") if name else ""
        reason = "it begins with guild and channel as DiscordChatExporter has them"
        return Recognition(100, (reason,), label)

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:  # noqa: ARG002  # nothing to decide
        """Read the messages; those of a chat of two are read ahead for who is who."""
        channel: _Channel | None = None
        owner: dict[str, Any] | None = None
        for number, item in enumerate(elements(document, _LISTS)):
            if not isinstance(item, Element):
                yield item
                continue
            if not number % _OFTEN:
                yield None
            if owner is not item.owner:
                owner = item.owner
                channel = yield from _channel(document, owner)
            if channel is not None and isinstance(item.value, dict):
                yield from _claims(item.value, channel)


class _Channel(NamedTuple):
    """What the messages of a channel have in common."""

    chat: ChatTold
    me: str
    """The owner's number; empty where nothing tells it."""
    partner: str
    beside: Beside


def _channel(
    document: Document, owner: dict[str, Any]
) -> Generator[None, None, _Channel]:
    guild, told = dict_of(owner.get("guild")), dict_of(owner.get("channel"))
    number, name = _id(told.get("id")), text_of(told.get("name"))
    kind = text_of(told.get("type"))
    native_id = f"discord:{number or name or document.package}"
    beside = Beside(document.folder)
    if kind == _DIRECT:
        partner, me = yield from _two(document, name)
        person = partner and _person(partner)
        number = _id(partner.get("id")) if partner else ""
        chat = ChatTold(
            native_id, ChatKind.DIRECT, name, NameRank.HANDLE, person or None
        )
        return _Channel(chat, me, number, beside)
    title = name
    if kind != _DIRECT_GROUP:
        title = " / ".join(filter(None, (text_of(guild.get("name")), name)))
    return _Channel(ChatTold(native_id, ChatKind.GROUP, title), "", "", beside)


def _two(
    document: Document, name: str
) -> Generator[None, None, tuple[dict[str, Any] | None, str]]:
    """Find the two people of a chat that is called as one of them.

    Returns:
        The partner as the messages have them, and the owner's number; None and empty
        if they do not show.
    """
    partner: dict[str, Any] | None = None
    others: set[str] = set()
    try:
        for number, item in enumerate(elements(document, _LISTS)):
            if not number % _OFTEN:
                yield None
            if not isinstance(item, Element):
                continue
            author = dict_of(dict_of(item.value).get("author"))
            if not _id(author.get("id")):
                continue
            if name and name in _names(author):
                partner = partner or author
            else:
                others.add(_id(author.get("id")))
            if (partner and others) or len(others) > 1:
                break
    except DocumentError:
        pass  # the second time it ends the reading
    if partner is not None:
        others.discard(_id(partner.get("id")))
    is_clear = partner is not None and len(others) == 1
    return partner, next(iter(others)) if is_clear else ""


def _id(value: object) -> str:
    """Give a number that may be written as text; empty where there is none."""
    number = int_of(value)
    return "" if number is None else str(number)


def _names(author: dict[str, Any]) -> set[str]:
    name = text_of(author.get("name"))
    full = f"{name}#{text_of(author.get('discriminator'))}"
    return {name, full, text_of(author.get("nickname"))} - {""}


def _person(author: dict[str, Any], me: str = "") -> PersonTold | None:
    number = _id(author.get("id"))
    name = text_of(author.get("nickname")) or text_of(author.get("name"))
    if not number and not name:
        return None
    native_id = f"discord:{number}" if number else f"name:discord:{name}"
    rank = NameRank.HANDLE if name else NameRank.NONE
    return PersonTold(native_id, name, rank, is_me=bool(me) and number == me)


def _claims(message: dict[str, Any], channel: _Channel) -> Iterator[Claim]:
    """Tell the sounds of a message, and of one that it forwards."""
    forwarded = dict_of(message.get("forwardedMessage"))
    own = list_of(message.get("attachments"))
    attachments = own + list_of(forwarded.get("attachments"))
    claim: Claim | None = None
    index = 0
    for number, attachment in enumerate(map(dict_of, attachments)):
        found = _sound(attachment, channel.beside)
        if found is None:
            continue
        claim = claim or _claim(message, channel)
        is_forwarded = number >= len(own)
        text = (forwarded if is_forwarded else message).get("content")
        size = int_of(attachment.get("fileSizeBytes"))
        is_voice = text_of(attachment.get("fileName")).lower() == _VOICE
        yield claim._replace(
            key=_key(claim.key, attachment, index),
            path=found[0],
            beside=found[1],
            kind=NoteKind.VOICE if is_voice else NoteKind.AUDIO,
            size=size if size and size > 0 else None,
            text=text_of(text),
            forwarded=is_forwarded,
        )
        index += 1


def _claim(message: dict[str, Any], channel: _Channel) -> Claim:
    """Tell what holds for all sounds of a message."""
    author = dict_of(message.get("author"))
    number, direction = _id(author.get("id")), Direction.UNKNOWN
    if number and channel.me:
        direction = Direction.SENT if number == channel.me else Direction.RECEIVED
    elif number and number == channel.partner:
        direction = Direction.RECEIVED
    date = text_of(message.get("timestamp"))
    return Claim(
        key=_id(message.get("id")) or identity(channel.chat.native_id, number, date),
        path=b"",
        beside=True,
        chat=channel.chat,
        sender=_person(author, channel.me),
        sender_confidence=_CHANNEL_IS_PARTNER if channel.me else 1.0,
        direction=direction,
        moment=moment_of_iso(date),
    )


def _key(message: str, attachment: dict[str, Any], index: int) -> str:
    """Tell several sounds of a message apart; the first has the message's own key."""
    if not index:
        return message
    return f"{message}/{_id(attachment.get('id')) or index}"


def _sound(attachment: dict[str, Any], beside: Beside) -> tuple[bytes, bool] | None:
    """Find the file of an attachment.

    Returns:
        As in a claim: its path, and whether it is beside the document; None for what
        is no sound.
    """
    name, url = text_of(attachment.get("fileName")), text_of(attachment.get("url"))
    name = name or url.partition("?")[0]
    if not is_sound_name(name) and not is_film_name(name):
        return None
    path, is_beside = _path(url, beside)
    if not is_sound_name(name) and not (is_beside and beside.is_sound(path)):
        return None
    return path, is_beside


def _path(url: str, beside: Beside) -> tuple[bytes, bool]:
    """Find out which file is meant.

    Old versions encoded paths as in an address. Media that were kept outside of the
    export's folder have absolute paths.
    """
    if _LOCAL.match(url):
        return last_parts(parts_of(url, backslash=True), 2), False
    found = beside.first(
        safe_path(text, backslash=True) for text in (url, unquote(url)) if text
    )
    return found, True
