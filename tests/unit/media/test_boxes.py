"""MP4 and its kin are judged by their boxes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import encoded, silent_video
from tui.media import Wholeness
from tui.media._window import Window

if TYPE_CHECKING:
    from tests.unit.media.conftest import Look

_SOUND = b"\x21" * 500


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _mvhd(units: int = 3000, scale: int = 1000) -> bytes:
    return _box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, scale, units), bytes(80))


def _track(handler: bytes) -> bytes:
    hdlr = _box(b"hdlr", bytes(8), handler, bytes(13))
    return _box(b"trak", _box(b"tkhd", bytes(84)), _box(b"mdia", _box(b"mdhd"), hdlr))


_FTYP = _box(b"ftyp", b"M4A ", bytes(4))
_MOOV = _box(b"moov", _mvhd(), _track(b"soun"))
_MDAT = _box(b"mdat", _SOUND)


@pytest.mark.parametrize("suffix", ["m4a", "mp4", "mov", "3gp"])
def test_real_files(look: Look, suffix: str) -> None:
    """What an encoder wrote is whole, and as long as it was made."""
    probe = look(encoded(suffix, 2.0))
    assert probe.container == {"m4a": "mp4"}.get(suffix, suffix)
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PROVEN, 2000)
    assert (probe.has_audio, probe.has_video) == (True, False)


def test_films(look: Look) -> None:
    """A picture is seen, and so is the absence of sound."""
    film = look(encoded("mp4", 1.0, video=True))
    assert (film.has_audio, film.has_video) == (True, True)
    silent = look(silent_video(1.0))
    assert (silent.has_audio, silent.has_video) == (False, True)


@pytest.mark.parametrize(
    ("data", "wholeness", "duration"),
    [
        (_FTYP + _MOOV + _MDAT, Wholeness.PROVEN, 3000),
        (_FTYP + _MDAT + _MOOV, Wholeness.PROVEN, 3000),
        (_MDAT + _MOOV, Wholeness.PROVEN, 3000),
        (_box(b"wide") + _MDAT + _MOOV, Wholeness.PROVEN, 3000),
        (_FTYP + _MOOV + _MDAT + b"junk at the end", Wholeness.PLAUSIBLE, 3000),
        (_FTYP + _MOOV + _MDAT + b"abc", Wholeness.PLAUSIBLE, 3000),
        (_FTYP + _MOOV + _MDAT + bytes(100), Wholeness.PLAUSIBLE, 3000),
        (_FTYP + _MOOV + b"\0\0\0\0mdat" + _SOUND, Wholeness.PLAUSIBLE, 3000),
        (_FTYP + _MOOV + _box(b"mdat", bytes(500)), Wholeness.PLAUSIBLE, 3000),
        (_FTYP + b"\0\0\0\0mdat" + _SOUND, Wholeness.CUT, None),
        (_FTYP + _MDAT, Wholeness.CUT, None),
        (_FTYP + _MOOV, Wholeness.CUT, 3000),
        (_FTYP + _MDAT + _MOOV[:-1], Wholeness.CUT, None),
        (_FTYP + _MOOV + _MDAT[:-1], Wholeness.CUT, 3000),
        (_FTYP + _MOOV + b"\0\0\0\1mdat" + b"\xff" * 8, Wholeness.CUT, 3000),
        (_FTYP + _MOOV + _MDAT + b"\0\0\0\1mdat\0\0", Wholeness.PLAUSIBLE, 3000),
        (_FTYP + b"\0\0\0\4moov", Wholeness.CUT, None),
    ],
)
def test_boxes_add_up_or_not(
    look: Look, data: bytes, wholeness: Wholeness, duration: int | None
) -> None:
    """A file is whole if contents and sound are there and the boxes fill it."""
    probe = look(data)
    assert (probe.wholeness, probe.duration_ms) == (wholeness, duration)
    assert bool(probe.reason) == (wholeness is Wholeness.CUT)


def test_large_sizes(look: Look) -> None:
    """A box may give its size in 64 bits."""
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + len(_SOUND)) + _SOUND
    assert look(_FTYP + _MOOV + mdat).wholeness is Wholeness.PROVEN


@pytest.mark.parametrize(
    ("header", "duration"),
    [
        (_mvhd(0), None),
        (_mvhd(0xFFFFFFFF), None),
        (_mvhd(scale=0), None),
        (_mvhd(0xFFFFFFF0, 1), None),
        (_box(b"mvhd", struct.pack(">IQQIQ", 1 << 24, 0, 0, 8000, 24_000)), 3000),
        (_box(b"mvhd", bytes(4)), None),
        (b"", None),
    ],
)
def test_lengths_in_every_form(look: Look, header: bytes, duration: int | None) -> None:
    """Both versions of the header are read; damage and absence are no length."""
    moov = _box(b"moov", header, _track(b"soun"), _box(b"udta", bytes(40)))
    assert look(_FTYP + moov + _MDAT).duration_ms == duration


def test_fragments_may_go_on(look: Look) -> None:
    """A file of fragments is only proven by the index at its end."""
    moov = _box(b"moov", _mvhd(0), _box(b"mvex", bytes(8)), _track(b"soun"))
    fragments = _FTYP + moov + _box(b"moof", bytes(8)) + _MDAT
    assert look(fragments).wholeness is Wholeness.PLAUSIBLE
    index = _box(b"mfra", b"\1" * 70)
    assert look(fragments + index).wholeness is Wholeness.PROVEN


def test_a_track_without_a_handler_says_nothing(look: Look) -> None:
    """Tracks of other kinds are no sound and no picture."""
    empty = _box(b"trak", _box(b"mdia", _box(b"mdhd")), _box(b"edts"))
    probe = look(_FTYP + _box(b"moov", _mvhd(), empty, _track(b"text")) + _MDAT)
    assert (probe.has_audio, probe.has_video) == (False, False)


def test_contents_far_inside_a_large_file(look: Look) -> None:
    """Boxes between head and tail are read where they lie."""
    many = b"".join(_track(b"text") for _ in range(60))
    moov = _box(b"moov", _box(b"free", bytes(5000)), _mvhd(), many, _track(b"soun"))
    probe = look(_FTYP + _box(b"mdat", _SOUND * 40) + moov + _box(b"free", _SOUND * 20))
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PROVEN, 3000)
    assert probe.has_audio


def test_a_file_of_endless_boxes_is_given_up(look: Look) -> None:
    """Thousands of scattered boxes are not followed; nothing is claimed."""
    probe = look(_FTYP + _MOOV + _box(b"free", _SOUND * 10) * 600 + _MDAT)
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PLAUSIBLE, 3000)
    tiny = look(_FTYP + _MOOV + _box(b"free") * 21_000 + _MDAT)
    assert tiny.wholeness is Wholeness.PLAUSIBLE


def test_a_window_reads_only_what_it_has_not() -> None:
    """Head, tail and the last piece read are not read again."""
    data = bytes(range(256)) * 100
    asked: list[tuple[int, int]] = []

    def read(at: int, count: int) -> bytes:
        asked.append((at, count))
        return data[at : at + count]

    window = Window(data[:100], data[-100:], len(data), read)
    assert window.get(10, 20) == data[10:30]
    assert window.get(len(data) - 50, 80) == data[-50:]
    assert window.get(len(data) + 5, 8) == b""
    assert asked == []
    assert window.get(5000, 16) == data[5000:5016]
    assert window.get(5100, 16) == data[5100:5116]
    assert window.get(4000, 16) == data[4000:4016]
    assert asked == [(5000, 4096), (4000, 4096)]
