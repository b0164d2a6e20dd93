"""The command palette's entries: every action that has a key, and a few that have none.

Loaded when the palette is opened for the first time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Provider
from textual.content import Content
from typing_extensions import override

from tui.screens import collecting, finding
from tui.screens._keys import bound_actions, key_name
from tui.screens.people import PALETTE
from tui.widgets.cells import cut, fit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.command import Hits

__all__ = ["ActionCommands", "Command"]


_TITLE, _KEYS = 22, 20
"""Cells of the first two columns."""


class Command(NamedTuple):
    """One entry of the palette."""

    title: str
    keys: str
    help: str
    run: Callable[[], Awaitable[object] | object]

    def row(self, title: Content, cells: int) -> Content:
        """Write the entry as one line.

        Args:
            title: The title, with the letters that match marked.
            cells: How wide the palette is.
        """
        pad = " " * max(2, _TITLE - title.cell_length)
        keys = fit(self.keys, _KEYS - 1) + " "
        help_text = self.help.rstrip(".")
        is_repeated = help_text.casefold() == title.plain.casefold()
        text = "" if is_repeated else cut(help_text, cells - _TITLE - _KEYS)
        return Content.assemble(
            title, pad, (keys, "$primary"), (text, "$foreground 60%")
        )


class ActionCommands(Provider):
    """Offers what the screen below can do."""

    def commands(self) -> list[Command]:
        """List the entries: by area, as the help lists them."""
        found = [
            Command(
                bound.title,
                " ".join(map(key_name, bound.keys)),
                bound.help,
                partial(self.app.run_action, bound.action, bound.node),
            )
            for bound in bound_actions(self.screen)
        ]
        found += [
            Command(title, "", text, partial(self.app.run_action, f"people('{name}')"))
            for title, name, text in PALETTE
        ]
        found += [
            Command(title, "", text, partial(self.app.run_action, f"find('{name}')"))
            for title, name, text in finding.PALETTE
        ]
        found += [
            Command(title, "", text, partial(self.app.run_action, f"marks('{name}')"))
            for title, name, text in collecting.PALETTE
        ]
        found.append(
            Command(
                "Choose a theme",
                "",
                "Other colours, light or dark",
                self.app.search_themes,
            )
        )
        return found

    @property
    def _cells(self) -> int:
        return min(90, self.app.size.width) - 8

    @override
    async def discover(self) -> Hits:
        for entry in self.commands():
            row = entry.row(Content(entry.title), self._cells)
            yield DiscoveryHit(row, entry.run, text=entry.title)

    @override
    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in self.commands():
            if (score := matcher.match(entry.title)) > 0:
                row = entry.row(matcher.highlight(entry.title), self._cells)
                yield Hit(score, row, entry.run, text=entry.title)
