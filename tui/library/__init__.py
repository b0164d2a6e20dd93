"""Library: the SQLite file of sources, chats, notes and marks.

Names are loaded when they are first used: a program that only reads never pays for the
code that writes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.library._api import (
        ClaimRecord,
        DocumentRecord,
        FileRecord,
        IndexWriter,
        Measured,
        NoteKeys,
        NoteRecord,
        Reader,
        UserWriter,
    )
    from tui.library._directory import Directory
    from tui.library._edits import Edits
    from tui.library._follow import Follower
    from tui.library._hash import content_hash
    from tui.library._library import Library
    from tui.library._tag_names import tag_name

__all__ = [
    "ClaimRecord",
    "Directory",
    "DocumentRecord",
    "Edits",
    "FileRecord",
    "Follower",
    "IndexWriter",
    "Library",
    "Measured",
    "NoteKeys",
    "NoteRecord",
    "Reader",
    "UserWriter",
    "content_hash",
    "tag_name",
]

_HOMES = {
    "Directory": "tui.library._directory",
    "Edits": "tui.library._edits",
    "Follower": "tui.library._follow",
    "Library": "tui.library._library",
    "content_hash": "tui.library._hash",
    "tag_name": "tui.library._tag_names",
}
"""Where names live that are not in `_api`."""


if not TYPE_CHECKING:  # so that types of names are those of their modules

    def __getattr__(name: str) -> object:
        """Load a public name."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES.get(name, "tui.library._api")), name)
