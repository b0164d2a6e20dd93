"""Archives that are open: found by path, kept while they do not change.

Each thread has its own few. An archive is opened anew when its file has another time,
size or inode; what is in it is listed once.
"""

from __future__ import annotations

import errno
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO

from tui.errors import DocumentError, LockedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.archives._api import Archive, ArchiveFormat, Member

__all__ = ["Index", "format_of", "index_of", "open_member"]

_KEPT = 4
"""Archives that a thread keeps open."""

_HOMES = (
    ("tui.archives._zip", "ZipFormat"),
    ("tui.archives._mail", "MailFormat"),
    ("tui.archives._ios_backup", "IosBackupFormat"),
)
"""All kinds of archive, loaded when the first name is asked for that may be one."""
_ENDS = (b".zip", b".eml", b"mbox", b"manifest.db")
"""Ends of their names; without one of these nearly no name is worth a closer look."""
_MAIL_FOLDERS = (b"/cur", b"/new")
"""Where mails have names of all kinds."""

_local = threading.local()

_Identity = tuple[int, int, int, int]


@dataclass(slots=True)
class Index:
    """What is in an archive, by folder."""

    files: dict[bytes, list[Member]] = field(default_factory=dict)
    """Members by the path of their folder, relative to the archive."""
    folders: dict[bytes, set[bytes]] = field(default_factory=dict)
    """Names of folders by the path of the folder that they are in."""


@dataclass(slots=True)
class _Open:
    """An archive; none if no key opens it, since trying them again takes seconds."""

    identity: _Identity
    archive: Archive | None
    reason: str = ""
    index: Index | None = None

    def close(self) -> None:
        if self.archive is not None:
            self.archive.close()


def format_of(folder: bytes, name: bytes) -> ArchiveFormat | None:
    """Tell what opens a file, by its place and name; None for what is no archive."""
    if not name.lower().endswith(_ENDS) and not folder.endswith(_MAIL_FOLDERS):
        return None
    return next((each for each in _formats() if each.fits(folder, name)), None)


@cache
def _formats() -> tuple[ArchiveFormat, ...]:
    # Whole or not at all: another thread may ask while the first one still imports.
    return tuple(getattr(import_module(module), kind)() for module, kind in _HOMES)


def index_of(path: bytes) -> Index:
    """List an archive.

    Args:
        path: Its file.

    Raises:
        DocumentError: It is no archive, is broken or locked.
        OSError: It can't be read.
    """
    found = _open(path)
    archive = _usable(found, path)
    if found.index is None:
        index = Index({b"": []}, {b"": set()})
        for member in archive.members():
            _place(index, member)
        found.index = index
    return found.index


def open_member(path: bytes, member: bytes) -> BinaryIO:
    """Open a member of an archive.

    Args:
        path: The archive's file.
        member: The path inside of it.

    Raises:
        OSError: There is no such archive or member, or it can't be read.
    """
    try:
        return _usable(_open(path), path).open(member)
    except DocumentError as error:
        raise OSError(errno.EIO, error.reason, path) from error


def _place(index: Index, member: Member) -> None:
    folder = member.path.rpartition(b"/")[0]
    index.files.setdefault(folder, []).append(member)
    while folder:
        index.folders.setdefault(folder, set())
        above, _, name = folder.rpartition(b"/")
        index.folders.setdefault(above, set()).add(name)
        folder = above


def _open(path: bytes) -> _Open:
    kept: OrderedDict[bytes, _Open] = _local.__dict__.setdefault("kept", OrderedDict())
    try:
        status = os.stat(path)
    except OSError:
        # It went away, or its disk did: nothing of it may stay open.
        gone = kept.pop(path, None)
        if gone is not None:
            gone.close()
        raise
    secrets = _secrets(path)
    identity = (
        status.st_mtime_ns,
        status.st_size,
        status.st_ino,
        hash(tuple(secrets)),
    )
    known = kept.get(path)
    if known is not None:
        if known.identity == identity:
            kept.move_to_end(path)
            return known
        kept.pop(path).close()
    opened = kept[path] = _opened_anew(path, identity, secrets)
    while len(kept) > _KEPT:
        kept.popitem(last=False)[1].close()
    return opened


def _opened_anew(path: bytes, identity: _Identity, secrets: Sequence[bytes]) -> _Open:
    folder, _, name = path.rpartition(b"/")
    kind = format_of(folder, name)
    if kind is None:
        raise DocumentError(path, "no archive in a known format")
    try:
        return _Open(identity, kind.open(path, secrets))
    except LockedError as error:
        return _Open(identity, None, error.reason)


def _usable(found: _Open, path: bytes) -> Archive:
    if found.archive is None:
        raise LockedError(path, found.reason)
    return found.archive


def _secrets(path: bytes) -> Sequence[bytes]:
    from tui.keys import secrets_for

    return secrets_for(path)
