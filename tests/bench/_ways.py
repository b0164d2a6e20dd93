"""The ways on which a note is heard where one sits, each through a real sshd."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.chromium import Chromium
from tests.support.ear import wait_until
from tests.support.line import SpeakerProcess
from tui.audio import EngineProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.pulse import PulseServer
    from tests.support.slow_line import SlowLine
    from tests.support.sshd import SshServer

__all__ = [
    "Way",
    "forwarded",
    "free_port",
    "page_way",
    "pulse_way",
    "slow",
    "speaker_way",
]


@contextmanager
def _environ(**more: str) -> Iterator[None]:
    """Have other variables for what is started meanwhile."""
    before = os.environ.copy()
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def slow(server: SshServer, line: SlowLine) -> list[str]:
    """Give the ssh that goes by the line."""
    return server.command.replace(f"-p {server.port}", f"-p {line.port}").split()


def free_port() -> int:
    """Give a port of this machine that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Way:
    """One way to hear it: a player, and what it costs the line.

    Args:
        player: The player, where the notes are.
        line: What carries it.
        is_page: Whether a browser plays it.
    """

    def __init__(
        self, player: EngineProcess, line: SlowLine, *, is_page: bool = False
    ) -> None:
        self.player = player
        self.is_page = is_page
        self.line = line
        self.player.start()

    def load(self, path: Path) -> None:
        """Play a file."""
        self.player.load(os.fsencode(path))

    def is_quiet(self) -> None:
        """Wait until the line carries little more: all was sent ahead."""
        while True:
            before = self.line.carried
            time.sleep(0.6)
            if self.line.carried - before < 4000:
                return


@contextmanager
def forwarded(
    server: SshServer, line: SlowLine, far: Path, near: Path
) -> Iterator[None]:
    """Have what connects to a socket over there reach one over here."""
    process = subprocess.Popen(
        [*slow(server, line), "-N", "-R", f"{far}:{near}", server.host],
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_until(far.exists, what="a forwarded socket")
        yield
    finally:
        process.terminate()
        process.wait(5)
        far.unlink(missing_ok=True)


@contextmanager
def speaker_way(
    server: SshServer, line: SlowLine, pulse: PulseServer, folder: Path
) -> Iterator[Way]:
    """Play on a speaker: packets cross the line."""
    near, far = folder / "near", folder / "far"
    for each in (near, far):
        each.mkdir(parents=True)
    with ExitStack() as ends:
        with _environ(**pulse.environment):
            speaker = ends.enter_context(SpeakerProcess(near, "auto"))
        (far / "speaker.token").write_text(speaker.token)
        ends.enter_context(forwarded(server, line, far / "speaker", near / "speaker"))
        player = EngineProcess(f"speaker:{far}/speaker")
        ends.callback(player.close)
        yield Way(player, line)


@contextmanager
def pulse_way(
    server: SshServer, line: SlowLine, pulse: PulseServer, folder: Path
) -> Iterator[Way]:
    """Play on a sound server that is forwarded: samples cross the line."""
    folder.mkdir()
    far = folder / "native"
    near = Path(pulse.address.removeprefix("unix:"))
    with ExitStack() as ends:
        ends.enter_context(forwarded(server, line, far, near))
        ssh = {"SSH_CONNECTION": "127.0.0.1 1 127.0.0.1 22"}
        with _environ(**{**pulse.environment, "PULSE_SERVER": f"unix:{far}", **ssh}):
            player = EngineProcess("auto")
            ends.callback(player.close)
            way = Way(player, line)
            wait_until(lambda: player.child_pid is not None)
        yield way


@contextmanager
def page_way(
    server: SshServer, line: SlowLine, pulse: PulseServer, folder: Path
) -> Iterator[Way]:
    """Play on a page in Chromium: its own requests cross the line."""
    folder.mkdir()
    with ExitStack() as ends:
        player = EngineProcess("browser")
        ends.callback(player.close)
        way = Way(player, line, is_page=True)
        wait_until(lambda: "http:" in player.status.device_problem)
        found = re.search(r":([0-9]+)/#(\S+)", player.status.device_problem)
        assert found is not None
        port = free_port()
        words = [*slow(server, line), "-N", "-L", f"{port}:127.0.0.1:{found[1]}"]
        ssh = subprocess.Popen([*words, server.host], stdin=subprocess.DEVNULL)
        ends.callback(ssh.wait, 5)
        ends.callback(ssh.terminate)
        wait_until(lambda: _listens(port), what="a forwarded port")
        chromium = ends.enter_context(Chromium(pulse.environment))
        tab = ends.enter_context(chromium.tab())
        tab.page.goto(f"http://127.0.0.1:{port}/#{found[2]}")
        wait_until(lambda: not player.status.device_problem, what="a page")
        yield way


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
