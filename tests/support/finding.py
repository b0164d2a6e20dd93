"""A browser that searches a real library, and what a test does with it."""

from __future__ import annotations

from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.fakes import Fakes
from tests.support.library import START_MS
from tests.support.searched_library import Facts, SearchedLibrary
from tests.ui.conftest import Browser
from tui.app import EarmarkApp
from tui.browse import Finder
from tui.library import Library
from tui.model import Bookmark, Direction, Played
from tui.widgets.search_bar import SearchBar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from textual.widgets import Input

    Opening = Callable[..., AbstractAsyncContextManager["Finding"]]

__all__ = [
    "DAY_MS",
    "EVIL",
    "SIZES",
    "Finding",
    "Stage",
    "opening_of",
    "row_of",
    "saved",
    "search_stage",
]

DAY_MS = 86_400_000
RECIPES = (
    Facts(
        chat="Ana",
        sender="Ana",
        direction=Direction.RECEIVED,
        sent_ms=START_MS,
        duration_ms=42_000,
        transcripts=("so the recipe is really simple you take a kilo of flour",),
    ),
    Facts(
        chat="Family",
        sender="Bob",
        direction=Direction.RECEIVED,
        sent_ms=START_MS - 2 * DAY_MS,
        duration_ms=130_000,
        bookmarks=(Bookmark(60_000, "the recipe"),),
        played=Played.PLAYED,
    ),
    Facts(
        chat="Family",
        sender="Ana",
        sent_ms=START_MS - 3 * DAY_MS,
        duration_ms=10_000,
        comment="ask for the recipe [/] on Sunday",
        tags=("food/cakes", "sunday"),
    ),
)
"""Three notes with a word, the newest first."""
OTHERS = tuple(
    Facts(
        chat="My choir" if number % 3 else "Family",
        sender="Lena",
        sent_ms=START_MS - (10 + number) * DAY_MS,
        duration_ms=5_000 + number * 1000,
        transcripts=(f"song number {number}",),
    )
    for number in range(24)
)
EVIL = "[/]\x1b[31m\u202e\nx"


class Stage(NamedTuple):
    """A library and the browser on it."""

    library: SearchedLibrary
    ids: list[int]
    """Notes with the word first, then the others."""


@contextmanager
def search_stage(folder: Path) -> Iterator[Stage]:
    """Make a library of 27 notes in three chats."""
    with (
        Library.open(folder / "library.db") as library,
        closing(library.index_writer()) as writer,
    ):
        searched = SearchedLibrary(library, writer)
        ids = searched.add(*RECIPES, *OTHERS)
        searched.index()
        yield Stage(searched, ids)


class Finding(Browser):
    """A browser with shortcuts to the search."""

    @property
    def bar(self) -> SearchBar:
        """The search bar."""
        return self.app.main.query_one(SearchBar)

    @property
    def line(self) -> Input:
        """The line to type in."""
        return self.bar.line

    async def type(self, text: str) -> None:
        """Type, a key at a time, and wait until it is found."""
        for char in text:
            await self.pilot.press(char if char.isalnum() else _KEYS.get(char, char))
        await self.settle()

    async def search(self, text: str, notes: int) -> None:
        """Search for something, without accepting it."""
        await self.press("slash")
        await self.until(lambda: self.app.focused is self.line)
        self.bar._put(text)
        await self.until(lambda: self.shown == notes)

    @property
    def shown(self) -> int:
        """How many hits the tree shows; -1 without a search."""
        tree = self.app.main.note_tree
        return -1 if tree.search is None else tree.model.count - 1

    @property
    def at(self) -> int | None:
        """The note under the cursor."""
        return self.app.main.note_tree.cursor_note

    @property
    def last_line(self) -> str:
        """The last line of the search bar."""
        lines = self.screen.split("\n")
        return lines[self.app.main.bar.region.y - 1]


_KEYS = {
    " ": "space",
    ":": "colon",
    "-": "minus",
    '"': "quotation_mark",
    ">": "greater_than_sign",
    "/": "slash",
}


def saved(browser: Finding) -> list[tuple[str, str]]:
    """Names and queries of the saved searches."""
    searches = browser.app._services.reader.saved_searches()
    return [(each.name, each.query) for each in searches]


def row_of(browser: Finding, words: str) -> str:
    """The first line of the screen with some words."""
    lines = browser.screen.split("\n")
    return next((line for line in lines if words in line), "")


def opening_of(stage: Stage) -> Opening:
    """Give a context manager that runs the browser on a library."""

    @asynccontextmanager
    async def run(
        size: tuple[int, int] = (80, 24), *, ascii_only: bool = False, **other: object
    ) -> AsyncIterator[Finding]:
        library, fakes = stage.library.library, Fakes()

        def follow(tell: Callable[..., None], since: int) -> Callable[[], None]:
            return library.follow(tell, since=since).stop

        finder = Finder(library.reader)
        services = fakes.services._replace(
            reader=library.reader(),
            follow=follow,
            naming=library.directory,
            editing=library.edits,
            finding=finder,
            close=lambda: None,
        )
        services = services._replace(**other)  # type: ignore[arg-type]  # by name
        with closing(finder), closing(services.reader):
            app = EarmarkApp(services, ascii_only=ascii_only)
            async with app.run_test(size=size, notifications=True) as pilot:
                browser = Finding(app, pilot, fakes)
                await browser.until(lambda: fakes.indexing.is_started)
                await browser.settle()
                yield browser

    return run


SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
"""A small and a large terminal."""
