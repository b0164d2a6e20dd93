"""The month that a note belongs to."""

from __future__ import annotations

import time

__all__ = ["month_of"]


def month_of(sent_ms: int, offset_min: int | None) -> int:
    """Tell the month of a time on the sender's wall clock, as year * 100 + month.

    Args:
        sent_ms: The time in UTC.
        offset_min: Minutes east of UTC; None for the zone of this machine.
    """
    seconds = sent_ms // 1000
    if offset_min is None:
        parts = time.localtime(seconds)
    else:
        parts = time.gmtime(seconds + offset_min * 60)
    return parts.tm_year * 100 + parts.tm_mon
