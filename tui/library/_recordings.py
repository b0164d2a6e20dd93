"""Finding the recording of a note, also when its content was not hashed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._bind import Binder
from tui.library._change import change
from tui.library._facts import Facts, choose_again
from tui.library._hash import content_hash
from tui.library._join import identify
from tui.library._people import Identities
from tui.library._rows import join_path

if TYPE_CHECKING:
    from tui.library._connection import Store

__all__ = ["known_recording", "recording_of"]


def known_recording(store: Store, note_id: int) -> tuple[int, bytes] | None:
    """The recording of a note and its hash, if the hash is known."""
    row = store.one(
        "SELECT recording.id, recording.hash FROM note"
        " JOIN recording ON recording.id = note.recording_id WHERE note.id = ?",
        (note_id,),
    )
    return None if row is None else (row[0], row[1])


def recording_of(store: Store, note_id: int) -> tuple[int, bytes] | None:
    """The recording of a note; its file is hashed if that was not done.

    Args:
        store: A connection that may write, without an open transaction.
        note_id: The note.

    Returns:
        Row and hash of the recording; None when there is no such note, or its file
        changed on the way.

    Raises:
        OSError: When the file can't be read.
    """
    known = known_recording(store, note_id)
    if known is not None:
        return known
    row = store.one(
        "SELECT file.id, source.root, folder.path, file.name, file.size, file.mtime_ns"
        " FROM file JOIN folder ON folder.id = file.folder_id"
        " JOIN source ON source.id = folder.source_id"
        " WHERE file.note_id = ? ORDER BY file.missing, file.role = 'copy', file.id"
        " LIMIT 1",
        (note_id,),
    )
    if row is None:
        return None
    file_id, root, folder, name, size, mtime_ns = row
    content = content_hash(root.rstrip(b"/") + b"/" + join_path(folder, name), size)
    with change(store) as current:
        # Another process may have seen the file change while it was read.
        same = store.one(
            "SELECT 1 FROM file WHERE id = ? AND size = ? AND mtime_ns = ?",
            (file_id, size, mtime_ns),
        )
        if same is not None:
            news = identify(current, file_id, content)
            if news is not None:
                Binder(current).join_twins(news)
                choose_again(current, Facts(current, Identities(current)), [content])
    return known_recording(store, note_id)
