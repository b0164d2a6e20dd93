r"""The lines of an exported chat that begin a message.

WhatsApp writes date and time as the phone's language does in short, and never says
which that is:

```
DATE[,] TIME - SENDER: TEXT      Android
[DATE[,] TIME] SENDER: TEXT      iOS, with seconds
DATE TIME: SENDER: TEXT          iOS of old
TIME, DATE - SENDER: TEXT        where the time comes first
```

A line without a sender is a notice of WhatsApp itself; a line that is none of these
belongs to the message above it. Digits may be those of any script, the day period
stands before or after the time, and marks without a width stand nearly anywhere.
"""

# ruff: noqa: RUF001  # signs of all scripts are what it is about

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "HEADER",
    "NOTICE",
    "Header",
    "Style",
    "header_of",
    "is_sender",
    "normalised",
    "style_of",
]

NOTICE = "\x01"
"""In normalised text, the mark that WhatsApp on iOS puts before words of its own."""

_GONE = tuple(
    map(chr, (0xFEFF, 0x200B, 0x200E, 0x200F, 0x61C, *range(0x202A, 0x202F)))
) + tuple(map(chr, range(0x2066, 0x206A)))
_SPACES = ("\u00a0", "\u202f", "\u2007", "\u2009")
_QUOTES = re.compile('["\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d]')
_LONGEST_NAME = 80

_FILL = r"([^\d\n\[\]–—-]{0,24}?)"


def _date(separator: int) -> str:
    return (
        r"((\d{1,4}) ?([./\-年년]) ?(\d{1,2}) ?"
        rf"(?:\{separator}|[月월]) ?(\d{{1,4}}))(?!\d)"
    )


_TIME = (
    r"(\d{1,2})(?:[:.：]| ?h ?|[시時时] ?(?=\d))(\d{1,2})(?!\d)"
    r"(?:(?:[:.：]| ?min ?|[분分] ?(?=\d))(\d{1,2})(?!\d)(?: ?s\b|[초秒])?)?"
    r"(?:[분分](?!\d))?"
)

HEADER = re.compile(
    rf"\n(\[[^\d\n\[\]]{{0,24}})?"
    rf"(?:{_date(4)}{_FILL}{_TIME}{_FILL}|{_TIME}{_FILL}{_date(18)}{_FILL})"
    r"(?(1)\]|(?: ?[-–—](?=[ \n])|(:)(?= )))"
    r" ?(?:([^:\n]{1,80}+(?::(?![ \n])[^:\n]{0,80}+)*?):(?: (\x01(?!<))?|(?=\n)))?"
)
"""A header with the line end before it, in normalised text.

Groups: 1 `[`; 2 the date, of parts 3, 5, 6; 7 what is between; 8 to 10 the time; 11
what follows; or 12 to 14 the time; 15 what is between; 16 the date, of parts 17, 19,
20; 21 what follows; 22 the colon of the old form; 23 the sender; 24 a notice's mark.
"""


class Style(NamedTuple):
    """What all headers of an export have in common."""

    bracket: bool
    seconds: bool
    old: bool
    """A colon ends the header."""
    long_first: bool
    """The date begins with more than two digits."""
    time_first: bool
    separator: str
    """The sign in the date."""
    long_last: bool
    """The date ends with more than two digits."""


class Header(NamedTuple):
    """The begin of a message."""

    start: int
    """Where its line begins in the text."""
    body: int
    """Where the text of the message begins."""
    style: Style
    date: str
    clock: tuple[int, int, int | None]
    """Hour as written, minute, second."""
    words: tuple[str, str]
    """What stands between date and time, and after them."""
    sender: str
    """Empty for a notice."""


def normalised(text: str) -> str:
    """Take out of a text what hides its grammar: marks, and special spaces.

    The ends of lines stay where they are.
    """
    if text.isascii():
        return text
    # One look for each is six times as fast as one expression for all.
    text = text.replace(": \u200e", ": " + NOTICE)
    for mark in _GONE:
        if mark in text:
            text = text.replace(mark, "")
    for space in _SPACES:
        if space in text:
            text = text.replace(space, " ")
    return text


def is_sender(name: str) -> bool:
    """Tell a sender from the begin of a notice that has a colon in it."""
    return len(name) <= _LONGEST_NAME and _QUOTES.search(name) is None


def style_of(match: re.Match[str]) -> Style:
    """Tell which style a header has."""
    first, last = match[3] or match[17], match[6] or match[20]
    return Style(
        match[1] is not None,
        (match[10] or match[14]) is not None,
        match[22] is not None,
        len(first) > 2,
        match[12] is not None,
        match[4] or match[18],
        len(last) > 2,
    )


def header_of(match: re.Match[str]) -> Header:
    """Take a header apart."""
    style = style_of(match)
    if style.time_first:
        hour, minute, second, between, date, after = match.group(12, 13, 14, 15, 16, 21)
    else:
        date, between, hour, minute, second, after = match.group(2, 7, 8, 9, 10, 11)
    return Header(
        match.start() + 1,
        match.end(),
        style,
        date,
        (int(hour), int(minute), None if second is None else int(second)),
        (between, after),
        match[23] or "",
    )
