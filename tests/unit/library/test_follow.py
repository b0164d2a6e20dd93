"""Deltas arrive in order, whoever wrote, on one thread."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from tests.support.library import put, record, wait_until
from tui.model import SourceState

if TYPE_CHECKING:
    import pytest

    from tui.library import IndexWriter, Library, Reader
    from tui.model import LibraryDelta, SourceId


def test_deltas_tell_everything_once_and_in_order(
    library: Library, writer: IndexWriter, source_id: SourceId
) -> None:
    """One thread, never two calls at once, no note twice."""
    told: list[int] = []
    threads: set[str] = set()
    inside = threading.Lock()

    def callback(delta: LibraryDelta) -> None:
        assert inside.acquire(blocking=False)
        threads.add(threading.current_thread().name)
        told.extend(change.id for change in delta.changes)
        inside.release()

    follower = library.follow(callback)
    for at in range(50):
        put(writer, source_id, record(b"x/%d" % at))
        follower.wake()
    wait_until(lambda: len(told) == 50)
    assert told == sorted(told)
    assert threads == {"library-follower"}


def test_changes_are_noticed_without_waking(
    library: Library, writer: IndexWriter, source_id: SourceId
) -> None:
    """Within half a second, by polling."""
    deltas: queue.Queue[LibraryDelta] = queue.Queue()
    library.follow(deltas.put)
    put(writer, source_id, record(b"x/a"))
    start = time.monotonic()
    assert len(deltas.get(timeout=5).changes) == 1
    assert time.monotonic() - start < 0.5


def test_waking_is_quick(
    library: Library,
    writer: IndexWriter,
    source_id: SourceId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who knows of a change need not wait for the next round."""
    monkeypatch.setattr("tui.library._follow.POLL_SECONDS", 60)
    deltas: queue.Queue[LibraryDelta] = queue.Queue()
    follower = library.follow(deltas.put)
    put(writer, source_id, record(b"x/a"))
    follower.wake()
    assert deltas.get(timeout=5).changes


def test_following_can_begin_in_the_past(
    library: Library, writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """What came between reading and following is not lost."""
    since = reader.revision()
    put(writer, source_id, record(b"x/a"))
    deltas: queue.Queue[LibraryDelta] = queue.Queue()
    library.follow(deltas.put, since=since)
    assert len(deltas.get(timeout=5).changes) == 1
    writer.set_source_state(source_id, SourceState.OFFLINE, "gone")
    delta = deltas.get(timeout=5)
    assert (delta.reset, delta.sources) == (True, True)


def test_a_failing_callback_does_not_end_it(
    library: Library, writer: IndexWriter, source_id: SourceId
) -> None:
    """It is logged, and the next delta comes."""
    seen: list[int] = []

    def callback(delta: LibraryDelta) -> None:
        seen.append(len(delta.changes))
        if len(seen) == 1:
            raise RuntimeError("broken")

    library.follow(callback)
    put(writer, source_id, record(b"x/a"))
    wait_until(lambda: len(seen) == 1)
    put(writer, source_id, record(b"x/b"))
    wait_until(lambda: len(seen) == 2)


def test_nothing_comes_after_stopping(
    library: Library, writer: IndexWriter, source_id: SourceId
) -> None:
    """Also when it is stopped by its own callback."""
    deltas: list[LibraryDelta] = []
    follower = library.follow(deltas.append)
    follower.stop()
    put(writer, source_id, record(b"x/a"))
    follower.wake()
    assert deltas == []

    def stop(delta: LibraryDelta) -> None:
        deltas.append(delta)
        second.stop()

    second = library.follow(stop, since=0)
    wait_until(lambda: len(deltas) == 1)
    library.close()
    names = [thread.name for thread in threading.enumerate()]
    assert "library-follower" not in names
