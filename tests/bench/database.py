"""Reading WhatsApp's Android database, beside SQLite alone and the bytes alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench._product import cache
from tests.bench._table import Table
from tests.support.msgstore import ANA, BEN, GROUP, MS, Row, write_msgstore

NOTES = 20_000
FILLER = 14
"""Text messages ahead of each note: 300,000 messages in all."""
MANY_FILLER = 54
"""The same for 1.1 million, as the largest database known has."""
RUNS = 5

_READ = """
import json, os, resource, sys, time
from tui.documents._api import Claim, Options
from tui.documents._document import Document
from tui.documents._snapshot import opened_copy
from tui.documents._whatsapp_database import WhatsAppDatabase, read_connection
document = Document(os.fsencode(sys.argv[1]))
start = time.perf_counter()
assert WhatsAppDatabase().recognise(document) is not None
recognise = time.perf_counter() - start
pause, claims, start = 0.0, 0, time.perf_counter()
with opened_copy(document) as connection:
    copied = last = time.perf_counter()
    for each in read_connection(document, connection, Options(), {}):
        now = time.perf_counter()
        pause, last = max(pause, now - last), now
        claims += isinstance(each, Claim)
    end = time.perf_counter()
print(json.dumps({"claims": claims, "recognise": recognise, "copy": copied - start,
    "read": end - copied, "pause": pause,
    "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
"""A reading in a process of its own."""

_SELECT = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1])
start = time.perf_counter()
for table in ("message", "message_media", "audio_data"):
    for row in connection.execute(f"SELECT * FROM {table}"):
        pass
print(time.perf_counter() - start)
"""


def _database(filler: int) -> Path:
    path = cache() / f"msgstore-{filler}.db"
    if path.exists():
        return path
    chats = (ANA, BEN, GROUP, "99887766@lid")
    folder = "Media/WhatsApp Voice Notes/202433"
    rows = (
        Row(
            chat=chats[n % 4],
            key=f"3A{n:018}",
            path=f"{folder}/PTT-20240815-WA{n:05}.opus",
            ms=MS + n // 2 * 60_000,
            from_me=n % 2,
            sender=ANA if n % 4 == 2 else "",
            size=9000 + n,
            seconds=7,
            sha256=n.to_bytes(32),
            waveform=bytes(range(64)),
            by_other_ms=MS if n % 3 == 0 else 0,
        )
        for n in range(NOTES)
    )
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    titles = {GROUP: "Band"}
    write_msgstore(part, rows, filler=filler, subjects=titles, lids={chats[3]: ANA})
    part.rename(path)
    return path


def _run(program: str, path: Path) -> str:
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            [sys.executable, "-c", program, str(path)],
            capture_output=True,
            text=True,
            check=True,
            env={"HOME": home, "PYTHONPATH": str(Path(__file__).parents[2])},
        ).stdout


def _bytes_alone(path: Path) -> float:
    begin = time.perf_counter()
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass
    return time.perf_counter() - begin


def _measure(table: Table, filler: int) -> None:
    path, messages = _database(filler), NOTES * (filler + 1)
    ours: list[dict[str, float]] = []
    selects: list[float] = []
    floors: list[float] = []
    for _ in range(RUNS):
        floors.append(_bytes_alone(path))
        selects.append(float(_run(_SELECT, path)))
        result: dict[str, float] = json.loads(_run(_READ, path))
        assert result["claims"] == NOTES
        ours.append(result)
    what = f"{messages:,} messages"
    middle = table.times(f"{what}: {NOTES:,} notes", [x["read"] for x in ours])
    table.add(f"{what}: messages a second", f"{messages / middle:,.0f}")
    select = table.times(f"{what}: SELECT * alone", selects)
    table.ratio(f"{what}: read / SELECT *", middle, select, "<= 1")
    floor = table.times(f"{what}: the bytes alone", floors)
    table.ratio(f"{what}: read / bytes", middle, floor)
    table.times(f"{what}: the copy before", [x["copy"] for x in ours])
    table.times(f"{what}: recognise", [x["recognise"] for x in ours])
    table.times(f"{what}: longest time to a sign of life", [x["pause"] for x in ours])
    table.add(f"{what}: peak memory", f"{max(x['rss'] for x in ours):.0f} MB")


def main() -> None:
    """Measure and print."""
    table = Table("WhatsApp's Android database (each in a process of its own)")
    _measure(table, FILLER)
    _measure(table, MANY_FILLER)
    table.show()


if __name__ == "__main__":
    main()
