"""Collections as rows: how they are written, shared by edits, their undo and backups.

As for all marks, the later word counts when two libraries are joined: what is taken out
leaves a row in `removed`, a collection that is taken away stays as a row that is off.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import UsageError
from tui.library._rows import from_text, to_text
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._connection import Store

__all__ = [
    "GAP",
    "Placed",
    "collection_name",
    "find_collection",
    "put_collection",
    "put_items",
    "rename_collection",
    "still_in",
    "switch_off",
    "take_all",
    "take_items",
    "what_of",
]

GAP = 1 << 20
"""Between two places: so often something can be put between, at least 20 times."""
LONGEST = 100
"""Characters of a name."""

_AFTER_REMOVAL = (
    "max(?, coalesce((SELECT set_ms + 1 FROM removed WHERE hash = ? AND what = ?), 0))"
)
_PUT = (
    "INSERT INTO collected(collection_id, hash, key, place, set_ms)"
    f" VALUES (?, ?, ?, ?, {_AFTER_REMOVAL}) ON CONFLICT DO UPDATE SET"
    " place = excluded.place, set_ms = max(excluded.set_ms, collected.set_ms + 1)"
)
_REMOVE = (
    "INSERT OR REPLACE INTO removed(hash, what, set_ms) SELECT hash, ?,"
    " max(?, set_ms + 1) FROM collected"
    " WHERE collection_id = ? AND hash = ? AND key = ?"
)
_TAKE = "DELETE FROM collected WHERE collection_id = ? AND hash = ? AND key = ?"
_BACK = "DELETE FROM removed WHERE hash = ? AND what = ?"


class Placed(NamedTuple):
    """What an item is, and where it stands."""

    content: bytes
    """The hash of its recording."""
    key: bytes
    """Of the note."""
    place: int = 0


class Known(NamedTuple):
    """A collection as it is stored."""

    id: int
    name: str
    is_on: bool


def collection_name(text: str) -> str:
    """Bring a name that was typed into its one form.

    What a collection is known by is `tui.words.fold` of it.

    Args:
        text: The name.

    Raises:
        UsageError: When no collection can be called so.
    """
    name = " ".join(text.split())
    if not name or not fold(name).strip():
        raise UsageError("a collection needs a name")
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise UsageError(f"{name!r} is no name: it holds a control character")
    if len(name) > LONGEST:
        raise UsageError(
            f"the name of a collection has at most {LONGEST} characters, and this one"
            f" {len(name):,}"
        )
    return name


def what_of(folded: str, key: bytes) -> str:
    """Name an item of a collection, as one of the things said of its recording."""
    return f"collected:{key.hex()}:{folded}"


def find_collection(store: Store, name: str) -> Known | None:
    """Find a collection, on or off."""
    row = store.one(
        "SELECT id, name, is_on FROM collection WHERE folded = ?",
        (to_text(fold(name)),),
    )
    return None if row is None else Known(row[0], from_text(row[1]), bool(row[2]))


def put_collection(store: Store, name: str, now_ms: int) -> int:
    """Make a collection if need be, and say that it is there; tells its row.

    One that was off begins anew: what an old backup put into it meanwhile goes.
    """
    known = find_collection(store, name)
    if known is not None and not known.is_on:
        take_all(store, known.id, fold(name), now_ms)
    spelled = known.name if known is not None and known.is_on else name
    return int(
        store.all(
            "INSERT INTO collection(name, folded, set_ms) VALUES (?1, ?2, ?3)"
            " ON CONFLICT(folded) DO UPDATE SET name = ?1, is_on = 1,"
            " set_ms = max(?3, set_ms + 1) RETURNING id",
            (to_text(spelled), to_text(fold(name)), now_ms),
        )[0][0]
    )


def switch_off(store: Store, name: str, now_ms: int) -> None:
    """Take a collection away, with all that is in it."""
    known = find_collection(store, name)
    if known is None:
        return
    take_all(store, known.id, fold(name), now_ms)
    store.run(
        "UPDATE collection SET is_on = 0, set_ms = max(?, set_ms + 1), notes = 0,"
        " unplayed = 0, duration_ms = 0 WHERE id = ?",
        (now_ms, known.id),
    )


def put_items(store: Store, name: str, items: Sequence[Placed], now_ms: int) -> None:
    """Put notes into a collection, or to other places; it is made if need be."""
    folded, collection_id = fold(name), put_collection(store, name, now_ms)
    named = [(item, to_text(what_of(folded, item.key))) for item in items]
    store.run_many(
        _PUT,
        ((collection_id, *item, now_ms, item.content, what) for item, what in named),
    )
    store.run_many(_BACK, ((item.content, what) for item, what in named))


def still_in(store: Store, name: str, items: Iterable[Placed]) -> list[Placed]:
    """Tell which of some notes are in a collection, wherever they stand there."""
    known = find_collection(store, name)
    held = _all(store, known.id) if known is not None else []
    known_ones = {each[:2] for each in held}
    return [item for item in items if item[:2] in known_ones]


def take_items(store: Store, name: str, items: Iterable[Placed], now_ms: int) -> None:
    """Take notes out of a collection."""
    known = find_collection(store, name)
    if known is not None:
        _take(store, known.id, fold(name), list(items), now_ms)


def take_all(store: Store, collection_id: int, folded: str, now_ms: int) -> None:
    """Take everything out of a collection."""
    _take(store, collection_id, folded, _all(store, collection_id), now_ms)


def rename_collection(store: Store, name: str, new: str, now_ms: int) -> None:
    """Call a collection otherwise; no other may be called so.

    It keeps its row, and what it was called is known as taken away.
    """
    known = find_collection(store, name)
    if known is None or not known.is_on:
        return
    old, folded = fold(name), fold(new)
    if old == folded:
        store.run(
            "UPDATE collection SET name = ?, set_ms = max(?, set_ms + 1) WHERE id = ?",
            (to_text(new), now_ms, known.id),
        )
        return
    items = _all(store, known.id)
    was_off = find_collection(store, new)
    if was_off is not None:
        take_all(store, was_off.id, folded, now_ms)
        row = store.one("SELECT set_ms FROM collection WHERE id = ?", (was_off.id,))
        now_ms = max(now_ms, row[0] + 1 if row else 0)
        store.run("DELETE FROM collection WHERE id = ?", (was_off.id,))
    _take(store, known.id, old, items, now_ms)
    store.run(
        "UPDATE collection SET name = ?, folded = ?, set_ms = max(?, set_ms + 1)"
        " WHERE id = ?",
        (to_text(new), to_text(folded), now_ms, known.id),
    )
    store.run(
        "INSERT INTO collection(name, folded, is_on, set_ms)"
        " SELECT ?, ?, 0, set_ms FROM collection WHERE id = ?",
        (to_text(known.name), to_text(old), known.id),
    )
    put_items(store, new, items, now_ms)


def _all(store: Store, collection_id: int) -> list[Placed]:
    sql = "SELECT hash, key, place FROM collected WHERE collection_id = ?"
    return [Placed(*row) for row in store.all(sql, (collection_id,))]


def _take(
    store: Store,
    collection_id: int,
    folded: str,
    items: Sequence[Placed],
    now_ms: int,
) -> None:
    places = [(collection_id, item.content, item.key) for item in items]
    store.run_many(
        _REMOVE,
        ((to_text(what_of(folded, row[2])), now_ms, *row) for row in places),
    )
    store.run_many(_TAKE, places)
