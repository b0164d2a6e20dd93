"""The indexer: a thread that keeps a library up to date with its sources.

One thread does all work and all writing, in small steps, so that a single new file
never waits for a scan: first what was just hinted at, then files that may be whole by
now, then scans, then lengths, then content hashes. Watchers and callers only put
commands in its queue.
"""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tui.errors import LibraryError
from tui.indexer._events import Changed, Failed
from tui.indexer._measure import Measurer
from tui.indexer._mounts import silent_file_system
from tui.indexer._rules import Rules
from tui.indexer._settle import QUIET_MS, SLOW_QUIET_MS
from tui.indexer._slot import Slot
from tui.indexer._tools import standard_tools
from tui.indexer._watch import Watcher
from tui.keys import keys_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.indexer._events import IndexEvent
    from tui.indexer._hints import Hints
    from tui.indexer._sweep import FolderTimes
    from tui.indexer._tools import Tools
    from tui.indexer._watch import WatchStatus
    from tui.library._api import IndexWriter, Reader
    from tui.model import Source, SourceId

__all__ = ["Indexer", "LibraryAccess", "Watching"]

_log = logging.getLogger(__name__)

_FLUSHES_A_SECOND = 8.0
"""How often what was hinted at is looked at while more and more comes."""
_CHANGES_A_SECOND = 10.0
_AT_ONCE = 4
"""How many of both do not have to wait."""
_SOURCES_EVERY_S = 5.0
"""How often the list of sources is read: another program may add one."""
_COMMANDS_AT_ONCE = 1000
"""A storm of commands must not keep them from being followed."""
_SLICE_S = 0.03
"""How long a step of background work may take before the queue is looked at."""
_RETRY_S = 3.0
"""After an error of the library, until the next attempt."""
_IDLE_S = 60.0


class LibraryAccess(Protocol):
    """Opens connections for the calling thread; `tui.library.Library` is one."""

    def reader(self) -> Reader:
        """Open a reader."""

    def index_writer(self) -> IndexWriter:
        """Open the indexer's side."""


class Watching(Protocol):
    """Watches one source, see `Watcher`."""

    def start(self) -> None:
        """Begin, on an own thread."""

    def stop(self) -> None:
        """Ask it to end."""

    def join(self, timeout: float) -> bool:
        """Wait for its end."""


class MakeWatcher(Protocol):
    """Makes what watches a source."""

    def __call__(
        self,
        root: bytes,
        times: FolderTimes,
        on_hints: Callable[[Hints], None],
        on_status: Callable[[WatchStatus], None],
        *,
        name: str,
    ) -> Watching:
        """Make it; it is started later."""


@dataclass(frozen=True, slots=True)
class _Hinted:
    source_id: SourceId
    hints: Hints


@dataclass(frozen=True, slots=True)
class _Watched:
    source_id: SourceId
    status: WatchStatus


@dataclass(frozen=True, slots=True)
class _Rescan:
    source_id: SourceId | None = None


@dataclass(frozen=True, slots=True)
class _Reload:
    pass


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


_Command = _Hinted | _Watched | _Rescan | _Reload | _Stop


@dataclass(slots=True)
class _Due:
    """When the things are to be done that a clock drives."""

    sources: float = 0.0
    retry: float = 0.0


class _Allowance:
    """How often something may be done: at once after a pause, then at a steady rate.

    Args:
        rate: Times a second in the long run.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free_at = 0.0
        """When all that was done will be made up for."""

    def next_at(self) -> float:
        """When it may be done the next time."""
        return self._free_at - (_AT_ONCE - 1) / self._rate

    def take(self, now: float) -> None:
        """Do it once."""
        self._free_at = max(now, self._free_at) + 1 / self._rate


@dataclass(slots=True)
class _Desk:
    """What belongs to the indexer's thread alone."""

    writer: IndexWriter
    reader: Reader
    measurer: Measurer
    rules: Rules
    slots: dict[SourceId, Slot] = field(default_factory=dict)
    due: _Due = field(default_factory=_Due)
    flushes: _Allowance = field(default_factory=lambda: _Allowance(_FLUSHES_A_SECOND))
    changes: _Allowance = field(default_factory=lambda: _Allowance(_CHANGES_A_SECOND))
    keys: int = field(default_factory=keys_version)
    """Of the user's keys, when locked documents were tried last."""
    revision: int = 0
    is_dirty: bool = False
    has_unmeasured: bool = True
    has_unhashed: bool = True
    has_rules: bool = True
    """Whether the user's rules may have to be asked of something."""
    has_unmatched: bool = True
    """Whether claims of documents may have to be matched again."""
    matching: Iterator[int] | None = None


class Indexer:
    """Watches and indexes all sources of a library.

    Args:
        library: Opens the library.
        on_event: Told of everything, on the indexer's threads; must not wait.
        tools: How to look at files.
        make_watcher: Makes what watches a source.
    """

    def __init__(
        self,
        library: LibraryAccess,
        on_event: Callable[[IndexEvent], None],
        *,
        tools: Tools | None = None,
        make_watcher: MakeWatcher = Watcher,
    ) -> None:
        self._library = library
        self._emit = on_event
        self._tools = tools or standard_tools()
        self._clock = self._tools.clock.monotonic
        self._make_watcher = make_watcher
        self._commands: queue.SimpleQueue[_Command] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)

    def start(self) -> None:
        """Begin to watch and to index; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask all threads to end; returns at once."""
        self._stopping.set()
        self._commands.put(_Stop())

    def join(self, timeout: float = 5.0) -> bool:
        """Wait for the end; returns whether it came in time."""
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def rescan(self, source_id: SourceId | None = None) -> None:
        """Look at every file of a source, or of all, again."""
        self._commands.put(_Rescan(source_id))

    def reload(self) -> None:
        """Read the list of sources again, because one was added or removed."""
        self._commands.put(_Reload())

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001  # the one outer net of this thread
            _log.exception("the indexer failed")
            self._emit(Failed(f"the indexer failed: {error}"))

    def _work(self) -> None:
        writer, reader = self._library.index_writer(), self._library.reader()
        rules = Rules(writer, self._tools.clock.wall_ms)
        desk = _Desk(writer, reader, Measurer(writer, self._tools), rules)
        try:
            while not self._stopping.is_set():
                self._receive(desk)
                if not self._stopping.is_set():
                    self._guarded(desk)
        finally:
            for slot in desk.slots.values():
                slot.watcher.stop()
            for slot in desk.slots.values():
                slot.watcher.join(1.0)
            writer.close()
            reader.close()

    def _receive(self, desk: _Desk) -> None:
        """Take what was asked; wait for it while there is nothing else to do."""
        wait = self._patience(desk)
        try:
            command = self._commands.get(timeout=wait) if wait else None
            for _ in range(_COMMANDS_AT_ONCE):
                if command is not None:
                    self._obey(desk, command)
                command = self._commands.get_nowait()
        except queue.Empty:
            return
        if command is not None:
            self._obey(desk, command)

    def _patience(self, desk: _Desk) -> float:
        """How long nothing has to be done, in seconds."""
        now = self._clock()
        due = desk.due
        if due.retry > now:
            return due.retry - now
        times = [due.sources, now + _IDLE_S]
        if desk.is_dirty:
            times.append(desk.changes.next_at())
        for slot in desk.slots.values():
            if slot.hints:
                times.append(desk.flushes.next_at())
            times.append(slot.next_work())
        if desk.has_unmeasured or desk.has_rules or desk.has_unhashed:
            return 0.0
        if desk.has_unmatched:
            return 0.0
        return max(0.0, min(times) - now)

    def _obey(self, desk: _Desk, command: _Command) -> None:
        match command:
            case _Hinted(source_id, hints):
                if slot := desk.slots.get(source_id):
                    slot.hints.merge(hints)
            case _Watched(source_id, status):
                if slot := desk.slots.get(source_id):
                    slot.status = status
            case _Rescan(source_id):
                for slot in desk.slots.values():
                    if source_id in {None, slot.source_id}:
                        slot.want_scan(full=True)
                desk.measurer.try_again()
            case _Reload():
                desk.due.sources = 0.0
            case _Stop():
                self._stopping.set()

    def _guarded(self, desk: _Desk) -> None:
        """Do what is due; an error of the library postpones it, and no more."""
        if self._clock() < desk.due.retry:
            return
        try:
            self._do_due(desk)
        except LibraryError as error:
            _log.warning("the library refused: %s", error)
            self._emit(Failed(error.message))
            desk.due.retry = self._clock() + _RETRY_S
            desk.due.sources = 0.0
            desk.matching = None
            for slot in desk.slots.values():
                slot.abandon()
        self._announce(desk)

    def _do_due(self, desk: _Desk) -> None:
        now = self._clock()
        if now >= desk.due.sources:
            self._read_sources(desk)
            desk.due.sources = now + _SOURCES_EVERY_S
        for slot in desk.slots.values():
            slot.take_status()
        hinted = any(slot.hints for slot in desk.slots.values())
        if hinted and now >= desk.flushes.next_at():
            for slot in desk.slots.values():
                self._wrote(desk, slot.follow_hints(_SLICE_S))
            desk.flushes.take(self._clock())
        busy = False
        for slot in desk.slots.values():
            self._wrote(desk, slot.step(_SLICE_S))
            busy = busy or slot.is_busy
        if not busy:
            self._measure(desk)

    def _wrote(self, desk: _Desk, writes: int) -> None:
        if writes:
            desk.is_dirty = True
            desk.has_unmeasured = desk.has_rules = desk.has_unhashed = True
            desk.has_unmatched = True

    def _measure(self, desk: _Desk) -> None:
        if desk.has_unmeasured:
            count = desk.measurer.lengths()
            desk.has_unmeasured = count > 0
            desk.is_dirty = desk.is_dirty or count > 0
            desk.has_rules = desk.has_rules or count > 0
        elif desk.has_rules:
            desk.has_rules = desk.rules.step()
            desk.is_dirty = desk.is_dirty or desk.has_rules
        elif desk.has_unhashed:
            count = desk.measurer.hashes()
            desk.has_unhashed = count > 0
            desk.is_dirty = desk.is_dirty or count > 0
        elif desk.has_unmatched:
            self._match_again(desk)

    def _match_again(self, desk: _Desk) -> None:
        """Match again what is known better now, for one slice of time."""
        if desk.matching is None:
            desk.matching = desk.writer.match_again()
        until = self._clock() + _SLICE_S
        for count in desk.matching:
            desk.is_dirty = desk.is_dirty or count > 0
            desk.has_rules = desk.has_rules or count > 0
            if self._clock() >= until:
                return
        desk.matching, desk.has_unmatched = None, False

    def _announce(self, desk: _Desk) -> None:
        now = self._clock()
        if desk.is_dirty and now >= desk.changes.next_at():
            desk.is_dirty = False
            desk.revision += 1
            desk.changes.take(now)
            self._emit(Changed(desk.revision))

    def _read_sources(self, desk: _Desk) -> None:
        keys = keys_version()
        if keys != desk.keys:
            desk.keys = keys
            for slot in desk.slots.values():
                slot.unlock()
        for slot in desk.slots.values():
            slot.index.documents.take_chosen()
        desk.has_rules = True  # another program may have made one
        listed = {source.id: source for source in desk.reader.sources()}
        for source_id in desk.slots.keys() - listed.keys():
            slot = desk.slots.pop(source_id)
            slot.watcher.stop()
        for source in listed.values():
            if source.id not in desk.slots:
                desk.slots[source.id] = self._make_slot(desk, source)

    def _make_slot(self, desk: _Desk, source: Source) -> Slot:
        is_slow = bool(silent_file_system(source.root))
        slot = Slot(
            source,
            desk.writer,
            self._tools,
            self._emit,
            quiet_ms=SLOW_QUIET_MS if is_slow else QUIET_MS,
        )
        source_id, put = source.id, self._commands.put
        slot.watcher = self._make_watcher(
            source.root,
            slot.index.times,
            lambda hints: put(_Hinted(source_id, hints)),
            lambda status: put(_Watched(source_id, status)),
            name=str(source_id),
        )
        slot.watcher.start()
        return slot
