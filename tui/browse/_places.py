"""Where a note stands in a view, and which note stands at a day."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tui.model import Group, GroupKind, NoteId
from tui.query import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.answers import Bucket
    from tui.library._api import NoteKeys, Reader
    from tui.model import NoteRow

__all__ = [
    "bucket_of",
    "day_before",
    "day_of",
    "later_day",
    "newest_until",
    "number_of",
]

_PAGE = 64
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
_REACH_MS = 26 * 3_600_000
"""No clock is further from UTC than this."""


def day_of(row: NoteRow) -> date:
    """Tell the day of a note on the clock on the wall."""
    return wall_clock(row).date()


def number_of(kind: GroupKind, day: date) -> int:
    """Tell the number of the group of a view by time that a day belongs to."""
    if not 1 < day.year < 9999:
        return 0  # a damaged file time
    if kind is GroupKind.WEEK:
        year, week, _ = day.isocalendar()
        return year * 100 + week
    month = day.year * 100 + day.month
    return month * 100 + day.day if kind is GroupKind.DAY else month


def bucket_of(reader: Reader, buckets: Sequence[Bucket], row: NoteRow) -> Group | None:
    """Find the group of a view that a note belongs to; of several tags the first.

    Args:
        reader: The library.
        buckets: The groups.
        row: The note.
    """
    if not buckets:
        return None
    kind = buckets[0].group.kind
    if kind in {GroupKind.DAY, GroupKind.WEEK, GroupKind.CALENDAR}:
        wanted = Group(kind, number=number_of(kind, day_of(row)))
        return next((b.group for b in buckets if b.group == wanted), None)
    names = {row.sender, *row.tags}
    likely = [bucket.group for bucket in buckets if bucket.label in names]
    others = [bucket.group for bucket in buckets if bucket.label not in names]
    for group in (*likely, *others):
        if row.id in reader.members(group, [row.id]):
            return group
    return None


def newest_until(reader: Reader, keys: NoteKeys, day: date) -> NoteId | None:
    """Find the newest note of a day, or of the nearest day before it.

    Args:
        reader: The library.
        keys: The notes, the newest first.
        day: The day.

    Returns:
        The note; None when all are newer.
    """
    found: tuple[date, NoteId] | None = None
    for row in _rows_from(reader, keys, _start_ms(day) + _DAY_MS + _REACH_MS):
        there = day_of(row)
        if there == day:
            return row.id
        if there < day and (found is None or there > found[0]):
            found = there, row.id
        # Notes are in order by UTC, and their clocks may differ by a day.
        if found is not None and row.order_ms < _start_ms(found[0]) - _REACH_MS:
            break
    return None if found is None else found[1]


def later_day(reader: Reader, keys: NoteKeys, day: date) -> date | None:
    """Find the nearest day after one that has a note.

    Args:
        reader: The library.
        keys: The notes, the newest first.
        day: The day.
    """
    end_ms = _start_ms(day) + _DAY_MS + _REACH_MS
    index = _place(keys, end_ms)
    found: date | None = None
    newer = keys.ids[max(0, index - _PAGE) : index]
    days = [day_of(row) for row in reader.rows([NoteId(i) for i in newer])]
    for there in days:
        if there > day and (found is None or there < found):
            found = there
    for row in _rows_from(reader, keys, end_ms):
        if row.order_ms < _start_ms(day) - _REACH_MS:
            break
        there = day_of(row)
        if there > day and (found is None or there < found):
            found = there
    return found


def day_before(day: date) -> date | None:
    """Tell the day before; None at the beginning of time."""
    return None if day == date.min else day - timedelta(days=1)


def _start_ms(day: date) -> int:
    return (day.toordinal() - _EPOCH) * _DAY_MS


def _place(keys: NoteKeys, at_ms: int) -> int:
    """Find the first note that is not newer than a moment."""
    return bisect_left(keys.order_ms, -at_ms, key=lambda order: -order)


def _rows_from(reader: Reader, keys: NoteKeys, at_ms: int) -> Iterator[NoteRow]:
    """Read notes from a moment on, older and older."""
    for start in range(_place(keys, at_ms), len(keys.ids), _PAGE):
        ids = [NoteId(note_id) for note_id in keys.ids[start : start + _PAGE]]
        yield from reader.rows(ids)
