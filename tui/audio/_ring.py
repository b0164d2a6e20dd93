"""Decoded sound that waits to be played: filled by one thread, emptied by another."""

from __future__ import annotations

from collections import deque

from tui.audio._api import CHANNELS, RATE

__all__ = ["FRAME", "Ring"]

FRAME = 2 * CHANNELS
"""Bytes of a frame."""


class Ring:
    """PCM of one recording from one position on, with the media time of each frame.

    One thread puts, one takes; neither waits for the other. Each counter is written by
    one side only, so no lock is needed.

    Args:
        position: Media time of the first frame in seconds.
        speed: Media seconds in a second of sound.
    """

    __slots__ = (
        "_blocks",
        "_offset",
        "_put",
        "_step",
        "_taken",
        "complete",
        "position",
        "wanting",
    )

    def __init__(self, position: float, speed: float) -> None:
        self._blocks: deque[tuple[bytes, float]] = deque([(b"", position)])
        self._step = speed / RATE
        self._offset = 0  # bytes of the first block that were taken
        self._put = 0
        self._taken = 0
        self.position = position
        """Media time of the next frame in seconds."""
        self.complete = False
        """Nothing more will be put."""
        self.wanting = False
        """The taking side has asked for more; cleared by the putting side."""

    @property
    def frames(self) -> int:
        """How many frames wait."""
        return self._put - self._taken

    def put(self, pcm: bytes, start: float) -> None:
        """Add sound; the first frame has the media time `start` in seconds."""
        if pcm:
            self._blocks.append((pcm, start))
            self._put += len(pcm) // FRAME

    def take(self, frames: int) -> bytes:
        """Remove the next frames; fewer when there are not so many."""
        wanted = min(frames, self.frames) * FRAME
        parts = []
        left = wanted
        while left:
            pcm, _ = self._blocks[0]
            part = pcm[self._offset : self._offset + left]
            if not part:
                # The next block is known to be there; the first one is only given up
                # then, so that there is always one to tell the position by.
                self._offset = 0
                self._blocks.popleft()
                continue
            parts.append(part)
            self._offset += len(part)
            left -= len(part)
        self._taken += wanted // FRAME
        self.position = self._blocks[0][1] + self._offset // FRAME * self._step
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def drop_until(self, position: float) -> None:
        """Remove what is before a media time; by the putting side, before a swap."""
        early = (position - self.position) / self._step
        if early > 0:
            self.take(round(early))
