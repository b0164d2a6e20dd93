"""What a `Finder` tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.answers import Bucket, Collection, SavedSearch
    from tui.library import NoteKeys
    from tui.model import Group, GroupBy

__all__ = [
    "Answer",
    "CollectionsCounted",
    "SearchFound",
    "SearchesCounted",
    "ViewFound",
]


class SearchFound(NamedTuple):
    """What a search found."""

    turn: int
    """The number that was given when it was asked for."""
    group: Group
    """The group of the search."""
    keys: NoteKeys
    totals: tuple[int, int, int]
    """Notes, unplayed notes, length in milliseconds."""


class ViewFound(NamedTuple):
    """The groups of the tree, by something else than the chat."""

    by: GroupBy
    buckets: Sequence[Bucket]


class SearchesCounted(NamedTuple):
    """The saved searches with the totals that they have now."""

    searches: Sequence[SavedSearch]


class CollectionsCounted(NamedTuple):
    """The collections with the totals that they have now."""

    collections: Sequence[Collection]


Answer = SearchFound | ViewFound | SearchesCounted | CollectionsCounted
"""All that a `Finder` tells without being waited for."""
