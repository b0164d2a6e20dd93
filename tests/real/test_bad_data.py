"""The place of the library: unreadable, not to be written, full, or damaged.

The real program: each command has a test that runs it in a process of its own; what is
asked of it once more is asked in this one. For a full disk a small file system is
mounted where that may be done; everywhere, the size of files is limited.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.bad_files import not_root
from tests.support.notes import corpus, opus_note
from tests.support.program import ask, command, program, run
from tests.support.terminal import PtyTerminal, base_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.program import Done


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A source with one good note."""
    folder = tmp_path / "src"
    (folder / "Ana").mkdir(parents=True)
    (folder / "Ana" / "2025-03-14 12-00-00.opus").write_bytes(opus_note(2))
    return folder


def scanned(library: Path, root: Path) -> Path:
    """Make a library that knows the source."""
    assert ask(library, "scan", root).code == 0
    return library


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """Change what may be done with a file or folder."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


def refuses(
    library: Path, root: Path, reason: str, asked: Callable[..., Done] = ask
) -> None:
    """See every command refuse with one line and exit code 3; doctor tells it too."""
    for argv in (
        ("scan", root),
        ("list",),
        ("list", "--json"),
        ("chats",),
        ("show", "ab"),
        ("play", "Ana", "--output=null"),
        ("watch",),
    ):
        done = asked(library, *argv, root=False)
        assert (done.code, done.out) == (3, ""), argv
        assert done.err.startswith("earmark: ")
        assert done.err.endswith(f": {reason}\n"), argv
        assert done.err.count("\n") == 1
    doctor = asked(library, "doctor", root=False)
    assert doctor.code == 3
    assert reason in doctor.out
    with PtyTerminal(
        command(library, root, root=False), environ=base_environ(EARMARK_OUTPUT="null")
    ) as terminal:
        assert terminal.wait_for_exit() == 3
        output = bytes(terminal.output)
    said = output[output.rfind(b"earmark: ") :].replace(b"\r\n", b"")
    assert f": {reason}".encode() in said
    assert b"Traceback" not in output


def lists_the_note(done: Done) -> None:
    """See the good note listed, alone."""
    assert done.code == 0
    assert done.out.count("\n") == 1
    assert "2025-03-14 12:00" in done.out


def wait_for_words(terminal: PtyTerminal, words: str) -> None:
    """Wait for words that may be wrapped, in a notice."""

    def is_there() -> bool:
        return words in re.sub(r"[\s▌]+", " ", terminal.text)

    terminal.wait_until(is_there)


def wait_for_notes_or_the_end(terminal: PtyTerminal) -> None:
    """Wait until the browser shows the whole corpus, or has given up."""
    terminal.wait_until(
        lambda: terminal.process.poll() is not None or "201 notes" in terminal.text
    )


# What may not be used


def test_a_file_in_the_place_of_the_folder(tmp_path: Path, root: Path) -> None:
    """The data directory is a file: nothing works, and all say why."""
    (tmp_path / "data").write_text("a file")
    refuses(tmp_path / "data" / "library.db", root, "is no folder")
    assert (tmp_path / "data").read_text() == "a file"


def test_a_folder_in_the_place_of_the_file(tmp_path: Path, root: Path) -> None:
    """The library is a folder: it is left alone."""
    (tmp_path / "library.db").mkdir()
    refuses(tmp_path / "library.db", root, "is a folder", asked=program)


def test_a_folder_that_may_not_be_read(tmp_path: Path, root: Path) -> None:
    """The data directory is closed to us."""
    library = scanned(tmp_path / "data" / "library.db", root)
    with mode(library.parent, 0):
        refuses(library, root, "permission denied")


def test_a_file_that_may_not_be_read(tmp_path: Path, root: Path) -> None:
    """The library file is closed to us: it is neither repaired nor begun anew."""
    library = scanned(tmp_path / "data" / "library.db", root)
    before = library.read_bytes()
    with mode(library, 0):
        refuses(library, root, "permission denied")
    assert library.read_bytes() == before


def test_a_folder_that_may_only_be_read(tmp_path: Path, root: Path) -> None:
    """What is known is listed and plays, with a word; a scan is refused."""
    library = scanned(tmp_path / "data" / "library.db", root)
    with mode(library, 0o400), mode(library.parent, 0o500):
        listed = ask(library, "list", root=False)
        played = program(library, "play", "Ana", "--output=null", root=False)
        refused = ask(library, "scan", root=False)
        with PtyTerminal(
            command(library, root=False), environ=base_environ(EARMARK_OUTPUT="null")
        ) as terminal:
            terminal.wait_for("1 note")
            wait_for_words(terminal, "it is opened for reading only.")
            terminal.send(b"n")
            terminal.wait_for("0:01 / 0:02")
            terminal.send(b"q")
            assert terminal.wait_for_exit() == 0
    lists_the_note(listed)
    notice = "earmark: The library can't be written; it is opened for reading only.\n"
    assert listed.err == notice
    assert (played.code, played.err) == (0, notice)
    assert refused.code == 3
    assert refused.err == f"{notice}earmark: {library}: can't be written\n"


# Full


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of some size; skips where that may not be done."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
        check=False,
        capture_output=True,
        timeout=10,
    )
    if done.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=10)


def fill(folder: Path) -> None:
    """Leave no byte free."""
    with (folder / "fill").open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def is_told_full(done: Done) -> None:
    """See it said that the disk is full, and nothing else."""
    assert done.code == 3
    assert all(line.startswith("earmark: ") for line in done.err.splitlines())
    assert "the disk is full" in done.err or "no space left on device" in done.err


def test_a_disk_that_is_full_from_the_start(tmp_path: Path, root: Path) -> None:
    """No library can be begun: one line says why; with room, the next start works."""
    with small_disk(tmp_path / "data", "64k") as folder:
        fill(folder)
        library = folder / "library.db"
        for argv in (("list",), ("play", "x", "--output=null")):
            is_told_full(ask(library, *argv))
        is_told_full(program(library, "scan", root))
        with PtyTerminal(command(library, root), environ=base_environ()) as terminal:
            assert terminal.wait_for_exit() == 3
            output = bytes(terminal.output)
        assert b"Traceback" not in output
        subprocess.run(["mount", "-o", "remount,size=8m", str(folder)], check=True)
        assert ask(library, "scan", root).code == 0
        lists_the_note(ask(library, "list"))


def test_a_disk_that_fills_up(tmp_path: Path, root: Path) -> None:
    """A scan that runs out of room is told; what is known is listed and plays.

    With room again everything goes on, and nothing is damaged.
    """
    with small_disk(tmp_path / "data", "1m") as folder:
        library = scanned(folder / "library.db", root)
        fill(folder)
        corpus(root / "WhatsApp" / "Media", 300, longest=4)
        is_told_full(program(library, "scan"))
        played = program(library, "play", "Ana", "--output=null")
        assert "Traceback" not in played.err
        with PtyTerminal(
            command(library), environ=base_environ(EARMARK_OUTPUT="null")
        ) as terminal:
            terminal.wait_for("Ana")
            wait_for_words(terminal, "the disk is full")
            terminal.send(b"q")
            assert terminal.wait_for_exit() == 0
        subprocess.run(["mount", "-o", "remount,size=32m", str(folder)], check=True)
        done = ask(library, "scan", "--json")
        assert done.code == 0
        (source,) = done.json
        assert source["notes"] == 301
        assert ask(library, "doctor", "--json").json["library"]["integrity"] == "ok"


def test_files_that_may_not_grow(tmp_path: Path, root: Path) -> None:
    """The same without a mount: a write beyond a size fails, as with a quota."""
    library = scanned(tmp_path / "library.db", root)
    corpus(root / "WhatsApp" / "Media", 300, longest=4)
    limited = ["sh", "-c", 'ulimit -f 300; exec "$@"', "sh"]
    done = run([*limited, *command(library, "scan")])
    assert done.code == 3
    assert done.err.startswith("earmark: ")
    assert done.err.count("\n") == 1
    listed = run([*limited, *command(library, "list")])
    assert listed.code in {0, 3}
    done = ask(library, "scan")
    assert done.code == 0
    assert ask(library, "list").out.count("\n") == 301


# Damaged


def random_bytes(library: Path) -> None:
    """Write noise over all of it."""
    library.write_bytes(random.Random(1).randbytes(library.stat().st_size))


def cut_in_half(library: Path) -> None:
    """Cut it off in the middle."""
    os.truncate(library, library.stat().st_size // 2)


def cut_to_a_head(library: Path) -> None:
    """Leave fewer bytes than a page."""
    os.truncate(library, 100)


def middle_page(library: Path) -> None:
    """Write noise over pages in the middle: head and tail are in order."""
    size = library.stat().st_size // 4096
    with library.open("r+b") as file:
        file.seek(size // 3 * 4096)
        file.write(random.Random(2).randbytes((size // 3) * 4096))


def zeros(library: Path) -> None:
    """Lose all but the head, as after a power cut."""
    size = library.stat().st_size
    with library.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(size - 4096))


@pytest.mark.parametrize(
    "damage", [random_bytes, cut_in_half, cut_to_a_head, middle_page, zeros]
)
def test_a_damaged_library(
    tmp_path: Path, root: Path, damage: Callable[[Path], None]
) -> None:
    """It is told, kept, and begun anew, at the latest with the second start."""
    corpus(root / "WhatsApp" / "Media", 200, longest=4)
    library = scanned(tmp_path / "data" / "library.db", root)
    damage(library)
    for ending in ("-wal", "-shm"):
        library.with_name(library.name + ending).unlink(missing_ok=True)
    broken = library.read_bytes()
    first = program(library, "list", "--source", root)
    if first.code == 3:
        assert "is damaged; start Earmark again to repair it" in first.err
        assert first.err.count("\n") == 1
        first = program(library, "list", "--source", root)
    assert first.code == 0
    assert "The library file was damaged and is kept as library.db.damaged-" in (
        first.err
    )
    assert first.out.count("\n") == 201
    (kept,) = library.parent.glob("library.db.damaged-*[Z0-9]")
    assert kept.stat().st_size == len(broken)
    again = ask(library, "list")
    assert (again.code, again.err, again.out.count("\n")) == (0, "", 201)
    assert ask(library, "doctor", "--json").json["library"]["integrity"] == "ok"


@pytest.mark.parametrize("damage", [random_bytes, middle_page])
def test_the_browser_on_a_damaged_library(
    tmp_path: Path, root: Path, damage: Callable[[Path], None]
) -> None:
    """It opens and says what happened, or ends with a reason and opens next time."""
    corpus(root / "WhatsApp" / "Media", 200, longest=4)
    library = scanned(tmp_path / "data" / "library.db", root)
    damage(library)
    environ = base_environ(EARMARK_OUTPUT="null")
    for _start in range(3):
        with PtyTerminal(
            command(library, root), columns=110, environ=environ
        ) as terminal:
            wait_for_notes_or_the_end(terminal)
            assert b"Traceback" not in terminal.output
            if terminal.process.poll() is None:
                terminal.send(b"q")
            assert terminal.wait_for_exit() in {0, 3}
            output = bytes(terminal.output)
        assert b"Traceback" not in output
        assert b"damaged" in output or _start
    listed = ask(library, "list")
    assert (listed.code, listed.err, listed.out.count("\n")) == (0, "", 201)


def test_another_programs_database_is_left_alone(tmp_path: Path, root: Path) -> None:
    """A database that is not ours is refused, and not changed by a byte."""
    library = tmp_path / "other.db"
    import sqlite3

    connection = sqlite3.connect(library)
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()
    before = library.read_bytes()
    refuses(library, root, "is a database of another program")
    assert library.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "other" in path.name] == [
        "other.db"
    ]


def test_a_config_that_is_no_text(tmp_path: Path) -> None:
    """A config file of random bytes is wrong usage, with its name."""
    config = tmp_path / "config.toml"
    config.write_bytes(b"\xff\xfe\x1b]52;c;x\x07")
    done = run([*command(tmp_path / "library.db", "list"), f"--config={config}"])
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"earmark: {config}: ")


def test_setpriv_keeps_root_out(tmp_path: Path) -> None:
    """The way by which these tests stop being root works."""
    (tmp_path / "x").touch(mode=0)
    done = subprocess.run(
        [*not_root(), shutil.which("cat") or "cat", str(tmp_path / "x")],
        check=False,
        capture_output=True,
        timeout=10,
    )
    assert done.returncode == 1
