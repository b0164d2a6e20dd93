"""A long Ogg that a page gets with an index: the same packets, in the same places."""

from __future__ import annotations

import io
import os
import struct
from typing import TYPE_CHECKING

import av
import pytest

from tests.support.notes import ogg_page, opus_note, with_serial
from tests.support.sound import chirp, noise, opus
from tui.audio import RATE, Decoder, Recording
from tui.errors import AudioError
from tui.remote import _web_media
from tui.remote._web_media import serve_note
from tui.remote._web_ogg import Indexed

if TYPE_CHECKING:
    from pathlib import Path

    from tui.remote._web_media import Served

SOUND = chirp(7.3)


@pytest.fixture(autouse=True)
def _all_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_web_media, "_MOST_UNINDEXED", 0)


def served(folder: Path, content: bytes) -> Served:
    """Write a note, and open it for a page."""
    path = folder / "a.opus"
    path.write_bytes(content)
    return serve_note(os.fsencode(path), lambda: False)


def content_of(note: Served, step: int = 1000) -> bytes:
    """Read all of it."""
    found = b""
    while len(found) < note.size:
        found += note.read(len(found), step)
    return found


def packets(content: bytes) -> list[bytes]:
    """Take a file apart."""
    with av.open(io.BytesIO(content), "r") as file:
        return [bytes(each) for each in file.demux(audio=0) if each.size]


def decoded(path: Path) -> bytes:
    """Decode a file."""
    with Decoder(Recording(os.fsencode(path))) as decoder:
        return b"".join(pcm for pcm, _ in decoder)


def encoded(layout: str, bit_rate: int, page_ms: int, **options: str) -> bytes:
    """Encode eight seconds of noise to an Ogg with pages of some length."""
    out = io.BytesIO()
    words = {"page_duration": str(page_ms * 1000)}
    with av.open(out, "w", format="ogg", options=words) as file:
        stream = file.add_stream("libopus", rate=RATE, options=options)
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate, stream.layout = bit_rate, layout
        width = stream.layout.nb_channels
        pcm = noise(8 * width)
        for at in range(0, len(pcm), 1920 * width):
            part = pcm[at : at + 1920 * width]
            frame = av.AudioFrame("s16", layout, samples=960)
            frame.planes[0].update(part)
            frame.sample_rate, frame.pts = RATE, at // 2 // width
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


USUAL = {
    "mono": opus(SOUND),
    "stereo": encoded("stereo", 96_000, 1000),
    "short frames": encoded("mono", 64_000, 200, frame_duration="5"),
    "long frames": encoded("mono", 24_000, 3000, frame_duration="60"),
    "packets on two pages": encoded("mono", 150_000, 20_000, frame_duration="60"),
    "a phone's": opus_note(8.0),
}


@pytest.mark.parametrize("kind", USUAL)
def test_it_is_the_same_to_the_sample(tmp_path: Path, kind: str) -> None:
    """Every packet, and what is heard of them; its index leads to a part."""
    note = served(tmp_path, USUAL[kind])
    assert isinstance(note, Indexed)
    content = content_of(note)
    assert packets(content) == packets(USUAL[kind])
    copy = tmp_path / "a.webm"
    copy.write_bytes(content)
    sound = decoded(copy)
    assert sound == decoded(tmp_path / "a.opus")
    assert note.duration_ms == pytest.approx(len(sound) / 2 / RATE * 1000, abs=10)
    with av.open(str(copy)) as file:
        assert file.duration == pytest.approx(len(sound) / 2 / RATE * 1e6, abs=1000)
        file.seek(6_000_000)
        first = next(each for each in file.demux(audio=0) if each.size)
        assert first.pts is not None
        assert first.time_base is not None
        assert abs(float(first.pts * first.time_base) - 6) < 3.1
    head = content[: content.index(b"\x1f\x43\xb6\x75")]
    cues = [at for at in range(len(head)) if head.startswith(b"\xf1\x88", at)]
    assert len(cues) == len(note._parts)
    segment = content.index(b"\x18\x53\x80\x67") + 12
    for at in cues:
        (place,) = struct.unpack_from(">Q", content, at + 2)
        assert content.startswith(b"\x1f\x43\xb6\x75", segment + place)
    note.close()
    assert note.read(len(content) - 10, 10) == b""


def _pages(content: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(content):
        body = at + 27 + content[at + 26]
        end = body + sum(content[at + 27 : body])
        found.append(content[at:end])
        at = end
    return found


def _later(content: bytes) -> bytes:
    """Have the clock begin late, as what was cut out of something longer."""
    made = []
    for number, page in enumerate(_pages(content)):
        granule = int.from_bytes(page[6:14], "little") + 48_000 * (number > 1)
        made.append(page[:6] + granule.to_bytes(8, "little") + page[14:])
    return with_serial(b"".join(made), 7)


NOTE = USUAL["mono"]
UNUSUAL = {
    "cut": NOTE[:-100],
    "joined": NOTE + with_serial(NOTE, 77),
    "begun late": _later(NOTE),
    "with a hole": b"".join([*_pages(NOTE)[:4], *_pages(NOTE)[5:]]),
    "with something behind it": NOTE + b"\0" * 40,
    "with times between milliseconds": encoded(
        "mono", 64_000, 200, frame_duration="2.5"
    ),
    "with an empty packet": NOTE[: -len(_pages(NOTE)[-1])]
    + ogg_page([b"\xfc", b""], granule=1, number=9, flags=4, serial=0),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_what_is_unusual_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    """Browsers know what to do with it."""
    note = served(tmp_path, UNUSUAL[kind])
    assert not isinstance(note, Indexed)
    assert content_of(note) == UNUSUAL[kind]
    note.close()


def test_a_file_that_is_written_over_is_told(tmp_path: Path) -> None:
    """Nothing of what is there now is given out, however it looks."""
    note = served(tmp_path, NOTE)
    path = tmp_path / "a.opus"
    first = content_of(note)
    for other in (bytes(len(NOTE)), b"\xff" * len(NOTE), b"\x01" * len(NOTE)):
        path.write_bytes(other)
        with pytest.raises(AudioError, match="has changed"):
            note.read(len(first) // 2, 1000)
    path.write_bytes(NOTE)
    assert content_of(note) == first
    note.close()


def test_who_waits_no_more_is_obeyed(tmp_path: Path) -> None:
    """Also in the midst of it."""
    served(tmp_path, NOTE).close()
    asked = iter([False, True])
    with pytest.raises(AudioError, match="not needed"):
        serve_note(os.fsencode(tmp_path / "a.opus"), lambda: next(asked))
