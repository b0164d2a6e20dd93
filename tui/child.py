"""What our child processes have in common: an end with their parent, a log, a place."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

__all__ = ["die_with", "environment", "opened_log", "taken_over"]

_ROOT = Path(__file__).resolve().parents[1]
_LOG_LIMIT = 1_000_000
"""Bytes from which a log is begun anew."""
_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, also when it is stuck.

    Where there is no such call, the end of the socket to the parent has to do.

    Args:
        parent: The parent's process id; 0 to believe that it still lives.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes
    import signal

    with suppress(OSError, AttributeError):  # another libc
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        os._exit(0)  # it died before we could ask


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give a child's environment, in which it finds this very package.

    Args:
        more: Variables to add.
    """
    env = {**os.environ, **(more or {})}
    if _ROOT.name not in {"site-packages", "dist-packages"}:  # run from a checkout
        paths = [str(_ROOT), *filter(None, [env.get("PYTHONPATH")])]
        env["PYTHONPATH"] = os.pathsep.join(paths)
    return env


def taken_over() -> socket.socket:
    """Take the socket that is a child's standard input away from there.

    A library's own child would inherit it and keep it open after this process's end.
    """
    import socket

    connection = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    return connection


def opened_log(path: Path | None) -> IO[bytes]:
    """Open the file for a child's output; nowhere, when there is none or it fails.

    Several processes append to it. It is begun anew when it has grown too long.

    Args:
        path: The file; its folder is made.
    """
    if path is not None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        # A full or read-only disk is no reason to be without sound or news.
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > _LOG_LIMIT:
                flags |= os.O_TRUNC
            return os.fdopen(os.open(path, flags, 0o600), "wb")
    return Path(os.devnull).open("wb")
