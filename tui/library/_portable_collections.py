"""Which collections there are, as values that two libraries can be joined by.

What is in them is said of recordings, see `_portable_values.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.library._collected import find_collection, put_collection, switch_off
from tui.library._rows import from_text, to_text
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.library._change import Change
    from tui.library._connection import Store
    from tui.library._portable_merge import Restored
    from tui.library._portable_values import Value

__all__ = ["OwnCollection", "has_collections", "merge_collections", "own_collections"]


class OwnCollection(NamedTuple):
    """A collection, or that one was taken away."""

    name: str
    value: Value
    """When that was said, and whether it was taken away."""


def has_collections(store: Store) -> bool:
    """Whether there is or was any."""
    return store.one("SELECT 1 FROM collection LIMIT 1") is not None


def own_collections(store: Store) -> Iterator[OwnCollection]:
    """All collections in a fixed order."""
    for name, is_on, set_ms in store.all(
        "SELECT name, is_on, set_ms FROM collection ORDER BY folded"
    ):
        yield OwnCollection(from_text(name), (set_ms, int(not is_on)))


def merge_collections(
    store: Store,
    current: Change | None,
    told: Iterable[OwnCollection],
    done: Restored,
) -> None:
    """Take over what was said later elsewhere.

    Args:
        store: A connection.
        current: The open transaction; None for only comparing.
        told: What is told.
        done: Counts.
    """
    here = {fold(each.name): each.value for each in own_collections(store)}
    for each in told:
        key = fold(each.name)
        if not done.count("collection", each.value, here.get(key)):
            continue
        here[key] = each.value
        if current is None:
            continue
        current.note_source(reset=False)
        set_ms, is_off = int(each.value[0]), bool(each.value[1])
        known = find_collection(store, each.name)
        if known is None or known.is_on is is_off:
            put_collection(store, each.name, set_ms)
            if is_off:
                switch_off(store, each.name, set_ms)
        store.run(
            "UPDATE collection SET set_ms = ? WHERE folded = ?", (set_ms, to_text(key))
        )
