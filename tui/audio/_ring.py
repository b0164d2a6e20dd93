"""Decoded sound that waits to be played: filled by one thread, emptied by another."""

from __future__ import annotations

from collections import deque

from tui.audio._api import CHANNELS, RATE

__all__ = ["FRAME", "Ring"]

FRAME = 2 * CHANNELS
"""Bytes of a frame."""
_PAST = RATE // 2 * FRAME
"""Bytes of sound that was taken and can be given back."""


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
        "_kept",
        "_offset",
        "_past",
        "_put",
        "_step",
        "complete",
        "position",
        "taken",
        "wanting",
    )

    def __init__(self, position: float, speed: float) -> None:
        self._blocks: deque[tuple[bytes, float]] = deque([(b"", position)])
        self._step = speed / RATE
        self._offset = 0  # bytes of the first block that were taken
        self._past: deque[tuple[bytes, float]] = deque()  # taken whole, to go back
        self._kept = 0  # bytes in them
        self._put = 0
        self.taken = 0
        """How many frames were taken, less those that were given back."""
        self.position = position
        """Media time of the next frame in seconds."""
        self.complete = False
        """Nothing more will be put."""
        self.wanting = False
        """The taking side has asked for more; cleared by the putting side."""

    @property
    def speed(self) -> float:
        """Media seconds in a second of sound."""
        return self._step * RATE

    @property
    def frames(self) -> int:
        """How many frames wait."""
        return self._put - self.taken

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
                self._keep(self._blocks.popleft())
                continue
            parts.append(part)
            self._offset += len(part)
            left -= len(part)
        self.taken += wanted // FRAME
        self.position = self._blocks[0][1] + self._offset // FRAME * self._step
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _keep(self, block: tuple[bytes, float]) -> None:
        self._past.append(block)
        self._kept += len(block[0])
        while self._kept - len(self._past[0][0]) >= _PAST:
            self._kept -= len(self._past.popleft()[0])

    def give_back(self, frames: int) -> None:
        """Put the frames back that were taken last; by the taking side.

        Args:
            frames: How many; at most half a second is remembered.
        """
        frames = min(frames, self.taken, (self._kept + self._offset) // FRAME)
        left = frames * FRAME
        while left > self._offset:
            left -= self._offset
            pcm, start = self._past.pop()
            self._kept -= len(pcm)
            self._blocks.appendleft((pcm, start))
            self._offset = len(pcm)
        self._offset -= left
        self.taken -= frames
        self.position = self._blocks[0][1] + self._offset // FRAME * self._step

    def drop_until(self, position: float) -> None:
        """Remove what is before a media time; by the putting side, before a swap."""
        # Block by block: where a pause was left out, the time jumps between two.
        while self.frames:
            pcm, start = self._blocks[0]
            here = (len(pcm) - self._offset) // FRAME
            if not here:
                self._keep(self._blocks.popleft())
                self._offset = 0
                self.position = self._blocks[0][1]
                continue
            at = start + self._offset // FRAME * self._step
            early = round((position - at) / self._step)
            if early <= 0:
                return
            self.take(min(early, here))
