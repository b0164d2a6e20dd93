"""Folders that apps make, whose place tells the chat or the kind of what is in them.

An iPhone keeps WhatsApp's recordings in a folder for each chat, named by the chat's
identity (`Message/Media/491700000001@s.whatsapp.net/a/0/<uuid>.opus`). Telegram's
export has a folder for voice messages below the folder of each chat, Facebook's one for
sound below that of each thread. Phones put films of their screen into folders of
their own.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from tui.model import ChatKind, NoteKind
from tui.sources._api import ChatFact

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AppFolder", "app_folder", "is_iphone_chat", "is_screen_folder"]

_JID = re.compile(
    rb"(?P<number>[0-9]{5,20}(?:-[0-9]{5,20})?)@(?P<server>s\.whatsapp\.net|lid|g\.us)"
)
_BELOW_JID = re.compile(rb"[0-9a-f]")
"""Below a chat's folder there are two more, named by the first digits of the file."""

_TELEGRAM = {
    b"voice_messages": NoteKind.VOICE,
    b"round_video_messages": NoteKind.VIDEO_NOTE,
}
_MESSENGER_BOXES = frozenset(
    {b"inbox", b"e2ee_cutover", b"archived_threads", b"filtered_threads"}
    | {b"message_requests"}
)
_THREAD_NUMBER = re.compile(rb"(?P<name>.+)_[0-9]{5,}", re.DOTALL)
_THREAD_CODE = re.compile(rb"(?P<name>.+)_[A-Za-z0-9_-]{10}", re.DOTALL)
_THREAD_OTHER = re.compile(rb"(?P<name>.+)_[A-Za-z0-9-]+", re.DOTALL)
_SURE_THREAD = re.compile(rb".+_[0-9]{15,20}", re.DOTALL)
"""A thread's folder wherever it lies: no date or counter is that long."""

_SCREEN_FOLDER = re.compile(
    rb"screen[ _-]?(?:record(?:s|ers?|ings?)?|casts?)"
    rb"|x-?recorder|az[ _-]?(?:screen[ _-]?)?recorder(?:free)?|du[ _-]?recorder"
    rb"|mobizen",
    re.IGNORECASE,
)
_JID_CONFIDENCE, _APP_CONFIDENCE = 0.9, 0.6


class AppFolder(NamedTuple):
    """What an app's folder tells about every file in it."""

    chat: ChatFact
    kind: NoteKind
    is_media: bool
    """Whether nothing but recordings lies there, so that films are notes too."""


def is_screen_folder(name: bytes) -> bool:
    """Tell whether phones or recorder apps put films of the screen into such a folder.

    Args:
        name: The name of a folder.
    """
    return _SCREEN_FOLDER.fullmatch(name) is not None


def is_iphone_chat(name: bytes) -> bool:
    """Tell whether a folder is named by the identity of one of WhatsApp's chats.

    Args:
        name: The name of a folder.
    """
    return _JID.fullmatch(name) is not None


def app_folder(outer: Sequence[bytes], inner: Sequence[bytes]) -> AppFolder | None:
    """Tell what an app's folder is.

    Args:
        outer: The names of the folders down to the source's root, outermost first.
        inner: Those below it, down to the folder.

    Returns:
        None for a folder that no app made.
    """
    parts = (*outer, *inner)
    if not parts:
        return None
    found = _jid_above(outer, inner)
    if found is not None:
        return AppFolder(_whatsapp_chat(found), NoteKind.VOICE, is_media=False)
    if len(parts) < 2:
        return None
    kind = _TELEGRAM.get(parts[-1].lower())
    if kind is not None:
        return AppFolder(_chat_above(inner, parts[-2]), kind, is_media=True)
    if parts[-1].lower() == b"audio" and _is_thread(parts[:-1]):
        chat = _chat_above(inner, _thread_name(parts[-2]))
        return AppFolder(chat, NoteKind.VOICE, is_media=True)
    return None


def _jid_above(
    outer: Sequence[bytes], inner: Sequence[bytes]
) -> re.Match[bytes] | None:
    for name in reversed(inner):
        match = _JID.fullmatch(name)
        if match is not None:
            return match
    # The root may be such a folder itself, or one of the two below it.
    for name in reversed((*outer, *inner)):
        if not _BELOW_JID.fullmatch(name):
            return _JID.fullmatch(name)
    return None


def _whatsapp_chat(match: re.Match[bytes]) -> ChatFact:
    number, server = os.fsdecode(match["number"]), os.fsdecode(match["server"])
    kind = ChatKind.GROUP if server == "g.us" else ChatKind.DIRECT
    title = f"+{number}" if server == "s.whatsapp.net" else number
    native_id = f"wa::{number}@{server}"
    return ChatFact(kind, native_id, title, _JID_CONFIDENCE, "folder", is_global=True)


def _chat_above(inner: Sequence[bytes], title: bytes) -> ChatFact:
    """Make the chat of the folder above, as if its notes lay in that folder itself."""
    native = os.fsdecode(b"/".join(inner[:-1]))
    return ChatFact(
        ChatKind.FOLDER, native, os.fsdecode(title), _APP_CONFIDENCE, "folder"
    )


def _is_thread(parts: Sequence[bytes]) -> bool:
    in_box = len(parts) >= 2 and parts[-2].lower() in _MESSENGER_BOXES
    return in_box or _SURE_THREAD.fullmatch(parts[-1]) is not None


def _thread_name(name: bytes) -> bytes:
    """Take the identity off the name of a thread's folder."""
    for pattern in (_THREAD_NUMBER, _THREAD_CODE, _THREAD_OTHER):
        match = pattern.fullmatch(name)
        if match is not None:
            return match["name"]
    return name
