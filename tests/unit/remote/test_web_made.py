"""What is made for a page: where it is asked for, once, and in the right place."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import amr_note
from tests.support.sound import chirp, correlation, long_wav, opus, wav
from tui.audio import RATE, Decoder, Recording
from tui.errors import AudioError
from tui.remote import _web_made
from tui.remote._web_layout import Layout
from tui.remote._web_made import Made, count_samples
from tui.remote._web_media import serve_note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOUND, LONG = chirp(3), chirp(4)


def never() -> bool:
    """Go on."""
    return False


def same(one: bytes, other: bytes) -> float:
    """Compare two sounds that begin together, to the sample or nearly so."""
    return correlation(one, other, reach=4)


def opened(path: Path) -> Made:
    """Open a note as a page gets it."""
    made = serve_note(os.fsencode(path), never, most_bytes=0)
    assert isinstance(made, Made)
    return made


def content_of(made: Made, begin: int, end: int) -> bytes:
    """Read all bytes of a range."""
    found = b""
    while begin + len(found) < end:
        data = made.read(begin + len(found), end - begin - len(found))
        assert data
        found += data
    return found


def heard(made: Made, folder: Path, first: int, count: int) -> bytes:
    """Decode some parts, as if they were all that there is; gives the sound of them."""
    own = Layout(count * RATE)
    layout = Layout(made.samples)
    parts = []
    for number in range(first, first + count):
        data = content_of(made, *layout.place(number))
        parts.append([packet for packet, *_ in layout.read(number, data)])
    parts.append([parts[-1][-1]] * 50)
    path = folder / "heard.webm"
    path.write_bytes(own.head + b"".join(own.write(i, p) for i, p in enumerate(parts)))
    with Decoder(Recording(os.fsencode(path))) as decoder:
        return b"".join(pcm for pcm, _ in decoder)


def test_the_middle_of_an_hour_is_made_alone(tmp_path: Path) -> None:
    """It sounds as in the file; nothing before it was made, and its length is right."""
    path = tmp_path / "a.wav"
    long_wav(path, 3600, {1800: SOUND})
    made = opened(path)
    assert made.samples == 3600 * RATE
    assert made.duration_ms == 3_600_000
    sound = heard(made, tmp_path, 1800, 3)
    assert same(SOUND, sound) > 0.98
    assert set(made._kept._slots) == {1800, 1801, 1802}
    made.close()


def test_parts_that_were_made_apart_join(tmp_path: Path) -> None:
    """After seeks here and there the whole sounds as the file does."""
    path = tmp_path / "a.wav"
    path.write_bytes(wav(LONG))
    made = opened(path)
    layout = Layout(made.samples)
    for number in (2, 0, 3, 1):
        content_of(made, *layout.place(number))
    whole = tmp_path / "whole.webm"
    whole.write_bytes(content_of(made, 0, made.size))
    with Decoder(Recording(os.fsencode(whole))) as decoder:
        sound = b"".join(pcm for pcm, _ in decoder)
    assert len(sound) == len(LONG)
    for second in range(3):
        part = slice(
            2 * (second * RATE + RATE // 2), 2 * (second * RATE + RATE * 3 // 2)
        )
        assert same(LONG[part], sound[part]) > 0.98
    made.close()


def test_what_was_made_is_never_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the note is there."""
    path = tmp_path / "a.wav"
    path.write_bytes(wav(SOUND))
    made = opened(path)
    first = content_of(made, 0, made.size)

    def fail(*_given: object) -> None:
        raise AssertionError

    made._parts = None
    monkeypatch.setattr(_web_made, "_encoded", fail)
    assert content_of(made, 0, made.size) == first
    assert content_of(made, 5000, 9000) == first[5000:9000]
    made.close()
    assert made.read(0, 10) == b""
    made.close()


def test_no_more_than_some_hours_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read longest ago makes room, and is made again when it is needed."""
    monkeypatch.setattr(_web_made, "_MOST_PARTS", 2)
    path = tmp_path / "a.wav"
    path.write_bytes(wav(SOUND))
    made = opened(path)
    content_of(made, 0, made.size)
    assert made._kept._file is not None
    assert os.fstat(made._kept._file.fileno()).st_size <= 2 * _web_made._SLOT
    assert len(made._kept._slots) == 2
    assert same(SOUND[: 2 * RATE], heard(made, tmp_path, 0, 1)) > 0.98
    made.close()


def test_a_disk_that_fails_mixes_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that could not be kept, or not be read, leaves the others as they are."""
    monkeypatch.setattr(_web_made, "_MOST_PARTS", 3)
    path = tmp_path / "a.wav"
    path.write_bytes(wav(LONG))
    made = opened(path)
    layout = Layout(made.samples)

    def content(number: int) -> bytes:
        return content_of(made, *layout.place(number))

    read = os.pread

    def fail(file: int, count: int, begin: int) -> bytes:
        if made._kept._file is None or file != made._kept._file.fileno():
            return read(file, count, begin)
        raise OSError(5, "Input/output error")

    first = [content(number) for number in range(4)]
    with monkeypatch.context() as broken:
        broken.setattr(os, "pwrite", fail)
        content(0)
    with monkeypatch.context() as broken:
        broken.setattr(os, "pread", fail)
        content(2)
    for number in (0, 1, 3, 2, 0, 1):
        assert content(number)[:14] == first[number][:14]  # has the time
        kept = made._kept._slots.values()
        assert len(set(kept)) == len(kept) <= 3
    made.close()


def test_without_room_nothing_is_kept_and_all_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk silences nobody."""

    def full(**_given: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.wav"
    path.write_bytes(wav(SOUND))
    made = opened(path)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert same(SOUND, heard(made, tmp_path, 0, 3)) > 0.98
    assert not made._kept._slots
    made.close()


def _cut_wav(path: Path) -> float:
    path.write_bytes(wav(LONG)[: 44 + 2 * RATE * 3])
    return 3.0


def _wordless_wav(path: Path) -> float:
    """As a recorder leaves it that lost its power: sizes that say nothing."""
    content = bytearray(wav(LONG))
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    return 4.0


def _amr(path: Path) -> float:
    path.write_bytes(amr_note(5))
    return 5.0


def _opus(path: Path) -> float:
    path.write_bytes(opus(SOUND))
    return 3.0


def _cut_opus(path: Path) -> float:
    content = opus(LONG)
    path.write_bytes(content[: len(content) // 2])
    with Decoder(Recording(os.fsencode(path))) as decoder:
        return sum(len(pcm) for pcm, _ in decoder) / 2 / RATE


@pytest.mark.parametrize("kind", [_cut_wav, _wordless_wav, _amr, _opus, _cut_opus])
def test_the_length_is_that_of_the_sound(
    tmp_path: Path, kind: Callable[[Path], float]
) -> None:
    """Whatever the container says: a page shows it, and there the next one follows."""
    path = tmp_path / "a"
    seconds = kind(path)
    recording = Recording(os.fsencode(path))
    assert count_samples(recording, never) == pytest.approx(seconds * RATE, abs=500)
    recording.close()


def test_what_has_no_sound_is_told(tmp_path: Path) -> None:
    """Before a page is sent there; so is who gave up."""
    path = tmp_path / "a.wav"
    path.write_bytes(wav(b""))
    with pytest.raises(AudioError):
        serve_note(os.fsencode(path), never, most_bytes=0)
    path.write_bytes(wav(SOUND))
    with pytest.raises(AudioError, match="not needed"):
        serve_note(os.fsencode(path), lambda: True, most_bytes=0)
