"""`earmark ssh` from the inside: a speaker here, one connection, a browser there.

The user's own ssh does all that ssh does: configuration, keys, agents, jump hosts,
passwords. One connection is opened and shared: the first command makes a folder over
there that only the user can enter and puts the token into it (by standard input: what
stands on a command line, every user of that machine can read); then the socket is
forwarded into that folder; then the browser runs in this very terminal, and the folder
is taken away when it has ended.
"""

from __future__ import annotations

import secrets
import shlex
import shutil
import subprocess
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tui.errors import DataError
from tui.remote._helper_speaker import KeptSpeaker, private_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Session", "SshError"]

_MAKE_FOLDER = """\
set -e; umask 077; f=
for d in "${XDG_RUNTIME_DIR:-}" "$HOME" "${TMPDIR:-}" /tmp; do
  case $d in /*) ;; *) continue; esac
  [ -d "$d" ] && [ -w "$d" ] && { [ -O "$d" ] || [ -k "$d" ]; } || continue
  [ "$(printf %s "$d" | wc -c)" -le 75 ] || continue
  find "$d/" -maxdepth 1 -type d -name '.earmark-??????????' -user "$(id -u)" \
-mtime +1 -exec sh -c \
'for o; do kill -0 "$(cat "$o/pid")" || rm -rf "$o"; done' sh {} + 2>/dev/null || true
  if f=$(mktemp -d "$d/.earmark-XXXXXXXXXX"); then break; fi
done
if [ -z "$f" ]; then
  echo 'earmark: no folder there has a path that is short enough for a socket' >&2
  exit 1
fi
printf %s "${SSH_CONNECTION%% *}" >"$f/from"
cat >"$f/speaker.token"; printf '%s\\n' "$f"
"""
"""Makes the folder, and takes away those of connections that were cut. The path of a
socket may have 103 bytes, and no other user may be able to take the folder away."""
_BROWSE = """\
trap : 2 3; (echo $$ >{folder}/pid) 2>/dev/null; \
"${{SHELL:-/bin/sh}}" -lc {inner}; s=$?; rm -rf {folder}; exit $s"""
"""Runs the command, by a login shell, as much of the user's PATH is not known else; and
takes the folder away, without another trip to there and back. No trap for a
cut connection: only when this shell dies of it, the system tells the command."""
_QUICK_S = 10.0
_LOST = 255
"""What ssh ends with when the connection is lost."""
_BEGUN_S = 1.0
"""From then on a command may have changed the terminal; an ssh that fails is faster."""


class SshError(DataError):
    """The other machine can't be used."""


class Session:
    """A connection with a speaker at this end.

    Args:
        host: What ssh is told to connect to.
        ssh: The command line of ssh.
        output: What the speaker plays on.
        target_lufs: How loud what is levelled becomes.
        log_path: Where the speaker's log goes; None for nowhere.
    """

    def __init__(
        self,
        host: str,
        *,
        ssh: Sequence[str] = ("ssh",),
        output: str = "auto",
        target_lufs: float = -18.0,
        log_path: Path | None = None,
    ) -> None:
        self._host = host
        self._ssh = tuple(ssh)
        self._output = output
        self._target_lufs = target_lufs
        self._log_path = log_path
        self._is_tidy = False
        """Whether the other side has taken the folder away itself."""
        self._token = secrets.token_urlsafe(32)
        self.was_cut = False
        """Whether the command could not give the terminal back as it was."""
        self.is_mute = False
        """Whether the speaker crashed again and again, in the end for good."""

    def run(self, command: Sequence[str]) -> int:
        """Run a command over there in this terminal, and play here what it plays.

        Args:
            command: The command, which finds the output in its environment.

        Returns:
            Its exit status; 255 when the connection was lost.

        Raises:
            SshError: It can't be begun.
        """
        with ExitStack() as ends:
            folder = private_folder()
            if folder is None:
                raise SshError("ssh", "no folder here has a path short enough for it")
            ends.callback(shutil.rmtree, folder, ignore_errors=True)
            speaker = KeptSpeaker(
                folder / "speaker",
                self._token,
                output=self._output,
                target_lufs=self._target_lufs,
                log_path=self._log_path,
            )
            ends.callback(speaker.close)
            speaker.start()  # beside ssh, which takes about as long
            there = self._connect(folder)
            ends.callback(self._leave, folder, there)
            self._forward(folder, there)
            if not speaker.wait():
                reason = "nothing can be played here; the log says more"
                raise SshError("speaker", reason)
            code = self._browse(folder, there, command)
            self.is_mute = speaker.is_given_up
            return code

    def _line(self, folder: Path, *options: str, then: str = "") -> list[str]:
        # A command that the user's configuration has for this host is for terminals.
        shared = ["-o", f"ControlPath={folder / 'control'}", "-o", "RemoteCommand=none"]
        words = [*self._ssh, *shared, *options, "--", self._host]
        # Whatever the user's shell is, it understands this much.
        return [*words, f"exec sh -c {shlex.quote(then)}"] if then else words

    def _connect(self, folder: Path) -> str:
        """Open the connection, which may ask; returns the folder over there."""
        options = ("-T", "-o", "ControlMaster=yes", "-o", "ControlPersist=30")
        done = subprocess.run(
            self._line(folder, *options, then=_MAKE_FOLDER),
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

    def _browse(self, folder: Path, there: str, command: Sequence[str]) -> int:
        """Run the command over there; returns its exit status, 255 when it is lost."""
        # A variable: the command may be another one, which leads to an Earmark.
        told = f"EARMARK_OUTPUT=speaker:{there}/speaker"
        inner = f"exec {shlex.join(['env', told, *command])}"
        line = _BROWSE.format(folder=shlex.quote(there), inner=shlex.quote(inner))
        begun, code = time.monotonic(), _LOST
        try:
            done = subprocess.run(self._line(folder, "-t", then=line), check=False)
            code = _LOST if done.returncode < 0 else done.returncode
        finally:
            self._is_tidy = code != _LOST
            self.was_cut = code == _LOST and time.monotonic() > begun + _BEGUN_S
        return code

    def _leave(self, folder: Path, there: str) -> None:
        """Take away what was made over there, and close the connection."""
        lines = [self._line(folder, "-O", "exit")]
        if not self._is_tidy:
            tidy = f"rm -rf {shlex.quote(there)}"
            lines.insert(0, self._line(folder, "-T", "-o", "BatchMode=yes", then=tidy))
        for line in lines:
            with suppress(subprocess.TimeoutExpired):
                subprocess.run(line, capture_output=True, check=False, timeout=_QUICK_S)
