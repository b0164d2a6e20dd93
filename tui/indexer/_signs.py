"""What the files of a folder say about whose messages lie there.

Names first; a file is opened only where its name fits, and then some 64 KB of it are
read. One level of folders below is looked into too, and exported chats inside of zips.
"""

from __future__ import annotations

import logging
import os
import plistlib
import re
import sqlite3
import stat
from typing import TYPE_CHECKING, NamedTuple
from xml.parsers.expat import ExpatError

from tui.archives import FolderView, index_of
from tui.documents import READ_SCORE, Document, is_document_name, recognise
from tui.errors import DocumentError
from tui.indexer._walk import absolute
from tui.model import DocumentKind, SourceKind
from tui.sources import is_ignored, is_ignored_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Sign", "signs_in", "signs_of"]

_log = logging.getLogger(__name__)

_NAMES = 5_000
"""At how many names of a folder is looked at most."""
_FOLDERS = 60
_FILES = 24
"""How many files of a folder are opened, if not told otherwise."""
_ZIPS = 12
_PLIST_BYTES = 4 * 1024 * 1024
_INDEX, _PROPERTIES = b"Manifest.db", b"Manifest.plist"
_SHARD = re.compile(rb"[0-9a-f]{2}")
_WHATSAPP_FILES = (
    (b"7c", b"7c7fba66"),
    (b"72", b"724bd3b9"),
    (b"01", b"0184f304"),
    (b"3d", b"3d0d7e5f"),
)
"""Where a backup of an iPhone keeps the databases of WhatsApp."""
_TELEGRAM_FOLDER = b"voice_messages"

_KINDS = {
    DocumentKind.WHATSAPP_EXPORT: SourceKind.WHATSAPP_EXPORT,
    DocumentKind.WHATSAPP_DATABASE: SourceKind.WHATSAPP_ANDROID,
    DocumentKind.WHATSAPP_BACKUP: SourceKind.WHATSAPP_ANDROID,
    DocumentKind.WHATSAPP_IOS: SourceKind.WHATSAPP_IOS,
    DocumentKind.TELEGRAM: SourceKind.TELEGRAM,
    DocumentKind.SIGNAL: SourceKind.SIGNAL,
    DocumentKind.MESSENGER: SourceKind.MESSENGER,
    DocumentKind.IMESSAGE: SourceKind.IMESSAGE,
    DocumentKind.DISCORD: SourceKind.DISCORD,
    DocumentKind.MATRIX: SourceKind.MATRIX,
    DocumentKind.VOICE_MEMOS: SourceKind.VOICE_MEMOS,
    DocumentKind.MAIL: SourceKind.MAIL,
}


class Sign(NamedTuple):
    """A file, or a folder's form, that says what lies there."""

    kind: SourceKind | None
    """None for what every kind of source may have: an address book."""
    score: int
    reason: str
    """In words, with the name of the file in front."""
    path: bytes
    document: DocumentKind | None = None
    is_locked: bool = False
    """Whether it is encrypted, and nothing was given to open it."""


def signs_in(path: bytes, is_over: Callable[[], bool] = bool) -> Iterator[Sign]:
    """Look for signs in a folder and one level below it.

    Args:
        path: The absolute path of the folder.
        is_over: Whether to stop now.

    Yields:
        Signs, those of the folder itself first.
    """
    view = FolderView(path)
    yield from signs_of(view, is_over)
    below = [n for n in view.names() if view.is_folder(n) and not is_ignored_folder(n)]
    if any(map(_SHARD.fullmatch, below)) and _INDEX in view.names():
        return  # 256 folders of a backup, which its index tells about
    for name in sorted(below)[:_FOLDERS]:
        if is_over():
            return
        yield from signs_of(view.folder(name), is_over)


def signs_of(
    view: FolderView, is_over: Callable[[], bool] = bool, *, most: int = _FILES
) -> Iterator[Sign]:
    """Look for signs directly in a folder.

    Args:
        view: The folder.
        is_over: Whether to stop now.
        most: How many files are opened at most.

    Yields:
        Signs; of a backup of an iPhone just one.
    """
    backup = _iphone_backup(view)
    if backup is not None:
        yield backup
        return
    names = [name for name in view.names()[:_NAMES] if not is_ignored(name)]
    if _TELEGRAM_FOLDER in names and view.is_folder(_TELEGRAM_FOLDER):
        place = absolute(view.path, _TELEGRAM_FOLDER)
        reason = "has a folder of Telegram's voice messages"
        yield Sign(SourceKind.TELEGRAM, READ_SCORE, reason, place)
    # Texts last: there may be thousands, and few are exported chats.
    names.sort(key=lambda name: (name.lower().endswith(b".txt"), name))
    opened = zips = 0
    for name in names:
        if is_over():
            return
        if view.is_folder(name):
            continue
        if name.lower().endswith(b".zip") and zips < _ZIPS:
            zips += 1
            yield from _signs_in_zip(absolute(view.path, name), name)
        elif opened < most and is_document_name(view.path, name):
            opened += 1
            document = _there(absolute(view.path, name))
            sign = None if document is None else _sign_of(document, name)
            if sign is not None:
                yield sign


def _signs_in_zip(path: bytes, name: bytes) -> Iterator[Sign]:
    """Look for the first document in a zip: at its top, or in a folder there."""
    try:
        index = index_of(path)
    except (DocumentError, OSError):
        return  # reading it will tell
    folders = [b"", *sorted(index.folders.get(b"", ()))[:_FOLDERS]]
    for inner in folders:
        place = path + b"//" + inner
        for member in index.files.get(inner, ())[:_NAMES]:
            if not is_document_name(place, member.path.rpartition(b"/")[2]):
                continue
            document = Document(
                path + b"//" + member.path, member.size, member.mtime_ns
            )
            sign = _sign_of(document, name)
            if sign is not None and sign.kind is not None:
                yield sign
                return


def _sign_of(document: Document, shown: bytes) -> Sign | None:
    """Recognise a file; None for what tells nothing."""
    from tui.keys import secrets_for

    path = document.path
    try:
        found = recognise(document)
    except (DocumentError, OSError, sqlite3.Error) as error:
        _log.info("%r can't be looked into: %s", path, error)
        return None
    if found is None or found[1].score < READ_SCORE:
        return None
    kind, recognition = found[0].kind, found[1]
    name = shown.decode(errors="backslashreplace")
    reason = f"{name}: {recognition.reasons[0]}" if recognition.reasons else name
    is_locked = kind is DocumentKind.WHATSAPP_BACKUP and not secrets_for(path)
    return Sign(_KINDS.get(kind), recognition.score, reason, path, kind, is_locked)


def _there(path: bytes) -> Document | None:
    """A file as a document; None for one that can't be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Document(path, status.st_size, status.st_mtime_ns)


def _iphone_backup(view: FolderView) -> Sign | None:
    """Tell whether a folder is a backup of an iPhone, by its names."""
    from tui.keys import secrets_for

    names = view.names()
    is_backup = (
        _INDEX in names
        and _PROPERTIES in names
        and any(_SHARD.fullmatch(name) and view.is_folder(name) for name in names)
    )
    if not is_backup:
        return None
    path = absolute(view.path, _INDEX)
    has_whatsapp = any(
        any(name.startswith(start) for name in view.folder(shard).names())
        for shard, start in _WHATSAPP_FILES
        if view.is_folder(shard)
    )
    is_encrypted = _is_encrypted(view)
    reason = "a backup of an iPhone"
    reason += " with WhatsApp in it" if has_whatsapp else ""
    reason += ", encrypted" if is_encrypted else ""
    return Sign(
        SourceKind.IOS_BACKUP,
        100 if has_whatsapp else 70,
        reason,
        path,
        None,
        is_encrypted and not secrets_for(path),
    )


def _is_encrypted(view: FolderView) -> bool:
    try:
        properties = plistlib.loads(view.head(_PROPERTIES, _PLIST_BYTES))
        return bool(properties.get("IsEncrypted"))
    except (ValueError, TypeError, AttributeError, IndexError, ExpatError):
        return False  # also what is cut off: reading it will tell
    except (KeyError, OverflowError, RecursionError):
        return False
