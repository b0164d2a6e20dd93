"""An engine without sound for tests of what hosts it, alone or in a child process.

Its recordings are paths that say what happens: `/length/3000` plays 3 s, `/missing`
fails, `/crash` ends the process by a signal, `/hang` stops taking commands.
"""

from __future__ import annotations

import dataclasses
import os
import queue
import signal
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio import _commands as commands
from tui.audio import _events as events
from tui.audio._events import PlayerState, PlayerStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._events import PlayerEvent
    from tui.audio._sound import Sound

__all__ = ["FakeEngine", "main"]

_TICK_S = 0.01


class FakeEngine:
    """Keeps time instead of playing.

    Args:
        emit: Called with every event, on the engine's thread.
    """

    def __init__(self, emit: Callable[[PlayerEvent], None]) -> None:
        self._emit = emit
        self._commands: queue.SimpleQueue[commands.Command] = queue.SimpleQueue()
        self._status = PlayerStatus(output="fake")
        self._following: commands.Prepare | None = None
        self._begun = 0.0
        self._from_ms = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        if not self._thread.is_alive():
            self._thread.start()

    def send(self, command: commands.Command) -> None:
        self._commands.put(command)

    def close(self, timeout: float = 2.0) -> None:
        self._commands.put(commands.Quit())
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            is_playing = self._status.state is PlayerState.PLAYING
            try:
                command = self._commands.get(timeout=_TICK_S if is_playing else None)
            except queue.Empty:
                self._go_on()
                continue
            if isinstance(command, commands.Quit):
                return
            self._obey(command)

    def _go_on(self) -> None:
        status = self._status
        passed_ms = (time.monotonic() - self._begun) * 1000 * status.speed
        position_ms = self._from_ms + int(passed_ms)
        duration_ms = status.duration_ms or 0
        if status.loop_end_ms is not None and position_ms >= status.loop_end_ms:
            self._seek(status.loop_start_ms or 0)
            return
        following, self._following = self._following, None
        if position_ms >= duration_ms and following is not None:
            self._emit(events.Ended(status.generation))
            self._take(following)
            return
        self._following = following
        if position_ms >= duration_ms:
            self._change(state=PlayerState.ENDED, position_ms=duration_ms)
            self._emit(events.Ended(status.generation))
            return
        self._status = replace(status, position_ms=position_ms)
        self._emit(events.PositionChanged(status.generation, position_ms))

    def _obey(self, command: commands.Command) -> None:
        status = self._status
        is_playing = status.state is PlayerState.PLAYING
        match command:
            case commands.Load():
                self._load(command)
            case commands.Play():
                self._play()
            case commands.Pause() if is_playing:
                self._change(state=PlayerState.PAUSED)
            case commands.Toggle() if is_playing:
                self._change(state=PlayerState.PAUSED)
            case commands.Toggle():
                self._play()
            case commands.Stop():
                self._following = None
                self._change(path=None, state=PlayerState.IDLE, position_ms=0)
            case commands.Seek(position_ms):
                self._seek(position_ms)
            case commands.SeekBy(delta_ms):
                self._seek(status.position_ms + delta_ms)
            case _:
                self._set(command)

    def _prepare(self, prepare: commands.Prepare) -> None:
        self._following = prepare
        if prepare.path.startswith(b"/missing"):
            self._following = None
            self._emit(
                events.Failed(prepare.generation, prepare.path, "it is not there")
            )

    def _take(self, prepare: commands.Prepare) -> None:
        self._change(
            generation=prepare.generation,
            path=prepare.path,
            position_ms=prepare.position_ms,
            duration_ms=int(prepare.path.rpartition(b"/")[2]),
            loop_start_ms=None,
            loop_end_ms=None,
            **self._sound(prepare.sound),
        )

    def _sound(self, sound: Sound | None) -> dict[str, object]:
        if sound is not None:
            return dataclasses.asdict(sound)
        return {"lufs": None}

    def _set(self, command: commands.Command) -> None:
        match command:
            case commands.SetSkip(strength):
                self._change(skip=strength)
            case commands.SetLoudness(generation, lufs):
                if generation == self._status.generation:
                    self._change(lufs=lufs)
            case commands.SetLoop(start_ms, end_ms):
                self._change(loop_start_ms=start_ms, loop_end_ms=end_ms)
            case commands.ListOutputs():
                there = events.OutputInfo("fake", "Fake", is_default=True)
                self._emit(events.OutputsListed((there,), self._status.output))
            case commands.Prepare():
                self._prepare(command)
            case commands.PrepareNothing():
                self._following = None
            case _:
                self._change(**dataclasses.asdict(command))

    def _load(self, load: commands.Load) -> None:
        self._following = None
        self._change(
            generation=load.generation,
            path=load.path,
            state=PlayerState.LOADING,
            position_ms=load.position_ms,
            duration_ms=None,
            loop_start_ms=None,
            loop_end_ms=None,
            **self._sound(load.sound),
        )
        kind, _, length = load.path.strip(b"/").partition(b"/")
        if kind == b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if kind in {b"crash", b"hang"}:
            threading.Event().wait()
        if kind == b"missing":
            self._change(state=PlayerState.FAILED)
            self._emit(events.Failed(load.generation, load.path, "it is not there"))
            return
        self._change(duration_ms=int(length or b"60000"), state=PlayerState.PAUSED)
        self._seek(load.position_ms)
        if load.play:
            self._play()

    def _play(self) -> None:
        if self._status.path is None:
            return
        if self._status.state is PlayerState.ENDED:
            self._seek(0)
        self._change(state=PlayerState.PLAYING)

    def _seek(self, position_ms: int) -> None:
        last = self._status.duration_ms or 0
        state = self._status.state
        if state is PlayerState.ENDED:
            state = PlayerState.PAUSED
        self._change(position_ms=min(max(0, position_ms), last), state=state)

    def _change(self, **changes: object) -> None:
        self._status = replace(self._status, **changes)  # type: ignore[arg-type]  # by name
        self._from_ms = self._status.position_ms
        self._begun = time.monotonic()
        self._emit(events.StateChanged(self._status))


def main() -> None:
    """Be a child process with this engine."""
    from tui.audio import _host

    _host.main(engine=FakeEngine)
