"""A thread that asks for sound at the speed of the clock, where no device does."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from tui.audio._api import RATE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PERIOD", "Pacer"]

log = logging.getLogger(__name__)

PERIOD = RATE // 50
"""Frames in a step: 20 ms."""
_BEHIND = 1.0
"""Seconds of delay after which lost time is given up instead of caught up."""


class Pacer:
    """Calls a function for every 20 ms of sound, without drift.

    Args:
        name: Name of the thread.
        step: Called with a number of frames.
        pace: How many times faster than real time.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[int], None],
        *,
        pace: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._step = step
        self._pace = pace
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._begin = 0.0
        self._frames = 0
        self._last = float("-inf")

    def start(self) -> None:
        """Begin; the first step is due at once."""
        self._begin = self._clock()
        self._frames = 0
        self._last = self._begin
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; no step is running afterwards."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def is_alive(self) -> bool:
        """Whether there was a step within the last second."""
        return self._thread is not None and self._clock() - self._last <= 1.0

    def wait_s(self) -> float:
        """Tell how long it is until the next step; gives up time that was lost."""
        due = self._begin + self._frames / (RATE * self._pace)
        ahead = due - self._clock()
        if ahead < -_BEHIND:  # the machine slept, or the process was stopped
            self._begin -= ahead
            return 0.0
        return max(0.0, ahead)

    def turn(self) -> None:
        """Do one step."""
        self._last = self._clock()
        self._step(PERIOD)
        self._frames += PERIOD

    def _run(self) -> None:
        try:
            while not self._stop.wait(self.wait_s()):
                self.turn()
        except Exception:
            log.exception("%s ended", self._name)
