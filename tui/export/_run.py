"""Saving notes one after the other: what is there already is left as it is."""

from __future__ import annotations

import os
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tui.errors import AudioError
from tui.export._formats import Format
from tui.export._write import Folders, copy_into, holds, new_part, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tui.export._formats import Options
    from tui.export._plan import Planned
    from tui.export._write import Part

__all__ = ["Outcome", "Progress", "Saved", "Saver"]


class Outcome(StrEnum):
    """How it went with a note."""

    SAVED = "saved"
    THERE = "there"
    """What would be written is there already."""
    FAILED = "failed"


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


class Progress(NamedTuple):
    """How far a run is."""

    done: int
    total: int
    size: int
    """Bytes that were written until now."""
    current: Path
    """The file that is made now."""


class _Maker(Protocol):
    """Makes the content of files."""

    def is_made(self, planned: Planned, source: bytes, target: Path) -> bool:
        """Tell whether a file that is there is just what would be made.

        Args:
            planned: The note.
            source: The path of its recording.
            target: The file.

        Raises:
            AudioError: The recording can't be read.
        """

    def make(self, planned: Planned, source: bytes, part: Part) -> int:
        """Write a file.

        Args:
            planned: The note.
            source: The path of its recording.
            part: The file.

        Returns:
            Its size in bytes.

        Raises:
            AudioError: The recording can't be read.
            OSError: The file can't be written.
        """


class _Copies:
    """The files as they are."""

    def is_made(self, _planned: Planned, source: bytes, target: Path) -> bool:
        return holds(target, source)

    def make(self, _planned: Planned, source: bytes, part: Part) -> int:
        return copy_into(part, source)


def _maker(options: Options) -> _Maker:
    if options.format is Format.ORIGINAL:
        return _Copies()
    from tui.export._convert import Conversions  # loads what copying need not

    return Conversions(options)


class Saver:
    """Saves notes as they were planned.

    Args:
        options: How they are saved.
        roots: The folders of all sources, in which nothing may be written.
    """

    def __init__(self, options: Options, roots: Iterable[bytes]) -> None:
        self._options = options
        self._folders = Folders(roots)
        self._maker = _maker(options)

    def check(self, folder: Path) -> None:
        """Refuse to save in a source.

        Args:
            folder: The folder of all.

        Raises:
            DataError: It is a source, or lies in one.
        """
        self._folders.check(folder)

    def run(
        self,
        planned: Iterable[Planned],
        total: int = 0,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Saved]:
        """Save notes.

        Args:
            planned: The notes.
            total: How many there are, for the progress.
            on_progress: Told ahead of each file.
            should_stop: Asked ahead of each file; True ends it there.

        Yields:
            What became of each.

        Raises:
            DataError: Nothing can be written there: the disk is full, or away.
        """
        size = 0
        try:
            for done, each in enumerate(planned):
                if should_stop():
                    break
                if on_progress is not None:
                    on_progress(Progress(done, total, size, each.target))
                saved = self._tried(each, self._write)
                size += saved.size
                yield saved
        finally:
            self._folders.finish()

    def look(self, planned: Planned) -> Saved:
        """Tell where a note would be saved, and write nothing.

        Args:
            planned: The note.

        Raises:
            DataError: Nothing can be written there.
        """
        return self._tried(planned, self._look)

    def _tried(
        self, planned: Planned, save: Callable[[Planned, bytes], Saved]
    ) -> Saved:
        """Save a note from the first of its files that can be read."""
        if planned.problem:
            name = planned.source or planned.note.key.encode()
            problem = AudioError(name, planned.problem).message
            return Saved(planned, Outcome.FAILED, planned.target, 0, problem)
        problem = ""
        for source in planned.sources:
            try:
                return save(planned, source)
            except AudioError as error:
                problem = problem or error.message
        return Saved(planned, Outcome.FAILED, planned.target, 0, problem)

    def _look(self, planned: Planned, source: bytes) -> Saved:
        self._folders.check(planned.folder)
        target, is_there = self._place(planned, source)
        return Saved(planned, Outcome.THERE if is_there else Outcome.SAVED, target)

    def _write(self, planned: Planned, source: bytes) -> Saved:
        self._folders.prepare(planned.folder)
        target, is_there = self._place(planned, source)
        if is_there:
            return Saved(planned, Outcome.THERE, target)
        with writing(target), new_part(target.parent) as part:
            size = self._maker.make(planned, source, part)
            while not part.keep(target, planned.sent_ms):
                # Somebody was quicker: another name.
                target, is_there = self._place(planned, source)
                if is_there:
                    return Saved(planned, Outcome.THERE, target)
        return Saved(planned, Outcome.SAVED, target, size)

    def _place(self, planned: Planned, source: bytes) -> tuple[Path, bool]:
        """Find the name to save under: one that is free, or has just that already.

        Returns:
            The target, and whether it is there.

        Raises:
            AudioError: The recording can't be read.
        """
        for number in count(planned.number):
            target = planned.target_at(number)
            with writing(target):
                is_free = not os.path.lexists(target)
            if is_free:
                return target, False
            if self._maker.is_made(planned, source, target):
                return target, True
        raise AssertionError("numbers do not end")  # pragma: no cover
