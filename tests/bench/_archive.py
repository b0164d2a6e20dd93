"""A library of many notes with senders, tags and stars, and no files behind them."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.support.library import START_MS, put, record
from tui.library import Library
from tui.model import Direction, Precision, SourceKind

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_archive"]

CHATS = 200
SENDERS = 300
TAGS = ("work", "work/clients", "work/press", *(f"tag {n}" for n in range(40)))
YEARS_S = 8 * 365 * 86_400


def make_archive(path: Path, count: int) -> None:
    """Write the library: eight years, three sources, two notes of three with a hash.

    A tenth of the notes is starred, a half has a tag or two; the same ones every time.
    """
    draw = random.Random(1)
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        sources = [
            writer.add_source(b"/s%d" % n, SourceKind.FOLDER, f"s{n}", 80, [])
            for n in range(3)
        ]
        with writer.batch():
            for chat in range(CHATS):
                notes = [
                    record(
                        b"c%d/%d.opus" % (chat, n),
                        inode=chat * count + n,
                        sent_ms=START_MS - draw.randrange(YEARS_S) * 1000,
                        duration_ms=draw.randrange(1_000, 300_000),
                        sender=f"Person {draw.randrange(SENDERS)}",
                        direction=Direction.RECEIVED,
                        precision=Precision.SECOND,
                        offset_min=draw.choice((None, None, 120)),
                    )
                    for n in range(count // CHATS)
                ]
                put(writer, sources[chat % 3], *notes)
    with closing(sqlite3.connect(path)) as connection, connection:
        _mark(connection, draw)


def _mark(connection: sqlite3.Connection, draw: random.Random) -> None:
    ids = [row[0] for row in connection.execute("SELECT id FROM note")]
    hashes = {note_id: draw.randbytes(32) for note_id in ids}
    connection.executemany(
        "INSERT INTO recording(id, hash, hash_kind, size) VALUES (?, ?, '', 1)",
        hashes.items(),
    )
    connection.execute("UPDATE note SET recording_id = id")
    connection.executemany(
        "INSERT INTO mark(hash, updated_ms, star) VALUES (?, 1, 1)",
        ((hashes[note_id],) for note_id in ids[::10]),
    )
    connection.executemany(
        "INSERT INTO tag(id, name, folded) VALUES (?, ?, ?)",
        ((at, name, name) for at, name in enumerate(TAGS, 1)),
    )
    connection.executemany(
        "INSERT INTO tagged VALUES (?, ?, 1)",
        (
            (hashes[note_id], number)
            for note_id in ids
            for number in draw.sample(
                range(1, len(TAGS) + 1), draw.choice((0, 0, 1, 2))
            )
        ),
    )
