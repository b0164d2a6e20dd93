"""Notes converted by processes of their own, one for each core.

A damaged recording may crash a decoder or keep it busy for ever: then that note is
told to have failed, and another process goes on with the next one.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from tui.child import environment
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tui.export._flow import Maker
    from tui.export._formats import Options
    from tui.export._plan import Planned
    from tui.export._write import Part

__all__ = ["Workers"]

_LOOK_S = 0.25
"""So often a thread that waits for its worker asks whether it shall end."""
_PATIENCE_S = 60.0
"""A worker that tells nothing for so long hangs: it tells of every second of work."""
_END_S = 5.0


class Workers:
    """Converts on as many cores as there are; for any number of threads.

    Args:
        options: How notes are converted.
        maker: Tells whether a file is what would be made.
        patience_s: How many seconds of nothing mean that a worker hangs.
        command: The command line of a worker instead of the usual one, for tests.
    """

    def __init__(
        self,
        options: Options,
        maker: Maker,
        *,
        patience_s: float = _PATIENCE_S,
        command: Sequence[str] | None = None,
    ) -> None:
        self._options = options
        self.is_made = maker.is_made
        self.patience_s = patience_s
        self._command = command
        self._free = threading.BoundedSemaphore(len(os.sched_getaffinity(0)))
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def make(
        self,
        planned: Planned,
        source: bytes,
        part: Part,
        passed: Callable[[float], None],
    ) -> int:
        """Write a file.

        Args:
            planned: The note.
            source: The path of its recording.
            part: The file.
            passed: Told at least every second which share is done.

        Returns:
            Its size in bytes.

        Raises:
            AudioError: The recording can't be read or converted.
            OSError: The file can't be written.
        """
        while not self._free.acquire(timeout=_LOOK_S):
            passed(0.0)
        try:
            with self._worker(source) as worker:
                return worker.convert(
                    planned, source, part.path, passed, self.patience_s
                )
        finally:
            self._free.release()

    def close(self) -> None:
        """End all workers; nothing is made any more."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    @contextmanager
    def _worker(self, source: bytes) -> Iterator[_Worker]:
        """Lend a worker; one that did not get ready with its note is ended."""
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is not None and not worker.is_alive:
            worker.end()
            worker = None
        if worker is None:
            try:
                worker = _Worker(self._options, self._command)
            except OSError as error:
                reason = f"no process can be started: {error.strerror}".lower()
                raise AudioError(source, reason) from error
        try:
            yield worker
        finally:
            if worker.is_idle:
                with self._lock:
                    self._idle.append(worker)
            else:
                worker.end()


class _Worker:
    """A process that converts notes one after the other; of one thread at a time.

    Raises:
        OSError: It can't be started.
    """

    def __init__(self, options: Options, command: Sequence[str] | None) -> None:
        # -P: the folder that the user happens to stand in is no place for our modules.
        usual = [sys.executable, "-P", "-m", "tui.export._worker"]
        self.is_idle = True
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [*(command or usual), "--parent", str(os.getpid())],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=environment(),
                    # Ctrl+C in a terminal is for us; it ends when we have it end.
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            raise
        self._line: Connection[Any, Any] = Connection(ours.detach())
        with suppress(OSError):  # it is gone: told with the first note
            self._line.send(options)

    @property
    def is_alive(self) -> bool:
        """Whether it runs, as far as is known."""
        return self._process.poll() is None

    def convert(
        self,
        planned: Planned,
        source: bytes,
        path: Path,
        passed: Callable[[float], None],
        patience_s: float,
    ) -> int:
        """Have a note converted.

        Raises:
            AudioError: It can't be.
            OSError: The file can't be written.
        """
        self.is_idle = False
        # Without what can't be sent and is not needed.
        note = planned.note._replace(evidence={}, files=(), peaks=None)
        try:
            self._line.send((planned._replace(note=note), source, path))
            while True:
                self._wait(source, passed, patience_s)
                match self._line.recv():
                    case float(share):
                        passed(share)
                        self._line.send(None)  # it may go on
                    case int(size):
                        self.is_idle = True
                        return size
                    case where, reason:
                        self.is_idle = True
                        break
        except (EOFError, ConnectionError) as lost:
            raise AudioError(source, self._manner()) from lost
        if isinstance(where, str):
            raise AudioError(where, reason)
        raise OSError(where, reason)

    def _wait(
        self, source: bytes, passed: Callable[[float], None], patience_s: float
    ) -> None:
        # Only time in which somebody listened counts.
        left = patience_s
        while not self._line.poll(min(_LOOK_S, left)):
            left -= _LOOK_S
            if left <= 0:
                reason = f"its conversion made no progress for {patience_s:g} s"
                raise AudioError(source, reason)
            passed(0.0)

    def _manner(self) -> str:
        """Tell how it ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self.end()
        code = self._process.returncode
        try:
            how = signal.Signals(-code).name
        except ValueError:
            how = f"exit status {code}"
        return f"its conversion crashed ({how})"

    def end(self) -> None:
        """End it at once; what it wrote is taken away by others."""
        self._line.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # the kernel waits for its disk
            self._process.wait(_END_S)
