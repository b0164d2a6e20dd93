"""Where words stand in a note: field, line, places in it, and the moment."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.library._hits import hit_of
from tui.model import (
    Bookmark,
    ChatId,
    ChatKind,
    Direction,
    Note,
    NoteId,
    NoteKind,
    NoteRow,
    NoteState,
    Played,
    Precision,
)
from tui.query import Literal, Query, Word, matches, parse
from tui.text import printable
from tui.words import tokens

ROW = NoteRow(
    id=NoteId(1),
    chat_id=ChatId(1),
    chat_title="Family",
    kind=NoteKind.VOICE,
    sender="Ana",
    direction=Direction.RECEIVED,
    sent_ms=0,
    offset_min=None,
    precision=Precision.SECOND,
    order_ms=0,
    duration_ms=100_000,
    state=NoteState.READY,
    reason="",
    played=Played.UNPLAYED,
    position_ms=0,
    title="Sunday oven",
    tags=("recipe",),
)
NOTE = Note(
    row=ROW,
    key="ab12",
    chat_kind=ChatKind.GROUP,
    size=100,
    recording=None,
    comment="ask about\nthe oven",
    transcript="So the Crème brûlée is simple: you take a kilo of flour",
    text="photo of a cake",
    bookmarks=(Bookmark(500, "flour"), Bookmark(42_000, "the cake, and the oven")),
)


def marked(text: str, note: Note = NOTE) -> tuple[str, str, list[str]]:
    """Field and line of a hit, and the words in it."""
    hit = hit_of(note, parse(text))
    assert hit is not None
    return hit.field, hit.snippet, [hit.snippet[a:b] for a, b in hit.spans]


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("brulee", "transcript", ["brûlée"]),
        ("CREM", "transcript", ["Crème"]),
        ('"creme brulee is s"', "transcript", ["Crème brûlée is simple"]),
        ("flour", "transcript", ["flour"]),
        ("take flour", "transcript", ["take", "flour"]),
        ("kilo or nothing", "transcript", ["kilo"]),
        ("cake", "bookmark", ["cake"]),
        ("cake flour", "transcript", ["flour"]),
        ("about", "comment", ["about"]),
        ("-about photo", "text", ["photo"]),
        ("sunday", "title", ["Sunday"]),
        ("is:unplayed sunday len>5", "title", ["Sunday"]),
    ],
)
def test_the_best_field(text: str, field: str, words: list[str]) -> None:
    """What is heard comes before what is written; all words in it are told."""
    assert marked(text)[0] == field
    assert marked(text)[2] == words


@pytest.mark.parametrize(
    "text", ["", "family", "recipe", "ana", "tag:recipe", "-flour", "has:comment"]
)
def test_no_hit(text: str) -> None:
    """Names, tags, filters and what must not be there are no place in a note."""
    assert hit_of(NOTE, parse(text)) is None


def test_words_without_letters_are_nowhere() -> None:
    """Not even a query that was put together by hand finds a sign."""
    assert hit_of(NOTE, Query(((Literal(Word("!")),),))) is None


def test_a_line_is_one_line() -> None:
    """Breaks become blanks, what can't be seen is written out, words stay marked."""
    text = "\n\t ask\r\n\n her \x1b[31m \u202eoven"
    assert marked("her oven", NOTE._replace(comment=text, bookmarks=())) == (
        "comment",
        "ask her \\x1b[31m \\u202eoven",
        ["her", "oven"],
    )


def test_a_long_text_is_cut_at_words() -> None:
    """The line begins shortly before the hit and ends with a whole word."""
    text = "word " * 200 + "kitchen " + "more " * 200
    field, line, words = marked("kitchen", NOTE._replace(transcript=text))
    assert (field, words) == ("transcript", ["kitchen"])
    assert line.startswith("…word ")
    assert line.endswith(" more…")
    assert len(line) <= 80
    assert line.index("kitchen") <= 26


def test_a_hit_longer_than_a_line_is_whole() -> None:
    """A phrase of many words is shown to its end."""
    phrase = "one two three four five six seven " * 4
    _, line, words = marked(f'"{phrase}"', NOTE._replace(transcript=f"x {phrase} y"))
    assert words == [phrase.strip()]
    assert phrase.strip() in line


def test_the_end_of_time_is_not_searched() -> None:
    """Of a text of hours only the beginning is looked into, and nothing breaks."""
    note = NOTE._replace(transcript="a" * 300_000 + " flour", bookmarks=())
    assert hit_of(note, parse("flour")) is None


def test_moments() -> None:
    """A bookmark is heard from a second before, a word from some time before that."""
    cake = hit_of(NOTE, parse("cake"))
    assert cake is not None
    assert cake.at_ms == 41_000
    early = hit_of(NOTE._replace(transcript=""), parse("flour"))
    assert early is not None
    assert early.at_ms == 0
    spoken = hit_of(NOTE._replace(transcript="x " * 49 + "y " + "x " * 50), parse("y"))
    assert spoken is not None
    assert spoken.at_ms is not None
    assert 40_000 < spoken.at_ms < 48_000
    first = hit_of(NOTE, parse("so"))
    assert first is not None
    assert first.at_ms == 0
    unknown = NOTE._replace(row=ROW._replace(duration_ms=None))
    for text in ("brulee", "about", "photo", "sunday"):
        hit = hit_of(unknown, parse(text))
        assert hit is not None
        assert hit.at_ms is None


TEXTS = st.text(st.sampled_from("ab é\u0301天🎉\n\t\x1b\u202e\udcff-"), max_size=120)


@given(
    st.builds(
        lambda transcript, comment, title: NOTE._replace(
            transcript=transcript,
            comment=comment,
            text="",
            bookmarks=(),
            row=ROW._replace(title=title, chat_title="", sender=None, tags=()),
        ),
        TEXTS,
        TEXTS,
        TEXTS,
    ),
    st.lists(st.text(st.sampled_from("ab é天"), min_size=1, max_size=4), max_size=3),
)
def test_a_note_that_is_found_has_a_hit(note: Note, words: list[str]) -> None:
    """Where a word is found, it is shown; every mark in the line is one of them."""
    literals = tuple(Literal(Word(word)) for word in words if tokens(word))
    query = Query((literals,) if literals else ())
    hit = hit_of(note, query)
    found = bool(literals) and matches(note, query, date(2025, 1, 1))
    assert (hit is not None) == found
    if hit is None:
        return
    assert hit.spans
    assert printable(hit.snippet) == hit.snippet
    beginnings = {tokens(literal.term.text)[0] for literal in literals}  # type: ignore[union-attr]  # all are words
    before = -1
    for start, end in hit.spans:
        assert before < start < end <= len(hit.snippet)
        first = tokens(hit.snippet[start:end])[0]
        assert any(first.startswith(each) for each in beginnings)
        before = end
