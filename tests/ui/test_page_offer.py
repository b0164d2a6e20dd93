"""Where the address of the page stands, and how it is copied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from tests.support.marking import ask, shows
from tui.audio import NO_SOUND_HERE, OutputInfo, PlayerState
from tui.model import NoteId
from tui.playback import NowPlaying
from tui.screens.framed import ConfirmScreen
from tui.screens.help import HelpScreen
from tui.screens.output import OutputScreen

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

URL = "http://127.0.0.1:8137/#5_UZVAUuMwlvrfgSvBNPOA"
FORWARD = "ssh -NL 8137:127.0.0.1:8137 HOST"
OUTPUTS = (OutputInfo("auto", "the usual device"), OutputInfo("browser", "a page"))


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
async def test_the_address_can_be_read_and_copied(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """In full, in the bar and among the outputs, with the way to get there."""
    now = NowPlaying(
        outputs=OUTPUTS,
        output="browser",
        chosen_output="browser",
        device_problem=f"Open {URL} to hear it",
    )
    async with browsing(size=size) as browser:
        browser.fakes.playing.tell(now)
        await browser.until(lambda: URL in browser.screen)
        await ask(browser, "O", OutputScreen)
        await browser.until(lambda: FORWARD in browser.screen)
        assert browser.screen.count(URL) >= 1
        await browser.press("j", "enter")
        await browser.until(lambda: browser.app.clipboard == URL)
        await browser.press("j", "j", "enter")
        await browser.until(lambda: browser.app.clipboard == FORWARD)
        assert "Copied" in browser.notices
        await browser.press("j", "enter")
        assert browser.app.clipboard == FORWARD


SILENT = NowPlaying(
    note_id=NoteId(1),
    chat="Ana",
    state=PlayerState.PLAYING,
    duration_ms=9000,
    output="null",
    device_problem=NO_SOUND_HERE,
)
OFFER = "Hear it in your browser?"


async def test_the_browser_is_offered_where_nothing_can_be_heard(
    browsing: Browsing,
) -> None:
    """The note waits meanwhile; Enter chooses it and shows the way to the page."""
    async with browsing(size=(80, 24)) as browser:
        playing = browser.fakes.playing
        playing.tell(replace(SILENT, state=PlayerState.PAUSED))
        await browser.until(lambda: "or choose an output (O)" in browser.screen)
        assert not shows(browser, ConfirmScreen)
        playing.tell(SILENT)
        await browser.until(lambda: shows(browser, ConfirmScreen))
        await browser.until(lambda: OFFER in browser.screen)
        told = " ".join(browser.screen.replace("│", " ").split())
        for words in ("VS Code", "Nothing listens before you say so", "Esc leaves it"):
            assert words in told
        waits: object = playing.now.state
        assert waits is PlayerState.PAUSED
        assert ("set_output", "browser") not in playing.asked
        await browser.press("enter")
        await browser.until(lambda: shows(browser, OutputScreen))
        assert ("set_output", "browser") in playing.asked
        assert playing.now.state is PlayerState.PLAYING


async def test_who_leaves_the_offer_sees_it_no_more(browsing: Browsing) -> None:
    """It is made once, never over something else, and not for a chosen silence."""
    async with browsing(size=(80, 24)) as browser:
        playing = browser.fakes.playing
        playing.tell(replace(SILENT, device_problem=""))
        await ask(browser, "question_mark", HelpScreen)
        playing.tell(SILENT)
        await browser.settle()
        assert shows(browser, HelpScreen)
        await browser.press("escape")
        playing.tell(SILENT)
        await browser.until(lambda: shows(browser, ConfirmScreen))
        await browser.press("escape")
        await browser.until(lambda: not shows(browser, ConfirmScreen))
        assert playing.now.state is PlayerState.PLAYING
        playing.tell(replace(SILENT, position_ms=1000))
        await browser.settle()
        assert not shows(browser, ConfirmScreen)
        assert not [call for call in playing.asked if call[0] == "set_output"]


async def test_who_answers_at_once_hears_it_go_on(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the player has not told yet that it waits."""
    async with browsing(size=(80, 24)) as browser:
        playing = browser.fakes.playing
        asked: list[str] = []
        monkeypatch.setattr(playing, "toggle", lambda: asked.append("toggle"))
        playing.tell(SILENT)
        await browser.until(lambda: shows(browser, ConfirmScreen))
        await browser.press("escape")
        await browser.until(lambda: not shows(browser, ConfirmScreen))
        await browser.settle()
        assert asked == ["toggle", "toggle"]


async def test_the_offer_waits_for_who_types(browsing: Browsing) -> None:
    """Enter belongs to the search then."""
    async with browsing(size=(80, 24)) as browser:
        line = Input()
        await browser.app.main.mount(line)
        line.focus()
        await browser.until(lambda: browser.app.focused is line)
        browser.fakes.playing.tell(SILENT)
        await browser.settle()
        assert not shows(browser, ConfirmScreen)
        browser.app.main.note_tree.focus()
        browser.fakes.playing.tell(SILENT)
        await browser.until(lambda: shows(browser, ConfirmScreen))
