"""A list of rows of which one is marked; only those in view are ever laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.message import Message
from typing_extensions import override

from tui.widgets.cells import Cells, Role, Run, cut, fit
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["ListRow", "MarkedList"]

_WHEEL = 3
"""Rows that one notch of the mouse wheel scrolls by."""


class ListRow(NamedTuple):
    """One row, in printable text."""

    text: str
    detail: str = ""
    """What stands at the right side; as wide in all rows to form columns."""
    mark: str = ""
    """A shape before the text."""
    role: Role = Role.TEXT


class MarkedList(Cells):
    """Rows, one of them marked; the keys are bound by the screen.

    Args:
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    MarkedList { height: 1fr; }
    """

    @dataclass
    class Chosen(Message):
        """The marked row was clicked."""

        at: int

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._rows: Sequence[ListRow] = ()
        self._words = ""
        self._first = 0
        self.at = 0
        """The row that is marked."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def fill(self, rows: Sequence[ListRow], words: str = "", at: int = 0) -> None:
        """Show other rows.

        Args:
            rows: The rows.
            words: What to say where there are none.
            at: The row to mark.
        """
        self._rows, self._words = rows, words
        self.mark(at)

    def mark(self, at: int) -> None:
        """Mark another row, the nearest to a number."""
        self.at = max(0, min(at, len(self._rows) - 1))
        height = max(1, self.size.height)
        self._first = min(max(self._first, self.at - height + 1), self.at)
        self._scroll(0)

    def _scroll(self, rows: int) -> None:
        last = max(0, len(self._rows) - max(1, self.size.height))
        self._first = max(0, min(self._first + rows, last))
        self.lay_out()

    @override
    def make_lines(self) -> list[Line]:
        if not self._rows:
            words = cut(self._words, self.size.width - 2, self._glyphs.ellipsis)
            return [(Run(f"  {words}", Role.DIM),)]
        height = max(1, self.size.height)
        # The height may be another than when the row was marked.
        last = max(0, len(self._rows) - height)
        self._first = max(0, min(self._first, last))
        shown = range(self._first, min(self._first + height, len(self._rows)))
        return [self._line(at) for at in shown]

    def _line(self, at: int) -> Line:
        row, is_marked = self._rows[at], at == self.at
        width = self.size.width
        head = f"{self._glyphs.play if is_marked else ' '} "
        if row.mark:
            head += f"{row.mark} "
        detail = cut(row.detail, width // 2, self._glyphs.ellipsis)
        room = max(1, width - cell_len(head) - cell_len(detail) - 1)
        text = fit(cut(row.text, room, self._glyphs.ellipsis), room)
        role = Role.ACCENT if is_marked else row.role
        tail = Role.ACCENT if is_marked else Role.DIM
        return Run(head, Role.ACCENT), Run(text, role), Run(f" {detail}", tail)

    def on_resize(self) -> None:
        """Keep the marked row in view."""
        self.mark(self.at)

    def on_click(self, event: events.Click) -> None:
        """Mark a row; choose the one that is marked."""
        event.stop()
        at = self._first + event.y
        if at >= len(self._rows):
            return
        if at == self.at:
            self.post_message(self.Chosen(at))
        else:
            self.mark(at)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self._scroll(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self._scroll(-_WHEEL)
