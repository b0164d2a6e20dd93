"""What the browser asks of the process that saves: read on a thread of its own."""

from __future__ import annotations

import pickle
import struct
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tui.export._events import Order

__all__ = ["Inbox", "More", "Pause", "Stop", "Task", "Wish", "frame"]

_HEAD = struct.Struct(">Q")
_READ = 1024 * 1024


class Task(NamedTuple):
    """Something new to do, in the place of what is done now."""

    number: int
    order: Order
    writes: bool
    """Save it; else tell only what would be saved."""


class More(NamedTuple):
    """More rows of a preview are looked at."""

    number: int
    rows: int
    """So many in all."""


class Pause(NamedTuple):
    """Wait, or go on."""

    is_paused: bool


class Stop(NamedTuple):
    """End what is done now."""

    number: int


Wish = Task | More | Pause | Stop


def frame(wish: Wish) -> bytes:
    """Write a wish for the socket."""
    data = pickle.dumps(wish)
    return _HEAD.pack(len(data)) + data


class Inbox:
    """Takes wishes while a job works; the job asks what became of them.

    Args:
        channel: The socket. When its other end closes, or shuts its half, all ends.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._changed = threading.Condition()
        self._task: Task | None = None
        self._newest = 0
        self._rows = (0, 0)
        self._is_paused = False
        self._is_closed = False
        self._thread = threading.Thread(target=self._read, name="inbox", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def next(self, show: Callable[[int], None]) -> Task | None:
        """Wait for something to do.

        Args:
            show: Told of the number of a preview of which more is looked at.

        Returns:
            None at the end.
        """
        told = (0, 0)
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._is_closed or self._task or self._rows != told  # noqa: B023  # asked here
                )
                if self._is_closed:
                    return None
                if self._task is not None:
                    task, self._task = self._task, None
                    return task
                told = self._rows
            show(told[0])

    def wanted(self, number: int) -> int:
        """Tell how many rows of a preview are looked at."""
        asked, rows = self._rows
        return rows if asked == number else 0

    @property
    def is_paused(self) -> bool:
        """Whether it shall wait."""
        return self._is_paused

    def ends(self, number: int) -> bool:
        """Tell whether a task is not wanted any more."""
        return self._is_closed or self._newest != number

    def wait_for_go(self, number: int) -> None:
        """Wait until it shall go on, or end."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_paused or self.ends(number))

    def _read(self) -> None:
        data = bytearray()
        try:
            while block := self._channel.recv(_READ):
                data += block
                while len(data) >= _HEAD.size:
                    (length,) = _HEAD.unpack_from(data)
                    end = _HEAD.size + length
                    if len(data) < end:
                        break
                    self._take(pickle.loads(data[_HEAD.size : end]))  # noqa: S301  # from our own parent
                    del data[:end]
        except OSError:
            pass  # the other end is gone
        finally:
            with self._changed:
                self._is_closed = True
                self._changed.notify_all()

    def _take(self, wish: Wish) -> None:
        with self._changed:
            match wish:
                case Task():
                    self._task, self._newest = wish, wish.number
                    self._is_paused = False
                case More(number, rows):
                    self._rows = (number, rows)
                case Pause(is_paused):
                    self._is_paused = is_paused
                case Stop(number):
                    self._newest = 0 if self._newest == number else self._newest
            self._changed.notify_all()
