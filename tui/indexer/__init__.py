"""Indexer: keeps the library up to date with the folders, in the background.

Names are loaded when they are first used: the browser needs the supervisor of the
child process and the events, not what walks and watches.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tui.indexer._events import (
    Changed,
    Failed,
    IndexEvent,
    Leading,
    PeaksReady,
    ScanFinished,
    ScanProblem,
    ScanProgress,
    ScanReport,
    ScanStarted,
    SourceStatus,
)

if TYPE_CHECKING:
    from tui.indexer._detect import detect_source
    from tui.indexer._first import Answers, Contacts, FirstStart, Question
    from tui.indexer._indexer import Indexer
    from tui.indexer._likely import Likely, Lock, likely, places, search
    from tui.indexer._lock import IndexerLock
    from tui.indexer._process import IndexerProcess
    from tui.indexer._rules import apply_rules
    from tui.indexer._scan import scan
    from tui.indexer._tools import Tools, standard_tools
    from tui.indexer._waveforms import Waveforms

__all__ = [
    "Answers",
    "Changed",
    "Contacts",
    "Failed",
    "FirstStart",
    "IndexEvent",
    "Indexer",
    "IndexerLock",
    "IndexerProcess",
    "Leading",
    "Likely",
    "Lock",
    "PeaksReady",
    "Question",
    "ScanFinished",
    "ScanProblem",
    "ScanProgress",
    "ScanReport",
    "ScanStarted",
    "SourceStatus",
    "Tools",
    "Waveforms",
    "apply_rules",
    "detect_source",
    "likely",
    "places",
    "scan",
    "search",
    "standard_tools",
]

_HOMES = {
    "Answers": "tui.indexer._first",
    "Contacts": "tui.indexer._first",
    "FirstStart": "tui.indexer._first",
    "Indexer": "tui.indexer._indexer",
    "IndexerLock": "tui.indexer._lock",
    "IndexerProcess": "tui.indexer._process",
    "Likely": "tui.indexer._likely",
    "Lock": "tui.indexer._likely",
    "Question": "tui.indexer._first",
    "Tools": "tui.indexer._tools",
    "Waveforms": "tui.indexer._waveforms",
    "apply_rules": "tui.indexer._rules",
    "detect_source": "tui.indexer._detect",
    "likely": "tui.indexer._likely",
    "places": "tui.indexer._likely",
    "scan": "tui.indexer._scan",
    "search": "tui.indexer._likely",
    "standard_tools": "tui.indexer._tools",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
