"""Turns what was seen of a file and what its source tells into a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._api import NoteRecord
from tui.library._months import month_of

if TYPE_CHECKING:
    from tui.indexer._walk import Entry
    from tui.media._api import Probe
    from tui.model import NoteState
    from tui.sources._api import NoteFacts

__all__ = ["note_record"]


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
    # By position, which takes half as long; the order is that of NoteRecord.
    return NoteRecord(
        entry.folder,
        entry.name,
        entry.size,
        entry.mtime_ns,
        entry.inode,
        state,
        reason,
        facts.kind,
        chat.kind,
        chat.native_id,
        chat.title,
        chat.confidence,
        chat.origin,
        facts.direction,
        None if sender is None else sender.name,
        0.0 if sender is None else sender.confidence,
        "" if sender is None else sender.origin,
        sent.ms,
        sent.offset_min,
        sent.precision,
        sent.confidence,
        sent.origin,
        sent.ms + facts.counter,
        month_of(sent.ms, sent.offset_min),
        facts.title,
        facts.base_name,
        "" if probe is None else probe.container,
        None if probe is None else probe.duration_ms,
        file_id,
        chat.is_global,
    )
