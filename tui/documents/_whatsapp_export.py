"""Chats as WhatsApp exports them: a text, and the files of the chat beside it.

The text is that of Android (`WhatsApp Chat with Ana.txt`, in the phone's language) or
of iOS (`_chat.txt`); it says who sent which file when, but not in which time zone or
order of day and month. It is read twice: first for what all of its lines have in
common, then for the lines that name recordings. There is no mark at its end, so a text
that was cut off looks like a shorter chat.
"""

from __future__ import annotations

import time
import unicodedata
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from tui.documents._api import Claim, Confidence, Recognition, Remark
from tui.documents._document import moment_of_wall
from tui.documents._export_dates import ORDERS, DateReader
from tui.documents._export_dayparts import DayPart, day_part, hour_of
from tui.documents._export_files import NamedFiles
from tui.documents._export_grammar import (
    HEADER,
    NOTICE,
    header_of,
    normalised,
)
from tui.documents._export_lines import blocks, decoded, last_lines
from tui.documents._export_people import Cast
from tui.documents._export_survey import Survey
from tui.documents._export_text import caption_of
from tui.documents._export_titles import chat_title, is_plain_name, tells_whatsapp
from tui.errors import DocumentError
from tui.model import DocumentKind, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.documents._api import Moment, Options, Told
    from tui.documents._document import Document
    from tui.documents._export_files import FileNamed
    from tui.documents._export_grammar import Header
    from tui.documents._export_survey import Verdict

__all__ = ["WhatsAppExport"]

_HEAD = 64 * 1024
_LOOKED_AT = 200
"""Lines of the head that are looked at."""
_ENOUGH = 3
"""So many headers make a chat of a text whose name says nothing."""
_LARGEST = 200 * 1024 * 1024
"""Bytes of such a text."""
_OPEN = 1 << 20
"""Characters of a message that is not yet at its end; none is as long."""
_LAST_ORDER = 99_999
_MOST_NAMES = 8
"""Lines of one message that name files, up to which the message is told as text."""
_BESIDE_NAME = " " + NOTICE

_NO_MEDIA = "it names no recordings: none were sent, or they were left out"

_OTHER_DAY = 0.6
"""How sure time and sender are where the day in a name is another than the line's."""

_SILENT = (DayPart.NONE, DayPart.UNKNOWN)
_SHOWN = 0.9
"""How sure a time is whose half of the day is known by how the words follow."""


def _hour_in_name(header: Header, file: FileNamed, hour: int) -> int:
    """Return the hour in a name that has the time of a line, but for half a day."""
    own = header.clock
    if file.clock is None or own[0] > 12 or own[1:] != file.clock[1:]:
        return hour
    told = file.clock[0]
    return told if told % 12 == own[0] % 12 else hour


class WhatsAppExport:
    """Reads exported chats.

    Args:
        clock: Seconds since 1970, now.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    @property
    def kind(self) -> DocumentKind:
        """The kind that it reads."""
        return DocumentKind.WHATSAPP_EXPORT

    def fits(self, folder: bytes, name: bytes) -> bool:  # noqa: ARG002  # the Protocol
        """Tell whether a file is a text."""
        return name[-4:].lower() == b".txt" and name[:1] != b"."

    def recognise(self, document: Document) -> Recognition | None:
        """Look whether a text has lines of a chat.

        Args:
            document: The text.

        Returns:
            100 for `_chat.txt`, 95 for a name with WhatsApp in it, 90 for another one
            whose recordings lie beside it, 60 without; None for no chat.
        """
        lines = decoded(document.head(_HEAD)).split("\n", _LOOKED_AT)[:_LOOKED_AT]
        text = "\n" + normalised("\n".join(lines)) + "\n"
        survey = Survey(self._dates())
        survey.add(text)
        if not survey.lines:
            return None
        reason = f"{survey.lines} of its first lines begin a message"
        title = chat_title(document)
        if is_plain_name(document.name):
            return Recognition(100, ("it is called _chat.txt", reason), title)
        if tells_whatsapp(document.name.decode("utf-8", "replace")):
            return Recognition(95, ("its name has WhatsApp in it", reason), title)
        if survey.lines < _ENOUGH or document.size > _LARGEST:
            return None
        files = NamedFiles(document.folder.names())
        named = (files.in_line(line, is_first=True) for line in text.split("\n"))
        if any(file.is_there for found in named for file in found):
            beside = "recordings that it names lie beside it"
            return Recognition(90, (reason, beside), title)
        return Recognition(60, (reason,), title)

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Read everything.

        Args:
            document: The text.
            options: What the user decided; the order of dates matters.

        Yields:
            A claim for each recording that the text names. Its key is the file's name.

        Raises:
            DocumentError: No line begins a message.
            OSError: It can't be read.
        """
        dates = self._dates()
        survey = Survey(dates)
        for block in blocks(document):
            survey.add("\n" + normalised(block))
            yield None
        verdict = survey.verdict(options.day_order)
        if verdict is None:
            raise DocumentError(document.path, "no line of it begins a message")
        if verdict.confidence <= Confidence.GUESS:
            order = next(iter(verdict.styles.values())).order
            yield Remark("day_order", _guess(order))
        if not verdict.has_names:
            yield Remark("no_media", _NO_MEDIA)
            return
        yield from _Reader(document, verdict, dates).claims()

    def _dates(self) -> DateReader:
        return DateReader(datetime.fromtimestamp(self._clock(), UTC).date())


def _guess(order: int) -> str:
    words = {"d": "day", "m": "month", "y": "year"}
    told = ", ".join(words[letter] for letter in ORDERS[order])
    return f"the order of day and month is a guess: {told}"


class _Line(NamedTuple):
    """A line that names recordings, and the message that it belongs to."""

    header: Header
    files: list[FileNamed]
    text: str
    """The line, normalised, without the header."""
    is_first: bool
    """Whether it is the header's own line."""
    number: int
    """Its place among the lines of the message."""
    message: list[str]
    """All lines of the message, as they are written, without the header; empty where
    the message names more files than any real one."""


class _Reader:
    """The second look: takes the recordings out of a text."""

    def __init__(self, document: Document, verdict: Verdict, dates: DateReader) -> None:
        self._document = document
        self._verdict = verdict
        self._styles = frozenset(verdict.styles)
        self._dates = dates
        self._files = NamedFiles(document.folder.names())
        self._cast = Cast(chat_title(document), verdict.senders)
        self._told: set[str] = set()
        self._again = 0
        self._last_ms: int | None = -1
        self._order = 0

    def claims(self) -> Iterator[Told | None]:
        open_text = ""
        for block in blocks(self._document):
            raw = open_text + block
            text = "\n" + normalised(raw)
            cut = self._last_header(text)
            if cut:
                whole = last_lines(raw, text.count("\n", cut))
                raw, open_text, text = raw[:whole], raw[whole:], text[:cut]
            elif len(raw) < _OPEN:
                open_text = raw
                yield None
                continue
            else:
                open_text = ""
            yield from self._read(raw, text)
            yield None
        yield from self._read(open_text, "\n" + normalised(open_text))
        if not self._told:
            yield Remark("no_media", _NO_MEDIA)
        if self._again:
            yield Remark(
                "left_out",
                f"{self._again} times a recording is named a second time;"
                " the first line counts",
            )

    def _header_at(self, text: str, at: int) -> Header | None:
        """Read the header of the line after a line end, if it has one."""
        match = HEADER.match(text, at)
        if match is None or not self._dates.is_date(match[2] or match[16]):
            return None
        header = header_of(match)
        return header if header.style in self._styles else None

    def _last_header(self, text: str) -> int:
        """Return where the last message begins; 0 when none but the first line does."""
        at = text.rfind("\n", 0, len(text) - 1)
        while at > 0:
            if self._header_at(text, at) is not None:
                return at + 1
            at = text.rfind("\n", 0, at)
        return 0

    def _read(self, raw: str, text: str) -> Iterator[Claim]:
        for line in self._lines(raw, text):
            for file in line.files:
                if file.name in self._told:
                    self._again += 1
                    continue
                self._told.add(file.name)
                yield self._claim(line, file)

    def _lines(self, raw: str, text: str) -> Iterator[_Line]:
        """Find the lines of some messages that name recordings.

        Args:
            raw: Whole messages.
            text: The same, normalised, with a line end before the first line.
        """
        written: list[str] = []
        header: Header | None = None
        number, counted, named = 0, 1, 0
        end_of_line = end = 0
        for hit in NamedFiles.lines(text):
            if hit < end_of_line:
                continue
            start, end_of_line = text.rfind("\n", 0, hit) + 1, text.find("\n", hit)
            if hit >= end:  # of the message that is known
                header = self._header_before(text, start)
                end = self._end_of_message(text, end_of_line)
                named = 0
            if header is None:
                continue
            is_first = header.start == start
            line = text[header.body if is_first else start : end_of_line]
            line = unicodedata.normalize("NFC", line)
            files = self._files.in_line(line, is_first=is_first)
            if not files:
                continue
            named += 1
            if named > _MOST_NAMES:
                yield _Line(header, files, line, is_first, 0, [])
                continue
            written = written or raw.split("\n")
            number += text.count("\n", counted, header.start)
            counted = header.start
            message = written[number : number + text.count("\n", counted, end)]
            body = text[header.body : text.find("\n", header.body)]
            message[:1] = [body.replace(NOTICE, "")]
            place = text.count("\n", counted, start)
            yield _Line(header, files, line, is_first, place, message)

    def _header_before(self, text: str, start: int) -> Header | None:
        """Return the header of the message that the line at a place belongs to."""
        at = start - 1
        while at >= 0:
            header = self._header_at(text, at)
            if header is not None:
                return header
            at = text.rfind("\n", 0, at)
        return None

    def _end_of_message(self, text: str, at: int) -> int:
        """Return where the next message begins, after the line that ends at a place."""
        while 0 <= at < len(text) - 1:
            if self._header_at(text, at) is not None:
                return at + 1
            at = text.find("\n", at + 1)
        return len(text)

    def _claim(self, line: _Line, file: FileNamed) -> Claim:
        header = line.header
        before = line.text[: file.start].strip(_BESIDE_NAME)
        sends_file = line.is_first and (not before or before[0] == "<")
        speaker = self._cast.speaker(header.sender, sends_file=sends_file)
        moment, fits = self._moment(header, file)
        confidence = speaker.confidence
        if not fits:
            confidence = min(confidence, _OTHER_DAY)
        path = file.name.encode("utf-8", "surrogateescape")
        return Claim(
            key=file.name,
            path=path,
            beside=True,
            chat=self._cast.chat,
            chat_confidence=Confidence.EXPORT_CHAT,
            sender=speaker.person,
            sender_confidence=confidence,
            direction=speaker.direction,
            kind=file.kind,
            moment=moment,
            order=self._place(moment),
            text=caption_of(line.message, line.number, file.name),
        )

    def _place(self, moment: Moment | None) -> int:
        ms = None if moment is None else moment.ms
        self._order = self._order + 1 if ms == self._last_ms else 0
        self._last_ms = ms
        return min(self._order, _LAST_ORDER)

    def _moment(self, header: Header, file: FileNamed) -> tuple[Moment | None, bool]:
        """Return the time of a message, and whether its file fits to it."""
        order, confidence = self._verdict.styles[header.style]
        if header.words in self._verdict.odd_words:
            confidence = min(confidence, Confidence.GUESS)
        day = self._dates.read(header.date)[order]
        fits = day is None or day < 0 or file.day is None or abs(day - file.day) <= 1
        if not fits:
            confidence = min(confidence, _OTHER_DAY)
        if day is None or day < 0:
            # Another calendar, or no date in this order: the name has the day.
            day = file.day
            confidence = min(confidence, _OTHER_DAY)
        if day is None:
            return None, fits
        hour, minute, second = header.clock
        part = self._verdict.halves.get(header.words)
        if part is not None:
            confidence = min(confidence, _SHOWN)
        part = part or day_part(" ".join(header.words))
        hour = hour_of(hour, part)
        if part in _SILENT and file.day == day:
            hour = _hour_in_name(header, file, hour)
        told = date.fromordinal(day)
        parts = [told.year, told.month, told.day, hour, minute]
        if second is None:
            return moment_of_wall(parts, Precision.MINUTE, confidence), fits
        return moment_of_wall([*parts, second], Precision.SECOND, confidence), fits
