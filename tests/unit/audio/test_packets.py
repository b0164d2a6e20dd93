"""Recordings that arrive in packets: the same sound as from the file, from anywhere."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.notes import amr_note, encoded
from tests.support.sound import chirp, opus, samples
from tui.audio import (
    BARE_CODECS,
    Decoder,
    PacketRecording,
    PacketStore,
    Recording,
    head_of,
    packets_of,
)
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.audio import Packet, StreamHead


class Source:
    """A file that was taken apart, and what is asked of it."""

    def __init__(self, path: bytes) -> None:
        self.path = path
        with closing(Recording(path)) as recording:
            container = recording.open()
            stream = container.streams.audio[0]
            self.head: StreamHead = head_of(container, stream)
            self.packets: list[Packet] = list(packets_of(container, stream, self.head))
            container.close()
        self.wishes: list[tuple[int, float]] = []
        self.waiting: list[int] = []
        self.store = PacketStore(
            path, self.head, lambda *wish: self.wishes.append(wish), self.waiting.append
        )

    def whole(self) -> PacketStore:
        """Let all of it arrive."""
        self.store.put(0, self.packets)
        self.store.end(0)
        return self.store


def played(recording: Recording | PacketRecording, at: float) -> tuple[bytes, float]:
    """Decode from a place on; the PCM, and where it began."""
    with Decoder(recording, at) as decoder:
        return b"".join(pcm for pcm, _ in decoder), decoder.start


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Source]:
    """Give a function that makes a file of some kind and takes it apart."""

    def made(kind: str) -> Source:
        path = tmp_path / f"note.{kind}"
        if kind == "opus":
            path.write_bytes(opus(chirp(3)))
        elif kind == "amr":
            path.write_bytes(amr_note(3))
        else:
            path.write_bytes(encoded(kind, 3.0))
        return Source(os.fsencode(path))

    return made


@pytest.mark.parametrize(
    "kind", ["opus", "amr", "m4a", "3gp", "aac", "mp3", "flac", "webm", "mka", "caf"]
)
def test_packets_sound_as_their_file(make: Callable[[str], Source], kind: str) -> None:
    """The same from the begin; as good as where decoders begin anew."""
    source = make(kind)
    if source.head.codec not in BARE_CODECS:
        pytest.skip(f"{kind} is made of {source.head.codec}, which is sent otherwise")
    arrived = PacketRecording(source.whole())
    with closing(Recording(source.path)) as recording:
        assert played(arrived, 0.0) == played(recording, 0.0)
        for place in (0.7, 1.9, 2.9):
            expected, begin = played(recording, place)
            pcm, start = played(arrived, place)
            assert start == begin
            assert abs(len(pcm) - len(expected)) <= 2
            pairs = list(zip(samples(expected), samples(pcm), strict=False))
            noise = sum((one - other) ** 2 for one, other in pairs)
            assert noise <= sum(one**2 for one, _ in pairs) / 1000
    assert source.wishes == []


def test_what_is_not_here_is_asked_for(make: Callable[[str], Source]) -> None:
    """From the place that is wanted; what arrived before can still be played."""
    source = make("opus")
    store, packets = source.store, source.packets
    store.put(0, packets[:40])
    number, place = store.find(packets[100].pts)
    assert (number, place) == (1, 0)
    ((run, seconds),) = source.wishes
    assert run == 1
    assert seconds == pytest.approx(packets[100].pts / 48_000)
    assert store.next(number, place) is None
    store.put(1, packets[90:])
    store.end(1)
    assert store.next(number, place) == packets[90]
    assert store.find(packets[120].pts) == (1, 30)
    assert store.find(packets[20].pts) == (0, 20)
    assert len(source.wishes) == 1
    assert not store.is_whole


def test_a_late_place_is_asked_for_before_anything_arrived(
    make: Callable[[str], Source],
) -> None:
    """A note that goes on in its middle does not wait for all that lies before it."""
    source = make("opus")
    store, packets = source.store, source.packets
    assert store.find(packets[20].pts) == (0, 0)
    assert source.wishes == []
    late = packets[-5].pts
    assert store.find(late) == (1, 0)
    ((run, seconds),) = source.wishes
    assert run == 1
    assert seconds == pytest.approx(late / 48_000)


def test_a_run_goes_on_where_it_was_left(make: Callable[[str], Source]) -> None:
    """What comes for another run is waited for no longer; no packet comes twice."""
    source = make("opus")
    store, packets = source.store, source.packets
    store.put(0, packets[:40])
    store.find(packets[100].pts)
    assert store.next(0, 40) is None
    number, seconds = source.wishes[-1]
    assert number == 0
    assert seconds < packets[39].pts / 48_000 <= seconds + 0.6
    store.put(0, packets[20:60])
    assert [store.next(0, at) for at in range(60)] == packets[:60]
    store.put(0, packets[60:])
    store.end(0)
    assert store.is_whole
    with pytest.raises(EOFError):
        store.next(0, len(packets))


def test_a_decoder_waits_for_packets(make: Callable[[str], Source]) -> None:
    """It gives empty blocks meanwhile, and no sound is lost."""
    source = make("opus")
    with Decoder(PacketRecording(source.store)) as decoder:
        blocks = iter(decoder)
        assert next(blocks)[0] == b""
        made = []
        for packet in source.packets:
            source.store.put(0, [packet])
            made += [next(blocks)[0] for _ in range(2)]
        source.store.end(0)
        made += [pcm for pcm, _ in blocks]
    with closing(Recording(source.path)) as recording:
        assert b"".join(made) == played(recording, 0.0)[0]


def test_a_sender_that_fails_is_told(make: Callable[[str], Source]) -> None:
    """What has arrived is played; then the reason is given."""
    source = make("opus")
    source.store.put(0, source.packets[:3])
    source.store.fail("the disk is gone")
    assert source.store.next(0, 2) == source.packets[2]
    with pytest.raises(AudioError, match="the disk is gone"):
        source.store.next(0, 3)


def test_a_long_recording_does_not_fill_the_memory(
    make: Callable[[str], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When there is too much of it, a jump elsewhere forgets what lies behind."""
    monkeypatch.setattr("tui.audio._packets._MOST_BYTES", 1000)
    source = make("opus")
    source.store.put(0, source.packets[:100])
    assert source.store.size > 1000
    source.store.find(source.packets[-1].pts)
    assert source.store.size == 0
    source.store.put(1, source.packets[-2:])
    assert source.store.begin() == (2, 0)
    assert source.wishes[-1] == (2, 0.0)
    with pytest.raises(EOFError):
        source.store.next(0, 50)


def test_no_head_of_a_stranger_breaks_the_decoder() -> None:
    """A codec that is none, or is one of pictures, is refused in words."""
    for codec in ("none", "png", ""):
        store = PacketStore(
            b"x", _head(codec), lambda _run, _seconds: None, lambda _size: None
        )
        with pytest.raises(AudioError, match="no audio"):
            Decoder(PacketRecording(store))


def _head(codec: str) -> StreamHead:
    from tui.audio import StreamHead

    return StreamHead(codec, b"", 48_000, "mono", 1, 48_000, 0, None, "ogg")
