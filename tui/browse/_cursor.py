"""Rows, a cursor among them, and what opening and closing does to both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.browse._groups import Groups
from tui.browse._items import NoteItem, RowKey
from tui.browse._layout import Layout
from tui.browse._nodes import UNPLAYED
from tui.browse._rows import RowCache
from tui.browse._selection import Selection
from tui.model import Group, GroupBy, GroupKind, Sort

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.browse._items import NodeItem
    from tui.library._api import Reader
    from tui.model import ChatId, NoteId

__all__ = ["CursorTree", "Place"]


class Place(NamedTuple):
    """Where the cursor is or was."""

    key: RowKey
    order: int
    """The sort key of the note, or of the last one that it was on."""
    row: int


class CursorTree:
    """What the tree shows, and where the cursor is.

    Args:
        reader: The library, of the calling thread.
        fold_at: Chats with more notes fold by month.
    """

    def __init__(self, reader: Reader, *, fold_at: int) -> None:
        self._reader = reader
        self._groups = Groups(reader, fold_at)
        self._nodes = self._groups.nodes
        self._cache = RowCache(reader)
        self._layout = Layout()
        self._selection = Selection(self._layout)
        self._cursor = Place(RowKey(UNPLAYED), 0, 0)

    # -- rows

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._layout.count

    def key_at(self, row: int) -> RowKey:
        """Tell what a row stands for.

        Args:
            row: Its number, from 0; beyond either end means that end. There must be
                rows at all.
        """
        return self._layout.key_at(row)

    def index_of(self, key: RowKey, order: int | None = None) -> int | None:
        """Find the row of a group or note; None when it does not show.

        Args:
            key: The group or note.
            order: The sort key of the note, if known: spares reading all of them.
        """
        return self._layout.index_of(key, order)

    def items(self, first: int, count: int) -> list[NodeItem | NoteItem]:
        """Tell what is written on some rows.

        Args:
            first: The first row.
            count: How many rows; fewer come back at the end of the tree.
        """
        first, end = max(0, first), min(self.count, first + count)
        places = [self._layout.at(row) for row in range(first, end)]
        wanted: list[NoteId] = []
        for block, index in places:
            if index >= 0 and block.notes is not None:
                wanted.append(block.notes.at(index))
        margin = end - first
        rows = self._cache.rows(
            wanted,
            lambda: list(self._layout.notes_between(first - margin, end + margin - 1)),
        )
        items: list[NodeItem | NoteItem] = []
        for row, (block, index) in enumerate(places, first):
            if index < 0 or block.notes is None:
                items.append(self._groups.item(block.group, block.depth))
                continue
            note_id = block.notes.at(index)
            chosen = self._selection.has(row, note_id, self._cursor.row)
            items.append(
                NoteItem(
                    block.group, block.depth + 1, note_id, rows.get(note_id), chosen
                )
            )
        return items

    # -- the cursor

    @property
    def cursor(self) -> RowKey:
        """What the cursor is on."""
        return self._cursor.key

    @property
    def cursor_row(self) -> int:
        """The row of the cursor."""
        return self._cursor.row

    def move_to(self, row: int) -> bool:
        """Put the cursor on a row; beyond either end means that end.

        Returns:
            Whether it stands for something else now.
        """
        if not self.count:
            return False
        row = max(0, min(row, self.count - 1))
        old = self._cursor
        order = self._layout.order_at(row)
        key = self._layout.key_at(row)
        self._cursor = Place(key, old.order if order is None else order, row)
        held = self._groups.held
        if held is not None and key != RowKey(*held):
            self._groups.release()
            self._lay_out()
            self._cursor = self._cursor._replace(row=self.index_of(key, order) or 0)
        return key != old.key

    def parent_row(self, row: int) -> int | None:
        """Find the row that a row hangs under; None at the top level."""
        return self._layout.parent_row(row)

    def chat_row(self, row: int, step: int) -> int:
        """Find the next (1) or previous (-1) row of the top level."""
        tops = [
            top for top in self._layout.tops() if (top > row if step > 0 else top < row)
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
        if group not in self._layout or is_open == self._groups.is_open(group):
            return False
        if is_open:
            self._groups.open(group)
        else:
            self._keep_range()
            self._groups.close(group)
        self._lay_out()
        row = self._cursor_index()
        if row is None:
            row = self.index_of(RowKey(group))
        self.move_to(0 if row is None else row)
        return True

    def _cursor_index(self) -> int | None:
        """Find the row of what the cursor is on, whose sort key is the same."""
        key = self._cursor.key
        return self.index_of(key, None if key.note_id is None else self._cursor.order)

    def reveal(self, note_id: NoteId) -> int | None:
        """Open what a note is below, and put the cursor on it.

        Returns:
            Its row; None when the note does not show in what the tree is made of.
        """
        if self._nodes.search is not None:
            row = self.index_of(RowKey(self._nodes.search, note_id))
        elif self._nodes.by is GroupBy.CHAT:
            where = self._reader.locate(note_id)
            row = None if where is None else self._open_chat(note_id, *where)
        else:
            row = self._open_bucket(note_id)
        if row is None:  # a group may have been opened all the same
            here = self._cursor_index()
            self.move_to(self._neighbour() if here is None else here)
            return None
        self.move_to(row)
        return self.cursor_row

    def _open_chat(
        self, note_id: NoteId, chat_id: ChatId, month: int, order_ms: int
    ) -> int | None:
        """Open the chat of a note, and its month; tells its row."""
        group = Group(GroupKind.CHAT, chat_id)
        if group not in self._layout:
            return None
        self._open(group)
        if self._groups.is_folded(chat_id):
            group = Group(GroupKind.MONTH, chat_id, month)
            self._open(group)
        by_time = self._nodes.sort is Sort.NEWEST
        return self.index_of(RowKey(group, note_id), order_ms if by_time else None)

    def _open_bucket(self, note_id: NoteId) -> int | None:
        """Open the group of the view that a note is in; tells its row."""
        from tui.browse._places import bucket_of  # nothing for the first screen

        rows = self._reader.rows([note_id])
        group = bucket_of(self._reader, self._nodes.buckets, rows[0]) if rows else None
        if group is None or group not in self._layout:
            return None
        self._open(group)
        return self.index_of(RowKey(group, note_id))

    def _open(self, group: Group) -> None:
        if not self._groups.is_open(group) and self._nodes.totals(group) is not None:
            self._groups.open(group)
            self._lay_out()

    def order(self, group: Group) -> Sequence[NoteId]:
        """List all notes of a group in the order of the tree."""
        return self._groups.all_notes(group).slice()

    def _lay_out(self) -> None:
        """Number the rows."""
        self._layout.number(self._groups.shown())
        self._selection.lay_out()

    def _keep_range(self) -> None:
        if self._selection.has_range:
            self._selection.end(self._cursor.row)

    def _neighbour(self) -> int:
        return self._layout.neighbour(*self._cursor)
