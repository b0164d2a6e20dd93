"""An output without sound that keeps time: where there is no device."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.audio._paced import Pacer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NullOutput"]


class NullOutput:
    """Takes sound at the speed of the clock and drops it.

    Args:
        clock: Seconds that only grow.
    """

    name = "null"
    latency_ms = 0

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pacer: Pacer | None = None

    def start(self, pull: Callable[[int], bytes]) -> None:
        """Begin to ask for sound; never fails."""
        self.stop()

        def drop(frames: int) -> None:
            pull(frames)

        self._pacer = Pacer("audio-null", drop, clock=self._clock)
        self._pacer.start()

    def stop(self) -> None:
        """End; `start` may be called again."""
        pacer, self._pacer = self._pacer, None
        if pacer is not None:
            pacer.stop()

    def is_alive(self) -> bool:
        """Whether it asked for sound within the last second."""
        return self._pacer is not None and self._pacer.is_alive()
