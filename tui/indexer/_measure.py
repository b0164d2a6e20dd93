"""Lengths and content hashes of files that are in the library without them.

Both go a batch at a time, newest notes first, so that whoever drives this can turn to
an event in between. What is wrong with a file is a result like any other.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tui.indexer._look import AHEAD, look
from tui.indexer._settle import reason_of, state_of
from tui.indexer._walk import Entry
from tui.library._api import Measured
from tui.model import NoteState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.indexer._tools import Tools
    from tui.library._api import IndexWriter
    from tui.media._api import Probe

__all__ = ["Measurer"]

_SLOW_S = 0.1
"""After so long a batch is written, also when it is not full."""
_HASHES = 256
"""Files in one transaction, unless they are big."""
_HASH_BYTES = 8 * 1024 * 1024
_MAX_SKIPPED = 5_000


class Measurer:
    """Measures and hashes, one batch a call. Belongs to the indexer's thread.

    Args:
        writer: Tells what is to do, and takes the results.
        tools: How to look, to measure and to hash.
    """

    def __init__(self, writer: IndexWriter, tools: Tools) -> None:
        self._writer = writer
        self._tools = tools
        self._skipped: set[int] = set()
        """Files that went away or failed: they come again by an event, if at all."""

    def lengths(self) -> int:
        """Measure some files; returns how many, 0 when there is nothing to do."""
        asked = self._writer.unmeasured(AHEAD + len(self._skipped))
        todo = [item for item in asked if item[0] not in self._skipped][:AHEAD]
        if not todo:
            return 0
        results: list[Measured] = []
        clock = self._tools.clock.monotonic
        start = clock()
        entries = [Entry(b"", path.lstrip(b"/"), -1, 0, 0) for _, path in todo]
        # Closed explicitly: its open files must not wait for the garbage collector.
        answers = look(self._tools, b"/", entries)
        try:
            for (file_id, path), answer in zip(todo, answers, strict=False):
                if answer.probe is None:
                    self._skip(file_id)
                    continue
                results.append(self._measured(file_id, path, answer.probe))
                if clock() - start > _SLOW_S:
                    break
        finally:
            answers.close()
        if results:
            self._writer.measured(results)
        return len(todo)

    def hashes(self) -> int:
        """Hash some files; returns how many, 0 when there is nothing to do."""
        return self._hash(self._writer.unhashed(_HASHES + len(self._skipped)))

    def twins(self) -> int:
        """Hash some files that may be the same messages as others; likewise."""
        return self._hash(self._writer.twins(_HASHES + len(self._skipped)))

    def _hash(self, asked: list[tuple[int, bytes, int]]) -> int:
        todo = [item for item in asked if item[0] not in self._skipped][:_HASHES]
        if not todo:
            return 0
        _fetch(self._tools, (path for _, path, _ in todo))
        results: list[Measured] = []
        done = 0
        for file_id, path, size in todo:
            try:
                digest = self._tools.content_hash(path, size)
            except OSError:
                self._skip(file_id)
                continue
            results.append(Measured(file_id, content_hash=digest))
            done += size
            if done > _HASH_BYTES:
                break
        if results:
            self._writer.measured(results)
        return len(todo)

    def try_again(self) -> None:
        """Forget what failed: something changed since."""
        self._skipped.clear()

    def _skip(self, file_id: int) -> None:
        if len(self._skipped) >= _MAX_SKIPPED:
            self._skipped.clear()
        self._skipped.add(file_id)

    def _measured(self, file_id: int, path: bytes, probe: Probe) -> Measured:
        if state_of(probe) is NoteState.READY and probe.duration_ms is None:
            try:
                probe = self._tools.measure(path)
            except OSError:
                # Nothing more can be told than the quick look did.
                return Measured(file_id, probe.container)
        state = state_of(probe)
        if state is NoteState.READY:
            return Measured(file_id, probe.container, probe.duration_ms)
        return Measured(
            file_id, probe.container, probe.duration_ms, state, reason_of(probe)
        )


def _fetch(tools: Tools, paths: Iterable[bytes]) -> None:
    """Have the system read files ahead."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in paths:
        try:
            handle = tools.open_file(path)
        except OSError:
            continue  # the hash will say why
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
        except OSError:
            continue  # a pipe; the same
        finally:
            os.close(handle)
