"""What stands between two recordings that follow each other: silence, and a tone."""

from __future__ import annotations

import functools
import math
from array import array

from tui.audio._api import RATE
from tui.audio._ring import FRAME

__all__ = ["MAX_GAP_MS", "TONE_FRAMES", "lead"]

MAX_GAP_MS = 60_000
"""The longest silence: a mistake must not fill the memory."""
TONE_FRAMES = RATE * 80 // 1000
_FREQUENCY = 660.0
_LEVEL = 10 ** (-24 / 20)
"""Soft: 24 dB below full scale, whatever the recordings are levelled to."""


def lead(gap_ms: int, *, tone: bool) -> bytes:
    """Make what is heard before a recording begins.

    Args:
        gap_ms: Silence; a tone stands in the middle of it.
        tone: Whether there is a tone as well.
    """
    frames = max(0, min(gap_ms, MAX_GAP_MS)) * RATE // 1000
    if not tone:
        return bytes(frames * FRAME)
    before = frames // 2
    return bytes(before * FRAME) + _tone() + bytes((frames - before) * FRAME)


@functools.cache
def _tone() -> bytes:
    """Make a tone that swells and fades over all of its length."""
    turn = 2 * math.pi / RATE
    swell = 2 * math.pi / TONE_FRAMES
    return array(
        "h",
        [
            round(
                32767
                * _LEVEL
                * math.sin(turn * _FREQUENCY * i)
                * (0.5 - 0.5 * math.cos(swell * i))
            )
            for i in range(TONE_FRAMES)
        ],
    ).tobytes()
