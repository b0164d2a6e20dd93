"""The groups of the tree: which are open, and the notes of those."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.browse._nodes import RECENT, Nodes
from tui.browse._notes import NoteList
from tui.model import Group, GroupKind, NoteState, Played, Sort

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.answers import Bucket, Collection, SavedSearch
    from tui.browse._items import NodeItem
    from tui.browse._nodes import Totals
    from tui.library._api import NoteKeys, Reader
    from tui.model import ChatId, GroupBy, NoteChange, NoteId

__all__ = ["Groups"]

_TOLD = frozenset(
    {GroupKind.UNPLAYED, GroupKind.PROBLEMS, GroupKind.CHAT, GroupKind.MONTH}
)
"""Whether a note is one of these, a change tells."""
_COUNTED = _TOLD | {GroupKind.STARRED}
"""The library tells how many notes these have whenever it is asked."""
_HOLDING = frozenset({GroupKind.UNPLAYED, GroupKind.SAVED, GroupKind.SEARCH})
"""A note that was played leaves these, but not while the cursor is on it."""


class _Held(NamedTuple):
    """A note that shows in a group only because the cursor is on it."""

    group: Group
    order: int
    note_id: NoteId


class Groups:
    """Everything about groups that does not depend on where they stand in the tree.

    Args:
        reader: The library.
        fold_at: Chats with more notes fold by month.
    """

    def __init__(self, reader: Reader, fold_at: int) -> None:
        self._reader = reader
        self._fold_at = fold_at
        self.nodes = Nodes(reader)
        self._open: set[Group] = set()
        self._notes: dict[Group, NoteList] = {}
        """Of the open groups that show, or will when the search ends."""
        self._doubtful: set[Group] = set()
        """Those whose length is not what the library says."""
        self._held: _Held | None = None

    # -- what there is

    def is_open(self, group: Group) -> bool:
        """Tell whether what is below a group shows."""
        return group in self._open

    def is_folded(self, chat_id: ChatId) -> bool:
        """Tell whether an open chat shows months instead of notes."""
        return chat_id in self.nodes.months

    def notes(self, group: Group) -> NoteList | None:
        """The notes of an open group that shows notes."""
        return self._notes.get(group)

    def all_notes(self, group: Group) -> NoteList:
        """The notes of any group, open or not."""
        notes = self._notes.get(group)
        return self._read(group) if notes is None else notes

    def shown(self) -> Iterator[tuple[Group, int, NoteList | None]]:
        """List the groups in the order of the tree: group, depth, notes below it."""
        for group in self.nodes.tops():
            yield group, 0, self._notes.get(group)
            if group.kind is not GroupKind.CHAT or group not in self._open:
                continue
            for month in self.nodes.months.get(group.chat_id, ()):
                inner = Group(GroupKind.MONTH, group.chat_id, month)
                yield inner, 1, self._notes.get(inner)

    def item(self, group: Group, depth: int) -> NodeItem:
        """Tell what is written on the row of a group."""
        return self.nodes.item(group, depth, is_open=group in self._open)

    # -- reading

    def load(self) -> None:
        """Read all totals, and the notes of what is open, again."""
        self.nodes.read()
        self.nodes.read_searches()
        self._load_all()

    def _load_all(self) -> None:
        self._notes.clear()
        self.nodes.months.clear()
        self._doubtful.clear()
        for group in sorted(self._open, key=lambda group: group.kind):
            self._load(group)

    def open(self, group: Group) -> None:
        """Show what is below a group."""
        self._open.add(group)
        self._load(group)
        for month in self.nodes.months.get(group.chat_id, ()):
            inner = Group(GroupKind.MONTH, group.chat_id, month)
            if inner in self._open:
                self._load(inner)

    def close(self, group: Group) -> None:
        """Hide what is below a group; open months of a chat are remembered."""
        if self._held is not None and self._held.group == group:
            self._held = None
        self._open.discard(group)
        self._notes.pop(group, None)
        if group.kind is GroupKind.CHAT:
            for month in self.nodes.months.pop(group.chat_id, ()):
                self._notes.pop(Group(GroupKind.MONTH, group.chat_id, month), None)

    def _load(self, group: Group) -> None:
        """Read the notes or the months of an open group, if it shows at all."""
        totals = self.nodes.totals(group)
        if totals is None:
            return
        folds = group.kind is GroupKind.CHAT and self.nodes.sort is Sort.NEWEST
        if folds and totals[0] > self._fold_at:
            self.nodes.read_months(group.chat_id)
            if len(self.nodes.months[group.chat_id]) > 1:
                return
            del self.nodes.months[group.chat_id]
        self._notes[group] = self._read(group)

    def _read(self, group: Group) -> NoteList:
        return NoteList(self._reader.keys(group, self.nodes.sort))

    # -- searches and views

    def show_search(self, group: Group, keys: NoteKeys, totals: Totals) -> None:
        """Let a search stand alone, open; what is below it stays as it is."""
        self._drop_search()
        self.nodes.set_search((group, totals))
        self._open.add(group)
        self._notes[group] = NoteList(keys)

    def end_search(self) -> None:
        """Show again what there was before the search."""
        self._drop_search()
        self.nodes.set_search(None)

    def _drop_search(self) -> None:
        if self.nodes.search is not None:
            self.close(self.nodes.search)

    def update_searches(self, searches: Iterable[SavedSearch]) -> None:
        """Take the saved searches with other totals."""
        self.nodes.set_searches(searches)
        self._settle()

    def update_collections(self, collections: Iterable[Collection]) -> None:
        """Take the collections with other totals."""
        self.nodes.set_collections(collections)
        self._settle()
        for group, notes in list(self._notes.items()):
            totals = self.nodes.totals(group)
            if group.kind is not GroupKind.COLLECTION or totals is None:
                continue
            if len(notes) != totals[0]:
                # Another note of its recording stands for one that came or went.
                self._load(group)

    def set_view(self, by: GroupBy, buckets: Sequence[Bucket]) -> None:
        """Show the groups of a view, or the same with other totals."""
        if by is not self.nodes.by:
            self.nodes.months.clear()
        self.nodes.set_view(by, buckets)
        self._settle()

    def set_sort(self, sort: Sort) -> None:
        """Put everything in another order; chats fold by month only by time."""
        self.nodes.set_sort(sort)
        self._load_all()

    def _settle(self) -> None:
        """Read the notes of what shows now, and give up those of what does not."""
        for group in list(self._notes):
            if self.nodes.totals(group) is None:
                del self._notes[group]
        self._load_missing(set(self.nodes.months))

    def _load_missing(self, chats: set[ChatId]) -> None:
        """Show what is below open groups that came, or came back.

        Args:
            chats: Those that are folded by month already.
        """
        for group in sorted(self._open, key=lambda group: group.kind):
            if group in self._notes:
                continue
            is_folded = group.kind is GroupKind.CHAT and group.chat_id in chats
            if not is_folded:
                self._load(group)
            elif group.chat_id not in self.nodes.chats:
                del self.nodes.months[group.chat_id]

    # -- the note that is kept

    @property
    def held(self) -> tuple[Group, NoteId] | None:
        """The note that shows in a group only because the cursor is on it."""
        return None if self._held is None else (self._held.group, self._held.note_id)

    def holds(self, group: Group) -> bool:
        """Tell whether a note that leaves a group stays while the cursor is on it."""
        return group.kind in _HOLDING

    def hold(self, group: Group, note_id: NoteId, order: int | None) -> None:
        """Show a note in a group that is not one of it any more, if it shows at all.

        Args:
            group: The group.
            note_id: The note.
            order: Its sort key; None asks the library.
        """
        notes = self._notes.get(group)
        if notes is None:
            return
        if order is not None and notes.find_at(note_id, order) is not None:
            return
        rows = self._reader.rows([note_id])
        if not rows or rows[0].chat_id not in self.nodes.chats:
            return
        is_shown = rows[0].state in {NoteState.READY, NoteState.UNREADABLE}
        if is_shown and notes.find(note_id) is None:
            order = rows[0].order_ms if order is None else order
            notes.insert([(order, note_id)])
            self._held = _Held(group, order, note_id)

    def release(self) -> None:
        """Take the note out again that was held."""
        held, self._held = self._held, None
        notes = None if held is None else self._notes.get(held.group)
        if held is not None and notes is not None:
            index = notes.find_at(held.note_id, held.order)
            if index is not None:
                notes.remove_at(index)

    # -- changes

    @property
    def is_doubtful(self) -> bool:
        """Whether a group does not agree with the library."""
        return bool(self._doubtful)

    def heal(self) -> None:
        """Read the notes of the groups again that do not agree with the library."""
        for group in self._doubtful & self._notes.keys():
            self._load(group)
        self._doubtful.clear()

    def apply(self, changes: dict[NoteId, NoteChange]) -> None:
        """Take changed notes in: patch the notes of open groups, read totals again."""
        folded = set(self.nodes.months)
        self.nodes.read(list(changes))
        for group in list(self._notes):
            if self.nodes.totals(group) is None:
                del self._notes[group]  # the group is gone; it stays marked as open
        for group, notes in self._notes.items():
            if group != RECENT:
                self._patch(group, notes, changes)
        if RECENT in self._notes:  # forty rows: reading is simpler than patching
            self._load(RECENT)
        self._load_missing(folded)

    def _patch(
        self, group: Group, notes: NoteList, changes: dict[NoteId, NoteChange]
    ) -> None:
        """Bring the notes of one group in line with some changes.

        A change tells where a note is now, not where it was. What is already in its
        place, or was there under the same sort key, is found by bisection. Anything
        else that may be left over shows in the length, which the library knows.
        """
        right = self._right(group, changes)
        is_told = group.kind in _TOLD and self.nodes.sort is Sort.NEWEST
        if not is_told:  # the former keys are not known
            notes.keep_only(right, right.keys())
        added: list[tuple[int, int]] = []
        for note_id, order in right.items():
            index = notes.find_at(
                note_id, changes[note_id].order_ms if order is None else order
            )
            if order is not None and index is None:
                added.append((order, note_id))
            elif order is None and index is not None:
                notes.remove_at(index)
        notes.insert(added)
        if not self._is_wrong(group, notes):
            return
        notes.keep_only(right, right.keys())
        if self._is_wrong(group, notes):
            # Mostly because the library is ahead of the change, and the next one mends
            # it.
            self._doubtful.add(group)

    def _is_wrong(self, group: Group, notes: NoteList) -> bool:
        """Tell whether a group has another length than the library says."""
        totals = self.nodes.totals(group)
        if totals is None or group.kind not in _COUNTED or len(notes) == totals[0]:
            self._doubtful.discard(group)
            return False
        return True

    def _right(
        self, group: Group, changes: dict[NoteId, NoteChange]
    ) -> dict[NoteId, int | None]:
        """Tell the sort keys of changed notes in a group, None for those outside."""
        if group.kind in _TOLD and self.nodes.sort is Sort.NEWEST:
            return {
                change.id: change.order_ms if _belongs(change, group) else None
                for change in changes.values()
            }
        found = self._reader.members(group, list(changes), self.nodes.sort)
        return {note_id: found.get(note_id) for note_id in changes}


def _belongs(change: NoteChange, group: Group) -> bool:
    """Tell whether a changed note is one of a group, of those that a change tells."""
    if group.kind is GroupKind.UNPLAYED:
        return change.visible and change.played is not Played.PLAYED
    if group.kind is GroupKind.PROBLEMS:
        return change.problem
    return (
        change.visible
        and change.chat_id == group.chat_id
        and group.month in {0, change.month}
    )
