"""Another user of this machine, who tries what can be tried at a port of ours.

What a `Stranger` is asked to do runs in a process that has given up being root.
"""

from __future__ import annotations

import base64
import os
import select
import socket
import struct
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

__all__ = ["Answer", "Stranger", "ask", "held", "hold", "peek", "talk"]

P = ParamSpec("P")
R = TypeVar("R")

NOBODY = 65534
_PATIENCE_S = 8.0
_CLOSE = 8

_held: list[socket.socket] = []


class Answer(NamedTuple):
    """What came back."""

    status: int
    """Of HTTP; 0 when the line was closed without a word."""
    content: bytes
    """All that came after the headers; of a WebSocket all that was said in it."""
    close: int = 0
    """What a WebSocket was closed with."""


class Stranger:
    """Runs in a `with` block; whoever starts it has to be root."""

    def __init__(self) -> None:
        self._process = ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=_become_nobody
        )

    def __enter__(self) -> Self:
        """Start it."""
        assert self.do(os.getuid) == NOBODY
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, and close what it holds."""
        self._process.shutdown()

    def do(self, function: Callable[P, R], /, *given: P.args, **named: P.kwargs) -> R:
        """Have it do something; gives what that gave."""
        return self._process.submit(function, *given, **named).result(30)


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def ask(port: int, request: bytes) -> Answer:
    """Send a request as it stands, and read until the other side closes the line."""
    with _connected(port) as line:
        with suppress(ConnectionError):  # it may know enough before the end
            line.sendall(request)
        return _answer(_rest(line))


def talk(port: int, request: bytes, *frames: bytes, opcode: int = 1) -> Answer:
    """Ask for a WebSocket, say something in it, and read until it is closed.

    Args:
        port: Of this machine.
        request: The request, as it stands.
        frames: What is said, each in a frame of its own.
        opcode: Of these frames; 1 for text.
    """
    key = base64.b64encode(bytes(16)).decode()
    upgrade = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n"
    )
    with _connected(port) as line:
        line.sendall(request.removesuffix(b"\r\n") + upgrade.encode())
        with suppress(ConnectionError):
            for frame in frames:
                line.sendall(_frame(opcode, frame))
        data = bytearray()
        answer = Answer(0, b"")
        with suppress(ConnectionError):
            while more := line.recv(65_536):
                data += more
                answer = _heard(_answer(bytes(data)))
                if answer.close:
                    break
    return answer


def _heard(answer: Answer) -> Answer:
    """Take the frames apart that came after the headers."""
    if answer.status != 101:
        return answer
    said, close, left = bytearray(), 0, answer.content
    while len(left) >= 2:
        size, begin = left[1], 2
        if size == 126:
            size, begin = int.from_bytes(left[2:4]), 4
        part = left[begin : begin + size]
        if left[0] & 15 == _CLOSE:
            close = int.from_bytes(part[:2])
        else:
            said += part
        left = left[begin + size :]
    return Answer(answer.status, bytes(said), close)


def hold(port: int, begin: bytes, count: int) -> None:
    """Open connections, begin something on each, and leave it at that."""
    for _ in range(count):
        line = _connected(port)
        _held.append(line)
        with suppress(ConnectionError):
            line.sendall(begin)


def held() -> int:
    """Tell how many of these connections the other side has not closed yet."""
    is_open = 0
    for line in _held:
        with suppress(ConnectionError):
            while select.select([line], [], [], 0)[0]:
                if not line.recv(65_536):
                    break
            else:
                is_open += 1
    return is_open


def peek(paths: Sequence[str]) -> dict[str, bytes | None]:
    """Read files; None for what may not be read."""
    found: dict[str, bytes | None] = {}
    for path in paths:
        try:
            with Path(path).open("rb") as file:
                found[path] = file.read(1_000_000)
        except OSError:
            found[path] = None
    return found


def _connected(port: int) -> socket.socket:
    # Not `create_connection`, which looks names up: that needs files of Python, which
    # nobody may have no right to.
    made = socket.socket()
    made.settimeout(_PATIENCE_S)
    made.connect(("127.0.0.1", port))
    return made


def _rest(line: socket.socket) -> bytes:
    found = bytearray()
    with suppress(ConnectionError):
        while data := line.recv(65_536):
            found += data
    return bytes(found)


def _answer(data: bytes) -> Answer:
    head, _, content = data.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    return Answer(int(words[1]) if len(words) > 1 else 0, content)


def _frame(opcode: int, content: bytes) -> bytes:
    """Make a frame as clients have to: with a mask, here of zeros."""
    size = len(content)
    if size < 126:
        head = struct.pack("!BB", 128 | opcode, 128 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", 128 | opcode, 128 | 126, size)
    else:
        head = struct.pack("!BBQ", 128 | opcode, 128 | 127, size)
    return head + bytes(4) + content
