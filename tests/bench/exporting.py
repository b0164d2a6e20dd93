"""Keys and the player while 1,000 notes are converted in the background."""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._product import Product, corpus_folder
from tests.bench._table import Table

if TYPE_CHECKING:
    from tests.bench._pty import Terminal

NOTES = int(os.environ.get("EARMARK_BENCH_SAVED", "1000"))
KEYS = 200
_BELOW = re.compile(rb"\x1b\[(?!1;)\d+;\d+H")
"""The cursor goes to a line below the first one, which tells how far it is."""


def _key(terminal: Terminal, key: bytes) -> float | None:
    """Press a key; how long until the tree shows it."""
    mark = terminal.mark()
    begin = terminal.send(key)
    end = begin + 1.0
    while time.monotonic() < end:
        for at, data in terminal.since(mark):
            if _BELOW.search(data):
                return at - begin
        time.sleep(0.0005)
    return None


def _keys(terminal: Terminal, count: int) -> list[float]:
    delays = []
    for number in range(count):
        delay = _key(terminal, b"j" if number % 20 < 10 else b"k")
        if delay is not None:
            delays.append(delay)
        time.sleep(0.05)
    return delays


def main() -> None:
    """Print the table."""
    table = Table(f"exporting {NOTES:,} notes to MP3, 80x24, output null")
    folder = corpus_folder(NOTES, longest=20.0)
    with tempfile.TemporaryDirectory(prefix="earmark-") as base:
        product = Product(Path(base))
        product.env["XDG_STATE_HOME"] = f"{base}/state"
        product.run("scan", str(folder))
        target = Path(base) / "Voice notes"
        with product.open() as terminal:
            terminal.wait(b"Unmatched", seconds=20)
            terminal.settle(quiet=2.0, seconds=30)
            terminal.send(b"Gl")  # so many months that every key moves something
            terminal.settle(quiet=1.0, seconds=5)
            table.times("key to the tree, at rest", _keys(terminal, 100))
            mark = terminal.mark()
            begin = terminal.send(b"e")
            shown = terminal.wait(b"Names", mark, 20)
            table.add("e to the screen", f"{(shown - begin) * 1e3:.0f} ms")
            named = terminal.wait(b".opus", mark, 20)
            table.add("e to the first names", f"{(named - begin) * 1e3:.0f} ms")
            for key, seen in (
                (b"\x1b[D", b"everything"),
                (b"\x1b[B", b""),
                (b"\x1b[B", b""),
                (b"\x1b[C", b""),
                (b"\x1b[C", b""),
                (b"\x1b[C", b"mp3"),
            ):
                mark = terminal.mark()
                terminal.send(key)
                if seen:
                    terminal.wait(seen, mark, 10)
                else:
                    time.sleep(0.5)
            mark = terminal.mark()
            begin = terminal.send(b"\r")
            terminal.wait(b"background", mark, 20)
            terminal.send(b"\x1b")
            time.sleep(0.5)
            terminal.send(b"n")
            time.sleep(1)
            terminal.send(b"g")  # where every key moves something, again
            time.sleep(1)
            delays = _keys(terminal, KEYS)
            done = len([*target.glob("*.mp3")])
            table.times(
                f"key to the tree, while it converts and plays ({done:,} done)",
                delays,
                "aim p99 < 20",
            )
            while (
                len([*target.glob("*.mp3")]) < NOTES and time.monotonic() < begin + 600
            ):
                time.sleep(0.2)
            took = time.monotonic() - begin
            table.add(f"{NOTES:,} notes converted", f"{took:.1f} s")
    table.show()


if __name__ == "__main__":
    main()
