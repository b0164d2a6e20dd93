"""Chats of Facebook Messenger and Instagram, as "Download your information" has them.

A chat is a folder with `message_1.json`, `message_2.json` and so on: `participants`,
`messages` (each with `sender_name`, `timestamp_ms` and, for sound, `audio_files`), then
`title` and `thread_path`. Every text in it is UTF-8 that was read as Latin-1 once too
often. End-to-end encrypted chats are exported by themselves, a file each: `threadName`,
`senderName`, `timestamp`, `media`, and texts as they should be.

Neither tells which participant is the owner.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.documents._api import ChatTold, Claim, NameRank, PersonTold, Recognition
from tui.documents._attached import (
    Beside,
    identity,
    is_film_name,
    is_sound_name,
    last_parts,
    moment_of_ms,
    parts_of,
    safe_path,
)
from tui.documents._json import (
    Element,
    dict_of,
    elements,
    heads,
    int_of,
    list_of,
    text_of,
)
from tui.model import ChatKind, Direction, DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._api import Moment, Options, Told
    from tui.documents._document import Document

__all__ = ["MessengerJson"]

_HEAD = 64 * 1024
_OFTEN = 500
_LISTS = ("messages",)

_NAME = re.compile(rb"message(?:_[0-9]+)?\.json", re.IGNORECASE)
_KEYS = re.compile(
    rb'"(participants|messages|sender_name|timestamp_ms|thread_path|threadName'
    rb'|senderName)"\s*:'
)
_MESSAGE = frozenset({b"messages", b"sender_name", b"timestamp_ms"})
_ROOT_OF_URI = re.compile(r"your_[a-z_]*(instagram|facebook)")
_ABOVE = 5
"""Folders from the thread's up to the export's, in which a system may be named."""
_NUMBERED = re.compile(r"(.+)_[0-9]+", re.DOTALL | re.ASCII)
_VOICE_NAME = re.compile(r"audio|voice", re.IGNORECASE)
_SECONDS = 100_000_000_000
"""Smaller times are seconds, as very old exports have them."""

_TITLE_IS_PARTNER = 0.9
"""How sure it is that in a chat called as one of two, the other one is the owner."""


class MessengerJson:
    """Reads both kinds of files."""

    kind = DocumentKind.MESSENGER

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # any place
        """Tell whether it is JSON: encrypted chats are called as the partner is."""
        return name[-5:].lower() == b".json"

    def recognise(self, document: Document) -> Recognition | None:
        """Look for the members of a chat and of a message."""
        head = document.head(_HEAD)
        found = set(_KEYS.findall(head))
        has_chat = found >= {b"participants", b"messages"}
        is_named = _NAME.fullmatch(document.name) is not None
        if (is_named and has_chat) or found >= _MESSAGE:
            score = 60 + 20 * has_chat + 20 * is_named
            label = document.package
        elif found >= {b"senderName", b"messages"} and (
            found & {b"threadName", b"participants"}
        ):
            score, label = 100 if b"threadName" in found else 80, _stem(document)
        else:
            return None
        return Recognition(score, ("it has participants, messages and senders",), label)

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:  # noqa: ARG002  # nothing to decide
        """Read the messages; what the chat is called stands behind them."""
        thread: _Thread | None = None
        owner: dict[str, Any] | None = None
        behind: list[Element] | None = None
        for number, item in enumerate(elements(document, _LISTS)):
            if not isinstance(item, Element):
                yield item
                continue
            if not number % _OFTEN:
                yield None
            if owner is not item.owner:
                owner, thread = item.owner, None
                if behind is None:
                    behind = yield from heads(document, _LISTS)
                whole = behind.pop(0).owner if behind else owner
            message = dict_of(item.value)
            files = message.get("audio_files") or message.get("media")
            if not isinstance(files, list) or not files:
                continue
            if thread is None:
                thread = _thread(document, whole, message)
            yield from _claims(message, thread)


class _Thread(NamedTuple):
    """What the messages of a chat have in common."""

    chat: ChatTold
    me: str
    """The owner's name; empty where nothing tells it."""
    partner: str
    is_encrypted: bool
    folder: str
    """The name of the document's folder."""
    beside: Beside

    def text(self, value: object) -> str:
        """Give a text as people wrote it."""
        text = text_of(value)
        return text if self.is_encrypted else _repaired(text)


def _repaired(text: str) -> str:
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _stem(document: Document) -> str:
    return os.fsdecode(document.name[:-5])


def _thread(
    document: Document, owner: dict[str, Any], message: dict[str, Any]
) -> _Thread:
    """Tell what the first message with files and what is around it tell."""
    is_encrypted = "threadName" in owner or "senderName" in message
    people = []
    for participant in list_of(owner.get("participants")):
        name = text_of(participant) or text_of(dict_of(participant).get("name"))
        people.append(name if is_encrypted else _repaired(name))
    people = [name for name in dict.fromkeys(people) if name]
    system = "fb" if is_encrypted else _system(document, message)
    if is_encrypted:
        title = native = text_of(owner.get("threadName")) or _stem(document)
        found = _NUMBERED.fullmatch(title)
        # The number tells files of the same name apart: it is in both names then.
        if found is not None and (found[1] in people or title == _stem(document)):
            title = found[1]
    else:
        title = _repaired(text_of(owner.get("title")))
        path = _repaired(text_of(owner.get("thread_path"))).rstrip("/")
        native = path.rpartition("/")[2] or document.package or title
    is_group = (
        len(people) > 2
        or "joinable_mode" in owner
        or text_of(owner.get("thread_type")) == "RegularGroup"
    )
    partner = me = ""
    if not is_group and len(people) == 2 and title in people:
        partner, me = title, people[people[0] == title]
    person = _person(system, partner) if partner else None
    kind = ChatKind.GROUP if is_group else ChatKind.DIRECT
    rank = NameRank.SUBJECT if is_group else NameRank.HANDLE
    chat = ChatTold(f"{system}:{native}", kind, title, rank, person)
    folder = document.folder.path.rstrip(b"/").rpartition(b"/")[2]
    beside = Beside(document.folder)
    return _Thread(chat, me, partner, is_encrypted, os.fsdecode(folder), beside)


def _system(document: Document, message: dict[str, Any]) -> str:
    """Tell the two apart: by the root of the files, else by the nearest folder."""
    files = list_of(message.get("audio_files")) or [{}]
    found = _ROOT_OF_URI.match(text_of(dict_of(files[0]).get("uri")))
    if found is not None:
        return "ig" if found[1] == "instagram" else "fb"
    folders = [part for part in document.folder.path.lower().split(b"/") if part]
    for folder in reversed(folders[-_ABOVE:]):
        if b"instagram" in folder:
            return "ig"
        if b"facebook" in folder or b"messenger" in folder:
            return "fb"
    return "fb"


def _person(system: str, name: str, *, is_me: bool = False) -> PersonTold:
    return PersonTold(f"name:{system}:{name}", name, NameRank.HANDLE, is_me=is_me)


def _claims(message: dict[str, Any], thread: _Thread) -> Iterator[Claim]:
    if thread.is_encrypted:
        name, files = "senderName", list_of(message.get("media"))
    else:
        name, files = "sender_name", list_of(message.get("audio_files"))
    sender = thread.text(message.get(name))
    ms = _ms(message)
    text = thread.text(message.get("text" if thread.is_encrypted else "content"))
    for file in map(dict_of, files):
        uri = thread.text(file.get("uri"))
        path, is_beside = _path(uri, thread)
        if thread.is_encrypted and not _is_sound(uri, path, thread):
            continue
        yield Claim(
            key=identity(thread.chat.native_id, ms, sender, uri),
            path=path,
            beside=is_beside,
            chat=thread.chat,
            sender=_sender(sender, thread),
            sender_confidence=_TITLE_IS_PARTNER if thread.me else 1.0,
            direction=_direction(sender, thread),
            moment=_moment(ms),
            text=text,
        )


def _ms(message: dict[str, Any]) -> int | None:
    ms = int_of(message.get("timestamp_ms"))
    if ms is None:
        ms = int_of(message.get("timestamp"))
    return ms * 1000 if ms is not None and 0 < ms < _SECONDS else ms


def _moment(ms: int | None) -> Moment | None:
    return moment_of_ms(ms)


def _sender(name: str, thread: _Thread) -> PersonTold | None:
    if not name:
        return None
    system = thread.chat.native_id.partition(":")[0]
    return _person(system, name, is_me=name == thread.me)


def _direction(name: str, thread: _Thread) -> Direction:
    if not thread.me or name not in {thread.me, thread.partner}:
        return Direction.UNKNOWN
    return Direction.SENT if name == thread.me else Direction.RECEIVED


def _path(uri: str, thread: _Thread) -> tuple[bytes, bool]:
    """Find out which file is meant; told is its path from the root of the export.

    Large exports come as several archives with a part of the files each, so a file that
    is not beside the document may lie in the same folder of another one.
    """
    if thread.is_encrypted:
        return safe_path(uri, backslash=True), True
    if "://" in uri:
        return b"", True
    parts = parts_of(uri) or []
    candidates = []
    if thread.folder in parts[:-1]:
        at = len(parts) - 1 - parts[::-1].index(thread.folder)
        candidates.append(safe_path("/".join(parts[at + 1 :])))
    if parts:
        candidates.append(safe_path(f"audio/{parts[-1]}"))
    for path in candidates:
        if thread.beside.has(path):
            return path, True
    if "messages" in parts:
        return last_parts(parts, len(parts) - parts.index("messages")), False
    return (candidates[0] if candidates else b""), True


def _is_sound(uri: str, path: bytes, thread: _Thread) -> bool:
    """Tell sounds from films: both end with `.mp4` here."""
    if is_sound_name(uri):
        return True
    name = uri.rpartition("/")[2]
    is_said = _VOICE_NAME.search(name) is not None
    return is_film_name(uri) and (is_said or thread.beside.is_sound(path))
