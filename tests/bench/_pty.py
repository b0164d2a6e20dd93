"""A program in a pseudo terminal, every byte that it sends with its time."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ANSWERS = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",  # synchronised output: known
    b"\x1b[6n": b"\x1b[1;1R",  # cursor position
    b"\x1b[c": b"\x1b[?62;22c",  # device attributes
}
"""What a usual terminal answers to the questions that programs ask."""


@dataclass
class Terminal:
    """Runs one program in a pseudo terminal; a context manager.

    Args:
        command: Program and arguments.
        env: The whole environment.
        columns: Width.
        rows: Height.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    columns: int = 80
    rows: int = 24
    chunks: list[tuple[float, bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start the program."""
        self._master, slave = pty.openpty()
        fcntl.ioctl(
            slave,
            termios.TIOCSWINSZ,
            struct.pack("HHHH", self.rows, self.columns, 0, 0),
        )
        self._arrived = threading.Condition()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**self.env, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, name="pty", daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """End the program and all that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self._reader.join(2)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                ready, _, _ = select.select([self._master], [], [], 0.2)
                if not ready:
                    if self.process.poll() is not None:
                        return
                    continue
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            now = time.monotonic()
            for question, answer in _ANSWERS.items():
                if question in data:
                    os.write(self._master, answer)
            with self._arrived:
                self.chunks.append((now, data))
                self._arrived.notify_all()

    def send(self, keys: bytes) -> float:
        """Type something; returns when."""
        now = time.monotonic()
        os.write(self._master, keys)
        return now

    def mark(self) -> int:
        """Say where in the stream we are, for `since` and `wait`."""
        with self._arrived:
            return len(self.chunks)

    def since(self, mark: int) -> list[tuple[float, bytes]]:
        """Give all that came after a mark."""
        with self._arrived:
            return self.chunks[mark:]

    def wait(self, needle: bytes, mark: int = 0, seconds: float = 10.0) -> float:
        """Wait until some bytes have come after a mark; returns when they came.

        Raises:
            TimeoutError: They did not come in time.
        """
        deadline = time.monotonic() + seconds
        seen = b""
        with self._arrived:
            index = mark
            while True:
                while index < len(self.chunks):
                    when, data = self.chunks[index]
                    index += 1
                    seen = seen[-len(needle) :] + data
                    if needle in seen:
                        return when
                left = deadline - time.monotonic()
                if left <= 0 or not self._arrived.wait(left):
                    raise TimeoutError(repr(needle))

    def settle(self, mark: int = 0, quiet: float = 0.06, seconds: float = 5.0) -> float:
        """Wait until nothing has come for a while; returns when the last byte came."""
        deadline = time.monotonic() + seconds
        with self._arrived:
            while True:
                last = self.chunks[-1][0] if len(self.chunks) > mark else 0.0
                now = time.monotonic()
                left = last + quiet - now if last else deadline - now
                if left <= 0 or now > deadline:
                    return last
                self._arrived.wait(left)

    def size(self, mark: int = 0) -> int:
        """Count the bytes after a mark."""
        return sum(len(data) for _, data in self.since(mark))


def family(pid: int) -> list[int]:
    """Give a process and all its descendants."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found.extend(int(child) for child in task.read_text().split())
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """Sum the processor time of some processes, in seconds."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / ticks


def peak_kb(pid: int) -> int:
    """Give the peak resident memory of a process in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
