"""Sound encoded into a file as it comes, with chapters that are known at its end.

FFmpeg writes the chapters of MP4 behind the sound when there were none ahead of it, so
that nothing need be decoded twice to find out where they begin.
"""

from __future__ import annotations

import contextlib
import errno
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, Self

from tui.audio import RATE
from tui.errors import DataError
from tui.export._formats import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from av import AudioFrame

    from tui.export._chapters import Chapter
    from tui.export._formats import Options

__all__ = ["Encoder", "in_channels"]

_BYTES = 2
"""Of a sample."""
_MOST_WAV = 0xFFFF_0000
"""Bytes of sound in a WAV: its lengths have 32 bits."""

_CODEC_OPTIONS = {"flac": {"compression_level": "5"}}
_QUICK_AAC = {"aac_coder": "fast"}
"""2.5 times as fast as what FFmpeg does else, and nearer to the sound for speech."""
_QUICK_FROM = 48_000
"""Bits a second and channel from which it is: with less, the slow way sounds better."""
_CONTAINER_OPTIONS = {
    # The same sound makes the same bytes: no serial numbers by chance.
    "fflags": "+bitexact",
}


def _ffmpeg_error() -> type[Exception]:
    import av

    return av.error.FFmpegError


class Encoder:
    """Encodes sound into a file, without tags.

    Args:
        path: The file that is written.
        options: How.
        target: What it will be called, for errors.

    Raises:
        OSError: It can't be written.
        DataError: It can't be encoded.
    """

    def __init__(self, path: Path, options: Options, target: Path) -> None:
        self._options = options
        self._target = target
        self._size = 0
        """Bytes of sound that were given, in all channels."""
        form = options.format
        rate = options.bit_rate or form.usual_bit_rate(options.channels) or 0
        with self._telling():
            self._file: _File
            if form is Format.MP3:
                self._file = _Mp3(path, options.channels, rate)
            else:
                self._file = _Container(path, form, options.channels, rate)

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the file go, finished or not."""
        with contextlib.suppress(_ffmpeg_error(), OSError):
            self._file.close()  # what was not finished is thrown away anyway

    def write(self, block: bytes, channels: int = 1) -> None:
        """Encode some more.

        Args:
            block: The sound in RATE, signed 16 bits, of any length.
            channels: How many it has: one, or as many as the file.

        Raises:
            OSError: It can't be written.
            DataError: It can't be encoded, or is too much for a file of this kind.
        """
        if not block:
            return
        self._size += len(block) * self._options.channels // channels
        if self._options.format is Format.WAV and self._size > _MOST_WAV:
            hours = _MOST_WAV // (RATE * _BYTES * self._options.channels * 3600)
            reason = f"a WAV holds {hours} hours of sound: FLAC holds more, and as well"
            raise DataError(self._target, reason)
        with self._telling():
            self._file.write(in_channels(block, channels, self._options.channels))

    def finish(self, chapters: Sequence[Chapter]) -> None:
        """Write what is left.

        Args:
            chapters: Those that the container keeps: only of MP4.

        Raises:
            OSError: It can't be written.
            DataError: It can't be encoded.
        """
        with self._telling():
            self._file.finish(chapters)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except _ffmpeg_error() as error:
            number = getattr(error, "errno", None) or 0
            reason = getattr(error, "strerror", None) or "it can't be converted"
            # FFmpeg's own errors have large numbers, and it says the others of a disk
            # and of what it was given alike.
            is_disk = number in errno.errorcode
            if is_disk and number not in {errno.EINVAL, errno.EPERM}:
                raise OSError(number, reason) from error
            raise DataError(self._target, reason.lower()) from error


class _File(Protocol):
    def write(self, pcm: bytes) -> None:
        """Encode some more, of all channels in turn."""

    def finish(self, chapters: Sequence[Chapter]) -> None:
        """Write what is left, and close it."""

    def close(self) -> None:
        """Let it go."""


class _Mp3:
    def __init__(self, path: Path, channels: int, rate: int) -> None:
        from tui.export._mp3 import Mp3File

        self._stack = contextlib.ExitStack()
        self._file = self._stack.enter_context(Mp3File(path, channels, rate))

    def write(self, pcm: bytes) -> None:
        self._file.write(pcm)

    def finish(self, _chapters: Sequence[Chapter]) -> None:
        self._file.finish()
        self._stack.close()

    def close(self) -> None:
        self._stack.close()


class _Container:
    def __init__(self, path: Path, form: Format, channels: int, rate: int) -> None:
        import av

        self._layout = "stereo" if channels > 1 else "mono"
        self._width = _BYTES * channels
        self._given = 0
        more = _CODEC_OPTIONS.get(form.codec, {})
        if form.is_mp4 and rate // channels >= _QUICK_FROM:
            more = _QUICK_AAC
        self._file = av.open(
            str(path), "w", format=form.container, options=_CONTAINER_OPTIONS
        )
        stream: av.AudioStream = self._file.add_stream(form.codec, rate=RATE)  # type: ignore[assignment]  # the codec is one of sound
        stream.layout = self._layout
        stream.options = dict(more)
        if rate:
            stream.bit_rate = rate
        self._stream = stream

    def write(self, pcm: bytes) -> None:
        self._file.mux(self._stream.encode(self._frame(pcm)))

    def finish(self, chapters: Sequence[Chapter]) -> None:
        if chapters:
            self._file.set_chapters(
                [
                    {
                        "id": number,
                        "start": chapter.start_ms,
                        "end": chapter.end_ms,
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": chapter.title},
                    }
                    for number, chapter in enumerate(chapters)
                ]
            )
        if self._given:
            self._file.mux(self._stream.encode(None))
        self._file.close()

    def close(self) -> None:
        self._file.close()

    def _frame(self, pcm: bytes) -> AudioFrame:
        import av

        frame = av.AudioFrame("s16", self._layout, samples=len(pcm) // self._width)
        frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = self._given
        self._given += frame.samples
        return frame


def in_channels(block: bytes | bytearray, given: int, channels: int) -> bytes:
    """Give a sound in as many channels as are wanted: one becomes two that are alike.

    Args:
        block: The sound.
        given: How many it has.
        channels: As many, or two for one.
    """
    if given == channels:
        return bytes(block)
    both = bytearray(2 * len(block))
    both[0::4], both[1::4] = block[0::2], block[1::2]
    both[2::4], both[3::4] = block[0::2], block[1::2]
    return bytes(both)
