"""What the user wants to hear: pure, and enough to bring a new engine to the old place.

It follows the commands that were given and the events that came back. After a crash,
`Wanted.commands` tells a fresh engine everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.audio import _commands as commands
from tui.audio import _events as events
from tui.audio._events import PlayerState
from tui.audio._sound import (
    Sound,
    clamped_boost,
    clamped_skip,
    clamped_speed,
    clamped_volume,
)

if TYPE_CHECKING:
    from tui.audio._commands import Command

__all__ = ["Wanted", "sounding"]

_USUAL = Sound()
_NO_LOOP = commands.SetLoop()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The last recording, where it stands, and how it shall sound."""

    generation: int = 0
    path: bytes | None = None
    title: str = ""
    position_ms: int = 0
    plays: bool = False
    over: bool = False
    """It came to its end or failed: nothing to go on with unless asked again."""
    sound: Sound = _USUAL
    volume: float = 1.0
    muted: bool = False
    loop: commands.SetLoop = _NO_LOOP
    following: commands.Prepare | None = None
    output: str = ""
    """The output that was chosen; empty for the one that it began with."""

    def told(self, command: Command) -> Wanted:
        """Return what is wanted after a command."""
        wanted = self
        match command:
            case commands.Load():
                wanted = self._loaded(command)
            case commands.Prepare():
                wanted = replace(self, following=command)
            case commands.PrepareNothing():
                wanted = replace(self, following=None)
            case commands.Stop():
                wanted = replace(
                    self,
                    path=None,
                    position_ms=0,
                    plays=False,
                    over=False,
                    loop=_NO_LOOP,
                    following=None,
                )
            case commands.SetVolume(volume):
                wanted = replace(self, volume=clamped_volume(volume))
            case commands.SetMuted(muted):
                wanted = replace(self, muted=muted)
            case commands.SetOutput(output):
                wanted = replace(self, output=output)
            case commands.SetLoudness(generation, lufs):
                if self.path is not None and generation == self.generation:
                    wanted = replace(self, sound=replace(self.sound, lufs=lufs))
            case _:
                wanted = self if self.path is None else self._moved(command)
                wanted = replace(wanted, sound=sounding(self.sound, command))
        return wanted

    def _loaded(self, load: commands.Load) -> Wanted:
        return replace(
            self,
            generation=load.generation,
            path=load.path,
            title=load.title,
            position_ms=max(0, load.position_ms),
            plays=load.play,
            over=False,
            sound=(load.sound or replace(self.sound, lufs=None)).clamped(),
            loop=_NO_LOOP,
            following=None,
        )

    def _moved(self, command: Command) -> Wanted:
        """Follow a command that only means something with a recording."""
        wanted = self
        match command:
            case commands.Play():
                wanted = replace(self, plays=True, over=False)
            case commands.Pause():
                wanted = replace(self, plays=False)
            case commands.Toggle():
                wanted = replace(
                    self, plays=not self.plays, over=self.over and self.plays
                )
            case commands.Seek(position_ms):
                wanted = replace(self, position_ms=max(0, position_ms), over=False)
            case commands.SeekBy(delta_ms):
                position_ms = max(0, self.position_ms + delta_ms)
                wanted = replace(self, position_ms=position_ms, over=False)
            case commands.SetLoop():
                wanted = replace(self, loop=command)
        return wanted

    def heard(self, event: events.PlayerEvent) -> Wanted:
        """Return what is wanted after an event of this generation."""
        match event:
            case events.PositionChanged(_, position_ms):
                return replace(self, position_ms=position_ms)
            case events.StateChanged(status):
                is_next = (
                    status.generation > self.generation and status.path is not None
                )
                return _standing(self._followed(status) if is_next else self, status)
            case events.Ended():
                return replace(self, position_ms=0, plays=False, over=True)
            case events.Failed(generation):
                if generation == self.generation:
                    return replace(self, plays=False, over=True)
                is_next = self.following is not None and (
                    generation == self.following.generation
                )
                return replace(self, following=None) if is_next else self
            case events.DeviceChanged() | events.OutputsListed():
                return self

    def commands(self) -> list[Command]:
        """Return what brings a fresh engine to this point."""
        told: list[Command] = [
            commands.SetSpeed(self.sound.speed),
            commands.SetVolume(self.volume),
            commands.SetMuted(self.muted),
            commands.SetSkip(self.sound.skip),
            commands.SetLevel(self.sound.level),
            commands.SetBoost(self.sound.boost_db),
        ]
        if self.output:
            told.append(commands.SetOutput(self.output))
        if self.path is not None and not self.over:
            told += self.recording()
        return told

    def recording(self) -> list[Command]:
        """Return what loads the recording as it stands, and what follows it."""
        if self.path is None:
            return []
        told: list[Command] = [
            commands.Load(
                self.generation,
                self.path,
                self.position_ms,
                self.plays,
                self.sound,
                self.title,
            )
        ]
        if self.loop.start_ms is not None:
            told.append(self.loop)
        if self.following is not None:
            told.append(self.following)
        return told

    def _followed(self, status: events.PlayerStatus) -> Wanted:
        """What was prepared has begun by itself; perhaps another one is since."""
        following, title = self.following, ""
        if following is not None and following.generation <= status.generation:
            if following.generation == status.generation:
                title = following.title
            following = None
        sound = Sound(
            status.speed, status.skip, status.level, status.boost_db, status.lufs
        )
        return replace(
            self,
            generation=status.generation,
            path=status.path,
            title=title,
            sound=sound,
            loop=_NO_LOOP,
            following=following,
        )


def _standing(wanted: Wanted, status: events.PlayerStatus) -> Wanted:
    """Return the same recording as the engine says that it stands."""
    match status.state:
        case PlayerState.PLAYING | PlayerState.PAUSED:
            lufs = wanted.sound.lufs if status.lufs is None else status.lufs
            return replace(
                wanted,
                position_ms=status.position_ms,
                plays=status.state is PlayerState.PLAYING,
                over=False,
                sound=replace(wanted.sound, lufs=lufs, speed=status.speed),
            )
        case PlayerState.ENDED:
            return replace(wanted, position_ms=0, plays=False, over=True)
        case PlayerState.FAILED:
            return replace(wanted, plays=False, over=True)
        case PlayerState.LOADING | PlayerState.IDLE:
            return wanted


def sounding(sound: Sound, command: Command) -> Sound:
    """Return how a recording shall sound after a command.

    Args:
        sound: How it sounds.
        command: Any command; most change nothing.
    """
    match command:
        case commands.SetSpeed(speed):
            return replace(sound, speed=clamped_speed(speed))
        case commands.SetSkip(strength):
            return replace(sound, skip=clamped_skip(strength))
        case commands.SetLevel(level):
            return replace(sound, level=level)
        case commands.SetBoost(boost_db):
            return replace(sound, boost_db=clamped_boost(boost_db))
        case commands.SetLoudness(_, lufs):
            return replace(sound, lufs=lufs)
        case _:
            return sound
