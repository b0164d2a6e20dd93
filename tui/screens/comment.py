"""Writing a comment: some lines, here or in the user's own editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import SuspendNotSupported
from textual.binding import Binding
from textual.containers import Vertical
from textual.getters import query_one
from textual.widgets import TextArea
from typing_extensions import override

from tui.errors import EarmarkError
from tui.screens._editor import edit_text
from tui.screens.framed import ConfirmScreen, FramedScreen
from tui.text import printable
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.widgets.glyphs import Glyphs

__all__ = ["CommentScreen"]


def _lines(text: str) -> str:
    """Make text of several lines safe for a terminal."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(map(printable, lines))


class _Editor(TextArea):
    """Takes nothing from the clipboard that a terminal would obey."""

    def on_paste(self, event: events.Paste) -> None:
        """Make the text safe; the area itself takes it then."""
        event.text = _lines(event.text)


class CommentScreen(FramedScreen["str | None"]):
    """Some lines to write in; None when nothing is to be changed.

    Args:
        title: What the comment is on.
        text: What stands there at first.
        hint: What stands there while it is empty.
        sources: The roots of the sources, where no editor may write.
        editor: The command that the settings name for it; empty for none.
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    CommentScreen > Vertical {
        max-width: 90;
        height: 60%;
        min-height: 8;
    }
    CommentScreen TextArea, CommentScreen TextArea:focus {
        border: none;
        padding: 0;
        background: $surface;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter", "save", "Save", id="comment.save"),
        Binding("ctrl+e", "edit", "Editor", id="comment.editor", priority=True),
    ]
    AUTO_FOCUS = "_Editor"

    area = query_one(_Editor)

    def __init__(
        self,
        title: str,
        *,
        text: str = "",
        hint: str = "",
        sources: Sequence[bytes] = (),
        editor: str = "",
        glyphs: Glyphs = UNICODE,
    ) -> None:
        keys = ("Ctrl+s saves", "Ctrl+e editor", "Esc")
        super().__init__(printable(title), keys, glyphs)
        self._before = _lines(text)
        self._hint = hint
        self._sources = sources
        self._own_editor = editor

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield _Editor(
                self._before,
                placeholder=self._hint,
                highlight_cursor_line=False,
            )

    @override
    def on_mount(self) -> None:
        self.area.cursor_blink = False
        self.area.move_cursor(self.area.document.end)

    @property
    def is_changed(self) -> bool:
        """Whether anything was written."""
        return self.area.text.rstrip() != self._before.rstrip()

    def action_save(self) -> None:
        """Keep what is written."""
        text = self.area.text.rstrip()
        self.dismiss(text if self.is_changed else None)

    @override
    def action_close(self) -> None:
        if not self.is_changed:
            self.dismiss(None)
            return
        question = ConfirmScreen(
            "Close it without what you wrote?",
            keys=("Enter closes it", "Esc goes back"),
            glyphs=self._glyphs,
        )
        self.app.push_screen(question, self._close)

    def _close(self, sure: bool | None) -> None:  # noqa: FBT001  # the answer
        if sure:
            self.dismiss(None)

    def action_edit(self) -> None:
        """Write on in the user's own editor; what can't be read stays as it was."""
        try:
            with self.app.suspend():
                text = edit_text(self.area.text, self._sources, own=self._own_editor)
        except SuspendNotSupported:
            self._say("This terminal can't be lent to an editor")
        except EarmarkError as error:
            self._say(error.message)
        else:
            self.area.text = _lines(text)
            self.area.move_cursor(self.area.document.end)

    def _say(self, text: str) -> None:
        self.notify(printable(text), severity="warning", markup=False)
