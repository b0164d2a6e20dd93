"""Speakers and relays for tests: real processes, and a line between them."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from tui.audio import EngineProcess
from tui.child import environment

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["SpeakerProcess", "remote_player"]


class SpeakerProcess:
    """A speaker in a process of its own; runs in a `with` block.

    Args:
        folder: Where its socket and token are made.
        output: What it plays on.
    """

    def __init__(self, folder: Path, output: str) -> None:
        self.path = folder / "speaker"
        self._output = output
        self.token = secrets.token_urlsafe(16)

    def __enter__(self) -> Self:
        """Start it, and wait until it listens."""
        self.path.with_suffix(".token").write_text(self.token)
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "tui.remote", "speaker"),
                    *("--socket", str(self.path), "--output", self._output),
                    *("--parent", str(os.getpid())),
                ],
                stdin=theirs.fileno(),
                env=environment(),
            )
        self._control = ours
        ours.settimeout(15)
        ours.sendall(self.token.encode())
        assert ours.recv(16) == b"ready\n"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, by word."""
        self._control.close()
        assert self.process.wait(10) == 0


def remote_player(path: Path, log_path: Path | None = None) -> EngineProcess:
    """Make a player whose engine is behind a speaker's socket."""
    return EngineProcess(f"speaker:{path}", log_path=log_path)
