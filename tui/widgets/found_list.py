"""Folders to choose from: what each is, why, and what would tell more of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual.binding import Binding
from textual.message import Message
from typing_extensions import override

from tui.widgets.cells import Cells, Role, Run, cut, fit
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["FoundFolder", "FoundList", "found_lines"]

_INDENT = 8
"""Cells before the lines below a folder: cursor, box and blanks."""


class FoundFolder(NamedTuple):
    """One folder of the list, in printable text."""

    root: bytes
    place: str
    what: str
    is_chosen: bool
    reason: str = ""
    needs: tuple[str, ...] = ()


def found_lines(
    folders: Sequence[FoundFolder],
    cursor: int,
    cells: int,
    height: int,
    glyphs: Glyphs = UNICODE,
) -> tuple[list[Line], list[int]]:
    """Lay out the list.

    Args:
        folders: The folders.
        cursor: The number of the one under the cursor; -1 for none.
        cells: The width.
        height: The lines that there are: with room, blank ones stand between.
        glyphs: The marks.

    Returns:
        The lines, and for each folder the line that it begins at.
    """
    blocks = [
        _block(folder, is_here=at == cursor, cells=cells, glyphs=glyphs)
        for at, folder in enumerate(folders)
    ]
    has_room = sum(map(len, blocks)) + len(blocks) - 1 <= height
    lines: list[Line] = []
    starts = []
    for block in blocks:
        if lines and has_room:
            lines.append(())
        starts.append(len(lines))
        lines += block
    return lines, starts


def _block(
    folder: FoundFolder, *, is_here: bool, cells: int, glyphs: Glyphs
) -> list[Line]:
    mark = glyphs.rows.folded if is_here else " "
    box = "[x]" if folder.is_chosen else "[ ]"
    room = max(0, cells - _INDENT - 1)
    what = cut(folder.what, room // 2, glyphs.ellipsis)
    place = cut(folder.place, room - cell_len(what) - 2, glyphs.ellipsis)
    name = Role.STRONG if folder.is_chosen else Role.TEXT
    lines: list[Line] = [
        (
            Run(f" {mark} ", Role.ACCENT),
            Run(f"{box}  ", Role.ACCENT if folder.is_chosen else Role.DIM),
            Run(fit(place, max(0, room - cell_len(what))), name),
            Run(what, Role.DIM),
        )
    ]
    pad = Run(" " * _INDENT)
    if folder.reason:
        text = cut(folder.reason, room, glyphs.ellipsis)
        lines.append((pad, Run(text, Role.DIM)))
    for need in folder.needs:
        text = cut(f"{glyphs.to} {need}", room, glyphs.ellipsis)
        lines.append((pad, Run(text, Role.WARN)))
    return lines


class FoundList(Cells, can_focus=True):
    """A list of folders with boxes."""

    DEFAULT_CSS = """
    FoundList { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", id="first.down"),
        Binding("k,up", "move(-1)", "Up", id="first.up"),
        Binding("g,home", "move(-9999)", "Top", id="first.top"),
        Binding("G,end", "move(9999)", "Bottom", id="first.bottom"),
        Binding("space,x", "choose", "Choose", id="first.choose"),
    ]

    class Toggled(Message):
        """A folder was chosen, or not any more.

        Args:
            root: The folder.
        """

        def __init__(self, root: bytes) -> None:
            super().__init__()
            self.root = root

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._folders: tuple[FoundFolder, ...] = ()
        self._cursor: bytes | None = None
        """The folder under the cursor; the cursor stays on it while others come."""

    @property
    def cursor(self) -> int:
        """The number of the folder under the cursor; 0 in an empty list."""
        roots = [folder.root for folder in self._folders]
        return roots.index(self._cursor) if self._cursor in roots else 0

    def update(self, folders: Sequence[FoundFolder]) -> None:
        """Show other folders."""
        self._folders = tuple(folders)
        self.lay_out()
        self._keep_in_view()

    def go_to(self, root: bytes) -> None:
        """Put the cursor on a folder."""
        self._cursor = root
        self.lay_out()
        self._keep_in_view()

    def action_move(self, delta: int) -> None:
        """Move the cursor."""
        if self._folders:
            at = max(0, min(len(self._folders) - 1, self.cursor + delta))
            self.go_to(self._folders[at].root)

    def action_choose(self) -> None:
        """Choose the folder under the cursor, or not."""
        if self._folders:
            root = self._folders[self.cursor].root
            self._cursor = root
            self.post_message(self.Toggled(root))

    def on_focus(self) -> None:
        """Show the cursor."""
        self.lay_out()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.lay_out()

    def _keep_in_view(self) -> None:
        if self._folders and self.size.height:
            lines, starts = self._laid_out()
            at = self.cursor
            end = starts[at + 1] if at + 1 < len(starts) else len(lines)
            if end > self.top + self.size.height:
                self.scroll_lines(end - self.top - self.size.height)
            if starts[at] < self.top:
                self.scroll_lines(starts[at] - self.top)

    def _laid_out(self) -> tuple[list[Line], list[int]]:
        cursor = self.cursor if self.has_focus else -1
        return found_lines(
            self._folders, cursor, self.size.width, self.size.height, self._glyphs
        )

    @override
    def make_lines(self) -> list[Line]:
        return self._laid_out()[0]
