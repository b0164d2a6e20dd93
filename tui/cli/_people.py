"""`senders`, `rename`, `merge`, `split`, `assign`, `rules`: who is who."""

from __future__ import annotations

import time
from contextlib import closing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tui.cli._answers import Wanted, has_words
from tui.cli._edited import tell_edited
from tui.cli._library import opened, refresh, tell_nothing
from tui.cli._objects import named_object, rule_object
from tui.cli._output import Out, complain, counted
from tui.errors import UsageError
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.config import Settings
    from tui.library import Library
    from tui.model import Named

__all__ = [
    "assign",
    "find_named",
    "list_senders",
    "merge",
    "rename",
    "rules",
    "split",
]

_NEAR = 6
"""How many names an error lists."""


def list_senders(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark senders`."""
    out = Out()
    with opened(settings, to_read=True) as library:
        refresh(library, settings)
        senders = _listed(library, "sender")
        if said["json"]:
            out.array(map(named_object, senders))
        else:
            rows = [
                [
                    printable(sender.name),
                    counted(sender.notes, "note"),
                    ", ".join(_identities(sender)),
                ]
                for sender in senders
            ]
            out.table(rows, right=[1])
        if senders:
            return 0
        with closing(library.reader()) as reader:
            return tell_nothing(reader)


def _identities(named: Named) -> Iterator[str]:
    """Write what somebody is known by, without what is only the name again."""
    for identity in named.identities:
        if identity.native_id.partition(":")[0] not in {"name", "own", "me"}:
            yield printable(identity.native_id)
        elif identity.name != named.name:
            yield printable(identity.name)


def rename(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark rename`."""
    with opened(settings) as library:
        refresh(library, settings)
        row_id = find_named(_listed(library, said["what"]), said["name"], said["what"])
        with library.edits() as edits:
            call = edits.rename_chat if said["what"] == "chat" else edits.rename_sender
            return tell_edited(call(row_id, said["new"]), "it is called so already")


def merge(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark merge`."""
    what = said["what"]
    with opened(settings) as library:
        refresh(library, settings)
        known = _listed(library, what)
        ids = [find_named(known, name, what) for name in said["names"]]
        into = find_named(known, said["into"], what)
        with library.edits() as edits:
            call = edits.merge_chats if what == "chat" else edits.merge_senders
            return tell_edited(call(ids, into), "they are one already")


def split(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark split`."""
    what = said["what"]
    with opened(settings) as library:
        refresh(library, settings)
        row_id = find_named(_listed(library, what), said["name"], what, parts=True)
        with library.edits() as edits:
            call = edits.split_chat if what == "chat" else edits.split_sender
            return tell_edited(call(row_id), "nothing went into it")


def assign(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark assign`."""
    wanted = Wanted(said["query"])
    if not wanted.query.choices:
        raise UsageError("assign needs a query that finds the notes")
    if (said["chat"] is None) == (said["sender"] is None):
        raise UsageError("assign needs either --chat or --sender")
    what = "chat" if said["sender"] is None else "sender"
    with opened(settings) as library:
        refresh(library, settings, words=has_words(wanted.query))
        target = {what: _target(_listed(library, what), said[what], what)}
        if said["rule"]:
            return _add_rule(library, said["query"], target)
        with closing(library.reader()) as reader:
            ids = wanted.ids(reader)
            if not ids:
                return tell_nothing(reader)
        with library.edits() as edits:
            done = edits.assign(ids, **target)
    return tell_edited(done, "nothing is changed")


def _add_rule(library: Library, query: str, target: dict[str, int | str]) -> int:
    """Make a rule, and ask it of all notes at once."""
    from tui.indexer import apply_rules

    with library.edits() as edits:
        done = edits.add_rule(query, **target)
        with closing(library.index_writer()) as writer:
            apply_rules(writer, lambda: int(time.time() * 1000))
        rule = edits.rules()[-1]
    Out().line(
        printable(f"{done.text}: {counted(rule.recordings, 'recording')} so far")
    )
    return 0


def rules(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark rules`."""
    number = said["remove"]
    with opened(settings, to_read=number is None) as library, library.edits() as edits:
        if number is not None:
            done = edits.remove_rule(number)
            if not done.text:
                raise UsageError(f"there is no rule {number}")
            return tell_edited(done, "")
        found = edits.rules()
    out = Out()
    if said["json"]:
        out.array(map(rule_object, found))
    else:
        out.table(
            [
                [
                    str(rule.id),
                    printable(rule.query),
                    f"{rule.field} {printable(rule.target)}",
                    counted(rule.recordings, "recording"),
                ]
                for rule in found
            ],
            right=[0],
        )
    if found:
        return 0
    complain("there are no rules: earmark assign QUERY --chat NAME --rule makes one")
    return 1


def find_named(
    known: Sequence[Named], name: str, what: str, *, parts: bool = False
) -> int:
    """Find a chat or sender by what the user calls it.

    Args:
        known: Those there are.
        name: The exact name, else how the only one begins, whatever its case; else an
            id.
        what: `chat` or `sender`.
        parts: Whether what went into another counts too.

    Returns:
        The row.

    Raises:
        UsageError: None, or several, are called so.
    """
    names = [(each.name, each.id) for each in known]
    if parts:
        for each in known:
            for part in each.identities[1:]:
                names += [(part.name, part.id), (part.native_id, part.id)]
    folded = name.casefold()
    ways = (
        [row_id for text, row_id in names if text == name],
        [row_id for text, row_id in names if text.casefold() == folded],
        [row_id for text, row_id in names if str(row_id) == name],
        [row_id for text, row_id in names if text.casefold().startswith(folded)],
    )
    found: dict[int, None] = next((dict.fromkeys(way) for way in ways if way), {})
    if len(found) == 1:
        return next(iter(found))
    if found:
        many = f"{what}{'es' if what == 'search' else 's'}"
        raise UsageError(f"{len(found)} {many} may be meant: {_told(names, found)}")
    texts = [text for text, _ in names]
    near = get_close_matches(name, texts, _NEAR, 0.5) or texts[:_NEAR]
    hint = f" (there are {', '.join(map(printable, near))})" if near else ""
    raise UsageError(f"no {what} is called {name}{hint}")


def _told(names: Sequence[tuple[str, int]], found: dict[int, None]) -> str:
    """List names that several are called by, with ids to tell them apart."""
    told: dict[int, str] = {}
    for text, row_id in names:
        if row_id in found:
            told.setdefault(row_id, f"{printable(text)} (id {row_id})")
    more = f" and {len(told) - _NEAR} more" if len(told) > _NEAR else ""
    return ", ".join(list(told.values())[:_NEAR]) + more


def _target(known: Sequence[Named], name: str, what: str) -> int | str:
    """Find what notes are assigned to; a name that nothing has is a new one."""
    folded = " ".join(name.split()).casefold()
    if not folded:
        raise UsageError(f"--{what} needs a name")
    found = [each for each in known if each.name.casefold() == folded]
    exact = [each for each in found if each.name == name]
    found = exact or found
    if len(found) > 1:
        names = [(each.name, each.id) for each in found]
        ids = dict.fromkeys(each.id for each in found)
        raise UsageError(f"{len(found)} {what}s are called so: {_told(names, ids)}")
    if found:
        return found[0].id
    by_id = [each.id for each in known if str(each.id) == name]
    return by_id[0] if by_id else name


def _listed(library: Library, what: str) -> list[Named]:
    """List chats or senders."""
    with library.directory() as directory:
        return directory.chats() if what == "chat" else directory.senders()
