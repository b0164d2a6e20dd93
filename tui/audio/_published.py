"""The state that an engine publishes, and how it is told."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio._events import PlayerStatus, StateChanged
from tui.audio._sound import Sound

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._events import PlayerEvent

__all__ = ["Published"]

log = logging.getLogger(__name__)


class Published:
    """A status that is replaced as a whole, and told to one listener.

    Args:
        emit: Called with every event, on the engine's thread.
    """

    def __init__(self, emit: Callable[[PlayerEvent], None]) -> None:
        self._listener = emit
        self._status = PlayerStatus()

    @property
    def status(self) -> PlayerStatus:
        """The state now; may be read from any thread."""
        return self._status

    @property
    def _sound(self) -> Sound:
        """How the recording sounds, or the next one would."""
        status = self._status
        return Sound(
            status.speed, status.skip, status.level, status.boost_db, status.lufs
        )

    def _emit(self, event: PlayerEvent) -> None:
        try:
            self._listener(event)
        except Exception:  # a listener that fails must not silence the player
            log.exception("a listener failed on %r", event)

    def _set(self, **changes: object) -> None:
        """Publish another state, if it is another one."""
        status = replace(self._status, **changes)  # type: ignore[arg-type]  # by name
        if status != self._status:
            self._status = status
            self._emit(StateChanged(status))
