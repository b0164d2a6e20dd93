"""No bytes whatever make a probe raise, hang or call a cut file whole."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.notes import encoded, opus_note, tone_wav
from tui.media import HEAD_BYTES, TAIL_BYTES, Wholeness, measure, probe_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.media import Probe

_MEDIA = Path(__file__).parents[2] / "data" / "media"
_SAMPLES = [path.read_bytes() for path in sorted(_MEDIA.iterdir())]
_MAGICS = [
    *(b"OggS", b"RIFF\0\0\0\0WAVE", b"RF64", b"caff\0\1\0\0", b"\x1a\x45\xdf\xa3"),
    *(b"#!AMR\n", b"#!AMR-WB\n", b"fLaC", b"ID3\4\0\0", b"\xff\xf1", b"\xff\xfb"),
    *(b"FORM\0\0\0\0AIFF", b"\0\0\0\x20ftyp", b"\0\0\0\x20moov", b"\0\0\0\0"),
]
_READS_AT_MOST = 600


def _probe(data: bytes) -> Probe:
    """Probe bytes as a file of them is probed, with a limit on reads."""
    reads = 0

    def read(at: int, count: int) -> bytes:
        nonlocal reads
        reads += 1
        assert reads <= _READS_AT_MOST
        assert 0 <= at <= len(data)
        assert 0 < count <= 1 << 18
        return data[at : at + count]

    if len(data) <= HEAD_BYTES + TAIL_BYTES:
        return probe_bytes(data, data, len(data), read)
    return probe_bytes(data[:HEAD_BYTES], data[-TAIL_BYTES:], len(data), read)


@given(st.sampled_from([b"", *_MAGICS]), st.binary(max_size=200_000))
@settings(max_examples=300)
def test_noise_is_answered(magic: bytes, noise: bytes) -> None:
    """Anything behind any beginning gets an answer."""
    probe = _probe(magic + noise)
    assert probe.duration_ms is None or probe.duration_ms >= 0
    if probe.wholeness in {Wholeness.CUT, Wholeness.EMPTY, Wholeness.UNKNOWN}:
        assert probe.reason


@given(
    st.sampled_from(_SAMPLES),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=9)),
        max_size=8,
    ),
    st.sampled_from([0, 20, 200, 4096]),
)
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_files_are_answered(
    sample: bytes, damages: list[tuple[float, bytes]], near: int
) -> None:
    """Real files with wrong bytes, near the front or anywhere, get an answer."""
    data = bytearray(sample)
    for place, wrong in damages:
        at = int(place * (near or len(data)))
        data[at : at + len(wrong)] = wrong
    probe = _probe(bytes(data))
    assert probe.duration_ms is None or probe.duration_ms >= 0


_WHOLE: list[Callable[[], bytes]] = [
    lambda: opus_note(2.5),
    lambda: opus_note(2.5, eos=False),
    lambda: opus_note(0.05),
    lambda: encoded("ogg", 1.0),
    lambda: encoded("oga", 1.0),
    lambda: encoded("m4a", 1.0),
    lambda: encoded("mov", 1.0),
    lambda: encoded("mp4", 1.0, video=True),
    lambda: tone_wav(0.3),
    lambda: tone_wav(0.0101, rate=8000),
    lambda: encoded("wav", 0.3),
    lambda: encoded("caf", 0.5),
    lambda: encoded("webm", 1.0),
    *(partial(bytes, sample) for sample in _SAMPLES),
]


@pytest.mark.parametrize("number", range(len(_WHOLE)))
def test_a_cut_file_is_never_whole(number: int) -> None:
    """Wherever a copy stops, the file is not taken for the whole."""
    data = _WHOLE[number]()
    edges = {*range(120), *range(len(data) - 300, len(data))}
    places = {n * len(data) // 400 for n in range(400)}
    for end in sorted(edges | places):
        if 0 <= end < len(data):
            assert _probe(data[:end]).wholeness is not Wholeness.PROVEN, end


@given(st.data())
@settings(max_examples=200)
def test_a_cut_file_is_never_whole_anywhere(data: st.DataObject) -> None:
    """The same at random places."""
    whole = data.draw(st.sampled_from(_WHOLE))()
    end = data.draw(st.integers(0, len(whole) - 1))
    assert _probe(whole[:end]).wholeness is not Wholeness.PROVEN


@given(
    st.sampled_from([b"", *_MAGICS]),
    st.sampled_from([b"", *_SAMPLES]),
    st.binary(max_size=3000),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_measuring_noise_ends(
    tmp_path_factory: pytest.TempPathFactory, magic: bytes, sample: bytes, noise: bytes
) -> None:
    """Also the slow look, with its decoders, answers for anything."""
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(magic + sample[: len(noise)] + noise + sample[len(noise) :])
    probe = measure(os.fsencode(path))
    assert probe.duration_ms is None or probe.duration_ms >= 0
