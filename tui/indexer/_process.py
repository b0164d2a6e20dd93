"""The indexer in a child process, seen from the browser: started, heard, kept alive."""

from __future__ import annotations

import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.child import environment, opened_log
from tui.indexer._events import Failed
from tui.indexer._wire import Lines, Peaks, Reload, Rescan, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tui.indexer._events import IndexEvent
    from tui.indexer._wire import Request
    from tui.model import NoteId

__all__ = ["IndexerProcess"]

_log = logging.getLogger(__name__)

_RESTARTS_S = (0.2, 1.0, 5.0, 30.0)
_PROVEN_S = 60.0
"""A child that lived so long is started again without delay."""
_END_S = 1.5
_MAX_UNSENT = 1_000


class _Child:
    """A running child and the socket to it."""

    def __init__(self, command: Sequence[str], log_path: Path | None) -> None:
        self.socket, theirs = socket.socketpair()
        self.lines = Lines()
        self.started = time.monotonic()
        try:
            with theirs, opened_log(log_path) as log:
                self.process = subprocess.Popen(
                    [*command, "--parent", str(os.getpid())],
                    stdin=theirs.fileno(),
                    stdout=log,
                    stderr=log,
                    env=environment(),
                    # Ctrl+C in a terminal is for the browser; the child ends with it.
                    start_new_session=True,
                )
        except OSError:
            self.socket.close()
            raise

    def end(self, timeout: float) -> int:
        """Close its socket, wait, then kill; returns its exit code."""
        self.socket.close()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class IndexerProcess:
    """Hosts the indexer in a child process, and starts it again when it ends.

    Args:
        library: The library file.
        on_event: Told of everything, on a thread of its own; must not wait.
        log_path: Where the child's messages go; None for nowhere.
        backups: Of how many days the last backup of the library is kept.
        command: The child's command line instead of the usual one, for tests.
    """

    def __init__(
        self,
        library: Path,
        on_event: Callable[[IndexEvent], None],
        *,
        log_path: Path | None = None,
        backups: int = 7,
        command: Sequence[str] | None = None,
    ) -> None:
        # -P: the folder that the user happens to stand in is no place for our modules.
        usual = [sys.executable, "-P", "-m", "tui.indexer", "--library", str(library)]
        usual.append(f"--backups={backups}")
        self._command = list(command or usual)
        self._emit = on_event
        self._log_path = log_path
        self._asked: deque[Request] = deque(maxlen=_MAX_UNSENT)
        self._bell, self._ring = socket.socketpair()
        self._bell.settimeout(0)
        self._ring.settimeout(0)
        self._stopping = threading.Event()
        self._restarts = 0
        self._pid: int | None = None
        self._thread = threading.Thread(
            target=self._run, name="indexer-process", daemon=True
        )

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._pid

    def start(self) -> None:
        """Start the child; returns at once."""
        self._thread.start()

    def rescan(self) -> None:
        """Look at every file again."""
        self._ask(Rescan())

    def reload(self) -> None:
        """Read the list of sources again, because one was added or removed."""
        self._ask(Reload())

    def request_peaks(self, note_id: NoteId) -> None:
        """Have the waveform of a note made; it arrives as a change of the library."""
        self._ask(Peaks(note_id))

    def stop(self) -> None:
        """Ask the child and the thread to end; returns at once."""
        self._stopping.set()
        self._wake()

    def join(self, timeout: float = 2.0) -> bool:
        """Wait for the end; returns whether it came in time."""
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self, timeout: float = 2.0) -> None:
        """End all work; waits, at most so many seconds."""
        self.stop()
        if self.join(timeout):
            self._bell.close()
            self._ring.close()

    def _ask(self, request: Request) -> None:
        self._asked.append(request)
        self._wake()

    def _wake(self) -> None:
        # A full bell rings anyway; a closed one has nobody to wake.
        with suppress(OSError):
            self._ring.send(b"\0")

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._serve_one_life()
        except Exception as error:  # noqa: BLE001  # the one outer net of this thread
            _log.exception("the indexer's supervisor failed")
            self._emit(Failed(f"the indexer failed: {error}"))

    def _serve_one_life(self) -> None:
        """Start a child and serve it until it ends; then wait a while."""
        try:
            child = _Child(self._command, self._log_path)
        except OSError as error:
            self._emit(Failed(f"the indexer can't be started: {error.strerror}"))
            self._pause()
            return
        self._pid = child.process.pid
        try:
            self._talk(child)
        finally:
            self._pid = None
            code = child.end(_END_S if self._stopping.is_set() else 0.2)
        if self._stopping.is_set():
            return
        _log.warning("the indexer ended with code %d, it is started again", code)
        if time.monotonic() - child.started >= _PROVEN_S:
            self._restarts = 0
        elif self._restarts >= len(_RESTARTS_S) - 1:
            self._emit(Failed("the indexer ends again and again, see the log"))
        self._pause()

    def _pause(self) -> None:
        self._stopping.wait(_RESTARTS_S[min(self._restarts, len(_RESTARTS_S) - 1)])
        self._restarts += 1

    def _talk(self, child: _Child) -> None:
        """Hand requests on and events back until either side ends."""
        child.socket.settimeout(0)
        unsent = b""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        while not self._stopping.is_set():
            writing = select.POLLOUT if unsent else 0
            poll.register(child.socket, select.POLLIN | writing)
            poll.poll()
            with suppress(BlockingIOError):
                self._bell.recv(4096)
            while self._asked:
                unsent += encode(self._asked.popleft())
            try:
                if unsent:
                    with suppress(BlockingIOError):
                        unsent = unsent[child.socket.send(unsent) :]
                if not self._hear(child):
                    return
            except ConnectionError:
                return

    def _hear(self, child: _Child) -> bool:
        """Pass on events; returns False when the child closed its end."""
        try:
            data = child.socket.recv(65_536)
        except BlockingIOError:
            return True
        for line in child.lines.feed(data):
            event = decode(line)
            if event is None or isinstance(event, Rescan | Reload | Peaks):
                _log.warning("an event was not understood: %r", line[:200])
            else:
                self._emit(event)
        return bool(data)
