"""The events of one tree: watchfiles' engine, and a bell that rings when one waits.

watchfiles collects events in a thread of its own, and whoever wants them has to ask.
Asking a hundred times a second costs half a percent of a core for nothing. On Linux
the engine's queue is a descriptor of this process, so waiting for it costs nothing and
wakes within microseconds; asking at intervals remains only as a net, since the engine
may empty the queue before we are awake.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watchfiles._rust_notify import RustNotify

__all__ = ["Notifier", "NotifierError", "RustNotifier"]

_INOTIFY = "anon_inode:inotify"


class NotifierError(Exception):
    """The engine gave up, or could not begin.

    Args:
        reason: Why, in a few words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Notifier(Protocol):
    """Tells paths at which something happened."""

    def wait(self, timeout_s: float) -> Iterable[bytes]:
        """Wait for events.

        Args:
            timeout_s: How long at most; an interruption may come later by a blink.

        Returns:
            Absolute paths, none after the time is over.

        Raises:
            NotifierError: No more events will come.
        """

    def close(self) -> None:
        """Give the watches back."""


class RustNotifier:
    """watchfiles' engine on one tree. It watches from its construction on.

    Args:
        root: The absolute path of the tree.

    Raises:
        NotifierError: The system's limit of watches is used up, or the path can't be
            watched.
    """

    def __init__(self, root: bytes) -> None:
        before, threads = _queues(), _threads()
        try:
            self._engine = _engine(os.fsdecode(root))
        except UnicodeEncodeError as error:
            raise NotifierError("the name of its folder is not text") from error
        except (OSError, RuntimeError) as error:
            raise NotifierError(_in_words(error)) from error
        self._bell: select.poll | None = None
        fresh = _queues() - before
        if len(fresh) == 1:
            self._bell = select.poll()
            self._bell.register(fresh.pop(), select.POLLIN)
            _let_us_be_first(_threads() - threads)

    def wait(self, timeout_s: float) -> Iterable[bytes]:
        """Wait for events."""
        timeout_ms = max(1, int(timeout_s * 1000))
        if self._bell is None:
            found = self._ask(50, 10, timeout_ms)
        elif self._bell.poll(timeout_ms):
            found = self._ask(40, 2, 6)
        else:
            found = self._ask(40, 1, 1)
        return {os.fsencode(path) for _, path in found}

    def close(self) -> None:
        """Give the watches back."""
        self._bell = None
        self._engine.close()

    def _ask(
        self, debounce_ms: int, step_ms: int, timeout_ms: int
    ) -> Iterable[tuple[int, str]]:
        try:
            found = self._engine.watch(debounce_ms, step_ms, timeout_ms, None)
        except (OSError, RuntimeError) as error:
            raise NotifierError(_in_words(error)) from error
        return () if isinstance(found, str) else found


def _engine(root: str) -> RustNotify:
    """Make watchfiles' engine; it watches from then on.

    The documented lower half of watchfiles: `watch()` would begin to watch only at its
    first step, and would end with the first name that is not UTF-8.
    """
    from watchfiles._rust_notify import RustNotify

    def make(*, lenient: bool) -> RustNotify:
        # In order: no output, no polling (our own is cheaper), with all folders below.
        return RustNotify([root], False, False, 0, True, lenient)  # noqa: FBT003  # it takes no names

    try:
        return make(lenient=False)
    except PermissionError:
        # Leave out the folders that may not be read. Not from the start: lenient, it
        # would also say nothing when the limit of watches is reached.
        return make(lenient=True)


def _queues() -> set[int]:
    """The descriptors of this process that are queues of file events."""
    found: set[int] = set()
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return found  # no Linux: asking at intervals has to do
    for name in names:
        try:
            if os.readlink(f"/proc/self/fd/{name}") == _INOTIFY:
                found.add(int(name))
        except OSError:
            continue  # the descriptor that listed the folder
    return found


def _threads() -> set[int]:
    """The threads of this process, also those that Python did not start."""
    try:
        return {int(name) for name in os.listdir("/proc/self/task")}
    except OSError:
        return set()


def _let_us_be_first(threads: set[int]) -> None:
    """Have the engine's thread wake up after ours.

    The first of the two to run decides whether the bell is heard: measured, it was
    missed by one event in three; with this, by one in twenty-five.
    """
    for thread in threads:
        with suppress(OSError):  # no bell is worth an error
            nice = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, nice + 10))


def _in_words(error: Exception) -> str:
    text = str(error)
    if "limit reached" in text:
        return "the system's limit of watched folders is used up"
    if "Unable to decode path" in text:
        return "a file name is not text"
    return text.splitlines()[0].lower() if text else type(error).__name__
