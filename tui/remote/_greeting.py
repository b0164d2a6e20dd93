"""How a relay and a speaker greet, and how one looks for a speaker that answers.

Light, and a program of its own: `python -m tui.remote find` is run in the middle of
opening an output.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
import threading
from typing import TYPE_CHECKING, Any

from tui.audio import speaker_sockets
from tui.remote._frames import (
    VERSION,
    FrameError,
    Kind,
    first_frame,
    frame,
    json_from,
    json_to,
)
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "AwayError",
    "NobodyError",
    "RelayError",
    "answering",
    "asked",
    "connected",
    "find",
    "speaker_problem",
]

_HELLO_S = 5.0
"""Seconds for a speaker to take a relay; then its line counts as dead."""
_ASKING_S = 1.5
"""Seconds for a speaker to answer whoever looks for one. It is a round trip away."""
_PATIENT_S = 5.0
_CREDENTIALS = struct.Struct("3i")


class RelayError(Exception):
    """The speaker can't be used; the text is a sentence for the user."""


class NobodyError(RelayError):
    """Nobody is there: no ssh that leads to a speaker, or one whose line is dead."""


class AwayError(RelayError):
    """An ssh is there, but not the speaker that it leads to, which may start again."""


def _token_of(path: Path) -> str:
    """Read what a speaker wants to hear.

    Args:
        path: Its socket; the token lies beside it.

    Raises:
        RelayError: There is none that can be read.
    """
    try:
        return path.with_suffix(".token").read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise NobodyError("The speaker is not there") from error


def connected(path: Path) -> socket.socket:
    """Connect to a speaker to have it play.

    Args:
        path: Its socket.

    Raises:
        RelayError: It is not there, not ours, or refuses.
    """
    made, _ = _greeted(path, _HELLO_S, asks=False)
    made.settimeout(None)
    return made


def asked(path: Path, timeout: float = _ASKING_S) -> bool:
    """Ask a speaker whether it answers, without taking it away from anybody.

    Args:
        path: Its socket.
        timeout: How many seconds it has.

    Returns:
        Whether it plays for somebody now.

    Raises:
        RelayError: It is not there, not ours, or refuses.
    """
    made, told = _greeted(path, timeout, asks=True)
    made.close()
    return told.get("plays") is True


def speaker_problem(path: Path) -> str:
    """Tell why a speaker can't be used; empty when it answers.

    It is taken away from nobody.

    Args:
        path: Its socket.
    """
    try:
        asked(path, _PATIENT_S)
    except RelayError as error:
        return str(error)
    return ""


def answering(*, idle_only: bool = False, besides: Path | None = None) -> Path | None:
    """Find the newest speaker of this user that answers.

    Args:
        idle_only: Leave out those that play for somebody.
        besides: Leave out this one.

    Returns:
        Its socket; None when there is none.
    """
    plays: dict[Path, bool] = {}

    def ask(path: Path) -> None:
        try:
            plays[path] = asked(path)
        except RelayError:
            return

    # All at once: those whose lines are dead take their time.
    asking = {
        path: threading.Thread(target=ask, args=(path,), daemon=True)
        for path in speaker_sockets()
        if path != besides
    }
    for thread in asking.values():
        thread.start()
    for path, thread in asking.items():
        thread.join(_ASKING_S)
        if path in plays and not (plays[path] and idle_only):
            return path
    return None


def find(argv: Sequence[str] | None = None) -> int:
    """Write the socket that `answering` finds.

    Args:
        argv: `--idle` leaves out those that play for somebody.

    Returns:
        The exit status: 1 when there is none.
    """
    path = answering(idle_only="--idle" in (sys.argv[2:] if argv is None else argv))
    if path is None:
        return 1
    sys.stdout.buffer.write(os.fsencode(path))
    sys.stdout.flush()
    return 0


def _greeted(
    path: Path, timeout: float, *, asks: bool
) -> tuple[socket.socket, dict[str, Any]]:
    """Connect and say who we are; returns the connection and the answer.

    Raises:
        RelayError: The speaker can't be used.
    """
    token = _token_of(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(timeout)
    try:
        _connect(made, path)
        hello = json_to(version=VERSION, token=token, asks=asks)
        made.sendall(frame(Kind.HELLO, hello))
        return made, _answer(made)
    except (FileNotFoundError, ConnectionRefusedError, TimeoutError) as error:
        made.close()
        raise NobodyError("The speaker is not there") from error
    except OSError as error:
        made.close()
        raise AwayError("The speaker is not there") from error
    except BaseException:
        made.close()
        raise


def _connect(made: socket.socket, path: Path) -> None:
    info = path.lstat()
    if not stat.S_ISSOCK(info.st_mode) or info.st_uid != os.getuid():
        # In a folder of all, somebody else could have taken the name, and would hear
        # what is sent there.
        raise RelayError("The speaker's socket is not yours")
    made.connect(os.fspath(path))
    if _owner(made) not in {None, os.getuid(), 0}:
        raise RelayError("The speaker's socket is served by somebody else")


def _answer(made: socket.socket) -> dict[str, Any]:
    try:
        kind, content = first_frame(made)
        told = json_from(content, version=int)
    except FrameError:
        raise RelayError("What listens there is no speaker of Earmark") from None
    refused = told.get("refused")
    if kind is not Kind.HELLO or refused:
        raise RelayError(f"The speaker refuses: {printable(str(refused))}")
    return told


def _owner(connection: socket.socket) -> int | None:
    """Tell who serves a socket; None where the system can't say."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    told = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    _, owner, _ = _CREDENTIALS.unpack(told)
    return int(owner)
