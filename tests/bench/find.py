"""Searching 100,000 transcripts: from a key to what it finds, beside ripgrep.

A search is timed as the browser makes it: the query is read, the notes are looked up
and put in order, and their lengths are added up, after each letter that is typed. What
the browser does when the search box opens is done before, and told by itself.
ripgrep looks for the same beginnings of words in one file with the same text, a note a
line, and only counts the lines.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._product import cache
from tests.bench._table import Table
from tests.support.library import START_MS, put, record
from tui.library import Library
from tui.model import Direction, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOTES = 100_000
MANY = 1_000_000
WORDS = 60
CHATS = 200
_VOCABULARY = 30_000
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
_FOLDERS = 500
"""Notes a folder, of which a library for measuring is made."""

_TYPED = """
import json, resource, sys, time
from datetime import date
from pathlib import Path
from tui.errors import QueryError
from tui.library import Library
from tui.library._search import prepare, search, totals
from tui.model import Sort
from tui.query import parse
queries, rounds = json.loads(sys.argv[2]), int(sys.argv[3])
today = date(2025, 1, 1)
def rss():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with Library.open(Path(sys.argv[1])) as library:
    reader = library.reader()
    def find(text):
        begin, cpu = time.perf_counter(), time.thread_time()
        query = parse(text)
        found = search(reader._store, query, today, sort=Sort.NEWEST)
        totals(reader._store, query, today)
        cpu = time.thread_time() - cpu
        return time.perf_counter() - begin, len(found.ids), cpu
    before = rss()
    steps, more = [], True
    while more:
        begin = time.perf_counter()
        more = prepare(reader._store)
        steps.append(time.perf_counter() - begin)
    keys, again = [], []
    for query in queries:
        for end in range(1, len(query) + 1):
            try:
                keys.append((query[:end], *find(query[:end])))
            except QueryError:
                pass  # it is not typed to the end: nothing is looked for
    for _ in range(rounds):
        for text, *_ in keys:
            again.append(find(text)[0])
print(json.dumps({"steps": steps, "keys": keys, "again": again,
    "before": before, "after": rss()}))
"""
"""Queries typed letter by letter, in a process of its own."""

_ONCE = """
import sys, time
from contextlib import closing
from datetime import date
from pathlib import Path
from tui.library import Library
from tui.query import parse
with Library.open(Path(sys.argv[1])) as library, closing(library.reader()) as reader:
    begin = time.perf_counter()
    reader.search(parse(sys.argv[2]), date(2025, 1, 1))
    print(time.perf_counter() - begin)
"""
"""One search of a command, which keeps nothing."""


def _vocabulary(chance: random.Random) -> list[str]:
    words: dict[str, None] = {}
    weights = range(len(_LETTERS), 0, -1)
    while len(words) < _VOCABULARY:
        length = chance.randint(2, 10)
        words["".join(chance.choices(_LETTERS, weights, k=length))] = None
    return list(words)


def _texts(count: int) -> Iterator[str]:
    """Texts in which the n-th word is as frequent as 1/n, the same each time."""
    chance = random.Random(1)
    words = _vocabulary(chance)
    shares = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))
    for _ in range(count):
        yield " ".join(chance.choices(words, cum_weights=shares, k=WORDS))


def _queries() -> list[str]:
    """What is typed: frequent and rare words, two words, and every first letter."""
    chance = random.Random(1)
    words = _vocabulary(chance)
    frequent, rare = words[5:400:40], words[2000::2500]
    pairs = [" ".join(chance.sample(words[:300], 2)) for _ in range(6)]
    return [
        *frequent,
        *rare,
        *pairs,
        f'"{words[3]} {words[8]}"',
        f"{words[20]} is:unplayed",
        f"from:{words[7]} {words[30]}",
        f"{words[4]} len>60",
        f"-{words[9]} {words[12]}",
        *_LETTERS,
    ]


def _make(count: int) -> tuple[Path, Path, dict[str, float]]:
    """Give a library, its text as one file, and what making it took."""
    path = cache() / f"find-{count}.db"
    text, figures = path.with_suffix(".txt"), path.with_suffix(".json")
    if not figures.exists():
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        with text.open("w") as file:
            file.writelines(f"{line}\n" for line in _texts(count))
        with (
            Library.open(path) as library,
            closing(library.index_writer()) as writer,
        ):
            source_id = writer.add_source(b"/voice", SourceKind.FOLDER, "v", 80, [])
            words = _vocabulary(random.Random(1))
            for start in range(0, count, _FOLDERS):
                rows = range(start, min(start + _FOLDERS, count))
                put(
                    writer,
                    source_id,
                    *(
                        record(
                            b"%d/%d.opus" % (start, n),
                            chat_native_id=f"c{n % CHATS}",
                            chat_title=words[n % CHATS].title(),
                            chat_is_global=True,
                            sender=words[n % (CHATS * 2)].title(),
                            direction=Direction.RECEIVED,
                            sent_ms=START_MS - (n * 7_919 % count) * 60_000,
                            duration_ms=5_000 + n * 37 % 120_000,
                            inode=n + 1,
                        )
                        for n in rows
                    ),
                )
            bare = _size(path)
            _claim(path, text)
            filled = _size(path)
            begin, longest, steps = time.perf_counter(), 0.0, 1
            while steps:
                step = time.perf_counter()
                steps = writer.index_words()
                longest = max(longest, time.perf_counter() - step)
            spent = time.perf_counter() - begin
        made = {
            "bare": bare,
            "filled": filled,
            "index": spent,
            "longest": longest,
            "size": _size(path),
        }
        figures.write_text(json.dumps(made))
    known: dict[str, float] = json.loads(figures.read_text())
    return path, text, known


def _claim(path: Path, text: Path) -> None:
    """Give each note a transcript, as an export would."""
    with closing(sqlite3.connect(path)) as db, db, text.open() as lines:
        db.executemany(
            "INSERT INTO claim(document_id, key, turn, note_id, folder, name, beside,"
            " chat_confidence, sender_confidence, direction, kind, precision,"
            " time_confidence, place, title, text, transcript, forwarded)"
            " VALUES (1, ?, 1, ?, x'', x'', 0, 1, 1, 'received', 'voice', 'second',"
            " 1, 0, '', '', ?, 0)",
            ((str(n), n, line.rstrip()) for n, line in enumerate(lines, 1)),
        )


def _size(path: Path) -> float:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size / 1e6


def _run(program: str, *args: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *args],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout


def _ripgrep(text: Path, queries: Sequence[str]) -> list[float]:
    times = []
    for query in queries:
        begin = time.perf_counter()
        subprocess.run(
            ["rg", "--count", "--ignore-case", rf"\b{query}", str(text)],
            check=False,
            stdout=subprocess.DEVNULL,
        )
        times.append(time.perf_counter() - begin)
    return times


def _measure(table: Table, count: int, rounds: int) -> None:
    path, text, made = _make(count)
    what = f"{count:,} notes"
    queries = _queries()
    result = json.loads(_run(_TYPED, str(path), json.dumps(queries), str(rounds)))
    keys = result["keys"]
    first = [key[1] for key in keys]
    table.times(f"{what}: a letter, first time", first, "aim p99 < 30 ms")
    table.times(f"{what}: of that, CPU", [key[3] for key in keys])
    table.times(f"{what}: a letter, again", result["again"])
    for size in (1, 2, 3):
        some = [key[1] for key in keys if len(key[0]) == size]
        table.times(f"{what}: the first {size} letters", some)
    worst = max(keys, key=lambda key: float(key[1]))
    table.add(f"{what}: slowest", f"{worst[0]!r}", f"finds {worst[2]:,}")
    steps = result["steps"]
    table.add(
        f"{what}: prepared in the background",
        f"{sum(steps) * 1e3:.0f} ms",
        f"of {len(steps)} steps, the first {steps[0] * 1e3:.0f} ms,"
        f" the longest other {max(steps[1:]) * 1e3:.0f} ms",
    )
    table.add(
        f"{what}: memory of a search",
        f"{result['after'] - result['before']:.0f} MB",
        f"of {result['after']:.0f} MB at the most",
    )
    words = [key[0] for key in keys if key[0].isalpha()]
    once = [float(_run(_ONCE, str(path), each)) for each in words[10:200:20]]
    table.times(f"{what}: one search of a command", once)
    if shutil.which("rg"):
        theirs = table.times(f"{what}: ripgrep", _ripgrep(text, words[::5]))
        ours = statistics.median([float(key[1]) for key in keys if key[0].isalpha()])
        table.ratio(f"{what}: a letter / ripgrep", ours, theirs, "< 1")
    table.add(
        f"{what}: words indexed",
        f"{count / made['index']:,.0f} notes/s",
        f"{made['index']:.1f} s; the lock held at most {made['longest'] * 1e3:.0f} ms",
    )
    written = text.stat().st_size / 1e6
    table.ratio(f"{what}: library / text", made["size"], written)
    table.add(
        f"{what}: of {written:.0f} MB of text",
        f"{made['filled'] - made['bare']:.0f} MB of claims",
        f"{made['size'] - made['filled']:.0f} MB of index",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--million", action="store_true", help="1,000,000 notes too")
    said, _ = parser.parse_known_args()
    table = Table("Searching transcripts of 60 words (each in a process of its own)")
    _measure(table, NOTES, 3)
    if said.million:
        _measure(table, MANY, 1)
    table.show()


if __name__ == "__main__":
    main()
