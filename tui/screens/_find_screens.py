"""Lists to choose from: saved searches, and what the tree is grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on
from textual.binding import Binding
from textual.widgets import Input
from typing_extensions import override

from tui.model import GroupBy
from tui.screens.finding import GROUPINGS
from tui.screens.framed import LineScreen, ListScreen
from tui.text import clock, printable
from tui.widgets.cells import cut, fit
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

    from tui.answers import SavedSearch
    from tui.widgets.glyphs import Glyphs

__all__ = ["GroupScreen", "NameScreen", "SavedChoice", "SavedScreen"]

_NAME = 24
"""Cells of a name at most, where a query stands behind it."""


class GroupScreen(ListScreen["GroupBy | None"]):
    """Asks what to group the tree by.

    Args:
        now: What it is grouped by.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"take('{by}')", name, show=False, id=f"group.{by}")
        for key, by, name in GROUPINGS
    ]

    def __init__(self, now: GroupBy, glyphs: Glyphs = UNICODE) -> None:
        super().__init__("Group by", ("Enter, or its key", "Esc closes"), "", glyphs)
        self._now = now

    @override
    def on_mount(self) -> None:
        super().on_mount()
        rows = [
            ListRow(f"{key}   {name}", "now" if by is self._now else "")
            for key, by, name in GROUPINGS
        ]
        kinds = [by for _, by, _ in GROUPINGS]
        self.fill(rows, kinds.index(self._now))

    def action_take(self, by: str) -> None:
        """Group by what a key stands for."""
        self.dismiss(GroupBy(by))

    @override
    def action_choose(self) -> None:
        self.dismiss(GROUPINGS[self.list.at][1])


class NameScreen(LineScreen):
    """Asks for a name; an empty one, or that of before, is an answer too."""

    @on(Input.Submitted)
    def _take_any(self, event: Input.Submitted) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss(" ".join(event.value.split()))


class SavedChoice(NamedTuple):
    """What to do with a saved search."""

    verb: str
    """`open`, `rename`, `remove`; `save` the search that is on."""
    search: SavedSearch | None = None
    """None for `save`."""


class SavedScreen(ListScreen["SavedChoice | None"]):
    """Lists the saved searches.

    Args:
        searches: All of them.
        current: The query that is on, which can be saved; empty for none.
        glyphs: The marks.
        at: The search to mark.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete,ctrl+d", "act('remove')", "Remove", id="saved.remove"),
        Binding("r,ctrl+r", "act('rename')", "Rename", id="saved.rename"),
        Binding("s,ctrl+s", "act('save')", "Save the search", id="saved.save"),
    ]

    def __init__(
        self,
        searches: Sequence[SavedSearch],
        current: str = "",
        glyphs: Glyphs = UNICODE,
        *,
        at: int = 0,
    ) -> None:
        keys = ["Enter opens", "r renames", "Del removes", "Esc"]
        if current:
            keys.insert(1, "s saves this one")
        if not searches:
            keys = ["s saves this search", "Esc"] if current else ["Esc"]
        empty = "none yet: search with /, then save it with Ctrl+s"
        super().__init__("Saved searches", keys, empty, glyphs)
        self._searches = searches
        self._current = current
        self._at = at

    @override
    def on_mount(self) -> None:
        super().on_mount()
        dots = self._glyphs.ellipsis
        names = [cut(printable(each.name), _NAME, dots) for each in self._searches]
        room = max((len(name) for name in names), default=0)
        rows = []
        for name, each in zip(names, self._searches, strict=True):
            query = printable(each.query)
            text = name if query == name else f"{fit(name, room)}  {query}"
            detail = f"{each.notes:,}  {clock(each.duration_ms).rjust(8)}"
            rows.append(ListRow(text, detail))
        self.fill(rows, self._at)

    @override
    def action_choose(self) -> None:
        self.action_act("open")

    def action_act(self, verb: str) -> None:
        """Do something with the marked search.

        Args:
            verb: As in `SavedChoice`.
        """
        if verb == "save":
            if self._current:
                self.dismiss(SavedChoice(verb))
        elif self._searches:
            self.dismiss(SavedChoice(verb, self._searches[self.list.at]))
