"""In which order the dates of an exported chat have day, month and year.

The text does not say it, so all dates of a document are weighed together. Whatever is
found holds for the whole document.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._api import Confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ORDERS", "DateReader", "Decision", "OrderCount", "decide"]

ORDERS = ("dmy", "mdy", "ymd")

_POSSIBLE_ONLY = 1.0
"""Confidence where no other order is possible."""
_BY_NAMES = 0.99
"""Where the days in names of files decide."""
_BY_TIME = 0.9
"""Where it is the order in which time runs on as it should."""
_GUESS = Confidence.GUESS

_POSSIBLE = 0.002
"""The share of impossible dates that an order may have: pasted text, odd lines."""

_NEARLY_POSSIBLE = 0.05
"""The same where no order has less, or where names of files speak for it."""

_PARTS = re.compile(r"\d+")
_FOREIGN = 10_000_000
"""Days of other calendars count from here below zero, so that they still have order."""

_BIRTH = date(2009, 1, 1).toordinal()
"""WhatsApp was born in 2009."""

_CLEAR_HITS = 3
"""So many names of files, and so many times more, speak clearly."""

_CACHED = 20_000
_PAIRS = ((0, 1), (0, 2), (1, 2))


class Decision(NamedTuple):
    """The order of a document's dates."""

    order: int
    """Place in `ORDERS`."""
    confidence: float


class DateReader:
    """Reads dates in all orders.

    Args:
        today: Dates of messages are not after it.
    """

    def __init__(self, today: date) -> None:
        self._year = today.year
        self.latest = today.toordinal() + 2
        self._known: dict[str, tuple[int | None, ...]] = {}

    def read(self, text: str) -> tuple[int | None, ...]:
        """Return the day that a date tells in each of `ORDERS`.

        Args:
            text: Three numbers with something between them, in any digits.

        Returns:
            Days since the year 1, below zero for another calendar's; None where there
            is no such day.
        """
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            known = self._known[text] = self._read(_PARTS.findall(text))
        return known

    def is_date(self, text: str) -> bool:
        """Tell whether a text is a date in any order."""
        return any(day is not None for day in self.read(text))

    def _read(self, parts: Sequence[str]) -> tuple[int | None, ...]:
        first, middle, last = parts
        if len(first) > 2:
            return None, None, self._day(first, middle, last)
        year_last = self._day(last, middle, first), self._day(last, first, middle)
        return *year_last, None if len(last) > 2 else self._day(first, middle, last)

    def _day(self, year: str, month: str, day: str) -> int | None:
        if len(day) > 2 or len(month) > 2:
            return None
        full = self._full(year)
        numbers = int(month), int(day)
        if not 1900 <= full < 2400:
            is_day = 1 <= numbers[0] <= 13 and 1 <= numbers[1] <= 32
            foreign = full * 500 + numbers[0] * 33 + numbers[1] - _FOREIGN
            return foreign if full and is_day else None
        try:
            return date(full, *numbers).toordinal()
        except ValueError:
            return None

    def _full(self, text: str) -> int:
        """Fill up a year; Buddhist ones become common ones."""
        year = int(text)
        if 2400 <= year < 2700:
            return year - 543
        if len(text) > 2:
            return year
        buddhist = year + 2500 - 543
        if year + 2000 > self._year + 1 and 2009 <= buddhist <= self._year + 1:
            return buddhist
        return year + 2000


class OrderCount:
    """What speaks for and against each order; filled line by line.

    Args:
        dates: Reads the dates.
    """

    def __init__(self, dates: DateReader) -> None:
        self._dates = dates
        self.last = ""
        """The date of the line before."""
        self.lines = 0
        self._hits = [0, 0, 0]
        self._run = 0
        self._days: tuple[int | None, ...] = (None, None, None)
        self._before: list[int | None] = [None, None, None]
        self._parts: Sequence[str] = ()
        self._changes = [0, 0, 0]
        self._differ: set[tuple[int, int]] = set()
        """Pairs of orders in which any date is another day."""
        self._impossible = [0, 0, 0]
        self._odd = [0, 0, 0]
        self._padded = False
        self.halves = False
        """Whether a time has a half of the day beside it."""
        self.year_first = False
        """Whether the words beside times are of a language that writes years first."""

    def turn(self, text: str) -> bool:
        """Take in a line with another date than the one before.

        Args:
            text: The date.

        Returns:
            False when it is none; then it is not counted.
        """
        days = self._dates.read(text)
        if not any(day is not None for day in days):
            return False
        self.close()
        self.last, self._days = text, days
        for order, day in enumerate(days):
            if day is None:
                continue
            before = self._before[order]
            self._before[order] = day
            if before is not None and day < before:
                self._odd[order] += 1
            if day > self._dates.latest or 0 <= day < _BIRTH:
                self._odd[order] += 1
        self._differ.update(pair for pair in _PAIRS if days[pair[0]] != days[pair[1]])
        parts = _PARTS.findall(text)
        for place, (old, new) in enumerate(zip(self._parts, parts, strict=False)):
            self._changes[place] += old != new
        self._parts = parts
        self._padded = self._padded or any(
            int(part[0]) == 0 for part in parts[:2] if len(part) == 2
        )
        return True

    def close(self) -> None:
        """Count the lines since the date changed."""
        run = self.lines - self._run
        self._run = self.lines
        for order, day in enumerate(self._days):
            if day is None:
                self._impossible[order] += run

    def told(self, text: str, day: int) -> None:
        """Take in that a line names a file with a day in its name.

        Args:
            text: The date of the line.
            day: That of the file, since the year 1.
        """
        for order, own in enumerate(self._dates.read(text)):
            self._hits[order] += own is not None and abs(own - day) <= 1

    def can_be(self, order: int) -> bool:
        """Tell whether any date can have an order."""
        return self._impossible[order] < self.lines

    def possible(self) -> list[int]:
        """Return the orders that (nearly) all dates can have; empty for a mixture."""
        most = self.lines * _POSSIBLE
        return [order for order in range(3) if self._impossible[order] <= most]

    def nearly(self) -> list[int]:
        """Return the orders that most dates can have; others may be pasted."""
        most = self.lines * _NEARLY_POSSIBLE
        return [order for order in range(3) if self._impossible[order] <= most]

    def contradicted(self, orders: list[int]) -> bool:
        """Tell whether names of files clearly speak for none of some orders."""
        most = max(self._hits)
        own = max((self._hits[order] for order in orders), default=0)
        return most >= _CLEAR_HITS and most > _CLEAR_HITS * own

    def likely(self) -> int:
        """Return the order that most dates can have."""
        return self._impossible.index(min(self._impossible))

    def is_settled(self, orders: list[int]) -> bool:
        """Tell whether it makes no difference which of some orders is taken."""
        first = orders[0]
        return all((first, other) not in self._differ for other in orders[1:])

    def by_names(self, orders: list[int]) -> list[int]:
        """Return the orders that fit the days in names of files best."""
        most = max(self._hits[order] for order in orders)
        return [order for order in orders if self._hits[order] == most]

    def by_time(self, orders: list[int]) -> list[int]:
        """Return those in which time runs on best, within WhatsApp's life."""
        least = min(self._odd[order] for order in orders)
        return [order for order in orders if self._odd[order] == least]

    def by_words(self, orders: list[int]) -> list[int]:
        """Return the order of the language that the words beside times are of."""
        return [2] if self.year_first and 2 in orders else orders

    def by_pace(self, orders: list[int]) -> list[int]:
        """Return the order in which the part that changes most is the day."""
        slow, fast = sorted(self._changes)[1:]
        order = self._changes.index(fast)
        return [order] if fast > max(2, 2 * slow) and order in orders else orders

    def by_custom(self, orders: list[int]) -> list[int]:
        """Return what is usual for dates that look like these."""
        american = "/" in self.last and self.halves and not self._padded
        usual = 1 if american else 0
        return [usual if usual in orders else orders[0]]


def decide(count: OrderCount, chosen: str = "") -> Decision:
    """Decide in which order dates are.

    Args:
        count: What speaks for each.
        chosen: The order that the user wants; taken if any date can have it.
    """
    count.close()
    if chosen in ORDERS and count.can_be(ORDERS.index(chosen)):
        return Decision(ORDERS.index(chosen), _POSSIBLE_ONLY)
    orders, confidence = count.possible(), _POSSIBLE_ONLY
    if not orders or count.contradicted(orders):
        orders, confidence = count.nearly() or orders, _BY_TIME
    if not orders:
        return Decision(count.likely(), _GUESS)
    for step, weight in (
        (count.by_names, _BY_NAMES),
        (count.by_time, _BY_TIME),
        (count.by_words, _BY_TIME),
        (count.by_pace, _BY_TIME),
        (count.by_custom, _GUESS),
    ):
        if count.is_settled(orders):
            break
        orders, confidence = step(orders), weight
    return Decision(orders[0], confidence)
