"""What is laid over the browser in a frame: small questions, and lists to act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input
from typing_extensions import override

from tui.text import printable
from tui.widgets.cells import Run
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import MarkedList
from tui.widgets.paragraphs import Paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.widgets.glyphs import Glyphs
    from tui.widgets.marked_list import ListRow

__all__ = [
    "ConfirmScreen",
    "FramedScreen",
    "LineScreen",
    "ListScreen",
    "PlainInput",
]

_R = TypeVar("_R")
_FRAME = 2
"""Rows of the frame itself."""
_LOWEST = 5
_PAGE = 10


class PlainInput(Input):
    """A line to type in, into which nothing can be pasted that a terminal obeys."""

    def on_mount(self) -> None:
        """A cursor that blinks would be sent to the terminal for ever."""
        self.cursor_blink = False

    def on_paste(self, event: events.Paste) -> None:
        """Take several lines as one; the line itself takes what is left here."""
        lines = event.text.replace("\r", "\n").split("\n")
        event.text = " ".join(printable(line) for line in lines if line)


class FramedScreen(ModalScreen[_R]):
    """A frame in the middle, with a title, and below what the keys do.

    Args:
        title: What it is, in printable text.
        keys: What the keys do.
        glyphs: The marks.
    """

    # Here and not with the other rules: those are read before the first picture.
    DEFAULT_CSS = """
    FramedScreen {
        align: center middle;
        background: $background 60%;
    }
    FramedScreen > Vertical {
        width: 90%;
        max-width: 72;
        height: auto;
        max-height: 80%;
        padding: 0 1;
        background: $surface;
        border: round $border;
        border-title-color: $primary;
        border-subtitle-color: $foreground 60%;
    }
    FramedScreen Input, FramedScreen Input:focus {
        height: 1;
        padding: 0 1;
        border: none;
        background: $surface;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="frame.close"),
    ]

    def __init__(
        self, title: str, keys: Iterable[str], glyphs: Glyphs = UNICODE
    ) -> None:
        super().__init__()
        self._title = title
        self._keys = tuple(keys)
        self._glyphs = glyphs

    @property
    def frame(self) -> Vertical:
        """What holds everything."""
        return self.query_one("#frame", Vertical)

    def on_mount(self) -> None:
        """Say what this is, in the frame."""
        self.show_frame(self._title, self._keys)

    def show_frame(self, title: str, keys: Iterable[str]) -> None:
        """Write the frame's own lines, which are no markup."""
        from textual.content import Content

        frame = self.frame
        frame.border_title = Content(title)
        frame.border_subtitle = Content(f" {self._glyphs.dot} ".join(keys))

    def action_close(self) -> None:
        """Go back, and do nothing."""
        self.dismiss(None)


class ConfirmScreen(FramedScreen[bool]):
    """Asks whether to do something.

    Args:
        question: What would be done.
        why: What to know before.
        keys: What the keys do.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "confirm", "Yes", id="confirm.yes"),
        Binding("n", "close", "No", show=False, id="confirm.no"),
    ]

    def __init__(
        self,
        question: str,
        why: str = "",
        *,
        keys: Sequence[str] = ("Enter does it", "Esc does not"),
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__("", keys, glyphs)
        self._texts = [Run(printable(text)) for text in (question, why) if text]

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield Paragraphs(self._texts)

    def action_confirm(self) -> None:
        """Do it."""
        self.dismiss(True)  # noqa: FBT003  # the answer

    @override
    def action_close(self) -> None:
        self.dismiss(False)  # noqa: FBT003  # the answer


class LineScreen(FramedScreen["str | None"]):
    """A line to type in; None when it was left.

    Args:
        title: What it is for.
        text: What stands in it at first.
        hint: What stands there while nothing is typed.
        keys: What the keys do.
        glyphs: The marks.
    """

    AUTO_FOCUS = "PlainInput"

    def __init__(
        self,
        title: str,
        *,
        text: str = "",
        hint: str = "",
        keys: Sequence[str] = ("Enter keeps it", "Esc leaves it"),
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__(printable(title), keys, glyphs)
        self._text = printable(text)
        self._hint = hint

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield PlainInput(self._text, placeholder=self._hint, select_on_focus=False)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        text = " ".join(event.value.split())
        # What could only be shown escaped is not to be replaced by how it was shown.
        self.dismiss(None if text == " ".join(self._text.split()) else text)


class ListScreen(FramedScreen[_R]):
    """A list of rows, of which one is marked.

    Args:
        title: What it is, in printable text.
        keys: What the keys do.
        empty: What to say where there is nothing.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("pagedown,ctrl+d", f"move({_PAGE})", "Page down", id="list.page_down"),
        Binding("pageup,ctrl+u", f"move(-{_PAGE})", "Page up", id="list.page_up"),
        Binding("home,g", "move(-1000000)", "Top", show=False, id="list.top"),
        Binding("end,G", "move(1000000)", "Bottom", show=False, id="list.bottom"),
        Binding("enter", "choose", "Choose", show=False, id="list.choose"),
        Binding("q", "close", "Close", show=False, id="list.close"),
    ]

    list = query_one(MarkedList)

    def __init__(
        self, title: str, keys: Iterable[str], empty: str, glyphs: Glyphs = UNICODE
    ) -> None:
        super().__init__(title, keys, glyphs)
        self._empty = empty
        self.is_read = False
        """Whether the rows are there already."""

    @override
    def compose(self) -> ComposeResult:
        frame = Vertical(id="frame")
        frame.styles.height = _LOWEST  # until the rows are there
        with frame:
            yield MarkedList(self._glyphs)

    def fill(self, rows: Sequence[ListRow], at: int = 0) -> None:
        """Show other rows; the frame grows to hold them, and never shrinks."""
        self.is_read = True
        frame = self.frame
        wanted = max(_LOWEST, len(rows) + _FRAME)
        height = frame.styles.height
        if height is None or height.value < wanted:
            frame.styles.height = wanted
        self.list.fill(rows, self._empty, at)

    def action_move(self, rows: int) -> None:
        """Mark another row."""
        self.list.mark(self.list.at + rows)

    def action_choose(self) -> None:
        """Do what Enter stands for, with the marked row."""

    @on(MarkedList.Chosen)
    def _choose_clicked(self, event: MarkedList.Chosen) -> None:
        event.stop()
        self.action_choose()
