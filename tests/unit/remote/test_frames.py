"""What crosses the wire: there and back, in pieces of any size, and lies refused."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.audio import Packet, StreamHead
from tui.remote._frames import (
    FRAME_LIMIT,
    FrameError,
    Frames,
    Kind,
    frame,
    head_from,
    head_to,
    json_from,
    json_to,
    pack,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = st.integers(0, 2**32 - 1)
PACKETS = st.builds(
    Packet,
    data=st.binary(max_size=200),
    pts=st.integers(-(2**50), 2**50),
    duration=st.integers(0, 2**40),
    skips=st.tuples(NUMBERS, NUMBERS),
)
HEAD = StreamHead(
    "opus", b"\x00\xff", 48_000, "mono", 1, 48_000, -312, 3_000_000, "ogg"
)


@given(NUMBERS, st.integers(0, 2**16 - 1), st.lists(PACKETS, max_size=6))
def test_packets_come_back(file: int, run: int, packets: Sequence[Packet]) -> None:
    """Whatever they hold."""
    assert unpack(pack(file, run, packets)) == (file, run, tuple(packets))


def test_voice_costs_little() -> None:
    """Of packets one after the other, the second and all later ones cost two bytes."""
    packets = [Packet(bytes(60), at * 960, 960) for at in range(20)]
    assert len(pack(1, 0, packets)) <= 6 + 4 + 20 * 62


@given(st.binary(max_size=60))
def test_no_batch_breaks_the_reader(content: bytes) -> None:
    """It is a batch, or an error of ours."""
    with contextlib.suppress(FrameError):
        unpack(content)


@given(
    st.lists(st.tuples(st.sampled_from(Kind), st.binary(max_size=50)), max_size=5),
    st.integers(1, 40),
)
def test_frames_come_back_in_any_pieces(
    told: Sequence[tuple[Kind, bytes]], size: int
) -> None:
    """As they were sent."""
    wire = b"".join(frame(kind, content) for kind, content in told)
    frames = Frames()
    found = [
        each
        for at in range(0, len(wire), size)
        for each in frames.feed(wire[at : at + size])
    ]
    assert found == list(told)


@pytest.mark.parametrize(
    "wire",
    [b"\x63\0\0\0\0", b"\x02" + (FRAME_LIMIT + 1).to_bytes(4, "big")],
    ids=["kind", "size"],
)
def test_what_is_no_frame_is_refused(wire: bytes) -> None:
    """Before anything is kept for it."""
    with pytest.raises(FrameError):
        list(Frames().feed(wire))


def test_heads_come_back() -> None:
    """Through JSON."""
    assert head_from(json.loads(json_to(head=head_to(HEAD)))["head"]) == HEAD


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("extradata", "%"),
        ("extradata", 1),
        ("rate", 0),
        ("denominator", 0),
        ("codec", 5),
        ("codec", "pcm_s16le"),
        ("duration_us", "long"),
        ("start", None),
    ],
)
def test_what_is_no_head_is_refused(field: str, value: object) -> None:
    """Also one with a field too few."""
    told = head_to(HEAD)
    with pytest.raises(FrameError):
        head_from(told | {field: value})
    del told[field]
    with pytest.raises(FrameError):
        head_from(told)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"file":"1"}', b"[" * 9999])
def test_what_is_no_object_is_refused(content: bytes) -> None:
    """Or lacks a field."""
    with pytest.raises(FrameError):
        json_from(content, file=int)
