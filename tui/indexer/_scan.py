"""One scan of some sources, now, on the calling thread: for the command line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from tui.indexer._measure import Measurer
from tui.indexer._rules import apply_rules
from tui.indexer._run import Counts
from tui.indexer._slot import report_of
from tui.indexer._source import SourceIndex
from tui.indexer._tools import standard_tools
from tui.model import SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.indexer._events import ScanReport
    from tui.indexer._tools import Tools
    from tui.library._api import IndexWriter
    from tui.model import Source

__all__ = ["scan"]

_PATIENCE_MS = 2_000
"""How long files are waited for that were written a moment ago."""
_SHORTEST_MS = 20


class _Scanned(NamedTuple):
    """A source after its scan."""

    compared: SourceIndex
    counts: Counts
    seconds: float


def scan(
    writer: IndexWriter,
    sources: Sequence[Source],
    *,
    full: bool = True,
    hashes: bool = False,
    tools: Tools | None = None,
    on_progress: Callable[[Source, int], None] | None = None,
    on_hashed: Callable[[int], None] | None = None,
    pause: Callable[[float], object] = time.sleep,
) -> list[ScanReport]:
    """Bring a library up to date with its sources.

    Files that were written a moment ago are waited for, up to two seconds in all; what
    is still being written then is told as partial.

    Args:
        writer: The library.
        sources: The sources to compare.
        full: Look at every file; else only into folders that changed.
        hashes: Also compute content hashes that are missing.
        tools: How to look at files.
        on_progress: Told of a source and how many of its files were seen.
        on_hashed: Told of how many files the content was looked at so far.
        pause: Lets seconds pass.

    Returns:
        A report for each source, in their order.

    Raises:
        LibraryError: The library can't be written.
    """
    tools = tools or standard_tools()
    done: list[_Scanned] = []
    for source in sources:
        index = SourceIndex(
            source.id, source.root, source.kind, writer, tools, is_patient=False
        )
        done.append(_scan_one(index, source, full=full, on_progress=on_progress))
    _await_young([each for each in done if each.counts.waiting], tools, pause)
    reports = [report_of(*each) for each in done]
    measurer = Measurer(writer, tools)
    while measurer.lengths():
        pass  # each call is a batch
    _read_documents([each.compared for each in done if not each.counts.absence])
    while measurer.lengths() or measurer.twins():
        pass  # so is this
    for _ in writer.match_again():
        pass
    apply_rules(writer, tools.clock.wall_ms)
    hashed = 0
    while hashes and (count := measurer.hashes()):
        hashed += count
        if on_hashed is not None:
            on_hashed(hashed)
    return reports


def _scan_one(
    index: SourceIndex,
    source: Source,
    *,
    full: bool,
    on_progress: Callable[[Source, int], None] | None,
) -> _Scanned:
    clock = index.tools.clock
    start = clock.monotonic()
    absence = index.absence()
    counts = Counts()
    full = full or not source.scanned_ms
    if not absence:
        for counts in index.scan(full=full, names_first=False, recheck=True):
            if on_progress is not None:
                on_progress(source, counts.files)
        absence = counts.absence
    if absence:
        index.writer.set_source_state(source.id, SourceState.OFFLINE, absence)
    if full and not absence:
        index.writer.set_scanned(source.id, clock.wall_ms())
    counts.absence = absence
    return _Scanned(index, counts, clock.monotonic() - start)


def _read_documents(indexes: Sequence[SourceIndex]) -> None:
    """Read what tells about notes, once all files are known."""
    for index in indexes:
        for _ in index.documents.steps():
            pass
        for _ in index.look_at_films() or ():
            pass
        state, reason = index.documents.summary()
        index.writer.set_source_state(index.source_id, state, reason)


def _await_young(
    scanned: list[_Scanned], tools: Tools, pause: Callable[[float], object]
) -> None:
    """Look again at files that were too young to be told from unfinished ones."""
    now_ms = tools.clock.now_ms
    end_ms = now_ms() + _PATIENCE_MS
    while scanned:
        dues = [each.compared.settler.next_due_ms() for each in scanned]
        due_ms = min([due for due in dues if due is not None], default=end_ms)
        pause(max(_SHORTEST_MS, min(due_ms, end_ms) - now_ms()) / 1000)
        is_last = now_ms() >= end_ms
        for each in scanned:
            each.compared.settler.due(now_ms())  # not to be told of them again
            _relook(each, is_last=is_last)
        if is_last:
            return
        scanned = [each for each in scanned if each.counts.waiting]


def _relook(scanned: _Scanned, *, is_last: bool) -> None:
    """Look again at what is missing of a source; its files are counted already."""
    index, counts, _ = scanned
    *_, again = index.look_at(counts.waiting, is_last=is_last)
    if is_last:
        index.read_anew({key.folder for key in again.waiting})
    counts.waiting = again.waiting
    counts.added += again.added
    counts.changed += again.changed
