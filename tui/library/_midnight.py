"""Days of the wall clock as ranges of milliseconds, for the rows of notes.

A note shows the clock of its own place where only that is known, else the viewer's
(see `tui.query.wall_clock`). There a day may be skipped, begin at another time than
midnight, or begin twice: clocks are also put back over midnight.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

__all__ = ["from_day", "ranges"]

_EPOCH = 719_163
"""The number of the first day of 1970."""
_DAY_S = 86_400
_REACH_S = 26 * 3600
"""No clock is further from UTC than this."""
_STEP_S = 1800
"""Clocks are not changed twice within so short a time."""


def ranges(day: date) -> list[tuple[int, int | None]]:
    """Tell when the viewer's clock shows some day or a later one.

    Args:
        day: The day.

    Returns:
        Start and end of each range in milliseconds UTC, in their order; the last one
        has no end.
    """
    midnight = (day.toordinal() - _EPOCH) * _DAY_S
    found: list[tuple[int, int | None]] = []
    for start, end, offset in _offsets(midnight - _REACH_S, midnight + _REACH_S):
        begin = max(start, midnight - offset)
        if begin >= end:
            continue
        if found and found[-1][1] == begin * 1000:
            begin_ms = found.pop()[0]
        else:
            begin_ms = begin * 1000
        found.append((begin_ms, end * 1000))
    last = found.pop()
    return [*found, (last[0], None)]


def _offsets(low: int, high: int) -> list[tuple[int, int, int]]:
    """Start, end and seconds east of UTC of each part of some time, all in seconds."""
    parts = []
    start, offset = low, _offset(low)
    for at in range(low, high, _STEP_S):
        after = _offset(at + _STEP_S)
        if after == offset:
            continue
        before, change = at, at + _STEP_S
        while change - before > 1:
            middle = (before + change) // 2
            if _offset(middle) == offset:
                before = middle
            else:
                change = middle
        parts.append((start, change, offset))
        start, offset = change, after
    return [*parts, (start, high, offset)]


def _offset(second: int) -> int:
    return time.localtime(second).tm_gmtoff


def from_day(day: date) -> tuple[str, tuple[object, ...]]:
    """Put in SQL that a note is of a day or a later one.

    Args:
        day: The day.

    Returns:
        An expression over the columns of `note`, and its values.
    """
    parts, params = [], []
    for start, end in ranges(day):
        if end is None:
            parts.append("note.sent_ms >= ?")
            params.append(start)
        else:
            parts.append("(note.sent_ms >= ? AND note.sent_ms < ?)")
            params += [start, end]
    own = (day.toordinal() - _EPOCH) * _DAY_S * 1000
    sql = (
        f"iif(note.offset_min IS NULL, {' OR '.join(parts)},"
        " note.sent_ms + note.offset_min * 60000 >= ?)"
    )
    return sql, (*params, own)
