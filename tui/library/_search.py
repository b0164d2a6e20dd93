"""Queries answered by the library file: words from the index, the rest from columns.

What is asked is `tui.query.matches`, put in SQL. Names of chats, senders, tags and
sources are few: they are compared here, and the statement gets the ids.
"""

from __future__ import annotations

from array import array
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, assert_never
from weakref import WeakKeyDictionary, proxy

from tui.library._api import NoteKeys
from tui.library._midnight import from_day
from tui.library._names import Names
from tui.library._views import SORT_KEYS
from tui.model import NoteState
from tui.query import (
    DateTerm,
    FieldTerm,
    LengthTerm,
    TextField,
    Word,
    span,
    states,
)
from tui.words import fold, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from tui.library._connection import Store
    from tui.library._sets import Sets
    from tui.model import Sort
    from tui.query import (
        Literal,
        Query,
        Term,
    )

__all__ = [
    "Condition",
    "Terms",
    "condition",
    "json_of",
    "match_of",
    "prepare",
    "search",
    "totals",
]

_USUAL = frozenset({NoteState.READY, NoteState.UNREADABLE})
_LISTED = "(SELECT value FROM json_each(?))"
"""Any number of ids as one value, so that the statement stays the same."""
_THERE = "note.source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"
_WITHOUT_FILE = (
    "NOT EXISTS (SELECT 1 FROM file WHERE note_id = coalesce(note.shares, note.id))"
)
_TOLD = (
    "note.state = 'missing' AND note.shares IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM file WHERE note_id = note.id)"
)
# Places where a note is missing count only if it is missing everywhere.
_HAS_FILE = (
    "EXISTS (SELECT 1 FROM file JOIN folder ON folder.id = file.folder_id"
    " WHERE file.note_id = coalesce(note.shares, note.id) AND {}"
    " AND (file.missing = 0 OR NOT EXISTS (SELECT 1 FROM file AS other"
    " WHERE other.note_id = file.note_id AND other.missing = 0)))"
)
_RECORDING = (
    "ifnull(note.recording_id, 0) IN (SELECT recording.id FROM {0}"
    " JOIN recording ON recording.hash = {0}.hash WHERE {1})"
)
_CLAIMED = "EXISTS (SELECT 1 FROM claim WHERE note_id = note.id AND transcript <> '')"
_PLAYED = {"unplayed": 0, "half": 1, "played": 2}


class Condition(NamedTuple):
    """What a note must be like, as a part of an SQL statement."""

    sql: str
    """An expression over the columns of `note`, which it names `note.x`; never NULL."""
    params: tuple[object, ...]


_NEVER = Condition("0", ())


def any_of(parts: Iterable[Condition], joint: str = " OR ") -> Condition:
    """Join conditions, by `OR` unless told otherwise; without any, nothing holds."""
    parts = list(parts)
    if not parts:
        return _NEVER
    params = tuple(value for part in parts for value in part.params)
    return Condition(f"({joint.join(part.sql for part in parts)})", params)


def _in(column: str, ids: Sequence[int]) -> list[Condition]:
    return [Condition(f"{column} IN {_LISTED}", (json_of(ids),))] if ids else []


def json_of(ids: Iterable[int]) -> str:
    """Write ids as one value."""
    return f"[{','.join(map(str, ids))}]"


def match_of(wanted: Sequence[str]) -> str:
    """Write tokens as a phrase for FTS5, whose last one is a prefix.

    Tokens hold nothing that ends the quotes.
    """
    return f'"{" ".join(wanted)}" *'


class Terms:
    """Puts the terms of queries in SQL.

    Args:
        names: The names of chats, senders, tags and sources.
        today: The day that `today` and `yesterday` count from.
    """

    def __init__(self, names: Names, today: date) -> None:
        self._names = names
        self._today = today

    def choice(self, choice: tuple[Literal, ...]) -> Condition:
        """Tell a choice."""
        found = [(literal.negated, self.of(literal.term)) for literal in choice]
        return any_of(
            Condition(f"NOT {each.sql}", each.params) if is_negated else each
            for is_negated, each in found
        )

    def of(self, term: Term) -> Condition:
        """Tell one term."""
        match term:
            case Word(text):
                return self._word(tokens(text))
            case FieldTerm(field, value):
                return self._field(field, value)
            case DateTerm(relation, value):
                return self._date(relation, value)
            case LengthTerm(relation, length_s):
                return _length(relation, length_s)
            case _:
                assert_never(term)

    def _word(self, wanted: list[str]) -> Condition:
        if not wanted:
            return _NEVER
        names = self._names
        return any_of(
            [
                Condition(
                    "note.id IN (SELECT rowid FROM words WHERE words MATCH ?)",
                    (match_of(wanted),),
                ),
                *_in("note.chat_id", names.chats.with_words(wanted)),
                *_in("ifnull(note.sender_id, 0)", names.senders.with_words(wanted)),
                *_tagged(names.tags.with_words(wanted)),
            ]
        )

    def _field(self, field: TextField, value: str) -> Condition:
        names = self._names
        match field:
            case TextField.CHAT:
                found = any_of(_in("note.chat_id", names.chats.with_part(value)))
            case TextField.FROM:
                found = self._from(value)
            case TextField.TAG:
                found = any_of(_tagged(names.tags_below(value)))
            case TextField.COLLECTION:
                found = any_of(_in("note.id", names.collected(value)))
            case TextField.IN:
                found = _in_sources(names.sources_called(value))
            case TextField.KIND:
                found = Condition("note.kind = ?", (value,))
            case TextField.IS:
                found = self._is(value)
            case TextField.HAS:
                found = _has(value)
            case _:
                assert_never(field)
        return found

    def _from(self, value: str) -> Condition:
        ids = self._names.senders.with_part(value)
        found = _in("ifnull(note.sender_id, 0)", ids)
        if fold(value) == "me":
            found.append(Condition("note.direction = 'sent'", ()))
        return any_of(found)

    def _is(self, value: str) -> Condition:
        if value in _PLAYED:
            return Condition("note.played = ?", (_PLAYED[value],))
        if value in {"sent", "received"}:
            return Condition("note.direction = ?", (value,))
        if value == "starred":
            return Condition(_RECORDING.format("mark", "mark.star = 1"), ())
        if value == "unmatched":
            return any_of(_in("note.chat_id", self._names.unmatched))
        return Condition("note.state = ?", (value,))

    def _date(self, relation: str, value: str) -> Condition:
        first, last = span(value, self._today)
        since = Condition(*from_day(first))
        if relation == "after":
            return since
        if relation == "before":
            return Condition(f"NOT {since.sql}", since.params)
        beyond = Condition(*from_day(last + timedelta(days=1)))
        return Condition(
            f"({since.sql} AND NOT {beyond.sql})", (*since.params, *beyond.params)
        )


def _length(relation: str, length_s: int) -> Condition:
    known = "note.duration_ms IS NOT NULL AND note.duration_ms"
    if relation == "=":
        return Condition(f"({known} / 1000 = ?)", (min(length_s, _MOST),))
    return Condition(f"({known} {relation} ?)", (min(length_s * 1000, _MOST),))


_MOST = (1 << 63) - 1
"""No column holds more."""


def _tagged(tags: Sequence[int]) -> list[Condition]:
    if not tags:
        return []
    sql = _RECORDING.format("tagged", f"tagged.tag_id IN {_LISTED}")
    return [Condition(sql, (json_of(tags),))]


def _has(value: str) -> Condition:
    if value == "transcript":
        return Condition(_CLAIMED, ())
    if value == "comment":
        return Condition(_RECORDING.format("mark", "mark.comment <> ''"), ())
    return Condition(_RECORDING.format("bookmark", "1"), ())


def _in_sources(sources: Sequence[int]) -> Condition:
    """A file of the note that counts is in one of some sources."""
    if not sources:
        return _NEVER
    ids = json_of(sources)
    has_file = _HAS_FILE.format(f"folder.source_id IN {_LISTED}")
    # The source that shows a note that is there is one that has its file.
    return Condition(
        f"(note.state <> 'missing' AND note.source_id IN {_LISTED} OR {has_file})",
        (ids, ids),
    )


class _Desk:
    """What is kept of a library between searches, by its connection."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.names = Names(store)
        self.sets: Sets | None = None
        """What was prepared, see `prepare`."""


_desks: WeakKeyDictionary[Store, _Desk] = WeakKeyDictionary()


def _desk_of(store: Store) -> _Desk:
    """What is kept of a library, with the names as they are now."""
    desk = _desks.get(store)
    if desk is None:
        # What is kept must not keep the connection.
        weak: Store = proxy(store)
        desk = _desks[store] = _Desk(weak)
    desk.names.refresh()
    return desk


def condition(store: Store, query: Query, today: date) -> Condition:
    """Put a query in SQL.

    The states that a query asks for, and that the source is there, are part of it.

    Args:
        store: The library.
        query: The query.
        today: The day that `today` and `yesterday` count from.

    Returns:
        The condition, as the library is now.
    """
    terms = Terms(_desk_of(store).names, today)
    return any_of([_state(query), *map(terms.choice, query.choices)], " AND ")


def _state(query: Query, *, told: bool = False) -> Condition:
    wanted = sorted(states(query))
    marks = ",".join("?" * len(wanted))
    or_told = f" OR {_TOLD}" if told else ""
    return Condition(
        f"(note.state IN ({marks}){or_told}) AND {_THERE}", tuple(map(str, wanted))
    )


def _below(names: Names, folder: bytes) -> Condition:
    """A file of the note lies below a folder; of a note without one, its source."""
    inside = folder.rstrip(b"/") + b"/"
    found = []
    whole: list[int] = []
    for source_id, root in names.roots:
        if root.startswith(inside):
            whole.append(source_id)
        elif inside.startswith(root):
            part = inside[len(root) : -1]
            sql = (
                "(folder.source_id = ? AND (folder.path = ?"
                " OR folder.path >= ? AND folder.path < ?))"
            )
            # `0` is what comes after a slash.
            found.append(Condition(sql, (source_id, part, part + b"/", part + b"0")))
    found += _in("folder.source_id", whole)
    if not found:
        return _NEVER
    lies = any_of(found)
    told = Condition(
        f"({_WITHOUT_FILE} AND note.source_id IN {_LISTED})", (json_of(whole),)
    )
    return any_of([Condition(_HAS_FILE.format(lies.sql), lies.params), told])


def search(
    store: Store,
    query: Query,
    today: date,
    *,
    sort: Sort,
    told: bool = False,
    below: bytes = b"",
) -> NoteKeys:
    """The notes that match a query.

    Args:
        store: The library.
        query: The query.
        today: The day that `today` and `yesterday` count from.
        sort: The order.
        told: Also notes that a document tells of, and whose file never was here.
        below: A folder that a file must lie in; empty for anywhere.

    Returns:
        Their keys in that order.
    """
    desk = _desk_of(store)
    sets = None if told or below else _sets_for(desk, query)
    if sets is not None:
        return sets.picture.keys(sets.find(query, today), sort)
    parts = [
        _state(query, told=told),
        *map(Terms(desk.names, today).choice, query.choices),
    ]
    if below:
        parts.append(_below(desk.names, below))
    wanted = any_of(parts, " AND ")
    rows = store.all(
        f"SELECT {SORT_KEYS[sort]} AS sort_key, note.id FROM note WHERE {wanted.sql}"
        " ORDER BY sort_key DESC, note.id DESC",
        wanted.params,
    )
    return NoteKeys(
        order_ms=array("q", [row[0] for row in rows]),
        ids=array("q", [row[1] for row in rows]),
    )


def totals(store: Store, query: Query, today: date) -> tuple[int, int, int]:
    """Notes, unplayed notes and length in milliseconds of what a search finds.

    Args:
        store: The library.
        query: The query.
        today: The day that `today` and `yesterday` count from.

    Returns:
        Their sums.
    """
    sets = _sets_for(_desk_of(store), query)
    if sets is not None:
        return sets.picture.totals(sets.find(query, today))
    wanted = condition(store, query, today)
    row = store.all(
        "SELECT count(*),"
        " coalesce(sum(note.played < 2 AND note.state <> 'missing'), 0),"
        f" coalesce(sum(note.duration_ms), 0) FROM note WHERE {wanted.sql}",
        wanted.params,
    )[0]
    return row[0], row[1], row[2]


def prepare(store: Store) -> bool:
    """Do a part of what makes searches quick, while nobody waits for one.

    Each call takes some 30 ms for 100,000 notes, the first one some tenths of a second.

    Args:
        store: The library.

    Returns:
        Whether there is more to do.
    """
    desk = _desk_of(store)
    if desk.sets is None:
        from tui.library._sets import Sets  # it needs what is here

        desk.sets = Sets(desk.store, desk.names)
    return desk.sets.prepare()


def _sets_for(desk: _Desk, query: Query) -> Sets | None:
    """What answers a query from memory; None where the rows are asked.

    Only what was prepared: reading all notes before takes longer than one search.
    """
    return desk.sets if states(query) == _USUAL else None
