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
class Shown(Widget, can_focus=True):
    keys = 0
    def render(self):
        return f"keys {self.keys}"
    def on_key(self, event):
        self.keys += 1
        self.refresh()
class Bare(App):
    def compose(self):
        yield Shown()
    def on_mount(self):
        self.query_one(Shown).focus()
Bare().run()
"""
"""The least that a Textual app can do: show that a key was pressed."""


def _library(home: Path) -> Product:
    product = Product(home)
    if not product.library.exists():
        product.run("scan", str(corpus_folder(NOTES)))
    return product


def _earmark(product: Product) -> tuple[list[float], int]:
    lists, peak = [], 0
    for _ in range(ROUNDS):
        with product.open() as terminal:
            lists.append(terminal.wait(b"Unmatched") - terminal.started)
            terminal.wait(b"\x1b[?2004h", seconds=20)  # Textual has the terminal
            terminal.settle(quiet=2.0, seconds=10)
            peak = max(peak, peak_kb(terminal.process.pid))
            terminal.send(b"q")
            terminal.process.wait(10)
    return lists, peak


def _answers(product: Product) -> tuple[list[float], list[float]]:
    """Type before anything runs, here and in a bare app by turns; time the answer."""
    ours, bare = [], []
    for _ in range(ROUNDS):
        with product.open() as terminal:
            terminal.send(b"jl")  # open the second group
            ours.append(terminal.wait("▾".encode()) - terminal.started)
        with Terminal([sys.executable, "-c", _BARE], product.env) as terminal:
            terminal.send(b"x")
            bare.append(terminal.wait(b"keys 1") - terminal.started)
    return ours, bare


def _ends(product: Product) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        with product.open() as terminal:
            terminal.wait(b"\x1b[?2004h", seconds=20)
            terminal.settle(quiet=0.5, seconds=10)
            begin = terminal.send(b"q")
            terminal.process.wait(10)
            times.append(time.monotonic() - begin)
    return times


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
        product = _library(Path(folder) / "us")
        lists, peak = _earmark(product)
        ours = table.times("first list on the screen", lists)
        if has("cmus"):
            theirs = table.times("cmus, 1,000 tracks", _cmus(Path(folder) / "cmus"))
            table.ratio("list against cmus", ours, theirs, "<= 1")
        answers, bare = _answers(product)
        ready = table.times("keys typed at once show their effect", answers)
        floor = table.times("a key in a bare Textual app", bare)
        table.ratio("against bare Textual", ready, floor, "<= 1.2")
        table.times("from q to the end of the process", _ends(product))
        table.add("peak memory of the browser", f"{peak / 1024:.0f} MB", "aim < 100 MB")
    table.show()


if __name__ == "__main__":
    main()
