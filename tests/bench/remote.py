"""Sound over SSH: commands to the first changed sample where one sits.

A private sshd on loopback, and a line before it that delays what it carries. The player
runs where the notes are; what is heard is recorded at the null sink of the other end,
and looked up in what was played, sample by sample. A round trip of the line is the
floor for what has to cross it and come back; a command needs half of it.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import time
from array import array
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._table import Table
from tests.bench.sound import _Bench, _write_flac
from tests.support.ear import wait_until
from tests.support.line import SpeakerProcess
from tests.support.pulse import PulseServer, Recorder
from tests.support.slow_line import SlowLine
from tests.support.sound import chirp, find, opus
from tests.support.sshd import SshServer
from tui.audio import EngineProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 48_000
ROUNDS = int(os.environ.get("EARMARK_BENCH_ROUNDS", "12"))
DELAYS_MS = (0, 40, 150)
"""Of the line, each way."""
SECONDS = 20
"""Of the note: all of it may be sent ahead."""
LONG_S = 120
"""Of another one, in which places are that can't have been sent yet."""
PLAIN_S = 12
BIT_RATE = 24_000
"""What messengers send voice with."""


def coarse_noise(seconds: float, seed: int = 1) -> bytes:
    """Make noise of two loudnesses: recognised everywhere, and small without loss."""
    bits = random.Random(seed).randbytes(round(seconds * RATE) // 8)
    values = array("h")
    for byte in bits:
        values.extend(8192 if byte >> bit & 1 else -8192 for bit in range(8))
    return values.tobytes()


class Way:
    """One way to hear it: a player, and what it costs the line.

    Args:
        player: The player, where the notes are.
        line: What carries it.
    """

    def __init__(self, player: EngineProcess, line: SlowLine) -> None:
        self.player = player
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
    command = server.command.replace(f"-p {server.port}", f"-p {line.port}")
    process = subprocess.Popen(
        [*command.split(), "-N", "-R", f"{far}:{near}", server.host],
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
        before = os.environ.copy()
        os.environ.update(pulse.environment)
        speaker = ends.enter_context(SpeakerProcess(near, "auto"))
        os.environ.clear()
        os.environ.update(before)
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
        before = os.environ.copy()
        os.environ.update(pulse.environment)
        os.environ["PULSE_SERVER"] = f"unix:{far}"
        os.environ["SSH_CONNECTION"] = "127.0.0.1 1 127.0.0.1 22"
        player = EngineProcess("auto")
        ends.callback(player.close)
        way = Way(player, line)
        wait_until(lambda: player.child_pid is not None)
        os.environ.clear()
        os.environ.update(before)
        yield way


def _measured(
    table: Table, name: str, bench: _Bench, way: Way, files: dict[str, Path]
) -> None:
    """Give commands and listen."""
    player = way.player
    cold = _first(bench, lambda: way.load(files["note"]))
    table.times(f"{name}: start and first note", cold, "processes are started, too")
    loads: list[float | None] = []
    times = _commands(bench, way, files, loads)
    far = []
    for number in range(max(3, ROUNDS // 3)):
        player.stop()
        bench.wait(0.2)
        way.load(files["long"])
        bench.wait(1.0)
        place = 60 + 3 * number
        found = bench.latency(
            lambda to=place: player.seek(to * 1000),  # type: ignore[misc]  # bound now
            lambda since, to=place: _from(bench, since, to),  # type: ignore[misc]  # bound now
        )
        far.append(found)
    every = {"load": loads, **times, "seek to what was not sent": far}
    for kind, series in every.items():
        good = [each for each in series if each is not None]
        if good:
            missed = len(series) - len(good)
            table.times(f"{name}: {kind}", good, f"{missed} missed" if missed else "")


def _first(bench: _Bench, command: Callable[[], object]) -> list[float]:
    """Give a command once; how long until sound is heard."""
    begun, since = time.monotonic(), bench.recorder.frames
    command()
    while time.monotonic() - begun < 10:
        bench.recorder.wait(RATE // 20)
        frame = bench.begun(since)
        if frame is not None:
            return [bench.recorder.time_of(frame) - begun]
    raise TimeoutError("nothing is heard")


def _commands(
    bench: _Bench, way: Way, files: dict[str, Path], loads: list[float | None]
) -> dict[str, list[float | None]]:
    """Give the commands that act on what has arrived."""
    rng = random.Random(5)
    player = way.player
    for _ in range(max(3, ROUNDS // 3)):
        player.stop()
        bench.wait(0.5)
        loads.append(bench.latency(lambda: way.load(files["other"]), bench.begun))
        player.stop()
        bench.wait(0.3)
        loads.append(bench.latency(lambda: way.load(files["note"]), bench.begun))
    way.is_quiet()
    times: dict[str, list[float | None]] = {
        kind: [] for kind in ("pause", "play", "seek", "speed")
    }
    for _ in range(ROUNDS):
        player.seek(rng.randrange(2, 9) * 1000)
        bench.wait(0.3)
        times["pause"].append(bench.latency(player.pause, bench.broken))
        times["play"].append(bench.latency(player.play, bench.begun))
        place = rng.randrange(2, 12) * 1000
        times["seek"].append(
            bench.latency(lambda to=place: player.seek(to), bench.broken)  # type: ignore[misc]  # bound now
        )
        bench.wait(0.2)
        times["speed"].append(
            bench.latency(lambda: player.set_speed(1.5), bench.broken)
        )
        player.set_speed(1.0)
    return times


def _from(bench: _Bench, since: int, seconds: int) -> int | None:
    """Find the first frame that is heard from a place of the note on."""
    heard = bench.recorder.mono(since)
    for at in range(0, len(heard) // 2 - 200, 96):
        place = find(bench.source, heard[2 * at : 2 * at + 400])
        if seconds * RATE <= place < (seconds + 5) * RATE:
            return since + at
    return None


def _wire(table: Table, name: str, bench: _Bench, way: Way, voice: Path) -> None:
    """Play a voice note of a usual bit rate; count what the line carries."""
    way.player.stop()
    way.is_quiet()
    before, begun = way.line.carried, time.monotonic()
    way.load(voice)
    bench.wait(PLAIN_S)
    while way.player.status.position_ms < PLAIN_S * 1000 - 300:
        bench.wait(0.2)
    passed = time.monotonic() - begun
    carried = way.line.carried - before
    size = voice.stat().st_size / PLAIN_S
    table.add(
        f"{name}: bytes a second of a note of {size:.0f}",
        f"{carried / passed:.0f}",
        "all that crosses the line, SSH included",
    )


def main() -> None:
    """Measure and print."""
    table = Table(f"Over SSH, load {os.getloadavg()[0]:.1f}")
    ways: dict[str, Callable[..., object]] = {
        "speaker": speaker_way,
        "forwarded PulseAudio": pulse_way,
    }
    wanted = os.environ.get("EARMARK_BENCH_WAYS", "speaker,forwarded PulseAudio")
    delays = os.environ.get("EARMARK_BENCH_DELAYS")
    chosen = [int(each) for each in delays.split(",")] if delays else DELAYS_MS
    with tempfile.TemporaryDirectory(prefix="er-") as base, SshServer() as server:
        folder = Path(base)
        source = coarse_noise(LONG_S)
        files = {}
        for kind, begin, seconds in (
            ("note", 0, SECONDS),
            ("other", 40, SECONDS),
            ("long", 0, LONG_S),
        ):
            files[kind] = folder / f"{kind}.flac"
            part = source[2 * RATE * begin : 2 * RATE * (begin + seconds)]
            _write_flac(files[kind], part)
        voice = folder / "voice.opus"
        voice.write_bytes(opus(chirp(PLAIN_S), BIT_RATE))
        for delay in chosen:
            for which in wanted.split(","):
                name = f"{which}, RTT {2 * delay} ms"
                with (
                    PulseServer() as pulse,
                    Recorder(pulse) as recorder,
                    SlowLine(server.port, delay / 1000) as line,
                    ways[which](  # type: ignore[attr-defined]  # a context manager
                        server, line, pulse, folder / f"{which[:3]}{delay}"
                    ) as way,
                ):
                    bench = _Bench(recorder, source, files["note"])
                    _measured(table, name, bench, way, files)
                    _wire(table, name, bench, way, voice)
                print(f"{name}: load {os.getloadavg()[0]:.1f}")
                table.show()
                table.rows.clear()


if __name__ == "__main__":
    main()
