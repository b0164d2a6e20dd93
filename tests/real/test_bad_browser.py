"""The browser on a source that holds everything bad, in a real terminal.

Every byte that it sends is looked at. Each hostile name has a marker inside its escape
sequence: the marker has to be on the screen, the raw sequence never in the output.
"""

from __future__ import annotations

import base64
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.bad_files import (
    BAD,
    HOSTILE_FOLDERS,
    MARKED,
    bad_library,
    hostile_notes,
)
from tests.support.program import command
from tests.support.terminal import ENTER, PtyTerminal, base_environ

if TYPE_CHECKING:
    from pathlib import Path

OURS = re.compile(
    rb"\x1b(?:\[[0-9;]*[mHfABCDEFGJKLMPSTXdr@]"  # colours, moves, parts of the screen
    rb"|\[\?[0-9;]+[hl]|\[\?(?:2026|2048)\$p"  # modes, and what the terminal knows
    rb"|\[[<>=][0-9;]*u"  # how keys are told
    rb"|M|\]22;[a-z]*\x07)"  # a line up, the shape of the pointer
)
"""Every sequence that the browser sends while nothing is copied."""

COPIED = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
RAW = re.compile(
    "[\x00-\x07\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
"""What may not be left when our own sequences are taken out."""

VISIBLE = (
    1 + len(hostile_notes()) + sum(bad.state in {"ready", "unreadable"} for bad in BAD)
)


class Tour:
    """Somebody who looks at everything.

    Args:
        terminal: With the browser in it.
    """

    def __init__(self, terminal: PtyTerminal) -> None:
        self.terminal = terminal

    @property
    def details(self) -> str:
        """What the details pane shows, without its line breaks."""
        lines = self.terminal.lines[1:-2]
        if self.terminal.columns >= 100:
            lines = [line.partition("│")[2] for line in lines]
        else:
            rule = next((n for n, line in enumerate(lines) if line[:9] == "─" * 9), 99)
            lines = lines[rule + 1 :]
        return "".join(line.strip() for line in lines)

    def go(self, keys: bytes, words: str) -> None:
        """Type something, and wait until the details speak of it."""
        self.terminal.send(keys)
        self.terminal.wait_until(lambda: words in self.details)

    def go_on(self) -> str:
        """Go to the next row, and return what the details then show."""
        before = self.details
        self.terminal.send(b"j")
        self.terminal.wait_until(lambda: self.details not in {before, ""})
        self.terminal.wait_until_quiet(0.15)
        return self.details


@pytest.mark.timeout(150)
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50)])
def test_the_browser_on_everything_bad(tmp_path: Path, columns: int, rows: int) -> None:
    """It opens, shows every name and reason, plays the good note, and ends well."""
    root = bad_library(tmp_path / "s")
    with PtyTerminal(
        command(tmp_path / "library.db", root, root=False),
        columns=columns,
        rows=rows,
        environ=base_environ(EARMARK_OUTPUT="null"),
    ) as terminal:
        terminal.wait_for(f"{VISIBLE} notes", 40)
        tour = Tour(terminal)
        if columns < 100:
            terminal.send(b"i")
        look_at_names(tour)
        look_at_problems(tour)
        play_what_is_good(tour)
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
        output = bytes(terminal.output)
    prove_clean(output)


def look_at_names(tour: Tour) -> None:
    """See every hostile chat, and every hostile note in the details."""
    chats = len({path.split(b"/")[0] for path, _ in hostile_notes()}) + 2
    tour.terminal.send(b"g" + b"J" * (chats + 3))
    tour.terminal.wait_until_quiet()
    tour.go(b"G", f"{len(hostile_notes()) - len(HOSTILE_FOLDERS)} notes")
    tour.terminal.send(b"l")
    for number, (_, word) in enumerate(MARKED):
        tour.go(b"j", word.decode())
        if number == 2:
            tour.terminal.send(b"y")
            tour.terminal.wait_for("p  Path")
            tour.terminal.send(b"p")
            tour.terminal.wait_for("Copied")
    for _ in range(len(hostile_notes()) - len(HOSTILE_FOLDERS) - len(MARKED)):
        tour.terminal.send(b"j")
        tour.terminal.wait_until_quiet(0.1)
    tour.go(b"G", "é" * 30)


def look_at_problems(tour: Tour) -> None:
    """See each file that can't be used, with its reason."""
    expected = [bad for bad in BAD if bad.state in {"partial", "unreadable"}]
    tour.go(b"gjj", "Files that can't be played")
    tour.terminal.send(b"l")
    seen = [tour.go_on() for _ in expected]
    for bad in expected:
        name = bad.path.split(b"/")[1].decode().rpartition(".")[0]
        assert any(name in told and bad.reason in told for told in seen), (bad, seen)
    tour.go(b"gjj", "Files that can't be played")
    tour.terminal.send(b"h")


def play_what_is_good(tour: Tour) -> None:
    """Hear the good note, and one of a hostile chat: its title is in the bar."""
    tour.go(b"j", "1 note ")
    tour.terminal.send(b"l")
    tour.go(b"j", "2025")
    tour.terminal.send(ENTER)
    tour.terminal.wait_for("0:01 / 0:02")
    assert "Ana" in tour.terminal.lines[-2]
    tour.terminal.send(b"J")
    tour.go(b"lj", MARKED[23][1].decode())
    tour.terminal.send(ENTER)
    tour.terminal.wait_until(lambda: MARKED[23][1].decode() in tour.terminal.lines[-2])
    tour.terminal.wait_for("0:01 / 0:01")


def prove_clean(output: bytes) -> None:
    """Look for anything in the output that came from a name, and not from us."""
    assert b"Traceback" not in output
    (copied,) = COPIED.findall(output)
    text = base64.b64decode(copied).decode()
    assert text.isprintable()
    # What a shell makes of it is the very path.
    path = subprocess.check_output(["bash", "-c", f"printf %s {text}"])
    assert path.endswith(b"Names/" + MARKED[2][0] + b".opus")
    rest = OURS.sub(b"", COPIED.sub(b"", output)).decode()
    found = RAW.search(rest)
    assert found is None, repr(rest[max(0, found.start() - 60) : found.end() + 60])
    for name, word in MARKED:
        assert word.decode() in rest
        head = name[: name.index(word)] + word
        if RAW.search(head.decode(errors="surrogateescape")):
            assert head not in output, head
    for shown in ("\\x1b]52;c;q02z\\x07", "\\x1b[2J\\x1b[31;1Hq05z", "\\u202eq19z"):
        assert shown in rest
