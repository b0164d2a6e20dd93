"""Where the words of a query stand in a note, and when they are spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.answers import Hit
from tui.query import Word
from tui.text import printable
from tui.words import places, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.model import Note
    from tui.query import Query
    from tui.words import Place

__all__ = ["hit_of"]

_BEFORE = 24
"""Characters of a snippet ahead of the hit, at most."""
_LONG = 72
"""Characters of a snippet, at most; but for a hit that is longer itself."""
_SPARE = 12
"""How far a snippet may be shortened so as not to cut a word."""
_AHEAD_MS = 1000
"""How much is heard before what was looked for."""
_MARGIN_MS = 500
_MARGIN_SHARE = 0.03
_MOST_MARGIN_MS = 5000
"""How wrong the estimate of a moment may be: people do not speak evenly."""
_MOST_TEXT = 200_000
"""Characters of a text that are looked into: hours of speech, but no file of gigabytes
that calls itself a transcript."""

_Span = tuple[int, int]


def hit_of(note: Note, query: Query) -> Hit | None:
    """Tell where the words of a query stand in a note.

    Of the texts that hold one, the first counts in the order transcript, bookmark,
    comment, text, title; of its words, the one that stands first in the query.

    The moment of a bookmark is known. That of a word in a transcript is estimated from
    how much of the text comes before it, since no transcript tells it: it may be wrong
    by seconds in a long note, so it is taken somewhat earlier.

    Args:
        note: The note.
        query: The query.

    Returns:
        The place; None where none of the words stands in the note's own texts.
    """
    wanted = list(_words(query))
    if not wanted:
        return None
    for field, text, at_ms in _texts(note):
        found = places(text[:_MOST_TEXT])
        for words in wanted:
            first = next(_spans(words, found), None)
            if first is None:
                continue
            spans = sorted({each for some in wanted for each in _spans(some, found)})
            moment = at_ms
            if field == "transcript":
                moment = _moment(first[0], len(text), note.row.duration_ms)
            return Hit(field, *_snippet(text, first, spans), moment)
    return None


def _words(query: Query) -> Iterator[list[str]]:
    """The tokens of each word that a note shall hold."""
    for choice in query.choices:
        for literal in choice:
            if not literal.negated and isinstance(literal.term, Word):
                wanted = tokens(literal.term.text)
                if wanted:
                    yield wanted


def _texts(note: Note) -> Iterator[tuple[str, str, int | None]]:
    """Field, text and moment of all that was said or written of a note."""
    yield "transcript", note.transcript, None
    for mark in note.bookmarks:
        yield "bookmark", mark.text, max(0, mark.at_ms - _AHEAD_MS)
    yield "comment", note.comment, None
    yield "text", note.text, None
    yield "title", note.row.title, None


def _spans(words: Sequence[str], found: Sequence[Place]) -> Iterator[_Span]:
    """Where some tokens stand in a row; a word that begins so is told as a whole."""
    *heads, last = words
    for at in range(len(heads), len(found)):
        place = found[at]
        if not place.token.startswith(last):
            continue
        start = at - len(heads)
        if [each.token for each in found[start:at]] == heads:
            yield found[start].start, place.end


def _moment(before: int, length: int, duration_ms: int | None) -> int | None:
    """Estimate when something is spoken, from the text that comes before it."""
    if duration_ms is None:
        return None
    margin = min(_MOST_MARGIN_MS, _MARGIN_MS + duration_ms * _MARGIN_SHARE)
    return max(0, int(duration_ms * before / length - margin) - _AHEAD_MS)


def _snippet(
    text: str, hit: _Span, spans: Sequence[_Span]
) -> tuple[str, tuple[_Span, ...]]:
    """Cut a line out of a text around a hit.

    Args:
        text: The text.
        hit: Start and end of the hit.
        spans: Those of all hits.

    Returns:
        The line, fit for a terminal, and the hits in it.
    """
    start, end = _window(text, hit)
    line = "…" if start else ""
    places_in: list[int] = []
    for char in text[start:end]:
        places_in.append(len(line))
        if not char.isspace():
            line += printable(char)
        elif line[-1:] not in {" ", ""}:
            line += " "
    line = line.rstrip()
    places_in.append(len(line))
    inside = [
        (places_in[max(first, start) - start], places_in[min(last, end) - start])
        for first, last in spans
        if first < end and last > start
    ]
    return line + ("…" if end < len(text) else ""), tuple(_joined(inside))


def _joined(spans: Sequence[_Span]) -> Iterator[_Span]:
    """Make one of spans that overlap."""
    open_span: _Span | None = None
    for start, end in spans:
        if open_span is None or start > open_span[1]:
            if open_span is not None:
                yield open_span
            open_span = (start, end)
        else:
            open_span = (open_span[0], max(open_span[1], end))
    if open_span is not None:
        yield open_span


def _window(text: str, hit: _Span) -> _Span:
    """Choose what of a text is shown: it begins and ends with a whole word."""
    start = max(0, hit[0] - _BEFORE)
    if start:
        start = _after_blank(text, start, min(hit[0], start + _SPARE))
    end = min(len(text), max(hit[1], start + _LONG))
    if end < len(text):
        end = _before_blank(text, max(hit[1], end - _SPARE), end)
    return start, end


def _after_blank(text: str, start: int, limit: int) -> int:
    for at in range(start, limit):
        if text[at].isspace():
            return at + 1
    return start


def _before_blank(text: str, limit: int, end: int) -> int:
    for at in range(end, limit, -1):
        if text[at].isspace():
            return at
    return end
