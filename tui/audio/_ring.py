"""Decoded sound that waits to be played: filled by one thread, emptied by another."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from tui.audio._api import CHANNELS, RATE

__all__ = ["FRAME", "Ring"]

FRAME = 2 * CHANNELS
"""Bytes of a frame."""
_PAST = RATE // 2 * FRAME
"""Bytes of sound that was taken and can be given back."""
_ROUNDING = 1e-4
"""Seconds by which the time of a block may miss the end of the one before."""


class _Block(NamedTuple):
    pcm: bytes
    start: float
    """Media time of the first frame in seconds."""
    turn: int
    """How often the sound had jumped back to the start of its part by then."""


class _Jump(NamedTuple):
    """A place where the media time did not just go on."""

    frame: int
    """The first frame behind it."""
    seconds: float
    turn: int
    """The turn before it."""


class _Place(NamedTuple):
    """How far the ring was emptied; replaced as a whole, so any thread may read it."""

    taken: int
    position: float
    turn: int
    jumps: tuple[_Jump, ...]
    """Those of the last half second."""


class Ring:
    """PCM of one recording from one position on, with the media time of each frame.

    One thread puts, one takes; neither waits for the other. Each counter is written by
    one side only, so no lock is needed.

    Args:
        position: Media time of the first frame in seconds.
        speed: Media seconds in a second of sound.
        lead: How many frames come first that are none of the recording.
        turn: How often it has jumped back already, if it follows another one.
    """

    __slots__ = (
        "_blocks",
        "_kept",
        "_offset",
        "_past",
        "_place",
        "_put",
        "_step",
        "begin",
        "complete",
        "lead",
        "repeats",
        "wanting",
    )

    def __init__(
        self, position: float, speed: float, *, lead: int = 0, turn: int = 0
    ) -> None:
        self._blocks: deque[_Block] = deque([_Block(b"", position, turn)])
        self._step = speed / RATE
        self._offset = 0  # bytes of the first block that were taken
        self._past: deque[_Block] = deque()  # taken whole, to go back
        self._kept = 0  # bytes in them
        self._put = 0
        self._place = _Place(0, position, turn, ())
        self.lead = lead
        """How many frames come first that are none of the recording."""
        self.begin = position
        """Media time in seconds where the recording begins in it."""
        self.repeats = False
        """Whether a part of the recording comes again and again."""
        self.complete = False
        """Nothing more will be put."""
        self.wanting = False
        """The taking side has asked for more; cleared by the putting side."""

    @property
    def speed(self) -> float:
        """Media seconds in a second of sound."""
        return self._step * RATE

    @property
    def taken(self) -> int:
        """How many frames were taken, less those that were given back."""
        return self._place.taken

    @property
    def position(self) -> float:
        """Media time of the next frame in seconds."""
        return self.place(0)[1]

    @property
    def frames(self) -> int:
        """How many frames wait."""
        return self._put - self._place.taken

    @property
    def is_leading(self) -> bool:
        """Whether the recording itself is still to come."""
        return self._place.taken < self.lead

    def place(self, late: int) -> tuple[int, float]:
        """Tell what a frame was that was taken a while ago.

        Args:
            late: How many frames ago; 0 for the next one.

        Returns:
            Its turn, and its media time in seconds; not before the first of all.
        """
        taken, position, turn, jumps = self._place
        if taken <= self.lead:
            return turn, self.begin
        late = min(late, taken - self.lead)
        position -= late * self._step
        for jump in reversed(jumps):
            if taken - late >= jump.frame:
                break
            position -= jump.seconds
            turn = jump.turn
        return turn, position

    def begin_at(self, position: float) -> None:
        """Correct where the recording begins; by the putting side, before a swap."""
        self.begin = position
        if not self._put:
            turn = self._blocks[0].turn
            self._blocks[0] = _Block(b"", position, turn)
            self._publish(0, ())

    def put(self, pcm: bytes, start: float, turn: int = 0) -> None:
        """Add sound.

        Args:
            pcm: The sound.
            start: Media time of its first frame in seconds.
            turn: How often it has jumped back by then.
        """
        if pcm:
            self._blocks.append(_Block(pcm, start, turn))
            self._put += len(pcm) // FRAME

    def take(self, frames: int) -> bytes:
        """Remove the next frames; fewer when there are not so many."""
        taken, jumps = self._place.taken, self._place.jumps
        left = min(frames, self._put - taken) * FRAME
        parts = []
        while left:
            pcm = self._blocks[0].pcm
            part = pcm[self._offset : self._offset + left]
            if not part:
                # The next block is known to be there; the first one is only given up
                # then, so that there is always one to tell the position by.
                jumps = self._pass(taken, jumps)
                continue
            parts.append(part)
            self._offset += len(part)
            left -= len(part)
            taken += len(part) // FRAME
        self._publish(taken, jumps)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def give_back(self, frames: int) -> None:
        """Put the frames back that were taken last; by the taking side.

        Args:
            frames: How many; at most half a second is remembered.
        """
        taken, jumps = self._place.taken, self._place.jumps
        frames = min(frames, taken, (self._kept + self._offset) // FRAME)
        left = frames * FRAME
        while left > self._offset:
            left -= self._offset
            block = self._past.pop()
            self._kept -= len(block.pcm)
            self._blocks.appendleft(block)
            self._offset = len(block.pcm)
        self._offset -= left
        taken -= frames
        self._publish(taken, tuple(jump for jump in jumps if jump.frame <= taken))

    def follow(self, old: Ring) -> None:
        """Begin where another ring is by now; by the putting side, before a swap."""
        if old.is_leading:
            self.take(min(old.taken, self.lead))
            return
        if self.is_leading:
            self.take(self.lead - self.taken)
        turn, position = old.place(0)
        if turn > self._place.turn and not self.repeats:
            return  # that jump is none any more
        self.drop_until(position, turn)

    def drop_until(self, position: float, turn: int = 0) -> None:
        """Remove what is before a media time; by the putting side, before a swap."""
        # Block by block: where a pause was left out, the time jumps between two.
        while self.frames:
            pcm, start, now = self._blocks[0]
            here = (len(pcm) - self._offset) // FRAME
            if not here:
                taken, _, _, jumps = self._place
                self._publish(taken, self._pass(taken, jumps))
                continue
            at = start + self._offset // FRAME * self._step
            early = here if now < turn else round((position - at) / self._step)
            if early <= 0 or now > turn:
                return
            self.take(min(early, here))

    def _publish(self, taken: int, jumps: tuple[_Jump, ...]) -> None:
        block = self._blocks[0]
        position = block.start + self._offset // FRAME * self._step
        self._place = _Place(taken, position, block.turn, jumps)

    def _pass(self, taken: int, jumps: tuple[_Jump, ...]) -> tuple[_Jump, ...]:
        """Go from a block that was taken whole to the next one."""
        old = self._blocks.popleft()
        self._offset = 0
        self._past.append(old)
        self._kept += len(old.pcm)
        while self._kept - len(self._past[0].pcm) >= _PAST:
            self._kept -= len(self._past.popleft().pcm)
        new = self._blocks[0]
        seconds = new.start - old.start - len(old.pcm) // FRAME * self._step
        if old.turn == new.turn and abs(seconds) < _ROUNDING:
            return jumps
        oldest = taken - _PAST // FRAME
        kept = tuple(jump for jump in jumps if jump.frame >= oldest)
        return *kept, _Jump(taken, seconds, old.turn)
