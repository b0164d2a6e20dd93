"""Waveforms: the shape of a sound in a few steps, whatever the file is."""

from __future__ import annotations

import math
import os
import time
import tracemalloc
from array import array
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.notes import encoded, silent_video
from tests.support.sound import noise, opus, wav
from tui.audio import MeasuredSound, measure_sound, rough_peaks, shape
from tui.audio import _frames as frames
from tui.audio import _peaks as peaks
from tui.errors import AudioError

if TYPE_CHECKING:
    from pathlib import Path


class Keep(Protocol):
    """Writes a file and tells its path."""

    def __call__(self, data: bytes, name: str = "note.wav") -> bytes:
        """Write it."""


RATE = 48_000


def _steps(levels: list[float], seconds: float = 1.0, channels: int = 1) -> bytes:
    """Make a tone that is as loud as told, for so long each."""
    made = array("h")
    for level in levels:
        for i in range(round(seconds * RATE)):
            value = round(32767 * level * math.sin(2 * math.pi * 441 * i / RATE))
            made.extend([value] + [0] * (channels - 1))
    return made.tobytes()


def _peaks(path: bytes, bins: int = 200) -> bytes:
    """Compute the waveform of a file."""
    return measure_sound(path, bins).peaks


def _middles(found: bytes) -> list[int]:
    """Take one of ten steps: a decoder's frame may lie across a border."""
    return list(found[5::10])


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Give what writes a file and tells its path."""

    def write(data: bytes, name: str = "note.wav") -> bytes:
        (tmp_path / name).write_bytes(data)
        return os.fsencode(tmp_path / name)

    return write


LEVELS = [1.0, 0.25, 0.01, 0.5]
EXPECTED = [255 * math.sqrt(level) for level in LEVELS]


def test_the_shape_is_that_of_the_sound(keep: Keep) -> None:
    """The square root of the loudest sample, relative to full scale."""
    path = keep(wav(_steps(LEVELS)))
    assert _middles(_peaks(path, 40)) == pytest.approx(EXPECTED, abs=3)
    assert len(_peaks(path)) == 200


def test_any_coding_has_the_same_shape(keep: Keep) -> None:
    """Opus decodes to floating point numbers, a WAV to whole ones."""
    path = keep(opus(_steps(LEVELS)), "note.opus")
    found = _middles(_peaks(path, 40))
    assert found == pytest.approx(EXPECTED, abs=25)


def test_every_channel_counts(keep: Keep) -> None:
    """A note that speaks on the left only is not silent, nor on the right."""
    left = _steps(LEVELS, channels=2)
    right = b"\0\0" + left[:-2]
    for pcm in (left, right):
        path = keep(wav(pcm, channels=2))
        found = _middles(_peaks(path, 40))
        assert found == pytest.approx(EXPECTED, abs=3)


def test_eight_bits_have_their_middle_elsewhere(keep: Keep) -> None:
    """Silence is 128 there."""
    import io
    import wave

    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes([128]) * 8000 + bytes([0, 255]) * 4000)
    found = _peaks(keep(out.getvalue()), 20)
    assert (found[5], found[15]) == (0, 255)


@pytest.mark.parametrize("milliseconds", [5, 30, 200, 3000])
def test_the_last_step_sounds_too(keep: Keep, milliseconds: int) -> None:
    """However short a note is, its steps cover all of it."""
    path = keep(wav(_steps([1.0], milliseconds / 1000)))
    assert min(_peaks(path, 20)[::7]) > 0
    assert _peaks(path, 3)[-1] > 150


def test_a_phone_recording_has_a_shape(keep: Keep) -> None:
    """At 8 kHz every sample counts."""
    path = keep(wav(_steps(LEVELS), rate=8000))
    assert _middles(_peaks(path, 40)) == pytest.approx(EXPECTED, abs=3)


def test_damage_costs_its_place_only(keep: Keep) -> None:
    """The rest of the note is drawn."""
    data = bytearray(opus(_steps([0.5] * 6)))
    middle = len(data) // 2
    data[middle : middle + 200] = b"\xff" * 200
    found = _peaks(keep(bytes(data), "note.opus"), 60)
    assert sum(step > 100 for step in found) > 30


@pytest.mark.parametrize(
    "data",
    [b"", b"no sound at all" * 50, b"OggS" + b"\0" * 500, wav(b"")],
)
def test_what_is_no_sound_is_refused(keep: Keep, data: bytes) -> None:
    """With a reason; an empty waveform would look like silence."""
    path = keep(data)
    for compute in (_peaks, rough_peaks):
        with pytest.raises(AudioError) as caught:
            compute(path)
        assert caught.value.reason
        assert caught.value.path == os.fsdecode(path)


def test_a_film_without_sound_is_refused(keep: Keep) -> None:
    """It opens, and yet there is nothing to draw."""
    with pytest.raises(AudioError, match="no sound"):
        _peaks(keep(silent_video(1.0), "film.mp4"))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, and a file that is gone."""
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(AudioError):
            _peaks(os.fsencode(path))


def test_a_playlist_is_no_recording(tmp_path: Path) -> None:
    """A file that names other files or servers has none of them opened."""
    other = tmp_path / "other.wav"
    other.write_bytes(wav(noise(1)))
    playlist = (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n"
    )
    script = "ffconcat version 1.0\nfile other.wav\n"
    for number, text in enumerate((playlist, script)):
        path = tmp_path / f"{number}.opus"
        path.write_text(text)
        with pytest.raises(AudioError):
            _peaks(os.fsencode(path))


def test_a_hole_after_the_sound_costs_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gigabytes of nothing are not looked through: the shape is of the sound."""
    monkeypatch.setattr(frames, "PATIENCE_S", 0.2)
    path = tmp_path / "hole.mp3"
    path.write_bytes(encoded("mp3", 2))
    os.truncate(path, 2 << 30)
    begun = time.monotonic()
    assert len(_peaks(os.fsencode(path))) == 200
    assert time.monotonic() - begun < 5


def test_it_can_be_stopped(keep: Keep) -> None:
    """The cursor has moved on, or the browser ends."""
    path = keep(wav(_steps([1.0])))
    stopped = measure_sound(path, should_stop=lambda: True)
    assert stopped == MeasuredSound(b"", None)
    assert measure_sound(path, should_stop=lambda: False).peaks


def test_memory_does_not_grow_with_the_length() -> None:
    """Ten hours take as many numbers as a minute."""
    cells = peaks._Cells(RATE // 100)
    for _ in range(5000):
        cells.add(RATE, 0.5)
    tracemalloc.start()
    for second in range(31_000):
        cells.add(RATE, 1.0 if second == 30_000 else 0.5)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 1_000_000
    found = cells.spread(200)
    assert found.index(1.0) == 35_000 * 200 // 36_000
    assert sum(step == 1.0 for step in found) <= 2


def test_infinities_of_a_damaged_stream_are_none() -> None:
    """A floating point sample may hold anything."""
    cells = peaks._Cells(10)
    cells.add(0, 1.0)
    cells.add(10, 0.5)
    assert cells.spread(1) == [0.5]


def test_the_sizes_of_packets_are_a_rough_shape(keep: Keep) -> None:
    """Loud and rich sound takes more bytes than silence."""
    quiet, loud = bytes(2 * RATE), noise(1.0)
    path = keep(opus(quiet + loud + quiet + loud), "note.opus")
    found = rough_peaks(path, 4)
    assert min(found[1], found[3]) > 2 * max(found[2] // 2, 20)


def test_a_constant_bit_rate_tells_nothing(keep: Keep) -> None:
    """Then there is no rough shape, rather than a wrong one."""
    assert rough_peaks(keep(wav(noise(1.0)))) == b""


@given(st.binary(max_size=300), st.integers(-3, 300))
def test_a_shape_fits_its_columns(data: bytes, width: int) -> None:
    """Levels of 0 to 8, the loudest at the top, silence flat."""
    levels = shape(data, width)
    if not data or width <= 0:
        assert levels == []
        return
    assert len(levels) == width
    assert set(levels) <= set(range(9))
    assert max(levels) == (8 if max(data) > 8 else 0)


def test_a_shape_is_stretched_and_squeezed() -> None:
    """A peak is never lost between two columns."""
    assert shape(bytes([0, 200, 0, 100]), 4) == [0, 8, 0, 4]
    assert shape(bytes([0, 200, 0, 100]), 8) == [0, 0, 8, 8, 0, 0, 4, 4]
    assert shape(bytes([0, 200, 0, 100]), 2) == [8, 4]
    assert shape(bytes([*([9] * 99), 255, *([9] * 100)]), 10).count(8) == 1
    assert shape(bytes(200), 5) == [0] * 5
