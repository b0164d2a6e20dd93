"""The text of the rows on the screen and of those around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tui.library._api import Reader
    from tui.model import NoteId, NoteRow

__all__ = ["RowCache"]

_LIMIT = 2048
"""Rows that are kept, about 1 MB; the ones used longest ago go first."""


class RowCache:
    """Keeps the rows that were last on the screen.

    Args:
        reader: Where rows come from.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._rows: dict[NoteId, NoteRow | None] = {}

    def rows(
        self, wanted: Sequence[NoteId], around: Callable[[], Sequence[NoteId]]
    ) -> dict[NoteId, NoteRow | None]:
        """Give the rows of some notes; None for a note that is gone.

        Args:
            wanted: The notes on the screen.
            around: Tells which others to fetch in the same query, when there has to be
                one, so that scrolling by a line seldom needs another.
        """
        if any(note_id not in self._rows for note_id in wanted):
            ids = dict.fromkeys((*wanted, *around()))
            self._fetch([note_id for note_id in ids if note_id not in self._rows])
        found: dict[NoteId, NoteRow | None] = {}
        for note_id in wanted:
            # Put at the end: the order of the dictionary is the order of use.
            row = self._rows.pop(note_id, None)
            found[note_id] = self._rows[note_id] = row
        return found

    def _fetch(self, ids: Sequence[NoteId]) -> None:
        self._rows.update(dict.fromkeys(ids))
        self._rows.update((row.id, row) for row in self._reader.rows(ids))
        excess = len(self._rows) - max(_LIMIT, len(ids))
        for note_id in list(self._rows)[: max(0, excess)]:
            del self._rows[note_id]

    def forget(self, ids: Iterable[NoteId]) -> None:
        """Fetch some notes anew when they are shown next."""
        for note_id in ids:
            self._rows.pop(note_id, None)

    def clear(self) -> None:
        """Fetch everything anew."""
        self._rows.clear()
