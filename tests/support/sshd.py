"""A private OpenSSH server on loopback, with keys of its own."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.ear import wait_until

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["SshServer", "free_port"]

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/allowed
PidFile {folder}/pid
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv XDG_RUNTIME_DIR={folder}/run HOME={folder}/home
"""


class SshServer:
    """Runs in a `with` block; lets in whoever runs the tests, and nobody else."""

    def __init__(self) -> None:
        # Short: the path of a socket has no more than 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="ssh-"))
        self.folder.chmod(0o711)  # others may pass: what is in it must hold them off
        self.port = free_port()
        self.runtime = self.folder / "run"
        """Where programs that are logged in put their sockets."""
        self.home = self.folder / "home"
        """The home over there; its `bin` is in the PATH of a login."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """What to connect to."""
        return f"{getpass.getuser()}@127.0.0.1"

    def programs(self, folder: Path, **environ: str) -> None:
        """Make an `earmark`, and an `ssh` that finds the way but for the port.

        Args:
            folder: Where; the `bin` of a home.
            environ: What the `earmark` has in its environment.
        """
        folder.mkdir(parents=True)
        words = shlex.join(["env", *(f"{name}={environ[name]}" for name in environ)])
        way = self.command.replace(f" -p {self.port}", "")
        for name, line in (
            ("earmark", f"{words} {sys.executable} -P -m tui"),
            ("ssh", f"{shutil.which('ssh')}{way.removeprefix('ssh')}"),
        ):
            (folder / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n')
            (folder / name).chmod(0o755)

    @property
    def command(self) -> str:
        """The ssh that finds the way; for a variable."""
        folder = self.folder
        return (
            f"ssh -F none -p {self.port} -i {folder}/user -o IdentitiesOnly=yes"
            f" -o UserKnownHostsFile={folder}/known -o StrictHostKeyChecking=accept-new"
            " -o LogLevel=ERROR"
        )

    def __enter__(self) -> Self:
        """Make keys, start it and wait until it answers."""
        for name in ("host", "user"):
            subprocess.run(
                [
                    *("ssh-keygen", "-q", "-t", "ed25519", "-N", ""),
                    *("-f", str(self.folder / name)),
                ],
                check=True,
                stdin=subprocess.DEVNULL,
            )
        shutil.copy(self.folder / "user.pub", self.folder / "allowed")
        self.runtime.mkdir(mode=0o700)
        self.home.mkdir(mode=0o700)
        (self.home / ".profile").write_text("PATH=$HOME/bin:$PATH; PS1='ready$ '\n")
        with suppress(OSError):
            Path("/run/sshd").mkdir(exist_ok=True)  # where it separates privileges
        while not self._listens():
            self.port = free_port()  # somebody else has taken the one before
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it with its connections, and remove what was made."""
        self.cut()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)

    def cut(self) -> None:
        """Cut all connections, as a line that breaks does."""
        assert self._process is not None
        for pid in _children(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _listens(self) -> bool:
        """Start it; returns whether it got its port."""
        config, log = self.folder / "config", self.folder / "log"
        config.write_text(_CONFIG.format(port=self.port, folder=self.folder))
        log.write_bytes(b"")
        program = shutil.which("sshd") or "/usr/sbin/sshd"
        self._process = process = subprocess.Popen(
            [program, "-D", "-f", str(config), "-E", str(log)],
            stdin=subprocess.DEVNULL,
        )
        wait_until(
            lambda: b"listening on" in log.read_bytes() or process.poll() is not None,
            what="sshd",
        )
        if process.poll() is None:
            return True
        assert b"Address already in use" in log.read_bytes(), log.read_bytes()
        return False


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                facts = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(facts[1]) == pid:
                    found.append(int(entry.name))
    return found


def free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
