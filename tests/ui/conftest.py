"""A browser on engines that are not there."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from textual.css.stylesheet import Stylesheet
from typing_extensions import override

from tests.fakes import Fakes, sample_library
from tests.support.rest import come_to_rest
from tui.app import EarmarkApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from textual.css.model import RuleSet
    from textual.css.types import CSSLocation
    from textual.pilot import Pilot

    from tests.fakes import FakeLibrary


class Browser:
    """A running application with its pilot and its engines."""

    def __init__(self, app: EarmarkApp, pilot: Pilot[None], fakes: Fakes) -> None:
        self.app = app
        self.pilot = pilot
        self.fakes = fakes

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until all has been handled."""
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        """Wait until all messages have been handled and painted."""
        for _ in range(3):
            await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so, five seconds at most."""
        for _ in range(250):
            if condition():
                return
            await self.pilot.pause(0.02)
        pytest.fail("this did not come true within five seconds")

    @property
    def screen(self) -> str:
        """All that is on the screen, as text."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines[:height])[: width * 400]

    @property
    def top(self) -> str:
        """The first line of the screen."""
        return self.screen.split("\n")[0]

    @property
    def notices(self) -> list[str]:
        """The notices that show."""
        return [notice.message for notice in self.app._notifications]


_rules: dict[object, list[RuleSet]] = {}


class RememberedStylesheet(Stylesheet):
    """Reads a style sheet once for all browsers whose theme is the same."""

    @override
    def _parse_rules(
        self,
        css: str,
        read_from: CSSLocation,
        is_default_rules: bool = False,
        tie_breaker: int = 0,
        scope: str = "",
    ) -> list[RuleSet]:
        place = (css, read_from, is_default_rules, tie_breaker, scope)
        key = (place, tuple(self._variables.items()))
        if key not in _rules:
            _rules[key] = super()._parse_rules(*place)
        return _rules[key]


Browsing = "Callable[..., AbstractAsyncContextManager[Browser]]"


@pytest.fixture(autouse=True, scope="package")
def resting() -> Iterator[None]:
    """Let keys and pauses of pilots end as soon as there is nothing left to do.

    And let what is the same at each start be read once.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textual.app.wait_for_idle", come_to_rest)
        patch.setattr("textual.pilot.wait_for_idle", come_to_rest)
        patch.setattr("textual.app.Stylesheet", RememberedStylesheet)
        yield


@pytest.fixture
def browsing() -> Callable[..., AbstractAsyncContextManager[Browser]]:
    """Give a context manager that runs the browser."""

    @asynccontextmanager
    async def run(
        library: FakeLibrary | None = None,
        size: tuple[int, int] = (100, 30),
        **settings: object,
    ) -> AsyncIterator[Browser]:
        fakes = Fakes(sample_library() if library is None else library)
        app = EarmarkApp(fakes.services, **settings)  # type: ignore[arg-type]  # by name
        async with app.run_test(size=size, notifications=True) as pilot:
            browser = Browser(app, pilot, fakes)
            await browser.until(lambda: fakes.indexing.is_started)
            await browser.settle()
            yield browser

    return run
