"""The browser as the speaker: an engine that serves a page, and plays by way of it.

It listens on this machine's own address only, from the moment that it is chosen. Its
address for the user ends in a token, behind a `#`: browsers do not send that part, so
that it stands in no request and no log; the page says it in its first message.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import secrets
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tui.audio import OutputInfo, OutputsListed, list_outputs
from tui.errors import AudioError
from tui.remote._web_page import NAME
from tui.remote._web_player import PagePlayer, Report
from tui.remote._web_rules import Crowd, Few, add_headers, guard, is_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio import Command, PlayerEvent
    from tui.remote._web_media import Served

__all__ = ["PORT", "WebEngine"]

_log = logging.getLogger(__name__)
_strangers_log = logging.getLogger(f"{__name__}.strangers")
"""What anybody on this machine can cause; of it not all is written down."""

PORT = 8137
"""The first port that is tried: one that can be forwarded before it is needed."""
_PORTS = 16
_TOKEN_BYTES = 16
_HELLO_S = 10.0
_LEAVE_S = 2.0
_MESSAGE_LIMIT = 4096
_ORDERS_LIMIT = 512
_CHUNK = 16_384
_BURST = 512 * 1024
"""Bytes of a note that are sent as fast as they go; then it is at some pace: orders
must not wait behind a long recording, on a line that is slow."""
_PACE = 256 * 1024
_MADE_BURST, _MADE_PACE = 192 * 1024, 64 * 1024
"""The same of what is made here: half a minute, then ten times as fast as it is spoken.
More is work that nobody may need."""
_WRONG_TOKEN, _NO_MESSAGE = 4403, 4400
_FOLDER = Path(__file__).with_name("_page")
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}


class _SocketPage:
    """A page at the other end of a WebSocket.

    Args:
        line: The WebSocket.
        hello: What it said first.
    """

    def __init__(self, line: web.WebSocketResponse, hello: dict[str, Any]) -> None:
        self.skips = hello.get("skips") is True
        self.parts = hello.get("parts") is True
        self._line = line
        self._orders: asyncio.Queue[str | None] = asyncio.Queue(_ORDERS_LIMIT)
        self._task = asyncio.create_task(self._send_all())

    def send(self, order: dict[str, Any]) -> None:
        """Give it an order."""
        try:
            self._orders.put_nowait(json.dumps(order, separators=(",", ":")))
        except asyncio.QueueFull:
            self.close()

    def close(self) -> None:
        """Have done with it, also where nothing gets through any more."""
        with suppress(asyncio.QueueFull):
            self._orders.put_nowait(None)
            asyncio.get_running_loop().call_later(_LEAVE_S, self._task.cancel)
            return
        self._task.cancel()

    async def _send_all(self) -> None:
        try:
            while (order := await self._orders.get()) is not None:
                await self._line.send_str(order)
        except (OSError, RuntimeError):
            return  # it is gone, which its reader notices
        finally:
            await self._line.close(drain=False)

    async def end(self) -> None:
        """Wait until it is over."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


class WebEngine:
    """Serves a page, and plays by way of it.

    Args:
        emit: Called with every event, on a thread of its own.
        port: The port; 0 for a free one, None for the first free one from `PORT` on.
        target_lufs: What recordings are levelled to.
    """

    def __init__(
        self,
        emit: Callable[[PlayerEvent], None],
        *,
        port: int | None = None,
        target_lufs: float = -18.0,
    ) -> None:
        self._emit = emit
        self._wanted_port = port
        self._target_lufs = target_lufs
        self._token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._thread = threading.Thread(
            target=self._run, name="earmark-web", daemon=True
        )

    @property
    def address(self) -> str:
        """What the user opens; with the token. Known from the start on."""
        port = self._listener.getsockname()[1]
        return f"http://127.0.0.1:{port}/#{self._token}"

    def start(self) -> None:
        """Listen, and begin to work.

        Raises:
            AudioError: There is no free port.
        """
        self._listener = _listening(self._wanted_port)
        self._files = {
            path: ((_FOLDER / name).read_bytes(), kind)
            for path, (name, kind) in _FILES.items()
        }
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._player = PagePlayer(
            self._emit,
            offer=f"Open {self.address} to hear it",
            list_outputs=self._list_outputs,
            target_lufs=self._target_lufs,
            loop=self._loop,
        )
        self._thread.start()

    def send(self, command: Command) -> None:
        """Hand over a command."""
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._player.obey, command)

    def close(self, timeout: float = 2.0) -> None:
        """End it."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(timeout)

    def _list_outputs(self) -> None:
        """Tell which outputs there are here, besides the page."""

        def run() -> None:
            page = OutputInfo(NAME, "a page in your browser", is_default=True)
            others = (
                replace(each, is_default=False)
                for each in list_outputs()
                if each.name != NAME
            )
            self._emit(OutputsListed((page, *others), NAME))

        threading.Thread(target=run, name="earmark-outputs", daemon=True).start()

    def _run(self) -> None:
        try:
            with ThreadPoolExecutor(4, "earmark-notes") as workers:
                self._loop.set_default_executor(workers)
                self._loop.run_until_complete(self._serve())
        except Exception:  # noqa: BLE001  # the outermost one of a thread
            _log.exception("the page's server failed")
            os._exit(1)  # the player starts another one
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        app = web.Application(middlewares=[guard], client_max_size=1024)
        app.on_response_prepare.append(add_headers)
        for path in _FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/note/{key}", self._note)
        app.router.add_get("/speaker", self._speaker)
        _strangers_log.filters[:] = [Few()]
        runner = web.AppRunner(
            app, access_log=None, logger=_strangers_log, shutdown_timeout=0.5
        )
        await runner.setup()
        assert runner.server is not None  # noqa: S101  # it is set up
        self._crowd = Crowd(runner.server)
        server = await self._loop.create_server(self._crowd, sock=self._listener)
        clock = asyncio.create_task(self._player.run())
        try:
            self._player.offer()
            ended = asyncio.create_task(self._ending.wait())
            await asyncio.wait({clock, ended}, return_when=asyncio.FIRST_COMPLETED)
            if clock.done():
                clock.result()
        finally:
            clock.cancel()
            server.close()
            self._player.close()
            await runner.cleanup()

    async def _file(self, request: web.Request) -> web.Response:
        content, kind = self._files[request.path]
        return web.Response(body=content, content_type=kind, charset="utf-8")

    async def _note(self, request: web.Request) -> web.StreamResponse:
        served = self._player.find(request.match_info["key"])
        if served is None:
            raise web.HTTPNotFound
        self._crowd.trust(request)
        begin, end = _range(request, served.size)
        response = web.StreamResponse(status=206 if "Range" in request.headers else 200)
        response.content_type = served.mime
        response.content_length = end - begin
        response.headers["Accept-Ranges"] = "bytes"
        if response.status == 206:
            response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{served.size}"
        await response.prepare(request)
        if request.method == "GET":
            try:
                await self._send(response, served, begin, end)
            except ConnectionError:
                pass  # it has heard enough
            except AudioError as error:
                response.force_close()
                self._player.broke(served, error)
        return response

    async def _send(
        self, response: web.StreamResponse, served: Served, begin: int, end: int
    ) -> None:
        sent = 0
        burst, pace = _MADE_BURST, _MADE_PACE
        if not served.is_made:
            length_ms = max(1000, served.duration_ms or 0)
            burst, pace = _BURST, max(_PACE, 4 * served.size * 1000 // length_ms)
        while begin + sent < end:
            count = min(_CHUNK, end - begin - sent)
            data = b""
            with suppress(RuntimeError):  # its worker has ended
                data = await self._loop.run_in_executor(
                    served.worker, served.read, begin + sent, count
                )
            if not data:  # it was let go, or has become shorter
                response.force_close()
                raise ConnectionResetError
            await response.write(data)
            sent += len(data)
            if sent > burst:
                await asyncio.sleep(len(data) / pace)

    async def _speaker(self, request: web.Request) -> web.WebSocketResponse:
        if "Origin" not in request.headers:
            raise web.HTTPForbidden
        line = web.WebSocketResponse(
            max_msg_size=_MESSAGE_LIMIT, compress=False, timeout=1.0
        )
        await line.prepare(request)
        hello = await self._hello(line)
        if hello is None:
            return line
        self._crowd.trust(request)
        await line.send_str('{"welcome":1}')
        page = _SocketPage(line, hello)
        at = _whole(hello.get("at")), _whole(hello.get("note"))
        self._player.joined(page, note=at[1] or 0, at_ms=at[0] or 0)
        try:
            async for message in line:
                report = _report(message.data)
                if message.type is not WSMsgType.TEXT or report is None:
                    await line.close(code=_NO_MESSAGE)
                    break
                self._player.told(page, report)
        finally:
            self._player.left(page)
            await page.end()
        return line

    async def _hello(self, line: web.WebSocketResponse) -> dict[str, Any] | None:
        """Read who it is; None when it is nobody that we know."""
        try:
            message = await line.receive(_HELLO_S)
        except TimeoutError:
            await line.close(code=_NO_MESSAGE)
            return None
        hello = _object(message.data) if message.type is WSMsgType.TEXT else None
        if hello is None or not is_token(hello.get("token"), self._token):
            _strangers_log.warning("a page was refused: the token is wrong")
            await line.close(code=_WRONG_TOKEN)
            return None
        return hello


def _listening(port: int | None) -> socket.socket:
    """Open a socket for this machine alone.

    Raises:
        AudioError: The port, or all that are tried, are taken.
    """
    ports = range(PORT, PORT + _PORTS) if port is None else (port,)
    for each in (*ports, 0) if port is None else ports:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(("127.0.0.1", each))
            made.listen(16)
        except OSError as error:
            made.close()
            _log.info("port %d: %s", each, error)
            continue
        made.setblocking(False)  # noqa: FBT003  # as the library has it
        return made
    raise AudioError(b"browser", f"port {port} is taken")


def _range(request: web.Request, size: int) -> tuple[int, int]:
    """Read which bytes are asked for.

    Raises:
        HTTPRequestRangeNotSatisfiable: There are none such.
    """
    try:
        asked = request.http_range
        begin, end, _ = asked.indices(size)
    except ValueError:
        begin, end = 0, -1
    if begin >= end:
        raise web.HTTPRequestRangeNotSatisfiable(
            headers={"Content-Range": f"bytes */{size}"}
        )
    return begin, end


def _object(text: object) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _whole(value: object) -> int | None:
    is_whole = type(value) is int and 0 <= value < 2**53
    return value if is_whole and isinstance(value, int) else None


def _report(text: object) -> Report | None:
    """Read what a page says; None when it is nothing of ours."""
    told = _object(text)
    if told is None or not isinstance(told.get("what"), str):
        return None
    numbers = [_whole(told.get(name)) for name in ("n", "note", "at")]
    order, note, at_ms = numbers
    speed = told.get("speed")
    is_speed = isinstance(speed, int | float) and not isinstance(speed, bool)
    if order is None or note is None or at_ms is None:
        return None
    if speed is not None and not (is_speed and math.isfinite(speed)):
        return None
    return Report(told["what"], order, note, at_ms, speed)
