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
from tui.export._encoder import Encoder, in_channels
from tui.export._tags import mark_in, mark_of, words_of, write_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tui.export._formats import Options
    from tui.export._plan import Planned
    from tui.export._write import Part

__all__ = ["Conversions", "sound_of"]

_BYTES = 2
"""Of a sample: the engine decodes to 16 bits."""
_BLOCK_S = 0.5
"""So much is encoded at once."""
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
        channels = self._options.channels
        blocks = sound_of(
            source, self._options.skip, gain, places, reached, channels=channels
        )
        try:
            with (
                closing(blocks),
                Encoder(part.path, self._options, part.path) as encoder,
            ):
                for block in blocks:
                    encoder.write(block, channels)
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
    *,
    channels: int = 1,
) -> Generator[bytes]:
    """Decode a recording to blocks of some length.

    Args:
        source: The absolute path.
        skip: How many of the pauses are left out.
        gain_db: How much louder.
        places: Finds out where marks are in what is given.
        reached: Told often which second of the recording is reached; what it raises
            ends it.
        channels: 1, or 2 for both sides, as a recording of two channels has them;
            the same where it has another number, or pauses are left out.

    Raises:
        AudioError: It can't be read.
    """
    from tui.audio import Decoder, Recording

    keep_sides = channels > 1 and not skip

    with (
        closing(Recording(source)) as recording,
        Decoder(
            recording, 0.0, 1.0, skip, gain_db=gain_db, keep_sides=keep_sides
        ) as decoder,
    ):
        made = bytearray()
        size = _BYTES * decoder.channels
        enough = round(_BLOCK_S * RATE) * size
        for pcm, at in decoder:
            if reached is not None:
                reached(at)
            places.passed(at, len(pcm) // size)
            made += pcm
            if len(made) >= enough:
                yield in_channels(made, decoder.channels, channels)
                made.clear()
        if made:
            yield in_channels(made, decoder.channels, channels)
