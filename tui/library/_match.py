"""Finding the files of claims: of a whole document, and of files that arrive."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tui.archives import open_file
from tui.library._ahead import Bound
from tui.library._bind import Binder
from tui.library._change import change
from tui.library._claims import forget_stale
from tui.library._connection import listed
from tui.library._evidence import ClaimSeen, FileThere, decide, fold_name
from tui.library._rows import join_path

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from tui.library._change import Change
    from tui.library._connection import Row, Store
    from tui.library._evidence import Binding

__all__ = ["match_arrived", "match_document", "match_loose", "spellings"]

_CHUNK = 250
"""Claims that are bound in one transaction: some 30 ms."""
_NAMES = 250
_ROUNDS = 4
"""Documents whose claims moved make others look again, but not forever."""
_CLEAR = 0.95
"""From here on a single file that arrives is bound at once; else all that its document
tells has to be looked at."""
_STRAY = "whatsapp_export"
"""The kind of document whose files may lie in a phone's media folder instead."""

_CLAIMS = (
    "SELECT claim.id, claim.folder, claim.name, claim.beside, claim.size,"
    " claim.duration_ms, claim.sha256, document.source_id, document.folder,"
    " document.kind, claim.note_id, claim.document_id, claim.strength FROM claim"
    " JOIN document ON document.id = claim.document_id"
)
_BESIDE, _SOURCE, _NOTE, _DOCUMENT, _STRENGTH = 3, 7, 10, 11, 12
"""Where such a row has them."""
_Standing = tuple[int | None, float]
"""The note that a claim is bound to, and how surely."""
_READ = 5_000
"""Rows that are read before other things may be done."""
_FILES = (
    "SELECT file.id, file.note_id, folder.source_id, folder.path, file.name,"
    " file.size, file.duration_ms, file.recording_id, source.root,"
    " coalesce(path_fact.chat_id, note.chat_id), chat.kind = 'unmatched',"
    " file.measured FROM file"
    " JOIN folder ON folder.id = file.folder_id"
    " JOIN source ON source.id = folder.source_id"
    " JOIN note ON note.id = file.note_id"
    " LEFT JOIN path_fact ON path_fact.note_id = note.id"
    " JOIN chat ON chat.id = coalesce(path_fact.chat_id, note.chat_id)"
    " WHERE file.missing = 0"
)


_FOLDER, _ROOT = 3, 8
"""Where such a row has them."""


def match_document(
    store: Store, document_id: int, *, anew: bool = True
) -> Iterator[int]:
    """Find the notes of a document's claims.

    Args:
        store: A connection that may write, without an open transaction.
        document_id: The document.
        anew: Whether it was just read, so that its claims may tell something new.

    Yields:
        How many claims were bound, after each transaction.
    """
    claims: list[ClaimSeen] = []
    bound: dict[int, _Standing] = {}
    folders: dict[bytes, bytes] = {}
    source_id = -1
    for rows in _rows_of(store, document_id):
        source_id = rows[0][_SOURCE]
        claims += [_claim_of(row, folders) for row in rows]
        if not anew:
            bound |= {row[0]: (row[_NOTE], row[_STRENGTH]) for row in rows}
        yield 0
    if not claims:
        return
    files = _files_beside(store, claims)
    elsewhere = {
        fold_name(claim.name)
        for claim in claims
        if not claim.beside or (claim.may_stray and fold_name(claim.name) not in files)
    }
    if elsewhere:
        files |= yield from _files_named(store, elsewhere)
    bindings = decide(claims, files, source_id, _holds)
    del files
    is_open = any(binding.is_open for binding in bindings.values())
    if not anew:
        claims = _bound_otherwise(store, bound, claims, bindings)
    binders: list[dict[tuple[str, int], None]] = []
    for start in range(0, len(claims), _CHUNK):
        chunk = claims[start : start + _CHUNK]
        with change(store) as current:
            binder = Binder(current)
            binder.bind([_bound(claim.id, bindings.get(claim.id)) for claim in chunk])
            binders.append(binder.stale)
        yield len(chunk)
    yield from _finish(store, document_id, binders, is_open=is_open)
    yield from forget_stale(store, document_id)


def _rows_of(store: Store, document_id: int) -> Iterator[list[Row]]:
    """The claims of a document, some thousand at a time."""
    ids = [
        row[0]
        for row in store.all(
            "SELECT id FROM claim WHERE document_id = ? ORDER BY id", (document_id,)
        )
    ]
    for start in range(0, len(ids), _READ):
        marks, values = listed(ids[start : start + _READ])
        yield store.all(f"{_CLAIMS} WHERE claim.id IN ({marks})", values)


def _bound(claim_id: int, binding: Binding | None) -> Bound:
    if binding is None:
        return Bound(claim_id, None, 0.0)
    return Bound(claim_id, binding.file.id, binding.strength)


def match_loose(store: Store) -> Iterator[int]:
    """Find the files of documents again of which it may be known better by now.

    That is, once lengths were measured and contents compared, or when another file
    with a name came that was claimed already.

    Args:
        store: A connection that may write, without an open transaction.

    Yields:
        How many claims were bound otherwise, after each transaction.
    """
    for _ in range(_ROUNDS):
        loose = store.all("SELECT id FROM document WHERE is_loose = 1 ORDER BY id")
        for (document_id,) in loose:
            with change(store):
                store.run(
                    "UPDATE document SET is_loose = 0 WHERE id = ?", (document_id,)
                )
            yield from match_document(store, document_id, anew=False)


def _bound_otherwise(
    store: Store,
    bound: Mapping[int, _Standing],
    claims: Sequence[ClaimSeen],
    bindings: Mapping[int, Binding],
) -> list[ClaimSeen]:
    """Leave out claims that are bound to their file, or to none, already."""
    left = []
    for claim in claims:
        binding, standing = bindings.get(claim.id), bound[claim.id]
        if binding is None:
            is_right = standing[0] is not None and _is_waiting(store, standing[0])
        else:
            is_right = standing == (binding.file.note_id, binding.strength)
        if not is_right:
            left.append(claim)
    return left


def _finish(
    store: Store,
    document_id: int,
    stale: list[dict[tuple[str, int], None]],
    *,
    is_open: bool,
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
        if is_open:
            _loosen(current, [document_id])
    for each in stale:
        left |= each
    is_done = not left
    while not is_done:
        with change(store) as current:
            binder = Binder(current)
            binder.stale = left
            is_done = binder.retell(_CHUNK)
        yield 0


def match_arrived(current: Change, folder_id: int, names: Sequence[bytes]) -> None:
    """Give files that arrived, or got another name, to claims that wait for them.

    A claim that has a file already may have a better one now; that is found out later,
    with all that its document tells.

    Args:
        current: The open transaction.
        folder_id: The folder.
        names: Names of files in it.
    """
    store = current.store
    if not names or store.one("SELECT 1 FROM claim LIMIT 1") is None:
        return
    rows: dict[int, Row] = {}
    files: dict[bytes, list[FileThere]] = {}
    for start in range(0, len(names), _NAMES):
        some = names[start : start + _NAMES]
        marks, values = listed(sorted(spellings(some)))
        found = store.all(f"{_CLAIMS} WHERE claim.name IN ({marks})", values)
        if not found:
            continue
        rows |= {row[0]: row for row in found}
        marks, values = listed(some)
        for row in store.all(
            f"{_FILES} AND file.folder_id = ? AND file.name IN ({marks})",
            (folder_id, *values),
        ):
            file = _file_of(row)
            files.setdefault(fold_name(file.name), []).append(file)
    if rows:
        _bind_arrived(current, rows, files)


def _bind_arrived(
    current: Change, rows: Mapping[int, Row], files: Mapping[bytes, list[FileThere]]
) -> None:
    store = current.store
    waiting = {
        claim_id
        for claim_id, row in rows.items()
        if row[_NOTE] is None or _is_waiting(store, row[_NOTE])
    }
    # What has a file that is not the very one that was told may have a better one now.
    unsure = {
        claim_id
        for claim_id, row in rows.items()
        if claim_id not in waiting and not (row[_BESIDE] and row[_STRENGTH] == 1.0)
    }
    loose = {rows[claim_id][_DOCUMENT] for claim_id in unsure}
    claims = [_claim_of(rows[claim_id], {}) for claim_id in sorted(waiting | unsure)]
    bound: list[Bound] = []
    for claim_id, binding in decide(claims, files, -1, _holds).items():
        row = rows[claim_id]
        if claim_id in unsure and not (
            row[_BESIDE] and binding.strength > row[_STRENGTH]
        ):
            continue
        if binding.is_open or binding.strength < 1.0:
            loose.add(row[_DOCUMENT])
        if row[_BESIDE] or binding.strength >= _CLEAR:
            bound.append(_bound(claim_id, binding))
    binder = Binder(current)
    for start in range(0, len(bound), _CHUNK):
        binder.bind(bound[start : start + _CHUNK])
    binder.retell()
    _loosen(current, loose)


def _loosen(current: Change, document_ids: Iterable[int]) -> None:
    """Have documents matched again when more is known, see `match_loose`."""
    current.store.run_many(
        "UPDATE document SET is_loose = 1 WHERE id = ? AND missing = 0",
        [(document_id,) for document_id in document_ids],
    )


def _is_waiting(store: Store, note_id: int) -> bool:
    """Whether a note has no file that is there."""
    row = store.one(
        "SELECT 1 FROM file WHERE missing = 0 AND note_id = coalesce((SELECT shares"
        " FROM note WHERE id = ?1), ?1) LIMIT 1",
        (note_id,),
    )
    return row is None


def spellings(names: Sequence[bytes]) -> set[bytes]:
    """The ways in which documents may write names: they use composed accents.

    Args:
        names: As files are called.
    """
    from unicodedata import normalize

    found = set(names)
    for name in names:
        if not name.isascii():
            text = name.decode("utf-8", "surrogateescape")
            found.add(normalize("NFC", text).encode("utf-8", "surrogateescape"))
    return found


def _claim_of(row: Row, folders: dict[bytes, bytes]) -> ClaimSeen:
    """Make a claim of a row; paths of folders that come again are kept once."""
    claim_id, folder, name, beside, size, duration_ms, sha256 = row[:7]
    source_id, place, kind = row[7:10]
    place = join_path(place, folder) if folder else place
    return ClaimSeen(
        claim_id,
        folders.setdefault(folder, folder),
        name,
        bool(beside),
        size,
        duration_ms,
        sha256,
        (source_id, folders.setdefault(place, place)),
        kind == _STRAY,
    )


def _file_of(row: Row) -> FileThere:
    values: list[Any] = list(row)
    values[-2:] = map(bool, values[-2:])
    return FileThere(*values)


def _kept_once(row: Row, paths: dict[bytes, bytes]) -> Row:
    """Have a row share the paths of its folder and source with others."""
    values = list(row)
    for at in (_FOLDER, _ROOT):
        values[at] = paths.setdefault(values[at], values[at])
    return tuple(values)


def _files_beside(
    store: Store, claims: Sequence[ClaimSeen]
) -> dict[bytes, list[FileThere]]:
    """Files in the folders where those of claims belong, by folded name."""
    files: dict[bytes, list[FileThere]] = {}
    for source_id, folder in {claim.place for claim in claims if claim.beside}:
        for row in store.all(
            f"{_FILES} AND folder.source_id = ? AND folder.path = ?",
            (source_id, folder),
        ):
            file = _file_of(row)
            files.setdefault(fold_name(file.name), []).append(file)
    return files


def _files_named(
    store: Store, names: set[bytes]
) -> Generator[int, None, dict[bytes, list[FileThere]]]:
    """All files with some folded names, by name.

    One pass over all names: an index of them would serve nothing else. Yields 0 now
    and then, so that other things may be done.
    """
    files: dict[bytes, list[FileThere]] = {}
    folders: dict[bytes, bytes] = {}
    last = -1
    while True:
        rows = store.all(
            "SELECT id, name FROM file WHERE missing = 0 AND id > ? ORDER BY id"
            " LIMIT ?",
            (last, _READ),
        )
        if not rows:
            return files
        last = rows[-1][0]
        ids = [row[0] for row in rows if fold_name(row[1]) in names]
        for start in range(0, len(ids), _NAMES):
            marks, values = listed(ids[start : start + _NAMES])
            for row in store.all(f"{_FILES} AND file.id IN ({marks})", values):
                file = _file_of(_kept_once(row, folders))
                files.setdefault(fold_name(file.name), []).append(file)
        yield 0


def _holds(file: FileThere, sha256: bytes) -> bool:
    """Tell whether a file has a SHA-256; one that can't be read has none."""
    path = file.root.rstrip(b"/") + b"/" + join_path(file.folder, file.name)
    try:
        with open_file(path) as opened:
            return hashlib.file_digest(opened, "sha256").digest() == sha256  # type: ignore[arg-type]  # any file will do
    except OSError:
        return False
