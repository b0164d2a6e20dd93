"""Finding the files of claims: of a whole document, and of files that arrive."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tui.archives import open_file
from tui.library._bind import Binder
from tui.library._change import change
from tui.library._connection import listed
from tui.library._evidence import ClaimSeen, FileThere, decide, fold_name
from tui.library._rows import join_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.library._change import Change
    from tui.library._connection import Row, Store

__all__ = ["match_arrived", "match_document"]

_CHUNK = 250
"""Claims that are bound in one transaction: some 30 ms."""
_NAMES = 250
_STRAY = "whatsapp_export"
"""The kind of document whose files may lie in a phone's media folder instead."""

_CLAIMS = (
    "SELECT claim.id, claim.folder, claim.name, claim.beside, claim.size,"
    " claim.duration_ms, claim.sha256, document.source_id, document.folder,"
    " document.kind, claim.note_id, claim.document_id FROM claim"
    " JOIN document ON document.id = claim.document_id"
)
_FILES = (
    "SELECT file.id, file.note_id, folder.source_id, folder.path, file.name,"
    " file.size, file.duration_ms, file.recording_id, source.root,"
    " coalesce(path_fact.chat_id, note.chat_id), chat.kind = 'unmatched' FROM file"
    " JOIN folder ON folder.id = file.folder_id"
    " JOIN source ON source.id = folder.source_id"
    " JOIN note ON note.id = file.note_id"
    " LEFT JOIN path_fact ON path_fact.note_id = note.id"
    " JOIN chat ON chat.id = coalesce(path_fact.chat_id, note.chat_id)"
    " WHERE file.missing = 0"
)


def match_document(store: Store, document_id: int) -> Iterator[int]:
    """Find the notes of a document's claims.

    Args:
        store: A connection that may write, without an open transaction.
        document_id: The document.

    Yields:
        How many claims were bound, after each transaction.
    """
    rows = store.all(f"{_CLAIMS} WHERE claim.document_id = ?", (document_id,))
    if not rows:
        return
    claims = [_claim_of(row) for row in rows]
    files = _files_named(store, {fold_name(claim.name) for claim in claims})
    bindings = decide(claims, files, rows[0][7], _holds)
    binders: list[dict[tuple[str, int], None]] = []
    for start in range(0, len(claims), _CHUNK):
        chunk = claims[start : start + _CHUNK]
        with change(store) as current:
            binder = Binder(current)
            for claim in chunk:
                binding = bindings.get(claim.id)
                if binding is None:
                    binder.bind(claim.id, None, 0.0)
                else:
                    binder.bind(claim.id, binding.file.id, binding.strength)
            binders.append(binder.stale)
        yield len(chunk)
    yield from _finish(store, document_id, binders)


def _finish(
    store: Store, document_id: int, stale: list[dict[tuple[str, int], None]]
) -> Iterator[int]:
    """Join the document's chats with those they are, and tell their notes anew."""
    chats = [
        row[0]
        for row in store.all(
            "SELECT DISTINCT chat_id FROM claim WHERE document_id = ?"
            " AND chat_id IS NOT NULL",
            (document_id,),
        )
    ]
    with change(store) as current:
        binder = Binder(current)
        binder.join_by_name(chats)
        left = dict(binder.stale)
    for each in stale:
        left |= each
    is_done = not left
    while not is_done:
        with change(store) as current:
            binder = Binder(current)
            binder.stale = left
            is_done = binder.retell(_CHUNK)
        yield 0


def match_arrived(current: Change, folder: bytes, names: Sequence[bytes]) -> None:
    """Give files that arrived, or got another name, to claims that wait for them.

    Args:
        current: The open transaction.
        folder: The folder, relative to its source.
        names: Names of files in it.
    """
    store = current.store
    if not names or store.one("SELECT 1 FROM claim LIMIT 1") is None:
        return
    wanted: dict[int, ClaimSeen] = {}
    for start in range(0, len(names), _NAMES):
        some = names[start : start + _NAMES]
        marks, values = listed(sorted(_spellings(some)))
        for row in store.all(f"{_CLAIMS} WHERE claim.name IN ({marks})", values):
            if row[10] is None or _is_waiting(store, row[10]):
                wanted[row[0]] = _claim_of(row)
    if not wanted:
        return
    files: dict[bytes, list[FileThere]] = {}
    for row in store.all(f"{_FILES} AND folder.path = ?", (folder,)):
        file = _file_of(row)
        files.setdefault(fold_name(file.name), []).append(file)
    bindings = decide(list(wanted.values()), files, -1, _holds)
    binder = Binder(current)
    for claim_id, binding in bindings.items():
        binder.bind(claim_id, binding.file.id, binding.strength)
    binder.retell()


def _is_waiting(store: Store, note_id: int) -> bool:
    """Whether a note has no file that is there."""
    row = store.one(
        "SELECT 1 FROM file WHERE missing = 0 AND note_id = coalesce((SELECT shares"
        " FROM note WHERE id = ?1), ?1) LIMIT 1",
        (note_id,),
    )
    return row is None


def _spellings(names: Sequence[bytes]) -> set[bytes]:
    """The ways in which documents may write names: they use composed accents."""
    from unicodedata import normalize

    found = set(names)
    for name in names:
        if not name.isascii():
            text = name.decode("utf-8", "surrogateescape")
            found.add(normalize("NFC", text).encode("utf-8", "surrogateescape"))
    return found


def _claim_of(row: Row) -> ClaimSeen:
    claim_id, folder, name, beside, size, duration_ms, sha256 = row[:7]
    source_id, place, kind = row[7:10]
    return ClaimSeen(
        claim_id,
        folder,
        name,
        bool(beside),
        size,
        duration_ms,
        sha256,
        (source_id, join_path(place, folder) if folder else place),
        kind == _STRAY,
    )


def _file_of(row: Row) -> FileThere:
    values: list[Any] = list(row)
    values[-1] = bool(values[-1])
    return FileThere(*values)


def _files_named(store: Store, names: set[bytes]) -> dict[bytes, list[FileThere]]:
    """All files with some folded names, by name.

    One pass over all names: an index of them would serve nothing else.
    """
    ids = [
        row[0]
        for row in store.all("SELECT id, name FROM file WHERE missing = 0")
        if fold_name(row[1]) in names
    ]
    files: dict[bytes, list[FileThere]] = {}
    for start in range(0, len(ids), _NAMES):
        marks, values = listed(ids[start : start + _NAMES])
        for row in store.all(f"{_FILES} AND file.id IN ({marks})", values):
            file = _file_of(row)
            files.setdefault(fold_name(file.name), []).append(file)
    return files


def _holds(file: FileThere, sha256: bytes) -> bool:
    """Tell whether a file has a SHA-256; one that can't be read has none."""
    path = file.root.rstrip(b"/") + b"/" + join_path(file.folder, file.name)
    try:
        with open_file(path) as opened:
            return hashlib.file_digest(opened, "sha256").digest() == sha256  # type: ignore[arg-type]  # any file will do
    except OSError:
        return False
