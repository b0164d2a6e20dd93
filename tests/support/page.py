"""Makes entries of a page by hand, and takes a page apart again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.support.exported import told_note
from tui.export._documents import Entry, Head
from tui.export._tags import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tui.model import Note

__all__ = ["entry_of", "head_of", "page_of"]


def head_of(title: str = "Family") -> Head:
    """Tell what a page is about."""
    return Head(title, None, "", "identity")


def entry_of(number: int, note: Note | None = None, **facts: object) -> Entry:
    """Make an entry of a page.

    Args:
        number: Its place, counted from 1.
        note: What it is of; without it, of one that has no text.
        facts: Fields of the entry.
    """
    note = note or told_note()
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=note.row.sent_ms)
    plain = Entry(
        note=note,
        words=words_of(note),
        moment=moment,
        number=number,
        start_ms=0,
        duration_ms=note.row.duration_ms or 0,
        href="",
        size=0,
        mime="audio/ogg",
        sound=None,
        problem="",
    )
    return plain._replace(**facts)  # type: ignore[arg-type]  # fields by name


def page_of(path: Path, entries: Iterable[Entry], title: str = "Family") -> Path:
    """Write a page.

    Args:
        path: Where.
        entries: What is on it.
        title: What it is called.

    Returns:
        The path.
    """
    from tui.export._page import PageWriter

    with path.open("wb") as file:
        PageWriter().write(file, head_of(title), entries, lambda: None)
    return path
