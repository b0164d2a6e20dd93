"""Recordings decoded and encoded anew, a block at a time.

What comes out begins and ends where the recording does: the delay of the encoder stands
in the file, where players look for it.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tui.audio import RATE, Sound, measure_loudness
from tui.errors import AudioError, DataError
from tui.export._chapters import Places, chapters_of
from tui.export._encoder import Encoder
from tui.export._tags import mark_in, mark_of, words_of, write_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tui.export._formats import Options
    from tui.export._plan import Planned
    from tui.export._write import Part

__all__ = ["Conversions", "sound_of"]

_BYTES = 2
"""Of a frame: the engine decodes to one channel of 16 bits."""
_BLOCK = RATE // 2 * _BYTES
"""Bytes that are encoded at once: half a second."""
_BYTES_A_MS = 16
"""What a millisecond is taken for where the length of a note is not known."""


def _nobody(_share: float) -> None:
    """Tell nobody how far it is."""


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

    def close(self) -> None:
        """Let go what is held, which is nothing."""

    def make(
        self,
        planned: Planned,
        source: bytes,
        part: Part,
        passed: Callable[[float], None] = _nobody,
    ) -> int:
        """Write a file.

        Args:
            planned: The note.
            source: The path of its recording.
            part: The file.
            passed: Told at least every second which share is done. It may wait, and
                what it raises ends it.

        Returns:
            Its size in bytes.

        Raises:
            AudioError: The recording can't be read or converted.
            OSError: The file can't be written.
        """
        note, form = planned.note, self._options.format
        length_s = (note.row.duration_ms or note.size // _BYTES_A_MS or 1) / 1000

        def reached(at: float) -> None:
            passed(min(1.0, at / length_s))

        def waiting(_at: float = 0.0) -> None:
            passed(0.0)

        gain = self._gain(planned, source, waiting)
        marks = [each.at_ms for each in note.bookmarks]
        places = Places(marks)
        blocks = sound_of(source, self._options.skip, gain, places, reached)
        try:
            with (
                closing(blocks),
                Encoder(part.path, self._options, part.path) as encoder,
            ):
                for block in blocks:
                    encoder.write(block)
                # A pause that is left out moves them: they are known at the end.
                chapters = chapters_of(note, places)
                encoder.finish(chapters if form.is_mp4 else ())
        except DataError as error:
            raise AudioError(source, error.reason) from error
        if not places.frames:
            raise AudioError(source, "there is no sound in it")
        words = words_of(note, mark_of(note, self._options))
        write_tags(part.path, form, words, chapters)
        return part.path.stat().st_size

    def _gain(
        self, planned: Planned, source: bytes, waiting: Callable[[], None]
    ) -> float:
        from tui.audio import gain_db

        def should_stop() -> bool:
            waiting()
            return False

        if not self._options.level:
            return 0.0
        lufs = planned.note.lufs
        if lufs is None:
            lufs = measure_loudness(source, should_stop=should_stop)
        return gain_db(Sound(level=True, lufs=lufs), self._options.target_lufs)


def sound_of(
    source: bytes,
    skip: int,
    gain_db: float,
    places: Places,
    reached: Callable[[float], None] | None = None,
) -> Generator[bytes]:
    """Decode a recording to blocks of some length.

    Args:
        source: The absolute path.
        skip: How many of the pauses are left out.
        gain_db: How much louder.
        places: Finds out where marks are in what is given.
        reached: Told often which second of the recording is reached; what it raises
            ends it.

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
            if reached is not None:
                reached(at)
            places.passed(at, len(pcm) // _BYTES)
            made += pcm
            if len(made) >= _BLOCK:
                yield bytes(made)
                made.clear()
        if made:
            yield bytes(made)
