"""The user's tags, read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tui.library._rows import from_text
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.answers import TagTotals
    from tui.library._connection import Row, Store
    from tui.model import NoteId

__all__ = ["tag_totals", "tags_of"]

_SHOWN = (
    "note.visible = 1"
    " AND note.source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"
)
_TOTALS = (
    "count(*), sum(note.played < 2 AND note.state <> 'missing'),"
    " coalesce(sum(note.duration_ms), 0)"
)
# From the tags to the notes: most libraries have far more notes than tagged ones.
_NOTES = (
    "CROSS JOIN recording ON recording.hash = {0}.hash"
    f" CROSS JOIN note ON note.recording_id = recording.id WHERE {_SHOWN}"
)
_ALONE = (
    f"SELECT tag_id, {_TOTALS} FROM json_each(?) AS asked"
    " CROSS JOIN tagged ON tagged.tag_id = asked.value"
    f" {_NOTES.format('tagged')} GROUP BY tag_id"
)
# A note with two tags below one counts once there.
_TOGETHER = (
    "WITH above(tag_id, at) AS (SELECT json_extract(value, '$[0]'),"
    " json_extract(value, '$[1]') FROM json_each(?)),"
    " held AS (SELECT DISTINCT at, hash FROM above CROSS JOIN tagged USING (tag_id))"
    f" SELECT at, {_TOTALS} FROM held {_NOTES.format('held')} GROUP BY at"
)
_TAGS_OF = (
    "SELECT tag.name, count(*) FROM json_each(?) AS asked"
    " CROSS JOIN note ON note.id = asked.value"
    " JOIN recording ON recording.id = note.recording_id"
    " JOIN tagged ON tagged.hash = recording.hash"
    " JOIN tag ON tag.id = tagged.tag_id GROUP BY tag.id"
)


class _Node(NamedTuple):
    """A tag, or what only stands above tags."""

    id: int
    """0 for the latter."""
    name: str
    members: list[int]
    """Its row and those of the tags below it."""


def tag_totals(store: Store) -> list[TagTotals]:
    """The tags by name, with their totals; those that only stand above others too."""
    from tui.answers import TagTotals

    nodes = _nodes(store)
    alone = [node.id for node in nodes if node.members == [node.id]]
    own = _rows(store, _ALONE, alone)
    together = [
        (member, at)
        for at, node in enumerate(nodes)
        if node.members != [node.id]
        for member in node.members
    ]
    summed = _rows(store, _TOGETHER, together)
    none = (0, 0, 0)
    return [
        TagTotals(node.id, node.name, *(own.get(node.id) or summed.get(at) or none))
        for at, node in enumerate(nodes)
    ]


def _rows(store: Store, sql: str, asked: Sequence[object]) -> dict[int, Row]:
    if not asked:
        return {}
    return {row[0]: row[1:] for row in store.all(sql, (json.dumps(asked),))}


def _nodes(store: Store) -> list[_Node]:
    """The tags that something has, and what stands above them, by name."""
    nodes: dict[str, _Node] = {}
    rows = store.all(
        "SELECT id, name FROM tag"
        " WHERE EXISTS (SELECT 1 FROM tagged WHERE tag_id = tag.id)"
    )
    for tag_id, stored in rows:
        name = from_text(stored)
        nodes[fold(name)] = _Node(tag_id, name, [tag_id])
    for node in list(nodes.values()):
        parts = node.name.split("/")
        for end in range(1, len(parts)):
            above = "/".join(parts[:end])
            known = nodes.setdefault(fold(above), _Node(0, above, []))
            known.members.append(node.id)
    return [nodes[key] for key in sorted(nodes)]


def tags_of(store: Store, ids: Sequence[NoteId]) -> dict[str, int]:
    """The tags of some notes: name, and how many of the notes have it."""
    rows = store.all(_TAGS_OF, (json.dumps(list(dict.fromkeys(ids))),))
    found = {from_text(row[0]): int(row[1]) for row in rows}
    return dict(sorted(found.items(), key=lambda item: fold(item[0])))
