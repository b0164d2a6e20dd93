"""What the processes of both ends do first and last."""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import logging
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.audio import Engine, Refused, encode, make_output, serve
from tui.child import die_with
from tui.remote._relay import Relay, RelayError, connected
from tui.remote._speaker import Speaker, listening

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.audio import HostedEngine, PlayerEvent, Shelf

__all__ = ["main"]

_log = logging.getLogger(__name__)

_TOKEN_LIMIT = 256
_PATIENCE_S = 2.0
"""Seconds in which a speaker must be there."""
_AGAIN_S = 0.2


def main(argv: Sequence[str] | None = None) -> None:
    """Be one of both; does not return."""
    options = _parsed(argv)
    die_with(options.parent)
    faulthandler.enable()
    logging.basicConfig(
        stream=sys.stderr, format="%(asctime)s remote %(name)s: %(message)s"
    )
    status = 1
    try:
        run = {"relay": _relay, "speaker": _speaker, "browser": _browser}
        status = run[options.end](options, _taken_over())
    except Exception:  # noqa: BLE001  # the last resort of a process: tell the log
        _log.exception("the %s failed", options.end)
    sys.stderr.flush()
    os._exit(status)  # as the engine's process ends, for the same reason


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tui.remote")
    parser.add_argument("end", choices=("relay", "speaker", "browser"))
    parser.add_argument("--socket", type=Path, help="of the relay and the speaker")
    parser.add_argument("--port", type=int, help="of the browser's page")
    parser.add_argument("--output", default="auto", help="of the speaker")
    parser.add_argument("--target-lufs", type=float, default=-18.0)
    parser.add_argument("--parent", type=int, default=0, help="whom to die with")
    return parser.parse_args(argv)


def _relay(options: argparse.Namespace, player: socket.socket) -> int:
    try:
        speaker = _patiently(options.socket)
    except RelayError as error:
        return _refuse(player, str(error))
    Relay(player, speaker, f"speaker:{options.socket}").run()
    return 0


def _patiently(path: Path) -> socket.socket:
    """Connect to a speaker, which may be about to start again.

    Raises:
        RelayError: It can't be used.
    """
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            token = path.with_suffix(".token").read_text("ascii").strip()
            return connected(path, token)
        except (OSError, ValueError, RelayError) as error:
            if time.monotonic() > until:
                told = str(error) if isinstance(error, RelayError) else ""
                raise RelayError(told or "The speaker is not there") from error
        time.sleep(_AGAIN_S)


def _refuse(player: socket.socket, reason: str) -> int:
    """Tell that another relay could do no better, and wait until that was read."""
    with suppress(OSError):
        player.sendall(encode(Refused(reason)))
        while player.recv(4096):
            pass
    return 1


def _speaker(options: argparse.Namespace, parent: socket.socket) -> int:
    """Listen until the parent ends; it says the token first."""
    token = parent.recv(_TOKEN_LIMIT).decode("ascii").strip()
    if not token:
        return 1

    def engine(shelf: Shelf, emit: Callable[[PlayerEvent], None]) -> HostedEngine:
        output = make_output(options.output)
        return Engine(output, emit=emit, target_lufs=options.target_lufs, shelf=shelf)

    speaker = Speaker(listening(options.socket), token, engine)
    threading.Thread(target=speaker.run, name="earmark-speaker", daemon=True).start()
    parent.sendall(b"ready\n")
    try:
        while parent.recv(4096):
            pass
    finally:
        speaker.close()
        with suppress(OSError):
            options.socket.unlink()
    return 0


def _browser(options: argparse.Namespace, player: socket.socket) -> int:
    """Serve a page to the user's browser, and the player's commands to that."""
    from tui.remote._web import WebEngine  # its library is for nobody else

    return serve(
        player,
        lambda emit: WebEngine(
            emit, port=options.port, target_lufs=options.target_lufs
        ),
        warm_up=_warm_up,
    )


def _warm_up() -> None:
    """Import what the first note needs, before it is asked for."""
    importlib.import_module("av")


def _taken_over() -> socket.socket:
    """Take the socket away from standard input, as the engine's process does."""
    connection = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    return connection
