"""What the exports of messengers have in common: attachments beside the document.

An export names its attachments by paths that people and programs wrote: with slashes of
either kind, encoded as in an address, absolute on another machine. Here they become the
paths of claims, and are looked up beside the document.
"""

from __future__ import annotations

import os
import re
import unicodedata
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from tui.archives import split
from tui.documents._document import moment_of_utc, moment_of_wall
from tui.errors import DocumentError
from tui.media import HEAD_BYTES, TAIL_BYTES, Wholeness, probe_bytes
from tui.model import Precision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from tui.archives import FolderView
    from tui.documents._api import Moment

__all__ = [
    "Beside",
    "identity",
    "is_film_name",
    "is_sound_name",
    "last_parts",
    "moment_of_iso",
    "moment_of_ms",
    "parts_of",
    "safe_path",
]

_SOUNDS = frozenset(
    {
        *(".opus", ".ogg", ".oga", ".spx", ".m4a", ".m4b", ".aac", ".mp3", ".mpga"),
        *(".wav", ".wave", ".amr", ".awb", ".3ga", ".caf", ".qta", ".flac", ".wma"),
        *(".weba", ".mka", ".aif", ".aiff", ".aifc", ".au", ".ape", ".wv", ".tta"),
    }
)
_FILMS = frozenset({".mp4", ".webm", ".3gp", ".3gpp", ".mpeg", ".mpg", ".asf"})
"""Suffixes that sounds share with films."""

_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]|[/\\]|~/")
"""The beginning of an address, or of a path that is absolute somewhere."""

_LONGEST = 4096
_FIRST_YEAR = 1990
"""Earlier times are clocks that were never set."""
_MOST_FOLDERS = 64


def _suffix(name: str) -> str:
    return name[name.rfind(".") :].lower() if "." in name else ""


def is_sound_name(name: str) -> bool:
    """Tell whether a file of this name, or at the end of this path, is sound."""
    return _suffix(name) in _SOUNDS


def is_film_name(name: str) -> bool:
    """Tell whether a file of this name is either a film or sound."""
    return _suffix(name) in _FILMS


def parts_of(text: str, *, backslash: bool = False) -> list[str] | None:
    r"""Take a path apart that somebody else wrote.

    Args:
        text: A path.
        backslash: Whether `\` parts it too, as on Windows.

    Returns:
        Its parts without empty ones and `.`; None for a path that goes up, or that no
        file can have.
    """
    if backslash:
        text = text.replace("\\", "/")
    if not text or len(text) > _LONGEST or "\0" in text:
        return None
    parts = [part for part in text.split("/") if part not in {"", "."}]
    return None if not parts or ".." in parts else parts


def _encoded(parts: list[str]) -> bytes:
    try:
        return os.fsencode(unicodedata.normalize("NFC", "/".join(parts)))
    except UnicodeEncodeError:  # half of a surrogate pair: no file is called so
        return b""


def safe_path(text: str, *, backslash: bool = False) -> bytes:
    r"""Make the path of a claim of a path relative to the document's folder.

    Args:
        text: The path as the document has it.
        backslash: Whether `\` parts it too.

    Returns:
        UTF-8 in NFC without `.` and `..`; empty for a path that leaves the folder, for
        an absolute one, and for an address on the web.
    """
    if _ELSEWHERE.match(text):
        return b""
    parts = parts_of(text, backslash=backslash)
    return _encoded(parts) if parts else b""


def last_parts(parts: list[str] | None, count: int) -> bytes:
    """Make the end of a path, for a claim on a file that lies somewhere else."""
    return _encoded(parts[-count:]) if parts else b""


def identity(*parts: object) -> str:
    """Make the key of a message that has no id of its own out of what it tells."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=12).hexdigest()


def moment_of_ms(ms: float | None) -> Moment | None:
    """Make the time of a message of milliseconds since 1970 in UTC."""
    return None if ms is None else moment_of_utc(ms / 1000)


def moment_of_iso(text: str) -> Moment | None:
    """Make the time of a message of ISO 8601 text, e.g. `2024-08-15T13:26:33.123`.

    Args:
        text: Date and time; without an offset from UTC it is a wall clock, known to
            the second.

    Returns:
        None for anything else.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            return moment_of_utc(moment.timestamp())
    except (ValueError, OverflowError):
        return None
    if moment.year < _FIRST_YEAR:
        return None
    parts = (*moment.timetuple()[:6], moment.microsecond)
    return moment_of_wall(parts, Precision.SECOND)


class Beside:
    """What lies in the folder of a document and below it; folders are listed once.

    Args:
        folder: The document's.
    """

    def __init__(self, folder: FolderView) -> None:
        self._folder = folder
        self.names = lru_cache(_MOST_FOLDERS)(self._names)
        """By the path of a sub-folder (empty for the folder itself): the names in it,
        in NFC; empty where there is none."""

    def _names(self, folder: bytes) -> frozenset[bytes]:
        view = self._folder
        for part in folder.split(b"/") if folder else ():
            view = view.folder(part)
        return frozenset(_composed(name) for name in view.names())

    def has(self, path: bytes) -> bool:
        """Tell whether a file of this path is there."""
        folder, _, name = path.rpartition(b"/")
        return bool(name) and name in self.names(folder)

    def first(self, paths: Iterable[bytes]) -> bytes:
        """Return the first of some paths that is there, else the first at all."""
        some = [path for path in paths if path]
        return next(filter(self.has, some), some[0] if some else b"")

    def can_look(self, path: bytes) -> bool:
        """Tell whether a file is there that may be looked into: in no archive."""
        if self._folder.path != b"/" and split(self._folder.path) is not None:
            return False
        return self.has(path)

    def is_sound(self, path: bytes) -> bool:
        """Tell whether a file whose name may be a film's is there and only sound.

        Members of archives are not looked into: each would have to be unpacked.
        """
        if not self.can_look(path):
            return False
        try:
            with self._folder.open(path) as file:
                return _is_sound(file)
        except (OSError, DocumentError):
            return False


def _is_sound(file: BinaryIO) -> bool:
    def read(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    size = file.seek(0, os.SEEK_END)
    head = read(0, HEAD_BYTES)
    tail = read(max(0, size - TAIL_BYTES), TAIL_BYTES)
    probe = probe_bytes(head, tail, size, read)
    is_whole = probe.wholeness in {Wholeness.PROVEN, Wholeness.PLAUSIBLE}
    return is_whole and probe.has_audio and not probe.has_video


def _composed(name: bytes) -> bytes:
    if name.isascii():
        return name
    try:
        return unicodedata.normalize("NFC", name.decode()).encode()
    except UnicodeDecodeError:
        return name
