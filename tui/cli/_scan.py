"""`scan`: look at every file now, and tell what was found."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from tui.cli._doctor_sources import FAILED, document_lines
from tui.cli._library import (
    NO_SOURCES,
    absolute,
    holder,
    index,
    is_watched,
    opened,
    remember,
)
from tui.cli._objects import (
    as_watched,
    document_object,
    plain,
    problem_object,
    source_object,
)
from tui.cli._output import Out, complain, counted
from tui.model import SourceState
from tui.text import printable

if TYPE_CHECKING:
    from tui.config import Settings
    from tui.indexer import ScanReport
    from tui.model import Problem, Source

__all__ = ["scan"]

_NICE = 10
"""As for the indexer under the browser: on two cores, sound of another program drops
out while 100,000 files are read, but not at 10."""
_LONG_S = 0.1
"""From here on it is told how long was spent on the contents of files."""
_NOTHING = 1
_BAD = 3


def scan(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark scan`."""
    folders = [absolute(folder) for folder in said["sources"]]
    out = Out()
    with suppress(OSError):
        os.nice(_NICE)
    with opened(settings) as library:
        remember(library, settings, folders)
        with closing(library.reader()) as reader:
            sources = reader.sources()
        if folders:
            wanted = {found.id for each in folders if (found := holder(sources, each))}
            sources = [source for source in sources if source.id in wanted]
        began = time.monotonic()
        reports = index(library, sources, full=True)
        seconds = time.monotonic() - began
        with closing(library.reader()) as reader:
            by_id = {source.id: source for source in reader.sources()}
            problems = [each for each in reader.problems() if each.path]
            notes = Counter(reader.notes_by_source())
            documents = reader.documents()
        watched = is_watched(library)
    if not reports:
        if said["json"]:
            out.array([])
        complain(NO_SOURCES)
        return _NOTHING
    by_id = {each.id: as_watched(each, watched=watched) for each in by_id.values()}
    told = [
        {
            **_told(by_id[each.source_id], each, notes[each.source_id], problems),
            "documents": [
                document_object(document)
                for document in documents
                if document.source_id == each.source_id
            ],
        }
        for each in reports
    ]
    if said["json"]:
        out.array(told)
    else:
        _say(out, told)
        # Not in the times of the sources: that is when all their notes are there.
        rest = seconds - sum(report.seconds for report in reports)
        if rest >= _LONG_S:
            out.line(f"lengths and contents compared ({rest:.1f} s)")
    states = {by_id[report.source_id].state for report in reports}
    is_whole = not any(report.unread_folders for report in reports)
    return 0 if not states & FAILED and is_whole else _BAD


def _told(
    source: Source, report: ScanReport, notes: int, problems: list[Problem]
) -> dict[str, Any]:
    """Write what a scan found: the source, the counts, and what can't be used."""
    own = [problem for problem in problems if problem.source_id == source.id]
    unread = [
        {"path": plain(each.path), "state": "unreadable", "reason": plain(each.reason)}
        for each in report.problems
    ]
    return {
        **source_object(source, notes, len(own)),
        "folders": report.folders,
        "files": report.files,
        "added": report.added,
        "changed": report.changed,
        "gone": report.gone,
        "seconds": round(report.seconds, 3),
        "problems": [*unread, *(problem_object(each, source) for each in own)],
    }


def _say(out: Out, told: list[dict[str, Any]]) -> None:
    for source in told:
        out.line(printable(source["path"]))
        if source["state"] == SourceState.OFFLINE:
            out.line(f"  {source['state']}: {printable(source['reason'] or '')}")
            continue
        out.line(
            f"  {counted(source['notes'], 'note')} in"
            f" {counted(source['files'], 'file')}:"
            f" {source['added']:,} added, {source['changed']:,} changed,"
            f" {source['gone']:,} gone ({source['seconds']:.1f} s)"
        )
        for line in document_lines(source):
            out.line(f"  {printable(line)}")
        for problem in source["problems"]:
            where = printable(problem["path"])
            out.line(f"  {where}: {problem['state']}, {printable(problem['reason'])}")
