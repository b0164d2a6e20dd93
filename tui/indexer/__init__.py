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
    from tui.indexer._indexer import Indexer
    from tui.indexer._lock import IndexerLock
    from tui.indexer._process import IndexerProcess
    from tui.indexer._scan import scan
    from tui.indexer._tools import Tools, standard_tools
    from tui.indexer._waveforms import Waveforms

__all__ = [
    "Changed",
    "Failed",
    "IndexEvent",
    "Indexer",
    "IndexerLock",
    "IndexerProcess",
    "Leading",
    "PeaksReady",
    "ScanFinished",
    "ScanProblem",
    "ScanProgress",
    "ScanReport",
    "ScanStarted",
    "SourceStatus",
    "Tools",
    "Waveforms",
    "scan",
    "standard_tools",
]

_HOMES = {
    "Indexer": "tui.indexer._indexer",
    "IndexerLock": "tui.indexer._lock",
    "IndexerProcess": "tui.indexer._process",
    "Tools": "tui.indexer._tools",
    "Waveforms": "tui.indexer._waveforms",
    "scan": "tui.indexer._scan",
    "standard_tools": "tui.indexer._tools",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
