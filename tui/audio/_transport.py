"""What is played, and what every command does to it.

Every change of what sounds (seek, speed, another note) is made ready beside the old one
and then swapped in by replacing one reference. So is what follows by itself: it waits
in a second ring, and the mixer goes over to that at the frame where the first is over.
It counts as begun when it is heard; until then all commands mean the one before.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio._api import RATE
from tui.audio._commands import Load
from tui.audio._deck import Deck
from tui.audio._events import (
    DeviceChanged,
    Ended,
    Failed,
    PlayerState,
    PositionChanged,
    StateChanged,
)
from tui.audio._following import Following
from tui.audio._measuring import Measuring
from tui.audio._sounding import Sounding, ms, ms_or_none
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._api import Output
    from tui.audio._commands import Prepare, SetLoop, SetLoudness
    from tui.audio._events import PlayerEvent
    from tui.audio._outputs import OutputChooser
    from tui.audio._shelf import Shelf
    from tui.audio._sound import Sound

__all__ = ["Transport"]

log = logging.getLogger(__name__)

_TICK = 0.0995
"""Seconds between two events of the position: ten a second, and room for rounding."""
_IN_STORE = 2 * RATE
"""Frames that are decoded before another file is opened beside what plays."""
_SHORTEST_MS = 50
"""A part that is shorter is not repeated: that would be a hum."""

_S = PlayerState


class Transport(Sounding):
    """Plays one recording at a time, and the one that follows it.

    All methods belong to one thread, which lets it `_work` whenever something happens.

    Args:
        output: Where to play, or what chooses it.
        emit: Called with every event.
        clock: Seconds that only grow.
        wake: Called on any thread when there is work.
        tell: Takes a loudness that was measured, on any thread.
        target_lufs: What recordings are levelled to.
        shelf: Where recordings are.
    """

    def __init__(
        self,
        output: Output | OutputChooser,
        *,
        emit: Callable[[PlayerEvent], None],
        clock: Callable[[], float],
        wake: Callable[[], None],
        tell: Callable[[SetLoudness], None],
        target_lufs: float,
        shelf: Shelf,
    ) -> None:
        super().__init__(
            output, emit=emit, clock=clock, wake=wake, target_lufs=target_lufs
        )
        self._shelf = shelf
        self._measuring = Measuring(tell, wake, shelf.measure)
        self._told_ms = 0  # the position that was last told
        self._told_at = float("-inf")

    def _wait_s(self) -> float | None:
        """Tell how long nothing is to be done; None for until somebody sends."""
        decks = [] if self._deck is None else [self._deck]
        if decks and self._following is not None:
            decks.append(self._following.deck)
        if self._asked or not all(deck.is_full(self._needed) for deck in decks):
            return 0.0
        now = self._clock()
        dues = (self._device.due(), self._end_at)
        times = [due for due in dues if due is not None]
        if self._status.state is _S.PLAYING or self._position_ms() != self._told_ms:
            times.append(self._told_at + _TICK)
        return max(0.0, min(times) - now) if times else None

    def _work(self, interrupted: Callable[[], bool]) -> None:
        """Do everything that is due.

        Raises:
            AudioError: The recording can't be decoded any more.
        """
        if self._deck is not None:
            self._deck.fill(interrupted, self._needed)
        if self._asked is not None:
            self._open_following(self._asked, interrupted)
        if self._deck is not None:
            self._look_at_following(self._deck, interrupted)
        if self._deck is not None:
            self._look_at_deck(self._deck)
        self._look_at_device()
        self._look_at_loudness()
        self._tell_position()

    # Commands

    def _load(self, load: Load) -> None:
        self._let_go()  # what sounds still goes on from its ring until the swap
        self._forget_following()
        self._resume = False
        sound = (load.sound or replace(self._sound, lufs=None)).clamped()
        self._set(
            generation=load.generation,
            path=load.path,
            state=_S.LOADING,
            position_ms=max(0, load.position_ms),
            duration_ms=None,
            saved_ms=0,
            loop_start_ms=None,
            loop_end_ms=None,
            **self._shown(sound),
        )
        self._device.want(sound=load.play)  # the device opens while the file does
        self._deck = Deck(load.path, self._shelf)
        self._cue(load.position_ms / 1000)
        self._go(_S.PLAYING if load.play else _S.PAUSED)

    def _prepare(self, prepare: Prepare | None) -> None:
        self._forget_following()
        self._plan()
        if self._status.path is not None:
            self._asked = prepare

    def _play(self) -> None:
        status = self._status
        match status.state:
            case _S.PAUSED if self._device.is_lost:
                self._resume = True
                self._device.retry()
                self._device.want(sound=True)
            case _S.PAUSED:
                self._go(_S.PLAYING)
            case _S.ENDED:
                self._cue(0.0)
                self._go(_S.PLAYING)
            case _S.FAILED if status.path is not None:
                self._try_again(status.path)
            case _:
                pass

    def _try_again(self, path: bytes) -> None:
        status, following = self._status, self._following
        prepare = self._asked if following is None else following.prepare
        self._load(Load(status.generation, path, status.position_ms, sound=self._sound))
        self._prepare(prepare)

    def _pause(self) -> None:
        self._resume = False
        if self._status.state is _S.PLAYING:
            self._go(_S.PAUSED)
        elif self._status.state is _S.PAUSED:
            self._device.want(sound=False)

    def _stop(self) -> None:
        self._let_go()
        self._forget_following()
        self._resume = False
        plan = replace(self._mixer.plan, ring=None, playing=False, following=None)
        self._change(lambda: setattr(self._mixer, "plan", plan))
        self._device.want(sound=False)
        before = self._status
        self._set(
            path=None,
            state=_S.IDLE,
            position_ms=0,
            duration_ms=None,
            loop_start_ms=None,
            loop_end_ms=None,
        )
        if self._status is before:
            # A load in the same breath was left out; whoever gave it waits for a word.
            self._emit(StateChanged(before))

    def _seek(self, position_ms: int) -> None:
        deck = self._deck
        if deck is None or self._status.state in {_S.IDLE, _S.FAILED}:
            return
        position = max(0.0, position_ms / 1000)
        if deck.duration is not None:
            position = min(position, deck.duration)
        self._cue(position)
        if self._status.state is _S.ENDED:
            self._go(_S.PAUSED)

    def _resound(self, sound: Sound) -> None:
        """Sound in another way from now on."""
        self._set(**self._shown(sound))
        deck = self._deck
        if deck is not None and deck.how != self._how():
            self._cue_again()
        following = self._following
        if following is not None and following.adapt(self._sound):
            self._cue_following(following)

    def _take_loudness(self, told: SetLoudness) -> None:
        following = self._following
        if told.generation == self._status.generation:
            self._resound(replace(self._sound, lufs=told.lufs))
        elif following is not None:
            prepared = following.prepare.generation
            if told.generation == prepared and following.measured(told.lufs):
                self._cue_following(following)

    def _set_loop(self, command: SetLoop) -> None:
        deck, status = self._deck, self._status
        if deck is None or status.state in {_S.IDLE, _S.FAILED}:
            return
        start_ms, end_ms = command.start_ms, command.end_ms
        if start_ms is not None and end_ms is not None:
            start_ms = max(0, start_ms)
            end_ms = min(end_ms, end_ms if deck.duration is None else ms(deck.duration))
        if start_ms is None or end_ms is None or end_ms - start_ms < _SHORTEST_MS:
            start_ms = end_ms = None
        if (start_ms, end_ms) == (status.loop_start_ms, status.loop_end_ms):
            return
        self._set(loop_start_ms=start_ms, loop_end_ms=end_ms)
        part = self._how().part
        if part is not None and self._reachable(deck.ring)[1] >= part.end:
            if status.state is not _S.ENDED:
                self._cue(part.start)  # who sets an end behind it means: from here back
        else:
            self._cue_again()

    def _fail(self, reason: str) -> None:
        self._let_go()
        self._resume = False
        self._plan(playing=False)
        self._device.want(sound=False)
        self._set(state=_S.FAILED)
        status = self._status
        if status.path is not None:
            self._emit(Failed(status.generation, status.path, reason))

    # What follows the recording

    def _open_following(
        self, prepare: Prepare, interrupted: Callable[[], bool]
    ) -> None:
        """Open what was asked for, when nothing else is to be done."""
        if self._deck is not None:
            # The other file may lie on a slow disk: until then this one has to last.
            self._deck.fill(interrupted, self._needed, _IN_STORE)
        if interrupted():
            return
        self._asked = None
        try:
            self._following = Following(
                prepare, self._shelf, self._sound, self._target_lufs, self._needed
            )
        except AudioError as error:
            self._emit(Failed(prepare.generation, prepare.path, error.reason))
        except Exception as error:  # what plays has nothing to do with it
            log.exception("%r can't be prepared", prepare.path)
            reason = f"something went wrong ({type(error).__name__})"
            self._emit(Failed(prepare.generation, prepare.path, reason))
        else:
            self._plan()

    def _look_at_following(self, deck: Deck, interrupted: Callable[[], bool]) -> None:
        following = self._following
        if following is None:
            return
        self._mend_following()
        try:
            following.deck.fill(interrupted, self._needed)
        except AudioError as error:
            if not self._mixer.is_over(deck.ring, following.ring):
                self._fail_following(following, error.reason)
                return
            self._go_over(following)
            raise
        if (
            self._following is following
            and self._status.state is _S.PLAYING
            and self._mixer.is_over(deck.ring, following.ring)
            and self._is_heard(self._late_frames(deck.ring) / RATE)
        ):
            self._go_over(following)

    def _go_over(self, following: Following) -> None:
        """What was prepared is heard: it is the recording now."""
        self._let_go()
        self._end_at = None
        self._deck, self._following = following.deck, None
        # No change of what is heard: nothing has to be taken back.
        self._mixer.plan = replace(
            self._mixer.plan, ring=following.ring, following=None
        )
        self._emit(Ended(self._status.generation))
        prepare = following.prepare
        position_ms = self._told_ms = self._heard_ms(playing=True)
        self._set(
            generation=prepare.generation,
            path=prepare.path,
            position_ms=position_ms,
            duration_ms=ms_or_none(following.deck.duration),
            saved_ms=0,
            loop_start_ms=None,
            loop_end_ms=None,
            **self._shown(following.sound),
        )
        if following.deck.how != self._how():  # it became known too late
            self._cue_again()

    # What happens by itself

    def _look_at_deck(self, deck: Deck) -> None:
        self._set(duration_ms=ms_or_none(deck.duration))
        if (
            self._status.state is _S.PLAYING
            and self._following is None
            and self._asked is None
            and self._mixer.finished is deck.ring
            and (not self._device.depth or self._is_heard(self._device.latency))
        ):
            self._end_at = None
            self._plan(playing=False)
            self._device.want(sound=False)
            end_ms = self._status.duration_ms or ms(deck.ring.position) or 0
            self._set(state=_S.ENDED, position_ms=end_ms)
            self._told_ms = end_ms
            self._emit(Ended(self._status.generation))

    def _look_at_device(self) -> None:
        device, status = self._device, self._status
        device.check()
        if (device.name, device.problem) != (status.output, status.device_problem):
            self._set(output=device.name, device_problem=device.problem)
            self._emit(DeviceChanged(device.name, device.problem))
        if device.is_lost and status.state is _S.PLAYING:
            self._go(_S.PLAYING)  # which remembers that it is wanted
        elif self._resume and device.is_open:
            self._resume = False
            self._go(_S.PLAYING)

    def _look_at_loudness(self) -> None:
        """Have measured what is to be levelled and was not measured before."""
        wanted: list[tuple[int, bytes]] = []
        status, following = self._status, self._following
        if self._deck is not None and status.path is not None:
            if status.level and status.lufs is None:
                wanted.append((status.generation, status.path))
            if following is not None:
                sound, prepare = following.sound, following.prepare
                if sound.level and sound.lufs is None:
                    wanted.append((prepare.generation, prepare.path))
        self._measuring.want(wanted)

    def _tell_position(self) -> None:
        now = self._clock()
        if now < self._told_at + _TICK:
            return
        self._told_at = now
        position_ms = self._position_ms()
        if self._deck is not None and self._status.skip:
            self._set(saved_ms=ms(self._deck.saved))
        if position_ms != self._told_ms or self._stands_still():
            self._told_ms = position_ms
            self._status = replace(self._status, position_ms=position_ms)
            self._emit(PositionChanged(self._status.generation, position_ms))

    def _stands_still(self) -> bool:
        """Whether it plays on at the same place, which has to be told as well.

        It may be in the silence before a recording, or there again after a round. A
        player that heard nothing would take it for stuck.
        """
        deck, status = self._deck, self._status
        is_round = status.loop_end_ms is not None
        return (
            status.state is _S.PLAYING
            and deck is not None
            and (is_round or deck.ring.is_leading)
        )
