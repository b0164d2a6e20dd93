"""A library with one note in it, and the events of who works on it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypeVar

from tests.support.notes import opus_note
from tui import indexer
from tui.library import Library
from tui.model import NoteState, SourceKind

if TYPE_CHECKING:
    import queue
    from pathlib import Path

    from tui.indexer import IndexEvent
    from tui.model import NoteId

__all__ = ["DEADLINE_S", "library_with_note", "wait_event"]

DEADLINE_S = 20.0
_Event = TypeVar("_Event")


def library_with_note(path: Path) -> tuple[Library, NoteId]:
    """Index a folder with one note; gives the library and the note."""
    root = path / "source"
    root.mkdir()
    (root / "a.opus").write_bytes(opus_note(1.0))
    library = Library.open(path / "library.db")
    writer, reader = library.index_writer(), library.reader()
    writer.add_source(os.fsencode(root), SourceKind.FOLDER, "x", 50, ())
    indexer.scan(writer, reader.sources())
    (note,) = reader.all_notes(states=[NoteState.READY])
    writer.close()
    reader.close()
    return library, note.row.id


def wait_event(events: queue.Queue[IndexEvent], kind: type[_Event]) -> _Event:
    """Wait for an event of a kind."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        event = events.get(timeout=max(0.01, deadline - time.monotonic()))
        if isinstance(event, kind):
            return event
