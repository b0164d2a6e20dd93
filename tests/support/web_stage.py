"""A page's engine with two notes, and opening that can be made to wait."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.support.sound import chirp, opus
from tests.support.web_page import Told, WebPage
from tui.audio import Load, PlayerState, PositionChanged
from tui.remote._web import WebEngine
from tui.remote._web_media import serve_note

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tui.remote._web_media import Served

__all__ = ["NOTE", "OTHER", "Gate", "Stage", "following"]

NOTE, OTHER = opus(chirp(2)), opus(chirp(1))


class Stage(Told):
    """An engine, notes, and what is told of them.

    Args:
        folder: Where the notes are.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.engine = WebEngine(self.events.append, port=0)
        self.engine.start()
        self.note = os.fsencode(folder / "a.opus")
        self.other = os.fsencode(folder / "b.opus")
        (folder / "a.opus").write_bytes(NOTE)
        (folder / "b.opus").write_bytes(OTHER)

    async def state(self, state: PlayerState) -> None:
        """Wait for a state."""
        await self.until(lambda: self.status.state is state)

    async def at_end(self) -> None:
        """Wait until the note is at its end, and nothing else has begun."""
        await self.until(
            lambda: self.events[-1] == PositionChanged(1, self.status.duration_ms or 0)
        )

    def count(self, kind: type) -> int:
        """How many events of a type were told."""
        return sum(isinstance(event, kind) for event in self.events)

    @asynccontextmanager
    async def playing(self, **hello: object) -> AsyncIterator[WebPage]:
        """Have a page play the note, as generation 1."""
        async with WebPage(self.engine.address, **hello) as page:
            self.engine.send(Load(1, self.note))
            order = await page.take("load")
            assert order["play"] is True
            await page.say("plays", 1)
            await self.state(PlayerState.PLAYING)
            yield page


class Gate:
    """Has the opening of recordings wait."""

    def __init__(self) -> None:
        self._closed: bytes | None = None
        self._reached = threading.Event()
        self._open = threading.Event()

    def close(self, path: bytes) -> None:
        """Let a recording wait."""
        self._closed = path

    async def reached(self, path: bytes) -> None:
        """Wait until somebody waits for it."""
        assert path == self._closed
        assert await asyncio.to_thread(self._reached.wait, 10)

    def open(self) -> None:
        """Let it go on."""
        self._open.set()

    def serve_note(
        self,
        path: bytes,
        should_stop: Callable[[], bool],
        *,
        most_bytes: int | None,
    ) -> Served:
        """Open a recording."""
        if path == self._closed:
            self._reached.set()
            self._open.wait(10)
        return serve_note(path, should_stop, most_bytes=most_bytes)


async def following(page: WebPage) -> dict[str, Any]:
    """Wait until a page is told what follows."""
    while not (order := await page.take("next"))["note"]:
        pass
    return order
