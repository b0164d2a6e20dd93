"""The recording that is in the player: its file, its decoder and its ring."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from tui.audio._api import RATE
from tui.audio._decode import Decoder, Recording
from tui.audio._ring import Ring
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["AHEAD", "Deck"]

log = logging.getLogger(__name__)

AHEAD = RATE // 2
"""Frames decoded ahead: 500 ms. They cost no delay, since a change swaps the ring."""
_PREFILL = RATE // 10
"""Frames decoded before a ring is handed over."""
_PATIENCE = 0.25
"""Seconds after which a ring is handed over with less."""


class Deck:
    """Opens a recording and keeps a ring filled from any position.

    Belongs to one thread.

    Args:
        path: The absolute path.

    Raises:
        AudioError: The file can't be opened.
    """

    def __init__(self, path: bytes) -> None:
        self._recording = Recording(path)
        self._decoder: Decoder | None = None
        self._blocks: Iterator[tuple[bytes, float]] = iter(())
        self._saved = 0.0
        self.ring = Ring(0.0, 1.0)
        self.start = 0.0
        """Media time in seconds where the ring began."""
        self.duration: float | None = None
        """Seconds; from the header, and measured when the end was decoded."""

    @property
    def saved(self) -> float:
        """Seconds of pauses that were left out since the last cue."""
        return self._saved if self._decoder is None else self._decoder.saved

    def cue(
        self, position: float, speed: float, largest: int = 0, skip: int = 0
    ) -> Ring:
        """Begin a new ring; the old one keeps what it has.

        Args:
            position: Media time in seconds; behind the end means the end.
            speed: How many times faster.
            largest: The most frames that the device asks for at once.
            skip: How many of the pauses to leave out.

        Raises:
            AudioError: The file can't be decoded.
        """
        self._let_go()
        self._decoder = decoder = Decoder(self._recording, position, speed, skip)
        if self.duration is None:
            self.duration = decoder.duration
        self._blocks = iter(decoder)
        self.ring = Ring(decoder.start, speed)
        until = time.monotonic() + _PATIENCE
        wanted = max(_PREFILL, 2 * largest)
        while not self.ring.complete and self.ring.frames < wanted:
            self._step()
            if time.monotonic() > until:
                log.info("slow to decode: %r", self._recording.path)
                break
        self.start = decoder.start
        if not self.ring.frames:
            self.ring.position = decoder.start
            if self.ring.complete and not decoder.end:
                reason = "damaged: nothing in it can be decoded"
                raise AudioError(self._recording.path, reason)
        return self.ring

    def fill(self, interrupted: Callable[[], bool], largest: int = 0) -> None:
        """Decode until enough waits in the ring, or something else is to be done."""
        ring = self.ring
        ring.wanting = False
        wanted = max(AHEAD, 3 * largest)
        while not ring.complete and ring.frames < wanted and not interrupted():
            self._step()

    def is_full(self, largest: int = 0) -> bool:
        """Whether `fill` has nothing to do."""
        return self.ring.complete or self.ring.frames >= max(AHEAD, 3 * largest)

    def close(self) -> None:
        """Let the file go; the ring keeps what it has."""
        self._let_go()
        self._recording.close()

    def _let_go(self) -> None:
        decoder, self._decoder = self._decoder, None
        self._blocks = iter(())
        if decoder is not None:
            self._saved = decoder.saved
            decoder.close()

    def _step(self) -> None:
        """Put one block into the ring, or mark it as complete."""
        try:
            pcm, start = next(self._blocks)
        except StopIteration:
            self._finish()
        except AudioError:
            raise
        except Exception:
            # Whatever a hostile file brings about: what was decoded is played.
            log.exception("can't go on decoding %r", self._recording.path)
            self._finish()
        else:
            self.ring.put(pcm, start)

    def _finish(self) -> None:
        decoder = self._decoder
        if decoder is not None and decoder.end is not None:
            self.duration = decoder.end
            if decoder.skipped:
                log.info("%d bad packets in %r", decoder.skipped, self._recording.path)
        self.ring.complete = True
