"""Notes as subtitles, SRT and WebVTT: what is said, while it is said.

Transcripts have no times, so the times are estimated: a transcript is parted into
sentences, and each of them gets as much of the note's length as it has of the text.
Where there is no transcript, bookmarks are shown from their moment on; where there is
neither, who speaks.
"""

from __future__ import annotations

import re
import textwrap
from typing import IO, TYPE_CHECKING, NamedTuple

from tui.export._texts import one_line
from tui.export._wording import day_of, sender_of, time_of, title_of
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tui.export._documents import Entry, Head

__all__ = ["Cue", "SrtWriter", "VttWriter", "cues_of"]

_LONGEST = 84
"""Characters of a cue: two lines of 42, as is usual."""
_LINE = 42
_MS_A_CHARACTER = 67
"""How fast people speak, for notes whose length is not known."""
_SHORTEST_MS = 1_000
"""Of a note whose length is not known."""

_SENTENCE = re.compile(
    r"""
    (?<=[.!?\u2026\u061f\u0964])["'\u201d\u2019\u00bb)\]]*\s+  # an end, and a blank
    | (?<=[\u3002\uff01\uff1f])                                # or none, as in Chinese
    | \n+
    """,
    re.VERBOSE,
)
_PART = re.compile(r"(?<=[,;:\u2013\u2014\u060c\u3001\uff0c])\s*")
"""Where a long sentence may be parted."""


class Cue(NamedTuple):
    """A text that is shown for a while."""

    start_ms: int
    end_ms: int
    sender: str
    text: str
    """One line, not empty."""
    is_named: bool = False
    """Whether the text begins with the sender."""


def cues_of(entries: Iterable[Entry]) -> Iterator[Cue]:
    """Make the cues of notes that are played one after the other.

    Args:
        entries: The notes.
    """
    late_ms = 0
    for entry in entries:
        texts = _texts(entry)
        length_ms = entry.duration_ms
        start_ms = entry.start_ms + late_ms
        if not length_ms:
            # It is not in the begins of the others, either.
            size = sum(len(text) for _, text in texts)
            length_ms = (texts[-1][0] or 0) + max(_SHORTEST_MS, size * _MS_A_CHARACTER)
            late_ms += length_ms
        sender = sender_of(entry)
        is_named = texts[0][1] == _unsaid(entry)
        for begin, end, text in _timed(texts, length_ms):
            yield Cue(start_ms + begin, start_ms + end, sender, text, is_named)
            is_named = False


def _texts(entry: Entry) -> list[tuple[int | None, str]]:
    """Give what is shown, with the moments where they are known."""
    said = _sentences(entry.words.transcript)
    if said:
        return [(None, text) for text in said]
    marks: list[tuple[int | None, str]] = [
        (max(0, each.at_ms), one_line(each.text) or clock(each.at_ms))
        for each in entry.note.bookmarks
    ]
    first = title_of(entry) or _unsaid(entry)
    if not marks:
        return [(0, first)]
    return marks if marks[0][0] == 0 else [(0, first), *marks]


def _unsaid(entry: Entry) -> str:
    """Tell who speaks and when, where nothing else is known of a note."""
    return f"{sender_of(entry)} {day_of(entry)} {time_of(entry)}".strip()


def _sentences(text: str) -> list[str]:
    """Part a text into what is read at once."""
    made: list[str] = []
    for sentence in _split(_SENTENCE, text):
        line = ""
        for part in _split(_PART, sentence):
            for piece in _wrapped(part, _LONGEST):
                if line and len(line) + len(piece) >= _LONGEST:
                    made.append(line)
                    line = ""
                line = f"{line} {piece}" if line else piece
        made.append(line)
    return made


def _split(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """Part a text behind what is found, of which nothing but blanks is lost."""
    at = 0
    for found in pattern.finditer(text):
        part = text[at : found.end()].strip()
        at = found.end()
        if part:
            yield part
    rest = text[at:].strip()
    if rest:
        yield rest


def _timed(
    texts: list[tuple[int | None, str]], length_ms: int
) -> Iterator[tuple[int, int, str]]:
    """Give each text a begin and an end; none is shorter than a millisecond."""
    total = sum(len(text) for _, text in texts)
    shown = ""
    begin = so_far = 0
    for number, (_, text) in enumerate(texts, 1):
        shown = f"{shown} {text}" if shown else text
        so_far += len(text)
        if number == len(texts):
            end = length_ms
        else:
            moment = texts[number][0]
            end = length_ms * so_far // total if moment is None else moment
            end = min(end, length_ms - 1)
        # Where there is no time between two, they are shown together.
        if end > begin:
            yield begin, end, shown
            begin, shown = end, ""


def _clock(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"


def _wrapped(text: str, width: int) -> list[str]:
    """Part a text where it is too long."""
    return [text] if len(text) <= width else textwrap.wrap(text, width)


def _in_lines(text: str) -> str:
    return "\n".join(_wrapped(text, _LINE))


class SrtWriter:
    """Writes SubRip, which players know best."""

    def write(
        self,
        file: IO[bytes],
        head: Head,
        entries: Iterable[Entry],
        tick: Callable[[], None],  # noqa: ARG002  # nothing takes long
    ) -> None:
        """Write it."""
        speaker = ""
        for number, cue in enumerate(cues_of(entries), 1):
            text = cue.text
            if head.notes != 1 and cue.sender != speaker:
                speaker = cue.sender
                text = text if cue.is_named else f"{speaker}: {text}"
            times = f"{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}"
            shown = _in_lines(_without_marks(text))
            file.write(f"{number}\n{times}\n{shown}\n\n".encode())


def _without_marks(text: str) -> str:
    """Take the power from what players read as times or marks: there is no escape."""
    text = text.replace("-->", "\u2192")
    text = re.sub(r"<(?=[/!?a-zA-Z])", "\u2039", text)
    return re.sub(r"\{(?=[\\a-zA-Z])", "(", text)


class VttWriter:
    """Writes WebVTT, which browsers know."""

    def write(
        self,
        file: IO[bytes],
        head: Head,  # noqa: ARG002  # the names of the speakers tell all
        entries: Iterable[Entry],
        tick: Callable[[], None],  # noqa: ARG002  # nothing takes long
    ) -> None:
        """Write it."""
        remark = "Times are estimated from the length of the text."
        file.write(f"WEBVTT\n\nNOTE\n{remark}\n".encode())
        for cue in cues_of(entries):
            times = f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}"
            # A blank, since `--` and the end of the mark would be an arrow.
            voice = f"<v {_in_vtt(cue.sender)}{' ' if cue.sender[-1:] == '-' else ''}>"
            lines = _in_vtt(_in_lines(cue.text))
            file.write(f"\n{times}\n{voice}{lines}</v>\n".encode())


def _in_vtt(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
