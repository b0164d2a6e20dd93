"""What the player tells, as frozen values. Events of an older load are dropped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "NO_SOUND_HERE",
    "DeviceChanged",
    "Ended",
    "Failed",
    "OutputInfo",
    "OutputsListed",
    "PlayerEvent",
    "PlayerState",
    "PlayerStatus",
    "PositionChanged",
    "StateChanged",
]

NO_SOUND_HERE = "No sound here: run earmark ssh HOST where you sit"
"""The problem of an SSH session without a device."""


class PlayerState(StrEnum):
    """What the player does."""

    IDLE = "idle"
    LOADING = "loading"
    PLAYING = "playing"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PlayerStatus:
    """The published state: a snapshot that may be read from any thread."""

    generation: int = 0
    """Number of the load that it belongs to; grows with every load."""
    path: bytes | None = None
    state: PlayerState = PlayerState.IDLE
    position_ms: int = 0
    duration_ms: int | None = None
    speed: float = 1.0
    volume: float = 1.0
    muted: bool = False
    skip: int = 0
    """How many of the pauses are left out: 0 none, 3 the most."""
    saved_ms: int = 0
    """How much was left out of this recording since it was last cued."""
    level: bool = False
    """Whether the loudness is brought to the target."""
    boost_db: float = 0.0
    """How much louder than that."""
    lufs: float | None = None
    """The loudness of the recording, once it is known."""
    gain_db: float = 0.0
    """How much louder than recorded it is played, by both."""
    loop_start_ms: int | None = None
    """Where the part begins that is played again and again; None for no such part."""
    loop_end_ms: int | None = None
    output: str = ""
    """The name of the output in use, e.g. `miniaudio`, `null`."""
    device_problem: str = ""
    """A line for the user while there is no working device; empty otherwise."""


@dataclass(frozen=True, slots=True)
class StateChanged:
    """Anything but the position changed."""

    status: PlayerStatus


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """Playback went on; at most ten of these a second."""

    generation: int
    position_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A recording was played to its end."""

    generation: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A recording can't be played; the player is still well."""

    generation: int
    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """The sound device went away (a problem) or came back (no problem)."""

    output: str
    problem: str


@dataclass(frozen=True, slots=True)
class OutputInfo:
    """An output that can be chosen."""

    name: str
    """What `SetOutput` takes: `auto`, a backend, or a backend and one of its devices,
    e.g. `pulse:alsa_output.usb-speaker`."""
    label: str
    """What people call it, as the sound server tells it: any text."""
    is_default: bool = False
    """Whether `auto` leads there now."""


@dataclass(frozen=True, slots=True)
class OutputsListed:
    """The outputs that there are, and the one that was chosen."""

    outputs: tuple[OutputInfo, ...]
    chosen: str
    """The name that was asked for last; it may be none of them any more."""


PlayerEvent = (
    StateChanged | PositionChanged | Ended | Failed | DeviceChanged | OutputsListed
)
