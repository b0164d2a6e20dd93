"""Queries answered by sets of notes in memory: see `_picture.py`."""

from __future__ import annotations

from functools import reduce
from operator import ge, gt, le, lt, or_
from typing import TYPE_CHECKING

from tui.library._picture import Picture
from tui.library._search import Condition, Terms, any_of, json_of, match_of
from tui.library._words import words_version
from tui.query import FieldTerm, LengthTerm, TextField, Word
from tui.words import fold, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from tui.library._connection import Store
    from tui.library._names import Names
    from tui.library._picture import Set
    from tui.query import Literal, Query, Term

__all__ = ["Sets"]

_FEW = 1_000
"""So many notes are asked one by one; for more, all are asked at once."""
_ARRAY = "SELECT json_group_array({0}) FROM {1} WHERE {2}"
_WITH_WORDS = _ARRAY.format("rowid", "words", "words MATCH ?")
_TAGGED = _ARRAY.format(
    "note.id",
    "tagged CROSS JOIN recording ON recording.hash = tagged.hash"
    " CROSS JOIN note ON note.recording_id = recording.id",
    "tagged.tag_id IN (SELECT value FROM json_each(?))",
)
_COMPARED: dict[str, Callable[[int, int], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_FIRST = "etaoinshrdlucmfwypvbgkjqxz0123456789"
"""What a word begins with, the most frequent first."""
_PLAYED = {"unplayed": 0, "half": 1, "played": 2}


class Sets:
    """Answers queries about the notes that are ready or unreadable.

    Args:
        store: The library.
        names: Its names.
    """

    def __init__(self, store: Store, names: Names) -> None:
        self._store = store
        self._names = names
        self._index = b""
        self._prepared: Iterator[str] | None = None
        self.picture = Picture(store)

    def prepare(self) -> bool:
        """Do a part of what makes searches quick; tells whether there is more to do.

        A first letter finds nearly everything, which takes the longest to find.
        """
        if self._prepared is None:
            self.picture.refresh()
            self._prepared = iter(_FIRST)
            return True
        self._index = words_version(self._store)
        for letter in self._prepared:
            self._in_texts(match_of([letter]))
            return True
        return False

    def find(self, query: Query, today: date) -> Set:
        """Find the notes of a query.

        Args:
            query: A query that asks for no other notes than those.
            today: The day that `today` and `yesterday` count from.

        Returns:
            Their set.
        """
        self.picture.refresh()
        self._index = words_version(self._store)
        # Whoever asks for the notes asks for their sums next.
        return self.picture.remembered(
            (query, today, self._names.seen, self._index),
            lambda: self._found(query, today),
        )

    def _found(self, query: Query, today: date) -> Set:
        found = self.picture.all
        rest = []
        for choice in query.choices:
            sets = [self._literal(literal) for literal in choice]
            known = [each for each in sets if each is not None]
            if len(known) == len(sets):
                found &= reduce(or_, known)
            else:
                rest.append(choice)
        for choice in rest:
            found &= self._asked(choice, today, found)
        return found

    def _asked(self, choice: tuple[Literal, ...], today: date, within: Set) -> Set:
        """Find the notes of a choice by looking at rows."""
        wanted = Terms(self._names, today).choice(choice)
        picture = self.picture
        if within.bit_count() <= _FEW:
            among = any_of(
                [
                    Condition(
                        "note.id IN (SELECT value FROM json_each(?))",
                        (json_of(picture.ids(within)),),
                    ),
                    wanted,
                ],
                " AND ",
            )
            return picture.selected(
                _ARRAY.format("note.id", "note", among.sql), among.params
            )
        sql = _ARRAY.format("note.id", "note", wanted.sql)
        return picture.remembered(
            (self._names.seen, wanted), lambda: picture.selected(sql, wanted.params)
        )

    def _literal(self, literal: Literal) -> Set | None:
        found = self._term(literal.term)
        if found is None:
            return None
        return self.picture.all & ~found if literal.negated else found

    def _term(self, term: Term) -> Set | None:
        """Find the notes of a term; None where only their rows tell."""
        match term:
            case Word(text):
                return self._word(tokens(text))
            case LengthTerm(relation, length_s):
                return self._length(relation, length_s)
            case FieldTerm(field, value):
                return self._field(field, value)
            case _:
                return None

    def _word(self, wanted: list[str]) -> Set:
        if not wanted:
            return 0
        names, picture = self._names, self.picture
        tags = names.tags.with_words(wanted)
        return (
            self._in_texts(match_of(wanted))
            | picture.chats.holding(names.chats.with_words(wanted))
            | picture.senders.holding(names.senders.with_words(wanted))
            | (picture.selected(_TAGGED, (json_of(tags),)) if tags else 0)
        )

    def _in_texts(self, match: str) -> Set:
        picture = self.picture
        return picture.remembered(
            (self._index, match), lambda: picture.selected(_WITH_WORDS, (match,))
        )

    def _field(self, field: TextField, value: str) -> Set | None:
        names, picture = self._names, self.picture
        if field is TextField.CHAT:
            return picture.chats.holding(names.chats.with_part(value))
        if field is TextField.FROM:
            found = picture.senders.holding(names.senders.with_part(value))
            return found | picture.sent() if fold(value) == "me" else found
        if field is TextField.IS and value in _PLAYED:
            return picture.played(_PLAYED[value])
        if field is TextField.IS and value == "sent":
            return picture.sent()
        if field is TextField.IS and value == "unmatched":
            return picture.chats.holding(names.unmatched)
        return None

    def _length(self, relation: str, length_s: int) -> Set:
        if relation == "=":
            return self.picture.long(lambda length_ms: length_ms // 1000 == length_s)
        compared = _COMPARED[relation]
        return self.picture.long(lambda length_ms: compared(length_ms, length_s * 1000))
