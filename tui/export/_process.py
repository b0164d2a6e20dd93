"""The process that saves, seen from the browser: started when it is asked, and ended.

No key waits for it, and the player does not: it works at a lower priority. When it does
not end in time it is killed, which harms nothing: files are there whole or not at all.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tui.child import environment, opened_log
from tui.export._events import Counted, Ended, How, Saving, Sums, decode
from tui.export._inbox import More, Pause, Stop, Task, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tui.export._events import ExportEvent, Order
    from tui.export._inbox import Wish

__all__ = ["ExportProcess"]

_log = logging.getLogger(__name__)

_READ = 262_144
_LINE_LIMIT = 8_000_000
_YIELD_S = 3.0
"""So long a preview may take to give way to something else."""
_GO_S = 1.0
"""So long a process may take to end that has nothing to do."""


class _Leave(NamedTuple):
    """Nothing is wanted any more, but for a run."""


class _Child:
    """A running process and the socket to it; all of it is one thread's."""

    def __init__(self, command: Sequence[str], log_path: Path | None) -> None:
        self.socket, theirs = socket.socketpair()
        self.unsent = b""
        self.heard = bytearray()
        try:
            with theirs, opened_log(log_path) as log:
                self._process = subprocess.Popen(
                    [*command, "--parent", str(os.getpid())],
                    stdin=theirs.fileno(),
                    stdout=log,
                    stderr=log,
                    env=environment(),
                    # Ctrl+C in a terminal is for the browser. And it is a group of its
                    # own, with whatever it starts.
                    start_new_session=True,
                )
        except BaseException:
            self.socket.close()
            raise
        self.socket.settimeout(0)
        self.pid = self._process.pid

    def flush(self) -> None:
        """Send as much as the socket takes."""
        with suppress(BlockingIOError):
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent) :]

    def lines(self) -> list[bytes] | None:
        """Read what has arrived; None when the other end is closed."""
        try:
            data = self.socket.recv(_READ)
        except BlockingIOError:
            return []
        if not data:
            return None
        self.heard += data
        *lines, rest = self.heard.split(b"\n")
        self.heard = rest if len(rest) < _LINE_LIMIT else bytearray()
        return [bytes(line) for line in lines]

    def end(self, timeout: float) -> int:
        """Close its socket, wait, then kill it; returns its exit code."""
        self.socket.close()
        if timeout:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        # Also when it has ended: what it started may have been left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()


class ExportProcess:
    """Saves in a process of its own; one run at a time.

    Args:
        library: The library file.
        memory: Where it is kept how was saved last; None for nowhere.
        log_path: Where the process's messages go; None for nowhere.
        command: The process's command line instead of the usual one, for tests.
        stop_s: So long a run may take to stop before it is killed.
    """

    def __init__(
        self,
        library: Path,
        *,
        memory: Path | None = None,
        log_path: Path | None = None,
        command: Sequence[str] | None = None,
        stop_s: float = 5.0,
    ) -> None:
        # -P: the folder that the user happens to stand in is no place for our modules.
        usual = [sys.executable, "-P", "-m", "tui.export", "--library", str(library)]
        self._command = list(command or usual)
        self._memory = memory
        self._log_path = log_path
        self._stop_s = stop_s
        self._listeners: list[Callable[[ExportEvent], None]] = []
        self._number = 0
        self._wishes: deque[Wish | _Leave | Mapping[str, str]] = deque()
        self._bell, self._ring = socket.socketpair()
        self._bell.settimeout(0)
        self._ring.settimeout(0)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid: int | None = None
        # From here on everything belongs to the thread.
        self._child: _Child | None = None
        self._task: Task | None = None
        self._sums = Sums()
        self._kill_at: float | None = None
        self._is_stopped = False
        self._is_over = True
        """What was asked for is done; of a preview more rows may be wanted."""

    @property
    def pid(self) -> int | None:
        """The id of the process; None while there is none."""
        return self._pid

    def subscribe(self, listener: Callable[[ExportEvent], None]) -> None:
        """Have every event sent to a function, on another thread."""
        self._listeners.append(listener)

    def preview(self, order: Order) -> int:
        """Tell what would be saved; the preview before is not wanted any more.

        Returns:
            A number, which the events have too.
        """
        return self._begin(order, writes=False)

    def start(self, order: Order) -> int:
        """Save; returns a number as `preview` does."""
        return self._begin(order, writes=True)

    def more(self, number: int, rows: int) -> None:
        """Have so many rows of a preview told, in all."""
        self._wish(More(number, rows))

    def pause(self, paused: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Have the run wait, or go on."""
        self._wish(Pause(paused))

    def stop(self) -> None:
        """End the run; what is saved stays."""
        self._wish(Stop(self._number))

    def leave(self) -> None:
        """No preview is wanted any more; a run goes on."""
        self._wish(_Leave())

    def recall(self) -> dict[str, str]:
        """Tell how was saved last; empty where that is not known."""
        if self._memory is None:
            return {}
        try:
            values = json.loads(self._memory.read_bytes())
            return {str(key): str(value) for key, value in values.items()}
        except (OSError, ValueError, AttributeError, RecursionError):
            return {}

    def remember(self, values: Mapping[str, str]) -> None:
        """Keep how is saved now, for the next time."""
        self._wish(dict(values))

    def close(self, timeout: float = 2.0) -> None:
        """End all work; waits, at most so many seconds."""
        self._closing.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                return  # it still kills
        self._bell.close()
        self._ring.close()

    def _begin(self, order: Order, *, writes: bool) -> int:
        self._number += 1
        self._wish(Task(self._number, order, writes))
        return self._number

    def _wish(self, wish: Wish | _Leave | Mapping[str, str]) -> None:
        if self._closing.is_set():
            return
        self._wishes.append(wish)
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="export-process", daemon=True
            )
            self._thread.start()
        self._wake()

    def _wake(self) -> None:
        # A full bell rings anyway; a closed one has nobody to wake.
        with suppress(OSError):
            self._ring.send(b"\0")

    # The thread

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._wait()
                self._obey()
                self._listen()
        except Exception as error:  # noqa: BLE001  # the one outer net of this thread
            _log.exception("the thread of the export failed")
            self._end_task(How.FAILED, f"this could not be saved: {error}")
        finally:
            self._end_child(_GO_S)

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        child = self._child
        if child is not None:
            writing = select.POLLOUT if child.unsent else 0
            poll.register(child.socket, select.POLLIN | writing)
        left = None
        if self._kill_at is not None:
            left = max(0.0, self._kill_at - time.monotonic()) * 1000 + 1
        poll.poll(left)
        with suppress(BlockingIOError):
            self._bell.recv(4096)
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill()

    def _kill(self) -> None:
        """Put an end to a process that does not answer."""
        _log.warning("the process that saves does not answer, it is killed")
        task, is_stopped = self._task, self._is_stopped
        self._end_child(0)
        if is_stopped:
            self._end_task(How.STOPPED)
        elif task is not None:  # an older preview did not give way
            self._give(task)

    def _obey(self) -> None:
        while self._wishes and not self._closing.is_set():
            wish = self._wishes.popleft()
            match wish:
                case Task():
                    self._give(wish)
                case Stop(number):
                    if not self._is_over and self._has(number):
                        self._is_stopped = True
                        self._kill_at = time.monotonic() + self._stop_s
                        self._send(wish)
                case _Leave():
                    if self._is_over or self._task is None or not self._task.writes:
                        self._task, self._is_over = None, True
                        self._end_child(_GO_S)
                case More() | Pause():
                    self._send(wish)
                case _:
                    self._write_down(wish)

    def _give(self, task: Task) -> None:
        """Have the process do something, in the place of what it does."""
        is_at_work = self._child is not None and not self._is_over
        self._kill_at = time.monotonic() + _YIELD_S if is_at_work else None
        self._task, self._sums = task, Sums()
        self._is_stopped = self._is_over = False
        if self._child is None:
            try:
                self._child = _Child(self._command, self._log_path)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                self._end_task(How.FAILED, f"no process can be started: {reason}")
                return
            self._pid = self._child.pid
        self._send(task)

    def _send(self, wish: Wish) -> None:
        if self._child is not None:
            self._child.unsent += frame(wish)
            with suppress(OSError):  # it has ended: `_listen` finds out
                self._child.flush()

    def _listen(self) -> None:
        child = self._child
        if child is None:
            return
        try:
            child.flush()
            lines = child.lines()
        except OSError:
            lines = None
        for line in lines or ():
            event = decode(line)
            if event is None:
                _log.warning("an event was not understood: %r", line[:200])
            elif self._child is child:
                self._take(event)
        if lines is None and self._child is child:
            code = self._end_child(_GO_S)
            _log.warning("the process that saves ended with code %d", code)
            how = How.STOPPED if self._is_stopped else How.FAILED
            reason = "the process that saves has ended; what is saved stays"
            self._end_task(how, "" if self._is_stopped else reason)

    def _take(self, event: ExportEvent) -> None:
        if isinstance(event, Ended) and event.number == 0:
            self._end_child(_GO_S)  # it can't open the library
            self._end_task(How.FAILED, event.reason)
            return
        if not self._has(event.number):
            return  # of a preview that is not wanted any more
        if not self._is_stopped:
            self._kill_at = None
        if isinstance(event, Counted | Saving):
            self._sums = event.sums
        if isinstance(event, Ended):
            self._kill_at, self._is_over = None, True
            if self._task is not None and self._task.writes:
                self._end_child(_GO_S)
        self._tell(event)

    def _has(self, number: int) -> bool:
        """Tell whether this is what was asked for last."""
        return self._task is not None and self._task.number == number

    def _end_task(self, how: How, reason: str = "") -> None:
        if not self._is_over and self._task is not None:
            self._is_over = True
            self._tell(Ended(self._task.number, how, reason, self._sums))

    def _tell(self, event: ExportEvent) -> None:
        for listener in self._listeners:
            listener(event)

    def _end_child(self, timeout: float) -> int:
        child, self._child = self._child, None
        self._pid = self._kill_at = None
        return 0 if child is None else child.end(timeout)

    def _write_down(self, values: Mapping[str, str]) -> None:
        """Keep how is saved; where that can't be, it ends with the browser."""
        path = self._memory
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_name(f"{path.name}.{os.getpid()}")
            half.write_text(json.dumps(dict(values)), encoding="utf-8")
            half.replace(path)
        except OSError as error:
            _log.warning("it can't be remembered how was saved: %s", error)
