"""No file and no folder can break it: the real program on everything that is bad.

Whatever it writes is looked at: no traceback, no control character, no mark that turns
the direction of writing. Each command has a test that runs it in a process of its own;
where it is asked for many files, it is mostly asked in this one.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.bad_files import (
    BAD,
    GOOD,
    HOSTILE_FOLDERS,
    MARKED,
    bad_library,
    hostile_notes,
    write_bad,
)
from tests.support.notes import opus_note
from tests.support.program import (
    PATIENCE_S,
    ask,
    clean,
    command,
    program,
    run,
    wait_until,
)
from tests.support.terminal import base_environ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.program import Done

HOSTILE_NAME = b"2025-03-14 13-00-00 \x1b]52;c;q99z\x07\x9b2J\n\xe2\x80\xaeq98z.opus"

QUICKLY = ("--output=null", "--speed=4")
"""Plays to the end without a wait that tells no more."""


@dataclass(frozen=True)
class Known:
    """A source of bad files that was scanned."""

    root: Path
    library: Path
    scanned: Done

    def run(self, *argv: object, **environ: str) -> Done:
        """Run a command on it in a process of its own, without the rights of root."""
        return program(self.library, *argv, root=False, environ=environ)

    def ask(self, *argv: object) -> Done:
        """The same in this process."""
        return ask(self.library, *argv, root=False)

    def notes(self, *query: str) -> dict[bytes, dict[str, Any]]:
        """List notes by their path."""
        done = self.ask("list", "--json", *query)
        assert done.out.isascii()
        return {path_of(note): note for note in done.json}


def path_of(note: dict[str, Any]) -> bytes:
    """Give the path of a note as the bytes that it has on the disk."""
    (file,) = note["files"]
    if "path_b64" in file:
        return base64.b64decode(file["path_b64"])
    path: str = file["path"]
    return path.encode()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """A scanned source that holds everything bad; the tests only read it."""
    folder = tmp_path_factory.mktemp("bad")
    root = bad_library(folder / "src")
    library = folder / "library.db"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(folder / "home"))
        scanned = program(library, "scan", root, root=False)
    yield Known(root, library, scanned)
    shutil.rmtree(root, ignore_errors=True)  # 6 GB to whoever copies them


# Files


def test_a_scan_reports_each_bad_file_and_goes_on(known: Known) -> None:
    """Every bad file has a line with its state and reason; the exit code is 0."""
    done = known.scanned
    assert (done.code, done.err) == (0, "")
    for bad in BAD:
        lines = [
            line
            for line in done.out.splitlines()
            if line.startswith(f"  {bad.path.decode()}: ")
        ]
        if bad.state in {"partial", "unreadable"}:
            (line,) = lines
            assert bad.state in line
            assert bad.reason in line
        elif bad.problem:
            (line,) = lines
            assert bad.problem in line
        else:
            assert lines == []


def test_nothing_else_is_stopped(known: Known) -> None:
    """All notes are listed, each bad one with its reason, and nothing besides."""
    notes = known.notes()
    shown = {bad.path: bad for bad in BAD if bad.state in {"ready", "unreadable"}}
    assert set(notes) == {GOOD, *(path for path, _ in hostile_notes()), *shown}
    for path, note in notes.items():
        bad = shown.get(path)
        assert note["state"] == (bad.state if bad else "ready"), path
        assert (bad.reason if bad else "") in (note["reason"] or ""), path
        assert bool(note["reason"]) == bool(bad and bad.reason), path
    assert notes[GOOD]["duration_ms"] == 2000
    assert {notes[path]["duration_ms"] for path, _ in hostile_notes()} == {1000}
    cut = known.notes("is:partial")
    assert {path: note["state"] for path, note in cut.items()} == {
        bad.path: "partial" for bad in BAD if bad.state == "partial"
    }


def test_the_doctor_lists_what_is_bad(known: Known) -> None:
    """The doctor names every file that can't be used, as text and as JSON."""
    report = known.ask("doctor", "--json").json
    told = {each["path"].encode(): each for each in report["problems"]}
    expected = [bad for bad in BAD if bad.state in {"partial", "unreadable"}]
    assert set(told) == {bad.path for bad in expected}
    text = known.run("doctor").out
    for bad in expected:
        assert bad.reason in told[bad.path]["reason"]
        assert bad.path.decode() in text


@pytest.mark.parametrize("argv", [["list"], ["chats"], ["list", "is:partial"]])
def test_plain_text_is_clean(known: Known, argv: list[str]) -> None:
    """One line each; what would steer the terminal is seen as an escape."""
    done = known.run(*argv)
    assert (done.code, done.err) == (0, "")
    expected = {
        "list": len(known.notes()),
        "chats": len({path.split(b"/")[0] for path in known.notes()}),
        "list is:partial": sum(bad.state == "partial" for bad in BAD),
    }
    assert len(done.out.splitlines()) == expected[" ".join(argv)]
    if "is:partial" not in argv:
        for _, word in MARKED:
            assert word.decode() in done.out
        assert "\\x1b]52;c;q02z\\x07" in done.out
        assert "\\u202eq19z" in done.out


def test_a_terminal_without_unicode_ends_no_command(known: Known) -> None:
    """In the C locale, without any mode that would help, names are still written."""
    plain = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for argv in (["list"], ["chats"], ["doctor"]):
        done = known.run(*argv, **plain)
        assert done.out.isascii()
        assert len(done.out.splitlines()) == len(known.ask(*argv).out.splitlines())


def test_every_bad_note_can_be_shown(known: Known) -> None:
    """`show` tells state, reason and file of the worst names, in clean lines."""
    notes = known.notes()
    chosen = [bad.path for bad in BAD if bad.state == "unreadable"]
    chosen += [path for path, word in hostile_notes() if word][:14]
    chosen += [b"[/].opus", HOSTILE_FOLDERS[1] + b"/2025-03-14 11-00-00.opus"]
    for number, path in enumerate(chosen):
        note = notes[path]
        run_or_ask = known.ask if number else known.run
        done = run_or_ask("show", note["id"])
        assert (done.code, done.err) == (0, "")
        assert all(line[10:12] == "  " for line in done.out.splitlines())
        assert (note["reason"] or "ready") in done.out
        (told,) = run_or_ask("show", note["id"], "--json").json
        assert path_of(told) == path


def test_a_good_note_is_found_by_its_hostile_chat(known: Known) -> None:
    """A query can name a chat whose title is an escape sequence."""
    for number in (2, 5, 16, 19):
        name, word = MARKED[number]
        found = known.notes(f"chat:{word.decode()}")
        assert list(found) == [name + b"/2025-03-14 11-00-00.opus"]
        done = known.ask("list", f"chat:{word.decode()}")
        assert done.out.count("\n") == 1


def test_huge_files_cost_no_more_than_small_ones(tmp_path: Path) -> None:
    """Four files of 2 GB are indexed within seconds and in little memory."""
    for bad in BAD:
        if b"huge" in bad.path:
            write_bad(tmp_path / "src", bad)
    words = command(tmp_path / "library.db", "scan", tmp_path / "src")
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:])\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_maxrss, used.ru_utime + used.ru_stime)\n"
        "sys.exit(done.returncode)\n"
    )
    done = run([sys.executable, "-c", code, *words])
    assert done.code == 0
    assert "3 notes in 4 files" in done.out
    memory_kb, cpu_s = map(float, done.out.split()[-2:])
    assert memory_kb < 100_000
    assert cpu_s < 5


# Playing


@pytest.mark.parametrize("name", [bad.path for bad in BAD if bad.plays])
def test_what_is_only_named_wrong_plays(known: Known, name: bytes) -> None:
    """A wrong suffix does not matter, and damage is played around."""
    note = known.notes()[name]
    done = known.run("play", note["id"], *QUICKLY)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_what_can_not_be_played_is_named(known: Known) -> None:
    """Exit code 3, and one line with the file and the reason."""
    notes = known.notes()
    for bad in BAD:
        if bad.state != "unreadable":
            continue
        # The engine's process has again all rights of root, if not kept from it.
        run_or_ask = known.run if bad.reason == "permission denied" else known.ask
        done = run_or_ask("play", notes[bad.path]["id"], "--output", "null")
        assert (done.code, done.out) == (3, "")
        assert done.err.startswith("earmark: ")
        assert done.err.count("\n") == 1
        assert f"{bad.path.decode()}: " in done.err


def test_good_notes_play_beside_bad_ones(known: Known) -> None:
    """A query that meets bad notes plays the good ones: by the worst of names."""
    notes = known.notes()
    for path in (GOOD, b"[/].opus", b"Names/" + MARKED[2][0] + b".opus"):
        done = known.ask("play", notes[path]["id"], *QUICKLY)
        assert (done.code, done.out, done.err) == (0, "", "")


def test_a_file_that_vanishes_while_it_plays(tmp_path: Path) -> None:
    """It is heard to its end; one that vanished before its turn is told; others go on.

    The file that the output writes tells how far it is. What comes next may be open
    already, so the one after that vanishes.
    """
    root = tmp_path / "src" / "Ana"
    root.mkdir(parents=True)
    for second, length in ((1, 3), (2, 1), (3, 1), (4, 1)):
        path = root / f"2025-03-14 12-00-0{second}.opus"
        path.write_bytes(opus_note(length, freq=300 * second))
    library, heard = tmp_path / "library.db", tmp_path / "heard.wav"
    assert ask(library, "scan", root.parent).code == 0
    with subprocess.Popen(
        command(library, "play", "chat:Ana", f"--output=file:{heard}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=base_environ(),
    ) as process:
        wait_until(lambda: heard.exists() and heard.stat().st_size > 20_000)
        (root / "2025-03-14 12-00-01.opus").unlink()
        (root / "2025-03-14 12-00-03.opus").unlink()
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, clean(out)) == (3, "")
    where = root / "2025-03-14 12-00-03.opus"
    assert clean(err) == f"earmark: {where}: vanished\n"
    seconds = (heard.stat().st_size - 44) / 96_000
    assert 4.9 < seconds < 7.5


def test_a_hole_of_two_gigabytes_ends(known: Known) -> None:
    """What is sound in it plays; then it is told that nothing more was found."""
    notes = known.notes()
    done = known.run("play", notes[b"Bad/huge.mp3"]["id"], "--output", "null")
    assert (done.code, done.out) == (3, "")
    where = known.root / "Bad" / "huge.mp3"
    assert done.err == f"earmark: {where}: no sound was found for some seconds\n"
    done = known.ask("play", notes[b"Bad/huge.opus"]["id"], *QUICKLY)
    assert (done.code, done.out, done.err) == (0, "", "")


# Links and folders


def test_a_loop_beside_a_note_hides_nothing(tmp_path: Path) -> None:
    """A link that leads nowhere keeps no note from being noticed as gone."""
    root = tmp_path / "src" / "Ana"
    root.mkdir(parents=True)
    note = root / "2025-03-14 12-00-00.opus"
    note.write_bytes(opus_note(1))
    (root / "2025-03-14 12-00-01.opus").write_bytes(opus_note(1, freq=500))
    (root / "loop.opus").symlink_to("loop.opus")
    library = tmp_path / "library.db"
    assert ask(library, "scan", root.parent).code == 0
    note.unlink()
    done = program(library, "scan", root.parent)
    assert done.code == 0
    assert "1 note in 1 file: 0 added, 0 changed, 1 gone" in done.out
    assert "loop.opus: unreadable, too many levels of symbolic links" in done.out


def test_a_link_to_a_note_is_a_note(tmp_path: Path) -> None:
    """A link to a file is followed; what it leads to may lie outside of the source."""
    root, outside = tmp_path / "src" / "Ana", tmp_path / "outside.opus"
    root.mkdir(parents=True)
    outside.write_bytes(opus_note(1))
    (root / "2025-03-14 12-00-00.opus").symlink_to(outside)
    library = tmp_path / "library.db"
    done = ask(library, "list", "--json", "--source", root.parent)
    (note,) = done.json
    assert (note["state"], note["duration_ms"]) == ("ready", 1000)


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """Its notes stay known; the others are listed; the scan says which folder it is."""
    root = tmp_path / "src"
    for chat in ("Ana", "Bob"):
        (root / chat).mkdir(parents=True)
        (root / chat / "a.opus").write_bytes(opus_note(1, freq=400 + len(chat) * 7))
    library = tmp_path / "library.db"
    assert ask(library, "scan", root).code == 0
    (root / "Bob").chmod(0)
    try:
        done = program(library, "scan", root, root=False)
        assert done.code == 3
        assert "Bob: unreadable, permission denied" in done.out
        listed = ask(library, "list", root=False)
        assert listed.out.count("\n") == 2
    finally:
        (root / "Bob").chmod(0o755)


def test_a_source_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """As a new source it is refused, as a known one it is offline; its notes stay."""
    root = tmp_path / "src"
    root.mkdir()
    (root / "a.opus").write_bytes(opus_note(1))
    library = tmp_path / "library.db"
    assert ask(library, "scan", root).code == 0
    root.chmod(0)
    try:
        known = ask(library, "scan", root=False)
        new = program(tmp_path / "new.db", "scan", root, root=False)
    finally:
        root.chmod(0o755)
    assert known.code == 3
    assert "permission denied" in known.out
    assert (new.code, new.err) == (3, f"earmark: {root}: permission denied\n")
    done = ask(library, "list")
    assert (done.code, done.out.count("\n")) == (0, 1)


# Changes while one watches


def test_watch_writes_hostile_names_clean(tmp_path: Path) -> None:
    """A note of the worst name arrives and goes: clean lines, a good end."""
    root = tmp_path / "src" / os.fsdecode(MARKED[0][0])
    root.mkdir(parents=True)
    (root / "2025-03-14 12-00-00.opus").write_bytes(opus_note(1))
    library = tmp_path / "library.db"
    assert ask(library, "scan", root.parent).code == 0
    path = os.fsencode(root) + b"/" + HOSTILE_NAME
    with subprocess.Popen(
        command(library, "watch"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=base_environ(PYTHONUNBUFFERED="1"),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = process.stderr.readline()
        Path(os.fsdecode(path)).write_bytes(opus_note(1, freq=700))
        added = process.stdout.readline()
        Path(os.fsdecode(path)).unlink()
        while b"removed" not in (removed := process.stdout.readline()):
            assert removed
            clean(removed)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert clean(ready) == "earmark: watching 1 note\n"
    assert clean(added).startswith("added")
    assert "\\x1b]8;;http:q00z" in clean(added)
    clean(removed + out + err)
