"""Looks into many files, with the disk asked for the next ones meanwhile.

Opening 128 files and telling the kernel which parts of each are wanted lets it fetch
them in its own order: cold, that is four times as fast as one after the other, and
faster than 16 threads of C.
"""

from __future__ import annotations

import logging
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from tui.indexer._walk import absolute, entry_of, is_inside, is_vanished, why
from tui.media._api import Probe, Wholeness

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from tui.indexer._tools import Tools
    from tui.indexer._walk import Entry

__all__ = ["AHEAD", "Look", "look", "probe_one"]

_log = logging.getLogger(__name__)

AHEAD = 128
"""Files that are open at once; the usual limit of a process is 1,024."""
_FEW = 4
"""Up to here, asking ahead costs more than it brings."""
_EDGE = 4096
_SHORT = 65_536
"""Up to here all is asked for: one read instead of two, and it is hashed later."""


class Look(NamedTuple):
    """The answer for one file."""

    entry: Entry
    """As the file was when it was opened."""
    probe: Probe | None
    """None for a file that is not there any more."""


def probe_one(tools: Tools, entry: Entry, path: bytes) -> Look:
    """Look into one file; whatever is wrong with it is in the answer."""
    try:
        handle = tools.open_file(path)
    except OSError as error:
        return Look(entry, _failed(error))
    try:
        return _probe(tools, entry, handle)
    finally:
        os.close(handle)


def look(
    tools: Tools, root: bytes, entries: Iterable[Entry]
) -> Generator[Look, None, None]:
    """Look into files, in their order.

    Args:
        tools: How to open and to look.
        root: The absolute path that the entries are relative to.
        entries: Any number of files.

    Yields:
        An answer for each.
    """
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) >= AHEAD:
            yield from _look_at(tools, root, batch)
            batch = []
    if batch:
        yield from _look_at(tools, root, batch)


def _look_at(tools: Tools, root: bytes, entries: list[Entry]) -> Iterator[Look]:
    if len(entries) <= _FEW:
        for entry in entries:
            yield probe_one(tools, entry, absolute(root, entry.folder, entry.name))
        return
    handles: list[int | None] = []
    failures: dict[int, OSError] = {}
    try:
        _open_all(tools, root, entries, handles, failures)
        for index, entry in enumerate(entries):
            opened = handles[index]
            if opened is None:
                yield Look(entry, _failed(failures[index]))
                continue
            answer = _probe(tools, entry, opened)
            handles[index] = None
            os.close(opened)
            yield answer
    finally:
        for opened in handles:
            if opened is not None:
                os.close(opened)


def _open_all(
    tools: Tools,
    root: bytes,
    entries: list[Entry],
    handles: list[int | None],
    failures: dict[int, OSError],
) -> None:
    """Open files, and ask for what is wanted of them."""
    open_file, can_advise = tools.open_file, hasattr(os, "posix_fadvise")
    folder, base = None, b""
    for index, entry in enumerate(entries):
        if entry.folder != folder:
            folder = entry.folder
            base = absolute(root, folder)
            if base != b"/":  # an archive's folder ends with a slash, and needs two
                base += b"/"
        try:
            handle = open_file(base + entry.name)
        except OSError as error:
            failures[index] = error
            handles.append(None)
            continue
        handles.append(handle)
        if can_advise:
            _advise(handle, entry.size)


def _advise(handle: int, size: int) -> None:
    """Ask for what is wanted of a file; a pipe or a device is found out later."""
    try:
        if size < 0:
            size = os.fstat(handle).st_size
        if size <= _SHORT:
            os.posix_fadvise(handle, 0, size, os.POSIX_FADV_WILLNEED)
        else:
            os.posix_fadvise(handle, 0, _EDGE, os.POSIX_FADV_WILLNEED)
            os.posix_fadvise(handle, size - _EDGE, _EDGE, os.POSIX_FADV_WILLNEED)
    except OSError as error:
        _log.debug("no read-ahead: %s", error)


def _probe(tools: Tools, entry: Entry, handle: int) -> Look:
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return Look(entry, None)
        if status.st_size != entry.size or status.st_mtime_ns != entry.mtime_ns:
            if is_inside(entry.folder):
                # A copy out of an archive is open: it has no time of its own.
                entry = entry._replace(size=status.st_size)
            else:
                entry = entry_of(entry.folder, entry.name, status)
        return Look(entry, tools.probe(handle, entry.size))
    except OSError as error:
        return Look(entry, _failed(error))


def _failed(error: OSError) -> Probe | None:
    if is_vanished(error):
        return None
    return Probe("", Wholeness.UNKNOWN, None, f"can't be read: {why(error)}")
