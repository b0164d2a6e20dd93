"""What documents say of a note, in words that no format needs to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.export._texts import lines, one_line
from tui.model import Direction
from tui.text import clock

if TYPE_CHECKING:
    from tui.export._documents import Entry, Head

__all__ = [
    "day_of",
    "length_of",
    "marks_of",
    "paragraphs",
    "problem_of",
    "sender_of",
    "sum_of",
    "tags_of",
    "text_of",
    "time_of",
    "title_of",
]


def day_of(entry: Entry) -> str:
    """Give the day on which a note was sent, on the clock of the wall."""
    return entry.words.date.partition("T")[0]


def time_of(entry: Entry) -> str:
    """Give the time at which a note was sent; empty when only the day is known."""
    return entry.words.date.partition("T")[2]


def sender_of(entry: Entry) -> str:
    """Name who speaks."""
    if entry.words.sender:
        return entry.words.sender
    is_sent = entry.note.row.direction is Direction.SENT
    return "me" if is_sent else "unknown sender"


def length_of(entry: Entry) -> str:
    """Give the length of a note; empty when it is not known."""
    return clock(entry.duration_ms) if entry.duration_ms else ""


def title_of(entry: Entry) -> str:
    """Give the title of a note; empty for none, where tags of files make one up."""
    return one_line(entry.note.row.title)


def tags_of(entry: Entry) -> list[str]:
    """Give the user's tags."""
    return [tag for each in entry.note.row.tags if (tag := one_line(each))]


def marks_of(entry: Entry) -> list[tuple[str, str]]:
    """Give the bookmarks: their moments and texts."""
    return [(clock(each.at_ms), one_line(each.text)) for each in entry.note.bookmarks]


def problem_of(entry: Entry) -> str:
    """Tell why a note has no sound; the paths in it are no text."""
    return one_line(entry.problem)


def text_of(entry: Entry) -> str:
    """Give what was written with a note."""
    return lines(entry.note.text)


def paragraphs(text: str) -> list[str]:
    """Part a text into its lines; what is empty is left out."""
    return [line for each in text.split("\n") if (line := " ".join(each.split()))]


def sum_of(head: Head) -> str:
    """Tell how much there is in a document: `3 notes, 2:10, 2024-08-15 to 2024-09-01`.

    Args:
        head: What it is about.
    """
    parts = []
    if head.notes is not None:
        parts.append(f"{head.notes:,} note{'' if head.notes == 1 else 's'}")
    if head.duration_ms:
        parts.append(clock(head.duration_ms))
    if head.first:
        is_one = head.first == head.last
        parts.append(head.first if is_one else f"{head.first} to {head.last}")
    return ", ".join(parts)
