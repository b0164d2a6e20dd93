"""Which note comes next: older to newer, within what the user chose.

A collection goes on downwards, in its own order.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from tui.model import GroupKind, NoteId, NoteState, Played, Sort

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tui.library import Reader
    from tui.model import Group

__all__ = ["first_unplayed", "next_unplayed", "step_from"]

_SKIP_LIMIT = 500
"""After so many notes in a row that can't be played, there is no next one."""
_BY_CHAT = frozenset({GroupKind.CHAT, GroupKind.MONTH})
_UNPLAYED_KEY = 1 << 60
"""Above it are the sort keys of what is not played yet (`tui.library.NoteKeys`)."""


def step_from(
    reader: Reader,
    note_id: NoteId,
    order_ms: int,
    step: int,
    within: Group | None,
    *,
    skip: Collection[NoteId] = (),
) -> NoteId | None:
    """Find the note after or before another.

    Args:
        reader: The library.
        note_id: The note to go from; it may have left the group meanwhile.
        order_ms: Its place in time.
        step: 1 for the next newer, -1 for the next older; in a collection the one below
            or above.
        within: The group that the user chose from; None for the note's chat.
        skip: Notes to leave out, as are those that can't be read.

    Returns:
        The note, or None at the end of the group.
    """
    by_chat = within is None or within.kind in _BY_CHAT
    for _ in range(_SKIP_LIMIT):
        if by_chat:
            found = reader.neighbour(note_id, step)
        else:
            found = _by_keys(reader, note_id, order_ms, step, within)
        if found is None or not _is_inside(reader, found, within):
            return None
        rows = reader.rows([found])
        if rows and rows[0].state is NoteState.READY and found not in skip:
            return found
        place = reader.locate(found)
        if place is None:
            return None
        note_id, order_ms = found, place[2]
    return None


def next_unplayed(
    reader: Reader, current: NoteId | None, *, skip: Collection[NoteId] = ()
) -> NoteId | None:
    """Find the unplayed note to hear next.

    The chat that plays is finished first, older to newer; then comes the oldest
    unplayed note of all.

    Args:
        reader: The library.
        current: The note that plays, if any; it is never the answer.
        skip: Notes to leave out, because they could not be played.
    """
    if current is None:
        return reader.oldest_unplayed({*skip})
    found = _unplayed_after(reader, current, skip)
    return reader.oldest_unplayed({*skip, current}) if found is None else found


def first_unplayed(reader: Reader, group: Group) -> NoteId | None:
    """Find the oldest note of a group that was not heard to its end.

    A collection is heard in its own order: there it is the first one.

    Args:
        reader: The library.
        group: Any but the problems, of which none is to be heard.
    """
    if group.kind is GroupKind.PROBLEMS or not reader.group_totals(group)[1]:
        return None
    if group.kind not in _BY_CHAT:
        some = map(NoteId, _likely_unplayed(reader, group))
        return next((each for each in some if _is_unplayed(reader, each)), None)
    ids = reader.keys(group).ids
    at_id = NoteId(ids[-1]) if ids else None
    for _ in range(_SKIP_LIMIT):
        if at_id is None or not _is_inside(reader, at_id, group):
            return None
        if _is_unplayed(reader, at_id):
            return at_id
        at_id = reader.neighbour(at_id, 1, unplayed=True)
    return None


def _likely_unplayed(reader: Reader, group: Group) -> Sequence[int]:
    """List notes of a group in the order in which they are heard.

    All that were not heard to their end are among them, but for a great many.
    """
    if group.kind is GroupKind.COLLECTION:
        return reader.keys(group).ids
    keys = reader.keys(group, Sort.UNPLAYED)
    end = bisect_left(keys.order_ms, -_UNPLAYED_KEY, key=lambda order: -order)
    return keys.ids[max(0, end - _SKIP_LIMIT) : end][::-1]


def _is_unplayed(reader: Reader, note_id: NoteId) -> bool:
    rows = reader.rows([note_id])
    return (
        bool(rows)
        and rows[0].played is not Played.PLAYED
        and rows[0].state is NoteState.READY
    )


def _unplayed_after(
    reader: Reader, note_id: NoteId, left_out: Collection[NoteId]
) -> NoteId | None:
    at: NoteId | None = note_id
    for _ in range(_SKIP_LIMIT):
        if at is None:
            return None
        at = reader.neighbour(at, 1, unplayed=True)
        if at not in left_out:
            return at
    return None


def _is_inside(reader: Reader, note_id: NoteId, within: Group | None) -> bool:
    if within is None or within.kind is not GroupKind.MONTH:
        return True
    place = reader.locate(note_id)
    return place is not None and place[:2] == (within.chat_id, within.month)


def _by_keys(
    reader: Reader, note_id: NoteId, order_ms: int, step: int, within: Group | None
) -> NoteId | None:
    """Go by the order of the group itself: its notes may be of any chat."""
    if within is None:
        return None
    keys = reader.keys(within)
    ids, times = keys.ids, keys.order_ms
    if within.kind is GroupKind.COLLECTION:
        return _in_own_order(ids, note_id, step)
    at = bisect_left(
        range(len(ids)),
        (-order_ms, -note_id),
        key=lambda index: (-times[index], -ids[index]),
    )
    if step > 0:
        at -= 1
    elif at < len(ids) and ids[at] == note_id:
        at += 1
    return NoteId(ids[at]) if 0 <= at < len(ids) else None


def _in_own_order(ids: Sequence[int], note_id: NoteId, step: int) -> NoteId | None:
    """Go down or up in a collection; a note that was taken out has none after it."""
    if note_id not in ids:
        return None
    at = ids.index(note_id) + step
    return NoteId(ids[at]) if 0 <= at < len(ids) else None
