"""A folder of the real file system, as detection looks at it."""

from __future__ import annotations

import os
from functools import cached_property

from tui.media import open_quietly

__all__ = ["DirectoryView"]


class DirectoryView:
    """A read-only view of one folder; what can't be read is empty.

    Args:
        path: The absolute path.
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
        try:
            with os.scandir(self._path) as entries:
                return {
                    entry.name: entry.is_dir(follow_symlinks=False) for entry in entries
                }
        except OSError:
            return {}

    def names(self) -> list[bytes]:
        """The names of its entries, unordered."""
        return list(self._entries)

    def is_folder(self, name: bytes) -> bool:
        """Whether an entry is a folder (links to folders are not followed)."""
        return self._entries.get(name, False)

    def folder(self, name: bytes) -> DirectoryView:
        """The view of a sub-folder."""
        return DirectoryView(os.path.join(self._path, name))  # noqa: PTH118  # bytes

    def head(self, name: bytes, size: int) -> bytes:
        """The first bytes of a file; empty when it can't be read."""
        try:
            fd = open_quietly(os.path.join(self._path, name))  # noqa: PTH118  # bytes
        except OSError:
            return b""
        try:
            return os.pread(fd, size, 0)
        except OSError:
            return b""
        finally:
            os.close(fd)
