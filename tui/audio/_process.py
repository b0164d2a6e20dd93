"""The player that hosts its engine in a child process, and keeps it alive.

One thread owns the child: it starts it, hands commands on, takes events in, notices
when it ended or hangs, and brings a new one to the place where the old one was. A
crash of a sound library costs a third of a second of silence, never the browser.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio import _commands as commands
from tui.audio._child import (
    AUTO,
    BROWSER,
    Child,
    child_command,
    same_child,
    wants_malloc,
)
from tui.audio._events import (
    DeviceChanged,
    Ended,
    Failed,
    OutputInfo,
    OutputsListed,
    PlayerState,
    PositionChanged,
    StateChanged,
)
from tui.audio._player import CommandPlayer
from tui.audio._restarts import Restarts
from tui.audio._speakers import SPEAKER, in_ssh
from tui.audio._wanted import Wanted
from tui.audio._wire import (
    Elsewhere,
    Ping,
    Pong,
    Ready,
    Refused,
    Replaced,
    WireError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tui.audio._events import PlayerEvent
    from tui.audio._wire import Message

__all__ = ["EngineProcess"]

_log = logging.getLogger(__name__)

_AGAIN = "The audio engine stopped; starting it again"
_HOPELESS = "The audio engine stops again and again; the log says more"
_GONE = "The sound where you sit is gone; play looks for it again"
_ASK_AFTER_S = 0.5
_STALLED_S = 8.0
_START_S = 15.0
_ASKING = (commands.Load, commands.Play, commands.Toggle)
"""Commands by which a user asks for sound."""


class EngineProcess(CommandPlayer):
    """A player whose engine can crash, hang or be killed, and comes back.

    Args:
        output: The name of the output.
        log_path: Where the child's standard error goes; None for nowhere.
        options: More options for `python -m tui.audio`.
        command: The whole command line of the child instead, for tests.
        hang_s: After how many seconds without an answer the child counts as hung.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        output: str = "auto",
        *,
        log_path: Path | None = None,
        options: Sequence[str] = (),
        command: Sequence[str] | None = None,
        hang_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._output = output
        self._log_path = log_path
        self._options = tuple(options)
        self._command = list(command or child_command(output, options=options))
        self._chosen = output
        self._is_elsewhere = False
        """Whether `auto` has led to another machine."""
        self._hang_s = hang_s
        self._clock = clock
        self._told: deque[commands.Command] = deque()
        self._bell, self._ring = socket.socketpair()
        self._bell.settimeout(0)
        self._ring.settimeout(0)
        self._closing = threading.Event()
        self._grace_s = 1.0
        self._thread: threading.Thread | None = None
        # From here on everything belongs to the thread.
        self._child: Child | None = None
        self._wanted = Wanted()
        self._holds_recording = False
        self._restarts = Restarts()
        self._start_at: float | None = 0.0
        self._is_excused = False
        self._may_move = True
        """Whether the user asks for sound, where it can be had."""
        self._is_ready = False
        self._asks_outputs = False
        self._pings = 0
        self._asked_at: float | None = None
        self._word_at = 0.0
        self._progress_at = 0.0

    @property
    def child_pid(self) -> int | None:
        """The id of the child's process, while there is one."""
        child = self._child
        return None if child is None else child.pid

    def start(self) -> None:
        """Begin to work (idempotent); the child starts in the background."""
        with self._lock:
            if self._thread is not None or self._closing.is_set():
                return
            self._thread = threading.Thread(
                target=self._run, name="earmark-player", daemon=True
            )
            self._thread.start()

    def close(self, timeout: float = 2.0) -> None:
        """End the child and the thread, within a time in seconds."""
        self._grace_s = min(1.0, timeout / 2)
        self._closing.set()
        self._wake()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
            if thread.is_alive() and (child := self._child) is not None:
                child.kill()
        self._ring.close()
        if thread is None or not thread.is_alive():
            self._bell.close()

    def _tell(self, command: commands.Command) -> None:
        if not self._closing.is_set():
            self._told.append(command)
            self._wake()

    def _wake(self) -> None:
        # Full means that it will wake up anyway, closed that it has ended.
        with suppress(OSError):
            self._ring.send(b"!")

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._turn()
        except Exception:  # noqa: BLE001  # the last resort of a thread: tell it
            _log.exception("the player's thread failed")
            self._publish(DeviceChanged("", "The player failed; the log says more"))
        finally:
            if self._child is not None:
                self._child.end(self._grace_s)
                self._child = None

    def _turn(self) -> None:
        if self._child is None and self._is_due():
            self._start_child()
        waited = self._wait(self._patience())
        self._obey()
        if self._child is not None:
            self._listen()
        if self._child is not None:
            self._check(waited)

    def _is_due(self) -> bool:
        return self._start_at is not None and self._clock() >= self._start_at

    def _patience(self) -> float | None:
        """Return how long nothing needs to be done, in seconds; None for ever."""
        if self._child is None:
            if self._start_at is None:
                return None
            return max(0.0, self._start_at - self._clock())
        if self._asked_at is not None:
            return min(_ASK_AFTER_S, self._hang_s / 4)
        return _ASK_AFTER_S if self._is_at_work() else None

    def _wait(self, patience: float | None) -> float:
        """Sleep until something happens; return how much too long that took."""
        begun = self._clock()
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        if (child := self._child) is not None:
            events = select.POLLIN | (select.POLLOUT if child.has_unsent else 0)
            poll.register(child.socket, events)
        poll.poll(None if patience is None else patience * 1000 + 1)
        # The bell may be rung, or not.
        with suppress(BlockingIOError):
            self._bell.recv(4096)
        return 0.0 if patience is None else self._clock() - begun - patience

    def _start_child(self) -> None:
        now = self._clock()
        self._restarts.begun(now)
        self._word_at = self._progress_at = now
        self._asked_at = None
        self._is_ready = False
        is_relay = self._output.startswith(SPEAKER)
        # What plays does not move to another place unless the user asks for it.
        more = ["--others"] if is_relay and self._may_move else []
        self._may_move = False
        try:
            self._child = Child(
                [*self._command, *more],
                log_path=self._log_path,
                malloc=wants_malloc(self._output),
            )
        except OSError as error:
            _log.warning("the audio engine can't be started: %s", error)
            self._excuse_and_retry()
            return
        told = [
            each
            for each in self._wanted.commands()
            if each != commands.SetOutput(self._output)  # it begins with that
        ]
        self._holds_recording = any(isinstance(each, commands.Load) for each in told)
        for command in told:
            self._send(command)
        if self._asks_outputs:
            self._send(commands.ListOutputs())
        self._ask()

    # Commands

    def _obey(self) -> None:
        while self._told:
            command = self._told.popleft()
            self._wanted = self._wanted.told(command)
            if isinstance(command, commands.SetOutput):
                self._move(command.output)
            if isinstance(command, commands.Load):
                self._restarts.asked()
            if self._child is None:
                self._may_move |= isinstance(command, _ASKING)
                if self._wanted.plays or isinstance(command, commands.Load):
                    self._start_at = self._clock()
            else:
                self._hand_on(command)
            if isinstance(command, commands.ListOutputs):
                self._asks_outputs = True
                self._answer_for_none()
            is_deaf = self._child is None or not self._holds_recording
            if is_deaf and isinstance(command, commands.SETTINGS) and self.status.path:
                self._publish(StateChanged(self.status))
        if self._child is None and self._wanted.path is None and self.status.path:
            self._publish_idle()

    def _move(self, output: str) -> None:
        """Begin another child where this one can't play on an output."""
        before, self._chosen = self._chosen, output
        if same_child(before, output) and not self._is_elsewhere:
            return
        self._begin_on(output, self._grace_s)
        self._is_elsewhere, self._may_move = False, True

    def _begin_on(self, output: str, grace_s: float) -> None:
        """Begin a child on an output, and end the one that there is."""
        child, self._child = self._child, None
        if child is not None:
            child.end(grace_s)
        self._output = output
        self._command = child_command(output, options=self._options)
        self._holds_recording = False
        self._start_at = self._clock()

    def _go_elsewhere(self, output: str) -> None:
        """Play where the user sits, as there is no device here; chosen is `auto`."""
        if self._chosen == AUTO and not self._is_elsewhere:
            self._begin_on(output, 0)  # it plays nothing that anybody hears
            self._is_elsewhere = True

    def _answer_for_none(self) -> None:
        """Tell the outputs that can't be looked for when there is nobody to look."""
        if self._asks_outputs and self._child is None and self._start_at is None:
            self._asks_outputs = False
            self._publish(OutputsListed(_always(), self._chosen))

    def _hand_on(self, command: commands.Command) -> None:
        """Send a command; a child that lost the recording is given it first."""
        wanted = self._wanted
        if isinstance(command, commands.Load):
            self._holds_recording = True
        elif wanted.path and not wanted.over and not self._holds_recording:
            self._holds_recording = True
            for each in wanted.recording():  # which has what was asked now
                self._send(each)
            if isinstance(command, commands.LASTING):
                self._send(command)
            self._progress_at = self._clock()
            self._ask()
            return
        self._progress_at = self._clock()
        self._send(command)
        self._ask()

    def _send(self, message: Message) -> None:
        try:
            if self._child is not None:
                self._child.send(message)
        except WireError:
            _log.exception("a command can't be told")
        except OSError as error:
            self._lost(f"it takes no commands ({error})")

    def _ask(self) -> None:
        if self._asked_at is None:
            self._asked_at = self._clock()
            self._pings += 1
            self._send(Ping(self._pings))

    # Events

    def _listen(self) -> None:
        child = self._child
        if child is None:
            return
        try:
            child.flush()
            messages = child.receive()
        except (OSError, WireError) as error:
            self._lost(str(error))
            return
        if messages is None:
            self._lost("it ended")
            return
        if messages:
            self._word_at = self._clock()
        for message in messages:
            if self._child is child:
                self._take(message)

    def _take(self, message: Message) -> None:
        match message:
            case StateChanged() | PositionChanged() | DeviceChanged():
                self._take_event(message)
            case Ended() | Failed():
                self._take_event(message)
            case OutputsListed():
                self._asks_outputs = False
                if self._is_elsewhere:
                    message = replace(message, chosen=self._chosen)
                self._take_event(message)
            case _:
                self._take_word(message)

    def _take_word(self, message: Message) -> None:
        """Take what the child says of itself."""
        match message:
            case Pong(number):
                if number == self._pings:
                    self._asked_at = None
            case Ready():
                self._is_ready = True
                if not self._holds_recording:
                    self._recovered()
            case Refused(reason):
                self._refused(reason)
            case Replaced(reason):
                self._replaced(reason)
            case Elsewhere(output):
                self._go_elsewhere(output)
            case _:
                _log.warning("the audio engine sent %r", type(message).__name__)

    def _take_event(self, event: PlayerEvent) -> None:
        self._progress_at = self._clock()
        known = self._publish(event)
        if known is None:
            return
        self._wanted = self._wanted.heard(known)
        is_settled = isinstance(event, StateChanged) and (
            event.status.state is not PlayerState.LOADING
        )
        if is_settled or isinstance(event, PositionChanged):
            self._recovered()

    def _recovered(self) -> None:
        if self._is_excused:
            self._is_excused = False
            status = self.status
            if status.device_problem in {_AGAIN, _HOPELESS}:
                self._publish(StateChanged(replace(status, device_problem="")))
            self._publish(DeviceChanged(status.output, self.status.device_problem))

    # Trouble

    def _is_at_work(self) -> bool:
        return self._wanted.plays and self._holds_recording

    def _check(self, overslept: float) -> None:
        """Ask for a sign of life, and judge a child that gives none."""
        now = self._clock()
        if overslept > 1.0:
            # We were stopped ourselves, the child perhaps as well: a new chance.
            self._word_at = self._progress_at = now
            self._asked_at = None if self._asked_at is None else now
        limit = self._hang_s if self._is_ready else max(self._hang_s, _START_S)
        if self._asked_at is not None and now - self._asked_at >= limit:
            self._lost("it does not answer")
        elif self._is_at_work():
            is_excused = bool(self.status.device_problem) or not self._is_ready
            if not is_excused and now - self._progress_at >= _STALLED_S:
                self._stalled()
            elif now - self._word_at >= _ASK_AFTER_S:
                self._ask()

    def _lost(self, why: str) -> None:
        """Put an end to a child that ended or hangs, and plan the next one."""
        child, self._child = self._child, None
        if child is None:
            return
        manner = child.end(0)
        _log.warning("the audio engine stopped: %s, %s", why, manner)
        self._holds_recording = False
        self._excuse_and_retry()

    def _stalled(self) -> None:
        """The engine answers, and yet nothing comes: a disk that does not."""
        is_new = self.status.state is PlayerState.LOADING
        self._lost("it makes no progress")
        if is_new and not self._wanted.over:
            self._give_up("reading it takes too long")

    def _excuse_and_retry(self) -> None:
        now = self._clock()
        self._start_at = now + self._restarts.ended(now)
        self._is_excused = True
        wanted = self._wanted
        has_recording = wanted.path is not None and not wanted.over
        if not self._restarts.is_hopeless:
            self._tell_trouble(_AGAIN)
            return
        self._tell_trouble(_HOPELESS)
        if has_recording:
            self._give_up("the audio engine stopped on it again and again")

    def _tell_trouble(self, problem: str) -> None:
        status = self.status
        state = PlayerState.LOADING if self._wanted.plays else status.state
        self._publish(
            StateChanged(replace(status, state=state, device_problem=problem))
        )
        self._publish(DeviceChanged(status.output, problem))

    def _give_up(self, reason: str) -> None:
        wanted = self._wanted
        if wanted.path is None:
            return
        failed = Failed(wanted.generation, wanted.path, reason)
        self._wanted = wanted.heard(failed)
        self._publish(StateChanged(replace(self.status, state=PlayerState.FAILED)))
        self._publish(failed)

    def _refused(self, reason: str) -> None:
        """The child can't do what it is for; another one could not either."""
        child, self._child = self._child, None
        if child is not None:
            child.end(self._grace_s)
        self._start_at = None
        self._is_excused = True
        self._answer_for_none()
        if self._is_elsewhere:
            self._is_elsewhere = False
            self._output = AUTO
            self._command = child_command(AUTO, options=self._options)
            self._hold(_GONE)
            return
        if self._output.startswith(SPEAKER):
            self._hold(reason)
            return
        self._tell_trouble(reason)
        if not self._wanted.over:
            self._give_up(reason)

    def _replaced(self, reason: str) -> None:
        """Another one plays there now: it is taken back when the user says so."""
        child, self._child = self._child, None
        if child is not None:
            child.end(0)
        self._start_at = None
        self._holds_recording = False
        self._answer_for_none()
        if self._wanted.plays:
            self._is_excused = True
            self._hold(reason)

    def _hold(self, reason: str) -> None:
        """Keep the place while nobody can hear it, until sound is asked for again."""
        wanted, status = self._wanted, self.status
        has_recording = wanted.path is not None and not wanted.over
        self._wanted = replace(wanted, plays=False)
        state = PlayerState.PAUSED if has_recording else status.state
        self._publish(StateChanged(replace(status, state=state, device_problem=reason)))
        self._publish(DeviceChanged(status.output, reason))

    def _publish_idle(self) -> None:
        self._publish(
            StateChanged(
                replace(
                    self.status,
                    path=None,
                    state=PlayerState.IDLE,
                    position_ms=0,
                    duration_ms=None,
                )
            )
        )


def _always() -> tuple[OutputInfo, ...]:
    """Give the outputs that can be chosen without a look at the machine."""
    page = (OutputInfo(BROWSER, "a page in your browser"),) if in_ssh() else ()
    silence = OutputInfo("null", "silence", is_default=True)
    return OutputInfo(AUTO, "the usual device"), *page, silence
