"""WebM and Matroska are judged by their segment."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import encoded
from tui.media import Wholeness

if TYPE_CHECKING:
    from tests.unit.media.conftest import Look

_OPEN = b"\x01" + b"\xff" * 7


def _element(number: str, *parts: bytes, size: bytes | None = None) -> bytes:
    body = b"".join(parts)
    if size is None:
        size = struct.pack(">Q", 1 << 56 | len(body))
    return bytes.fromhex(number) + size + body


_HEAD = _element("1a45dfa3", _element("4286", b"\1"), _element("4282", b"webm"))
_INFO = _element(
    "1549a966", _element("2ad7b1", b"\x0f\x42\x40"), b"\x44\x89\x84E;\x80\0"
)
"""A scale of a million nanoseconds, 3000.0 of them."""
_SOUND = _element("1654ae6b", _element("ec"), _element("ae", _element("83", b"\2")))
_FILM = _element("1654ae6b", _element("ae", _element("83", b"\1")))
_CLUSTER = _element("1f43b675", b"x" * 300)


def _file(*parts: bytes, size: bytes | None = None) -> bytes:
    return _HEAD + _element("18538067", *parts, size=size)


_GOOD = _file(_INFO, _SOUND, _CLUSTER)


@pytest.mark.parametrize(("suffix", "name"), [("webm", "webm"), ("mka", "matroska")])
def test_real_files(look: Look, suffix: str, name: str) -> None:
    """What an encoder wrote is whole and has sound only."""
    probe = look(encoded(suffix, 2.0))
    assert (probe.container, probe.wholeness) == (name, Wholeness.PROVEN)
    assert probe.duration_ms == 2008
    assert (probe.has_audio, probe.has_video) == (True, False)


@pytest.mark.parametrize(
    ("data", "wholeness", "duration"),
    [
        (_GOOD, Wholeness.PROVEN, 3000),
        (_GOOD[:-1], Wholeness.CUT, 3000),
        (_GOOD + b"junk", Wholeness.PLAUSIBLE, 3000),
        (_file(_INFO, _SOUND, _CLUSTER, size=_OPEN), Wholeness.PLAUSIBLE, 3000),
        (_file(_INFO, _SOUND, _CLUSTER, size=b"\xff"), Wholeness.PLAUSIBLE, 3000),
        (_file(_SOUND, _CLUSTER), Wholeness.PROVEN, None),
        (_HEAD, Wholeness.CUT, None),
        (_HEAD + bytes(100), Wholeness.CUT, None),
        (_HEAD + b"\x01\xff", Wholeness.CUT, None),
        (_HEAD + b"\x18", Wholeness.CUT, None),
        (_HEAD + b"\x18\x53\x80\x67\x00", Wholeness.CUT, None),
        (_HEAD[:4], Wholeness.CUT, None),
    ],
)
def test_segments(
    look: Look, data: bytes, wholeness: Wholeness, duration: int | None
) -> None:
    """A segment says how long it is, unless it was written live."""
    probe = look(data)
    assert (probe.wholeness, probe.duration_ms) == (wholeness, duration)


@pytest.mark.parametrize(
    ("value", "duration"),
    [
        (struct.pack(">d", 2000.0), 2000),
        (struct.pack(">d", float("nan")), None),
        (struct.pack(">f", float("inf")), None),
        (struct.pack(">d", -5.0), None),
        (struct.pack(">d", 1e300), None),
        (b"\1\2\3", None),
        (b"", None),
    ],
)
def test_lengths(look: Look, value: bytes, duration: int | None) -> None:
    """A length is a float of 4 or 8 bytes; nonsense is none."""
    info = _element("1549a966", _element("4489", value))
    assert look(_file(info, _SOUND, _CLUSTER)).duration_ms == duration


def test_films(look: Look) -> None:
    """The kinds of the tracks tell sound from picture."""
    silent = look(_file(_INFO, _FILM, _CLUSTER))
    assert (silent.has_audio, silent.has_video) == (False, True)
    unknown = look(_file(_INFO, _CLUSTER))
    assert (unknown.has_audio, unknown.has_video) == (True, False)


def test_endless_elements_are_given_up(look: Look) -> None:
    """Thousands of elements before the sound are not followed."""
    probe = look(_file(_element("ec") * 3000, _INFO, _SOUND, _CLUSTER))
    assert probe.wholeness is Wholeness.PLAUSIBLE


def test_a_segment_without_sound_data(look: Look) -> None:
    """A segment may end before its first cluster."""
    assert look(_file(_INFO, _SOUND)).wholeness is Wholeness.PROVEN
