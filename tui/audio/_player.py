"""The face of every player: calls become commands, events become the status."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio import _commands as commands
from tui.audio._events import (
    DeviceChanged,
    PlayerState,
    PlayerStatus,
    PositionChanged,
    StateChanged,
)
from tui.audio._wanted import clamped_skip, clamped_speed, clamped_volume

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._events import PlayerEvent

__all__ = ["CommandPlayer"]

_log = logging.getLogger(__name__)


class CommandPlayer:
    """What the engine in this process and the one in a child have in common.

    Speed, volume and mute show in the status at once, as does a load: whoever counts
    up from the status must not wait for the engine. The lock is held for copying only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status = PlayerStatus()
        self._listeners: tuple[Callable[[PlayerEvent], None], ...] = ()

    @property
    def status(self) -> PlayerStatus:
        """The state now."""
        return self._status

    def subscribe(self, listener: Callable[[PlayerEvent], None]) -> None:
        """Have every event sent to a function, on the player's thread."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def load(self, path: bytes, *, position_ms: int = 0, play: bool = True) -> int:
        """Take another recording; returns the generation of its events."""
        with self._lock:
            generation = self._status.generation + 1
            self._status = replace(
                self._status,
                generation=generation,
                path=path,
                state=PlayerState.LOADING,
                position_ms=max(0, position_ms),
                duration_ms=None,
            )
            # Told under the lock: else two threads' loads could arrive swapped.
            self._tell(commands.Load(generation, path, max(0, position_ms), play))
        return generation

    def play(self) -> None:
        """Go on; after the end, from the start."""
        self._tell(commands.Play())

    def pause(self) -> None:
        """Be silent and keep the position."""
        self._tell(commands.Pause())

    def toggle(self) -> None:
        """Pause or go on."""
        self._tell(commands.Toggle())

    def stop(self) -> None:
        """Be silent and let the recording go."""
        self._tell(commands.Stop())

    def seek(self, position_ms: int) -> None:
        """Go to a position; beyond either end means that end."""
        self._tell(commands.Seek(position_ms))

    def seek_by(self, delta_ms: int) -> None:
        """Go forward or back; repeated calls add up."""
        self._tell(commands.SeekBy(delta_ms))

    def set_speed(self, speed: float) -> None:
        """Speak faster or slower at the same pitch, 0.5 to 4.0 (clamped)."""
        speed = clamped_speed(speed)
        with self._lock:
            self._status = replace(self._status, speed=speed)
            self._tell(commands.SetSpeed(speed))

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0.0 to 1.0 (clamped)."""
        volume = clamped_volume(volume)
        with self._lock:
            self._status = replace(self._status, volume=volume)
            self._tell(commands.SetVolume(volume))

    def set_muted(self, muted: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Silence without a pause, or undo it."""
        with self._lock:
            self._status = replace(self._status, muted=muted)
            self._tell(commands.SetMuted(muted))

    def set_skip(self, strength: int) -> None:
        """Leave out pauses: 0 none, 3 as many as can be told (clamped)."""
        strength = clamped_skip(strength)
        with self._lock:
            self._status = replace(self._status, skip=strength)
            self._tell(commands.SetSkip(strength))

    def _tell(self, command: commands.Command) -> None:
        """Hand a command on; never blocks and never calls back."""
        raise NotImplementedError

    def _publish(self, event: PlayerEvent) -> bool:
        """Take an event into the status and hand it to the listeners.

        Returns:
            Whether it was of this load; an older one is dropped.
        """
        with self._lock:
            known = self._merged(event)
            listeners = self._listeners
        if known is None:
            return False
        for listener in listeners:
            try:
                listener(known)
            except Exception:  # noqa: BLE001  # their fault must not end the sound
                _log.exception("a listener of the player failed")
        return True

    def _merged(self, event: PlayerEvent) -> PlayerEvent | None:
        now = self._status
        if isinstance(event, DeviceChanged):
            self._status = replace(
                now, output=event.output or now.output, device_problem=event.problem
            )
            return event
        if isinstance(event, StateChanged):
            return self._merged_state(event.status)
        if event.generation != now.generation:
            return None
        if isinstance(event, PositionChanged):
            self._status = replace(now, position_ms=event.position_ms)
        return event

    def _merged_state(self, told: PlayerStatus) -> PlayerEvent | None:
        now = self._status
        # An engine without a recording may be new, and not know how many there were.
        is_idle = told.path is None and now.path is None
        if told.generation != now.generation and not is_idle:
            return None
        self._status = replace(
            told,
            generation=now.generation,
            speed=now.speed,
            volume=now.volume,
            muted=now.muted,
            skip=now.skip,
        )
        return StateChanged(self._status)
