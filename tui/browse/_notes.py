"""Notes of one group, as two arrays that are patched in place."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from tui.model import NoteId

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tui.library._api import NoteKeys

__all__ = ["NoteList"]

_FEW = 8
"""Up to so many insertions move the arrays once each; more are merged in one pass.
Up to so many notes are looked for by comparing arrays, not one note after another."""


class NoteList:
    """The notes below an open group by their sort keys: 16 bytes a note.

    Args:
        keys: The arrays, from the library; they are changed in place.
    """

    __slots__ = ("_ids", "_orders")

    def __init__(self, keys: NoteKeys) -> None:
        self._orders = keys.order_ms
        self._ids = keys.ids

    def __len__(self) -> int:
        """Count the notes."""
        return len(self._ids)

    @property
    def keys(self) -> NoteKeys:
        """The two arrays; they change when the notes do."""
        from tui.library._api import NoteKeys  # nothing for the first screen

        return NoteKeys(self._orders, self._ids)

    def at(self, index: int) -> NoteId:
        """Name the note at a place."""
        return NoteId(self._ids[index])

    def order_at(self, index: int) -> int:
        """Tell the sort key of the note at a place."""
        return self._orders[index]

    def slice(self, start: int = 0, end: int | None = None) -> list[NoteId]:
        """List notes in the order of the tree."""
        return [NoteId(note_id) for note_id in self._ids[max(0, start) : end]]

    def place(self, note_id: int, order_ms: int) -> int:
        """Find where a note with a sort key stands, or would have to."""
        # The highest key first, and of two with one key the higher id first.
        return bisect_left(
            range(len(self._ids)),
            (-order_ms, -note_id),
            key=lambda i: (-self._orders[i], -self._ids[i]),
        )

    def find_at(self, note_id: int, order_ms: int) -> int | None:
        """Find a note whose sort key is known; None when it is not where that says."""
        index = self.place(note_id, order_ms)
        if index < len(self._ids) and self._ids[index] == note_id:
            # With another key it stands there by chance: nothing may be between yet.
            return index if self._orders[index] == order_ms else None
        return None

    def find(self, note_id: int, start: int = 0) -> int | None:
        """Find a note by reading all from a place on."""
        try:
            return self._ids.index(note_id, start)
        except ValueError:
            return None

    def insert(self, notes: Sequence[tuple[int, int]]) -> None:
        """Add notes that are not there.

        Args:
            notes: Sort key and id of each.
        """
        if len(notes) <= _FEW:
            for order_ms, note_id in notes:
                index = self.place(note_id, order_ms)
                self._orders.insert(index, order_ms)
                self._ids.insert(index, note_id)
            return
        orders, ids = self._orders[:0], self._ids[:0]
        done = 0
        for order_ms, note_id in sorted(notes, reverse=True):
            index = self.place(note_id, order_ms)
            orders.extend(self._orders[done:index])
            ids.extend(self._ids[done:index])
            orders.append(order_ms)
            ids.append(note_id)
            done = index
        orders.extend(self._orders[done:])
        ids.extend(self._ids[done:])
        self._orders, self._ids = orders, ids

    def remove_at(self, index: int) -> None:
        """Take the note at a place out."""
        del self._orders[index]
        del self._ids[index]

    def keep_only(
        self, right: Mapping[NoteId, int | None], among: Collection[NoteId]
    ) -> None:
        """Take out what is not where it belongs, in one pass over all notes.

        Args:
            right: By id, the sort key of a note that belongs here, else None.
            among: The ids to look at.
        """
        if len(among) <= _FEW:
            for note_id in among:
                index = self.find(note_id)
                while index is not None:
                    if right[note_id] == self._orders[index]:
                        index += 1  # it may be there a second time, where it was
                    else:
                        self.remove_at(index)
                    index = self.find(note_id, index)
            return
        wrong = [
            index
            for index, note_id in enumerate(map(NoteId, self._ids))
            if note_id in among and right[note_id] != self._orders[index]
        ]
        for index in reversed(wrong):
            self.remove_at(index)
