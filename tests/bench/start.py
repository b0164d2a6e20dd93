"""From the command to the list on the screen, and to the first key that is answered.

Peers: cmus with 1,000 tracks for the list, a bare Textual app for the keys.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.bench._peers import Cmus, has
from tests.bench._product import Product, corpus_folder
from tests.bench._pty import Terminal, peak_kb
from tests.bench._table import Table

ROUNDS = 9
NOTES = 100_000

_BARE = """
from textual.app import App
from textual.widget import Widget
class Bare(App):
    BINDINGS = [("f1", "mark", "")]
    def compose(self):
        yield Widget()
    def action_mark(self):
        self.exit()
Bare().run()
"""


def _library(home: Path) -> Product:
    product = Product(home)
    if not product.library.exists():
        product.run("scan", str(corpus_folder(NOTES)))
    return product


def _earmark(product: Product) -> tuple[list[float], list[float], int]:
    lists, keys, peak = [], [], 0
    for _ in range(ROUNDS):
        with product.open() as terminal:
            lists.append(terminal.wait(b"Unmatched") - terminal.started)
            terminal.wait(b"\x1b[?2004h", seconds=20)  # Textual has the terminal
            terminal.settle(quiet=2.0, seconds=10)
            peak = max(peak, peak_kb(terminal.process.pid))
            terminal.send(b"q")
            terminal.process.wait(10)
        with product.open() as terminal:
            terminal.send(b"q")  # typed before anything runs; it must not be lost
            begin = terminal.started
            terminal.process.wait(20)
            keys.append(time.monotonic() - begin)
    return lists, keys, peak


def _bare() -> list[float]:
    ends = []
    for _ in range(ROUNDS):
        env = Product(Path(tempfile.gettempdir())).env
        with Terminal([sys.executable, "-c", _BARE], env) as terminal:
            terminal.send(b"\x1bOP")
            terminal.process.wait(20)
            ends.append(time.monotonic() - terminal.started)
    return ends


def _cmus(home: Path) -> list[float]:
    folder = corpus_folder(1_000)
    with Cmus(home) as cmus:
        cmus.add(folder, 1_000)
    times = []
    for _ in range(ROUNDS):
        with Cmus(home) as cmus:
            times.append(cmus.terminal.wait(b"PTT-") - cmus.terminal.started)
            cmus.ready()
    return times


def main() -> None:
    """Print the table."""
    table = Table(f"start: {NOTES:,} notes known, 80x24, warm (medians of {ROUNDS})")
    with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
        lists, keys, peak = _earmark(_library(Path(folder) / "us"))
        bare = _bare()
        ours = table.times("first list on the screen", lists)
        if has("cmus"):
            theirs = table.times("cmus, 1,000 tracks", _cmus(Path(folder) / "cmus"))
            table.ratio("list against cmus", ours, theirs, "<= 1")
        ready = table.times("typed q at once until the end", keys)
        floor = table.times("the same in a bare Textual app", bare)
        table.ratio("against bare Textual", ready, floor, "<= 1.2")
        table.add("peak memory of the browser", f"{peak / 1024:.0f} MB", "aim < 100 MB")
    table.show()


if __name__ == "__main__":
    main()
