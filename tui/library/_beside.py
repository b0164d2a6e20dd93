"""Questions of the indexer about files that documents name beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._connection import listed
from tui.library._match import spellings
from tui.library._rows import join_path
from tui.model import DocumentKind

if TYPE_CHECKING:
    from tui.library._connection import Store

__all__ = ["claimed_films", "incomplete", "is_claimed"]

_LOOKING = (
    DocumentKind.MATRIX,
    DocumentKind.SIGNAL,
    DocumentKind.MESSENGER,
    DocumentKind.DISCORD,
    DocumentKind.IMESSAGE,
)
"""Kinds that do not name files as they are called, and so look what is there."""
_WITHOUT_FILE = (
    "NOT EXISTS (SELECT 1 FROM file WHERE file.missing = 0 AND file.note_id ="
    " coalesce((SELECT shares FROM note WHERE note.id = claim.note_id), claim.note_id))"
)
_FILM = "video_note"


def is_claimed(store: Store, source_id: int, folder: bytes, name: bytes) -> bool:
    """Tell whether a document beside a file says that it is a note with a picture.

    Args:
        store: The library.
        source_id: The source.
        folder: Of the file, relative to it.
        name: Of the file.
    """
    marks, values = listed(sorted(spellings([name])))
    rows = store.all(
        "SELECT document.folder, claim.folder FROM claim"
        " JOIN document ON document.id = claim.document_id"
        f" WHERE claim.name IN ({marks}) AND claim.beside = 1 AND claim.kind = ?"
        " AND document.source_id = ? AND document.missing = 0",
        (*values, _FILM, source_id),
    )
    return any(_place(*row) == folder for row in rows)


def claimed_films(store: Store, document_id: int) -> list[tuple[bytes, bytes]]:
    """Tell which films a document tells of, that are not here as notes.

    Args:
        store: The library.
        document_id: The document.

    Returns:
        Folder, relative to the source, and name.
    """
    rows = store.all(
        "SELECT document.folder, claim.folder, claim.name FROM claim"
        " JOIN document ON document.id = claim.document_id"
        " WHERE claim.document_id = ? AND claim.beside = 1 AND claim.kind = ?"
        f" AND claim.name <> x'' AND {_WITHOUT_FILE}",
        (document_id, _FILM),
    )
    return [(_place(*row[:2]), row[2]) for row in rows]


def incomplete(store: Store, source_id: int) -> set[int]:
    """Tell which documents did not find all of their files when they were read.

    Args:
        store: The library.
        source_id: The source that they lie in.

    Returns:
        Their ids; those of kinds that name files as they are called are left out.
    """
    marks, values = listed([str(kind) for kind in _LOOKING])
    rows = store.all(
        "SELECT id FROM document WHERE source_id = ? AND missing = 0"
        f" AND kind IN ({marks}) AND EXISTS (SELECT 1 FROM claim"
        f" WHERE document_id = document.id AND beside = 1 AND {_WITHOUT_FILE})",
        (source_id, *values),
    )
    return {row[0] for row in rows}


def _place(folder: bytes, below: bytes) -> bytes:
    return join_path(folder, below) if below else folder
