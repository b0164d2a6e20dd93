"""What the browser sends to the terminal, by the second and by the key, beside cmus."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench._peers import Cmus, has
from tests.bench._product import Product, corpus_folder
from tests.bench._table import Table
from tests.bench.tree import _keys

SIZES = ((80, 24), (200, 50))
SECONDS = 10.0
NOTES = 1_000
_ROOT = str(Path(__file__).resolve().parents[2])


def _ours(table: Table, product: Product, size: tuple[int, int], kind: str) -> float:
    """Measure the browser, at rest, by the key and while it plays."""
    name = f"{kind}, {size[0]}x{size[1]}"
    command = [sys.executable, "-P", "-m", "tui"]
    with product.open(command=command, columns=size[0], rows=size[1]) as terminal:
        terminal.settle(quiet=3.0, seconds=30)
        mark = terminal.mark()
        time.sleep(SECONDS)
        idle = terminal.size(mark) / SECONDS
        table.add(f"{name}: idle, bytes a second", f"{idle:.0f}", "aim 0")
        terminal.send(b"l")  # unfolds what is there: more rows to go through
        terminal.settle(quiet=1.0)
        moved, _ = _keys(terminal, b"j", size[1] // 2)
        _keys(terminal, b"j", size[1])
        scrolled, _ = _keys(terminal, b"j", 40)
        middle = statistics.median(moved), statistics.median(scrolled)
        table.add(
            f"{name}: bytes a move / a scrolled line",
            f"{middle[0]:.0f} / {middle[1]:.0f}",
        )
        terminal.send(b"n")
        time.sleep(2)
        mark = terminal.mark()
        time.sleep(SECONDS)
        aim = "aim 300" if "low" in kind else "aim 1500"
        playing = terminal.size(mark) / SECONDS
        table.add(f"{name}: playing, bytes a second", f"{playing:.0f}", aim)
    return middle[0]


def _theirs(table: Table, folder: Path, size: tuple[int, int]) -> float:
    name = f"cmus, {size[0]}x{size[1]}"
    with Cmus(folder, *size) as cmus:
        cmus.ready()
        cmus.terminal.settle(quiet=0.5)
        moved, _ = _keys(cmus.terminal, b"j", size[1] // 2)
        _keys(cmus.terminal, b"j", size[1])
        scrolled, _ = _keys(cmus.terminal, b"j", 40)
        middle = statistics.median(moved), statistics.median(scrolled)
        table.add(
            f"{name}: bytes a move / a scrolled line",
            f"{middle[0]:.0f} / {middle[1]:.0f}",
        )
    return middle[0]


def main() -> None:
    """Measure and print."""
    table = Table("Bytes to the terminal")
    notes = corpus_folder(NOTES, longest=40.0)
    with tempfile.TemporaryDirectory(prefix="earmark-") as base:
        product = Product(Path(base) / "home")
        product.env["PYTHONPATH"] = _ROOT
        subprocess.run(
            [sys.executable, "-P", "-m", "tui", "scan", str(notes)],
            env=product.env,
            check=True,
            capture_output=True,
        )
        slow = Product(product.home)
        slow.env.update(PYTHONPATH=_ROOT, EARMARK_LOW_BANDWIDTH="1")
        peer = Path(base) / "cmus"
        if has("cmus"):
            with Cmus(peer) as cmus:
                cmus.add(notes, NOTES)
        for size in SIZES:
            ours = _ours(table, product, size, "earmark")
            _ours(table, slow, size, "earmark, low_bandwidth")
            if has("cmus"):
                table.ratio("a move against cmus", ours, _theirs(table, peer, size))
    table.show()


if __name__ == "__main__":
    main()
