"""Which notes a command is about: those that a query finds, or some by their ids."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from tui.errors import UsageError
from tui.model import Group, GroupKind, Sort
from tui.query import FieldTerm, Literal, Query, TextField, Word, parse
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tui.library import Reader
    from tui.model import Note, NoteId

    class NoteReader(Reader, Protocol):
        """A reader that gives notes by the page."""

        def notes(self, ids: Sequence[int]) -> Iterator[Note]:
            """Everything about some notes, in their order."""


__all__ = [
    "Wanted",
    "answers",
    "collection_in",
    "find_note",
    "found_ids",
    "has_words",
    "today",
    "wanted",
]

_ID_DIGITS = frozenset("0123456789abcdefABCDEF")
_LEAST = 6
"""Digits from which on a word may be an id: `cafe` and `2024` are words to look for."""


def today() -> date:
    """Tell the day on the user's calendar."""
    return datetime.now().astimezone().date()


def has_words(query: Query) -> bool:
    """Tell whether a query looks for words, for which their index must be complete."""
    return any(
        isinstance(literal.term, Word) for choice in query.choices for literal in choice
    )


def collection_in(query: Query) -> str | None:
    """Tell the collection whose notes, and nothing else, a query asks for."""
    match query.choices:
        case ((Literal(FieldTerm(TextField.COLLECTION, name), negated=False),),):
            return name
    return None


def answers(
    reader: NoteReader,
    query: Query,
    *,
    below: bytes = b"",
    sort: Sort | None = None,
    limit: int | None = None,
    told: bool = False,
) -> Iterator[Note]:
    """Yield the notes that match a query.

    Args:
        reader: The library.
        query: What to look for.
        below: A folder that one of a note's files must lie in; empty for anywhere.
        sort: Their order; None for that of a collection if the query is one, else the
            newest first.
        limit: How many at most; None for all.
        told: Also notes that a document tells of, and whose file never was here.
    """
    ids = found_ids(reader, query, below=below, sort=sort, told=told)
    yield from reader.notes(ids[:limit])


def found_ids(
    reader: NoteReader,
    query: Query,
    *,
    below: bytes = b"",
    sort: Sort | None = None,
    told: bool = False,
) -> Sequence[int]:
    """Find the notes that match a query; as `answers`."""
    ids = reader.search(
        query, today(), sort=sort or Sort.NEWEST, told=told, below=below
    ).ids
    name = collection_in(query)
    return ids if sort is not None or name is None else _placed(reader, name, ids)


def _placed(reader: Reader, name: str, ids: Sequence[int]) -> Sequence[int]:
    """Put the notes of a collection in its order; what has no place comes last."""
    wanted = fold(" ".join(name.split()))
    places: dict[int, int] = {}
    for each in reader.collections():
        if fold(each.name) == wanted:
            keys = reader.keys(Group(GroupKind.COLLECTION, number=each.id))
            places = {note_id: place for place, note_id in enumerate(keys.ids)}
    return sorted(ids, key=lambda note_id: places.get(note_id, len(places)))


def find_note(reader: Reader, key: str) -> NoteId | None:
    """Find a note by how its id begins.

    Raises:
        UsageError: Several begin so.
    """
    found = reader.find(key.lower())
    if len(found) > 1:
        raise UsageError(f"{len(found)} notes have an id that begins with {key}")
    return found[0] if found else None


class Wanted:
    """What stands where a query or ids may stand.

    Args:
        text: What was written.
        is_note: Whether only one id may stand there.

    Raises:
        QueryError: It can't be understood.
    """

    def __init__(self, text: str, *, is_note: bool = False) -> None:
        self.query = Query() if is_note else parse(text)
        self._words = [text] if is_note else text.split()
        self._is_note = is_note
        self._is_picked = False

    @property
    def has_own_order(self) -> bool:
        """Whether its notes have an order of their own.

        A collection has one, and so have ids; of those it is known when they were
        looked for.
        """
        return self._is_picked or collection_in(self.query) is not None

    def note(self, reader: Reader) -> NoteId | None:
        """Find the one note whose id it is; None for a query, and for several.

        Args:
            reader: The library.

        Raises:
            UsageError: Several notes have an id that begins so.
        """
        picked = self.picked(reader)
        return picked[0] if len(picked) == 1 else None

    def picked(self, reader: Reader) -> list[NoteId]:
        """Find the notes whose ids were written, as they were; none for a query.

        Words that could be ids, but are not all of notes, are words to look for.

        Args:
            reader: The library.

        Raises:
            UsageError: Several notes have an id that begins as one of them.
        """
        least = 1 if self._is_note else _LEAST
        for word in self._words:
            if len(word) < least or not set(word) <= _ID_DIGITS:
                return []
            if not reader.find(word.lower()):
                return []
        found = [find_note(reader, word) for word in self._words]
        picked = list(dict.fromkeys(each for each in found if each is not None))
        self._is_picked = bool(picked)
        return picked

    def ids(self, reader: NoteReader) -> Sequence[int]:
        """Find the notes, also those that only a document tells of.

        The newest come first, those of a collection in its order, ids as written.

        Args:
            reader: The library.
        """
        picked = self.picked(reader)
        if picked or self._is_note:
            return picked
        return found_ids(reader, self.query, told=True)

    def notes(
        self,
        reader: NoteReader,
        also: Query | None = None,
        *,
        below: bytes = b"",
        sort: Sort | None = None,
        limit: int | None = None,
        told: bool = False,
    ) -> Iterator[Note]:
        """Yield the notes; as `answers`.

        Args:
            reader: The library.
            also: What must hold as well, if it is a query.
            below: A folder that one of a note's files must lie in, if it is a query.
            sort: Their order; None as there, and for ids as they were written.
            limit: How many at most.
            told: Also notes whose file never was here; by its id any.
        """
        picked = self.picked(reader)
        if picked:
            yield from reader.notes(_sorted(reader, picked, sort)[:limit])
        if picked or self._is_note:
            return
        query = self.query
        if also is not None:
            query = replace(query, choices=(*query.choices, *also.choices))
        yield from answers(
            reader, query, below=below, sort=sort, limit=limit, told=told
        )


def _sorted(reader: Reader, ids: Sequence[int], sort: Sort | None) -> Sequence[int]:
    """Sort notes that were named; those that no search would list come last."""
    if sort is None or len(ids) == 1:
        return ids
    everything = found_ids(reader, Query(), sort=sort, told=True)
    places = {note_id: place for place, note_id in enumerate(everything)}
    return sorted(ids, key=lambda note_id: places.get(note_id, len(places)))


def wanted(text: str, command: str, *, every: bool) -> Wanted:
    """Read which notes a command shall change.

    Args:
        text: The query, or ids.
        command: The command, for the message.
        every: Whether all notes were asked for.

    Raises:
        UsageError: Nothing says which, or both do.
    """
    found = Wanted(text)
    if every and found.query.choices:
        raise UsageError(f"{command} takes either a query or --all")
    if not every and not found.query.choices:
        raise UsageError(
            f"{command} needs a query that finds the notes; --all takes all of them"
        )
    return found
