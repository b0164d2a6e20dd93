"""Indexing: throughput beside a C floor and cmus, memory, latency, idle cost."""

from __future__ import annotations

import json
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._peers import Cmus, has
from tests.bench._product import cache, corpus_folder
from tests.bench._pty import cpu_seconds
from tests.bench._table import Table
from tests.support.notes import opus_note, with_serial
from tui.indexer import IndexerProcess, ScanFinished
from tui.library import Library
from tui.sources import detect

if TYPE_CHECKING:
    from tui.indexer import IndexEvent

NOTES = 10_000
MANY = 100_000
RUNS = 5
COLD_RUNS = 2
RENAMES = 100
STORM = 10_000
IDLE_S = 30.0

_SCAN = """
import json, os, resource, sys, time
from pathlib import Path
from tui.indexer import scan
from tui.library import Library
from tui.sources import detect
root, db = os.fsencode(sys.argv[1]), Path(sys.argv[2])
with Library.open(db) as library:
    writer, reader = library.index_writer(), library.reader()
    best = detect(root)[0]
    writer.add_source(best.root, best.kind, best.label, best.score, best.reasons)
    start, cpu = time.perf_counter(), time.process_time()
    (report,) = scan(writer, reader.sources())
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    scan(writer, reader.sources())
    again = time.perf_counter() - start
    start = time.perf_counter()
    scan(writer, reader.sources(), full=False)
    quick = time.perf_counter() - start
    assert report.added == report.files
print(json.dumps({"files": report.files, "wall": wall, "cpu": cpu, "again": again,
    "quick": quick,
    "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
"""A scan in a process of its own, as `earmark scan` does it."""


def _scan(folder: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-c", _SCAN, str(folder), f"{home}/library.db"],
            capture_output=True,
            text=True,
            check=True,
        )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _floor() -> Path | None:
    program = cache() / "floor"
    if not program.exists():
        if not has("gcc"):
            return None
        source = Path(__file__).with_name("floor.c")
        subprocess.run(["gcc", "-O2", "-o", program, source], check=True)
    return program


def _run_floor(program: Path, folder: Path) -> float:
    begin = time.perf_counter()
    subprocess.run([program, folder], check=True, capture_output=True)
    return time.perf_counter() - begin


def _forget_pages() -> bool:
    """Empty the page cache; False where that is not allowed."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


def _cmus(folder: Path) -> float | None:
    if not has("cmus"):
        return None
    with (
        tempfile.TemporaryDirectory() as home,
        Cmus(Path(home) / "cmus") as cmus,
    ):
        return cmus.add(folder, NOTES)


def _throughput(table: Table, folder: Path, *, cold: bool) -> None:
    program = _floor()
    ours: list[float] = []
    floors: list[float] = []
    peers: list[float] = []
    for _ in range(COLD_RUNS if cold else RUNS):
        for measure in ("floor", "ours", "cmus"):
            if cold and not _forget_pages():
                table.add("cold", "-", "the page cache can't be emptied here")
                return
            if measure == "floor" and program is not None:
                floors.append(_run_floor(program, folder))
            elif measure == "ours":
                ours.append(_scan(folder)["wall"])
            elif len(peers) < 2 and (seconds := _cmus(folder)) is not None:
                peers.append(seconds)
    kind = "cold" if cold else "warm"
    middle = table.times(f"{kind}: scan {NOTES:,} notes with lengths", ours)
    if floors:
        floor = table.times(f"{kind}: C, head and tail", floors)
        aim = "<= 0.5" if cold else "<= 2"
        table.ratio(f"{kind}: scan / C", middle, floor, aim)
    if peers:
        peer = table.times(f"{kind}: cmus", peers)
        table.ratio(f"{kind}: scan / cmus", middle, peer, "<= 0.25")


def _memory(table: Table) -> None:
    result = _scan(corpus_folder(MANY))
    table.add(f"scan {MANY:,}: peak memory", f"{result['rss']:.0f} MB", "aim <= 40")
    table.add(f"scan {MANY:,}", f"{result['wall']:.1f} s")
    table.add(f"scan {MANY:,} again, all files", f"{result['again'] * 1e3:.0f} ms")
    table.add(f"scan {MANY:,} again, quick", f"{result['quick'] * 1e3:.1f} ms")


class _Live:
    """An indexer process that watches a folder."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.events: queue.Queue[IndexEvent] = queue.Queue()
        self.library = Library.open(home / "library.db")
        best = detect(os.fsencode(folder))[0]
        writer = self.library.index_writer()
        writer.add_source(best.root, best.kind, best.label, best.score, best.reasons)
        writer.close()
        self.reader = self.library.reader()
        self.process = IndexerProcess(self.library.path, self.events.put)
        self.process.start()
        while not isinstance(self.events.get(timeout=60), ScanFinished):
            pass
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is told for some seconds."""
        while True:
            try:
                self.events.get(timeout=4)
            except queue.Empty:
                return

    def wait(self, count: int, seconds: float = 60) -> float:
        """Wait until so many notes are shown; returns when that was."""
        deadline = time.perf_counter() + seconds
        while self.reader.totals().notes < count:
            left = deadline - time.perf_counter()
            if left < 0:
                raise TimeoutError(f"{self.reader.totals().notes} of {count}")
            try:
                self.events.get(timeout=min(left, 0.5))
            except queue.Empty:
                continue
        return time.perf_counter()

    def close(self) -> None:
        """End it."""
        self.process.close()
        self.reader.close()
        self.library.close()


def _live(table: Table, home: Path) -> None:
    folder = home / "live"
    shutil.copytree(corpus_folder(1000), folder)
    live = _Live(folder, home)
    try:
        _latency(table, live, folder)
        _storm(table, live, folder)
        live.settle()
        pid = live.process.pid
        assert pid is not None
        time.sleep(5)
        before = cpu_seconds([pid])
        time.sleep(IDLE_S)
        share = (cpu_seconds([pid]) - before) / IDLE_S
        table.add("idle: processor of the indexer", f"{share:.2%}", "aim <= 0.13 %")
        status = Path(f"/proc/{pid}/status").read_text()
        peak = next(x for x in status.splitlines() if x.startswith("VmHWM"))
        table.add("peak memory of the indexer", peak.split(":")[1].strip())
    finally:
        live.close()


def _latency(table: Table, live: _Live, folder: Path) -> None:
    week = next(path for path in sorted(folder.rglob("2*")) if path.is_dir())
    rng, note = random.Random(1), opus_note(2.0)
    delays = []
    count = live.reader.totals().notes
    for number in range(RENAMES):
        temporary = week / f".syncthing.PTT-{number}.tmp"
        temporary.write_bytes(with_serial(note, 7_000_000 + number))
        time.sleep(0.3 + rng.random() * 0.2)
        while not live.events.empty():
            live.events.get()
        begin = time.perf_counter()
        temporary.rename(week / f"PTT-20260101-WA{number:04d}.opus")
        count += 1
        delays.append(live.wait(count, 10) - begin)
    table.times("rename into place to committed", delays, "aim p50 30")


def _storm(table: Table, live: _Live, folder: Path) -> None:
    data = opus_note(2.0)
    count = live.reader.totals().notes
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITE, str(folder), str(STORM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(data)
    writer.stdin.close()
    begin = float(writer.stdout.readline())
    first = live.wait(count + 1)
    last = live.wait(count + STORM)
    end = float(writer.stdout.readline())
    writer.wait()
    table.add(
        f"storm of {STORM:,}: first note", f"{(first - begin) * 1e3:.0f} ms", "<= 150"
    )
    table.add("storm: writing took", f"{end - begin:.1f} s")
    table.add("storm: all after the last write", f"{last - end:.2f} s", "<= 1")


_WRITE = """
import os, sys, time
root, count = sys.argv[1], int(sys.argv[2])
data = sys.stdin.buffer.read()
weeks = [f"{root}/WhatsApp Voice Notes/2031{w:02}" for w in range(1, 53)]
for week in weeks:
    os.makedirs(week, exist_ok=True)
print(time.perf_counter(), flush=True)
for n in range(count):
    path = f"{weeks[n % 52]}/PTT-20310101-WA{n:05}.opus"
    with open(path, "wb") as file:
        file.write(data)
print(time.perf_counter(), flush=True)
"""


def main() -> None:
    """Measure and print."""
    table = Table("Indexing (each in a process of its own)")
    folder = corpus_folder(NOTES, longest=20.0)
    _throughput(table, folder, cold=False)
    _throughput(table, folder, cold=True)
    _memory(table)
    with tempfile.TemporaryDirectory(dir=cache()) as home:
        _live(table, Path(home))
    table.show()


if __name__ == "__main__":
    main()
