"""The day of a note on the clock on the wall, as a part of an SQL statement.

The wall is at the sender's where only that clock is known, else it is here, as
`tui.query.wall_clock` has it. SQLite's own `localtime` takes a microsecond a note, and
knows the rules of this zone for some years only. So the moments at which the zone
changed are looked up once, and a note's offset is a few comparisons.
"""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from functools import lru_cache

__all__ = ["FIRST_DAY", "LAST_DAY", "NO_DATE", "day_number", "days_of", "wall_day"]

_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
_FROM_S = 788_918_400
"""The start of 1995: before it there were no such notes."""
_YEAR_S = 366 * 86_400
_STEP_S = 6 * 86_400
"""A zone keeps its offset for longer than this."""
FIRST_DAY = date(2, 1, 1).toordinal()
LAST_DAY = date(9998, 12, 31).toordinal()
"""What is beyond these days is a damaged file time."""
NO_DATE = 0
"""The number of the group of those."""


def wall_day() -> str:
    """Write the day of a note, counted from the year 1, as an expression.

    Days that can't be are beyond `FIRST_DAY` and `LAST_DAY`.
    """
    zone = os.environ.get("TZ", ""), *time.tzname
    here = _here(zone, int(time.time()) // _YEAR_S)
    return (
        f"((note.sent_ms + coalesce(note.offset_min * 60000, {here})"
        f" + {_EPOCH * _DAY_MS}) / {_DAY_MS})"
    )


@lru_cache(maxsize=4)
def _here(zone: tuple[str, ...], year: int) -> str:  # noqa: ARG001  # they are the key
    """Write the offset of this zone at the time of a note, in milliseconds."""
    return _choice(_offsets())


def _choice(offsets: list[tuple[int, int]]) -> str:
    """Write a search among times for the offset that is so from one of them on."""
    if len(offsets) == 1:
        return str(offsets[0][1] * 1000)
    middle = len(offsets) // 2
    earlier, later = _choice(offsets[:middle]), _choice(offsets[middle:])
    return f"iif(note.sent_ms < {offsets[middle][0] * 1000}, {earlier}, {later})"


def _offsets() -> list[tuple[int, int]]:
    """List when this zone got another offset, and which; in seconds."""
    at = _FROM_S
    found = [(at, _offset(at))]
    end = int(time.time()) + 3 * _YEAR_S
    while at < end:
        following = at + _STEP_S
        offset = _offset(following)
        if offset != found[-1][1]:
            low, high = at, following
            while high - low > 1:
                middle = (low + high) // 2
                if _offset(middle) == offset:
                    high = middle
                else:
                    low = middle
            found.append((high, offset))
        at = following
    return found


def _offset(seconds: int) -> int:
    return time.localtime(seconds).tm_gmtoff


def days_of(number: int, span: str) -> tuple[int, int]:
    """Tell the first and the last day of a group, counted from the year 1.

    Args:
        number: As `tui.model.GroupKind` has it; any number.
        span: `day`, `week` or `month`.

    Returns:
        Both; the last is before the first where there is no such day.
    """
    try:
        if span == "week":
            first = date.fromisocalendar(number // 100, number % 100, 1)
            return first.toordinal(), first.toordinal() + 6
        if span == "day":
            day = date(number // 10_000, number // 100 % 100, number % 100)
            return day.toordinal(), day.toordinal()
        first = date(number // 100, number % 100, 1)
        after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return first.toordinal(), after.toordinal() - 1
    except (ValueError, OverflowError):
        return 1, 0


def day_number(day: int, span: str) -> int:
    """Tell the number of the group that a day belongs to.

    Args:
        day: Counted from the year 1.
        span: `day`, `week` or `month`.
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        return NO_DATE
    there = date.fromordinal(day)
    if span == "week":
        year, week, _ = there.isocalendar()
        return year * 100 + week
    month = there.year * 100 + there.month
    return month if span == "month" else month * 100 + there.day
