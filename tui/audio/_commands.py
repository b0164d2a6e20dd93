"""What the engine can be told, as frozen values that may cross a process border."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Command",
    "Load",
    "Pause",
    "Play",
    "Quit",
    "Seek",
    "SeekBy",
    "SetMuted",
    "SetSkip",
    "SetSpeed",
    "SetVolume",
    "Stop",
    "Toggle",
    "coalesce",
]


@dataclass(frozen=True, slots=True)
class Load:
    """Take another recording."""

    generation: int
    """What the events of this load shall carry; higher than every one before."""
    path: bytes
    """The absolute path."""
    position_ms: int = 0
    """Where to begin; past the end means the end."""
    play: bool = True
    """Begin to sound at once; else be paused there."""


@dataclass(frozen=True, slots=True)
class Play:
    """Go on; after the end, from the start; after a failure, try again."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Be silent and keep the position."""


@dataclass(frozen=True, slots=True)
class Toggle:
    """Pause or go on."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Be silent and let the recording go."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Go to a position; beyond either end means that end."""

    position_ms: int


@dataclass(frozen=True, slots=True)
class SeekBy:
    """Go forward or back from where the last seek went, or from what sounds now."""

    delta_ms: int


@dataclass(frozen=True, slots=True)
class SetSpeed:
    """Speak faster or slower at the same pitch."""

    speed: float
    """Clamped to 0.5 to 4.0."""


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Set the volume."""

    volume: float
    """Clamped to 0.0 to 1.0."""


@dataclass(frozen=True, slots=True)
class SetMuted:
    """Silence without a pause, or undo it."""

    muted: bool


@dataclass(frozen=True, slots=True)
class SetSkip:
    """Leave out pauses."""

    strength: int
    """Clamped to 0 (none) to 3 (as many as can be told)."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End the engine's thread."""


Command = (
    Load
    | Play
    | Pause
    | Toggle
    | Stop
    | Seek
    | SeekBy
    | SetSpeed
    | SetVolume
    | SetMuted
    | SetSkip
    | Quit
)


def coalesce(commands: list[Command]) -> list[Command]:
    """Leave out what later commands make vain; seeks that follow each other add up."""
    if any(isinstance(command, Quit) for command in commands):
        return [Quit()]
    kept: list[Command] = []
    for command in commands:
        if isinstance(command, (Load, Stop)):
            settings = (SetSpeed, SetVolume, SetMuted, SetSkip)
            kept = [c for c in kept if isinstance(c, settings)]
        last = kept[-1] if kept else None
        match last, command:
            case (Seek() | SeekBy(), Seek()) | (SetSpeed(), SetSpeed()):
                kept[-1] = command
            case (SetVolume(), SetVolume()) | (SetSkip(), SetSkip()):
                kept[-1] = command
            case Seek(position_ms=base), SeekBy(delta_ms=delta):
                kept[-1] = Seek(max(0, base + delta))
            case SeekBy(delta_ms=first), SeekBy(delta_ms=second):
                kept[-1] = SeekBy(first + second)
            case _:
                kept.append(command)
    return kept
