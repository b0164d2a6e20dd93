"""The whole program in a real terminal: every piece joined by the composition root."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT
from tests.support.notes import opus_note
from tests.support.terminal import PtyTerminal, TmuxTerminal, base_environ

if TYPE_CHECKING:
    from pathlib import Path

EARMARK = ("python", "-m", "tui")


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the program makes its temporary folders."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def test_the_demo(temporary: Path) -> None:
    """The demo opens, plays a note, shows one that arrives, and leaves nothing."""
    environ = base_environ(TMPDIR=str(temporary), EARMARK_OUTPUT="null")
    with PtyTerminal((*EARMARK, "demo"), columns=110, environ=environ) as terminal:
        terminal.wait_for("15 notes")
        terminal.wait_for("Mum")
        assert [path.name[:13] for path in temporary.iterdir()] == ["earmark-demo-"]
        terminal.send(b"n")
        terminal.wait_for("0:01 / 0:0")
        terminal.wait_for("16 notes", 20)
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
    assert list(temporary.iterdir()) == []


def test_the_demo_is_taken_away_when_the_terminal_closes(temporary: Path) -> None:
    """A connection that breaks ends everything as `q` does."""
    environ = base_environ(TMPDIR=str(temporary), EARMARK_OUTPUT="null")
    with PtyTerminal((*EARMARK, "demo"), columns=110, environ=environ) as terminal:
        terminal.wait_for("15 notes")
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.wait_for_exit() == 0
    assert list(temporary.iterdir()) == []


def test_folders_are_remembered_and_positions_kept(
    tmp_path: Path, isolated: Path
) -> None:
    """A second start needs no folder, paints at once, and knows what was heard."""
    root = tmp_path / "Recordings" / "Ana"
    root.mkdir(parents=True)
    (root / "2025-03-14 12-00-00.opus").write_bytes(opus_note(40))
    environ = base_environ(EARMARK_OUTPUT="null")
    with PtyTerminal((*EARMARK, str(root.parent)), environ=environ) as terminal:
        terminal.wait_for("1 unplayed   1 note")
        terminal.wait_for("Ana")
        terminal.send(b"n")
        terminal.wait_for("0:03", 20)  # after two seconds it is half-heard
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
    with PtyTerminal(EARMARK, environ=environ) as terminal:
        terminal.wait_for("1 unplayed   1 note")  # not heard to its end
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
    listed = subprocess.run(
        [sys.executable, "-m", "tui", "list", "is:half"],
        check=True,
        capture_output=True,
        text=True,
        timeout=20,
        cwd=ROOT,
    )
    assert "Ana" in listed.stdout
    assert (isolated / "data" / "earmark" / "library.db").is_file()


def test_a_folder_that_is_not_there_gives_the_screen_back(tmp_path: Path) -> None:
    """The error stands on the screen that the shell has, in plain words."""
    (tmp_path / "a.opus").write_bytes(opus_note(1))
    for folder in (tmp_path, tmp_path / "none"):  # the second start has a picture
        with PtyTerminal((*EARMARK, str(folder))) as terminal:
            if folder == tmp_path:
                terminal.wait_for("1 note")
                terminal.send(b"q")
                assert terminal.wait_for_exit() == 0
                continue
            assert terminal.wait_for_exit() == 3
            output = bytes(terminal.output)
    entered = output.rfind(b"\x1b[?1049h")
    assert entered < output.rfind(b"\x1b[?1049l") < output.find(b"earmark: ")
    assert b"none: no such file or directory" in output


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "earmark list lists notes"),
        (["/some where"], "earmark list --source '/some where' lists notes"),
        (["demo"], "earmark demo --path DIR"),
    ],
)
def test_without_a_terminal_one_learns_what_to_use(argv: list[str], words: str) -> None:
    """The browser refuses what is no terminal, and names what works there."""
    done = subprocess.run(
        [sys.executable, "-m", "tui", *argv],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "the browser needs a terminal" in done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_dumb_terminal_is_none() -> None:
    """Where the cursor can't be moved there is no browser."""
    with PtyTerminal(EARMARK, environ=base_environ(TERM="dumb")) as terminal:
        assert terminal.wait_for_exit() == 2
        assert b"a terminal that can do more" in terminal.output
        assert b"\x1b" not in terminal.output


def test_list_on_a_terminal_is_cut_to_its_width(tmp_path: Path) -> None:
    """One line a note, and no escape sequence."""
    folder = tmp_path / ("long " * 20) / "x"
    folder.mkdir(parents=True)
    (folder / "a.opus").write_bytes(opus_note(1))
    command = (*EARMARK, "list", "--source", str(tmp_path))
    with PtyTerminal(command, columns=50) as terminal:
        assert terminal.wait_for_exit() == 0
        lines = bytes(terminal.output).decode().splitlines()
    assert len(lines) == 1
    assert len(lines[0]) <= 50
    assert "\x1b" not in lines[0]


@pytest.mark.needs("tmux")
def test_the_demo_in_tmux(tmp_path: Path, temporary: Path) -> None:
    """As a person sees it, through another program's eyes."""
    environ = base_environ(TMPDIR=str(temporary), EARMARK_OUTPUT="null")
    with TmuxTerminal((*EARMARK, "demo"), tmp_path, environ=environ) as tmux:
        screen = tmux.wait_for("0:19")
        assert re.search(r"▸ Bob +● 3 +3 +0:19", screen)
        tmux.send("q")
        assert tmux.wait_for_exit() == 0
    assert list(temporary.iterdir()) == []
