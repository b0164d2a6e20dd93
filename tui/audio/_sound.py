"""How a recording shall sound: what may differ from one sender to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = [
    "BOOST_LIMITS",
    "MAX_SKIP",
    "SPEED_LIMITS",
    "TARGET_LUFS",
    "Sound",
    "clamped_boost",
    "clamped_skip",
    "clamped_speed",
    "clamped_volume",
    "gain_db",
]

SPEED_LIMITS = (0.5, 4.0)
BOOST_LIMITS = (-12.0, 24.0)
"""Decibels."""
MAX_SKIP = 3
TARGET_LUFS = -18.0
"""How loud a recording is when it is levelled, unless told otherwise."""
_SILENCE_LUFS = -69.0
"""What is softer is no speech that could be brought to the target."""
_LEVEL_LIMITS = (-24.0, 30.0)
"""Decibels."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Everything that a note, its sender or its chat may have of its own."""

    speed: float = 1.0
    """How many times faster, at the same pitch."""
    skip: int = 0
    """How many of the pauses are left out: 0 none, 3 the most."""
    level: bool = False
    """Whether the loudness is brought to the target."""
    boost_db: float = 0.0
    """How much louder than that; a limiter keeps it from being clipped."""
    lufs: float | None = None
    """The integrated loudness that was measured (ITU-R BS.1770-4); None when it is not
    known: then the engine measures it where it has to be levelled."""

    def clamped(self) -> Sound:
        """Return the same within the limits."""
        return replace(
            self,
            speed=clamped_speed(self.speed),
            skip=clamped_skip(self.skip),
            boost_db=clamped_boost(self.boost_db),
        )


def clamped_speed(speed: float) -> float:
    """Bring a speed into the range that the engine plays."""
    return min(max(speed, SPEED_LIMITS[0]), SPEED_LIMITS[1])


def clamped_boost(boost_db: float) -> float:
    """Bring a boost in decibels into the range that the engine plays."""
    return min(max(boost_db, BOOST_LIMITS[0]), BOOST_LIMITS[1])


def clamped_skip(strength: int) -> int:
    """Bring a strength into 0 to 3."""
    return min(max(strength, 0), MAX_SKIP)


def clamped_volume(volume: float) -> float:
    """Bring a volume into 0.0 to 1.0."""
    return min(max(volume, 0.0), 1.0)


def gain_db(sound: Sound, target_lufs: float = TARGET_LUFS) -> float:
    """Tell how much louder than recorded something is to be played.

    Args:
        sound: How it shall sound.
        target_lufs: What it is levelled to, if it is.
    """
    gain = sound.boost_db
    if sound.level and sound.lufs is not None and sound.lufs > _SILENCE_LUFS:
        least, most = _LEVEL_LIMITS
        gain += min(max(target_lufs - sound.lufs, least), most)
    return gain
