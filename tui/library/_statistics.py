"""The library in numbers: per chat, sender and month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._rows import from_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.answers import Share, Statistics
    from tui.library._connection import Row, Store

__all__ = ["statistics"]

_THERE = "source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"
_CHATS = "SELECT title, notes, duration_ms, unplayed, unplayed_ms FROM shown_chat"
_MONTHS = (
    "SELECT month, sum(notes), sum(duration_ms), sum(unplayed), sum(unplayed_ms)"
    f" FROM month_total WHERE {_THERE} GROUP BY month ORDER BY month DESC"
)
_SENDERS = (
    "SELECT coalesce(sender_id, iif(direction = 'sent', ?, 0)), count(*),"
    " coalesce(sum(duration_ms), 0), sum(played < 2 AND state <> 'missing'),"
    " coalesce(sum(iif(played < 2 AND state <> 'missing', duration_ms, 0)), 0)"
    f" FROM note WHERE visible = 1 AND {_THERE} GROUP BY 1"
)
_ME = "SELECT coalesce(merged_into, id) FROM sender WHERE native_id = 'me'"
_MYSELF = -1
"""The user, where no source has a row for him."""


def statistics(store: Store) -> Statistics:
    """Add up the visible notes."""
    from tui.answers import Share, Statistics

    months = [
        Share(f"{month // 100:04d}-{month % 100:02d}", *totals)
        for month, *totals in store.all(_MONTHS)
        if totals[0]
    ]
    columns = zip(*(share[1:] for share in months), strict=True)
    sums = [sum(column) for column in columns] or [0, 0, 0, 0]
    chats = [(from_text(title), *totals) for title, *totals in store.all(_CHATS)]
    return Statistics(
        total=Share("", *sums),
        chats=_shares(row for row in chats if row[1]),
        senders=_shares(_senders(store)),
        months=tuple(months),
    )


def _senders(store: Store) -> list[Row]:
    row = store.one(_ME)
    me = _MYSELF if row is None else row[0]
    names = {
        row_id: from_text(name)
        for row_id, name in store.all("SELECT id, name FROM sender")
    }
    # What nobody is known to have said has no name.
    names |= {me: names.get(me) or "me", 0: ""}
    return [
        (names.get(sender, ""), *totals)
        for sender, *totals in store.all(_SENDERS, (me,))
    ]


def _shares(rows: Iterable[Row]) -> tuple[Share, ...]:
    """Make shares of rows, the longest first."""
    from tui.answers import Share

    shares = (Share(*row) for row in rows)
    return tuple(
        sorted(shares, key=lambda each: (-each.duration_ms, -each.notes, each.label))
    )
