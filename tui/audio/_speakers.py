"""Where the user may sit: sockets of speakers that an `earmark ssh` forwarded here.

Each lies in a folder that only its user can enter, beside the token that it wants to
hear. Nothing is looked for where nobody can have come from another machine.
"""

from __future__ import annotations

import logging
import os
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.child import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SPEAKER", "find_speaker", "in_ssh", "speaker_sockets"]

_log = logging.getLogger(__name__)

SPEAKER = "speaker:"
"""How the name of an output begins that is on another machine; the rest is the socket
on which its speaker listens."""
_SSH = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_KEEPERS = ("TMUX", "STY")
"""What stands for a terminal that may be looked at from anywhere, also from an SSH
session that began after it: what it handed on is older."""
_SHARED = ("/run/user/{}", "/tmp")  # noqa: S108  # who owns what is there is checked
_FIND_S = 2.2
"""Less than a device has to be opened."""


def in_ssh() -> bool:
    """Tell whether this is an SSH session, or something that was begun in one."""
    return any(name in os.environ for name in _SSH)


def speaker_sockets() -> list[Path]:
    """List the sockets of this user's speakers, the newest first.

    Left out are those that sound where the user is known not to sit. Some of them may
    be left over: sshd does not remove what a cut connection had.
    """
    if not in_ssh() and not any(name in os.environ for name in _KEEPERS):
        return []
    found: dict[Path, float] = {}
    for folder in _folders():
        if _is_elsewhere(folder):
            continue
        path = folder / "speaker"
        with suppress(OSError):
            info = path.lstat()
            if stat.S_ISSOCK(info.st_mode) and info.st_uid == os.getuid():
                found[path] = info.st_mtime
    return sorted(found, key=lambda path: found[path], reverse=True)


def _folders() -> Iterator[Path]:
    """Give the folders that an `earmark ssh` of this user has made."""
    homes = [os.environ.get(name) for name in ("XDG_RUNTIME_DIR", "HOME", "TMPDIR")]
    homes += [place.format(os.getuid()) for place in _SHARED]
    for home in dict.fromkeys(filter(None, homes)):
        with suppress(OSError), os.scandir(home) as entries:
            for entry in entries:
                if entry.name.startswith(".earmark-") and _is_private(entry):
                    yield Path(entry.path)


def _is_private(entry: os.DirEntry[str]) -> bool:
    """Tell whether it is a folder of this user that nobody else can enter."""
    try:
        info = entry.stat(follow_symlinks=False)
    except OSError:  # a session that ends takes its folder away
        return False
    is_closed = stat.S_ISDIR(info.st_mode) and not info.st_mode & 0o077
    return is_closed and info.st_uid == os.getuid()


def _is_elsewhere(folder: Path) -> bool:
    """Tell whether an `earmark ssh` came from another machine than this session.

    A note is not for whoever hears it at the desk that the user has left.
    """
    here = os.environ.get("SSH_CONNECTION", "").partition(" ")[0]
    if not here or any(name in os.environ for name in _KEEPERS):
        return False
    try:
        there = (folder / "from").read_text("ascii").strip()
    except (OSError, ValueError):
        return False
    return there not in {"", here}


def find_speaker(*, idle_only: bool = False) -> str:
    """Find the newest speaker of this user that answers.

    Args:
        idle_only: Leave out those that play for somebody.

    Returns:
        The name of an output; empty when there is none.
    """
    if not any(map(_is_served, speaker_sockets())):
        return ""
    # Who asks has to know how one greets, and that is not known here.
    command = [sys.executable, "-P", "-m", "tui.remote", "find"]
    try:
        done = subprocess.run(
            [*command, "--idle"] if idle_only else command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            timeout=_FIND_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("no speaker was found: %s", error)
        return ""
    return SPEAKER + os.fsdecode(done.stdout) if done.stdout else ""


def _is_served(path: Path) -> bool:
    """Tell whether anybody listens on a socket."""
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(0.2)
            probe.connect(os.fspath(path))
    except OSError:
        return False
    return True
