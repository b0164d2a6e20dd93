"""Names of recordings in the lines of an exported chat.

A line names the file that was sent with it, within a phrase in the phone's language
that may stand before, after or around it. So a name is known by the files beside the
document; and where those are not there, by the shape that WhatsApp gives its names.
"""

from __future__ import annotations

import os
import re
import unicodedata
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._export_grammar import normalised
from tui.model import NoteKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FileNamed", "NamedFiles", "dated_names"]

_END = re.compile(
    r"\.(?:opus|ogg|oga|m4a|m4b|aac|mp3|mp4|wav|amr|awb|3gpp|3gp|3ga|caf|qta|flac|wma"
    r"|mpeg|mpga|mka|webm|weba|aiff?)(?![A-Za-z0-9_])",
    re.IGNORECASE | re.ASCII,
)
"""Where a name of a recording may end. Some are of films, unless WhatsApp says else."""

_FILMS = frozenset({".mp4", ".webm"})
_NO_SOUND = re.compile(
    r"(?:VID|IMG|STK|GIF|DOC)-[0-9]|[0-9-]{8,10}-(?:VIDEO|PHOTO|GIF|STICKER)-",
    re.IGNORECASE,
)

_OWN = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<kind>PTT|AUD)-(?P<day>[0-9]{8})-WA[0-9]{4,9}"
    r"|[0-9]{8}-AUDIO-(?P<wall>[0-9]{4}(?:-[0-9]{2}){5})"
    r"|(?P<old>[0-9]{4}-[0-9]{2}-[0-9]{2})-AUDIO-[0-9]{8})\Z",
    re.IGNORECASE,
)
"""The names of WhatsApp without their suffix: Android, iOS, iOS until about 2018."""

_SPOKEN = re.compile("WhatsApp[ _-]Ptt", re.IGNORECASE)
"""How voice notes begin that were downloaded from the desktop app."""

_DATED = ("-WA", "-AUDIO-", "-PHOTO-", "-VIDEO-", "-GIF-", "-STICKER-")
_DIGITS = re.compile("[0-9]{8}")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST = 255


class FileNamed(NamedTuple):
    """A recording that a line names."""

    name: str
    """As the folder has it if it is there, in NFC."""
    start: int
    """Where it begins in the line."""
    end: int
    kind: NoteKind
    is_there: bool
    day: int | None
    """The day in the name, since the year 1."""
    clock: tuple[int, int, int] | None = None
    """The time in the name, as a wall clock of 24 hours."""


class NamedFiles:
    """Finds names of recordings in lines.

    Args:
        names: What lies beside the document.
    """

    def __init__(self, names: Iterable[bytes]) -> None:
        self._known: dict[str, str] = {}
        for raw in names:
            try:
                name = unicodedata.normalize("NFC", raw.decode())
            except UnicodeDecodeError:
                continue  # a text that is UTF-8 can't name it
            suffix = _END.search(name, max(0, name.rfind(".")))
            if (
                suffix is None
                or suffix.end() != len(name)
                or (suffix[0].lower() in _FILMS and not _OWN.search(name[:-4]))
                or _NO_SOUND.match(name)
            ):
                continue
            self._known[_comparable(name)] = name
        self._lengths = sorted({len(name) for name in self._known}, reverse=True)

    @staticmethod
    def lines(text: str) -> Iterator[int]:
        """Yield where in a text a name of a recording may end, in ascending order."""
        for match in _END.finditer(text):
            yield match.start()

    def in_line(self, line: str, *, is_first: bool) -> list[FileNamed]:
        """Return the recordings that a line names.

        Args:
            line: Normalised, in NFC.
            is_first: Whether it is the first of its message. In the others only a tag
                as of iOS can name a file that is not there: people paste names.
        """
        found: list[FileNamed] = []
        for match in _END.finditer(line):
            named = self._ending(line, match)
            if named is None or (found and named.start < found[-1].end):
                continue
            if not (named.is_there or is_first or line.endswith(">", 0, named.end + 1)):
                continue
            found.append(named)
        return found

    def _ending(self, line: str, suffix: re.Match[str]) -> FileNamed | None:
        end = suffix.end()
        for length in self._lengths:
            start = end - length
            name = self._known.get(line[start:end].lower()) if start >= 0 else None
            if name is not None and not _is_inside(line, start):
                return _named(name, start, end, is_there=True)
        own = _OWN.search(line[max(0, suffix.start() - 64) : suffix.start()])
        if own is None:
            return None
        start = suffix.start() - len(own[0])
        return _named(line[start:end], start, end, is_there=False)


def _comparable(name: str) -> str:
    return normalised(name).lower()


def _is_inside(line: str, start: int) -> bool:
    """Tell whether a name is only the end of a longer word."""
    before = line[start - 1] if start else " "
    return before.isascii() and (before.isalnum() or before in "_-.")


def _named(name: str, start: int, end: int, *, is_there: bool) -> FileNamed:
    stem, suffix = os.path.splitext(name)
    own = _OWN.search(stem) if len(stem) < _LONGEST else None
    day: int | None = None
    clock = None
    kind = NoteKind.AUDIO
    if own is not None:
        told = own["day"] or own["wall"] or own["old"]
        day = _day(told.replace("-", "")[:8])
        clock = _clock(own["wall"])
        is_voice = own["kind"] is None and suffix.lower() == ".opus"
        if is_voice or (own["kind"] or "").upper() == "PTT":
            kind = NoteKind.VOICE
    elif _SPOKEN.match(name):
        kind = NoteKind.VOICE
    return FileNamed(name, start, end, kind, is_there, day, clock)


def _clock(wall: str | None) -> tuple[int, int, int] | None:
    if wall is None:
        return None
    hour, minute, second = map(int, wall.split("-")[3:])
    return hour, minute, second


def _day(digits: str) -> int | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).toordinal()
    except ValueError:
        return None


def dated_names(text: str) -> Iterator[tuple[int, int]]:
    """Find names of files with a day in them, of whatever kind.

    Args:
        text: Any text.

    Yields:
        Where the name stands, and its day since the year 1.
    """
    for mark in _DATED:
        at = text.find(mark)
        while at >= 0:
            after = at + len(mark)
            found = (
                _DIGITS.fullmatch(text, max(0, at - 8), at)
                if mark == "-WA"
                else _DAY.match(text, after) or _DAY.match(text, max(0, at - 10), at)
            )
            day = None if found is None else _day(found[0].replace("-", ""))
            if day is not None:
                yield at, day
            at = text.find(mark, after)
