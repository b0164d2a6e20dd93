"""A socket on which frames travel, and the engine's lines among them."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.remote._frames import FrameError, Frames, Kind, frame

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

__all__ = ["Channel"]

_READ = 65_536


class Channel:
    """Looks like a socket that only the engine's lines pass.

    One thread receives; any may send.

    Args:
        connection: A blocking socket.
        take: Told of every other frame, on the thread that receives.
    """

    def __init__(
        self, connection: socket.socket, take: Callable[[Kind, bytes], None]
    ) -> None:
        self._connection = connection
        self._take = take
        self._frames = Frames()
        self._lines: deque[bytes] = deque()
        self._sending = threading.Lock()

    def recv(self, _limit: int = _READ) -> bytes:
        """Wait for lines; empty when the other end is gone, or is none of ours."""
        while not self._lines:
            try:
                data = self._connection.recv(_READ)
            except OSError:
                return b""
            if not data:
                return b""
            try:
                for kind, content in self._frames.feed(data):
                    if kind is Kind.LINE:
                        self._lines.append(content)
                    else:
                        self._take(kind, content)
            except FrameError:
                self.close()
                return b""
        return self._lines.popleft()

    def sendall(self, lines: bytes) -> None:
        """Send lines.

        Raises:
            OSError: The other end is gone.
        """
        self.send(Kind.LINE, lines)

    def send(self, kind: Kind, content: bytes) -> None:
        """Send a frame.

        Raises:
            OSError: The other end is gone.
        """
        with self._sending:
            self._connection.sendall(frame(kind, content))

    def close(self) -> None:
        """End it; whoever waits in `recv` gets nothing."""
        import socket

        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
