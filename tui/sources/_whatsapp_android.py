"""WhatsApp's media folders on Android, at whatever level they are synced.

A phone has them at `Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Voice Notes`,
older ones at `WhatsApp/Media/...`; Business and clones have their own names in place
of WhatsApp's. Any of these folders may be the root.
"""

from __future__ import annotations

import os
import re
from collections import deque
from typing import TYPE_CHECKING

from tui.model import SourceKind
from tui.sources._api import Detection
from tui.sources._facts import VOICE_FOLDER, facts_of
from tui.sources._names import is_ignored_folder
from tui.sources._stamps import read_name
from tui.sources._weeks import is_week_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.sources._api import FileSeen, Folder, NoteFacts

__all__ = ["WhatsAppAndroid"]

_ANY_MEDIA = re.compile(
    rb"[A-Za-z]{0,4}WhatsApp(?: Business)? [A-Za-z ]+", re.IGNORECASE
)
_ON_THE_WAY = re.compile(
    rb"Android|Media|com\.[a-z0-9_.]*whatsapp[a-z0-9_.]*"
    rb"|[A-Za-z]{0,4}WhatsApp(?: Business)?",
    re.IGNORECASE,
)
"""Folders between a phone's root and WhatsApp's media, followed to any depth."""
_DEPTH = 2
"""How many folders of other names may lie between a root and such a folder."""
_FOLDERS = 400
"""At how many folders a detection looks at most."""


class WhatsAppAndroid:
    """The source kind for WhatsApp's media folders."""

    @property
    def kind(self) -> SourceKind:
        """The kind that it detects."""
        return SourceKind.WHATSAPP_ANDROID

    def detect(self, folder: Folder) -> Detection | None:
        """Tell whether a folder is, holds or lies in WhatsApp's media folders.

        Args:
            folder: The folder to look at, and below it as far as needed.

        Returns:
            The detection, or None when nothing speaks for it.
        """
        found = _own_name(folder) or _search(folder)
        if found is None:
            return None
        score, reason, app = found
        label = os.fsdecode(app) or "WhatsApp"
        return Detection(self.kind, folder.path, score, (reason,), label)

    def facts(self, root: bytes, files: Iterable[FileSeen]) -> Iterator[NoteFacts]:
        """Tell what is known of each note; files beside the tree are plain recordings.

        Args:
            root: The root of the detection.
            files: Files below the root, in any number and order.

        Returns:
            One NoteFacts for each file that can be a note.
        """
        return facts_of(root, files)


_Found = tuple[int, str, bytes]
"""Score, reason, and the app."""


def _own_name(folder: Folder) -> _Found | None:
    """Judge a folder by its own name, then by the weeks in it."""
    parts = folder.path.rstrip(b"/").split(b"/")
    for name in (parts[-1], parts[-2] if len(parts) > 1 else b""):
        match = VOICE_FOLDER.fullmatch(name)
        if match is not None and (name is parts[-1] or _is_inner(parts[-1])):
            return 100, f"in a folder named “{os.fsdecode(name)}”", match["app"]
    if is_week_folder(parts[-1]) and _has_notes(folder):
        return 75, "a week's folder with voice notes", b""
    return None


def _is_inner(name: bytes) -> bool:
    return is_week_folder(name) or name.lower() in {b"sent", b"private"}


def _has_notes(folder: Folder) -> bool:
    return any(
        name[:4].upper() == b"PTT-" and read_name(name).is_whatsapp
        for name in folder.names()
    )


def _search(folder: Folder) -> _Found | None:
    """Look for WhatsApp's folders below a folder, where they mostly are first."""
    likely = [(folder, _DEPTH)]
    others: deque[tuple[Folder, int]] = deque()
    best: _Found | None = None
    for _ in range(_FOLDERS):
        if not likely and not others:
            break
        place, depth = likely.pop() if likely else others.popleft()
        found = _children(place)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
        if best is not None and best[0] == 100:
            break
        for name in sorted(place.names()):
            if not place.is_folder(name) or is_ignored_folder(name):
                continue
            if _ON_THE_WAY.fullmatch(name):
                likely.append((place.folder(name), depth))
            elif depth:
                others.append((place.folder(name), depth - 1))
    return best


def _children(place: Folder) -> _Found | None:
    """Judge a folder by the folders in it."""
    folders = [name for name in place.names() if place.is_folder(name)]
    for name in sorted(folders):
        match = VOICE_FOLDER.fullmatch(name)
        if match is not None:
            return 100, f"has a folder named “{os.fsdecode(name)}”", match["app"]
    media = [name for name in folders if _ANY_MEDIA.fullmatch(name)]
    if len(media) >= 2:
        app = media[0].lower().partition(b"whatsapp")
        return (
            90,
            f"has {len(media)} of WhatsApp's media folders",
            (media[0][: len(app[0]) + len(app[1])]),
        )
    for name in sorted(folders):
        if is_week_folder(name) and _has_notes(place.folder(name)):
            return 75, "has a week's folder with voice notes", b""
    return None
