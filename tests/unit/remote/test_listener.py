"""`earmark listen` and who answers it: nothing is believed that has no meaning."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tui.audio import DeviceChanged, EngineProcess
from tui.remote import Listener, ListenError, listening_command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOUND = {"speed": 1.0, "skip": 0, "volume": 1.0, "gain": 0.0}
LOAD = {
    "do": "load",
    "n": 1,
    "note": 1,
    "url": "/note/abc",
    "at": 0,
    "length": 1,
    "samples": 48_000,
    "play": True,
    "sound": SOUND,
    "loop": [],
}


class Host:
    """Says to whoever comes what it is told to, and keeps what it is asked for."""

    def __init__(self, *said: str) -> None:
        self._said = said
        self.hello: dict[str, Any] = {}
        self.asked: list[str] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Listen; gives the address."""
        app = web.Application()
        app.router.add_get("/speaker", self._speak)
        app.router.add_get("/{path:.*}", self._fetched)
        async with TestServer(app, host="127.0.0.1") as server:
            yield f"http://127.0.0.1:{server.port}/#token"

    async def _fetched(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        raise web.HTTPNotFound

    async def _speak(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        self.hello = await line.receive_json()
        for text in ('{"welcome":1}', *self._said):
            await line.send_str(text)
        async for _ in line:
            pass
        return line


def silence() -> EngineProcess:
    """Give what plays here, and is not heard."""
    return EngineProcess("null", command=listening_command("null"))


def changed(**changes: object) -> str:
    """Give the order with something else in it."""
    return json.dumps({**LOAD, **changes})


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "{}",
        "7",
        "[" * 20_000,
        changed(url="//example.org/note/abc"),
        changed(url="@example.org/note/abc"),
        changed(url="/note/../speaker"),
        changed(url="/note/abc#7"),
        changed(url="/note/abc?x"),
        changed(url=7),
        changed(samples=-1),
        changed(samples=10**18),
        changed(samples="x"),
        changed(at=float("nan")),
        changed(at=float("inf")),
        changed(at=None),
        changed(sound={}),
        changed(sound={**SOUND, "volume": -1}),
        changed(sound={**SOUND, "speed": float("nan")}),
        changed(sound=None),
        changed(loop=[1]),
        changed(loop=["a", "b"]),
        changed(play=True, note=[]),
    ],
)
async def test_what_has_no_meaning_ends_it_with_a_line(said: str) -> None:
    """Nothing is fetched that is no note, from nowhere else, and nothing crashes."""
    host = Host(said)
    told: list[str] = []
    async with host.serving() as address:
        with pytest.raises(ListenError, match="no meaning"):
            await Listener(address, silence(), told.append).run()
    assert address.endswith(f"/#{host.hello['token']}")
    assert host.hello["parts"] is True
    assert host.asked == []
    assert told == ["connected: what is played there is heard here"]


async def test_it_leaves_when_another_page_plays() -> None:
    """It says so, and what it had for a moment was not there: no trouble."""
    host = Host(changed(samples=0), '{"do":"leave"}')
    told: list[str] = []
    async with host.serving() as address:
        await Listener(address, silence(), told.append).run()
    assert told[1:] == ["another page plays now"]


async def test_without_a_device_one_is_told() -> None:
    """Otherwise it would be silent without a reason."""
    player, came = silence(), asyncio.Event()
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 1:
            player._publish(DeviceChanged("null", "No sound device"))
            player._publish(DeviceChanged("null", ""))
        elif line == "No sound device":
            came.set()

    async with Host().serving() as address:
        listening = asyncio.create_task(Listener(address, player, tell).run())
        async with asyncio.timeout(10):
            await came.wait()
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
    assert told[1:] == ["No sound device"]
