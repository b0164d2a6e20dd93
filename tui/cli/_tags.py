"""`tags`: the user's tags, listed, renamed, deleted."""

from __future__ import annotations

from contextlib import closing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tui.cli._edited import tell_edited
from tui.cli._library import opened, refresh
from tui.cli._objects import tag_object
from tui.cli._output import Out, complain, counted
from tui.errors import UsageError
from tui.library import tag_name
from tui.text import clock, printable
from tui.words import fold

if TYPE_CHECKING:
    from tui.answers import TagTotals
    from tui.config import Settings
    from tui.library import Library

__all__ = ["tags"]

_NOTHING = 1
_NEAR = 6


def tags(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark tags`."""
    action, names = said["action"], said["names"]
    needed = {"rename": 2, "delete": 1}.get(action, 0)
    if len(names) != needed:
        what = {"rename": "the old and the new name", "delete": "the name of a tag"}
        raise UsageError(
            f"tags {action} takes {what[action]} (see earmark tags --help)"
        )
    with opened(settings, to_read=True) as library:
        if action is None:
            refresh(library, settings)
            return _list(library, as_json=said["json"])
        with library.edits() as edits:
            name = _known(library, names[0])
            if action == "delete":
                done = edits.delete_tag(name)
            else:
                done = edits.rename_tag(name, names[1])
    return tell_edited(done, "it is called so already", as_json=said["json"])


def _list(library: Library, *, as_json: bool) -> int:
    with closing(library.reader()) as reader:
        found = reader.tags()
    out = Out()
    if as_json:
        out.array(map(tag_object, found))
    else:
        out.table([_row(each) for each in found], right=[1, 2, 3])
    if found:
        return 0
    complain("there are no tags: earmark tag TAG QUERY makes one")
    return _NOTHING


def _row(each: TagTotals) -> list[str]:
    return [
        f"#{printable(each.name)}",
        counted(each.notes, "note"),
        f"{each.unplayed:,} unplayed",
        clock(each.duration_ms),
        "",
    ]


def _known(library: Library, name: str) -> str:
    """Refuse a tag that there is not.

    Raises:
        UsageError: No tag is called so.
    """
    wanted = fold(tag_name(name))
    with closing(library.reader()) as reader:
        names = [each.name for each in reader.tags()]
    for each in names:
        if fold(each) == wanted:
            return each
    near = get_close_matches(name.lstrip("#"), names, _NEAR, 0.5) or names[:_NEAR]
    hint = f" (there are {', '.join(map(printable, near))})" if near else ""
    raise UsageError(f"no tag is called {name}{hint}")
