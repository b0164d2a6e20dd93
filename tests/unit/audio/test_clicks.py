"""No command makes a step in the sound: measured as the bend of a sine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.sound import bend, sine, wav
from tests.support.stage import Stage
from tui.audio._commands import (
    Load,
    Pause,
    Play,
    Seek,
    SetBoost,
    SetLevel,
    SetLoudness,
    SetMuted,
    SetSpeed,
    SetVolume,
    Stop,
)
from tui.audio._mixer import Mixer, Plan
from tui.audio._ring import Ring
from tui.audio._sound import Sound

if TYPE_CHECKING:
    from pathlib import Path

    from tui.audio._commands import Command

UNDISTURBED = bend(sine(0.5)) + 4
"""A sine bends by itself; each of two sums and a gain may round by one more."""


@pytest.fixture
def note(tmp_path: Path) -> bytes:
    """Give the path of a tone that stops in the middle of a wave."""
    path = tmp_path / "sine.wav"
    path.write_bytes(wav(sine(4)[:-60]))
    return os.fsencode(path)


COMMANDS: dict[str, list[Command]] = {
    "pause": [Pause()],
    "stop": [Stop()],
    "seek": [Seek(2001)],
    "seek back": [Seek(0)],
    "speed": [SetSpeed(1.5)],
    "slower": [SetSpeed(0.5)],
    "volume": [SetVolume(0.3)],
    "silent": [SetVolume(0.0)],
    "mute": [SetMuted(muted=True)],
    "boost": [SetBoost(-6.0)],
    "level": [SetLoudness(1, -15.0), SetLevel(level=True)],
    "all": [SetVolume(0.5), SetSpeed(2.0), Seek(1500)],
}


@pytest.mark.parametrize("block", [64, 960, 9600])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_makes_no_click(name: str, block: int, note: bytes) -> None:
    """At no place of the wave does a command bend the sound more than it is bent."""
    stage = Stage()
    stage.do(Load(1, note))
    stage.play(0.2, block=block)
    for delay in range(4):
        stage.play(0.05 + delay * 0.0005, block=block)
        stage.do(*COMMANDS[name])
        stage.play(0.06, block=block)
        stage.do(Load(1, note, sound=Sound()), SetVolume(1.0), SetMuted(muted=False))
    stage.play(0.3, block=block)
    assert max(memoryview(stage.heard).cast("h")) > 8000, "there is sound"
    assert bend(bytes(stage.heard)) <= UNDISTURBED


def test_begin_and_end_make_no_click(note: bytes) -> None:
    """A recording that ends in the middle of a wave fades out."""
    stage = Stage()
    stage.do(Load(1, note, position_ms=3701))
    stage.play(0.5)
    stage.do(Play())
    stage.play(0.1)
    assert bend(bytes(stage.heard)) <= UNDISTURBED


def test_a_late_decoder_makes_no_click(note: bytes) -> None:
    """Sound that runs out fades out, also across blocks of the device."""
    for block in (64, 480, 960):
        stage = Stage()
        stage.do(Load(1, note))
        stage.play(0.7, work=False, block=block)
        stage.settle()
        stage.play(0.3, block=block)
        assert bend(bytes(stage.heard)) <= UNDISTURBED


def test_waves_in_opposite_phase_make_no_click() -> None:
    """The worst case of a change: the same tone, half a wave apart."""
    one, other = Ring(0, 1), Ring(0, 1)
    tone = sine(1)
    one.put(tone, 0)
    other.put(tone[2 * 54 :], 0)  # half a wave of 440 Hz is 54.5 frames
    mixer = Mixer(lambda: None)
    mixer.plan = Plan(one, playing=True)
    heard = mixer.pull(4800)
    mixer.plan = Plan(other, playing=True)
    heard += mixer.pull(4800)
    assert bend(heard) <= UNDISTURBED


def test_a_hasty_user_makes_no_click(note: bytes) -> None:
    """Changes that come while the last one still fades."""
    stage = Stage()
    stage.do(Load(1, note))
    stage.play(0.1)
    for turn in range(60):
        stage.do(Seek(37 * turn))
        stage.play(0.002, block=64)
        stage.do(Pause() if turn % 2 else Play())
        stage.play(0.001, block=64)
    assert bend(bytes(stage.heard)) <= UNDISTURBED
