"""The programs whose playing is measured, each steered as its front ends do it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from typing import TYPE_CHECKING, Protocol

from tests.bench._pty import Terminal
from tests.support.ear import wait_until
from tui.audio import EngineProcess

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CmusPlayer", "EarmarkPlayer", "MocpPlayer", "MpvPlayer", "Playing"]


class Playing(Protocol):
    """A program that plays."""

    name: str

    @property
    def pid(self) -> int:
        """The process that plays."""

    def load(self, path: Path) -> None:
        """Play a file from its start."""

    def pause(self) -> None:
        """Be silent."""

    def play(self) -> None:
        """Go on."""

    def seek(self, seconds: int) -> None:
        """Go to a place; whole seconds, as some know no others."""

    def speed(self, speed: float) -> bool:
        """Play faster or slower; whether it can do that."""

    def close(self) -> None:
        """End it."""


class EarmarkPlayer:
    """Our engine, in the process that the browser gives it.

    Args:
        output: What it plays on.
    """

    def __init__(self, output: str) -> None:
        self.name = f"earmark ({output})"
        self.player = EngineProcess(output)
        self.player.start()

    @property
    def pid(self) -> int:
        wait_until(lambda: self.player.child_pid is not None)
        return self.player.child_pid or 0

    def load(self, path: Path) -> None:
        self.player.load(os.fsencode(path))

    def pause(self) -> None:
        self.player.pause()

    def play(self) -> None:
        self.player.play()

    def seek(self, seconds: int) -> None:
        self.player.seek(seconds * 1000)

    def speed(self, speed: float) -> bool:
        self.player.set_speed(speed)
        return True

    def close(self) -> None:
        self.player.close()


class MpvPlayer:
    """Steered through its JSON socket.

    Args:
        folder: Where the socket may lie.
    """

    name = "mpv"

    def __init__(self, folder: Path) -> None:
        path = folder / "mpv.sock"
        self._process = subprocess.Popen(
            [
                "mpv",
                "--no-config",
                "--idle=yes",
                "--no-video",
                "--no-terminal",
                "--ao=pulse",
                f"--input-ipc-server={path}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: self._socket.connect_ex(str(path)) == 0)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _say(self, *words: str | float | bool) -> None:
        self._socket.sendall(json.dumps({"command": words}).encode() + b"\n")

    def load(self, path: Path) -> None:
        self._say("set_property", "pause", False)
        self._say("loadfile", str(path))

    def pause(self) -> None:
        self._say("set_property", "pause", True)

    def play(self) -> None:
        self._say("set_property", "pause", False)

    def seek(self, seconds: int) -> None:
        self._say("seek", seconds, "absolute+exact")

    def speed(self, speed: float) -> bool:
        self._say("set_property", "speed", speed)
        return True

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(5)


class CmusPlayer:
    """Steered through its socket, which takes a command a line.

    Args:
        folder: Its own folder for settings, cache and socket.
    """

    name = "cmus"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        # Without a session bus it would wait for Enter to be told so.
        settings = "set mpris=false\nset output_plugin=pulse\nset resume=false\n"
        (folder / "rc").write_text(settings)
        path = folder / "socket"
        env = {**os.environ, "CMUS_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        command = ["cmus", "--listen", str(path)]
        self._terminal = Terminal(command, env, 80, 24).__enter__()
        self._socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: self._socket.connect_ex(str(path)) == 0)
        self._is_paused = False

    @property
    def pid(self) -> int:
        return self._terminal.process.pid

    def _say(self, text: str) -> None:
        self._socket.sendall(text.encode() + b"\n")
        self._socket.recv(4096)  # an empty line when it was done

    def load(self, path: Path) -> None:
        self._is_paused = False
        self._say(f"player-play {path}")

    def pause(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self._say("player-pause")

    def play(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._say("player-pause")

    def seek(self, seconds: int) -> None:
        self._say(f"seek {seconds}")

    def speed(self, speed: float) -> bool:
        return False

    def close(self) -> None:
        self._socket.close()
        self._terminal.process.terminate()
        self._terminal.process.wait(5)
        self._terminal.__exit__(None, None, None)


class MocpPlayer:
    """Steered as its users do, by a process for each command.

    Args:
        folder: Its own folder for settings and socket.
    """

    name = "mocp"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        settings = "SoundDriver = ALSA\nAutoNext = no\nUseMimeMagic = no\n"
        (folder / "config").write_text(settings)
        self._folder = folder
        self._server = subprocess.Popen(
            [*self._command, "--server", "--foreground"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until((folder / "socket2").exists)

    @property
    def pid(self) -> int:
        return self._server.pid

    @property
    def _command(self) -> list[str]:
        return ["mocp", "--moc-dir", str(self._folder)]

    def _say(self, *words: str) -> None:
        subprocess.run(
            [*self._command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )

    def load(self, path: Path) -> None:
        self._say("--playit", str(path))

    def pause(self) -> None:
        self._say("--pause")

    def play(self) -> None:
        self._say("--unpause")

    def seek(self, seconds: int) -> None:
        self._say("--jump", f"{seconds}s")

    def speed(self, speed: float) -> bool:
        return False

    def close(self) -> None:
        self._say("--exit")
        self._server.wait(5)
