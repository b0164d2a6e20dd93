"""A real browser for tests: Chromium without a window, with a profile of its own.

It finds no host but this machine, may play sound without a click, and ends with the
block or the process that started it. Playwright drives it through a pipe, so that no
port is opened.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from playwright.sync_api import Page

__all__ = ["Chromium", "Tab"]

_FLAGS = [
    "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
_LISTEN = """
const Plain = Audio;
window.seeks = [];
window.Audio = function () {
  const made = window.sound = new Plain();
  made.addEventListener("seeking", () => seeks.push(made.currentTime));
  return made;
};
"""
"""Lets a test look at the sound of a page that keeps it to itself: `sound` is the
player, `seeks` has the moments that it was sent to."""


class Tab:
    """A page in the browser, and what went wrong on it.

    Args:
        page: As Playwright has it.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.troubles: list[str] = []
        """What scripts, the policy and dialogs said; nothing on a good page."""
        self.addresses: list[str] = []
        """Everything that was asked for."""
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("dialog", self._refuse)
        page.add_init_script(_LISTEN)

    def _refuse(self, dialog: Any) -> None:  # noqa: ANN401  # Playwright's, at run time
        self.troubles.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    def open(self, url: str) -> None:
        """Go to an address."""
        self.page.goto(url)

    def ask(self, script: str, given: object = None) -> Any:  # noqa: ANN401  # JSON
        """Have an expression or function worked out in the page; gives its value."""
        return self.page.evaluate(script, given)

    def wait(self, script: str, timeout: float = 10.0) -> None:
        """Wait until an expression is true in the page.

        It is asked from here: what waits in the page needs `eval`, which a strict
        policy forbids.
        """
        until = time.monotonic() + timeout
        pause = threading.Event()
        while not self.ask(script):
            if time.monotonic() > until:
                raise AssertionError(f"not within {timeout} s: {script}")
            pause.wait(0.01)

    def text(self, selector: str) -> str:
        """Give the text of an element, on the screen or not."""
        return self.page.text_content(selector) or ""


class Chromium:
    """Runs in a `with` block.

    Args:
        environment: Variables of the browser, e.g. where it shall play.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="chromium-"))
        self._environment = dict(environment or os.environ)
        for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            self._environment[name] = str(self._home)

    def __enter__(self) -> Self:
        """Start it."""
        from playwright.sync_api import sync_playwright

        program = shutil.which("chromium")
        assert program is not None
        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(
            executable_path=program,
            args=_FLAGS,
            chromium_sandbox=os.geteuid() != 0,  # root has none
            env={**self._environment},
            ignore_default_args=["--mute-audio"],
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and remove its files."""
        self._browser.close()
        self._driver.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    @contextmanager
    def tab(self, **settings: Any) -> Iterator[Tab]:  # noqa: ANN401  # Playwright's
        """Open a page that shares nothing with others.

        Args:
            settings: As Playwright's `new_context` takes them, e.g. `viewport`,
                `color_scheme`, `reduced_motion`, `has_touch`.
        """
        context = self._browser.new_context(**settings)
        try:
            yield Tab(context.new_page())
        finally:
            context.close()
