"""From paths to facts: what place and name of a file tell about the note in it.

WhatsApp's folders have their own rules, wherever they lie, and so have those of some
other apps (`_app_folders`); everything else is a plain folder of recordings. All are
told here, folder by folder and not by the kind of the source: a source may hold each of
them, and a folder that was plain when it was added may get WhatsApp's tree later.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.model import ChatKind, Direction, NoteKind
from tui.sources._api import ChatFact, NoteFacts, SenderFact
from tui.sources._app_folders import app_folder, is_screen_folder
from tui.sources._names import (
    is_audio_name,
    is_film_name,
    is_ignored,
    is_ignored_folder,
)
from tui.sources._stamps import SCREEN_TITLE, read_name, time_of
from tui.sources._weeks import is_week_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.sources._api import FileSeen
    from tui.sources._stamps import NameFacts

__all__ = ["VOICE_FOLDER", "MediaFolder", "facts_of", "media_folder"]

_TYPES = {
    b"voice notes": NoteKind.VOICE,
    b"audio": NoteKind.AUDIO,
    b"video notes": NoteKind.VIDEO_NOTE,
}
VOICE_FOLDER = re.compile(
    rb"(?P<app>[A-Za-z]{0,4}WhatsApp(?: Business)?) "
    rb"(?P<type>Voice Notes|Audio|Video Notes)",
    re.IGNORECASE,
)
"""WhatsApp's folders with recordings, for each of its apps and clones."""

_OTHER_MEDIA = re.compile(
    rb"[A-Za-z]{0,4}WhatsApp(?: Business)? (?:Video|Images|Documents|Animated Gifs"
    rb"|Stickers|Sticker Packs|Profile Photos|AI Media|Music|Quick Reply Attachments"
    rb"|Backup Excluded Stickers)",
    re.IGNORECASE,
)
"""WhatsApp's folders without recordings."""

_STANDARD = re.compile(
    rb"Android|media|com\.[A-Za-z0-9_.]*whatsapp[A-Za-z0-9_.]*|Media"
    rb"|[A-Za-z]{0,4}WhatsApp(?: Business)?",
    re.IGNORECASE,
)
"""Folders on the way to WhatsApp's media, the same on each phone."""

_PRIVATE_APPS = re.compile(rb"(?:.*/)?Android/(?:data|obb)(?:/.*)?", re.DOTALL)
"""Where Android's apps keep what they need themselves: sounds of games, caches."""

_ARCHIVE = re.compile(rb"(?:\.(?:zip|mbox|eml))?/(?=/|$)", re.IGNORECASE)
"""The end of an archive in a path, without which its name reads better."""

_SUSPECT = (b".", b"~")
_SENT, _PRIVATE = b"sent", b"private"
_ME = SenderFact("me", 1.0, "folder", is_me=True)


@dataclass(frozen=True, slots=True)
class MediaFolder:
    """One of WhatsApp's folders with recordings, or a folder below it."""

    kind: NoteKind
    app: bytes
    """E.g. `WhatsApp`, `WhatsApp Business`, `GBWhatsApp`."""
    above: tuple[bytes, ...]
    """The folders above it."""
    below: tuple[bytes, ...]
    """The folders below it, down to this one."""


def media_folder(parts: Sequence[bytes]) -> MediaFolder | None:
    """Tell whether a path lies in one of WhatsApp's folders with recordings.

    Args:
        parts: The names of the folders, outermost first.

    Returns:
        The innermost such folder, or None.
    """
    for at in range(len(parts) - 1, -1, -1):
        match = VOICE_FOLDER.fullmatch(parts[at])
        if match is not None:
            kind = _TYPES[match["type"].lower()]
            return MediaFolder(
                kind, match["app"], tuple(parts[:at]), tuple(parts[at + 1 :])
            )
    return None


@dataclass(frozen=True, slots=True)
class _Place:
    """What a folder tells about every file in it."""

    chat: ChatFact
    kind: NoteKind = NoteKind.VOICE
    direction: Direction = Direction.UNKNOWN
    sender: SenderFact | None = None
    whatsapp: ChatFact | None = None
    """The chat of files with WhatsApp's names, where it is another."""
    is_media: bool = False
    """Whether the folder is for recordings only, so that films are notes too."""
    is_screen: bool = False
    """Whether films in the folder are films of the screen."""


def facts_of(root: bytes, files: Iterable[FileSeen]) -> Iterator[NoteFacts]:
    """Tell what is known of each note among some files.

    Args:
        root: The root of the source.
        files: Files below it, in any number and order.

    Yields:
        One NoteFacts for each file that can be a note.
    """
    places: dict[bytes, _Place | None] = {}
    for file in files:
        name = file.name
        # Of names with a sound's suffix, only these can be ignored ones.
        if not is_audio_name(name) or (name[:1] in _SUSPECT and is_ignored(name)):
            continue
        folder = file.folder
        if folder in places:
            place = places[folder]
        else:
            place = places[folder] = _place(root, folder)
        if place is not None:
            yield _facts(place, folder, name, file.mtime_ns)


def _facts(place: _Place, folder: bytes, name: bytes, mtime_ns: int) -> NoteFacts:
    told = read_name(name)
    kind = told.kind
    if kind is not NoteKind.VOICE:
        if told.is_screen or (place.is_screen and is_film_name(name)):
            return _screen_film(place, told, folder, name, mtime_ns)
        if place.is_media or kind is not NoteKind.AUDIO:
            kind = place.kind
    chat = place.chat
    if told.is_whatsapp and place.whatsapp is not None:
        chat = place.whatsapp
    return NoteFacts(
        folder,
        name,
        kind,
        chat,
        time_of(told, mtime_ns),
        place.direction,
        place.sender,
        told.number,
        told.title,
        told.base_name,
        not place.is_media and is_film_name(name),
    )


def _screen_film(
    place: _Place, told: NameFacts, folder: bytes, name: bytes, mtime_ns: int
) -> NoteFacts:
    """Tell of a film of the screen, which is a note although it has a picture."""
    return NoteFacts(
        folder,
        name,
        NoteKind.VIDEO_NOTE,
        place.chat,
        time_of(told, mtime_ns),
        place.direction,
        place.sender,
        told.number,
        told.title or SCREEN_TITLE,
        told.base_name,
    )


def _place(root: bytes, folder: bytes) -> _Place | None:
    """Tell what a folder is; None where no file of it can be a note."""
    # An archive is followed by an empty part: its slash is doubled.
    inner = tuple(filter(None, folder.split(b"/")))
    if any(map(is_ignored_folder, inner)) or _PRIVATE_APPS.fullmatch(folder):
        return None
    media = media_folder(inner)
    if media is not None:
        return _media_place(media, media.above)
    if any(map(_OTHER_MEDIA.fullmatch, inner)):
        return None
    outer = tuple(part for part in root.split(b"/") if part)
    if all(map(_is_inside_media, inner)):
        media = media_folder(outer)
        if media is not None and all(map(_is_inside_media, media.below)):
            return _media_place(media, ())
    app = app_folder(outer, inner)
    if app is not None:
        return _Place(app.chat, app.kind, is_media=app.is_media)
    last = inner[-1] if inner else outer[-1] if outer else b""
    name = _ARCHIVE.sub(b"", folder).replace(b"/", b" / ") or last or b"/"
    chat = ChatFact(
        ChatKind.FOLDER, os.fsdecode(folder), os.fsdecode(name), 0.5, "folder"
    )
    unmatched = _unmatched(b"WhatsApp", inner[:-1]) if is_week_folder(last) else None
    return _Place(chat, whatsapp=unmatched, is_screen=is_screen_folder(last))


def _is_inside_media(name: bytes) -> bool:
    """Tell whether WhatsApp makes folders of this name below its media folders."""
    return name.lower() in {_SENT, _PRIVATE} or is_week_folder(name)


def _media_place(media: MediaFolder, above: tuple[bytes, ...]) -> _Place:
    chat = _unmatched(media.app, above)
    below = {name.lower() for name in media.below}
    if _SENT in below:
        return _Place(chat, media.kind, Direction.SENT, _ME, is_media=True)
    # Recorded notes lie together, sent and received; attached sound is only ever
    # received, but for what lies in the folder for sent ones.
    received = media.kind is NoteKind.AUDIO
    direction = Direction.RECEIVED if received else Direction.UNKNOWN
    return _Place(chat, media.kind, direction, is_media=True)


def _unmatched(app: bytes, above: Sequence[bytes]) -> ChatFact:
    """Make the chat for all notes of one app on one phone.

    The app has moved its folder once, and a user may sync any level of it. So what is
    the same on every phone is left out of the chat's identity.
    """
    own = list(above)
    while own and _STANDARD.fullmatch(own[-1]):
        own.pop()
    place = os.fsdecode(b" / ".join(own))
    name = os.fsdecode(app)
    hints = [
        hint for hint in (place, "" if name.lower() == "whatsapp" else name) if hint
    ]
    title = f"Unmatched ({', '.join(hints)})" if hints else "Unmatched"
    native = f"{os.fsdecode(b'/'.join(own))}|{name.lower()}"
    return ChatFact(ChatKind.UNMATCHED, native, title, 0.0, "nothing names the chat")
