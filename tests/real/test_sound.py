"""What really comes out: the player's process, a sound server, and a recorder."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.ear import Ear, wait_until
from tests.support.pulse import PulseServer, Recorder
from tests.support.sound import (
    bend,
    chirp,
    correlation,
    filled,
    find,
    frequency,
    noise,
    opus,
    sine,
    sounding,
    wav,
)
from tui.audio import Ended, EngineProcess, PlayerState
from tui.audio._api import RATE
from tui.audio._decode import Decoder, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.needs("pulseaudio"), pytest.mark.xdist_group("sound")]

FADE = 240
TRIES = 4
NOISE = noise(8)
BOTH = pytest.mark.parametrize(
    "output",
    [
        "pulse",
        "miniaudio",
        pytest.param("simpleaudio", marks=pytest.mark.needs("simpleaudio")),
    ],
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PulseServer]:
    """Give a sound server, and have everybody play on it."""
    with PulseServer() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


class Desk:
    """A player, and what is heard of it."""

    def __init__(self, output: str, folder: Path) -> None:
        self.folder = folder
        # Longer than usual: what is proved is that no sample is lost on the way, not
        # that the other tests leave this one a core every 18 ms.
        options = ("--period-ms", "60")
        self.player = EngineProcess(output, log_path=folder / "log", options=options)
        self.ear = Ear(self.player)
        self.player.start()

    def put(self, name: str, content: bytes) -> bytes:
        """Write a note and give its path."""
        (self.folder / name).write_bytes(content)
        return os.fsencode(self.folder / name)

    def is_playing(self) -> bool:
        """Whether it is."""
        return self.player.status.state is PlayerState.PLAYING


@pytest.fixture
def desk(output: str, server: PulseServer, tmp_path: Path) -> Iterator[Desk]:
    """Give a player that plays on an output of the server."""
    del server  # only to be there first
    made = Desk(output, tmp_path)
    yield made
    made.player.close()


def wait_for_sound(recorder: Recorder, begin: int = 0) -> int:
    """Wait until something is heard; at which frame."""
    wait_until(lambda: any(recorder.mono(begin)), what="a sound")
    heard = recorder.mono(begin)
    return begin + len(heard[: len(heard) - len(heard.lstrip(b"\0"))]) // 2


def wait_for_silence(recorder: Recorder) -> None:
    """Wait until nothing was heard for a fifth of a second."""
    wait_until(
        lambda: recorder.frames > RATE // 5 and not any(recorder.mono(-RATE // 5)),
        what="silence",
    )


@BOTH
def test_what_is_played_is_what_was_decoded(desk: Desk, server: PulseServer) -> None:
    """An Ogg Opus note from its first to its last sample."""
    path = desk.put("note.opus", opus(chirp(3)))
    recording = Recording(path)
    with Decoder(recording) as decoder:
        decoded = b"".join(pcm for pcm, _ in decoder)
    recording.close()
    with Recorder(server) as recorder:
        desk.player.load(path)
        desk.ear.await_count(Ended, 1)
        wait_for_silence(recorder)
        heard = filled(sounding(recorder.mono()))
    assert len(heard) == pytest.approx(len(decoded), abs=4 * FADE)
    assert correlation(filled(sounding(decoded)), heard) > 0.95


@BOTH
def test_nothing_is_lost_or_repeated(desk: Desk, server: PulseServer) -> None:
    """Three seconds of noise arrive bit by bit, without a gap."""
    path = desk.put("noise.wav", wav(NOISE))
    with Recorder(server) as recorder:
        desk.player.load(path, position_ms=4000)
        desk.ear.await_position(7000)
        desk.player.pause()
        wait_for_silence(recorder)
        heard = filled(sounding(recorder.mono()))[2 * FADE : -2 * FADE]
    assert len(heard) > 2.9 * 2 * RATE
    assert find(NOISE, heard) == pytest.approx(4 * RATE + FADE, abs=5)


@BOTH
def test_a_seek_is_heard_on_the_sample(desk: Desk, server: PulseServer) -> None:
    """What follows the cross-fade is what stands at the place."""
    path = desk.put("noise.wav", wav(NOISE))
    with Recorder(server) as recorder:
        desk.player.load(path)
        desk.ear.await_position(400)
        desk.player.seek(5000)
        desk.ear.await_position(5600)
        desk.player.pause()
        wait_for_silence(recorder)
        heard = recorder.mono()
    begin = 5 * RATE + 2 * FADE - FADE // 2
    place = find(heard, NOISE[2 * begin : 2 * begin + 400])
    assert place > 0
    size = 2 * RATE // 2
    assert heard[2 * place :][:size] == NOISE[2 * begin :][:size]
    before = 2 * (place - FADE * 2)
    assert find(NOISE, heard[before - 2000 : before]) > 0


@BOTH
def test_a_pause_loses_nothing(desk: Desk, server: PulseServer) -> None:
    """The sound goes on where it faded out."""
    path = desk.put("noise.wav", wav(NOISE))
    with Recorder(server) as recorder:
        desk.player.load(path)
        desk.ear.await_position(500)
        wait_for_sound(recorder)  # the recorder may be late, too
        desk.player.pause()
        wait_for_silence(recorder)
        first = filled(sounding(recorder.mono()))
        mark = recorder.frames
        desk.player.play()
        wait_for_sound(recorder, mark)
        desk.ear.await_position(desk.player.status.position_ms + 500)
        desk.player.pause()
        wait_for_silence(recorder)
        second = filled(sounding(recorder.mono(mark)))
    begin = find(NOISE, first[2 * FADE : -2 * FADE])
    again = find(NOISE, second[2 * FADE : -2 * FADE])
    assert begin == pytest.approx(FADE, abs=5)
    assert again == pytest.approx(len(first) // 2 + FADE, abs=10)


@BOTH
def test_faster_is_not_higher(desk: Desk, server: PulseServer) -> None:
    """At 1.5 times the speed a tone keeps its pitch within two per cent."""
    path = desk.put("sine.wav", wav(sine(4)))
    desk.player.set_speed(1.5)
    with Recorder(server) as recorder:
        desk.player.load(path)
        desk.ear.await_count(Ended, 1)
        wait_for_silence(recorder)
        heard = sounding(recorder.mono())
    assert len(heard) / 2 / RATE == pytest.approx(4 / 1.5, rel=0.02)
    assert frequency(heard[4000:-4000]) == pytest.approx(440, rel=0.02)


def commanded(player: EngineProcess, path: bytes, server: PulseServer) -> bytes:
    """Give commands of all kinds while something plays; what was heard."""
    with Recorder(server) as recorder:
        player.load(path)
        wait_for_sound(recorder)
        for turn in range(4):
            for act in (
                lambda t=turn: player.seek(1000 + 1777 * t),
                lambda t=turn: player.set_speed(1.5 if t % 2 else 0.8),
                player.pause,
                player.play,
                lambda t=turn: player.set_volume(1.0 if t % 2 else 0.4),
                lambda t=turn: player.set_muted(bool(t % 2)),
            ):
                act()
                recorder.wait(RATE // 15 + 37 * turn)
        player.stop()
        wait_for_silence(recorder)
        player.set_muted(False)
        return recorder.mono()


@pytest.mark.parametrize("output", ["pulse", "miniaudio"])
def test_no_command_clicks(desk: Desk, server: PulseServer) -> None:
    """A sine is bent nowhere more than it is by itself.

    What a busy machine does to it, a hole in the sound, is never twice at the same
    place; what a command does is there each time.
    """
    path = desk.put("sine.wav", wav(sine(20)))
    undisturbed = bend(sine(0.5)) + 4
    for _ in range(TRIES):
        heard = commanded(desk.player, path, server)
        assert max(memoryview(heard).cast("h")) > 8000
        # What a command makes silent stays so for longer than a machine that is late.
        sharpest = bend(filled(heard, RATE // 20))
        if sharpest <= undisturbed:
            break
    assert sharpest <= undisturbed


@pytest.mark.parametrize("output", ["pulse", "miniaudio"])
def test_a_killed_server_pauses_and_resumes(desk: Desk, server: PulseServer) -> None:
    """A line says so, the place is kept, and it goes on when the server is back."""
    path = desk.put("noise.wav", wav(NOISE))
    desk.player.load(path)
    desk.ear.await_position(300)
    server.kill(signal.SIGKILL)
    desk.ear.await_state(PlayerState.PAUSED)
    status = desk.player.status
    assert status.device_problem.startswith("No sound: ")
    assert 200 < status.position_ms < 2000
    server.start()
    with Recorder(server) as recorder:
        wait_until(desk.is_playing, 15, "playing again")
        begin = wait_for_sound(recorder)
        recorder.wait(RATE // 4)
        heard = recorder.mono(begin)
    assert desk.player.status.device_problem == ""
    place = find(NOISE, heard[4 * FADE : 4 * FADE + 2000])
    assert place / 48 == pytest.approx(status.position_ms, abs=150)


@pytest.mark.parametrize("output", ["pulse", "miniaudio"])
def test_a_server_that_hangs_is_told(desk: Desk, server: PulseServer) -> None:
    """The player answers meanwhile, and goes on when the server does."""
    path = desk.put("noise.wav", wav(NOISE))
    desk.player.load(path)
    desk.ear.await_position(300)
    server.freeze()
    desk.ear.await_state(PlayerState.PAUSED)
    assert desk.player.status.device_problem.startswith("No sound: ")
    desk.player.seek(3000)
    wait_until(lambda: desk.player.status.position_ms == 3000, what="the seek")
    server.freeze(thaw=True)
    wait_until(desk.is_playing, 20, "playing again")
    desk.ear.await_position(3300)


def test_without_a_device_time_goes_on(tmp_path: Path) -> None:
    """The bar moves, and a line says why nothing is heard."""
    desk = Desk("auto", tmp_path)
    desk.player.load(desk.put("noise.wav", wav(NOISE)))
    desk.ear.await_position(400)
    status = desk.player.status
    desk.player.close()
    assert status.output == "null"
    assert status.device_problem.startswith("No sound: ")
    assert status.state is PlayerState.PLAYING
