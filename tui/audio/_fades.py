"""The shape of every begin and end: a raised cosine of 5 ms."""

from __future__ import annotations

import math
from array import array

from tui.audio._api import RATE

__all__ = ["CURVE", "FADE", "UNITY", "faded_in", "faded_out"]

FADE = RATE // 200
"""Frames of a fade: 5 ms."""
UNITY = 1 << 15
"""The gain that changes nothing."""
CURVE = tuple(
    round(UNITY * (0.5 - 0.5 * math.cos(math.pi * i / FADE))) for i in range(FADE + 1)
)
"""Gain by the step of a fade."""


def faded_in(pcm: bytes, done: int) -> bytes:
    """Let a sound begin softly.

    Args:
        pcm: The next of it.
        done: How many frames of it came before.
    """
    if done >= FADE:
        return pcm
    samples = array("h", pcm)
    for i in range(min(len(samples), FADE - done)):
        samples[i] = samples[i] * CURVE[done + i] >> 15
    return samples.tobytes()


def faded_out(pcm: bytes, after: int) -> bytes:
    """Let a sound end softly.

    Args:
        pcm: A part of its end.
        after: How many frames come after that.
    """
    if after >= FADE:
        return pcm
    samples = array("h", pcm)
    last = len(samples) - 1
    for i in range(max(0, last + 1 - FADE + after), last + 1):
        samples[i] = samples[i] * CURVE[last - i + after] >> 15
    return samples.tobytes()
