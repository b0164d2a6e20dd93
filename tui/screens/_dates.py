"""Days as people write them: `2024-08-15`, `15.8.`, `today`, `-7`, `aug 2024`."""

from __future__ import annotations

import re
from calendar import monthrange
from contextlib import suppress
from datetime import date, timedelta

from tui.words import fold

__all__ = ["understand", "write_day"]

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_WORDS = {"today": 0, "yesterday": 1}
_LEAST = 3
"""Letters that a name needs at least, so that it is no other's."""
_AGO = re.compile(r"-(\d{1,5})")
_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?[-/.]?")
_DOTTED = re.compile(r"(\d{1,2})[./](\d{1,2})(?:[./]((?:\d{2}){0,2}))?")
_PART = re.compile(r"\d+|[a-z]+")


def understand(text: str, today: date) -> date | None:
    """Tell which day is meant.

    A month or year means its last day: what is newest in it. Without a year, it is the
    last such day that is not to come.

    Args:
        text: What was typed.
        today: The day that it is counted from.

    Returns:
        The day; None when it can't be understood, or does not exist.
    """
    typed = fold(text).strip()
    if not typed:
        return None
    with suppress(ValueError, OverflowError):
        for way in (_named, _ago, _iso, _dotted, _spelled):
            day = way(typed, today)
            if day is not None:
                return day
    return None


def write_day(day: date) -> str:
    """Write a day in full: `Thu 15 August 2024`."""
    name = _DAYS[day.weekday()][:3].capitalize()
    return f"{name} {day.day} {_MONTHS[day.month - 1].capitalize()} {day.year}"


def _index(word: str, names: tuple[str, ...]) -> int | None:
    """Find a name that begins with some letters."""
    if len(word) < _LEAST:
        return None
    return next((at for at, name in enumerate(names) if name.startswith(word)), None)


def _named(typed: str, today: date) -> date | None:
    for word, ago in _WORDS.items():
        if len(typed) >= _LEAST and word.startswith(typed):
            return today - timedelta(ago)
    weekday = _index(typed, _DAYS)
    if weekday is None:
        return None
    return today - timedelta((today.weekday() - weekday) % 7)


def _ago(typed: str, today: date) -> date | None:
    found = _AGO.fullmatch(typed)
    return today - timedelta(int(found[1])) if found else None


def _iso(typed: str, _today: date) -> date | None:
    found = _ISO.fullmatch(typed)
    if not found:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if day:
        return date(year, month, day)
    return _last_of(year, month or 12)


def _last_of(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _dotted(typed: str, today: date) -> date | None:
    found = _DOTTED.fullmatch(typed)
    if not found:
        return None
    year = int(found[3]) if found[3] else None
    if year is not None and year < 100:
        year += 2000
    return _day_of(int(found[1]), int(found[2]), year, today)


def _day_of(day: int, month: int, year: int | None, today: date) -> date | None:
    """Make a day; without a year, the last one that is not to come."""
    if year is not None:
        return date(year, month, day)
    for back in range(9):  # 29 February is every fourth year, and was not in 1900
        with suppress(ValueError):
            found = date(today.year - back, month, day)
            if found <= today:
                return found
    return None


def _spelled(typed: str, today: date) -> date | None:
    """Read `aug`, `aug 2024`, `15 aug`, `aug 15 2024`, `thu 15 august 2024`."""
    parts = _PART.findall(typed)
    if _PART.sub("", typed).strip(" .,"):
        return None
    words = [part for part in parts if part.isalpha()]
    months = [_index(word, _MONTHS) for word in words]
    known = [month for month in months if month is not None]
    others = [
        word
        for word, month in zip(words, months, strict=True)
        if month is None and _index(word, _DAYS) is None
    ]
    numbers = [int(part) for part in parts if not part.isalpha()]
    years = [number for number in numbers if number > 31]
    days = [number for number in numbers if number <= 31]
    if len(known) != 1 or others or len(years) > 1 or len(days) > 1:
        return None
    month, year = known[0] + 1, years[0] if years else None
    if days:
        return _day_of(days[0], month, year, today)
    if year is None:
        year = today.year - (month > today.month)
    return _last_of(year, month)
