"""Sounds one behind the other, so that nobody hears where they meet.

What was cut off in the middle of a wave clicks beside what comes next. So both ends of
a joint swell and fade within 5 ms, unless they are silent anyway; the begin of the
first sound and the end of the last one stay as they are. No length changes.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from tui.audio import FADE, faded_in, faded_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Joiner"]

_BYTES = 2
"""Of a frame: the engine decodes to one channel of 16 bits."""
_SILENT = 16
"""Two ends that are no louder meet with a step below -60 dB of full scale."""


class Joiner:
    """Joins sounds; what it gives lags behind by the length of a fade."""

    def __init__(self) -> None:
        self.frames = 0
        """How much it was given until now."""
        self._end = b""
        """The end of the sound, which fades if another one follows."""

    def sound(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Join a sound.

        Args:
            blocks: It, in parts that may be short, but not empty.

        Yields:
            What is ready, in parts of some length.
        """
        done = 0
        fades = False
        for block in blocks:
            part = block
            if not done and self.frames:
                fades = not _is_silent(block[: FADE * _BYTES])
                yield self._faded_end()
            if fades:
                part = faded_in(part, done)
            done += len(block) // _BYTES
            self.frames += len(block) // _BYTES
            part = self._end + part
            cut = max(0, len(part) - FADE * _BYTES)
            self._end = part[cut:]
            if cut:
                yield part[:cut]

    def between(self, pcm: bytes) -> bytes:
        """Put something behind a sound that begins and ends in silence.

        Args:
            pcm: It; may be empty.

        Returns:
            What is ready.
        """
        if not pcm:
            return b""
        self.frames += len(pcm) // _BYTES
        return self._faded_end() + pcm

    def end(self) -> bytes:
        """Give what is left, when no other sound follows."""
        end, self._end = self._end, b""
        return end

    def _faded_end(self) -> bytes:
        end = self.end()
        return end if _is_silent(end) else faded_out(end, 0)


def _is_silent(pcm: bytes) -> bool:
    samples = array("h", pcm)
    return max(samples, default=0) <= _SILENT and min(samples, default=0) >= -_SILENT
