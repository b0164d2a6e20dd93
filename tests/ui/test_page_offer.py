"""Where the address of the page stands, and how it is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.marking import ask
from tui.audio import OutputInfo
from tui.playback import NowPlaying
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
