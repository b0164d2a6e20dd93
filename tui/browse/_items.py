"""What the tree hands to whoever draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.model import ChatKind, Group, NoteId, NoteRow

__all__ = ["NodeItem", "NoteItem", "Patch", "RowKey"]


class RowKey(NamedTuple):
    """What a row stands for; the same before and after any change of the library."""

    group: Group
    note_id: NoteId | None = None
    """None for the row of the group itself."""


class NodeItem(NamedTuple):
    """A row with a smart node, a chat or a month."""

    group: Group
    depth: int
    is_open: bool
    label: str
    """What it is called; any text."""
    kind: ChatKind | None
    notes: int
    unplayed: int
    duration_ms: int


class NoteItem(NamedTuple):
    """A row with a note."""

    group: Group
    depth: int
    note_id: NoteId
    row: NoteRow | None
    """None for a note that has just gone; the change that says so is on its way."""
    is_selected: bool = False


class Patch(NamedTuple):
    """What a change of the library did to the rows."""

    shift: int = 0
    """By how many rows most of the visible ones moved down: scroll by as many, and
    they stand still on the screen."""
    cursor_moved: bool = False
    """The cursor stands for something else now; what it stood for is gone."""
    note_changed: bool = False
    """The note under the cursor changed in place."""
    reset: bool = False
    """Everything was read again."""
