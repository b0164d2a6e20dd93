"""From day to day: which note the cursor goes to."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from tui.browse._items import RowKey
from tui.browse._places import (
    day_before,
    day_of,
    later_day,
    newest_until,
    number_of,
)
from tui.model import Group, GroupBy, GroupKind, NoteId, Sort

if TYPE_CHECKING:
    from datetime import date

    from tui.browse._groups import Groups
    from tui.library._api import NoteKeys, Reader

__all__ = ["DayWalk"]

_BY_TIME = {
    GroupBy.DAY: GroupKind.DAY,
    GroupBy.WEEK: GroupKind.WEEK,
    GroupBy.MONTH: GroupKind.CALENDAR,
}


class DayWalk:
    """Finds the notes of days.

    Args:
        reader: The library.
        groups: What is shown.
    """

    def __init__(self, reader: Reader, groups: Groups) -> None:
        self._reader = reader
        self._groups = groups

    def at(self, cursor: RowKey, day: date) -> RowKey | None:
        """Find the newest note of a day, or of the nearest day before it.

        Args:
            cursor: Where the cursor is: its group, or chat, is looked through; one of
                a view by time, with all the others.
            day: The day.

        Returns:
            The group and the note; None when all are newer.
        """
        for group in self._groups_until(cursor.group, day):
            note_id = newest_until(self._reader, self._keys(group), day)
            if note_id is not None:
                return RowKey(group, note_id)
        return None

    def step(self, cursor: RowKey, step: int) -> RowKey | None:
        """Find the newest note of the next (1) or previous (-1) day that has one.

        Args:
            cursor: Where the cursor is; from a group, back is its newest day.
            step: The direction.
        """
        day = self._day(cursor)
        if day is None:
            return None
        if step < 0:
            before = day if cursor.note_id is None else day_before(day)
            return None if before is None else self.at(cursor, before)
        for group in self._groups_from(cursor.group):
            after = later_day(self._reader, self._keys(group), day)
            if after is not None:
                return self.at(RowKey(group), after)
        return None

    def _day(self, cursor: RowKey) -> date | None:
        """Tell the day that is under the cursor."""
        note_id = cursor.note_id
        if note_id is None:
            ids = self._keys(_whole(cursor.group)).ids
            if not ids:
                return None
            note_id = NoteId(ids[0])
        rows = self._reader.rows([note_id])
        return day_of(rows[0]) if rows else None

    def _groups_until(self, group: Group, day: date) -> list[Group]:
        """List what may hold the notes of a day: the newest first."""
        kind = self._kind(group)
        if kind is None:
            return [_whole(group)]
        last = number_of(kind, day)
        found = [each for each in self._groups.nodes.view() if 0 < each.number <= last]
        return sorted(found, key=lambda each: -each.number)

    def _groups_from(self, group: Group) -> list[Group]:
        """List what may hold the notes of later days: the oldest first."""
        if self._kind(group) is None:
            return [_whole(group)]
        first = group.number
        found = [each for each in self._groups.nodes.view() if each.number >= first]
        return sorted(found, key=lambda each: each.number)

    def _kind(self, group: Group) -> GroupKind | None:
        """Tell by what time the view is made; None outside of such a view."""
        kind = _BY_TIME.get(self._groups.nodes.by)
        return kind if group.kind is kind else None

    def _keys(self, group: Group) -> NoteKeys:
        """The notes of a group, the newest first."""
        if group.kind is GroupKind.COLLECTION:
            return self._by_time(self._reader.keys(group))
        notes = self._groups.notes(group)
        if notes is not None and self._groups.nodes.sort is Sort.NEWEST:
            return notes.keys
        return self._reader.keys(group, Sort.NEWEST)

    def _by_time(self, keys: NoteKeys) -> NoteKeys:
        """Put notes that have an order of their own in the order of time."""
        from tui.library._api import NoteKeys  # nothing for the first screen

        rows = self._reader.rows([NoteId(note_id) for note_id in keys.ids])
        found = sorted(((row.order_ms, row.id) for row in rows), reverse=True)
        return NoteKeys(
            array("q", [order for order, _ in found]),
            array("q", [note_id for _, note_id in found]),
        )


def _whole(group: Group) -> Group:
    """Name the chat of a month; any other group is whole."""
    if group.kind is GroupKind.MONTH:
        return Group(GroupKind.CHAT, group.chat_id)
    return group
