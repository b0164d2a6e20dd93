"""Files made several at once, and named one after the other.

Threads make the files; each waits for its disk or for the process that converts for it,
which costs the others no time. Names are given in the order of the notes, on the thread
of the caller, so that they are the same whoever was quicker.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tui.errors import AudioError
from tui.export._jobs import Outcome, Progress, Stopped
from tui.export._write import open_part, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tui.export._jobs import Steering
    from tui.export._plan import Planned
    from tui.export._write import Folders, Part

__all__ = ["Flow", "Maker", "Saved", "place_of", "tried"]

_THREADS = 8
"""A disk brings so many files to it in little more than the time of one."""
_AHEAD = 64
"""So many notes are begun ahead of the one that is waited for; each holds a file."""
_STEP_S = 0.25
"""So often it is told how far it is, and asked whether it shall end."""


class Saved(NamedTuple):
    """What became of a planned note."""

    planned: Planned
    outcome: Outcome
    target: Path
    """The file; where it would be when it failed."""
    size: int = 0
    """Bytes that were written."""
    problem: str = ""
    """Why it failed, with the path that it is about."""


class Maker(Protocol):
    """Makes the content of files, on any thread."""

    def is_made(self, planned: Planned, source: bytes, target: Path) -> bool:
        """Tell whether a file that is there is just what would be made.

        Args:
            planned: The note.
            source: The path of its recording.
            target: The file.

        Raises:
            AudioError: The recording can't be read.
        """

    def make(
        self,
        planned: Planned,
        source: bytes,
        part: Part,
        passed: Callable[[float], None],
    ) -> int:
        """Write a file.

        Args:
            planned: The note.
            source: The path of its recording.
            part: The file.
            passed: Told at least every second which share is done. It may wait, and
                what it raises ends it.

        Returns:
            Its size in bytes.

        Raises:
            AudioError: The recording can't be read.
            OSError: The file can't be written.
        """

    def close(self) -> None:
        """Let go what is held; nothing is made any more."""


def tried(planned: Planned, save: Callable[[bytes], Saved]) -> Saved:
    """Save a note from the first of its files that can be read.

    Args:
        planned: The note.
        save: Saves it from one of them.

    Raises:
        DataError: Nothing can be written there.
    """
    if planned.problem:
        name = planned.source or planned.note.key.encode()
        problem = AudioError(name, planned.problem).message
        return Saved(planned, Outcome.FAILED, planned.target, 0, problem)
    problem = ""
    for source in planned.sources:
        try:
            return save(source)
        except AudioError as error:
            problem = problem or error.message
    return Saved(planned, Outcome.FAILED, planned.target, 0, problem)


def place_of(maker: Maker, planned: Planned, source: bytes) -> tuple[Path, bool]:
    """Find the name to save under: one that is free, or has just that already.

    Args:
        maker: Who makes the file.
        planned: The note.
        source: The path of its recording.

    Returns:
        The target, and whether it is there.

    Raises:
        AudioError: The recording can't be read.
    """
    for number in count(planned.number):
        target = planned.target_at(number)
        with writing(target):
            if not os.path.lexists(target):
                return target, False
        if maker.is_made(planned, source, target):
            return target, True
    raise AssertionError("numbers do not end")  # pragma: no cover


class _Work:
    """A note on its way.

    Args:
        planned: The note.
    """

    def __init__(self, planned: Planned) -> None:
        self.planned = planned
        self.target = planned.target
        self.source = b""
        """The recording that it was made of."""
        self.part: Part | None = None
        """The file, as long as it has no name."""
        self.share = 0.0
        self.future: Future[Saved] = Future()

    def close(self) -> None:
        """Take away what has no name."""
        part, self.part = self.part, None
        if part is not None:
            part.close()


class Flow:
    """One run.

    Args:
        folders: Where files may be written.
        maker: Who makes them; belongs to this run.
        total: How many notes there are, for the progress.
        steering: Watches and ends it.
    """

    def __init__(
        self, folders: Folders, maker: Maker, total: int, steering: Steering
    ) -> None:
        self._folders = folders
        self._maker = maker
        self._total = total
        self._steering = steering
        self._works: deque[_Work] = deque()
        self._threads = ThreadPoolExecutor(_THREADS, "earmark-save")
        self._lock = threading.Lock()
        self._may_go = threading.Event()
        self._may_go.set()
        self._is_ended = False
        self._done = 0
        self._size = 0

    def run(self, planned: Iterable[Planned]) -> Iterator[Saved]:
        """Save notes.

        Args:
            planned: The notes.

        Yields:
            What became of each, in their order.

        Raises:
            DataError: Nothing can be written there.
        """
        try:
            for each in planned:
                work = _Work(each)
                if not self._done and not self._works:
                    self._step(work.target)
                self._works.append(work)
                work.future = self._threads.submit(self._make, work)
                while len(self._works) > _AHEAD or self._is_first_done():
                    yield self._first()
            while self._works:
                yield self._first()
        except Stopped:
            return  # what has no name yet is taken away

    def close(self) -> None:
        """End it, and take away what was not finished."""
        self._is_ended = True
        self._may_go.set()
        try:
            self._threads.shutdown(cancel_futures=True)
        finally:  # also when Ctrl+C ends the wait: threads take away what they began
            self._maker.close()
            for work in self._works:
                work.close()
            self._works.clear()

    # On the caller's thread

    def _step(self, target: Path) -> None:
        """Tell how far it is; all waits while it is paused.

        Raises:
            Stopped: It shall end.
        """
        done = self._done
        share = done + sum(work.share for work in self._works)
        share = min(1.0, share / self._total) if self._total else 0.0
        progress = Progress(done, self._total, self._size, target, share)
        self._may_go.clear()
        self._steering.step(progress)
        self._may_go.set()

    def _is_first_done(self) -> bool:
        return bool(self._works) and self._works[0].future.done()

    def _first(self) -> Saved:
        """Wait for the first of the notes, and give it its name."""
        work = self._works[0]
        self._step(work.target)
        while not work.future.done():
            try:
                work.future.exception(_STEP_S)
            except TimeoutError:
                self._step(work.target)
        return self._kept(work)

    def _kept(self, work: _Work) -> Saved:
        try:
            saved = work.future.result()
            if work.part is not None:
                saved = self._named(work, work.part, saved)
        finally:
            work.close()
            self._works.popleft()
        self._done += 1
        self._size += saved.size
        return saved

    def _named(self, work: _Work, part: Part, saved: Saved) -> Saved:
        planned, target = saved.planned, saved.target
        try:
            with writing(target):
                while not part.name(target):
                    # Somebody was quicker: another name.
                    target, is_there = place_of(self._maker, planned, work.source)
                    if is_there:
                        return Saved(planned, Outcome.THERE, target)
        except AudioError as error:
            return Saved(planned, Outcome.FAILED, planned.target, 0, error.message)
        return saved._replace(target=target)

    # On threads

    def _make(self, work: _Work) -> Saved:
        def passed(share: float) -> None:
            work.share = share
            self._may_go.wait()
            if self._is_ended:
                raise Stopped

        def save(source: bytes) -> Saved:
            passed(0.0)
            return self._made(work, source, passed)

        return tried(work.planned, save)

    def _made(
        self, work: _Work, source: bytes, passed: Callable[[float], None]
    ) -> Saved:
        """Make a file without a name, where there is none yet."""
        planned = work.planned
        with self._lock:
            self._folders.prepare(planned.folder)
        target, is_there = place_of(self._maker, planned, source)
        if is_there:
            return Saved(planned, Outcome.THERE, target)
        with writing(target):
            part = open_part(planned.folder)
            try:
                size = self._maker.make(planned, source, part, passed)
                part.settle(planned.sent_ms)
                passed(1.0)  # nobody takes it away any more when it has ended
            except BaseException:
                part.close()
                raise
        work.source, work.part = source, part
        return Saved(planned, Outcome.SAVED, target, size)
