"""An evening of listening, by keys in a terminal and heard from the sound server.

What is remembered of a sender, what waits and where a note stood is asked of a second
start, as its users would.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.program import command, run, wait_until
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import find, noise, wav
from tests.support.terminal import TmuxTerminal, base_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.needs("tmux"),
    pytest.mark.needs("pulseaudio"),
    pytest.mark.xdist_group("sound"),
    pytest.mark.timeout(60),
]

RATE = 48_000
PIECE = 400
"""Samples that are looked up, 8 ms."""
FADE = 240
HOLE = RATE // 50
"""So much silence would be heard."""

ANA = {"PTT-20240815-WA0003.wav": noise(10, 3), "PTT-20240815-WA0004.wav": noise(40, 4)}
BOB = {
    "PTT-20240815-WA0001.wav": noise(2, 1),
    "PTT-20240815-WA0002.wav": noise(2.5, 2),
}


def export(root: Path, who: str, hour: int, notes: dict[str, bytes]) -> None:
    """Write a chat as a phone exports it, a note each minute."""
    folder = root / f"WhatsApp Chat with {who}"
    folder.mkdir(parents=True)
    lines = [f"15/08/2024, {hour}:00 - {who}: Listen to these"]
    for minute, (name, pcm) in enumerate(notes.items(), 1):
        (folder / name).write_bytes(wav(pcm))
        attached = f"\u200e{name} (file attached)"
        lines.append(f"15/08/2024, {hour}:{minute:02} - {who}: {attached}")
    text = "\n".join([*lines, ""])
    (folder / f"{folder.name}.txt").write_text(text, encoding="utf-8")


class Listener:
    """Types keys, and reads the bar.

    Args:
        tmux: The terminal with the browser.
    """

    def __init__(self, tmux: TmuxTerminal) -> None:
        self.tmux = tmux

    @property
    def lines(self) -> list[str]:
        """The screen."""
        return self.tmux.capture().splitlines()

    @property
    def bar(self) -> str:
        """What plays."""
        return self.lines[-2]

    @property
    def seconds(self) -> int:
        """Where in the note it plays; -1 where nothing does."""
        found = re.search(r"(\d+):(\d\d) / ", self.bar)
        return -1 if found is None else 60 * int(found[1]) + int(found[2])

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something on the screen."""
        wait_until(condition, self.tmux.capture, seconds=12)

    def until_bar(self, *texts: str) -> None:
        """Wait until the bar tells all of this."""
        self.until(lambda: all(text in self.bar for text in texts))

    def open_chat(self, name: str, *keys: str) -> None:
        """Go to a chat by some keys, and show its notes."""
        self.tmux.send(*keys, "l")
        self.tmux.wait_for(f"▾ {name}")


@contextmanager
def listening(folder: Path, server: PulseServer, name: str) -> Iterator[Listener]:
    """Open the browser in a terminal with a name of its own; leave it by its key."""
    # Taken for a server far away, which gets longer pieces of sound at a time: other
    # tests may keep the cores busy.
    environ = {
        **base_environ(**server.environment),
        "PULSE_SERVER": f"tcp:127.0.0.1:9 {server.address}",
    }
    for size in ("COLUMNS", "LINES"):  # of the tests' terminal, not of ours
        environ.pop(size, None)
    words = command(folder / "library.db")
    terminal = folder / name  # the one before may still be about to end
    terminal.mkdir()
    with TmuxTerminal(words, terminal, columns=120, environ=environ) as tmux:
        tmux.wait_for("4 notes")
        yield Listener(tmux)
        tmux.send("q")
        assert tmux.wait_for_exit() == 0


def longest_silence(pcm: bytes) -> int:
    """Count the samples of the longest pause."""
    longest = 0
    for pause in re.finditer(rb"(?:\0\0)+", pcm):
        longest = max(longest, (pause.end() - pause.start()) // 2)
    return longest


def prove_without_a_hole(heard: bytes) -> None:
    """Look at where the notes that waited followed."""
    first, second = BOB.values()
    begins = find(heard, first[2 * FADE :][: 2 * PIECE]) - FADE
    ends = find(heard, first[: -2 * FADE][-2 * PIECE :]) + PIECE + FADE
    assert begins > RATE
    assert ends - begins == len(first) // 2
    assert find(heard, second[2 * FADE :][: 2 * PIECE]) - FADE == ends
    # The note before was faster, so its samples are others; it sounded to its end.
    assert longest_silence(heard[begins * 2 - RATE : begins * 2 + RATE]) < HOLE


def test_an_evening(tmp_path: Path) -> None:
    """Ana is heard faster and Bob is not; what waits follows at once; all is kept."""
    root = tmp_path / "Phone"
    export(root, "Bob", 12, BOB)
    export(root, "Ana", 13, ANA)
    done = run(command(tmp_path / "library.db", "scan", root))
    assert done.code == 0, done.err
    with PulseServer() as server:
        with (
            listening(tmp_path, server, "one") as one,
            Recorder(server) as recorder,
        ):
            one.open_chat("Ana", "G", "k")
            one.tmux.send("j", "j", "Enter")  # the older one
            one.until_bar("▶ Ana", "/ 0:10", "1.0x")
            one.tmux.send("x")
            one.until_bar("1.5x Ana")
            one.open_chat("Bob", "G")
            one.tmux.send("j", "j", "a")
            one.until_bar("queue 1")
            one.tmux.send("k", "a")
            one.until_bar("queue 2", "▶ Ana", "/ 0:10")
            one.tmux.send("8")
            one.until_bar("▶ Bob", "/ 0:02", "1.0x", "queue 1")
            one.until(lambda: "▶ Bob" in one.bar and "queue" not in one.bar)
            assert "1.0x" in one.bar
            # Nothing waits any more: the chat goes on, at the speed of who speaks.
            one.until_bar("▶ Ana", "/ 0:40", "1.5x Ana")
            prove_without_a_hole(recorder.mono())
            one.tmux.send("a")
            one.until_bar("queue 1")
            one.tmux.send("5")
            one.until(lambda: one.seconds >= 21)
        with listening(tmp_path, server, "two") as again:
            again.until_bar("nothing is playing", "1.0x", "queue 1")
            again.open_chat("Ana", "G", "k")
            again.tmux.send("j", "Enter")
            again.until_bar("▶ Ana", "/ 0:40", "1.5x Ana", "queue 1")
            assert 19 <= again.seconds <= 25, again.bar
            again.tmux.send("Q")
            again.tmux.wait_for("Queue · 1 note")
            again.tmux.send("Enter")
            again.until_bar("▶ Bob", "1.0x")
            again.until(lambda: "Queue" not in again.tmux.capture())
            assert "queue" not in again.bar
