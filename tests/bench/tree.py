"""The tree by its size, and what a key costs on the wire, beside cmus.

CPU times are those of one process without a terminal (model, rows, Textual's
painting); the wire is measured through a pseudo terminal, with the real painter.
Grouping by something else is measured on a library file, beside reading its table.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._archive import make_archive
from tests.bench._peers import Cmus, has
from tests.bench._product import corpus_folder
from tests.bench._pty import Terminal
from tests.bench._table import Table
from tests.support.memory_library import START_MS
from tests.support.tree_app import FlatLibrary, TreeApp
from tui.browse import TreeModel
from tui.library import Library
from tui.model import GroupBy, Sort

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.library import Reader
    from tui.model import Group

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 120
ARCHIVE = 100_000
"""Notes of the library that is grouped."""
REGROUPS = 7


async def _in_process(count: int) -> tuple[list[float], list[float], list[float]]:
    """Time moves, scrolled lines and added notes in a fully expanded chat."""
    library = FlatLibrary(count)
    app = TreeApp(library, fold_at=count * 2)
    moves: list[float] = []
    scrolls: list[float] = []
    adds: list[float] = []
    async with app.run_test(size=(80, 24)) as pilot:
        tree = app.tree_view
        tree.action_chat(1)
        tree.action_chat(1)
        tree.action_unfold()
        await pilot.pause()

        async def timed(times: list[float], work: Callable[[], object]) -> None:
            start = time.thread_time()
            work()
            await pilot.pause()
            times.append(time.thread_time() - start)

        for i in range(ROUNDS):
            await timed(moves, partial(tree.action_move, 1 if i % 2 else -1))
        tree.action_page(30)
        for _ in range(ROUNDS):
            await timed(scrolls, lambda: tree.action_move(1))
        tree.action_go("top")
        for i in range(ROUNDS):
            note_id = count + 1 + i
            library.put(note_id, 1, START_MS + note_id * 60_000)
            delta = library.change(note_id)
            await timed(adds, partial(tree.apply, delta))
    return moves, scrolls, adds


def _sizes(table: Table) -> None:
    floors: tuple[float, ...] = ()
    for count in SIZES:
        times = asyncio.run(_in_process(count))
        middles = tuple(
            table.times(f"{what}, {count:,} rows", series)
            for what, series in zip(
                ("cursor move", "scrolled line", "note added"), times, strict=True
            )
        )
        floors = floors or middles
        for what, ours, floor in zip(
            ("move", "scroll", "add"), middles, floors, strict=True
        ):
            table.ratio(f"  {what} against 1,000 rows", ours, floor, "<= 1.5")


def _keys(terminal: Terminal, key: bytes, times: int) -> tuple[list[int], list[float]]:
    """Type a key many times; bytes and seconds to the last byte of each."""
    sizes, waits = [], []
    for _ in range(times):
        mark = terminal.mark()
        sent = terminal.send(key)
        last = terminal.settle(mark, quiet=0.04, seconds=1)
        sizes.append(terminal.size(mark))
        waits.append(last - sent)
    return sizes, waits


def _wire(
    table: Table, name: str, terminal: Terminal, rows: int
) -> tuple[float, float]:
    """Measure moves on the first screen, then lines that scroll."""
    moved, waits = _keys(terminal, b"j", rows // 2)
    _keys(terminal, b"j", rows)
    scrolled, more = _keys(terminal, b"j", 40)
    table.times(f"{name}: key to last byte", waits + more)
    middle = statistics.median(moved), statistics.median(scrolled)
    table.add(f"{name}: bytes a move / a scrolled line", f"{middle[0]} / {middle[1]}")
    return middle


def _wires(table: Table, columns: int, rows: int) -> None:
    at = f"{columns}x{rows}"
    command = [sys.executable, "-m", "tests.support.tree_app", "--flat", "1000"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with Terminal(command, env, columns, rows) as terminal:
        terminal.wait(b"Chat 1")
        _keys(terminal, b"j", 2)
        _keys(terminal, b"l", 1)
        ours = _wire(table, f"tree {at}", terminal, rows)
    if not has("cmus"):
        return
    with tempfile.TemporaryDirectory() as home:
        with Cmus(Path(home)) as cmus:
            cmus.add(corpus_folder(1_000), 1_000)
        with Cmus(Path(home), columns, rows) as cmus:
            cmus.ready()
            cmus.terminal.settle(quiet=0.3)
            theirs = _wire(table, f"cmus {at}", cmus.terminal, rows)
    table.ratio(f"move {at} against cmus", ours[0], theirs[0], "<= 1.3")
    table.ratio(f"scrolled line {at} against cmus", ours[1], theirs[1], "<= 1.3")


def _timed(work: Callable[[], object], times: int = REGROUPS) -> list[float]:
    seconds = []
    for _ in range(times):
        start = time.thread_time()
        work()
        seconds.append(time.thread_time() - start)
    return seconds


def _regroup(table: Table, reader: Reader, floor: float) -> None:
    """Group by each thing there is, open the largest group, sort what is open."""
    tree = TreeModel(reader)
    tree.load()
    for by in GroupBy:
        if by is GroupBy.CHAT:
            continue
        middle = table.times(f"group by {by}", _timed(partial(reader.buckets, by)))
        table.ratio(f"  {by} against a count that reads all", middle, floor)
        buckets = reader.buckets(by)
        shown = _timed(partial(tree.show_view, by, buckets))
        table.times(f"  {by}: show {len(buckets):,} groups", shown)
        largest = max(buckets, key=lambda bucket: bucket.notes).group
        keys = _timed(partial(reader.keys, largest))
        table.times(f"  {by}: open {tree_size(reader, largest):,} notes", keys)
        tree.set_open(largest, is_open=True)
        for sort in (Sort.LONGEST, Sort.NEWEST):
            sorting = _timed(partial(tree.set_sort, sort), 1)
            table.add(f"  {by}: sort by {sort}", f"{sorting[0] * 1e3:.1f} ms")
        tree.set_open(largest, is_open=False)


def tree_size(reader: Reader, group: Group) -> int:
    """Count the notes of a group."""
    return len(reader.keys(group).ids)


def _views(table: Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.db"
        make_archive(path, ARCHIVE)
        with closing(sqlite3.connect(path)) as connection:
            count = "SELECT count(*) FROM note NOT INDEXED"
            # Of a column near the end of the row: every page is read.
            sql = f"{count} WHERE time_confidence >= 0"
            floor = table.times(
                f"count(*) over {ARCHIVE:,} notes",
                _timed(lambda: connection.execute(sql).fetchall()),
            )
        with Library.open(path) as library, closing(library.reader()) as reader:
            _regroup(table, reader, floor)


def main() -> None:
    """Run it and print the table."""
    table = Table("The tree: CPU by the number of rows, bytes and time by the key")
    _sizes(table)
    _views(table)
    for columns, rows in ((80, 24), (200, 50)):
        _wires(table, columns, rows)
    table.show()


if __name__ == "__main__":
    main()
