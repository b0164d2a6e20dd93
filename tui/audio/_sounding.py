"""What sounds now and where it is: the deck, the mixer and the device as one.

Every change of what sounds (seek, speed, another note) is made ready beside the old one
and then swapped in by replacing one reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.audio._api import RATE
from tui.audio._deck import How, Part
from tui.audio._device import Device
from tui.audio._events import Failed, PlayerState
from tui.audio._mixer import UNITY, Mixer, Plan
from tui.audio._published import Published
from tui.audio._sound import gain_db
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._api import Output
    from tui.audio._commands import Prepare
    from tui.audio._deck import Deck
    from tui.audio._events import PlayerEvent
    from tui.audio._following import Following
    from tui.audio._outputs import OutputChooser
    from tui.audio._ring import Ring
    from tui.audio._sound import Sound

__all__ = ["Sounding", "ms", "ms_or_none"]

_S = PlayerState


class Sounding(Published):
    """Has one recording sound, and another one behind it.

    All methods belong to one thread.

    Args:
        output: Where to play, or what chooses it.
        emit: Called with every event.
        clock: Seconds that only grow.
        wake: Called on any thread when there is work.
        target_lufs: What recordings are levelled to.
    """

    def __init__(
        self,
        output: Output | OutputChooser,
        *,
        emit: Callable[[PlayerEvent], None],
        clock: Callable[[], float],
        wake: Callable[[], None],
        target_lufs: float,
    ) -> None:
        super().__init__(emit)
        self._clock = clock
        self._target_lufs = target_lufs
        self._mixer = Mixer(wake)
        self._device = Device(
            output,
            self._mixer.pull,
            begin=self._mixer.reset,
            clock=clock,
            wake=wake,
            rewind=self._take_back,
        )
        self._deck: Deck | None = None
        self._asked: Prepare | None = None  # what shall follow, not opened yet
        self._following: Following | None = None
        self._resume = False  # to be played as soon as the device is back
        self._end_at: float | None = None  # when what was given last will be heard

    @property
    def _needed(self) -> int:
        """The most frames that the device may ask for at once."""
        return max(self._mixer.largest, self._device.depth)

    def _shown(self, sound: Sound) -> dict[str, float | int | bool | None]:
        """Give the fields of the status that tell how it sounds."""
        return {
            "speed": sound.speed,
            "skip": sound.skip,
            "level": sound.level,
            "boost_db": sound.boost_db,
            "lufs": sound.lufs,
            "gain_db": gain_db(sound, self._target_lufs),
        }

    def _how(self) -> How:
        status = self._status
        part = None
        if status.loop_start_ms is not None and status.loop_end_ms is not None:
            part = Part(status.loop_start_ms / 1000, status.loop_end_ms / 1000)
        return How(status.speed, status.skip, status.gain_db, part)

    # What is to be heard

    def _cue(self, position: float, *, follow: bool = False, turn: int = 0) -> None:
        """Swap in the recording from a position on.

        Args:
            position: Seconds.
            follow: Go on where the old sound is by then, instead of exactly there.
            turn: How often the old sound had jumped back at that position.
        """
        deck = self._deck
        if deck is None:
            return
        old = deck.ring
        leads = follow and old.is_leading
        ring = deck.cue(position, self._how(), self._needed, leads=leads, turn=turn)
        self._plan(ring=ring, after=old if follow else None)
        self._set(duration_ms=ms_or_none(deck.duration))
        self._mend_following()

    def _cue_again(self) -> None:
        """Have what comes next decoded in another way."""
        if self._deck is not None and self._status.state is not _S.ENDED:
            turn, position = self._reachable(self._deck.ring)
            self._cue(position, follow=True, turn=turn)

    def _reachable(self, ring: Ring) -> tuple[int, float]:
        """Where the sound that may still be changed begins: its turn and second."""
        return ring.place(self._late_frames(ring) if self._device.depth else 0)

    def _late_frames(self, ring: Ring) -> int:
        """How much of a ring was given to the device and not heard."""
        late = round(self._device.latency * RATE)
        following = self._following
        if following is not None and self._mixer.is_over(ring, following.ring):
            late -= following.ring.taken
        if self._end_at is not None and self._mixer.finished is ring:
            # Silence was given behind it since.
            late = min(late, round((self._end_at - self._clock()) * RATE))
        return max(0, late)

    def _plan(
        self,
        *,
        ring: Ring | None = None,
        playing: bool | None = None,
        after: Ring | None = None,
    ) -> None:
        """Tell the mixer, by one reference, what is to be heard.

        Args:
            ring: Another sound.
            playing: Whether it is to be heard.
            after: The sound that the other one goes on from, wherever it is.
        """
        plan, status = self._mixer.plan, self._status
        following = self._following
        new = Plan(
            plan.ring if ring is None else ring,
            plan.playing if playing is None else playing,
            # Loudness is felt by the square, about.
            0 if status.muted else round(UNITY * status.volume**2),
            None if following is None else following.ring,
        )
        if new == plan:
            return

        def swap() -> None:
            if ring is not None and after is not None:
                ring.follow(after)
            self._mixer.plan = new

        self._change(swap)

    def _take_back(self, frames: int) -> int:
        """Have frames given again, to another device: no end among them was heard."""
        self._end_at = None
        return self._mixer.rewind(frames)

    def _change(self, swap: Callable[[], None]) -> None:
        self._end_at = None  # an end that was not heard yet may be none any more
        self._device.change(self._mixer.rewind, swap)

    def _go(self, state: PlayerState) -> None:
        """Play, or be silent."""
        playing = state is _S.PLAYING
        if playing and self._device.is_lost:
            self._resume = True
            state, playing = _S.PAUSED, False
        self._plan(playing=playing)
        self._device.want(sound=playing or self._resume)
        self._set(state=state, position_ms=self._heard_ms(playing=playing))

    def _let_go(self) -> None:
        deck, self._deck = self._deck, None
        if deck is not None:
            deck.close()

    # What comes behind it

    def _forget_following(self) -> None:
        self._asked = None
        following, self._following = self._following, None
        if following is not None:
            following.deck.close()

    def _cue_following(self, following: Following) -> None:
        """Make it ready again, unless the mixer has gone over: then see `_go_over`."""
        deck = self._deck
        if deck is not None and self._mixer.is_over(deck.ring, following.ring):
            return
        try:
            following.cue(self._needed)
        except AudioError as error:
            self._fail_following(following, error.reason)
        self._plan()

    def _mend_following(self) -> None:
        """Make it whole again when the mixer had begun it too early."""
        deck, following = self._deck, self._following
        if deck is None or following is None or not following.ring.taken:
            return
        if not self._mixer.is_over(deck.ring, following.ring):
            self._cue_following(following)

    def _fail_following(self, following: Following, reason: str) -> None:
        self._forget_following()
        self._plan()
        prepare = following.prepare
        self._emit(Failed(prepare.generation, prepare.path, reason))

    # Where it is

    def _position_ms(self) -> int:
        """Tell what is heard now."""
        status = self._status
        if status.state in {_S.PLAYING, _S.PAUSED}:
            return self._heard_ms(playing=status.state is _S.PLAYING)
        return status.position_ms

    def _heard_ms(self, *, playing: bool) -> int:
        deck = self._deck
        if deck is None:
            return self._status.position_ms
        late = self._late_frames(deck.ring) if playing else 0
        return ms(deck.ring.place(late)[1])

    def _is_heard(self, left_s: float) -> bool:
        """Whether what was given to the device has come to the ear.

        Args:
            left_s: How long that takes, unless it is underway already.
        """
        if self._end_at is None:
            self._end_at = self._clock() + left_s
        return self._clock() >= self._end_at


def ms(seconds: float) -> int:
    """Give milliseconds."""
    return round(seconds * 1000)


def ms_or_none(seconds: float | None) -> int | None:
    """Give milliseconds, if there is a time."""
    return None if seconds is None else ms(seconds)
