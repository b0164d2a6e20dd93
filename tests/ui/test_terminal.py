"""The browser in real terminals: bytes, hostile names, ASCII, no colour, tmux."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.terminal import PtyTerminal, TmuxTerminal, base_environ

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = ("python", "-m", "tests.support.fake_browser")

OURS = re.compile(
    rb"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]"  # CSI: colours, moves, modes
    rb"|\]52;c;[A-Za-z0-9+/=]*\x07"  # the clipboard, when asked for
    rb"|\]22;[a-z]*\x07"  # the shape of the pointer
    rb"|P[^\x1b]*\x1b\\|[78=>M]|\([B0])"
)
"""Every escape sequence that we or Textual may send."""


def test_nothing_of_a_hostile_name_reaches_the_terminal_raw() -> None:
    """No control character, no sequence, no reversed text: in tree, bar, details."""
    with PtyTerminal((*BROWSER, "--hostile"), columns=120, rows=50) as terminal:
        terminal.wait_for("Unplayed")
        terminal.wait_until_quiet()
        terminal.send(b"\r")
        terminal.wait_for("notes")
        for key in b"jjjjjjjjjjjjjjjjjjjj":
            terminal.send(bytes([key]))
        terminal.wait_until_quiet()
        terminal.send(b"\r")  # play: its name is in the bar
        terminal.wait_until_quiet()
        terminal.send(b"G\r")
        for _ in range(3):
            terminal.send(b"\x04")
            terminal.wait_until_quiet()
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
        output = bytes(terminal.output)
    rest = OURS.sub(b"", output)
    assert b"\x1b" not in rest, rest[max(0, rest.find(b"\x1b") - 40) :][:120]
    assert not re.search(rb"[\x00-\x06\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]", rest)
    text = rest.decode("utf-8")
    assert not re.search(
        "[\x80-\x9f\u202a-\u202e\u2066-\u2069\u200f\u2028\u2029]", text
    )
    assert "\\x1b[2J" in text
    assert "\\u202e" in text
    for sequence in (b"\x1b[2J\x1b[31m", b"\x1b]0;", b"\x1b]8;"):
        assert sequence not in output


@pytest.mark.parametrize("colours", ["", "truecolor"])
def test_idle_costs_nothing_and_playing_little(colours: str) -> None:
    """0 bytes a second idle; playing at most twice what mocp sends (155 B/s)."""
    environ = base_environ(COLORTERM=colours)
    command = (*BROWSER, "--play", "10")
    with PtyTerminal(command, environ=environ) as terminal:
        terminal.wait_for("? keys")
        quiet = terminal.wait_until_quiet(1.5)
        assert len(terminal.output) == quiet
        terminal.send(b"\rj\r")
        terminal.wait_for("0:01 / 0:11")
        before = len(terminal.output)
        terminal.wait_for("0:05 / 0:11")
        rate = (len(terminal.output) - before) / 4
    assert 1 < rate < 310, rate


@pytest.mark.parametrize("name", ["--ascii", ""])
def test_no_colour_means_no_colour(name: str) -> None:
    """With NO_COLOR no colour is set; the cursor is seen by its shape."""
    command = [*BROWSER, *filter(None, [name])]
    with PtyTerminal(command, environ=base_environ(NO_COLOR="1")) as terminal:
        terminal.wait_for("Unplayed")
        terminal.send(b"\rj\r")
        terminal.wait_until_quiet()
        output = bytes(terminal.output)
    codes = {
        code
        for sequence in re.findall(rb"\x1b\[([0-9;]*)m", output)
        for code in sequence.split(b";")
    }
    assert codes <= {b"", b"0", b"1", b"2", b"4", b"7", b"39", b"49"}
    assert b"7" in codes


def test_ascii_means_ascii() -> None:
    """Without Unicode not one byte above 0x7f is sent, in any pane or overlay."""
    with PtyTerminal((*BROWSER, "--ascii", "--hostile"), columns=110) as terminal:
        terminal.wait_for("Unplayed")
        terminal.send(b"\rjj\r")
        terminal.wait_until_quiet()
        terminal.send(b"?")
        terminal.wait_for("Normal speed")
        terminal.send(b"\x1b")
        terminal.wait_until_quiet()
        terminal.send(b":")
        terminal.wait_for("Search for commands")
        terminal.send(b"res")
        terminal.wait_until_quiet()
        output = bytes(terminal.output)
    assert output.isascii(), set(output.decode()) - set(map(chr, range(128)))


@pytest.mark.needs("tmux")
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50)])
def test_tmux_shows_the_same(tmp_path: Path, columns: int, rows: int) -> None:
    """Another program's idea of the screen: header, tree, bar, keys in their lines."""
    with TmuxTerminal(BROWSER, tmp_path, columns=columns, rows=rows) as tmux:
        tmux.wait_for("? keys")
        tmux.send("Enter", "j", "Enter")
        tmux.wait_for("▶ Ana")
        lines = tmux.capture().rstrip("\n").split("\n")
        assert lines[0].startswith(" Earmark")
        assert lines[0].endswith("63 notes")
        assert lines[1].startswith(" ▾ Unplayed")
        assert lines[2].startswith("   ▶ 15 Aug")
        assert lines[rows - 2].startswith(" ▶ Ana ")
        assert lines[rows - 1].startswith(" Enter play")
        tmux.resize(60, 15)
        tmux.wait_for("? keys")
        tmux.send("q")
        assert tmux.wait_for_exit() == 0


def test_the_first_screen_loads_nothing_that_it_does_not_need() -> None:
    """Markdown, tables, inputs' extras and decoders are imported when needed."""
    code = (
        "import sys, tui.app\n"
        "heavy = {'av', 'miniaudio', 'mutagen', 'watchfiles', 'markdown_it',"
        " 'textual.widgets._markdown', 'textual.widgets._data_table',"
        " 'tui.screens.help', 'tui.screens.commands'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert run.stdout.strip() == "[]"
