"""Moments of a note to go to, or between which to play again and again: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.model import Bookmark

__all__ = ["SHORTEST_LOOP_MS", "bookmark_beside"]

SHORTEST_LOOP_MS = 300
"""A shorter part is no speech."""
_HERE_MS = 100
"""A bookmark that is no further ahead is where the note stands."""
_BACK_MS = 2000
"""Within this time after a bookmark, going back leads to the one before it."""


def bookmark_beside(
    bookmarks: Sequence[Bookmark],
    position_ms: int,
    step: int,
    *,
    stepped_ms: int | None = None,
) -> int | None:
    """Find the next bookmark, or the previous one.

    Args:
        bookmarks: In order of their moments.
        position_ms: Where the note stands.
        step: 1 for the next, -1 for the previous.
        stepped_ms: The bookmark that was gone to just now, which the position may not
            show yet.

    Returns:
        Its moment; None where there is none.
    """
    moments = [bookmark.at_ms for bookmark in bookmarks]
    if stepped_ms is not None:
        from_ms = stepped_ms
    else:
        from_ms = position_ms + (_HERE_MS if step > 0 else -_BACK_MS)
    if step > 0:
        return next((at_ms for at_ms in moments if at_ms > from_ms), None)
    return next((at_ms for at_ms in reversed(moments) if at_ms < from_ms), None)
