"""The list of what waits: moved, removed, brought back, and followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeLibrary, sample_library
from tests.support.marking import EVIL, ask, shows
from tests.support.memory_library import START_MS
from tui.errors import LibraryError
from tui.model import LibraryDelta, NoteId, NoteState
from tui.playback import NowPlaying
from tui.screens.framed import FramedScreen
from tui.screens.queue import QueueRows, QueueScreen, lengths_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser
    from tui.model import NoteRow

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
MANY = 10_000


def numbered(*numbers: int) -> tuple[NoteId, ...]:
    """Notes by their numbers."""
    return tuple(NoteId(number) for number in numbers)


def waits(browser: Browser, *numbers: int, speed: float = 1.0) -> None:
    """Have notes wait, as the player tells it."""
    now = replace(browser.fakes.playing.now, queue=numbered(*numbers), speed=speed)
    browser.fakes.playing.tell(now)


def queue_of(browser: Browser) -> tuple[NoteId, ...]:
    """What the player has wait."""
    return browser.fakes.playing.now.queue


def marked(browser: Browser) -> str:
    """The row of the list that is marked."""
    rows = browser.screen.split("\n")
    return next((row for row in rows if "▶ " in row and "│ ▶" in row), "")


@SIZES
async def test_what_waits_is_moved_removed_and_brought_back(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """By keys alone; the player has it at once."""
    library = sample_library()
    library.put(1, 1, START_MS, sender="First", duration_ms=60_000, snippet="flour")
    library.put(2, 1, START_MS, sender=EVIL, duration_ms=120_000, title=EVIL)
    library.put(3, 1, START_MS, sender="Third", duration_ms=180_000)
    async with browsing(library, size=size) as browser:
        await ask(browser, "Q", QueueScreen)
        assert "nothing waits: a lets a note wait" in browser.screen
        await browser.press("x", "J", "C", "enter", "z")
        assert "nothing was removed here" in browser.screen
        assert browser.fakes.playing.asked == []
        waits(browser, 1, 2, 3, 5000, speed=1.5)
        await browser.until(lambda: "4 notes · 6:00, 4:00 at 1.5x" in browser.screen)
        assert "\x1b" not in browser.screen
        assert "this note is gone" in browser.screen
        assert "First" in marked(browser)
        assert "1:00" in marked(browser)
        await browser.press("J", "J", "K")
        assert queue_of(browser) == numbered(2, 1, 3, 5000)
        assert "First" in marked(browser)
        await browser.press("g", "K", "x")
        assert queue_of(browser) == numbered(1, 3, 5000)
        await browser.press("G", "J", "delete")
        assert queue_of(browser) == numbered(1, 3)
        await browser.until(lambda: "2 notes · 4:00, 2:40" in browser.screen)
        await browser.press("C")
        assert queue_of(browser) == ()
        await browser.until(lambda: "nothing waits" in browser.screen)
        await browser.press("z")
        assert queue_of(browser) == numbered(1, 3)
        await browser.press("z", "z")
        assert queue_of(browser) == numbered(2, 1, 3, 5000)
        await browser.press("z", "escape")
        assert not shows(browser, FramedScreen)
        assert queue_of(browser) == numbered(2, 1, 3, 5000)


async def test_a_note_is_played_out_of_turn(browsing: Browsing) -> None:
    """It comes first, and then it is the next: what is played goes on after it."""
    async with browsing() as browser:
        waits(browser, 1, 2, 3)
        await ask(browser, "Q", QueueScreen)
        await browser.press("j", "enter")
        assert not shows(browser, FramedScreen)
        asked = browser.fakes.playing.asked
        assert asked == [("enqueue", (2,), True), ("next",)]


async def test_it_follows_the_player(browsing: Browsing) -> None:
    """The marked note stays marked while the player takes from the front."""
    async with browsing() as browser:
        waits(browser, 1, 20, 3)
        await ask(browser, "Q", QueueScreen)
        await browser.press("j")
        bob = marked(browser)
        assert "Bob" in bob
        waits(browser, 20, 3)
        await browser.until(lambda: "2 notes" in browser.screen)
        assert "Bob" in marked(browser)
        waits(browser, 3)
        await browser.until(lambda: "1 note ·" in browser.screen)
        assert "Ana" in marked(browser)
        library = browser.fakes.library
        library.put(3, 1, START_MS, state=NoteState.MISSING, reason="it was taken away")
        library.tell(library.change(3))
        await browser.until(lambda: "it was taken away" in browser.screen)
        library.put(3, 1, START_MS, state=NoteState.READY, duration_ms=3_600_000)
        library.tell(LibraryDelta(reset=True))
        await browser.until(lambda: "1 note · 1:00:00" in browser.screen)


async def test_what_is_told_late_undoes_nothing(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue from before a key is not shown again, what the player did since is."""
    async with browsing() as browser:
        waits(browser, 1, 2, 3, 4)
        await ask(browser, "Q", QueueScreen)
        put: list[Sequence[NoteId]] = []
        screen = browser.app.screen
        assert isinstance(screen, QueueScreen)
        monkeypatch.setattr(screen, "_put", put.append)
        await browser.press("x", "x")
        assert put == [numbered(2, 3, 4), numbered(3, 4)]
        for late in ((1, 2, 3, 4), (2, 3, 4)):
            waits(browser, *late)
            await browser.settle()
            assert "2 notes" in browser.screen
        waits(browser, 4)
        await browser.until(lambda: "1 note ·" in browser.screen)
        waits(browser, 2, 3, 4)
        await browser.until(lambda: "3 notes" in browser.screen)


def library_of_many() -> FakeLibrary:
    """A library of so many notes that nobody reads all of them."""
    library = FakeLibrary()
    for number in range(1, MANY + 1):
        library.put(number, 1, START_MS + number, duration_ms=1000)
    return library


async def test_a_long_queue_is_read_where_it_is_looked_at(browsing: Browsing) -> None:
    """Of ten thousand rows a few dozen are made, wherever the list stands."""
    library = library_of_many()
    async with browsing(library, size=(80, 24)) as browser:
        waits(browser, *range(1, MANY + 1))
        made: list[int] = []
        screen = await open_counted(browser, made)
        await browser.press("G", "pageup", "g", "pagedown", "G")
        await browser.until(lambda: "10,000 notes · 2:46:40" in browser.screen)
        assert 0 < len(made) < 400
        library.tell(library.change(1, 2))
        await browser.settle()
        assert len(made) < 400
        await browser.press("K")
        assert queue_of(browser)[-2:] == numbered(MANY, MANY - 1)
        assert screen.list.count == MANY


async def open_counted(browser: Browser, made: list[int]) -> QueueScreen:
    """Open the queue, and count the notes whose rows are read for the list."""
    await ask(browser, "Q", QueueScreen)
    screen = browser.app.screen
    assert isinstance(screen, QueueScreen)
    rows = screen._rows
    read = rows._read

    def counted(ids: Sequence[NoteId]) -> Sequence[NoteRow]:
        made.extend(ids)
        return read(ids)

    rows._read = counted
    rows.forget()
    return screen


def test_rows_that_can_not_be_read_are_told() -> None:
    """They are read again the next time."""
    library = sample_library()
    fails = [True]

    def read(ids: Sequence[NoteId]) -> Sequence[NoteRow]:
        if fails[0]:
            raise LibraryError(b"library.db", "it is away")
        return library.rows(ids)

    rows = QueueRows(read)
    rows.ids = numbered(1, 2)
    assert rows[0].text == "…"
    assert "it is away" in rows.trouble
    fails[0] = False
    assert [("Ana" in row.text) for row in rows[0:2]] == [True, True]
    assert rows.trouble == ""


def test_lengths_are_added_up_in_parts() -> None:
    """What is gone, or not measured yet, counts nothing."""
    library = library_of_many()
    library.put(2, 1, START_MS, duration_ms=None)
    ids = numbered(*range(1, 1200), 99_999)
    found = lengths_of(ids, library)
    assert len(found) == 1200
    assert sum(found.values()) == 1198 * 1000


async def test_a_library_that_fails_is_told_in_the_list(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing breaks, and what waits can still be removed."""
    async with browsing() as browser:
        waits(browser, 1, 2)

        def fail(ids: Sequence[NoteId]) -> list[NoteRow]:
            raise LibraryError(b"library.db", "it is away")

        monkeypatch.setattr(browser.fakes.library, "rows", fail)
        await ask(browser, "Q", QueueScreen)
        await browser.until(lambda: "it is away" in browser.screen)
        await browser.press("x")
        assert queue_of(browser) == numbered(2)
        browser.fakes.playing.tell(NowPlaying())
        await browser.press("Q")
        assert not shows(browser, FramedScreen)
