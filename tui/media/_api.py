"""The answer of a look into a file."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

__all__ = ["Probe", "Wholeness"]


class Wholeness(StrEnum):
    """Whether the bytes of a file are all there."""

    PROVEN = "proven"
    """The structure says that nothing can follow: an Ogg end-of-stream page at the
    very end; MP4 boxes, WAV or CAF chunks that add up to the size."""
    PLAUSIBLE = "plausible"
    """Nothing is missing as far as one can see, but more may follow (Ogg pages that end
    with the file, but without an end-of-stream mark; formats without any length)."""
    CUT = "cut"
    """The structure promises more than the file holds."""
    EMPTY = "empty"
    """No bytes at all."""
    UNKNOWN = "unknown"
    """Not a container that we know: text, pictures, noise."""


class Probe(NamedTuple):
    """What a look at the head and the tail of a file told.

    A tuple: a scan makes one for each file, in half the time.
    """

    container: str
    """E.g. `ogg/opus`, `ogg/vorbis`, `mp4`, `amr-nb`, `wav`; empty when unknown."""
    wholeness: Wholeness
    duration_ms: int | None
    """None when it can't be told from head and tail (then `measure` reads more)."""
    reason: str = ""
    """Why, for CUT, EMPTY and UNKNOWN: a few words for the user."""
    has_audio: bool = True
    """False for a file that is known to hold no sound, e.g. a silent video."""
    has_video: bool = False
    """True for a file with a moving picture: a film, or a round video note."""
