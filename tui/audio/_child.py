"""One child process that hosts the engine, seen from the outside."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.audio._speakers import SPEAKER, in_ssh, speaker_sockets
from tui.audio._wire import Lines, decode, encode
from tui.child import environment, opened_log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.audio._wire import Message

__all__ = ["AUTO", "BROWSER", "Child", "child_command", "same_child", "wants_malloc"]

_READ = 65_536
_UNSENT_LIMIT = 1_000_000

AUTO = "auto"
BROWSER = "browser"
"""The output that is a page in the user's browser."""


def child_command(output: str, *, options: Sequence[str] = ()) -> list[str]:
    """Return the command line of a child.

    Args:
        output: The name of the output.
        options: More for `python -m tui.audio`.
    """
    # -P: the folder that the user happens to stand in is no place for our modules.
    python = [sys.executable, "-P", "-m"]
    if output.startswith(SPEAKER):
        return [
            *python,
            "tui.remote",
            "relay",
            "--socket",
            output.removeprefix(SPEAKER),
        ]
    if output == BROWSER:
        known = [each for each in options if each.startswith("--target-lufs")]
        return [*python, "tui.remote", "browser", *known]
    return [*python, "tui.audio", "--output", output, *options]


def same_child(output: str, other: str) -> bool:
    """Tell whether one child can go over from an output to another."""
    if output == other:
        return True
    if other == AUTO and (in_ssh() or speaker_sockets()):
        return False  # only what a child begins with is looked for elsewhere, too
    return not any(
        each.startswith(SPEAKER) or each == BROWSER for each in (output, other)
    )


class Child:
    """A running child and the socket to it. All of it is one thread's; nothing blocks.

    Args:
        command: The command line.
        log_path: Where its standard output and error go; None for nowhere.
        malloc: Whether Python's own allocator shall be off in it.

    Raises:
        OSError: It can't be started.
    """

    def __init__(
        self, command: Sequence[str], *, log_path: Path | None, malloc: bool
    ) -> None:
        ours, theirs = socket.socketpair()
        try:
            with theirs, opened_log(log_path) as log:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    [*command, "--parent", str(os.getpid())],
                    stdin=theirs.fileno(),
                    stdout=log,
                    stderr=log,
                    env=environment({"PYTHONMALLOC": "malloc"} if malloc else None),
                    # Ctrl+C in a terminal is for the browser; the child ends with it.
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            raise
        ours.settimeout(0)
        self.socket = ours
        self._lines = Lines()
        self._unsent = b""

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    @property
    def has_unsent(self) -> bool:
        """Whether something waits for room in the socket."""
        return bool(self._unsent)

    def send(self, message: Message) -> None:
        """Send a message, as far as the socket takes it.

        Args:
            message: The message.

        Raises:
            OSError: The child is gone, or has taken nothing for very long.
            WireError: The message can't be told.
        """
        self._unsent += encode(message)
        if len(self._unsent) > _UNSENT_LIMIT:
            raise BlockingIOError("the audio engine takes no commands")
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it.

        Raises:
            OSError: The child is gone.
        """
        while self._unsent:
            try:
                sent = self.socket.send(self._unsent)
            except BlockingIOError:
                return
            self._unsent = self._unsent[sent:]

    def receive(self) -> list[Message] | None:
        """Read what has arrived.

        Returns:
            The messages; None when the child has closed its end.

        Raises:
            OSError: The child is gone.
            WireError: What it sent is no message.
        """
        try:
            data = self.socket.recv(_READ)
        except BlockingIOError:
            return []
        if not data:
            return None
        return [decode(line) for line in self._lines.feed(data)]

    def end(self, timeout: float) -> str:
        """End it: first by word, then by force. Returns within the time.

        Args:
            timeout: How many seconds it may take to end by itself; 0 kills at once.

        Returns:
            How it ended, for the log.
        """
        # It may have closed its end first.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.socket.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            # Killed, but the kernel still waits for a device or a network disk.
            return "can't be ended"
        return self._manner()

    def kill(self) -> None:
        """Kill it, from any thread."""
        self._process.kill()

    def _manner(self) -> str:
        code = self._process.returncode
        if code >= 0:
            return f"exit status {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"


def wants_malloc(output: str) -> bool:
    """Say whether a child needs PYTHONMALLOC=malloc: it may come to use simpleaudio.

    simpleaudio frees its memory after it gave up the interpreter lock, which Python's
    own allocator answers with a segmentation fault.
    """
    if output == "simpleaudio":
        return True
    return importlib.util.find_spec("simpleaudio") is not None
