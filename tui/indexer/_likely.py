"""Where voice notes may lie on this machine: the search of the first start.

Bounded in depth, folders and seconds, so that it never keeps anybody waiting: it is
only to spare typing a path. Hidden folders are left out, and nothing is written.
"""

from __future__ import annotations

import importlib.util
import os
import re
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from tui.archives import FolderView
from tui.errors import EarmarkError
from tui.indexer._detect import detect_source, joined
from tui.indexer._signs import signs_in, signs_of
from tui.model import DocumentKind, SourceKind
from tui.sources import (
    ACCEPT_SCORE,
    ASK_SCORE,
    candidates,
    is_audio_name,
    is_ignored_folder,
    kind_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tui.indexer._signs import Sign
    from tui.sources import Detection

__all__ = ["Likely", "Lock", "likely", "places", "search"]

DEPTH = 3
FOLDERS = 2_000
SECONDS = 2.0
_OPENED = 6
"""How many files of a folder are opened: there are many folders."""
_IN_HOME = (
    *("Sync", "Syncthing", "WhatsApp", "Telegram Desktop", "Recordings"),
    *("Downloads", "Documents", "Music", "Desktop", "storage/shared"),
    "Library/Application Support/MobileSync/Backup",
    "AppData/Roaming/Apple Computer/MobileSync/Backup",
    "Apple/MobileSync/Backup",
    "Library/Group Containers/group.com.apple.VoiceMemos.shared/Recordings",
    ".var/app/org.telegram.desktop",
)
_MOUNTS = (b"/run/media", b"/media", b"/Volumes")
_SKIPPED = frozenset(
    {b"library", b"appdata", b"snap", b"node_modules", b"__pycache__", b"tdata"}
)
"""Folders of programs, in lower case: thousands of files, and no notes."""
_SHARED = frozenset({b"documents", b"downloads", b"desktop", b"music"})
"""Folders with all sorts of things in them, in lower case."""
_WHATSAPP = re.compile(rb"whatsapp", re.IGNORECASE)
_INSIDE = re.compile(
    rb"media|databases|backups|[a-z]{0,4}whatsapp(?: business)? [a-z ]+",
    re.IGNORECASE,
)
"""Folders that WhatsApp has in its own."""
_ON_THE_WAY = re.compile(
    rb"android|media|databases|backups|.*whatsapp.*", re.IGNORECASE
)


class Lock(NamedTuple):
    """Something encrypted, and what opens it."""

    path: bytes
    is_phone: bool
    """Whether it is the backup of an iPhone: then a passphrase opens it."""


class Likely(NamedTuple):
    """A folder that may be worth watching."""

    root: bytes
    kind: SourceKind
    what: str
    """The kind in words."""
    score: int
    reasons: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """What would tell more, a sentence each without the full stop."""
    locks: tuple[Lock, ...] = ()
    contacts: tuple[bytes, ...] = ()
    """Address books in it."""

    @property
    def is_sure(self) -> bool:
        """Whether it is to be watched unless the user says no."""
        return self.score >= ACCEPT_SCORE


def places(home: bytes, mounts: Sequence[bytes] = _MOUNTS) -> list[bytes]:
    """List where to look, the most likely first.

    Args:
        home: The user's home.
        mounts: Folders that disks are mounted in, or in folders of users in them.

    Returns:
        Absolute paths of folders that are there; the last is the home itself.
    """
    found = [home.rstrip(b"/") + b"/" + each.encode() for each in _IN_HOME]
    for mount in mounts:
        for name in _folders_in(mount):
            disk = mount + b"/" + name
            found.append(disk)
    return [path for path in (*found, home) if os.path.isdir(path)]  # bytes


def likely(path: bytes, is_over: Callable[[], bool] = bool) -> Likely:
    """Tell what a folder is that the user named.

    Args:
        path: Its absolute path.
        is_over: Whether to stop looking.

    Raises:
        SourceError: It is no folder, or can't be read.
    """
    return _whole(detect_source(path, is_over)[0], is_over)


def search(
    start: Iterable[bytes],
    *,
    is_stopped: Callable[[], bool] = bool,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Likely | bytes | None]:
    """Look for folders with voice notes.

    Args:
        start: Where to begin, the most likely first; the last is the user's home.
        is_stopped: Whether nobody wants to know any more.
        clock: Seconds.

    Yields:
        A folder; the path of an address book; or None, after each folder that is
        neither. A folder that is told takes the place of those told before that lie
        in it.
    """
    yield from _Search(list(start), is_stopped, clock).found()


class _Search:
    """One search: what is still to be looked at, and what was found."""

    def __init__(
        self,
        start: list[bytes],
        is_stopped: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._home = start[-1] if start else b""
        self._start = set(start)
        self._waiting = deque((path, 0) for path in start)
        self._end = clock() + SECONDS
        self._is_stopped = is_stopped
        self._clock = clock
        self._seen: set[tuple[int, int]] = set()
        self._told: dict[bytes, Likely] = {}

    def found(self) -> Iterator[Likely | bytes | None]:
        """Look into one folder after another, upper ones first."""
        looked = 0
        while self._waiting and looked < FOLDERS and not self._is_over():
            path, depth = self._waiting.popleft()
            if not self._is_new(path) or self._holder(path) is not None:
                continue
            looked += 1
            view = FolderView(path)
            result = None
            if path != self._home:
                signs = list(signs_of(view, self._is_over, most=_OPENED))
                yield from (s.path for s in signs if s.kind is None)
                result = self._judged(view, signs)
            if result is not None:
                self._told[result.root] = result
                yield result
                if result.is_sure:
                    continue
            yield None
            if depth < DEPTH:
                self._waiting.extend((each, depth + 1) for each in _below(view))

    def _is_over(self) -> bool:
        return self._is_stopped() or self._clock() >= self._end

    def _is_new(self, path: bytes) -> bool:
        """Tell whether a folder was not looked at yet, by whatever name."""
        try:
            status = os.stat(path)
        except OSError:
            return False
        identity = (status.st_dev, status.st_ino)
        is_new = identity not in self._seen
        self._seen.add(identity)
        return is_new

    def _holder(self, path: bytes) -> Likely | None:
        for root, each in self._told.items():
            if each.is_sure and (path + b"/").startswith(root + b"/"):
                return each
        return None

    def _judged(self, view: FolderView, signs: list[Sign]) -> Likely | None:
        names = view.names()
        is_named = _WHATSAPP.search(view.path.rpartition(b"/")[2]) is not None
        has_sound = any(is_audio_name(n) and not view.is_folder(n) for n in names)
        has_sign = any(sign.kind is not None for sign in signs)
        if not (has_sign or has_sound or is_named):
            return None
        root = self._root_for(view.path)
        try:
            if root != view.path:
                signs = list(signs_in(root, self._is_over))
            found = joined(root, candidates(root), signs)
        except EarmarkError:
            return None  # it can't be read
        if not found or found[0].score < ASK_SCORE:
            return None
        return self._merged(_whole(found[0], self._is_over))

    def _root_for(self, path: bytes) -> bytes:
        """Go up where the databases lie beside the media."""
        while _INSIDE.fullmatch(path.rpartition(b"/")[2]):
            above = path.rpartition(b"/")[0]
            if above in self._start or not above:
                break
            path = above
        return path

    def _merged(self, found: Likely) -> Likely:
        """Take the folder above for two of a kind that lie beside each other."""
        above = found.root.rpartition(b"/")[0]
        name = above.rpartition(b"/")[2].lower()
        is_shared = name in _SHARED and found.kind is SourceKind.FOLDER
        if above in {self._home, b""} or is_shared or above in _MOUNTS:
            return found
        others = [
            each
            for each in self._told.values()
            if each.kind is found.kind
            and each.root != found.root
            and each.root.rpartition(b"/")[0] == above
        ]
        if not others:
            return found
        try:
            whole = likely(above, self._is_over)
        except EarmarkError:
            return found
        return whole if whole.kind is found.kind else found


def _whole(detection: Detection, is_over: Callable[[], bool]) -> Likely:
    """Tell what a folder would need, too."""
    root = detection.root
    signs = list(signs_in(root, is_over))
    if detection.kind is SourceKind.WHATSAPP_ANDROID:
        signs += _databases(root, is_over)
    locks = {
        sign.path: Lock(sign.path, sign.kind is SourceKind.IOS_BACKUP)
        for sign in signs
        if sign.is_locked
    }
    return Likely(
        root,
        detection.kind,
        kind_words(detection.kind),
        detection.score,
        detection.reasons,
        tuple(_needs(detection.kind, signs)),
        tuple(locks.values()),
        tuple(dict.fromkeys(sign.path for sign in signs if sign.kind is None)),
    )


def _needs(kind: SourceKind, signs: Sequence[Sign]) -> Iterator[str]:
    if any(sign.is_locked and sign.kind is SourceKind.IOS_BACKUP for sign in signs):
        yield "its passphrase opens it"
        if importlib.util.find_spec("iphone_backup_decrypt") is None:
            yield "to open it: pip install 'earmark[ios]'"
    if kind is not SourceKind.WHATSAPP_ANDROID:
        return
    documents = {sign.document for sign in signs}
    if any(sign.is_locked and sign.document for sign in signs):
        yield "the key of its encrypted backup tells chats, people and times"
    elif not documents & {
        DocumentKind.WHATSAPP_DATABASE,
        DocumentKind.WHATSAPP_BACKUP,
        DocumentKind.WHATSAPP_EXPORT,
    }:
        yield "msgstore.db or exported chats beside it would tell who speaks"


def _databases(root: bytes, is_over: Callable[[], bool]) -> Iterator[Sign]:
    """Look for WhatsApp's databases, some folders below what is synced of a phone."""
    waiting = deque([(root, 0)])
    while waiting and not is_over():
        path, depth = waiting.popleft()
        view = FolderView(path)
        if depth:
            yield from signs_of(view, is_over)
        if depth < 5:
            waiting.extend(
                (path + b"/" + name, depth + 1)
                for name in sorted(view.names())
                if _ON_THE_WAY.fullmatch(name) and view.is_folder(name)
            )


def _below(view: FolderView) -> Iterator[bytes]:
    path = view.path.rstrip(b"/")
    for name in sorted(view.names()):
        is_left_out = name[:1] == b"." or name.lower() in _SKIPPED
        if not is_left_out and view.is_folder(name) and not is_ignored_folder(name):
            yield path + b"/" + name


def _folders_in(path: bytes) -> list[bytes]:
    view = FolderView(path)
    return sorted(name for name in view.names() if view.is_folder(name))
