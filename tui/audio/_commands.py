"""What the engine can be told, as frozen values that may cross a process border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.audio._sound import Sound

__all__ = [
    "LASTING",
    "SETTINGS",
    "Command",
    "ListOutputs",
    "Load",
    "Pause",
    "Play",
    "Prepare",
    "PrepareNothing",
    "Quit",
    "Seek",
    "SeekBy",
    "SetBoost",
    "SetLevel",
    "SetLoop",
    "SetLoudness",
    "SetMuted",
    "SetOutput",
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
    sound: Sound | None = None
    """How it shall sound; None for as it sounds now, its loudness not known."""
    title: str = ""
    """What it is called, for an output that shows it."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Have another recording follow when the one that plays has ended.

    It replaces what was prepared before. With the first of it that is heard come
    `Ended` of the one before and a `StateChanged` of this generation; when it can't be
    opened, a `Failed` of it, and nothing follows. A `Load` or `Stop` forgets it.
    """

    generation: int
    """As in `Load`."""
    path: bytes
    position_ms: int = 0
    sound: Sound | None = None
    """How it shall sound; None for as the one before, its loudness not known."""
    gap_ms: int = 0
    """Silence between both."""
    tone: bool = False
    """Whether a short tone in between tells that another one begins."""
    title: str = ""
    """As in `Load`."""


@dataclass(frozen=True, slots=True)
class PrepareNothing:
    """Let nothing follow by itself."""


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
class SetLevel:
    """Bring the loudness to the target, or leave it."""

    level: bool


@dataclass(frozen=True, slots=True)
class SetBoost:
    """Be louder or softer than recorded, or than the target."""

    boost_db: float
    """Clamped to -12 to 24."""


@dataclass(frozen=True, slots=True)
class SetLoudness:
    """Tell how loud the recording that plays is, once that was measured."""

    generation: int
    """Whose that is; of another one it means nothing."""
    lufs: float


@dataclass(frozen=True, slots=True)
class SetLoop:
    """Play a part of the recording again and again; a load ends that."""

    start_ms: int | None = None
    """None ends it."""
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SetOutput:
    """Play on another output from now on, in the middle of a word if need be."""

    output: str
    """A name as `OutputInfo` has it."""


@dataclass(frozen=True, slots=True)
class ListOutputs:
    """Ask for the outputs that there are now; `OutputsListed` tells them."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End the engine's thread."""


Command = (
    Load
    | Prepare
    | PrepareNothing
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
    | SetLevel
    | SetBoost
    | SetLoudness
    | SetLoop
    | SetOutput
    | ListOutputs
    | Quit
)

SETTINGS = (SetSpeed, SetVolume, SetMuted, SetSkip, SetLevel, SetBoost)
"""What holds for every recording from then on."""
LASTING = (*SETTINGS, SetOutput, ListOutputs)
"""What a load does not make vain."""


def coalesce(commands: list[Command]) -> list[Command]:
    """Leave out what later commands make vain; seeks that follow each other add up."""
    if any(isinstance(command, Quit) for command in commands):
        return [Quit()]
    kept: list[Command] = []
    for command in commands:
        if isinstance(command, (Load, Stop)):
            kept = [each for each in kept if isinstance(each, LASTING)]
        last = kept[-1] if kept else None
        match last, command:
            case (Seek() | SeekBy(), Seek()) | (SetSpeed(), SetSpeed()):
                kept[-1] = command
            case (SetVolume(), SetVolume()) | (SetSkip(), SetSkip()):
                kept[-1] = command
            case (SetLoop(), SetLoop()) | (ListOutputs(), ListOutputs()):
                kept[-1] = command
            case (SetBoost(), SetBoost()) | (Prepare(), Prepare() | PrepareNothing()):
                kept[-1] = command
            case Seek(position_ms=base), SeekBy(delta_ms=delta):
                kept[-1] = Seek(max(0, base + delta))
            case SeekBy(delta_ms=first), SeekBy(delta_ms=second):
                kept[-1] = SeekBy(first + second)
            case _:
                kept.append(command)
    return kept
