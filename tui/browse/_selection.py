"""The notes that are selected, one range of rows after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.browse._items import RowKey
    from tui.browse._layout import Layout
    from tui.model import NoteChange, NoteId

__all__ = ["Selection"]


class _Range(NamedTuple):
    """The range that is being made: from its start to the cursor."""

    key: RowKey
    order: int | None
    row: int
    removes: bool
    """It began on a selected note: what is in it will not be selected."""


class Selection:
    """A set of notes, and the range that is being made.

    Args:
        layout: The rows.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._ids: dict[NoteId, None] = {}
        self._range: _Range | None = None

    @property
    def has_range(self) -> bool:
        """Whether moving the cursor selects."""
        return self._range is not None

    def begin(self, row: int) -> None:
        """Begin a range on a row."""
        key = self._layout.key_at(row)
        removes = key.note_id in self._ids
        self._range = _Range(key, self._layout.order_at(row), row, removes)

    def end(self, cursor_row: int) -> None:
        """End the range, and keep what it selected."""
        self._ids = self._all(cursor_row)
        self._range = None

    def clear(self) -> bool:
        """Select nothing.

        Returns:
            Whether anything was selected.
        """
        had = bool(self._ids) or self.has_range
        self._ids, self._range = {}, None
        return had

    def notes(self, cursor_row: int) -> list[NoteId]:
        """List what is selected."""
        return list(self._all(cursor_row))

    def count(self, cursor_row: int) -> int:
        """Count what is selected; costs nothing while there is but one range."""
        if self._range is None:
            return len(self._ids)
        low, high = self._rows(cursor_row)
        groups = self._layout.groups_between(low, high)
        if self._ids or len(groups) > 1:  # a note may be in both, or twice in one
            return len(self._all(cursor_row))
        return high - low + (self._layout.order_at(low) is not None)

    def has(self, row: int, note_id: NoteId, cursor_row: int) -> bool:
        """Tell whether the note of a row is selected."""
        if self._range is not None:
            low, high = self._rows(cursor_row)
            if low <= row <= high:
                return not self._range.removes
        return note_id in self._ids

    def forget(self, changes: Iterable[NoteChange]) -> None:
        """Drop notes that show nowhere any more."""
        if self._ids:
            for change in changes:
                if not change.visible and not change.problem:
                    self._ids.pop(change.id, None)

    def keep_only(self, there: Iterable[NoteId]) -> None:
        """Drop all but some notes."""
        kept = set(there)
        self._ids = {note_id: None for note_id in self._ids if note_id in kept}

    @property
    def kept(self) -> list[NoteId]:
        """What was selected before the range."""
        return list(self._ids)

    def lay_out(self) -> None:
        """Find the start of the range again, after rows got other numbers."""
        start = self._range
        if start is None:
            return
        if not self._layout.count:
            self._range = None
            return
        row = self._layout.index_of(start.key, start.order)
        if row is None:
            row = self._layout.neighbour(start.key, start.order or 0, start.row)
            row = max(0, min(row, self._layout.count - 1))
            key = self._layout.key_at(row)
            start = _Range(key, self._layout.order_at(row), row, start.removes)
        self._range = start._replace(row=row)

    def _rows(self, cursor_row: int) -> tuple[int, int]:
        start = cursor_row if self._range is None else self._range.row
        return min(start, cursor_row), max(start, cursor_row)

    def _all(self, cursor_row: int) -> dict[NoteId, None]:
        if self._range is None:
            return self._ids
        between = dict.fromkeys(self._layout.notes_between(*self._rows(cursor_row)))
        if self._range.removes:
            return {note_id: None for note_id in self._ids if note_id not in between}
        return {**self._ids, **between}
