"""When to start an engine again that ended by itself: pure."""

from __future__ import annotations

__all__ = ["Restarts"]

_WINDOW_S = 10.0
_LIMIT = 3
_DELAYS_S = (0.0, 0.1, 1.0, 2.0, 5.0, 10.0, 30.0)


class Restarts:
    """Counts how often the engine ended of late."""

    def __init__(self) -> None:
        self._begun = 0.0
        self._in_a_row = 0
        self._ends: list[float] = []

    @property
    def is_hopeless(self) -> bool:
        """Whether it ended three times within ten seconds."""
        return len(self._ends) >= _LIMIT

    def asked(self) -> None:
        """Note that the user asked for something else: it has all chances again."""
        self._in_a_row = 0
        self._ends.clear()

    def begun(self, now: float) -> None:
        """Note that an engine was started.

        Args:
            now: Seconds that only grow.
        """
        self._begun = now

    def ended(self, now: float) -> float:
        """Note that it ended.

        Args:
            now: Seconds that only grow.

        Returns:
            How many seconds to wait before the next one.
        """
        self._ends = [*(end for end in self._ends if now - end < _WINDOW_S), now]
        lived = now - self._begun
        self._in_a_row = self._in_a_row + 1 if lived < _WINDOW_S else 1
        return _DELAYS_S[min(self._in_a_row, len(_DELAYS_S)) - 1]
