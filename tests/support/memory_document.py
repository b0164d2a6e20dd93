"""A document whose bytes are in memory, for tests of what reads them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tui.documents._document import Document

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["MemoryDocument"]


class MemoryDocument(Document):
    """A document that is nowhere on the disk; its folder is empty.

    Args:
        data: What it holds.
        path: What it calls itself.
    """

    def __init__(self, data: bytes, path: bytes = b"/nowhere/result.json") -> None:
        super().__init__(path, len(data))
        self._data = data

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return io.BytesIO(self._data)

    def head(self, size: int) -> bytes:
        """Its first bytes."""
        return self._data[:size]
