"""What every output promises, whichever it is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.pulse import PulseServer
from tui.audio._file import FileOutput
from tui.audio._miniaudio import MiniaudioOutput
from tui.audio._null import NullOutput
from tui.audio._pulse import PulseOutput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.audio._api import Output


@pytest.fixture(
    params=[
        "null",
        "file",
        *(
            pytest.param(
                name,
                marks=[
                    pytest.mark.needs("pulseaudio"),
                    pytest.mark.xdist_group("sound"),
                ],
            )
            for name in ("miniaudio", "pulse")
        ),
    ]
)
def output(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Output]:
    """Give each output in turn."""
    if request.param == "null":
        yield NullOutput()
    elif request.param == "file":
        yield FileOutput(tmp_path / "out.wav")
    else:
        with PulseServer() as server:
            monkeypatch.setenv("PULSE_SERVER", server.address)
            pulse = request.param == "pulse"
            made = PulseOutput() if pulse else MiniaudioOutput()
            yield made
            made.stop()


class Puller:
    """Counts what it was asked for."""

    def __init__(self) -> None:
        self.frames = 0
        self.thread = ""
        self.enough = threading.Event()

    def pull(self, frames: int) -> bytes:
        """Give silence."""
        assert frames > 0
        self.frames += frames
        self.thread = threading.current_thread().name
        if self.frames > 4800:
            self.enough.set()
        return bytes(2 * frames)


def test_it_asks_for_sound_on_a_thread_of_its_own(output: Output) -> None:
    """From start to stop, and not after."""
    puller = Puller()
    assert not output.is_alive()
    output.start(puller.pull)
    assert puller.enough.wait(10)
    assert output.is_alive()
    output.stop()
    frames = puller.frames
    assert not output.is_alive()
    assert puller.thread != threading.current_thread().name
    again = Puller()
    output.start(again.pull)
    assert again.enough.wait(10)
    output.stop()
    assert puller.frames == frames


def test_stop_is_idempotent(output: Output) -> None:
    """Also before any start."""
    output.stop()
    puller = Puller()
    output.start(puller.pull)
    output.stop()
    output.stop()


def test_it_says_what_it_is(output: Output) -> None:
    """A name, and a latency that can be true."""
    assert output.name in {"null", "file", "miniaudio", "pulse"}
    assert 0 <= output.latency_ms < 1000
