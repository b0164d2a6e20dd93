"""Groups beyond chats, months and what is unplayed: starred, saved, found, by sender.

Also any group in another order than the newest first. A group is a condition on the
table of notes, the same for its notes, its totals and the question whether a changed
note is one of them.
"""

from __future__ import annotations

from array import array
from operator import itemgetter
from typing import TYPE_CHECKING

from tui.library import _rows
from tui.library._api import NoteKeys
from tui.library._connection import listed
from tui.model import RECENT_LIMIT, Group, GroupBy, GroupKind, Sort

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tui.answers import Bucket, Collection, SavedSearch
    from tui.library._connection import Row, Store
    from tui.model import NoteId
    from tui.query import Query

__all__ = [
    "KINDS",
    "SORT_KEYS",
    "buckets",
    "collections",
    "keys",
    "members",
    "recent",
    "saved_searches",
    "search_history",
    "totals",
]

KINDS = frozenset(kind for kind in GroupKind if kind > GroupKind.MONTH)
"""What `StoreReader` does not answer itself."""
SORT_KEYS = {
    Sort.NEWEST: "note.order_ms",
    Sort.OLDEST: "-note.order_ms",
    Sort.LONGEST: "coalesce(note.duration_ms, 0)",
    Sort.UNPLAYED: f"note.order_ms + (note.played < 2) * {1 << 61}",
}
"""What notes are put in order by, the highest first, as an expression."""

_Condition = tuple[str, tuple[object, ...]]
_THERE = "note.source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"
_SHOWN = f"note.visible = 1 AND {_THERE}"
_ALL = "note NOT INDEXED"
"""All notes in the order of the file; by an index they would be read here and there."""
_NOTHING: _Condition = ("FALSE", ())
_IS_UNPLAYED = "note.played < 2 AND note.state <> 'missing'"
_TOTALS = (
    f"count(*), coalesce(sum({_IS_UNPLAYED}), 0), coalesce(sum(note.duration_ms), 0)"
)
_STARRED = (
    "note.recording_id IN (SELECT recording.id FROM mark"
    " JOIN recording ON recording.hash = mark.hash WHERE mark.star = 1)"
)
_IS_STARRED = (
    "EXISTS (SELECT 1 FROM recording JOIN mark ON mark.hash = recording.hash"
    " WHERE recording.id = note.recording_id AND mark.star = 1)"
)
"""The same, asked of a few notes."""
_TAGGED = (
    "note.recording_id IN (SELECT recording.id FROM tagged"
    " JOIN recording ON recording.hash = tagged.hash WHERE tagged.tag_id IN ({}))"
)
_IS_TAGGED = (
    "EXISTS (SELECT 1 FROM recording JOIN tagged ON tagged.hash = recording.hash"
    " WHERE recording.id = note.recording_id AND tagged.tag_id IN ({}))"
)
_HAS_TAG = (
    "EXISTS (SELECT 1 FROM recording JOIN tagged ON tagged.hash = recording.hash"
    " WHERE recording.id = note.recording_id)"
)
_WITHOUT_TAG = (
    "(note.recording_id IS NULL OR note.recording_id NOT IN"
    " (SELECT recording.id FROM tagged"
    " JOIN recording ON recording.hash = tagged.hash))"
)
_FROM_TAGS = (
    "tagged CROSS JOIN recording ON recording.hash = tagged.hash"
    " CROSS JOIN note ON note.recording_id = recording.id"
)
"""The shorter way while few notes have a tag."""
_TO_TAGS = (
    "note NOT INDEXED LEFT JOIN recording ON recording.id = note.recording_id"
    " LEFT JOIN tagged ON tagged.hash = recording.hash"
)
"""The shorter way when many have: twice as fast where half of them have."""
_SENDER = "coalesce(note.sender_id, iif(note.direction = 'sent', ?, 0))"
"""Who sent a note; what the user sent is known by that alone."""
_PLAIN: dict[GroupKind, tuple[str, tuple[str, ...]]] = {
    GroupKind.UNPLAYED: (f"{_SHOWN} AND {_IS_UNPLAYED}", ()),
    GroupKind.PROBLEMS: (f"note.problem = 1 AND {_THERE}", ()),
    GroupKind.CHAT: (f"note.chat_id = ? AND {_SHOWN}", ("chat_id",)),
    GroupKind.MONTH: (
        f"note.chat_id = ? AND note.month = ? AND {_SHOWN}",
        ("chat_id", "month"),
    ),
    GroupKind.SOURCE: (f"note.source_id = ? AND {_SHOWN}", ("number",)),
}
"""Conditions, and the fields of the group that are their values."""
_SPANS = {
    GroupKind.DAY: "day",
    GroupKind.WEEK: "week",
    GroupKind.CALENDAR: "month",
}
_VIEWS = {
    GroupBy.DAY: GroupKind.DAY,
    GroupBy.WEEK: GroupKind.WEEK,
    GroupBy.MONTH: GroupKind.CALENDAR,
}
_SEARCHES = frozenset({GroupKind.SEARCH, GroupKind.SAVED})
_AT_ONCE = 512
"""Notes that are asked for together."""


def keys(store: Store, group: Group, sort: Sort) -> NoteKeys:
    """The notes of a group, in an order."""
    if group.kind in _SEARCHES:
        from tui.library._search import search

        asked = _asked(store, group)
        if asked is None:
            return NoteKeys(array("q"), array("q"))
        return search(store, *asked, sort=sort)
    if group.kind is GroupKind.COLLECTION:  # whatever the order of the others
        from tui.library._collections import keys_in

        return keys_in(store, group.number)
    where, params = _condition(store, group)
    # The index of what is unplayed has no lengths: to fetch them one by one takes four
    # times as long as to read all notes, where nothing was heard yet.
    is_scan = group.kind is GroupKind.UNPLAYED and sort is Sort.LONGEST
    table = _ALL if is_scan else _table(group)
    # What no index gives in order, SQLite takes longer to sort than we do.
    is_sorted = table != _ALL
    order = "1 DESC, 2 DESC" if is_sorted else "2 DESC"
    sql = f"SELECT {SORT_KEYS[sort]}, note.id FROM {table} WHERE {where}"
    rows = store.all(f"{sql} ORDER BY {order}", params)
    if not is_sorted:
        rows.sort(key=itemgetter(0), reverse=True)  # of equals the first stays first
    return NoteKeys(
        order_ms=array("q", [row[0] for row in rows]),
        ids=array("q", [row[1] for row in rows]),
    )


def members(
    store: Store, group: Group, ids: Sequence[NoteId], sort: Sort
) -> dict[NoteId, int]:
    """Which of some notes belong to a group, with their sort keys."""
    if not ids:
        return {}
    if group.kind is GroupKind.COLLECTION:
        from tui.library._collections import collection_members

        return collection_members(store, group.number, ids)
    where, params = _condition(store, group, is_few=True)
    found: dict[NoteId, int] = {}
    for start in range(0, len(ids), _AT_ONCE):
        marks, values = listed(ids[start : start + _AT_ONCE])
        # The ids are the way to the notes, not an index of the group.
        rows = store.all(
            f"SELECT note.id, {SORT_KEYS[sort]} FROM note NOT INDEXED"
            f" WHERE note.id IN ({marks}) AND ({where})",
            (*values, *params),
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def totals(store: Store, group: Group) -> tuple[int, int, int]:
    """Notes, unplayed notes and length in milliseconds of a group of KINDS."""
    if group.kind in _SEARCHES:
        from tui.library._search import totals as totals_of

        asked = _asked(store, group)
        return (0, 0, 0) if asked is None else totals_of(store, *asked)
    where, params = _condition(store, group)
    row = store.all(f"SELECT {_TOTALS} FROM {_table(group)} WHERE {where}", params)[0]
    return row[0], row[1], row[2]


def buckets(store: Store, by: GroupBy) -> list[Bucket]:
    """The groups of all visible notes by something else than the chat."""
    from tui.answers import Bucket

    if by in _VIEWS:
        return _by_time(store, _VIEWS[by])
    labels: dict[int, str] = {}
    if by is GroupBy.SENDER:
        kind, rows = GroupKind.SENDER, _by_sender(store, labels)
    elif by is GroupBy.TAG:
        kind, rows = GroupKind.TAG, _by_tag(store, labels)
    elif by is GroupBy.SOURCE:
        kind, rows = GroupKind.SOURCE, _by_source(store, labels)
    else:  # chats are known without
        return []
    found = [
        Bucket(
            Group(kind, number=number),
            labels.get(number, ""),
            notes,
            unplayed,
            duration_ms,
            last_ms,
        )
        for number, notes, unplayed, duration_ms, last_ms in rows
    ]
    return sorted(found, key=lambda bucket: (-bucket.last_ms, -bucket.group.number))


def saved_searches(store: Store) -> list[SavedSearch]:
    """The saved searches by name."""
    rows = store.all(
        "SELECT id, name, query, notes, unplayed, duration_ms FROM saved_search"
    )
    if not rows:
        return []
    from tui.answers import SavedSearch  # nothing that a first screen without needs

    found = [
        SavedSearch(row[0], _rows.from_text(row[1]), _rows.from_text(row[2]), *row[3:])
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.name.casefold(), each.name))


def collections(store: Store) -> list[Collection]:
    """The collections by name."""
    rows = store.all(
        "SELECT id, name, notes, unplayed, duration_ms FROM collection WHERE is_on = 1"
    )
    if not rows:
        return []
    from tui.answers import Collection

    found = [Collection(row[0], _rows.from_text(row[1]), *row[2:]) for row in rows]
    return sorted(found, key=lambda each: (each.name.casefold(), each.name))


def search_history(store: Store, limit: int) -> list[str]:
    """Searches that were made, the last one first."""
    rows = store.all(
        "SELECT query FROM search_history ORDER BY at_ms DESC, query LIMIT ?", (limit,)
    )
    return [_rows.from_text(row[0]) for row in rows]


# -- what a group is


def _table(group: Group) -> str:
    """Tell how to come to the notes of a group."""
    is_scan = group.kind is GroupKind.SENDER or group == Group(GroupKind.TAG)
    return _ALL if is_scan else "note"


def _condition(store: Store, group: Group, *, is_few: bool = False) -> _Condition:
    """Put in SQL which notes are of a group.

    Args:
        store: The connection.
        group: The group.
        is_few: It will be asked of a few notes, not of all.
    """
    if group.kind in _PLAIN:
        where, params = _PLAIN[group.kind]
        return where, tuple(getattr(group, name) for name in params)
    if group.kind is GroupKind.STARRED:
        return f"{_IS_STARRED if is_few else _STARRED} AND {_SHOWN}", ()
    if group.kind is GroupKind.TAG:
        return _with_tag(store, group.number, _IS_TAGGED if is_few else _TAGGED)
    if group.kind is GroupKind.SENDER:
        return f"{_SENDER} = ? AND {_SHOWN}", (_me(store), group.number)
    if group.kind in _SPANS:
        return _in_time(group)
    return _of_a_list(store, group)


def _of_a_list(store: Store, group: Group) -> _Condition:
    """Put in SQL what a query finds, which notes are the newest, or are collected."""
    if group.kind is GroupKind.RECENT:
        marks, ids = listed([row[1] for row in recent(store)])
        return (f"note.id IN ({marks})", ids) if ids else _NOTHING
    if group.kind is GroupKind.COLLECTION:
        # As one value: there may be many.
        listed_ids = ",".join(map(str, keys(store, group, Sort.NEWEST).ids))
        return "note.id IN (SELECT value FROM json_each(?))", (f"[{listed_ids}]",)
    asked = _asked(store, group)
    if asked is None:
        return _NOTHING
    from tui.library._search import condition

    sql, params = condition(store, *asked)
    return f"({sql})", params


def _asked(store: Store, group: Group) -> tuple[Query, date] | None:
    """The query of a search and the day it is asked on; None for what is no query."""
    from datetime import datetime

    from tui.errors import QueryError
    from tui.query import parse

    text = group.query
    if group.kind is GroupKind.SAVED:
        row = store.one("SELECT query FROM saved_search WHERE id = ?", (group.number,))
        if row is None:
            return None
        text = _rows.from_text(row[0])
    try:
        return parse(text), datetime.now().astimezone().date()
    except QueryError:
        return None


def recent(store: Store) -> list[Row]:
    """Time and id of the newest notes, from the newest chats.

    An index of all notes by time would only serve this, and cost each scan a tenth of
    its time.
    """
    found: list[Row] = []
    for chat_id, last_ms in store.all(
        "SELECT id, last_ms FROM shown_chat WHERE notes > 0"
        " ORDER BY last_ms DESC LIMIT ?",
        (RECENT_LIMIT,),
    ):
        if len(found) == RECENT_LIMIT and last_ms < found[-1][0]:
            break
        found += store.all(
            f"SELECT order_ms, id FROM note WHERE chat_id = ? AND {_SHOWN}"
            f" ORDER BY order_ms DESC, id DESC LIMIT {RECENT_LIMIT}",
            (chat_id,),
        )
        found.sort(reverse=True)
        del found[RECENT_LIMIT:]
    return found


def _me(store: Store) -> int:
    """The row of the user among the senders; 0 when there is none yet."""
    row = store.one(
        "SELECT coalesce(merged_into, id) FROM sender WHERE native_id = 'me'"
    )
    return 0 if row is None else int(row[0])


def _in_time(group: Group) -> _Condition:
    from tui.library._wall_days import FIRST_DAY, LAST_DAY, NO_DATE, days_of, wall_day

    day = wall_day()
    if group.number == NO_DATE:
        return f"NOT {day} BETWEEN ? AND ? AND {_SHOWN}", (FIRST_DAY, LAST_DAY)
    first, last = days_of(group.number, _SPANS[group.kind])
    if last < first:
        return _NOTHING
    # The month at the sender's is not always the month here, but next to it. Where
    # there are not many chats, the index by chat and month is the way.
    marks, params = listed(_months_around(first, last))
    where = (
        f"note.chat_id IN (SELECT id FROM chat) AND note.month IN ({marks})"
        f" AND {_SHOWN} AND {day} BETWEEN ? AND ?"
    )
    return where, (*params, first, last)


def _months_around(first: int, last: int) -> list[int]:
    """List the months of some days, and those before and after."""
    from datetime import date

    start, end = date.fromordinal(first), date.fromordinal(last)
    months = range(start.year * 12 + start.month - 2, end.year * 12 + end.month + 1)
    return [month // 12 * 100 + month % 12 + 1 for month in months]


# -- tags


def _tags(store: Store) -> dict[int, str]:
    """All tags: row and folded name."""
    rows = store.all("SELECT id, folded FROM tag")
    return {row[0]: _rows.from_text(row[1]) for row in rows}


def _with_tag(store: Store, number: int, tagged: str) -> _Condition:
    if not number:
        is_few = tagged is _IS_TAGGED
        return f"{f'NOT {_HAS_TAG}' if is_few else _WITHOUT_TAG} AND {_SHOWN}", ()
    names = _tags(store)
    if number not in names:
        return _NOTHING
    marks, params = listed([number, *_below(names, number)])
    return f"{tagged.format(marks)} AND {_SHOWN}", params


def _below(names: dict[int, str], number: int) -> list[int]:
    """List the tags below one."""
    above = names[number] + "/"
    return [tag for tag, name in names.items() if name.startswith(above)]


def _by_tag(store: Store, labels: dict[int, str]) -> list[Row]:
    rows = store.all("SELECT id, name FROM tag")
    labels.update((row[0], _rows.from_text(row[1])) for row in rows)
    tagged, notes = store.all(
        "SELECT (SELECT count(*) FROM tagged), (SELECT count(*) FROM note)"
    )[0]
    is_rare = tagged * 2 < notes
    rows = store.all(
        f"SELECT coalesce(tagged.tag_id, 0), {_TOTALS}, max(note.order_ms)"
        f" FROM {_FROM_TAGS if is_rare else _TO_TAGS} WHERE {_SHOWN} GROUP BY 1"
    )
    found = {row[0]: row for row in rows}
    names = _tags(store)
    for tag in (0, *names):
        # A note with two tags below one counts there once.
        if _below(names, tag) if tag else is_rare:
            row = _counted(store, Group(GroupKind.TAG, number=tag))
            if row[1]:
                found[tag] = row
    return list(found.values())


def _counted(store: Store, group: Group) -> Row:
    where, params = _condition(store, group)
    row = store.all(
        f"SELECT {_TOTALS}, max(note.order_ms) FROM {_table(group)} WHERE {where}",
        params,
    )[0]
    return (group.number, *row)


# -- senders, sources, times


def _by_sender(store: Store, labels: dict[int, str]) -> list[Row]:
    rows = store.all(
        f"SELECT {_SENDER}, {_TOTALS}, max(note.order_ms) FROM {_ALL}"
        f" WHERE {_SHOWN} GROUP BY 1",
        (_me(store),),
    )
    names = store.all("SELECT id, name FROM sender")
    labels.update((row[0], _rows.from_text(row[1])) for row in names)
    return rows


def _by_source(store: Store, labels: dict[int, str]) -> list[Row]:
    names = store.all("SELECT id, label FROM source")
    labels.update((row[0], _rows.from_text(row[1])) for row in names)
    return store.all(
        "SELECT source_id, sum(notes), sum(unplayed), sum(duration_ms), max(last_ms)"
        f" FROM chat_total AS note WHERE notes > 0 AND {_THERE} GROUP BY source_id"
    )


def _by_time(store: Store, kind: GroupKind) -> list[Bucket]:
    from tui.answers import Bucket
    from tui.library._wall_days import day_number, wall_day

    span = _SPANS[kind]
    sums: dict[int, list[int]] = {}
    for day, notes, unplayed, duration_ms, last_ms in store.all(
        f"SELECT {wall_day()}, {_TOTALS}, max(note.order_ms) FROM {_ALL}"
        f" WHERE {_SHOWN} GROUP BY 1"
    ):
        number = day_number(day, span)
        known = sums.setdefault(number, [0, 0, 0, last_ms])
        known[0] += notes
        known[1] += unplayed
        known[2] += duration_ms
        known[3] = max(known[3], last_ms)
    # Of two days at one moment, e.g. in two zones, the later day comes first.
    return [
        Bucket(Group(kind, number=number), "", *sums[number])
        for number in sorted(sums, key=lambda number: (sums[number][3], number))[::-1]
    ]
