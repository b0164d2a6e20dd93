"""The tree of chats and notes on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.message import Message

from tui.browse import NodeItem
from tui.errors import LibraryError
from tui.messages import LibraryFailed
from tui.widgets._tree_rows import TreeRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from textual import events
    from textual.binding import BindingType

    from tui.answers import Bucket, Collection, SavedSearch
    from tui.browse import NoteKeys, Patch
    from tui.model import Group, GroupBy, LibraryDelta, NoteId, Sort

__all__ = ["NoteTree"]

_WHEEL = 3
"""Rows that one notch of the mouse wheel scrolls by."""
_HEAL_S = 1.0
"""How long a disagreement with the library may last before groups are read again."""


def _key(name: str, keys: str, action: str, tooltip: str) -> Binding:
    return Binding(
        keys, action, tooltip, show=False, id=f"tree.{name}", tooltip=f"{tooltip}."
    )


class NoteTree(TreeRows, can_focus=True):
    """The tree: its model decides what the rows are, the keys move the cursor.

    The model is loaded by whoever makes it, or by `reload`.
    """

    DEFAULT_CSS = """
    NoteTree {
        height: 1fr;
        width: 1fr;
        & > .note-tree--accent { color: $primary; }
        & > .note-tree--bad { color: $error; }
        & > .note-tree--dim { color: $foreground 62%; }
        & > .note-tree--playing { color: $primary; text-style: bold; }
        & > .note-tree--strong { text-style: bold; }
        & > .note-tree--title { color: $foreground; }
        & > .note-tree--unplayed { color: $primary; }
        & > .note-tree--wave { color: $foreground 32%; }
        & > .note-tree--selected { background: $primary 16%; }
        & > .note-tree--cursor { color: $foreground; background: $foreground 18%; }
        & > .note-tree--cursor-blurred { background: $foreground 8%; }
    }
    """
    ALLOW_SELECT = False
    HELP = "The tree of chats and notes. Enter plays a note, or opens a group."
    BINDINGS: ClassVar[list[BindingType]] = [
        _key("down", "down,j", "move(1)", "Go down"),
        _key("up", "up,k", "move(-1)", "Go up"),
        _key("unfold", "l", "unfold", "Open, or go in"),
        _key("fold", "h", "fold", "Close, or go out"),
        _key("top", "g,home", "go('top')", "Go to the top"),
        _key("bottom", "G,end", "go('bottom')", "Go to the bottom"),
        _key("half_down", "ctrl+d", "page(0.5)", "Half a page down"),
        _key("half_up", "ctrl+u", "page(-0.5)", "Half a page up"),
        _key("page_down", "pagedown", "page(1)", "A page down"),
        _key("page_up", "pageup", "page(-1)", "A page up"),
        _key("next_chat", "J", "chat(1)", "Next chat"),
        _key("previous_chat", "K", "chat(-1)", "Previous chat"),
        _key("choose", "enter", "choose", "Play, or open group"),
        _key("select", "v", "select", "Select"),
    ]

    @dataclass
    class CursorMoved(Message):
        """The cursor stands for something else than before."""

        group: Group
        note_id: NoteId | None
        """None on the row of a group."""

    @dataclass
    class NoteChosen(Message):
        """A note is to be played."""

        note_id: NoteId
        group: Group
        """Where it was chosen: what comes next is played from there."""

    @dataclass
    class SelectionChanged(Message):
        """More or fewer notes are selected than before."""

        count: int
        """How many there are now."""

    _heals = False
    _is_clicked = False
    """The last click was on a row."""
    _told_count = 0
    """How many selected notes were told of last."""
    _line_before = 0
    """The line of the cursor on the screen before the search."""

    # -- for the application

    @property
    def cursor_note(self) -> NoteId | None:
        """The note under the cursor; None on a group."""
        return self._model.cursor.note_id

    @property
    def cursor_group(self) -> Group:
        """The group that the row under the cursor belongs to."""
        return self._model.cursor.group

    def reload(self) -> None:
        """Read everything again."""
        self._model.load()
        self._show_cursor()

    def apply(self, delta: LibraryDelta) -> Patch:
        """Take a change of the library in; what is being read stands still.

        Args:
            delta: What changed.

        Returns:
            What it did to the rows.
        """
        return self._patched(
            lambda: self._model.apply(delta, self._top, self.size.height)
        )

    def reveal(self, note_id: NoteId) -> bool:
        """Open what a note is below and put the cursor on it.

        Returns:
            Whether the note shows.
        """
        return self._follow(lambda: self._model.reveal(note_id) is not None)

    def order(self, group: Group) -> list[NoteId]:
        """List all notes of a group in the order of the tree."""
        return list(self._model.order(group))

    def go_to_day(self, day: date) -> bool:
        """Put the cursor on the newest note of a day, or of the nearest before it.

        Args:
            day: The day; it is looked for in the group under the cursor, or its chat.

        Returns:
            Whether there is one.
        """
        return self._follow(lambda: self._model.go_to_day(day))

    def step_day(self, step: int) -> bool:
        """Go to the next (1) or previous (-1) day that has a note.

        Returns:
            Whether there is one.
        """
        return self._follow(lambda: self._model.step_day(step))

    def _follow(self, work: Callable[[], bool]) -> bool:
        """Do something that moves the cursor, and show where it is."""
        before = self._model.cursor
        is_done = work()
        self._show_cursor()
        if self._model.cursor != before:
            self._tell()
        return is_done

    # -- searches, views, orders

    @property
    def search(self) -> Group | None:
        """The search that is shown instead of everything else."""
        return self._model.search

    @property
    def view(self) -> GroupBy:
        """What the tree is made of below its smart nodes."""
        return self._model.view

    @property
    def sort(self) -> Sort:
        """The order of notes in groups, and of the groups of the view."""
        return self._model.sort

    def show_search(
        self, group: Group, keys: NoteKeys, totals: tuple[int, int, int]
    ) -> None:
        """Show what a search found, and nothing else, until `end_search`.

        Args:
            group: The search; a later one takes the place of the one before, and the
                cursor stays on its note if that is found again.
            keys: The notes in the order of the tree; they are changed in place.
            totals: Notes, unplayed notes, length in milliseconds.
        """
        if self._model.search is None:
            self._line_before = self._model.cursor_row - self._top
            self._top = 0
        self._stand_still(lambda: self._model.show_search(group, keys, totals))

    def end_search(self, *, stay: bool) -> None:
        """Show everything again, as it was before the search.

        Args:
            stay: Put the cursor on the note it is on, where that stands in the view;
                else to where it was before the search.
        """
        if self._model.search is None:
            return
        before = self._model.cursor
        self._model.end_search(stay=stay)
        self._top = self._model.cursor_row - self._line_before
        self._show_cursor()
        if self._model.cursor != before:
            self._tell()

    def update_searches(self, searches: Iterable[SavedSearch]) -> None:
        """Take the saved searches with the totals that they have now."""
        self._stand_still(lambda: self._model.update_searches(searches))

    def update_collections(self, collections: Iterable[Collection]) -> None:
        """Take the collections with the totals that they have now."""
        self._stand_still(lambda: self._model.update_collections(collections))

    def show_view(self, by: GroupBy, buckets: Sequence[Bucket]) -> None:
        """Make the tree of other groups; the cursor goes with its note.

        Args:
            by: What of.
            buckets: The groups; none by chat.
        """
        self._stand_still(lambda: self._model.show_view(by, buckets))

    def update_buckets(self, by: GroupBy, buckets: Sequence[Bucket]) -> None:
        """Take the groups of the view with the totals that they have now.

        Args:
            by: What they are made by; those of another view are not taken.
            buckets: The groups.
        """
        self._stand_still(lambda: self._model.update_buckets(by, buckets))

    def set_sort(self, sort: Sort) -> None:
        """Put notes and groups in another order; the cursor stays on its note.

        What a search found is read again here; whoever searches on has to know the
        order.
        """
        self._stand_still(lambda: self._model.set_sort(sort))

    def _stand_still(self, work: Callable[[], None]) -> None:
        """Change the rows while the one of the cursor keeps its line on the screen."""
        before, height = self._model.cursor, self.size.height
        top, line = self._top, self._model.cursor_row - self._top
        work()
        is_in_view = 0 <= line < height
        if is_in_view and (top or self._model.cursor_row >= height):
            self._top = self._model.cursor_row - line
        self._changed(follow=is_in_view)
        if self._model.cursor != before:
            self._tell()
        self._tell_selection()

    # -- the selection

    @property
    def selected(self) -> list[NoteId]:
        """The notes that are selected, in the order in which they were."""
        return self._model.selected

    def chosen(self) -> tuple[list[NoteId], str]:
        """List what a key is for, and say so in a few words.

        Returns:
            The selected notes, else the note under the cursor, else all of the group
            under the cursor; e.g. with `this note`.
        """
        return self._model.chosen()

    def clear_selection(self) -> None:
        """Select nothing."""
        if self._model.clear_selection():
            self._changed(follow=False)
            self._tell_selection()

    def action_select(self) -> None:
        """Begin a range at the cursor, or end it and keep what it selected."""
        self._model.select()
        self._changed()
        self._tell_selection()

    def _tell_selection(self) -> None:
        count = self._model.selected_count
        if count != self._told_count:
            self._told_count = count
            self.post_message(self.SelectionChanged(count))

    def _patched(self, work: Callable[[], Patch]) -> Patch:
        height = self.size.height
        was_in_view = self._top <= self._model.cursor_row < self._top + height
        patch = work()
        if self._top:  # at the very top, news push the rows down and are seen
            self._top += patch.shift
        self._changed(follow=was_in_view)
        if patch.cursor_moved:
            self._tell()
        self._tell_selection()
        if self._model.is_doubtful and not self._heals:
            self._heals = True
            self.set_timer(_HEAL_S, self._heal)
        return patch

    def _heal(self) -> None:
        self._heals = False
        if not self._model.is_doubtful:
            return
        try:
            self._patched(lambda: self._model.heal(self._top, self.size.height))
        except LibraryError as error:
            self.post_message(LibraryFailed(error.message))

    # -- moving

    def _go(self, row: int) -> None:
        moved = self._model.move_to(row)
        self._show_cursor()
        if moved:
            self._tell()
            self._tell_selection()

    def _show_cursor(self) -> None:
        self._changed()

    def _tell(self) -> None:
        group, note_id = self._model.cursor
        self.post_message(self.CursorMoved(group, note_id))

    def _open(self, group: Group, *, is_open: bool) -> None:
        before = self._model.cursor
        if self._model.set_open(group, is_open=is_open):
            self._show_cursor()
        if self._model.cursor != before:
            self._tell()
        self._tell_selection()

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self._go(self._model.cursor_row + rows)

    def action_go(self, where: str) -> None:
        """Move the cursor to the top or the bottom."""
        self._go(0 if where == "top" else self._model.count - 1)

    def action_page(self, pages: float) -> None:
        """Move cursor and view by a part of the screen."""
        height = max(1, self.size.height)
        rows = int(pages * height) if abs(pages) < 1 else int(pages * (height - 1))
        self._top = max(0, min(self._top + rows, self._model.count - height))
        self._go(self._model.cursor_row + rows)

    def action_chat(self, step: int) -> None:
        """Move the cursor to the next or previous row of the top level."""
        if self._model.count:
            self._go(self._model.chat_row(self._model.cursor_row, step))

    def action_unfold(self) -> None:
        """Open the group under the cursor; if it is open, go to its first row."""
        group, note_id = self._model.cursor
        if note_id is not None or not self._model.count:
            return
        if not self._model.is_open(group):
            self._open(group, is_open=True)
        elif self._has_rows(group):
            self._go(self._model.cursor_row + 1)

    def _has_rows(self, group: Group) -> bool:
        row = self._model.cursor_row + 1
        if row >= self._model.count:
            return False
        below = self._model.key_at(row)
        return below.note_id is not None or below.group.month > group.month

    def action_fold(self) -> None:
        """Close the group under the cursor, or go to what its row hangs under."""
        if not self._model.count:
            return
        group, note_id = self._model.cursor
        if note_id is None and self._model.is_open(group):
            self._open(group, is_open=False)
            return
        parent = self._model.parent_row(self._model.cursor_row)
        if parent is not None:
            self._go(parent)

    def action_choose(self) -> None:
        """Ask for the note under the cursor to be played; open or close a group."""
        if not self._model.count:
            return
        group, note_id = self._model.cursor
        if note_id is None:
            self._open(group, is_open=not self._model.is_open(group))
        else:
            self.post_message(self.NoteChosen(note_id, group))

    # -- the mouse

    def on_click(self, event: events.Click) -> None:
        """Go there; fold by a click on the mark; play or fold by a second click.

        With Shift, select from the cursor to there.
        """
        event.stop()
        row = self._top + event.y
        if event.chain > 1 and self._is_clicked:
            # The first click may have taken a row away above what it was on.
            row = self._model.cursor_row
        self._is_clicked = row < self._model.count
        if not self._is_clicked:
            return
        try:
            self._click(row, event)
        except LibraryError as error:
            self.post_message(LibraryFailed(error.message))

    def _click(self, row: int, event: events.Click) -> None:
        if event.shift:
            if not self._model.is_selecting:
                self._model.select()
            self._go(row)
            return
        self._go(row)
        item = self._model.items(self._model.cursor_row, 1)[0]
        is_node = isinstance(item, NodeItem)
        mark = 1 + 2 * item.depth
        on_mark = is_node and mark <= event.x <= mark + 1
        if (on_mark and event.chain == 1) or (event.chain == 2 and not on_mark):
            self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll; the cursor stays where it is, even out of view."""
        event.stop()
        self._top += _WHEEL
        self._changed(follow=False)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll; the cursor stays where it is, even out of view."""
        event.stop()
        self._top -= _WHEEL
        self._changed(follow=False)
