"""Turns what was seen of a file and what its source tells into a record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.library._api import NoteRecord

if TYPE_CHECKING:
    from tui.indexer._walk import Entry
    from tui.media._api import Probe
    from tui.model import NoteState
    from tui.sources._api import NoteFacts

__all__ = ["month_of", "note_record"]


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


def note_record(
    entry: Entry,
    facts: NoteFacts,
    state: NoteState,
    reason: str = "",
    *,
    probe: Probe | None = None,
    file_id: int | None = None,
) -> NoteRecord:
    """Make the record of a file.

    Args:
        entry: The file as it was looked at.
        facts: What its source tells.
        state: Whether it can be used.
        reason: Why not.
        probe: The look into it; None when nobody looked yet.
        file_id: The record that it replaces.

    Returns:
        The record, ready to be written.
    """
    chat, sent, sender = facts.chat, facts.time, facts.sender
    return NoteRecord(
        folder=entry.folder,
        name=entry.name,
        size=entry.size,
        mtime_ns=entry.mtime_ns,
        inode=entry.inode,
        state=state,
        reason=reason,
        kind=facts.kind,
        chat_kind=chat.kind,
        chat_native_id=chat.native_id,
        chat_title=chat.title,
        chat_confidence=chat.confidence,
        chat_origin=chat.origin,
        direction=facts.direction,
        sender=sender.name if sender else None,
        sender_confidence=sender.confidence if sender else 0.0,
        sender_origin=sender.origin if sender else "",
        sent_ms=sent.ms,
        offset_min=sent.offset_min,
        precision=sent.precision,
        time_confidence=sent.confidence,
        time_origin=sent.origin,
        order_ms=sent.ms + facts.counter,
        month=month_of(sent.ms, sent.offset_min),
        title=facts.title,
        base_name=facts.base_name,
        container=probe.container if probe else "",
        duration_ms=probe.duration_ms if probe else None,
        file_id=file_id,
    )
