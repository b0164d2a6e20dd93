"""Lengths that head and tail don't tell are measured."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.notes import amr_note, encoded, opus_note, silent_video, with_serial
from tui.media import Wholeness, measure
from tui.media._measure import _count, _Seekable

_MEDIA = Path(__file__).parents[2] / "data" / "media"


def _file(tmp_path: Path, data: bytes) -> bytes:
    path = tmp_path / "caf\u00e9 [x].opus"
    path.write_bytes(data)
    return os.fsencode(path)


@pytest.mark.parametrize(
    ("suffix", "low", "high"),
    [
        ("aac", 2000, 2050),
        ("mp3", 2000, 2060),
        ("wma", 2000, 2060),
        ("opus", 2000, 2000),
        ("flac", 2000, 2000),
    ],
)
def test_lengths_of_encoded_files(
    tmp_path: Path, suffix: str, low: int, high: int
) -> None:
    """Each comes out as long as it was made, but for the encoder's own padding."""
    data = opus_note(2.0) if suffix == "opus" else encoded(suffix, 2.0)
    probe = measure(_file(tmp_path, data))
    assert probe.duration_ms is not None
    assert low <= probe.duration_ms <= high
    assert probe.wholeness in {Wholeness.PROVEN, Wholeness.PLAUSIBLE}


@pytest.mark.parametrize(
    ("name", "duration"), [("a.mp3", 3096), ("a.aac", 3072), ("v.ogg", 3000)]
)
def test_lengths_of_real_files(name: str, duration: int) -> None:
    """The lengths are those that the formats' own tools give."""
    assert measure(os.fsencode(_MEDIA / name)).duration_ms == duration


def test_long_files_of_frames(tmp_path: Path) -> None:
    """Frames are counted, also behind a tag."""
    assert measure(_file(tmp_path, amr_note(100.0))).duration_ms == 100_000
    tagged = b"ID3\4\0\0\0\0\0\5" + bytes(5) + encoded("aac", 2.0)
    assert 2000 <= (measure(_file(tmp_path, tagged)).duration_ms or 0) <= 2050


def test_a_chain(tmp_path: Path) -> None:
    """Links of a chained Ogg file add up."""
    chain = opus_note(1.5) + with_serial(opus_note(2.0), 7)
    assert measure(_file(tmp_path, chain)).duration_ms == 3500


def test_mp3_without_a_stated_length(tmp_path: Path) -> None:
    """Frames are counted where the first frame does not tell how many there are."""
    data = encoded("mp3", 2.0)
    at = data.index(b"Info")
    bare = data[:at] + bytes(4) + data[at + 4 :]
    probe = measure(_file(tmp_path, bare))
    assert probe.duration_ms is not None
    assert 2000 <= probe.duration_ms <= 2100


def test_a_live_webm(tmp_path: Path) -> None:
    """What a browser recorded states no length: packets are counted."""
    data = encoded("webm", 2.0)
    at = data.index(b"\x44\x89\x88")
    live = data[:at] + b"\xec\x89" + data[at + 2 : at + 2] + bytes(9) + data[at + 11 :]
    probe = measure(_file(tmp_path, live))
    assert probe.duration_ms is not None
    assert 1980 <= probe.duration_ms <= 2020


def test_fragments(tmp_path: Path) -> None:
    """A movie header without a length is not the last word."""
    data = bytearray(encoded("m4a", 2.0))
    at = data.index(b"mvhd") + 4
    data[at + 16 : at + 20] = bytes(4)
    probe = measure(_file(tmp_path, bytes(data)))
    assert probe.duration_ms is not None
    assert 1990 <= probe.duration_ms <= 2060


def test_a_film_without_sound(tmp_path: Path) -> None:
    """A container that only the decoder can tell of is asked for sound, too."""
    data = bytearray(silent_video(1.0))
    at = data.index(b"mvhd") + 4
    data[at + 16 : at + 20] = bytes(4)
    probe = measure(_file(tmp_path, bytes(data)))
    assert (probe.has_audio, probe.has_video) == (False, True)


@pytest.mark.parametrize(
    ("data", "wholeness"),
    [
        (b"", Wholeness.EMPTY),
        (b"text " * 100, Wholeness.UNKNOWN),
        (opus_note(2.0)[:-5], Wholeness.CUT),
    ],
)
def test_what_needs_no_measuring(
    tmp_path: Path, data: bytes, wholeness: Wholeness
) -> None:
    """A first look that says no is not doubted."""
    assert measure(_file(tmp_path, data)).wholeness is wholeness


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + b"x" * 500,
        b"ID3\4\0\0\0\0\0\5" + bytes(5) + b"x" * 3000,
        b"#!AMR-WB\n" + b"\x08" * 9000,
        b"wvpk" + bytes(200),
        b"\xff\xf1" + bytes(20_000),
        b"FORM" + struct.pack(">I", 100) + b"AIFF" + bytes(96),
    ],
)
def test_damage_is_said(tmp_path: Path, data: bytes) -> None:
    """What nothing can read is unknown, with a reason; or it is silence."""
    probe = measure(_file(tmp_path, data))
    if probe.duration_ms is None:
        assert probe.wholeness is Wholeness.UNKNOWN
        assert probe.reason


def test_gone(tmp_path: Path) -> None:
    """The system's error is passed on."""
    with pytest.raises(FileNotFoundError):
        measure(os.fsencode(tmp_path / "none"))


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    """A text that a decoder would follow to other files is only a text."""
    note = tmp_path / "note.wav"
    note.write_bytes(encoded("wav", 1.0))
    playlist = f"#EXTM3U\n#EXTINF:1,\n{note}\n".encode()
    assert measure(_file(tmp_path, playlist)).wholeness is Wholeness.UNKNOWN


def test_a_file_as_ffmpeg_sees_it(tmp_path: Path) -> None:
    """No place and no disk error raises; PyAV would print it."""
    path = _file(tmp_path, b"0123456789")
    fd = os.open(path, os.O_RDONLY)
    file = _Seekable(fd, 10)
    assert file.read(4) == b"0123"
    assert file.seek(2, 1) == 6
    assert file.read(9) == b"6789"
    assert file.seek(-3, 2) == 7
    assert file.seek(-1, 0) == -1
    assert file.seek(1 << 63, 0) == -1
    assert file.tell() == 7
    assert file.seek(0, 0x20000) == 0
    os.close(fd)
    assert file.read(4) == b""


@pytest.mark.parametrize(
    ("packets", "duration"),
    [
        ([(0, 480), (480, 480), (None, None)], 20),
        ([(100, 0), (580, 0), (1060, None)], 20),
        ([(None, 480), (None, 480)], 20),
        ([(100, 0)], None),
        ([], None),
    ],
)
def test_packets_are_added_up(
    packets: list[tuple[int | None, int | None]], duration: int | None
) -> None:
    """Packets that have no length of their own are told by their times."""
    told = [
        SimpleNamespace(pts=pts, duration=length, time_base=Fraction(1, 48_000))
        for pts, length in packets
    ]
    assert _count(iter(told)) == duration  # type: ignore[arg-type]  # as PyAV's are


def test_nothing_heavy_is_imported_early() -> None:
    """The decoders are loaded by the first file that needs them."""
    code = (
        "import sys, tui.media, tui.sources\n"
        "heavy = {'av', 'mutagen', 'watchfiles', 'miniaudio', 'sqlite3', 'asyncio'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
