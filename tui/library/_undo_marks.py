"""How marks, searches and collections come back as they were before an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.library import _collected, _marks
from tui.library._rows import from_text, to_text
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.library._change import Change
    from tui.library._connection import Row, Store

__all__ = ["MARKS_BACK", "kept_search", "texts_of"]


def texts_of(hashes: Iterable[bytes]) -> list[str]:
    """Write hashes in JSON."""
    return [content.hex() for content in hashes]


def _hashes_of(texts: Iterable[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def _field_back(change: Change, kept: dict[str, Any], now_ms: int) -> None:
    """Give each recording the star, title or comment that it had."""
    for value, texts in kept["old"]:
        hashes = _hashes_of(texts)
        _marks.touch(change, hashes)
        stored = to_text(value) if isinstance(value, str) else value
        values = ((content, stored) for content in hashes)
        _marks.set_field(change.store, kept["field"], values, now_ms)


def _played_back(change: Change, kept: dict[str, Any], now_ms: int) -> None:
    """Let each recording be heard as far as it was."""
    for played, position_ms, texts in kept["old"]:
        hashes = _hashes_of(texts)
        _marks.touch(change, hashes)
        values = [(content, played, position_ms) for content in hashes]
        _marks.set_played(change.store, values, now_ms)


def _tagged_back(change: Change, kept: dict[str, Any], now_ms: int) -> None:
    """Give a tag back to those that had it, take it from the others."""
    had, had_not = _hashes_of(kept["had"]), _hashes_of(kept["had_not"])
    _marks.touch(change, [*had, *had_not])
    if had:
        _marks.put_tag(change.store, kept["tag"], had, now_ms)
    _marks.take_tag(change.store, kept["tag"], had_not, now_ms)
    _marks.drop_unused(change.store, [kept["tag"]])


def _tag_back(change: Change, kept: dict[str, Any], now_ms: int) -> None:
    """Call a tag as it was called."""
    found = _marks.find_tag(change.store, kept["now"])
    if found is None:
        return
    rows = change.store.all("SELECT hash FROM tagged WHERE tag_id = ?", (found[0],))
    _marks.touch(change, [row[0] for row in rows])
    _marks.move_tag(change.store, kept["now"], kept["was"], now_ms)


def _bookmark_back(change: Change, kept: dict[str, Any], now_ms: int) -> None:
    """Bring a bookmark back, or its text, or take it away."""
    content, at_ms = bytes.fromhex(kept["hash"]), kept["at_ms"]
    _marks.touch(change, [content])
    if kept["was"] is None:
        _marks.take_bookmark(change.store, content, at_ms, now_ms)
    else:
        _marks.put_bookmark(change.store, content, at_ms, kept["was"], now_ms)


def kept_search(store: Store, name: str) -> list[Any] | None:
    """A saved search in JSON; None when there is none of that name."""
    row = store.one(
        "SELECT id, name, query, notes, unplayed, duration_ms FROM saved_search"
        " WHERE name = ?",
        (to_text(name),),
    )
    return None if row is None else [row[0], *map(from_text, row[1:3]), *row[3:]]


def _search_back(change: Change, kept: dict[str, Any], now_ms: int) -> None:
    """Bring a saved search back as it was."""
    store = change.store
    change.note_source(reset=False)  # for others to look at the searches again
    now: Row | None = None
    if kept["now"] is not None:
        key = (to_text(kept["now"]),)
        now = store.one("SELECT id FROM saved_search WHERE name = ?", key)
        store.run("DELETE FROM saved_search WHERE name = ?", key)
    if kept["was"] is None:
        return
    row_id, name, query, *totals = kept["was"]
    row_id = now[0] if now else row_id
    taken = store.one("SELECT 1 FROM saved_search WHERE id = ?", (row_id,))
    store.run(
        "INSERT OR REPLACE INTO saved_search(id, name, query, set_ms, notes, unplayed,"
        " duration_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (None if taken else row_id, to_text(name), to_text(query), now_ms, *totals),
    )


def _collected_back(change: Change, kept: dict[str, Any], now_ms: int) -> None:
    """Bring the notes of a collection back to their places, and take out the others."""
    store, name = change.store, kept["name"]
    change.note_source(reset=False)  # for others to look at the collections again
    back: list[_collected.Placed] = []
    gone: list[_collected.Placed] = []
    for content, key, place in kept["items"]:
        item = _collected.Placed(bytes.fromhex(content), bytes.fromhex(key), place or 0)
        (gone if place is None else back).append(item)
    if kept.get("is_move"):
        back = _collected.still_in(store, name, back)
        if not back:
            return
    _marks.touch(change, sorted({item.content for item in (*back, *gone)}))
    if not kept["is_on"]:
        _collected.switch_off(store, name, now_ms)
        return
    _collected.put_items(store, name, back, now_ms)
    _collected.take_items(store, name, gone, now_ms)


def _collection_back(change: Change, kept: dict[str, Any], now_ms: int) -> None:
    """Call a collection as it was called, unless another has that name now."""
    change.note_source(reset=False)
    other = _collected.find_collection(change.store, kept["was"])
    if fold(kept["was"]) != fold(kept["now"]) and other is not None and other.is_on:
        return
    _collected.rename_collection(change.store, kept["now"], kept["was"], now_ms)


MARKS_BACK: dict[str, Callable[[Change, dict[str, Any], int], None]] = {
    "mark": _field_back,
    "played": _played_back,
    "tagged": _tagged_back,
    "tag": _tag_back,
    "bookmark": _bookmark_back,
    "search": _search_back,
    "collected": _collected_back,
    "collection": _collection_back,
}
"""By what was kept."""
