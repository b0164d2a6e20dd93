"""What the device asks for sound: fades, cross-fades and volume, frame by frame.

Everything here runs on the device's thread and never waits. The engine tells what it
wants by replacing one reference, the plan; the mixer walks there without a step in the
sound: every begin, end and change of volume follows a raised cosine of 5 ms. Of a
change from one sound to another, the new one begins when the old one is half gone: so
their sum never bends more than each of them does, which a plain cross-fade of two
equal tones in opposite phase would.

A plan may name the sound that follows: then the mixer goes over to it by itself, at the
frame where the one before is over.

An output that holds much sound ready may take it back when the plan changes. So the
mixer remembers how it stood before each of the last pulls, and can go back to any frame
of the last half second.
"""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tui.audio._api import RATE
from tui.audio._fades import CURVE, FADE, UNITY
from tui.audio._ring import FRAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._ring import Ring

__all__ = ["FADE", "LOW", "UNITY", "Mixer", "Plan"]

_OVERLAP = FADE // 2
LOW = RATE // 4
"""Frames in the ring below which the mixer asks for more."""
_HISTORY = RATE // 2
"""Frames that the mixer can go back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall be heard; replaced as a whole."""

    ring: Ring | None = None
    playing: bool = False
    gain: int = UNITY
    following: Ring | None = None
    """What comes when the ring is over."""


class _Voice:
    """One ring, fading in and out.

    A fade that began is completed: to turn round in the middle would be a bend.
    """

    __slots__ = (
        "_step",
        "after",
        "begin",
        "delay",
        "level",
        "ring",
        "starved",
        "wanted",
    )

    def __init__(self, ring: Ring, delay: int, after: Ring | None = None) -> None:
        self.ring = ring
        self.after = after
        """The ring that it went over from, if it did so by itself."""
        self.begin = ring.taken
        """How far its ring was when it began."""
        self.level = 0
        self.wanted = False
        """Whether it shall be heard."""
        self.delay = delay
        """Frames of silence before it begins."""
        self.starved = False
        self._step = 0

    def state(self) -> _VoiceState:
        """How it stands, to come back to."""
        taken = self.ring.taken
        return self, self.level, self.wanted, self.delay, self._step, taken

    def restore(self, state: _VoiceState) -> None:
        """Stand as before."""
        _, self.level, self.wanted, self.delay, self._step, taken = state
        self.starved = False
        self.ring.give_back(self.ring.taken - taken)

    def is_silent(self) -> bool:
        return self.level == 0 and not self.wanted

    def is_finished(self) -> bool:
        return (
            self.wanted
            and not self.delay
            and self.ring.complete
            and not self.ring.frames
        )

    def is_of(self, plan: Plan) -> bool:
        """Whether it is what shall be heard by now."""
        is_next = self.after is not None and self.after is plan.ring
        return self.ring is (plan.following if is_next else plan.ring)

    def frames_until_half_gone(self) -> int:
        """Tell when another sound may begin, if this one leaves now."""
        if self._step > 0:
            return FADE - self.level + _OVERLAP
        return max(0, self.level - (FADE - _OVERLAP))

    def render(self, frames: int) -> bytes | array[int]:
        """Give the next frames; what is missing at the end is silence."""
        complete = self.ring.complete  # looked at first: it is set after the last put
        left = self.ring.frames
        if self.wanted and self.level == FADE and left >= frames + FADE:
            return self.ring.take(frames)
        delay = min(self.delay, frames)
        self.delay -= delay
        count = min(frames - delay, left)
        if not self.wanted:
            count = min(count, self._frames_to_go())
        was_heard = self.level > 0
        pcm = array("h", bytes(delay * FRAME) + self.ring.take(count))
        self._fade(pcm, delay, left)
        missing = self.wanted and count < frames - delay
        self.starved = missing and not complete and was_heard
        return pcm

    def _frames_to_go(self) -> int:
        """How long it is heard, when it shall not be."""
        return self.level if self._step <= 0 else 2 * FADE - self.level

    def _fade(self, pcm: array[int], begin: int, left: int) -> None:
        """Scale samples from one on, of which so many are left in the ring."""
        level, step = self.level, self._step
        # Too short to fade in and out: to turn round in the middle would be a bend.
        is_scrap = self.ring.complete and left < 2 * FADE
        for i in range(begin, len(pcm)):
            if level in {0, FADE}:
                step = 1 if self.wanted and (level or not is_scrap) else -1
            if level + step >= left:
                # It ends, or the decoder is late: be silent when there is no more.
                step = -1
                level = left
            level = max(0, min(FADE, level + step))
            if level < FADE:
                pcm[i] = pcm[i] * CURVE[level] >> 15
            left -= 1
        self.level, self._step = min(level, left), step


_VoiceState = tuple[_Voice, int, bool, int, int, int]
"""A voice; its level, whether it is wanted, its delay and step, what its ring gave."""


class _Gain:
    """The volume, changed without a step."""

    def __init__(self) -> None:
        self._from = UNITY
        self._to = UNITY
        self._left = 0

    def state(self) -> tuple[int, int, int]:
        """How it stands, to come back to."""
        return self._from, self._to, self._left

    def restore(self, state: tuple[int, int, int]) -> None:
        """Stand as before."""
        self._from, self._to, self._left = state

    def jump(self, gain: int) -> None:
        """Have another gain at once, while nothing is heard."""
        self._from = self._to = gain
        self._left = 0

    def apply(self, pcm: bytes | array[int], gain: int) -> bytes:
        """Scale sound, on the way to a gain; a ramp that began is completed."""
        if not self._left and gain == self._to:
            if gain == UNITY:
                return pcm if isinstance(pcm, bytes) else pcm.tobytes()
            if not gain:
                return b""
            samples = pcm if isinstance(pcm, array) else array("h", pcm)
            return array("h", [x * gain >> 15 for x in samples]).tobytes()
        samples = pcm if isinstance(pcm, array) else array("h", pcm)
        for i, x in enumerate(samples):
            if not self._left and gain != self._to:
                self._from, self._to, self._left = self._to, gain, FADE
            samples[i] = x * self._now() >> 15
            self._left = max(0, self._left - 1)
        return samples.tobytes()

    def _now(self) -> int:
        return self._to + ((self._from - self._to) * CURVE[self._left] >> 15)


class _Moment(NamedTuple):
    """How the mixer stood before a pull."""

    frames: int
    """How many the pull was for."""
    plan: Plan
    voice: _VoiceState | None
    leaving: tuple[_VoiceState, ...]
    gain: tuple[int, int, int]
    finished: Ring | None
    begun: list[_Voice]
    """Those that began in the pull."""


class Mixer:
    """Follows the plan.

    Args:
        wake: Called on the device's thread when the engine should look: the ring runs
            low, or the sound is over. Must not wait.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.plan = Plan()
        self._wake = wake
        self._voice: _Voice | None = None
        self._begun: list[_Voice] = []
        self._leaving: list[_Voice] = []
        self._gain = _Gain()
        self._past: deque[_Moment] = deque()
        self._kept = 0
        self.finished: Ring | None = None
        """The ring that was last played to its end."""
        self.largest = 0
        """The most frames that the device asked for at once."""
        self.starved = 0
        """How often the decoder was late."""

    @property
    def is_silent(self) -> bool:
        """Whether nothing is heard, nor on its way out."""
        return not self._leaving and (self._voice is None or self._voice.level == 0)

    def is_over(self, ring: Ring, following: Ring) -> bool:
        """Tell whether it has gone over from one ring to the one that follows."""
        voice = self._voice
        return voice is not None and voice.ring is following and voice.after is ring

    def reset(self) -> None:
        """Begin from silence; only while no device asks for sound."""
        self._leaving.clear()
        self._past.clear()
        self._kept = 0
        if self._voice is not None:
            self._voice = _Voice(self._voice.ring, 0, self._voice.after)

    def pull(self, frames: int) -> bytes:
        """Give the device exactly so many frames."""
        self.largest = max(self.largest, frames)
        plan = self.plan
        self._remember(frames, plan)
        return self._render(frames, plan)

    def rewind(self, frames: int) -> int:
        """Go back to where some frames were not asked for yet.

        What was given since is forgotten: the next pull gives it anew, after the plan
        that there is then. Only on the device's thread, or while that waits.

        Args:
            frames: How many; at most half a second is remembered.

        Returns:
            How many it went back.
        """
        back = 0
        moment = None
        voices = {each for each in (self._voice, *self._leaving) if each}
        while back < frames and self._past:
            moment = self._past.pop()
            self._kept -= moment.frames
            back += moment.frames
            voices |= {each[0] for each in (moment.voice, *moment.leaving) if each}
            voices.update(moment.begun)
        if moment is None:
            return 0
        self._restore(moment, voices)
        if (more := back - frames) > 0:
            self._remember(more, moment.plan)
            self._render(more, moment.plan)
        return min(back, frames)

    def _restore(self, moment: _Moment, voices: set[_Voice]) -> None:
        """Stand as at a moment; voices that began later give all back."""
        states = [each for each in (moment.voice, *moment.leaving) if each]
        for voice in voices - {state[0] for state in states}:
            # Two may have had the same ring: whoever is first gives back for both.
            voice.ring.give_back(max(0, voice.ring.taken - voice.begin))
        for state in states:
            state[0].restore(state)
        self._voice = moment.voice[0] if moment.voice else None
        self._leaving = [state[0] for state in moment.leaving]
        self._gain.restore(moment.gain)
        self.finished = moment.finished

    def _remember(self, frames: int, plan: Plan) -> None:
        voice = None if self._voice is None else self._voice.state()
        leaving = tuple(each.state() for each in self._leaving)
        gain = self._gain.state()
        self._begun = []
        self._past.append(
            _Moment(frames, plan, voice, leaving, gain, self.finished, self._begun)
        )
        self._kept += frames
        while self._kept - self._past[0].frames >= _HISTORY:
            self._kept -= self._past.popleft().frames

    def _render(self, frames: int, plan: Plan) -> bytes:
        voice = self._follow(plan)
        if not self._leaving and (voice is None or voice.is_silent()):
            self._gain.jump(plan.gain)
            return bytes(frames * FRAME)
        pcm: bytes | array[int] = b""
        if voice is not None:
            pcm = voice.render(frames)
            self._look(voice)
            following = plan.following if voice.ring is plan.ring else None
            # One that was begun before, behind another sound, is made anew first.
            if following is not None and not following.taken and voice.is_finished():
                pcm = self._go_over(following, pcm, frames)
        for old in self._leaving:
            pcm = _add(pcm, old.render(frames))
        self._leaving = [old for old in self._leaving if old.level]
        return self._gain.apply(pcm, plan.gain).ljust(frames * FRAME, b"\0")

    def _go_over(
        self, ring: Ring, pcm: bytes | array[int], frames: int
    ) -> bytes | array[int]:
        """Begin what follows at the end of what was made of this pull."""
        old = None if self._voice is None else self._voice.ring
        made = len(memoryview(pcm).cast("B")) // FRAME
        voice = self._begin(ring, made, old)
        voice.wanted = True
        pcm = _add(pcm, voice.render(frames))
        self._look(voice)
        return pcm

    def _begin(self, ring: Ring, delay: int, after: Ring | None = None) -> _Voice:
        waits = [old.frames_until_half_gone() for old in self._leaving]
        self._voice = voice = _Voice(ring, max(delay, *waits, 0), after)
        self._begun.append(voice)
        return voice

    def _follow(self, plan: Plan) -> _Voice | None:
        voice = self._voice
        if voice is None or not voice.is_of(plan):
            if voice is not None and voice.level:
                voice.wanted = False
                self._leaving.append(voice)
            voice = self._voice = None
            if plan.ring is not None:
                voice = self._begin(plan.ring, 0)
        if voice is not None:
            voice.wanted = plan.playing
        return voice

    def _look(self, voice: _Voice) -> None:
        ring = voice.ring
        if voice.starved:
            self.starved += 1
        if voice.is_finished():
            if self.finished is not ring:
                self.finished = ring
                self._wake()
        elif not ring.complete and not ring.wanting and ring.frames < LOW:
            ring.wanting = True
            self._wake()


def _add(pcm: bytes | array[int], more: bytes | array[int]) -> array[int]:
    """Sum two sounds that begin together."""
    total = pcm if isinstance(pcm, array) else array("h", pcm)
    if len(total) < len(more):
        total.extend([0] * (len(more) - len(total)))
    other = more if isinstance(more, array) else array("h", more)
    for i, x in enumerate(other):
        total[i] = max(-32768, min(32767, total[i] + x))
    return total
