"""Several processes on one library: all succeed, see each other, may be killed."""

from __future__ import annotations

import queue
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.library import put, record, true_counts
from tui.library import Library, Measured
from tui.library import _connection as connection_module
from tui.model import NoteId, Played, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.model import LibraryDelta, SourceId

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes to be ended with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for child in started:
        with child:
            child.kill()


def start(children: list[subprocess.Popen[str]], *words: str) -> subprocess.Popen[str]:
    """Start a second Earmark, which waits for a line after it opened the library."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.library_child", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    children.append(child)
    return child


def read_line(child: subprocess.Popen[str]) -> str:
    """One line of what it says."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def go(child: subprocess.Popen[str]) -> None:
    """Let it begin."""
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def check(library: Library) -> None:
    """The file is sound, and its counts are true."""
    with closing(sqlite3.connect(library.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        columns = "chat_id, month, notes, unplayed, unplayed_ms, duration_ms, problems"
        rows = connection.execute(f"SELECT {columns} FROM month_total")
        assert {row[:2]: row[2:] for row in rows} == true_counts(library)


@pytest.mark.usefixtures("source_id")
def test_two_processes_write_at_once(
    library: Library, children: list[subprocess.Popen[str]]
) -> None:
    """Three writers with 60 changes each, while this one reads and follows."""
    told: set[int] = set()
    library.follow(lambda delta: told.update(c.id for c in delta.changes))
    path = str(library.path)
    for name in "abc":
        start(children, "add", path, name, "60")
    for child in children:
        assert read_line(child) == "ready"
    for child in children:
        go(child)
    with closing(library.reader()) as reader:
        seen = 0
        while any(child.poll() is None for child in children):
            notes = reader.totals().notes
            assert notes >= seen
            seen = notes
        assert [child.wait(30) for child in children] == [0, 0, 0]
        assert reader.totals().notes == 180
        deadline = time.monotonic() + 5
        while len(told) < 180:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    check(library)


def test_a_library_is_begun_by_several_at_once(
    tmp_path: Path, children: list[subprocess.Popen[str]]
) -> None:
    """One creates it, the others find it made."""
    path = tmp_path / "l.db"
    for _ in range(3):
        start(children, "open", str(path))
    for child in children:
        assert read_line(child) == "ready"
        go(child)
    assert [child.wait(30) for child in children] == [0, 0, 0]
    with Library.open(path) as library:
        assert library.notice == ""
        check(library)


def test_changes_of_others_are_seen_within_half_a_second(
    library: Library, source_id: SourceId, children: list[subprocess.Popen[str]]
) -> None:
    """Measured from the moment at which the other process may begin."""
    deltas: queue.Queue[LibraryDelta] = queue.Queue()
    library.follow(deltas.put)
    child = start(children, "add", str(library.path), "x", "1")
    assert read_line(child) == "ready"
    assert source_id == 1
    begun = time.monotonic()
    go(child)
    assert deltas.get(timeout=5).changes
    assert time.monotonic() - begun < 0.5


@pytest.mark.parametrize("round_", range(3))
def test_a_kill_loses_no_mark_that_was_written(
    tmp_path: Path, children: list[subprocess.Popen[str]], round_: int
) -> None:
    """Whatever `flush` confirmed is there afterwards, and the file is sound."""
    path = tmp_path / "l.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        put(writer, source_id, record(b"a"))
        ((file_id, _),) = writer.unmeasured(1)
        writer.measured([Measured(file_id, content_hash=b"h" * 32)])
    child = start(children, "listen", str(path))
    assert read_line(child) == "ready"
    go(child)
    for _ in range(20 + 13 * round_):
        confirmed = int(read_line(child))
    child.kill()
    assert child.stdout is not None
    confirmed = int(([str(confirmed), *child.stdout.read().split()])[-1])
    with Library.open(path) as library, closing(library.reader()) as reader:
        assert library.notice == ""
        (row,) = reader.rows([NoteId(1)])
        assert confirmed <= row.position_ms <= confirmed + 1
        assert row.played is Played.HALF
        check(library)


def test_a_lock_that_is_held_for_long_is_waited_for(
    library: Library, source_id: SourceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite gives up after some time; asking again is our part."""
    monkeypatch.setattr(connection_module, "BUSY_MS", 10)
    tries: list[str] = []
    with (
        closing(sqlite3.connect(library.path, isolation_level=None)) as other,
        closing(library.index_writer()) as writer,
    ):
        other.execute("BEGIN IMMEDIATE")

        def release(statement: str) -> None:
            tries.append(statement)
            if tries.count("BEGIN IMMEDIATE") == 3:
                other.execute("ROLLBACK")

        writer._store._connection.set_trace_callback(release)
        put(writer, source_id, record(b"a"))
    assert tries.count("BEGIN IMMEDIATE") == 3
