"""The recording that is in the player: its file, its decoder and its ring."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.audio._api import RATE
from tui.audio._decode import Decoder
from tui.audio._fades import FADE, faded_in, faded_out
from tui.audio._ring import FRAME, Ring
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.audio._shelf import Shelf

__all__ = ["AHEAD", "Deck", "How", "Part"]

log = logging.getLogger(__name__)

AHEAD = RATE // 2
"""Frames decoded ahead: 500 ms. They cost no delay, since a change swaps the ring."""
_PREFILL = RATE // 10
"""Frames decoded before a ring is handed over."""
_PATIENCE = 0.25
"""Seconds after which a ring is handed over with less."""
_REMEMBERED = 30 * RATE
"""Frames of a part that is repeated from memory; a longer one is decoded each time."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is played again and again, in seconds."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class How:
    """How a recording is decoded."""

    speed: float = 1.0
    """How many times faster."""
    skip: int = 0
    """How many of the pauses to leave out."""
    gain_db: float = 0.0
    """How much louder."""
    part: Part | None = None
    """What to repeat, once its end is reached."""


class Deck:
    """Opens a recording and keeps a ring filled from any position.

    Belongs to one thread.

    Args:
        path: The absolute path.
        shelf: Where it is.
        lead: Sound that is heard first.

    Raises:
        AudioError: The file can't be opened.
    """

    def __init__(self, path: bytes, shelf: Shelf, lead: bytes = b"") -> None:
        self._recording = shelf.open(path)
        self._lead = lead
        self._unfaded = 0  # frames that still have to begin softly
        self._decoder: Decoder | None = None
        self._blocks: Iterator[tuple[bytes, float, int]] = iter(())
        self._saved = 0.0
        self.how = How()
        """How it is decoded now."""
        self.ring = Ring(0.0, 1.0)
        self.start = 0.0
        """Media time in seconds where the ring began."""
        self.duration: float | None = None
        """Seconds; from the header, and measured when the end was decoded."""

    @property
    def saved(self) -> float:
        """Seconds of pauses that were left out since the last cue."""
        now = 0.0 if self._decoder is None else self._decoder.saved
        return self._saved + now

    def cue(
        self,
        position: float,
        how: How,
        largest: int = 0,
        *,
        leads: bool = False,
        turn: int = 0,
    ) -> Ring:
        """Begin a new ring; the old one keeps what it has.

        Args:
            position: Media time in seconds; behind the end means the end.
            how: How to decode.
            largest: The most frames that the device asks for at once.
            leads: Whether what is heard first is to be heard as well.
            turn: How often the ring that it follows has jumped back.

        Raises:
            AudioError: The file can't be decoded.
        """
        self._let_go()
        self._saved = 0.0
        decoder = self._open(position, how)
        if self.duration is None:
            self.duration = decoder.duration
        lead = self._lead if leads else b""
        self._unfaded = FADE if lead else 0
        self.ring = ring = Ring(
            decoder.start, how.speed, lead=len(lead) // FRAME, turn=turn
        )
        ring.put(lead, decoder.start, turn)
        if how.part is None or position >= how.part.end:
            self._blocks = ((pcm, start, turn) for pcm, start in decoder)
        else:
            ring.repeats = True
            self._blocks = self._repeated(decoder, how.part, turn)
        until = time.monotonic() + _PATIENCE
        wanted = ring.lead + max(_PREFILL, 2 * largest)
        while not ring.complete and ring.frames < wanted:
            self._step()
            if time.monotonic() > until:
                log.info("slow to decode: %r", self._recording.path)
                break
        self.start = decoder.start
        ring.begin_at(decoder.start)
        if ring.frames <= ring.lead and ring.complete and not decoder.end:
            reason = "damaged: nothing in it can be decoded"
            raise AudioError(self._recording.path, reason)
        return ring

    def fill(
        self, interrupted: Callable[[], bool], largest: int = 0, ahead: int = AHEAD
    ) -> None:
        """Decode until enough waits in the ring, or something else is to be done.

        Args:
            interrupted: Whether there is something else.
            largest: The most frames that the device asks for at once.
            ahead: How many frames are enough otherwise.

        Raises:
            AudioError: The file can't be decoded any more.
        """
        ring = self.ring
        ring.wanting = False
        wanted = max(ahead, 3 * largest)
        while not ring.complete and ring.frames < wanted and not interrupted():
            self._step()

    def is_full(self, largest: int = 0) -> bool:
        """Whether `fill` has nothing to do."""
        return self.ring.complete or self.ring.frames >= max(AHEAD, 3 * largest)

    def close(self) -> None:
        """Let the file go; the ring keeps what it has."""
        self._let_go()
        self._recording.close()

    def _open(self, position: float, how: How) -> Decoder:
        decoder = Decoder(self._recording, position, how.speed, how.skip, how.gain_db)
        self._decoder, self.how = decoder, how
        return decoder

    def _let_go(self) -> None:
        decoder, self._decoder = self._decoder, None
        self._blocks = iter(())
        self._leave(decoder)

    def _leave(self, decoder: Decoder | None) -> None:
        if decoder is not None:
            self._saved += decoder.saved
            self._measure(decoder)
            decoder.close()

    def _measure(self, decoder: Decoder) -> None:
        if decoder.end is not None:
            self.duration = decoder.end
            if decoder.skipped:
                log.info("%d bad packets in %r", decoder.skipped, self._recording.path)

    def _step(self) -> None:
        """Put one block into the ring, or mark it as complete."""
        try:
            pcm, start, turn = next(self._blocks)
        except StopIteration:
            self._finish()
        except AudioError:
            raise
        except Exception:
            # Whatever a hostile file brings about: what was decoded is played.
            log.exception("can't go on decoding %r", self._recording.path)
            self._finish()
        else:
            if self._unfaded:
                pcm = faded_in(pcm, FADE - self._unfaded)
                self._unfaded = max(0, self._unfaded - len(pcm) // FRAME)
            self.ring.put(pcm, start, turn)

    def _finish(self) -> None:
        if self._decoder is not None:
            self._measure(self._decoder)
        self.ring.complete = True

    # A part that is repeated

    def _repeated(
        self, decoder: Decoder, part: Part, turn: int
    ) -> Iterator[tuple[bytes, float, int]]:
        """Decode to the end of a part, then the part again and again."""
        for pcm, start in _until(decoder, part.end, self.how.speed):
            yield pcm, start, turn
        made: list[tuple[bytes, float]] | None = None
        once = 0.0  # seconds that are left out of each
        while True:
            turn += 1
            if made is None:
                self._forget()
                saved = self._saved
                made, count = [], 0
                for pcm, start in self._once(part):
                    yield pcm, start, turn
                    count += len(pcm) // FRAME
                    if made is not None and count <= _REMEMBERED:
                        made.append((pcm, start))
                    else:
                        made = None
                if count < 2 * FADE:
                    return  # there is nothing that could be repeated
                self._forget()
                once = self._saved - saved
            else:
                for pcm, start in made:
                    yield pcm, start, turn
                self._saved += once

    def _once(self, part: Part) -> Iterator[tuple[bytes, float]]:
        """Decode a part, with a soft begin and end."""
        decoder = self._open(part.start, self.how)
        done = 0
        for pcm, start in _until(decoder, part.end, self.how.speed):
            yield faded_in(pcm, done), start
            done += len(pcm) // FRAME

    def _forget(self) -> None:
        """Let a decoder go that has done its part."""
        decoder, self._decoder = self._decoder, None
        self._leave(decoder)


def _until(
    blocks: Iterable[tuple[bytes, float]], end: float, speed: float
) -> Iterator[tuple[bytes, float]]:
    """Give blocks as far as a media time, or as they go, with a soft end."""
    held: deque[tuple[bytes, float]] = deque()
    waiting = 0  # frames in them
    for pcm, start in blocks:
        left = max(0, round((end - start) * RATE / speed))
        if pcm and not left:
            break
        part = pcm[: left * FRAME]
        held.append((part, start))
        waiting += len(part) // FRAME
        while waiting - len(held[0][0]) // FRAME >= FADE:
            waiting -= len(held[0][0]) // FRAME
            yield held.popleft()
        if not pcm:
            yield pcm, start
        elif len(part) < len(pcm):
            break
    for pcm, start in held:
        waiting -= len(pcm) // FRAME
        yield faded_out(pcm, waiting), start
