"""Halves of the day whose names nobody knows, found by how they follow each other.

Where the clock has twelve hours, nearly every line of a chat has one of two words
beside its time; and within a day that of the forenoon is never after the other one.
"""

from __future__ import annotations

from collections import Counter

from tui.documents._export_dayparts import DayPart

__all__ = ["Halves"]

Words = tuple[str, str]

_NEARLY_ALL = 0.8
"""The share of lines that have one of the two words."""

_CLEAR = 4
"""So many times more often one must come first; a few lines are pasted or late."""


class Halves:
    """What is seen of unknown words beside times."""

    def __init__(self) -> None:
        self._lines: Counter[Words] = Counter()
        self._follow: Counter[tuple[Words, Words]] = Counter()
        self._last: tuple[str, Words] | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._lines)

    @property
    def words(self) -> frozenset[Words]:
        """All of them."""
        return frozenset(self._lines)

    def add(self, words: Words, date: str) -> None:
        """Take in that a line has some unknown words.

        Args:
            words: What stands between date and time, and after them.
            date: The line's date, as it is written.
        """
        self._lines[words] += 1
        last = self._last
        if last is not None and last[0] == date and last[1] != words:
            self._follow[last[1], words] += 1
        self._last = date, words

    def discard(self, words: Words) -> None:
        """Take in that some words are none, since there are hours after twelve."""
        self._lines.pop(words, None)

    def told(self, lines: int) -> dict[Words, DayPart]:
        """Return which words are which half of the day; empty when it is not clear.

        Args:
            lines: The lines of the document that begin a message.
        """
        both = self._lines.most_common(2)
        if len(both) < 2 or both[0][1] + both[1][1] < _NEARLY_ALL * lines:
            return {}
        one, other = both[0][0], both[1][0]
        there, back = self._follow[one, other], self._follow[other, one]
        if there < back:
            one, other, there, back = other, one, back, there
        if not there or there < _CLEAR * back:
            return {}
        return {one: DayPart.FORENOON, other: DayPart.AFTERNOON}
