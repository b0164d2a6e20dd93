"""The layout of what is made for a page: all of it known before there is any sound."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from tui.audio import RATE
from tui.remote._web_layout import FRAME, OPUS_HEAD, PACKET_BYTES, PACKETS, Layout


def packets(count: int) -> list[bytes]:
    """Give packets that can be told apart; to a reader of containers they are whole."""
    return [
        bytes([0xF8]) + number.to_bytes(PACKET_BYTES - 1) for number in range(count)
    ]


@pytest.mark.parametrize("samples", [1, FRAME, RATE, 2 * RATE + 7, 510 * RATE - 312])
def test_another_reader_finds_every_packet_in_its_place(samples: int) -> None:
    """The size that was told, the length, times, and what is no sound at both ends."""
    layout = Layout(samples)
    given = packets(layout.parts * PACKETS)
    parts = [
        layout.write(number, given[number * PACKETS :][:PACKETS])
        for number in range(layout.parts)
    ]
    content = layout.head + b"".join(parts)
    assert len(content) == layout.size
    assert layout.place(layout.parts - 1)[1] == layout.size
    with av.open(io.BytesIO(content), "r") as file:
        stream = file.streams.audio[0]
        assert stream.codec_context.extradata == OPUS_HEAD
        assert abs((file.duration or 0) - samples * 1_000_000 / RATE) <= 1000
        found = [bytes(each) for each in file.demux(stream) if each.size]
    count = len(found)
    assert found == given[:count]
    assert (count - 1) * FRAME < samples + 312 <= count * FRAME
    taken = [
        packet
        for number, part in enumerate(parts)
        for packet in layout.read(number, part)
    ]
    assert [data for data, *_ in taken] == found
    assert [time for _, time, *_ in taken] == [n * FRAME - 312 for n in range(count)]
    assert sum(FRAME - lead - spare for _, _, lead, spare in taken) == samples


def test_the_index_leads_to_the_part_of_a_time() -> None:
    """Also where an hour has more parts than the index has lines."""
    layout = Layout(3600 * RATE)
    assert len(layout.head) < 14_000
    part = packets(PACKETS)
    asked: list[int] = []

    class Lazy(io.RawIOBase):
        """Makes what is read."""

        at = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, place: int, whence: int = 0) -> int:
            self.at = place + (0, self.at, layout.size)[whence]
            return self.at

        def readinto(self, into: bytearray) -> int:  # type: ignore[override]  # what it gets
            if self.at < len(layout.head):
                content = layout.head[self.at :]
            elif self.at >= layout.size:
                return 0
            else:
                number = layout.part_at(self.at)
                asked.append(number)
                begin = layout.place(number)[0]
                content = layout.write(number, part)[self.at - begin :]
            count = min(len(content), len(into))
            into[:count] = content[:count]
            self.at += count
            return count

    with av.open(Lazy(), "r") as file:
        file.seek(1_802_500_000)
        first = next(file.demux())
        assert first.time_base == Fraction(1, 1000)
        assert 1_790_000 < (first.pts or 0) <= 1_802_500
    assert all(number < 30 or 1790 <= number < 1830 for number in asked)


def test_what_is_no_packet_is_refused() -> None:
    """One of another size would move all that follows."""
    with pytest.raises(ValueError, match="no packets"):
        Layout(RATE).write(0, [b"x"] * PACKETS)
    with pytest.raises(ValueError, match="no packets"):
        Layout(RATE * 2).write(0, packets(PACKETS - 1))
