"""The output of PulseAudio: what it refuses, and sound that it takes back."""

from __future__ import annotations

import random
import threading
from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import wait_until
from tests.support.pulse import PulseServer, Recorder
from tui.audio import _libpulse
from tui.audio._api import RATE, RewritingOutput
from tui.audio._pulse import PulseOutput
from tui.audio._pulse_server import list_sinks
from tui.errors import AudioError

if TYPE_CHECKING:
    from pathlib import Path

_PERIOD = 30_000
_SEAMS = 5


def test_it_is_one_that_can_take_sound_back() -> None:
    """The engine looks for that."""
    assert isinstance(PulseOutput(), RewritingOutput)


def test_without_a_server_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none is started for it."""
    pytest.importorskip("ctypes")
    try:
        _libpulse.load()
    except OSError:
        pytest.skip("needs libpulse")
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    output = PulseOutput()
    with pytest.raises(AudioError, match="the sound server can't be reached"):
        output.start(lambda frames: bytes(2 * frames))
    assert not output.is_alive()
    output.stop()


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no PulseAudio need not have its library."""

    def missing() -> None:
        raise OSError("libpulse.so.0: cannot open shared object file")

    monkeypatch.setattr(_libpulse, "load", missing)
    with pytest.raises(AudioError, match="libpulse is not installed"):
        PulseOutput().start(lambda frames: bytes(2 * frames))


@pytest.mark.parametrize("device", ["a\0b", "\ud800"])
def test_a_name_that_no_device_can_have(device: str) -> None:
    """The server is not even asked."""
    with pytest.raises(AudioError, match="no device can have this name"):
        PulseOutput(device).start(lambda frames: bytes(2 * frames))


@pytest.mark.needs("pulseaudio")
@pytest.mark.xdist_group("sound")
def test_devices_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are told; one is played on until it goes away, which is noticed at once."""
    with PulseServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        module = server.add_sink("usb", "K\u00fcche")
        assert sorted(list_sinks()) == [
            ("test", "Null Output", True),
            ("usb", "K\u00fcche", False),
        ]
        for missing in ("none", "\udcff", "a b"):
            with pytest.raises(AudioError, match="there is no device with this name"):
                PulseOutput(missing).start(bytes)
        counter = _Counter()
        output = PulseOutput("usb")
        output.start(counter.pull)
        wait_until(lambda: counter.at > RATE // 20)
        assert server.sinks_in_use() == ["usb"]
        assert not output.is_failed
        server.remove(module)
        wait_until(lambda: output.is_failed, 1.0)
        assert not output.is_alive()
        unheard = output.latency_ms
        assert 50 < unheard <= 200
        output.rewrite(counter.rewind, threading.Event().set)
        output.stop()
        server.freeze()
        monkeypatch.setattr("tui.audio._pulse_server._CONNECT_S", 0.1)
        with pytest.raises(AudioError, match="does not answer"):
            list_sinks()


class _Counter:
    """Sound whose every sample says which one it is."""

    def __init__(self) -> None:
        self.at = 0

    def pull(self, frames: int) -> bytes:
        """Count on."""
        numbers = range(self.at, self.at + frames)
        self.at += frames
        return array("h", [1 + number % _PERIOD for number in numbers]).tobytes()

    def rewind(self, frames: int) -> int:
        """Count from an earlier number on."""
        self.at -= frames
        return frames


@pytest.mark.needs("pulseaudio")
@pytest.mark.xdist_group("sound")
def test_what_is_taken_back_is_not_heard_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred times at any moment: no sample is missing, none comes twice.

    Where this process is held up for longer than the server leaves it, there is a seam;
    that may happen here and there while other tests keep both cores busy.
    """
    chance = random.Random(7)
    counter = _Counter()
    with PulseServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        with Recorder(server) as recorder:
            output = PulseOutput()
            output.start(counter.pull)
            taken: list[int] = []

            def rewind(frames: int) -> int:
                taken.append(frames)
                return counter.rewind(frames)

            for _ in range(100):
                recorder.wait(chance.randint(1, RATE // 25))
                output.rewrite(rewind, threading.Event().set)
            wait_until(lambda: len(recorder.mono().strip(b"\0")) > RATE)
            assert output.latency_ms > 0
            output.stop()
            heard = array("h", recorder.mono())
    sounds = [sample for sample in heard if sample]
    assert len(sounds) > RATE // 2
    assert sounds[0] == 1
    steps = [(after - before) % _PERIOD for before, after in pairwise(sounds)]
    assert sum(step != 1 for step in steps) <= _SEAMS
    assert max(taken) > RATE // 20
