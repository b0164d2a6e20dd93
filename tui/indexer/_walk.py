"""Reads folders, one at a time, newest first, and follows no link to a folder.

A folder is read whole before the next one: memory is bounded by the largest folder,
not by the tree. What can't be read is a problem of that folder and stops nothing.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tui.archives import index_of
from tui.errors import DocumentError, LockedError, PartialError
from tui.model import DocumentState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.archives import Index

__all__ = [
    "Entry",
    "Listing",
    "NameRules",
    "absolute",
    "below",
    "entry_of",
    "is_inside",
    "is_there",
    "is_vanished",
    "read",
    "walk",
    "why",
]

_RACY_NS = 1_000_000_000
"""A folder that changed within the last second may change again within the same tick
of its clock (up to 10 ms; 2 s on FAT are healed by the full scan)."""

_MAX_INT = (1 << 63) - 1

_GONE = (FileNotFoundError, NotADirectoryError)


class Entry(NamedTuple):
    """A file as the walk saw it: a `FileSeen` with an inode.

    A tuple, not a dataclass: a walk makes one for each file, at a third of the cost.
    """

    folder: bytes
    """Relative to the root; empty for the root itself."""
    name: bytes
    size: int
    mtime_ns: int
    inode: int


def _never(folder: bytes, name: bytes) -> bool:
    """Tell that no file is one."""
    del folder, name
    return False


@dataclass(frozen=True, slots=True)
class NameRules:
    """Which names the walk takes notice of."""

    is_ignored: Callable[[bytes], bool]
    """Of a file that is never shown; temporary names are among them."""
    is_temporary: Callable[[bytes], bool]
    """Of a file that a sync tool will rename when it is whole."""
    is_ignored_folder: Callable[[bytes], bool]
    is_recording: Callable[[bytes], bool] = bool
    """Of a link that is told when it leads nowhere; every name without it."""
    is_archive: Callable[[bytes, bytes], bool] = _never
    """Of a file that is read like a folder: the path of its folder, and its name."""
    is_document: Callable[[bytes, bytes], bool] = _never
    """Of a file that may tell about notes: the same."""


@dataclass(slots=True)
class Listing:
    """What lies directly in a folder."""

    folder: bytes
    mtime_ns: int = 0
    """Of the folder, taken before its names were read; 0 when it may be stale."""
    files: list[Entry] = field(default_factory=list)
    folders: list[bytes] = field(default_factory=list)
    """Paths relative to the root, newest week first."""
    temporary: list[tuple[bytes, int]] = field(default_factory=list)
    """Name and inode of files that a sync tool is still writing."""
    problems: list[tuple[bytes, str]] = field(default_factory=list)
    """Path relative to the root, and what the system says."""
    complete: bool = True
    """False when some of the folder could not be read: what is missing is not gone."""
    vanished: bool = False
    """The folder is not there (any more), or is no folder."""
    identity: tuple[int, int] = (0, 0)
    """Device and inode."""
    archive: tuple[DocumentState, str] | None = None
    """Why an archive can't be listed; None for one that can, and for folders."""
    archive_size: int = 0


def absolute(root: bytes, *parts: bytes) -> bytes:
    """Join a path below a root; empty parts are left out."""
    return b"/".join((root.rstrip(b"/"), *filter(None, parts))) or b"/"


def below(folder: bytes, name: bytes) -> bytes:
    """Join a path relative to the root; an archive's folder ends with a slash."""
    return folder + b"/" + name if folder else name


def why(error: OSError) -> str:
    """Put an error of the file system in a few words."""
    return (error.strerror or type(error).__name__).lower()


def entry_of(folder: bytes, name: bytes, status: os.stat_result) -> Entry:
    """Make an entry; times and inodes that are out of all bounds are made to fit."""
    mtime_ns = status.st_mtime_ns
    if not -_MAX_INT <= mtime_ns <= _MAX_INT:
        mtime_ns = _MAX_INT if mtime_ns > 0 else -_MAX_INT
    return Entry(folder, name, status.st_size, mtime_ns, _signed(status.st_ino))


def is_vanished(error: OSError) -> bool:
    """Tell whether an error says that a path is not there, and nothing else."""
    return isinstance(error, _GONE)


def read(root: bytes, folder: bytes, rules: NameRules, now_ns: int) -> Listing:
    """Read one folder.

    Args:
        root: The absolute path of the source.
        folder: Relative to it.
        rules: Which names count.
        now_ns: The wall clock, to tell a folder that is changing right now.

    Returns:
        The files and folders in it; never raises for what the file system holds.
    """
    listing = Listing(folder)
    if is_inside(folder):
        read_archive(listing, root, rules)
        return listing
    path = absolute(root, folder)
    try:
        status = os.stat(path, follow_symlinks=not folder)
        if not stat.S_ISDIR(status.st_mode):
            listing.vanished, listing.complete = True, False
            return listing
        listing.identity = (status.st_dev, status.st_ino)
        if now_ns - status.st_mtime_ns > _RACY_NS:
            listing.mtime_ns = status.st_mtime_ns
        with os.scandir(path) as entries:
            for entry in entries:
                _take(listing, entry, rules)
        listing.folders += [
            below(folder, file.name) + b"/"
            for file in listing.files
            if rules.is_archive(path, file.name)
        ]
    except OSError as error:
        listing.complete = False
        listing.vanished = is_vanished(error)
        if not listing.vanished:
            listing.problems.append((folder, why(error)))
    listing.folders.sort(reverse=True)
    return listing


def _take(listing: Listing, entry: os.DirEntry[bytes], rules: NameRules) -> None:
    name = entry.name
    folder = listing.folder
    try:
        if entry.is_dir(follow_symlinks=False):
            if not rules.is_ignored_folder(name):
                listing.folders.append(below(folder, name))
            return
        if rules.is_ignored(name):
            if rules.is_temporary(name):
                listing.temporary.append((name, _signed(entry.inode())))
            return
        status = entry.stat()
    except OSError as error:
        reason = why(error)
        if is_vanished(error):
            if not (entry.is_symlink() and rules.is_recording(name)):
                return
            reason = "the link leads nowhere"
        elif error.errno != errno.ELOOP:  # a loop hides no file, all else may
            listing.complete = False
        listing.problems.append((below(folder, name), reason))
        return
    if stat.S_ISREG(status.st_mode):
        listing.files.append(entry_of(folder, name, status))


def read_archive(listing: Listing, root: bytes, rules: NameRules) -> None:
    """List one folder of an archive: recordings and documents, nothing else.

    Args:
        listing: Takes what is found; its folder is the one to list.
        root: The absolute path of the source.
        rules: Which names count.
    """
    archive, _, inner = listing.folder.partition(b"//")
    archive = archive.removesuffix(b"/")
    path = absolute(root, archive)
    index = _index_for(listing, archive, path)
    if index is None:
        return
    if inner not in index.folders:
        listing.vanished, listing.complete = True, False
        return
    place = path + b"//" + inner
    for member in index.files.get(inner, ()):
        name = member.path.rpartition(b"/")[2]
        # A mail in a zip would tell of recordings that nobody can get out of both.
        is_wanted = rules.is_recording(name) or (
            rules.is_document(place, name) and not rules.is_archive(place, name)
        )
        if is_wanted and not rules.is_ignored(name):
            time_ns = member.mtime_ns or listing.mtime_ns
            listing.files.append(Entry(listing.folder, name, member.size, time_ns, 0))
    for name in index.folders.get(inner, ()):
        if not rules.is_ignored_folder(name):
            listing.folders.append(below(listing.folder, name))
    listing.folders.sort(reverse=True)


def _index_for(listing: Listing, archive: bytes, path: bytes) -> Index | None:
    """List an archive as a whole; what is wrong with it goes into the listing."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            listing.vanished, listing.complete = True, False
            return None
        listing.archive_size = status.st_size
        listing.mtime_ns = status.st_mtime_ns
        return index_of(path)
    except OSError as error:
        listing.complete = False
        listing.vanished = is_vanished(error)
        if not listing.vanished:
            listing.problems.append((archive, why(error)))
    except DocumentError as error:
        listing.complete = False
        listing.archive = (_state_of(error), error.reason)
    return None


def _state_of(error: DocumentError) -> DocumentState:
    if isinstance(error, PartialError):
        return DocumentState.PARTIAL
    if isinstance(error, LockedError):
        return DocumentState.LOCKED
    return DocumentState.ERROR


def is_inside(folder: bytes) -> bool:
    """Tell whether a folder, relative to its root, is an archive or lies in one."""
    return folder[-1:] == b"/" or b"//" in folder


def is_there(path: bytes) -> bool | None:
    """Tell whether a member or folder of an archive is there.

    Args:
        path: The absolute path, with the mark of an archive in it.

    Returns:
        None when that can't be told.
    """
    archive, _, inner = path.partition(b"//")
    try:
        index = index_of(archive.removesuffix(b"/"))
    except OSError as error:
        return False if is_vanished(error) else None
    except DocumentError:
        return None
    if inner in index.folders:
        return True
    members = index.files.get(inner.rpartition(b"/")[0], ())
    return any(member.path == inner for member in members)


def walk(
    root: bytes,
    rules: NameRules,
    now_ns: Callable[[], int],
    *,
    start: bytes = b"",
) -> Iterator[Listing]:
    """Read a folder and all below it.

    Args:
        root: The absolute path of the source.
        rules: Which names count.
        now_ns: The wall clock.
        start: The folder to begin at, relative to the root.

    Yields:
        A listing for each folder, parents first, within a folder the greatest name
        first (week folders are named so that this is the newest). A folder that is
        reached twice, through a bind mount, is told once. A folder that can't be read,
        or that vanished meanwhile, is told as such.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [start]
    while waiting:
        listing = read(root, waiting.pop(), rules, now_ns())
        if listing.identity != (0, 0):
            if listing.identity in seen:
                continue
            seen.add(listing.identity)
        waiting.extend(reversed(listing.folders))
        yield listing


def _signed(inode: int) -> int:
    """Fit an inode into the library: some file systems use all 64 bits."""
    return inode if inode <= _MAX_INT else inode - (1 << 64)
