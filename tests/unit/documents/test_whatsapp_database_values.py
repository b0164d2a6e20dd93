"""Single values of WhatsApp's Android database."""

from __future__ import annotations

import base64
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.documents._msgstore_people import parse_jid
from tui.documents._msgstore_values import (
    duration_of,
    hash_of,
    is_media_name,
    path_in_blob,
    path_of,
    size_of,
    text_of,
    title_of,
    waveform_of,
    whole_of,
)

_ANYTHING = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(st.characters()),
    st.binary(),
    st.text("/.Media\0"),
)
_NOTE = "Media/WhatsApp Voice Notes/202433/PTT-20240815-WA0003.opus"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (_NOTE, _NOTE),
        (_NOTE.encode(), _NOTE),
        (f"/storage/emulated/0/WhatsApp/{_NOTE}", _NOTE),
        (f"/storage/emulated/999/WhatsApp/{_NOTE}", _NOTE),
        (f"/data/media/0/parallel/WhatsApp/{_NOTE}", _NOTE),
        (f"/sdcard/Android/media/com.whatsapp/WhatsApp/{_NOTE}", _NOTE),
        (f"file:///sdcard/WhatsApp/{_NOTE}", _NOTE),
        (f"/storage/Media/WhatsApp/{_NOTE}", _NOTE),
        ("/GB/Media/GBWhatsApp Audio/x.mp3", "Media/GBWhatsApp Audio/x.mp3"),
        ("Media//WhatsApp Audio///x.mp3", "Media/WhatsApp Audio/x.mp3"),
        ("Media/cafe\u0301.mp3", "Media/caf\xe9.mp3"),
        ("/storage/emulated/0/Recordings/a.m4a", "Recordings/a.m4a"),
        ("/storage/1A2B-3C4D/Music/a.mp3", "Music/a.mp3"),
        ("/mnt/sdcard/a.mp3", "a.mp3"),
        ("/sdcard/a.mp3", "a.mp3"),
        ("/somewhere/else/a.mp3", "somewhere/else/a.mp3"),
        ("AUD-20140102-WA0001.aac", "AUD-20140102-WA0001.aac"),
        ("content://media/external/audio/17", ""),
        ("Media/../../etc/passwd", ""),
        ("../x.opus", ""),
        ("./x.opus", ""),
        ("Media/a\0b.opus", ""),
        ("Media/", ""),
        ("/", ""),
        ("", ""),
        ("Media/\ud800.opus", ""),
        (None, ""),
        (17, ""),
    ],
)
def test_paths(value: object, expected: str) -> None:
    """A path is cut to what is the same on every phone, and never leaves it."""
    assert path_of(value) == expected.encode()


@given(_ANYTHING)
def test_a_path_is_always_safe(value: object) -> None:
    """Whatever a database says, a path is relative, tidy UTF-8 in NFC."""
    for path in (path_of(value), path_in_blob(value)):
        text = path.decode()
        assert unicodedata.normalize("NFC", text) == text
        assert not {"", ".", ".."} & set(text.split("/")) or text == ""
        assert "\0" not in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            b"\xac\xedt\x00\x20/sdcard/WhatsApp/" + _NOTE.encode() + b"w\x02\x00/x",
            _NOTE,
        ),
        (b"\x00\x10Media/a.amr\x00\x00Media/b.amr", "Media/a.amr"),
        (b"\x00\x10Media/a.opusx", "Media/a.opus"),
        (b"\x00\x10Media/a.opusxxx", ""),
        ("\0Media/é.m4a\0".encode(), "Media/é.m4a"),
        (b"\x00Media/\xff\xfe.m4a\x00", ""),
        (b"\x00Media/a\x00b.opus", ""),
        (b"\x00Media/x.jpg", ""),
        ("Media/text.opus", ""),
        (b"", ""),
        (None, ""),
    ],
)
def test_paths_in_serialised_java(value: object, expected: str) -> None:
    """The first path of a recording in a blob is found by its looks."""
    assert path_in_blob(value) == expected.encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (base64.b64encode(bytes(range(32))).decode(), bytes(range(32))),
        (base64.b64encode(bytes(range(32))), bytes(range(32))),
        (base64.b64encode(bytes(31)).decode(), None),
        ("h", None),
        ("é" * 44, None),
        ("*" * 44, None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_hashes(value: object, expected: bytes | None) -> None:
    """A hash is base64 of 32 bytes, or none."""
    assert hash_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (bytes([0, 1, 50, 100] * 16), bytes([0, 3, 128, 255] * 16)),
        (bytes([101, 255] * 32), bytes([255] * 64)),
        (bytes(63), None),
        (bytes(65), None),
        (b"", None),
        ("\0" * 64, None),
        (None, None),
    ],
)
def test_waveforms(value: object, expected: bytes | None) -> None:
    """A waveform has 64 bytes from 0 to 100."""
    assert waveform_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        ("5", 5),
        (5.0, 5),
        (-5, -5),
        ("five", None),
        ("", None),
        (float("inf"), None),
        (float("nan"), None),
        ("9" * 5000, None),
        (1 << 80, None),
        (b"5", None),
        (None, None),
    ],
)
def test_whole_numbers(value: object, expected: int | None) -> None:
    """A number may be kept as text; what is none is not told."""
    assert whole_of(value) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [((9, 8), 9), ((0, 8), 8), ((None, 8), 8), ((0, 0), None), ((-1, None), None)],
)
def test_sizes(values: tuple[object, ...], expected: int | None) -> None:
    """The first size that is more than nothing counts."""
    assert size_of(*values) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3000), ("3", 3000), (0, None), (-3, None), (10**12, None), (None, None)],
)
def test_durations(value: object, expected: int | None) -> None:
    """Seconds are told in milliseconds; none and nonsense are not."""
    assert duration_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" My song ", "My song"),
        (b"My song", "My song"),
        ("AUD-20240815-WA0006.m4a", ""),
        ("PTT-20240815-WA0006.opus", ""),
        ("AUD is not a name", "AUD is not a name"),
        (None, ""),
    ],
)
def test_titles(value: object, expected: str) -> None:
    """A title is what a person gave, not a name that the app made."""
    assert title_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("AUD-20140102-WA0001.aac", True),
        ("My song.MP3", True),
        ("My song", False),
        ("a/b.mp3", False),
        (".mp3", False),
        (None, False),
    ],
)
def test_names_of_files(value: object, expected: bool) -> None:
    """The old schema has a name or a title in the same column."""
    assert is_media_name(value) is expected


def test_text_in_bytes() -> None:
    """Text may come as bytes, and those may be broken."""
    assert text_of(b"caf\xc3\xa9 \xff") == "café \ufffd"
    assert text_of(5) == ""


@pytest.mark.parametrize(
    ("text", "expected", "identity"),
    [
        ("491@s.whatsapp.net", "491@s.whatsapp.net", "tel:+491"),
        ("491@c.us", "491@s.whatsapp.net", "tel:+491"),
        ("491:12@s.whatsapp.net", "491@s.whatsapp.net", "tel:+491"),
        ("491.0:12@s.whatsapp.net", "491@s.whatsapp.net", "tel:+491"),
        ("0@s.whatsapp.net", "0@s.whatsapp.net", "wa:0@s.whatsapp.net"),
        ("٤٩@s.whatsapp.net", "٤٩@s.whatsapp.net", "wa:٤٩@s.whatsapp.net"),
        ("99:3@lid", "99@lid", "wa:99@lid"),
        ("49-14@g.us", "49-14@g.us", "wa:49-14@g.us"),
        ("a@b@lid", "a@b@lid", "wa:a@b@lid"),
        ("@lid", None, ""),
        ("491@", None, ""),
        ("491", None, ""),
        ("", None, ""),
        (":1@lid", None, ""),
    ],
)
def test_addresses(text: str, expected: str | None, identity: str) -> None:
    """A number is an identity of every system; the rest is WhatsApp's alone."""
    jid = parse_jid(text)
    assert (None if jid is None else str(jid)) == expected
    if jid is not None:
        assert jid.identity == identity
