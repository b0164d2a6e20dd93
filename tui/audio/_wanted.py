"""What the user wants to hear: pure, and enough to bring a new engine to the old place.

It follows the commands that were given and the events that came back. After a crash,
`Wanted.commands` tells a fresh engine everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui.audio import _commands as commands
from tui.audio import _events as events
from tui.audio._events import PlayerState

__all__ = [
    "SPEED_LIMITS",
    "Wanted",
    "clamped_skip",
    "clamped_speed",
    "clamped_volume",
]

SPEED_LIMITS = (0.5, 4.0)


def clamped_speed(speed: float) -> float:
    """Bring a speed into the range that the engine plays."""
    return min(max(speed, SPEED_LIMITS[0]), SPEED_LIMITS[1])


def clamped_skip(strength: int) -> int:
    """Bring a strength into 0 to 3."""
    return min(max(strength, 0), 3)


def clamped_volume(volume: float) -> float:
    """Bring a volume into 0.0 to 1.0."""
    return min(max(volume, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The last recording, where it stands, and how it shall sound."""

    generation: int = 0
    path: bytes | None = None
    position_ms: int = 0
    plays: bool = False
    over: bool = False
    """It came to its end or failed: nothing to go on with unless asked again."""
    speed: float = 1.0
    volume: float = 1.0
    muted: bool = False
    skip: int = 0

    def told(self, command: commands.Command) -> Wanted:
        """Return what is wanted after a command."""
        wanted = self
        match command:
            case commands.Load(generation, path, position_ms, play):
                wanted = replace(
                    self,
                    generation=generation,
                    path=path,
                    position_ms=max(0, position_ms),
                    plays=play,
                    over=False,
                )
            case commands.Stop():
                wanted = replace(
                    self, path=None, position_ms=0, plays=False, over=False
                )
            case commands.SetSpeed(speed):
                wanted = replace(self, speed=clamped_speed(speed))
            case commands.SetVolume(volume):
                wanted = replace(self, volume=clamped_volume(volume))
            case commands.SetMuted(muted):
                wanted = replace(self, muted=muted)
            case commands.SetSkip(strength):
                wanted = replace(self, skip=clamped_skip(strength))
            case _:
                wanted = self if self.path is None else self._moved(command)
        return wanted

    def _moved(self, command: commands.Command) -> Wanted:
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
        return wanted

    def heard(self, event: events.PlayerEvent) -> Wanted:
        """Return what is wanted after an event of this generation."""
        match event:
            case events.PositionChanged(_, position_ms):
                return replace(self, position_ms=position_ms)
            case events.StateChanged(status):
                return self._seen(status)
            case events.Ended():
                return replace(self, position_ms=0, plays=False, over=True)
            case events.Failed():
                return replace(self, plays=False, over=True)
            case events.DeviceChanged():
                return self

    def commands(self) -> list[commands.Command]:
        """Return what brings a fresh engine to this point."""
        told: list[commands.Command] = [
            commands.SetSpeed(self.speed),
            commands.SetVolume(self.volume),
            commands.SetMuted(self.muted),
            commands.SetSkip(self.skip),
        ]
        if self.path is not None and not self.over:
            told.append(
                commands.Load(self.generation, self.path, self.position_ms, self.plays)
            )
        return told

    def _seen(self, status: events.PlayerStatus) -> Wanted:
        match status.state:
            case PlayerState.PLAYING | PlayerState.PAUSED:
                return replace(
                    self,
                    position_ms=status.position_ms,
                    plays=status.state is PlayerState.PLAYING,
                    over=False,
                )
            case PlayerState.ENDED:
                return replace(self, position_ms=0, plays=False, over=True)
            case PlayerState.FAILED:
                return replace(self, plays=False, over=True)
            case PlayerState.LOADING | PlayerState.IDLE:
                return self
