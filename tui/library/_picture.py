"""What searches need of every note, kept in memory between the letters of a query.

A search that is typed asks for nearly the same again with each letter, and its first
letters find nearly everything: reading 100,000 rows for each would take a tenth of a
second. Here a set of notes is one large number with a bit for each note, so that sets
are joined and cut at the speed of memory, and many can be kept. Times, lengths and
states of the notes stand in columns, some 150 bytes a note; after a change of the
library only what changed is read again.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from itertools import compress
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from tui.library._api import NoteKeys
from tui.model import Sort

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from tui.library._connection import Row, Store

__all__ = ["Picture", "Set"]

Set = int
"""A set of notes: the bit number n tells of the note n."""

_FACTS = (
    "SELECT note.id, note.order_ms, note.chat_id, coalesce(note.sender_id, 0),"
    " note.duration_ms, note.played, note.direction = 'sent',"
    " note.state IN ('ready', 'unreadable')"
    " AND note.source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"
    " FROM note WHERE {} LIMIT {}"
)
_PAGE = 4096
"""Rows that are read at once: those of all notes together would take 30 MB."""
_MOST_CHANGES = 5_000
"""With more changes than this, reading everything again is cheaper."""
_MOST_BYTES = 8 << 20
"""What sets that are kept may take."""
_LEAST_SETS = 64
_CODES = 255
"""Chats, and senders, that have a byte of their own; the others share one."""
_FEW = 64
"""One in so many notes are few: going through these alone is quicker."""
_UNPLAYED_BIT = 1 << 61
_TO_DIGITS = bytes.maketrans(b"\0\1", b"01")
_TO_FLAGS = bytes.maketrans(b"01", b"\0\1")


def _set_of(flags: bytes | bytearray) -> Set:
    """Make a set of a byte for each note, which is 0 or 1."""
    digits = flags[::-1].translate(_TO_DIGITS)
    return int(digits, 2) if digits else 0


class _Order(NamedTuple):
    """All notes in an order, made so that some of them are taken out quickly."""

    pairs: list[str]
    """Sort key and id of each, as the 16 bytes of an array, written as characters:
    nothing is joined as fast as text."""
    arranged: Callable[[bytes], tuple[int, ...]]
    """Puts a byte for each note in this order; two more come at the end."""

    def cut(self, flags: bytes) -> NoteKeys:
        """Take out the notes whose flag is set."""
        both = array("q")
        some = compress(self.pairs, self.arranged(flags))
        both.frombytes("".join(some).encode("latin-1"))
        return NoteKeys(both[0::2], both[1::2])


def _order_of(pairs: Iterable[tuple[int, int]]) -> _Order:
    """Put sort keys and ids in their order."""
    both = array("q", [each for pair in sorted(pairs, reverse=True) for each in pair])
    text, size = both.tobytes().decode("latin-1"), 2 * both.itemsize
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    # The numbers of an array are made here one after the other, and so lie in memory:
    # those that came from the rows would take five times as long to go through. One or
    # two of them would give no row; the last two are not looked at.
    return _Order(chunks, itemgetter(*both[1::2], 0, 0))


class _Column:
    """Chats or senders of the notes: which notes has one of some?

    Those with the most notes have a byte of their own, so that the answer is one
    translation of bytes.
    """

    def __init__(self) -> None:
        self._values = array("q")
        self._codes = bytearray()
        self._code_of: dict[int, int] = {}
        self._others: dict[int, set[int]] = {}

    def fill(self, values: array[int]) -> None:
        """Take the values of all notes."""
        self._values = values
        most = Counter(values).most_common(_CODES)
        self._code_of = {value: code for code, (value, _) in enumerate(most)}
        code_of = self._code_of
        self._codes = bytearray([code_of.get(value, _CODES) for value in values])
        self._others = {}
        if len(most) == _CODES:
            for note_id, value in enumerate(values):
                if value not in code_of:
                    self._others.setdefault(value, set()).add(note_id)

    def put(self, note_id: int, value: int) -> None:
        """Take another value of a note."""
        more = note_id + 1 - len(self._codes)
        if more > 0:
            self._values.frombytes(bytes(more * self._values.itemsize))
            self._codes.extend(bytes([self._code_of.get(0, _CODES)]) * more)
        self._others.get(self._values[note_id], set()).discard(note_id)
        self._values[note_id] = value
        code = self._codes[note_id] = self._code_of.get(value, _CODES)
        if code == _CODES:
            self._others.setdefault(value, set()).add(note_id)

    def holding(self, wanted: Collection[int]) -> Set:
        """The notes that have one of some values."""
        table = bytearray(256)
        others: list[int] = []
        for value in wanted:
            if value in self._code_of:
                table[self._code_of[value]] = 1
            else:
                others += self._others.get(value, ())
        flags = self._codes.translate(table)
        for note_id in others:
            flags[note_id] = 1
        return _set_of(flags)


class Picture:
    """The notes that are ready or unreadable, of sources that are there.

    Args:
        store: The library.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rev = -1
        self._clear()

    def _clear(self) -> None:
        self.all: Set = 0
        self.chats = _Column()
        self.senders = _Column()
        self._here = bytearray()
        self._order = array("q")
        self._duration = array("q")
        self._known = bytearray()
        """Whether the length is."""
        self._played = bytearray()
        self._sent = bytearray()
        self._orders: dict[Sort, _Order] = {}
        self._sets: dict[object, Set] = {}

    # What is kept

    def refresh(self) -> None:
        """Look what changed since, and read that."""
        rev, reset_rev = self._store.all("SELECT rev, reset_rev FROM meta")[0]
        if rev == self._rev:
            return
        is_known = self._rev >= 0 and reset_rev <= self._rev < rev
        if not (is_known and self._take_changes(rev)):
            self._load()
        self._rev = rev

    def _load(self) -> None:
        self._clear()
        chats, senders = array("q"), array("q")
        last, is_more = -1, True
        while is_more:
            rows = self._store.all(
                _FACTS.format("note.id > ? ORDER BY note.id", _PAGE), (last,)
            )
            is_more = len(rows) == _PAGE
            if rows:
                last = rows[-1][0]
                blank = bytes((last + 1 - len(chats)) * chats.itemsize)
                chats.frombytes(blank)
                senders.frombytes(blank)
                self._take(rows)
            for row in rows:
                chats[row[0]] = row[2]
                senders[row[0]] = row[3]
        self.chats.fill(chats)
        self.senders.fill(senders)
        self._put_in_order()

    def _take_changes(self, rev: int) -> bool:
        """Read what changed since; returns whether that is all."""
        since = (self._rev, rev)
        rows = self._store.all(
            _FACTS.format("note.rev > ? AND note.rev <= ?", _MOST_CHANGES + 1), since
        )
        gone = self._store.all(
            "SELECT note_id FROM gone WHERE rev > ? AND rev <= ?", since
        )
        if len(rows) + len(gone) > _MOST_CHANGES:
            return False
        before = {row[0]: self._place(row[0]) for row in (*rows, *gone)}
        self._take(rows)
        for row in rows:
            self.chats.put(row[0], row[2])
            self.senders.put(row[0], row[3])
        for (note_id,) in gone:
            if note_id < len(self._here):
                self._here[note_id] = 0
        moved = {each for each, place in before.items() if place != self._place(each)}
        if moved:
            self._put_in_order()
        else:
            self._orders = {Sort.NEWEST: self._orders[Sort.NEWEST]}
        return True

    def _place(self, note_id: int) -> int | None:
        is_here = note_id < len(self._here) and self._here[note_id]
        return self._order[note_id] if is_here else None

    def _take(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        more = max(map(itemgetter(0), rows)) + 1 - len(self._here)
        if more > 0:
            for column in (self._order, self._duration):
                column.frombytes(bytes(more * column.itemsize))
            for flags in (self._here, self._known, self._played, self._sent):
                flags.extend(bytes(more))
        for note_id, order_ms, _, _, duration_ms, played, sent, here in rows:
            self._order[note_id] = order_ms
            self._duration[note_id] = duration_ms or 0
            self._known[note_id] = duration_ms is not None
            self._played[note_id] = played
            self._sent[note_id] = sent
            self._here[note_id] = here

    def _put_in_order(self) -> None:
        self.all = _set_of(self._here)
        self._orders = {
            Sort.NEWEST: _order_of(self._pairs(Sort.NEWEST, self.ids(self.all)))
        }

    # Sets

    def of(self, ids: Sequence[int]) -> Set:
        """The set of some notes."""
        if not ids:
            return 0
        # Nearly always they come in their order, and looking for the highest takes
        # half as long as all the rest.
        flags = bytearray(max(len(self._here), ids[-1] + 1))
        try:
            for each in ids:
                flags[each] = 1
        except IndexError:
            return self.of(sorted(ids))
        return _set_of(flags)

    def selected(self, sql: str, params: Sequence[object]) -> Set:
        """The set of the notes that a statement gives as one JSON array.

        Rows would take twice as long, and each the lock of the interpreter.
        """
        ids: list[int] = json.loads(self._store.all(sql, params)[0][0])
        return self.of(ids)

    def sent(self) -> Set:
        """The notes that the user sent."""
        return _set_of(self._sent)

    def played(self, played: int) -> Set:
        """The notes that are played so far."""
        return _set_of(self._played.translate(bytes(n == played for n in range(256))))

    def long(self, holds: Callable[[int], bool]) -> Set:
        """The notes whose length is known and of which something holds."""
        flags = bytes([holds(each) for each in self._duration])
        return _set_of(flags) & _set_of(self._known)

    def remembered(self, key: object, find: Callable[[], Set]) -> Set:
        """A set that was kept under a key, else one that is found and kept now."""
        found = self._sets.pop(key, None)
        if found is None:
            found = find()
        self._sets[key] = found
        most = max(_LEAST_SETS, _MOST_BYTES * 8 // (len(self._here) + 1))
        while len(self._sets) > most:
            del self._sets[next(iter(self._sets))]  # it was not used for longest
        return found

    # Answers

    def ids(self, found: Set) -> list[int]:
        """The notes of a set."""
        flags = self._flags(found)
        if not self._is_small(found):
            return list(compress(range(len(flags)), flags))
        ids, at = [], flags.find(1)
        while at >= 0:
            ids.append(at)
            at = flags.find(1, at + 1)
        return ids

    def keys(self, found: Set, sort: Sort) -> NoteKeys:
        """The notes of a set in an order."""
        if self._is_small(found):
            pairs = sorted(self._pairs(sort, self.ids(found)), reverse=True)
            return NoteKeys(
                array("q", [pair[0] for pair in pairs]),
                array("q", [pair[1] for pair in pairs]),
            )
        if sort not in self._orders:
            self._orders[sort] = _order_of(self._pairs(sort, self.ids(self.all)))
        return self._orders[sort].cut(self._flags(found))

    def totals(self, found: Set) -> tuple[int, int, int]:
        """Notes, unplayed notes and length in milliseconds of a set."""
        found &= self.all
        if self._is_small(found):
            length_ms = sum(map(self._duration.__getitem__, self.ids(found)))
        else:
            length_ms = sum(compress(self._duration, self._flags(found)))
        unplayed = (found & ~self.played(2)).bit_count()
        return found.bit_count(), unplayed, length_ms

    def _flags(self, found: Set) -> bytes:
        """Write a set as a byte for each note, which is 0 or 1."""
        digits = format(found & self.all, f"0{len(self._here)}b").encode()
        return digits[::-1].translate(_TO_FLAGS)

    def _is_small(self, found: Set) -> bool:
        """Whether to look at the notes of a set one by one."""
        return (found & self.all).bit_count() * _FEW <= len(self._here)

    def _pairs(self, sort: Sort, ids: Sequence[int]) -> Iterable[tuple[int, int]]:
        """Sort keys and ids of some notes."""
        order, duration, played = self._order, self._duration, self._played
        match sort:
            case Sort.NEWEST:
                keys = [order[each] for each in ids]
            case Sort.OLDEST:
                keys = [-order[each] for each in ids]
            case Sort.LONGEST:
                keys = [duration[each] for each in ids]
            case Sort.UNPLAYED:
                bit = _UNPLAYED_BIT
                keys = [order[each] + (played[each] < 2) * bit for each in ids]
        return zip(keys, ids, strict=True)
