"""The tree of chats and notes on the screen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from typing_extensions import override

from tui.browse import NodeItem
from tui.errors import LibraryError
from tui.messages import LibraryFailed
from tui.rowtext import ASCII, UNICODE, hint_line
from tui.widgets._late_styles import LateStyles
from tui.widgets._row_lines import item_line
from tui.widgets._terminal_rows import Row, TerminalRows
from tui.widgets.cells import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from textual import events
    from textual.binding import BindingType
    from textual.geometry import Region

    from tui.browse import NoteItem, Patch, TreeModel
    from tui.model import Group, LibraryDelta, NoteId
    from tui.rowtext import Line

__all__ = ["NoteTree"]

_KEPT = 600
"""Rows kept as they were drawn: some screens."""
_WHEEL = 3
"""Rows that one notch of the mouse wheel scrolls by."""
_HEAL_S = 1.0
"""How long a disagreement with the library may last before groups are read again."""


def _key(name: str, keys: str, action: str, tooltip: str) -> Binding:
    return Binding(
        keys, action, tooltip, show=False, id=f"tree.{name}", tooltip=f"{tooltip}."
    )


class NoteTree(LateStyles, can_focus=True):
    """A tree of which only the rows in view are ever made.

    It keeps its own place in the list (`top`) and is painted by `TerminalRows`, or by
    Textual where that can't be. The model decides what the rows are; the widget shows
    them and moves the cursor.

    Args:
        model: The rows. Loaded by whoever makes it, or by `reload`.
        ascii_only: Use marks that every terminal has.
        empty: What to say while there are no rows.
        now: The clock, seconds since 1970.
        id: As for every widget.
        classes: As for every widget.
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
    ]

    playing: reactive[NoteId | None] = reactive(None)
    """The note that the player holds; its row is marked."""
    playing_state: reactive[str] = reactive("playing")
    """The value of a `PlayerState`: what the player does with it."""

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

    def __init__(
        self,
        model: TreeModel,
        *,
        ascii_only: bool = False,
        empty: str = "",
        now: Callable[[], float] = time.time,
        id: str | None = None,  # noqa: A002  # Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._model = model
        self._glyphs = ASCII if ascii_only else UNICODE
        self._empty = empty
        self._now = now
        self._top = 0
        self._in_view: list[NodeItem | NoteItem] = []
        self._rows: list[Row] | None = None
        """The rows in view; None when they have to be made anew."""
        self._drawn: dict[object, Row] = {}
        self._terminal = TerminalRows(self)
        self._heals = False
        self._is_clicked = False
        """The last click was on a row."""

    # -- for the application

    @property
    def model(self) -> TreeModel:
        """The rows, their groups and the cursor."""
        return self._model

    @property
    def empty(self) -> str:
        """What is said while there are no rows."""
        return self._empty

    @empty.setter
    def empty(self, text: str) -> None:
        if text != self._empty:
            self._empty = text
            if not self._model.count:
                self._changed(follow=False)

    @property
    def top(self) -> int:
        """The first row in view."""
        return self._top

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
        before = self._model.cursor
        row = self._model.reveal(note_id)
        if row is None:
            return False
        self._show_cursor()
        if self._model.cursor != before:
            self._tell()
        return True

    def order(self, group: Group) -> list[NoteId]:
        """List all notes of a group in the order of the tree, newest first."""
        return list(self._model.order(group))

    def _patched(self, work: Callable[[], Patch]) -> Patch:
        height = self.size.height
        was_in_view = self._top <= self._model.cursor_row < self._top + height
        patch = work()
        if self._top:  # at the very top, news push the rows down and are seen
            self._top += patch.shift
        self._changed(follow=was_in_view)
        if patch.cursor_moved:
            self._tell()
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

    # -- painting

    @override
    def render_line(self, y: int) -> Strip:
        rows = self._visible()
        return rows[y].strip if y < len(rows) else Strip.blank(self.size.width)

    @override
    def render_lines(self, crop: Region) -> list[Strip]:
        # Textual may or may not send these to the terminal.
        rows = self._visible()
        for y in crop.line_range:
            if y < len(rows):
                self._terminal.forget_unlike(y, rows[y])
        return super().render_lines(crop)

    @override
    def _exchange_repaint_regions(self) -> Collection[Region]:
        # Called when the screen is about to send what has changed: the last moment,
        # so that what happened since the last time is sent as one.
        regions = super()._exchange_repaint_regions()
        if regions and self._terminal.paint(self._visible()):
            return ()
        return regions

    def _visible(self) -> list[Row]:
        """Make the rows in view, or take them as they were."""
        if self._rows is None:
            self._rows = self._make_rows()
        return self._rows

    def _make_rows(self) -> list[Row]:
        width, height = self.size
        cursor = self._model.cursor_row
        shown = "cursor" if self.has_focus else "cursor-blurred"
        hour = int(self._now() // 3600)  # a week passes, and rows tell their month
        rows: list[Row] = []
        for y, item in enumerate(self._items(height)):
            look = shown if self._top + y == cursor else ""
            rows.append(self._row(item, look, width, hour))
        if not rows and self._empty and height > 1:
            hints = wrap(self._empty, max(8, width - 3))[: height - 1]
            rows = [self._blank(width), *(self._hint(hint, width) for hint in hints)]
        blank = self._blank(width)
        rows.extend([blank] * (height - len(rows)))
        return rows

    def _items(self, height: int) -> list[NodeItem | NoteItem]:
        """Read what is in view; what was read last while the library is broken."""
        try:
            self._in_view = self._model.items(self._top, height)
        except LibraryError as error:
            self.post_message(LibraryFailed(error.message))
        return self._in_view[:height]

    def _row(self, item: NodeItem | NoteItem, look: str, width: int, hour: int) -> Row:
        is_held = not isinstance(item, NodeItem) and item.note_id == self.playing
        player = self.playing_state if is_held else ""
        key = (item, look, width, hour, player)
        row = self._drawn.get(key)
        if row is None:
            line = item_line(item, width, self._now(), self._glyphs, player=player)
            row = self._keep(key, self._draw(line, look, width))
        return row

    def _blank(self, width: int) -> Row:
        key = ("", width)
        return self._drawn.get(key) or self._keep(key, self._draw([], "", width))

    def _hint(self, text: str, width: int) -> Row:
        key = (text, width, "hint")
        line = hint_line(text, width, self._glyphs)
        return self._drawn.get(key) or self._keep(key, self._draw(line, "", width))

    def _keep(self, key: object, row: Row) -> Row:
        while len(self._drawn) >= _KEPT:
            del self._drawn[next(iter(self._drawn))]
        self._drawn[key] = row
        return row

    def _draw(self, line: Line, look: str, width: int) -> Row:
        """Give each span its style, and the row the full width."""
        base = self.rich_style
        if look:
            base = self.part_style(f"note-tree--{look}")
        segments = []
        for text, name in line:
            style = base
            if name and look != "cursor":  # the cursor's row is one colour
                part = self.part_style(f"note-tree--{name}")
                style = part if not look else part + Style(bgcolor=base.bgcolor)
            segments.append(Segment(text, style))
        strip = Strip(segments).adjust_cell_length(width, base)
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, background)
        return Row(strip)

    def _changed(self, *, follow: bool = True) -> None:
        """Have the rows made anew and painted.

        Args:
            follow: Scroll so that the cursor is in view.
        """
        height = max(1, self.size.height)
        if follow and self.size.height:  # a tree that is not shown stays at the top
            row = self._model.cursor_row
            self._top = min(max(self._top, row - height + 1), row)
        self._top = max(0, min(self._top, self._model.count - height))
        self._rows = None
        self.refresh()

    def _show_cursor(self) -> None:
        self._changed()

    @override
    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()
        self._rows = None

    def on_mount(self) -> None:
        """Hear of everything that may cover the rows."""
        self.screen.screen_layout_refresh_signal.subscribe(
            self, lambda _: self._terminal.check(), immediate=True
        )

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._changed()

    def on_focus(self) -> None:
        """Show the cursor as the one that moves."""
        self._changed(follow=False)

    def on_blur(self) -> None:
        """Show the cursor as one that waits."""
        self._changed(follow=False)

    def watch_playing(self) -> None:
        """Mark another row."""
        self._changed(follow=False)

    def watch_playing_state(self) -> None:
        """Mark the row in another way."""
        self._changed(follow=False)

    # -- moving

    def _go(self, row: int) -> None:
        moved = self._model.move_to(row)
        self._show_cursor()
        if moved:
            self._tell()

    def _tell(self) -> None:
        group, note_id = self._model.cursor
        self.post_message(self.CursorMoved(group, note_id))

    def _open(self, group: Group, *, is_open: bool) -> None:
        before = self._model.cursor
        if self._model.set_open(group, is_open=is_open):
            self._show_cursor()
        if self._model.cursor != before:
            self._tell()

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
        """Select; fold by a click on the mark; play or fold by a second click."""
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
