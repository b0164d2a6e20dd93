"""Real terminals for tests: one in memory (pty and pyte), and tmux.

`PtyTerminal` sees every byte; `TmuxTerminal` shows what a person would see, through
another program's eyes. Both wait for what is on the screen, never for time to pass.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["ENTER", "ESCAPE", "PtyTerminal", "TmuxTerminal", "base_environ"]

ENTER = b"\r"
ESCAPE = b"\x1b"
DEADLINE_S = 15.0
_ROOT = Path(__file__).resolve().parents[2]


def base_environ(**more: str) -> dict[str, str]:
    """Give the environment of the test to a program, with UTF-8 and 256 colours."""
    # Of the terminal that the tests run in, and stronger than the size of ours.
    inherited = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
    return {
        **inherited,
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(_ROOT),
        **more,
    }


def _late(seconds: float, shown: str) -> str:
    return f"not within {seconds:g} s; on the screen:\n{shown}"


def _wait(
    condition: Callable[[], bool], seconds: float, tell: Callable[[], str]
) -> None:
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(_late(seconds, tell()))
        pause.wait(0.02)


class PtyTerminal:
    """Runs a program in a pseudo terminal; a context manager.

    Args:
        command: Program and arguments; `python` stands for this interpreter.
        columns: Width.
        rows: Height.
        environ: Its environment.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._command = [sys.executable if p == "python" else p for p in command]
        self._environ = dict(environ or base_environ())
        self.columns, self.rows = columns, rows
        self.output = bytearray()
        """Every byte that the program sent."""
        self.first_byte_s = 0.0
        """Seconds from the start to the first byte."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.RLock()
        self._came = threading.Condition(self._lock)
        self._lines: list[str] = []
        """What is on the screen; empty when something else came since."""

    def __enter__(self) -> Self:
        """Start the program."""
        self._master, slave = pty.openpty()
        size = struct.pack("HHHH", self.rows, self.columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            self._command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._environ,
            start_new_session=True,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, name="pty", daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """End the program, if it is still there."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master], [], [], 0.1)
            try:
                data = os.read(self._master, 65_536) if ready else b""
            except OSError:
                return
            if not data:
                if self.process.poll() is not None:
                    return
                continue
            with self._came:
                if not self.output:
                    self.first_byte_s = time.monotonic() - self._started
                self.output += data
                self._lines = []
                with suppress(Exception):  # pyte knows fewer sequences than terminals
                    self._stream.feed(data)
                if not select.select([self._master], [], [], 0)[0]:
                    self._came.notify_all()  # no more of this picture to come

    def send(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._master, keys)

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        with self._lock:
            if not self._lines:  # pyte's own would measure each character again
                columns = range(self.columns)
                rows = map(self._screen.buffer.__getitem__, range(self.rows))
                self._lines = ["".join(row[x].data for x in columns) for row in rows]
            return list(self._lines)

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(line.rstrip() for line in self.lines)

    def wait_until(
        self, condition: Callable[[], bool], seconds: float = DEADLINE_S
    ) -> None:
        """Wait until something is so; asked when anything came, and now and then.

        Args:
            condition: Whether it is so.
            seconds: Until the test fails.
        """
        end = time.monotonic() + seconds
        with self._came:
            while not condition():
                if time.monotonic() > end:
                    raise AssertionError(_late(seconds, self.text))
                self._came.wait(0.1)

    def wait_for(self, text: str, seconds: float = DEADLINE_S) -> float:
        """Wait until some text is on the screen.

        Returns:
            Seconds since the start of the program.
        """
        self.wait_until(lambda: text in self.text, seconds)
        return time.monotonic() - self._started

    def wait_without(self, text: str, seconds: float = DEADLINE_S) -> None:
        """Wait until some text is not on the screen any more."""
        self.wait_until(lambda: text not in self.text, seconds)

    def wait_until_quiet(self, quiet_s: float = 0.4, seconds: float = 10.0) -> int:
        """Wait until nothing was sent for a while.

        Returns:
            How many bytes were sent since the start.
        """
        end = time.monotonic() + seconds
        with self._came:
            seen, since = len(self.output), time.monotonic()
            while (left := since + quiet_s - time.monotonic()) > 0:
                self._came.wait(left)
                if len(self.output) != seen:
                    seen, since = len(self.output), time.monotonic()
                if time.monotonic() > end:
                    raise AssertionError(_late(seconds, self.text))
            return seen

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed by itself."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def wait_for_exit(self, seconds: float = DEADLINE_S) -> int:
        """Wait until the program has ended; returns its exit code."""
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code


class TmuxTerminal:
    """Runs a program in a private tmux server; a context manager.

    Args:
        command: Program and arguments; `python` stands for this interpreter.
        folder: A short path for the socket.
        columns: Width.
        rows: Height.
        environ: Its environment.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        columns: int = 80,
        rows: int = 24,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._command = [sys.executable if p == "python" else p for p in command]
        self._socket = str(folder / "tmux")
        self._exit = folder / "exit"
        self._environ = dict(environ or base_environ())
        self.columns, self.rows = columns, rows

    def _tmux(self, *args: str) -> str:
        run = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *args],
            env=self._environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        return run.stdout

    def __enter__(self) -> Self:
        """Start the server and the program."""
        # tmux does not always learn the exit code (it forgets to reap): the shell does.
        temporary = shlex.quote(f"{self._exit}.new")
        final = shlex.quote(str(self._exit))
        command = shlex.join(self._command)
        script = f"{command}; echo $? > {temporary}; mv {temporary} {final}"
        self._tmux(
            *("new-session", "-d", "-x", str(self.columns), "-y", str(self.rows)),
            *(";", "set", "-g", "remain-on-exit", "on"),
            *(";", "set", "-g", "status", "off"),
            *(";", "respawn-pane", "-k", script),
        )
        return self

    def __exit__(self, *_exc: object) -> None:
        """End the server, and with it the program."""
        with suppress(subprocess.CalledProcessError):
            self._tmux("kill-server")

    def send(self, *keys: str) -> None:
        """Type keys, by the names that tmux has for them."""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def capture(self, *, colours: bool = False) -> str:
        """Return the screen as text, with its escape sequences if wanted."""
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def wait_for(self, text: str, seconds: float = DEADLINE_S) -> str:
        """Wait until some text is on the screen; returns the screen."""
        _wait(lambda: text in self.capture(), seconds, self.capture)
        return self.capture()

    def wait_for_exit(self, seconds: float = DEADLINE_S) -> int:
        """Wait until the program has ended; returns its exit code."""
        _wait(self._exit.exists, seconds, self.capture)
        return int(self._exit.read_text())
