"""The bookmarks of a note: going to one, writing to it, taking it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from typing_extensions import override

from tui.screens.framed import LineScreen, ListScreen
from tui.text import clock, printable
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.binding import BindingType

    from tui.model import Bookmark
    from tui.widgets.glyphs import Glyphs

__all__ = ["BookmarksScreen"]

_KEYS = ("Enter plays", "e text", "d removes", "Esc")
_EMPTY = "no bookmarks: b marks the moment that plays"


class BookmarksScreen(ListScreen["int | None"]):
    """Lists bookmarks; gives the moment of the one to play from.

    Args:
        title: Whose they are.
        load: Reads them.
        write: Gives the one at a moment another text.
        remove: Takes the one at a moment away.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e,c", "edit", "Write to it", id="bookmarks.edit"),
        Binding("d,delete", "remove", "Remove", id="bookmarks.remove"),
    ]

    def __init__(
        self,
        title: str,
        load: Callable[[], Sequence[Bookmark]],
        write: Callable[[int, str], Awaitable[None]],
        remove: Callable[[int], Awaitable[None]],
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__(printable(title), _KEYS, _EMPTY, glyphs)
        self._load = load
        self._write = write
        self._remove = remove
        self._bookmarks: Sequence[Bookmark] = ()

    @override
    def on_mount(self) -> None:
        self.show()

    def show(self) -> None:
        """Read the bookmarks again."""
        self._bookmarks = self._load()
        times = [clock(bookmark.at_ms) for bookmark in self._bookmarks]
        widest = max(map(len, times), default=0)
        rows = [
            ListRow(f"{time:>{widest}}  {printable(bookmark.text)}")
            for time, bookmark in zip(times, self._bookmarks, strict=True)
        ]
        self.fill(rows, self.list.at)

    @property
    def _marked(self) -> Bookmark | None:
        at = self.list.at
        return self._bookmarks[at] if at < len(self._bookmarks) else None

    def action_choose(self) -> None:
        """Play from the marked one."""
        if self._marked is not None:
            self.dismiss(self._marked.at_ms)

    def action_edit(self) -> None:
        """Give the marked one another text."""
        marked = self._marked
        if marked is None:
            return
        question = LineScreen(
            f"Bookmark at {clock(marked.at_ms)}", text=marked.text, glyphs=self._glyphs
        )

        def follow(text: str | None) -> None:
            if text is not None:
                self._then(self._write(marked.at_ms, text))

        self.app.push_screen(question, follow)

    def action_remove(self) -> None:
        """Take the marked one away."""
        if self._marked is not None:
            self._then(self._remove(self._marked.at_ms))

    def _then(self, work: Awaitable[None]) -> None:
        async def follow() -> None:
            await work
            if self.is_attached:
                self.show()

        self.run_worker(follow(), group="bookmarks")
