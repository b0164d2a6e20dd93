"""The recordings that tests stand on are what they say they are."""

from __future__ import annotations

import io
import os
from array import array
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import av
import pytest

from tests.support.notes import (
    corpus,
    corpus_notes,
    hostile_names,
    hostile_texts,
    opus_note,
    tone_wav,
    with_serial,
)
from tui.media import Wholeness, probe_file

if TYPE_CHECKING:
    from pathlib import Path


def _decoded(data: bytes) -> tuple[array[int], int]:
    """Decode a recording to one channel of 16-bit samples and their rate."""
    samples: array[int] = array("h")
    resampler = av.AudioResampler("s16", "mono", 48_000)
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(container.streams.audio[0]):
            for part in resampler.resample(frame):
                samples.frombytes(bytes(part.planes[0])[: part.samples * 2])
    return samples, 48_000


def _frequency(samples: array[int], rate: int) -> float:
    """Count how often a second a tone rises through zero."""
    rises = sum(a < 0 <= b for a, b in pairwise(samples))
    return rises * rate / len(samples)


@pytest.mark.parametrize("freq", [300, 440, 1000])
def test_a_note_is_a_tone(freq: int) -> None:
    """A note decodes to the tone and the length that were asked for."""
    samples, rate = _decoded(opus_note(2.0, freq=freq))
    assert abs(len(samples) - 2 * rate) <= 2 * 312
    assert _frequency(samples, rate) == pytest.approx(freq, rel=0.02)
    assert max(samples) > 8000


def test_a_wav_is_a_tone() -> None:
    """So does a WAV file, in both channels."""
    samples, rate = _decoded(tone_wav(1.0, freq=500, channels=2))
    assert len(samples) == rate
    assert _frequency(samples, rate) == pytest.approx(500, rel=0.01)


def test_a_note_begins_like_whatsapps() -> None:
    """The first page is byte for byte the one of WhatsApp's notes."""
    first = bytes.fromhex(
        "4f6767530002000000000000000000000000000000" + "00492af6a00113"
    )
    assert opus_note(1.0).startswith(first + b"OpusHead\1\1\x38\1\x80\x3e\0\0\0\0\0")
    assert b"OpusTags\x08\0\0\0WhatsApp\0\0\0\0" in opus_note(1.0)
    assert b"Lavf" in opus_note(1.0, vendor="Lavf60")


def test_another_serial_is_another_file() -> None:
    """The copy decodes alike, and its checksums are right."""
    note = opus_note(1.0)
    other = with_serial(note, 0xDEADBEEF)
    assert other != note
    assert with_serial(other, 0) == note
    assert opus_note(1.0, serial=0xDEADBEEF) == other
    assert _decoded(other) == _decoded(note)


def test_a_corpus_is_a_phones_folder(tmp_path: Path) -> None:
    """Names, folders, times and lengths are those of WhatsApp; no two are equal."""
    made = corpus(tmp_path, 60, days=10, last_day=date(2024, 9, 20), longest=4.0)
    paths = sorted((tmp_path / "WhatsApp Voice Notes").rglob("*.opus"))
    assert len(paths) == made.files == 60
    assert made.folders == len({path.parent for path in paths})
    assert made.size == sum(path.stat().st_size for path in paths)
    assert len({path.read_bytes() for path in paths}) == 60
    assert {path.parent.name for path in paths} <= {"202437", "202438"}
    probes = [probe_file(os.fsencode(path)) for path in paths]
    assert all(probe.wholeness is Wholeness.PROVEN for probe in probes)
    assert sum(probe.duration_ms or 0 for probe in probes) == made.duration_ms
    notes = list(corpus_notes(60, days=10, last_day=date(2024, 9, 20), longest=4.0))
    assert {note.name for note in notes} == {path.name for path in paths}
    assert [note.mtime_ns for note in notes] == sorted(note.mtime_ns for note in notes)


def test_hostile_names_are_legal(tmp_path: Path) -> None:
    """Every name can be made, and no two are the same."""
    names = hostile_names()
    for name in names:
        os.close(os.open(os.fsencode(tmp_path) + b"/" + name, os.O_CREAT | os.O_EXCL))
    assert {os.fsencode(path.name) for path in tmp_path.iterdir()} == set(names)
    assert "[/]" in hostile_texts()
