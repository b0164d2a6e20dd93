"""The notes that wait to be played, each of them once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.model import NoteId

    Keep = Callable[[Sequence[NoteId], Sequence[NoteId]], None]

__all__ = ["Waiting"]


class Waiting:
    """The queue; every change of it is kept.

    Args:
        keep: Keeps it for the next start, and is told what it was before; None for a
            queue of this run alone.
    """

    def __init__(self, keep: Keep | None) -> None:
        self._keep = keep
        self._is_read = False
        self.ids: tuple[NoteId, ...] = ()
        """The one that comes next is the first."""

    def read(self, stored: Sequence[NoteId]) -> None:
        """Take what was kept, before whatever was added since the start."""
        self._is_read = True
        here = self.ids
        self.ids = tuple(dict.fromkeys([*stored, *here]))
        if here:
            self._changed(stored)

    def add(self, note_ids: Sequence[NoteId], *, first: bool) -> None:
        """Let notes wait.

        Args:
            note_ids: The notes. One that waits already keeps its place, or comes first.
            first: Whether before the others.
        """
        both = (note_ids, self.ids) if first else (self.ids, note_ids)
        self.put([*both[0], *both[1]])

    def put(self, note_ids: Sequence[NoteId]) -> None:
        """Let just these wait, in this order; the first place of each counts."""
        ids = tuple(dict.fromkeys(note_ids))
        if ids != self.ids:
            before, self.ids = self.ids, ids
            self._changed(before)

    def take(self, note_id: NoteId) -> None:
        """Let a note wait no longer, if it did."""
        if note_id in self.ids:
            self.put([each for each in self.ids if each != note_id])

    def drop(self, count: int) -> None:
        """Let the first ones wait no longer."""
        if count:
            self.put(self.ids[count:])

    def _changed(self, before: Sequence[NoteId]) -> None:
        # What was kept, and is not read yet, must not be lost.
        if self._keep is not None and self._is_read:
            self._keep(self.ids, before)
