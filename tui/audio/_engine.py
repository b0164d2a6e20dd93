"""The background audio-player thread: takes commands, decodes ahead, tells events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.audio._events import PlayerStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._api import Output
    from tui.audio._commands import Command
    from tui.audio._events import PlayerEvent
    from tui.audio._outputs import OutputChooser

__all__ = ["Engine"]


class Engine:
    """Plays one recording at a time on an output.

    Args:
        output: Where to play, or what chooses it when sound is first needed.
        emit: Called with every event, on the engine's thread.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        output: Output | OutputChooser,
        *,
        emit: Callable[[PlayerEvent], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output = output
        self._emit = emit
        self._clock = clock
        self._status = PlayerStatus()

    @property
    def status(self) -> PlayerStatus:
        """The state now; may be read from any thread."""
        return self._status

    def start(self) -> None:
        """Begin to work (idempotent)."""

    def send(self, command: Command) -> None:
        """Hand over a command; returns at once. Ignored after `close`."""

    def close(self, timeout: float = 2.0) -> None:
        """Fade out, give the device back and end the thread, within some seconds."""
