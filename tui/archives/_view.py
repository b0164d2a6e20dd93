"""A folder as detection and documents look at it: real, or inside of an archive."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from tui.archives._files import open_file, open_quietly, split
from tui.archives._opened import index_of
from tui.errors import DocumentError

if TYPE_CHECKING:
    from tui.archives._opened import Index

__all__ = ["FolderView"]


class FolderView:
    """A read-only view of one folder; what can't be read is empty.

    Args:
        path: The absolute path; that of an archive's folder ends with `/` after the
            archive, or has `//` in it.
    """

    def __init__(self, path: bytes) -> None:
        self._path = path

    @property
    def path(self) -> bytes:
        """The absolute path of the folder."""
        return self._path

    @cached_property
    def _entries(self) -> dict[bytes, bool]:
        """Names, and whether they are folders."""
        inside = split(self._path) if self._path != b"/" else None
        try:
            if inside is not None:
                return _members(index_of(inside[0]), inside[1])
            with os.scandir(self._path) as entries:
                return {
                    entry.name: entry.is_dir(follow_symlinks=False) for entry in entries
                }
        except (OSError, DocumentError):
            return {}

    def names(self) -> list[bytes]:
        """The names of its entries, unordered."""
        return list(self._entries)

    def is_folder(self, name: bytes) -> bool:
        """Whether an entry is a folder (links to folders are not followed)."""
        return self._entries.get(name, False)

    def folder(self, name: bytes) -> FolderView:
        """The view of a sub-folder."""
        return FolderView(self._join(name))

    def open(self, name: bytes) -> BinaryIO:
        """Open a file in it, or below it, for reading.

        Args:
            name: Its name; with `/` a path below the folder.

        Raises:
            OSError: It is not there, or can't be read.
        """
        return open_file(self._join(name))

    def head(self, name: bytes, size: int) -> bytes:
        """The first bytes of a file; empty when it can't be read."""
        try:
            if split(self._join(name)) is not None:
                with self.open(name) as file:
                    return file.read(size)
            fd = open_quietly(self._join(name))
        except OSError:
            return b""
        try:
            return os.pread(fd, size, 0)
        except OSError:
            return b""
        finally:
            os.close(fd)

    def _join(self, name: bytes) -> bytes:
        # An archive as a folder ends with a slash already, and needs the second one.
        is_root = self._path == b"/"
        return self._path + name if is_root else self._path + b"/" + name


def _members(index: Index, folder: bytes) -> dict[bytes, bool]:
    entries = dict.fromkeys(index.folders.get(folder, ()), True)
    for member in index.files.get(folder, ()):
        entries[member.path.rpartition(b"/")[2]] = False
    return entries
