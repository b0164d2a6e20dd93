"""The groups of the tree: their totals, which are open, and the notes of those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.browse._items import NodeItem
from tui.browse._notes import NoteList
from tui.model import Group, GroupKind, NoteState, Played
from tui.rowtext import SMART_LABELS, month_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library._api import Reader
    from tui.model import Chat, ChatId, MonthTotals, NoteChange, NoteId

__all__ = ["Groups"]

_UNPLAYED = Group(GroupKind.UNPLAYED)
_RECENT = Group(GroupKind.RECENT)
_PROBLEMS = Group(GroupKind.PROBLEMS)
_Totals = tuple[int, int, int]


class Groups:
    """Everything about groups that does not depend on where they stand in the tree.

    Args:
        reader: The library.
        fold_at: Chats with more notes fold by month.
    """

    def __init__(self, reader: Reader, fold_at: int) -> None:
        self._reader = reader
        self._fold_at = fold_at
        self._smart: dict[Group, _Totals] = {}
        self._chats: dict[ChatId, Chat] = {}
        self._months: dict[ChatId, dict[int, MonthTotals]] = {}
        """Of the open chats that are folded by month."""
        self._open: set[Group] = set()
        self._notes: dict[Group, NoteList] = {}
        """Of the open groups that show."""
        self._doubtful: set[Group] = set()
        """Those whose length is not what the library says."""
        self._held: tuple[int, NoteId] | None = None
        """Sort key and id of a note that still shows in Unplayed, but was played."""

    # -- what there is

    def is_open(self, group: Group) -> bool:
        """Tell whether what is below a group shows."""
        return group in self._open

    def is_folded(self, chat_id: ChatId) -> bool:
        """Tell whether an open chat shows months instead of notes."""
        return chat_id in self._months

    def notes(self, group: Group) -> NoteList | None:
        """The notes of an open group that shows notes."""
        return self._notes.get(group)

    def shown(self) -> Iterator[tuple[Group, int, NoteList | None]]:
        """List the groups in the order of the tree: group, depth, notes below it."""
        for group in self._smart:
            yield group, 0, self._notes.get(group)
        for chat_id in self._chats:
            group = Group(GroupKind.CHAT, chat_id)
            yield group, 0, self._notes.get(group)
            if group not in self._open:
                continue
            for month in self._months.get(chat_id, ()):
                group = Group(GroupKind.MONTH, chat_id, month)
                yield group, 1, self._notes.get(group)

    def item(self, group: Group, depth: int) -> NodeItem:
        """Tell what is written on the row of a group."""
        kind = None
        if group.kind is GroupKind.CHAT:
            chat = self._chats[group.chat_id]
            label, kind = chat.title, chat.kind
            notes, unplayed, duration_ms = chat.notes, chat.unplayed, chat.duration_ms
        elif group.kind is GroupKind.MONTH:
            month = self._months[group.chat_id][group.month]
            label = month_name(group.month)
            notes, unplayed = month.notes, month.unplayed
            duration_ms = month.duration_ms
        else:
            label = SMART_LABELS[group.kind]
            notes, unplayed, duration_ms = self._smart[group]
        return NodeItem(
            group, depth, group in self._open, label, kind, notes, unplayed, duration_ms
        )

    # -- reading

    def load(self) -> None:
        """Read all totals, and the notes of what is open, again."""
        self._read_totals()
        self._notes.clear()
        self._months.clear()
        self._doubtful.clear()
        for group in sorted(self._open, key=lambda group: group.kind):
            self._load(group)

    def open(self, group: Group) -> None:
        """Show what is below a group."""
        self._open.add(group)
        self._load(group)
        for month in self._months.get(group.chat_id, ()):
            inner = Group(GroupKind.MONTH, group.chat_id, month)
            if inner in self._open:
                self._load(inner)

    def close(self, group: Group) -> None:
        """Hide what is below a group; open months of a chat are remembered."""
        if group == _UNPLAYED:
            self._held = None
        self._open.discard(group)
        self._notes.pop(group, None)
        if group.kind is GroupKind.CHAT:
            for month in self._months.pop(group.chat_id, ()):
                self._notes.pop(Group(GroupKind.MONTH, group.chat_id, month), None)

    def _load(self, group: Group) -> None:
        """Read the notes or the months of an open group, if it shows at all."""
        if group.kind is GroupKind.CHAT:
            chat = self._chats.get(group.chat_id)
            if chat is None:
                return
            if chat.notes > self._fold_at:
                months = self._reader.months(group.chat_id)
                if len(months) > 1:
                    self._months[group.chat_id] = {m.month: m for m in months}
                    return
        elif group.kind is GroupKind.MONTH:
            if group.month not in self._months.get(group.chat_id, ()):
                return
        elif group not in self._smart:
            return
        self._notes[group] = NoteList(self._reader.keys(group))

    def _read_totals(self) -> None:
        """Read the totals of smart nodes, of all chats, and of months that show."""
        totals = self._reader.totals()
        self._smart = {}
        if totals.notes:
            unplayed = totals.unplayed
            self._smart[_UNPLAYED] = (unplayed, unplayed, totals.unplayed_ms)
            self._smart[_RECENT] = self._reader.group_totals(_RECENT)
        if totals.problems:
            problems = self._reader.group_totals(_PROBLEMS)
            if problems[0]:  # sources that are away count too, but have no row
                self._smart[_PROBLEMS] = problems
        self._chats = {chat.id: chat for chat in self._reader.chats()}
        for chat_id in list(self._months):
            self._months[chat_id] = {m.month: m for m in self._reader.months(chat_id)}

    # -- the note that is kept

    @property
    def held(self) -> NoteId | None:
        """The note that shows in Unplayed only because the cursor is on it."""
        return None if self._held is None else self._held[1]

    def hold(self, note_id: NoteId, order_ms: int | None) -> None:
        """Show a note in Unplayed that is not one of it any more, if it shows at all.

        Args:
            note_id: The note.
            order_ms: Its sort key; None asks the library.
        """
        notes = self._notes.get(_UNPLAYED)
        if notes is None:
            return
        if order_ms is not None and notes.find_at(note_id, order_ms) is not None:
            return
        rows = self._reader.rows([note_id])
        if not rows or rows[0].chat_id not in self._chats:
            return
        is_shown = rows[0].state in {NoteState.READY, NoteState.UNREADABLE}
        if is_shown and notes.find(note_id) is None:
            order_ms = rows[0].order_ms if order_ms is None else order_ms
            notes.insert([(order_ms, note_id)])
            self._held = order_ms, note_id

    def release(self) -> None:
        """Take the note out again that was held."""
        notes = self._notes.get(_UNPLAYED)
        if self._held is not None and notes is not None:
            index = notes.find_at(self._held[1], self._held[0])
            if index is not None:
                notes.remove_at(index)
        self._held = None

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
        months = {chat_id: set(months) for chat_id, months in self._months.items()}
        self._read_totals()
        for group in list(self._notes):
            if self._expected(group) is None:
                del self._notes[group]  # the group is gone; it stays marked as open
        for group, notes in self._notes.items():
            if group != _RECENT:
                self._patch(group, notes, changes)
        if _RECENT in self._notes:  # forty rows: reading is simpler than patching
            self._load(_RECENT)
        self._reopen(months)

    def _reopen(self, months: dict[ChatId, set[int]]) -> None:
        """Show what is below groups that were open, gone, and are back."""
        for group in self._open:
            if group in self._notes:
                continue
            is_chat = group.kind is GroupKind.CHAT
            if not is_chat or group.chat_id not in months:
                self._load(group)
            elif group.chat_id not in self._chats:
                del self._months[group.chat_id]

    def _expected(self, group: Group) -> int | None:
        """Tell how many notes a group should have; None when it does not show."""
        if group.kind is GroupKind.CHAT:
            chat = self._chats.get(group.chat_id)
            return None if chat is None else chat.notes
        if group.kind is GroupKind.MONTH:
            month = self._months.get(group.chat_id, {}).get(group.month)
            return None if month is None else month.notes
        return self._smart[group][0] if group in self._smart else None

    def _patch(
        self, group: Group, notes: NoteList, changes: dict[NoteId, NoteChange]
    ) -> None:
        """Bring the notes of one group in line with some changes.

        A change tells where a note is now, not where it was. What is already in its
        place, or was there under the same sort key, is found by bisection. Anything
        else that may be left over shows in the length, which the library knows.
        """
        added: list[tuple[int, int]] = []
        for change in changes.values():
            index = notes.find_at(change.id, change.order_ms)
            if _belongs(change, group):
                if index is None:
                    added.append((change.order_ms, change.id))
            elif index is not None:
                notes.remove_at(index)
        notes.insert(added)
        if len(notes) == self._expected(group):
            self._doubtful.discard(group)
            return
        right: dict[int, int | None] = {
            change.id: change.order_ms if _belongs(change, group) else None
            for change in changes.values()
        }
        notes.keep_only(right, right.keys())
        if len(notes) == self._expected(group):
            self._doubtful.discard(group)
            return
        # Mostly because the library is ahead of the change, and the next one mends it.
        self._doubtful.add(group)


def _belongs(change: NoteChange, group: Group) -> bool:
    """Tell whether a changed note is one of a group (any but Recent)."""
    if group.kind is GroupKind.UNPLAYED:
        return change.visible and change.played is not Played.PLAYED
    if group.kind is GroupKind.PROBLEMS:
        return change.problem
    return (
        change.visible
        and change.chat_id == group.chat_id
        and group.month in {0, change.month}
    )
