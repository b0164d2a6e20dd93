"""The waveform of a row: the mean of each stretch of a longer one.

The loudest of so long a stretch is nearly the same everywhere in speech; the mean shows
the words and the pauses.

Of a waveform that is computed here it is stored beside that, since a page of the tree
would take twice as long to read otherwise. Those of messengers are made when they are
shown.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from tui.model import ROW_WAVE

__all__ = ["wave_of"]


@lru_cache(2048)
def wave_of(peaks: bytes) -> bytes:
    """Make the waveform of a row; nothing of nothing.

    Args:
        peaks: A waveform of any length.
    """
    size = len(peaks)
    if size in {0, ROW_WAVE}:
        return peaks
    parts = map(peaks.__getitem__, _stretches(size))
    return bytes([round(sum(part) / len(part)) for part in parts])


@lru_cache(16)
def _stretches(size: int) -> list[slice]:
    """Cut a waveform into as many stretches; of a short one some are the same."""
    edges = [at * size // ROW_WAVE for at in range(ROW_WAVE + 1)]
    return [slice(start, max(end, start + 1)) for start, end in pairwise(edges)]
