"""The player whose engine runs in this process: for tests, and for `earmark play`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.audio._engine import Engine
from tui.audio._outputs import make_output
from tui.audio._player import CommandPlayer
from tui.audio._sound import TARGET_LUFS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.audio._api import Output
    from tui.audio._commands import Command
    from tui.audio._events import PlayerEvent
    from tui.audio._host import HostedEngine
    from tui.audio._outputs import OutputChooser

__all__ = ["LocalPlayer"]


class LocalPlayer(CommandPlayer):
    """A player without a process of its own.

    Args:
        output: The name of an output, or an output.
        path: Where the output `file` writes.
        pace: How many times faster than real time it does.
        target_lufs: What recordings are levelled to, where that is wanted.
        engine: Makes another engine than the real one.
    """

    def __init__(
        self,
        output: str | Output | OutputChooser = "auto",
        *,
        path: str | Path | None = None,
        pace: float = 1.0,
        target_lufs: float = TARGET_LUFS,
        engine: Callable[[Callable[[PlayerEvent], None]], HostedEngine] | None = None,
    ) -> None:
        super().__init__()
        if engine is None:
            chosen = (
                make_output(output, path=path, pace=pace)
                if isinstance(output, str)
                else output
            )
            self._engine: HostedEngine = Engine(
                chosen, emit=self._take, target_lufs=target_lufs
            )
        else:
            self._engine = engine(self._take)

    def start(self) -> None:
        """Begin to work (idempotent)."""
        self._engine.start()

    def close(self, timeout: float = 2.0) -> None:
        """End the engine and give the device back, within a time in seconds."""
        self._engine.close(timeout)

    def _tell(self, command: Command) -> None:
        self._engine.send(command)

    def _take(self, event: PlayerEvent) -> None:
        self._publish(event)
