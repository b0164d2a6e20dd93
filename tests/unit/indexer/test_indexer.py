"""The indexer's thread on the real library, with a watcher that the test plays."""

from __future__ import annotations

import os
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.support.notes import amr_note, opus_note
from tui.errors import LibraryError
from tui.indexer import (
    Changed,
    Failed,
    Indexer,
    ScanFinished,
    ScanProblem,
    ScanStarted,
    SourceStatus,
    scan,
    standard_tools,
)
from tui.indexer._hints import Hints
from tui.indexer._indexer import _Allowance
from tui.indexer._watch import WatchStatus
from tui.library import Library
from tui.model import NoteState, SourceKind, SourceState, WatchMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.indexer import IndexEvent
    from tui.indexer._sweep import FolderTimes
    from tui.model import Note, SourceId

DEADLINE_S = 10.0
WHOLE = opus_note(0.5)

_Event = TypeVar("_Event")


class PlayedWatcher:
    """Says what the test wants; at the start, that all is well."""

    def __init__(
        self,
        root: bytes,
        times: FolderTimes,
        on_hints: Callable[[Hints], None],
        on_status: Callable[[WatchStatus], None],
        *,
        name: str,
    ) -> None:
        self.root = root
        self.times = times
        self.hint = on_hints
        self.on_status = on_status
        self.stopped = threading.Event()

    def start(self) -> None:
        self.say()

    def say(self, reason: str = "", *, rescan: bool = True) -> None:
        """Tell that the root is there, or why not."""
        mode = WatchMode.OFF if reason else WatchMode.LIVE
        self.on_status(WatchStatus(not reason, reason, mode, "", rescan and not reason))

    def stop(self) -> None:
        self.stopped.set()

    def join(self, timeout: float) -> bool:
        return True


@dataclass
class Desk:
    """A library, a source and an indexer at work."""

    root: Path
    library: Library
    events: queue.Queue[IndexEvent] = field(default_factory=queue.Queue)
    watchers: list[PlayedWatcher] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Add the source."""
        self.source_id = self.add(self.root)
        self.reader = self.library.reader()
        self.indexer = Indexer(
            self.library, self.events.put, make_watcher=self._watcher
        )

    def _watcher(
        self,
        root: bytes,
        times: FolderTimes,
        on_hints: Callable[[Hints], None],
        on_status: Callable[[WatchStatus], None],
        *,
        name: str,
    ) -> PlayedWatcher:
        watcher = PlayedWatcher(root, times, on_hints, on_status, name=name)
        self.watchers.append(watcher)
        return watcher

    def add(self, root: Path) -> SourceId:
        """Add a source to the library."""
        writer = self.library.index_writer()
        try:
            return writer.add_source(
                os.fsencode(root), SourceKind.FOLDER, "x", 50, ("a test",)
            )
        finally:
            writer.close()

    def put(self, name: str, data: bytes = WHOLE, *, age_s: float = 0.0) -> Path:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        stamp = time.time() - age_s
        os.utime(path, (stamp, stamp))
        return path

    def start(self) -> None:
        """Begin, and wait until everything was compared."""
        self.indexer.start()
        self.wait_for(ScanFinished)

    def wait_for(self, kind: type[_Event]) -> _Event:
        """Wait for the next event of a kind."""
        while True:
            event = self.events.get(timeout=DEADLINE_S)
            if isinstance(event, kind):
                return event

    def notes(self, *states: NoteState) -> dict[str, Note]:
        """What is in the library, by path of the file."""
        wanted = states or (NoteState.READY, NoteState.UNREADABLE)
        return {
            os.fsdecode(note.files[0].path): note
            for note in self.reader.all_notes(states=wanted)
        }

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; asked again after each event."""
        while not condition():
            self.events.get(timeout=DEADLINE_S)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An indexer that is not started yet."""
    root = tmp_path / "source"
    root.mkdir()
    with Library.open(tmp_path / "library.db") as library:
        desk = Desk(root, library)
        yield desk
        desk.indexer.stop()
        assert desk.indexer.join(DEADLINE_S)
        assert all(watcher.stopped.is_set() for watcher in desk.watchers)
        desk.reader.close()


def _is_done(note: Note) -> bool:
    return note.recording is not None and note.row.duration_ms is not None


def test_names_then_lengths_then_hashes(desk: Desk) -> None:
    """A first scan ends with everything known of every note."""
    desk.put("a.opus", age_s=99)
    desk.put("b.amr", amr_note(2.0), age_s=99)
    desk.put("cut.opus", WHOLE[:-20], age_s=99)
    desk.put("text.opus", b"no sound at all", age_s=99)
    desk.start()

    def is_complete() -> bool:
        notes = desk.notes(NoteState.READY)
        return len(notes) == 2 and all(map(_is_done, notes.values()))

    desk.wait_until(is_complete)
    notes = desk.notes(*NoteState)
    assert notes["cut.opus"].row.state is NoteState.PARTIAL
    assert notes["text.opus"].row.state is NoteState.UNREADABLE
    assert notes["b.amr"].row.duration_ms == pytest.approx(2000, abs=40)
    assert desk.reader.sources()[0].scanned_ms > 0


def test_a_hint_is_followed_at_once(desk: Desk) -> None:
    """A new file is a note after the first event that tells of it."""
    desk.start()
    desk.put("a.opus")
    desk.watchers[0].hint(Hints(paths={b"a.opus"}))
    desk.wait_for(Changed)
    desk.wait_until(lambda: "a.opus" in desk.notes())


def test_a_partial_file_is_a_problem_until_it_is_whole(desk: Desk) -> None:
    """It is looked at again without any event."""
    desk.start()
    desk.put("a.opus", WHOLE[:-20], age_s=5)
    desk.watchers[0].hint(Hints(paths={b"a.opus"}))
    desk.wait_until(lambda: "a.opus" in desk.notes(NoteState.PARTIAL))
    assert not desk.notes()
    desk.put("a.opus")
    desk.wait_until(lambda: "a.opus" in desk.notes())


def test_the_root_goes_and_comes_back(desk: Desk) -> None:
    """The notes are masked, not deleted; back, everything is compared."""
    desk.put("a.opus", age_s=99)
    desk.start()
    desk.wait_until(lambda: "a.opus" in desk.notes())
    desk.watchers[0].say("the folder is not there")
    status = desk.wait_for(SourceStatus)
    while status.state is SourceState.OK:
        status = desk.wait_for(SourceStatus)
    assert status.reason == "the folder is not there"
    assert status.watch is WatchMode.OFF
    assert desk.notes() == {}
    desk.watchers[0].hint(Hints(paths={b"a.opus"}, folders={b""}))
    desk.put("b.opus", age_s=99)
    desk.watchers[0].say()
    desk.wait_until(lambda: set(desk.notes()) == {"a.opus", "b.opus"})


def test_an_empty_root_is_offline_until_something_is_in_it(desk: Desk) -> None:
    """A hint brings it back when no status does."""
    path = desk.put("a.opus", age_s=99)
    desk.start()
    desk.wait_until(lambda: "a.opus" in desk.notes())
    away = path.rename(desk.root.parent / "away.opus")
    desk.watchers[0].hint(Hints(paths={b"a.opus"}))
    status = desk.wait_for(SourceStatus)
    while status.state is SourceState.OK:
        status = desk.wait_for(SourceStatus)
    assert "not mounted" in status.reason
    away.rename(path)
    desk.watchers[0].hint(Hints(paths={b"a.opus"}))
    desk.wait_until(lambda: "a.opus" in desk.notes())
    assert desk.reader.sources()[0].state is SourceState.OK


def test_rescan_looks_at_every_file(desk: Desk) -> None:
    """A file that was changed in place, without any event, is found."""
    path = desk.put("a.opus", age_s=99)
    desk.start()
    desk.wait_until(lambda: "a.opus" in desk.notes(NoteState.READY))
    folder = desk.root.stat()
    path.write_bytes(b"text, no sound")
    os.utime(path, (1, 1))
    os.utime(desk.root, ns=(folder.st_atime_ns, folder.st_mtime_ns))
    desk.indexer.rescan(desk.source_id)
    desk.wait_until(lambda: "a.opus" in desk.notes(NoteState.UNREADABLE))


def test_sources_come_and_go(desk: Desk, tmp_path: Path) -> None:
    """A source that another program adds or removes is noticed."""
    desk.start()
    other = tmp_path / "other"
    other.mkdir()
    (other / "o.opus").write_bytes(WHOLE)
    source_id = desk.add(other)
    desk.indexer.reload()
    desk.wait_until(lambda: "o.opus" in desk.notes())
    assert len(desk.watchers) == 2
    writer = desk.library.index_writer()
    writer.remove_source(source_id)
    writer.close()
    desk.indexer.reload()
    assert desk.watchers[1].stopped.wait(DEADLINE_S)


def test_a_library_that_refuses_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is told, and nothing is lost when there is room again."""
    monkeypatch.setattr("tui.indexer._indexer._RETRY_S", 0.05)
    desk.put("a.opus", age_s=99)
    real = desk.library.index_writer
    refusals = [True, True]

    def refusing() -> object:
        writer = real()
        apply = writer.apply

        def refuse(*args: object) -> None:
            if refusals:
                refusals.pop()
                raise LibraryError("library.db", "the disk is full")
            apply(*args)  # type: ignore[arg-type]  # handed on as it came

        monkeypatch.setattr(writer, "apply", refuse)
        return writer

    monkeypatch.setattr(desk.library, "index_writer", refusing)
    desk.indexer.start()
    assert "the disk is full" in desk.wait_for(Failed).reason
    desk.wait_until(lambda: "a.opus" in desk.notes())


def test_a_fault_in_one_job_stops_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks is told; the next hint is followed."""
    desk.start()
    real = os.lstat

    def fail(path: bytes) -> os.stat_result:
        if path.endswith(b"bad"):
            raise ZeroDivisionError
        return real(path)

    monkeypatch.setattr("tui.indexer._hints.os.lstat", fail)
    desk.watchers[0].hint(Hints(paths={b"bad"}))
    assert "indexing failed" in desk.wait_for(Failed).reason
    monkeypatch.undo()
    desk.put("a.opus")
    desk.watchers[0].hint(Hints(paths={b"a.opus"}))
    desk.wait_until(lambda: "a.opus" in desk.notes())


def test_a_library_that_cant_be_opened_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread ends with a reason, not with a trace on the screen."""

    def refuse() -> object:
        raise LibraryError("library.db", "is damaged")

    monkeypatch.setattr(desk.library, "index_writer", refuse)
    desk.indexer.start()
    assert "is damaged" in desk.wait_for(Failed).reason


def test_scans_are_told(desk: Desk) -> None:
    """Begin, end and counts of a scan are events."""
    desk.put("a.opus", age_s=99)
    desk.indexer.start()
    assert desk.wait_for(ScanStarted).source_id == desk.source_id
    report = desk.wait_for(ScanFinished).report
    assert (report.files, report.added, report.gone) == (1, 1, 0)
    assert report.offline == ""


def test_a_burst_is_written_in_few_transactions(desk: Desk) -> None:
    """Hints that come while one is followed are taken together."""
    desk.start()
    for number in range(300):
        desk.put(f"w{number % 20}/{number}.opus")
        desk.watchers[0].hint(Hints(paths={b"w%d/%d.opus" % (number % 20, number)}))
    changes = 0

    def is_complete() -> bool:
        return len(desk.notes()) == 300

    while not is_complete():
        changes += isinstance(desk.events.get(timeout=DEADLINE_S), Changed)
    assert changes < 60


def test_scan_on_the_calling_thread(desk: Desk) -> None:
    """For the command line: everything known when it returns."""
    desk.put("w/a.opus", age_s=99)
    desk.put("b.opus", WHOLE[:-20], age_s=99)
    writer = desk.library.index_writer()
    seen: list[int] = []
    hashed: list[int] = []
    (report,) = scan(
        writer,
        desk.reader.sources(),
        hashes=True,
        on_progress=lambda _, files: seen.append(files),
        on_hashed=hashed.append,
    )
    assert hashed == [1]
    assert (report.added, report.files, report.problem_count) == (2, 2, 0)
    assert seen[-1] == 2
    (note,) = desk.notes(NoteState.READY).values()
    assert _is_done(note)
    (report,) = scan(writer, desk.reader.sources(), full=False)
    assert (report.added, report.changed, report.gone) == (0, 0, 0)
    (desk.root / "w" / "a.opus").unlink()
    (report,) = scan(writer, desk.reader.sources(), full=False, tools=standard_tools())
    assert report.gone == 1
    desk.root.rename(desk.root.parent / "away")
    (report,) = scan(writer, desk.reader.sources())
    assert report.offline == "the folder is not there"
    assert desk.reader.sources()[0].state is SourceState.OFFLINE
    writer.close()


def test_an_unreadable_folder_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The problem is an event, and in the report."""
    (desk.root / "locked").mkdir()
    real = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/locked"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr("tui.indexer._walk.os.scandir", refuse)
    desk.indexer.start()
    problem = desk.wait_for(ScanProblem)
    assert (problem.path, problem.reason) == (b"locked", "permission denied")
    assert desk.wait_for(ScanFinished).report.problems == (problem,)


def test_an_allowance_lets_a_few_through_and_then_a_steady_rate() -> None:
    """A single file never waits; a storm is taken in parts."""
    allowance = _Allowance(10.0)
    times: list[float] = []
    now = 100.0
    for _ in range(20):
        now = max(now, allowance.next_at())
        allowance.take(now)
        times.append(now - 100.0)
    assert times[:4] == [0.0] * 4
    assert times[4:7] == pytest.approx([0.1, 0.2, 0.3])
    assert times[-1] == pytest.approx(1.6)
    assert allowance.next_at() <= now + 0.1
    assert allowance.next_at() < now + 60, "after a pause it is free again"
