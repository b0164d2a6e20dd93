"""Recordings decoded and encoded anew, a block at a time.

What comes out begins and ends where the recording does: the delay of the encoder stands
in the file, where players look for it.
"""

from __future__ import annotations

import errno
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING

from tui.audio import RATE, Sound, measure_loudness
from tui.errors import AudioError
from tui.export._chapters import Places, chapters_of
from tui.export._formats import Format
from tui.export._tags import mark_in, mark_of, words_of, write_tags

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from av import AudioFrame, AudioStream
    from av.container import OutputContainer
    from av.container.core import Chapter as FileChapter

    from tui.export._chapters import Chapter
    from tui.export._formats import Options
    from tui.export._plan import Planned
    from tui.export._write import Part

__all__ = ["Conversions"]

_BLOCK = RATE // 2 * 2
"""Bytes that are encoded at once: half a second."""
_BYTES = 2
"""Of a frame: the engine decodes to one channel of 16 bits."""

_CODEC_OPTIONS = {
    "libmp3lame": {"compression_level": "5"},
    "flac": {"compression_level": "5"},
}
_CONTAINER_OPTIONS = {
    # The same sound makes the same bytes: no serial numbers by chance.
    "fflags": "+bitexact",
}
_ID3_IS_OURS = {"id3v2_version": "0", "write_id3v1": "0"}


class Conversions:
    """Makes files in another format, with tags and chapters.

    Args:
        options: How they shall be.
    """

    def __init__(self, options: Options) -> None:
        self._options = options

    def is_made(self, planned: Planned, _source: bytes, target: Path) -> bool:
        """Tell whether a file that is there is just what would be made.

        Args:
            planned: The note.
            target: The file.
        """
        form = self._options.format
        return mark_in(target, form) == mark_of(planned.note, self._options)

    def make(self, planned: Planned, source: bytes, part: Part) -> int:
        """Write a file.

        Args:
            planned: The note.
            source: The path of its recording.
            part: The file.

        Returns:
            Its size in bytes.

        Raises:
            AudioError: The recording can't be read or converted.
            OSError: The file can't be written.
        """
        note, form = planned.note, self._options.format
        gain = self._gain(planned, source)
        marks = [each.at_ms for each in note.bookmarks]
        chapters: tuple[Chapter, ...] = ()
        if form is Format.M4A and marks:
            # They must be known ahead of the first sound in it, and a pause that is
            # left out moves them.
            places = Places(marks)
            for _ in _sound(source, self._options.skip, 0.0, places):
                pass  # only to count
            chapters = chapters_of(note, places)
        places = Places(marks)
        blocks = _sound(source, self._options.skip, gain, places)
        with closing(blocks):
            try:
                _encode(blocks, str(part.path), self._options, chapters)
            except _ffmpeg_error() as error:
                raise _told(error, source) from error
        if not places.frames:
            raise AudioError(source, "there is no sound in it")
        words = words_of(note, mark_of(note, self._options))
        write_tags(part.path, form, words, chapters_of(note, places))
        return part.path.stat().st_size

    def _gain(self, planned: Planned, source: bytes) -> float:
        from tui.audio import gain_db

        if not self._options.level:
            return 0.0
        lufs = planned.note.lufs
        if lufs is None:
            lufs = measure_loudness(source)
        return gain_db(Sound(level=True, lufs=lufs), self._options.target_lufs)


def _ffmpeg_error() -> type[Exception]:
    import av

    return av.error.FFmpegError


def _told(error: Exception, source: bytes) -> Exception:
    """Tell an error of the disk from one of the sound."""
    number = getattr(error, "errno", None) or 0
    reason = getattr(error, "strerror", None) or "it can't be converted"
    # FFmpeg's own errors have large numbers.
    if number in errno.errorcode and number not in {errno.EINVAL, errno.EPERM}:
        return OSError(number, reason)
    return AudioError(source, reason.lower())


def _sound(
    source: bytes, skip: int, gain_db: float, places: Places
) -> Generator[bytes]:
    """Decode a recording to blocks of some length.

    Args:
        source: The absolute path.
        skip: How many of the pauses are left out.
        gain_db: How much louder.
        places: Finds out where marks are in what is given.

    Raises:
        AudioError: It can't be read.
    """
    from tui.audio import Decoder, Recording

    with (
        closing(Recording(source)) as recording,
        Decoder(recording, 0.0, 1.0, skip, gain_db=gain_db) as decoder,
    ):
        made = bytearray()
        for pcm, at in decoder:
            places.passed(at, len(pcm) // _BYTES)
            made += pcm
            if len(made) >= _BLOCK:
                yield bytes(made)
                made.clear()
        if made:
            yield bytes(made)


def _encode(
    blocks: Iterator[bytes], path: str, options: Options, chapters: tuple[Chapter, ...]
) -> None:
    import av

    form = options.format
    with av.open(path, "w", format=form.container, options=_file_options(form)) as file:
        stream = _stream(file, options)
        if chapters:
            file.set_chapters(
                [_part(number, each) for number, each in enumerate(chapters)]
            )
        given = 0
        for block in blocks:
            frame = _frame(block, options.channels, given)
            given += frame.samples
            file.mux(stream.encode(frame))
        if given:
            file.mux(stream.encode(None))


def _file_options(form: Format) -> dict[str, str]:
    if form is Format.MP3:
        return _CONTAINER_OPTIONS | _ID3_IS_OURS
    return _CONTAINER_OPTIONS


def _stream(file: OutputContainer, options: Options) -> AudioStream:
    form = options.format
    stream: AudioStream = file.add_stream(form.codec, rate=RATE)  # type: ignore[assignment]  # the codec is one of sound
    stream.layout = "stereo" if options.channels > 1 else "mono"
    stream.options = dict(_CODEC_OPTIONS.get(form.codec, {}))
    rate = options.bit_rate or form.usual_bit_rate(options.channels)
    if rate is not None:
        stream.bit_rate = rate
    return stream


def _frame(block: bytes, channels: int, at: int) -> AudioFrame:
    import av

    layout = "stereo" if channels > 1 else "mono"
    frame = av.AudioFrame("s16", layout, samples=len(block) // _BYTES)
    if channels > 1:
        both = bytearray(2 * len(block))
        both[0::4], both[1::4] = block[0::2], block[1::2]
        both[2::4], both[3::4] = block[0::2], block[1::2]
        block = bytes(both)
    frame.planes[0].update(block.ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate = RATE
    frame.time_base = Fraction(1, RATE)
    frame.pts = at
    return frame


def _part(number: int, chapter: Chapter) -> FileChapter:
    return {
        "id": number,
        "start": chapter.start_ms,
        "end": chapter.end_ms,
        "time_base": Fraction(1, 1000),
        "metadata": {"title": chapter.title},
    }
