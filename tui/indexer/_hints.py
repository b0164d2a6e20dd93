"""Hints where to look, and the job that they make.

An event of a watcher says that something happened at a path, in no order and not what.
So each path is asked what it is now: a file is looked at, a folder is read, what is
gone is compared with what was known.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.indexer._walk import absolute, below, entry_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.indexer._sweep import FolderTimes
    from tui.indexer._walk import NameRules

__all__ = ["Hints", "Job", "job_for"]


@dataclass(slots=True)
class Hints:
    """Where something may have changed, by paths relative to the root."""

    paths: set[bytes] = field(default_factory=set)
    """Files or folders."""
    folders: set[bytes] = field(default_factory=set)
    """Folders to read again (the sweep found another time)."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.paths or self.folders)

    def merge(self, other: Hints) -> None:
        """Take over another set of hints."""
        self.paths |= other.paths
        self.folders |= other.folders


@dataclass(slots=True)
class Job:
    """What to compare with the library."""

    names: dict[bytes, set[bytes]] = field(default_factory=dict)
    """By folder: single files."""
    folders: set[bytes] = field(default_factory=set)
    """Folders to read, without what is below them (but for new folders)."""
    trees: set[bytes] = field(default_factory=set)
    """Folders to read with all below."""
    temporary: dict[bytes, list[bytes]] = field(default_factory=dict)
    """By folder: temporary names that were seen there a moment ago."""
    inodes: list[int] = field(default_factory=list)
    """Of files that have a temporary name now."""
    recheck: bool = False
    is_last: bool = False
    """Whether nobody looks again: what is not whole by now is told as partial."""
    """Also look again at files that did not change, but can't be used."""
    names_first: bool = False
    """Take old files without a look at their content; they are measured later."""

    def add_name(self, folder: bytes, name: bytes) -> None:
        """Have a file looked at."""
        self.names.setdefault(folder, set()).add(name)

    def was_renamed(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a sync tool's temporary file was made for this very name.

        Such a tool puts the final name into the temporary one; when a small file comes
        and is renamed between two looks, this is all that was seen of it.
        """
        return any(name in other for other in self.temporary.get(folder, ()))


def job_for(hints: Hints, root: bytes, times: FolderTimes, rules: NameRules) -> Job:
    """Ask each hinted path what it is now.

    Args:
        hints: Where to look.
        root: The absolute path of the source.
        times: The folders that are known.
        rules: Which names count.

    Returns:
        The job that brings the library up to it.
    """
    sorter = _Sorter(root, times, rules)
    sorter.job.folders |= hints.folders
    for path in hints.paths:
        sorter.take(path)
    sorter.job.folders -= sorter.job.trees
    return sorter.job


class _Sorter:
    """Puts hinted paths where they belong."""

    def __init__(self, root: bytes, times: FolderTimes, rules: NameRules) -> None:
        self.job = Job(recheck=True)
        self._root = root
        self._times = times
        self._rules = rules
        self._tops: dict[bytes, bytes | None] = {}

    def take(self, path: bytes) -> None:
        """Ask one path what it is now."""
        folder, _, name = path.rpartition(b"/")
        if not name:
            self.job.folders.add(b"")
        elif folder in self._times or not folder:
            self._take_known(folder, name)
        else:
            if folder not in self._tops:
                self._tops[folder] = self._top_unknown(folder)
            top = self._tops[folder]
            if top is not None:
                self.job.trees.add(top)

    def _take_known(self, folder: bytes, name: bytes) -> None:
        """Sort a path in a folder that is known."""
        job, times = self.job, self._times
        path = below(folder, name)
        if self._rules.is_temporary(name):
            job.temporary.setdefault(folder, []).append(name)
            job.inodes.extend(self._inode(folder, name))
            return
        mode = self._mode(path)
        if path in times:  # it is, or was, a folder; reading it tells
            job.folders |= times.all_changed(path) | {path}
        elif stat.S_ISDIR(mode) and not self._rules.is_ignored_folder(name):
            job.trees.add(path)
        archive = path + b"/"
        place = absolute(self._root, folder)
        if archive in times or (mode and self._rules.is_archive(place, name)):
            # Read again with all in it: its folders have no time of their own.
            job.trees.add(archive)
        if not self._rules.is_ignored(name):
            job.add_name(folder, name)  # also of a folder: it may have been a file

    def _mode(self, path: bytes) -> int:
        """The mode of a path itself; 0 when it is gone or can't be told."""
        try:
            return os.lstat(absolute(self._root, path)).st_mode
        except OSError:
            return 0

    def _inode(self, folder: bytes, name: bytes) -> Iterable[int]:
        try:
            status = os.lstat(absolute(self._root, folder, name))
        except OSError:
            return ()
        return (entry_of(folder, name, status).inode,)

    def _top_unknown(self, folder: bytes) -> bytes | None:
        """Find the highest folder above a path that is not known yet.

        Returns:
            Its path; None when the path is behind a link, or in an ignored folder.
        """
        path = b""
        for name in folder.split(b"/"):
            path = below(path, name)
            if path in self._times:
                continue
            if self._rules.is_ignored_folder(name):
                return None
            return path if stat.S_ISDIR(self._mode(path)) else None
        return None
