"""Sound over SSH: commands to the first changed sample where one sits.

A private sshd on loopback, and a line before it that delays what it carries. The player
runs where the notes are; what is heard is recorded at the null sink of the other end.
A round trip of the line is the floor for what has to cross it and come back; a command
needs half of it.

On the ways `speaker` and `forwarded PulseAudio` what is heard is looked up in what was
played, sample by sample. On the way `page` headless Chromium opens the page of the
output `browser` by a port that a real `ssh -L` forwards, and changes the samples as it
likes; so there the note is a tone that rises, in Opus as messengers send it, and its
pitch tells the place (`_sweep`). What is measured there, from the command to

- load, play, first note: the first sample that is no silence;
- pause: the first sample of the silence that lasts;
- seek: the first sample *from the new place*, within 5 ms (the silence in which the
  browser looks for it belongs to the wait; the other ways tell the first sample that
  is another one, whatever it is);
- speed: where the tone begins to rise faster, within some 10 ms.

The first note's file is opened by the page for the first time; the page itself is there
already. `remote_start` measures from the start of everything.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from tests.bench._sweep import SWEEP_S, SweepBench, sweep
from tests.bench._table import Table
from tests.bench._ways import page_way, pulse_way, speaker_way
from tests.bench.sound import Bench, _write_flac
from tests.support.pulse import PulseServer, Recorder
from tests.support.slow_line import SlowLine
from tests.support.sound import chirp, find, opus
from tests.support.sshd import SshServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.bench._ways import Way

RATE = 48_000
ROUNDS = int(os.environ.get("EARMARK_BENCH_ROUNDS", "12"))
DELAYS_MS = (0, 40, 150)
"""Of the line, each way."""
SECONDS = 20
"""Of the note: all of it may be sent ahead."""
LONG_S = 120
"""Of another one, in which places are that can't have been sent yet."""
FAR_S = 60
"""The first of those."""
PAGE_LONG_S = 400
PAGE_BIT_RATE = 128_000
"""Browsers fetch ahead what they can: two million bytes and more. So for the page that
note is larger, and `PAGE_FAR_S` further on."""
PAGE_FAR_S = 300
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


class NoiseBench(Bench):
    """Looks up what is heard in noise."""

    @override
    def reached(self, seconds: int) -> Callable[[int], int | None]:
        def found(since: int) -> int | None:
            heard = self.recorder.mono(since)
            for at in range(0, len(heard) // 2 - 200, 96):
                place = find(self.source, heard[2 * at : 2 * at + 400])
                if seconds * RATE <= place < (seconds + 5) * RATE:
                    return since + at
            return None

        return found


def _measured(
    table: Table, name: str, bench: Bench, way: Way, files: Mapping[str, Path]
) -> None:
    """Give commands and listen."""
    player = way.player
    cold = _first(bench, lambda: way.load(files["note"]))
    note = "the page is open" if way.is_page else "processes are started, too"
    table.times(f"{name}: start and first note", cold, note)
    loads: list[float | None] = []
    times = _commands(bench, way, files, loads)
    far = []
    for number in range(max(3, ROUNDS // 3)):
        player.stop()
        bench.wait(0.2)
        way.load(files["long"])
        bench.wait(1.0)
        place = (PAGE_FAR_S if way.is_page else FAR_S) + 3 * number
        found = bench.latency(
            lambda to=place: player.seek(to * 1000),  # type: ignore[misc]  # bound now
            bench.reached(place),
        )
        far.append(found)
    every = {"load": loads, **times, "seek to what was not sent": far}
    for kind, series in every.items():
        good = [each for each in series if each is not None]
        missed = len(series) - len(good)
        if good:
            table.times(f"{name}: {kind}", good, f"{missed} missed" if missed else "")
        else:
            table.add(f"{name}: {kind}", "-", f"all {missed} missed")


def _first(bench: Bench, command: Callable[[], object]) -> list[float]:
    """Give a command once; how long until sound is heard."""
    begun, since = time.monotonic(), bench.recorder.frames
    command()
    while time.monotonic() - begun < 15:
        bench.recorder.wait(RATE // 20)
        frame = bench.begun(since)
        if frame is not None:
            return [bench.recorder.time_of(frame) - begun]
    raise TimeoutError("nothing is heard")


def _commands(
    bench: Bench, way: Way, files: Mapping[str, Path], loads: list[float | None]
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
    for number in range(ROUNDS):
        # To and fro, so that the places are far from each other.
        places = (rng.randrange(1, 4), rng.randrange(9, 13))
        begin, place = reversed(places) if number % 2 else places
        player.seek(begin * 1000)
        bench.wait(0.3 + 4 * way.line.delay_s)
        times["pause"].append(bench.latency(player.pause, bench.paused))
        times["play"].append(bench.latency(player.play, bench.begun))
        times["seek"].append(
            bench.latency(
                lambda to=place: player.seek(to * 1000),  # type: ignore[misc]  # bound now
                bench.sought(place),
            )
        )
        bench.wait(0.2)
        times["speed"].append(bench.latency(lambda: player.set_speed(1.5), bench.sped))
        player.set_speed(1.0)
    return times


def _wire(table: Table, name: str, bench: Bench, way: Way, voice: Path) -> None:
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


def _noises(folder: Path) -> tuple[bytes, dict[str, Path]]:
    """Write notes without loss."""
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
    return source, files


def _tones(folder: Path) -> tuple[bytes, dict[str, Path]]:
    """Write notes as messengers send them, and one that is too large to be fetched."""
    tone = sweep()
    files = {}
    for kind, pcm, bit_rate in (
        ("note", tone, BIT_RATE),
        ("other", tone, BIT_RATE),
        ("long", tone * (PAGE_LONG_S // SWEEP_S), PAGE_BIT_RATE),
    ):
        files[kind] = folder / f"{kind}.opus"
        files[kind].write_bytes(opus(pcm, bit_rate))
    return tone, files


_WAYS = {"speaker": speaker_way, "forwarded PulseAudio": pulse_way, "page": page_way}


def main() -> None:
    """Measure and print."""
    wanted = os.environ.get("EARMARK_BENCH_WAYS", ",".join(_WAYS)).split(",")
    delays = os.environ.get("EARMARK_BENCH_DELAYS")
    chosen = [int(each) for each in delays.split(",")] if delays else DELAYS_MS
    with tempfile.TemporaryDirectory(prefix="er-") as base, SshServer() as server:
        folder = Path(base)
        noises = _noises(folder) if set(wanted) != {"page"} else (b"", {})
        tones = _tones(folder) if "page" in wanted else (b"", {})
        voice = folder / "voice.opus"
        voice.write_bytes(opus(chirp(PLAIN_S), BIT_RATE))
        for delay in chosen:
            for which in wanted:
                table = Table(f"Over SSH, load {os.getloadavg()[0]:.1f}")
                name = f"{which}, RTT {2 * delay} ms"
                made = SweepBench if which == "page" else NoiseBench
                source, files = tones if which == "page" else noises
                with (
                    PulseServer() as pulse,
                    Recorder(pulse) as recorder,
                    SlowLine(server.port, delay / 1000) as line,
                    _WAYS[which](
                        server, line, pulse, folder / f"{which[:3]}{delay}"
                    ) as way,
                ):
                    bench = made(recorder, source, files["note"])
                    _measured(table, name, bench, way, files)
                    _wire(table, name, bench, way, voice)
                table.show()


if __name__ == "__main__":
    main()
