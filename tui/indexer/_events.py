"""What the indexer tells, as frozen values, and what a scan found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.model import NoteId, SourceId, SourceState, WatchMode

__all__ = [
    "Changed",
    "Failed",
    "IndexEvent",
    "Leading",
    "PeaksReady",
    "ScanFinished",
    "ScanProblem",
    "ScanProgress",
    "ScanReport",
    "ScanStarted",
    "SourceStatus",
]


@dataclass(frozen=True, slots=True)
class Changed:
    """Something was written to the library; at most ten of these a second."""

    revision: int
    """Counts the writes of this indexer; the library has its own numbers."""


@dataclass(frozen=True, slots=True)
class ScanStarted:
    """A walk over a whole source began."""

    source_id: SourceId


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """A scan goes on; at most four of these a second."""

    source_id: SourceId
    folders: int
    files: int


@dataclass(frozen=True, slots=True)
class ScanProblem:
    """A file or folder that can't be read, which stopped nothing else."""

    source_id: SourceId
    path: bytes
    """Relative to the source's root."""
    reason: str


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan of one source found."""

    source_id: SourceId
    folders: int = 0
    files: int = 0
    """Files that are notes, also those that did not change."""
    added: int = 0
    changed: int = 0
    """Also those that moved."""
    gone: int = 0
    problem_count: int = 0
    problems: tuple[ScanProblem, ...] = field(default=())
    """The first hundred of them."""
    seconds: float = 0.0
    offline: str = ""
    """Why the source could not be scanned; empty when it was."""
    unread_folders: int = 0
    """Folders that can't be read, or not all of them: they may hold more notes."""


@dataclass(frozen=True, slots=True)
class ScanFinished:
    """A scan ended."""

    report: ScanReport


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source came, went, or is watched in another way."""

    source_id: SourceId
    state: SourceState
    reason: str
    watch: WatchMode
    watch_reason: str


@dataclass(frozen=True, slots=True)
class PeaksReady:
    """The waveform of a note was computed, or can't be."""

    note_id: NoteId
    reason: str = ""
    """Why not; empty when it lies in the library now."""


@dataclass(frozen=True, slots=True)
class Leading:
    """Whether this indexer is the one that writes for its library."""

    leading: bool
    reason: str = ""
    """Why not, e.g. that another Earmark does."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Something broke that should not have; the indexer goes on or is restarted."""

    reason: str


IndexEvent = (
    Changed
    | ScanStarted
    | ScanProgress
    | ScanProblem
    | ScanFinished
    | SourceStatus
    | PeaksReady
    | Leading
    | Failed
)
