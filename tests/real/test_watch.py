"""Watching and indexing on the real file system, with the real engine and library.

The names in brackets are the measured facts that each test stands for.
"""

from __future__ import annotations

import os
import queue
import resource
import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import opus_note
from tui.indexer import Failed, Indexer, SourceStatus
from tui.indexer import _notifier as notifier
from tui.library import Library
from tui.model import NoteState, SourceKind, SourceState, WatchMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.indexer import IndexEvent

# Some tests set limits of the kernel, which hold for every watch that begins meanwhile.
pytestmark = pytest.mark.xdist_group("kernel limits")

DEADLINE_S = 20.0
WHOLE = opus_note(0.5)
OPEN = opus_note(0.5, eos=False)

_LIMITS = Path("/proc/sys/fs/inotify")


@dataclass
class World:
    """A source, its library, and an indexer that watches it."""

    root: Path
    library: Library
    events: queue.Queue[IndexEvent] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        """Add the source; nothing runs yet."""
        writer = self.library.index_writer()
        self.source_id = writer.add_source(
            os.fsencode(self.root), SourceKind.FOLDER, "source", 50, ()
        )
        writer.close()
        self.reader = self.library.reader()
        self.indexer = Indexer(self.library, self.events.put)

    def start(self, mode: WatchMode = WatchMode.LIVE) -> None:
        """Begin, and wait until the source is watched."""
        self.indexer.start()
        self.wait(lambda: self.reader.sources()[0].watch is mode)

    def shown(self, *states: NoteState) -> set[bytes]:
        """The visible notes, by path."""
        wanted = states or (NoteState.READY, NoteState.UNREADABLE)
        return {note.files[0].path for note in self.reader.all_notes(states=wanted)}

    def wait(
        self, condition: Callable[[], bool], deadline_s: float = DEADLINE_S
    ) -> float:
        """Wait until something is so; returns how long that took, in seconds."""
        start = time.monotonic()
        while not condition():
            left = start + deadline_s - time.monotonic()
            assert left > 0, f"not within {deadline_s} s; shown: {self.shown()}"
            try:
                event = self.events.get(timeout=min(left, 0.2))
            except queue.Empty:
                continue
            assert not isinstance(event, Failed), event
        return time.monotonic() - start

    def wait_for(self, *names: bytes, deadline_s: float = DEADLINE_S) -> float:
        """Wait until exactly these notes are shown."""
        return self.wait(lambda: self.shown() == set(names), deadline_s)

    def status(self, state: SourceState) -> SourceStatus:
        """Wait for a state of the source."""
        while True:
            event = self.events.get(timeout=DEADLINE_S)
            if isinstance(event, SourceStatus) and event.state is state:
                return event

    def sync(self, name: str, data: bytes = WHOLE) -> None:
        """Write a file as Syncthing does: under a temporary name, then renamed."""
        path = self.root / name
        temporary = path.with_name(f".syncthing.{path.name}.tmp")
        temporary.write_bytes(data)
        stamp = time.time() - 3600
        os.utime(temporary, (stamp, stamp))
        temporary.rename(path)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A source with a note in a week folder, not watched yet."""
    root = tmp_path / "source"
    (root / "202401").mkdir(parents=True)
    (root / "202401" / "old.opus").write_bytes(WHOLE)
    with Library.open(tmp_path / "library.db") as library:
        world = World(root, library)
        yield world
        world.indexer.stop()
        assert world.indexer.join(DEADLINE_S)
        world.reader.close()


OLD = b"202401/old.opus"


def test_renamed_into_place(world: World) -> None:
    """A synced note is there within a second, whole or not marked as ended."""
    world.start()
    world.wait_for(OLD)
    world.sync("202401/a.opus")
    assert world.wait_for(OLD, b"202401/a.opus") < 1.0
    world.sync("202401/b.opus", OPEN)
    assert world.wait_for(OLD, b"202401/a.opus", b"202401/b.opus") < 1.0


def test_written_slowly_in_place(world: World) -> None:
    """It is never shown before it is whole, and soon after (never a cut note)."""
    world.start()
    world.wait_for(OLD)
    note = opus_note(6.0)
    done, pause = threading.Event(), threading.Event()
    step = 1 + len(note) // 40

    def write() -> None:
        with (world.root / "202401" / "slow.opus").open("wb", buffering=0) as file:
            for start in range(0, len(note), step):
                if start + step >= len(note):
                    done.set()  # from here on it may be shown
                file.write(note[start : start + step])
                pause.wait(0.05)

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        shown = world.shown()
        if not done.is_set():
            assert shown == {OLD}
    thread.join()
    assert world.wait_for(OLD, b"202401/slow.opus") < 1.0


def test_created_deleted_created(world: World) -> None:
    """Opposite events in one batch end with what is there [M16]."""
    world.start()
    world.wait_for(OLD)
    path = world.root / "202401" / "a.opus"
    for _ in range(5):
        path.write_bytes(WHOLE)
        path.unlink()
    path.write_bytes(WHOLE)
    world.wait_for(OLD, b"202401/a.opus")


def test_new_folders_with_files_at_once(world: World) -> None:
    """Files in folders that were made a moment ago are found [M17, W5]."""
    world.start()
    world.wait_for(OLD)
    names = set()
    for number in range(30):
        folder = world.root / f"n{number}" / "m"
        folder.mkdir(parents=True)
        (folder / "a.opus").write_bytes(WHOLE)
        names.add(f"n{number}/m/a.opus".encode())
    world.wait_for(OLD, *names, deadline_s=5.0)


def test_a_folder_is_renamed(world: World) -> None:
    """Its notes go with it and stay the same notes [M18]."""
    world.start()
    world.wait_for(OLD)
    before = [note.key for note in world.reader.all_notes(states=[NoteState.READY])]
    (world.root / "202401").rename(world.root / "renamed")
    world.wait_for(b"renamed/old.opus")
    after = [note.key for note in world.reader.all_notes(states=[NoteState.READY])]
    assert after == before


def test_a_folder_is_moved_in(world: World, tmp_path: Path) -> None:
    """All files of a folder that came from elsewhere are found [W4]."""
    world.start()
    world.wait_for(OLD)
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    names = set()
    for number in range(20):
        (outside / "deep" / f"{number}.opus").write_bytes(WHOLE)
        names.add(b"in/deep/%d.opus" % number)
    outside.rename(world.root / "in")
    assert world.wait_for(OLD, *names) < 5.0


def test_the_root_goes_and_comes_back(world: World) -> None:
    """Masked while it is away; events work again when it is back [M19]."""
    world.start()
    world.wait_for(OLD)
    away = world.root.parent / "away"
    world.root.rename(away)
    world.status(SourceState.OFFLINE)
    assert world.shown() == set()
    away.rename(world.root)
    world.wait_for(OLD)
    world.wait(lambda: world.reader.sources()[0].watch is WatchMode.LIVE)
    world.sync("202401/a.opus")
    world.wait_for(OLD, b"202401/a.opus", deadline_s=5.0)


def test_the_root_is_recreated(world: World) -> None:
    """A watcher on the old folder would be deaf [M19]."""
    world.start()
    world.wait_for(OLD)
    shutil.rmtree(world.root)
    (world.root / "202402").mkdir(parents=True)
    (world.root / "202402" / "new.opus").write_bytes(WHOLE)
    world.wait_for(b"202402/new.opus")
    world.sync("202402/b.opus")
    world.wait_for(b"202402/new.opus", b"202402/b.opus", deadline_s=5.0)


def test_the_root_is_missing_at_the_start(world: World) -> None:
    """It is waited for [M22]."""
    away = world.root.parent / "away"
    world.root.rename(away)
    world.indexer.start()
    world.status(SourceState.OFFLINE)
    away.rename(world.root)
    world.wait_for(OLD)


def test_names_that_are_no_text(world: World) -> None:
    """Each of them kills the engine; no note is lost before or after [M20]."""
    world.start()
    world.wait_for(OLD)
    root = os.fsencode(world.root)
    for name in (b"/202401/latin-\xe4.opus", b"/202401/\xff\xfe.opus"):
        with open(root + name, "wb") as file:  # noqa: PTH123  # no text, so no path
            file.write(WHOLE)
    expected = {OLD, b"202401/latin-\xe4.opus", b"202401/\xff\xfe.opus"}
    world.wait_for(*expected, deadline_s=6.0)
    world.sync("202401/after.opus")
    world.wait_for(*expected, b"202401/after.opus", deadline_s=6.0)


def test_temporary_and_foreign_names(world: World) -> None:
    """What is no note is never shown [M21]."""
    world.start()
    world.wait_for(OLD)
    for name in (
        ".syncthing.a.opus.tmp",
        "~syncthing~a.opus.tmp",
        "a.opus.part",
        ".hidden.opus",
        "a.opus~",
        "picture.jpg",
        ".nomedia",
    ):
        (world.root / "202401" / name).write_bytes(WHOLE)
    (world.root / ".stversions").mkdir()
    (world.root / ".stversions" / "a.opus").write_bytes(WHOLE)
    world.sync("202401/last.opus")
    world.wait_for(OLD, b"202401/last.opus")


def test_written_while_the_watcher_begins(world: World) -> None:
    """No gap between the first look and the first event [M23]."""
    stop = threading.Event()
    written: list[bytes] = []

    def write() -> None:
        while not stop.wait(0.002) and len(written) < 300:
            world.sync(f"202401/{len(written)}.opus")
            written.append(b"202401/%d.opus" % len(written))

    thread = threading.Thread(target=write)
    thread.start()
    world.start()
    world.wait(lambda: len(world.shown()) > 50)
    stop.set()
    thread.join()
    world.wait_for(OLD, *written, deadline_s=6.0)


def test_links_and_what_may_not_be_read(world: World) -> None:
    """A loop of links and odd files stop nothing."""
    folder = world.root / "202401"
    (folder / "loop").symlink_to("..")
    (folder / "self.opus").symlink_to("self.opus")
    os.mkfifo(folder / "pipe.opus")
    (folder / "folder.opus").mkdir()
    world.start()
    world.wait_for(OLD)
    world.sync("202401/a.opus")
    world.wait_for(OLD, b"202401/a.opus")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(world: World) -> None:
    """Its notes stay; it is read again when it may be."""
    world.start()
    world.wait_for(OLD)
    folder = world.root / "202401"
    folder.chmod(0)
    try:
        world.sync("top.opus")
        world.wait_for(OLD, b"top.opus")
    finally:
        folder.chmod(0o700)


def test_a_storm(world: World) -> None:
    """2,000 files at once: the first soon, all of them at the end."""
    world.start()
    world.wait_for(OLD)
    start = time.monotonic()
    first: list[float] = []
    expected = {OLD}

    def write() -> None:
        for number in range(2000):
            folder = world.root / f"w{number % 10}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.opus").write_bytes(WHOLE)

    thread = threading.Thread(target=write)
    thread.start()
    expected |= {b"w%d/%d.opus" % (number % 10, number) for number in range(2000)}

    def is_first_there() -> bool:
        if len(world.shown()) > 1 and not first:
            first.append(time.monotonic() - start)
        return bool(first)

    world.wait(is_first_there)
    assert first[0] < 2.0
    thread.join()
    world.wait_for(*expected)


def test_events_are_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that overflows says nothing; the times of the folders do [W3]."""
    (world.root / "202402").mkdir()
    world.start()
    world.wait_for(OLD)

    def deaf(self: notifier.RustNotifier, *_: int) -> tuple[()]:
        """Lose everything that the engine has."""
        return ()

    monkeypatch.setattr(notifier.RustNotifier, "_ask", deaf)
    names = set()
    for number in range(50):
        (world.root / "202402" / f"{number}.opus").write_bytes(WHOLE)
        names.add(b"202402/%d.opus" % number)
    assert world.wait_for(OLD, *names) < 5.5


@contextmanager
def _limit(name: str, value: int) -> Iterator[None]:
    """Set a limit of the kernel, for everybody and so as briefly as possible."""
    path = _LIMITS / name
    try:
        before = path.read_text()
        path.write_text(str(value))
    except OSError:
        pytest.skip("the kernel's limits can't be set here")
    try:
        yield
    finally:
        path.write_text(before)


def test_the_queue_overflows(world: World) -> None:
    """The same with the kernel's own queue, made short [W3]."""
    with _limit("max_queued_events", 8):
        world.start()
    world.wait_for(OLD)
    expected = {OLD}
    for number in range(400):
        (world.root / "202401" / f"{number}.opus").write_bytes(WHOLE)
        expected.add(b"202401/%d.opus" % number)
    assert world.wait_for(*expected) < 5.5


def test_watches_are_used_up_at_the_start(world: World) -> None:
    """Folders are compared instead, and the reason is told [W6]."""
    with _limit("max_user_watches", 1):
        world.start(WatchMode.POLLING)
    assert "limit" in world.reader.sources()[0].watch_reason
    world.wait_for(OLD)
    world.sync("202401/a.opus")
    assert world.wait_for(OLD, b"202401/a.opus") < 5.0


def test_watches_are_used_up_later(world: World) -> None:
    """Folders that could not be watched any more are compared [W6]."""
    world.start()
    world.wait_for(OLD)
    with _limit("max_user_watches", 1):
        for number in range(60):
            (world.root / f"w{number}").mkdir()
        world.sync("202401/a.opus")
        world.wait_for(OLD, b"202401/a.opus")  # so the engine saw the folders
    names = set()
    for number in range(60):
        (world.root / f"w{number}" / "a.opus").write_bytes(WHOLE)
        names.add(b"w%d/a.opus" % number)
    assert world.wait_for(OLD, b"202401/a.opus", *names) < 6.5


def test_it_stops_at_once_and_leaves_nothing_open(tmp_path: Path) -> None:
    """Stopped in the middle of a scan, all threads end and all files are closed."""
    root = tmp_path / "source"
    for week in range(20):
        folder = root / f"2024{week:02}"
        folder.mkdir(parents=True)
        for number in range(50):
            (folder / f"{number}.opus").write_bytes(WHOLE)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a count of descriptors
    with Library.open(tmp_path / "library.db") as library:
        world = World(root, library)
        world.indexer.start()
        world.wait(lambda: len(world.shown()) > 10)
        start = time.monotonic()
        world.indexer.stop()
        assert world.indexer.join(DEADLINE_S)
        assert time.monotonic() - start < 2.0
        world.reader.close()
    end = time.monotonic() + DEADLINE_S  # the engine closes in a thread of its own
    while len(os.listdir("/proc/self/fd")) > before:  # noqa: PTH208  # the same
        assert time.monotonic() < end
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 256
    names = {thread.name for thread in threading.enumerate()}
    assert not {name for name in names if name.startswith(("watch", "indexer"))}
