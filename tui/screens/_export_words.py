"""How an export is told of: sizes, sums, and how long it will take."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tui.rowtext import count

if TYPE_CHECKING:
    from tui.export import Sums

__all__ = ["Eta", "duration", "home_path", "result_words", "size_words", "sum_words"]

_WINDOW_S = 30.0
"""So much of the past tells how quick it is."""
_EVERY_S = 0.5
_LEAST_S = 3.0
"""Sooner, any time would be guessed."""
_WEIGHT = 0.25
"""Of a new value against those before."""
_UNITS = (("GB", 1e9), ("MB", 1e6))


def size_words(size: int) -> str:
    """Write a number of bytes: `48 kB`, `3.1 MB`, `12.0 GB`."""
    for unit, value in _UNITS:
        if size >= value:
            number = size / value
            return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.1f} {unit}"
    return f"{max(1, round(size / 1000))} kB" if size else "0 kB"


def duration(seconds: float) -> str:
    """Write about how long something takes: `less than a minute`, `about 2 min`."""
    minutes = round(seconds / 60)
    if seconds < 50:
        return "less than a minute"
    if minutes < 60:
        return f"about {max(1, minutes)} min"
    hours, minutes = divmod(5 * round(seconds / 300), 60)
    return f"about {hours:,} h {minutes} min" if minutes else f"about {hours:,} h"


class Eta:
    """Tells how long it still takes, from how quick it was of late.

    What is there already goes by at once: so it is neither the first second that
    counts, nor the whole past.
    """

    def __init__(self) -> None:
        self._past: deque[tuple[float, float]] = deque()
        self._left_s: float | None = None

    def pause(self) -> None:
        """Forget the past: the clock goes on, and nothing is done."""
        self._past.clear()

    def at(self, now_s: float, share: float) -> str:
        """Take in how far it is.

        Args:
            now_s: A clock.
            share: The part that is done.

        Returns:
            How long it still takes; empty while that can't be told.
        """
        past = self._past
        if not past or now_s - past[-1][0] >= _EVERY_S:
            past.append((now_s, share))
            while past[-1][0] - past[0][0] > _WINDOW_S:
                past.popleft()
            passed_s, done = now_s - past[0][0], share - past[0][1]
            if passed_s >= _LEAST_S and done > 0:
                left_s = (1 - share) * passed_s / done
                before_s = left_s if self._left_s is None else self._left_s
                self._left_s = before_s + _WEIGHT * (left_s - before_s)
        return "" if self._left_s is None else f"{duration(self._left_s)} left"


def notes_words(number: int) -> str:
    """Write a number of notes."""
    return f"{count(number)} {'note' if number == 1 else 'notes'}"


def sum_words(sums: Sums, *, is_whole: bool) -> list[str]:
    """Tell what would be saved, in parts of a sentence.

    Args:
        sums: What it comes to.
        is_whole: Whether all has been looked at.
    """
    files = f"{count(sums.files)} {'file' if sums.files == 1 else 'files'}"
    if not sums.files and sums.there and is_whole:
        files = "nothing new"
    is_plain = sums.files == sums.notes
    parts = [files if is_plain else f"{files} with {notes_words(sums.notes)}"]
    if not is_whole:
        parts[0] += " so far"
    if sums.size:
        parts.append(f"about {size_words(sums.size)}")
    if sums.there:
        parts.append(f"{count(sums.there)} there already")
    if sums.failed:
        parts.append(f"{count(sums.failed)} can't be saved")
    return parts


def result_words(sums: Sums) -> list[str]:
    """Tell what was saved, in parts of a sentence."""
    parts = []
    if not sums.files:
        parts.append("nothing new" if sums.there else "no notes")
    elif sums.notes != sums.files:
        files = f"{count(sums.files)} {'file' if sums.files == 1 else 'files'}"
        parts.append(f"{files} with {notes_words(sums.notes)}")
    else:
        parts.append(notes_words(sums.notes))
    if sums.there:
        parts.append(f"{count(sums.there)} there already")
    if sums.failed:
        parts.append(f"{count(sums.failed)} can't be saved")
    return parts


def home_path(path: str) -> str:
    """Write a path from `~` on where it lies in the user's home."""
    import os

    home = os.path.expanduser("~")  # noqa: PTH111  # text, as it is shown
    return f"~{path[len(home) :]}" if path.startswith(f"{home}/") else path
