"""Content hashes told many at a time do what they do one by one."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.library import put, record
from tui.library import Library, Measured
from tui.model import NoteId, Played, SourceKind

if TYPE_CHECKING:
    from pathlib import Path

    from tui.library import IndexWriter
    from tui.model import SourceId

_KNOWN = bytes(31)
"""The beginning of all hashes."""


def _fill(library: Library, rng: random.Random) -> None:
    """Write files with copies, marks, lost files and hashes, told in parts."""
    with closing(library.index_writer()) as writer:
        source_id = writer.add_source(b"/x", SourceKind.FOLDER, "x", 80, [])
        records = []
        for number in range(60):
            name = b"x/%d.opus" % number
            records.append(record(name, inode=number + 1, size=1000 + number))
            if rng.random() < 0.3:
                records.append(
                    record(
                        b"x/%d (1).opus" % number,
                        base_name=b"%d.opus" % number,
                        inode=number + 100,
                    )
                )
        put(writer, source_id, *records)
        _tell(writer, source_id, rng)
        for played in Played:
            ids = [NoteId(n) for n in rng.sample(range(1, 60), 10)]
            library.user.set_played(ids, played)
            assert library.user.flush()
        changed = rng.sample(records, 20)
        put(writer, source_id, *(each._replace(mtime_ns=7) for each in changed))
        gone = rng.sample(writer.files_in(source_id, b"x"), 5)
        writer.apply(source_id, b"x", 2, [], [each.file_id for each in gone])
        _tell(writer, source_id, rng)


def _tell(writer: IndexWriter, source_id: SourceId, rng: random.Random) -> None:
    """Tell the hashes of most files in one call; some are the same."""
    writer.measured(
        [
            Measured(each.file_id, content_hash=_KNOWN + bytes([rng.randrange(50)]))
            for each in writer.files_in(source_id, b"x")
            if rng.random() < 0.8
        ]
    )


_HASHED = "LEFT JOIN recording ON recording.id = recording_id ORDER BY 1"
_ALL = (
    f"SELECT file.id, note_id, role, missing, file.size, hash FROM file {_HASHED}",
    f"SELECT note.id, key, state, played, owed_ms > 0, hash FROM note {_HASHED}",
    "SELECT hash, played FROM mark ORDER BY 1",
    "SELECT hash, hash_kind FROM recording ORDER BY 1",
)


def _content(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(sql).fetchall() for sql in _ALL]


@pytest.mark.parametrize("seed", range(6))
def test_many_hashes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Files that are alone are written together; all ends as if they were not."""
    with Library.open(tmp_path / "many.db", clock=lambda: 1000.0) as many:
        _fill(many, random.Random(seed))
    monkeypatch.setattr("tui.library._measure._link_lone", lambda *_: {})
    with Library.open(tmp_path / "single.db", clock=lambda: 1000.0) as single:
        _fill(single, random.Random(seed))
    assert _content(many.path) == _content(single.path)
