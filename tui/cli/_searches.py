"""`searches`: queries that are kept under a name."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from tui.cli._edited import tell_edited
from tui.cli._library import opened, refresh
from tui.cli._objects import search_object
from tui.cli._output import Out, complain
from tui.cli._people import find_named
from tui.errors import UsageError
from tui.model import Group, GroupKind, Named
from tui.query import parse
from tui.text import clock, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.answers import SavedSearch
    from tui.config import Settings
    from tui.library import Edits, Library, Reader
    from tui.model import Edited

__all__ = ["searches"]

_NOTHING = 1
_TAKES = {
    "save": "a name and a query",
    "rename": "the old and the new name",
    "delete": "the name of a search",
}


def searches(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark searches`."""
    action, names = said["action"], said["names"]
    is_right = {
        "save": len(names) > 1,
        "rename": len(names) == 2,
        "delete": len(names) == 1,
    }.get(action, True)
    if not is_right:
        raise UsageError(
            f"searches {action} takes {_TAKES[action]} (see earmark searches --help)"
        )
    if action == "save":
        _require_query(" ".join(names[1:]))
    with opened(settings, to_read=True) as library:
        if action is None:
            refresh(library, settings, words=True)
            return _list(library, as_json=said["json"])
        with library.edits() as edits, closing(library.reader()) as reader:
            done = _change(edits, reader, action, names)
    return tell_edited(done, "it is so already", as_json=said["json"])


def _require_query(text: str) -> None:
    """Refuse to keep what can't be understood, or finds everything.

    Raises:
        UsageError: It is so.
    """
    if not parse(text).choices:
        raise UsageError("an empty query is nothing to keep")


def _change(edits: Edits, reader: Reader, action: str, names: Sequence[str]) -> Edited:
    if action == "save":
        return edits.save_search(names[0], " ".join(names[1:]))
    known = [Named(each.id, each.name, each.notes) for each in reader.saved_searches()]
    number = find_named(known, names[0], "search")
    if action == "delete":
        return edits.remove_search(number)
    return edits.rename_search(number, names[1])


def _list(library: Library, *, as_json: bool) -> int:
    with closing(library.reader()) as reader:
        found = [_counted(reader, each) for each in reader.saved_searches()]
    out = Out()
    if as_json:
        out.array(map(search_object, found))
    else:
        out.table([_row(each) for each in found], right=[1, 2, 3])
    if found:
        return 0
    complain("no searches are saved: earmark searches save NAME QUERY keeps one")
    return _NOTHING


def _counted(reader: Reader, each: SavedSearch) -> SavedSearch:
    """Count a search anew: what is kept is how it was when a browser looked last."""
    totals = reader.group_totals(Group(GroupKind.SAVED, number=each.id))
    notes, unplayed, duration_ms = totals
    return each._replace(notes=notes, unplayed=unplayed, duration_ms=duration_ms)


def _row(each: SavedSearch) -> list[str]:
    return [
        printable(each.name),
        f"{each.notes:,}",
        f"{each.unplayed:,} unplayed",
        clock(each.duration_ms),
        printable(each.query),
    ]
