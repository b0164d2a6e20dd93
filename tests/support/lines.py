"""Reads the lines of a running program, each within a time."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.child import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Running", "running"]


class Running:
    """A program with a pipe at its output.

    Args:
        process: The program; its stdout is a binary pipe.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._rest = b""

    def line(self, timeout: float = 15.0) -> str:
        """Return the next line; fail when none comes in time."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + timeout
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, left))
            assert ready, f"no line within {timeout} s, only {self._rest!r}"
            data = os.read(self.process.stdout.fileno(), 65_536)
            assert data, f"ended after {self._rest!r}"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def end(self, timeout: float = 15.0) -> int:
        """Wait for the end; return the exit code."""
        return self.process.wait(timeout)


@contextmanager
def running(*argv: object, errors: bool = False) -> Iterator[Running]:
    """Run `earmark`; it is killed at the end if it still runs.

    Args:
        argv: Its arguments.
        errors: Whether lines on stderr are read, too.

    Yields:
        The program.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", *map(str, argv)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors else None,
        cwd=ROOT,
    )
    with process:
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()
