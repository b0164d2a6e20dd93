"""Stands in for the page of a browser: takes orders, and says what it is told to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from tests.support.ear import wait_until
from tui.audio import PlayerStatus, StateChanged

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tui.audio import PlayerEvent

__all__ = ["Told", "WebPage"]


class Told:
    """Keeps events, and waits for them in a coroutine."""

    def __init__(self) -> None:
        self.events: list[PlayerEvent] = []

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds."""
        await asyncio.to_thread(wait_until, lambda: bool(condition()))

    @property
    def status(self) -> PlayerStatus:
        """The state that was told last."""
        changes = [e.status for e in self.events if isinstance(e, StateChanged)]
        return changes[-1] if changes else PlayerStatus()


class WebPage:
    """A page in an `async with` block.

    Args:
        address: What the user would open, with the token.
        hello: What else it says first.
    """

    def __init__(self, address: str, **hello: object) -> None:
        self.base, _, self.token = address.partition("/#")
        self._hello = {"token": self.token, "note": 0, "at": 0, **hello}
        self.number = 0
        """The last order that it took."""

    async def __aenter__(self) -> Self:
        """Connect, and say hello."""
        self.session = aiohttp.ClientSession()
        self.line = await self.session.ws_connect(
            f"{self.base}/speaker", origin=self.base
        )
        await self.line.send_json(self._hello)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave without a word."""
        await self.session.close()
        self.line._response.close()  # else its connection is found by the collector

    async def take(self, *kinds: str) -> dict[str, Any]:
        """Wait for an order of some kind; others before it are passed over."""
        async with asyncio.timeout(10):
            while True:
                order: dict[str, Any] = await self.line.receive_json()
                self.number = order.get("n", self.number)
                if order.get("do") in kinds:
                    return order

    async def say(
        self,
        what: str,
        note: int,
        at: int = 0,
        *,
        order: int | None = None,
        **more: float,
    ) -> None:
        """Say something, about a note."""
        number = self.number if order is None else order
        told = {"what": what, "n": number, "note": note, "at": at, **more}
        await self.line.send_json(told)

    async def closed(self) -> int | None:
        """Wait for the end of the line; returns its code."""
        async with asyncio.timeout(10):
            while True:
                message = await self.line.receive()
                if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}:
                    return self.line.close_code

    async def fetch(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Get something; returns status and content."""
        async with self.session.get(f"{self.base}{path}", headers=headers) as answer:
            return answer.status, await answer.read()
