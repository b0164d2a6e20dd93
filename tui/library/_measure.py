"""Writing what was measured of files: lengths, containers, faults, content hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.library._change import Standing
from tui.library._join import identify
from tui.library._rows import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.library._api import Measured
    from tui.library._change import Change

__all__ = ["write_measured"]

_LOOK = (
    "SELECT file.note_id, file.state, file.reason, file.duration_ms, file.container,"
    " file.role = 'primary' AND file.missing = 0, note.chat_id, note.month,"
    " note.order_ms, note.visible, note.problem, note.played,"
    " coalesce(note.duration_ms, 0)"
    " FROM file JOIN note ON note.id = file.note_id WHERE file.id = ?"
)
_WRITE_FILE = (
    "UPDATE file SET measured = 1, state = ?, reason = ?, duration_ms = ?,"
    " container = ? WHERE id = ?"
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
    for result in results:
        if result.content_hash is not None:
            identify(change, result.file_id, result.content_hash)


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
