"""`star`, `tag`, `comment`, `title` and `mark`: the user's word on notes."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tui.cli._answers import Wanted, has_words, wanted
from tui.cli._edited import Change, edit_notes, edited_object, tell_edited
from tui.cli._library import opened, refresh, tell_nothing
from tui.cli._objects import plain
from tui.cli._output import Out, counted
from tui.errors import UsageError
from tui.library import tag_name
from tui.model import Edited, Played
from tui.text import printable
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.config import Settings
    from tui.library import Edits
    from tui.model import Note

__all__ = ["comment", "mark", "star", "tag", "title", "unstar", "untag"]

_MAX_BYTES = 1 << 20
"""A comment that is longer than this is no comment."""
_MOST_COMMENTS = 100
"""Each comment that is appended to is a change of its own: more of them would push
everything else out of what can be undone."""


def star(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark star`."""
    return _star(settings, said, "star", on=not said["off"])


def unstar(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark unstar`."""
    return _star(settings, said, "unstar", on=False)


def _star(settings: Settings, said: dict[str, Any], name: str, *, on: bool) -> int:
    change = Change(
        lambda edits, ids: edits.set_star(ids, on=on),
        lambda note: note.row.star is not on,
        "they have a star already" if on else "none of them has a star",
    )
    return edit_notes(settings, said, _wanted(said, name), change)


def tag(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark tag`."""
    names = _names(said["tags"])
    change = Change(
        lambda edits, ids: edits.tag(ids, add=names),
        lambda note: not _known(names) <= _known(note.row.tags),
        f"they are tagged {_listed(names)} already",
    )
    return edit_notes(settings, said, _wanted(said, "tag"), change)


def untag(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark untag`."""
    names = _names(said["tags"])
    change = Change(
        lambda edits, ids: edits.tag(ids, remove=names),
        lambda note: bool(_known(names) & _known(note.row.tags)),
        f"none of them is tagged {_listed(names)}",
    )
    return edit_notes(settings, said, _wanted(said, "untag"), change)


def mark(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark mark`."""
    played = Played[said["played"].upper()]
    words = {Played.HALF: "half-heard"}.get(played, said["played"])

    def is_due(note: Note) -> bool:
        if played is Played.UNPLAYED and note.row.position_ms:
            return True
        return note.row.played is not played

    change = Change(
        lambda edits, ids: edits.set_played(ids, played),
        is_due,
        f"they are {words} already",
    )
    return edit_notes(settings, said, _wanted(said, "mark"), change)


def comment(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark comment`."""
    notes = _wanted(said, "comment")
    text = _given() if said["text"] == "-" else said["text"].strip("\n")
    if said["append"]:
        if not text:
            raise UsageError("there is nothing to append")
        if not said["dry_run"]:
            return _append(settings, said, notes, text)
    change = Change(
        lambda edits, ids: edits.set_comment(ids, text),
        lambda note: said["append"] or note.comment != text,
        "they have that comment already" if text else "none of them has a comment",
    )
    return edit_notes(settings, said, notes, change)


def _append(settings: Settings, said: dict[str, Any], notes: Wanted, text: str) -> int:
    """Write below the comment that each note has."""
    with opened(settings, to_read=True) as library:
        refresh(library, settings, words=has_words(notes.query))
        with library.edits() as edits, closing(library.reader()) as reader:
            by_comment: dict[str, list[int]] = {}
            for note in notes.notes(reader, told=True):
                by_comment.setdefault(note.comment, []).append(note.row.id)
            if not by_comment:
                if said["json"]:
                    Out().object(edited_object(Edited("")))
                return tell_nothing(reader)
            if len(by_comment) > _MOST_COMMENTS:
                raise UsageError(
                    f"they have {len(by_comment):,} different comments;"
                    f" append to at most {_MOST_COMMENTS} at once"
                )
            done = list(_appended(edits, by_comment, text))
    changes = [each for each in done if each.text]
    told = "".join(each.text for each in changes[:1])
    count = sum(each.done for each in done)
    if len(changes) > 1:
        told = (
            f"{counted(count, 'note')} have more of a comment now"
            f" (undo {len(changes)} takes that back)"
        )
    edited = Edited(told, count, sum(each.skipped for each in done))
    return tell_edited(edited, "nothing is changed", as_json=said["json"])


def _appended(
    edits: Edits, by_comment: dict[str, list[int]], text: str
) -> Iterator[Edited]:
    """Make an edit for each comment that there is; forwarded notes share theirs."""
    for before, ids in by_comment.items():
        yield edits.set_comment(ids, f"{before}\n{text}" if before else text)


def title(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark title`."""
    text = " ".join(said["text"].split())
    change = Change(
        lambda edits, ids: edits.set_title(ids, text),
        lambda note: note.own_title != text,
        "it is called so already" if text else "it has no title of yours",
    )
    return edit_notes(settings, said, Wanted(said["note"], is_note=True), change)


def _wanted(said: dict[str, Any], command: str) -> Wanted:
    return wanted(said["query"], command, every=said["all"])


def _names(text: str) -> list[str]:
    """Read the names of tags.

    Raises:
        UsageError: None is named, or no tag can be called so.
    """
    names = [tag_name(name) for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError("no tag is named")
    return names


def _known(names: Sequence[str]) -> set[str]:
    """What tags are known by."""
    return set(map(fold, names))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"#{printable(plain(name))}" for name in names)


def _given() -> str:
    """Read a comment from standard input.

    Raises:
        UsageError: There is none, or more than any comment has.
    """
    given = b"" if sys.stdin is None else sys.stdin.buffer.read(_MAX_BYTES + 1)
    if len(given) > _MAX_BYTES:
        raise UsageError("a comment has at most 1 MB; standard input has more")
    text = given.decode(errors="surrogateescape").strip("\r\n")
    if not text:  # whatever should have written it failed: nobody meant to take it away
        raise UsageError("standard input has no comment; '' takes one away")
    return text
