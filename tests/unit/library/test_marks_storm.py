"""Marks under a storm of writes: a power cut loses none, no writer is turned away.

SQLite promises that of a database and its log as they are at one moment. So the writer
is stopped while the files are copied, as a snapshot of the disk would have them; then
it goes on, and in the end it is killed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.library import put, record, true_counts, wait_until
from tui.library import Library, Measured
from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library import IndexWriter
    from tui.model import SourceId

ROOT = Path(__file__).resolve().parents[3]
NOTES = 60
COPIES = 20


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes to be ended with the test."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for child in started:
        with child:
            child.kill()


def fill(writer: IndexWriter) -> SourceId:
    """Write notes with a recording each."""
    source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
    notes = [record(b"x/%d" % at, inode=at + 1) for at in range(NOTES)]
    put(writer, source_id, *notes)
    hash_all(writer)
    return source_id


def hash_all(writer: IndexWriter) -> None:
    """Tell the hash of every file that has none."""
    while todo := writer.unmeasured(100):
        writer.measured(
            [
                Measured(file_id, duration_ms=5, content_hash=b"%032d" % file_id)
                for file_id, _ in todo
            ]
        )


class Storm:
    """A process that edits, and what it said it had done.

    Args:
        children: Where it is put, to be ended.
        words: Its arguments.
    """

    def __init__(self, children: list[subprocess.Popen[bytes]], *words: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.marks_child", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        children.append(self.child)
        self.lines: list[bytes] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_until(lambda: bool(self.lines), 60)

    def _read(self) -> None:
        assert self.child.stdout is not None
        self.lines.extend(iter(self.child.stdout.readline, b""))

    def go(self) -> None:
        """Let it begin."""
        assert self.child.stdin is not None
        self.child.stdin.write(b"\n")
        self.child.stdin.flush()

    def wait_for(self, count: int) -> None:
        """Wait until it told so much."""
        wait_until(lambda: len(self.lines) >= count, 60)

    def end(self) -> int:
        """Wait until it ended; gives its exit code."""
        code = self.child.wait(120)
        self._thread.join(10)
        return code

    def holds(self, count: int) -> dict[str, object]:
        """What the first edits say that holds: of each thing the last."""
        found: dict[str, object] = {}
        for line in self.lines[1:count]:
            found.update(json.loads(line))
        return found


def is_stopped(pid: int) -> bool:
    """Tell whether a process does nothing."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


def copy(path: Path, folder: Path, *, log_first: bool) -> Path:
    """Copy a library as a snapshot has it, without the index of its log."""
    folder.mkdir()
    names = [path.name, f"{path.name}-wal"]
    for name in reversed(names) if log_first else names:
        if (path.parent / name).exists():
            shutil.copyfile(path.parent / name, folder / name)
    return folder / path.name


def value(path: Path, sql: str, *params: object) -> object:
    """The first value of a question."""
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute(sql, params).fetchone()
        return None if row is None else row[0]


_LATEST = (
    "SELECT max(CAST(substr(text, length(?1) + 2) AS INTEGER)) FROM (SELECT {} AS text"
    " FROM {}) WHERE text LIKE ?1 || ' %'"
)


def check_holds(path: Path, holds: dict[str, object]) -> None:
    """All that was told is there, or what came after it."""
    name = "storm"

    def latest(column: str, table: str) -> int:
        found = value(path, _LATEST.format(column, table), name)
        return int(str(found if found is not None else -1))

    def turn(what: str) -> int:
        return int(str(holds.get(what, f"{name} -1")).split()[-1])

    assert latest("comment", "mark") >= turn("comment")
    assert latest("title", "mark") >= turn("title")
    assert latest("name", "saved_search") >= turn("search")
    assert latest("query", "search_history") >= turn("searched")
    marked = "SELECT count(*) FROM bookmark WHERE text LIKE 'storm %'"
    assert int(str(value(path, marked))) >= int(str(holds.get("bookmark", -1))) + 1
    if "tag" in holds:
        parts = str(holds["tag"]).split("/")
        tags = ("/".join(parts[:2]), "/".join([*parts[:2], "renamed"]))
        count = (
            "SELECT count(DISTINCT hash) FROM tagged JOIN tag ON tag.id = tag_id"
            " WHERE name IN (?, ?)"
        )
        assert value(path, count, *tags) == 38
    if turn("comment") > 0:
        with closing(sqlite3.connect(path)) as connection:
            star = "SELECT star, count(*) FROM mark WHERE star_ms > 0 GROUP BY star"
            counts = dict(connection.execute(star).fetchall())
        # An edit is there as a whole, or not at all; the last note may differ.
        assert max(counts.values()) >= 38, counts


@pytest.mark.timeout(120)
def test_a_power_cut_loses_no_mark(
    tmp_path: Path, children: list[subprocess.Popen[bytes]]
) -> None:
    """Every copy opens, is sound, and has all that was told before it was made."""
    path = tmp_path / "library.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        fill(writer)
    storm = Storm(children, str(path), "storm")
    storm.go()
    rng, seen, copies = random.Random(4), 1, []
    for at in range(COPIES):
        storm.wait_for(seen + rng.randrange(1, 9))
        for _ in range(rng.randrange(20_000)):
            pass  # somewhere within a write
        os.kill(storm.child.pid, signal.SIGSTOP)
        wait_until(lambda: is_stopped(storm.child.pid))
        seen = len(storm.lines)
        copied = copy(path, tmp_path / f"copy{at}", log_first=at % 2 == 0)
        copies.append((copied, seen))
        if at < COPIES - 1:
            os.kill(storm.child.pid, signal.SIGCONT)
    storm.child.kill()
    storm.end()
    copies.append((path, len(storm.lines)))
    for copied, count in copies:
        with Library.open(copied) as library:
            assert library.notice == ""
            assert value(copied, "PRAGMA integrity_check") == "ok"
            check_holds(copied, storm.holds(count))
            totals = "SELECT sum(unplayed) FROM month_total"
            unplayed = sum(row[1] for row in true_counts(library).values())
            assert value(copied, totals) == unplayed
            with library.edits() as edits:
                before = len(edits.history(1000))
                assert edits.undo()
                assert len(edits.history(1000)) == before - 1


@pytest.mark.timeout(180)
def test_writers_at_once_are_all_served(
    tmp_path: Path, children: list[subprocess.Popen[bytes]]
) -> None:
    """Two that edit, while the indexer writes: nobody hears of a lock."""
    path = tmp_path / "library.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        source_id = fill(writer)
        storms = [Storm(children, str(path), name, "44") for name in ("one", "two")]
        for storm in storms:
            storm.go()
        at = 0
        while any(storm.child.poll() is None for storm in storms):
            at += 1
            put(writer, source_id, record(b"new/%d" % (at % 100), inode=1000 + at))
            hash_all(writer)
        for storm in storms:
            assert storm.end() == 0, storm.child.stderr
            assert len(storm.lines) == 45
        assert library.notice == ""
    assert value(path, "PRAGMA integrity_check") == "ok"
    for name in ("one", "two"):
        tags = "SELECT count(*) FROM tagged JOIN tag ON tag.id = tag_id WHERE name = ?"
        for turn in range(4):
            assert value(path, tags, f"{name}/{turn}/renamed") == 38
        found = "SELECT count(*) FROM saved_search WHERE name LIKE ?"
        assert value(path, found, f"{name} %") == 4
    assert value(path, "SELECT count(*) FROM bookmark") == 4
