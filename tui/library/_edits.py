"""What the user says, in all: of chats and senders, notes, searches, collections.

All of it hangs on what things are, not on rows: chats and senders on their identities,
marks on the hashes of recordings, tags and searches on their names. So it outlives the
files, the documents and the sources.
"""

from __future__ import annotations

from tui.library._collection_edits import CollectionEdits
from tui.library._mark_edits import MarkEdits
from tui.library._people_edits import PeopleEdits
from tui.library._search_edits import SearchEdits
from tui.library._tag_edits import TagEdits

__all__ = ["Edits"]


class Edits(PeopleEdits, MarkEdits, TagEdits, SearchEdits, CollectionEdits):
    """Changes what the user may change; belongs to the thread that made it.

    Each call waits until everything is written, which for a chat of 100,000 notes takes
    a while: no thread of a user interface may call.

    Args:
        store: A connection that may write; it is closed by `close`.
        clock: Tells the time in seconds since 1970.
    """
