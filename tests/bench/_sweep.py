"""Finds places of a note again in what a browser made of it.

A browser decodes, resamples and mixes as it likes, so that no sample need come back as
it was. What does is the pitch: the note is a tone that rises steadily, and how high it
is tells which place of the note is heard, to about 10 ms.
"""

from __future__ import annotations

import math
import statistics
from array import array
from typing import TYPE_CHECKING

from typing_extensions import override

from tests.bench.sound import Bench
from tests.support.sound import samples
from tui.audio import RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["SweepBench", "place", "sweep"]

SWEEP_S = 20
_LOW, _HIGH = 500.0, 3500.0
_LEVEL = 12_000
_LOUD = 400
"""What is softer is silence: codecs ring a little before a sound and after it."""
_WINDOW = RATE // 100
_HOP = RATE // 400
_STILL = RATE // 5
"""So long it must be silent to be a pause, not a hole."""


def sweep(times: int = 1) -> bytes:
    """Make PCM of a tone that rises for 20 s, again and again."""
    made = array("h")
    for i in range(SWEEP_S * RATE):
        t = i / RATE
        phase = 2 * math.pi * (_LOW * t + (_HIGH - _LOW) * t * t / (2 * SWEEP_S))
        made.append(round(_LEVEL * math.sin(phase)))
    return made.tobytes() * times


def place(x: Sequence[int]) -> float | None:
    """Tell which second of the tone some samples are from; None for none of it."""
    if max(x, default=0) < _LEVEL // 4:
        return None
    ups = [
        i - x[i] / (x[i] - x[i - 1]) for i in range(1, len(x)) if x[i - 1] < 0 <= x[i]
    ]
    if len(ups) < 3:
        return None
    pitch = (len(ups) - 1) * RATE / (ups[-1] - ups[0])
    return (pitch - _LOW) / (_HIGH - _LOW) * SWEEP_S


class SweepBench(Bench):
    """Tells when what is heard of the tone has changed."""

    patience = 60

    @override
    def begun(self, since: int) -> int | None:
        x = samples(self.recorder.mono(since))
        found = next((i for i, value in enumerate(x) if abs(value) > _LOUD), None)
        return None if found is None else since + found

    @override
    def paused(self, since: int) -> int | None:
        """Find the silence that lasts; holes of a busy machine do not."""
        x = samples(self.recorder.mono(since))
        loud = max((i for i in range(len(x)) if abs(x[i]) > _LOUD), default=-1)
        return since + loud + 1 if len(x) - loud > _STILL else None

    @override
    def sought(self, seconds: float) -> Callable[[int], int | None]:
        """Find the first frame that is heard from a place on."""
        wanted = seconds % SWEEP_S

        def found(since: int) -> int | None:
            hits = 0
            for at, now in self._places(since):
                is_there = now is not None and -0.1 < now - wanted < 2.0
                hits = hits + 1 if is_there else 0
                if hits == 6:
                    return at - 5 * _HOP
            return None

        return found

    @override
    def reached(self, seconds: int) -> Callable[[int], int | None]:
        return self.sought(seconds)

    @override
    def sped(self, since: int) -> int | None:
        """Find where the tone begins to rise one and a half times as fast.

        That is where two lines cross: places by the time before, and after it.
        """
        before = [
            now - at / RATE
            for at, now in self._places(since - RATE // 5, since)
            if now is not None
        ]
        later = [
            (at / RATE, now) for at, now in self._places(since) if now is not None
        ][-100:]
        if len(later) < 100 or not before:
            return None
        rise = statistics.linear_regression(
            [at for at, _ in later], [now for _, now in later]
        ).slope
        if not 1.42 < rise < 1.58:
            return None
        one = statistics.median(before)
        other = statistics.median(now - 1.5 * at for at, now in later)
        cross = round((one - other) * 2 * RATE)
        # Elsewhere: the browser has left something out, and nothing can be told.
        return cross if since <= cross <= later[0][0] * RATE else None

    def _places(
        self, begin: int, end: int | None = None
    ) -> list[tuple[int, float | None]]:
        x = samples(self.recorder.mono(begin, end))
        return [
            (begin + at, place(x[at : at + _WINDOW]))
            for at in range(0, len(x) - _WINDOW, _HOP)
        ]
