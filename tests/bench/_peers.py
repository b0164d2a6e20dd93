"""Programs of the field that we measure ourselves against, run as users run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.bench._pty import Terminal

__all__ = ["Cmus", "has"]


def has(program: str) -> bool:
    """Say whether a program is installed."""
    return shutil.which(program) is not None


@dataclass
class Cmus:
    """The music player cmus in a pseudo terminal; a context manager.

    Args:
        home: Its own folder for settings, cache and library.
        columns: Width of the terminal.
        rows: Height.
    """

    home: Path
    columns: int = 80
    rows: int = 24

    def __enter__(self) -> Self:
        """Start cmus with an empty or a remembered library."""
        self.home.mkdir(parents=True, exist_ok=True)
        settings = "set mpris=false\nset output_plugin=alsa\nset start_view=sorted\n"
        (self.home / "rc").write_text(settings)
        self._socket = str(self.home / "socket")
        env = {
            **os.environ,
            "CMUS_HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home),
        }
        self.terminal = Terminal(
            ["cmus", "--listen", self._socket], env, self.columns, self.rows
        ).__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        """End it; a clean end writes its cache and library."""
        self.command("quit")
        try:
            self.terminal.process.wait(5)
        except subprocess.TimeoutExpired:
            self.terminal.process.kill()
        self.terminal.__exit__(*exc)

    def command(self, text: str) -> str:
        """Run one of its commands from outside."""
        run = subprocess.run(
            ["cmus-remote", "--server", self._socket, "-C", text],
            capture_output=True,
            text=True,
            check=False,
        )
        return run.stdout

    def ready(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + 10
        while not Path(self._socket).exists() and time.monotonic() < deadline:
            time.sleep(0.005)

    def add(self, folder: Path, count: int) -> float:
        """Add a folder and wait until all its tracks are known; returns seconds."""
        self.ready()
        begin = time.monotonic()
        self.command(f"add {folder}")
        while self.command("save -l -").count("\n") < count:
            if time.monotonic() - begin > 120:
                raise TimeoutError("cmus did not finish")
            time.sleep(0.01)
        return time.monotonic() - begin
