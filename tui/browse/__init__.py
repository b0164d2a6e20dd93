"""Browse: the tree of chats and notes as rows, without a screen."""

from __future__ import annotations

from tui.browse._items import NodeItem, NoteItem, Patch, RowKey
from tui.browse._tree import FOLD_AT, TreeModel

__all__ = ["FOLD_AT", "NodeItem", "NoteItem", "Patch", "RowKey", "TreeModel"]
