"""`A` and `z`: assigning, renaming, merging, splitting, on a real library."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from tests.fakes import Fakes
from tests.support.edited_library import CHATS, PEOPLE, EditedLibrary
from tests.ui.conftest import Browser
from tui.app import EarmarkApp
from tui.errors import LibraryError
from tui.library import Library
from tui.library._people import ChatTold, PersonTold
from tui.model import DocumentState
from tui.screens.pick import Choice, PickScreen, filtered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tui.services import Services

    Opening = Callable[..., AbstractAsyncContextManager[Browser]]

EVIL = "[/]\x1b[31m\u202e\nx"
"""A title that would be markup, colour, and a second line."""


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
    async def run(
        size: tuple[int, int] = (80, 24), **services: object
    ) -> AsyncIterator[Browser]:
        library, fakes = told.library, Fakes()

        def follow(tell: Callable[..., None], since: int) -> Callable[[], None]:
            return library.follow(tell, since=since).stop

        real = fakes.services._replace(
            reader=library.reader(),
            follow=follow,
            naming=library.directory,
            editing=library.edits,
            close=lambda: None,
        )
        real = real._replace(**services)  # type: ignore[arg-type]  # by name
        with closing(real.reader):
            app = EarmarkApp(real)
            async with app.run_test(size=size, notifications=True) as pilot:
                browser = Browser(app, pilot, fakes)
                await browser.until(lambda: fakes.indexing.is_started)
                await browser.settle()
                yield browser

    return run


async def go_to(browser: Browser, told: EditedLibrary, path: bytes) -> None:
    """Put the cursor on a note."""
    assert browser.app.main.note_tree.reveal(told.note_ids()[path])  # type: ignore[arg-type]  # an id
    await browser.settle()


async def go_to_chat(browser: Browser, title: str) -> None:
    """Put the cursor on a chat."""
    await browser.press("g")
    for _ in range(12):
        tree = browser.app.main.note_tree
        line = browser.screen.split("\n")[1 + tree._model.cursor_row - tree.top]
        if tree.cursor_note is None and f" {title} " in f" {line} ":
            return
        await browser.press("J")
    pytest.fail(f"there is no {title}")


async def ask(browser: Browser, *keys: str) -> PickScreen:
    """Press keys that open a choice, and wait until it is read."""
    await browser.press(*keys)

    def is_open() -> bool:
        screen = browser.app.screen
        return isinstance(screen, PickScreen) and screen._view in screen._known

    await browser.until(is_open)
    await browser.settle()
    screen = browser.app.screen
    assert isinstance(screen, PickScreen)
    return screen


async def test_a_note_is_assigned_and_taken_back(
    opening: Opening, told: EditedLibrary
) -> None:
    """By typing a part of a chat's name; the cursor stays on the note."""
    async with opening() as browser:
        await go_to(browser, told, b"x/3")
        await ask(browser, "A")
        assert "Assign to chat" in browser.screen
        assert "3 notes" in browser.screen
        await browser.press("h", "o", "i")
        assert "Choir" in browser.screen.split("\n", 8)[8]
        assert "new chat “hoi”" in browser.screen
        await browser.press("enter")
        await browser.until(lambda: told.shown()[b"x/3"].title == "Choir")
        await browser.until(lambda: "1 note is in “Choir” now" in browser.top)
        assert browser.app.main.note_tree.cursor_note == told.note_ids()[b"x/3"]
        await browser.press("z")
        await browser.until(lambda: told.shown()[b"x/3"].title == "x")
        await browser.until(lambda: "Undone: 1 note is in" in browser.top)
        await browser.press("z")
        await browser.until(lambda: "There is nothing to undo" in browser.top)


async def test_a_new_chat_and_a_new_sender(
    opening: Opening, told: EditedLibrary
) -> None:
    """What nothing is called so is offered last; Tab goes to the senders."""
    async with opening() as browser:
        await go_to(browser, told, b"x/3")
        await ask(browser, "A", *"Radio")
        await browser.press("enter")
        await browser.until(lambda: told.shown()[b"x/3"].title == "Radio")
        await ask(browser, "A")
        await ask(browser, "tab")
        assert "Assign to sender" in browser.screen
        assert "Ana" in browser.screen
        await browser.press(*"Zoe", "enter")
        await browser.until(lambda: told.shown()[b"x/3"].name == "Zoe")


async def test_escape_changes_nothing(opening: Opening, told: EditedLibrary) -> None:
    """Nor do up, down and the paging keys, which only mark another."""
    async with opening() as browser:
        before = told.shown()
        await go_to(browser, told, b"x/3")
        screen = await ask(browser, "A")
        marked = []
        for key in ("down", "down", "up", "pagedown", "pageup"):
            await browser.press(key)
            marked.append(screen.found.at)
        assert marked == [1, 2, 1, 3, 0]
        await browser.press("escape")
        assert not isinstance(browser.app.screen, PickScreen)
        assert told.shown() == before
        with told.library.edits() as edits:
            assert edits.history() == []


async def test_a_chat_is_renamed_merged_and_split(
    opening: Opening, told: EditedLibrary
) -> None:
    """From one key on its row."""
    async with opening() as browser:
        await go_to_chat(browser, "Family")
        await ask(browser, "A")
        assert "Merge into…" in browser.screen
        assert "Split" not in browser.screen
        screen = await ask(browser, "enter")
        assert screen.line.value == "Family"
        await browser.press("home", *"My ", "enter")
        await browser.until(lambda: told.shown()[b"x/0"].title == "My Family")
        await browser.until(lambda: "▸ My Family" in browser.screen)
        await ask(browser, "A", "down")
        screen = await ask(browser, "enter")
        assert "My Family" not in [choice.label for choice in screen._shown]
        await browser.press(*"choir", "enter")
        await browser.until(lambda: told.shown()[b"x/0"].title == "Choir")
        await browser.until(lambda: "▸ My Family" not in browser.screen)
        await go_to_chat(browser, "Choir")
        await ask(browser, "A", "down", "down")
        assert "1 chat went into it" in browser.screen
        await ask(browser, "enter")
        assert CHATS[0] in browser.screen
        await browser.press("enter")
        await browser.until(lambda: told.shown()[b"x/0"].title == "My Family")
        await ask_palette(browser, "rename chat")
        await browser.press("ctrl+u", "ctrl+k")
        assert "call it what it is told to be called" in browser.screen
        await browser.press("escape")


async def ask_palette(browser: Browser, name: str) -> PickScreen:
    """Run an entry of the palette that asks something."""
    await browser.app.run_action(f"people('{name.replace(' ', '_')}')")
    return await ask(browser)


async def test_senders_are_renamed_merged_and_split(
    opening: Opening, told: EditedLibrary
) -> None:
    """By the palette, for the sender of the note."""
    async with opening() as browser:
        await go_to(browser, told, b"x/0")
        await ask_palette(browser, "rename sender")
        await browser.press("end", "n", "e", "enter")
        await browser.until(lambda: told.shown()[b"x/0"].name == "Anane")
        await ask_palette(browser, "merge sender")
        await browser.press("b", "enter")
        await browser.until(lambda: told.shown()[b"x/0"].name == "Bob")
        await ask_palette(browser, "split sender")
        await browser.press("enter")
        await browser.until(lambda: told.shown()[b"x/0"].name == "Anane")


async def test_what_the_cursor_is_on_must_fit(
    opening: Opening, told: EditedLibrary
) -> None:
    """Each action says in a few words what it is for."""
    async with opening(size=(100, 30)) as browser:
        await browser.press("g", "A")
        await browser.until(lambda: "Put the cursor on a chat" in browser.top)
        for name in ("assign_chat", "rename_sender", "switch_dates"):
            browser.app.main.header.tell("")
            await browser.app.run_action(f"people('{name}')")
            await browser.until(lambda: "Put the cursor on a note" in browser.top)
        await go_to(browser, told, b"x/3")
        await browser.app.run_action("people('split_sender')")
        await browser.until(lambda: "not known who sent" in browser.top)
        await browser.app.run_action("people('split_chat')")
        await browser.until(lambda: "Nothing went into “x”" in browser.top)
        await browser.app.run_action("people('switch_dates')")
        await browser.until(lambda: "No guess was needed" in browser.top)


async def test_the_dates_of_an_export_are_switched(
    opening: Opening, told: EditedLibrary
) -> None:
    """For the note under the cursor, there and back."""
    (document,) = told.writer.documents(told.source_id)
    turn = told.writer.begin_document(document.id)
    told.writer.end_document(
        document.id,
        turn,
        DocumentState.PARTIAL,  # else what it does not tell again is taken back
        "it ends too early",
        [("day_order", "a guess")],
    )
    async with opening() as browser:
        await go_to(browser, told, b"x/0")
        for order in ("mdy", "dmy"):
            await browser.app.run_action("people('switch_dates')")
            await browser.until(
                lambda order=order: (  # type: ignore[misc]
                    told.writer.documents(told.source_id)[0].day_order == order
                )
            )


async def test_the_screen_answers_while_something_is_written(
    opening: Opening, told: EditedLibrary
) -> None:
    """An edit may take long; keys are followed, and it is told when it is done."""
    may_write, is_writing = threading.Event(), threading.Event()

    def slow() -> object:
        is_writing.set()
        may_write.wait(20)
        return told.library.edits()

    async with opening(editing=slow) as browser:
        await go_to(browser, told, b"x/3")
        await ask(browser, "A", *"Radio")
        await browser.press("enter")
        await browser.until(is_writing.is_set)
        await browser.press("g", "J", "J")
        assert browser.app.main.note_tree.cursor_note is None
        assert told.shown()[b"x/3"].title == "x"
        may_write.set()
        await browser.until(lambda: told.shown()[b"x/3"].title == "Radio")
        await browser.until(lambda: "“Radio” now" in browser.top)


async def test_what_fails_is_said(opening: Opening, told: EditedLibrary) -> None:
    """A library that refuses, and one that can't be written at all."""

    def broken() -> object:
        raise LibraryError("/data/library.db", "the disk is full")

    async with opening(editing=broken) as browser:
        await browser.press("z")
        await browser.until(
            lambda: browser.notices == ["/data/library.db: the disk is full"]
        )
    for services in ({"editing": None}, {"is_read_only": True}):
        async with opening(**services) as browser:
            await browser.press("z", "A")
            await browser.until(lambda: bool(browser.notices))
            assert browser.notices == ["The library can't be written"]


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (30, 10)])
async def test_names_from_files_are_harmless(
    opening: Opening, told: EditedLibrary, size: tuple[int, int]
) -> None:
    """Whatever a chat is called stays text, on one line, inside of the frame."""
    with told.library.edits() as edits:
        edits.assign([told.note_ids()[b"y/5"]], chat=EVIL + "wide 😀" * 30)
    async with opening(size=size) as browser:
        await go_to(browser, told, b"x/3")
        await ask(browser, "A")
        assert "\x1b" not in browser.screen
        assert "\u202e" not in browser.screen
        assert "[/]" in browser.screen
        lines = browser.screen.split("\n")
        assert len(lines) == size[1]
        await browser.press("x", "[", "/", "]")
        assert "new chat “x[/]”" in browser.screen


async def test_a_choice_jumps_nowhere_while_typing(opening: Opening) -> None:
    """The frame stands where it was, however few fit."""
    async with opening() as browser:
        await browser.press("g", "J", "J", "l", "j")
        screen = await ask(browser, "A")
        before = screen.query_one("#pick").region
        await browser.press(*"zzz")
        assert screen.query_one("#pick").region == before
        assert "new chat “zzz”" in browser.screen


def test_the_best_of_what_fits_is_first() -> None:
    """What begins so, then a word of it, then any part; by identity as well."""
    names = ["Banana", "Uncle Ana", "Anastasia", "Bob", "ANÁ"]
    choices = [Choice(name, other=f"wa:{at}") for at, name in enumerate(names)]
    found = [choice.label for choice in filtered(choices, "ana")]
    assert found == ["Anastasia", "ANÁ", "Uncle Ana", "Banana"]
    assert [choice.label for choice in filtered(choices, "wa:3")] == ["Bob"]
    assert [choice.label for choice in filtered(choices, "ana unc")] == ["Uncle Ana"]
    assert filtered(choices, "  ") == choices
    assert filtered(choices, "q") == []


def test_services_without_a_library_can_not_edit() -> None:
    """The fakes of other tests have none, and nothing is promised there."""
    services: Services = Fakes().services
    assert services.editing is None
    assert services.naming is None
