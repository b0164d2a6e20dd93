"""From a change in a folder to the row on the screen; storms; idle and busy wires."""

from __future__ import annotations

import os
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._product import Product
from tests.bench._pty import cpu_seconds, family
from tests.bench._table import Table
from tests.support.notes import corpus, corpus_notes, opus_note, with_serial

if TYPE_CHECKING:
    from tests.bench._pty import Terminal

RENAMES = 60
STORM = 10_000


def _calm(terminal: Terminal) -> None:
    terminal.wait(b"Unmatched", seconds=20)
    terminal.settle(quiet=2.5, seconds=30)


def _renames(table: Table, folder: Path, product: Product) -> None:
    week = next(path for path in sorted(folder.rglob("2*")) if path.is_dir())
    rng = random.Random(1)
    note = opus_note(2.0)
    delays = []
    with product.open(str(folder)) as terminal:
        _calm(terminal)
        for number in range(RENAMES):
            temporary = week / f".syncthing.PTT-{number}.tmp"
            temporary.write_bytes(with_serial(note, 7_000_000 + number))
            terminal.settle(quiet=0.3 + rng.random() * 0.2, seconds=3)
            mark = terminal.mark()
            begin = time.monotonic()
            temporary.rename(week / f"PTT-20260101-WA{number:04d}.opus")
            delays.append(terminal.settle(mark, quiet=0.15, seconds=5) - begin)
    missed = sum(1 for delay in delays if delay <= 0)
    table.times(
        "rename into place to last byte",
        [d for d in delays if d > 0],
        "aim p50 60, p99 120",
    )
    table.add("renames that showed nothing", str(missed))


def _storm(table: Table, folder: Path, product: Product) -> None:
    notes = list(corpus_notes(STORM, seed=5, longest=3.0))  # made ahead of the clock
    with product.open(str(folder)) as terminal:
        _calm(terminal)
        mark = terminal.mark()
        begin = time.monotonic()
        count = 0
        for note in notes:
            target = folder / note.folder
            target.mkdir(parents=True, exist_ok=True)
            (target / note.name).write_bytes(note.data)
            count += 1
        written = time.monotonic()
        first = terminal.since(mark)[0][0] if terminal.since(mark) else written
        last = terminal.settle(mark, quiet=4.0, seconds=120)
        table.add(
            f"storm of {count:,}: first change shown",
            f"{(first - begin) * 1e3:.0f} ms",
            "aim <= 150",
        )
        table.add(
            "storm: last change after the last write",
            f"{(last - written) * 1e3:.0f} ms",
            "aim <= 1000",
        )
    known = product.run("list", "--json").count('"id"')
    there = sum(1 for _ in folder.rglob("PTT-*.opus"))
    table.add("storm: notes known, files there", f"{known:,} {there:,}", "equal")


def _moved(table: Table, folder: Path, product: Product, outside: Path) -> None:
    corpus(outside / "new", 200, seed=9, longest=3.0)
    with product.open(str(folder)) as terminal:
        _calm(terminal)
        mark = terminal.mark()
        begin = time.monotonic()
        (outside / "new" / "WhatsApp Voice Notes").rename(
            folder / "WhatsApp Voice Notes" / "moved"
        )
        last = terminal.settle(mark, quiet=3.0, seconds=20)
        table.add(
            "folder of 200 moved in: all shown",
            f"{(last - begin) * 1e3:.0f} ms",
            "aim <= 5000",
        )


def _wires(table: Table, folder: Path, product: Product) -> None:
    with product.open(str(folder)) as terminal:
        _calm(terminal)
        pids = family(terminal.process.pid)
        before, mark = cpu_seconds(pids), terminal.mark()
        time.sleep(20)
        table.add(
            "idle: processor, whole family",
            f"{(cpu_seconds(pids) - before) / 20:.2%}",
            "aim <= 0.3 %",
        )
        table.add("idle: bytes a second", f"{terminal.size(mark) / 20:.1f}", "aim 0")
        terminal.send(b"n")
        time.sleep(2)
        pids = family(terminal.process.pid)
        before, mark = cpu_seconds(pids), terminal.mark()
        time.sleep(10)
        table.add(
            "playing: processor, whole family",
            f"{(cpu_seconds(pids) - before) / 10:.2%}",
            "aim <= 5 %",
        )
        table.add(
            "playing: bytes a second",
            f"{terminal.size(mark) / 10:.0f}",
            "aim <= 2x mocp (155)",
        )


def _keys(table: Table, folder: Path, product: Product) -> None:
    def moves(terminal: Terminal, count: int) -> list[float]:
        delays = []
        for number in range(count):
            mark = terminal.mark()
            begin = terminal.send(b"j" if number % 40 < 20 else b"k")
            last = terminal.settle(mark, quiet=0.04, seconds=1)
            if last:
                delays.append(last - begin)
        return delays

    with product.open(str(folder)) as terminal:
        _calm(terminal)
        terminal.send(b"Gkl")
        terminal.settle(quiet=1.0)
        table.times(
            "key to last byte, at rest", moves(terminal, 100), "aim p50 5, p95 12"
        )
    product.library.rename(product.library.with_suffix(".old"))
    for extra in product.library.parent.glob("library.db-*"):
        os.unlink(extra)  # noqa: PTH108  # plain
    with product.open(str(folder)) as terminal:
        terminal.wait(b"Unmatched", seconds=30)
        terminal.send(b"Gkl")
        terminal.send(b"n")
        time.sleep(0.3)
        table.times(
            "key to last byte, scanning and playing",
            moves(terminal, 100),
            "aim p50 5, p95 12; includes repaints of counts",
        )


def main() -> None:
    """Print the table."""
    table = Table("live: one Earmark in a pseudo terminal, 80x24, output null")
    with tempfile.TemporaryDirectory(prefix="earmark-") as base:
        folder = Path(base) / "sync"
        corpus(folder, 2_000, longest=20.0)
        product = Product(Path(base) / "home")
        product.run("scan", str(folder))
        for part in (_renames, _wires, _storm, _keys):
            part(table, folder, product)
            table.show()
            table.rows.clear()
        _moved(table, folder, product, Path(base))
    table.show()


if __name__ == "__main__":
    main()
