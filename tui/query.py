"""The query language of the search box and the command line.

A query is words and filters; all of them must hold. `or` between two of them makes
one choice of both, and binds closer than the blank: `recipe from:Ana or from:Bob` is
the recipe by one of the two. `-` before a word or filter turns it round, quotes hold
words together. Case and accents never matter. A word is found where a word of the text
begins with it, see `tui.words`; in names that a filter asks for, also in their middle.

`parse` turns text into a `Query`, `str` turns it back, `matches` asks it of a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from tui.errors import QueryError
from tui.model import ChatKind, Direction, NoteKind, NoteState, Played
from tui.words import contains, fold, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

    from tui.model import Note, NoteRow, SourceId

__all__ = [
    "DateTerm",
    "FieldTerm",
    "LengthTerm",
    "Literal",
    "Query",
    "TextField",
    "Word",
    "is_below",
    "is_part",
    "matches",
    "parse",
    "span",
    "states",
    "wall_clock",
]


class TextField(StrEnum):
    """A filter whose value is text or one of a few words."""

    CHAT = "chat"
    FROM = "from"
    TAG = "tag"
    COLLECTION = "collection"
    IN = "in"
    KIND = "kind"
    IS = "is"
    HAS = "has"


_CHOICES: dict[TextField, tuple[str, ...]] = {
    TextField.KIND: tuple(NoteKind),
    TextField.IS: (
        *("unplayed", "half", "played", "starred", "sent", "received", "unmatched"),
        *(state.value for state in NoteState),
    ),
    TextField.HAS: ("transcript", "comment", "bookmark"),
}
"""Filters that take one of some words."""

_DATES = ("after", "before", "on")
_WORDS_FOR_DAYS = ("today", "yesterday")
_FILTERS = (*TextField, *_DATES, "len")
_FILTER = re.compile(r"([A-Za-z]+):")
_LENGTH = re.compile(r"len(<=|>=|<|>|=|:)", re.IGNORECASE)
_DAY = re.compile(r"([12]\d{3})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_PARTS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Word:
    """Text that stands somewhere in what is known of a note."""

    text: str


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """A field holds a text, or is one of some words."""

    field: TextField
    value: str


@dataclass(frozen=True, slots=True)
class DateTerm:
    """The note's day is in, before, or not before a day, month or year."""

    relation: str
    """`after` (from its first day on), `before` or `on`."""
    value: str
    """As it was written: `2025`, `2025-03`, `2025-03-14`, `today`, `yesterday`."""


@dataclass(frozen=True, slots=True)
class LengthTerm:
    """The note is shorter or longer than some time; an unknown length is neither."""

    relation: str
    """`<`, `<=`, `>`, `>=` or `=` (the same second)."""
    length_s: int


Term = Word | FieldTerm | DateTerm | LengthTerm


@dataclass(frozen=True, slots=True)
class Literal:
    """A term, or its opposite."""

    term: Term
    negated: bool = False

    def __str__(self) -> str:
        """Write it so that `parse` reads the same."""
        return ("-" if self.negated else "") + _write(self.term)


@dataclass(frozen=True, slots=True)
class Query:
    """Choices that must all hold; a choice holds when one of its terms does."""

    choices: tuple[tuple[Literal, ...], ...] = ()

    def __str__(self) -> str:
        """Write it so that `parse` reads the same."""
        return " ".join(" or ".join(map(str, choice)) for choice in self.choices)


def _write(term: Term) -> str:
    match term:
        case Word(text):
            return _quote(text)
        case FieldTerm(field, value):
            return f"{field}:{_quote(value)}"
        case DateTerm(relation, value):
            return f"{relation}:{value}"
        case LengthTerm(relation, length_s):
            return f"len{relation}{length_s}"
        case _:
            assert_never(term)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of the query: what stands before the quotes, and inside them."""

    start: int
    end: int
    head: str
    """What was written outside quotes, up to the first of them."""
    text: str
    """Everything, without the quotes."""
    quoted: bool


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start, head = at, None
        parts: list[str] = []
        while at < len(text) and not text[at].isspace():
            if text[at] == '"':
                head = "".join(parts) if head is None else head
                at = _quoted(text, at, parts)
            else:
                parts.append(text[at])
                at += 1
        word = "".join(parts)
        yield _Token(start, at, word if head is None else head, word, head is not None)


def _quoted(text: str, at: int, parts: list[str]) -> int:
    """Read from one quote to the next; a backslash keeps a quote or backslash."""
    start = at
    at += 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in {'"', "\\"}:
            at += 1
        parts.append(text[at])
        at += 1
    if at == len(text):
        raise QueryError("a quote has no end", text, start, len(text))
    return at + 1


def parse(text: str) -> Query:
    """Read a query.

    Args:
        text: What the user wrote; nothing at all is the query that everything matches.

    Returns:
        The query.

    Raises:
        QueryError: It can't be understood; the error knows the place.
    """
    choices: list[tuple[Literal, ...]] = []
    joined: _Token | None = None
    for token in _tokens(text):
        if not token.quoted and token.text.lower() == "or":
            if joined is not None or not choices:
                raise _error(text, token, "'or' stands between two words")
            joined = token
            continue
        literal = _literal(text, token)
        if joined is not None:
            choices[-1] = (*choices[-1], literal)
        else:
            choices.append((literal,))
        joined = None
    if joined is not None:
        raise _error(text, joined, "'or' stands between two words")
    return Query(tuple(choices))


def _error(text: str, token: _Token, message: str) -> QueryError:
    return QueryError(message, text, token.start, token.end)


def _literal(text: str, token: _Token) -> Literal:
    skip = 1 if token.head.startswith("-") else 0
    head, body = token.head[skip:], token.text[skip:]
    if not body and not token.quoted:
        raise _error(text, token, "'-' stands before a word")
    if match := _LENGTH.match(head):
        term: Term = _length(text, token, match[1], body[match.end() :])
    elif match := _FILTER.match(head):
        term = _filter(text, token, match[1].lower(), body[match.end() :])
    elif not body:
        raise _error(text, token, "there is nothing between the quotes")
    elif not tokens(body):
        raise _error(text, token, "there is no letter or digit in it")
    else:
        term = Word(body)
    return Literal(term, negated=bool(skip))


def _filter(text: str, token: _Token, name: str, value: str) -> Term:
    if name not in _FILTERS:
        near = get_close_matches(name, _FILTERS, 1, 0.5)
        hint = f"; did you mean '{near[0]}:'?" if near else " (quote it to find it)"
        raise _error(text, token, f"there is no filter '{name}:'{hint}")
    if not value:
        raise _error(text, token, f"'{name}:' needs a value")
    if name in _DATES:
        return _date(text, token, name, value.lower())
    field = TextField(name)
    if field in _CHOICES:
        value = value.lower().replace("-", "_")
        words = _CHOICES[field]
        if value not in words:
            raise _error(text, token, f"'{name}:' takes {_listed(words, value)}")
    return FieldTerm(field, value)


def _listed(words: tuple[str, ...], value: str) -> str:
    near = get_close_matches(value, words, 1, 0.6)
    listed = f"{', '.join(words[:-1])} or {words[-1]}"
    return listed + (f"; did you mean '{near[0]}'?" if near else "")


def _date(text: str, token: _Token, relation: str, value: str) -> DateTerm:
    if value not in _WORDS_FOR_DAYS:
        try:
            span(value, date.max)
        except ValueError:
            raise _error(
                text,
                token,
                f"'{relation}:' takes 2025, 2025-03, 2025-03-14, today or yesterday",
            ) from None
    return DateTerm(relation, value)


def _length(text: str, token: _Token, relation: str, value: str) -> LengthTerm:
    match = _CLOCK.fullmatch(value) or _PARTS.fullmatch(value)
    if not value or match is None:
        raise _error(
            text, token, "'len' takes <, > or = and a time, e.g. len>90 len<2m len>1:30"
        )
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    relation = "=" if relation == ":" else relation
    return LengthTerm(relation, hours * 3600 + minutes * 60 + seconds)


def states(query: Query) -> frozenset[NoteState]:
    """Tell which states the notes of an answer can have.

    Notes that are hidden in the chats are found only by who asks for them.

    Args:
        query: The query.

    Returns:
        Ready and unreadable, and every other state that the query names with `is:`.
    """
    named = {
        NoteState(literal.term.value)
        for choice in query.choices
        for literal in choice
        if not literal.negated
        and isinstance(literal.term, FieldTerm)
        and literal.term.field is TextField.IS
        and literal.term.value in set(NoteState)
    }
    return frozenset({NoteState.READY, NoteState.UNREADABLE, *named})


def wall_clock(row: NoteRow, zone: tzinfo | None = None) -> datetime:
    """Tell what the clock on the wall showed when a note was sent.

    Args:
        row: The note.
        zone: The zone of the wall, for a time that is known in UTC; this machine's
            without it.

    Returns:
        The time at the sender's where only that is known, else the time in the zone;
        it carries no zone in either case.
    """
    try:
        moment = datetime.fromtimestamp(row.sent_ms / 1000, UTC)
        if row.offset_min is None:
            return moment.astimezone(zone).replace(tzinfo=None)
        return (moment + timedelta(minutes=row.offset_min)).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):  # a damaged file time
        end = datetime.min if row.sent_ms < 0 else datetime.max  # noqa: DTZ901  # as above, without a zone
        return end.replace(microsecond=0)


def matches(
    note: Note,
    query: Query,
    today: date,
    labels: Mapping[SourceId, str] | None = None,
) -> bool:
    """Tell whether a note is an answer.

    Args:
        note: The note.
        query: The query.
        today: The day that `today` and `yesterday` count from.
        labels: The names of the sources, for `in:`.

    Returns:
        Whether every choice holds.
    """
    return all(
        any(
            _holds(literal.term, note, today, labels or {}) is not literal.negated
            for literal in choice
        )
        for choice in query.choices
    )


def _holds(term: Term, note: Note, today: date, labels: Mapping[SourceId, str]) -> bool:
    match term:
        case Word(text):
            wanted = tokens(text)
            return any(contains(wanted, tokens(each)) for each in _texts(note))
        case FieldTerm(TextField.IN, value):
            names = (labels.get(file.source_id, "") for file in note.files)
            roots = (file.source_root.decode(errors="replace") for file in note.files)
            return is_part(value, *names, *roots)
        case FieldTerm(field, value):
            return _FIELDS[field](note, value)
        case DateTerm(relation, value):
            return _is_dated(wall_clock(note.row).date(), relation, value, today)
        case LengthTerm(relation, length_s):
            return _is_long(note.row.duration_ms, relation, length_s)
        case _:
            assert_never(term)


def is_part(part: str, *texts: str) -> bool:
    """Tell whether a part stands in one of some names, in whatever case and accents."""
    wanted = fold(part)
    return any(wanted in fold(text) for text in texts if text)


def is_below(tag: str, wanted: str) -> bool:
    """Tell whether a tag is one that is asked for, or stands below it."""
    above = fold(wanted.removeprefix("#")).strip("/")
    return f"{fold(tag)}/".startswith(f"{above}/")


def _texts(note: Note) -> tuple[str, ...]:
    row = note.row
    sender = row.sender or ""
    texts = (row.chat_title, sender, row.title, note.comment, note.transcript)
    marks = (bookmark.text for bookmark in note.bookmarks)
    return (*texts, note.text, *row.tags, *marks)


def _is_from(note: Note, value: str) -> bool:
    if fold(value) == "me" and note.row.direction is Direction.SENT:
        return True
    return is_part(value, note.row.sender or "")


def _has_tag(note: Note, value: str) -> bool:
    return any(is_below(tag, value) for tag in note.row.tags)


def _is_collected(note: Note, value: str) -> bool:
    wanted = fold(" ".join(value.split()))
    return any(fold(name) == wanted for name in note.collections)


def _is(note: Note, value: str) -> bool:
    row = note.row
    facts = {
        "unplayed": row.played is Played.UNPLAYED,
        "half": row.played is Played.HALF,
        "played": row.played is Played.PLAYED,
        "starred": row.star,
        "sent": row.direction is Direction.SENT,
        "received": row.direction is Direction.RECEIVED,
        "unmatched": note.chat_kind is ChatKind.UNMATCHED,
    }
    return facts.get(value, row.state.value == value)


def _has(note: Note, value: str) -> bool:
    known: dict[str, object] = {
        "transcript": note.transcript,
        "comment": note.comment,
        "bookmark": note.bookmarks,
    }
    return bool(known[value])


_FIELDS: dict[TextField, Callable[[Note, str], bool]] = {
    TextField.CHAT: lambda note, value: is_part(value, note.row.chat_title),
    TextField.FROM: _is_from,
    TextField.TAG: _has_tag,
    TextField.COLLECTION: _is_collected,
    TextField.KIND: lambda note, value: note.row.kind.value == value,
    TextField.IS: _is,
    TextField.HAS: _has,
}


def span(value: str, today: date) -> tuple[date, date]:
    """Tell the first and the last day of what was written.

    Args:
        value: A year, month or day, or a word for one.
        today: The day that words count from.

    Returns:
        Both days.

    Raises:
        ValueError: There is no such day.
    """
    if value in _WORDS_FOR_DAYS:
        day = today if value == "today" else today - timedelta(days=1)
        return day, day
    match = _DAY.fullmatch(value)
    if match is None:
        raise ValueError(value)
    year, month, day_of_month = (int(part or 0) for part in match.groups())
    if day_of_month:
        day = date(year, month, day_of_month)
        return day, day
    first = date(year, month or 1, 1)
    final_month = date(year, month or 12, 1)
    after = (final_month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first, after - timedelta(days=1)


def _is_dated(day: date, relation: str, value: str, today: date) -> bool:
    first, last = span(value, today)
    if relation == "after":
        return day >= first
    return day < first if relation == "before" else first <= day <= last


def _is_long(duration_ms: int | None, relation: str, length_s: int) -> bool:
    if duration_ms is None:
        return False
    wanted = length_s * 1000
    if relation == "=":
        return duration_ms // 1000 == length_s
    compared = {
        "<": duration_ms < wanted,
        "<=": duration_ms <= wanted,
        ">": duration_ms > wanted,
        ">=": duration_ms >= wanted,
    }
    return compared[relation]
