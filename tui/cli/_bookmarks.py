"""`bookmark` and `bookmarks`: moments of notes, marked and listed."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tui.cli._answers import Wanted, find_note, has_words
from tui.cli._edited import edited_object, tell_edited
from tui.cli._library import opened, refresh, tell_nothing
from tui.cli._list import note_cells
from tui.cli._objects import bookmark_object
from tui.cli._output import Out
from tui.errors import UsageError
from tui.model import Edited
from tui.query import parse
from tui.text import clock, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.config import Settings
    from tui.library import Edits
    from tui.model import Bookmark, Note

__all__ = ["bookmark", "bookmarks", "moment_ms"]

_HAS_BOOKMARK = parse("has:bookmark")
_CLOCK = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+)(?:[.,](\d{1,3}))?")
_PARTS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:[.,](\d{1,3}))?s)?")
_LONGEST_S = 360_000
_SECOND_MS = 1000


def bookmark(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark bookmark`."""
    at_ms = moment_ms(said["at"])
    if said["remove"] and said["text"]:
        raise UsageError("bookmark takes either a TEXT or --remove")
    with opened(settings, to_read=True) as library:
        refresh(library, settings)
        with closing(library.reader()) as reader:
            note_id = find_note(reader, said["note"])
            note = None if note_id is None else reader.note(note_id)
            if note is None:
                if said["json"]:
                    Out().object(edited_object(Edited("")))
                return tell_nothing(reader)
        with library.edits() as edits:
            if said["remove"]:
                done = _remove(edits, note, said["at"], at_ms)
            else:
                _require_within(note, at_ms)
                done = edits.add_bookmark(note.row.id, at_ms, said["text"])
    nothing = "it is not marked there" if said["remove"] else "it is marked so already"
    return tell_edited(done, nothing, as_json=said["json"])


def moment_ms(text: str) -> int:
    """Read a moment of a note.

    Args:
        text: `1:23`, `83`, `1:23.5`, `1m23s` or `1:02:03`.

    Raises:
        UsageError: It is none of these.
    """
    match = _CLOCK.fullmatch(text) or _PARTS.fullmatch(text)
    if text and match is not None and text.isascii():
        hours, minutes, seconds = (int(part or 0) for part in match.groups()[:3])
        is_clock = ":" in text
        total = hours * 3600 + minutes * 60 + seconds
        if total <= _LONGEST_S and not (is_clock and seconds > 59):
            return total * _SECOND_MS + int((match[4] or "0").ljust(3, "0"))
    raise UsageError(f"{text} is no moment of a note: write 1:23, 83, 1m23s or 1:02:03")


def _require_within(note: Note, at_ms: int) -> None:
    """Refuse a moment that the note does not have."""
    length_ms = note.row.duration_ms
    if length_ms is not None and at_ms > length_ms:
        raise UsageError(
            f"the note is {clock(length_ms)} long, {clock(at_ms)} is after"
        )


def _remove(edits: Edits, note: Note, text: str, at_ms: int) -> Edited:
    """Take the bookmark of a moment away; of a whole second, the one that is in it."""
    is_exact = "." in text or "," in text
    end_ms = at_ms + (1 if is_exact else _SECOND_MS)
    found = [each for each in note.bookmarks if at_ms <= each.at_ms < end_ms]
    exact = [each for each in found if each.at_ms == at_ms]
    if len(found) > 1 and not exact:
        times = ", ".join(map(_exactly, found))
        raise UsageError(f"{len(found)} bookmarks are in that second: {times}")
    for each in exact or found:
        return edits.remove_bookmark(note.row.id, each.at_ms)
    return Edited("")


def _exactly(each: Bookmark) -> str:
    return f"{clock(each.at_ms)}.{each.at_ms % _SECOND_MS:03d}"


def bookmarks(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark bookmarks`."""
    wanted = Wanted(said["query"])
    out = Out()
    with opened(settings, to_read=True) as library:
        refresh(library, settings, words=has_words(wanted.query))
        with closing(library.reader()) as reader:
            found = wanted.notes(reader, _HAS_BOOKMARK, told=True)
            pairs = ((note, each) for note in found for each in note.bookmarks)
            if said["json"]:
                count = out.array(bookmark_object(*pair) for pair in pairs)
            else:
                rows = list(_rows(pairs))
                out.table(rows, right=[2])
                count = len(rows)
            return 0 if count else tell_nothing(reader)


def _rows(pairs: Iterator[tuple[Note, Bookmark]]) -> Iterator[list[str]]:
    for note, each in pairs:
        key, _, when, _, chat, sender, _ = note_cells(note)
        yield [key, when, clock(each.at_ms), chat, sender, printable(each.text)]
