"""Two browsers and the command line at once on one library."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import opus_note
from tests.support.program import command, run
from tests.support.terminal import PtyTerminal, base_environ

if TYPE_CHECKING:
    from pathlib import Path

LIVE_S = 5
"""A change shows within a second; the machine may be busy with other tests."""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of three notes, indexed."""
    for number, name in enumerate(("Ana", "Bob", "Ida")):
        folder = tmp_path / "Recordings" / name
        folder.mkdir(parents=True)
        note = opus_note(3 + number)
        (folder / f"2025-03-1{number} 12-00-00.opus").write_bytes(note)
    library = tmp_path / "library.db"
    done = run(command(library, "scan", tmp_path / "Recordings"))
    assert done.code == 0, done.err
    return library


def test_a_change_shows_in_every_browser(library: Path) -> None:
    """By key in one, by the command line, and taken back in the other."""
    environ = base_environ(EARMARK_OUTPUT="null")
    words = ("python", "-m", "tui", f"--library={library}")
    with (
        PtyTerminal(words, columns=120, environ=environ) as one,
        PtyTerminal(words, columns=120, environ=environ) as other,
    ):
        for terminal in (one, other):
            terminal.wait_for("3 unplayed   3 notes", 20)
            terminal.wait_for("Recent")
        one.send(b"l")  # open what is unplayed
        one.wait_for("Ida")
        one.send(b"js")
        one.wait_for("is starred", LIVE_S)
        one.wait_for("Starred", LIVE_S)
        other.wait_for("Starred", LIVE_S)
        done = run(command(library, "tag", "boat", "chat:Bob"))
        assert done.code == 0, done.err
        one.wait_for("#boat", LIVE_S)
        other.send(b"z")
        other.wait_for("ndone", LIVE_S)
        one.wait_without("#boat", LIVE_S)
        other.send(b"z")
        one.wait_without("Starred", LIVE_S)
        for terminal in (one, other):
            terminal.send(b"q")
            assert terminal.wait_for_exit() == 0


def test_many_writers_lose_nothing(library: Path) -> None:
    """Twelve commands at once, while a browser watches: all tags are there."""
    environ = base_environ(EARMARK_OUTPUT="null")
    words = ("python", "-m", "tui", f"--library={library}")
    with PtyTerminal(words, columns=120, environ=environ) as terminal:
        terminal.wait_for("3 notes", 20)
        with ThreadPoolExecutor(6) as pool:
            done = list(
                pool.map(
                    lambda number: run(
                        command(library, "tag", f"t{number}", "chat:Ana")
                    ),
                    range(12),
                )
            )
        assert [each.code for each in done] == [0] * 12, done
        assert all("locked" not in each.err for each in done)
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
    listed = subprocess.run(
        command(library, "list", "chat:Ana", "--json"),
        check=True,
        capture_output=True,
        timeout=30,
        env=environ,
    )
    (note,) = json.loads(listed.stdout)
    assert sorted(note["tags"]) == sorted(f"t{number}" for number in range(12))
