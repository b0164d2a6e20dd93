"""Tables and migrations."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.library import put, record
from tui.library import Library, _schema
from tui.library._repair import NEWEST_KEPT, backups
from tui.library._schema import APPLICATION_ID, MIGRATIONS, migrate
from tui.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def memory() -> Iterator[sqlite3.Connection]:
    """An empty database."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def version_of(connection: sqlite3.Connection) -> int:
    """The version in the header."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def test_version_1_makes_all_tables(memory: sqlite3.Connection) -> None:
    """All of them strict; each foreign key has an index where deleting needs it."""
    migrate(memory, MIGRATIONS[:1])
    assert version_of(memory) == 1
    assert memory.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    tables = {
        row[1]: row[5]
        for row in memory.execute("PRAGMA table_list")
        if not row[1].startswith("sqlite_")
    }
    assert set(tables) == {
        "chat",
        "file",
        "folder",
        "gone",
        "mark",
        "meta",
        "month_total",
        "note",
        "recording",
        "sender",
        "source",
    }
    assert set(tables.values()) == {1}
    assert memory.execute("SELECT * FROM meta").fetchall() == [(1, 0, 0, 0, 1, 1)]


def test_strict_tables_refuse_what_is_no_number(memory: sqlite3.Connection) -> None:
    """A fault of ours is found where it is made."""
    migrate(memory)
    with pytest.raises(sqlite3.IntegrityError):
        memory.execute("UPDATE meta SET rev = 'x'")


def test_every_list_is_one_look_into_an_index(memory: sqlite3.Connection) -> None:
    """The planner reads no row of a note for the lists of the tree, and sorts none."""
    from tui.library import _reader

    migrate(memory)
    for where in _reader._GROUPS.values():
        sql = f"EXPLAIN QUERY PLAN SELECT order_ms, id FROM note WHERE {where}"
        params = [1] * where.count("?")
        plan = [row[3] for row in memory.execute(sql, params)]
        assert "USING COVERING INDEX" in plan[0], where
        assert not [step for step in plan if "TEMP B-TREE" in step], where


def test_a_migrated_file_is_migrated_no_more(memory: sqlite3.Connection) -> None:
    """The second call changes nothing."""
    migrate(memory)
    before = memory.total_changes
    migrate(memory)
    assert memory.total_changes == before


def test_a_step_that_fails_leaves_the_version_before(
    memory: sqlite3.Connection,
) -> None:
    """Each step is one transaction with its version number."""

    def second(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE new(id INTEGER PRIMARY KEY) STRICT")

    def third(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE note")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        migrate(memory, (*MIGRATIONS[:1], second, third))
    assert version_of(memory) == 2
    names = {row[0] for row in memory.execute("SELECT name FROM sqlite_master")}
    assert {"new", "note"} <= names
    assert not memory.in_transaction


def add_column(connection: sqlite3.Connection) -> None:
    """A migration as a later Earmark may bring it."""
    connection.execute("ALTER TABLE mark ADD COLUMN mood INTEGER NOT NULL DEFAULT 0")


def test_an_older_library_is_backed_up_and_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it held is there afterwards, in the library and in the backup."""
    path = tmp_path / "l.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        put(writer, source_id, record(b"a"))
        newer = (*MIGRATIONS, add_column)
        monkeypatch.setattr(_schema, "MIGRATIONS", newer)
        monkeypatch.setattr("tui.library._repair.MIGRATIONS", newer)
        monkeypatch.setattr(migrate, "__defaults__", (newer,))
        # While another Earmark has it open, and with changes in its log.
        with Library.open(path, clock=lambda: 1_700_000_000) as again:
            assert again.notice == ""
            with closing(again.reader()) as reader:
                assert reader.totals().notes == 1
    with closing(sqlite3.connect(path)) as connection:
        assert version_of(connection) == len(newer)
        connection.execute("SELECT mood FROM mark")
    (backup,) = backups(path)
    assert backup.name == f"l.db.v{len(MIGRATIONS)}-20231114T221320Z.bak"
    assert backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(backup)) as connection:
        assert version_of(connection) == len(MIGRATIONS)
        assert connection.execute("SELECT count(*) FROM note").fetchone() == (1,)


def test_the_last_backups_are_kept(tmp_path: Path) -> None:
    """Three of them; several in one second do not overwrite each other."""
    now = [1_700_000_000.0]
    with Library.open(tmp_path / "l.db", clock=lambda: now[0]) as library:
        made = [library.back_up(), library.back_up()]
        for _ in range(NEWEST_KEPT):
            now[0] += 1
            made.append(library.back_up())
        assert len(set(made)) == NEWEST_KEPT + 2
        assert backups(library.path) == made[: -NEWEST_KEPT - 1 : -1]
        assert library.back_up(max_age_s=60) is None
        now[0] += 100
        assert library.back_up(max_age_s=60) is not None
        names = sorted(path.name for path in tmp_path.iterdir())
        assert not [name for name in names if name.endswith(".part")]
