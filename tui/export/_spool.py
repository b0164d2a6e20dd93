"""Notes put aside on the disk until their document is written."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
from array import array
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from tui.model import Note

__all__ = ["NO_SOUND", "Heap", "NoteSound", "Spool"]


class NoteSound(NamedTuple):
    """How the sound of a note goes with a document."""

    href: str = ""
    """Percent-encoded; empty for none."""
    size: int = 0
    mime: str = ""
    problem: str = ""
    """Why there is none, though one is wanted."""


NO_SOUND = NoteSound()


class Heap:
    """Where the notes of one document are in a spool: eight bytes for each."""

    def __init__(self) -> None:
        self._places = array("Q")

    def add(self, place: int) -> None:
        """Add the place of a note."""
        self._places.append(place)

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)


class Spool:
    """A file without a name: chats are told of in turns, and written one by one.

    Args:
        folder: On which disk; one that has room for the documents has it for this.

    Raises:
        OSError: It can't be made.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by us

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # the rest of it, on a disk that is full
            self._file.close()

    def put(self, heap: Heap, note: Note, sound: NoteSound) -> None:
        """Put a note aside; all of them before the first is taken.

        Args:
            heap: The notes that it belongs to.
            note: The note.
            sound: Its sound.

        Raises:
            OSError: There is no room.
        """
        heap.add(self._file.tell())
        # A mapping that can't be changed can't be pickled either.
        whole = note._replace(evidence=dict(note.evidence))
        pickle.dump((whole, sound), self._file, pickle.HIGHEST_PROTOCOL)

    def take(self, heap: Heap) -> Iterator[tuple[Note, NoteSound]]:
        """Give the notes of a heap, in the order in which they came.

        Args:
            heap: The notes.

        Raises:
            OSError: They can't be read.
        """
        for place in heap:
            self._file.seek(place)
            # Written by this process, to a file that no other can open.
            yield pickle.load(self._file)  # noqa: S301
