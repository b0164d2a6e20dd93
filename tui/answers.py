"""What the library answers beyond notes: groups, tags, searches, hits, statistics.

Frozen values, like those of `tui.model`, apart from it because the first picture needs
none of them. Times and lengths are integer milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.model import Group

__all__ = [
    "Bucket",
    "Collection",
    "Hit",
    "SavedSearch",
    "Share",
    "Statistics",
    "TagTotals",
]


class Bucket(NamedTuple):
    """A node of the tree where it is not grouped by chat, with its totals."""

    group: Group
    label: str
    """The name of a sender, tag or source; empty for a time, which the painter
    writes."""
    notes: int
    unplayed: int
    duration_ms: int
    last_ms: int
    """`order_ms` of the newest note."""


class TagTotals(NamedTuple):
    """A tag with the totals of its notes; those of tags below it count as well."""

    id: int
    name: str
    notes: int
    unplayed: int
    duration_ms: int


class SavedSearch(NamedTuple):
    """A query that stands in the tree."""

    id: int
    name: str
    query: str
    notes: int = 0
    unplayed: int = 0
    duration_ms: int = 0
    """The totals as they were last counted."""


class Collection(NamedTuple):
    """A named set of notes in an order of its own."""

    id: int
    name: str
    notes: int = 0
    unplayed: int = 0
    duration_ms: int = 0
    """The totals as they were last counted."""


class Hit(NamedTuple):
    """Where the words of a query stand in a note."""

    field: str
    """`transcript`, `text`, `title`, `comment` or `bookmark`."""
    snippet: str
    """The text around the first of them, on one line."""
    spans: tuple[tuple[int, int], ...]
    """Start and end of each in the snippet."""
    at_ms: int | None
    """Where to begin to hear it: a second before; None where no moment is known."""


class Share(NamedTuple):
    """What a part of the library adds up to."""

    label: str
    notes: int
    duration_ms: int
    unplayed: int
    unplayed_ms: int


class Statistics(NamedTuple):
    """The library in numbers; each list with the longest, or latest, part first."""

    total: Share
    chats: tuple[Share, ...]
    senders: tuple[Share, ...]
    months: tuple[Share, ...]
    """Labels as `2024-08`, the latest first, months without a note left out."""
