"""The rows of the tree on the screen: made for what is in view, and painted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
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

    from textual.geometry import Region

    from tui.browse import NoteItem, TreeModel
    from tui.model import NoteId, NoteRow
    from tui.rowtext import Line

__all__ = ["TreeRows"]

_KEPT = 600
"""Rows kept as they were drawn: some screens."""


class TreeRows(LateStyles):
    """Shows the rows of a model, of which only those in view are ever made.

    It keeps its own place in the list (`top`) and is painted by `TerminalRows`, or by
    Textual where that can't be.

    Args:
        model: The rows.
        ascii_only: Use marks that every terminal has.
        empty: What to say while there are no rows.
        now: The clock, seconds since 1970.
        id: As for every widget.
        classes: As for every widget.
    """

    REST_S: ClassVar = 0.5
    """How long nothing must change until the rows count as read."""

    @dataclass
    class Rested(Message):
        """The rows in view have stood still for a while."""

        rows: list[NoteRow]
        """The notes among them, from the top."""

    playing: reactive[NoteId | None] = reactive(None)
    """The note that the player holds; its row is marked."""
    playing_state: reactive[str] = reactive("playing")
    """The value of a `PlayerState`: what the player does with it."""

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
        self._changed_s = 0.0
        """When they last changed, by a clock that only goes on."""
        self._is_resting = False
        """Somebody looks already whether they stand still."""
        self.snippets: Callable[[NoteId], str] | None = None
        """Tells the words of a note around what a search found."""

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
            if not look and not isinstance(item, NodeItem) and item.is_selected:
                look = "selected"
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
        snippet = self._snippet(item)
        key = (item, look, width, hour, player, snippet)
        row = self._drawn.get(key)
        if row is None:
            line = item_line(
                item,
                width,
                self._now(),
                self._glyphs,
                player=player,
                snippet=snippet,
            )
            row = self._keep(key, self._draw(line, look, width))
        return row

    def _snippet(self, item: NodeItem | NoteItem) -> str:
        """Ask for the words that a search found; empty for the note's own."""
        if self.snippets is None or isinstance(item, NodeItem):
            return ""
        return self.snippets(item.note_id) if self._model.search is not None else ""

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
            if name == "wave":
                # Whatever lies under its row, it stays: a move of the cursor would
                # cost twice the bytes otherwise.
                style = self.part_style("note-tree--wave")
            elif name and look != "cursor":  # the cursor's row is one colour
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
        self._changed_s = time.monotonic()
        if not self._is_resting:
            self._is_resting = True
            self.set_timer(self.REST_S, self._rest)

    def _rest(self) -> None:
        """Tell what is in view, or wait on while it changes."""
        left_s = self._changed_s + self.REST_S - time.monotonic()
        if left_s > 0.01:
            self.set_timer(left_s, self._rest)
            return
        self._is_resting = False
        rows = (
            None if isinstance(item, NodeItem) else item.row for item in self._seen()
        )
        self.post_message(self.Rested([row for row in rows if row is not None]))

    def _seen(self) -> list[NodeItem | NoteItem]:
        """List what is painted; nothing while the rows are not on the screen."""
        return self._in_view if self._rows is not None else []

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
