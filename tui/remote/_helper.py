"""`earmark ssh` from the inside: a speaker here, one connection, a browser there.

The user's own ssh does all that ssh does: configuration, keys, agents, jump hosts,
passwords. One connection is opened and shared: the first command makes a folder over
there that only the user can enter and puts the token into it (by standard input: what
stands on a command line, every user of that machine can read); then the socket is
forwarded into that folder; then the browser runs in this very terminal.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.child import environment, opened_log
from tui.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Session", "SshError"]

_MAKE_FOLDER = """\
set -e; umask 077
d=${XDG_RUNTIME_DIR:-}; if [ ! -d "$d" ] || [ ! -w "$d" ]; then d=$HOME; fi
find "$d" -maxdepth 1 -name '.earmark-??????????' -user "$(id -u)" -mtime +1 \
-exec rm -rf {} + 2>/dev/null || true
f=$(mktemp -d "$d/.earmark-XXXXXXXXXX"); cat >"$f/speaker.token"; printf '%s\\n' "$f"
"""
"""Makes the folder, and takes away those of connections that were cut."""
_READY_S = 15.0
_QUICK_S = 10.0
_LOST = 255
"""What ssh ends with when the connection is lost."""


class SshError(DataError):
    """The other machine can't be used."""


class Session:
    """A connection with a speaker at this end.

    Args:
        host: What ssh is told to connect to.
        ssh: The command line of ssh.
        output: What the speaker plays on.
        log_path: Where the speaker's log goes; None for nowhere.
    """

    def __init__(
        self,
        host: str,
        *,
        ssh: Sequence[str] = ("ssh",),
        output: str = "auto",
        log_path: Path | None = None,
    ) -> None:
        self._host = host
        self._ssh = tuple(ssh)
        self._output = output
        self._log_path = log_path
        self._token = secrets.token_urlsafe(32)

    def run(self, command: Sequence[str]) -> int:
        """Run a command over there in this terminal, and play here what it plays.

        Args:
            command: The command, to which the output is added.

        Returns:
            Its exit status; 255 when the connection was lost.

        Raises:
            SshError: It can't be begun.
        """
        with ExitStack() as ends:
            folder = Path(tempfile.mkdtemp(prefix="earmark-", dir=_runtime()))
            ends.callback(shutil.rmtree, folder, ignore_errors=True)
            ends.callback(self._speaker(folder / "speaker"))
            there = self._connect(folder)
            ends.callback(self._leave, folder, there)
            self._forward(folder, there)
            words = [*command, "--output", f"speaker:{there}/speaker"]
            # By a login shell: else much of the user's PATH is not known.
            inner = f"exec {shlex.join(words)}"
            line = f'exec "${{SHELL:-/bin/sh}}" -lc {shlex.quote(inner)}'
            return subprocess.run(
                self._line(folder, "-t", then=line), check=False
            ).returncode

    def _line(self, folder: Path, *options: str, then: str = "") -> list[str]:
        shared = ["-o", f"ControlPath={folder / 'control'}"]
        words = [*self._ssh, *shared, *options, "--", self._host]
        return [*words, then] if then else words

    def _speaker(self, path: Path) -> Callable[[], None]:
        """Start what plays here; returns what ends it."""
        ours, theirs = socket.socketpair()
        with theirs, opened_log(self._log_path) as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "tui.remote", "speaker"),
                    *("--socket", str(path), "--output", self._output),
                    *("--parent", str(os.getpid())),
                ],
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                env=environment(),
                start_new_session=True,
            )
        ours.settimeout(_READY_S)
        with suppress(OSError):
            ours.sendall(self._token.encode())
            if ours.recv(16) == b"ready\n":
                return lambda: _end(process, ours)
        _end(process, ours)
        raise SshError("speaker", "nothing can be played here; the log says more")

    def _connect(self, folder: Path) -> str:
        """Open the connection, which may ask; returns the folder over there."""
        options = ("-o", "ControlMaster=yes", "-o", "ControlPersist=30")
        done = subprocess.run(
            self._line(
                folder, *options, then=f"exec sh -c {shlex.quote(_MAKE_FOLDER)}"
            ),
            input=self._token.encode(),
            stdout=subprocess.PIPE,
            check=False,
        )
        there = done.stdout.decode(errors="replace").strip().rpartition("\n")[2]
        if done.returncode or not there.startswith("/"):
            raise SshError(self._host, "ssh could not prepare the other side")
        return there

    def _forward(self, folder: Path, there: str) -> None:
        far, near = f"{there}/speaker", folder / "speaker"
        options = ("-O", "forward", "-R", f"{far}:{near}")
        done = subprocess.run(
            self._line(folder, *options), capture_output=True, check=False
        )
        if done.returncode:
            reason = "its sshd forwards no sockets (AllowStreamLocalForwarding)"
            raise SshError(self._host, reason)

    def _leave(self, folder: Path, there: str) -> None:
        """Take away what was made over there, and close the connection."""
        for line in (
            self._line(
                folder, "-o", "BatchMode=yes", then=f"rm -rf {shlex.quote(there)}"
            ),
            self._line(folder, "-O", "exit"),
        ):
            with suppress(subprocess.TimeoutExpired):
                subprocess.run(line, capture_output=True, check=False, timeout=_QUICK_S)


def _runtime() -> str | None:
    """Give a folder of the user's own for sockets; None for the usual one."""
    folder = os.environ.get("XDG_RUNTIME_DIR")
    return folder if folder and os.access(folder, os.W_OK) else None


def _end(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    try:
        process.wait(3.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
