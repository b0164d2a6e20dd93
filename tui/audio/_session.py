"""One opening of a device, and how it falls silent when another one takes over."""

from __future__ import annotations

import logging
import math
from array import array
from typing import TYPE_CHECKING

from tui.audio._mixer import FADE
from tui.audio._ring import FRAME

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Session"]

log = logging.getLogger(__name__)


class Session:
    """Gives a device the mixer's sound while it is its turn, and silence else.

    So the mixer is asked by one device at a time, whatever a hung one does later.

    Args:
        pull: What gives the sound.
        begin: Called before the first pull of it.
        clock: Seconds that only grow.
        wake: Called when it has fallen silent after `leave`.
    """

    def __init__(
        self,
        pull: Callable[[int], bytes],
        *,
        begin: Callable[[], None],
        clock: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self._pull = pull
        self._begin = begin
        self._clock = clock
        self._wake = wake
        self._complained = False
        self._fade_left: int | None = None
        self.active = False
        """Whether it is its turn."""
        self.has_begun = False
        """Whether it was asked since."""
        self.last = clock()
        """When the device asked last."""
        self.looks = 0
        """How often somebody looked since."""

    def take_turn(self) -> None:
        """Give the mixer's sound from the next pull on."""
        self.active = True

    def leave(self) -> None:
        """Fade out with the next pull; then it is another one's turn."""
        self._fade_left = FADE

    @property
    def is_leaving(self) -> bool:
        """Whether it was told to leave; what is changed now concerns it no more."""
        return self._fade_left is not None

    def pull(self, frames: int) -> bytes:
        """Give the device what it asks for; never raises."""
        self.last = self._clock()
        self.looks = 0
        if not self.active:
            return bytes(frames * FRAME)
        try:
            if not self.has_begun:
                self.has_begun = True
                self._begin()
            if self._fade_left is not None:
                return self._fade(frames, self._fade_left)
            return self._pull(frames)
        except Exception:
            if not self._complained:
                self._complained = True
                log.exception("no sound for the device")
            return bytes(frames * FRAME)

    def _fade(self, frames: int, left: int) -> bytes:
        """Give the next frames, softer and softer, of which so many are left."""
        samples = array("h", self._pull(min(frames, left)))
        for i, sample in enumerate(samples):
            gain = 0.5 - 0.5 * math.cos(math.pi * (left - 1 - i) / FADE)
            samples[i] = round(sample * gain)
        self._fade_left = left - len(samples)
        if not self._fade_left:
            self.active = False
            self._wake()
        return samples.tobytes().ljust(frames * FRAME, b"\0")
