"""What the user said of recordings, as values that two libraries can be joined by.

Each value is a row of numbers and texts that begins with the time when it was set. Of
two the greater counts, that is the later one. At the same moment the rest decides, so
that it makes no difference in which order libraries are joined. What was taken away is
a value as well, see `removed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.library._collected import what_of
from tui.library._connection import listed
from tui.library._rows import from_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.library._connection import Store

__all__ = [
    "AT_ONCE",
    "BOOKMARK",
    "COLLECTED",
    "PLAYED",
    "TAG",
    "Marked",
    "Value",
    "Values",
    "hashes",
    "is_later",
    "is_same",
    "load",
]

AT_ONCE = 256
"""Recordings that are read or written together."""

Value = tuple[int | str, ...]
"""When it was set, and what it is."""
Values = dict[str, Value]
"""By what they are of: `played`, `star`, `title`, `comment`, `chat`, `sender`, `tag:`
and a folded name, `bookmark:` and a moment, `collected:` with the key of a note and a
folded name."""

TAG = "tag:"
BOOKMARK = "bookmark:"
COLLECTED = "collected:"
PLAYED = ("unplayed", "half", "played")
"""What the numbers of played states are called in a backup."""

_HASHES = (
    "SELECT hash FROM mark WHERE hash > ?1"
    " UNION SELECT hash FROM tagged WHERE hash > ?1"
    " UNION SELECT hash FROM bookmark WHERE hash > ?1"
    " UNION SELECT hash FROM collected WHERE hash > ?1"
    " UNION SELECT hash FROM removed WHERE hash > ?1"
    " UNION SELECT hash FROM choice WHERE hash > ?1 AND rule_id = 0"
    " ORDER BY hash LIMIT ?2"
)


class Marked(NamedTuple):
    """A recording and what the user said of it."""

    content: bytes
    """Its hash."""
    values: Values


def hashes(store: Store) -> Iterator[list[bytes]]:
    """Recordings of which the user said anything, in their order, some at once."""
    last = b""
    while True:
        rows = store.all(_HASHES, (last, AT_ONCE))
        if not rows:
            return
        yield [row[0] for row in rows]
        last = rows[-1][0]


def load(store: Store, contents: Sequence[bytes]) -> dict[bytes, Values]:
    """Read what the user said of some recordings; those without anything are empty.

    Args:
        store: A connection.
        contents: Their hashes.
    """
    found: dict[bytes, Values] = {content: {} for content in contents}
    marks, params = listed(contents)
    _load_marks(store, found, marks, params)
    for content, name, folded, set_ms in store.all(
        "SELECT hash, name, folded, set_ms FROM tagged JOIN tag ON tag.id = tag_id"
        f" WHERE hash IN ({marks})",
        params,
    ):
        key = TAG + from_text(folded)
        found[content][key] = (set_ms, 1, from_text(name))
    for content, at_ms, text, set_ms in store.all(
        f"SELECT hash, at_ms, text, set_ms FROM bookmark WHERE hash IN ({marks})",
        params,
    ):
        found[content][f"{BOOKMARK}{at_ms}"] = (set_ms, 1, from_text(text))
    for content, key, place, set_ms, name, folded in store.all(
        "SELECT hash, key, place, collected.set_ms, name, folded FROM collected"
        f" JOIN collection ON collection.id = collection_id WHERE hash IN ({marks})",
        params,
    ):
        what = what_of(from_text(folded), key)
        found[content][what] = (set_ms, 1, place, from_text(name))
    for content, what, set_ms in store.all(
        f"SELECT hash, what, set_ms FROM removed WHERE hash IN ({marks})", params
    ):
        key = from_text(what)
        if is_later(key, (set_ms, 0, ""), found[content].get(key)):
            found[content][key] = (set_ms, 0, "")
    for content, field, set_ms, target, scope, title in store.all(
        "SELECT hash, field, set_ms, target, scope, title FROM choice"
        f" WHERE hash IN ({marks}) AND rule_id = 0",
        params,
    ):
        value = (set_ms, from_text(target), scope, from_text(title))
        found[content][field] = value
    return found


def _load_marks(
    store: Store, found: dict[bytes, Values], marks: str, params: tuple[object, ...]
) -> None:
    for row in store.all(
        "SELECT hash, updated_ms, played, position_ms, star_ms, star, title_ms, title,"
        f" comment_ms, comment FROM mark WHERE hash IN ({marks})",
        params,
    ):
        values = found[row[0]]
        for key, value in (
            ("played", row[1:4]),
            ("star", row[4:6]),
            ("title", (row[6], from_text(row[7]))),
            ("comment", (row[8], from_text(row[9]))),
        ):
            if any(value):  # else nobody ever said anything
                values[key] = value


def is_later(key: str, value: Value, other: Value | None) -> bool:
    """Whether a value counts rather than another one.

    Args:
        key: What both are of.
        value: The one.
        other: The other; None when there is none.
    """
    return other is None or _compared(key, value) > _compared(key, other)


def is_same(key: str, value: Value, other: Value) -> bool:
    """Whether two values of the same thing say the same.

    Args:
        key: What both are of.
        value: The one.
        other: The other.
    """
    return _compared(key, value) == _compared(key, other)


def _compared(key: str, value: Value) -> Value:
    # The spelling of a tag, and what a chat is called, are no news.
    if key.startswith(TAG):
        return value[:2]
    is_named = key in {"chat", "sender"} or key.startswith(COLLECTED)
    return value[:3] if is_named else value
