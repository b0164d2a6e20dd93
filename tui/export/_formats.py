"""What notes can be saved as, and how."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from tui.errors import UsageError
from tui.export._names import DEFAULT_TEMPLATE, parse_template

__all__ = ["Format", "Options", "parse_format"]


class Format(StrEnum):
    """What a note is saved as."""

    ORIGINAL = "original"
    """The file as it is, byte by byte, and without tags: it may be evidence."""
    OPUS = "opus"
    OGG = "ogg"
    """Opus as well, under the name that more programs know."""
    MP3 = "mp3"
    M4A = "m4a"
    M4B = "m4b"
    """M4A under the name by which players know that it has chapters and a place to go
    on at: for audio books, and for many notes in one file."""
    WAV = "wav"
    FLAC = "flac"

    @property
    def suffix(self) -> str:
        """How names end, with the dot; empty for that of the original."""
        return "" if self is Format.ORIGINAL else f".{self.value}"

    @property
    def container(self) -> str:
        """FFmpeg's name of the container; empty for the original."""
        return _KINDS[self].container

    @property
    def codec(self) -> str:
        """FFmpeg's name of the encoder; empty for the original."""
        return _KINDS[self].codec

    @property
    def is_mp4(self) -> bool:
        """Whether chapters must be known ahead of the sound."""
        return self.container == "ipod"

    @property
    def bit_rates(self) -> tuple[int, int] | None:
        """The least and the most bits a second; None where there is no choice."""
        return _KINDS[self].bit_rates

    def usual_bit_rate(self, channels: int) -> int | None:
        """Give the bits a second with which speech sounds as it did.

        Args:
            channels: How many channels.
        """
        usual = _KINDS[self].usual
        return None if usual is None else usual * channels


class _Kind(NamedTuple):
    container: str = ""
    codec: str = ""
    bit_rates: tuple[int, int] | None = None
    usual: int | None = None


_KINDS = {
    Format.ORIGINAL: _Kind(),
    Format.OPUS: _Kind("ogg", "libopus", (6_000, 256_000), 48_000),
    Format.OGG: _Kind("ogg", "libopus", (6_000, 256_000), 48_000),
    Format.MP3: _Kind("mp3", "libmp3lame", (32_000, 320_000), 64_000),
    # `ipod` is the brand that M4A has; chapters are kept in it as in M4B.
    Format.M4A: _Kind("ipod", "aac", (16_000, 256_000), 64_000),
    Format.M4B: _Kind("ipod", "aac", (16_000, 256_000), 64_000),
    Format.WAV: _Kind("wav", "pcm_s16le"),
    Format.FLAC: _Kind("flac", "flac"),
}


def parse_format(text: str) -> Format:
    """Read the name of a format, in any case, also with a dot as of a suffix.

    Args:
        text: What was written.

    Raises:
        UsageError: There is none of that name.
    """
    name = text.strip().lower().removeprefix(".")
    for each in Format:
        if name == each:
            return each
    near = get_close_matches(name, list(Format), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(f"no format is called {text}: there are {', '.join(Format)}{hint}")


@dataclass(frozen=True, slots=True)
class Options:
    """How notes are saved.

    Raises:
        UsageError: They do not go together.
    """

    format: Format = Format.ORIGINAL
    bit_rate: int | None = None
    """Bits a second; None for what is usual in the format."""
    channels: int = 1
    """1, or 2 for both sides of a recording that has two, else the same on both."""
    level: bool = False
    """Whether all are brought to one loudness."""
    target_lufs: float = -18.0
    """That loudness."""
    skip: int = 0
    """How many of the pauses are left out, 0 to 3."""
    template: str = DEFAULT_TEMPLATE
    """What files are called, see `parse_template`."""

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        parse_template(self.template)
        if self.channels not in {1, 2}:
            raise UsageError("sound is saved with 1 or 2 channels")
        if not 0 <= self.skip <= 3:
            raise UsageError("pauses are left out with a strength from 0 to 3")
        changes = self.level or self.skip or self.channels != 1
        if self.format is Format.ORIGINAL and (changes or self.bit_rate is not None):
            raise UsageError(
                "originals are copied as they are: another sound needs another format"
            )
        self._check_bit_rate()

    def _check_bit_rate(self) -> None:
        if self.bit_rate is None:
            return
        if self.format.bit_rates is None:
            raise UsageError(f"{self.format} loses nothing: it has no bit rate")
        least, most = self.format.bit_rates
        if not least <= self.bit_rate <= most:
            raise UsageError(
                f"the bit rate of {self.format} is {least // 1000} to {most // 1000}"
                " kbit/s"
            )
