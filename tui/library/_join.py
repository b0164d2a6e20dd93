"""Files that belong to one note: public ids, conflict copies, and their parting.

A sync tool that finds two versions keeps the loser as a conflict copy beside the base.
With equal content it is the same note at a second place; with another content it is a
note of its own. Which it is, only the hashes tell, and they may change.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from tui.library._connection import listed
from tui.library._rows import join_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library._change import Change
    from tui.library._connection import Store

__all__ = ["free_keys", "identify", "join_notes", "regroup"]

_KEY_SIZE = 8
_KEYS_AT_ONCE = 500

_CLONED = (
    "source_id, chat_id, rev, month, order_ms, state, reason, visible, problem, kind,"
    " direction, sender_id, sent_ms, offset_min, precision, title, chat_origin,"
    " chat_confidence, sender_origin, sender_confidence, time_origin, time_confidence"
)
"""What a note that parts from another has in common with it."""


def _key(root: bytes, path: bytes, salt: int) -> bytes:
    text = root + b"\0" + path
    if salt:
        text += b"\0%d" % salt
    first = _first_byte(root, path.rpartition(b"/")[0])
    return first + blake2b(text, digest_size=_KEY_SIZE - 1).digest()


@lru_cache(maxsize=64)
def _first_byte(root: bytes, folder: bytes) -> bytes:
    """Tell the folder: keys that are written together lie together in the index.

    That halves what a scan writes.
    """
    return blake2b(root + b"\0" + folder, digest_size=1).digest()


def free_keys(store: Store, root: bytes, paths: Sequence[bytes]) -> list[bytes]:
    """Make public ids for notes, from where they were first seen.

    A note keeps its id when its file moves on, so that a later file at the same place
    finds its id taken and gets the next one.

    Args:
        store: The library, in a transaction.
        root: The source's root.
        paths: Relative to it, all different.
    """
    keys = [_key(root, path, 0) for path in paths]
    taken: set[bytes] = set()
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        taken |= _taken(store, keys[start : start + _KEYS_AT_ONCE])
    for at, path in enumerate(paths):
        salt = 0
        while keys[at] in taken:
            salt += 1
            keys[at] = _key(root, path, salt)
            taken |= _taken(store, [keys[at]])
        taken.add(keys[at])
    return keys


def _taken(store: Store, keys: Sequence[bytes]) -> set[bytes]:
    """Which of some keys belong to notes."""
    marks, values = listed(keys)
    rows = store.all(f"SELECT key FROM note WHERE key IN ({marks})", values)
    return {row[0] for row in rows}


def identify(change: Change, file_id: int, content: bytes) -> int | None:
    """Tell the content hash of a file; copies with equal content find each other.

    Returns:
        The recording, if it is news: its notes may be one message at several places.
    """
    if not change.link(file_id, content):
        return None
    regroup(change, file_id)
    row = change.store.one("SELECT recording_id FROM file WHERE id = ?", (file_id,))
    return None if row is None else int(row[0])


def regroup(change: Change, file_id: int) -> None:
    """Part a file from a note with other content; join a copy with its base."""
    store = change.store
    row = store.one(
        "SELECT note_id, folder_id, name, base_name, role, recording_id FROM file"
        " WHERE id = ? AND missing = 0 AND recording_id IS NOT NULL",
        (file_id,),
    )
    if row is None:
        return
    note_id, folder_id, name, base_name, role, recording_id = row
    if role == "copy":
        own = store.one(
            "SELECT 1 FROM file WHERE note_id = ? AND role = 'primary'"
            " AND recording_id <> ?",
            (note_id, recording_id),
        )
        if own is None:
            return
        note_id = _part(change, file_id)
    else:
        for other in store.all(
            "SELECT id FROM file WHERE note_id = ? AND role = 'copy'"
            " AND recording_id <> ?",
            (note_id, recording_id),
        ):
            _part(change, other[0])
    like_it = " AND recording_id = ? AND missing = 0 AND role = 'primary'"
    if base_name:
        base = store.one(
            "SELECT note_id FROM file WHERE folder_id = ? AND name = ?" + like_it,
            (folder_id, base_name, recording_id),
        )
        if base is not None and base[0] != note_id:
            join_notes(change, note_id, base[0])
            return
    for copy in store.all(
        "SELECT note_id FROM file WHERE folder_id = ? AND base_name = ?"
        " AND base_name <> x''" + like_it,
        (folder_id, name, recording_id),
    ):
        if copy[0] != note_id:
            join_notes(change, copy[0], note_id)


def join_notes(change: Change, note_id: int, base_id: int) -> None:
    """Let the files of a note become copies of another note, which replaces it.

    What documents told of the one is told of the other.
    """
    change.touch(note_id)
    change.touch(base_id)
    change.store.run(
        "UPDATE claim SET note_id = ? WHERE note_id = ?", (base_id, note_id)
    )
    change.store.run("UPDATE note SET shares = ? WHERE shares = ?", (base_id, note_id))
    change.store.run(
        "UPDATE file SET note_id = ?, role = 'copy' WHERE note_id = ?",
        (base_id, note_id),
    )
    change.refresh(note_id)
    change.refresh(base_id)


def _part(change: Change, file_id: int) -> int:
    """Make a copy a note of its own, with the facts of the note that it leaves."""
    store = change.store
    old_id, root, folder, name = store.all(
        "SELECT file.note_id, source.root, folder.path, file.name FROM file"
        " JOIN folder ON folder.id = file.folder_id"
        " JOIN source ON source.id = folder.source_id WHERE file.id = ?",
        (file_id,),
    )[0]
    note_id = change.new_note_id()
    key = free_keys(store, root, [join_path(folder, name)])[0]
    change.touch(old_id)
    change.touch(note_id)
    store.run(
        f"INSERT INTO note(id, key, {_CLONED}) SELECT ?, ?, {_CLONED}"
        " FROM note WHERE id = ?",
        (note_id, key, old_id),
    )
    store.run(
        "UPDATE file SET note_id = ?, role = 'primary' WHERE id = ?", (note_id, file_id)
    )
    change.refresh(old_id)
    change.refresh(note_id)
    return note_id
