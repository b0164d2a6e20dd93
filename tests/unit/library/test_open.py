"""Opening: new, damaged, foreign, newer, unwritable."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.support.library import only_note, put, record
from tui.errors import DamagedError, LibraryError
from tui.library import Library, Measured
from tui.library._connection import Access, failure, suspect_path
from tui.library._repair import Condition, inspect, opening_lock
from tui.model import NoteId, Played, SourceId, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library import Reader

NOTES = 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A library with a source, notes, a mark and a backup, closed."""
    path = tmp_path / "l.db"
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        put(writer, source_id, *(record(b"x/%03d" % i) for i in range(NOTES)))
        (file_id, _), *_ = writer.unmeasured(NOTES)
        writer.measured([Measured(file_id, content_hash=b"h" * 32)])
        library.user.set_played([NoteId(file_id)], Played.PLAYED)
        library.user.flush()
        library.back_up()
    return path


def still_there(library: Library) -> bool:
    """Whether the notes and the mark are those of the fixture."""
    with closing(library.reader()) as reader:
        totals = reader.totals()
    return (totals.notes, totals.unplayed) == (NOTES, NOTES - 1)


def test_a_new_library_is_for_the_user_alone(tmp_path: Path) -> None:
    """Folders 0700, files 0600, also the logs; an existing folder is left as it is."""
    umask = os.umask(0)
    try:
        path = tmp_path / "data" / "earmark" / "l.db"
        with Library.open(path) as library, closing(library.reader()):
            assert library.notice == ""
            assert not library.read_only
            modes = {
                entry.name: entry.stat().st_mode & 0o777
                for entry in (path.parent.parent, *path.parent.rglob("*"), path.parent)
            }
    finally:
        os.umask(umask)
    assert modes.pop("data") == modes.pop("earmark") == 0o700
    assert set(modes) >= {"l.db", "l.db-wal", "l.db-shm"}
    assert set(modes.values()) == {0o600}


def test_opening_again_changes_nothing(path: Path) -> None:
    """No notice, no new file."""
    before = path.read_bytes()
    with Library.open(path) as library:
        assert library.notice == ""
        assert still_there(library)
    assert path.read_bytes() == before


@pytest.mark.parametrize("size", [0, 4096])
def test_a_start_that_was_killed_early_is_taken_up(tmp_path: Path, size: int) -> None:
    """Between making the file and its first table: there is nothing to lose yet."""
    path = tmp_path / "l.db"
    path.touch()
    if size:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("VACUUM")
        assert path.stat().st_size == size
    with Library.open(path) as library:
        assert library.notice == ""
        with closing(library.reader()) as reader:
            assert reader.revision() == 0


def _no_database(data: bytearray) -> None:
    data[:] = b"this is no database at all"


def _no_header(data: bytearray) -> None:
    data[0] = 0


def _no_schema(data: bytearray) -> None:
    data[100:4096] = os.urandom(3996)


def _truncated(data: bytearray) -> None:
    del data[5 * 4096 :]


def _zeroed(data: bytearray) -> None:
    data[:] = bytes(len(data))


DAMAGES = [_no_database, _no_schema, _truncated, _zeroed]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_library_is_kept_and_restored(path: Path, damage: object) -> None:
    """The newest good backup takes its place; nothing is overwritten."""
    data = bytearray(path.read_bytes())
    assert callable(damage)
    damage(data)
    path.write_bytes(data)
    with Library.open(path, clock=lambda: 1_700_000_000) as library:
        assert library.notice == (
            "The library file was damaged and is kept as"
            " l.db.damaged-20231114T221320Z. It was restored from"
            f" {next(path.parent.glob('*.bak')).name}."
        )
        assert still_there(library)
    kept = path.with_name("l.db.damaged-20231114T221320Z")
    assert kept.read_bytes() == data
    with Library.open(path) as library:
        assert library.notice == ""
    path.write_bytes(data)
    with Library.open(path, clock=lambda: 1_700_000_000) as library:
        assert "damaged-20231114T221320Z.1" in library.notice
    assert kept.read_bytes() == data


def test_a_header_is_written_anew(path: Path) -> None:
    """What is the same in all our files is no loss."""
    data = bytearray(path.read_bytes())
    _no_header(data)
    path.write_bytes(data)
    with Library.open(path, clock=lambda: 1_700_000_000) as library:
        assert library.notice == (
            "The library file was damaged and is kept as"
            " l.db.damaged-20231114T221320Z. All that was in it could be read, and was"
            " written anew."
        )
        assert still_there(library)
    assert path.with_name("l.db.damaged-20231114T221320Z").read_bytes() == data


def test_without_a_good_backup_a_new_library_is_begun(path: Path) -> None:
    """A backup that is broken itself is no help."""
    for backup in path.parent.glob("*.bak"):
        data = bytearray(backup.read_bytes())
        _truncated(data)
        backup.write_bytes(data)
        shutil.copy(backup, backup.with_name("l.db.v1-20990101T000000Z.bak"))
    path.write_bytes(b"rubbish")
    with Library.open(path) as library:
        assert "no good backup" in library.notice
        with closing(library.reader()) as reader:
            assert reader.totals().notes == 0


def test_an_older_good_backup_is_better_than_a_newer_bad_one(path: Path) -> None:
    """They are tried from the newest on."""
    (good,) = path.parent.glob("*.bak")
    bad = path.with_name("l.db.v1-20990101T000000Z.bak")
    bad.write_bytes(b"SQLite format 3\0" + os.urandom(5000))
    path.write_bytes(b"rubbish")
    with Library.open(path) as library:
        assert good.name in library.notice
        assert still_there(library)


def _spoil_a_table(path: Path) -> None:
    """Overwrite the pages of the notes, which opening does not look at."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'note'"
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xaa" * 4096)


def test_damage_met_later_is_repaired_at_the_next_start(path: Path) -> None:
    """Opening looks at few pages; who meets damage asks for a thorough look."""
    _spoil_a_table(path)
    with Library.open(path) as library:
        assert library.notice == ""
        reader = library.reader()
        with closing(reader), pytest.raises(LibraryError, match="is damaged"):
            reader.rows([NoteId(1)])
    assert suspect_path(path).exists()
    with Library.open(path) as library:
        assert "restored" in library.notice
        assert still_there(library)
    assert not suspect_path(path).exists()


def test_damage_is_looked_for(path: Path) -> None:
    """Who asks for it gets every page looked at; what is sound passes."""
    with Library.open(path) as library:
        library.check()
    _spoil_a_table(path)
    with Library.open(path) as library, pytest.raises(DamagedError):
        library.check()
    assert suspect_path(path).exists()


@pytest.mark.parametrize(("free", "reason"), [(0, "is full"), (9, "failed")])
def test_a_failing_write_on_a_full_disk_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, reason: str
) -> None:
    """SQLite tells only that the disk failed."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_bavail=free))
    assert failure(tmp_path / "l.db", error).reason == f"the disk {reason}"


def test_a_false_alarm_is_forgotten(path: Path) -> None:
    """A thorough look that finds nothing is made once."""
    suspect_path(path).touch()
    with Library.open(path) as library:
        assert library.notice == ""
    assert not suspect_path(path).exists()


def test_a_damaged_library_gets_no_backup(path: Path) -> None:
    """It would push out a good one."""
    before = set(path.parent.glob("*.bak"))
    _spoil_a_table(path)
    with (
        Library.open(path) as library,
        pytest.raises(LibraryError, match="is damaged"),
    ):
        library.back_up()
    assert set(path.parent.glob("*.bak")) == before
    assert suspect_path(path).exists()


def test_halves_of_backups_are_removed(path: Path) -> None:
    """A process that is killed while it copies leaves nothing for good."""
    half = path.with_name("l.db.v1-20200101T000000Z.bak.part")
    half.write_bytes(b"SQLite")
    with Library.open(path) as library:
        assert library.back_up() is not None
    assert not list(path.parent.glob("*.part"))


def test_a_newer_library_is_left_alone(path: Path) -> None:
    """With words about what to do."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryError, match=r"newer Earmark.*version 99.*update"):
        Library.open(path)
    assert inspect(path) == (Condition.NEWER, 99)


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """Also one that has our name."""
    path = tmp_path / "l.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks(url)")
    before = path.read_bytes()
    with pytest.raises(LibraryError, match="another program"):
        Library.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.symlink_to(path), "symbolic link"),
    ],
)
def test_what_can_be_no_library_is_refused(
    tmp_path: Path, make: object, reason: str
) -> None:
    """With the file and the reason."""
    path = tmp_path / "l.db"
    assert callable(make)
    make(path)
    with pytest.raises(LibraryError, match=reason) as caught:
        Library.open(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("below", ["l.db", "earmark/l.db"])
def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path, below: str) -> None:
    """The data folder can't be made."""
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(LibraryError, match=r"data"):
        Library.open(tmp_path / "data" / below)


def test_an_sqlite_without_strict_tables_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of a syntax error."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(LibraryError, match=r"3\.37"):
        Library.open(tmp_path / "l.db")


@pytest.fixture
def read_only(path: Path) -> Iterator[Path]:
    """The library on a file system that is mounted for reading only (we are root)."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    folder = str(path.parent)
    if mount is None or umount is None:
        pytest.skip("needs mount")
    bound = subprocess.run(
        [mount, "--bind", folder, folder], check=False, capture_output=True
    )
    if bound.returncode:
        pytest.skip("needs the right to mount")
    try:
        subprocess.run([mount, "-o", "remount,bind,ro", folder], check=True)
        yield path
    finally:
        subprocess.run([umount, folder], check=True)


def check_read_only(library: Library, reason: str) -> None:
    """Everything can be looked at; writing is refused in words."""
    assert library.notice == f"The library {reason}; it is opened for reading only."
    assert library.read_only
    assert still_there(library)
    with pytest.raises(LibraryError, match="can't be written"):
        library.index_writer()
    library.user.set_played([NoteId(1)], Played.PLAYED)
    assert library.user.flush()
    assert "can't be written" in library.trouble
    assert still_there(library)


def test_a_read_only_library_can_be_read(read_only: Path) -> None:
    """On a read-only file system, where not even a lock can be made."""
    with Library.open(read_only) as library:
        check_read_only(library, "can't be written")


def test_a_library_without_the_right_to_write_can_be_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everything, so the answer about the right is replaced."""
    monkeypatch.setattr(os, "access", lambda *_args: False)
    with Library.open(path) as library:
        check_read_only(library, "can't be written")
        follower = library.follow(lambda _delta: None)
        follower.stop()


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    """It is named as what is in the way."""
    (tmp_path / "data").touch()
    with pytest.raises(LibraryError, match=r"data: is no folder"):
        Library.open(tmp_path / "data" / "more" / "l.db")


def test_a_library_without_the_right_to_read_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it can't be written either is not the news."""

    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "access", lambda *_args: False)
    monkeypatch.setattr("tui.library._library.inspect", refuse)
    with pytest.raises(LibraryError, match=r"l\.db: permission denied"):
        Library.open(path)


def test_a_missing_library_in_a_read_only_folder_is_told(read_only: Path) -> None:
    """There is nothing to read either."""
    with pytest.raises(LibraryError, match=r"[Rr]ead-only"):
        Library.open(read_only.with_name("other.db"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_IOERR_WRITE, "can't be written, because the disk failed"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, "can't be written, because the disk is full"),
        (sqlite3.SQLITE_NOMEM, "can't be written, because disk I/O error"),
    ],
)
def test_why_it_is_read_only_is_told_in_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    """Whatever the reason of the system was."""

    def fail(*_args: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr(Library, "_open_to_write", fail)
    with Library.open(path) as library:
        assert library.notice == f"The library {words}; it is opened for reading only."


def test_a_limit_on_file_sizes_is_told(tmp_path: Path) -> None:
    """As a full disk, where no tmpfs can be mounted."""
    code = (
        "import resource, signal, sys; from pathlib import Path;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192));"
        "from tui.library import Library; from tui.errors import LibraryError\n"
        "try: Library.open(Path(sys.argv[1]))\n"
        "except LibraryError as error: print(error)"
    )
    path = tmp_path / "l.db"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.startswith(f"{path}: ")
    assert done.stderr == ""


def test_a_library_is_light_to_import() -> None:
    """Neither the user interface nor a codec; what writes is loaded when it is used."""
    code = (
        "import sys; from pathlib import Path; from tui.library import Library;"
        "library = Library.open(Path(sys.argv[1])); library.reader().totals();"
        "library = Library.open(Path(sys.argv[1])); print(*sorted(sys.modules))"
    )
    path = Path(os.environ["HOME"]) / "l.db"
    Library.open(path).close()
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    loaded = set(done.stdout.split())
    assert "tui.library._reader" in loaded
    heavy = {"textual", "rich", "av", "asyncio", "watchfiles", "json", "threading"}
    late = {"_index", "_put", "_user", "_follow", "_join", "_measure"}
    assert not loaded & heavy
    assert not loaded & {f"tui.library.{name}" for name in late}


def test_public_names_can_be_imported() -> None:
    """All of `__all__`, and nothing else."""
    import tui.library

    for name in tui.library.__all__:
        assert getattr(tui.library, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = tui.library.nonsense  # type: ignore[attr-defined] # that is the test


def test_a_reader_of_an_immutable_library_reads(path: Path) -> None:
    """Without any lock file."""
    assert inspect(path, Access.IMMUTABLE)[0] is Condition.GOOD


def test_a_name_that_is_no_utf_8_is_opened(tmp_path: Path) -> None:
    """The data folder may be named anything."""
    path = Path(os.fsdecode(bytes(tmp_path) + b"/\xff %?#\n.db"))
    with Library.open(path) as library, closing(library.index_writer()) as writer:
        source_id = writer.add_source(b"/s", SourceKind.FOLDER, "s", 80, [])
        put(writer, source_id, record(b"a"))
        reader: Reader = library.reader()
        with closing(reader):
            assert only_note(reader, b"a").size == 1000


def test_the_log_of_a_damaged_library_is_kept_with_it(path: Path) -> None:
    """It may hold what a rescue needs, and must not be applied to the backup."""
    path.write_bytes(b"rubbish")
    path.with_name("l.db-wal").write_bytes(b"log")
    with Library.open(path, clock=lambda: 1_700_000_000) as library:
        assert still_there(library)
    kept = path.with_name("l.db.damaged-20231114T221320Z-wal")
    assert kept.read_bytes() == b"log"


def test_another_process_that_repairs_for_ever_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening does not hang."""
    monkeypatch.setattr("tui.library._repair.LOCK_SECONDS", 0.05)
    path = tmp_path / "l.db"
    with (
        opening_lock(path),
        pytest.raises(LibraryError, match="held by another Earmark"),
    ):
        Library.open(path)
    with Library.open(path) as library:
        assert library.notice == ""


def test_a_fault_of_ours_undoes_the_transaction_and_is_not_hidden(path: Path) -> None:
    """It is no error of the disk, and must not look like one."""
    with (
        Library.open(path) as library,
        closing(library.index_writer()) as writer,
        closing(library.reader()) as reader,
    ):
        before = reader.revision()
        bad = record(b"x/new", state="nonsense", month=None)
        with pytest.raises(sqlite3.IntegrityError):
            put(writer, SourceId(1), record(b"x/newer"), bad)
        assert reader.revision() == before
        assert still_there(library)
        put(writer, SourceId(1), record(b"x/newer"))


def test_a_backup_that_can_not_be_written_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By file and reason, and leaves nothing half made."""
    before = sorted(path.parent.iterdir())

    def failing(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tui.library._repair.sync", failing)
    with Library.open(path) as library:
        with pytest.raises(LibraryError, match="No space left"):
            library.back_up()
        monkeypatch.setattr("tui.library._repair.connect", _fail_to_connect)
        with pytest.raises(LibraryError, match="disk failed"):
            library.back_up()
    assert sorted(path.parent.iterdir()) == before


def _fail_to_connect(*_args: object) -> sqlite3.Connection:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    raise error
