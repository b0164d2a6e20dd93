"""The folders that WhatsApp on Android sorts voice notes into, one for each week.

The name is the calendar year and the week of the year as the United States count it:
weeks begin on Sunday, week 1 is the one with the first of January in it. The last days
of December that already belong to the next year's first week keep their own year, so
they are found in week 01 of the year that ends: one folder, two runs of days.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

__all__ = ["is_week_folder", "week_days", "week_folder"]

_WEEK = re.compile(rb"(?:19|20)[0-9]{2}(?:0[1-9]|[1-4][0-9]|5[0-4])", re.ASCII)


def is_week_folder(name: bytes) -> bool:
    """Tell whether a folder's name can be a week's: `202438`."""
    return _WEEK.fullmatch(name) is not None


def _sunday(day: date) -> date:
    """Return the Sunday that a day's week begins with."""
    return day - timedelta(days=day.isoweekday() % 7)


def week_folder(day: date) -> str:
    """Name the folder that a note of a day lies in."""
    if day.month == 12 and day >= _sunday(date(day.year, 12, 31)) and _short(day.year):
        return f"{day.year}01"
    first = _sunday(date(day.year, 1, 1))
    return f"{day.year}{(day - first).days // 7 + 1:02d}"


def _short(year: int) -> bool:
    """Tell whether a year's last week is the first of the next: no Saturday ends it."""
    return date(year, 12, 31).isoweekday() != 6


def week_days(name: str) -> list[date]:
    """List the days whose notes lie in a week folder, oldest first.

    Args:
        name: A name that `is_week_folder` accepts.

    Returns:
        Up to seven days; in week 01 those of January come before those of December.
        Empty for a week that its year does not have.
    """
    year = int(name[:4])
    january = _sunday(date(year, 1, 1)) + timedelta(weeks=int(name[4:]) - 1)
    december = _sunday(date(year, 12, 31))
    days = {
        begin + timedelta(days=n) for begin in (january, december) for n in range(7)
    }
    return sorted(day for day in days if day.year == year and week_folder(day) == name)
