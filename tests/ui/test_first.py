"""The first start on the screen: four questions at most, and a way out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from tests.fakes import FakeLibrary, Fakes
from tests.support.first import FOUND, FakeSetup, found_folder
from tests.ui.conftest import Browser
from tui.app import EarmarkApp
from tui.indexer import Answers, Lock, Question
from tui.model import SourceKind
from tui.screens.first import FirstScreen
from tui.widgets.found_list import FoundFolder, FoundList, found_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SMALL = (80, 24)


@asynccontextmanager
async def starting(
    setup: FakeSetup, size: tuple[int, int] = SMALL, **settings: object
) -> AsyncIterator[Browser]:
    """Run a browser that has no source yet, until its search has ended."""
    fakes = Fakes(FakeLibrary())
    services = fakes.services._replace(setup=setup)
    app = EarmarkApp(services, **settings)  # type: ignore[arg-type]  # by name
    async with app.run_test(size=size, notifications=True) as pilot:
        browser = Browser(app, pilot, fakes)
        await browser.until(lambda: fakes.indexing.is_started)
        if setup.may_end.is_set():
            await browser.until(lambda: "looking" not in browser.screen.lower())
        await browser.settle()
        yield browser


def first_of(browser: Browser) -> FirstScreen:
    """The screen of the first start."""
    screen = browser.app.screen
    assert isinstance(screen, FirstScreen)
    return screen


async def type_text(browser: Browser, text: str) -> None:
    """Type into the field that has the focus."""
    field = browser.app.focused
    assert isinstance(field, Input)
    field.value = text
    await browser.settle()


@pytest.mark.parametrize("size", [SMALL, (200, 50)])
async def test_what_is_found_is_shown_with_its_reasons(size: tuple[int, int]) -> None:
    """What is sure is chosen; what it needs stands below; nothing is cut off."""
    async with starting(FakeSetup(), size) as browser:
        lines = browser.screen.split("\n")
        assert "first start" in lines[0]
        assert "Where are your voice notes?   1 of 4" in browser.screen
        (phone,) = (at for at, line in enumerate(lines) if "/phone/WhatsApp" in line)
        assert "▸ [x]" in lines[phone]
        assert "whatsapp android" in lines[phone]
        assert "a test says so" in lines[phone + 1]
        assert "→ the key tells more" in lines[phone + 2]
        assert "[x]  /phone/Recordings" in browser.screen
        assert "[ ]  /music" in browser.screen
        assert "Another folder" in browser.screen
        assert "Space choose" in lines[size[1] - 1]
        assert "Esc leave" in lines[size[1] - 1]


async def test_all_four_questions(isolated: object) -> None:
    """Folders, key, contacts, start: the answers are kept, and the browser shows."""
    del isolated
    setup = FakeSetup((*FOUND, b"/docs/contacts.vcf"))
    async with starting(setup) as browser:
        await browser.press("j", "space", "enter")
        assert "2 of 4" in browser.screen
        assert "/phone/WhatsApp/Databases/msgstore.db.crypt15" in browser.screen
        await type_text(browser, "sesame")
        assert "sesame" not in browser.screen
        assert "••••••" in browser.screen
        await browser.press("enter")
        await browser.until(lambda: "3 of 4" in browser.screen)
        assert "/docs/contacts.vcf" in browser.screen
        await browser.press("enter")
        await browser.until(lambda: "Ready   4 of 4" in browser.screen)
        assert "1 folder to watch" in browser.screen
        assert "its folder /docs becomes a source too" in browser.screen
        assert "1 will be opened" in browser.screen
        await browser.press("enter")
        await browser.until(lambda: not isinstance(browser.app.screen, FirstScreen))
    assert setup.answers == [
        Answers(
            (b"/phone/WhatsApp", b"/docs"),
            ((b"/phone/WhatsApp", b"sesame"),),
        )
    ]
    assert setup.is_stopped


async def test_keys_and_contacts_may_be_skipped() -> None:
    """Enter alone goes on; the summary tells what that leaves shut."""
    setup = FakeSetup()
    async with starting(setup) as browser:
        await browser.press("enter", "enter")
        await browser.until(lambda: "3 of 4" in browser.screen)
        await browser.press("enter")
        assert "1 without a key" in browser.screen
        assert "Names for numbers" not in browser.screen
        await browser.press("enter")
        await browser.until(lambda: bool(setup.answers))
    assert setup.answers[0].secrets == ()


async def test_what_is_wrong_is_said_and_can_be_put_right() -> None:
    """A wrong key, no contacts, no folder, a library that can't be written."""
    setup = FakeSetup()
    async with starting(setup) as browser:
        await browser.press("tab")
        await type_text(browser, "/none")
        await browser.press("enter")
        await browser.until(lambda: "no such file or directory" in browser.screen)
        await type_text(browser, "")
        await browser.press("escape", "enter")
        await type_text(browser, "wrong")
        await browser.press("enter")
        await browser.until(lambda: "the key does not open it" in browser.screen)
        await type_text(browser, "sesame")
        await browser.press("enter")
        await browser.until(lambda: "3 of 4" in browser.screen)
        assert "does not open" not in browser.screen
        await type_text(browser, "/x.txt")
        await browser.press("enter")
        await browser.until(lambda: "no contacts in it" in browser.screen)
        await type_text(browser, "/phone/WhatsApp/a.vcf")
        await browser.press("enter")
        await browser.until(lambda: "4 of 4" in browser.screen)
        assert "it lies in /phone/WhatsApp, and is read there" in browser.screen
        setup.problem = "the disk is full"
        await browser.press("enter")
        await browser.until(lambda: "the disk is full" in browser.screen)
        setup.problem = ""
        await browser.press("enter")
        await browser.until(lambda: bool(setup.answers))


async def test_a_typed_folder_is_chosen_and_shown() -> None:
    """It comes into the list; the cursor is on it."""
    setup = FakeSetup(())
    async with starting(setup) as browser:
        assert "Nothing was found in the usual places" in browser.screen
        await browser.press("enter")
        assert "Choose a folder with Space" in browser.screen
        await browser.press("tab")
        await type_text(browser, "/my/notes")
        await browser.press("enter")
        await browser.until(lambda: "▸ [x]  /my/notes" in browser.screen)
        assert "1 of 2" in browser.screen
        await browser.press("enter")
        assert "Ready   2 of 2" in browser.screen
        await browser.press("escape")
        assert "1 of 2" in browser.screen
        await browser.press("enter", "enter")
        await browser.until(lambda: bool(setup.answers))
    assert setup.answers == [Answers((b"/my/notes",), ())]


async def test_leaving_tells_of_the_demo() -> None:
    """Esc at the first question: the empty browser says what else there is."""
    setup = FakeSetup()
    async with starting(setup) as browser:
        await browser.press("enter", "escape", "escape")
        await browser.until(lambda: "earmark demo" in browser.screen)
        assert "No source yet" in browser.screen
    assert setup.answers == []
    assert setup.is_stopped


async def test_results_appear_while_the_search_goes_on() -> None:
    """The cursor stays on its folder when others come; keys work meanwhile."""
    setup = FakeSetup(FOUND[1:])
    setup.may_end.clear()
    async with starting(setup) as browser:
        await browser.until(lambda: "/phone/Recordings" in browser.screen)
        assert "looking around …" in browser.top
        await browser.press("down")
        assert "▸ [ ]  /music" in browser.screen
        first_of(browser).take(FOUND[0])
        await browser.settle()
        assert "▸ [ ]  /music" in browser.screen
        assert "1 of 4" in browser.screen
        await browser.press("space")
        assert "▸ [x]  /music" in browser.screen
        setup.may_end.set()
        await browser.until(lambda: "looking" not in browser.screen)


async def test_two_kinds_of_backup_are_asked_for_at_once() -> None:
    """A key and a passphrase, each in a field of its own."""
    backup = found_folder(
        "/ios",
        kind=SourceKind.IOS_BACKUP,
        locks=[Lock(b"/ios/Manifest.db", is_phone=True)],
    )
    setup = FakeSetup((FOUND[0], backup))
    async with starting(setup) as browser:
        await browser.press("enter")
        assert "64 digits" in browser.screen
        assert "The passphrase of the iPhone's backup" in browser.screen
        await browser.press("enter")
        await type_text(browser, "sesame")
        await browser.press("enter")
        await browser.until(lambda: first_of(browser).question is Question.CONTACTS)
        assert first_of(browser).first.secrets == {True: b"sesame"}


async def test_hostile_names_and_terminals_without_unicode() -> None:
    """No name steers the terminal, and ASCII is enough."""
    names = ("/a\x1b[2Jb", "/[/]", "/two\nlines", "/" + "x" * 200, "/caf\udce9")
    found = [
        found_folder("/x", 60)._replace(root=name.encode(errors="surrogateescape"))
        for name in names
    ]
    async with starting(FakeSetup(found), ascii_only=True) as browser:
        screen = browser.screen
        assert "\x1b" not in screen
        assert "a\\x1b[2Jb" in screen
        assert "/[/]" in screen
        assert "two\\nlines" in screen
        assert "caf\\xe9" in screen
        assert screen.isascii()
        await browser.press("enter")
        assert browser.screen.isascii()


async def test_quitting_from_there() -> None:
    """Ctrl+C ends the program at once."""
    setup = FakeSetup()
    async with starting(setup) as browser:
        await browser.press("ctrl+c")
        await browser.until(lambda: browser.fakes.library.is_closed)


async def test_a_list_longer_than_the_screen_scrolls() -> None:
    """The folder under the cursor is in view, with all its lines."""
    found = [found_folder(f"/f{n:02d}", 60) for n in range(30)]
    async with starting(FakeSetup(found)) as browser:
        assert "/f29" not in browser.screen
        await browser.press("G")
        assert "▸ [x]  /f29" in browser.screen
        assert "/f00" not in browser.screen
        await browser.press("k", "g")
        assert "▸ [x]  /f00" in browser.screen
        assert browser.app.screen.query_one(FoundList).cursor == 0


def test_blank_lines_only_where_there_is_room() -> None:
    """Close together before anything has to scroll."""
    folders = [
        FoundFolder(b"/%d" % n, f"/{n}", "x", is_chosen=False, reason="y")
        for n in range(3)
    ]
    lines, starts = found_lines(folders, 0, 40, 8)
    assert (len(lines), starts) == (8, [0, 3, 6])
    lines, starts = found_lines(folders, 0, 40, 7)
    assert (len(lines), starts) == (6, [0, 2, 4])
