"""Marks on many of 100,000 notes, beside bare inserts of as many rows."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._product import cache
from tests.bench._table import Table
from tests.support.library import record
from tui.library import Library, Measured
from tui.model import Group, GroupKind, NoteId, Played, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.library import Edits
    from tui.library._reader import StoreReader

NOTES = 100_000
MANY = 10_000
RUNS = 5
_FOLDER = 500
_PAGE = 64
_PAGES = 100


def _library() -> Path:
    """Give a library of notes in 200 folders, each with a recording of its own."""
    path = cache() / f"marks-{NOTES}.db"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with Library.open(part) as library, closing(library.index_writer()) as writer:
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        for start in range(0, NOTES, _FOLDER):
            folder = b"chat%03d" % (start // _FOLDER)
            notes = [
                record(
                    folder + b"/%06d" % at,
                    sent_ms=1_600_000_000_000 + at * 977_000,
                    inode=at + 1,
                    sender=f"Person {at % 40}",
                    sender_confidence=0.9,
                )
                for at in range(start, start + _FOLDER)
            ]
            writer.apply(source_id, folder, 1, notes, [])
        while todo := writer.unmeasured(2000):
            writer.measured(
                [
                    Measured(
                        file_id,
                        duration_ms=4000 + file_id % 1000 * 100,
                        content_hash=blake2b(b"%d" % file_id, digest_size=32).digest(),
                    )
                    for file_id, _ in todo
                ]
            )
    part.rename(path)
    return path


def _floor(ids: Sequence[int]) -> float:
    """Insert the rows of a tag, and nothing else, in one durable transaction."""
    with (
        tempfile.TemporaryDirectory(dir=cache()) as home,
        closing(sqlite3.connect(f"{home}/floor.db", isolation_level=None)) as floor,
    ):
        floor.execute("PRAGMA journal_mode = WAL")
        floor.execute("PRAGMA synchronous = FULL")
        floor.execute(
            "CREATE TABLE tagged(hash BLOB NOT NULL, tag_id INTEGER NOT NULL,"
            " set_ms INTEGER NOT NULL, PRIMARY KEY (hash, tag_id))"
            " STRICT, WITHOUT ROWID"
        )
        floor.execute("CREATE INDEX tagged_tag ON tagged(tag_id)")
        rows = [(blake2b(b"%d" % at, digest_size=32).digest(), 1, 5) for at in ids]
        begin = time.perf_counter()
        floor.execute("BEGIN IMMEDIATE")
        floor.executemany("INSERT INTO tagged VALUES (?, ?, ?)", rows)
        floor.execute("COMMIT")
        return time.perf_counter() - begin


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _edits(table: Table, edits: Edits, ids: Sequence[int]) -> None:
    some = ids[:MANY]
    works: dict[str, Callable[[], object]] = {
        "tag": lambda: edits.tag(some, add=["bench/tag"]),
        "star": lambda: edits.set_star(some, on=True),
        "mark played": lambda: edits.set_played(some, Played.PLAYED),
        "comment": lambda: edits.set_comment(some, "ask her about the oven"),
    }
    times: dict[str, list[float]] = {}
    for _ in range(RUNS):
        for name, work in works.items():
            times.setdefault(name, []).append(_timed(work))
            times.setdefault(f"undo of {name}", []).append(_timed(edits.undo))
        edits.tag(some, add=["bench/tag"])
        for name, work in {
            "rename tag": lambda: edits.rename_tag("bench", "moved"),
            "delete tag": lambda: edits.delete_tag("moved"),
        }.items():
            times.setdefault(name, []).append(_timed(work))
        times.setdefault("undo of delete tag", []).append(_timed(edits.undo))
        edits.undo(2)
    floor = table.times("floor: insert as many rows", [_floor(some) for _ in works])
    for name, seconds in times.items():
        aim = "aim <= 1000" if name in {"tag", "undo of tag"} else ""
        middle = table.times(f"{name}, {MANY:,} notes", seconds, aim)
        if name == "tag":
            table.ratio("tag / floor", middle, floor)
    ones = [partial(edits.set_star, [each], on=True) for each in ids[:50]]
    table.times("star, 1 note", [_timed(one) for one in ones])
    table.times("tag, all notes", [_timed(lambda: edits.tag(ids, add=["all"]))])
    table.times("undo of that", [_timed(edits.undo)])


def _reading(table: Table, reader: StoreReader, ids: Sequence[int], state: str) -> None:
    pages = [
        [NoteId(each) for each in ids[at : at + _PAGE]]
        for at in range(0, _PAGE * _PAGES, _PAGE)
    ]
    rows = [_timed(partial(reader.rows, page)) for page in pages]
    table.times(f"rows, {_PAGE} at once, {state}", rows)
    notes = [_timed(partial(_read, reader, page)) for page in pages]
    table.times(f"notes, {_PAGE} at once, {state}", notes)


def _read(reader: StoreReader, ids: Sequence[NoteId]) -> None:
    for _ in reader.notes(ids):
        pass


def main() -> None:
    """Measure and print."""
    table = Table(f"Marks in a library of {NOTES:,} notes")
    source = _library()
    with tempfile.TemporaryDirectory(dir=cache()) as home:
        path = Path(home) / "library.db"
        shutil.copy(source, path)
        with (
            Library.open(path) as library,
            closing(library.reader()) as reader,
            library.edits() as edits,
        ):
            ids = list(reader.keys(Group(GroupKind.UNPLAYED)).ids)
            random.Random(1).shuffle(ids)
            _reading(table, reader, ids, "without marks")
            _edits(table, edits, ids)
            edits.set_star(ids[:MANY], on=True)
            for name in ("work/clients", "work", "home"):
                edits.tag(ids[:MANY], add=[name])
            edits.set_comment(ids[:MANY], "ask her about the oven")
            _reading(table, reader, ids, "with marks")
            table.times("tags", [_timed(reader.tags) for _ in range(RUNS)])
            some = [NoteId(each) for each in ids[:_PAGE]]
            tags_of = [_timed(lambda: reader.tags_of(some)) for _ in range(RUNS)]
            table.times(f"tags of {_PAGE} notes", tags_of)
            statistics = [_timed(reader.statistics) for _ in range(RUNS)]
            table.times("statistics", statistics, "aim <= 150")
    table.show()


if __name__ == "__main__":
    main()
