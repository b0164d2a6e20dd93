"""A real browser for tests: Firefox without a window, with a profile of its own.

It finds no host but this machine, may play sound without a click, and ends with the
block. WebDriver BiDi drives it, a protocol that it speaks itself, over a WebSocket on a
port of this machine.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping
    from types import TracebackType

__all__ = ["Firefox", "FirefoxTab"]

_PREFS: dict[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.update.enabled": False,
    "media.autoplay.blocking_policy": 0,
    "media.autoplay.default": 0,
    # Nothing but this machine is reached: all else would go to a port where nobody is.
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
    "toolkit.telemetry.enabled": False,
}
_START_S = 40.0
_ANSWER_S = 20.0


class FirefoxTab:
    """A page in the browser, and what went wrong on it.

    Args:
        browser: The browser.
        context: The number that it gave the page.
    """

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context
        self.troubles: list[str] = []
        """What scripts and the policy said; nothing on a good page."""

    def open(self, url: str) -> None:
        """Go to an address."""
        self._tell("browsingContext.navigate", url=url, wait="complete")

    def reload(self) -> None:
        """Load it once more."""
        self._tell("browsingContext.reload", wait="complete")

    def ask(self, script: str) -> Any:  # noqa: ANN401  # JSON
        """Have an expression worked out in the page; gives its value."""
        answer = self._tell(
            "script.evaluate",
            expression=f"JSON.stringify({script})",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=False,
        )
        result = answer.get("result", {})
        assert answer["type"] == "success", answer
        return json.loads(result["value"]) if "value" in result else None

    def wait(self, script: str, timeout: float = 10.0) -> None:
        """Wait until an expression is true in the page."""
        until = time.monotonic() + timeout
        pause = threading.Event()
        while not self.ask(script):
            if time.monotonic() > until:
                raise AssertionError(f"not within {timeout} s: {script}")
            pause.wait(0.01)

    def click(self, selector: str) -> None:
        """Press the main button of the mouse on an element."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        middle = self.ask(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({box})"
        )
        x, y = map(round, middle)
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        self._tell("input.performActions", actions=[mouse])

    def text(self, selector: str) -> str:
        """Give the text of an element, on the screen or not."""
        found = self.ask(f"document.querySelector({json.dumps(selector)}).textContent")
        return str(found)

    def resize(self, width: int, height: int) -> None:
        """Give the page a size, in CSS pixels."""
        viewport = {"width": width, "height": height}
        self._tell("browsingContext.setViewport", viewport=viewport)

    def screenshot(self, path: Path) -> None:
        """Take a picture, as PNG."""
        answer = self._tell("browsingContext.captureScreenshot")
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        """Close it."""
        self._tell("browsingContext.close")

    def _tell(self, method: str, **params: object) -> dict[str, Any]:
        return self._browser.tell(method, context=self._context, **params)


class Firefox:
    """Runs in a `with` block.

    Args:
        environment: Variables of the browser, e.g. where it shall play.
        prefs: More settings.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        prefs: Mapping[str, bool | int | str] | None = None,
    ) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="firefox-"))
        self._environment = dict(environment or os.environ)
        for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            self._environment[name] = str(self._home)
        self._prefs = _PREFS | dict(prefs or {})
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tabs: dict[str, FirefoxTab] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        """Start it."""
        profile = self._home / "profile"
        profile.mkdir()
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in self._prefs.items()
        ]
        (profile / "user.js").write_text("".join(lines), encoding="utf-8")
        words = ["firefox-esr", "--headless", "--remote-debugging-port", "0"]
        self._process = subprocess.Popen(
            [*words, "--no-remote", "--profile", str(profile)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        self._thread.start()
        try:
            address = _address(self._process.stderr)
            self._call(self._connect(f"{address}/session"))
            self.tell("session.new", capabilities={})
            self.tell("session.subscribe", events=["log.entryAdded"])
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and remove its files."""
        with suppress(Exception):
            self.tell("browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with suppress(Exception):
            self._call(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        if self._process.stderr is not None:
            self._process.stderr.close()
        shutil.rmtree(self._home, ignore_errors=True)

    @contextmanager
    def tab(self) -> Iterator[FirefoxTab]:
        """Open a page."""
        made = self.tell("browsingContext.create", type="tab")
        tab = self._tabs[made["context"]] = FirefoxTab(self, made["context"])
        try:
            yield tab
        finally:
            tab.close()

    def tell(self, method: str, **params: object) -> dict[str, Any]:
        """Give an order; returns the answer.

        Raises:
            AssertionError: It is refused.
        """
        answer = self._call(self._asked(method, params))
        assert answer["type"] == "success", answer
        found: dict[str, Any] = answer["result"]
        return found

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401  # whatever it gives
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_S)

    async def _connect(self, address: str) -> None:
        self._session = aiohttp.ClientSession()
        self._line = await self._session.ws_connect(address, max_msg_size=0)
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._line:
            told = json.loads(message.data)
            if (future := self._answers.pop(told.get("id", 0), None)) is not None:
                future.set_result(told)
            elif told.get("method") == "log.entryAdded":
                tab = self._tabs.get(told["params"]["source"].get("context", ""))
                if tab is not None:
                    tab.troubles.append(str(told["params"].get("text")))

    async def _asked(self, method: str, params: object) -> dict[str, Any]:
        number = next(self._numbers)
        future = self._answers[number] = self._loop.create_future()
        await self._line.send_json({"id": number, "method": method, "params": params})
        answer: dict[str, Any] = await future
        return answer


def _address(stderr: IO[str]) -> str:
    """Read where it listens; what it says then is read and thrown away."""
    found: list[str] = []
    is_there = threading.Event()

    def read() -> None:
        with suppress(ValueError, OSError):
            for line in stderr:
                told = re.search(r"ws://127\.0\.0\.1:\d+", line)
                if told is not None:
                    found.append(told[0])
                    is_there.set()

    threading.Thread(target=read, daemon=True).start()
    assert is_there.wait(_START_S), "Firefox does not start"
    return found[0]
