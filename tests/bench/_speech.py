"""Speech that a synthesiser made: single words at known places, in noise or without."""

from __future__ import annotations

import io
import math
import random
import subprocess
import wave
from array import array
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tests.support.sound import wav
from tui.audio._api import RATE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TICK", "WORDS", "Scene", "Word", "make_scene", "save", "say", "sentence"]

WORDS = [
    "seven",
    "sister",
    "fish",
    "friend",
    "half",
    "house",
    "hello",
    "ship",
    "thin",
    "fourteen",
    "stop",
    "photograph",
    "she",
    "six",
    "safe",
    "hat",
    "food",
    "shoe",
    "think",
    "first",
    "harbour",
    "sleep",
    "help",
    "flower",
    "these",
    "zoo",
    "yes",
    "no",
    "maybe",
    "tomorrow",
]
"""Many of them begin or end softly, with S, F, H, SH or TH."""
TICK = RATE // 100
_TALK = (
    "Hello there, it is me again. I went down to the harbour this morning, and six "
    "small fish swam safely past the old house. She sells sea shells, you know. What "
    "happens next is hard to say, but I think that we shall see each other soon."
)
_LEAST = 10.0
"""What is softer (-70 dBFS) is heard by nobody."""


@cache
def say(text: str, voice: str = "en", pace: int = 160) -> array[int]:
    """Have a text spoken, at the engine's rate, without the silence around it."""
    spoken = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(pace), "--stdout", text],
        check=True,
        capture_output=True,
    ).stdout
    made = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            "-",
            "-ar",
            str(RATE),
            "-ac",
            "1",
            "-f",
            "wav",
            "-bitexact",
            "-",
        ],
        input=spoken,
        check=True,
        capture_output=True,
    ).stdout
    with wave.open(io.BytesIO(made)) as file:
        sound = array("h", file.readframes(len(made)))
    low, high = min(sound), max(sound)
    limit = 0.003 * max(high, -low)
    loud = [at for at, each in enumerate(sound) if abs(each) > limit]
    return sound[loud[0] : loud[-1] + 1]


def sentence(seconds: float = 0.0) -> array[int]:
    """Have somebody talk, so long or for some sentences."""
    said = say(_TALK)
    if not seconds:
        return said
    times = math.ceil(seconds * RATE / len(said))
    return (said * times)[: round(seconds * RATE)]


def save(path: Path, sound: array[int]) -> bytes:
    """Write a WAV file; gives its path as the engine wants it."""
    path.write_bytes(wav(sound.tobytes()))
    return str(path).encode()


@dataclass(frozen=True)
class Word:
    """Where a word is."""

    text: str
    begin: int
    end: int
    """Frames."""


@dataclass(frozen=True)
class Scene:
    """Words with pauses between them, in noise."""

    title: str
    sound: array[int]
    """What is recorded."""
    audible: list[list[int]]
    """For each word the ticks of it that are louder than the noise."""
    words: list[Word]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.sound) / RATE

    @property
    def pauses(self) -> float:
        """Seconds in which nobody speaks."""
        return self.seconds - sum(word.end - word.begin for word in self.words) / RATE


def make_scene(  # what may differ from scene to scene
    title: str,
    *,
    noise: str = "white",
    noise_db: float | None = None,
    soft_db: float = 0.0,
    voice: str = "en",
    gaps: tuple[float, ...] = (0.4, 0.8, 1.5, 2.5),
    seed: int = 1,
) -> Scene:
    """Make a scene in which every other word is soft, or whispered.

    Args:
        title: What to call it.
        noise: Its kind: white, rumble, hum or swell.
        noise_db: Its level in decibels of full scale (RMS); None for none.
        soft_db: How much softer every other word is than the one before it.
        voice: Who says those.
        gaps: Seconds of the pauses, of which one is drawn at a time.
        seed: Of what is drawn.
    """
    chance = random.Random(seed)
    clean = [0.0] * (RATE // 2)
    words = []
    for number, text in enumerate(WORDS):
        said = say(text, voice if number % 2 else "en")
        gain = 0.5 * 10 ** (soft_db / 20 if number % 2 else 0.0)
        words.append(Word(text, len(clean), len(clean) + len(said)))
        clean.extend(gain * each for each in said)
        clean.extend([0.0] * round(chance.choice(gaps) * RATE))
    level = 0.0 if noise_db is None else 32768 * 10 ** (noise_db / 20)
    sound = array("h")
    for one, other in zip(clean, _noise(noise, len(clean), chance), strict=True):
        sound.append(max(-32768, min(32767, round(one + level * other))))
    audible = [
        [
            at
            for at in range(word.begin // TICK, word.end // TICK + 1)
            if _rms(clean[at * TICK : (at + 1) * TICK]) > max(level, _LEAST)
        ]
        for word in words
    ]
    return Scene(title, sound, audible, words)


def _rms(samples: list[float]) -> float:
    return math.sqrt(sum(each * each for each in samples) / max(1, len(samples)))


def _noise(kind: str, count: int, chance: random.Random) -> list[float]:
    """Make noise with an RMS of 1."""
    made = [chance.gauss(0, 1) for _ in range(count)]
    if kind == "rumble":
        last = 0.0
        for at, each in enumerate(made):
            last = made[at] = 0.98 * last + each
    elif kind == "hum":
        turn = 2 * math.pi * 100 / RATE
        made = [
            math.sin(turn * at) + 0.4 * math.sin(3 * turn * at) + 0.15 * each
            for at, each in enumerate(made)
        ]
    elif kind == "swell":
        turn = 2 * math.pi * 0.3 / RATE
        made = [each * (1 + 0.8 * math.sin(turn * at)) for at, each in enumerate(made)]
    level = _rms(made)
    return [each / level for each in made]
