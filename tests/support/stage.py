"""An engine without threads or waiting: a test moves the clock and the sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tui.audio._api import RATE
from tui.audio._engine import Engine
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._commands import Command
    from tui.audio._events import PlayerEvent, PlayerStatus
    from tui.audio._outputs import OutputChooser

__all__ = ["HandOutput", "Stage"]

E = TypeVar("E")


class HandOutput:
    """An output that asks for sound when a test says so."""

    name = "hand"

    def __init__(self, latency_ms: int = 0) -> None:
        self.latency_ms = latency_ms
        self.pull: Callable[[int], bytes] | None = None
        self.reason = ""
        """Why it can't be opened; empty when it can."""
        self.starts = 0
        self.stops = 0

    def start(self, pull: Callable[[int], bytes]) -> None:
        self.starts += 1
        if self.reason:
            raise AudioError(self.name, self.reason)
        self.pull = pull

    def stop(self) -> None:
        self.stops += 1
        self.pull = None

    def is_alive(self) -> bool:
        return self.pull is not None


class Stage:
    """Drives an engine by hand.

    Args:
        output: What it plays on, if not `self.output` itself.
        latency_ms: Of the output.
    """

    def __init__(
        self, output: OutputChooser | None = None, *, latency_ms: int = 0
    ) -> None:
        self.now = 1000.0
        self.output = HandOutput(latency_ms)
        self.events: list[PlayerEvent] = []
        self.heard = bytearray()
        """Everything that the output was given."""
        self.engine = Engine(
            output or self.output, emit=self.events.append, clock=lambda: self.now
        )
        self.engine._device._spawn = lambda call: call()

    @property
    def status(self) -> PlayerStatus:
        """The state of the engine."""
        return self.engine.status

    def do(self, *commands: Command) -> None:
        """Send commands at once and let the engine do all of its work."""
        for command in commands:
            self.engine.send(command)
        self.settle()

    def settle(self) -> None:
        """Let the engine work until it would wait."""
        self.engine._step()
        for _ in range(10_000):
            if self.engine._wait_s() != 0 and self.engine._queue.empty():
                return
            self.engine._step()
        raise AssertionError("the engine never rests")

    def play(self, seconds: float, *, block: int = 960, work: bool = True) -> bytes:
        """Let time go on, with an output that asks for sound.

        Args:
            seconds: How long.
            block: Frames asked for at a time.
            work: Whether the engine gets to decode meanwhile.

        Returns:
            What was played.
        """
        begin = len(self.heard)
        left = round(seconds * RATE)
        while left > 0:
            count = min(block, left)
            left -= count
            self.heard += self.pull(count)
            self.now += count / RATE
            if work:
                self.settle()
        return bytes(self.heard[begin:])

    def pull(self, frames: int) -> bytes:
        """Have the output ask for sound; a closed one hears silence."""
        pull = self.output.pull
        pcm = bytes(2 * frames) if pull is None else pull(frames)
        assert len(pcm) == 2 * frames
        return pcm

    def wait(self, seconds: float, step: float = 0.05) -> None:
        """Let time go on without anybody asking for sound."""
        until = self.now + seconds
        while self.now < until:
            self.now += step
            self.settle()

    def told(self, kind: type[E]) -> list[E]:
        """Give all events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
