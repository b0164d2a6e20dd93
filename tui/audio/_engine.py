"""The background audio-player thread: takes commands, decodes ahead, tells events.

Three threads, none of which ever waits for another: whoever calls `send` puts a
command into the queue; the engine's thread takes it, owns all decoders, keeps the rings
full and publishes the state; the device's thread asks the mixer for sound.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from tui.audio._commands import (
    SETTINGS,
    ListOutputs,
    Load,
    Pause,
    Play,
    Prepare,
    PrepareNothing,
    Quit,
    Seek,
    SeekBy,
    SetBoost,
    SetLevel,
    SetLoop,
    SetLoudness,
    SetMuted,
    SetOutput,
    SetSkip,
    SetSpeed,
    SetVolume,
    Stop,
    Toggle,
    coalesce,
)
from tui.audio._events import PlayerState, StateChanged
from tui.audio._shelf import FileShelf
from tui.audio._sound import TARGET_LUFS, clamped_volume
from tui.audio._transport import Transport
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._api import Output
    from tui.audio._commands import Command
    from tui.audio._events import PlayerEvent
    from tui.audio._outputs import OutputChooser
    from tui.audio._shelf import Shelf

__all__ = ["Engine"]

log = logging.getLogger(__name__)

_T = TypeVar("_T")

_FADE_OUT = 0.06
"""Seconds that the end of the engine waits for silence at most."""


class Engine(Transport):
    """Plays one recording at a time on an output.

    Args:
        output: Where to play, or what chooses it when sound is first needed.
        emit: Called with every event, on the engine's thread.
        clock: Seconds that only grow.
        target_lufs: What recordings are levelled to, where that is wanted.
        shelf: Where recordings are; None for the files of this machine.
    """

    def __init__(
        self,
        output: Output | OutputChooser,
        *,
        emit: Callable[[PlayerEvent], None],
        clock: Callable[[], float] = time.monotonic,
        target_lufs: float = TARGET_LUFS,
        shelf: Shelf | None = None,
    ) -> None:
        self._queue: SimpleQueue[Command | None] = SimpleQueue()
        super().__init__(
            output,
            emit=emit,
            clock=clock,
            wake=self._wake,
            tell=self._queue.put,
            target_lufs=target_lufs,
            shelf=shelf or FileShelf(),
        )
        self._thread: Thread | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to work (idempotent)."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="audio-engine", daemon=True)
            self._thread.start()

    def send(self, command: Command) -> None:
        """Hand over a command; returns at once. Ignored after `close`."""
        if not self._closed:
            self._queue.put(command)

    def close(self, timeout: float = 2.0) -> None:
        """Fade out, give the device back and end the thread, within some seconds."""
        self.send(Quit())
        self._closed = True
        if self._thread is not None:
            self._thread.join(timeout)

    # The thread

    def _wake(self) -> None:
        self._queue.put(None)

    def _run(self) -> None:
        try:
            import av  # before the first note is asked for: 80 ms

            av.logging.set_level(None)  # nothing may reach a terminal
        except ImportError:
            log.exception("recordings can't be decoded")
        while self._step(self._wait_s()):
            pass
        self._end()

    def _step(self, wait_s: float | None = 0.0) -> bool:
        """Do everything that is due; False after `Quit`."""
        for command in coalesce(self._take(wait_s)):
            if isinstance(command, Quit):
                return False
            # One by one: what comes behind a load that failed still counts.
            self._guarded(self._do, command)
        self._guarded(self._work, self._is_interrupted)
        return True

    def _guarded(self, call: Callable[[_T], None], argument: _T) -> None:
        """Do something; when it fails, so has the recording, and nothing else."""
        try:
            call(argument)
        except AudioError as error:
            self._fail(error.reason)
        except Exception as error:  # the outermost one: the thread must live on
            log.exception("the engine failed")
            self._fail(f"something went wrong ({type(error).__name__})")

    def _take(self, wait_s: float | None) -> list[Command]:
        """Give all commands that are there, or the first one that comes."""
        commands: list[Command] = []
        try:
            command = self._queue.get(block=wait_s != 0, timeout=wait_s or None)
            while True:
                if command is not None:
                    commands.append(command)
                command = self._queue.get_nowait()
        except Empty:
            return commands

    def _is_interrupted(self) -> bool:
        return not self._queue.empty()

    def _end(self) -> None:
        """Fade out and let everything go."""
        self._measuring.want(())
        self._plan(playing=False)
        if self._device.is_open:
            until = time.monotonic() + _FADE_OUT + self._device.delay
            while not self._mixer.is_silent and time.monotonic() < until:
                self._pause_s(0.005)
            self._pause_s(self._device.delay)  # until the fade was heard
        self._device.close(1.0)
        self._forget_following()
        self._let_go()

    def _pause_s(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                self._queue.get(timeout=left)
            except Empty:
                return

    # Commands

    def _do(self, command: Command) -> None:
        match command:
            case Load():
                self._load(command)
            case Play():
                self._play()
            case Pause():
                self._pause()
            case Toggle():
                is_playing = self._status.state is PlayerState.PLAYING
                self._pause() if is_playing else self._play()
            case Stop():
                self._stop()
            case Seek():
                self._seek(command.position_ms)
            case SeekBy():
                self._seek(self._position_ms() + command.delta_ms)
            case _:
                self._adjust(command)

    def _adjust(self, command: Command) -> None:
        """Set what does not belong to one place of a recording."""
        before = self._status
        match command:
            case SetVolume():
                self._set(volume=clamped_volume(command.volume))
                self._plan()
            case SetMuted():
                self._set(muted=command.muted)
                self._plan()
            case SetOutput():
                self._device.choose(command.output)
            case ListOutputs():
                self._device.list_outputs(self._emit)
            case _:
                self._adjust_sound(command)
                self._arrange(command)
        if isinstance(command, SETTINGS) and self._status is before:
            # Whoever set it waits for a word, even if there was nothing to do.
            self._emit(StateChanged(before))

    def _arrange(self, command: Command) -> None:
        """Do what concerns what is still to come."""
        match command:
            case Prepare():
                self._prepare(command)
            case PrepareNothing():
                self._prepare(None)
            case SetLoop():
                self._set_loop(command)
            case SetLoudness():
                self._take_loudness(command)
            case _:
                pass

    def _adjust_sound(self, command: Command) -> None:
        sound = self._sound
        match command:
            case SetSpeed():
                sound = replace(sound, speed=command.speed)
            case SetSkip():
                sound = replace(sound, skip=command.strength)
            case SetLevel():
                sound = replace(sound, level=command.level)
            case SetBoost():
                sound = replace(sound, boost_db=command.boost_db)
            case _:
                return
        self._resound(sound.clamped())
