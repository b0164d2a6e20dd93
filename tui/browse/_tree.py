"""The tree of smart nodes, chats, months and notes as numbered rows.

A million rows must scroll like a thousand, so nothing here is made per row. The rows
are a short list of blocks, one for each group that shows; a block is a row for the
group and, while it is open, one for each note in its two arrays of numbers. Which note
row 700,000 is, a bisection over the first rows of the blocks tells, and what is
written on it is fetched for the rows on the screen alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from tui.browse._groups import Groups
from tui.browse._items import NoteItem, Patch, RowKey
from tui.browse._notes import NoteList
from tui.browse._rows import RowCache
from tui.model import Group, GroupKind, LibraryDelta

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.browse._items import NodeItem
    from tui.library._api import Reader
    from tui.model import ChatId, NoteChange, NoteId

__all__ = ["FOLD_AT", "TreeModel"]

FOLD_AT = 60
"""Chats with more notes fold by month."""


_UNPLAYED = Group(GroupKind.UNPLAYED)


class _Block:
    """One group among the rows: a row for itself, and one for each note below it."""

    __slots__ = ("depth", "group", "notes")

    def __init__(self, group: Group, depth: int, notes: NoteList | None) -> None:
        self.group = group
        self.depth = depth
        self.notes = notes

    def __len__(self) -> int:
        return 1 + (len(self.notes) if self.notes is not None else 0)


class TreeModel:
    """What the tree shows, where the cursor is, and what a change does to both.

    Args:
        reader: The library, of the calling thread.
        fold_at: Chats with more notes fold by month.
    """

    def __init__(self, reader: Reader, *, fold_at: int = FOLD_AT) -> None:
        self._reader = reader
        self._groups = Groups(reader, fold_at)
        self._cache = RowCache(reader)
        self._blocks: list[_Block] = []
        self._starts: list[int] = []
        self._block_of: dict[Group, int] = {}
        self._count = 0
        self._cursor_row = 0
        self._cursor_key = RowKey(_UNPLAYED)
        self._cursor_order = 0

    # -- rows

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    def load(self) -> None:
        """Read everything; keeps what is open, and the cursor."""
        self.apply(LibraryDelta(reset=True))

    def key_at(self, row: int) -> RowKey:
        """Tell what a row stands for.

        Args:
            row: Its number, from 0; beyond either end means that end. There must be
                rows at all.
        """
        block, index = self._at(row)
        if index < 0 or block.notes is None:
            return RowKey(block.group)
        return RowKey(block.group, block.notes.at(index))

    def index_of(self, key: RowKey, order_ms: int | None = None) -> int | None:
        """Find the row of a group or note; None when it does not show.

        Args:
            key: The group or note.
            order_ms: The sort key of the note, if known: spares reading all of them.
        """
        number = self._block_of.get(key.group)
        if number is None:
            return None
        start = self._starts[number]
        if key.note_id is None:
            return start
        notes = self._blocks[number].notes
        if notes is None:
            return None
        if order_ms is None:
            index = notes.find(key.note_id)
        else:
            index = notes.find_at(key.note_id, order_ms)
        return None if index is None else start + 1 + index

    def items(self, first: int, count: int) -> list[NodeItem | NoteItem]:
        """Tell what is written on some rows.

        Args:
            first: The first row.
            count: How many rows; fewer come back at the end of the tree.
        """
        end = min(self._count, first + count)
        places = [self._at(row) for row in range(max(0, first), end)]
        wanted: list[NoteId] = []
        for block, index in places:
            if index >= 0 and block.notes is not None:
                wanted.append(block.notes.at(index))
        rows = self._cache.rows(wanted, lambda: self._around(first, end))
        items: list[NodeItem | NoteItem] = []
        for block, index in places:
            if index < 0 or block.notes is None:
                items.append(self._groups.item(block.group, block.depth))
                continue
            note_id = block.notes.at(index)
            items.append(
                NoteItem(block.group, block.depth + 1, note_id, rows.get(note_id))
            )
        return items

    def _at(self, row: int) -> tuple[_Block, int]:
        """Find the block of a row, and the note's index in it (-1: the group)."""
        row = max(0, min(row, self._count - 1))
        number = bisect_right(self._starts, row) - 1
        return self._blocks[number], row - self._starts[number] - 1

    def _around(self, first: int, end: int) -> list[NoteId]:
        """List the notes of a screen before and after some rows, to fetch with them."""
        margin = end - first
        row, last = max(0, first - margin), min(self._count, end + margin)
        ids: list[NoteId] = []
        while row < last:
            block, index = self._at(row)
            step = len(block) - 1 - index
            if block.notes is not None:
                ids.extend(block.notes.slice(index, index + last - row))
            row += step
        return ids

    # -- the cursor

    @property
    def cursor(self) -> RowKey:
        """What the cursor is on."""
        return self._cursor_key

    @property
    def cursor_row(self) -> int:
        """The row of the cursor."""
        return self._cursor_row

    def move_to(self, row: int) -> bool:
        """Put the cursor on a row; beyond either end means that end.

        Returns:
            Whether it stands for something else now.
        """
        if not self._count:
            return False
        row = max(0, min(row, self._count - 1))
        block, index = self._at(row)
        old = self._cursor_key
        self._cursor_row, self._cursor_key = row, self.key_at(row)
        if index >= 0 and block.notes is not None:
            self._cursor_order = block.notes.order_at(index)
        held = self._groups.held
        if held is not None and self._cursor_key != RowKey(_UNPLAYED, held):
            self._groups.release()
            self._lay_out()
            order = None if self._cursor_key.note_id is None else self._cursor_order
            self._cursor_row = self.index_of(self._cursor_key, order) or 0
        return self._cursor_key != old

    def parent_row(self, row: int) -> int | None:
        """Find the row that a row hangs under; None at the top level."""
        block, index = self._at(row)
        if index >= 0:
            return self._starts[self._block_of[block.group]]
        if block.group.kind is GroupKind.MONTH:
            return self.index_of(RowKey(Group(GroupKind.CHAT, block.group.chat_id)))
        return None

    def chat_row(self, row: int, step: int) -> int:
        """Find the next (1) or previous (-1) row of the top level."""
        tops = [
            start
            for start, block in zip(self._starts, self._blocks, strict=True)
            if block.depth == 0 and (start > row if step > 0 else start < row)
        ]
        if not tops:
            return row
        return tops[0] if step > 0 else tops[-1]

    # -- opening and closing

    def is_open(self, group: Group) -> bool:
        """Tell whether what is below a group shows."""
        return self._groups.is_open(group)

    def is_folded(self, chat_id: ChatId) -> bool:
        """Tell whether an open chat shows months instead of notes."""
        return self._groups.is_folded(chat_id)

    def set_open(self, group: Group, *, is_open: bool) -> bool:
        """Show or hide what is below a group.

        Returns:
            Whether anything changed. The cursor stays, or goes to the group.
        """
        if group not in self._block_of or is_open == self._groups.is_open(group):
            return False
        if is_open:
            self._groups.open(group)
        else:
            self._groups.close(group)
        self._lay_out()
        row = self.index_of(
            self._cursor_key,
            None if self._cursor_key.note_id is None else self._cursor_order,
        )
        if row is None:
            row = self.index_of(RowKey(group))
        self.move_to(0 if row is None else row)
        return True

    def reveal(self, note_id: NoteId) -> int | None:
        """Open what a note is below, and put the cursor on it.

        Returns:
            Its row; None when the note does not show in any chat.
        """
        where = self._reader.locate(note_id)
        if where is None:
            return None
        chat_id, month, order_ms = where
        group = Group(GroupKind.CHAT, chat_id)
        if group not in self._block_of:
            return None
        self.set_open(group, is_open=True)
        if self._groups.is_folded(chat_id):
            group = Group(GroupKind.MONTH, chat_id, month)
            self.set_open(group, is_open=True)
        row = self.index_of(RowKey(group, note_id), order_ms)
        if row is None:
            return None
        self.move_to(row)
        return self._cursor_row

    def order(self, group: Group) -> Sequence[NoteId]:
        """List all notes of a group in the order of the tree, newest first."""
        notes = self._groups.notes(group)
        if notes is None:
            notes = NoteList(self._reader.keys(group))
        return notes.slice()

    def _lay_out(self) -> None:
        """Number the rows; costs as many steps as there are groups."""
        self._blocks = [
            _Block(group, depth, notes) for group, depth, notes in self._groups.shown()
        ]
        ends = list(accumulate(len(block) for block in self._blocks))
        self._count = ends[-1] if ends else 0
        self._starts = [0, *ends[:-1]] if ends else []
        self._block_of = {block.group: i for i, block in enumerate(self._blocks)}

    # -- changes

    def apply(self, delta: LibraryDelta, top: int = 0, height: int = 0) -> Patch:
        """Take a change of the library in.

        Args:
            delta: What changed.
            top: The first row on the screen.
            height: How many rows are on the screen.
        """
        if delta.reset:
            self._cache.clear()
            return self._renew(self._groups.load, {}, (top, height), is_reset=True)
        if not delta.changes:
            return Patch()
        changes = {change.id: change for change in delta.changes}
        self._cache.forget(changes)
        return self._renew(
            lambda: self._groups.apply(changes), changes, (top, height), is_reset=False
        )

    @property
    def is_doubtful(self) -> bool:
        """Whether some group does not agree with the library.

        That is so while the library is ahead of the changes that were told. If it is
        still so when no more changes come, `heal` puts it right.
        """
        return self._groups.is_doubtful

    def heal(self, top: int = 0, height: int = 0) -> Patch:
        """Read the groups again that do not agree with the library."""
        return self._renew(self._groups.heal, {}, (top, height), is_reset=True)

    def _renew(
        self,
        work: Callable[[], None],
        changes: dict[NoteId, NoteChange],
        screen: tuple[int, int],
        *,
        is_reset: bool,
    ) -> Patch:
        """Change the groups, number the rows anew, and put the cursor back."""
        visible = self._remember(*screen)
        group, note_id = self._cursor_key
        is_kept = group == _UNPLAYED and self._is_there()
        self._groups.release()  # groups are compared with the library
        work()
        change = changes.get(note_id) if note_id is not None else None
        order = self._cursor_order if change is None else change.order_ms
        if is_kept and note_id is not None:
            self._groups.hold(note_id, None if is_reset else order)
        self._lay_out()
        # After a reset the sort key may be another one: then all are looked at.
        hint = None if is_reset or note_id is None else order
        found = self.index_of(self._cursor_key, hint)
        if found is None:
            found = self._follow(change, is_reset=is_reset)
        moved = self.move_to(self._neighbour() if found is None else found)
        return Patch(
            shift=self._shift(visible),
            cursor_moved=moved,
            note_changed=change is not None or is_reset,
            reset=is_reset,
        )

    def _is_there(self) -> bool:
        """Tell whether the row of the cursor is what the cursor stands for."""
        return self._count > 0 and self.key_at(self._cursor_row) == self._cursor_key

    def _remember(self, top: int, height: int) -> list[tuple[int, RowKey, int | None]]:
        """Note the rows on the screen: number, key, sort key."""
        seen: list[tuple[int, RowKey, int | None]] = []
        for row in range(max(0, top), min(self._count, top + height)):
            block, index = self._at(row)
            if index < 0 or block.notes is None:
                seen.append((row, RowKey(block.group), None))
            else:
                order = block.notes.order_at(index)
                seen.append((row, RowKey(block.group, block.notes.at(index)), order))
        return seen

    def _shift(self, seen: list[tuple[int, RowKey, int | None]]) -> int:
        """Tell by how many rows most of the remembered ones have moved down."""
        shifts: Counter[int] = Counter()
        for row, key, order in seen:
            now = self.index_of(key, order)
            if now is not None:
                shifts[now - row] += 1
        return shifts.most_common(1)[0][0] if shifts else 0

    def _follow(self, change: NoteChange | None, *, is_reset: bool) -> int | None:
        """Find the note under the cursor in the chat that it moved to, and open that.

        A note that merely left a smart node is not followed into its chat.

        Args:
            change: What is known of the note.
            is_reset: Whether nothing is known, and the library is to be asked.
        """
        group, note_id = self._cursor_key
        if note_id is None or group.kind not in {GroupKind.CHAT, GroupKind.MONTH}:
            return None
        where = None
        if change is not None and change.visible:
            where = change.chat_id, change.month, change.order_ms
        elif is_reset:
            where = self._reader.locate(note_id)
        if where is None:
            return None
        chat_id, month, order_ms = where
        there = Group(GroupKind.CHAT, chat_id)
        if there not in self._block_of:
            return None
        if not self._groups.is_open(there):
            self._groups.open(there)
        if self._groups.is_folded(chat_id):
            there = Group(GroupKind.MONTH, chat_id, month)
            self._groups.open(there)
        self._lay_out()
        return self.index_of(RowKey(there, note_id), order_ms)

    def _neighbour(self) -> int:
        """Find the row nearest to what the cursor stood for."""
        group, note_id = self._cursor_key
        number = self._block_of.get(group)
        if number is not None:
            notes = self._blocks[number].notes
            start = self._starts[number]
            if note_id is None or notes is None or not len(notes):
                return start
            return (
                start
                + 1
                + min(notes.place(note_id, self._cursor_order), len(notes) - 1)
            )
        if group.kind is GroupKind.MONTH:
            chat = self._block_of.get(Group(GroupKind.CHAT, group.chat_id))
            if chat is not None:
                return self._starts[chat]
        return self._cursor_row
