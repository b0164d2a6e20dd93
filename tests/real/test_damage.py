"""Damage of every kind to a library file, and what is left of the user's work."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.library import hash_files, put, record
from tests.support.portable import content_of, packed, said_of, say
from tests.support.program import command, run
from tui.errors import DamagedError, LibraryError
from tui.library import Library
from tui.library._connection import suspect_path
from tui.library._repair import TABLES, Condition, backups, inspect
from tui.model import NoteId, NoteState, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.model import SourceId

Said = dict[str, tuple[int | str, ...]]
MEDIA = Path(__file__).parents[1] / "data" / "media"
NOTES = 60
PAGE = 4096
INNER = 2
"""How a page of keys begins that has others below it."""
KEPT: Said = {
    "star": (5, 1),
    "comment": (6, "flour, not the fine one"),
    "tag:recipe": (7, 1),
    "bookmark:1200": (8, 1, "oven"),
}
"""What is said before the backup."""
LATER: Said = {"title": (9, "The recipe"), "tag:ana": (10, 1)}
"""What is said after it."""


def _say(library: Library, told: Said) -> None:
    for number in range(1, NOTES, 3):
        for key, value in told.items():
            more = (key.partition(":")[2],) if key.startswith("tag:") else ()
            say(library, number, key, *value, *more)


def expected(*told: Said) -> dict[bytes, object]:
    """What is said of recordings."""
    values = {key: value for each in told for key, value in each.items()}
    return {content_of(number): values for number in range(1, NOTES, 3)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library that is closed again; only to be copied."""
    path = tmp_path_factory.mktemp("made") / "l.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        notes = [
            record(b"x/%03d" % i, title=f"note {i}", inode=i) for i in range(NOTES)
        ]
        put(writer, source_id, *notes)
        contents = {b"x/%03d" % i: content_of(i) for i in range(NOTES)}
        hash_files(writer, source_id, contents)
        _say(library, KEPT)
        library.back_up()
        _say(library, LATER)
    return path.parent


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A library with marks, a backup, and marks that are newer than that; closed."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "l.db"


def page_of(path: Path, table: str) -> int:
    """The first page of a table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
    return int(root)


def spoil(path: Path, page: int, *, data: bytes = b"\xaa" * PAGE) -> None:
    """Overwrite a page."""
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(data)


def spoiled_table(table: str) -> Callable[[Path], None]:
    """Overwrite the first page of a table; somebody meets it."""

    def damage(path: Path) -> None:
        spoil(path, page_of(path, table))
        suspect_path(path).touch()

    return damage


def without(table: str) -> Callable[[Path], None]:
    """Take a table away."""

    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(f"DROP TABLE {table}")

    return damage


def _header(path: Path) -> None:
    spoil(path, 1, data=os.urandom(100))


def _page_size(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(16)
        file.write(b"\x00\x07")


def _truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // PAGE // 2 * PAGE)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _gone(path: Path) -> None:
    path.unlink()


def _first_page(path: Path) -> None:
    spoil(path, 1)


def _no_utf_8(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE note SET reason = CAST(x'ff41' AS TEXT)")
        connection.commit()
    suspect_path(path).touch()


def _no_words(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM words_data")
        connection.commit()
    suspect_path(path).touch()


WHOLE = {
    "header": _header,
    "page size": _page_size,
    "index of words": spoiled_table("words_data"),
    "words themselves": spoiled_table("words_content"),
    "index of a table": spoiled_table("note_rev"),
    "no table of words": without("words_docsize"),
    "no UTF-8": _no_utf_8,
    "no changes": without("meta"),
    "words that can't be opened": _no_words,
}
RESTORED = {
    "middle page": spoiled_table("note"),
    "claims": spoiled_table("claim"),
    "no notes": without("note"),
}
LOST = {"first page": _first_page, "empty": _empty, "gone": _gone}


def notes_in(library: Library) -> int:
    """How many notes there are, read one by one."""
    with closing(library.reader()) as reader:
        return sum(1 for _ in reader.all_notes(states=list(NoteState)))


def still_works(library: Library) -> None:
    """Notes can be changed, and the file is sound."""
    with closing(library.index_writer()) as writer:
        put(writer, writer_source(library), record(b"y/new"))
    assert notes_in(library) == NOTES + 1
    library.check()


def writer_source(library: Library) -> SourceId:
    """The only source."""
    with closing(library.reader()) as reader:
        (source,) = reader.sources()
        return source.id


@pytest.mark.parametrize("damage", WHOLE.values(), ids=WHOLE.keys())
def test_what_can_be_read_whole_is_written_anew(
    path: Path, damage: Callable[[Path], None]
) -> None:
    """Nothing is lost, and the damaged file is kept as it was."""
    damage(path)
    raw = path.read_bytes()
    with Library.open(path) as library:
        assert "All that was in it could be read" in library.notice
        assert said_of(library) == expected(KEPT, LATER)
        assert notes_in(library) == NOTES
        with closing(library._store()) as store:
            due = store.all("SELECT count(*) FROM word_due")
            assert due == [(NOTES,)]
        still_works(library)
    (kept,) = path.parent.glob("l.db.damaged-*Z")
    assert kept.read_bytes() == raw
    assert inspect(path)[0] is Condition.GOOD
    assert not list(path.parent.glob("*.copy*")) + list(path.parent.glob("*.part*"))


@pytest.mark.parametrize("damage", RESTORED.values(), ids=RESTORED.keys())
def test_marks_that_are_newer_than_the_backup_are_rescued(
    path: Path, damage: Callable[[Path], None]
) -> None:
    """The sentence tells of how many recordings."""
    damage(path)
    with Library.open(path) as library:
        assert f"It was restored from {backups(path)[0].name}." in library.notice
        assert "What you said of 20 recordings was read" in library.notice
        assert said_of(library) == expected(KEPT, LATER)
        still_works(library)
    with Library.open(path) as library:
        assert library.notice == ""


@pytest.mark.parametrize("damage", LOST.values(), ids=LOST.keys())
def test_where_nothing_can_be_read_the_backup_counts(
    path: Path, damage: Callable[[Path], None]
) -> None:
    """It is said, and never begun anew in silence."""
    damage(path)
    with Library.open(path) as library:
        assert f"It was restored from {backups(path)[0].name}." in library.notice
        assert said_of(library) == expected(KEPT)
        still_works(library)


@pytest.mark.parametrize("damage", RESTORED.values(), ids=RESTORED.keys())
def test_without_a_backup_marks_and_sources_are_rescued(
    path: Path, damage: Callable[[Path], None]
) -> None:
    """The notes are found again by the next scan."""
    for backup in backups(path):
        backup.unlink()
    damage(path)
    with Library.open(path) as library:
        assert "a new one was begun. What you said of 20 recordings" in library.notice
        assert said_of(library) == expected(KEPT, LATER)
        with closing(library.reader()) as reader:
            assert [source.root for source in reader.sources()] == [b"/s"]


def test_a_truncated_library_is_restored(path: Path) -> None:
    """With whatever the rest of it still tells."""
    _truncated(path)
    with Library.open(path) as library:
        assert "was restored from" in library.notice
        found = said_of(library)
        for content, values in expected(KEPT).items():
            assert isinstance(values, dict)
            assert found[content].items() >= values.items()


def test_a_page_of_marks_costs_no_more_than_itself(path: Path) -> None:
    """What stands on other pages is rescued."""
    with Library.open(path) as library, closing(library._store()) as store:
        for number in range(256):
            content = bytes([number]) + bytes(31)
            store.run(
                "INSERT INTO mark(hash, updated_ms, comment, comment_ms)"
                " VALUES (?, 0, ?, 9)",
                (content, "x" * 500),
            )
    raw, page = path.read_bytes(), page_of(path, "mark")
    while raw[(page - 1) * PAGE] == INNER:
        data = raw[(page - 1) * PAGE : page * PAGE]
        cell = int.from_bytes(data[16:18], "big")  # begins with the page below it
        page = int.from_bytes(data[cell : cell + 4], "big")
    spoil(path, page)
    suspect_path(path).touch()
    with Library.open(path) as library:
        assert "was restored from" in library.notice
        found = [content for content in said_of(library) if content[1:] == bytes(31)]
    assert 256 - 2 * PAGE // 500 < len(found) < 256


def test_a_damaged_log_loses_its_end_only(tmp_path: Path) -> None:
    """What was committed after the damage is gone, all before is there."""
    path = tmp_path / "l.db"
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from tests.support.portable import say; from tui.library import Library\n"
        "library = Library.open(Path(sys.argv[1]))\n"
        "for number in range(100): say(library, number, 'comment', 5, 'x' * 2000)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    words = [sys.executable, "-c", code, str(path)]
    with closing(sqlite3.connect(":memory:")):
        Library.open(path).close()
    keeper = sqlite3.connect(path)  # so that the last of the others leaves the log
    keeper.execute("SELECT * FROM meta").fetchall()
    done = subprocess.run(words, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    copy = tmp_path / "copy" / "l.db"
    copy.parent.mkdir()
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", f"{copy}{ending}")
    keeper.close()
    log = copy.with_name("l.db-wal")
    size = log.stat().st_size
    with log.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xaa" * 50)
    with Library.open(copy) as library:
        assert library.notice == ""
        library.check()
        count = len(said_of(library))
    assert 10 < count < 100


def test_a_damaged_index_of_words_is_made_anew_in_place(path: Path) -> None:
    """When its pages are well and only what stands there is wrong."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO words(rowid, title) VALUES (999, 'a')")
        connection.execute("UPDATE words_content SET c2 = 'b' WHERE id = 999")
        connection.commit()
    suspect_path(path).touch()
    with Library.open(path) as library:
        assert library.notice == (
            "The library was put right: its index of words was damaged and is made"
            " anew."
        )
        assert said_of(library) == expected(KEPT, LATER)
        with closing(library._store()) as store:
            store.run("INSERT INTO words(words, rank) VALUES ('integrity-check', 0)")
        still_works(library)
    assert not list(path.parent.glob("*.damaged*"))


STRANGE = {
    "state of a note": "UPDATE note SET state = 'x' WHERE id = 5",
    "kind of a note": "UPDATE note SET kind = 'x' WHERE id = 5",
    "direction": "UPDATE note SET direction = 'x' WHERE id = 5",
    "precision": "UPDATE note SET precision = '' WHERE id = 5",
    "played": "UPDATE note SET played = 9 WHERE id = 5",
    "time": "UPDATE note SET sent_ms = 9000000000000000000 WHERE id = 5",
    "kind of a source": "UPDATE source SET kind = 'x'",
    "state of a source": "UPDATE source SET state = 'x'",
    "kind of a chat": "UPDATE chat SET kind = 'x'",
    "state of a file": "UPDATE file SET state = 'x' WHERE id = 5",
}


@pytest.mark.parametrize("sql", STRANGE.values(), ids=STRANGE.keys())
def test_a_value_without_meaning_ends_no_program_twice(path: Path, sql: str) -> None:
    """Who meets it says so in words; the next start puts it right."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(sql)
        connection.commit()
    with Library.open(path) as library:
        assert library.notice == ""
        try:
            look_at_all(library)
        except DamagedError:
            assert suspect_path(path).exists()
    suspect_path(path).touch()
    with Library.open(path) as library:
        assert library.notice == (
            "The library was put right: 1 value in it had no meaning; the files are"
            " read again."
        )
        look_at_all(library)
        assert said_of(library) == expected(KEPT, LATER)
        still_works(library)
    with Library.open(path) as library:
        assert library.notice == ""


def look_at_all(library: Library) -> None:
    """Read everything that a browser shows."""
    with closing(library.reader()) as reader, closing(library.index_writer()) as writer:
        reader.sources()
        reader.chats()
        ids = [note.row.id for note in reader.all_notes(states=list(NoteState))]
        with closing(library._store()) as store:
            ids = [row[0] for row in store.all("SELECT id FROM note ORDER BY id")]
        reader.rows(ids)
        for note_id in ids:
            reader.note(NoteId(note_id))
        writer.files_in(writer_source(library), b"x")


def test_a_strange_value_is_met_in_words(path: Path) -> None:
    """It is no fault of the program, and asks for a thorough look."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE note SET kind = 'x' WHERE id = 5")
        connection.commit()
    with Library.open(path) as library, closing(library.reader()) as reader:
        with pytest.raises(DamagedError, match="start Earmark again"):
            reader.note(NoteId(5))
        with pytest.raises(DamagedError, match="start Earmark again"):
            list(reader.all_notes(states=list(NoteState)))
    assert suspect_path(path).exists()


def test_a_command_repairs_and_goes_on(tmp_path: Path) -> None:
    """The user sees one sentence and the answer."""
    path = tmp_path / "l.db"
    (tmp_path / "s").mkdir()
    shutil.copy(MEDIA / "a.wav", tmp_path / "s")
    first = run(command(path, "list", "--json", f"--source={tmp_path / 's'}"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE note SET kind = 'x'")
        connection.commit()
    done = run(command(path, "list", "--json"))
    assert "The library was put right" in done.err
    assert done.json[0]["files"] == first.json[0]["files"]
    assert run(command(path, "list", "--json")).err == ""


def test_a_library_with_assignments_is_not_taken_for_damaged(path: Path) -> None:
    """SQLite 3.40 finds fault with the table of choices where there is none."""
    with Library.open(path) as library:
        with closing(library._store()) as store:
            store.run(
                "INSERT INTO choice(hash, field, target, scope, title, set_ms)"
                " VALUES (x'01', 'chat', 'a', 0, 'a', 1)"
            )
        library.check()
        assert library.back_up() is not None
    suspect_path(path).touch()
    with Library.open(path) as library:
        assert library.notice == ""


def test_the_tables_that_are_expected_are_those_that_are_made(tmp_path: Path) -> None:
    """One that is added has to be added there."""
    Library.open(tmp_path / "l.db").close()
    with closing(sqlite3.connect(tmp_path / "l.db")) as connection:
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite%'"
        )
        assert {row[0] for row in rows} == TABLES


@pytest.mark.parametrize("seed", range(12))
def test_whatever_a_disk_makes_of_it_it_opens(path: Path, seed: int) -> None:
    """Nothing but a LibraryError on the way, and the backup's marks at the end."""
    chance = random.Random(seed)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = path.stat().st_size // PAGE
    for _ in range(chance.randrange(1, 6)):
        size = chance.choice([1, 8, 100, PAGE])
        data = chance.randbytes(size)
        place = chance.randrange(pages) * PAGE + chance.randrange(PAGE - size + 1)
        with path.open("r+b") as file:
            file.seek(place)
            file.write(data)
    suspect_path(path).touch()
    with Library.open(path) as library:
        try:
            look_at_all(library)
            library.check()
        except LibraryError:
            suspect_path(path).touch()
    with Library.open(path) as library:
        look_at_all(library)
        library.check()
        packed(library)
        assert len(said_of(library)) >= NOTES // 3


def test_a_repair_that_is_killed_is_begun_again(path: Path) -> None:
    """At no moment there is no library: a new one would be begun in silence."""
    code = (
        "import os, sys; from pathlib import Path; from tui.library import _rebuild\n"
        "def stop(*_, **__): os._exit(9)\n"
        "setattr(_rebuild, sys.argv[2], stop)\n"
        "from tui.library import Library; Library.open(Path(sys.argv[1]))"
    )
    spoiled_table("note")(path)
    for name in ("_copy_all", "_begin", "_salvage", "sync", "set_aside"):
        words = [sys.executable, "-c", code, str(path), name]
        assert subprocess.run(words, check=False, timeout=60).returncode == 9
    with Library.open(path) as library:
        assert "was restored from" in library.notice
        assert said_of(library) == expected(KEPT, LATER)
    names = [each.name for each in path.parent.iterdir()]
    assert not [name for name in names if ".part" in name or ".copy" in name]


def test_a_full_disk_while_it_is_repaired_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The damaged file stays where it is, and is repaired when there is room."""
    spoiled_table("note")(path)
    before = path.read_bytes()

    def fail(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tui.library._rebuild.sync", fail)
        with pytest.raises(LibraryError, match="no space left"):
            Library.open(path)
    assert path.read_bytes() == before
    with Library.open(path) as library:
        assert said_of(library) == expected(KEPT, LATER)
