"""Browse: the tree of chats and notes as rows, and what is found, without a screen.

What looks for notes on its own thread is loaded when it is first used: the first screen
needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.browse._items import NodeItem, NoteItem, Patch, RowKey
from tui.browse._tree import FOLD_AT, TreeModel

if TYPE_CHECKING:
    from tui.browse._finder import Finder
    from tui.browse._found import (
        Answer,
        CollectionsCounted,
        SearchesCounted,
        SearchFound,
        ViewFound,
    )
    from tui.library._api import NoteKeys

__all__ = [
    "FOLD_AT",
    "Answer",
    "CollectionsCounted",
    "Finder",
    "NodeItem",
    "NoteItem",
    "NoteKeys",
    "Patch",
    "RowKey",
    "SearchFound",
    "SearchesCounted",
    "TreeModel",
    "ViewFound",
]

_LATE = {
    "Answer": "tui.browse._found",
    "CollectionsCounted": "tui.browse._found",
    "Finder": "tui.browse._finder",
    "NoteKeys": "tui.library._api",
    "SearchFound": "tui.browse._found",
    "SearchesCounted": "tui.browse._found",
    "ViewFound": "tui.browse._found",
}

if not TYPE_CHECKING:  # so that types of names are those of their modules

    def __getattr__(name: str) -> object:
        """Load what the first screen does not need."""
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_LATE[name]), name)
