"""A recording as Opus, of which only what is asked for is made.

The file's layout is known at once, see `Layout`. Whoever reads at a place where nothing
was made yet has the encoder begin there, a little before, so that it has settled. What
was made is kept, in a file without a name.
"""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import IO, TYPE_CHECKING

from tui.audio import RATE, Decoder, head_of, packets_of
from tui.errors import AudioError
from tui.media import measure
from tui.remote._opus import opus_encoder, opus_frame
from tui.remote._web_layout import (
    BIT_RATE,
    FRAME,
    MIME,
    PACKETS,
    PART_BYTES,
    Layout,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tui.audio import Recording

__all__ = ["Made", "count_samples"]

_log = logging.getLogger(__name__)

_BYTES = 2
_WARM_UP = 10
"""Packets that are encoded ahead of a part and thrown away: 0.2 s, after which the
encoder says about what it would have said if it had begun at the very start."""
_MOST_PARTS = 20_000
"""Seconds of sound that are kept: 126 MB. Then those go that were read longest ago."""
# Without a variable rate all packets have one size.
_OPTIONS = {"vbr": "off", "compression_level": "5"}
_SLOT = PART_BYTES + 16
_NEAR_THE_END = (1.0, 10.0, 100.0)
"""Seconds before the end that a container tells, where packets are looked for."""
_TAIL_S = 0.5
"""So much is decoded to find the very last sample."""


class Made:
    """A recording that a page may fetch as Opus, under a random name.

    Args:
        recording: The file; it is taken over.
        samples: How long it is, see `count_samples`.
    """

    is_made = True

    def __init__(self, recording: Recording, samples: int) -> None:
        self._recording = recording
        self._layout = Layout(samples)
        self._kept = _Kept()
        self._stopped = Event()
        self._parts: Generator[list[bytes]] | None = None
        self._next = 0  # the part that comes out of them next
        self.mime = MIME
        self.duration_ms = round(samples * 1000 / RATE)
        self.samples = samples
        self.size = self._layout.size
        self.key = secrets.token_urlsafe(24)
        # Decoder and encoder belong to one thread, and no more than one part is made
        # at a time.
        self.worker = ThreadPoolExecutor(1, "earmark-opus")

    def read(self, begin: int, count: int) -> bytes:
        """Give bytes from a place on, on the thread of `worker`.

        They are few enough that a seek elsewhere need not wait: a part at most.

        Args:
            begin: The first one.
            count: The most.

        Returns:
            At least one, but none when it was let go.

        Raises:
            AudioError: It can't be decoded there.
        """
        head = self._layout.head
        if self._stopped.is_set():
            return b""
        if begin < len(head):
            return head[begin : begin + count]
        part = self._layout.part_at(begin)
        at = begin - self._layout.place(part)[0]
        try:
            return self._part(part)[at : at + count]
        except AudioError:
            if self._stopped.is_set():
                return b""
            raise

    def close(self) -> None:
        """Let it go; whoever fetches it gets no more."""
        self._stopped.set()
        with suppress(RuntimeError):  # it was let go before
            self.worker.submit(self._end)
        self.worker.shutdown(wait=False)

    def _end(self) -> None:
        if self._parts is not None:
            self._parts.close()
        self._kept.close()
        self._recording.close()

    def _part(self, number: int) -> bytes:
        """Give a part, made now if need be.

        Raises:
            AudioError: It can't be decoded.
        """
        import av

        content = self._kept.get(number)
        if content is not None:
            return content
        if self._parts is None or self._next != number:
            if self._parts is not None:
                self._parts.close()
            self._next = number
            self._parts = _encoded(self._recording, number, self._stopped.is_set)
        try:
            content = self._layout.write(number, next(self._parts))
        except BaseException as error:
            self._parts = None
            if isinstance(error, av.error.FFmpegError | OSError | ValueError):
                reason = "can't be made smaller"
                raise AudioError(self._recording.path, reason) from error
            raise
        self._next = number + 1
        self._kept.put(number, content)
        return content


class _Kept:
    """Parts that were made, in a file that nobody else can open."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._slots: OrderedDict[int, int] = OrderedDict()
        self._free: list[int] = []
        self._unused = 0  # the first place in the file that was never used

    def get(self, part: int) -> bytes | None:
        """Give a part; None when it is not here."""
        if self._file is None or part not in self._slots:
            return None
        self._slots.move_to_end(part)
        try:
            found = os.pread(self._file.fileno(), _SLOT, self._slots[part] * _SLOT)
        except OSError as error:
            _log.info("what was made can't be read: %s", error)
            return None
        size = int.from_bytes(found[:4], "big")
        return found[4 : 4 + size]

    def put(self, part: int, content: bytes) -> None:
        """Keep a part, if there is room; without it is made again when it is needed."""
        slot = self._slot_for(part)
        written = len(content).to_bytes(4, "big") + content
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed with the note
            count = os.pwrite(self._file.fileno(), written, slot * _SLOT)
        except OSError as error:
            _log.info("what was made can't be kept: %s", error)
            count = 0
        if count == len(written):
            self._slots[part] = slot
        else:
            self._free.append(slot)

    def _slot_for(self, part: int) -> int:
        """Find a place in the file that no other part has."""
        if part in self._slots:  # it could not be read
            return self._slots.pop(part)
        if self._free:
            return self._free.pop()
        if len(self._slots) >= _MOST_PARTS:
            return self._slots.popitem(last=False)[1]
        self._unused += 1
        return self._unused - 1

    def close(self) -> None:
        """Let them go."""
        if self._file is not None:
            self._file.close()


def _encoded(
    recording: Recording, part: int, should_stop: Callable[[], bool]
) -> Generator[list[bytes]]:
    """Encode parts, from one on and without an end.

    Raises:
        AudioError: It can't be decoded, or was stopped.
        FFmpegError: It can't be encoded.
    """
    begin = max(0, part * PACKETS - _WARM_UP)
    spare = part * PACKETS - begin
    encoder = opus_encoder(BIT_RATE, _OPTIONS)
    packets: list[bytes] = []
    for number, block in enumerate(_blocks(recording, begin * FRAME, should_stop)):
        frame = opus_frame(block, (begin + number) * FRAME)
        for packet in encoder.encode(frame):
            packets.append(bytes(packet))
            if spare:
                spare -= 1
                packets.clear()
            if len(packets) == PACKETS:
                yield packets
                packets = []


def _blocks(
    recording: Recording, first: int, should_stop: Callable[[], bool]
) -> Iterator[bytes]:
    """Decode from a sample on to blocks of a packet each; behind the end is silence.

    Raises:
        AudioError: It can't be decoded, or was stopped.
    """
    size = FRAME * _BYTES
    rest = bytearray()
    is_begun = False
    with Decoder(recording, first / RATE) as decoder:
        for pcm, at in decoder:
            if should_stop():
                raise AudioError(recording.path, "not needed any more")
            if pcm and not is_begun:  # it may begin later than the clock
                is_begun = True
                rest += bytes(max(0, round(at * RATE) - first) * _BYTES)
            rest += pcm
            while len(rest) >= size:
                yield bytes(rest[:size])
                del rest[:size]
    yield bytes(rest.ljust(size, b"\0"))
    while True:
        yield bytes(size)


def count_samples(recording: Recording, should_stop: Callable[[], bool]) -> int:
    """Tell how long a recording is, without decoding all of it.

    Args:
        recording: The file.
        should_stop: Asked now and then; True gives up.

    Returns:
        Samples at the engine's rate, at least one.

    Raises:
        AudioError: It has no sound that can be decoded, or was stopped.
    """
    told, is_exact = _told_s(recording)
    if is_exact:
        return round(told * RATE)
    begin = max(0.0, _last_packet_s(recording, told, should_stop) - _TAIL_S)
    with Decoder(recording, begin) as decoder:
        for _ in decoder:
            if should_stop():
                raise AudioError(recording.path, "not needed any more")
        end = decoder.end
    if not end or end < 1 / RATE:
        raise AudioError(recording.path, "no audio in it that can be decoded")
    return round(end * RATE)


def _told_s(recording: Recording) -> tuple[float, bool]:
    """Tell how long it says that it is, in seconds, 0 where it does not.

    What a container says is not to be relied on: it may have been cut. Where it says
    nothing (AMR, AAC by itself) the frames are counted, if something can be decoded.
    """
    with Decoder(recording) as decoder:
        if decoder.duration:
            return decoder.duration, False
        has_sound = any(pcm for pcm, _ in decoder)
    try:
        told = (measure(recording.path).duration_ms or 0) / 1000
    except OSError:
        return 0.0, False
    return told, has_sound and told > 0


def _last_packet_s(
    recording: Recording, told: float, should_stop: Callable[[], bool]
) -> float:
    """Tell in seconds where the last packet ends, or about so.

    Raises:
        AudioError: It can't be opened, or was stopped.
    """
    for before in (*_NEAR_THE_END, None):
        if before is None or told > before:
            at = 0.0 if before is None else told - before
            found = _end_behind(recording, at, should_stop)
            if found is not None:
                return found
    return 0.0


def _end_behind(
    recording: Recording, seconds: float, should_stop: Callable[[], bool]
) -> float | None:
    """Tell where the last packet ends that begins behind a time; None without any.

    Raises:
        AudioError: It can't be opened, or was stopped.
    """
    import av

    container = recording.open()
    try:
        stream = container.streams.audio[0]
        head = head_of(container, stream)
        end: int | None = None
        with suppress(av.error.FFmpegError, OSError):
            if seconds:
                at = head.start + round(seconds / head.time_base)
                container.seek(at, stream=stream)
            for packet in packets_of(container, stream, head):
                end = max(end or 0, packet.pts + packet.duration)
                if should_stop():
                    raise AudioError(recording.path, "not needed any more")
        if end is None:
            return None
        return float((end - head.start) * head.time_base)
    finally:
        container.close()
