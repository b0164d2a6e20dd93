"""The wire, the lock, the host and the supervisor of the indexer's process."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.support.indexed import DEADLINE_S, library_with_note, wait_event
from tui import indexer
from tui.errors import LibraryError
from tui.indexer import (
    Changed,
    Failed,
    IndexerLock,
    IndexerProcess,
    Leading,
    PeaksReady,
    ScanFinished,
    ScanProblem,
    ScanProgress,
    ScanReport,
    ScanStarted,
    SourceStatus,
)
from tui.indexer._host import Host, main
from tui.indexer._wire import Lines, Peaks, Reload, Rescan, decode, encode
from tui.library import Library
from tui.model import (
    NoteId,
    SourceId,
    SourceState,
    WatchMode,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.indexer import IndexEvent

_ID = SourceId(3)
_PROBLEM = ScanProblem(_ID, b"a/\xff\n.opus", "permission denied")

_Event = TypeVar("_Event")


@pytest.mark.parametrize(
    "message",
    [
        Rescan(),
        Reload(),
        Peaks(NoteId(7)),
        Changed(4),
        ScanStarted(_ID),
        ScanProgress(_ID, 2, 30),
        _PROBLEM,
        ScanFinished(ScanReport(_ID, 1, 2, 3, 4, 5, 1, (_PROBLEM,), 0.5, "gone")),
        SourceStatus(_ID, SourceState.OFFLINE, "gone", WatchMode.POLLING, "nfs"),
        PeaksReady(NoteId(7), "no sound"),
        Leading(leading=False, reason="another"),
        Failed("\udcff\x1b[31m"),
    ],
)
def test_the_wire_carries_everything(message: IndexEvent) -> None:
    """What is written comes back equal, in one line."""
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == message


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"7",
        b'{"Nothing":{}}',
        b'{"Changed":{}}',
        b'{"Changed":[]}',
        b'{"Peaks":{"note_id":"x"}}',
        b'{"ScanProblem":{"source_id":1,"path":"!","reason":""}}',
        b'{"SourceStatus":{"source_id":1,"state":"odd"}}',
        b'{"ScanProgress":{"odd":1}}',
        b"\xff",
    ],
)
def test_what_is_no_message_is_left_out(line: bytes) -> None:
    """The other half may be of another version."""
    assert decode(line) is None


def test_lines() -> None:
    """Lines are cut wherever the stream was."""
    lines = Lines()
    assert list(lines.feed(b"a\nb")) == [b"a"]
    assert list(lines.feed(b"c\n\nd\n")) == [b"bc", b"d"]
    assert list(lines.feed(b"x" * 2_000_000)) == []
    assert list(lines.feed(b"\ny\n")) == [b"y"]


def test_only_messages_can_be_written() -> None:
    """What JSON can't hold is a fault of ours."""
    with pytest.raises(TypeError, match="no place"):
        encode(Failed(object()))  # type: ignore[arg-type]  # the fault


def test_one_holds_the_lock(tmp_path: Path) -> None:
    """The second gets it when the first gives it back."""
    library = tmp_path / "library.db"
    first, second = IndexerLock(library), IndexerLock(library)
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    first.release()
    assert second.acquire()
    second.release()
    assert not IndexerLock(tmp_path / "no" / "library.db").acquire()


def test_without_locks_everybody_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Double work is better than none, on a file system without locks."""

    def refuse(handle: int, how: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("tui.indexer._lock.fcntl.flock", refuse)
    lock = IndexerLock(tmp_path / "library.db")
    assert lock.acquire()
    lock.release()


def test_public_names() -> None:
    """Each public name can be loaded; another can't."""
    for name in indexer.__all__:
        assert getattr(indexer, name) is not None
    with pytest.raises(AttributeError):
        _ = indexer.nothing


def test_the_supervisor_is_light() -> None:
    """The browser's half imports nothing that walks, watches or decodes."""
    code = (
        "import sys, tui.indexer; tui.indexer.IndexerProcess;"
        "print(sorted({'watchfiles','mutagen','av','sqlite3','textual','rich',"
        "'tui.indexer._watch','tui.indexer._run'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# The host, in this process


class _Browser:
    """The other end of a host's socket."""

    def __init__(self, serve: Callable[[socket.socket], int]) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(DEADLINE_S)
        self._lines = Lines()
        self._read: list[IndexEvent] = []
        self.code: int | None = None

        def run() -> None:
            with theirs:
                self.code = serve(theirs)

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def wait(self, kind: type[_Event]) -> _Event:
        """Wait for an event of a kind."""
        while True:
            while self._read:
                event = self._read.pop(0)
                if isinstance(event, kind):
                    return event
            for line in self._lines.feed(self.socket.recv(65_536)):
                event_or_none = decode(line)
                assert event_or_none is not None
                self._read.append(event_or_none)  # type: ignore[arg-type]  # no request

    def close(self) -> int | None:
        """Close this end; returns the host's exit code."""
        self.socket.close()
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()
        return self.code


def test_one_leads_and_the_other_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second serves waveforms, and leads when the first is gone."""
    monkeypatch.setattr("tui.indexer._host._ELECTION_S", 0.05)
    library, note_id = library_with_note(tmp_path)

    def serve(channel: socket.socket) -> int:
        return Host(channel, library, IndexerLock(library.path)).serve()

    with library:
        first = _Browser(serve)
        assert first.wait(Leading).leading
        second = _Browser(serve)
        assert not second.wait(Leading).leading
        second.socket.sendall(encode(Peaks(note_id)) + encode(Rescan()))
        second.socket.sendall(encode(Reload()) + b"nonsense\n")
        assert second.wait(PeaksReady) == PeaksReady(note_id)
        first.wait(ScanFinished)
        first.socket.sendall(encode(Rescan()) + encode(Reload()))
        first.wait(ScanFinished)
        assert first.close() == 0
        assert second.wait(Leading).leading
        assert second.close() == 0


def test_a_backup_is_made_after_the_first_scan(tmp_path: Path) -> None:
    """A library that gets damaged can be restored from it."""
    library, _ = library_with_note(tmp_path)

    def serve(channel: socket.socket) -> int:
        return Host(channel, library, IndexerLock(library.path)).serve()

    def backups() -> list[str]:
        return [path.name for path in tmp_path.iterdir() if path.suffix == ".bak"]

    with library:
        for _ in range(2):  # the second session finds that of the first
            browser = _Browser(serve)
            browser.wait(ScanFinished)
            assert browser.close() == 0
            assert len(backups()) == 1


def test_without_a_backup_indexing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It fails, for instance, when the disk is full; the log says so."""
    asked = threading.Event()

    def back_up(_library: Library, *, max_age_s: float) -> None:
        assert max_age_s == 86_400
        asked.set()
        raise LibraryError(tmp_path, "the disk is full")

    monkeypatch.setattr(Library, "back_up", back_up)
    library, _ = library_with_note(tmp_path)

    def serve(channel: socket.socket) -> int:
        return Host(channel, library, IndexerLock(library.path)).serve()

    with library:
        browser = _Browser(serve)
        browser.wait(ScanFinished)
        assert asked.wait(DEADLINE_S)
        browser.socket.sendall(encode(Rescan()))
        browser.wait(ScanFinished)
        asked.clear()
        assert browser.close() == 0
    assert not asked.is_set()  # not again after each scan
    assert "the disk is full" in caplog.text


def test_an_indexer_that_failed_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends with a code that says so."""
    monkeypatch.setattr("tui.indexer._host._ELECTION_S", 0.02)
    library, _ = library_with_note(tmp_path)

    def refuse() -> None:
        raise ZeroDivisionError

    with library:
        monkeypatch.setattr(library, "index_writer", refuse)
        browser = _Browser(
            lambda channel: Host(channel, library, IndexerLock(library.path)).serve()
        )
        browser.wait(Failed)
        browser._thread.join(DEADLINE_S)
        assert browser.close() == 1


# The child process


@pytest.fixture
def events() -> queue.Queue[IndexEvent]:
    """Where a supervisor's events go."""
    return queue.Queue()


def test_the_child_indexes_and_comes_back_after_a_kill(
    tmp_path: Path, events: queue.Queue[IndexEvent]
) -> None:
    """Killed, it is started again and goes on; closed, it ends."""
    library, note_id = library_with_note(tmp_path)
    process = IndexerProcess(library.path, events.put, log_path=tmp_path / "log")
    with library:
        process.start()
        assert wait_event(events, Leading).leading
        wait_event(events, ScanFinished)
        first = process.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert wait_event(events, Leading).leading
        wait_event(events, ScanFinished)
        process.request_peaks(note_id)
        assert wait_event(events, PeaksReady) == PeaksReady(note_id)
        process.rescan()
        process.reload()
        wait_event(events, ScanFinished)
        second = process.pid
        assert second is not None
        assert second != first
        process.close(DEADLINE_S)
    assert process.join(0)
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)
    process.rescan()  # too late, and harmless


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    """Killed without a word, the browser leaves nobody behind."""
    library, _ = library_with_note(tmp_path)
    library.close()
    code = (
        "import sys, time, pathlib\n"
        "from tui.indexer import IndexerProcess, Leading\n"
        "def say(event):\n"
        "    if isinstance(event, Leading): print(p.pid, flush=True)\n"
        "p = IndexerProcess(pathlib.Path(sys.argv[1]), say)\n"
        "p.start(); p.join(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(library.path)], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait(DEADLINE_S)
    deadline = time.monotonic() + DEADLINE_S
    while _is_running(child):
        assert time.monotonic() < deadline


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def test_a_child_that_ends_again_and_again_is_told(
    tmp_path: Path,
    events: queue.Queue[IndexEvent],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With growing pauses, and a word to the user."""
    monkeypatch.setattr("tui.indexer._process._RESTARTS_S", (0.0, 0.0, 0.01))
    process = IndexerProcess(
        tmp_path / "library.db", events.put, command=[sys.executable, "-c", "1/0"]
    )
    process.start()
    assert "again and again" in wait_event(events, Failed).reason
    process.close(DEADLINE_S)


def test_a_child_that_cant_be_started_is_told(
    tmp_path: Path, events: queue.Queue[IndexEvent]
) -> None:
    """A missing program is an event."""
    process = IndexerProcess(
        tmp_path / "library.db", events.put, command=[str(tmp_path / "nothing")]
    )
    process.start()
    assert "can't be started" in wait_event(events, Failed).reason
    process.close(DEADLINE_S)


def test_nonsense_from_the_child_is_left_out(
    tmp_path: Path, events: queue.Queue[IndexEvent], caplog: pytest.LogCaptureFixture
) -> None:
    """A line that is no event, and a child that does not end when it is told to."""
    code = (
        "import os, time\n"
        'os.write(0, b\'nonsense\\n{"Rescan":{}}\\n{"Changed":{"revision":5}}\\n\')\n'
        "time.sleep(600)\n"
    )
    process = IndexerProcess(
        tmp_path / "library.db", events.put, command=[sys.executable, "-c", code]
    )
    process.start()
    assert wait_event(events, Changed) == Changed(5)
    process.close(DEADLINE_S)
    assert process.join(0)
    assert caplog.text.count("not understood") == 2


def test_the_log_begins_anew_when_it_grew_too_long(
    tmp_path: Path,
    events: queue.Queue[IndexEvent],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A child that complains for years fills no disk."""
    monkeypatch.setattr("tui.indexer._process._RESTARTS_S", (0.0, 0.0))
    log = tmp_path / "log"
    log.write_bytes(b"x" * 2_000_000)
    command = [sys.executable, "-c", "print('hello', flush=True)"]
    process = IndexerProcess(
        tmp_path / "library.db", events.put, log_path=log, command=command
    )
    process.start()
    wait_event(events, Failed)
    process.close(DEADLINE_S)
    assert log.stat().st_size < 10_000
    assert b"hello" in log.read_bytes()


@pytest.mark.parametrize("kind", ["read only", "no library"])
def test_without_a_library_the_process_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It says why it can't work; to be started again would change nothing."""
    path = tmp_path / "library.db"
    if kind == "read only":
        Library.open(path).close()
        monkeypatch.setattr("tui.library._library._is_writable", lambda _: False)
    else:
        path.mkdir()
    ours, theirs = socket.socketpair()
    monkeypatch.setattr("tui.indexer._host.os.dup", lambda _: theirs.detach())
    monkeypatch.setattr("tui.indexer._host.os.nice", lambda _: None)
    monkeypatch.setattr("tui.indexer._host.die_with", lambda _: None)
    codes: list[int] = []
    thread = threading.Thread(
        target=lambda: codes.append(main(["--library", str(path)]))
    )
    thread.start()
    ours.settimeout(DEADLINE_S)
    event = decode(ours.recv(65_536))
    assert isinstance(event, Failed)
    ours.sendall(encode(Rescan()))
    ours.close()
    thread.join(DEADLINE_S)
    assert codes == [0]
