"""The outputs by name, the ones without a device, and the tape of simpleaudio."""

from __future__ import annotations

import builtins
import importlib.util
import mmap
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.sound import noise, read_wav
from tui.audio import _miniaudio
from tui.audio._api import RATE
from tui.audio._events import OutputInfo, OutputsListed
from tui.audio._file import FileOutput
from tui.audio._miniaudio import MiniaudioOutput
from tui.audio._null import NullOutput
from tui.audio._outputs import OUTPUTS, AutoChooser, list_outputs, make_output
from tui.audio._paced import PERIOD, Pacer
from tui.audio._simpleaudio import SimpleaudioOutput
from tui.audio._wire import encode
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


@pytest.mark.parametrize(
    "name", ["pulse:a:b", "miniaudio:K\u00fcche \udcff", "file:/x"]
)
def test_a_name_may_go_on(name: str) -> None:
    """With a device, whatever it is called, or with the path of a file."""
    made = getattr(make_output(name), "name", None)
    assert made == ("file" if name.startswith("file") else name)


@pytest.mark.parametrize("name", ["pulse:", "null:x", "auto:", "", ":", "Pulse"])
def test_a_name_that_goes_on_wrongly_is_refused(name: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UsageError, match="there is no output"):
        make_output(name)


@pytest.fixture(autouse=True)
def lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have simpleaudio not be installed, wherever the tests run."""
    find = importlib.util.find_spec

    def missing(name: str, package: str | None = None) -> object:
        return None if name == "simpleaudio" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", missing)


def test_what_there_is_without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own devices, and those that only ALSA's parts have are left out."""
    known = [(b"K\xc3\xbcche\xff", b":0,0", 1), (b"Upmix", b"upmix", 0)]
    _pretend(monkeypatch, {8: known})
    label = "K\u00fcche\udcff"
    assert list_outputs() == (
        OutputInfo("auto", "the usual device"),
        OutputInfo(f"miniaudio:{label}", label, is_default=True),
        OutputInfo("null", "silence"),
    )


def test_what_there_is_without_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence, and that is where `auto` leads."""
    _pretend(monkeypatch, {})
    assert list_outputs() == (
        OutputInfo("auto", "the usual device"),
        OutputInfo("null", "silence", is_default=True),
    )


def test_many_devices_with_long_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that a screen and a message can hold; what has no label has its name."""
    wide = "\N{SPEAKER}"
    many = [
        (f"{i:03}{wide * 147}", 5000 * wide if i else "", i == 400) for i in range(500)
    ]
    monkeypatch.setattr(
        "tui.audio._pulse_server.list_sinks", lambda: [("y" * 200, "z", False), *many]
    )
    found = list_outputs()
    assert [each.name[:9] for each in found[:3]] == ["auto", "pulse:000", "pulse:001"]
    assert found[1].label == many[0][0][:80]
    assert [each.name[:9] for each in found if each.is_default] == ["pulse:400"]
    assert found[-1].name == "null"
    assert len(found) == 22
    assert encode(OutputsListed(found, found[1].name))


@pytest.mark.parametrize("fault", ["hangs", "breaks"])
def test_a_server_that_does_not_tell(
    fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It gets some time; then there is silence to choose, at least."""
    _pretend(monkeypatch, {})
    end = threading.Event()

    def ask() -> list[tuple[str, str, bool]]:
        if fault == "breaks":
            raise RuntimeError
        end.wait(10)
        return []

    monkeypatch.setattr("tui.audio._outputs._LIST_S", 0.05)
    monkeypatch.setattr("tui.audio._pulse_server.list_sinks", ask)
    monkeypatch.setattr("tui.audio._miniaudio.list_devices", list)
    names = [each.name for each in list_outputs()]
    end.set()
    assert names == ["auto", "null"]
    assert ("in time" if fault == "hangs" else "no devices") in caplog.text


def test_a_device_of_a_backend_is_found_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the first backend that has it; one that nobody has is a line for the user."""
    _pretend(monkeypatch, {8: [(b"Card", b":1,0", 0)]})
    kind, device_id = _miniaudio._find("miniaudio:Card", "Card")
    assert (kind.name, bytes(_miniaudio._package("").ffi.buffer(device_id))[:5]) == (
        "ALSA",
        b":1,0\0",
    )
    with pytest.raises(AudioError, match="no device with this name"):
        MiniaudioOutput("Carf").start(Source().pull)
    _pretend(monkeypatch, {7: [], 8: []})
    with pytest.raises(AudioError, match="no device with this name"):
        MiniaudioOutput("Card").start(Source().pull)


def _pretend(
    monkeypatch: pytest.MonkeyPatch, devices: dict[int, list[tuple[bytes, bytes, int]]]
) -> None:
    """Have miniaudio find devices in the backends of those numbers; others fail."""
    import miniaudio

    ffi = miniaudio.ffi
    asked: list[int] = []

    def init(kinds: Any, _count: int, _config: object, _context: object) -> int:  # noqa: ANN401  # cffi has no types
        asked.append(kinds[0])
        return 0 if kinds[0] in devices else -1

    def get(_context: object, infos: Any, count: Any, *_more: object) -> int:  # noqa: ANN401  # cffi has no types
        there = devices[asked[-1]]
        kept.append(ffi.new("ma_device_info[]", max(1, len(there))))
        for info, (name, device_id, is_usual) in zip(kept[-1], there, strict=False):
            info.name, info.isDefault = name, is_usual
            ffi.memmove(ffi.addressof(info, "id"), device_id, len(device_id))
        infos[0], count[0] = kept[-1], len(there)
        return 0 if there else -1

    kept: list[Any] = []
    lib = SimpleNamespace(
        MA_SUCCESS=0,
        ma_context_init=init,
        ma_context_get_devices=get,
        ma_context_uninit=lambda _context: None,
    )
    monkeypatch.setattr(miniaudio, "lib", lib)


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
        assert caught.value.reason == "there is no sound device"
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
        monkeypatch.setenv("PYTHONMALLOC", "malloc")
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


def test_simpleaudio_is_offered_where_it_can_be_survived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the memory of Python itself, from 3.12 on, each buffer would be the last."""
    _pretend(monkeypatch, {})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setenv("PYTHONMALLOC", "malloc")
    assert "simpleaudio" in {each.name for each in list_outputs()}
    monkeypatch.setattr(sys, "version_info", (3, 12))
    monkeypatch.setenv("PYTHONMALLOC", "pymalloc")
    assert "simpleaudio" not in {each.name for each in list_outputs()}
    with pytest.raises(AudioError, match="at the start"):
        SimpleaudioOutput().start(bytes)
