"""The output as the engine sees it: opened when needed, watched, opened again.

Opening and closing a device are calls that may hang (a sound server that was stopped,
a Bluetooth speaker out of reach). So they run on a thread of their own, one at a time
and with a deadline, and the engine goes on.

When another output takes over, it is opened first, in silence. Then what the old one
did not play yet is taken back, the old one fades out, and the new one goes on from
there: nothing is lost, and there is no silence to speak of.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tui.audio._api import RATE, RewritingOutput
from tui.audio._events import OutputsListed
from tui.audio._outputs import Opened, list_outputs, make_output
from tui.audio._session import Session
from tui.errors import AudioError, EarmarkError
from tui.text import cut, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._api import Output
    from tui.audio._events import OutputInfo
    from tui.audio._outputs import OutputChooser

__all__ = ["Device"]

log = logging.getLogger(__name__)

_DEADLINE = 3.0
"""Seconds after which a device that is being opened does not answer."""
_DEAF = 1.0
"""Seconds without a pull after which a device is lost: nobody else would tell."""
_DEAF_LOOKS = 4
"""Looks without a pull before that; else a process that was stopped for a while would
find its device lost."""
_IDLE = 5.0
"""Seconds after which a device that is not needed is given back; and for which is told
that an output could not be chosen."""
_LEAVE = 0.3
"""Seconds that a device gets to fade out before another one takes over."""
_BACKOFF = (1.0, 2.0, 5.0)
"""Seconds between tries to get a device back; the last one for ever."""
_NAME_CELLS = 40
"""How much of an output's name a line for the user holds."""


@runtime_checkable
class _Failing(Protocol):
    """An output that learns by itself when its device has gone."""

    @property
    def is_failed(self) -> bool:
        """Whether it has."""


class _Job:
    """A call on a thread of its own."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.overdue = False
        self.done = threading.Event()
        self.line: _Line | None = None
        self.error = ""
        self.choice: _Choice | None = None
        """What is tried, if it is not what was chosen before."""
        self._lock = threading.Lock()
        self._is_given_up = False

    def give_up(self) -> _Line | None:
        """Want its result no more; returns what it has opened already."""
        with self._lock:
            self._is_given_up = True
            return self.line

    def take(self, line: _Line) -> bool:
        """Keep what was opened; False when nobody wants it any more."""
        with self._lock:
            if not self._is_given_up:
                self.line = line
            return not self._is_given_up


@dataclass(frozen=True, slots=True)
class _Line:
    """A device that is open, and what it is given."""

    output: Output
    session: Session
    problem: str

    @property
    def rewriting(self) -> RewritingOutput | None:
        """The output, if it can take sound back."""
        return self.output if isinstance(self.output, RewritingOutput) else None


@dataclass(frozen=True, slots=True)
class _Choice:
    """An output by its name, and how it is opened."""

    name: str
    open: Callable[[Callable[[int], bytes], bool], Opened]


@dataclass(slots=True)
class _Handover:
    """A device that is ready to take over from the one in use."""

    old: _Line
    new: _Line
    at: float
    """When it does so, at the latest if the other one has not faded out yet."""
    is_clear: bool = False
    """Whether the other one has, and only has to be heard to its end."""


def _opener(
    output: Output | OutputChooser,
) -> Callable[[Callable[[int], bytes], bool], Opened]:
    """Tell how to open an output, or what a chooser chooses."""

    def choose(pull: Callable[[int], bytes], stand_in: bool) -> Opened:  # noqa: FBT001  # a callback
        if hasattr(output, "open"):
            return output.open(pull, stand_in=stand_in)
        output.start(pull)
        return Opened(output)

    return choose


def _shown(name: str) -> str:
    return cut(printable(name), _NAME_CELLS)


def _on_thread(call: Callable[[], None]) -> None:
    threading.Thread(target=call, name="audio-device", daemon=True).start()


class Device:
    """Keeps an output open while it is wanted.

    All methods belong to the engine's thread.

    Args:
        output: The output, or what chooses it.
        pull: What gives the sound.
        begin: Called before the first pull of each opening, when no other one pulls.
        clock: Seconds that only grow.
        wake: Called on any thread when `check` has something to do.
        rewind: Makes so many frames those that are given next, again, when the output
            is changed; returns how many it could. Called while nobody pulls.
        spawn: Runs a function that may hang, elsewhere.
    """

    def __init__(
        self,
        output: Output | OutputChooser,
        pull: Callable[[int], bytes],
        *,
        begin: Callable[[], None],
        clock: Callable[[], float],
        wake: Callable[[], None],
        rewind: Callable[[int], int],
        spawn: Callable[[Callable[[], None]], None] = _on_thread,
    ) -> None:
        self._choice = _Choice(output.name, _opener(output))
        self._pull = pull
        self._begin = begin
        self._clock = clock
        self._wake = wake
        self._rewind = rewind
        self._spawn = spawn
        self._line: _Line | None = None
        self._handover: _Handover | None = None
        self._farewells: list[_Job] = []
        self._job: _Job | None = None
        self._next: _Choice | None = None
        self._listed: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._wanted = False
        self._idle_at = 0.0
        self._retry_at = 0.0
        self._tries = 0
        self._seen_device = False
        self._problem = ""
        self._notice = ""
        self._notice_until = 0.0
        self.name = ""
        """The output in use, or the last one."""
        self.is_lost = False
        """Whether it is known not to work, and nothing stands in for it."""

    @property
    def chosen(self) -> str:
        """The name of the output that was asked for, unless that could not be had."""
        tried = self._job.choice if self._job is not None else None
        return (self._next or tried or self._choice).name

    @property
    def problem(self) -> str:
        """A line for the user: why there is no sound, or not where it was wanted."""
        return self._notice or self._problem

    @property
    def is_open(self) -> bool:
        """Whether it asks for sound, as far as one knows."""
        return self._line is not None

    @property
    def latency(self) -> float:
        """Seconds from a pull to the ear."""
        line = self._line
        if line is None or line.session.is_leaving or not line.session.has_begun:
            return 0.0  # all that was given was heard, or taken back
        return line.output.latency_ms / 1000

    @property
    def delay(self) -> float:
        """Seconds until a change is heard."""
        rewriting = self._rewriting
        return self.latency if rewriting is None else rewriting.delay_ms / 1000

    @property
    def depth(self) -> int:
        """Frames that the output may ask for at once after a change, if it does so."""
        return 0 if self._rewriting is None else self._rewriting.depth

    @property
    def _rewriting(self) -> RewritingOutput | None:
        return None if self._line is None else self._line.rewriting

    def change(self, rewind: Callable[[int], int], change: Callable[[], None]) -> None:
        """Change what is given to the device, so that it is heard soon.

        Args:
            rewind: Makes so many frames those that are given next, again; returns how
                many it could.
            change: Makes the change.
        """
        line = self._line
        if line is None or line.rewriting is None or line.session.is_leaving:
            change()
        else:
            line.rewriting.rewrite(rewind, change)

    def choose(self, name: str) -> None:
        """Play on another output from now on, without losing the place.

        Never raises. If it can't be opened, the one before goes on, and `problem` says
        why for a while.

        Args:
            name: A name as `OutputInfo` has it.
        """
        try:
            self._next = _Choice(name, _opener(make_output(name)))
        except EarmarkError:
            self._refuse(name, "there is no such output")
        self.check()

    def list_outputs(self, tell: Callable[[OutputsListed], None]) -> None:
        """Look elsewhere for the outputs that there are.

        Args:
            tell: Called with them by a later `check`, on the engine's thread.
        """

        def run() -> None:
            found: tuple[OutputInfo, ...] = ()
            try:
                found = list_outputs()
            except Exception:
                log.exception("the outputs can't be listed")
            self._listed.put(lambda: tell(OutputsListed(found, self.chosen)))
            self._wake()

        self._spawn(run)

    def want(self, *, sound: bool) -> None:
        """Say whether sound is needed, and open the device if so."""
        if self._wanted and not sound:
            self._idle_at = self._clock() + _IDLE
        self._wanted = sound
        self.check()

    def retry(self) -> None:
        """Try to get a lost device back at the next `check`."""
        self._retry_at = self._clock()

    def due(self) -> float | None:
        """Tell at which time `check` has to be called again, if at any."""
        times = []
        if self._handover is not None:
            times.append(self._handover.at)
        if self._notice:
            times.append(self._notice_until)
        if self._job is not None:
            if not self._job.overdue:
                times.append(self._job.deadline)
        elif self._wanted:
            looks = self._clock() + _DEAF / _DEAF_LOOKS
            times.append(looks if self.is_open else self._retry_at)
        elif self.is_open:
            times.append(self._idle_at)
        return min(times, default=None)

    def check(self) -> None:
        """Do what has become due."""
        now = self._clock()
        self._tell_lists()
        self._forget(now)
        if self._handover is not None:
            self._hand_over(self._handover, now)
        if self._job is not None and not self._is_over(self._job, now):
            if self._next is None or not self._job.overdue:
                return
            self._give_up(self._job)
        if self._handover is not None:
            return
        if self._next is not None:
            choice, self._next = self._next, None
            self._open(now, choice)
        elif self._line is not None:
            self._check_open(self._line, now)
        elif self._wanted and now >= self._retry_at:
            self._open(now)
        if self._job is not None:  # on a test's thread it may be done already
            self._is_over(self._job, now)

    def close(self, timeout: float) -> None:
        """Give the device back, within some seconds."""
        self._wanted = False
        until = self._clock() + timeout
        if self._job is not None:
            self._job.done.wait(timeout)
            if not self._is_over(self._job, self._clock()):
                self._give_up(self._job)
        waiting = self._handover.new if self._handover is not None else None
        for line in (waiting, self._line):
            if line is not None:
                self._farewells.append(self._closing(line))
        self._line = self._handover = None
        for job in self._farewells:
            job.done.wait(max(0.0, until - self._clock()))

    # One device

    def _check_open(self, line: _Line, now: float) -> None:
        if not self._wanted:
            if now >= self._idle_at:
                self._release(line)
            return
        session = line.session
        session.looks += 1
        is_deaf = session.looks >= _DEAF_LOOKS and now - session.last > _DEAF
        if is_deaf or (isinstance(line.output, _Failing) and line.output.is_failed):
            log.warning("the device asks for no sound any more")
            unheard = line.output.latency_ms * RATE // 1000
            self._release(line)
            self._rewind(unheard)
            self._fail("the sound device went away", now)
        elif self._problem and now >= self._retry_at:
            self._open(now)

    def _open(self, now: float, choice: _Choice | None = None) -> None:
        """Open the device; or another one, beside the one that is in use."""
        job = self._job = _Job(now + _DEADLINE)
        job.choice = choice
        opener = (choice or self._choice).open
        session = Session(
            self._pull, begin=self._begin, clock=self._clock, wake=self._wake
        )
        session.active = not self.is_open
        is_first = not self.is_open and not self._seen_device

        def run() -> None:
            try:
                opened = opener(session.pull, is_first)
                if not job.take(_Line(opened.output, session, opened.problem)):
                    opened.output.stop()
            except AudioError as error:
                job.error = error.reason
            except Exception as error:
                log.exception("the output failed")
                job.error = f"the sound device failed ({error})"
            finally:
                job.done.set()
                self._wake()

        self._spawn(run)

    def _release(self, line: _Line) -> None:
        """Begin to close the device."""
        self._line = None
        self._job = self._closing(line)

    def _closing(self, line: _Line) -> _Job:
        line.session.active = False
        job = _Job(self._clock() + _DEADLINE)

        def run() -> None:
            try:
                line.output.stop()
            except Exception:
                log.exception("the output failed to stop")
            finally:
                job.done.set()
                self._wake()

        self._spawn(run)
        return job

    def _is_over(self, job: _Job, now: float) -> bool:
        """Look after the running call."""
        if not job.done.is_set():
            if now >= job.deadline:
                self._miss(job, now)
            return self._job is None
        self._job = None
        if job.line is not None and self._next is not None and self.is_open:
            self._farewells.append(self._closing(job.line))  # another one is wanted
        elif job.line is not None:
            self._take(job.line, job.choice, now)
        elif job.error and job.choice is not None:
            self._refuse(job.choice.name, job.error)
        elif job.error and self.is_open:  # something stands in, and goes on
            self._retry_at = now + _BACKOFF[-1]
        elif job.error:
            self._fail(job.error, now)
        return True

    def _miss(self, job: _Job, now: float) -> None:
        """Say that a call takes too long."""
        job.overdue = True
        reason = "the sound device does not answer"
        if job.choice is not None:
            self._give_up(job)
            self._refuse(job.choice.name, reason)
        elif self._wanted and not self.is_lost and not self.is_open:
            log.warning("the device does not answer")
            self._fail(reason, now)

    def _give_up(self, job: _Job) -> None:
        """Wait for a call no longer; what it opens is closed by itself."""
        self._job = None
        line = job.give_up()
        if line is not None:
            self._farewells.append(self._closing(line))

    def _take(self, line: _Line, choice: _Choice | None, now: float) -> None:
        """Use what was opened."""
        if choice is not None:
            self._choice = choice
            self._seen_device = False
        self._notice = ""
        self._problem = line.problem
        self.name = line.output.name
        self.is_lost = False
        self._seen_device = self._seen_device or not line.problem
        self._tries = 0
        self._retry_at = now + _BACKOFF[-1]
        self._idle_at = max(self._idle_at, now + _IDLE)
        line.session.last = now
        old = self._line
        if old is None:
            line.session.take_turn()
            self._line = line
            return
        self._handover = _Handover(old, line, now + _LEAVE)
        if old.rewriting is None:
            old.session.leave()
        else:
            old.rewriting.rewrite(self._rewind, old.session.leave)
        self._hand_over(self._handover, now)

    def _fail(self, reason: str, now: float) -> None:
        # Only who asked for a certain device is told of which one it is said.
        where = f" on {_shown(self._choice.name)}" if ":" in self._choice.name else ""
        self._problem = f"No sound{where}: {reason}"
        self.is_lost = True
        self._retry_at = now + _BACKOFF[min(self._tries, len(_BACKOFF) - 1)]
        self._tries += 1

    # From one to another

    def _refuse(self, name: str, reason: str) -> None:
        """Tell for a while that an output can't be chosen."""
        self._notice = f"Can't play on {_shown(name)}: {reason}"
        self._notice_until = self._clock() + _IDLE

    def _hand_over(self, handover: _Handover, now: float) -> None:
        """Let the new device sound when the old one is silent."""
        old, new = handover.old, handover.new
        if not old.session.active and not handover.is_clear:
            # Until the fade was heard. Of what can be taken back little is underway.
            late = old.rewriting.delay_ms if old.rewriting else old.output.latency_ms
            handover.at, handover.is_clear = now + late / 1000, True
        if now < handover.at:
            return
        self._farewells.append(self._closing(old))
        self._handover = None
        self._line = new
        new.session.last = now
        if new.rewriting is None:
            new.session.take_turn()
        else:  # instead of the silence that it has in store
            new.rewriting.rewrite(lambda frames: frames, new.session.take_turn)

    def _forget(self, now: float) -> None:
        """Drop what was told for long enough, and calls that have ended."""
        if self._notice and now >= self._notice_until:
            self._notice = ""
        self._farewells = [job for job in self._farewells if not job.done.is_set()]

    def _tell_lists(self) -> None:
        try:
            while True:
                self._listed.get_nowait()()
        except Empty:
            return
