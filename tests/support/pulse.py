"""A sound server without a sound card, and what was heard from it.

A private PulseAudio with one null sink, or more; `norewinds=1`, else the sink has
rendered silence ahead while it was idle, and swallows the first third of what is
played. As root it only warns. It ends with the process that started it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["PulseServer", "Recorder"]

_SCRIPT = """.fail
load-module module-null-sink sink_name=test {sink}
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
set-default-sink test
set-default-source test.monitor
"""
_SINK = "rate=48000 format=s16le channels=2 norewinds=1"
_FLAGS = [
    "--daemonize=no",
    "--use-pid-file=no",
    "--system=no",
    "--exit-idle-time=-1",
    "--disable-shm=yes",
    "--enable-memfd=no",
    "--realtime=no",
    "--high-priority=no",
    "--log-target=stderr",
    "-n",
]
_ALSA = "</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\n"


def _die_with_parent() -> None:
    """Have the kernel end the server with whoever started it."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class PulseServer:
    """Runs in a `with` block; can be killed, frozen and started again."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pulse-"))
        self._socket = self._folder / "native"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The value for PULSE_SERVER."""
        return f"unix:{self._socket}"

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a program that shall play here."""
        alsa = self._folder / "asoundrc"
        alsa.write_text(_ALSA)
        return {
            **os.environ,
            "PULSE_SERVER": self.address,
            "PULSE_COOKIE": str(self._folder / "cookie"),
            "ALSA_CONFIG_PATH": str(alsa),
        }

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and remove its files."""
        self.kill(signal.SIGTERM)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, timeout: float = 10.0) -> None:
        """Start the server and wait until it answers."""
        for name in ("run", "state"):
            (self._folder / name).mkdir(mode=0o700, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        script = self._folder / "test.pa"
        script.write_text(_SCRIPT.format(sink=_SINK, socket=self._socket))
        home = str(self._folder)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["pulseaudio", *_FLAGS, "-F", str(script)],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": home,
                    "XDG_RUNTIME_DIR": f"{home}/run",
                    "PULSE_RUNTIME_PATH": f"{home}/run",
                    "PULSE_STATE_PATH": f"{home}/state",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # nothing but a system call
            )
        until = time.monotonic() + timeout
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self._folder / "log").read_text(errors="replace"))

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self._socket))
        except OSError:
            threading.Event().wait(0.005)
            return False
        return True

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the server; nobody is told."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def add_sink(self, name: str, label: str = "") -> int:
        """Plug in another device; returns what unplugs it."""
        options = [f"sink_name={name}", *_SINK.split()]
        if label:
            options.append(f"sink_properties=\"device.description='{label}'\"")
        return int(self.ask("load-module", "module-null-sink", *options))

    def remove(self, module: int) -> None:
        """Unplug a device."""
        self.ask("unload-module", str(module))

    def sinks_in_use(self) -> list[str]:
        """Give the name of the device of each stream."""
        names = dict(
            line.split("\t")[:2]
            for line in self.ask("list", "short", "sinks").splitlines()
        )
        streams = self.ask("list", "short", "sink-inputs").splitlines()
        return [names[stream.split("\t")[1]] for stream in streams]

    def ask(self, *words: str) -> str:
        """Give the server a command, as users of `pactl` do; returns its answer."""
        return subprocess.run(
            ["pactl", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=True,
        ).stdout.decode()

    def freeze(self, *, thaw: bool = False) -> None:
        """Stop the server's process, or let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT if thaw else signal.SIGSTOP)


class Recorder:
    """Hears what the null sink plays; runs in a `with` block.

    Args:
        server: A running server.
        sink: What plays there.
    """

    def __init__(self, server: PulseServer, sink: str = "test") -> None:
        self._process = subprocess.Popen(
            [
                "parec",
                f"--device={sink}.monitor",
                "--rate=48000",
                "--format=s16le",
                "--channels=2",
                "--raw",
                "--latency-msec=5",
            ],
            env=server.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._heard = bytearray()
        self._arrived: list[tuple[float, int]] = []
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Begin, and wait until something is heard: silence, too."""
        self._thread.start()
        self.wait(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._process.terminate()
        self._process.wait(5)
        self._thread.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _run(self) -> None:
        assert self._process.stdout is not None
        number = self._process.stdout.fileno()
        while data := os.read(number, 65_536):
            with self._more:
                self._heard += data
                self._arrived.append((time.monotonic(), len(self._heard) // 4))
                self._more.notify_all()

    @property
    def frames(self) -> int:
        """How many frames were heard until now."""
        return len(self._heard) // 4

    def wait(self, frames: int, timeout: float = 10.0) -> None:
        """Wait until so many frames more were heard."""
        target = self.frames + frames
        with self._more:
            if not self._more.wait_for(lambda: self.frames >= target, timeout):
                raise AssertionError("the recorder hears nothing")

    def mono(self, begin: int = 0, end: int | None = None) -> bytes:
        """Give the left channel of what was heard, between two frames."""
        with self._more:
            heard = bytes(self._heard[4 * begin : None if end is None else 4 * end])
        return array("h", heard[: len(heard) // 4 * 4])[::2].tobytes()

    def time_of(self, frame: int) -> float:
        """Tell when a frame arrived, on the monotonic clock."""
        return next(at for at, frames in self._arrived if frames > frame)
