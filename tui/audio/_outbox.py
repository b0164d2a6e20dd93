"""What the engine's process has to tell, in order, and never too often: pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tui.audio._events import Ended, Failed, PositionChanged, StateChanged

if TYPE_CHECKING:
    from tui.audio._wire import Message

__all__ = ["Outbox"]

_INTERVAL_S = 0.1
_ROUNDING_S = 1e-6
_LIMIT = 256


class Outbox:
    """Messages that wait to be sent. Of positions only the newest is kept.

    Whoever reads them may be stopped for hours: what waits is bounded, too.
    """

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque(maxlen=_LIMIT)
        self._position: PositionChanged | None = None
        self._told_at: float | None = None

    def put(self, message: Message) -> None:
        """Add a message.

        Args:
            message: An event of the engine, or a word about the process.
        """
        if isinstance(message, PositionChanged):
            self._position = message
            return
        if isinstance(message, StateChanged):
            # It tells the position as well, and a newer one.
            self._position = None
        elif isinstance(message, Ended | Failed) and self._position is not None:
            self._waiting.append(self._position)
            self._position = None
        self._waiting.append(message)

    def take(self, now: float) -> tuple[list[Message], float | None]:
        """Return what is to be sent now, and when to ask again.

        Args:
            now: Seconds that only grow.

        Returns:
            The messages, and the seconds until a position is due; None when nothing
            waits.
        """
        due = list(self._waiting)
        self._waiting.clear()
        wait = None
        if self._position is not None:
            since = _INTERVAL_S if self._told_at is None else now - self._told_at
            if since >= _INTERVAL_S - _ROUNDING_S:
                due.append(self._position)
                self._position = None
                self._told_at = now
            else:
                wait = _INTERVAL_S - since
        return due, wait
