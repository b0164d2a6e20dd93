"""Plain folders of recordings: each folder is a chat, the names may tell the time."""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING

from tui.model import SourceKind
from tui.sources._api import Detection
from tui.sources._app_folders import is_iphone_chat
from tui.sources._facts import facts_of
from tui.sources._names import is_audio_name, is_ignored, is_ignored_folder
from tui.sources._stamps import read_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.sources._api import FileSeen, Folder, NoteFacts

__all__ = ["Folders"]

_RECORDER = re.compile(
    rb"Recordings|Voice Recorder|Sounds|Easy ?Voice ?Recorder|sound_recorder|call_rec"
    rb"|SoundRecord|Record|Audio ?Recorder|Voice ?Memos|Call",
    re.IGNORECASE,
)
"""Folders that recorder apps make."""
_FOLDERS = 200
"""At how many folders a detection looks at most."""
_ENOUGH = 3
"""Names with a moment in them that make a folder a recorder's."""


class Folders:
    """The source kind for plain folders of recordings."""

    @property
    def kind(self) -> SourceKind:
        """The kind that it detects."""
        return SourceKind.FOLDER

    def detect(self, folder: Folder) -> Detection | None:
        """Tell whether a folder holds recordings, itself or below.

        Args:
            folder: The folder to look at, and below it as far as needed.

        Returns:
            The detection, or None when no recording was found.
        """
        label = os.fsdecode(_last(folder.path))
        found = list(islice(_recordings(folder), 1000))
        if not found:
            return None
        kind, score, reasons = self.kind, 30, ["has recordings"]
        if any(_is_of_iphone(place) for place in {place for place, _ in found}):
            kind, score = SourceKind.WHATSAPP_IOS, 75
            reasons = ["has folders of WhatsApp's chats on an iPhone"]
        elif sum(read_name(name).moment is not None for _, name in found) >= _ENOUGH:
            score, reasons = 70, ["has recordings with a time in their names"]
        if _RECORDER.fullmatch(_last(folder.path)):
            score = max(score, 70)
            reasons.append("named as a recorder app names its folder")
        return Detection(kind, folder.path, score, tuple(reasons), label)

    def facts(self, root: bytes, files: Iterable[FileSeen]) -> Iterator[NoteFacts]:
        """Tell what is known of each note; folders of WhatsApp keep their own rules.

        Args:
            root: The root of the detection.
            files: Files below the root, in any number and order.

        Returns:
            One NoteFacts for each file that can be a note.
        """
        return facts_of(root, files)


def _last(path: bytes) -> bytes:
    """Return the name of a folder; the root's is a slash."""
    return path.rstrip(b"/").rpartition(b"/")[2] or b"/"


def _is_of_iphone(path: bytes) -> bool:
    return any(map(is_iphone_chat, path.split(b"/")))


def _recordings(folder: Folder) -> Iterator[tuple[bytes, bytes]]:
    """Yield folder and name of recordings in a folder and below, nearest first."""
    queue = [folder]
    for looked, place in enumerate(queue):
        if looked >= _FOLDERS:
            return
        for name in sorted(place.names()):
            if place.is_folder(name):
                if not is_ignored_folder(name):
                    queue.append(place.folder(name))
            elif is_audio_name(name) and not is_ignored(name):
                yield place.path, name
