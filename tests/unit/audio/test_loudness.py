"""Integrated loudness: as ITU-R BS.1770-4 wants it, for any file."""

from __future__ import annotations

import itertools
import math
import os
from array import array
from typing import TYPE_CHECKING

import av
import pytest

from tests.support.notes import amr_note, silent_video
from tests.support.sound import chirp, opus, samples, sine, wav
from tui.audio import measure_loudness, measure_sound
from tui.audio._api import RATE
from tui.audio._decode import Decoder, Recording
from tui.audio._frames import Chunk, Kind
from tui.audio._loudness import SILENT_LUFS, Meter
from tui.errors import AudioError

if TYPE_CHECKING:
    from pathlib import Path

SINE_LUFS = -3.01
"""Of a tone of 997 Hz at full scale, on one channel (BS.1770-4, annex 1)."""


def keep(folder: Path, data: bytes, name: str = "note.wav") -> bytes:
    """Write a file and tell its path."""
    (folder / name).write_bytes(data)
    return os.fsencode(folder / name)


@pytest.mark.parametrize("level_db", [-6.0, -23.0, -50.0])
def test_a_tone_is_as_loud_as_the_standard_says(
    level_db: float, tmp_path: Path
) -> None:
    """The reference of the meter."""
    path = keep(tmp_path, wav(sine(2, 997, 10 ** (level_db / 20))))
    assert measure_loudness(path) == pytest.approx(SINE_LUFS + level_db, abs=0.1)


@pytest.mark.parametrize("milliseconds", [40, 399, 450])
def test_the_shortest_note_has_a_loudness(milliseconds: int, tmp_path: Path) -> None:
    """Shorter than one block of the standard: as if it were repeated."""
    path = keep(tmp_path, wav(sine(milliseconds / 1000, 1000, 0.1)))
    assert measure_loudness(path) == pytest.approx(SINE_LUFS - 20, abs=0.3)


def test_pauses_do_not_count(tmp_path: Path) -> None:
    """What is far softer than the rest is left out, as the standard's gates want it."""
    tone = sine(2, 997, 0.1)
    path = keep(tmp_path, wav(tone + bytes(len(tone) * 3) + tone))
    assert measure_loudness(path) == pytest.approx(SINE_LUFS - 20, abs=0.5)


def test_silence_is_known_to_be_silence(tmp_path: Path) -> None:
    """It has been measured; nobody need do it again."""
    path = keep(tmp_path, wav(bytes(2 * RATE)))
    assert measure_loudness(path) == SILENT_LUFS
    assert measure_sound(path).lufs == SILENT_LUFS


@pytest.mark.parametrize("suffix", ["opus", "m4a", "mp3", "flac"])
@pytest.mark.parametrize("channels", [1, 2])
def test_it_is_that_of_what_is_played(
    suffix: str, channels: int, tmp_path: Path
) -> None:
    """The decoder's one channel is as loud, whatever the file has."""
    left = chirp(2)
    both = left
    if channels == 2:
        pairs = zip(samples(left), itertools.repeat(0), strict=False)
        both = array("h", itertools.chain.from_iterable(pairs)).tobytes()
    source = keep(tmp_path, wav(both, channels=channels))
    path = os.fsencode(tmp_path / f"note.{suffix}")
    with av.open(os.fsdecode(source)) as read, av.open(os.fsdecode(path), "w") as made:
        codec = {"opus": "libopus", "m4a": "aac", "mp3": "libmp3lame"}
        out = made.add_stream(codec.get(suffix, suffix), rate=RATE)
        assert isinstance(out, av.AudioStream)
        out.layout = "mono" if channels == 1 else "stereo"
        out.bit_rate = 96_000
        for frame in read.decode(audio=0):
            made.mux(out.encode(frame))
        made.mux(out.encode(None))
    recording = Recording(path)
    with Decoder(recording) as decoder:
        played = b"".join(pcm for pcm, _ in decoder)
    recording.close()
    wanted = measure_loudness(keep(tmp_path, wav(played), "played.wav"))
    assert wanted is not None
    found = measure_loudness(path)
    assert found == pytest.approx(wanted, abs=0.2)
    assert measure_sound(path).lufs == found


def test_it_can_be_stopped(tmp_path: Path) -> None:
    """Then nothing is known."""
    path = keep(tmp_path, wav(sine(3)))
    answers = iter([False, True])
    assert measure_loudness(path, should_stop=lambda: next(answers)) is None


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "a.opus"),
        (b"no sound at all" * 50, "a.opus"),
        (wav(b""), "a.wav"),
        (silent_video(1.0), "a.mp4"),
    ],
    ids=["empty", "text", "no samples", "film"],
)
def test_what_is_no_sound_is_refused(data: bytes, name: str, tmp_path: Path) -> None:
    """With a reason."""
    with pytest.raises(AudioError) as caught:
        measure_loudness(keep(tmp_path, data, name))
    assert caught.value.reason


def test_two_kinds_in_one_file_are_one_loudness(tmp_path: Path) -> None:
    """Half of it at another rate and with another number of channels."""
    first = opus(sine(1, 997, 0.25))
    tone = sine(1, 997, 0.25)
    meter = Meter()
    for chunk in (
        _chunk(array("h", tone), "s16", "mono", RATE),
        *[_chunk(array("f", [x / 32768 for x in samples(tone)]), "flt", "mono", RATE)]
        * 2,
    ):
        meter.add(chunk)
    lone = measure_loudness(keep(tmp_path, first, "a.opus"))
    assert meter.end() == pytest.approx(lone, abs=0.2)


def test_infinities_of_a_damaged_stream_are_passed_over() -> None:
    """One of them would else stay in the meter for good."""
    tone = array("f", [x / 32768 for x in samples(sine(2, 997, 0.25))])
    tone[100], tone[200], tone[300] = math.inf, -math.inf, math.nan
    meter = Meter()
    meter.add(_chunk(tone, "flt", "mono", RATE))
    assert meter.end() == pytest.approx(SINE_LUFS - 12, abs=1)


def test_what_can_not_be_measured_has_no_loudness(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Channels that no filter takes are no reason to have no waveform."""
    meter = Meter()
    assert meter.end() is None
    for _ in range(2):
        meter.add(_chunk(array("h", [1, 2, 3]), "s16", "no layout", RATE))
    assert meter.end() is None
    assert caplog.text.count("can't be measured") == 1


def _chunk(kept: array[int] | array[float], name: str, layout: str, rate: int) -> Chunk:
    kind = Kind(name, layout, rate, 1, kept.itemsize, kept.typecode, 1.0, 0.0)
    return Chunk(kind, len(kept), [array(kept.typecode, kept)])


def test_what_plays_can_be_measured(tmp_path: Path) -> None:
    """Also what a phone sends while nobody speaks, and FFmpeg's own decoder refuses."""
    path = tmp_path / "a.amr"
    path.write_bytes(amr_note(3.0))
    measured = measure_sound(os.fsencode(path))
    assert measured.lufs is not None
    assert measured.lufs <= -50
    assert len(measured.peaks) == 200
