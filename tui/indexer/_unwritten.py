"""What a job found and has not written yet: many folders go into one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.indexer._source import SourceIndex
    from tui.library._api import NoteRecord

__all__ = ["Put", "Unwritten"]

_FIRST = 64
"""Files in the first transaction of a job: something is to be seen soon."""
_MOST = 1024
"""The same for the last ones, each being twice the one before. A scan of folders with
100 files each takes a fifth less time than with a transaction for each."""
_AFTER_S = 0.05
"""After so long what was found is written, and other things may be done."""


class Put(NamedTuple):
    """What is to be written of a folder, in one call of `IndexWriter.apply`."""

    folder: bytes
    time_ns: int
    records: list[NoteRecord]
    gone: list[int]
    is_read: bool
    """Whether the folder is read whole with this, so that its time can be noted."""


class Unwritten:
    """Collects what is to be written.

    It has to be empty at each pause of a job: what was seen before a pause may be out
    of date after it.

    Args:
        source: Where it goes.
    """

    def __init__(self, source: SourceIndex) -> None:
        self._source = source
        self._now = source.tools.clock.monotonic
        self._puts: list[Put] = []
        self._room = self._left = _FIRST
        self._until = self._now() + _AFTER_S

    @property
    def is_due(self) -> bool:
        """Whether enough was collected, or for long enough."""
        return self._left <= 0 or self._now() >= self._until

    def add(self, put: Put) -> None:
        """Keep something to be written."""
        self._puts.append(put)
        self._left -= len(put.records) + len(put.gone)

    def write(self) -> int:
        """Write all in one transaction; returns how many files that were."""
        source, puts = self._source, self._puts
        count = 0
        if puts:
            self._puts = []
            with source.writer.batch():
                for put in puts:
                    source.writer.apply(source.source_id, *put[:4])
            for put in puts:
                count += len(put.records) + len(put.gone)
                if put.is_read:
                    source.times.note(put.folder, put.time_ns)
        if self._left <= 0:
            self._room = min(2 * self._room, _MOST)
        self._left = self._room
        self._until = self._now() + _AFTER_S
        return count
