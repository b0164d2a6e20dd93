"""The outputs by name, the ones without a device, and the tape of simpleaudio."""

from __future__ import annotations

import builtins
import mmap
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from tests.support.sound import noise, read_wav
from tui.audio._api import RATE
from tui.audio._file import FileOutput
from tui.audio._miniaudio import MiniaudioOutput
from tui.audio._null import NullOutput
from tui.audio._outputs import OUTPUTS, AutoChooser, make_output
from tui.audio._paced import PERIOD, Pacer
from tui.audio._simpleaudio import SimpleaudioOutput
from tui.errors import AudioError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Source:
    """Gives recognisable sound, and says when there was enough of it."""

    def __init__(self, frames: int = 4800) -> None:
        self.pcm = noise(frames / RATE)
        self.given = 0
        self.enough = threading.Event()

    def pull(self, frames: int) -> bytes:
        """Give the next frames, and silence at the end."""
        at, self.given = self.given, self.given + frames
        if 2 * self.given >= len(self.pcm):
            self.enough.set()
        return self.pcm[2 * at : 2 * self.given].ljust(2 * frames, b"\0")


@pytest.mark.parametrize("name", OUTPUTS)
def test_each_name_makes_an_output(name: str, tmp_path: Path) -> None:
    """Nothing is opened or imported for it."""
    output = make_output(name, path=tmp_path / "out.wav")
    if name == "auto":
        assert isinstance(output, AutoChooser)
    else:
        assert not isinstance(output, AutoChooser)
        assert getattr(output, "name", None) == name
    assert not (tmp_path / "out.wav").exists()


def test_wrong_names_are_refused() -> None:
    """With the names that there are."""
    with pytest.raises(UsageError, match="miniaudio, simpleaudio, null, file"):
        make_output("tape")
    with pytest.raises(UsageError, match="path"):
        make_output("file")


def test_the_pacer_neither_drifts_nor_hurries() -> None:
    """Steps are due by the clock; time that was lost is given up."""
    now = [50.0]
    steps: list[int] = []
    pacer = Pacer("test", steps.append, clock=lambda: now[0])
    pacer._begin = now[0]
    for _ in range(1000):
        now[0] += pacer.wait_s()
        pacer.turn()
        now[0] += 0.003
    assert now[0] == pytest.approx(50 + 999 * 0.02 + 0.003)
    now[0] += 0.5
    assert pacer.wait_s() == 0
    for _ in range(25):
        pacer.turn()
    assert pacer.wait_s() == pytest.approx(0.017, abs=1e-6)
    now[0] += 100
    assert pacer.wait_s() == 0
    pacer.turn()
    assert pacer.wait_s() == pytest.approx(0.02)
    assert set(steps) == {PERIOD}


def test_a_pacer_whose_step_fails_is_dead(caplog: pytest.LogCaptureFixture) -> None:
    """It does not take the process down."""

    def fail(_frames: int) -> None:
        raise RuntimeError

    now = [0.0]
    pacer = Pacer("test", fail, clock=lambda: now[0])
    pacer.start()
    thread = pacer._thread
    assert thread is not None
    thread.join(5)
    assert "test ended" in caplog.text
    now[0] = 2.0
    assert not pacer.is_alive()
    pacer.stop()


def test_the_file_holds_what_was_played(tmp_path: Path) -> None:
    """A second start goes on behind the first."""
    path = tmp_path / "out.wav"
    output = FileOutput(path, pace=50)
    for _ in range(2):
        source = Source()
        output.start(source.pull)
        assert source.enough.wait(5)
        output.stop()
        assert read_wav(path).count(source.pcm) == 1 + _
    assert not output.is_alive()


def test_a_killed_file_output_leaves_a_file_that_plays(tmp_path: Path) -> None:
    """The header is right after each block."""
    path = tmp_path / "out.wav"
    code = f"""
import sys, threading
from tui.audio._file import FileOutput
got = threading.Event()
def pull(frames):
    got.set()
    return b"ab" * frames
FileOutput({str(path)!r}, pace=50).start(pull)
got.wait()
print("on", flush=True)
threading.Event().wait()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"on\n"
        while path.stat().st_size < 40_000:
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
    pcm = read_wav(path)
    assert len(pcm) >= 36_000
    assert set(pcm) == set(b"ab")


def test_a_file_that_can_not_be_written(tmp_path: Path) -> None:
    """Is a line for the user."""
    with pytest.raises(AudioError, match="can't be written"):
        FileOutput(tmp_path / "no" / "out.wav").start(lambda frames: bytes(2 * frames))


def test_a_wav_stops_growing_at_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lengths are 32 bits; what is more is dropped."""
    monkeypatch.setattr("tui.audio._file._LIMIT", 10)
    path = tmp_path / "out.wav"
    output = FileOutput(path, pace=50)
    source = Source()
    output.start(source.pull)
    assert source.enough.wait(5)
    output.stop()
    assert read_wav(path) == b""


def test_null_keeps_time() -> None:
    """A tenth of a second of sound takes about that long."""
    source = Source(4800)
    output = NullOutput()
    assert not output.is_alive()
    output.start(source.pull)
    assert output.is_alive()
    assert source.enough.wait(5)
    output.stop()
    output.stop()
    assert not output.is_alive()


@pytest.mark.parametrize(
    ("server", "period_ms"),
    [
        ("", 18),
        ("unix:/run/user/1/pulse/native", 18),
        ("tcp:desk:4713", 200),
        ("tcp6:[::1]", 200),
    ],
)
def test_the_period_suits_the_server(
    server: str, period_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sound over a network needs longer periods; a setting wins, up to what works."""
    monkeypatch.setenv("PULSE_SERVER", server)
    assert MiniaudioOutput().period_ms == period_ms
    assert MiniaudioOutput(period_ms=50).period_ms == 50
    assert MiniaudioOutput(period_ms=50).latency_ms == 75
    assert MiniaudioOutput(period_ms=900).period_ms == 400


def test_no_device_is_a_plain_line(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The libraries print nothing, nothing is left open; the number is in the log."""
    caplog.set_level("INFO", "tui.audio._miniaudio")
    monkeypatch.setenv("ALSA_CONFIG_PATH", os.devnull)
    output = MiniaudioOutput()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(AudioError) as caught:
            output.start(lambda frames: bytes(2 * frames))
        assert caught.value.reason == (
            "there is no sound device. Over SSH, set PULSE_SERVER=tcp:HOST"
        )
    assert "miniaudio -401" in caplog.text
    assert not output.is_alive()
    assert len(list(Path("/proc/self/fd").iterdir())) - before < 5
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("package", ["miniaudio", "simpleaudio"])
def test_a_missing_package_says_how_to_get_it(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The optional one is not installed by default."""
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> ModuleType:
        if name == package:
            raise ImportError(name)
        module: ModuleType = real(name, *args, **kwargs)  # type: ignore[arg-type]  # handed through
        return module

    monkeypatch.setattr(builtins, "__import__", without)
    output = make_output(package)
    with pytest.raises(AudioError, match=f"package {package} is not installed"):
        output.start(lambda frames: bytes(2 * frames))  # type: ignore[union-attr]  # no chooser


class FakePlay:
    """What simpleaudio gives back; remembers its buffer."""

    def __init__(self, buffer: Sequence[int], *shape: int) -> None:
        self.buffer = buffer
        self.shape = shape
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


class Tapes:
    """Stands for the package simpleaudio; the clock is moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 10.0
        self.plays: list[FakePlay] = []
        self.failing = False
        module = ModuleType("simpleaudio")
        monkeypatch.setitem(sys.modules, "simpleaudio", module)
        monkeypatch.setattr(module, "play_buffer", self.play, raising=False)
        monkeypatch.setattr(Pacer, "_run", lambda _self: None)
        self.output = SimpleaudioOutput(clock=lambda: self.now)

    def play(self, *arguments: object) -> FakePlay:
        """Take a buffer like simpleaudio does."""
        if self.failing:
            raise RuntimeError("no such device")
        play = FakePlay(*arguments)  # type: ignore[arg-type]  # handed through
        self.plays.append(play)
        return play

    def go(self, seconds: float) -> None:
        """Let time go on in steps of the pacer."""
        until = self.now + seconds
        while self.now < until:
            assert self.output._pacer is not None
            self.output._pacer.turn()
            self.now += 0.01


def test_the_tape_is_written_ahead_of_its_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One buffer, never empty, in one piece, 150 ms ahead of the clock."""
    tapes = Tapes(monkeypatch)
    source = Source(RATE)
    tapes.output.start(source.pull)
    tapes.go(0.9)
    (play,) = tapes.plays
    assert play.shape == (1, 2, RATE)
    begin = RATE * 250 // 1000
    done = source.given
    assert RATE * 0.77 <= done <= RATE * 0.85
    assert bytes(play.buffer[2 * begin : 2 * (begin + done)]) == source.pcm[: 2 * done]
    assert tapes.output.is_alive()
    tapes.now += 3  # the process was stopped for a while
    tapes.go(0.1)
    assert bytes(play.buffer[2 * (begin + done) :][: RATE * 4]).strip(b"\0") == b""
    tapes.output.stop()
    assert play.stopped
    assert not tapes.output.is_alive()


def test_a_worn_tape_is_changed_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its head is known by the clock only, which goes astray from the sound card's."""
    monkeypatch.setattr("tui.audio._simpleaudio._WORN", RATE)
    tapes = Tapes(monkeypatch)
    source = Source(2 * RATE)
    tapes.output.start(source.pull)
    tapes.go(2.0)
    assert len(tapes.plays) == 1
    tapes.go(0.3)
    assert len(tapes.plays) == 2
    tapes.go(0.5)
    assert [play.stopped for play in tapes.plays] == [True, False]
    tapes.output.stop()
    assert tapes.plays[1].stopped


def test_a_full_tape_is_changed_while_it_sounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The old one is heard to its end, and memory is given back."""
    monkeypatch.setattr("tui.audio._simpleaudio._TAPE", 4 * RATE)
    monkeypatch.setattr("tui.audio._simpleaudio._WIPE", mmap.PAGESIZE)
    tapes = Tapes(monkeypatch)
    source = Source(8 * RATE)
    tapes.output.start(source.pull)
    tapes.go(4)
    first, second = tapes.plays
    at = bytes(second.buffer[RATE * 5 // 10 :][:4000])
    assert at
    assert source.pcm.find(at) > 0
    assert first.stopped
    assert not any(first.buffer[2 * 8000 : 2 * 8000 + mmap.PAGESIZE])


def test_simpleaudio_without_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is a line for the user."""
    tapes = Tapes(monkeypatch)
    tapes.failing = True
    with pytest.raises(AudioError, match="no such device"):
        tapes.output.start(Source().pull)
