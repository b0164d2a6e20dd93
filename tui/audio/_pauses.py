"""Leaving out pauses without losing a word.

A frame of 10 ms counts as a pause when the voice detector of WebRTC hears no speech in
it and it is hardly louder than the quietest of the last seconds: the one alone misses
the soft beginning of an F or S, the other takes a fan for a voice. A pause is cut when
it is long enough; what is kept of it stands about half before and half behind the cut,
and both sides are blended there. Every block keeps its media time, so the position that
is shown stays true to the file.
"""

from __future__ import annotations

import logging
from array import array
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from tui.audio._api import RATE
from tui.audio._ring import FRAME

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

__all__ = ["STRENGTHS", "PauseCutter", "Strength"]

_log = logging.getLogger(__name__)

_TICK = RATE // 100
"""Frames that are judged together: 10 ms."""
_BLEND = RATE // 200
"""Frames over which both sides of a cut are blended: 5 ms."""
_FLOOR_TICKS = 200
"""The quietest of so many ticks is taken for the noise of the place: 2 s."""
_QUIET = 30
"""Peak (of 32767) up to which nothing is ever taken for sound."""
_ABOVE = 2.0
"""How many times the noise a sound is at least."""
_SOFTEST = 0.02
"""The share of the loudest of the last seconds above which nothing counts as noise:
while somebody speaks on and on, the quietest is a part of a word."""


class Strength(NamedTuple):
    """How much is left out; in ticks of 10 ms."""

    shortest: int
    """Pauses up to this length stay as they are."""
    before: int
    """Kept before a cut: words end softly."""
    after: int
    """Kept behind a cut: how long before the detector hears it a word may begin."""
    detector: int
    """The detector's own mode, 0 to 3: how sure it must be of speech."""


STRENGTHS = (
    Strength(0, 0, 0, 0),  # off
    Strength(100, 16, 20, 0),
    Strength(60, 12, 15, 0),
    Strength(35, 9, 12, 1),
)
"""By number: 0 leaves out nothing, 3 the most."""


class PauseCutter:
    """Takes decoded sound, gives it without its pauses.

    Args:
        strength: A number of STRENGTHS, from 1 on.
        speed: Media seconds in a second of sound.
    """

    def __init__(self, strength: int, speed: float) -> None:
        self._strength = STRENGTHS[strength]
        self._detector = _Detector(self._strength.detector)
        self._speed = speed
        self._quiet = 0
        """Ticks since the last sound."""
        self._held: deque[tuple[bytes, float]] = deque()
        """Ticks of a pause that may be left out."""
        self._is_cut = False
        self._tail = b""
        """The last frames before the cut, to be blended with what follows."""
        self.saved = 0.0
        """Seconds of media time that were left out until now."""

    def run(
        self, blocks: Iterable[tuple[bytes, float]]
    ) -> Generator[tuple[bytes, float]]:
        """Give the blocks without their pauses.

        Args:
            blocks: Sound with the media time of its first frame. An empty one is passed
                on, so that one can look elsewhere meanwhile.
        """
        rest, start = b"", 0.0
        for pcm, at in blocks:
            if not rest:
                start = at
            rest += pcm
            given = False
            while len(rest) >= _TICK * FRAME:
                tick, rest = rest[: _TICK * FRAME], rest[_TICK * FRAME :]
                for made in self._take(tick, start):
                    given = True
                    yield made
                start += _TICK * self._speed / RATE
            if not given:
                yield b"", at
        if rest:
            yield from self._take(rest, start)
        yield from self._end()

    def _take(self, tick: bytes, at: float) -> Iterator[tuple[bytes, float]]:
        """Judge a tick, and give what is known to be kept."""
        way = self._strength
        if self._detector.hears(tick):
            yield from self._resume()
            self._quiet = 0
            yield tick, at
            return
        self._quiet += 1
        if self._quiet <= way.before:
            yield tick, at
            return
        self._held.append((tick, at))
        if self._quiet > way.shortest:
            # From here on it is long enough; only what may begin a word is kept.
            while len(self._held) > way.after + 1:
                self._drop(self._held.popleft()[0])

    def _drop(self, tick: bytes) -> None:
        if not self._is_cut:
            self._is_cut = True
            self._tail = tick[: _BLEND * FRAME]
        self.saved += len(tick) / FRAME / RATE * self._speed

    def _resume(self) -> Iterator[tuple[bytes, float]]:
        """Give what was held back: all of it, or what follows a cut."""
        while self._held:
            tick, at = self._held.popleft()
            if self._is_cut:
                self._is_cut = False
                tick = _blended(self._tail, tick)
            yield tick, at

    def _end(self) -> Iterator[tuple[bytes, float]]:
        """Give what is left; a long pause at the end is no longer one."""
        if self._is_cut:
            for tick, _ in self._held:
                self._drop(tick)
            self._held.clear()
        yield from self._resume()


class _Detector:
    """Tells sound from silence, 10 ms at a time."""

    def __init__(self, mode: int) -> None:
        self._peaks: deque[int] = deque(maxlen=_FLOOR_TICKS)
        self._vad = None
        try:
            import webrtcvad
        except ImportError:
            _log.warning("without webrtcvad pauses are told by loudness alone")
        else:
            self._vad = webrtcvad.Vad(mode)

    def hears(self, tick: bytes) -> bool:
        """Tell whether a tick may belong to a word."""
        samples = memoryview(tick).cast("h")
        peaks = self._peaks
        low, high = min(samples), max(samples)
        peaks.append(max(-low, high))
        if peaks[-1] <= _QUIET:
            return False
        calm, loud = min(peaks), max(peaks)
        noise = min(calm, _SOFTEST * loud)
        if peaks[-1] > _ABOVE * max(noise, _QUIET):
            return True
        if self._vad is None or len(tick) != _TICK * FRAME:
            return False
        return bool(self._vad.is_speech(tick, RATE))


def _blended(tail: bytes, tick: bytes) -> bytes:
    """Let one sound pass over into another, at the beginning of the other."""
    old, new = array("h", tail), array("h", tick)
    count = min(len(old), len(new))
    for i in range(count):
        share = (i + 1) / (count + 1)
        new[i] = round(old[i] * (1 - share) + new[i] * share)
    return new.tobytes()
