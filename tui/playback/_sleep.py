"""The sleep timer: it counts down, then plays more and more softly, then pauses."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Fade", "Sleep"]

FADE_S = 6.0
_STEP_S = 0.2
_LONGEST_MIN = 24 * 60
_MINUTE_S = 60.0


class Fade(NamedTuple):
    """How it was when it began to play softly."""

    begun_s: float
    volume: float
    position_ms: int

    def volume_at(self, now_s: float) -> float:
        """Tell how loud it is by now; 0 at the end."""
        share = (now_s - self.begun_s) / FADE_S
        return self.volume * min(max(1 - share, 0.0), 1.0)


class Sleep:
    """When it is to be silent. Times are seconds that only grow."""

    def __init__(self) -> None:
        self._due_s: float | None = None
        self._looked_s = 0.0
        self.fade: Fade | None = None
        """Set while it plays more and more softly."""

    def begin(self, now_s: float, minutes: float) -> None:
        """Count down from so many minutes."""
        self.fade = None
        minutes = min(minutes, _LONGEST_MIN) if minutes > 0 else 0.0  # nor NaN
        self._due_s = now_s + minutes * _MINUTE_S

    def end(self) -> None:
        """Be silent at no time."""
        self._due_s = self.fade = None

    def is_due(self, now_s: float) -> bool:
        """Tell whether it has to play more softly from now on."""
        return self.fade is None and self._due_s is not None and now_s >= self._due_s

    def fades(self, now_s: float, volume: float, position_ms: int) -> None:
        """Play more and more softly from now on."""
        self._looked_s = now_s
        self.fade = Fade(now_s, volume, position_ms)

    def looked(self, now_s: float) -> None:
        """Note that what was due was done; there may be more in a moment."""
        self._looked_s = now_s

    def left_ms(self, now_s: float) -> int | None:
        """Tell how long it will still play, in whole minutes, rounded up."""
        if self._due_s is None:
            return None
        # A thousandth of a minute less: timers wake a moment early, or late.
        minutes = math.ceil((self._due_s - now_s) / _MINUTE_S - 0.001)
        return max(0, minutes) * 60_000

    def wait_s(self, now_s: float) -> float | None:
        """Tell how long nothing changes; None for ever."""
        if self._due_s is None:
            return None
        left_s = self._due_s - now_s
        if self.fade is not None or left_s <= 0:
            return max(0.0, self._looked_s + _STEP_S - now_s)
        return left_s % _MINUTE_S or _MINUTE_S
