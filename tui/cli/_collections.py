"""`collection` and `collections`: sets of notes in an order of their own."""

from __future__ import annotations

import re
from contextlib import closing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tui.cli._answers import Wanted, wanted
from tui.cli._edited import Change, edit_notes, tell_edited
from tui.cli._library import opened, refresh, tell_nothing
from tui.cli._objects import collection_object
from tui.cli._output import Out, complain, counted
from tui.errors import UsageError
from tui.model import Group, GroupKind
from tui.text import clock, printable
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.answers import Collection
    from tui.config import Settings
    from tui.library import Edits, Reader
    from tui.model import Edited

__all__ = ["collection", "collections"]

_NOTHING = 1
_NEAR = 6
_TAKES = {
    "add": "its name and a query",
    "remove": "its name and a query",
    "move": "its name, the id of a note and a place",
    "create": "a name",
    "rename": "the old and the new name",
    "delete": "the name of a collection",
}
_WORDS = {"move": 3, "create": 1, "rename": 2, "delete": 1}
"""How many words these take."""


def collections(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark collections`."""
    with opened(settings, to_read=True) as library:
        refresh(library, settings)
        with closing(library.reader()) as reader:
            found = [_counted(reader, each) for each in reader.collections()]
    out = Out()
    if said["json"]:
        out.array(map(collection_object, found))
    else:
        out.table([_row(each) for each in found], right=[1, 2, 3])
    if found:
        return 0
    complain("there are no collections: earmark collection add NAME QUERY makes one")
    return _NOTHING


def _counted(reader: Reader, each: Collection) -> Collection:
    """Count one anew: what is kept is how it was when a browser looked last."""
    totals = reader.group_totals(Group(GroupKind.COLLECTION, number=each.id))
    notes, unplayed, duration_ms = totals
    return each._replace(notes=notes, unplayed=unplayed, duration_ms=duration_ms)


def _row(each: Collection) -> list[str]:
    return [
        printable(each.name),
        counted(each.notes, "note"),
        f"{each.unplayed:,} unplayed",
        clock(each.duration_ms),
        "",
    ]


def collection(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark collection`."""
    action, words = said["action"], said["words"]
    takes_query = action in {"add", "remove"}
    if len(words) < 2 if takes_query else len(words) != _WORDS[action]:
        raise UsageError(
            f"collection {action} takes {_TAKES[action]}"
            " (see earmark collection --help)"
        )
    if takes_query:
        return _change_notes(settings, said, words[0], " ".join(words[1:]))
    if said["dry_run"]:
        raise UsageError("--dry-run is for collection add and collection remove")
    if action == "move":
        return _move(settings, said, words)
    with opened(settings, to_read=True) as library, library.edits() as edits:
        with closing(library.reader()) as reader:
            name = words[0] if action == "create" else _known(reader, words[0])
        done = _edit(edits, action, name, words)
    return tell_edited(done, "it is called so already", as_json=said["json"])


def _edit(edits: Edits, action: str, name: str, words: Sequence[str]) -> Edited:
    if action == "create":
        return edits.create_collection(name)
    if action == "delete":
        return edits.delete_collection(name)
    return edits.rename_collection(name, words[1])


def _change_notes(
    settings: Settings, said: dict[str, Any], name: str, query: str
) -> int:
    """Put notes into a collection, or take them out."""
    action = said["action"]
    which = wanted(query, f"collection {action}", every=False)
    key = fold(" ".join(name.split()))

    def add(edits: Edits, ids: Sequence[int]) -> Edited:
        return edits.collect(name, ids if which.has_own_order else ids[::-1])

    if action == "add":
        change = Change(
            add,
            lambda note: key not in map(fold, note.collections),
            "they are in it already",
        )
    else:
        with (
            opened(settings, to_read=True) as library,
            closing(library.reader()) as reader,
        ):
            name = _known(reader, name)
        change = Change(
            lambda edits, ids: edits.uncollect(name, ids),
            lambda note: key in map(fold, note.collections),
            "none of them is in it",
        )
    return edit_notes(settings, said, which, change)


def _move(settings: Settings, said: dict[str, Any], words: Sequence[str]) -> int:
    """Put a note to another place of a collection."""
    place = int(words[2]) if re.fullmatch(r"\d{1,9}", words[2]) else 0
    if not place:
        raise UsageError(f"{words[2][:20]} is no place: the first one is 1")
    with opened(settings, to_read=True) as library:
        refresh(library, settings)
        with closing(library.reader()) as reader:
            name = _known(reader, words[0])
            note_id = Wanted(words[1], is_note=True).note(reader)
            if note_id is None:
                return tell_nothing(reader)
        with library.edits() as edits:
            done = edits.move_collected(name, [note_id], to=place)
    return tell_edited(done, "it is not in it, or is there", as_json=said["json"])


def _known(reader: Reader, name: str) -> str:
    """Find how a collection is spelled.

    Raises:
        UsageError: None is called so.
    """
    names = [each.name for each in reader.collections()]
    for each in names:
        if fold(each) == fold(" ".join(name.split())):
            return each
    near = get_close_matches(name, names, _NEAR, 0.5) or names[:_NEAR]
    hint = f" (there are {', '.join(map(printable, near))})" if near else ""
    raise UsageError(f"no collection is called {name}{hint}")
