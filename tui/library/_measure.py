"""Writing what was measured of files: lengths, containers, faults, content hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._bind import Binder
from tui.library._change import Standing
from tui.library._connection import listed
from tui.library._facts import Facts, choose_again
from tui.library._hash import hash_kind
from tui.library._join import identify
from tui.library._people import Identities
from tui.library._rows import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library._api import Measured
    from tui.library._change import Change

__all__ = ["write_measured"]

_LOOK = (
    "SELECT file.note_id, file.state, file.reason, file.duration_ms, file.container,"
    " file.role = 'primary' AND file.missing = 0, note.chat_id,"
    " note.source_id, note.month, note.order_ms, note.visible, note.problem,"
    " note.played, coalesce(note.duration_ms, 0), note.state = 'missing'"
    " FROM file JOIN note ON note.id = file.note_id WHERE file.id = ?"
)
_WRITE_FILE = (
    "UPDATE file SET measured = 1, state = ?, reason = ?, duration_ms = ?,"
    " container = ? WHERE id = ?"
)
_LONE = (
    "SELECT file.id, file.note_id, file.size, file.duration_ms"
    " FROM file CROSS JOIN note ON note.id = file.note_id AND note.played = 0"
    " AND note.position_ms = 0 AND note.owed_ms = 0 AND file.recording_id IS NULL"
    " AND file.role = 'primary' AND file.missing = 0 AND file.base_name = x''"
    " AND NOT EXISTS (SELECT 1 FROM file AS other"
    " WHERE other.note_id = file.note_id AND other.id <> file.id)"
    " AND NOT EXISTS (SELECT 1 FROM file AS copy WHERE copy.folder_id = file.folder_id"
    " AND copy.base_name = file.name AND copy.base_name <> x'')"
)
"""Files for which no other file, no mark on their note and no older hash counts."""
_WRITE_RECORDING = (
    "INSERT INTO recording(hash, hash_kind, size, duration_ms) VALUES (?, ?, ?, ?)"
    " ON CONFLICT(hash) DO UPDATE SET"
    " duration_ms = coalesce(excluded.duration_ms, duration_ms)"
)
_WRITE_NOTE = "UPDATE note SET duration_ms = ?, rev = ? WHERE id = ?"


def write_measured(change: Change, results: Sequence[Measured]) -> None:
    """Write results; those of files that are gone are dropped.

    A result with nothing but a hash leaves the rest as it is; any other counts as
    measured, also without a length, so that it is not asked for again.

    Args:
        change: The open transaction.
        results: Of two about the same facts of a file, the last counts.
    """
    plain: dict[int, Measured] = {}
    for result in results:
        has_facts = (
            result.container
            or result.duration_ms is not None
            or result.state is not None
        )
        if has_facts or result.content_hash is None:
            plain[result.file_id] = result
    _write_facts(change, list(plain.values()))
    hashes = {
        result.file_id: result.content_hash
        for result in results
        if result.content_hash is not None
    }
    known = list(hashes.values())
    news: dict[int | None, None] = {}
    for file_id, recording_id in _link_lone(change, hashes).items():
        news[recording_id] = None
        del hashes[file_id]
    for file_id, content in hashes.items():
        news[identify(change, file_id, content)] = None
    news.pop(None, None)
    if news:
        _join_twins(change, list(news))
    _tell_sharers(change, [result.file_id for result in results])
    _choose_again(change, known)


def _tell_sharers(change: Change, file_ids: Sequence[int]) -> None:
    """Let notes of messages that were forwarded have what their files have."""
    marks, values = listed(file_ids)
    for (note_id,) in change.store.all(
        "SELECT id FROM note WHERE shares IN"
        f" (SELECT note_id FROM file WHERE id IN ({marks}))",
        values,
    ):
        change.refresh(note_id)


def _choose_again(change: Change, hashes: Sequence[bytes]) -> None:
    """Let notes that were just hashed follow the user's choices, if there are any."""
    if change.store.one("SELECT 1 FROM choice LIMIT 1") is not None:
        choose_again(change, Facts(change, Identities(change)), hashes)


def _join_twins(change: Change, recording_ids: Sequence[int | None]) -> None:
    """Join notes that are one message, now that they are known to sound alike."""
    marks, values = listed(recording_ids)
    binder = Binder(change)
    for (recording_id,) in change.store.all(
        f"SELECT recording_id FROM note WHERE recording_id IN ({marks})"
        " GROUP BY recording_id HAVING count(*) > 1",
        values,
    ):
        binder.join_twins(recording_id)


def _link_lone(change: Change, hashes: dict[int, bytes]) -> dict[int, int]:
    """Remember the recordings of files that are alone; returns them by file.

    Nearly all files are the only one of their note, without copies and marks. Written
    together they take a fifth of the time that `identify` takes for each.
    """
    store = change.store
    marks, values = listed(list(hashes))
    rows = store.all(f"{_LONE} WHERE file.id IN ({marks})", values)
    marks, values = listed([hashes[row[0]] for row in rows])
    marked = {
        row[0]
        for row in store.all(f"SELECT hash FROM mark WHERE hash IN ({marks})", values)
    }
    rows = [row for row in rows if hashes[row[0]] not in marked]
    store.run_many(
        _WRITE_RECORDING,
        (
            (hashes[file_id], hash_kind(size), size, length)
            for file_id, _, size, length in rows
        ),
    )
    marks, values = listed([hashes[row[0]] for row in rows])
    ids: dict[bytes, int] = dict(
        store.all(f"SELECT hash, id FROM recording WHERE hash IN ({marks})", values)
    )
    for table, at in (("file", 0), ("note", 1)):
        store.run_many(
            f"UPDATE {table} SET recording_id = ? WHERE id = ?",
            ((ids[hashes[row[0]]], row[at]) for row in rows),
        )
    return {row[0]: ids[hashes[row[0]]] for row in rows}


def _write_facts(change: Change, results: Sequence[Measured]) -> None:
    files: list[tuple[object, ...]] = []
    notes: list[tuple[object, ...]] = []
    stale: dict[int, None] = {}
    for result in results:
        row = change.store.one(_LOOK, (result.file_id,))
        if row is None:
            continue
        note_id, state, reason, length, container, is_own, *standing = row
        if result.state is not None:
            state, reason = str(result.state), to_text(result.reason)
        duration_ms = length if result.duration_ms is None else result.duration_ms
        files.append(
            (
                state,
                reason,
                duration_ms,
                result.container or container,
                result.file_id,
            )
        )
        if (state, reason, duration_ms) == row[1:4]:
            continue
        # Nearly all results are a length for the only file of a note: 100,000 of them
        # take half the time when only that is written.
        if (
            (state, reason) == row[1:3]
            and is_own
            and duration_ms is not None
            and change.lengthen(note_id, Standing(*standing), duration_ms)
        ):
            notes.append((duration_ms, change.rev, note_id))
        else:
            stale[note_id] = None
    change.store.run_many(_WRITE_FILE, files)
    change.store.run_many(_WRITE_NOTE, notes)
    for note_id in stale:
        change.refresh(note_id)
