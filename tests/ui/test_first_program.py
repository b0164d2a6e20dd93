"""The first start of the whole program, in a real terminal and without one."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.child import ROOT
from tests.support.crypt import ROOT as KEY
from tests.support.crypt import crypt15, packed
from tests.support.msgstore import Row, write_msgstore
from tests.support.notes import opus_note
from tests.support.terminal import ENTER, ESCAPE, PtyTerminal, base_environ

if TYPE_CHECKING:
    from pathlib import Path

EARMARK = ("python", "-m", "tui")


def test_from_nothing_to_notes_with_names(isolated: Path) -> None:
    """What is synced is found, its backup opened, and its notes are in their chat."""
    root = isolated / "Sync" / "WhatsApp"
    voice = root / "Media" / "WhatsApp Voice Notes" / "202433"
    voice.mkdir(parents=True)
    (voice / "PTT-20240815-WA0001.opus").write_bytes(opus_note(3))
    write_msgstore(isolated / "m.db", [Row()])
    data = crypt15(packed((isolated / "m.db").read_bytes()))
    (root / "Databases").mkdir()
    (root / "Databases" / "msgstore.db.crypt15").write_bytes(data)
    (isolated / "m.db").unlink()
    environ = base_environ(EARMARK_OUTPUT="null")
    with PtyTerminal(EARMARK, environ=environ) as terminal:
        terminal.wait_for("[x]  ~/Sync/WhatsApp")
        terminal.send(ENTER)
        terminal.wait_for("What opens what is encrypted?")
        terminal.send(KEY.hex().encode() + ENTER)
        terminal.wait_for("3 of 4")
        terminal.send(ENTER)
        terminal.wait_for("1 will be opened")
        terminal.send(ENTER)
        terminal.wait_for("+49")
        terminal.wait_for("1 unplayed   1 note")
        assert "~/Sync/WhatsApp" in terminal.lines[0]
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
    assert KEY.hex().encode() not in terminal.output
    with PtyTerminal(EARMARK, environ=environ) as terminal:  # it is remembered
        terminal.wait_for("1 unplayed   1 note")
        assert "first start" not in terminal.text
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0


def test_leaving_the_first_start(isolated: Path) -> None:
    """Nothing was found, nothing is added; the way to the demo is told."""
    del isolated
    with PtyTerminal(EARMARK, environ=base_environ(EARMARK_OUTPUT="null")) as terminal:
        terminal.wait_for("Nothing was found in the usual places")
        terminal.send(ESCAPE)
        terminal.wait_for("earmark demo")
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0


def test_without_a_terminal_nothing_is_asked(isolated: Path) -> None:
    """The message is the same as ever."""
    del isolated
    done = subprocess.run(
        [sys.executable, "-m", "tui"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        cwd=ROOT,
        env=base_environ(),
    )
    assert done.returncode == 2
    assert done.stderr == (
        "earmark: the browser needs a terminal; earmark list lists notes without one\n"
    )
