"""Whether the sound server that would be used is on another machine."""

from __future__ import annotations

import os
import re
import socket
import struct
from functools import lru_cache
from pathlib import Path

__all__ = ["far_server"]

_CREDENTIALS = struct.Struct("3i")
_PREFIX = re.compile(r"^\{[^}]*\}")
"""Of an address that is for one machine only, as PulseAudio writes it for X11."""


def far_server() -> str:
    """Find the sound server that is used here, if it is on another machine.

    That is one with a network address, or, in an SSH session, a socket behind which
    sshd is: forwarded by `ssh -R`.

    Returns:
        Its address; empty where it is on this machine.
    """
    server = os.environ.get("PULSE_SERVER", "").split()
    first = _PREFIX.sub("", server[0]) if server else ""
    if first.startswith(("tcp:", "tcp4:", "tcp6:")):
        return first
    if "SSH_CONNECTION" not in os.environ:
        return ""
    path = first.removeprefix("unix:")
    if not path and (runtime := os.environ.get("XDG_RUNTIME_DIR")):
        path = f"{runtime}/pulse/native"
    return f"unix:{path}" if path.startswith("/") and _is_forwarded(path) else ""


@lru_cache(maxsize=4)
def _is_forwarded(path: str) -> bool:
    """Tell whether sshd listens on a socket."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(0.5)
            probe.connect(path)
            told = probe.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
        pid, _, _ = _CREDENTIALS.unpack(told)
        name = Path(f"/proc/{pid}/comm").read_text("ascii", "replace")
    except OSError:
        return False
    return name.startswith("sshd")  # newer ones: sshd-session
