"""The face of every player: calls become commands, events become the status."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio import _commands as commands
from tui.audio._events import (
    DeviceChanged,
    Failed,
    OutputsListed,
    PlayerState,
    PlayerStatus,
    PositionChanged,
    StateChanged,
)
from tui.audio._sound import (
    Sound,
    clamped_boost,
    clamped_skip,
    clamped_speed,
    clamped_volume,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._events import PlayerEvent

__all__ = ["CommandPlayer"]

_log = logging.getLogger(__name__)


class CommandPlayer:
    """What the engine in this process and the one in a child have in common.

    Speed, volume and the like show in the status at once, as does a load: whoever
    counts up from the status must not wait for the engine. When another recording has
    followed by itself, what the engine tells of its sound counts, but for what was set
    since and is still underway. The lock is held for copying only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status = PlayerStatus()
        self._generations = 0
        self._prepared = 0  # the generation of what shall follow; 0 for nothing
        self._offered: frozenset[int] = frozenset()  # what may have followed already
        self._is_stopped = False  # of those, only that they were stopped counts
        self._underway: dict[str, float | bool] = {}  # what the engine did not confirm
        self._listeners: tuple[Callable[[PlayerEvent], None], ...] = ()

    @property
    def status(self) -> PlayerStatus:
        """The state now."""
        return self._status

    def subscribe(self, listener: Callable[[PlayerEvent], None]) -> None:
        """Have every event sent to a function, on the player's thread."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def load(
        self,
        path: bytes,
        *,
        position_ms: int = 0,
        play: bool = True,
        sound: Sound | None = None,
        title: str = "",
    ) -> int:
        """Take another recording; returns the generation of its events."""
        with self._lock:
            self._generations += 1
            now = self._status
            if sound is None:
                # Said in full: the engine may leave out a load that told of another.
                sound = Sound(now.speed, now.skip, now.level, now.boost_db)
            load = commands.Load(
                self._generations,
                path,
                max(0, position_ms),
                play,
                sound.clamped(),
                title,
            )
            self._begin(load, sound.clamped())
            # Told under the lock: else two threads' loads could arrive swapped.
            self._tell(load)
        return load.generation

    def prepare(
        self,
        path: bytes,
        *,
        position_ms: int = 0,
        sound: Sound | None = None,
        gap_ms: int = 0,
        tone: bool = False,
        title: str = "",
    ) -> int:
        """Have another recording follow; returns the generation of its events."""
        with self._lock:
            self._generations += 1
            prepared = commands.Prepare(
                self._generations,
                path,
                max(0, position_ms),
                sound,
                max(0, gap_ms),
                tone,
                title,
            )
            self._prepared = prepared.generation
            self._offered |= {prepared.generation}
            self._tell(prepared)
        return prepared.generation

    def prepare_nothing(self) -> None:
        """Let nothing follow by itself."""
        with self._lock:
            self._prepared = 0
            self._tell(commands.PrepareNothing())

    def _begin(self, load: commands.Load, sound: Sound) -> None:
        """Show another recording, as it shall sound."""
        self._prepared = 0
        self._offered = frozenset()
        self._is_stopped = False
        self._underway.clear()
        self._status = replace(
            self._status,
            generation=load.generation,
            path=load.path,
            state=PlayerState.LOADING,
            position_ms=load.position_ms,
            duration_ms=None,
            saved_ms=0,
            speed=sound.speed,
            skip=sound.skip,
            level=sound.level,
            boost_db=sound.boost_db,
            lufs=sound.lufs,
            loop_start_ms=None,
            loop_end_ms=None,
        )

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
        with self._lock:
            self._prepared = 0
            self._is_stopped = True
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
        self._show(commands.SetSpeed(speed), speed=speed)

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0.0 to 1.0 (clamped)."""
        volume = clamped_volume(volume)
        self._show(commands.SetVolume(volume), volume=volume)

    def set_muted(self, muted: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Silence without a pause, or undo it."""
        self._show(commands.SetMuted(muted), muted=muted)

    def set_skip(self, strength: int) -> None:
        """Leave out pauses: 0 none, 3 as many as can be told (clamped)."""
        strength = clamped_skip(strength)
        self._show(commands.SetSkip(strength), skip=strength)

    def set_level(self, level: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Bring the loudness to the target, or leave it."""
        self._show(commands.SetLevel(level), level=level)

    def set_boost(self, boost_db: float) -> None:
        """Be louder than that by some decibels, -12 to 24 (clamped)."""
        boost_db = clamped_boost(boost_db)
        self._show(commands.SetBoost(boost_db), boost_db=boost_db)

    def set_loudness(self, generation: int, lufs: float) -> None:
        """Tell how loud the recording of a load is, once that was measured."""
        self._tell(commands.SetLoudness(generation, lufs))

    def set_loop(self, start_ms: int | None, end_ms: int | None) -> None:
        """Play a part again and again; None ends that, as does another load."""
        self._tell(commands.SetLoop(start_ms, end_ms))

    def set_output(self, output: str) -> None:
        """Play on another output, as `list_outputs` tells its name."""
        self._tell(commands.SetOutput(output))

    def list_outputs(self) -> None:
        """Ask for the outputs that there are; `OutputsListed` tells them."""
        self._tell(commands.ListOutputs())

    def _tell(self, command: commands.Command) -> None:
        """Hand a command on; never blocks and never calls back."""
        raise NotImplementedError

    def _show(self, command: commands.Command, **setting: float | bool) -> None:
        """Have something set, and show it at once."""
        with self._lock:
            for name, value in setting.items():
                # What is so already is not told of again.
                if name in self._underway or getattr(self._status, name) != value:
                    self._underway[name] = value
            self._status = replace(self._status, **setting)  # type: ignore[arg-type]  # by name
            self._tell(command)

    def _publish(self, event: PlayerEvent) -> PlayerEvent | None:
        """Take an event into the status and hand it to the listeners.

        Returns:
            What they were told; None for an event of an older load, which is dropped.
        """
        with self._lock:
            known = self._merged(event)
            listeners = self._listeners
        if known is None:
            return None
        for listener in listeners:
            try:
                listener(known)
            except Exception:  # noqa: BLE001  # their fault must not end the sound
                _log.exception("a listener of the player failed")
        return known

    def _merged(self, event: PlayerEvent) -> PlayerEvent | None:
        now = self._status
        if isinstance(event, DeviceChanged):
            self._status = replace(
                now, output=event.output or now.output, device_problem=event.problem
            )
            return event
        if isinstance(event, OutputsListed):
            return event
        if isinstance(event, StateChanged):
            return self._merged_state(event.status)
        if event.generation != now.generation:
            return self._merged_prepared(event)
        if isinstance(event, PositionChanged):
            self._status = replace(now, position_ms=event.position_ms)
        return event

    def _merged_prepared(self, event: PlayerEvent) -> PlayerEvent | None:
        """Let pass that what should follow can't be opened; anything else is old."""
        if not isinstance(event, Failed) or event.generation != self._prepared:
            return None
        self._offered -= {self._prepared}
        self._prepared = 0
        return event

    def _merged_state(self, told: PlayerStatus) -> PlayerEvent | None:
        now = self._status
        # An engine without a recording may be new, and not know how many there were;
        # and of a load that was stopped in the same breath it never heard.
        is_idle = told.path is None and (now.path is None or self._is_stopped)
        is_next = told.generation in self._offered and (
            told.path is None or not self._is_stopped
        )
        if told.generation != now.generation and not is_idle and not is_next:
            return None
        for name, value in list(self._underway.items()):
            if getattr(told, name) == value:
                del self._underway[name]
        if is_next:
            # Also when another one was prepared since: that follows this one then.
            self._offered = frozenset(
                each for each in self._offered if each > told.generation
            )
            self._prepared = self._prepared if self._prepared in self._offered else 0
            self._status = replace(told, **self._underway)  # type: ignore[arg-type]  # by name
        else:
            # A page may have been made faster by its own buttons.
            is_own = told.path is not None and "speed" not in self._underway
            self._status = replace(
                told,
                generation=now.generation,
                speed=told.speed if is_own else now.speed,
                volume=now.volume,
                muted=now.muted,
                skip=now.skip,
                level=now.level,
                boost_db=now.boost_db,
            )
        return StateChanged(self._status)
