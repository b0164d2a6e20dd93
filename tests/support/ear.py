"""Listens to a player and waits for what a test expects of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio import Player, PlayerEvent, PlayerState

__all__ = ["Ear", "wait_until"]

E = TypeVar("E")


def wait_until(
    condition: Callable[[], bool], timeout: float = 10.0, what: str = "it"
) -> float:
    """Wait for something that nothing announces.

    Args:
        condition: Asked a thousand times a second.
        timeout: Seconds until the test fails.
        what: For the message.

    Returns:
        How many seconds that took.
    """
    begun = time.monotonic()
    pause = threading.Event()
    while not condition():
        if time.monotonic() - begun > timeout:
            raise AssertionError(f"{what} did not happen within {timeout} s")
        pause.wait(0.001)
    return time.monotonic() - begun


class Ear:
    """Keeps every event with the time at which it came.

    Args:
        player: What to listen to.
    """

    def __init__(self, player: Player) -> None:
        self.player = player
        self.events: list[tuple[float, PlayerEvent]] = []
        self.threads: set[str] = set()
        self._came = threading.Condition()
        player.subscribe(self._hear)

    def _hear(self, event: PlayerEvent) -> None:
        with self._came:
            self.events.append((time.monotonic(), event))
            self.threads.add(threading.current_thread().name)
            self._came.notify_all()

    def of(self, kind: type[E]) -> list[E]:
        """All events of a type so far."""
        return [event for _, event in list(self.events) if isinstance(event, kind)]

    def await_event(self, kind: type[E], timeout: float = 10.0) -> E:
        """Wait for the next event of a type that was not there at the call."""
        known = len(self.of(kind))
        return self.await_count(kind, known + 1, timeout)

    def await_count(self, kind: type[E], count: int, timeout: float = 10.0) -> E:
        """Wait until so many events of a type came; return the last of those."""
        with self._came:
            if not self._came.wait_for(lambda: len(self.of(kind)) >= count, timeout):
                told = [event for _, event in self.events]
                raise AssertionError(f"no {kind.__name__} within {timeout} s: {told}")
        return self.of(kind)[count - 1]

    def await_state(self, state: PlayerState, timeout: float = 10.0) -> None:
        """Wait until the player is in a state."""
        wait_until(lambda: self.player.status.state is state, timeout, str(state))

    def await_position(self, position_ms: int, timeout: float = 10.0) -> None:
        """Wait until the player is at a position or past it."""
        wait_until(
            lambda: self.player.status.position_ms >= position_ms,
            timeout,
            f"position {position_ms}",
        )
