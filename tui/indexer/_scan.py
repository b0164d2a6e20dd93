"""One scan of some sources, now, on the calling thread: for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.indexer._measure import Measurer
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


def scan(
    writer: IndexWriter,
    sources: Sequence[Source],
    *,
    full: bool = True,
    hashes: bool = False,
    tools: Tools | None = None,
    on_progress: Callable[[Source, int], None] | None = None,
    on_hashed: Callable[[int], None] | None = None,
) -> list[ScanReport]:
    """Bring a library up to date with its sources.

    A file that is being written right now is left out; the browser takes it later.

    Args:
        writer: The library.
        sources: The sources to compare.
        full: Look at every file; else only into folders that changed.
        hashes: Also compute content hashes that are missing.
        tools: How to look at files.
        on_progress: Told of a source and how many of its files were seen.
        on_hashed: Told of how many files the content was looked at so far.

    Returns:
        A report for each source, in their order.

    Raises:
        LibraryError: The library can't be written.
    """
    tools = tools or standard_tools()
    reports = []
    for source in sources:
        index = SourceIndex(source.id, source.root, source.kind, writer, tools)
        reports.append(_scan_one(index, source, full=full, on_progress=on_progress))
    measurer = Measurer(writer, tools)
    while measurer.lengths():
        pass  # each call is a batch
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
) -> ScanReport:
    clock = index.tools.clock
    start = clock.monotonic()
    absence = index.absence()
    counts = Counts()
    full = full or not source.scanned_ms
    if not absence:
        for counts in index.scan(full=full, names_first=False):
            if on_progress is not None:
                on_progress(source, counts.files)
        absence = counts.absence
    state = SourceState.OFFLINE if absence else SourceState.OK
    index.writer.set_source_state(source.id, state, absence)
    if full and not absence:
        index.writer.set_scanned(source.id, clock.wall_ms())
    counts.absence = absence
    return report_of(index, counts, clock.monotonic() - start)
