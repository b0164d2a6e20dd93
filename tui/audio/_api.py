"""What a player and an output can do.

`Player` is what the browser and the command line hold: `EngineProcess` (a supervised
child, the default) and `LocalPlayer` (the engine in this process, for tests) are both
one. `Output` is what the engine plays on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._events import PlayerEvent, PlayerStatus
    from tui.audio._sound import Sound

__all__ = ["CHANNELS", "RATE", "Output", "Player", "RewritingOutput"]

RATE = 48_000
"""Frames a second of everything that is played."""
CHANNELS = 1
"""The engine plays mono, signed 16 bits: voice notes are mono."""


class Player(Protocol):
    """Plays one recording at a time. No call blocks; events come by a thread."""

    @property
    def status(self) -> PlayerStatus:
        """The state now."""

    def subscribe(self, listener: Callable[[PlayerEvent], None]) -> None:
        """Have every event sent to a function, on the player's thread."""

    def start(self) -> None:
        """Begin to work (idempotent)."""

    def load(
        self,
        path: bytes,
        *,
        position_ms: int = 0,
        play: bool = True,
        sound: Sound | None = None,
        title: str = "",
    ) -> int:
        """Take another recording.

        Args:
            path: The absolute path.
            position_ms: Where to begin; past the end means the end.
            play: Begin to sound at once; else be paused there.
            sound: How it shall sound; None for as it sounds now.
            title: What it is called, for an output that shows it.

        Returns:
            The generation that the events of this load carry.
        """

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
        """Have another recording follow when this one has ended, without a hole.

        `Ended` of the one before and `StateChanged` of the new one come together, when
        the first of it is heard. If it can't be opened, `Failed` comes at once and
        nothing follows. A `load` or `stop` forgets it, another `prepare` replaces it.

        Args:
            path: The absolute path.
            position_ms: Where to begin.
            sound: How it shall sound; None for as this one.
            gap_ms: Silence in between.
            tone: Whether a short tone tells that another one begins.
            title: What it is called.

        Returns:
            The generation of its events.
        """

    def prepare_nothing(self) -> None:
        """Let nothing follow by itself."""

    def play(self) -> None:
        """Go on; after the end, from the start."""

    def pause(self) -> None:
        """Be silent and keep the position."""

    def toggle(self) -> None:
        """Pause or go on."""

    def stop(self) -> None:
        """Be silent and let the recording go."""

    def seek(self, position_ms: int) -> None:
        """Go to a position; beyond either end means that end."""

    def seek_by(self, delta_ms: int) -> None:
        """Go forward or back; repeated calls add up."""

    def set_speed(self, speed: float) -> None:
        """Speak faster or slower at the same pitch, 0.5 to 4.0 (clamped)."""

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0.0 to 1.0 (clamped)."""

    def set_muted(self, muted: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Silence without a pause, or undo it."""

    def set_skip(self, strength: int) -> None:
        """Leave out pauses: 0 none, 3 as many as can be told (clamped)."""

    def set_level(self, level: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Bring the loudness to the target, or leave it."""

    def set_boost(self, boost_db: float) -> None:
        """Be louder than that by some decibels, -12 to 24 (clamped)."""

    def set_loudness(self, generation: int, lufs: float) -> None:
        """Tell how loud the recording of a load is, once that was measured."""

    def set_loop(self, start_ms: int | None, end_ms: int | None) -> None:
        """Play a part again and again; None ends that, as does another load."""

    def set_output(self, output: str) -> None:
        """Play on another output, as `list_outputs` tells its name."""

    def list_outputs(self) -> None:
        """Ask for the outputs that there are; the event `OutputsListed` tells them."""

    def close(self, timeout: float = 2.0) -> None:
        """End all work and give the device back, within a time in seconds."""


class Output(Protocol):
    """A device, or something that stands for one."""

    @property
    def name(self) -> str:
        """The name that a user chooses it by."""

    def start(self, pull: Callable[[int], bytes]) -> None:
        """Open and begin to ask for sound.

        Args:
            pull: Called with a number of frames on the output's own thread; returns
                exactly that many frames of mono signed 16 bit native-endian PCM at
                RATE. It never blocks.

        Raises:
            AudioError: There is no device, or it is busy.
        """

    def stop(self) -> None:
        """Close the device; `start` may be called again."""

    def is_alive(self) -> bool:
        """Whether it asked for sound within the last second."""

    @property
    def latency_ms(self) -> int:
        """How long a frame takes from `pull` to the ear, about."""


@runtime_checkable
class RewritingOutput(Output, Protocol):
    """An output that holds much sound ready, and can replace it."""

    @property
    def depth(self) -> int:
        """How many frames are held ready, and asked for at once after a change."""

    @property
    def delay_ms(self) -> int:
        """How long a change takes to the ear, about."""

    def rewrite(self, rewind: Callable[[int], int], change: Callable[[], None]) -> None:
        """Replace what was not played yet; any thread but the output's may call.

        Args:
            rewind: Makes so many frames those that `pull` gives next, again; returns
                how many it could.
            change: Changes what `pull` gives.
        """
