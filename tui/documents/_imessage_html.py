"""Chats that `imessage-exporter` wrote as web pages or text, a file each.

A message of a page is `<div class="message">` with `<div class="sent iMessage">` or
`<div class="received">` in it, then spans of the classes `timestamp` and `sender`, then
its parts; replies are nested. In a text it is a line with the time, one with the sender
and one for each part, of replies indented. Attachments are named by their paths, as
`attachments/<chat>/<number>.caf`. Times are this machine's wall clock in English. See
https://github.com/ReagentX/imessage-exporter for the tool.
"""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING

from tui.documents._api import (
    ChatTold,
    Claim,
    Confidence,
    NameRank,
    PersonTold,
    Recognition,
)
from tui.documents._attached import (
    Beside,
    is_film_name,
    last_parts,
    parts_of,
    safe_path,
)
from tui.documents._document import moment_of_wall
from tui.documents._imessage_page import (
    STAMP,
    Message,
    Sound,
    in_page,
    in_text,
    page_speakers,
)
from tui.model import ChatKind, Direction, DocumentKind, NoteKind, Precision

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tui.documents._api import Moment, Options, Told
    from tui.documents._document import Document

__all__ = ["IMessageExport"]

_HEAD = 64 * 1024
_ATTACHMENTS = "attachments"

_PAGE = re.compile(
    rb'<div class="message"[^<>]*>\s*<div class="(?:sent|received)[^"]*">\s*'
    rb'<p>\s*<span class="timestamp">'
)
_TEXT = re.compile(
    rb"\s*" + STAMP.pattern.encode() + rb"(?: *\([^\n]*\))?\r?\n[^\r\n]+\r?\n"
)
_NAMED = re.compile(
    rb"attachments/[^\r\n]{1,300}\.[A-Za-z0-9]{2,5}[ \t]*\r?$", re.MULTILINE
)

_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_NUMBER = re.compile(r"\+[0-9]{6,15}", re.ASCII)
_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_NAMED_GROUP = re.compile(r".+ - [0-9]+", re.DOTALL | re.ASCII)
_NO_LETTER = re.compile(r"\W+")
_FOLDERS = re.compile(r"[/\\]")
_OWN = frozenset({".caf", ".amr", ".m4a", ".mp4"})
"""Suffixes of what iPhones record, and of what the tool makes of it."""
_ORPHANED = "orphaned"
"""The file for messages of no chat."""
_NOBODY = frozenset({"", "Unknown"})


class IMessageExport:
    """Reads the page or the text of a chat."""

    kind = DocumentKind.IMESSAGE

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # any place
        """Tell whether the name ends as a page's or a text's."""
        return name[-5:].lower() == b".html" or name[-4:].lower() == b".txt"

    def recognise(self, document: Document) -> Recognition | None:
        """Look for the first message."""
        head = document.head(_HEAD)
        has_files = document.folder.is_folder(_ATTACHMENTS.encode())
        files = ("a folder attachments beside it",) if has_files else ()
        if _is_text(document):
            if not _TEXT.match(head.removeprefix(codecs.BOM_UTF8)):
                return None
            score = 60 + 20 * has_files + 10 * (_NAMED.search(head) is not None)
            reason = "it begins with a time and a sender as imessage-exporter has them"
        else:
            if not _PAGE.search(head):
                return None
            score = 90 + 10 * has_files
            reason = "messages are marked up as imessage-exporter does it"
        return Recognition(score, (reason, *files), label=_stem(document))

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:  # noqa: ARG002  # nothing to decide
        """Read all messages twice: first for who speaks, then for the sounds."""
        others, has_me = yield from _speakers(document)
        stem = _stem(document)
        chat = _chat(stem, others) if stem != _ORPHANED else None
        beside = Beside(document.folder)
        for item in _items(document):
            if isinstance(item, Sound):
                if _is_text(document) and _is_film(item, beside):
                    continue
                claim = _claim(item, chat, stem, beside)
                yield claim if has_me else _without_direction(claim, stem)
            elif item is None:
                yield None


def _is_text(document: Document) -> bool:
    return document.name[-4:].lower() == b".txt"


def _stem(document: Document) -> str:
    return os.fsdecode(document.name[: document.name.rindex(b".")])


def _is_film(sound: Sound, beside: Beside) -> bool:
    """Tell a film from a recording that the tool made an MP4 file of.

    Pages say which is which; in a text only a transcript does, or the file itself.
    """
    if not is_film_name(sound.path) or sound.transcript:
        return False
    return not beside.is_sound(_path(sound.path, beside)[0])


def _items(document: Document) -> Iterator[Message | Sound | None]:
    with document.open() as file:
        yield from (in_text if _is_text(document) else in_page)(file)


def _senders(document: Document) -> Iterator[tuple[str, bool | None] | None]:
    """Give all senders, and whether each is the owner, if that is told."""
    if _is_text(document):
        for item in _items(document):
            if item is None:
                yield None
            elif isinstance(item, Message):
                yield item.sender, item.is_sent
        return
    with document.open() as file:
        yield from page_speakers(file)


def _speakers(document: Document) -> Generator[None, None, tuple[list[str], bool]]:
    """Find out who speaks besides the owner: two of them are as good as all.

    Returns:
        Up to two names, and whether messages of the owner can be told from others.
    """
    names: list[str] = []
    has_me = not _is_text(document)
    for item in _senders(document):
        if item is None:
            yield None
            continue
        sender, is_sent = item
        has_me = has_me or is_sent is not None
        is_other = not is_sent and sender not in _NOBODY
        if is_other and len(names) < 2 and sender not in names:
            names.append(sender)
        if len(names) > 1 and has_me:
            break
    return names, has_me


def _chat(stem: str, others: list[str]) -> ChatTold:
    """Tell what the chat is.

    A chat of two is called as the other one is, a group by its members or by a name.
    """
    native_id = f"imessage:{stem}"
    only = others[0] if len(others) == 1 else ""
    is_handle = bool(_NUMBER.fullmatch(stem) or _ADDRESS.fullmatch(stem))
    is_named_so = bool(only) and _folded(only) == _folded(stem)
    is_group = len(others) > 1 or (
        not (is_handle or is_named_so)
        and bool(", " in stem or _NAMED_GROUP.fullmatch(stem))
    )
    if is_group:
        return ChatTold(native_id, ChatKind.GROUP, stem)
    partner = only or (stem if is_handle else "")
    person = _person(partner) if partner else None
    rank = NameRank.NUMBER if is_handle else NameRank.EXPORT
    return ChatTold(native_id, ChatKind.DIRECT, stem, rank, person)


def _folded(name: str) -> str:
    return _NO_LETTER.sub("", name).casefold()


def _person(name: str) -> PersonTold:
    if _NUMBER.fullmatch(name):
        return PersonTold(f"tel:{name}", name, NameRank.NUMBER)
    if _ADDRESS.fullmatch(name):
        return PersonTold(f"mailto:{name.lower()}", name, NameRank.NUMBER)
    return PersonTold(f"name:imessage:{name}", name, NameRank.EXPORT)


def _claim(sound: Sound, chat: ChatTold | None, stem: str, beside: Beside) -> Claim:
    message = sound.message
    path, is_beside = _path(sound.path, beside)
    key = f"{stem}/{sound.path}"
    if not _FOLDERS.search(sound.path):  # only what it was called: the file is gone
        stamp = STAMP.match(message.stamp)
        path, is_beside, key = b"", True, f"{key} {stamp[0] if stamp else ''}"
    sender, direction = None, Direction.UNKNOWN
    if message.is_sent:
        name = "" if message.sender == "Me" else message.sender
        rank = NameRank.EXPORT if name else NameRank.NONE
        sender = PersonTold("me:imessage", name, rank, is_me=True)
        direction = Direction.SENT
    elif message.sender not in _NOBODY:
        sender, direction = _person(message.sender), Direction.RECEIVED
    suffix = sound.path[sound.path.rfind(".") :].lower()
    return Claim(
        key=key,
        path=path,
        beside=is_beside,
        chat=chat,
        chat_confidence=Confidence.EXPORT_CHAT,
        sender=sender,
        sender_confidence=Confidence.EXPORT_SENDER,
        direction=direction,
        kind=NoteKind.VOICE if suffix in _OWN else NoteKind.AUDIO,
        moment=_moment(message.stamp),
        transcript=sound.transcript,
    )


def _without_direction(claim: Claim, stem: str) -> Claim:
    """Take back that a note was received, unless the chat is called as its sender.

    The tool can be told to call the owner other than `Me`.
    """
    name = _folded(claim.sender.name) if claim.sender else ""
    if claim.direction is Direction.SENT or (name and name in _folded(stem)):
        return claim
    return claim._replace(direction=Direction.UNKNOWN)


def _path(text: str, beside: Beside) -> tuple[bytes, bool]:
    """Find out which file a path means: one beside the page, or one somewhere else.

    Older versions wrote absolute paths into their own folder, and all versions write
    those of the messenger's files when they do not copy them.
    """
    text = text.removeprefix("file://")
    path = safe_path(text, backslash=True)
    if path:
        return path, True
    parts = parts_of(text, backslash=True) or []
    if _ATTACHMENTS in parts:
        at = len(parts) - 1 - parts[::-1].index(_ATTACHMENTS)
        end = last_parts(parts, len(parts) - at)
        return end, beside.has(end)
    # The messenger calls all of them the same, in folders of their own.
    return last_parts(parts, 2), False


def _moment(stamp: str) -> Moment | None:
    found = STAMP.match(stamp)
    if found is None or found[1] not in _MONTHS:
        return None
    hour = int(found[4]) % 12 + (12 if found[7] == "PM" else 0)
    month, day, year = _MONTHS.index(found[1]) + 1, int(found[2]), int(found[3])
    parts = (year, month, day, hour, int(found[5]), int(found[6]))
    return moment_of_wall(parts, Precision.SECOND) if year >= 2001 else None
