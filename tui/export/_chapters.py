"""Bookmarks as chapters: where they are in what is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.audio import RATE
from tui.export._texts import one_line
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.model import Note

__all__ = ["Chapter", "Places", "chapters_of"]


class Chapter(NamedTuple):
    """A part of a file with a name."""

    start_ms: int
    end_ms: int
    title: str


class Places:
    """Finds out where moments of a recording are in what is made of it.

    Args:
        moments_ms: The moments, in any order.
    """

    def __init__(self, moments_ms: Iterable[int]) -> None:
        self.frames = 0
        """How much was made until now."""
        self._open = sorted(set(moments_ms), reverse=True)
        self._found: dict[int, int] = {}

    def passed(self, at: float, frames: int) -> None:
        """Note that some sound was made.

        Args:
            at: The moment of the recording, in seconds, at which it begins.
            frames: How much it is.
        """
        end_ms = (at + frames / RATE) * 1000
        while frames and self._open and self._open[-1] < end_ms:
            moment = self._open.pop()
            # One in a pause that was left out is where the sound goes on.
            behind = max(0.0, moment / 1000 - at)
            self._found[moment] = round((self.frames / RATE + behind) * 1000)
        self.frames += frames

    @property
    def length_ms(self) -> int:
        """The length of what was made."""
        return round(self.frames * 1000 / RATE)

    def of(self, moment_ms: int) -> int | None:
        """Tell where a moment is, in milliseconds; None behind the end."""
        return self._found.get(moment_ms)


def chapters_of(note: Note, places: Places) -> tuple[Chapter, ...]:
    """Make chapters that cover all of a file; none for a note without bookmarks.

    Args:
        note: The note.
        places: Where its bookmarks are; complete.
    """
    starts: dict[int, str] = {}
    for mark in note.bookmarks:
        at_ms = places.of(mark.at_ms)
        if at_ms is not None and at_ms < places.length_ms:
            starts.setdefault(at_ms, one_line(mark.text) or clock(mark.at_ms))
    if not starts:
        return ()
    # Players take what lies ahead of the first chapter for a part of it.
    starts.setdefault(0, one_line(note.row.title) or clock(0))
    ordered = sorted(starts)
    ends = [*ordered[1:], places.length_ms]
    return tuple(
        Chapter(start, end, starts[start])
        for start, end in zip(ordered, ends, strict=True)
    )
