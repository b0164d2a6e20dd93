"""Turns what a document tells into what the library keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._api import ClaimRecord
from tui.library._people import ME, ChatTold, PersonTold

if TYPE_CHECKING:
    from tui import documents

__all__ = ["chat_record", "claim_record", "person_record"]

_MINE = 9
"""The rank of the name of the user."""


def person_record(told: documents.PersonTold) -> PersonTold:
    """Make the record of a person; the owner of every account is the user."""
    if told.is_me:
        others = (told.native_id, *told.aliases)
        # An identity of an account that is only named `me` tells nothing.
        aliases = tuple(each for each in others if not each.startswith("me:"))
        return PersonTold(ME, ME, _MINE, aliases)
    return PersonTold(told.native_id, told.name, int(told.rank), told.aliases)


def chat_record(told: documents.ChatTold) -> ChatTold:
    """Make the record of a chat; its identity holds in every source."""
    partner = None if told.partner is None else person_record(told.partner)
    return ChatTold(
        0,
        told.native_id,
        str(told.kind),
        told.title,
        int(told.rank),
        1.0,
        partner,
        told.aliases,
    )


def claim_record(claim: documents.Claim) -> ClaimRecord:
    """Make the record of a claim."""
    folder, _, name = claim.path.rpartition(b"/")
    moment = claim.moment
    return ClaimRecord(
        key=claim.key,
        folder=folder,
        name=name,
        beside=claim.beside,
        chat=None if claim.chat is None else chat_record(claim.chat),
        chat_confidence=claim.chat_confidence,
        sender=None if claim.sender is None else person_record(claim.sender),
        sender_confidence=claim.sender_confidence,
        direction=claim.direction,
        kind=claim.kind,
        sent_ms=None if moment is None else moment.ms,
        offset_min=None if moment is None else moment.offset_min,
        precision=None if moment is None else moment.precision,
        time_confidence=0.0 if moment is None else moment.confidence,
        place=claim.order,
        size=claim.size,
        sha256=claim.sha256,
        duration_ms=claim.duration_ms,
        title=claim.title,
        text=claim.text,
        transcript=claim.transcript,
        waveform=claim.waveform,
        phone_played=claim.phone_played,
        forwarded=claim.forwarded,
    )
