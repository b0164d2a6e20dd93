"""What every kind of export has in common: how it is looked at, steered and told of."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tui.model import Note

__all__ = ["Job", "Outcome", "Progress", "Result", "Steering", "Stopped"]


class Outcome(StrEnum):
    """How it went with a file."""

    SAVED = "saved"
    THERE = "there"
    """What would be written is there already."""
    FAILED = "failed"


class Result(NamedTuple):
    """What became of a file, or of a note that is in none."""

    target: Path
    """The file; where it would be when it failed."""
    outcome: Outcome
    size: int = 0
    """Bytes that were written; in a preview about how many they will be, and 0 where
    that can't be told."""
    notes: int = 1
    """How many notes are in it."""
    problem: str = ""
    """Why it failed, with the path that it is about."""
    key: str = ""
    """The note's public id, for a file or a problem of one note."""
    source: bytes = b""
    """The path of its recording, for the same; empty where there is none."""


class Progress(NamedTuple):
    """How far a run is."""

    done: int
    """Notes."""
    total: int
    size: int
    """Bytes that were written until now."""
    current: Path
    """The file that is made now."""
    share: float = 0.0
    """The part of the work that is done, 0.0 to 1.0, by what costs the time."""


class Stopped(Exception):  # noqa: N818  # no error: somebody wanted it so
    """The run was ended from outside; what was begun is taken away."""


class Steering:
    """Lets others watch, pause and end a run.

    Jobs call `step` ahead of each file, and at least every second within a long one.

    Args:
        on_progress: Told at each step.
        should_stop: Asked at each step, on the job's thread. It may wait, which is a
            pause; True ends the run.
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._should_stop = should_stop

    def step(self, progress: Progress) -> None:
        """Tell how far it is, and wait while it is paused.

        Raises:
            Stopped: The run shall end.
        """
        if self._should_stop is not None and self._should_stop():
            raise Stopped
        if self._on_progress is not None:
            self._on_progress(progress)


class Job(Protocol):
    """One export.

    Notes come as an iterator that is read once, and are not kept: there may be 100,000.
    """

    def check(self) -> None:
        """Refuse a target in a source, or one where nothing can be written.

        Raises:
            DataError: It is one.
        """

    def preview(self, notes: Iterable[Note], total: int) -> Iterator[Result]:
        """Tell what would be written, and write nothing.

        Args:
            notes: The notes in their order.
            total: How many they are.

        Raises:
            DataError: Nothing can be written there.
        """

    def run(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Iterator[Result]:
        """Write it.

        A run that was ended yields nothing for what it did not finish.

        Args:
            notes: The notes in their order.
            total: How many they are.
            steering: Watches, pauses and ends it.

        Yields:
            A result for each file, and for each note that could not be taken.

        Raises:
            DataError: Nothing can be written there: the disk is full, or away. What
                was yielded before is there.
        """
