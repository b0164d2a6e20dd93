"""The tree of smart nodes, chats, months and notes as numbered rows, with a cursor.

The rows are numbered by `Layout`; what is written on one is fetched for those on the
screen alone. Everything that changes the rows ends with numbering them anew, and with
the cursor on what it was on, or on what is nearest to that.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tui.browse._cursor import CursorTree
from tui.browse._items import Patch, RowKey
from tui.model import GroupBy, GroupKind, LibraryDelta, Sort
from tui.rowtext import count, cut
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from tui.answers import Bucket, Collection, SavedSearch
    from tui.browse._cursor import Place
    from tui.browse._nodes import Totals
    from tui.library._api import NoteKeys, Reader
    from tui.model import Group, NoteChange, NoteId

__all__ = ["FOLD_AT", "TreeModel"]

FOLD_AT = 60
"""Chats with more notes fold by month."""
_LOOKED_AT = 2_000
"""Up to so many selected notes are looked for when everything is read again."""
_NAME = 40
"""Cells of the name of a group in a sentence."""
_MOVING = frozenset(
    {
        GroupKind.CHAT,
        GroupKind.MONTH,
        GroupKind.SENDER,
        GroupKind.DAY,
        GroupKind.WEEK,
        GroupKind.CALENDAR,
        GroupKind.SOURCE,
    }
)
"""Groups of which a note is in one at a time: the cursor goes with it to the next."""


class TreeModel(CursorTree):
    """What the tree shows, where the cursor is, and what a change does to both.

    Args:
        reader: The library, of the calling thread.
        fold_at: Chats with more notes fold by month.
    """

    def __init__(self, reader: Reader, *, fold_at: int = FOLD_AT) -> None:
        super().__init__(reader, fold_at=fold_at)
        self._before_search: Place | None = None

    def load(self) -> None:
        """Read everything; keeps what is open, and the cursor."""
        self.apply(LibraryDelta(reset=True))

    def label(self, group: Group) -> str:
        """Tell what a node is called; empty for one that is not there."""
        return self._nodes.label(group)[0]

    # -- searches, views, orders

    @property
    def search(self) -> Group | None:
        """The search that is shown instead of everything else."""
        return self._nodes.search

    @property
    def view(self) -> GroupBy:
        """What the tree is made of below its smart nodes."""
        return self._nodes.by

    @property
    def sort(self) -> Sort:
        """The order of notes in groups, and of the groups of the view."""
        return self._nodes.sort

    def show_search(self, group: Group, keys: NoteKeys, totals: Totals) -> None:
        """Show what a search found, and nothing else.

        The cursor stays on its note if that is found again, else goes to the first.

        Args:
            group: The search.
            keys: The notes in the order of the tree; they are changed in place.
            totals: Notes, unplayed notes, length in milliseconds.
        """
        self._keep_range()
        self._groups.release()
        note_id = None
        if self._nodes.search is None:
            self._before_search = self._cursor
        else:
            note_id = self._cursor.key.note_id
        self._groups.show_search(group, keys, totals)
        self._lay_out()
        row = None if note_id is None else self.index_of(RowKey(group, note_id))
        self.move_to(1 if row is None else row)

    def end_search(self, *, stay: bool) -> None:
        """Show everything again, as it was before the search.

        Args:
            stay: Put the cursor on the note it is on, where that stands in the view;
                else to where it was before the search.
        """
        before = self._before_search
        if self._nodes.search is None or before is None:
            return
        self._keep_range()
        note_id = self._cursor.key.note_id
        self._groups.release()
        self._groups.end_search()
        self._before_search = None
        self._lay_out()
        self._cursor = before
        if stay and note_id is not None and self.reveal(note_id) is not None:
            return
        row = self._cursor_index()
        if row is None:
            row = self.index_of(before.key)
        self.move_to(self._neighbour() if row is None else row)

    def update_searches(self, searches: Iterable[SavedSearch]) -> None:
        """Take the saved searches with the totals that they have now."""
        self._rearrange(lambda: self._groups.update_searches(searches))

    def update_collections(self, collections: Iterable[Collection]) -> None:
        """Take the collections with the totals that they have now."""
        self._rearrange(lambda: self._groups.update_collections(collections))

    def show_view(self, by: GroupBy, buckets: Sequence[Bucket]) -> None:
        """Make the tree of other groups; the cursor goes with its note.

        Args:
            by: What of.
            buckets: The groups; none by chat.
        """
        self._keep_range()
        group, note_id = self._cursor.key
        changes = by is not self._nodes.by
        self._rearrange(lambda: self._groups.set_view(by, buckets))
        was_in_view = group not in self._layout and self._nodes.search is None
        if not changes or not was_in_view or not self.count:
            return
        if note_id is None or self.reveal(note_id) is None:
            first = next(self._nodes.view(), None)
            row = None if first is None else self.index_of(RowKey(first))
            self.move_to(0 if row is None else row)

    def update_buckets(self, by: GroupBy, buckets: Sequence[Bucket]) -> None:
        """Take the groups of the view with the totals that they have now.

        Args:
            by: What they are made by; those of another view are not taken.
            buckets: The groups.
        """
        if by is self._nodes.by and by is not GroupBy.CHAT:
            self._rearrange(lambda: self._groups.set_view(by, buckets))

    def set_sort(self, sort: Sort) -> None:
        """Put notes and groups in another order; the cursor stays on its note."""
        if sort is self._nodes.sort:
            return
        self._keep_range()
        self._rearrange(lambda: self._groups.set_sort(sort))

    def _rearrange(self, work: Callable[[], None]) -> None:
        """Change which groups there are, and put the cursor back."""
        note_id = self._cursor.key.note_id
        self._groups.release()
        work()
        self._lay_out()
        row = self._cursor_index()
        if row is None:
            row = self.index_of(self._cursor.key)
        if row is None and note_id is not None:
            # Chats do not fold by month in every order.
            row = self._elsewhere(note_id)
        self.move_to(self._neighbour() if row is None else row)

    def _elsewhere(self, note_id: NoteId) -> int | None:
        """Find a note of a chat by its month, and the other way round."""
        group = self._cursor.key.group
        if group.kind not in {GroupKind.CHAT, GroupKind.MONTH}:
            return None
        where = self._reader.locate(note_id)
        if where is None or where[0] != group.chat_id or not self._is_by_chat():
            return None
        return self._open_chat(note_id, *where)

    def _is_by_chat(self) -> bool:
        return self._nodes.by is GroupBy.CHAT and self._nodes.search is None

    # -- days

    def go_to_day(self, day: date) -> bool:
        """Put the cursor on the newest note of a day, or of the nearest before it.

        It is looked for in the group under the cursor, or in its whole chat; in a view
        by time in all of it.

        Args:
            day: The day.

        Returns:
            Whether there is one.
        """
        from tui.browse._walk import DayWalk  # nothing for the first screen

        if not self.count:
            return False
        walk = DayWalk(self._reader, self._groups)
        return self._show(walk.at(self._cursor.key, day))

    def step_day(self, step: int) -> bool:
        """Go to the next (1) or previous (-1) day that has a note.

        Returns:
            Whether there is one.
        """
        from tui.browse._walk import DayWalk

        if not self.count:
            return False
        walk = DayWalk(self._reader, self._groups)
        return self._show(walk.step(self._cursor.key, step))

    def _show(self, key: RowKey | None) -> bool:
        """Open a group and put the cursor on a note of it."""
        if key is None or key.note_id is None:
            return False
        if key.group.kind is GroupKind.CHAT:
            return self.reveal(key.note_id) is not None
        self._open(key.group)
        row = self.index_of(key)
        here = self._cursor_index() if row is None else row
        self.move_to(self._neighbour() if here is None else here)
        return row is not None

    # -- the selection

    @property
    def selected(self) -> list[NoteId]:
        """The notes that are selected, in the order in which they were."""
        return self._selection.notes(self._cursor.row)

    @property
    def selected_count(self) -> int:
        """How many notes are selected."""
        return self._selection.count(self._cursor.row)

    @property
    def is_selecting(self) -> bool:
        """Whether moving the cursor selects."""
        return self._selection.has_range

    def select(self) -> None:
        """Begin a range of selected notes at the cursor, or end it and keep it."""
        if self._selection.has_range:
            self._keep_range()
        elif self.count:
            self._selection.begin(self._cursor.row)

    def clear_selection(self) -> bool:
        """Select nothing.

        Returns:
            Whether anything was selected.
        """
        return self._selection.clear()

    def chosen(self) -> tuple[list[NoteId], str]:
        """List what a key is for, and say so in a few words.

        Returns:
            The selected notes, else the note under the cursor, else all of the group
            under the cursor.
        """
        notes = self.selected
        if notes:
            return notes, _notes(len(notes))
        group, note_id = self._cursor.key
        if note_id is not None:
            return [note_id], "this note"
        if not self.count:
            return [], _notes(0)
        notes = list(self.order(group))
        name = cut(printable(self._nodes.label(group)[0]), _NAME)
        return notes, f"{_notes(len(notes))} of {name}"

    def name_of(self, group: Group) -> str:
        """Tell what a group is called, a month with its chat, in printable text."""
        name = self._nodes.label(group)[0]
        if group.kind is GroupKind.MONTH:
            chat = group._replace(kind=GroupKind.CHAT, month=0)
            name = f"{self._nodes.label(chat)[0]} {name}"
        return cut(printable(name), _NAME)

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
            self._look_for_selected()
            return self._renew(self._groups.load, {}, (top, height), is_reset=True)
        if not delta.changes:
            return Patch()
        changes = {change.id: change for change in delta.changes}
        self._cache.forget(changes)
        self._selection.forget(delta.changes)
        return self._renew(
            lambda: self._groups.apply(changes), changes, (top, height), is_reset=False
        )

    def _look_for_selected(self) -> None:
        """Drop selected notes that are gone; whoever acts on many finds out later."""
        kept = self._selection.kept
        if kept and len(kept) <= _LOOKED_AT:
            self._selection.keep_only(row.id for row in self._reader.rows(kept))

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
        group, note_id = self._cursor.key
        is_kept = self._groups.holds(group) and self._is_there()
        self._groups.release()  # groups are compared with the library
        work()
        change = changes.get(note_id) if note_id is not None else None
        order: int | None = self._cursor.order
        by_time = (
            self._nodes.sort is Sort.NEWEST and group.kind is not GroupKind.COLLECTION
        )
        if change is not None and by_time:
            order = change.order_ms
        if is_kept and note_id is not None:
            self._groups.hold(group, note_id, None if is_reset else order)
        self._lay_out()
        # The sort key may be another one: then all are looked at.
        is_told = by_time or change is None
        hint = order if is_told and not is_reset and note_id is not None else None
        found = self.index_of(self._cursor.key, hint)
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
        return self.count > 0 and self.key_at(self.cursor_row) == self.cursor

    def _remember(self, top: int, height: int) -> list[tuple[int, RowKey, int | None]]:
        """Note the rows on the screen: number, key, sort key."""
        return [
            (row, self._layout.key_at(row), self._layout.order_at(row))
            for row in range(max(0, top), min(self.count, top + height))
        ]

    def _shift(self, seen: list[tuple[int, RowKey, int | None]]) -> int:
        """Tell by how many rows most of the remembered ones have moved down."""
        shifts: Counter[int] = Counter()
        for row, key, order in seen:
            now = self.index_of(key, order)
            if now is not None:
                shifts[now - row] += 1
        return shifts.most_common(1)[0][0] if shifts else 0

    def _follow(self, change: NoteChange | None, *, is_reset: bool) -> int | None:
        """Find the note under the cursor in the group that it moved to, and open that.

        A note that merely left a smart node is not followed into its chat.

        Args:
            change: What is known of the note.
            is_reset: Whether nothing is known, and the library is to be asked.
        """
        group, note_id = self._cursor.key
        if note_id is None or group.kind not in _MOVING:
            return None
        if change is None and not is_reset:
            return None
        if change is not None and not change.visible:
            return None
        if not self._is_by_chat():
            is_here = self._nodes.search is None
            return self._open_bucket(note_id) if is_here else None
        where = self._reader.locate(note_id) if change is None else change[1:4]
        return None if where is None else self._open_chat(note_id, *where)


def _notes(number: int) -> str:
    return f"{count(number)} note" if number == 1 else f"{count(number)} notes"
