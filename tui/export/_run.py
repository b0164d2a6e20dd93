"""Saving notes as they were planned: what is there already is left as it is."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from tui.export._flow import Flow, Saved, place_of, tried
from tui.export._formats import Format
from tui.export._jobs import Outcome, Steering
from tui.export._write import Folders, copy_into, holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tui.export._flow import Maker
    from tui.export._formats import Options
    from tui.export._plan import Planned
    from tui.export._write import Part

__all__ = ["Saved", "Saver"]

_FEW = 3
"""So many notes, when they are short, are converted before a process would be up."""
_SHORT_MS = 60_000
_BYTES_A_MS = 16
"""What a millisecond is taken for where the length of a note is not known."""


class _Copies:
    """The files as they are."""

    def is_made(self, _planned: Planned, source: bytes, target: Path) -> bool:
        return holds(target, source)

    def make(
        self,
        _planned: Planned,
        source: bytes,
        part: Part,
        passed: Callable[[float], None],
    ) -> int:
        return copy_into(part, source, passed)

    def close(self) -> None:
        pass  # nothing is held


def _maker(options: Options) -> Maker:
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
        steering: Steering | None = None,
    ) -> Iterator[Saved]:
        """Save notes, several at once.

        Args:
            planned: The notes; some are taken ahead of what is yielded.
            total: How many there are, for the progress.
            steering: Watches and ends it, also in the middle of a note.

        Yields:
            What became of each, in their order.

        Raises:
            DataError: Nothing can be written there: the disk is full, or away.
        """
        notes = iter(planned)
        first = list(islice(notes, _FEW + 1))
        maker = self._maker_for(first)
        flow = Flow(self._folders, maker, total, steering or Steering())
        try:
            yield from flow.run(chain(first, notes))
        finally:
            flow.close()
            self._folders.finish()

    def look(self, planned: Planned) -> Saved:
        """Tell where a note would be saved, and write nothing.

        Args:
            planned: The note.

        Raises:
            DataError: Nothing can be written there.
        """

        def look(source: bytes) -> Saved:
            self._folders.check(planned.folder)
            target, is_there = place_of(self._maker, planned, source)
            outcome = Outcome.THERE if is_there else Outcome.SAVED
            return Saved(planned, outcome, target)

        return tried(planned, look)

    def _maker_for(self, first: list[Planned]) -> Maker:
        """Choose who makes the files, by the first of the notes."""
        length = sum(_expected_ms(each) for each in first)
        is_little = len(first) <= _FEW and length <= _SHORT_MS
        if self._options.format is Format.ORIGINAL or is_little:
            return self._maker
        from tui.export._workers import Workers

        return Workers(self._options, self._maker)


def _expected_ms(planned: Planned) -> int:
    note = planned.note
    return note.row.duration_ms or note.size // _BYTES_A_MS
