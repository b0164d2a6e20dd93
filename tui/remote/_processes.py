"""What the processes of both ends do first and last."""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.audio import Engine, Refused, encode, make_output, serve
from tui.child import die_with, taken_over
from tui.remote._greeting import (
    AwayError,
    NobodyError,
    RelayError,
    answering,
    connected,
)
from tui.remote._relay import Relay
from tui.remote._speaker import Speaker, listening

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from tui.audio import HostedEngine, PlayerEvent, Shelf

__all__ = ["main"]

_log = logging.getLogger(__name__)

_TOKEN_LIMIT = 256
_PATIENCE_S = {NobodyError: 2.0, AwayError: 8.0}
"""Seconds in which a speaker must be there; longer when an ssh is there that leads to
it, as `earmark ssh` starts it again then. One that refuses will do so again."""
_AGAIN_S = 0.2
_GONE = "The sound where you sit is gone; play looks for it again"


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
        status = run[options.end](options, taken_over())
    except Exception:  # noqa: BLE001  # the last resort of a process: tell the log
        _log.exception("the %s failed", options.end)
    sys.stderr.flush()
    os._exit(status)  # as the engine's process ends, for the same reason


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tui.remote")
    parser.add_argument("end", choices=("relay", "speaker", "browser"))
    parser.add_argument("--socket", type=Path, help="of the relay and the speaker")
    parser.add_argument(
        "--others", action="store_true", help="where the relay's is gone, any will do"
    )
    parser.add_argument("--port", type=int, help="of the browser's page")
    parser.add_argument("--output", default="auto", help="of the speaker")
    parser.add_argument("--target-lufs", type=float, default=-18.0)
    parser.add_argument("--parent", type=int, default=0, help="whom to die with")
    return parser.parse_args(argv)


def _relay(options: argparse.Namespace, player: socket.socket) -> int:
    try:
        speaker = _patiently(options.socket, others=options.others)
    except RelayError as error:
        return _refuse(player, str(error))
    Relay(player, speaker, f"speaker:{options.socket}").run()
    return 0


def _patiently(path: Path, *, others: bool) -> socket.socket:
    """Connect to a speaker, which may be about to start again.

    Args:
        path: Its socket.
        others: Whether one that is gone, as that of a terminal that was left with tmux
            in it, is replaced by another one of this user, from where he sits now.

    Raises:
        RelayError: It can't be used.
    """
    begun = time.monotonic()
    while True:
        try:
            return connected(path)
        except RelayError as error:
            is_gone = isinstance(error, NobodyError)
            other = (
                answering(idle_only=True, besides=path) if is_gone and others else None
            )
            if other is not None:
                with suppress(RelayError):
                    return connected(other)
            if time.monotonic() > begun + _PATIENCE_S.get(type(error), 0.0):
                raise RelayError(_GONE if is_gone else str(error)) from error
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
    threading.Thread(target=_warm_up, name="earmark-warm", daemon=True).start()
    with suppress(OSError):  # the parent may be gone already
        parent.sendall(b"ready\n")
        while parent.recv(4096):
            pass
    speaker.close()
    options.socket.unlink(missing_ok=True)
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
