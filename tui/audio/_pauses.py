"""Leaving out pauses without losing a word.

A frame of 10 ms counts as a pause when it is hardly louder than the noise of the place:
what the softest of the last seconds had. Noise that stays the same differs little from
one frame to the next, so a soft F or S in it is noticed, though no voice detector hears
it; and where the detector of WebRTC hears speech, less is enough. Loudness is measured
twice, on what rises and falls quickly and on what does so less quickly; so neither the
rumble of a car nor a hum hides a word or is taken for one. A pause is cut when it is
long enough; what is kept of it stands about half before and half behind the cut, and
both sides are blended there. Every block keeps its media time, so the position that is
shown stays true to the file.
"""

from __future__ import annotations

import logging
from array import array
from collections import deque
from operator import sub
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
_MEMORY = 500
"""Ticks from which the noise of the place is told: 5 s."""
_NEWS = 10
"""Every so many ticks that is done anew."""
_LEAST = 100
"""Without so many ticks nothing is known of the noise: then all is kept."""
_SOFT_SHARE = 0.04
"""The share of those ticks that is noise alone, even while somebody speaks on and on:
in 5 s there are closed lips and drawn breaths for 0.2 s."""
_QUIET = 3.0
"""The change from sample to sample up to which nothing is ever taken for sound: the
last bits of what is silent."""
_DOUBTFUL = 1.25
"""How many times the noise a sound is at least, when the detector hears a voice. Noise
alone is that in one tick of a hundred; a voice that is less is drowned by it."""
_STEP = 3
"""Every which sample is looked at."""
_APART = (1, 8)
"""Samples between the two that are compared: with 1 it is an S that is heard best, with
8 an M, and both hardly hear what is below 100 Hz."""


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
    above: float
    """How many times the noise a sound is at least, when the detector hears none."""


STRENGTHS = (
    Strength(0, 0, 0, 0, 1.0),  # off
    Strength(100, 16, 20, 0, 1.6),
    Strength(60, 14, 15, 0, 1.7),
    Strength(35, 12, 12, 1, 1.8),
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
        self._detector = _Detector(self._strength)
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
    """Tells sound from silence, 10 ms at a time.

    Args:
        way: How sure it must be.
    """

    def __init__(self, way: Strength) -> None:
        self._above = way.above
        self._changes = [deque[float](maxlen=_MEMORY) for _ in _APART]
        self._noise = [0.0 for _ in _APART]
        self._heard = 0
        self._vad = None
        try:
            import webrtcvad
        except ImportError:
            _log.warning("without webrtcvad pauses are told by loudness alone")
        else:
            self._vad = webrtcvad.Vad(way.detector)

    def hears(self, tick: bytes) -> bool:
        """Tell whether a tick may belong to a word."""
        if len(tick) != _TICK * FRAME:
            return False  # the very end, and shorter than any sound of speech
        above = self._above_noise(array("h", tick))
        if not above:
            return False
        if self._heard < _LEAST or above > self._above:
            return True
        if self._vad is None:
            return False
        # Asked for each: it gets to know the place as well.
        return self._vad.is_speech(tick, RATE) and above > _DOUBTFUL

    def _above_noise(self, samples: array[int]) -> float:
        """Tell how many times the noise a tick is; 0 for silence."""
        self._heard += 1
        most = 0.0
        is_silent = True
        for number, apart in enumerate(_APART):
            ones, others = samples[::_STEP], samples[apart::_STEP]
            change = sum(map(abs, map(sub, ones, others))) / (_TICK // _STEP)
            changes = self._changes[number]
            changes.append(change)
            if self._heard % _NEWS == 0 or self._heard == 1:
                softest = sorted(changes)[int(len(changes) * _SOFT_SHARE)]
                self._noise[number] = max(_QUIET, softest)
            most = max(most, change / self._noise[number])
            is_silent = is_silent and change <= _QUIET
        return 0.0 if is_silent else most


def _blended(tail: bytes, tick: bytes) -> bytes:
    """Let one sound pass over into another, at the beginning of the other."""
    old, new = array("h", tail), array("h", tick)
    count = min(len(old), len(new))
    for i in range(count):
        share = (i + 1) / (count + 1)
        new[i] = round(old[i] * (1 - share) + new[i] * share)
    return new.tobytes()
