"""A light wire: few bytes to the terminal, and an end when it is closed."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

import pyte
import pytest

from tests.support.ear import wait_until
from tests.support.notes import opus_note
from tests.support.terminal import PtyTerminal, TmuxTerminal, base_environ

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(60)

SECONDS = 4
"""How much of a note is played while bytes are counted."""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """Give the browser with one chat of one long note."""
    folder = tmp_path / "Voice" / "Ana"
    folder.mkdir(parents=True)
    (folder / "2025-03-14 12-00-00.opus").write_bytes(opus_note(60))
    library = tmp_path / "library.db"
    words = ["python", "-P", "-m", "tui", "--library", str(library)]
    return [*words, str(folder.parent)]


def environ(**more: str) -> dict[str, str]:
    """Give an environment without a device."""
    return base_environ(EARMARK_OUTPUT="null", **more)


def opened(terminal: PtyTerminal) -> None:
    """Wait until all that is shown at first is there."""
    terminal.wait_for("1 note", 30)
    terminal.wait_for("live", 30)
    terminal.wait_until_quiet(1.0)


@pytest.mark.parametrize(
    ("more", "limit"), [({}, 1500), ({"EARMARK_LOW_BANDWIDTH": "1"}, 300)]
)
@pytest.mark.parametrize("speed", ["1", "4"])
def test_playing_costs_few_bytes(
    command: list[str], more: dict[str, str], limit: int, speed: str
) -> None:
    """Nothing while idle; by the second of listening no more than was promised."""
    begin, end = 2 * int(speed), (2 + SECONDS) * int(speed)
    with PtyTerminal(
        [*command, "--speed", speed], columns=120, rows=40, environ=environ(**more)
    ) as terminal:
        opened(terminal)
        before = len(terminal.output)
        terminal.wait_until_quiet(2.0)
        assert len(terminal.output) == before
        terminal.send(b"n")
        terminal.wait_for(f"0:{begin:02}")
        before = len(terminal.output)
        terminal.wait_for(f"0:{end:02}")
        assert len(terminal.output) - before <= limit * SECONDS


def test_a_key_costs_few_bytes(command: list[str]) -> None:
    """Moving the cursor by a row redraws two rows, and not even all of these."""
    with PtyTerminal(command, environ=environ()) as terminal:
        opened(terminal)
        for key in (b"j", b"k"):
            before = len(terminal.output)
            terminal.send(key)
            wait_until(lambda was=before: len(terminal.output) > was)  # type: ignore[misc]  # bound now
            assert terminal.wait_until_quiet() - before < 700


def test_a_closed_terminal_keeps_the_position(
    command: list[str], tmp_path: Path
) -> None:
    """As when a connection is cut: nobody reads any more, and nothing runs on."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    words = [sys.executable if word == "python" else word for word in command]
    process = subprocess.Popen(
        words,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environ(),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # nothing but a system call
    )
    os.close(slave)
    seen = bytearray()

    def shows(text: bytes) -> bool:
        seen.extend(os.read(master, 65_536))
        return text in seen

    wait_until(lambda: shows(b"live"), 30)
    os.write(master, b"n")
    seen.clear()
    for second in (b"2", b"3", b"4"):
        wait_until(lambda wanted=second: shows(wanted + b"\x1b[m"), 20)  # type: ignore[misc]  # bound now
    os.close(master)
    process.wait(15)
    library = str(tmp_path / "library.db")
    wait_until(lambda: library not in _running(), what="their end")
    listed = subprocess.run(
        [sys.executable, "-P", "-m", "tui", "list", "is:half", "--library", library],
        check=True,
        capture_output=True,
        text=True,
        env=environ(),
    )
    assert "Ana" in listed.stdout


def test_a_storm_of_sizes(command: list[str]) -> None:
    """After two hundred sizes at once, the last one is drawn, as by a fresh start."""
    rows, columns = 21, 60
    with PtyTerminal(command, environ=environ()) as terminal:
        opened(terminal)
        for number in range(200):
            _resize(terminal, 24 + number % 20, 80 - number % 30)
        _resize(terminal, rows, columns)
        terminal.wait_until_quiet(1.0)
        assert b"Traceback" not in terminal.output
        drawn = _as_drawn(terminal, rows, columns)
        terminal.send(b"q")
        assert terminal.wait_for_exit() == 0
    with PtyTerminal(
        command, rows=rows, columns=columns, environ=environ()
    ) as terminal:
        terminal.wait_for("? keys", 30)  # the rest may be of the picture ahead of it
        opened(terminal)
        assert drawn == [line.rstrip() for line in terminal.lines]
        assert "nothing is playing" in "\n".join(drawn[-3:])


def _resize(terminal: PtyTerminal, rows: int, columns: int) -> None:
    size = struct.pack("HHHH", rows, columns, 0, 0)
    fcntl.ioctl(terminal._master, termios.TIOCSWINSZ, size)
    os.killpg(terminal.process.pid, signal.SIGWINCH)


def _as_drawn(terminal: PtyTerminal, rows: int, columns: int) -> list[str]:
    """Give what a terminal of a size shows of all that was written."""
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    for part in bytes(terminal.output).split(b"\x1b"):
        with suppress(Exception):  # pyte knows fewer sequences than terminals
            stream.feed(b"\x1b" + part)
    return [line.rstrip() for line in screen.display]


@pytest.mark.needs("mosh")
def test_it_plays_on_while_mosh_has_no_line(command: list[str], tmp_path: Path) -> None:
    """Keys and the picture go through it; who is away loses nothing."""
    folder = tmp_path / "Voice" / "Ana"
    (folder / "2025-03-14 12-00-00.opus").write_bytes(opus_note(5))
    port, key, server = _mosh_server(command)
    try:
        client = ["mosh-client", "127.0.0.1", port]
        with PtyTerminal(client, environ=environ(MOSH_KEY=key)) as terminal:
            terminal.wait_for("1 note", 30)
            terminal.wait_for("live")
            terminal.send(b"?")
            terminal.wait_for("Esc")
            terminal.send(b"\x1b")
            terminal.wait_for("nothing is playing")
            terminal.send(b"n")
            terminal.wait_for("0:01 / 0:05")
            terminal.process.kill()
        listed = [sys.executable, "-P", "-m", "tui", "list", "is:played"]
        listed += ["--library", str(tmp_path / "library.db")]
        wait_until(
            lambda: subprocess.run(listed, check=False, env=environ()).returncode == 0,
            20,
            "the end of the note",
        )
    finally:
        os.kill(server, signal.SIGTERM)
    library = str(tmp_path / "library.db")
    wait_until(lambda: library not in _running(), what="their end")


def _mosh_server(command: list[str]) -> tuple[str, str, int]:
    """Start a mosh-server on loopback, as `mosh` does by ssh.

    Returns:
        Its port, its key, and the id of its process.
    """
    words = [sys.executable if word == "python" else word for word in command]
    done = subprocess.run(
        ["mosh-server", "new", "-i", "127.0.0.1", "-c", "256", "--", *words],
        check=True,
        capture_output=True,
        env=environ(),
        text=True,
        timeout=20,
    )
    port, key = re.findall(r"^MOSH CONNECT (\d+) (\S+)", done.stdout, re.MULTILINE)[0]
    (server,) = re.findall(r"detached, pid = (\d+)", done.stdout + done.stderr)
    return port, key, int(server)


@pytest.mark.needs("tmux")
def test_it_plays_on_while_tmux_is_detached(command: list[str], tmp_path: Path) -> None:
    """The session of tmux has nobody who looks, and the note comes to its end."""
    with TmuxTerminal(command, tmp_path, environ=environ()) as tmux:
        tmux.wait_for("1 note", 30)
        tmux.send("n")
        tmux.wait_for("0:01")
        attach = ["tmux", "-S", str(tmp_path / "tmux"), "attach"]
        for _ in range(2):
            with PtyTerminal(attach, environ=environ()) as terminal:
                terminal.wait_for("/ 1:00")
                terminal.send(b"\x02d")
                assert terminal.wait_for_exit() == 0
        tmux.wait_for("0:04", 20)
        tmux.send("q")
        assert tmux.wait_for_exit() == 0


def _running() -> str:
    done = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True)
    return done.stdout.decode(errors="replace")
