"""The rows of the tree by number, without one object for each.

A million rows must scroll like a thousand, so nothing here is made per row. The rows
are a short list of blocks, one for each group that shows; a block is a row for the
group and, while it is open, one for each note in its two arrays of numbers. Which note
row 700,000 is, a bisection over the first rows of the blocks tells.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from tui.browse._items import RowKey
from tui.model import Group, GroupKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.browse._notes import NoteList
    from tui.model import NoteId

__all__ = ["Block", "Layout"]


class Block:
    """One group among the rows: a row for itself, and one for each note below it."""

    __slots__ = ("depth", "group", "notes")

    def __init__(self, group: Group, depth: int, notes: NoteList | None) -> None:
        self.group = group
        self.depth = depth
        self.notes = notes

    def __len__(self) -> int:
        """Count the rows."""
        return 1 + (len(self.notes) if self.notes is not None else 0)


class Layout:
    """Numbers rows, and finds what a row stands for and the row of something."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._starts: list[int] = []
        self._block_of: dict[Group, int] = {}
        self.count = 0
        """How many rows there are."""

    def number(self, shown: Iterable[tuple[Group, int, NoteList | None]]) -> None:
        """Number the rows; costs as many steps as there are groups.

        Args:
            shown: The groups in their order: group, depth, notes below it.
        """
        self._blocks = [Block(group, depth, notes) for group, depth, notes in shown]
        ends = list(accumulate(len(block) for block in self._blocks))
        self.count = ends[-1] if ends else 0
        self._starts = [0, *ends[:-1]] if ends else []
        self._block_of = {block.group: i for i, block in enumerate(self._blocks)}

    def __contains__(self, group: Group) -> bool:
        """Tell whether a group has a row."""
        return group in self._block_of

    def at(self, row: int) -> tuple[Block, int]:
        """Find the block of a row, and the note's index in it (-1: the group)."""
        row = max(0, min(row, self.count - 1))
        number = bisect_right(self._starts, row) - 1
        return self._blocks[number], row - self._starts[number] - 1

    def key_at(self, row: int) -> RowKey:
        """Tell what a row stands for; beyond either end means that end."""
        block, index = self.at(row)
        if index < 0 or block.notes is None:
            return RowKey(block.group)
        return RowKey(block.group, block.notes.at(index))

    def order_at(self, row: int) -> int | None:
        """Tell the sort key of the note of a row; None on the row of a group."""
        block, index = self.at(row)
        return None if index < 0 or block.notes is None else block.notes.order_at(index)

    def block(self, group: Group) -> tuple[int, Block] | None:
        """Find the first row and the block of a group."""
        number = self._block_of.get(group)
        return None if number is None else (self._starts[number], self._blocks[number])

    def index_of(self, key: RowKey, order: int | None = None) -> int | None:
        """Find the row of a group or note; None when it does not show.

        Args:
            key: The group or note.
            order: The sort key of the note, if known: spares reading all of them.
        """
        found = self.block(key.group)
        if found is None:
            return None
        start, block = found
        if key.note_id is None:
            return start
        if block.notes is None:
            return None
        if order is None:
            index = block.notes.find(key.note_id)
        else:
            index = block.notes.find_at(key.note_id, order)
        return None if index is None else start + 1 + index

    def notes_between(self, first: int, last: int) -> Iterator[NoteId]:
        """List the notes of some rows, both ends with them."""
        row = max(0, first)
        last = min(last, self.count - 1)
        while row <= last:
            block, index = self.at(row)
            if block.notes is not None:
                yield from block.notes.slice(index, index + last - row + 1)
            row += len(block) - 1 - index

    def groups_between(self, first: int, last: int) -> list[Group]:
        """List the groups that have a note among some rows, both ends with them."""
        start, end = (bisect_right(self._starts, row) - 1 for row in (first, last))
        return [block.group for block in self._blocks[start : end + 1]]

    def tops(self) -> Iterator[int]:
        """List the rows of the top level."""
        for start, block in zip(self._starts, self._blocks, strict=True):
            if block.depth == 0:
                yield start

    def parent_row(self, row: int) -> int | None:
        """Find the row that a row hangs under; None at the top level."""
        block, index = self.at(row)
        if index >= 0:
            return self._starts[self._block_of[block.group]]
        if block.group.kind is GroupKind.MONTH:
            return self.index_of(RowKey(Group(GroupKind.CHAT, block.group.chat_id)))
        return None

    def neighbour(self, key: RowKey, order: int, row: int) -> int:
        """Find the row nearest to something that is gone.

        Args:
            key: What it was.
            order: The sort key that it had.
            row: The row that it had.
        """
        group, note_id = key
        found = self.block(group)
        if found is not None:
            start, block = found
            if note_id is None or block.notes is None or not len(block.notes):
                return start
            place = block.notes.place(note_id, order)
            return start + 1 + min(place, len(block.notes) - 1)
        if group.kind is GroupKind.MONTH:
            chat = self.index_of(RowKey(Group(GroupKind.CHAT, group.chat_id)))
            if chat is not None:
                return chat
        return row
