"""One recording that is taken apart: its own packets, or new ones where they must be.

Most voice notes are Opus, AAC, MP3 or AMR, of a few kilobytes a second: these are sent
as they are. What is larger (WAV, FLAC), or needs more than its packets to be decoded
(WMA), becomes Opus here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from tui.audio import (
    BARE_CODECS,
    RATE,
    Decoder,
    Packet,
    Recording,
    StreamHead,
    head_of,
    packets_of,
)
from tui.errors import AudioError
from tui.remote._opus import opus_encoder, opus_frame

if TYPE_CHECKING:
    from collections.abc import Generator

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet as FilePacket

    AnyPacket = FilePacket[Any]

__all__ = ["Taken", "take"]

_log = logging.getLogger(__name__)

_MOST_BITS = 160_000
"""Bits a second from which on a recording is made smaller."""
_OPUS_BITS = 48_000
_FRAME = RATE // 50
"""Samples in a packet: 20 ms."""
_DELAY = 312
"""Samples that Opus's encoder puts ahead of the sound."""
_BYTES = 2


class Taken(Protocol):
    """A recording that is sent in runs; belongs to one thread at a time."""

    head: StreamHead
    run: int
    """What is sent now belongs to this run."""
    is_over: bool
    """The run has reached the end."""

    def jump(self, run: int, seconds: float) -> None:
        """Go on from a time, as a run of this number."""

    def some(self, size: int) -> list[Packet]:
        """Give the next packets, about so many bytes; none when it is over.

        Raises:
            AudioError: It can't be read any more.
        """

    def close(self) -> None:
        """Let it go."""


def take(path: bytes) -> Taken:
    """Open a recording to send it.

    Args:
        path: The absolute path.

    Raises:
        AudioError: It can't be read, or has no sound in it.
    """
    recording = Recording(path)
    container: InputContainer | None = None
    try:
        container = recording.open()
        stream = _sound_of(path, container)
        head = head_of(container, stream)
        if head.codec in BARE_CODECS and _bits(container) <= _MOST_BITS:
            return _Own(recording, container, stream, head)
        container.close()
        return _Made(recording)
    except BaseException:
        if container is not None:
            container.close()
        recording.close()
        raise


def _sound_of(path: bytes, container: InputContainer) -> AudioStream:
    streams = container.streams.audio
    if not streams:
        raise AudioError(path, "no audio in it")
    if not streams[0].sample_rate:
        raise AudioError(path, "no audio in it that can be decoded")
    return streams[0]


def _bits(container: InputContainer) -> float:
    if not container.duration:
        return float(container.bit_rate or 0)
    return container.size * 8_000_000 / container.duration


class _Own:
    """Sends the packets that are in the file.

    Args:
        recording: The file.
        container: The same, opened.
        stream: Its sound.
        head: What is known of it.
    """

    def __init__(
        self,
        recording: Recording,
        container: InputContainer,
        stream: AudioStream,
        head: StreamHead,
    ) -> None:
        self._recording = recording
        self._container = container
        self._stream = stream
        self.head = head
        self.run = 0
        self.is_over = False
        self._packets = packets_of(container, stream, head)

    def jump(self, run: int, seconds: float) -> None:
        """Go on from a time."""
        import av

        self.run, self.is_over = run, False
        at = round(seconds / self.head.time_base)
        try:
            self._container.seek(max(at, self.head.start), stream=self._stream)
        except (av.error.FFmpegError, OSError):
            # It can't be sought: what lies before is sent once more.
            self._container.close()
            self._container = self._recording.open()
            self._stream = self._container.streams.audio[0]
        self._packets = packets_of(self._container, self._stream, self.head)

    def some(self, size: int) -> list[Packet]:
        """Give the next packets."""
        import av

        packets: list[Packet] = []
        while size > 0 and not self.is_over:
            try:
                packet = next(self._packets)
            except StopIteration:
                self.is_over = True
            except (av.error.FFmpegError, OSError) as error:
                _log.info("%r ends early: %s", self._recording.path, error)
                self.is_over = True
            else:
                packets.append(packet)
                size -= len(packet.data)
        return packets

    def close(self) -> None:
        """Let it go."""
        self._container.close()
        self._recording.close()


class _Made:
    """Sends packets of Opus that are made as they are needed.

    Args:
        recording: The file.

    Raises:
        AudioError: It can't be decoded.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.run = 0
        self.is_over = False
        with Decoder(recording) as decoder:
            length = decoder.duration
        self.head = StreamHead(
            codec="opus",
            extradata=opus_encoder(_OPUS_BITS).extradata or b"",
            rate=RATE,
            layout="mono",
            numerator=1,
            denominator=RATE,
            start=0,
            duration_us=None if length is None else round(length * 1_000_000),
            container="ogg",
        )
        self._packets = self._encoded(0.0)

    def jump(self, run: int, seconds: float) -> None:
        """Go on from a time."""
        self.run, self.is_over = run, False
        self._packets.close()
        self._packets = self._encoded(max(0.0, seconds))

    def some(self, size: int) -> list[Packet]:
        """Give the next packets."""
        packets: list[Packet] = []
        while size > 0 and not self.is_over:
            packet = next(self._packets, None)
            if packet is None:
                self.is_over = True
            else:
                packets.append(packet)
                size -= len(packet.data)
        return packets

    def close(self) -> None:
        """Let it go."""
        self._packets.close()
        self._recording.close()

    def _encoded(self, seconds: float) -> Generator[Packet]:
        """Decode from a time on, and encode it.

        All runs are cut into packets at the same times, so that one can go on where
        another one ends.
        """
        begin = int(seconds * RATE) // _FRAME * _FRAME
        encoder, skips = opus_encoder(_OPUS_BITS), (_DELAY, 0)
        for number, block in enumerate(self._blocks(begin / RATE)):
            for packet in encoder.encode(opus_frame(block, begin + number * _FRAME)):
                yield _told(packet, skips)
                skips = 0, 0
        for packet in encoder.encode(None):
            yield _told(packet, skips)

    def _blocks(self, seconds: float) -> Generator[bytes]:
        """Decode to blocks of one packet each; the last one may be shorter."""
        rest = bytearray()
        with Decoder(self._recording, seconds) as decoder:
            for pcm, _ in decoder:
                rest += pcm
                while len(rest) >= _FRAME * _BYTES:
                    yield bytes(rest[: _FRAME * _BYTES])
                    del rest[: _FRAME * _BYTES]
        if rest:
            yield bytes(rest)


def _told(packet: AnyPacket, skips: tuple[int, int]) -> Packet:
    pts = packet.pts or 0
    duration = packet.duration or _FRAME
    return Packet(bytes(packet), pts, duration, (skips[0], _FRAME - duration))
