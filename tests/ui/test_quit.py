"""Leaving: everything is ended, nothing hangs."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

from tests.fakes import Fakes, sample_library
from tests.support.terminal import PtyTerminal
from tui.app import EarmarkApp
from tui.bridge import Bridge, in_background
from tui.model import LibraryDelta

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

BROWSER = ("python", "-m", "tests.support.fake_browser")


async def test_q_ends_every_engine_and_then_the_library(browsing: Browsing) -> None:
    """The player writes its position while the library is still there."""
    async with browsing() as browser:
        fakes = browser.fakes
        order: list[str] = []
        close_player, close_library = fakes.playing.close, fakes.library.finish

        def player(timeout: float = 2.0) -> None:
            order.append("player")
            close_player(timeout)

        def library() -> None:
            order.append("library")
            close_library()

        fakes.playing.close = player  # type: ignore[method-assign]
        browser.app._services = browser.app._services._replace(close=library)
        await browser.pilot.press("q")
        await browser.until(lambda: browser.app._exit)
    assert order == ["player", "library"]
    assert fakes.indexing.is_closed
    assert fakes.library.listeners == []


async def test_leaving_in_another_way_ends_the_engines_too(browsing: Browsing) -> None:
    """Whoever closes the application, nothing is left running."""
    async with browsing() as browser:
        fakes = browser.fakes
    assert fakes.playing.is_closed
    assert fakes.indexing.is_closed
    assert fakes.library.is_closed


async def test_the_screen_does_not_wait_for_the_indexer(browsing: Browsing) -> None:
    """It goes when the position is kept; the indexer ends behind it."""
    may_end = threading.Event()
    async with browsing() as browser:
        fakes = browser.fakes
        close_indexer = fakes.indexing.close

        def indexer(timeout: float = 2.0) -> None:
            may_end.wait(5)
            close_indexer(timeout)

        fakes.indexing.close = indexer  # type: ignore[method-assign]
        await browser.pilot.press("q")
        await browser.until(lambda: browser.app._exit)
        engines = (fakes.playing, fakes.indexing, fakes.library)
        assert [engine.is_closed for engine in engines] == [True, False, False]
        may_end.set()
    assert [engine.is_closed for engine in engines] == [True, True, True]


async def test_an_engine_that_hangs_is_left_to_itself(browsing: Browsing) -> None:
    """A second q leaves at once, whatever hangs."""
    hang = threading.Event()
    try:
        async with browsing() as browser:
            browser.fakes.playing.hangs = hang
            await browser.pilot.press("q")
            assert not browser.app._exit
            await browser.pilot.press("q")
            await browser.until(lambda: browser.app._exit)
            began = time.monotonic()
            hang.set()
        assert time.monotonic() - began < 5
    finally:
        hang.set()


def test_q_leaves_a_real_terminal_clean() -> None:
    """The alternate screen is left, the cursor is shown, the exit code is 0."""
    with PtyTerminal(BROWSER) as terminal:
        terminal.wait_for("Unplayed")
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
        assert terminal.output.count(b"\x1b[?1049l") == 1
        assert terminal.output.count(b"\x1b[<u") == 1
        assert b"\x1b[?25h" in terminal.output
        assert b"Traceback" not in terminal.output


def test_keys_that_come_too_early_are_not_lost() -> None:
    """A q that was typed before the first screen still leaves."""
    with PtyTerminal(BROWSER) as terminal:
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0


def test_a_note_that_was_chosen_too_early_shows() -> None:
    """Keys typed while the program starts choose a note; the bar shows it."""
    with PtyTerminal(BROWSER) as terminal:
        terminal.send(b"n")
        terminal.wait_for("\n ▶ Lena")


def test_a_hanging_player_does_not_keep_the_terminal() -> None:
    """Ctrl+C twice: out within a second, though the player never ends."""
    with PtyTerminal((*BROWSER, "--hang")) as terminal:
        terminal.wait_for("Unplayed")
        terminal.send(b"\x03")
        terminal.send(b"\x03")
        began = time.monotonic()
        assert terminal.wait_for_exit(10) == 0
        assert time.monotonic() - began < 6


async def test_what_comes_after_the_end_is_dropped() -> None:
    """A thread that still calls back finds a closed bridge, and no error."""
    fakes = Fakes(sample_library())
    app = EarmarkApp(fakes.services)
    async with app.run_test():
        pass
    bridge = Bridge(app)
    thread = threading.Thread(target=bridge.library, args=(LibraryDelta(),))
    thread.start()
    thread.join(5)
    assert bridge.is_closing


async def test_work_in_the_background_has_a_deadline() -> None:
    """What takes too long is left to itself; what fails is no failure of the end."""
    never = threading.Event()

    def wait() -> None:
        never.wait(5)

    assert not await in_background(wait, "x", 0.05)
    never.set()
    assert await in_background(lambda: None, "x", 5)

    def fail() -> None:
        raise RuntimeError

    assert await asyncio.wait_for(in_background(fail, "x", 5), 5)
