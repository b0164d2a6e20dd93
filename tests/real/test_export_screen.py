"""Saving and copying in a real terminal, while a note plays.

The files are asked of the disk, and what was copied is asked of tmux.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.program import command, run, wait_until
from tests.support.sound import noise, wav
from tests.support.terminal import TmuxTerminal, base_environ

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.timeout(60)]

NOTES = 12


def seconds(tmux: TmuxTerminal) -> int:
    """Where in the note it plays; -1 where nothing does."""
    found = re.search(r"(\d+):(\d\d) / ", tmux.capture().splitlines()[-2])
    return -1 if found is None else 60 * int(found[1]) + int(found[2])


def test_notes_are_saved_and_copied_while_one_plays(tmp_path: Path) -> None:
    """It goes on without its screen, and so does the note; tmux has what was copied.

    Whether it takes that from programs, or only when it is asked itself.
    """
    root = tmp_path / "Phone"
    root.mkdir()
    for number in range(NOTES):
        name = f"PTT-20240815-WA{number:04}.wav"
        (root / name).write_bytes(wav(noise(60 if number == 0 else 1, number)))
    done = run(command(tmp_path / "library.db", "scan", root))
    assert done.code == 0, done.err
    target = tmp_path / "home" / "Voice notes"
    (tmp_path / "home").mkdir()
    environ = base_environ(
        EARMARK_OUTPUT="null",
        HOME=str(tmp_path / "home"),
        XDG_STATE_HOME=str(tmp_path / "state"),
    )
    environ.pop("TMUX", None)
    words = command(tmp_path / "library.db")
    with TmuxTerminal(words, tmp_path, columns=100, environ=environ) as tmux:
        tmux.wait_for(f"{NOTES} notes")
        tmux.send("j", "n")
        wait_until(lambda: seconds(tmux) >= 0, tmux.capture)
        tmux.send("e")
        tmux.wait_for("Names")
        tmux.send("Left")  # everything
        tmux.wait_for(f"{NOTES} files", 20)
        began = seconds(tmux)
        tmux.send("Down", "Down", "Right", "Right", "Right")  # mp3
        tmux.wait_for(".mp3", 20)
        tmux.send("Enter")
        tmux.wait_for("Esc goes on in the background")
        tmux.send("Escape")
        wait_until(lambda: "the background" not in tmux.capture(), tmux.capture)
        wait_until(
            lambda: len([*target.glob("*.mp3")]) == NOTES, tmux.capture, seconds=40
        )
        assert not [*target.glob(".earmark*")]
        assert seconds(tmux) > began
        remembered = json.loads((tmp_path / "state/earmark/export.json").read_text())
        assert remembered["format.files"] == "mp3"
        wait_until(lambda: "saving" not in tmux.capture(), tmux.capture)
        for takes, key, name, begin in (
            ("external", "p", "path", f"{root}/PTT-"),
            ("on", "l", "link", f"file://{root}/PTT-"),
        ):
            tmux._tmux("set", "-g", "set-clipboard", takes)
            tmux.send("y")
            tmux.wait_for("p  Path")
            tmux.send(key)
            tmux.wait_for(f"Copied the {name}")
            wait_until(lambda: "p  Path" not in tmux.capture(), tmux.capture)
            assert tmux._tmux("show-buffer").startswith(begin)
        tmux.send("e")
        tmux.wait_for("there already", 20)
        tmux.send("Escape")
        wait_until(lambda: "Names" not in tmux.capture(), tmux.capture)
        tmux.send("q")
        assert tmux.wait_for_exit() == 0
