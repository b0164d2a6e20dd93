"""Programs of the field that we measure ourselves against, run as users run them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.bench._pty import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Cmus", "Mpd", "Ncmpcpp", "has"]


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
        output: The plugin that it plays on.
        environ: The environment, e.g. with a sound server; None for ours.
    """

    home: Path
    columns: int = 80
    rows: int = 24
    output: str = "alsa"
    environ: Mapping[str, str] | None = None

    def __enter__(self) -> Self:
        """Start cmus with an empty or a remembered library."""
        self.home.mkdir(parents=True, exist_ok=True)
        settings = (
            f"set mpris=false\nset output_plugin={self.output}\nset start_view=sorted\n"
        )
        (self.home / "rc").write_text(settings)
        self._socket = str(self.home / "socket")
        env = {
            **(self.environ or os.environ),
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

    def status(self) -> str:
        """Tell what it does, as `cmus-remote -Q` has it."""
        words = ["cmus-remote", "--server", self._socket, "-Q"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout

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


_MPD = """\
music_directory "{music}"
playlist_directory "{home}"
db_file "{home}/db"
log_file "{home}/log"
bind_to_address "{home}/socket"
auto_update "no"
zeroconf_enabled "no"
audio_output {{
    type "null"
    name "nothing"
}}
"""


@dataclass
class Mpd:
    """A private music player daemon that plays in real time, to nowhere.

    A context manager; it listens on a socket in its folder only.

    Args:
        home: Its own folder for settings and database.
        music: What it plays.
    """

    home: Path
    music: Path

    def __enter__(self) -> Self:
        """Start it, with an empty or a remembered database."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.socket = self.home / "socket"
        settings = self.home / "conf"
        settings.write_text(_MPD.format(home=self.home, music=self.music))
        # Where a user's own pulse or network settings can't be found.
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            ["mpd", "--no-daemon", str(settings)],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with suppress(OSError):
                self.ask("ping")
                return self
            time.sleep(0.01)
        self.process.kill()
        raise TimeoutError("mpd does not answer")

    def __exit__(self, *exc: object) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, *commands: str) -> str:
        """Give commands; returns the answer to the last one.

        Raises:
            ValueError: One is refused.
        """
        answer = ""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(30)
            line.connect(str(self.socket))
            with line.makefile("r", encoding="utf-8") as answers:
                answers.readline()
                for command in commands:
                    line.sendall(f"{command}\n".encode())
                    answer = ""
                    while (each := answers.readline()) not in {"OK\n", ""}:
                        if each.startswith("ACK"):
                            raise ValueError(f"{command}: {each.strip()}")
                        answer += each
        return answer

    def add(self, count: int) -> float:
        """Put all that it may play into its list; returns seconds."""
        begin = time.monotonic()
        self.ask("update")
        while "updating_db" in self.ask("status"):
            if time.monotonic() - begin > 120:
                raise TimeoutError("mpd did not finish")
            time.sleep(0.01)
        self.ask("clear", "add /")
        assert f"playlistlength: {count}\n" in self.ask("status")
        return time.monotonic() - begin


@dataclass
class Ncmpcpp:
    """The front end ncmpcpp on the list of a daemon; a context manager.

    Args:
        mpd: The daemon, which runs.
        columns: Width of the terminal.
        rows: Height.
    """

    mpd: Mpd
    columns: int = 80
    rows: int = 24

    def __enter__(self) -> Self:
        """Start it, with its usual settings."""
        home = self.mpd.home
        settings = home / "ncmpcpp"
        settings.write_text(f'ncmpcpp_directory = "{home}"\n')
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "MPD_HOST": str(self.mpd.socket),
        }
        command = ["ncmpcpp", "--quiet", "--config", str(settings)]
        command += ["--bindings", "/dev/null"]
        self.terminal = Terminal(command, env, self.columns, self.rows).__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        """End it."""
        self.terminal.send(b"q")
        with suppress(subprocess.TimeoutExpired):
            self.terminal.process.wait(2)
        self.terminal.__exit__(*exc)

    def ready(self) -> None:
        """Wait until the list is shown."""
        self.terminal.wait(b"PTT-")
        self.terminal.settle(quiet=0.5)
