"""WAV and CAF are judged by their chunks."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import encoded, tone_wav
from tui.media import Wholeness

if TYPE_CHECKING:
    from tests.unit.media.conftest import Look

_MEDIA = Path(__file__).parents[2] / "data" / "media"
_SOUND = b"\x11" * 16_000
_FMT = struct.pack("<HHIIHH", 1, 1, 8000, 16_000, 2, 16)


def _chunk(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    return kind + struct.pack("<I", len(body) if size is None else size) + body


def _wav(*chunks: bytes, riff: bytes = b"RIFF", size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return _chunk(riff, body, size)


_GOOD = _wav(_chunk(b"fmt ", _FMT), _chunk(b"data", _SOUND))


@pytest.mark.parametrize(
    ("data", "wholeness", "duration"),
    [
        (_GOOD, Wholeness.PROVEN, 1000),
        (_GOOD[:-1], Wholeness.CUT, 999),
        (_GOOD[:44], Wholeness.CUT, 0),
        (_GOOD[:30], Wholeness.CUT, None),
        (_GOOD + b"LIST", Wholeness.PLAUSIBLE, 1000),
        (_GOOD + bytes(50), Wholeness.PLAUSIBLE, 1000),
        (
            _wav(
                _chunk(b"fmt ", _FMT), _chunk(b"data", _SOUND), _chunk(b"LIST", b"ab")
            ),
            Wholeness.PROVEN,
            1000,
        ),
        (
            _wav(_chunk(b"JUNK", b"abc") + b"\0", _chunk(b"fmt ", _FMT), _GOOD[36:]),
            Wholeness.PROVEN,
            1000,
        ),
        # A recorder that streams leaves the sizes open.
        (
            _wav(_chunk(b"fmt ", _FMT), _chunk(b"data", _SOUND, 0), size=0),
            Wholeness.PLAUSIBLE,
            1000,
        ),
        (
            _wav(
                _chunk(b"fmt ", _FMT),
                _chunk(b"data", _SOUND, 0xFFFFFFFF),
                size=0xFFFFFFFF,
            ),
            Wholeness.PLAUSIBLE,
            1000,
        ),
        (_wav(_chunk(b"fmt ", _FMT), _chunk(b"data", b"")), Wholeness.CUT, 0),
        (_wav(_chunk(b"fmt ", _FMT), size=0), Wholeness.CUT, None),
        (
            _wav(_chunk(b"fmt ", b"\1\0"), _chunk(b"data", _SOUND)),
            Wholeness.PROVEN,
            None,
        ),
        (
            _wav(_chunk(b"fmt ", _FMT), _chunk(b"data", bytes(16_000))),
            Wholeness.PLAUSIBLE,
            1000,
        ),
        # An odd size without the byte that should fill it up.
        (
            _wav(_chunk(b"fmt ", _FMT), _chunk(b"data", b"\x11" * 1601)),
            Wholeness.PROVEN,
            100,
        ),
        (
            _wav(b"\xff\xff\xff\xff\1\0\0\0", _chunk(b"data", _SOUND)),
            Wholeness.CUT,
            None,
        ),
        (_GOOD.replace(struct.pack("<I", 16_000), bytes(4), 1), Wholeness.PROVEN, 1000),
    ],
)
def test_wav(
    look: Look, data: bytes, wholeness: Wholeness, duration: int | None
) -> None:
    """Chunks and the file's own size agree in a whole file."""
    probe = look(data)
    assert probe.container == "wav"
    assert (probe.wholeness, probe.duration_ms) == (wholeness, duration)


def test_real_wav(look: Look) -> None:
    """What Python's and FFmpeg's writers make is whole."""
    assert look(tone_wav(1.25)).duration_ms == 1250
    assert look(tone_wav(1.25)).wholeness is Wholeness.PROVEN
    assert look(encoded("wav", 1.25)).wholeness is Wholeness.PROVEN


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
def test_wav_with_64_bits(look: Look, magic: bytes) -> None:
    """The large form keeps its sizes in a chunk of their own."""
    fmt, data = _chunk(b"fmt ", _FMT), _chunk(b"data", _SOUND, 0xFFFFFFFF)
    whole = 4 + 36 + len(fmt) + len(data)
    ds64 = _chunk(b"ds64", struct.pack("<QQQI", whole, len(_SOUND), 0, 0))
    file = _wav(ds64, fmt, data, riff=magic, size=0xFFFFFFFF)
    probe = look(file)
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PROVEN, 1000)
    assert look(file[:-100]).wholeness is Wholeness.CUT
    short = _wav(_chunk(b"ds64", b"\1\0"), fmt, data, riff=magic, size=0xFFFFFFFF)
    assert look(short).wholeness is Wholeness.PLAUSIBLE


def test_wav_of_endless_chunks(look: Look) -> None:
    """Thousands of chunks before the sound are not followed."""
    many = _chunk(b"junk", b"x" * 5000) * 600
    file = _wav(_chunk(b"fmt ", _FMT), many, _chunk(b"data", _SOUND))
    assert look(file).wholeness is Wholeness.PLAUSIBLE
    assert look(file).duration_ms is None
    after = _wav(_chunk(b"fmt ", _FMT), _chunk(b"data", _SOUND), many)
    assert look(after).wholeness is Wholeness.PLAUSIBLE
    small = _chunk(b"junk", b"") * 2100
    file = _wav(_chunk(b"fmt ", _FMT), _chunk(b"data", _SOUND), small)
    assert look(file).wholeness is Wholeness.PLAUSIBLE


def _caf_chunk(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    return kind + struct.pack(">q", len(body) if size is None else size) + body


def _desc(rate: float, packet: int, frames: int) -> bytes:
    return _caf_chunk(
        b"desc", struct.pack(">d4sIIIII", rate, b"lpcm", 0, packet, frames, 1, 16)
    )


def _caf(*chunks: bytes) -> bytes:
    return b"caff\0\1\0\0" + b"".join(chunks)


_PCM = _desc(8000.0, 2, 1)
_OPUS = _desc(48_000.0, 0, 960)
_DATA = _caf_chunk(b"data", bytes(4) + _SOUND)


def _pakt(frames: int) -> bytes:
    return _caf_chunk(b"pakt", struct.pack(">qqii", 50, frames, 0, 0) + b"\x33" * 80)


@pytest.mark.parametrize(
    ("data", "wholeness", "duration"),
    [
        (_caf(_PCM, _DATA), Wholeness.PROVEN, 1000),
        (_caf(_PCM, _DATA[:-1]), Wholeness.CUT, 1000),
        (_caf(_PCM), Wholeness.CUT, None),
        (_caf(), Wholeness.CUT, None),
        (_caf(_PCM, _caf_chunk(b"data", bytes(4))), Wholeness.CUT, 0),
        (_caf(_PCM, _caf_chunk(b"data", bytes(4) + _SOUND, -1)), "plausible", 1000),
        (_caf(_PCM, _DATA, b"junk"), Wholeness.PLAUSIBLE, 1000),
        (_caf(_PCM, _DATA, bytes(40)), Wholeness.PLAUSIBLE, 1000),
        (_caf(_PCM, _DATA, _caf_chunk(b"info", b"", -9)), Wholeness.PLAUSIBLE, 1000),
        (_caf(_PCM, _caf_chunk(b"data", bytes(16_004))), Wholeness.PLAUSIBLE, 1000),
        # Packets of different sizes need their table.
        (_caf(_OPUS, _DATA, _pakt(96_000)), Wholeness.PROVEN, 2000),
        (_caf(_OPUS, _pakt(96_000), _DATA), Wholeness.PROVEN, 2000),
        (_caf(_OPUS, _DATA), Wholeness.CUT, None),
        (_caf(_OPUS, _DATA, _pakt(-5)), Wholeness.PROVEN, None),
        (_caf(_OPUS, _DATA, _pakt(2**62)), Wholeness.PROVEN, None),
        (_caf(_OPUS, _caf_chunk(b"pakt", b""), _DATA), Wholeness.CUT, None),
        (_caf(_desc(0.0, 2, 1), _DATA), Wholeness.PROVEN, None),
        (_caf(_desc(float("nan"), 2, 1), _DATA), Wholeness.PROVEN, None),
        (_caf(_desc(float("inf"), 2, 1), _DATA), Wholeness.PROVEN, 0),
        (_caf(_caf_chunk(b"desc", b"x"), _DATA, _pakt(5)), Wholeness.PROVEN, None),
    ],
)
def test_caf(look: Look, data: bytes, wholeness: str, duration: int | None) -> None:
    """A whole file has its sound, its table if need be, and chunks that fill it."""
    probe = look(data)
    assert probe.container == "caf"
    assert (probe.wholeness, probe.duration_ms) == (Wholeness(wholeness), duration)


def test_real_caf(look: Look) -> None:
    """An iPhone's kind of file, and FFmpeg's."""
    probe = look((_MEDIA / "opus.caf").read_bytes())
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PROVEN, 3020)
    assert look(encoded("caf", 2.0)).duration_ms == 2000


def test_caf_of_endless_chunks(look: Look) -> None:
    """Thousands of scattered chunks are not followed; nothing is claimed."""
    many = _caf_chunk(b"free", b"x" * 5000) * 600
    assert look(_caf(_PCM, many, _DATA)).wholeness is Wholeness.PLAUSIBLE
    small = _caf_chunk(b"free", b"") * 2100
    assert look(_caf(_PCM, _DATA, small)).wholeness is Wholeness.PLAUSIBLE
