"""Marks on a real library: written by a key, shown everywhere, taken back."""

from __future__ import annotations

from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from tests.fakes import Fakes
from tests.support.edited_library import CHATS, PEOPLE, EditedLibrary
from tests.support.marking import ask, shows
from tests.ui.conftest import Browser
from tui.app import EarmarkApp
from tui.audio import PlayerState
from tui.library import Library
from tui.library._people import ChatTold, PersonTold
from tui.model import Bookmark, NoteId
from tui.playback import NowPlaying
from tui.screens.bookmarks import BookmarksScreen
from tui.screens.changes import ChangesScreen
from tui.screens.comment import CommentScreen
from tui.screens.framed import ConfirmScreen, LineScreen
from tui.screens.tag import TagScreen
from tui.screens.tags import TagsScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tui.model import Note

    Opening = Callable[..., AbstractAsyncContextManager[Browser]]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[EditedLibrary]:
    """A library of two told chats and two folders."""
    with (
        Library.open(tmp_path / "library.db") as library,
        closing(library.index_writer()) as writer,
    ):
        told = EditedLibrary(library, writer)
        told.index()
        told.read(
            (
                ChatTold(0, CHATS[0], "group", "Family", 7, 1.0),
                ChatTold(0, CHATS[1], "group", "Choir", 7, 1.0),
            ),
            (PersonTold(PEOPLE[0], "Ana", 4), PersonTold(PEOPLE[1], "Bob", 4)),
        )
        yield told


@pytest.fixture
def opening(told: EditedLibrary) -> Opening:
    """Give a context manager that runs the browser on that library."""

    @asynccontextmanager
    async def run(size: tuple[int, int] = (110, 30)) -> AsyncIterator[Browser]:
        library, fakes = told.library, Fakes()

        def follow(tell: Callable[..., None], since: int) -> Callable[[], None]:
            return library.follow(tell, since=since).stop

        services = fakes.services._replace(
            reader=library.reader(),
            follow=follow,
            naming=library.directory,
            editing=library.edits,
            close=lambda: None,
        )
        with closing(services.reader):
            app = EarmarkApp(services)
            async with app.run_test(size=size, notifications=True) as pilot:
                browser = Browser(app, pilot, fakes)
                await browser.until(lambda: fakes.indexing.is_started)
                await browser.settle()
                yield browser

    return run


def note_of(told: EditedLibrary, path: bytes) -> Note:
    """Read a note anew."""
    with closing(told.library.reader()) as reader:
        note = reader.note(NoteId(told.note_ids()[path]))
    assert note is not None
    return note


async def go_to(browser: Browser, told: EditedLibrary, path: bytes) -> None:
    """Put the cursor on a note."""
    assert browser.app.main.note_tree.reveal(NoteId(told.note_ids()[path]))
    await browser.settle()


async def test_every_mark_is_shown_and_taken_back(
    opening: Opening, told: EditedLibrary
) -> None:
    """Each by its key; `z` as often brings everything back as it was."""
    before = note_of(told, b"x/3")
    now = NowPlaying(
        note_id=before.row.id, state=PlayerState.PLAYING, position_ms=1000, chat="x"
    )
    async with opening() as browser:
        await go_to(browser, told, b"x/3")
        await browser.press("s")
        await browser.until(lambda: "★" in browser.screen)
        await browser.press("u")
        await browser.until(lambda: note_of(told, b"x/3").row.played == 2)
        await ask(browser, "t", TagScreen)
        await browser.press(*"work/clients", "enter")
        await browser.until(lambda: "★ #work/clients" in browser.screen)
        await ask(browser, "c", CommentScreen)
        await browser.press(*"ask [/] her", "enter", *"about it", "ctrl+s")
        await browser.until(lambda: "│ ask [/] her" in browser.screen)
        assert "│ about it" in browser.screen
        await ask(browser, "C", LineScreen)
        await browser.press(*"Flour", "enter")
        await browser.until(lambda: " Flour" in browser.screen)
        browser.fakes.playing.tell(now)
        await ask(browser, "b", LineScreen)
        await browser.press(*"oven", "enter")
        await browser.until(
            lambda: note_of(told, b"x/3").bookmarks == (Bookmark(1000, "oven"),)
        )
        await browser.until(lambda: "oven" in browser.screen)
        note = note_of(told, b"x/3")
        assert note.row.star
        assert note.row.tags == ("work/clients",)
        assert note.own_title == note.row.title == "Flour"
        assert note.comment == "ask [/] her\nabout it"
        for _ in range(7):
            await browser.press("z")
        await browser.until(lambda: note_of(told, b"x/3") == before)
        await browser.until(lambda: "★" not in browser.screen)


async def test_a_chat_is_tagged_and_its_tag_renamed(
    opening: Opening, told: EditedLibrary
) -> None:
    """All notes of the group under the cursor; then in the screen of all tags."""
    async with opening((80, 24)) as browser:
        await go_to(browser, told, b"x/0")
        await browser.press("h")
        assert browser.app.main.note_tree.cursor_note is None
        await ask(browser, "t", TagScreen)
        await browser.press(*"gift", "enter")
        await browser.until(lambda: note_of(told, b"x/0").row.tags == ("gift",))
        assert note_of(told, b"x/3").row.tags == ()
        await go_to(browser, told, b"x/3")
        await ask(browser, "t", TagScreen)
        await browser.until(lambda: "#gift" in browser.screen)
        await browser.press(*"work/a", "enter")
        await browser.until(lambda: note_of(told, b"x/3").row.tags == ("work/a",))
        await ask(browser, "#", TagsScreen)
        await browser.until(lambda: "#work" in browser.screen)
        await browser.press("G", "k")
        await ask(browser, "r", LineScreen)
        await browser.press("ctrl+u", *"gift")
        await ask(browser, "enter", ConfirmScreen)
        await browser.press("enter")
        await browser.until(lambda: note_of(told, b"x/3").row.tags == ("gift/a",))
        await browser.press("g")
        await ask(browser, "d", ConfirmScreen)
        await browser.press("enter")
        await browser.until(lambda: "no tags yet" in browser.screen)
        assert note_of(told, b"x/3").row.tags == note_of(told, b"x/0").row.tags == ()
        await browser.press("escape", "z", "z")
        await browser.until(lambda: note_of(told, b"x/3").row.tags == ("work/a",))
        assert note_of(told, b"x/0").row.tags == ("gift",)


async def test_changes_survive_a_restart(opening: Opening, told: EditedLibrary) -> None:
    """And are listed, and taken back, by the next browser."""
    async with opening() as browser:
        await go_to(browser, told, b"x/3")
        await browser.press("s", "u")
        await browser.until(lambda: note_of(told, b"x/3").row.played == 2)
    async with opening((80, 24)) as browser:
        await ask(browser, "Z", ChangesScreen)
        await browser.until(lambda: "marked played" in browser.screen)
        assert "is starred" in browser.screen
        await browser.press("j")
        await ask(browser, "enter", ConfirmScreen)
        assert "Take 2 changes back?" in browser.screen
        await browser.press("enter")
        await browser.until(lambda: "nothing was changed yet" in browser.screen)
        assert not note_of(told, b"x/3").row.star
        assert note_of(told, b"x/3").row.played == 0


async def test_a_name_that_cannot_be_is_told(
    opening: Opening, told: EditedLibrary
) -> None:
    """The library says what is wrong with it, and nothing was changed."""
    async with opening() as browser:
        await go_to(browser, told, b"x/3")
        await ask(browser, "t", TagScreen)
        await browser.press(*"x" * 101, "enter")
        await browser.until(lambda: bool(browser.notices))
        assert "tag" in browser.notices[0]
        assert note_of(told, b"x/3").row.tags == ()


async def test_what_another_program_writes_is_seen(
    opening: Opening, told: EditedLibrary
) -> None:
    """Within a second: in the tree, the details and the list that is open."""
    async with opening() as browser:
        await go_to(browser, told, b"x/3")
        note_id = told.note_ids()[b"x/3"]
        with told.library.edits() as edits:
            edits.add_bookmark(note_id, 1000, "oven")
            edits.set_star([note_id], on=True)
        await browser.until(lambda: "★" in browser.screen and "oven" in browser.screen)
        await ask(browser, "B", BookmarksScreen)
        await browser.press("d")
        await browser.until(lambda: note_of(told, b"x/3").bookmarks == ())
        await browser.press("escape")
        assert not shows(browser, BookmarksScreen)
