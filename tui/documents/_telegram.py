"""Telegram Desktop's machine-readable export: `result.json`.

Of one chat it is `{name, type, id, messages}`; of an account such objects stand in
`chats.list` and `left_chats.list`. Every object with a list `messages` is taken for a
chat, wherever it stands. Files are named relative to `result.json`.

After `Telegram/SourceFiles/export/output/export_output_json.cpp` of tdesktop, and what
older versions of it wrote: people as plain numbers, times without zone.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tui.documents._api import (
    ChatTold,
    Claim,
    NameRank,
    PersonTold,
    Recognition,
)
from tui.documents._json import Element, dict_of, elements, heads, int_of, text_of
from tui.documents._telegram_values import (
    duration_of_seconds,
    kind_of_message,
    moment_of_message,
    path_of,
    text_of_message,
    title_of_message,
)
from tui.model import ChatKind, Direction, DocumentKind, NoteKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.documents._api import Options, Told
    from tui.documents._document import Document

__all__ = ["HEAD", "SAVED", "TelegramJson", "looks_like_json"]

HEAD = 4096
"""Bytes that are enough to tell an export from other JSON."""

SAVED = ChatTold("tg:saved", ChatKind.SELF, "Saved Messages")
"""What people send to themselves; exports call it so in all languages."""

_NAME = re.compile(rb"result(?: ?\([0-9]{1,4}\))?\.json", re.IGNORECASE)
_TYPES = (
    "personal_chat|bot_chat|saved_messages|replies|verification_codes"
    "|(?:private|public)_(?:group|supergroup|channel)"
)
_CHAT = re.compile(rf'"type"\s*:\s*"(?:{_TYPES})"'.encode())
_MESSAGES = re.compile(rb'"messages"\s*:\s*\[')
_ACCOUNT = re.compile(
    rb'"(personal_information|profile_pictures|stories|contacts|frequent_contacts'
    rb'|sessions|web_sessions|chats|left_chats)"\s*:\s*[\[{]'
)
_TITLE = re.compile(rb'"name"\s*:\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
_USER = re.compile(r"user[0-9]+")
_SERVICES = frozenset({"replies", "verification_codes"})
_NAMELESS = _SERVICES | {"saved_messages"}
_OLD_USER, _OLD_CHAT, _OLD_END = 1 << 32, 2 << 32, 3 << 32
"""Where the numbers of users and of everything else began in exports before 2021/22."""


def looks_like_json(head: bytes) -> int:
    """Score how sure the beginning of a file is an export's JSON: 0 to 100."""
    parts = {match[1] for match in _ACCOUNT.finditer(head)}
    if b"personal_information" in parts or (parts and b'"about"' in head):
        return 90
    if _CHAT.search(head):
        return 95 if _MESSAGES.search(head) else 80
    is_likely = (_MESSAGES.search(head) or parts) and b'"type"' in head
    return 60 if is_likely else 0


class TelegramJson:
    """Reads `result.json`."""

    @property
    def kind(self) -> DocumentKind:
        """The kind that it reads."""
        return DocumentKind.TELEGRAM

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # the API's
        """Tell whether a file has the export's name, see `DocumentFormat.fits`."""
        return _NAME.fullmatch(name) is not None

    def recognise(self, document: Document) -> Recognition | None:
        """Look for the export's keys, see `DocumentFormat.recognise`."""
        head = document.head(HEAD)
        score = looks_like_json(head)
        if not score:
            return None
        is_account = _ACCOUNT.search(head) is not None
        start = _MESSAGES.search(head)
        title = _TITLE.search(head, 0, start.start() if start else len(head))
        try:
            label = text_of(json.loads(title[1], strict=False)) if title else ""
        except ValueError:
            label = ""
        what = "an account" if is_account else "one chat"
        reasons = (f"Telegram's export of {what}",)
        return Recognition(score, reasons, "" if is_account else label)

    def read(
        self,
        document: Document,
        options: Options,  # noqa: ARG002  # nothing to choose
    ) -> Iterator[Told | None]:
        """Tell all notes, see `DocumentFormat.read`."""
        outline: list[Element] | None = None
        chat, last, number = None, None, -1
        for item in elements(document, ("messages",)):
            if not isinstance(item, Element):
                yield item
                continue
            if chat is None or last is None or not last.is_beside(item):
                last, number = item, number + 1
                if outline is None and _lacks(item):
                    outline = yield from heads(document, ("messages",))
                known = outline[number : number + 1] if outline else []
                chat = _Chat(*known or [item])
            yield chat.claim(item.value) if isinstance(item.value, dict) else None


def _lacks(first: Element) -> bool:
    """Whether something that is told of a chat may stand behind its messages."""
    owner = first.owner
    is_named = "name" in owner or text_of(owner.get("type")) in _NAMELESS
    has_owner = not first.around or "personal_information" in first.around[0]
    return not (is_named and "type" in owner and "id" in owner and has_owner)


class _Chat:
    """One chat of an export, and how its messages are told.

    Args:
        first: Its first message, with what is known of it.
    """

    def __init__(self, first: Element) -> None:
        members = first.owner
        root = first.around[0] if first.around else {}
        self._number = int_of(members.get("id"))
        self._type = text_of(members.get("type"))
        self._name = text_of(members.get("name"))
        self._owner = int_of(dict_of(root.get("personal_information")).get("user_id"))
        self._has_partner = self._type in {"personal_chat", "bot_chat"}
        self._is_self = self._type == "saved_messages"
        self._is_old: bool | None = None
        self._told: ChatTold | None = None
        self._count = 0

    def claim(self, message: Mapping[str, Any]) -> Claim | None:
        """Tell a message; None when it has no sound."""
        self._count += 1
        if self._is_old is None and message.get("from_id") is not None:
            self._is_old = isinstance(message["from_id"], int)
        if message.get("type", "message") != "message":
            return None
        kind = kind_of_message(message)
        if kind is None:
            return None
        chat = self._chat()
        sender = self._sender(message)
        place = int_of(message.get("id"))
        size = int_of(message.get("file_size"))
        return Claim(
            key=f"{chat.native_id.removeprefix('tg:') if chat else ''}:"
            + (f"#{self._count}" if place is None else str(place)),
            path=path_of(text_of(message.get("file"))),
            beside=True,
            chat=chat,
            sender=sender,
            direction=self._direction(sender),
            kind=kind,
            moment=moment_of_message(message),
            size=size if size and size > 0 else None,
            duration_ms=duration_of_seconds(message.get("duration_seconds")),
            title=title_of_message(message) if kind is NoteKind.AUDIO else "",
            text=text_of_message(message),
            forwarded="forwarded_from" in message or "saved_from" in message,
        )

    def _id(self) -> int | None:
        """The chat's number, without what old exports add for its kind."""
        number = self._number
        if self._is_old and number is not None and _OLD_USER <= number < _OLD_END:
            return number & (_OLD_USER - 1)
        return number

    def _chat(self) -> ChatTold | None:
        # Once and for all, so that every message of a chat tells the same.
        if self._told is None:
            self._told = self._make_chat()
        return self._told

    def _make_chat(self) -> ChatTold | None:
        if self._is_self:
            return SAVED
        number = self._id()
        if number is None and not self._name:
            return None
        by_name = f"tg-html:{self._name}"  # as the pages of the same chat tell it
        native_id = by_name if number is None else f"tg:{number}"
        if self._has_partner or self._type in _SERVICES:
            person = f"name:tg:{self._name}" if number is None else f"tg:user{number}"
            partner = _person(person, self._name)
            return ChatTold(native_id, ChatKind.DIRECT, "", NameRank.NONE, partner)
        rank = NameRank.SUBJECT if self._name else NameRank.NONE
        return ChatTold(native_id, ChatKind.GROUP, self._name, rank)

    def _sender(self, message: Mapping[str, Any]) -> PersonTold | None:
        name = text_of(message.get("from"))
        native_id = self._identity(message.get("from_id"))
        if native_id:
            return _person(f"tg:{native_id}", name, is_me=self._is_me(native_id))
        if name:
            is_me = self._is_self and "forwarded_from" not in message
            return _person(f"name:tg:{name}", name, is_me=is_me)
        me = self._owner if self._owner is not None else self._id()
        if self._is_self and me is not None:
            return _person(f"tg:user{me}", "", is_me=True)
        return None

    def _identity(self, value: object) -> str:
        """Make `user123` of what stands for a sender; empty for nothing."""
        number = int_of(value)
        if number is None:
            return text_of(value)
        if not _OLD_USER <= number < _OLD_END or not isinstance(value, int):
            return f"user{number}"
        kind = "user"
        if number >= _OLD_CHAT:
            is_group = self._type == "private_group"
            kind = "chat" if is_group else "channel"
        return f"{kind}{number & (_OLD_USER - 1)}"

    def _is_me(self, identity: str) -> bool:
        if self._owner is not None:
            return identity == f"user{self._owner}"
        number = self._id()
        if number is None or _USER.fullmatch(identity) is None:
            return False
        if self._is_self:
            return identity == f"user{number}"
        # Of two who talk, who is not the other one.
        return self._has_partner and identity != f"user{number}"

    def _direction(self, sender: PersonTold | None) -> Direction:
        if self._is_self or (sender and sender.is_me):
            return Direction.SENT
        partner = f"tg:user{self._id()}"
        is_partner = self._has_partner and sender and sender.native_id == partner
        if is_partner or (sender and self._owner is not None):
            return Direction.RECEIVED
        return Direction.UNKNOWN


def _person(native_id: str, name: str, *, is_me: bool = False) -> PersonTold:
    rank = NameRank.HANDLE if name else NameRank.NONE
    return PersonTold(native_id, name, rank, is_me)
