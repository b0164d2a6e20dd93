"""The user's collections, read: which note stands where.

An item means a recording, and of the notes of that the one that it was made from. Where
that note is not to be seen, e.g. because its source is away or was added anew, another
note of the recording stands for it, as long as no other item means that one.
"""

from __future__ import annotations

import json
from array import array
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from tui.library._api import NoteKeys
from tui.library._rows import from_text, to_text
from tui.model import NoteId
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.library._connection import Row, Store

__all__ = [
    "Item",
    "collection_members",
    "collection_names",
    "items_in",
    "items_of",
    "keys_in",
    "notes_in",
]

_SHOWN = (
    "note.visible = 1"
    " AND note.source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"
)
_COLUMNS = (
    "SELECT collected.collection_id, collected.hash, collected.key, collected.place,"
    f" note.id, note.key, {_SHOWN}"
)
_NOTES = (
    " LEFT JOIN recording ON recording.hash = collected.hash"
    " LEFT JOIN note ON note.recording_id = recording.id"
)
_ORDER = " ORDER BY collected.collection_id, collected.hash, collected.key, note.id"
_ALL = f"{_COLUMNS} FROM collected{_NOTES} WHERE collected.collection_id = ?{_ORDER}"
_SOME = (
    "WITH asked(hash) AS (SELECT DISTINCT recording.hash FROM json_each(?) AS each"
    " CROSS JOIN note ON note.id = each.value"
    " CROSS JOIN recording ON recording.id = note.recording_id)"
    f" {_COLUMNS} FROM asked CROSS JOIN collected ON collected.hash = asked.hash"
    " CROSS JOIN collection ON collection.id = collected.collection_id"
    f" AND collection.is_on = 1{_NOTES}{_ORDER}"
)


class Item(NamedTuple):
    """A note in a collection."""

    collection_id: int
    content: bytes
    """The hash of its recording."""
    key: bytes
    """Of the note that it was made from."""
    place: int
    note_id: int | None
    """The note that stands there; None when none of the recording is known."""
    is_shown: bool

    @property
    def order(self) -> int:
        """The sort key: the first note has the highest."""
        return -self.place


def items_in(store: Store, collection_id: int) -> list[Item]:
    """All items of a collection in its order, those that show nowhere too."""
    found = _resolved(store.all(_ALL, (collection_id,)))
    return sorted(found, key=lambda item: (item.place, -(item.note_id or 0), item.key))


def items_of(store: Store, ids: Iterable[int]) -> list[Item]:
    """The items of some notes in all collections, by collection."""
    wanted = set(ids)
    rows = store.all(_SOME, (json.dumps(sorted(wanted)),))
    return [item for item in _resolved(rows) if item.note_id in wanted]


def keys_in(store: Store, collection_id: int) -> NoteKeys:
    """The notes of a collection that show, in its order."""
    is_on = _is_on(store, collection_id)
    items = items_in(store, collection_id) if is_on else ()
    found = [item for item in items if item.is_shown]
    return NoteKeys(
        order_ms=array("q", [item.order for item in found]),
        ids=array("q", [item.note_id or 0 for item in found]),
    )


def collection_members(
    store: Store, collection_id: int, ids: Sequence[NoteId]
) -> dict[NoteId, int]:
    """Which of some notes show in a collection, with their sort keys."""
    return {
        NoteId(item.note_id): item.order
        for item in items_of(store, ids)
        if item.collection_id == collection_id and item.is_shown and item.note_id
    }


def notes_in(store: Store, name: str) -> list[int]:
    """The notes of the collection of a name, also those that show nowhere."""
    row = store.one(
        "SELECT id FROM collection WHERE folded = ? AND is_on = 1",
        (to_text(fold(" ".join(name.split()))),),
    )
    if row is None:
        return []
    return [item.note_id for item in items_in(store, row[0]) if item.note_id]


def collection_names(store: Store, ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The collections that some notes are in; those of none are left out."""
    items = items_of(store, ids)
    if not items:
        return {}
    rows = store.all("SELECT id, name FROM collection WHERE is_on = 1")
    names = {row[0]: from_text(row[1]) for row in rows}
    found: dict[int, list[str]] = {}
    for item in items:
        if item.note_id and item.collection_id in names:
            found.setdefault(item.note_id, []).append(names[item.collection_id])
    return {note: tuple(sorted(each, key=fold)) for note, each in found.items()}


def _is_on(store: Store, collection_id: int) -> bool:
    sql = "SELECT 1 FROM collection WHERE id = ? AND is_on = 1"
    return store.one(sql, (collection_id,)) is not None


def _resolved(rows: Iterable[Row]) -> Iterator[Item]:
    """Tell which note stands for each item.

    Args:
        rows: Each item with each note of its recording; those of one recording in one
            collection together.
    """
    for _, group in groupby(rows, key=itemgetter(0, 1)):
        some = list(group)
        if len(some) > 1:
            yield from _shared(some)
            continue
        row = some[0]
        yield Item(row[0], row[1], row[2], row[3], row[4], bool(row[6]))


def _shared(rows: Sequence[Row]) -> Iterator[Item]:
    """The same where a recording has several notes, or several items."""
    items = {row[2]: row for row in sorted(rows, key=itemgetter(3, 2))}
    left = {row[4]: bool(row[6]) for row in rows if row[4] is not None}
    own = {row[5]: row[4] for row in rows if row[4] is not None}
    found: dict[bytes, tuple[int, bool]] = {}
    for is_shown in (True, False):
        for key in items:
            if key not in found and left.get(own.get(key, 0)) is is_shown:
                found[key] = (own[key], is_shown)
                del left[own[key]]
        others = sorted(note for note, shows in left.items() if shows is is_shown)
        waiting = [key for key in items if key not in found]
        for key, note_id in zip(waiting, others, strict=False):
            found[key] = (note_id, is_shown)
            del left[note_id]
    for key, row in items.items():
        note_id, shows = found.get(key, (None, False))
        yield Item(row[0], row[1], row[2], row[3], note_id, shows)
