"""Watches one source in a thread: events where there are any, and a net below them.

What the watcher says is a hint where to look. It never says that a file is there or
gone. On each tick it asks whether the root is still the same folder (a watch on one
that was deleted stays silent for ever), and every few seconds it compares the times of
the known folders, which finds whatever the kernel dropped.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.indexer._hints import Hints
from tui.indexer._mounts import silent_file_system
from tui.indexer._notifier import NotifierError, RustNotifier
from tui.indexer._tools import Clock
from tui.indexer._walk import is_vanished, why
from tui.model import WatchMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.indexer._notifier import Notifier
    from tui.indexer._sweep import FolderTimes

__all__ = ["WatchStatus", "Watcher"]

_log = logging.getLogger(__name__)

_BUSY_WAIT_S = 0.08
"""How long an event may lie unseen when the bell was missed, while there are events."""
_IDLE_WAIT_S = 0.25
"""The same after a quiet minute."""
_QUIET_S = 60.0
_ROOT_CHECK_S = 1.0
_SWEEP_S = 2.0
_SWEEP_SHARE = 2000
"""A sweep may take one part in so many of the time."""
_LONGEST_SWEEP_S = 4.5
_POLL_S = 1.0
_POLL_SHARE = 100
_LONGEST_POLL_S = 20.0
_STORM = 2000
"""Events at once from which on some may have been dropped."""
_RETRIES_S = (0.5, 1.0, 2.0, 5.0)
_MANY_DEATHS = 5
_DEATHS_S = 10.0
_LIVE_AGAIN_S = 30.0
"""After how long a watcher that kept dying, or lacked watches, is tried again."""


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """How a source is watched now."""

    present: bool
    """The root is a folder that can be reached."""
    reason: str
    """Why it is not; empty when it is."""
    mode: WatchMode
    mode_reason: str
    """Why changes are polled; empty when they are not."""
    rescan: bool
    """The root came, came back, or is another folder: compare everything."""


class _Root:
    """Whether a folder is there, and whether it is the same as before."""

    def __init__(self, path: bytes) -> None:
        self._path = path
        self.identity: tuple[int, int] | None = None
        self.reason = ""

    def look(self) -> bool:
        """Ask the file system; returns whether the answer is another than before."""
        before = self.identity, self.reason
        try:
            status = os.stat(self._path)
        except OSError as error:
            gone = is_vanished(error)
            self.identity = None
            self.reason = "the folder is not there" if gone else why(error)
        else:
            is_folder = stat.S_ISDIR(status.st_mode)
            self.identity = (status.st_dev, status.st_ino) if is_folder else None
            self.reason = "" if is_folder else "it is no folder"
        return before != (self.identity, self.reason)


class Watcher:
    """Watches one source.

    Args:
        root: Its absolute path.
        times: The times of its folders, kept by the indexer.
        on_hints: Told where to look, on the watcher's thread.
        on_status: Told how the source is watched, on the watcher's thread.
        name: For the thread's name.
        clock: Measures the intervals.
        notifier: Makes what tells of events; raises NotifierError.
        silent: Tells the file system of a path when it sends no events.
    """

    def __init__(
        self,
        root: bytes,
        times: FolderTimes,
        on_hints: Callable[[Hints], None],
        on_status: Callable[[WatchStatus], None],
        *,
        name: str = "",
        clock: Clock | None = None,
        notifier: Callable[[bytes], Notifier] = RustNotifier,
        silent: Callable[[bytes], str] = silent_file_system,
    ) -> None:
        self._prefix = root.rstrip(b"/") + b"/"
        self._path = root
        self._times = times
        self._on_hints = on_hints
        self._on_status = on_status
        self._clock = clock or Clock()
        self._make_notifier = notifier
        self._silent = silent
        self._root = _Root(root)
        self._stop = threading.Event()
        self._deaths: list[float] = []
        self._rescan = True
        self._thread = threading.Thread(
            target=self._run, name=f"watch-{name}", daemon=True
        )

    def start(self) -> None:
        """Begin to watch, on an own thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Wait for the thread; returns whether it ended."""
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch_root()
            except Exception:  # noqa: BLE001  # the one outer net of this thread
                # Whatever it is, the source must not stay unwatched.
                _log.exception("watching %r failed, trying again", self._path)
                self._rescan = True
                self._stop.wait(_RETRIES_S[-1])

    def _watch_root(self) -> None:
        """Watch until stopped; each turn is one life of the root or of the engine."""
        attempt = 0
        while not self._stop.is_set():
            changed = self._root.look()
            if self._root.identity is None:
                if changed or attempt == 0:
                    self._say(WatchMode.OFF, "")
                self._rescan = True
                self._stop.wait(_RETRIES_S[min(attempt, len(_RETRIES_S) - 1)])
                attempt += 1
                continue
            attempt = 0
            self._rescan = self._rescan or changed
            reason = self._polling_reason()
            if reason:
                self._poll(reason)
                continue
            try:
                notifier = self._make_notifier(self._path)
            except NotifierError as error:
                self._poll(error.reason)
                continue
            try:
                self._listen(notifier)
            except NotifierError as error:
                self._died(error)
            finally:
                notifier.close()

    def _polling_reason(self) -> str:
        kind = self._silent(os.path.realpath(self._path))
        if kind:
            return f"{kind} reports no changes"
        now = self._clock.monotonic()
        self._deaths = [at for at in self._deaths if now - at < _DEATHS_S]
        if len(self._deaths) >= _MANY_DEATHS:
            self._deaths.clear()
            return "many file names are not text"
        return ""

    def _died(self, error: NotifierError) -> None:
        _log.info("the watcher of %r died (%s), it begins anew", self._path, error)
        self._deaths.append(self._clock.monotonic())
        self._sweep(everything=True)

    def _say(self, mode: WatchMode, reason: str) -> None:
        present = self._root.identity is not None
        rescan, self._rescan = self._rescan and present, False
        self._on_status(WatchStatus(present, self._root.reason, mode, reason, rescan))

    def _listen(self, notifier: Notifier) -> None:
        """Pass on events until the root is another one, or the engine dies."""
        self._say(WatchMode.LIVE, "")
        clock = self._clock.monotonic
        now = clock()
        # At once: what came between the last life of the engine and this one.
        next_sweep, next_check, last_event = now, now + _ROOT_CHECK_S, now
        while not self._stop.is_set():
            is_busy = now - last_event < _QUIET_S
            paths = notifier.wait(_BUSY_WAIT_S if is_busy else _IDLE_WAIT_S)
            now = clock()
            if paths:
                last_event = now
                count = self._pass_on(paths)
                if count >= _STORM:
                    next_sweep = min(next_sweep, now + _BUSY_WAIT_S)
            if now >= next_check:
                next_check = now + _ROOT_CHECK_S
                if self._root.look():
                    self._rescan = True
                    return
            if now >= next_sweep:
                cost = self._sweep()
                now = clock()
                pause = min(max(_SWEEP_S, cost * _SWEEP_SHARE), _LONGEST_SWEEP_S)
                next_sweep = now + pause

    def _poll(self, reason: str) -> None:
        """Sweep without events, until the root is another one or events may work."""
        self._say(WatchMode.POLLING, reason)
        end = self._clock.monotonic() + _LIVE_AGAIN_S
        while not self._stop.is_set() and self._clock.monotonic() < end:
            cost = self._sweep(everything=True)
            pause = min(max(_POLL_S, cost * _POLL_SHARE), _LONGEST_POLL_S)
            self._stop.wait(pause)
            if self._root.look():
                self._rescan = True
                return

    def _sweep(self, *, everything: bool = False) -> float:
        """Compare the times of folders; returns how long it took, in seconds."""
        before = self._clock.monotonic()
        changed = self._times.all_changed() if everything else self._times.changed()
        cost = self._clock.monotonic() - before
        if changed and self._root_is_there():
            self._on_hints(Hints(folders=changed))
        return cost

    def _root_is_there(self) -> bool:
        """Tell whether a vanished folder is news, or only a part of a vanished root."""
        return os.path.isdir(self._path)

    def _pass_on(self, paths: Iterable[bytes]) -> int:
        prefix, length = self._prefix, len(self._prefix)
        found = {path[length:] for path in paths if path.startswith(prefix)}
        found.discard(b"")
        if found:
            self._on_hints(Hints(paths=found))
        return len(found)
