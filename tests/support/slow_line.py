"""A line with a long way: a TCP proxy on loopback that delays what it carries."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["SlowLine"]

_READ = 65_536


class SlowLine:
    """Carries connections to a port of this machine; runs in a `with` block.

    Args:
        port: Where they lead.
        delay_s: How long a byte takes each way; may be changed while it runs.
    """

    def __init__(self, port: int, delay_s: float = 0.0) -> None:
        self._target = port
        self.delay_s = delay_s
        self.port = 0
        """Where it listens, once it runs."""
        self.there = 0
        """Bytes that were carried to the port."""
        self.back = 0
        """Bytes that were carried back."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="slow-line", daemon=True)
        self._is_up = threading.Event()

    @property
    def carried(self) -> int:
        """Bytes of both directions."""
        return self.there + self.back

    def __enter__(self) -> Self:
        """Start it, and wait until it listens."""
        self._thread.start()
        assert self._is_up.wait(5)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it with its connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = asyncio.start_server(self._carry, "127.0.0.1", 0)
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        self._is_up.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        # A task that is cut off at the end is no error of a connection.
        with suppress(asyncio.CancelledError):
            await asyncio.gather(
                self._one_way(reader, back, is_back=False),
                self._one_way(there, writer, is_back=True),
            )
        writer.close()
        back.close()

    async def _one_way(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        is_back: bool,
    ) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        task = self._loop.create_task(self._deliver(queue, writer))
        with suppress(ConnectionError):
            while data := await reader.read(_READ):
                if is_back:
                    self.back += len(data)
                else:
                    self.there += len(data)
                queue.put_nowait((self._loop.time() + self.delay_s, data))
        queue.put_nowait((self._loop.time() + self.delay_s, b""))
        await task

    async def _deliver(
        self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                if not data:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()
