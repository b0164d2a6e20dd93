"""From the command to the first note that is heard, over SSH, on each way.

Somebody sits at a terminal and starts

- `earmark ssh HOST SOURCE`,
- `ssh -t -R ... HOST earmark SOURCE` with a sound server that is forwarded, or
- `ssh -t -L ... HOST earmark SOURCE --output browser`, with Chromium running, in which
  the address is opened as soon as it can be read,

and presses `n` as soon as the tree with the note is on the screen. All of it goes
through a private sshd on loopback and a line before it that delays what it carries;
what is heard is recorded at a null sink. Measured from the start of the command are
the first screen with the note, and the first sample; and from `q` the end of the
command. The library knows the source already, as it does from the second time on.

The floor is measured in the same run, before each way: the same program in the same
terminal without a line between, and `ssh HOST true`, which connects and logs in.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyte
from playwright.sync_api import Error as PlaywrightError

from tests.bench._pty import Terminal
from tests.bench._table import Table
from tests.bench._ways import free_port, slow
from tests.support.child import ROOT
from tests.support.chromium import Chromium
from tests.support.pulse import PulseServer, Recorder
from tests.support.slow_line import SlowLine
from tests.support.sound import chirp, opus
from tests.support.sshd import SshServer
from tests.support.terminal import base_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.support.chromium import Tab

DELAYS_MS = (0, 40, 150)
"""Of the line, each way."""
ROUNDS = int(os.environ.get("EARMARK_BENCH_ROUNDS", "5"))
COLUMNS, ROWS = 200, 50
"""The address of the page is long."""
PAGES = range(8137, 8153)
"""The ports that the page tries: all are forwarded, as others may have the first."""
_TREE = ("1 note", "Ana")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:([0-9]+)/#([\w-]{22})")
_PATIENCE_S = 30.0
_LEAVE_S = 10.0


class Screen:
    """What is on the screen of a terminal.

    Args:
        terminal: It.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._screen = pyte.Screen(terminal.columns, terminal.rows)
        self._stream = pyte.ByteStream(self._screen)
        self._seen = 0

    def wait(self, found: Callable[[str], object]) -> float:
        """Wait until the screen has something; tells when it had come.

        Raises:
            TimeoutError: It has not come in time.
        """
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            for when, data in self._terminal.since(self._seen):
                self._seen += 1
                self._stream.feed(data)
                if found(self.text):
                    return when
            time.sleep(0.002)
        raise TimeoutError(self.text)

    @property
    def text(self) -> str:
        """All its lines."""
        return "\n".join(self._screen.display)


@dataclass
class Times:
    """What was measured of one way, in seconds."""

    screen: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)
    address: list[float] = field(default_factory=list)
    again: int = 0
    """How often the page had to be opened once more."""
    held: int = 0
    """How often the command did not end: an ssh waits for the connections that it
    forwards, and a browser may keep some that it no longer needs."""


class Place:
    """The other machine, which is this one, with a library that knows one note.

    Args:
        folder: Where all of it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.source = folder / "Voice"
        (self.source / "Ana").mkdir(parents=True)
        note = self.source / "Ana" / "PTT-20240815-WA0001.opus"
        note.write_bytes(opus(chirp(12), 24_000))
        self.environ = {
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(ROOT),
            "PULSE_SERVER": "none",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }
        (folder / "home").mkdir()
        known = folder / "known.db"
        subprocess.run(
            [*self.command(library=known), "scan", str(self.source)],
            check=True,
            capture_output=True,
        )
        self._known = known
        self._count = 0

    def command(
        self, more: Mapping[str, str] | None = None, library: Path | None = None
    ) -> list[str]:
        """Give what `earmark` is called there; each time it has heard nothing yet."""
        if library is None:
            self._count += 1
            library = self._folder / f"library-{self._count}.db"
            shutil.copy(self._known, library)
        environ = {**self.environ, "EARMARK_LIBRARY": str(library)}
        environ.update(more or {})
        words = [f"{name}={value}" for name, value in environ.items()]
        words = ["env", "-u", "XDG_RUNTIME_DIR", *words]
        return [*words, sys.executable, "-P", "-m", "tui"]


class Desk:
    """Where somebody sits.

    Args:
        place: The other machine.
        server: Its sshd.
        line: What leads there.
        pulse: The sound server of here.
        recorder: Hears what it plays.
    """

    def __init__(
        self,
        place: Place,
        server: SshServer,
        line: SlowLine,
        pulse: PulseServer,
        recorder: Recorder,
    ) -> None:
        self._place = place
        self._host = server.host
        self._far = server.folder
        self._ssh = slow(server, line)
        self._pulse = pulse
        self._recorder = recorder
        self._sockets = 0

    def connect(self) -> float:
        """Log in and do nothing; tells how long that takes."""
        begun = time.monotonic()
        subprocess.run(
            [*self._ssh, self._host, "true"], check=True, stdin=subprocess.DEVNULL
        )
        return time.monotonic() - begun

    def local(self, times: Times) -> None:
        """Start the browser here, without a line."""
        command = self._place.command(self._sound(self._pulse.address))
        self._run([*command, str(self._place.source)], times)

    def speaker(self, times: Times) -> None:
        """Start `earmark ssh`."""
        words = [sys.executable, "-P", "-m", "tui", "ssh", self._host]
        words += [str(self._place.source)]
        words += ["--there", shlex.join(self._place.command())]
        self._run(words, times)

    def forwarded(self, times: Times) -> None:
        """Start the browser there, with the sound server of here."""
        self._sockets += 1
        far = self._far / f"pulse-{self._sockets}"
        near = self._pulse.address.removeprefix("unix:")
        command = self._place.command(self._sound(f"unix:{far}"))
        self._run(self._plain(command, "-R", f"{far}:{near}"), times)

    def page(self, times: Times, tab: Tab) -> None:
        """Start the browser there, and open its page here."""
        ports = {port: free_port() for port in PAGES}
        options = [f"-L{near}:127.0.0.1:{far}" for far, near in ports.items()]
        command = [*self._place.command(), "--output", "browser"]

        def open_page(screen: Screen) -> float:
            seen = screen.wait(_ADDRESS.search)
            for _ in range(3):
                found = _ADDRESS.search(screen.text)
                assert found is not None
                near = ports[int(found[1])]
                try:
                    tab.page.goto(f"http://127.0.0.1:{near}/#{found[2]}")
                except PlaywrightError:  # a busy machine may start its engine again
                    times.again += 1
                    time.sleep(0.5)
                    screen.wait(_ADDRESS.search)
                else:
                    break
            return seen

        self._run(self._plain(command, *options), times, open_page)
        tab.page.goto("about:blank")

    def _sound(self, address: str) -> dict[str, str]:
        environ = self._pulse.environment
        names = ("PULSE_COOKIE", "ALSA_CONFIG_PATH")
        return {"PULSE_SERVER": address, **{name: environ[name] for name in names}}

    def _plain(self, command: Sequence[str], *options: str) -> list[str]:
        inner = f"exec {shlex.join([*command, str(self._place.source)])}"
        line = f'exec "${{SHELL:-/bin/sh}}" -lc {shlex.quote(inner)}'
        return [*self._ssh, "-t", *options, self._host, line]

    def _run(
        self,
        command: Sequence[str],
        times: Times,
        then: Callable[[Screen], float] | None = None,
    ) -> None:
        """Start something, press `n` when the tree is there, listen, and leave."""
        environ = self._pulse.environment | {"EARMARK_SSH": shlex.join(self._ssh)}
        since = self._recorder.frames
        with Terminal(command, base_environ(**environ), COLUMNS, ROWS) as terminal:
            screen = Screen(terminal)
            seen = screen.wait(lambda text: all(each in text for each in _TREE))
            terminal.send(b"n")
            if then is not None:
                times.address.append(then(screen) - terminal.started)
            frame = self._heard(since)
            times.screen.append(seen - terminal.started)
            times.heard.append(self._recorder.time_of(frame) - terminal.started)
            left = terminal.send(b"q")
            try:
                terminal.process.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                times.held += 1  # it is killed with the terminal
            else:
                times.end.append(time.monotonic() - left)

    def _heard(self, since: int) -> int:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            self._recorder.wait(2400)
            heard = self._recorder.mono(since)
            rest = heard.lstrip(b"\0")
            if rest:
                return since + (len(heard) - len(rest)) // 2
        raise TimeoutError("nothing is heard")


def _ways(
    desk: Desk, ends: ExitStack, pulse: PulseServer
) -> dict[str, Callable[[Times], None]]:
    def page(times: Times) -> None:
        desk.page(times, tabs[0])

    tabs: list[Tab] = []
    wanted = os.environ.get("EARMARK_BENCH_WAYS", "local,speaker,pulse,page").split(",")
    if "page" in wanted:
        chromium = ends.enter_context(Chromium(pulse.environment))
        tabs.append(ends.enter_context(chromium.tab()))
    every: dict[str, Callable[[Times], None]] = {
        "local": desk.local,
        "speaker": desk.speaker,
        "pulse": desk.forwarded,
        "page": page,
    }
    return {name: every[name] for name in wanted}


_NAMES = {
    "local": "earmark, without a line",
    "speaker": "earmark ssh",
    "pulse": "ssh -R, PulseAudio",
    "page": "ssh -L, the page",
}


def main() -> None:
    """Measure and print."""
    delays = os.environ.get("EARMARK_BENCH_DELAYS")
    chosen = [int(each) for each in delays.split(",")] if delays else DELAYS_MS
    with ExitStack() as ends:
        base = ends.enter_context(tempfile.TemporaryDirectory(prefix="er-"))
        server = ends.enter_context(SshServer())
        pulse = ends.enter_context(PulseServer())
        recorder = ends.enter_context(Recorder(pulse))
        line = ends.enter_context(SlowLine(server.port))
        desk = Desk(Place(Path(base)), server, line, pulse, recorder)
        ways = _ways(desk, ends, pulse)
        desk.connect()  # which remembers the host's key
        for delay in chosen:
            line.delay_s = delay / 1000
            trip = f"RTT {2 * delay} ms"
            load = os.getloadavg()[0]
            table = Table(
                f"From the command to the first note, {trip}, load {load:.1f}"
            )
            floor = table.times("ssh HOST true", [desk.connect() for _ in range(3)])
            for way, run in ways.items():
                times = Times()
                for _ in range(ROUNDS):
                    run(times)
                name = _NAMES[way]
                screen = table.times(
                    f"{name}: first screen with the note", times.screen
                )
                if times.address:
                    note = f"{times.again} opened again" if times.again else ""
                    table.times(f"{name}: address on the screen", times.address, note)
                heard = table.times(f"{name}: first note heard", times.heard)
                held = f"{times.held} of {ROUNDS} never ended" if times.held else ""
                if times.end:
                    table.times(f"{name}: from q to the end", times.end, held)
                else:
                    table.add(f"{name}: from q to the end", "-", held)
                if way != "local":
                    table.ratio("  first screen against ssh HOST true", screen, floor)
                    table.ratio("  first note against ssh HOST true", heard, floor)
            table.show()


if __name__ == "__main__":
    main()
