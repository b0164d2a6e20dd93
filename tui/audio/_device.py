"""The output as the engine sees it: opened when needed, watched, opened again.

Opening and closing a device are calls that may hang (a sound server that was stopped,
a Bluetooth speaker out of reach). So they run on a thread of their own, one at a time
and with a deadline, and the engine goes on.
"""

from __future__ import annotations

import logging
import threading
from enum import Enum
from typing import TYPE_CHECKING

from tui.audio._api import RewritingOutput
from tui.audio._outputs import Opened
from tui.audio._ring import FRAME
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._api import Output
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
"""Seconds after which a device that is not needed is given back."""
_BACKOFF = (1.0, 2.0, 5.0)
"""Seconds between tries to get a device back; the last one for ever."""


class _State(Enum):
    CLOSED = 0
    OPEN = 1


class _Job:
    """A call on a thread of its own."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.overdue = False
        self.done = threading.Event()
        self.opened: Opened | None = None
        self.session: _Session | None = None
        self.error = ""


class _Session:
    """One opening of the device: what comes after its end is silence."""

    def __init__(
        self,
        pull: Callable[[int], bytes],
        begin: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._pull = pull
        self._begin = begin
        self._clock = clock
        self._begun = False
        self._complained = False
        self.active = False
        self.last = clock()
        self.looks = 0

    def pull(self, frames: int) -> bytes:
        """Give the device what it asks for; never raises."""
        self.last = self._clock()
        self.looks = 0
        if not self.active:
            return bytes(frames * FRAME)
        try:
            if not self._begun:
                self._begun = True
                self._begin()
            return self._pull(frames)
        except Exception:
            if not self._complained:
                self._complained = True
                log.exception("no sound for the device")
            return bytes(frames * FRAME)


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


def _on_thread(call: Callable[[], None]) -> None:
    threading.Thread(target=call, name="audio-device", daemon=True).start()


class Device:
    """Keeps an output open while it is wanted.

    All methods belong to the engine's thread.

    Args:
        output: The output, or what chooses it.
        pull: What gives the sound.
        begin: Called on the device's thread before the first pull of each opening.
        clock: Seconds that only grow.
        wake: Called on any thread when `check` has something to do.
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
        spawn: Callable[[Callable[[], None]], None] = _on_thread,
    ) -> None:
        self._open_output = _opener(output)
        self._pull = pull
        self._begin = begin
        self._clock = clock
        self._wake = wake
        self._spawn = spawn
        self._state = _State.CLOSED
        self._session: _Session | None = None
        self._output: Output | None = None
        self._rewriting: RewritingOutput | None = None
        self._job: _Job | None = None
        self._wanted = False
        self._idle_at = 0.0
        self._retry_at = 0.0
        self._tries = 0
        self._seen_device = False
        self.name = ""
        """The output in use, or the last one."""
        self.problem = ""
        """A line for the user while there is no sound; empty otherwise."""
        self.is_lost = False
        """Whether it is known not to work, and nothing stands in for it."""

    @property
    def is_open(self) -> bool:
        """Whether it asks for sound, as far as one knows."""
        return self._state is _State.OPEN

    @property
    def latency(self) -> float:
        """Seconds from a pull to the ear."""
        return self._output.latency_ms / 1000 if self._output and self.is_open else 0.0

    @property
    def delay(self) -> float:
        """Seconds until a change is heard."""
        if self._rewriting is not None and self.is_open:
            return self._rewriting.delay_ms / 1000
        return self.latency

    @property
    def depth(self) -> int:
        """Frames that the output may ask for at once after a change, if it does so."""
        return 0 if self._rewriting is None else self._rewriting.depth

    def change(self, rewind: Callable[[int], int], change: Callable[[], None]) -> None:
        """Change what is given to the device, so that it is heard soon.

        Args:
            rewind: Makes so many frames those that are given next, again; returns how
                many it could.
            change: Makes the change.
        """
        if self._rewriting is not None and self.is_open and self._session is not None:
            self._rewriting.rewrite(rewind, change)
        else:
            change()

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
        if self._job is not None:
            return None if self._job.overdue else self._job.deadline
        if self._wanted:
            if not self.is_open:
                return self._retry_at
            return self._clock() + _DEAF / _DEAF_LOOKS
        return self._idle_at if self.is_open else None

    def check(self) -> None:
        """Do what has become due."""
        now = self._clock()
        if self._job is not None and not self._is_over(self._job, now):
            return
        if self._state is _State.OPEN:
            self._check_open(now)
        elif self._wanted and now >= self._retry_at:
            self._open(now)
        if self._job is not None:  # on a test's thread it may be done already
            self._is_over(self._job, now)

    def close(self, timeout: float) -> None:
        """Give the device back, within some seconds."""
        self._wanted = False
        if self._job is not None:
            self._job.done.wait(timeout)
            self._is_over(self._job, self._clock())
        if self._job is None and self._state is _State.OPEN:
            self._release().done.wait(timeout)

    def _check_open(self, now: float) -> None:
        session = self._session
        if not self._wanted:
            if now >= self._idle_at:
                self._release()
            return
        if session is None:
            return
        session.looks += 1
        if session.looks >= _DEAF_LOOKS and now - session.last > _DEAF:
            log.warning("the device asks for no sound any more")
            self._release()
            self._fail("the sound device went away", now)
        elif self.problem and now >= self._retry_at:
            self._open(now)

    def _open(self, now: float) -> None:
        """Open the device, or replace what stands in for it."""
        old = self._output if self.is_open else None
        before = self._session
        job = self._job = _Job(now + _DEADLINE)
        session = job.session = _Session(self._pull, self._begin, self._clock)
        session.active = old is None
        stand_in = not self._seen_device and old is None

        def run() -> None:
            try:
                job.opened = self._open_output(session.pull, stand_in)
                if old is not None and before is not None:
                    # One at a time may ask for sound: first end the old one.
                    before.active = False
                    old.stop()
                    session.active = True
            except AudioError as error:
                job.error = error.reason
            except Exception as error:
                log.exception("the output failed")
                job.error = f"the sound device failed ({error})"
            finally:
                job.done.set()
                self._wake()

        self._spawn(run)

    def _release(self) -> _Job:
        """Begin to close the device."""
        session, self._session = self._session, None
        if session is not None:
            session.active = False
        output = self._output
        self._state = _State.CLOSED
        job = self._job = _Job(self._clock() + _DEADLINE)

        def run() -> None:
            try:
                if output is not None:
                    output.stop()
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
                job.overdue = True
                if self._wanted and not self.is_lost and not self.is_open:
                    log.warning("the device does not answer")
                    self._fail("the sound device does not answer", now)
            return False
        self._job = None
        if job.opened is not None:
            self._session = job.session
            if job.session is not None:
                job.session.last = now
            self._output = output = job.opened.output
            self._rewriting = output if isinstance(output, RewritingOutput) else None
            self._state = _State.OPEN
            self.name = self._output.name
            self.problem = job.opened.problem
            self.is_lost = False
            self._seen_device = self._seen_device or not self.problem
            self._tries = 0
            self._idle_at = now + _IDLE
            self._retry_at = now + _BACKOFF[-1]
        elif job.error and self.is_open:  # something stands in, and goes on
            self._retry_at = now + _BACKOFF[-1]
        elif job.error:
            self._fail(job.error, now)
        return True

    def _fail(self, reason: str, now: float) -> None:
        self.problem = f"No sound: {reason}"
        self.is_lost = True
        self._retry_at = now + _BACKOFF[min(self._tries, len(_BACKOFF) - 1)]
        self._tries += 1
