"""Which waveforms to ask for, so that the rows in view have theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.model import NoteState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.model import NoteId, NoteRow

__all__ = ["RowWaves"]

_AT_ONCE = 30
"""So many are asked for when the list rests: whoever computes them keeps 32 in mind."""
_LONGEST_MS = 15 * 60_000
"""Longer notes take seconds; theirs is computed when the cursor is on them."""


class RowWaves:
    """Asks for the waveforms of rows, for each once.

    Args:
        request: Asks for the waveform of a note; the last request is served first.
    """

    def __init__(self, request: Callable[[NoteId], None]) -> None:
        self._request = request
        self._asked: set[NoteId] = set()

    def ask(self, rows: Iterable[NoteRow]) -> None:
        """Ask for what rows lack.

        Args:
            rows: The notes in view, from the top.
        """
        lacking = [row.id for row in rows if self._lacks(row)][:_AT_ONCE]
        self._asked.update(lacking)
        for note_id in reversed(lacking):
            self._request(note_id)

    def asked(self, note_id: NoteId) -> None:
        """Note that somebody else asked for one."""
        self._asked.add(note_id)

    def _lacks(self, row: NoteRow) -> bool:
        return (
            not row.wave
            and row.id not in self._asked
            and row.state is NoteState.READY
            and row.duration_ms is not None
            and row.duration_ms < _LONGEST_MS
        )
