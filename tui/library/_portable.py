"""What the user said, taken to another machine or back to this one.

`save` writes a backup as JSON, `restore` joins one with what is here. The README tells
the format and the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._portable_join import Scopes, merge_people
from tui.library._portable_merge import Restored, merge_marks, settle
from tui.library._portable_read import Backup, read_backup
from tui.library._portable_save import Saved, save, write
from tui.library._recordings import recording_of

if TYPE_CHECKING:
    from tui.library._connection import Store

__all__ = [
    "Backup",
    "Restored",
    "Saved",
    "join",
    "pay_owed",
    "read_backup",
    "save",
    "write",
]


def pay_owed(store: Store) -> int:
    """Hash the files of notes that have a mark and no recording yet.

    A mark without one could not be told to another library.

    Args:
        store: A connection that may write.

    Returns:
        How many of them can't be read now.
    """
    left = 0
    for (note_id,) in store.all("SELECT id FROM note WHERE owed_ms > 0 ORDER BY id"):
        try:
            left += recording_of(store, note_id) is None
        except OSError:
            left += 1
    return left


def join(store: Store, backup: Backup, *, dry: bool = False) -> Restored:
    """Join a backup with a library.

    Args:
        store: A connection without an open transaction; for a rehearsal it need not be
            able to write.
        backup: What was read, all of it.
        dry: Only count what would be done.
    """
    done = Restored()
    scopes = Scopes(store, backup.places)
    merge_people(store, backup, scopes, done, dry=dry)
    if not dry:
        settle(store)
    merge_marks(store, backup.chunks(), scopes.find, done, dry=dry)
    return done
