"""The background audio-player thread: takes commands, decodes ahead, tells events.

Three threads, none of which ever waits for another: whoever calls `send` puts a
command into the queue; the engine's thread takes it, owns all decoders, keeps the ring
full and publishes the state; the device's thread asks the mixer for sound. Every change
of what sounds (seek, speed, another note) is made ready beside the old one and then
swapped in by replacing one reference.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, assert_never

from tui.audio._commands import (
    Load,
    Pause,
    Play,
    Quit,
    Seek,
    SeekBy,
    SetMuted,
    SetSkip,
    SetSpeed,
    SetVolume,
    Stop,
    Toggle,
    coalesce,
)
from tui.audio._deck import Deck
from tui.audio._device import Device
from tui.audio._events import (
    DeviceChanged,
    Ended,
    Failed,
    PlayerState,
    PlayerStatus,
    PositionChanged,
    StateChanged,
)
from tui.audio._mixer import UNITY, Mixer, Plan
from tui.audio._pauses import STRENGTHS
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._api import Output
    from tui.audio._commands import Command
    from tui.audio._events import PlayerEvent
    from tui.audio._outputs import OutputChooser
    from tui.audio._ring import Ring

__all__ = ["MAX_SPEED", "MIN_SPEED", "Engine"]

log = logging.getLogger(__name__)

MIN_SPEED, MAX_SPEED = 0.5, 4.0
MAX_SKIP = len(STRENGTHS) - 1
_TICK = 0.0995
"""Seconds between two events of the position: ten a second, and room for rounding."""
_FADE_OUT = 0.06
"""Seconds that the end of the engine waits for silence at most."""

_S = PlayerState


class Engine:
    """Plays one recording at a time on an output.

    Args:
        output: Where to play, or what chooses it when sound is first needed.
        emit: Called with every event, on the engine's thread.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        output: Output | OutputChooser,
        *,
        emit: Callable[[PlayerEvent], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = emit
        self._clock = clock
        self._status = PlayerStatus()
        self._queue: SimpleQueue[Command | None] = SimpleQueue()
        self._mixer = Mixer(self._wake)
        self._device = Device(
            output,
            self._mixer.pull,
            begin=self._mixer.reset,
            clock=clock,
            wake=self._wake,
        )
        self._deck: Deck | None = None
        self._resume = False  # to be played as soon as the device is back
        self._end_at: float | None = None  # when what was given last will be heard
        self._told_ms = 0  # the position that was last told
        self._told_at = float("-inf")
        self._thread: Thread | None = None
        self._closed = False

    @property
    def status(self) -> PlayerStatus:
        """The state now; may be read from any thread."""
        return self._status

    def start(self) -> None:
        """Begin to work (idempotent)."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="audio-engine", daemon=True)
            self._thread.start()

    def send(self, command: Command) -> None:
        """Hand over a command; returns at once. Ignored after `close`."""
        if not self._closed:
            self._queue.put(command)

    def close(self, timeout: float = 2.0) -> None:
        """Fade out, give the device back and end the thread, within some seconds."""
        self.send(Quit())
        self._closed = True
        if self._thread is not None:
            self._thread.join(timeout)

    # The thread

    def _wake(self) -> None:
        self._queue.put(None)

    def _run(self) -> None:
        try:
            import av  # before the first note is asked for: 80 ms

            av.logging.set_level(None)  # nothing may reach a terminal
        except ImportError:
            log.exception("recordings can't be decoded")
        while self._step(self._wait_s()):
            pass
        self._end()

    @property
    def _needed(self) -> int:
        """The most frames that the device may ask for at once."""
        return max(self._mixer.largest, self._device.depth)

    def _wait_s(self) -> float | None:
        """Tell how long nothing is to be done; None for until somebody sends."""
        if self._deck is not None and not self._deck.is_full(self._needed):
            return 0.0
        now = self._clock()
        dues = (self._device.due(), self._end_at)
        times = [due for due in dues if due is not None]
        if self._status.state is _S.PLAYING or self._position_ms() != self._told_ms:
            times.append(self._told_at + _TICK)
        return max(0.0, min(times) - now) if times else None

    def _step(self, wait_s: float | None = 0.0) -> bool:
        """Do everything that is due; False after `Quit`."""
        commands = self._take(wait_s)
        try:
            for command in coalesce(commands):
                if isinstance(command, Quit):
                    return False
                self._do(command)
            if self._deck is not None:
                self._deck.fill(self._is_interrupted, self._needed)
                self._look_at_deck(self._deck)
            self._look_at_device()
            self._tell_position()
        except AudioError as error:
            self._fail(error.reason)
        except Exception as error:  # the outermost one: the thread must live on
            log.exception("the engine failed")
            self._fail(f"something went wrong ({type(error).__name__})")
        return True

    def _take(self, wait_s: float | None) -> list[Command]:
        """Give all commands that are there, or the first one that comes."""
        commands: list[Command] = []
        try:
            command = self._queue.get(block=wait_s != 0, timeout=wait_s or None)
            while True:
                if command is not None:
                    commands.append(command)
                command = self._queue.get_nowait()
        except Empty:
            return commands

    def _is_interrupted(self) -> bool:
        return not self._queue.empty()

    def _end(self) -> None:
        """Fade out and let everything go."""
        self._plan(playing=False)
        if self._device.is_open:
            until = time.monotonic() + _FADE_OUT + self._device.delay
            while not self._mixer.is_silent and time.monotonic() < until:
                self._pause_s(0.005)
            self._pause_s(self._device.delay)  # until the fade was heard
        self._device.close(1.0)
        self._let_go()

    def _pause_s(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                self._queue.get(timeout=left)
            except Empty:
                return

    # Commands

    def _do(self, command: Command) -> None:
        match command:
            case Load():
                self._load(command)
            case Play():
                self._play()
            case Pause():
                self._pause()
            case Toggle():
                is_playing = self._status.state is _S.PLAYING
                self._pause() if is_playing else self._play()
            case Stop():
                self._stop()
            case Seek():
                self._seek(command.position_ms)
            case SeekBy():
                self._seek(self._position_ms() + command.delta_ms)
            case _:
                self._adjust(command)

    def _adjust(
        self, command: SetSpeed | SetVolume | SetMuted | SetSkip | Quit
    ) -> None:
        match command:
            case SetSpeed():
                self._set_speed(max(MIN_SPEED, min(MAX_SPEED, command.speed)))
            case SetVolume():
                self._set(volume=max(0.0, min(1.0, command.volume)))
                self._plan()
            case SetMuted():
                self._set(muted=command.muted)
                self._plan()
            case SetSkip():
                self._set_skip(command.strength)
            case Quit():
                pass
            case _:
                assert_never(command)

    def _load(self, load: Load) -> None:
        self._let_go()  # what sounds still goes on from its ring until the swap
        self._resume = False
        self._set(
            generation=load.generation,
            path=load.path,
            state=_S.LOADING,
            position_ms=max(0, load.position_ms),
            duration_ms=None,
        )
        self._device.want(sound=load.play)  # the device opens while the file does
        self._deck = Deck(load.path)
        self._cue(load.position_ms / 1000)
        self._go(_S.PLAYING if load.play else _S.PAUSED)

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
                self._load(Load(status.generation, status.path, status.position_ms))
            case _:
                pass

    def _pause(self) -> None:
        self._resume = False
        if self._status.state is _S.PLAYING:
            self._go(_S.PAUSED)
        elif self._status.state is _S.PAUSED:
            self._device.want(sound=False)

    def _stop(self) -> None:
        self._let_go()
        self._resume = False
        plan = replace(self._mixer.plan, ring=None, playing=False)
        self._change(lambda: setattr(self._mixer, "plan", plan))
        self._device.want(sound=False)
        self._set(path=None, state=_S.IDLE, position_ms=0, duration_ms=None)

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

    def _set_speed(self, speed: float) -> None:
        if speed != self._status.speed:
            self._set(speed=speed)
            self._cue_again()

    def _set_skip(self, strength: int) -> None:
        strength = max(0, min(MAX_SKIP, strength))
        if strength != self._status.skip:
            self._set(skip=strength)
            self._cue_again()

    def _cue_again(self) -> None:
        """Have what comes next decoded in another way."""
        if self._deck is not None and self._status.state is not _S.ENDED:
            self._cue(self._reachable(self._deck.ring), follow=True)

    def _reachable(self, ring: Ring) -> float:
        """Where the sound that may still be changed begins, in seconds."""
        if not self._device.depth:
            return ring.position
        return max(0.0, ring.position - self._device.latency * ring.speed)

    # What follows from them

    def _cue(self, position: float, *, follow: bool = False) -> None:
        """Swap in the recording from a position on.

        Args:
            position: Seconds.
            follow: Go on where the old sound is by then, instead of exactly there.
        """
        deck = self._deck
        if deck is None:
            return
        old = deck.ring
        status = self._status
        ring = deck.cue(position, status.speed, self._needed, status.skip)
        self._plan(ring=ring, after=old if follow else None)
        self._set(duration_ms=_ms(deck.duration))

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
        new = Plan(
            plan.ring if ring is None else ring,
            plan.playing if playing is None else playing,
            # Loudness is felt by the square, about.
            0 if status.muted else round(UNITY * status.volume**2),
        )
        if new == plan:
            return

        def swap() -> None:
            if ring is not None and after is not None:
                ring.drop_until(after.position)
            self._mixer.plan = new

        self._change(swap)

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

    def _fail(self, reason: str) -> None:
        self._let_go()
        self._resume = False
        self._plan(playing=False)
        self._device.want(sound=False)
        self._set(state=_S.FAILED)
        status = self._status
        if status.path is not None:
            self._emit(Failed(status.generation, status.path, reason))

    # What happens by itself

    def _look_at_deck(self, deck: Deck) -> None:
        self._set(duration_ms=_ms(deck.duration))
        if (
            self._status.state is _S.PLAYING
            and self._mixer.finished is deck.ring
            and self._is_heard()
        ):
            self._end_at = None
            self._plan(playing=False)
            self._device.want(sound=False)
            end_ms = self._status.duration_ms or _ms(deck.ring.position) or 0
            self._set(state=_S.ENDED, position_ms=end_ms)
            self._told_ms = end_ms
            self._emit(Ended(self._status.generation))

    def _is_heard(self) -> bool:
        """Whether the end, which was given to the device, has come to the ear."""
        if not self._device.depth:
            return True
        if self._end_at is None:
            self._end_at = self._clock() + self._device.latency
        return self._clock() >= self._end_at

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
        position = deck.ring.position
        if playing:
            position -= self._device.latency * self._status.speed
        return round(max(deck.start, position) * 1000)

    def _tell_position(self) -> None:
        now = self._clock()
        if now < self._told_at + _TICK:
            return
        self._told_at = now
        position_ms = self._position_ms()
        if self._deck is not None and self._status.skip:
            self._set(saved_ms=_ms(self._deck.saved))
        if position_ms != self._told_ms:
            self._told_ms = position_ms
            self._status = replace(self._status, position_ms=position_ms)
            self._emit(PositionChanged(self._status.generation, position_ms))

    def _emit(self, event: PlayerEvent) -> None:
        try:
            self._listener(event)
        except Exception:  # a listener that fails must not silence the player
            log.exception("a listener failed on %r", event)

    def _set(self, **changes: object) -> None:
        """Publish another state, if it is another one."""
        status = replace(self._status, **changes)  # type: ignore[arg-type]  # by name
        if status != self._status:
            self._status = status
            self._emit(StateChanged(status))


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
