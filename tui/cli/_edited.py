"""Edits from the command line: said, shown ahead of it, and how they ended."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.cli._answers import has_words
from tui.cli._library import opened, refresh, tell_nothing
from tui.cli._list import glyphs_for, note_cells
from tui.cli._objects import plain
from tui.cli._output import Out, complain, counted
from tui.model import Edited
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.cli._answers import NoteReader, Wanted
    from tui.config import Settings
    from tui.library import Edits
    from tui.model import Note

__all__ = ["Change", "edit_notes", "edited_object", "tell_edited"]

_NOTHING = 1
_FAILED = 3


class Change(NamedTuple):
    """What a command does to notes."""

    make: Callable[[Edits, Sequence[int]], Edited]
    """Does it to some notes."""
    is_due: Callable[[Note], bool]
    """Whether it would change a note; tells so for `--dry-run`."""
    nothing: str
    """What is said when no note is changed."""


def edit_notes(
    settings: Settings, said: dict[str, Any], wanted: Wanted, change: Change
) -> int:
    """Change the notes that are wanted, or tell which would be.

    Args:
        settings: The settings.
        said: What was said: `dry_run` and `json` are looked at.
        wanted: The notes.
        change: What to do to them.

    Returns:
        The exit code.
    """
    with opened(settings, to_read=True) as library:
        refresh(library, settings, words=has_words(wanted.query))
        with closing(library.reader()) as reader:
            if said["dry_run"]:
                return _show(settings, said, reader, wanted, change)
            ids = wanted.ids(reader)
            if not ids:
                if said["json"]:
                    Out().object(edited_object(Edited("")))
                return tell_nothing(reader)
        with library.edits() as edits:
            done = change.make(edits, ids)
    return tell_edited(done, change.nothing, as_json=said["json"])


def _show(
    settings: Settings,
    said: dict[str, Any],
    reader: NoteReader,
    wanted: Wanted,
    change: Change,
) -> int:
    """List the notes that would be changed."""
    out = Out()
    glyphs = glyphs_for(settings, out)
    keys: list[str] = []
    rows: list[list[str]] = []
    skipped = 0
    for note in wanted.notes(reader, told=True):
        if not note.files and note.recording is None:
            skipped += 1
        elif change.is_due(note):
            keys.append(note.key)
            if not said["json"]:
                rows.append(note_cells(note, glyphs))
    if said["json"]:
        out.object({**edited_object(Edited("", 0, skipped)), "notes": keys})
    elif keys:
        out.table(rows, right=[3])
        out.line(f"{counted(len(keys), 'note')} would be changed")
    if skipped:
        _tell_skipped(skipped)
    if keys:
        return 0
    if skipped:
        return _FAILED
    complain(change.nothing)
    return _NOTHING


def tell_edited(done: Edited, nothing: str, *, as_json: bool = False) -> int:
    """Say how an edit ended.

    Args:
        done: The edit.
        nothing: What is said when it changed nothing.
        as_json: Whether a program asks.

    Returns:
        The exit code.
    """
    if as_json:
        Out().object(edited_object(done))
    elif done.text:
        Out().line(printable(plain(done.text)))
    if done.skipped:
        _tell_skipped(done.skipped)
    if done.text:
        return 0
    if done.skipped:
        return _FAILED
    complain(nothing)
    return _NOTHING


def _tell_skipped(count: int) -> None:
    verb = "has" if count == 1 else "have"
    complain(f"{counted(count, 'note')} {verb} no recording here that can be read")


def edited_object(done: Edited) -> dict[str, Any]:
    """Write an edit."""
    return {
        "text": plain(done.text) or None,
        "done": done.done,
        "skipped": done.skipped,
    }
