"""Exported chats: lines a second beside the raw read of the same bytes."""

from __future__ import annotations

import os
import random
import tempfile
import time
import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path

from tests.bench._table import Table
from tests.support.export_chats import FORMATS, Message, render
from tui.documents._api import Claim, Options
from tui.documents._document import Document
from tui.documents._whatsapp_export import WhatsAppExport

LINES = 300_000
RUNS = 5
KINDS = (
    ("de", False, 20),
    ("en-US", True, 20),
    ("ar-EG", False, 20),
    ("en-GB", False, 0),
)
"""Format, whether it is iOS, and every how many messages a voice note (0: never)."""

_TEXT = "hello there how are you doing today fine thanks. bis später schön 😀"


def _chat(name: str, *, ios: bool, every: int) -> str:
    form = next(form for form in FORMATS if form.name == name)
    rng, wall = random.Random(1), datetime(2020, 1, 1)  # noqa: DTZ001  # a wall clock
    words = [word for word in _TEXT.split() if every or word.isascii()]
    messages, lines = [], 0
    while lines < LINES:
        wall += timedelta(minutes=rng.random() * 4)
        text = " ".join(rng.choices(words, k=8))
        note = ""
        if every and lines % every == 0:
            note, text = f"PTT-{wall:%Y%m%d}-WA{lines % 10_000:04}.opus", ""
        elif lines % 9 == 5:
            text += "\nand a second line"
        messages.append(Message(wall, rng.choice(("Ana", "Bob", "Eve")), text, note))
        lines += 1 + text.count("\n")
    return render(form, messages, ios=ios)


def _raw(path: Path) -> float:
    begin = time.perf_counter()
    with path.open("rb") as file:
        count = len(file.read().decode().split("\n"))
    assert count >= LINES
    return time.perf_counter() - begin


def _read(path: Path) -> tuple[float, float, int]:
    """Return the seconds of all, of the longest step, and the number of claims."""
    document = Document(os.fsencode(path))
    begin = last = time.perf_counter()
    longest, claims = 0.0, 0
    for told in WhatsAppExport().read(document, Options()):
        claims += isinstance(told, Claim)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return last - begin, longest, claims


def _measure(table: Table, path: Path, name: str, *, ios: bool, every: int) -> None:
    path.write_text(_chat(name, ios=ios, every=every), encoding="utf-8", newline="")
    ours, raws, steps, claims = [], [], [], 0
    for _ in range(RUNS):
        raws.append(_raw(path))
        seconds, longest, claims = _read(path)
        ours.append(seconds)
        steps.append(longest)
    label = f"{name} {'iOS' if ios else 'Android'}, {claims:,} notes"
    middle = table.times(f"{label}: {LINES:,} lines", ours)
    table.add(f"{label}: lines a second", f"{LINES / middle:,.0f}", "aim >= 74,000")
    table.ratio(f"{label}: read / raw", middle, sorted(raws)[RUNS // 2])
    table.times(f"{label}: longest step", steps)


def _memory(table: Table, path: Path) -> None:
    tracemalloc.start()
    _read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    table.add("peak memory of a read", f"{peak / 1e6:.1f} MB")


def main() -> None:
    """Measure and print."""
    table = Table("Exported chats (the raw read decodes and splits lines)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "WhatsApp Chat with Ana.txt"
        for name, ios, every in KINDS:
            _measure(table, path, name, ios=ios, every=every)
        _memory(table, path)
    table.show()


if __name__ == "__main__":
    main()
