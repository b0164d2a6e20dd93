"""How notes shall sound, and which of them wait to be played, as rows.

A sender or chat that several were joined to is one: what is said of the one that is
shown counts, else what was said last of those that went into it. So a setting outlives
a merge, and a split gives each back what was said of itself.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tui.library._people import root_of
from tui.library._recordings import recording_of
from tui.model import ChatKind, NoteId, SoundScope, SoundSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library._connection import Store

__all__ = ["Place", "place_of", "put_queue", "put_sound", "queue_of", "sounds_of"]

Place = tuple[str, bytes | str, int]
"""What a setting is remembered for: kind, key and scope of the table `sound`."""

_log = logging.getLogger(__name__)

_SETTINGS = "speed, boost_db, level, skip"
# Each is all rows that are joined with that of the note, up to the one that is shown
# (on any way: a ring must not hold us) and down again.
_JOINED = (
    " {0}s(id) AS (SELECT {0}_id FROM heard WHERE {0}_id IS NOT NULL"
    " UNION SELECT {0}.merged_into FROM {0}s JOIN {0} USING (id)"
    " WHERE {0}.merged_into IS NOT NULL"
    " UNION SELECT {0}.id FROM {0}s JOIN {0} ON {0}.merged_into = {0}s.id)"
)
_SAID = (
    f"SELECT sound.kind, {_SETTINGS}, {{0}}.merged_into IS NULL AS is_shown, set_ms"
    # In this order: the few of the note, not all of whom anything is said.
    " FROM {0}s CROSS JOIN {0} USING (id) CROSS JOIN sound ON sound.kind = '{0}'"
    " AND sound.key = {0}.native_id AND sound.scope = {1}"
)
_SOUNDS = (
    "WITH RECURSIVE heard AS (SELECT recording_id, sender_id, chat_id FROM note"
    f" WHERE id = ?),{_JOINED.format('sender')},{_JOINED.format('chat')}"
    f" SELECT sound.kind, {_SETTINGS}, 1 AS is_shown, set_ms FROM heard"
    " JOIN recording ON recording.id = recording_id"
    " JOIN sound ON kind = 'note' AND key = hash AND scope = 0"
    f" UNION ALL {_SAID.format('sender', 0)}"
    f" UNION ALL {_SAID.format('chat', 'chat.scope')}"
    f" UNION ALL SELECT kind, {_SETTINGS}, 1, set_ms FROM sound"
    " WHERE kind = 'all' AND key = '' AND scope = 0"
    " ORDER BY is_shown, set_ms"
)
_QUEUE = (
    "SELECT note.id FROM queue JOIN note ON note.key = queue.key"
    " WHERE visible = 1 AND state <> 'missing'"
    " AND source_id NOT IN (SELECT id FROM source WHERE state = 'offline')"
    " ORDER BY place"
)
_AWAY = (
    "SELECT queue.key, note.id FROM queue JOIN note ON note.key = queue.key"
    " WHERE source_id IN (SELECT id FROM source WHERE state = 'offline')"
    " ORDER BY place"
)


def sounds_of(store: Store, note_id: int) -> dict[SoundScope, SoundSettings]:
    """How a note shall sound, by what that is remembered for; only what is said."""
    found = {}
    for kind, speed, boost_db, level, skip, *_ in store.all(_SOUNDS, (note_id,)):
        is_level = None if level is None else bool(level)
        found[SoundScope(kind)] = SoundSettings(speed, boost_db, is_level, skip)
    return {kind: said for kind, said in found.items() if said != SoundSettings()}


def queue_of(store: Store) -> list[NoteId]:
    """The notes that wait to be played, the next one first; of those that are there."""
    return [NoteId(row[0]) for row in store.all(_QUEUE)]


def place_of(store: Store, note_id: int | None, scope: SoundScope) -> Place | None:
    """What a setting is remembered for; None where there is nothing.

    Args:
        store: A connection that may write, without an open transaction: a recording is
            hashed if need be.
        note_id: The note; None for all notes.
        scope: Which of the note's it is.
    """
    if scope is SoundScope.ALL:
        return "all", "", 0
    row = store.one(
        "SELECT coalesce(shares, id), sender_id, chat_id FROM note WHERE id = ?",
        (note_id,),
    )
    if row is None:
        return None
    if scope is SoundScope.NOTE:
        try:
            recording = recording_of(store, row[0])
        except OSError as error:
            _log.info("the sound of note %d can't be kept: %s", note_id, error)
            return None
        return None if recording is None else ("note", recording[1], 0)
    if scope is SoundScope.SENDER:
        if row[1] is None:
            return None
        sql, row_id = "SELECT native_id, 0 FROM sender WHERE id = ?", row[1]
    else:
        sql = f"SELECT native_id, scope FROM chat WHERE id = ? AND kind <> '{_NO_CHAT}'"
        row_id = row[2]
    named = store.one(sql, (root_of(store, scope, row_id),))
    return None if named is None else (str(scope), named[0], named[1])


_NO_CHAT = ChatKind.UNMATCHED


def put_sound(
    store: Store, place: Place, settings: SoundSettings, set_ms: int, *, is_new: bool
) -> None:
    """Write all that is said somewhere; its time only goes forward.

    Args:
        store: A connection with an open transaction.
        place: What it is said of.
        settings: What is said; nothing is a word as well.
        set_ms: When it was said.
        is_new: Whether it counts whatever the clock says: it was said here and now.
    """
    later = "max(excluded.set_ms, sound.set_ms + 1)" if is_new else "excluded.set_ms"
    store.run(
        f"INSERT INTO sound(kind, key, scope, {_SETTINGS}, set_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET speed = excluded.speed, boost_db = excluded.boost_db,"
        f" level = excluded.level, skip = excluded.skip, set_ms = {later}",
        (*place, *settings, set_ms),
    )


def put_queue(
    store: Store, note_ids: Sequence[int], before: Sequence[int] | None = None
) -> None:
    """Write which notes wait; those that are gone by now are left out.

    Notes whose source is away are not seen by who makes the list: they go on waiting,
    behind the others.

    Args:
        store: A connection with an open transaction.
        note_ids: The notes, the next one first.
        before: The list that this one was made from. What others took since then is
            left out, and what they added waits behind. None asks for just these notes.
    """
    if before is not None:
        now = queue_of(store)
        taken = set(before) - set(now)
        known = {*before, *note_ids}
        note_ids = [each for each in note_ids if each not in taken]
        note_ids += [each for each in now if each not in known]
    told = set(note_ids)
    away = [key for key, note_id in store.all(_AWAY) if note_id not in told]
    store.run("DELETE FROM queue")
    store.run_many(
        "INSERT INTO queue(place, key) SELECT ?, key FROM note WHERE id = ?",
        enumerate(note_ids),
    )
    store.run_many(
        "INSERT INTO queue(place, key) VALUES (?, ?)",
        enumerate(away, start=len(note_ids)),
    )
