"""A long Ogg of Opus as a WebM of the very same packets.

In an Ogg a browser looks for a place by asking here and there, each time a round trip;
a WebM has an index. Only the heads of the pages are read ahead: they tell the size of
every packet, and so where everything will be.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tui.audio import RATE
from tui.errors import AudioError
from tui.remote._web_layout import (
    MIME,
    block_size,
    last_size,
    made_block,
    made_head,
    made_last,
    made_part,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import ThreadPoolExecutor

    from tui.remote._web_media import Served

__all__ = ["Indexed"]

_HEAD = struct.Struct("<4sBBqIIIB")
_MOST = _HEAD.size + 255
_CONTINUED, _LAST = 1, 4
_MS_SAMPLES = RATE // 1000
_MOST_PART = 256 * 1024
_MOST_PART_MS = 30_000
"""Times in a part have 16 bits."""
_FRAMES = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
"""Samples of a frame, by the configuration that a packet begins with."""


class _Page(NamedTuple):
    """The head of a page."""

    begin: int
    content: int
    """Where its content begins."""
    end: int
    flags: int
    granule: int
    """The samples at its end."""
    sizes: bytes
    """Of the segments: what is less than 255 ends a packet."""


class _Part(NamedTuple):
    """Pages that become a part."""

    begin: int
    end: int
    packet: int
    """The number of its first packet."""
    size: int
    """Bytes of what is made of it."""


class Indexed:
    """A recording that a page may fetch as WebM, under the name of its file.

    Args:
        own: The bytes of the file; it is taken over.
        path: What it is called, in errors.
        should_stop: Asked now and then; True gives up.

    Raises:
        ValueError: It is unusual, and better left as it is; so is `own`.
    """

    def __init__(
        self, own: Served, path: bytes, should_stop: Callable[[], bool]
    ) -> None:
        self._own = own
        self._path = path
        self.mime = MIME
        self.duration_ms = own.duration_ms
        self.samples = 0
        self.is_made = False
        self.worker: ThreadPoolExecutor | None = None
        self.key = own.key
        pages = self._pages()
        self._opus_head = self._read_heads(pages)
        self._frame = 0  # samples of a packet
        self._packets = self._spare = 0
        self._parts: list[_Part] = []
        self._index(pages, should_stop)
        places, at = [], 0
        for part in self._parts:
            places.append((self._ms(part.packet), at))
            at += part.size
        delay = int.from_bytes(self._opus_head[10:12], "little")
        samples = self._packets * self._frame - self._spare - delay
        self._head = made_head(self._opus_head, samples, places, at)
        self._places = [len(self._head) + place for _, place in places]
        self.size = len(self._head) + at

    def read(self, begin: int, count: int) -> bytes:
        """Give bytes from a place on; fewer than asked for, none when it was let go.

        Raises:
            AudioError: They can't be read, or are others by now.
        """
        if begin < len(self._head):
            return self._head[begin : begin + count]
        number = bisect_right(self._places, begin) - 1
        part = self._parts[number]
        data = self._own.read(part.begin, part.end - part.begin)
        if not data:
            return b""
        content = b""
        with suppress(struct.error, OverflowError):
            content = self._made(part, data)
        if len(content) != part.size:
            raise AudioError(self._path, "has changed")
        at = begin - self._places[number]
        return content[at : at + count]

    def close(self) -> None:
        """Let it go."""
        self._own.close()

    # Looking through

    def _pages(self) -> Iterator[_Page]:
        """Give the heads of all pages.

        Raises:
            ValueError: There is something else between.
        """
        at, known = 0, None
        while at < self._own.size:
            data = self._own.read(at, _MOST)
            if len(data) < _HEAD.size:
                raise ValueError("it is cut")
            word, version, flags, granule, serial, _, _, count = _HEAD.unpack_from(data)
            sizes = data[_HEAD.size : _HEAD.size + count]
            content = at + _HEAD.size + count
            end = content + sum(sizes)
            known = serial if known is None else known
            is_ours = (word, version, serial) == (b"OggS", 0, known)
            if not is_ours or len(sizes) < count or end > self._own.size:
                raise ValueError("it is cut, or has other streams")
            yield _Page(at, content, end, flags, granule, sizes)
            at = end

    def _read_heads(self, pages: Iterator[_Page]) -> bytes:
        """Read what is ahead of the sound, to which the next page belongs.

        Raises:
            ValueError: It is no Opus of one or two channels.
        """
        head, is_begun = b"", False
        for page in pages:
            if not is_begun:
                is_begun = True
                head = self._own.read(page.content, page.end - page.content)
            elif page.sizes[-1:] != b"\xff":  # else the words go on in the next one
                break
        if len(head) != 19 or head[:9] != b"OpusHead\x01" or head[18]:
            raise ValueError("this is no Opus of one or two channels")
        return head

    def _index(self, pages: Iterator[_Page], should_stop: Callable[[], bool]) -> None:
        """Tell which pages become which part.

        Raises:
            AudioError: It was stopped.
            ValueError: There is something unusual.
        """
        begin, first, size, carried, whole = 0, 0, 0, 0, 0
        page = None
        for page in pages:
            if should_stop():
                raise AudioError(self._path, "not needed any more")
            begin = begin or page.begin
            self._frame = self._frame or self._frame_at(page.content)
            if self._frame % _MS_SAMPLES:
                raise ValueError("its times are between milliseconds")
            if bool(carried) != bool(page.flags & _CONTINUED):
                raise ValueError("some of it is missing")
            if not carried and self._ms(self._packets) >= self._ms(first) + 1000:
                self._add(_Part(begin, page.begin, first, size))
                begin, first, size = page.begin, self._packets, 0
            for segment in page.sizes:
                carried += segment
                if segment < 255:
                    size += block_size(carried)
                    self._packets, whole, carried = self._packets + 1, carried, 0
            self._spare = self._packets * self._frame - page.granule
            is_within = not page.flags & _LAST and page.granule != -1
            if self._spare and is_within:
                raise ValueError("its times are not those of its packets")
        if page is None or carried or not 0 <= self._spare < self._frame:
            raise ValueError("it has no proper end")
        size += last_size(whole) - block_size(whole)
        self._add(_Part(begin, page.end, first, size))

    def _add(self, part: _Part) -> None:
        lasts_ms = self._ms(self._packets) - self._ms(part.packet)
        if part.end - part.begin > _MOST_PART or lasts_ms > _MOST_PART_MS:
            raise ValueError("its pages are too large")
        self._parts.append(part._replace(size=len(made_part(0, ())) + part.size))

    def _frame_at(self, place: int) -> int:
        """Tell how many samples a packet has.

        Raises:
            ValueError: There is none.
        """
        data = self._own.read(place, 2)
        if len(data) < 2:
            raise ValueError("it is cut")
        kind = data[0] & 3
        return _FRAMES[data[0] >> 3] * ((1, 2, 2)[kind] if kind < 3 else data[1] & 63)

    def _ms(self, packet: int) -> int:
        """Tell the time of a packet."""
        return packet * self._frame * 1000 // RATE

    # Making

    def _made(self, part: _Part, pages: bytes) -> bytes:
        """Make a part.

        Raises:
            StructError: These are other pages.
        """
        begin_ms, number = self._ms(part.packet), part.packet
        blocks: list[bytes] = []
        at, packet = 0, b""
        while at + _HEAD.size <= len(pages):
            begin = at + _HEAD.size
            at = begin + pages[begin - 1]
            for segment in pages[begin:at]:
                packet += pages[at : at + segment]
                at += segment
                if segment < 255:
                    time_ms = self._ms(number) - begin_ms
                    number += 1
                    is_last = number == self._packets
                    blocks.append(
                        made_last(time_ms, packet, self._spare)
                        if is_last
                        else made_block(time_ms, packet)
                    )
                    packet = b""
        return made_part(begin_ms, blocks)
