"""Which messages the claims about one file are about, and which note each one gets.

A recording that was forwarded is one file and several messages. Each is told by some
documents, and a document tells each message once. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._same import agree, contradict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.library._same import Told

__all__ = ["by_message"]


def by_message(
    told: Iterable[Told], notes: Sequence[int]
) -> dict[int, list[list[Told]]]:
    """Sort claims by message, and give each message a note.

    Args:
        told: All claims about one file.
        notes: The notes that there are; the first is the file's own, which must have a
            message if there is any.

    Returns:
        The claims of the message of each note; under 0 those of messages for which
        there is no note left.
    """
    messages: list[list[Told]] = []
    for claim in sorted(told):
        for message in messages:
            if _belongs(claim, message):
                message.append(claim)
                break
        else:
            messages.append([claim])
    homes: dict[int, list[list[Told]]] = {}
    left = []
    for message in messages:
        home = next((c.note_id for c in message if c.note_id not in homes), None)
        if home is None:
            left.append(message)
        else:
            homes[home] = [message]
    if notes[0] not in homes and messages:
        first = left.pop(0) if left else homes.pop(next(iter(homes)))[0]
        homes[notes[0]] = [first]
    if left:
        homes[0] = left
    return homes


def _belongs(claim: Told, message: Sequence[Told]) -> bool:
    """Tell whether a claim is about a message that others are about."""
    if any(claim.document_id == each.document_id for each in message):
        return False  # one document tells them apart
    return any(
        agree(claim, each)
        or (claim.note_id == each.note_id and not contradict(claim, each))
        for each in message
    )
