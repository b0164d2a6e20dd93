"""The child that plays, with real sound: what is heard when it crashes or hangs."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.child import ROOT
from tests.support.ear import Ear, wait_until
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import find, noise, wav
from tui.audio import EngineProcess, PlayerState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.needs("pulseaudio"), pytest.mark.xdist_group("sound")]

RATE = 48_000
SECONDS = 40.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PulseServer]:
    """Give a sound server that the player will find."""
    with PulseServer() as server:
        for name in ("PULSE_SERVER", "PULSE_COOKIE", "ALSA_CONFIG_PATH"):
            monkeypatch.setenv(name, server.environment[name])
        yield server


@pytest.fixture
def ear(server: PulseServer, tmp_path: Path) -> Iterator[Ear]:
    """Give a player on that server, started."""
    player = EngineProcess("miniaudio", log_path=tmp_path / "engine.log")
    ear = Ear(player)
    player.start()
    yield ear
    player.close()


def _places(source: bytes, heard: bytes) -> list[tuple[int, int]]:
    """Tell which place of the source each tenth of a second heard is.

    Returns:
        The frame heard and the frame of the source, where a piece is the source.
    """
    found = []
    for at in range(0, len(heard) // 2 - 400, RATE // 10):
        piece = heard[2 * at : 2 * at + 400]
        place = find(source, piece) if any(piece) else -1
        if place >= 0:
            found.append((at, place))
    return found


@pytest.mark.parametrize(
    ("sign", "longest_s"),
    [(signal.SIGSEGV, 2.5), (signal.SIGKILL, 2.5), (signal.SIGSTOP, 8.0)],
)
@pytest.mark.timeout(60)
def test_the_sound_goes_on_after_the_engine_stopped(
    server: PulseServer,
    ear: Ear,
    tmp_path: Path,
    sign: signal.Signals,
    longest_s: float,
) -> None:
    """By itself, from where it was; the silence is that of a start, not of a user."""
    source = noise(SECONDS)
    path = tmp_path / "noise.wav"
    path.write_bytes(wav(source))
    player = ear.player
    assert isinstance(player, EngineProcess)
    with Recorder(server) as recorder:
        player.load(os.fsencode(path))
        ear.await_position(1000)
        pid, at_ms = player.child_pid, player.status.position_ms
        assert pid is not None
        os.kill(pid, sign)
        ear.await_position(at_ms + 1000, timeout=20)
        recorder.wait(RATE // 5)
        heard = recorder.mono()
    places = _places(source, heard)
    steps = [
        (after[0] - before[0], after[1] - before[1])
        for before, after in itertools.pairwise(places)
    ]
    # A busy machine may break the sound off for a moment elsewhere, too.
    silence, moved = max(steps)
    assert silence < longest_s * RATE
    # Nothing of the note is lost, and no more than a moment is heard twice.
    assert -0.3 * RATE < moved < 0.3 * RATE
    assert all(-0.3 * RATE < step[1] < 0.3 * RATE for step in steps)
    assert player.status.state is PlayerState.PLAYING
    assert player.child_pid != pid


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSEGV])
def test_no_orphan_after_the_browser_died(
    server: PulseServer, tmp_path: Path, sign: signal.Signals
) -> None:
    """Whatever ends the parent, the sound ends with it."""
    path = tmp_path / "noise.wav"
    path.write_bytes(wav(noise(5.0)))
    code = (
        "import sys, threading\n"
        "from tui.audio import EngineProcess, PositionChanged\n"
        "player = EngineProcess('miniaudio')\n"
        "playing = threading.Event()\n"
        "def hear(event):\n"
        "    if isinstance(event, PositionChanged): playing.set()\n"
        "player.subscribe(hear)\n"
        "player.start()\n"
        "player.load(sys.argv[1].encode())\n"
        "assert playing.wait(20)\n"
        "print(player.child_pid, flush=True)\n"
        "threading.Event().wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _is_alive(pid)
        parent.send_signal(sign)
        parent.wait(10)
    wait_until(lambda: not _is_alive(pid), what="its end")


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123  # a file of the kernel
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
