"""Play, pause and seek to the first changed sample, beside mpv, on one sound server.

Both play the same noise into a PulseAudio null sink; what a separate recorder hears is
looked up in the noise, sample by sample. So a figure is the time from the command to
the arrival of the first sample that would not have come without it, for both with the
recorder's own 5 ms in it.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.bench._peers import has
from tests.bench._product import Product, corpus_folder
from tests.bench._pty import cpu_seconds, peak_kb
from tests.bench._table import Table
from tests.support.ear import wait_until
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import find, noise
from tui.audio import EngineProcess

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 48_000
SECONDS = 120.0
ROUNDS = int(os.environ.get("EARMARK_BENCH_ROUNDS", "20"))
PLAIN_S = 10.0
SCANNED = int(os.environ.get("EARMARK_BENCH_SCANNED", "10000"))
"""Notes that are indexed meanwhile, over and over."""


class _Playing(Protocol):
    """A program that plays."""

    name: str

    @property
    def pid(self) -> int:
        """The process that plays."""

    def load(self, path: Path) -> None:
        """Play a file from its start."""

    def pause(self) -> None:
        """Be silent."""

    def play(self) -> None:
        """Go on."""

    def seek(self, seconds: float) -> None:
        """Go to a place."""

    def close(self) -> None:
        """End it."""


class _Earmark:
    """Our engine, in the process that the browser gives it.

    Args:
        output: What it plays on.
    """

    def __init__(self, output: str) -> None:
        self.name = f"earmark ({output})"
        self._player = EngineProcess(output)
        self._player.start()

    @property
    def pid(self) -> int:
        wait_until(lambda: self._player.child_pid is not None)
        return self._player.child_pid or 0

    def load(self, path: Path) -> None:
        self._player.load(os.fsencode(path))

    def pause(self) -> None:
        self._player.pause()

    def play(self) -> None:
        self._player.play()

    def seek(self, seconds: float) -> None:
        self._player.seek(round(seconds * 1000))

    def close(self) -> None:
        self._player.close()


class _Mpv:
    """Steered through its JSON socket, as its front ends do."""

    name = "mpv"

    def __init__(self, folder: Path) -> None:
        path = folder / "mpv.sock"
        self._process = subprocess.Popen(
            [
                "mpv",
                "--no-config",
                "--idle=yes",
                "--no-video",
                "--no-terminal",
                "--ao=pulse",
                f"--input-ipc-server={path}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: self._socket.connect_ex(str(path)) == 0)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _say(self, *words: str | float | bool) -> None:
        self._socket.sendall(json.dumps({"command": words}).encode() + b"\n")

    def load(self, path: Path) -> None:
        self._say("set_property", "pause", False)
        self._say("loadfile", str(path))

    def pause(self) -> None:
        self._say("set_property", "pause", True)

    def play(self) -> None:
        self._say("set_property", "pause", False)

    def seek(self, seconds: float) -> None:
        self._say("seek", seconds, "absolute+exact")

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(5)


@dataclass
class _Times:
    """What was measured of one program, in seconds."""

    load: list[float] = field(default_factory=list)
    pause: list[float] = field(default_factory=list)
    play: list[float] = field(default_factory=list)
    seek: list[float] = field(default_factory=list)


class _Bench:
    """One recorder and the noise that it should hear."""

    def __init__(self, recorder: Recorder, source: bytes, path: Path) -> None:
        self.recorder = recorder
        self.source = source
        self.path = path
        self._rng = random.Random(7)
        self._clock = threading.Event()

    def wait(self, seconds: float) -> None:
        self._clock.wait(seconds)

    def latency(
        self, command: Callable[[], None], change: Callable[[int], int | None]
    ) -> float | None:
        """Give a command; tell when the first sample that it changed arrived."""
        self.wait(0.4 + self._rng.random() * 0.2)
        since, begun = self.recorder.frames, time.monotonic()
        command()
        for _ in range(8):
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

    def rounds(self, program: _Playing) -> _Times:
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
            place = 2 + self._rng.random() * (SECONDS - 20)
            seek = self.latency(lambda to=place: program.seek(to), self.broken)  # type: ignore[misc]  # bound now
            add(times.seek, seek)
        return times

    def gaps(self, program: _Playing) -> tuple[int, float]:
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


def _plain(bench: _Bench, table: Table, program: _Playing) -> None:
    used, begun = cpu_seconds([program.pid]), time.monotonic()
    count, lost = bench.gaps(program)
    used, passed = cpu_seconds([program.pid]) - used, time.monotonic() - begun
    name = program.name
    table.add(f"underruns in {PLAIN_S:.0f} s, {name}", f"{count} ({lost * 1e3:.0f} ms)")
    table.add(f"processor while playing, {name}", f"{used / passed:.1%}", "aim 5 %")
    table.add(f"peak memory, {name}", f"{peak_kb(program.pid) / 1024:.0f} MB")


def _scanning(bench: _Bench, table: Table, folder: Path, program: _Playing) -> None:
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


def _measured(bench: _Bench, table: Table, program: _Playing) -> _Times:
    bench.wait(1.0)
    times = bench.rounds(program)
    for kind in ("load", "play", "pause", "seek"):
        found: list[float] = getattr(times, kind)
        if found:
            aim = "aim 40 worst" if program.name.startswith("earmark") else ""
            table.times(f"{kind} to first sample, {program.name}", found, aim)
    return times


def main() -> None:
    """Measure and print."""
    table = Table("Sound at a null sink")
    with tempfile.TemporaryDirectory() as name, PulseServer() as server:
        folder = Path(name)
        os.environ.update(server.environment)
        source = noise(SECONDS)
        path = folder / "noise.flac"
        _write_flac(path, source)
        with Recorder(server) as recorder:
            bench = _Bench(recorder, source, path)
            for output in ("miniaudio", "pulse"):
                ours = _Earmark(output)
                times = _measured(bench, table, ours)
                _plain(bench, table, ours)
                _scanning(bench, table, folder / output, ours)
                ours.close()
            if has("mpv"):
                mpv = _Mpv(folder)
                theirs = _measured(bench, table, mpv)
                _plain(bench, table, mpv)
                _scanning(bench, table, folder / "mpv", mpv)
                mpv.close()
                _compare(table, times, theirs)
    table.show()


def _compare(table: Table, ours: _Times, theirs: _Times) -> None:
    for kind in ("load", "play", "pause", "seek"):
        one, other = sorted(getattr(ours, kind)), sorted(getattr(theirs, kind))
        if one and other:
            middle = one[len(one) // 2], other[len(other) // 2]
            table.ratio(f"{kind}, earmark to mpv", *middle)


if __name__ == "__main__":
    main()
