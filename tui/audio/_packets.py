"""Recordings that arrive packet by packet, from somewhere else, while they are played.

Whoever has the file takes it apart; here only its packets are needed. So nothing can
block on a slow line, and no container of a stranger is parsed. What has arrived stays,
and can be gone back to without being asked for again.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet as FilePacket

    AnyPacket = FilePacket[Any]

__all__ = [
    "BARE_CODECS",
    "Packet",
    "PacketContainer",
    "PacketRecording",
    "PacketStore",
    "PacketStream",
    "StreamHead",
    "head_of",
    "packets_of",
]

BARE_CODECS = frozenset(
    {"aac", "alac", "amrnb", "amrwb", "flac", "mp3", "mp3float", "opus", "vorbis"}
)
"""Codecs whose decoder needs nothing but a head and packets: what comes out is the same
to the sample as from the file."""

_WAIT_S = 0.02
"""How long one look for the next packet takes at most."""
_OVERLAP_S = 0.5
"""From so far before the last packet on a run is asked for again, when others came."""
_NEAR_S = 2.0
"""Up to this time one waits for the first packets; what is later is asked for."""
_MOST_BYTES = 32 * 1024 * 1024
"""Of a recording that are kept: hours of speech. Then other runs are forgotten."""
_SKIPS: Final = "skip_samples"
_SKIPS_NUMBER = 11
"""FFmpeg's name and number of the side data that tells which samples are no sound."""
_SKIPS_SIZE = 10


class StreamHead(NamedTuple):
    """What a decoder has to know ahead of the packets."""

    codec: str
    """FFmpeg's name."""
    extradata: bytes
    rate: int
    """Samples a second."""
    layout: str
    """FFmpeg's name, e.g. `mono`."""
    numerator: int
    """Of the seconds that times of packets are counted in."""
    denominator: int
    start: int
    """The time of the first sample."""
    duration_us: int | None
    """Microseconds; None when the container does not tell."""
    container: str
    """FFmpeg's name."""

    @property
    def time_base(self) -> Fraction:
        """The seconds that times are counted in."""
        return Fraction(self.numerator, self.denominator)


class Packet(NamedTuple):
    """A packet of a stream."""

    data: bytes
    pts: int
    """Its time; packets follow one another by it."""
    duration: int
    skips: tuple[int, int] = (0, 0)
    """Samples to leave out at its begin and at its end."""


def head_of(container: InputContainer, stream: AudioStream) -> StreamHead:
    """Tell what the decoder of a stream has to know.

    Args:
        container: An open file.
        stream: One of its streams of sound.
    """
    codec, base = stream.codec_context, stream.time_base or Fraction(1, 1)
    return StreamHead(
        codec=codec.name,
        extradata=codec.extradata or b"",
        rate=codec.sample_rate,
        layout=codec.layout.name,
        numerator=base.numerator,
        denominator=base.denominator,
        start=stream.start_time or 0,
        duration_us=container.duration,
        container=container.format.name,
    )


def packets_of(
    container: InputContainer, stream: AudioStream, head: StreamHead
) -> Iterator[Packet]:
    """Take a stream apart, from where the container stands.

    Args:
        container: An open file.
        stream: One of its streams of sound.
        head: What is known of it.

    Raises:
        FFmpegError: The container is damaged there.
    """
    expected = head.start
    for packet in container.demux(stream):
        if not packet.size:
            continue
        begin, end = _skips_of(packet)
        pts = expected if packet.pts is None else packet.pts
        duration = packet.duration or 0
        expected = pts + duration
        yield Packet(bytes(packet), pts, duration, (begin, end))


def _skips_of(packet: AnyPacket) -> tuple[int, int]:
    if not packet.has_sidedata(_SKIPS):
        return 0, 0
    told = bytes(packet.get_sidedata(_SKIPS))
    if len(told) < 8:
        return 0, 0
    return int.from_bytes(told[:4], "little"), int.from_bytes(told[4:8], "little")


@dataclass(slots=True)
class _Run:
    """Packets that follow one another."""

    is_first: bool
    """It begins with the recording."""
    packets: list[Packet] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    size: int = 0
    is_complete: bool = False
    """It reaches to the end of the recording."""


class PacketStore:
    """What has arrived of a recording.

    `put`, `end`, `fail` and `wake` may be called on any thread; all else belongs to the
    thread that decodes.

    Args:
        path: What it is called, in errors.
        head: What its decoder has to know.
        want: Asks for packets as a run of some number, from a time in seconds on; an
            earlier wish is given up.
        pace: Told how many bytes wait to be decoded, whenever that changes.
    """

    def __init__(
        self,
        path: bytes,
        head: StreamHead,
        want: Callable[[int, float], None],
        pace: Callable[[int], None],
    ) -> None:
        self.path = path
        self.head = head
        self.problem = ""
        """Why nothing more comes; empty while all is well."""
        self._want = want
        self._pace = pace
        self._changed = threading.Condition()
        self._runs: dict[int, _Run] = {0: _Run(is_first=True)}
        self._near = head.start + int(_NEAR_S / head.time_base)
        self._arriving = 0
        """The run that packets come for."""
        self._reading = (0, 0)
        """The packet that was asked for last."""
        self._last = 0
        """The highest number that was given to a run."""

    @property
    def size(self) -> int:
        """Bytes that are held."""
        with self._changed:
            return sum(run.size for run in self._runs.values())

    @property
    def is_whole(self) -> bool:
        """Whether all of it has arrived."""
        with self._changed:
            runs = self._runs.values()
            return any(run.is_first and run.is_complete for run in runs)

    def put(self, number: int, packets: Sequence[Packet]) -> None:
        """Take packets that follow the last ones of a run.

        Args:
            number: The run.
            packets: The packets; those that are there already are left out.
        """
        with self._changed:
            run = self._runs.get(number)
            if run is None or run.is_complete:
                return
            for packet in packets:
                if run.times and packet.pts <= run.times[-1]:
                    continue
                run.packets.append(packet)
                run.times.append(packet.pts)
                run.size += len(packet.data)
            self._changed.notify_all()
            waiting = self._waiting()
        self._pace(waiting)

    def end(self, number: int) -> None:
        """Take in that a run has reached the end of the recording."""
        with self._changed:
            if number in self._runs:
                self._runs[number].is_complete = True
            self._changed.notify_all()

    def fail(self, problem: str) -> None:
        """Take in that nothing more can be read."""
        with self._changed:
            self.problem = problem
            self._changed.notify_all()

    def wake(self) -> None:
        """Have whoever waits for a packet look around."""
        with self._changed:
            self._changed.notify_all()

    def begin(self) -> tuple[int, int]:
        """Find the first packet, which may lie ahead of the first sound; as `find`."""
        with self._changed:
            for number, run in self._runs.items():
                if run.is_first:
                    return number, 0
        return self.find(self.head.start)

    def find(self, pts: int) -> tuple[int, int]:
        """Find the packet that sounds at a time; what is not here is asked for.

        Args:
            pts: The time.

        Returns:
            The run, and the place of the packet in it, where it may not be yet.
        """
        with self._changed:
            for number, run in self._runs.items():
                near = self._near if number == self._arriving else None
                place = _place(run, pts, near)
                if place is not None:
                    return number, place
            self._forget_others()
            self._last += 1
            number = self._arriving = self._last
            self._runs[number] = _Run(is_first=pts <= self.head.start)
        self._want(number, float(pts * self.head.time_base))
        return number, 0

    def next(self, number: int, place: int) -> Packet | None:
        """Give a packet; None when it does not come in a moment.

        Args:
            number: The run.
            place: Its place in it.

        Raises:
            EOFError: There is none behind the one before.
            AudioError: Nothing more can be read.
        """
        wish: float | None = None
        with self._changed:
            run = self._runs.get(number)
            self._reading = number, place
            if run is None:
                raise EOFError
            if place >= len(run.packets) and not run.is_complete:
                if self.problem:
                    raise AudioError(self.path, self.problem)
                if number != self._arriving:
                    self._arriving = number
                    last = run.times[-1] if run.times else self.head.start
                    wish = max(0.0, float(last * self.head.time_base) - _OVERLAP_S)
                else:
                    self._changed.wait(_WAIT_S)
            packet = run.packets[place] if place < len(run.packets) else None
            if packet is None and run.is_complete:
                raise EOFError
            waiting = self._waiting()
        if wish is not None:
            self._want(number, wish)
        # Also where there is none: a sender that waits must go on after a jump.
        self._pace(waiting)
        return packet

    def _waiting(self) -> int:
        """About the bytes that have arrived and were not decoded."""
        number, place = self._reading
        run = self._runs.get(number)
        if run is None or not run.packets:
            return 0
        return run.size * (len(run.packets) - place) // len(run.packets)

    def _forget_others(self) -> None:
        """Make room: what is far from where one listens now is forgotten."""
        if sum(run.size for run in self._runs.values()) > _MOST_BYTES:
            self._runs.clear()


def _place(run: _Run, pts: int, near: int | None) -> int | None:
    """Find a time in a run; None where it is not.

    Args:
        run: The run.
        pts: The time.
        near: Before this time the first packets of a recording are waited for, if they
            are on their way; None if they are not.
    """
    if not run.times:
        is_soon = run.is_first and near is not None and pts <= near
        return 0 if is_soon else None
    if pts < run.times[0]:
        return 0 if run.is_first else None
    if pts > run.times[-1] and not run.is_complete:
        return None
    return max(0, bisect_right(run.times, pts) - 1)


class PacketStream:
    """The stream of a recording that arrives, as a decoder sees it.

    Args:
        head: What is known of it.

    Raises:
        AudioError: There is no such decoder.
    """

    def __init__(self, path: bytes, head: StreamHead) -> None:
        import av

        try:
            codec = av.CodecContext.create(head.codec, "r")
            if not isinstance(codec, av.AudioCodecContext):
                raise AudioError(path, "no audio in it")
            if head.extradata:
                codec.extradata = head.extradata
            codec.sample_rate = head.rate
            codec.layout = head.layout
        except (av.error.FFmpegError, ValueError, KeyError) as error:
            raise AudioError(path, "no audio in it that can be decoded") from error
        self.codec_context: AudioCodecContext = codec
        self.sample_rate = head.rate
        self.time_base: Fraction | None = head.time_base
        self.start_time: int | None = head.start


class _Streams(NamedTuple):
    audio: tuple[PacketStream, ...]


class _Kind(NamedTuple):
    name: str


class PacketContainer:
    """Stands for the container of a recording that arrives.

    Args:
        store: What arrives.
    """

    def __init__(self, store: PacketStore) -> None:
        self._store = store
        self.streams = _Streams((PacketStream(store.path, store.head),))
        self.format = _Kind(store.head.container)
        self.duration = store.head.duration_us
        self._at = store.begin()

    def seek(self, offset: int, *, stream: object) -> None:  # noqa: ARG002  # as PyAV's
        """Go to a time of the stream."""
        self._at = self._store.find(offset)

    def demux(self, *_streams: object) -> Iterator[AnyPacket | None]:
        """Give packets as they come; None while there is none.

        Raises:
            AudioError: Nothing more can be read.
        """
        import av

        number, place = self._at
        base = self._store.head.time_base
        while True:
            try:
                told = self._store.next(number, place)
            except EOFError:
                break
            if told is None:
                yield None
                continue
            place += 1
            yield _restored(told, self._store.head)
        last = av.Packet()
        last.time_base = base
        yield last

    def close(self) -> None:
        """Nothing is held open."""


def _restored(told: Packet, head: StreamHead) -> AnyPacket:
    import av

    _new_side: Any = av.packet.PacketSideData  # its types leave out the arguments
    packet: AnyPacket = av.Packet(told.data)
    packet.pts = packet.dts = told.pts
    packet.duration = told.duration
    packet.time_base = head.time_base
    begin, end = told.skips
    if begin or end:
        content = begin.to_bytes(4, "little") + end.to_bytes(4, "little")
        side = _new_side(_SKIPS_NUMBER, _SKIPS_SIZE)
        side.update(content.ljust(_SKIPS_SIZE, b"\0"))
        packet.set_sidedata(side)
        # A decoder that knows no container's clock does not move the time itself.
        ticks = Fraction(begin, head.rate) / head.time_base
        packet.pts += int(ticks + Fraction(1, 2))
    return packet


class PacketRecording:
    """A recording that arrives, in the place of a file that is held open.

    Args:
        store: What arrives of it.
    """

    def __init__(self, store: PacketStore) -> None:
        self.path = store.path
        self._store = store

    def open(self) -> PacketContainer:
        """Begin at its begin."""
        return PacketContainer(self._store)

    def close(self) -> None:
        """Nothing is held open."""
