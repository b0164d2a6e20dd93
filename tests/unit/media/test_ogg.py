"""Ogg files are judged by their first and last pages."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import encoded, ogg_page, opus_note, with_serial
from tui.media import Wholeness
from tui.media._ogg import length_of_chain

if TYPE_CHECKING:
    from tests.unit.media.conftest import Look

_SKIP = 312


def _opus_head(skip: int = _SKIP) -> bytes:
    return b"OpusHead" + struct.pack("<BBHIhB", 1, 1, skip, 16_000, 0, 0)


def _note(*pages: bytes, head: bytes | None = None) -> bytes:
    first = ogg_page([head or _opus_head()], granule=0, number=0, flags=2)
    tags = b"OpusTags" + struct.pack("<I", 0) + bytes(4)
    return first + ogg_page([tags], granule=0, number=1) + b"".join(pages)


def _page(granule: int, flags: int = 0, packet: bytes = b"\x4b" * 1200) -> bytes:
    return ogg_page([packet], granule=granule, number=2, flags=flags)


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.0, 3.3, 12.0, 61.7])
def test_the_length_of_a_voice_note(look: Look, seconds: float) -> None:
    """Granules count at 48 kHz, whatever rate the header names; less the skip."""
    probe = look(opus_note(seconds))
    assert (probe.container, probe.wholeness) == ("ogg/opus", Wholeness.PROVEN)
    assert probe.duration_ms == round(seconds * 1000)
    assert probe.has_audio
    assert not probe.has_video


def test_without_an_end_mark_more_may_follow(look: Look) -> None:
    """Pages that end with the file are plausible, no more."""
    probe = look(opus_note(3.0, eos=False))
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PLAUSIBLE, 3000)


@pytest.mark.parametrize("lost", [1, 20, 100, 900, 1500])
def test_a_cut_page_is_seen(look: Look, lost: int) -> None:
    """The last whole page tells how much can be heard of a cut file."""
    note = opus_note(3.0)
    probe = look(note[:-lost])
    assert probe.wholeness is Wholeness.CUT
    assert probe.reason == "the end is missing"
    assert probe.duration_ms is not None
    assert 900 < probe.duration_ms < 3000


@pytest.mark.parametrize("size", [27, 28, 30, 40, 46])
def test_a_first_page_that_is_cut(look: Look, size: int) -> None:
    """A file that stops in its header is cut, not unknown."""
    assert look(opus_note(1.0)[:size]).wholeness is Wholeness.CUT


def test_headers_alone_are_no_sound_yet(look: Look) -> None:
    """A file that stops after whole header pages waits for more."""
    probe = look(_note())
    assert (probe.wholeness, probe.reason) == (Wholeness.CUT, "no sound in it yet")


def test_an_empty_note_that_ended_is_whole(look: Look) -> None:
    """A stream may end without a sample."""
    probe = look(_note(_page(0, flags=4)))
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PROVEN, 0)


@pytest.mark.parametrize(
    ("rest", "wholeness"),
    [
        (bytes(5000), Wholeness.CUT),
        (bytes(300_000), Wholeness.CUT),
        (b"O", Wholeness.CUT),
        (b"OggS", Wholeness.CUT),
        (b"OggS\0\0" + bytes(30), Wholeness.CUT),
        (b"something else", Wholeness.PLAUSIBLE),
    ],
)
def test_what_follows_the_last_page(
    look: Look, rest: bytes, wholeness: Wholeness
) -> None:
    """Room for more means that more will come; other bytes are just there."""
    assert look(opus_note(3.0, eos=False) + rest).wholeness is wholeness


@pytest.mark.parametrize("rest", [bytes(10), b"TAG"])
def test_after_the_end_mark_the_file_is_not_proven(look: Look, rest: bytes) -> None:
    """What follows the end of the stream makes the file odd, but not cut."""
    probe = look(opus_note(3.0) + rest)
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PLAUSIBLE, 3000)


def test_a_last_page_longer_than_the_tail(look: Look) -> None:
    """The largest page is found by reading more."""
    big = [b"\x4b" * 65_000]
    note = _note(_page(48_000), ogg_page(big, granule=960_312, number=3, flags=4))
    probe = look(note)
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PROVEN, 20_000)
    cut = look(note[:-30_000])
    assert (cut.wholeness, cut.duration_ms) == (Wholeness.CUT, 994)


def test_pages_on_which_no_packet_ends_are_skipped(look: Look) -> None:
    """Granule -1 means that the page tells no position."""
    note = _note(_page(48_312), _page(-1, flags=4))
    probe = look(note)
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PROVEN, 1000)


def test_no_page_with_a_position(look: Look) -> None:
    """A file with odd granules only has no length, and no sound."""
    note = ogg_page([_opus_head()], granule=-5, number=0, flags=2)
    probe = look(note + _page(-7))
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.CUT, None)


def test_a_mark_inside_a_page_is_no_page(look: Look) -> None:
    """The four letters may occur in the sound; the version byte tells."""
    note = _note(_page(48_312, flags=4, packet=b"\x4b" * 50 + b"OggSx" + b"\x4b" * 50))
    probe = look(note)
    assert probe.duration_ms == 1000


def test_a_stream_cut_out_of_a_longer_one(look: Look) -> None:
    """A recording of a live stream does not begin at 0: the first page tells where."""
    live = 48_000 * 3600
    sound = bytes([0x4B, 3]) + b"\0" * 100  # three frames of 20 ms
    note = _note(
        _page(live + 2880, packet=sound),
        _page(live + 5760, flags=4, packet=sound),
    )
    probe = look(note)
    assert probe.duration_ms == (5760 - _SKIP + 24) // 48
    assert probe.wholeness is Wholeness.PROVEN


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"\x18" + b"x" * 400, 2880),  # config 3, one frame of 60 ms
        (b"\x49" + b"x" * 40, 1920),  # config 9, two frames of 20 ms
        (b"\x62" + b"x" * 40, 960),  # config 12, two frames of 10 ms
        (b"\xfb\x04" + b"x" * 40, 3840),  # config 31, four frames of 20 ms
        (b"\x80" + b"x" * 40, 120),  # config 16, 2.5 ms
        (b"\x4b", 0),
    ],
)
def test_the_samples_of_every_kind_of_packet(
    look: Look, packet: bytes, samples: int
) -> None:
    """The first byte of a packet tells how long it is."""
    live = 48_000 * 36_000
    note = _note(_page(live + samples, packet=packet), _page(live + 48_000))
    assert look(note).duration_ms == round((48_000 - _SKIP) / 48)


def test_a_short_stream_may_begin_and_end_on_one_page(look: Look) -> None:
    """The last page may end before its packets do; then there is no start to find."""
    head = _opus_head(0)
    note = _note(
        _page(48_000 * 100, flags=4, packet=b"\x4b\x03" + b"x" * 20), head=head
    )
    assert look(note).duration_ms == 100_000


def test_an_impossible_position_is_no_length(look: Look) -> None:
    """A number that would be centuries is damage."""
    odd = look(_note(_page(2**62, packet=b""), _page(2**62 + 1, packet=b"")))
    assert odd.duration_ms is None


def test_a_first_page_that_fills_the_head(look: Look) -> None:
    """Tags may be larger than the head; then the start can't be known."""
    tags = ogg_page([b"OpusTags" + b"x" * 20_000], granule=0, number=1)
    first = ogg_page([_opus_head()], granule=0, number=0, flags=2)
    note = first + tags + _page(48_000 * 1000 + _SKIP, flags=4)
    assert look(note).duration_ms == 1_000_000


def test_a_start_behind_noise_is_not_found(look: Look) -> None:
    """Where the pages at the beginning don't follow each other, 0 is the start."""
    first = ogg_page([_opus_head()], granule=0, number=0, flags=2)
    note = first + b"noise" + _page(48_000 * 1000 + _SKIP, flags=4)
    assert look(note).duration_ms == 1_000_000


def test_vorbis_speex_and_flac(look: Look) -> None:
    """Other codecs count in their own rates."""
    vorbis = b"\x01vorbis" + struct.pack("<IBIIII", 0, 1, 44_100, 0, 0, 0) + b"\xb8\x01"
    speex = (
        b"Speex   " + b"1.2".ljust(20, b"\0") + struct.pack("<IIII", 1, 80, 16_000, 1)
    )
    for head, name, rate in (
        (vorbis, "ogg/vorbis", 44_100),
        (speex + bytes(36), "ogg/speex", 16_000),
    ):
        probe = look(_note(_page(rate * 2, flags=4), head=head))
        assert (probe.container, probe.duration_ms) == (name, 2000)
    assert look(encoded("oga", 2.0)).duration_ms == 2000
    assert look(encoded("oga", 2.0)).container == "ogg/flac"


@pytest.mark.parametrize("head", [b"\x01vorbis", b"Speex   ", b"\x7fFLAC", b"OpusHead"])
def test_a_codec_header_that_is_too_short(look: Look, head: bytes) -> None:
    """Without a rate there is no length; nothing raises."""
    probe = look(_note(_page(48_312, flags=4), head=head))
    assert probe.container.startswith("ogg/")


def test_streams_that_are_no_sound(look: Look) -> None:
    """A picture is told from sound, and both from what nobody knows."""
    theora = look(_note(_page(1, flags=4), head=b"\x80theora" + bytes(40)))
    assert (theora.container, theora.has_video) == ("ogg", True)
    table = look(_note(_page(1, flags=4), head=b"fishead\0" + bytes(40)))
    assert (table.container, table.has_video) == ("ogg", False)
    other = look(_note(_page(1, flags=4), head=b"\x80kate\0\0\0" + bytes(40)))
    assert (other.wholeness, other.reason) == (
        Wholeness.UNKNOWN,
        "an Ogg file without sound",
    )


def test_a_chain_is_measured_link_by_link(look: Look) -> None:
    """Files one behind the other are one recording; the tail knows only the last."""
    chain = opus_note(1.5) + with_serial(opus_note(2.0), 7)
    probe = look(chain)
    assert (probe.wholeness, probe.duration_ms) == (Wholeness.PLAUSIBLE, None)
    assert _measured(chain) == 3500
    assert _measured(opus_note(1.5) + opus_note(2.0)) == 3500


def test_two_streams_side_by_side_are_as_long_as_the_longer() -> None:
    """A foreign stream among the pages does not add to the length."""
    sound = list(_pages(opus_note(3.0)))
    other = list(_pages(with_serial(opus_note(1.0), 7)))
    mixed = [sound[0], other[0], *sound[1:], *other[1:]]
    assert _measured(b"".join(mixed)) == 3000


def test_a_chain_that_breaks_off_is_measured_up_to_there() -> None:
    """Cut and damaged pages end the walk."""
    note = opus_note(3.0)
    assert _measured(note[:-10]) == 2874
    assert _measured(note + b"noise") == 3000
    assert _measured(note + b"OggS\1" + bytes(100)) == 3000
    assert _measured(_note()) is None
    assert _measured(_note(_page(2**62))) is None


def test_streams_of_other_kinds_are_not_measured() -> None:
    """A stream without a known rate does not count."""
    assert _measured(_note(_page(48_312), head=b"\x80theora" + bytes(40))) is None


def _pages(ogg: bytes) -> list[bytes]:
    pages = []
    while ogg:
        body = 27 + ogg[26]
        end = body + sum(ogg[27:body])
        pages.append(ogg[:end])
        ogg = ogg[end:]
    return pages


def _measured(data: bytes) -> int | None:
    return length_of_chain(len(data), lambda at, count: data[at : at + count])


def test_a_walk_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of tiny pages without end is not walked for ever."""
    monkeypatch.setattr("tui.media._ogg._MAX_PAGES", 4)
    assert _measured(opus_note(5.0)) == 1914
