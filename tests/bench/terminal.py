"""What is sent to the terminal, by the second and by the key, beside cmus and ncmpcpp.

All three show the same thousand notes in a terminal of the same size, as they do when
nobody has set anything, and play them in real time: cmus into a null sink, ncmpcpp by
a daemon of its own with a null output. A move is one that leaves the rows where they
are; a scrolled line is one beyond the last row. Each key is given time to be answered,
what comes later for the details counts too.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._peers import Cmus, Mpd, Ncmpcpp, has
from tests.bench._product import Product, corpus_folder
from tests.bench._table import Table
from tests.bench.tree import _keys
from tests.support.pulse import PulseServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench._pty import Terminal

SIZES = ((80, 24), (200, 50))
SECONDS = float(os.environ.get("EARMARK_BENCH_SECONDS", "10"))
NOTES = 1_000
_ROOT = str(Path(__file__).resolve().parents[2])


class _Costs:
    """Bytes of one program at one size.

    Args:
        table: Where they are told.
        name: Of the program, with the size.
        terminal: Where it runs.
    """

    def __init__(self, table: Table, name: str, terminal: Terminal) -> None:
        self.table = table
        self.name = name
        self.terminal = terminal
        self.move = self.scroll = 0.0

    def idle(self) -> None:
        """Measure it at rest."""
        mark = self.terminal.mark()
        time.sleep(SECONDS)
        idle = self.terminal.size(mark) / SECONDS
        self.table.add(f"{self.name}: idle, bytes a second", f"{idle:.0f}")

    def keys(self, down: bytes, first: int) -> None:
        """Measure moves on the first screen, then lines that scroll.

        Args:
            down: The key.
            first: How many moves do not scroll yet.
        """
        moved, _ = _keys(self.terminal, down, first)
        _keys(self.terminal, down, 2 * first)
        scrolled, _ = _keys(self.terminal, down, 40)
        self.move, self.scroll = statistics.median(moved), statistics.median(scrolled)
        what = f"{self.name}: bytes a move / a scrolled line"
        self.table.add(what, f"{self.move:.0f} / {self.scroll:.0f}")

    def playing(self, play: Callable[[], object], aim: str = "") -> float:
        """Measure it while it plays; gives the median of the seconds.

        A second in which one note follows another is dearer, and how many of those
        there are depends on the notes; so beside the mean there is the median.
        """
        play()
        time.sleep(2)
        mark, begun = self.terminal.mark(), time.monotonic()
        time.sleep(SECONDS)
        seconds = [0] * int(SECONDS)
        for when, data in self.terminal.since(mark):
            if when - begun < len(seconds):
                seconds[int(when - begun)] += len(data)
        middle = statistics.median(seconds)
        mean = sum(seconds) / len(seconds)
        what = f"{self.name}: playing, bytes a second, median / mean"
        self.table.add(what, f"{middle:.0f} / {mean:.0f}", aim)
        return middle


def _ours(table: Table, product: Product, size: tuple[int, int], kind: str) -> _Costs:
    """Measure the browser, at rest, by the key and while it plays."""
    command = [sys.executable, "-P", "-m", "tui"]
    with product.open(command=command, columns=size[0], rows=size[1]) as terminal:
        terminal.settle(quiet=3.0, seconds=30)
        costs = _Costs(table, f"{kind}, {size[0]}x{size[1]}", terminal)
        costs.idle()
        terminal.send(b"l")  # unfolds what is there: more rows to go through
        terminal.settle(quiet=1.0)
        costs.keys(b"j", size[1] // 2)
        aim = "aim 300" if "low" in kind else "aim 1500"
        costs.playing(lambda: terminal.send(b"n"), aim)
    return costs


def _cmus(
    table: Table, folder: Path, size: tuple[int, int], pulse: PulseServer
) -> _Costs:
    with Cmus(folder, *size, output="pulse", environ=pulse.environment) as cmus:
        cmus.ready()
        cmus.terminal.settle(quiet=0.5)
        costs = _Costs(table, f"cmus, {size[0]}x{size[1]}", cmus.terminal)
        costs.idle()
        costs.keys(b"j", size[1] // 2)
        costs.playing(lambda: cmus.terminal.send(b"\r"))
        assert "status playing" in cmus.status()
    return costs


def _ncmpcpp(table: Table, mpd: Mpd, size: tuple[int, int]) -> _Costs:
    with Ncmpcpp(mpd, *size) as peer:
        peer.ready()
        costs = _Costs(table, f"ncmpcpp, {size[0]}x{size[1]}", peer.terminal)
        costs.idle()
        costs.keys(b"\x1bOB", size[1] // 2)  # it has no `j`
        costs.playing(lambda: peer.terminal.send(b"\r"))
        assert "state: play" in mpd.ask("status")
        mpd.ask("stop")
    return costs


def main() -> None:
    """Measure and print."""
    table = Table(f"Bytes to the terminal, load {os.getloadavg()[0]:.1f}")
    notes = corpus_folder(NOTES, longest=40.0)
    with ExitStack() as ends:
        base = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="er-")))
        product = Product(base / "home")
        product.env["PYTHONPATH"] = _ROOT
        subprocess.run(
            [sys.executable, "-P", "-m", "tui", "scan", str(notes)],
            env=product.env,
            check=True,
            capture_output=True,
        )
        slow = Product(product.home)
        slow.env.update(PYTHONPATH=_ROOT, EARMARK_LOW_BANDWIDTH="1")
        peers: dict[str, Callable[[tuple[int, int]], _Costs]] = {}
        if has("cmus") and has("pulseaudio"):
            pulse = ends.enter_context(PulseServer())
            with Cmus(base / "cmus") as cmus:
                cmus.add(notes, NOTES)
            peers["cmus"] = lambda size: _cmus(table, base / "cmus", size, pulse)
        if has("ncmpcpp") and has("mpd"):
            mpd = ends.enter_context(Mpd(base / "mpd", notes))
            mpd.add(NOTES)
            peers["ncmpcpp"] = lambda size: _ncmpcpp(table, mpd, size)
        for size in SIZES:
            ours = _ours(table, product, size, "earmark")
            _ours(table, slow, size, "earmark, low_bandwidth")
            for name, measure in peers.items():
                theirs = measure(size)
                table.ratio(f"a move against {name}", ours.move, theirs.move)
                table.ratio(
                    f"a scrolled line against {name}", ours.scroll, theirs.scroll
                )
    table.show()


if __name__ == "__main__":
    main()
