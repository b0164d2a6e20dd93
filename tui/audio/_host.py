"""The inside of the engine's process: reads commands, runs the engine, tells events.

Standard input is one end of a socket pair. When the other end closes, the process
ends; when the parent dies in any other way, the kernel ends it.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol

from tui.audio._commands import Command
from tui.audio._outbox import Outbox
from tui.audio._sound import TARGET_LUFS
from tui.audio._wire import (
    Elsewhere,
    Lines,
    Ping,
    Pong,
    Ready,
    Refused,
    WireError,
    decode,
    encode,
)
from tui.child import die_with, taken_over
from tui.errors import EarmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.audio._events import PlayerEvent
    from tui.audio._wire import Message

__all__ = ["HostedEngine", "main", "serve"]

_log = logging.getLogger(__name__)

_CLOSE_S = 1.0


class Connection(Protocol):
    """A socket that blocks, or what stands for one."""

    def recv(self, limit: int, /) -> bytes:
        """Wait for bytes; none when the other end is gone.

        Raises:
            OSError: It is gone.
        """

    def sendall(self, data: bytes, /) -> None:
        """Send bytes.

        Raises:
            OSError: The other end is gone.
        """


class HostedEngine(Protocol):
    """What the host asks of an engine."""

    def start(self) -> None:
        """Begin to work."""

    def send(self, command: Command) -> None:
        """Hand over a command; returns at once."""

    def close(self, timeout: float = 2.0) -> None:
        """End, within some seconds."""


class _Voice(threading.Thread):
    """Sends what is told. The engine never waits for whoever reads it.

    Args:
        connection: Where to send.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(name="earmark-voice", daemon=True)
        self._connection = connection
        self._outbox = Outbox()
        self._something = threading.Condition()

    def tell(self, message: Message) -> None:
        """Have a message sent, from any thread."""
        with self._something:
            self._outbox.put(message)
            self._something.notify()

    def run(self) -> None:
        """Send until the other end is gone."""
        try:
            while True:
                self._connection.sendall(b"".join(self._due()))
        except OSError:
            return  # the reader of commands notices it as well, and ends all

    def _due(self) -> list[bytes]:
        with self._something:
            while True:
                messages, wait = self._outbox.take(time.monotonic())
                lines = [line for each in messages if (line := _encoded(each))]
                if lines:
                    return lines
                self._something.wait(wait)


def _encoded(message: Message) -> bytes:
    try:
        return encode(message)
    except WireError:
        _log.exception("an event can't be told")
        return b""


def serve(
    connection: Connection,
    make_engine: Callable[[Callable[[Message], None]], HostedEngine],
    *,
    warm_up: Callable[[], None] | None = None,
) -> int:
    """Run an engine for whoever is at the other end, until that end closes.

    Args:
        connection: Where commands come from and events go to.
        make_engine: Makes the engine from what takes its events.
        warm_up: Called on a thread of its own when commands are taken, to do slow
            things early.

    Returns:
        The exit status.
    """
    voice = _Voice(connection)
    voice.start()
    try:
        engine = make_engine(voice.tell)
        engine.start()
    except (EarmarkError, ImportError) as error:
        _log.exception("the engine can't be made")
        voice.tell(Refused(str(error)))
        # The other end hangs up when it has read that.
        while connection.recv(4096):
            pass
        return 1
    voice.tell(Ready(os.getpid()))
    if warm_up is not None:
        threading.Thread(target=warm_up, name="earmark-warm-up", daemon=True).start()
    try:
        _read_commands(connection, engine, voice)
    except WireError:
        _log.exception("what arrived is no command")
        return 1
    finally:
        engine.close(_CLOSE_S)
    return 0


def _read_commands(connection: Connection, engine: HostedEngine, voice: _Voice) -> None:
    lines = Lines()
    while data := _received(connection):
        for line in lines.feed(data):
            message = decode(line)
            if isinstance(message, Ping):
                voice.tell(Pong(message.number))
            elif isinstance(message, Command):
                engine.send(message)
            else:
                raise WireError(f"{type(message).__name__} is no command")


def _received(connection: Connection) -> bytes:
    try:
        return connection.recv(65_536)
    except OSError:
        return b""  # reset: the parent is gone


def main(
    argv: Sequence[str] | None = None,
    *,
    engine: Callable[[Callable[[PlayerEvent], None]], HostedEngine] | None = None,
) -> None:
    """Be the engine's process; does not return.

    Args:
        argv: The arguments; those of the command line by default.
        engine: Makes another engine than the real one, for tests.
    """
    options = _parsed(argv)
    die_with(options.parent)
    faulthandler.enable()
    logging.basicConfig(
        stream=sys.stderr, format="%(asctime)s audio %(name)s: %(message)s"
    )
    connection = taken_over()
    status = 1
    try:
        if engine is None:
            status = serve(
                connection,
                lambda emit: _real_engine(options, emit),
                warm_up=lambda: _warm_up(options.output),
            )
        else:
            status = serve(connection, engine)
    except Exception:  # noqa: BLE001  # the last resort of a process: tell the log
        _log.exception("the engine's process failed")
    sys.stderr.flush()
    # Sound libraries crash while the interpreter takes itself down; nothing is left
    # to do that would need it.
    os._exit(status)


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tui.audio")
    parser.add_argument("--output", default="auto", help="the name of the output")
    parser.add_argument("--path", help="where the output `file` writes")
    parser.add_argument("--pace", type=float, default=1.0, help="speed of `file`")
    parser.add_argument("--period-ms", type=int, default=0, help="of a device")
    parser.add_argument(
        "--target-lufs",
        type=float,
        default=TARGET_LUFS,
        help="what recordings are levelled to",
    )
    parser.add_argument("--parent", type=int, default=0, help="whom to die with")
    return parser.parse_args(argv)


def _real_engine(
    options: argparse.Namespace, emit: Callable[[Message], None]
) -> HostedEngine:
    from tui.audio._engine import Engine
    from tui.audio._outputs import make_output

    output = make_output(
        options.output,
        period_ms=options.period_ms,
        path=options.path,
        pace=options.pace,
        elsewhere=lambda name: emit(Elsewhere(name)),
    )
    return Engine(output, emit=emit, target_lufs=options.target_lufs)


def _warm_up(output: str) -> None:
    """Import what the first note needs, before it is asked for."""
    has_miniaudio = output.partition(":")[0] in {"auto", "miniaudio"}
    for name in ("av", *(["miniaudio"] if has_miniaudio else [])):
        try:
            importlib.import_module(name)
        except ImportError:
            _log.exception("without %s there is no sound", name)
