"""Measures how loud a recording is while it plays already."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

from tui.audio._commands import SetLoudness
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Measuring"]

log = logging.getLogger(__name__)


class Measure(Protocol):
    """Tells the loudness of a file."""

    def __call__(
        self, path: bytes, *, should_stop: Callable[[], bool] | None = None
    ) -> float | None:
        """Return LUFS; None when it was stopped, or there is nothing to tell."""


class _Job:
    """One recording that is being measured."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.stopped = Event()
        self.done = Event()


class Measuring:
    """Measures one recording after the other, on a thread of its own.

    All methods belong to the engine's thread.

    Args:
        tell: Takes the result, on any thread.
        wake: Called on any thread when `want` should be called again.
        measure: What measures.
    """

    def __init__(
        self,
        tell: Callable[[SetLoudness], None],
        wake: Callable[[], None],
        measure: Measure,
    ) -> None:
        self._tell = tell
        self._wake = wake
        self._measure = measure
        self._job: _Job | None = None
        self._tried: set[int] = set()

    def want(self, recordings: Sequence[tuple[int, bytes]]) -> None:
        """Measure these, the first one first, and no other any more.

        Each is tried once.

        Args:
            recordings: Their generations and paths.
        """
        wanted = {generation for generation, _ in recordings}
        job = self._job
        if job is not None and job.generation not in wanted:
            job.stopped.set()
            self._tried.discard(job.generation)
        if job is not None and job.done.is_set():
            job = self._job = None
        if job is not None:
            return
        for generation, path in recordings:
            if generation not in self._tried:
                # Generations grow: those that were passed never come back.
                self._tried = {each for each in self._tried if each in wanted}
                self._tried.add(generation)
                self._begin(generation, path)
                return

    def _begin(self, generation: int, path: bytes) -> None:
        job = self._job = _Job(generation)
        Thread(
            target=self._run, args=(job, path), name="audio-loudness", daemon=True
        ).start()

    def _run(self, job: _Job, path: bytes) -> None:
        try:
            lufs = self._measure(path, should_stop=job.stopped.is_set)
        except AudioError as error:
            log.info("its loudness can't be measured: %s", error)
        except Exception:  # the outermost one of a thread
            log.exception("the loudness of %r can't be measured", path)
        else:
            if lufs is not None and not job.stopped.is_set():
                self._tell(SetLoudness(job.generation, lufs))
        finally:
            job.done.set()
            self._wake()
