"""One source in the hands of the indexer: its state, its jobs, when they are due."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

from tui.errors import EarmarkError
from tui.indexer._events import (
    Failed,
    ScanFinished,
    ScanProgress,
    ScanReport,
    ScanStarted,
    SourceStatus,
)
from tui.indexer._hints import Hints
from tui.indexer._run import Counts
from tui.indexer._source import SourceIndex
from tui.model import SourceState, WatchMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.indexer._events import IndexEvent
    from tui.indexer._indexer import Watching
    from tui.indexer._tools import Tools
    from tui.indexer._watch import WatchStatus
    from tui.library._api import IndexWriter
    from tui.model import Source

__all__ = ["Slot"]

_log = logging.getLogger(__name__)

_QUICK_EVERY_S = 600.0
"""All known folders are compared by their time."""
_FULL_EVERY_S = 1800.0
"""All known files are compared by size and time."""
_PROGRESS_GAP_S = 0.25
_NEVER = float("inf")


class _Work:
    """A job that is under way.

    Args:
        steps: The job.
        started: When, on the clock that never jumps; None for what is no scan.
        full: Whether it is a scan of every file.
    """

    def __init__(
        self,
        steps: Iterator[Counts],
        *,
        started: float | None = None,
        full: bool = False,
    ) -> None:
        self.steps = steps
        self.started = started
        self.full = full
        self.counts = Counts()
        self.told = 0
        """Writes that were counted already."""

    def advance(self, clock: Callable[[], float], until: float) -> tuple[bool, int]:
        """Go on until a time; returns whether it ended, and how much it wrote."""
        ended = True
        for counts in self.steps:
            self.counts = counts
            if clock() >= until:
                ended = False
                break
        writes = self.counts.writes - self.told
        self.told += writes
        return ended, writes


class Slot:
    """One source. Belongs to the indexer's thread, but for the watcher in it.

    Args:
        source: The source as the library has it.
        writer: Where results go.
        tools: How to look.
        emit: Told of everything.
        quiet_ms: How long a file must stay as it is before it counts as written.
    """

    watcher: Watching

    def __init__(
        self,
        source: Source,
        writer: IndexWriter,
        tools: Tools,
        emit: Callable[[IndexEvent], None],
        *,
        quiet_ms: int,
    ) -> None:
        self.source_id = source.id
        self.index = SourceIndex(
            source.id,
            source.root,
            source.kind,
            writer,
            tools,
            quiet_ms=quiet_ms,
            on_problem=emit,
        )
        self.hints = Hints()
        self.status: WatchStatus | None = None
        """News of the watcher that were not taken yet."""
        self._writer = writer
        self._clock = tools.clock
        self._emit = emit
        self._was_scanned = source.scanned_ms > 0
        self._work: deque[_Work] = deque()
        self._scan: _Work | None = None
        self._reading: Iterator[int] | None = None
        self._wants_scan = False
        self._wants_full = False
        self._last: WatchStatus | None = None
        self._state: SourceState | None = None
        self._told: SourceStatus | None = None
        self._next_quick = _NEVER
        self._next_full = _NEVER
        self._next_progress = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether there is work that was begun or asked for."""
        return (
            bool(self._work)
            or self._scan is not None
            or self._reading is not None
            or self._may_scan
        )

    @property
    def _may_scan(self) -> bool:
        return self._wants_scan and self._state is SourceState.OK

    def want_scan(self, *, full: bool) -> None:
        """Have the source compared as soon as it is there."""
        self._wants_scan = True
        self._wants_full = self._wants_full or full

    def next_work(self) -> float:
        """When there is something to do, on the clock that never jumps."""
        if self.is_busy or self.status is not None:
            return 0.0
        if self._state is not SourceState.OK:
            return _NEVER
        relook_ms = self.index.settler.next_due_ms()
        relook = _NEVER if relook_ms is None else relook_ms / 1000 + 0.001
        read_ms = self.index.documents.next_due_ms()
        read = _NEVER if read_ms is None else read_ms / 1000 + 0.001
        return min(relook, read, self._next_quick, self._next_full)

    def abandon(self) -> None:
        """Drop the work that the library refused; everything is compared later."""
        self._work.clear()
        self._scan = self._reading = None
        self.index.documents.load()
        self.want_scan(full=not self._was_scanned)

    def unlock(self) -> None:
        """Try again what no key opened, because there is another one now."""
        steps = self.index.unlock()
        if steps is not None:
            self._work.append(_Work(steps))

    def take_status(self) -> None:
        """Follow what the watcher said of the source."""
        status, self.status = self.status, None
        if status is None:
            return
        self._last = status
        if status.rescan:
            self.want_scan(full=not self._was_scanned)
        self._settle_state()

    def follow_hints(self, seconds: float) -> int:
        """Look where something was hinted at; returns how much was written."""
        hints, self.hints = self.hints, Hints()
        if not hints or self._last is None or not self._last.present:
            return 0
        if self._state is not SourceState.OK:
            # Empty until now: the disk came, or the first file.
            self._settle_state()
            return 0
        if self._scan is not None and not self._was_scanned:
            # The first scan reads all these folders anyway.
            hints.folders.clear()
        self._work.appendleft(_Work(self.index.visit(hints)))
        return self._advance(seconds)

    def step(self, seconds: float) -> int:
        """Go on with the work for some time; returns how much was written."""
        if self._state is not SourceState.OK:
            return 0
        self._plan()
        return self._advance(seconds)

    def _plan(self) -> None:
        now = self._clock.monotonic()
        relook = self.index.relook(self._clock.now_ms())
        if relook is not None:
            self._work.append(_Work(relook))
        if now >= self._next_full:
            self.want_scan(full=True)
        elif now >= self._next_quick:
            self.want_scan(full=False)
        if self._wants_scan and self._scan is None:
            self._begin_scan(now)
        due_ms = self.index.documents.next_due_ms()
        if due_ms is not None and due_ms <= self._clock.now_ms():
            self._reading = self._reading or self.index.documents.steps()

    def _begin_scan(self, now: float) -> None:
        full, first = self._wants_full, not self._was_scanned
        self._wants_scan = self._wants_full = False
        self._next_quick = now + _QUICK_EVERY_S
        if full:
            self._next_full = now + _FULL_EVERY_S
        elif self._next_full == _NEVER:
            self._next_full = now  # what was written in place while nobody watched
        self._emit(ScanStarted(self.source_id))
        steps = self.index.scan(full=full, names_first=first)
        self._scan = _Work(steps, started=now, full=full)

    def _advance(self, seconds: float) -> int:
        """Do jobs first, then the scan, until the time is over."""
        clock = self._clock.monotonic
        until = clock() + seconds
        writes = 0
        while clock() < until:
            work = self._work[0] if self._work else self._scan
            if work is None:
                writes += self._read_on()
                if self._reading is None:
                    break
                continue
            try:
                ended, wrote = work.advance(clock, until)
            except EarmarkError:
                raise
            except Exception as error:  # noqa: BLE001  # one bad folder must not stop the others
                _log.exception("a job on source %d failed", self.source_id)
                self._emit(Failed(f"indexing failed: {error}"))
                ended, wrote = True, 0
            writes += wrote
            if ended:
                self._finish(work)
        self._tell_progress()
        return writes

    def _read_on(self) -> int:
        """Read documents a little further; returns how much was written."""
        if self._reading is None:
            return 0
        documents, writes = self.index.documents, 0
        try:
            # At least one: an empty document still has a state to be told.
            writes = 1 + next(self._reading)
        except StopIteration:
            self._reading = None
        except EarmarkError:
            raise
        except Exception as error:  # noqa: BLE001  # one bad document must not stop the others
            _log.exception("documents of source %d failed", self.source_id)
            self._emit(Failed(f"a document failed: {error}"))
            self._reading = None
        films = self.index.look_at_films()
        if films is not None:
            self._work.append(_Work(films))
        if documents.has_news:
            documents.has_news = False
            self._settle_state()
        return writes

    def _finish(self, work: _Work) -> None:
        if work is self._scan:
            self._scan = None
            self._finish_scan(work)
        else:
            self._work.remove(work)
        if work.counts.absence or self.index.documents.has_news:
            self.index.documents.has_news = False
            self._settle_state()

    def _finish_scan(self, work: _Work) -> None:
        counts, now = work.counts, self._clock.monotonic()
        if work.full and not counts.absence:
            self._writer.set_scanned(self.source_id, self._clock.wall_ms())
            self._was_scanned = True
        report = report_of(self.index, counts, now - (work.started or now))
        self._emit(ScanFinished(report))

    def _tell_progress(self) -> None:
        if self._scan is None:
            return
        now = self._clock.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + _PROGRESS_GAP_S
            counts = self._scan.counts
            self._emit(ScanProgress(self.source_id, counts.folders, counts.files))

    def _settle_state(self) -> None:
        """Tell the library whether the source is there, and how it is watched."""
        status = self._last
        if status is None:
            return
        reason = status.reason if not status.present else self.index.absence()
        state = SourceState.OFFLINE if reason else SourceState.OK
        if state is SourceState.OFFLINE:
            self._work.clear()
            self._scan = self._reading = None
            self.want_scan(full=not self._was_scanned)
        elif self._state is SourceState.OFFLINE:
            self.want_scan(full=not self._was_scanned)
        self._state = state
        if state is SourceState.OK:
            state, reason = self.index.documents.summary()
        mode = status.mode if status.present else WatchMode.OFF
        told = SourceStatus(self.source_id, state, reason, mode, status.mode_reason)
        if told != self._told:
            self._told = told
            self._writer.set_source_state(
                self.source_id,
                state,
                reason,
                watch=mode,
                watch_reason=status.mode_reason,
            )
            self._emit(told)


def report_of(index: SourceIndex, counts: Counts, seconds: float) -> ScanReport:
    """Make a report of what a scan counted."""
    return ScanReport(
        source_id=index.source_id,
        folders=counts.folders,
        files=counts.files,
        added=counts.added,
        changed=counts.changed,
        gone=counts.gone,
        unread_folders=counts.unread_folders,
        problem_count=counts.problem_count,
        problems=tuple(counts.problems),
        seconds=seconds,
        offline=counts.absence,
    )
