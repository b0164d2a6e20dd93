"""Marks in the whole program, in a real terminal, with the user's own editor."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.child import ROOT
from tests.support.notes import opus_note
from tests.support.terminal import PtyTerminal, base_environ

if TYPE_CHECKING:
    from pathlib import Path

_EDITOR = """
import sys
from pathlib import Path

path = Path(sys.argv[1])
print("THE EDITOR HAS", repr(path.read_text(encoding="utf-8")))
line = input("type: ")
path.write_text(f"{path.read_text(encoding='utf-8')}\\n{line}\\n", encoding="utf-8")
"""


def test_a_comment_written_in_the_users_editor(tmp_path: Path) -> None:
    """It gets the terminal as it was, and gives it back; nothing is left behind."""
    root, runtime = tmp_path / "Ana", tmp_path / "runtime"
    root.mkdir()
    runtime.mkdir(mode=0o700)
    (root / "2025-03-14 12-00-00.opus").write_bytes(opus_note(2))
    script = tmp_path / "editor.py"
    script.write_text(_EDITOR, encoding="utf-8")
    environ = base_environ(
        EARMARK_OUTPUT="null",
        VISUAL=f"{sys.executable} {script}",
        XDG_RUNTIME_DIR=str(runtime),
    )
    command = ("python", "-m", "tui", str(root))
    with PtyTerminal(command, columns=110, environ=environ) as terminal:
        terminal.wait_for("1 unplayed   1 note")
        terminal.send(b"gl")  # into the first group, on its note
        terminal.wait_for("12:00")
        terminal.send(b"l")
        terminal.wait_for("0:02")
        terminal.send(b"c")
        terminal.wait_for("Comment on")
        terminal.send(b"ask her")
        terminal.wait_for("ask her")
        terminal.send(b"\x05")  # Ctrl+e
        terminal.wait_for("THE EDITOR HAS 'ask her'")
        assert terminal.echoes
        terminal.send("about the öven\n".encode())
        terminal.wait_without("THE EDITOR HAS")  # all of it is painted again
        terminal.wait_without("type: ")
        terminal.wait_for("about the öven")
        terminal.send(b"\x13")  # Ctrl+s
        terminal.wait_for("│ about the öven")
        terminal.wait_without("Ctrl+s saves")
        terminal.send(b"s")
        terminal.wait_for("★")
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
    assert list(runtime.iterdir()) == []
    assert [path.name for path in root.iterdir()] == ["2025-03-14 12-00-00.opus"]
    listed = subprocess.run(
        [sys.executable, "-m", "tui", "list", "is:starred", "--json"],
        check=True,
        capture_output=True,
        text=True,
        timeout=20,
        cwd=ROOT,
        env=environ,
    )
    (note,) = json.loads(listed.stdout)
    assert note["comment"] == "ask her\nabout the öven"
    assert note["star"] is True
