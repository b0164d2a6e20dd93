"""The query language: what is read, what is refused and where, what matches."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.errors import QueryError
from tui.model import (
    Bookmark,
    ChatId,
    ChatKind,
    Direction,
    Note,
    NoteFile,
    NoteId,
    NoteKind,
    NoteRow,
    NoteState,
    Played,
    Precision,
    SourceId,
)
from tui.query import (
    DateTerm,
    FieldTerm,
    LengthTerm,
    Literal,
    Query,
    TextField,
    Word,
    is_below,
    is_part,
    matches,
    parse,
    span,
    states,
    wall_clock,
)
from tui.words import tokens

TODAY = date(2025, 3, 20)

ROW = NoteRow(
    id=NoteId(1),
    chat_id=ChatId(1),
    chat_title="Familie Müller",
    kind=NoteKind.VOICE,
    sender="Ana",
    direction=Direction.RECEIVED,
    sent_ms=int(datetime(2025, 3, 14, 23, 30, tzinfo=UTC).timestamp() * 1000),
    offset_min=60,
    precision=Precision.SECOND,
    order_ms=0,
    duration_ms=90_000,
    state=NoteState.READY,
    reason="",
    played=Played.UNPLAYED,
    position_ms=0,
    title="Sunday",
    star=True,
    tags=("Recipe", "Work/Clients/Bob"),
)
NOTE = Note(
    row=ROW,
    key="ab12",
    chat_kind=ChatKind.GROUP,
    size=100,
    recording=None,
    files=(NoteFile(SourceId(7), b"/home/me/Sync", b"a.opus", 100, 0),),
    comment="ask about the oven",
    transcript="So the Crème brûlée is simple",
    text="photo of a cake",
    bookmarks=(Bookmark(0, "whisk the yolk"), Bookmark(5000, "caramel")),
    collections=("For Sunday", "Café"),
)


def literal(text: str) -> Literal:
    """Read a query of one literal."""
    ((one,),) = parse(text).choices
    return one


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("mum", Word("mum")),
        ('"blue folder"', Word("blue folder")),
        (r'"say \"hi\" \\ bye"', Word(r"say \"hi\" \ bye".replace('\\"', '"'))),
        ("10:30", Word("10:30")),
        ('"or"', Word("or")),
        ('"-x"', Word("-x")),
        ('"from:Ana"', Word("from:Ana")),
        ('chat:"Mum and Dad"', FieldTerm(TextField.CHAT, "Mum and Dad")),
        ("FROM:Ana", FieldTerm(TextField.FROM, "Ana")),
        ("tag:#recipe", FieldTerm(TextField.TAG, "#recipe")),
        ("collection:x", FieldTerm(TextField.COLLECTION, "x")),
        ("kind:video-note", FieldTerm(TextField.KIND, "video_note")),
        ("is:Unplayed", FieldTerm(TextField.IS, "unplayed")),
        ("has:transcript", FieldTerm(TextField.HAS, "transcript")),
        ("after:2025-03", DateTerm("after", "2025-03")),
        ("before:2025-3-1", DateTerm("before", "2025-3-1")),
        ("on:Yesterday", DateTerm("on", "yesterday")),
        ("len>60", LengthTerm(">", 60)),
        ("len<2m", LengthTerm("<", 120)),
        ("len>=1h2m3s", LengthTerm(">=", 3723)),
        ("len<=1:30", LengthTerm("<=", 90)),
        ("LEN=1:00:05", LengthTerm("=", 3605)),
        ("len:5", LengthTerm("=", 5)),
    ],
)
def test_one_term(text: str, term: object) -> None:
    """Each form of a term is read as itself, and its opposite after a minus."""
    assert literal(text) == Literal(term)  # type: ignore[arg-type]  # the table holds all kinds of terms
    assert literal(f"-{text}") == Literal(term, negated=True)  # type: ignore[arg-type]  # as above


def test_or_binds_closer_than_the_blank() -> None:
    """`or` joins its two neighbours only; blanks join the choices."""
    a, b, c, d = (Literal(Word(word)) for word in "abcd")
    assert parse("a b or c OR d").choices == ((a,), (b, c, d))
    assert parse("a or b c").choices == ((a, b), (c,))
    assert parse("  ").choices == ()


@pytest.mark.parametrize(
    ("text", "word", "message"),
    [
        ("mum form:Ana", "form:Ana", "did you mean 'from:'"),
        ("see http://x", "http://x", "no filter 'http:'"),
        ("a or", "or", "between two words"),
        ("or a", "or", "between two words"),
        ("a or or b", "or", "between two words"),
        ("a -", "-", "before a word"),
        ('a ""', '""', "nothing between the quotes"),
        ('a -""', '-""', "nothing between the quotes"),
        ('say "hello', '"hello', "no end"),
        ("chat: x", "chat:", "needs a value"),
        ('from:""', 'from:""', "needs a value"),
        ("is:playd", "is:playd", "did you mean 'played'"),
        ("kind:song", "kind:song", "voice, audio, video_note or view_once"),
        ("after:2025-13", "after:2025-13", "2025-03-14"),
        ("on:2025-02-30", "on:2025-02-30", "2025-03-14"),
        ("before:soon", "before:soon", "today"),
        ("len>", "len>", "e.g. len>90"),
        ("len>2x", "len>2x", "e.g. len>90"),
        ("a !! b", "!!", "no letter or digit"),
        ('a "..."', '"..."', "no letter or digit"),
        ("-?", "-?", "no letter or digit"),
    ],
)
def test_an_error_points_at_its_word(text: str, word: str, message: str) -> None:
    """Every error names what is wrong, and where it stands."""
    with pytest.raises(QueryError, match=message) as caught:
        parse(text)
    assert caught.value.text[caught.value.start : caught.value.end] == word
    assert caught.value.text == text


def test_or_error_points_at_the_second_or() -> None:
    """Of two `or` side by side, the second is the wrong one."""
    with pytest.raises(QueryError) as caught:
        parse("a or or b")
    assert caught.value.start == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("creme", True),
        ("BRÛLÉE", True),
        ("muller", True),
        ("oven sunday recipe ana", True),
        ("oven bread", False),
        ("bread or oven", True),
        ("-bread", True),
        ("-oven", False),
        ("-oven or sunday", True),
        ("ov", True),
        ("ven", False),
        ('"creme brulee"', True),
        ('"creme bru"', True),
        ('"crem brulee"', False),
        ('"brulee creme"', False),
        ('"simple photo"', False),
        ("creme-brulee", True),
        ("photo", True),
        ("yolk", True),
        ('"yolk caramel"', False),
        ('"mul"', True),
        ("client", True),
        ('"work clients b"', True),
        ("chat:mull", True),
        ("chat:ana", False),
        ("from:an", True),
        ("from:me", False),
        ("tag:recipe", True),
        ("tag:#RECIPE", True),
        ("tag:rec", False),
        ("tag:work", True),
        ("tag:work/clients", True),
        ("tag:/WORK/", True),
        ("tag:work/cli", False),
        ("tag:clients", False),
        ("tag:#", False),
        ("collection:cafe", True),
        ("collection:caf", False),
        ('collection:" for   SUNDAY"', True),
        ("-collection:cafe", False),
        ("collection:sunday", False),
        ("in:sync", True),
        ("in:phone", True),
        ("in:cloud", False),
        ("kind:voice", True),
        ("kind:audio", False),
        ("is:unplayed is:starred is:received is:ready", True),
        ("is:played", False),
        ("is:half", False),
        ("is:sent", False),
        ("is:unmatched", False),
        ("is:unreadable", False),
        ("has:transcript has:comment", True),
        ("has:bookmark", True),
        ("on:2025-03-15", True),
        ("on:2025-03-14", False),
        ("on:2025", True),
        ("on:2025-03", True),
        ("on:2025-02", False),
        ("after:2025-03-15", True),
        ("after:2025-03-16", False),
        ("after:2025-03", True),
        ("before:2025-03-15", False),
        ("before:2025-03-16", True),
        ("before:2025-04", True),
        ("after:today", False),
        ("before:yesterday", True),
        ("len>60", True),
        ("len>90", False),
        ("len>=90", True),
        ("len<2m", True),
        ("len<90", False),
        ("len<=1:30", True),
        ("len=90", True),
        ("len=91", False),
    ],
)
def test_matches(text: str, expected: bool) -> None:
    """Each filter says yes and no to one and the same note."""
    labels = {SourceId(7): "My Phone"}
    assert matches(NOTE, parse(text), TODAY, labels) is expected


def test_days_of_an_odd_calendar() -> None:
    """Yesterday is counted from today; a month ends with its last day."""
    note = NOTE._replace(
        row=ROW._replace(
            sent_ms=int(datetime(2024, 2, 29, tzinfo=UTC).timestamp()) * 1000
        ),
    )
    assert matches(note, parse("on:yesterday"), date(2024, 3, 1))
    assert matches(note, parse("on:2024-02"), TODAY)
    assert not matches(note, parse("after:2024-03"), TODAY)
    december = NOTE._replace(
        row=ROW._replace(
            sent_ms=int(datetime(2024, 12, 31, tzinfo=UTC).timestamp()) * 1000
        ),
    )
    assert matches(december, parse("on:2024-12 on:2024"), TODAY)


def test_me_is_who_sent_it() -> None:
    """`from:me` finds own notes, whatever name the sender has there."""
    sent = NOTE._replace(row=ROW._replace(direction=Direction.SENT, sender=None))
    assert matches(sent, parse("from:me is:sent"), TODAY)
    assert not matches(sent, parse("from:ana"), TODAY)


def test_an_unknown_length_is_neither_long_nor_short() -> None:
    """A note without a length answers no question about it."""
    note = NOTE._replace(row=ROW._replace(duration_ms=None))
    assert not matches(note, parse("len<60 or len>=60"), TODAY)


def test_states_are_named_to_be_found() -> None:
    """Hidden notes are asked for by name, and not by its opposite."""
    shown = {NoteState.READY, NoteState.UNREADABLE}
    assert states(parse("mum")) == shown
    assert states(parse("-is:missing is:played")) == shown
    assert states(parse("is:partial or is:missing")) == set(NoteState)


def test_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """True UTC is shown in the viewer's zone, a wall clock as it was."""
    monkeypatch.setenv("TZ", "Etc/GMT-5")
    time.tzset()
    try:
        assert wall_clock(ROW) == datetime(2025, 3, 15, 0, 30)  # noqa: DTZ001  # a wall clock
        utc = ROW._replace(offset_min=None)
        assert wall_clock(utc) == datetime(2025, 3, 15, 4, 30)  # noqa: DTZ001  # as above
    finally:
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()


def test_a_damaged_time_is_far_away_and_no_error() -> None:
    """A file time that no calendar holds stands at the end of time."""
    assert wall_clock(ROW._replace(sent_ms=10**18)).year == 9999
    assert wall_clock(ROW._replace(sent_ms=-(10**18))).year == 1


texts = st.text(min_size=1).filter(lambda text: "\x00" not in text)
terms = st.one_of(
    st.builds(Word, texts.filter(tokens)),
    st.builds(
        FieldTerm,
        st.sampled_from([TextField.CHAT, TextField.FROM, TextField.TAG, TextField.IN]),
        texts,
    ),
    st.builds(FieldTerm, st.just(TextField.IS), st.sampled_from(["half", "missing"])),
    st.builds(
        DateTerm,
        st.sampled_from(["after", "before", "on"]),
        st.sampled_from(["today", "2024", "2024-02", "2024-02-29"]),
    ),
    st.builds(
        LengthTerm,
        st.sampled_from(["<", "<=", ">", ">=", "="]),
        st.integers(min_value=0, max_value=10**6),
    ),
)
literals = st.builds(Literal, terms, st.booleans())
choices = st.lists(literals, min_size=1, max_size=4).map(tuple)
queries = st.lists(choices, max_size=4).map(tuple).map(Query)


@given(queries)
def test_writing_and_reading_is_the_same_query(query: Query) -> None:
    """What `str` writes, `parse` reads back."""
    assert parse(str(query)) == query


def outcome(text: str) -> Query | tuple[int, int]:
    """Read a query, or tell where it is wrong."""
    try:
        return parse(text)
    except QueryError as error:
        return error.start, error.end


@given(st.text())
def test_any_text_is_a_query_or_an_error_with_a_place(text: str) -> None:
    """Nothing that can be typed raises anything else."""
    match outcome(text):
        case Query() as query:
            assert parse(str(query)) == query
            assert matches(NOTE, query, TODAY) in {True, False}
        case (start, end):
            assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("today", TODAY, TODAY),
        ("yesterday", date(2025, 3, 19), date(2025, 3, 19)),
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-2", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-12", date(2024, 12, 1), date(2024, 12, 31)),
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29)),
    ],
)
def test_span(value: str, first: date, last: date) -> None:
    """A year, a month, a day or a word for one is a first and a last day."""
    assert span(value, TODAY) == (first, last)


def test_names_are_found_by_any_part() -> None:
    """Names that a filter asks for are found in their middle; nothing has no part."""
    assert is_part("MÜLL", "Ana", "Familie Muller")
    assert not is_part("ana", "", "Bob")
    assert not is_part("\u0301", "")


@pytest.mark.parametrize(
    ("tag", "wanted", "expected"),
    [
        ("work", "work", True),
        ("Work/Ärzte", "#work/arzte/", True),
        ("work/clients/bob", "work/clients", True),
        ("workshop", "work", False),
        ("work", "work/clients", False),
        ("a", "", False),
    ],
)
def test_tags_below(tag: str, wanted: str, expected: bool) -> None:
    """A tag is found by itself and by all that stand above it, as a whole."""
    assert is_below(tag, wanted) is expected
