"""Formats of frames without a length are told and counted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import amr_note, encoded
from tui.media import Wholeness
from tui.media._frames import ADTS, AMR_NB, AMR_WB, count_frames, flac_info, is_mp3

if TYPE_CHECKING:
    from tests.unit.media.conftest import Look
    from tui.media._frames import FrameFormat

_MEDIA = Path(__file__).parents[2] / "data" / "media"


def _count(format_: FrameFormat, data: bytes) -> int | None:
    return count_frames(format_, len(data), lambda at, count: data[at : at + count])


@pytest.mark.parametrize(
    ("name", "format_", "duration"),
    [
        ("syn.amr", AMR_NB, 3000),
        ("synwb.amr", AMR_WB, 2000),
        ("a.aac", ADTS, 3072),
    ],
)
def test_real_files_are_counted(name: str, format_: FrameFormat, duration: int) -> None:
    """Each frame counts, also of different sizes."""
    assert _count(format_, (_MEDIA / name).read_bytes()) == duration


def test_a_frame_that_is_cut_does_not_count() -> None:
    """What can't be played has no length."""
    data = (_MEDIA / "a.aac").read_bytes()
    assert _count(ADTS, data[:-1]) == 3072 - 64
    assert _count(AMR_NB, amr_note(1.0)[:-1]) == 980
    assert _count(AMR_NB, b"#!AMR\n") is None
    assert _count(ADTS, b"\xff\xf1" + bytes(5)) is None


def test_what_follows_the_frames_does_not_count() -> None:
    """Tags and noise at the end have no length."""
    data = (_MEDIA / "a.aac").read_bytes()
    assert _count(ADTS, data + b"TAG" + bytes(125)) == 3072
    odd_rate = bytes([0xFF, 0xF1, 0x3C, 0, 1, 0, 0])
    assert _count(ADTS, odd_rate) is None


def test_long_files_are_counted_in_pieces() -> None:
    """Frames lie across the pieces that are read."""
    data = amr_note(200.0)
    assert len(data) > 50_000
    assert _count(AMR_NB, data * 2) is not None
    assert _count(AMR_NB, data) == 200_000
    assert _count(AMR_WB, amr_note(2000.0, wide=True)) == 2_000_000


def test_a_file_that_becomes_shorter_ends_the_count() -> None:
    """A read beyond the end gives what was counted."""
    data = amr_note(200.0)
    counted = count_frames(
        AMR_NB, len(data) * 100, lambda at, count: data[at : at + count]
    )
    assert counted == 200_000


def test_days_of_sound_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count ends some time, and the rest is taken to be like it."""
    monkeypatch.setattr("tui.media._frames._MAX_FRAMES", 100)
    assert _count(AMR_NB, amr_note(20.0)) == 20_000


@pytest.mark.parametrize(
    ("data", "container", "duration"),
    [
        (amr_note(3.0), "amr-nb", 3000),
        (amr_note(3.0, wide=True), "amr-wb", 3000),
        (amr_note(100.0), "amr-nb", None),
        (encoded("aac", 0.2), "adts", 232),
        (encoded("aac", 2.0), "adts", None),
        (encoded("mp3", 2.0), "mp3", None),
        (encoded("mp3", 2.0)[45:], "mp3", None),
        (b"ID3\4\0\0\0\0\0\5" + bytes(5) + encoded("mp3", 0.5)[45:], "mp3", None),
        (b"ID3\4\0\0\0\0\0\5" + bytes(5) + encoded("aac", 0.5), "adts", None),
        (b"ID3\4\0\0\0\0\0\5" + bytes(5) + encoded("flac", 0.5), "flac", 500),
        (encoded("flac", 2.0), "flac", 2000),
        (encoded("wma", 1.0), "asf", None),
    ],
)
def test_what_the_head_tells(
    look: Look, data: bytes, container: str, duration: int | None
) -> None:
    """Short files are counted at once; longer ones are left to a measurement."""
    probe = look(data)
    assert (probe.container, probe.wholeness) == (container, Wholeness.PLAUSIBLE)
    assert probe.duration_ms == duration


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (b"#!AMR\n", "amr-nb"),
        (b"#!AMR-WB\n", "amr-wb"),
        (b"ID3\4\0\0", "mp3"),
        (b"ID3\4\0\0\0\0\x10\0" + bytes(100), "mp3"),
        (b"fLaC\0\0\0\x22", "flac"),
        (b"fLaC\0\0\0\x22" + bytes(34), "flac"),
    ],
)
def test_beginnings_without_sound_are_cut(
    look: Look, data: bytes, container: str
) -> None:
    """A file that stops before its first frame waits for more."""
    probe = look(data)
    assert (probe.container, probe.wholeness) == (container, Wholeness.CUT)


def test_flac_without_a_number_of_samples(look: Look) -> None:
    """A stream that was written live does not say how long it is."""
    flac = bytearray(encoded("flac", 1.0))
    assert flac_info(bytes(flac[8:])) == (44_100, 44_100)
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)
    probe = look(bytes(flac))
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PLAUSIBLE, None)


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ("fffb9000", 417),  # version 1, layer 3, 128 kbit/s, 44.1 kHz
        ("fffb9200", 418),  # the same with padding
        ("fff38000", 208),  # version 2, layer 3, 64 kbit/s, 22.05 kHz
        ("ffe38000", 417),  # version 2.5, 11.025 kHz
        ("fffd9400", 480),  # version 1, layer 2, 160 kbit/s, 48 kHz
        ("ffff9800", 432),  # version 1, layer 1, 288 kbit/s, 32 kHz
    ],
)
def test_frames_of_mpeg_audio(head: str, size: int) -> None:
    """The size of a frame leads to the next one."""
    frame = bytes.fromhex(head).ljust(size, b"\0")
    assert is_mp3(frame + frame)
    assert not is_mp3(frame + b"\0" + frame)
    assert is_mp3(frame)


@pytest.mark.parametrize(
    "head",
    ["ffeb9000", "fff99000", "fffbf000", "fffb0000", "fffb9c00", "fe000000", "ff"],
)
def test_what_is_no_frame_of_mpeg_audio(head: str) -> None:
    """Reserved values are never a frame."""
    assert not is_mp3(bytes.fromhex(head))
