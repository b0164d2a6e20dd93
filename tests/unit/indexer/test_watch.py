"""The watcher with an engine that the test plays."""

from __future__ import annotations

import os
import queue
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tui.indexer._hints import Hints
from tui.indexer._notifier import NotifierError, RustNotifier
from tui.indexer._sweep import FolderTimes
from tui.indexer._watch import Watcher, WatchStatus
from tui.model import WatchMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

DEADLINE_S = 10.0


class Engine:
    """Tells what the test says, and fails when it says so."""

    def __init__(self) -> None:
        self.said: queue.Queue[set[bytes] | NotifierError] = queue.Queue()
        self.waits: list[float] = []
        self.closed = 0
        self.made = 0
        self.refuses: NotifierError | None = None

    def __call__(self, root: bytes) -> Engine:
        """Be made for a root."""
        if self.refuses is not None:
            raise self.refuses
        self.made += 1
        return self

    def wait(self, timeout_s: float) -> Iterable[bytes]:
        self.waits.append(timeout_s)
        try:
            said = self.said.get(timeout=min(timeout_s, 0.02))
        except queue.Empty:
            return ()
        if isinstance(said, NotifierError):
            raise said
        return said

    def close(self) -> None:
        self.closed += 1


@dataclass
class Watched:
    """A watcher at work, and what it says."""

    root: Path
    engine: Engine = field(default_factory=Engine)
    hints: queue.Queue[Hints] = field(default_factory=queue.Queue)
    statuses: queue.Queue[WatchStatus] = field(default_factory=queue.Queue)
    silent: str = ""
    watcher: Watcher | None = None

    def __post_init__(self) -> None:
        """Know the root's time as it is."""
        self.path = os.fsencode(self.root)
        self.times = FolderTimes(self.path)

    def start(self) -> WatchStatus:
        """Begin; returns the first status."""
        self.watcher = Watcher(
            self.path,
            self.times,
            self.hints.put,
            self.statuses.put,
            notifier=self.engine,
            silent=lambda _: self.silent,
        )
        self.watcher.start()
        return self.status()

    def status(self) -> WatchStatus:
        """Wait for the next status."""
        return self.statuses.get(timeout=DEADLINE_S)

    def hint(self) -> Hints:
        """Wait for the next hints."""
        return self.hints.get(timeout=DEADLINE_S)

    def read(self) -> None:
        """Note the root's time, as the indexer does."""
        self.times.note(b"", self.root.stat().st_mtime_ns)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """A watcher that checks often."""
    monkeypatch.setattr("tui.indexer._watch._ROOT_CHECK_S", 0.02)
    monkeypatch.setattr("tui.indexer._watch._SWEEP_S", 0.05)
    monkeypatch.setattr("tui.indexer._watch._POLL_S", 0.05)
    monkeypatch.setattr("tui.indexer._watch._RETRIES_S", (0.02,))
    root = tmp_path / "root"
    root.mkdir()
    watched = Watched(root)
    watched.read()
    yield watched
    if watched.watcher is not None:
        watched.watcher.stop()
        assert watched.watcher.join(DEADLINE_S)
        assert watched.engine.closed == watched.engine.made


def test_events_become_hints(watched: Watched) -> None:
    """Paths are told relative to the root; what lies elsewhere is not."""
    assert watched.start() == WatchStatus(
        present=True, reason="", mode=WatchMode.LIVE, mode_reason="", rescan=True
    )
    root = watched.path
    watched.engine.said.put({root + b"/a/b.opus", root, b"/elsewhere", root + b"x/y"})
    assert watched.hint() == Hints(paths={b"a/b.opus"})


def test_a_changed_folder_is_found_without_events(watched: Watched) -> None:
    """What the kernel dropped is found by the time of the folder."""
    watched.start()
    (watched.root / "a").touch()
    assert watched.hint() == Hints(folders={b""})


def test_a_root_that_is_missing_at_the_start(watched: Watched) -> None:
    """It is told, waited for, and compared when it comes."""
    watched.root.rmdir()
    status = watched.start()
    assert (status.present, status.mode) == (False, WatchMode.OFF)
    assert "not there" in status.reason
    watched.root.mkdir()
    status = watched.status()
    assert (status.present, status.rescan) == (True, True)
    assert status.mode is WatchMode.LIVE


def test_a_root_that_is_recreated(watched: Watched) -> None:
    """The old watch is deaf: a new one begins, and everything is compared."""
    watched.start()
    watched.root.rename(watched.root.parent / "old")
    watched.root.mkdir()
    seen = [watched.status()]
    if not seen[-1].present:  # seen in the moment between
        seen.append(watched.status())
    assert seen[-1].rescan
    assert seen[-1].mode is WatchMode.LIVE
    assert watched.engine.made == 2


def test_a_root_that_vanishes_says_nothing_is_gone(watched: Watched) -> None:
    """Folders of a root that is not there are no news."""
    watched.times.note(b"w", 1)
    watched.start()
    watched.hint()  # the folder that never was
    watched.root.rmdir()
    while True:
        status = watched.status()
        if not status.present:
            break
    while not watched.hints.empty():
        watched.hints.get()
    watched.root.write_bytes(b"no folder")
    assert "no folder" in watched.status().reason
    assert watched.hints.empty()


def test_the_engine_dies(watched: Watched) -> None:
    """A new one begins at once; what happened between is found by the times."""
    watched.start()
    (watched.root / "a").touch()
    watched.engine.said.put(NotifierError("a file name is not text"))
    assert watched.hint() == Hints(folders={b""})
    status = watched.status()
    assert (status.mode, status.rescan) == (WatchMode.LIVE, False)
    watched.engine.said.put({watched.path + b"/b"})
    found = watched.hint()
    while not found.paths:
        found = watched.hint()
    assert found == Hints(paths={b"b"})
    assert watched.engine.made == 2


def test_an_engine_that_dies_again_and_again(watched: Watched) -> None:
    """Then folders are compared instead, with the reason."""
    watched.start()
    for _ in range(5):
        watched.engine.said.put(NotifierError("a file name is not text"))
    status = watched.status()
    while status.mode is not WatchMode.POLLING:
        status = watched.status()
    assert "not text" in status.mode_reason
    (watched.root / "a").touch()
    assert watched.hint() == Hints(folders={b""})


def test_no_watches_left(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are compared, and events are tried again later."""
    monkeypatch.setattr("tui.indexer._watch._LIVE_AGAIN_S", 0.2)
    watched.engine.refuses = NotifierError("the limit is reached")
    status = watched.start()
    assert status.mode is WatchMode.POLLING
    assert status.mode_reason == "the limit is reached"
    (watched.root / "a").touch()
    assert watched.hint() == Hints(folders={b""})
    watched.engine.refuses = None
    status = watched.status()
    while status.mode is not WatchMode.LIVE:
        status = watched.status()


def test_a_silent_file_system(watched: Watched) -> None:
    """A network share is compared from the start; a new root is noticed too."""
    watched.silent = "nfs4"
    status = watched.start()
    assert status.mode is WatchMode.POLLING
    assert status.mode_reason == "nfs4 reports no changes"
    assert watched.engine.made == 0
    watched.root.rename(watched.root.parent / "old")
    while not (status := watched.status()).present:
        watched.root.mkdir()
    assert status.rescan


def test_a_storm_is_followed_by_a_sweep(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among so many events some may have been dropped."""
    monkeypatch.setattr("tui.indexer._watch._SWEEP_S", 1000.0)
    monkeypatch.setattr("tui.indexer._watch._LONGEST_SWEEP_S", 1000.0)
    (watched.root / "a").touch()
    watched.start()
    assert watched.hint() == Hints(folders={b""}), "the sweep at the start"
    watched.read()
    (watched.root / "b").touch()
    watched.engine.said.put({watched.path + b"/%d" % n for n in range(2000)})
    assert len(watched.hint().paths) == 2000
    assert watched.hint() == Hints(folders={b""})


def test_whatever_fails_is_tried_again(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours must not leave the source unwatched."""
    refusals = [ZeroDivisionError()]

    def fail(hints: Hints) -> None:
        if refusals:
            raise refusals.pop()
        watched.hints.put(hints)

    watched.watcher = Watcher(
        watched.path,
        watched.times,
        fail,
        watched.statuses.put,
        notifier=watched.engine,
        silent=lambda _: "",
    )
    watched.watcher.start()
    watched.status()
    watched.engine.said.put({watched.path + b"/a"})
    assert watched.status().rescan
    assert "trying again" in caplog.text


def test_it_asks_less_often_when_nothing_happens(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a quiet minute, the net below the bell is cast less often."""
    monkeypatch.setattr("tui.indexer._watch._QUIET_S", 0.0)
    watched.start()
    watched.engine.said.put({watched.path + b"/a"})
    watched.hint()
    assert watched.engine.waits[0] == pytest.approx(0.25)


def test_a_name_that_is_no_text_cant_be_watched(tmp_path: Path) -> None:
    """The engine takes text only; the reason says so."""
    root = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(root)
    with pytest.raises(NotifierError, match="not text"):
        RustNotifier(root)


@pytest.mark.parametrize("has_bell", [True, False])
def test_the_real_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_bell: bool
) -> None:
    """An event arrives with and without the bell, and silence ends in time."""
    if not has_bell:
        monkeypatch.setattr("tui.indexer._notifier._INOTIFY", "no such thing")
    root = os.fsencode(tmp_path)
    notifier = RustNotifier(root)
    try:
        assert set(notifier.wait(0.05)) == set()
        (tmp_path / "a.opus").touch()
        found: set[bytes] = set()
        while not found:
            found |= set(notifier.wait(0.5))
        assert found == {root + b"/a.opus"}
    finally:
        notifier.close()
    with pytest.raises(NotifierError):
        notifier.wait(0.01)
