"""What the browser says, where, for how long: nothing twice, nothing in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes import Fakes, sample_library
from tui.app import EarmarkApp
from tui.audio import PlayerState
from tui.errors import LibraryError
from tui.model import LibraryDelta, NoteId, SourceState
from tui.playback import NowPlaying
from tui.services import IndexerStatus
from tui.widgets.details import Details
from tui.widgets.player_bar import PlayerBar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    import pytest

    from tests.fakes import FakeLibrary
    from tests.ui.conftest import Browser

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

FIRST = NoteId(1)
FAILED = NowPlaying(
    note_id=FIRST,
    chat="Ana",
    state=PlayerState.FAILED,
    message="Can't play this note: it is damaged",
    failure="it is damaged",
    device_problem="No sound: there is no sound device",
)


def break_library(library: FakeLibrary) -> None:
    """Let every further question to the library fail."""

    def fail(*_: object, **__: object) -> None:
        raise LibraryError("/data/library.db", "is damaged")

    for name in ("note", "rows", "keys", "chats", "months", "totals", "group_totals"):
        setattr(library, name, fail)
    for name in ("locate", "sources", "problems", "neighbour"):
        setattr(library, name, fail)


async def test_a_library_that_breaks_ends_nothing(browsing: Browsing) -> None:
    """Every key still works, the rows stay, and one line tells."""
    async with browsing(size=(80, 24)) as browser:
        rows = browser.screen.split("\n")[1:4]
        break_library(browser.fakes.library)
        for key in ("l", "j", "l", "G", "J", "K", "h", "enter", "space", "u"):
            await browser.press(key)
        await browser.press("y", "escape", "i")
        await browser.pilot.click("NoteTree", offset=(4, 2))
        await browser.pilot.resize_terminal(100, 30)
        browser.fakes.library.tell(LibraryDelta(reset=True, sources=True))
        await browser.press("g")
        assert browser.notices == [
            "/data/library.db: is damaged",
            "The library can't be written",  # the mark
        ]
        assert browser.app.is_running
        assert browser.app.return_code is None
        assert [row[3:12] for row in browser.screen.split("\n")[1:4]] == [
            row[3:12] for row in rows
        ]


async def test_why_a_note_fails_goes_before_the_silence(browsing: Browsing) -> None:
    """The reason is about what the user just did; the other one lasts."""
    async with browsing() as browser:
        browser.fakes.playing.tell(FAILED)
        await browser.until(lambda: FAILED.message in browser.screen)
        assert FAILED.device_problem not in browser.screen
        later = replace(FAILED, message="There is no newer note here")
        browser.fakes.playing.tell(later)
        await browser.until(lambda: "There is no newer note" in browser.screen)
        assert FAILED.message in browser.screen
        browser.fakes.playing.tell(replace(FAILED, state=PlayerState.PLAYING))
        await browser.until(lambda: FAILED.device_problem in browser.screen)


async def test_silence_takes_its_line_for_a_while(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then two words are left, and the tree has its row back."""
    monkeypatch.setattr(PlayerBar, "SILENCE_S", 1.0)
    async with browsing(size=(80, 24)) as browser:
        problem = "No sound: there is no sound device"
        browser.fakes.playing.tell(NowPlaying(device_problem=problem))
        await browser.until(lambda: problem in browser.screen)
        await browser.until(lambda: problem not in browser.screen)
        bar = browser.screen.split("\n")[-2]
        assert bar.endswith("1.0x  no sound")
        browser.fakes.playing.tell(NowPlaying(device_problem="No sound: it is busy"))
        await browser.until(lambda: "it is busy" in browser.screen)
        browser.fakes.playing.tell(NowPlaying())
        await browser.until(lambda: "100 %" in browser.screen)


async def test_the_details_of_a_group_keep_up(browsing: Browsing) -> None:
    """Counts beside the tree are those in the tree, while notes arrive."""
    async with browsing() as browser:
        details = browser.app.main.query_one(Details)
        before = "\n".join(run.text for line in details.lines for run in line)
        library = browser.fakes.library
        library.put(99, 1, 1_800_000_000_000, duration_ms=61_000)
        library.tell(library.change(99))
        await browser.until(
            lambda: (
                "\n".join(run.text for line in details.lines for run in line) != before
            )
        )


async def test_space_on_a_group_plays_its_oldest_unplayed(browsing: Browsing) -> None:
    """As the palette says; a chat is as good as a note."""
    async with browsing() as browser:
        await browser.press("J", "J", "space")
        group = browser.app.main.note_tree.cursor_group
        assert browser.fakes.playing.asked == [("play_group", group)]


async def test_the_same_is_not_said_twice(browsing: Browsing) -> None:
    """What two processes tell, or two keys, is one notice."""
    async with browsing() as browser:
        for _ in range(3):
            browser.fakes.indexing.tell(IndexerStatus(problem="it is full"))
        await browser.settle()
        assert browser.notices == ["it is full"]


async def test_a_library_that_can_not_be_written_says_so() -> None:
    """In the header and the details for good, and at each mark."""
    fakes = Fakes(sample_library())
    services = fakes.services._replace(
        is_read_only=True, trouble=lambda: "library.db: can't be written"
    )
    app = EarmarkApp(services)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause()
        assert app.main.header.view.state == "read-only, not watched"
        assert app.main.header.view.is_trouble
        text = "".join(run.text for line in app.main.details.lines for run in line)
        assert "no mark is kept" in text
        await pilot.press("enter", "j", "u", "u")
        await pilot.pause()
        assert [notice.message for notice in app._notifications] == [
            "The library can't be written"
        ]


async def test_an_empty_tree_tells_that_its_source_is_away(browsing: Browsing) -> None:
    """Not that there were no notes: they come back."""
    library = sample_library()
    library.notes.clear()
    library.known = [
        library.known[0]._replace(
            root=b"/media/usb", state=SourceState.OFFLINE, reason="it is not there"
        )
    ]
    async with browsing(library, size=(60, 20)) as browser:
        shown = " ".join(browser.screen.split())
        words = "/media/usb is away: it is not there. Its notes come back with it."
        assert words in shown
        library.known = [library.known[0]._replace(state=SourceState.OK)]
        library.tell(LibraryDelta(sources=True))
        await browser.until(lambda: "Reading /media/usb …" in browser.screen)


async def test_ten_columns_and_three_rows_hold_no_scroll_bar(
    browsing: Browsing,
) -> None:
    """The smallest of windows is narrow, not broken."""
    async with browsing(size=(10, 3)) as browser:
        assert not browser.app.screen.show_vertical_scrollbar
        assert not browser.app.screen.show_horizontal_scrollbar
