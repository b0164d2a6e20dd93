"""Sound out of files: any container and codec as PCM, from an exact position on.

A decoder belongs to the thread that made it. That is no style: a container that is
closed by another thread during a decode crashes the process.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
from typing import TYPE_CHECKING, Any, Protocol, Self

from tui.archives import open_quietly
from tui.audio._api import RATE
from tui.audio._filters import Filters
from tui.audio._levels import SETTLE_S, SMALLEST_DB, amplified
from tui.audio._pauses import PauseCutter
from tui.audio._ring import FRAME
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from types import TracebackType

    import av
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from tui.audio._packets import PacketRecording, PacketStream

__all__ = ["OPTIONS", "PATIENCE_S", "Decoder", "Recording", "best_codec"]

_PREROLL = 0.5
"""Seconds decoded before a position: with less, AMR and Opus in CAF have not settled
and sound wrong (0.5 is exact in 240 of 240 seeks, 0.08 is not)."""
_FAR_PREROLL = 10.0
"""Seconds for a container whose index points behind the position."""
_WARM_UP = 0.1
"""Seconds fed to the change of speed before a position: its first 25 ms click."""
_LATE = 0.001
"""Seconds that a frame may lie behind a position and still count as there."""
_LOST = (0.018, 10.0)
"""Seconds: a hole between two packets of this size is filled with silence, so that the
clock goes on; less is rounding, more is a wrong time."""
_SIDES = 2
_RETRIES = 50
"""How many errors of the container are passed over before it counts as the end."""

PATIENCE_S = 4.0
"""Seconds in which a read must bring a packet. FFmpeg looks for the next one as far as
the end: through a hole of 2 GB for 24 s, in which nobody could pause."""

_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,eac3,flac,flv,gsm,"
    "matroska,mov,mp3,mpeg,mpegts,ogg,tta,voc,w64,wav,wv"
)
"""What may be opened. Left out on purpose: playlists, which name other files or
servers, and formats that take any text for sound."""
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}

_UNSURE = frozenset({"aac", "amr", "amrnb", "amrwb", "gsm"})
"""Containers without a length: what FFmpeg says is guessed from the size (309.7 s for
300 s of AMR)."""

_BETTER = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
"""FFmpeg's own decoders refuse the packets that phones send while nobody speaks."""


class Recording:
    """A file that is held open, so that it can be played when its name is gone.

    Args:
        path: The absolute path.

    Raises:
        AudioError: It vanished, may not be read, or is no file.
    """

    def __init__(self, path: bytes) -> None:
        self.path = path
        self._fd = -1
        try:
            self._fd = open_quietly(path)
            info = os.fstat(self._fd)
        except OSError as error:
            raise AudioError(path, _plain(error)) from error
        reason = "not a file"
        if stat.S_ISDIR(info.st_mode):
            reason = "a folder, not a file"
        elif stat.S_ISREG(info.st_mode):
            reason = "" if info.st_size else "empty"
        if reason:
            self.close()
            raise AudioError(path, reason)

    def close(self) -> None:
        """Let the file go."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def open(self) -> InputContainer:
        """Open the container, by the name or, when that is gone, by the open file.

        Raises:
            AudioError: It is not a sound file.
        """
        import av

        try:
            try:
                return self._open(os.fsdecode(self.path))
            except (FileNotFoundError, NotADirectoryError):
                # It lost its name, or lies in an archive.
                return self._open(f"/dev/fd/{self._fd}")
        except (av.error.FFmpegError, OSError) as error:
            raise AudioError(self.path, _plain(error)) from error

    def _open(self, name: str) -> InputContainer:
        import av

        options = dict(OPTIONS)
        head = os.pread(self._fd, 12, 0)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            # Its head says all; reading on for hidden codecs would take 10 ms.
            options["probesize"] = "32768"
        return av.open(
            name,
            "r",
            container_options=options,
            metadata_errors="replace",
            timeout=(None, PATIENCE_S),
        )


def _plain(error: Exception) -> str:
    """Say in plain words why a file can't be opened."""
    number = getattr(error, "errno", None)
    if number in {errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENODEV}:
        return "vanished"
    if number in {errno.EACCES, errno.EPERM}:
        return "permission denied"
    if isinstance(error, (ValueError, EOFError)):
        return "not a sound file"
    return getattr(error, "strerror", None) or "can't be read"


def best_codec(stream: AudioStream | PacketStream) -> AudioCodecContext:
    """Give what decodes a stream; where FFmpeg's own does not do, another one."""
    import av

    native = stream.codec_context
    better = _BETTER.get(native.name)
    if better is None or better not in av.codecs_available:
        return native
    codec = av.CodecContext.create(better, "r")
    if not isinstance(codec, av.AudioCodecContext):
        return native
    codec.sample_rate = native.sample_rate
    codec.layout = native.layout
    return codec


class _Container(Protocol):
    """What a decoder asks of a file, or of what stands for one."""

    @property
    def streams(self) -> Any:  # noqa: ANN401  # by number and by kind, as PyAV has them
        """The streams."""

    @property
    def format(self) -> Any:  # noqa: ANN401  # the same
        """The kind of container."""

    @property
    def duration(self) -> int | None:
        """Microseconds, where that is known."""

    def seek(self, offset: int, *, stream: Any) -> None:  # noqa: ANN401  # its own
        """Go to a time, in the units of the stream."""

    def demux(self, *streams: Any) -> Iterator[Any]:  # noqa: ANN401  # the same
        """Give packets; None while one has not arrived."""

    def close(self) -> None:
        """Let it go."""


class Decoder:
    """One pass through a recording from a position on.

    Args:
        recording: The file.
        position: Where to begin, in seconds.
        speed: How many times faster, at the same pitch.
        skip: How many of the pauses to leave out: 0 none, 3 the most.
        gain_db: How much louder, in decibels; what is too loud then is limited.
        keep_sides: Whether a recording of two channels is given with both, their
            samples in turn; only at its own speed and with all pauses.

    Raises:
        AudioError: It is not a sound file, or has no audio in it.
    """

    def __init__(
        self,
        recording: Recording | PacketRecording,
        position: float = 0.0,
        speed: float = 1.0,
        skip: int = 0,
        gain_db: float = 0.0,
        *,
        keep_sides: bool = False,
    ) -> None:
        self._recording = recording
        self.start = max(0.0, position)
        """Media time of the first block; exact once that was decoded."""
        self.end: float | None = None
        """Where the recording ends; known when the last block was decoded."""
        self.skipped = 0
        """Packets that could not be decoded."""
        self._speed = speed
        self._warm_up = 0.0 if _is_plain(speed) else _WARM_UP
        is_louder = abs(gain_db) >= SMALLEST_DB
        if is_louder:
            self._warm_up = max(self._warm_up, SETTLE_S)
        self._early: list[bytes] | None = [] if is_louder else None
        self._sought = False
        self._lead = 0.0  # seconds decoded before the start
        self._container: _Container = recording.open()
        try:
            self._stream = self._first_stream()
            self._codec = best_codec(self._stream)
            has_sides = self._stream.codec_context.layout.nb_channels == _SIDES
            self.channels = _SIDES if keep_sides and has_sides else 1
            """In what it gives."""
            self._frame = FRAME * self.channels
            self.duration = self._duration()
            self.start = min(self.start, self.duration or self.start)
            self._seek(_PREROLL)
        except BaseException:
            self._container.close()
            raise
        self._stages = [self._make_blocks()]
        self._cutter = PauseCutter(skip, speed) if skip else None
        if self._cutter is not None:
            self._stages.append(self._cutter.run(self._stages[-1]))
        if is_louder:
            # Behind the cutter, which judges the sound as it was recorded.
            louder = amplified(self._stages[-1], gain_db, self._before, self.channels)
            self._stages.append(louder)

    @property
    def saved(self) -> float:
        """Seconds that were left out until now."""
        return 0.0 if self._cutter is None else self._cutter.saved

    def __iter__(self) -> Iterator[tuple[bytes, float]]:
        """Give PCM with the media time of its first frame.

        A block may be empty: then something was skipped, and one can look elsewhere.
        """
        return self._stages[-1]

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let the container go."""
        for stage in reversed(self._stages):
            stage.close()
        self._container.close()

    def _first_stream(self) -> AudioStream | PacketStream:
        streams: Sequence[AudioStream | PacketStream] = self._container.streams.audio
        if not streams:
            raise AudioError(self._recording.path, "no audio in it")
        stream = streams[0]
        if not stream.sample_rate:
            raise AudioError(self._recording.path, "no audio in it that can be decoded")
        stream.codec_context.thread_count = 1  # threads add delay and gain nothing
        return stream

    def _duration(self) -> float | None:
        name = self._container.format.name
        if self._container.duration is None or name in _UNSURE:
            return None
        return self._container.duration / 1_000_000

    def _seek(self, preroll: float) -> bool:
        """Go to a little before the start; False when the container can't."""
        import av

        stream = self._stream
        if self.start <= preroll or stream.time_base is None:
            return False
        if self._container.format.name == "ogg" and self._codec.name == "flac":
            return False  # its times are wrong by up to 0.2 s after a seek
        target = round((self.start - preroll) / stream.time_base)
        try:
            self._container.seek(target + (stream.start_time or 0), stream=stream)
        except (av.error.FFmpegError, OSError):
            self._reopen()
            return False
        self._sought = True
        return True

    def _reopen(self) -> None:
        """Begin again at the very start."""
        self._sought = False
        self._container.close()
        self._container = self._recording.open()
        self._stream = self._first_stream()
        self._codec = best_codec(self._stream)

    def _frames(self) -> Iterator[av.AudioFrame | None]:
        """Decode; None for every packet that gave nothing."""
        import av

        for _ in range(_RETRIES):
            try:
                for packet in self._container.demux(self._stream):
                    if packet is None:  # it has not arrived yet
                        yield None
                        continue
                    try:
                        frames = self._codec.decode(packet)
                    except EOFError:
                        return
                    except (av.error.FFmpegError, ValueError):
                        self.skipped += 1
                        yield None
                        continue
                    yield from frames or (None,)
            except av.error.ExitError as error:
                # Not taken for the end: a disk that went to sleep looks the same.
                reason = "no sound was found for some seconds"
                raise AudioError(self._recording.path, reason) from error
            except (av.error.FFmpegError, OSError):
                self.skipped += 1
                yield None
            else:
                return

    def _timed(self) -> Iterator[tuple[av.AudioFrame | None, float]]:
        """Decode; each frame with its time, from one that is not behind the start."""
        frames = self._frames()
        frame: av.AudioFrame | None = None
        at = 0.0
        for preroll in (_FAR_PREROLL, 0.0, None):
            may_skip = self._sought
            for frame in frames:
                if frame is not None:
                    at = self._time(frame, max(0.0, self.start - _PREROLL))
                    if not may_skip or at > self.start - _PREROLL / 2:
                        break
                    may_skip = False  # Matroska tells a wrong time for the first one
                yield None, at
            is_there = frame is not None and at <= self.start + _LATE
            if is_there or preroll is None or self.start <= _PREROLL:
                break
            # It landed behind the start (the index of the container is coarse), or
            # behind the end (the file is shorter than it says).
            if not (preroll and self._seek(preroll)):
                self._reopen()
            frames, frame = self._frames(), None
        for each in itertools.chain((frame,), frames):
            if each is not None:
                at = self._time(each, at)
            yield each, at
            if each is not None:
                at += each.samples / each.sample_rate

    def _time(self, frame: av.AudioFrame, expected: float) -> float:
        if frame.time is None:
            return expected
        begin = self._stream.start_time
        base = self._stream.time_base
        return frame.time - (float(begin * base) if begin and base else 0.0)

    def _pcm(self) -> Iterator[bytes]:
        """Decode to the engine's rate, trimmed to the sample at the start."""
        skip: int | None = None
        begin = max(0.0, self.start - self._warm_up)
        after = 0.0  # where the previous frame ended
        sampler, size = _Resampler(self.channels), self._frame
        for frame, at in self._timed():
            if frame is None:
                yield b""
                continue
            if skip is None:
                if at > begin + _LATE:  # nothing sounds earlier
                    begin = at
                    self.start = max(at, self.start)
                skip = max(0, round((begin - at) * RATE))
                self._lead = self.start - begin
            elif _LOST[0] < at - after <= _LOST[1]:
                hole = round((at - after) * RATE)
                yield bytes(max(0, hole - skip) * size)
                skip = max(0, skip - hole)
            after = at + frame.samples / frame.sample_rate
            for pcm in sampler.feed(frame):
                yield pcm[skip * size :]
                skip = max(0, skip - len(pcm) // size)
        for pcm in sampler.feed(None):
            yield pcm[(skip or 0) * size :]
            skip = max(0, (skip or 0) - len(pcm) // size)
        if skip is None or skip:  # the start lies behind the end
            self.start = min(self.start, after)

    def _make_blocks(self) -> Generator[tuple[bytes, float]]:
        count, size = 0, self._frame

        def counted() -> Iterator[bytes]:
            nonlocal count
            for pcm in self._pcm():
                if pcm and not count:
                    yield bytes(round((self._warm_up - self._lead) * RATE) * size)
                count += len(pcm) // size
                yield pcm

        drop = round(self._warm_up * RATE / self._speed)
        given = 0
        for block in _tempo(counted(), self._speed):
            pcm = block[drop * size :]
            if drop and self._early is not None:
                self._early.append(block[: drop * size])
            drop = max(0, drop - len(block) // size)
            yield pcm, self.start + given * self._speed / RATE
            given += len(pcm) // size
        self.end = self.start - self._lead + count / RATE

    def _before(self) -> bytes:
        """Give what was decoded before the start, for filters that listen back."""
        early, self._early = self._early, None
        return b"".join(early or ())


class _Resampler:
    """Turns frames of any kind into PCM; also when the kind changes on the way.

    Args:
        channels: How many it shall have.
    """

    def __init__(self, channels: int) -> None:
        self._layout = "mono" if channels == 1 else "stereo"
        self._size = FRAME * channels
        self._kind: tuple[str, str, int] | None = None
        self._inner: av.AudioResampler | None = None

    def feed(self, frame: av.AudioFrame | None) -> Iterator[bytes]:
        """Convert a frame; None at the end, for what is left."""
        import av

        kind = None
        if frame is not None:
            kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            yield from self._run(None)
            self._inner = av.AudioResampler(
                format="s16", layout=self._layout, rate=RATE
            )
            self._kind = kind
        if frame is not None:
            yield from self._run(frame)

    def _run(self, frame: av.AudioFrame | None) -> Iterator[bytes]:
        if self._inner is None:
            return
        for made in self._inner.resample(frame):
            if made is not None:  # a resampler with nothing to do hands None through
                yield bytes(made.planes[0])[: made.samples * self._size]


def _is_plain(speed: float) -> bool:
    return abs(speed - 1.0) < 1e-3


def _tempo(pcm: Iterator[bytes], speed: float) -> Iterator[bytes]:
    """Play faster or slower at the same pitch; an empty block while there is none."""
    if _is_plain(speed):
        yield from pcm
        return
    stages = []
    while speed > 2.0:  # one stage alone skips samples instead of blending them
        stages.append(2.0)
        speed /= 2.0
    stages.append(speed)
    filters = Filters([("atempo", f"{stage:.4f}") for stage in stages])
    for block in pcm:
        yield filters.feed(block)
    yield filters.end()
