"""Commands to the first changed sample, beside mpv, cmus and mocp, on one sound server.

All play the same noise into a PulseAudio null sink; what a separate recorder hears is
looked up in the noise, sample by sample. So a figure is the time from the command to
the arrival of the first sample that would not have come without it, for all with the
recorder's own 5 ms in it. Then each plays a sine, gets the same commands, and the
sharpest bend of what was heard is compared with that of the sine itself: a click.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench._peers import has
from tests.bench._players import CmusPlayer, EarmarkPlayer, MocpPlayer, MpvPlayer
from tests.bench._product import Product, corpus_folder
from tests.bench._pty import cpu_seconds, peak_kb
from tests.bench._table import Table
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import find, noise, sine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench._players import Playing

RATE = 48_000
SECONDS = 120.0
ROUNDS = int(os.environ.get("EARMARK_BENCH_ROUNDS", "20"))
PLAIN_S = float(os.environ.get("EARMARK_BENCH_SECONDS", "10"))
"""How long each plays undisturbed, and while notes are indexed; 600 for ten minutes."""
SCANNED = int(os.environ.get("EARMARK_BENCH_SCANNED", "10000"))
"""Notes that are indexed meanwhile, over and over."""


@dataclass
class _Times:
    """What was measured of one program, in seconds."""

    load: list[float] = field(default_factory=list)
    pause: list[float] = field(default_factory=list)
    play: list[float] = field(default_factory=list)
    seek: list[float] = field(default_factory=list)
    speed: list[float] = field(default_factory=list)


_KINDS = ("load", "play", "pause", "seek", "speed")


class Bench:
    """One recorder and the noise that it should hear.

    Args:
        recorder: Of the sink that all play on.
        source: What is played.
        path: The file with it.
    """

    patience = 8
    """Eighths of a second until a command counts as missed."""

    def __init__(self, recorder: Recorder, source: bytes, path: Path) -> None:
        self.recorder = recorder
        self.source = source
        self.path = path
        self._rng = random.Random(7)
        self._clock = threading.Event()

    def wait(self, seconds: float) -> None:
        """Wait."""
        self._clock.wait(seconds)

    def latency(
        self, command: Callable[[], object], change: Callable[[int], int | None]
    ) -> float | None:
        """Give a command; tell when the first sample that it changed arrived."""
        self.wait(0.4 + self._rng.random() * 0.2)
        since, begun = self.recorder.frames, time.monotonic()
        command()
        for _ in range(self.patience):
            self.recorder.wait(RATE // 8)
            frame = change(since)
            if frame is not None:
                return self.recorder.time_of(frame) - begun
        return None

    def broken(self, since: int) -> int | None:
        """Find where what sounded is no longer the source going on."""
        first = since - RATE // 10
        heard = self.recorder.mono(first)
        at = find(self.source, heard[:400])
        if at < 0:
            return None
        length = _common(heard, self.source[2 * at :]) // 2
        return first + length if 2 * length + 2 <= len(heard) else None

    def begun(self, since: int) -> int | None:
        """Find the first sample after silence."""
        heard = self.recorder.mono(since)
        rest = heard.lstrip(b"\0")
        return since + (len(heard) - len(rest)) // 2 if rest else None

    paused = sped = broken

    def sought(self, seconds: float) -> Callable[[int], int | None]:
        """Find where what sounded goes on at another place."""
        return self.broken

    def reached(self, seconds: int) -> Callable[[int], int | None]:
        """Find the first frame that is heard from a place on, however late."""
        raise NotImplementedError

    def rounds(self, program: Playing) -> _Times:
        """Give the commands that all know."""
        times = _Times()

        def add(kind: list[float], found: float | None) -> None:
            if found is not None:
                kind.append(found)

        for _ in range(5):
            program.pause()
            self.wait(0.3)
            load = self.latency(lambda: program.load(self.path), self.begun)
            add(times.load, load)
        for _ in range(ROUNDS):
            add(times.pause, self.latency(program.pause, self.broken))
            add(times.play, self.latency(program.play, self.begun))
            place = 2 + self._rng.randrange(int(SECONDS) - 20)
            seek = self.latency(lambda to=place: program.seek(to), self.broken)  # type: ignore[misc]  # bound now
            add(times.seek, seek)
        for _ in range(ROUNDS):
            if not program.speed(1.0):
                break
            add(times.speed, self.latency(lambda: program.speed(1.5), self.broken))
        program.speed(1.0)
        return times

    def sharpest(self, program: Playing, path: Path) -> int:
        """Give commands while a sine plays; the sharpest bend that was heard."""
        program.load(path)
        self.wait(1.0)
        since = self.recorder.frames
        for _ in range(max(4, ROUNDS // 3)):
            for command in (
                program.pause,
                program.play,
                lambda: program.seek(2 + self._rng.randrange(20)),
                lambda: program.speed(1.5),
                lambda: program.speed(1.0),
                lambda: program.load(path),
            ):
                command()
                self.wait(0.25 + self._rng.random() * 0.05)
        heard = memoryview(self.recorder.mono(since)).cast("h")
        return max(
            abs(before - 2 * here + after)
            for before, here, after in zip(heard, heard[1:], heard[2:], strict=False)
        )

    def gaps(self, program: Playing) -> tuple[int, float]:
        """Play for a while; tell how often the sound broke off and for how long."""
        program.load(self.path)
        self.wait(1.0)
        since = self.recorder.frames
        self.wait(PLAIN_S)
        heard = self.recorder.mono(since)
        count, lost, at = 0, 0, 0
        while at + 200 < len(heard) // 2:
            place = find(self.source, heard[2 * at : 2 * at + 400])
            if place < 0:
                at, lost = at + 48, lost + 48
                continue
            length = _common(heard[2 * at :], self.source[2 * place :]) // 2
            at += length
            count += at + 200 < len(heard) // 2
        return count, lost / RATE


def _write_flac(path: Path, pcm: bytes) -> None:
    """Write sound without loss in a form that opens as fast as a voice note does."""
    import av

    with av.open(str(path), "w", format="flac") as file:
        stream = file.add_stream("flac", rate=RATE)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        stream.format = "s16"
        for at in range(0, len(pcm), 2 * 4096):
            part = pcm[at : at + 2 * 4096]
            frame = av.AudioFrame("s16", "mono", samples=len(part) // 2)
            frame.planes[0].update(part)
            frame.sample_rate = RATE
            frame.pts = at // 2
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def _common(one: bytes, other: bytes) -> int:
    """Count the equal bytes at the start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _plain(bench: Bench, table: Table, program: Playing) -> None:
    used, begun = cpu_seconds([program.pid]), time.monotonic()
    count, lost = bench.gaps(program)
    used, passed = cpu_seconds([program.pid]) - used, time.monotonic() - begun
    name = program.name
    table.add(f"underruns in {PLAIN_S:.0f} s, {name}", f"{count} ({lost * 1e3:.0f} ms)")
    table.add(f"processor while playing, {name}", f"{used / passed:.1%}", "aim 5 %")
    table.add(f"peak memory, {name}", f"{peak_kb(program.pid) / 1024:.0f} MB")


def _scanning(bench: Bench, table: Table, folder: Path, program: Playing) -> None:
    """Play on while an indexer reads and writes what it can."""
    notes = corpus_folder(SCANNED)
    done = threading.Event()

    def scan() -> None:
        number = 0
        while not done.is_set():
            product = Product(folder / f"scan-{number}")
            product.run("scan", str(notes))
            number += 1

    thread = threading.Thread(target=scan, daemon=True)
    thread.start()
    count, lost = bench.gaps(program)
    done.set()
    thread.join(120)
    table.add(
        f"underruns while {SCANNED:,} files are indexed, {program.name}",
        f"{count} ({lost * 1e3:.0f} ms)",
        "aim 0",
    )


def _measured(bench: Bench, table: Table, program: Playing) -> _Times:
    bench.wait(1.0)
    times = bench.rounds(program)
    for kind in _KINDS:
        found: list[float] = getattr(times, kind)
        if found:
            aim = "aim 40 worst" if program.name.startswith("earmark") else ""
            table.times(f"{kind} to first sample, {program.name}", found, aim)
    return times


def _programs(folder: Path) -> dict[str, Callable[[], Playing]]:
    """Tell how to start ours and the peers that are installed."""
    made: dict[str, Callable[[], Playing]] = {
        "earmark (miniaudio)": lambda: EarmarkPlayer("miniaudio"),
        "earmark (pulse)": lambda: EarmarkPlayer("pulse"),
    }
    if has("mpv"):
        made["mpv"] = lambda: MpvPlayer(folder)
    if has("cmus"):
        made["cmus"] = lambda: CmusPlayer(folder / "cmus")
    if has("mocp"):
        made["mocp"] = lambda: MocpPlayer(folder / "mocp")
    return made


def main() -> None:
    """Measure and print."""
    table = Table("Sound at a null sink")
    with tempfile.TemporaryDirectory() as name, PulseServer() as server:
        folder = Path(name)
        os.environ.update(server.environment)
        source = noise(SECONDS)
        path, tone = folder / "noise.flac", folder / "sine.flac"
        _write_flac(path, source)
        steady = sine(SECONDS / 4)
        _write_flac(tone, steady)
        all_times = {}
        with Recorder(server) as recorder:
            bench = Bench(recorder, source, path)
            for number, (who, start) in enumerate(_programs(folder).items()):
                program = start()
                all_times[who] = _measured(bench, table, program)
                _plain(bench, table, program)
                _scanning(bench, table, folder / f"scans-{number}", program)
                bend = bench.sharpest(program, tone)
                table.add(f"sharpest bend of a sine, {who}", f"{bend}", _undisturbed())
                program.close()
        _compare(table, all_times)
    table.show()


def _undisturbed() -> str:
    heard = memoryview(sine(1.0)).cast("h")
    bends = zip(heard, heard[1:], heard[2:], strict=False)
    return f"of the sine itself {max(abs(a - 2 * b + c) for a, b, c in bends)}"


def _compare(table: Table, times: dict[str, _Times]) -> None:
    ours = times["earmark (pulse)"]
    for who, theirs in times.items():
        if who.startswith("earmark"):
            continue
        for kind in _KINDS:
            one, other = sorted(getattr(ours, kind)), sorted(getattr(theirs, kind))
            if one and other:
                middle = one[len(one) // 2], other[len(other) // 2]
                table.ratio(f"{kind}, earmark (pulse) to {who}", *middle)


if __name__ == "__main__":
    main()
