"""Searches of the library against plain Python: every note asked by `matches`."""

from __future__ import annotations

import gc
import os
import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.library import START_MS, memory_folder, new_library
from tests.support.searched_library import Facts, SearchedLibrary, expected
from tui.library import _picture, _search, _sets
from tui.library._change import change
from tui.library._connection import Access, Store
from tui.library._midnight import ranges
from tui.library._search import condition, prepare, search, totals
from tui.model import (
    Bookmark,
    Direction,
    NoteId,
    NoteKind,
    NoteState,
    Played,
    Sort,
    SourceState,
)
from tui.query import (
    DateTerm,
    FieldTerm,
    LengthTerm,
    Literal,
    Query,
    TextField,
    Word,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library import IndexWriter, Library, Reader

DAY_MS = 86_400_000
TODAY = date(2024, 8, 16)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "America/Havana",
    "Pacific/Apia",
)

words = st.sampled_from(
    [
        "oven",
        "ove",
        "o",
        "Öfen",
        "creme brulee",
        "Crème Brûlée!",
        "10:30",
        "ask her, ask me",
        "ask me",
        "今天天气很好",
        "天气",
        "สวัสดี",
        "한국어",
        "한",
        "STRASSE",
        "Straße",
        "🎉",
        "we\udcffird",
        'a"b',
        "100%",
        "x_y",
        "NEAR(a b)",
        "title:x",
        "*",
        "",
    ]
)
names = st.sampled_from(
    [
        "Ana",
        "Familie Müller",
        "James",
        "100%_[a-c]*",
        "Öfen",
        "b\udcff",
        "天气",
        "me",
        "",
    ]
)
tags = st.sampled_from(["work", "work/clients", "Work/Ärzte", "oven", "recipe x"])
# A day around the end of summer time in St John's, and one around a day that Samoa
# never had: there days begin twice, or not at all.
times = st.one_of(
    st.integers(START_MS - 2 * DAY_MS, START_MS + 2 * DAY_MS),
    st.integers(1_162_090_000_000, 1_162_190_000_000),
    st.integers(1_325_150_000_000, 1_325_320_000_000),
    st.sampled_from([-(10**15), -1, 0, 10**17, 10**18]),
)
facts = st.builds(
    Facts,
    chat=names,
    is_matched=st.booleans(),
    sender=st.none() | names.filter(bool),
    direction=st.sampled_from(Direction),
    kind=st.sampled_from(NoteKind),
    sent_ms=times,
    offset_min=st.none() | st.sampled_from([0, 60, -210, 825]),
    duration_ms=st.none() | st.sampled_from([0, 999, 1000, 59_999, 60_000, 90_500]),
    state=st.sampled_from(
        [NoteState.READY] * 4 + [NoteState.PARTIAL, NoteState.UNREADABLE]
    ),
    played=st.sampled_from(Played),
    title=words,
    transcripts=st.lists(words.filter(bool), max_size=2).map(tuple),
    texts=st.lists(words.filter(bool), max_size=1).map(tuple),
    source=st.sampled_from([0, 1, 2]),
    folder=st.sampled_from([b"x", b"x/y", b"x0"]),
    copy_in=st.none() | st.sampled_from([1, 2]),
    is_told=st.sampled_from([False, False, False, True]),
    star=st.booleans(),
    own_title=st.just("") | words,
    comment=words,
    tags=st.lists(tags, max_size=3, unique=True).map(tuple),
    collections=st.lists(tags, max_size=2, unique=True).map(tuple),
    bookmarks=st.lists(words, max_size=2).map(
        lambda texts: tuple(Bookmark(at * 1000, text) for at, text in enumerate(texts))
    ),
)

terms = st.one_of(
    st.builds(Word, words.filter(bool)),
    st.builds(Word, names.filter(bool)),
    st.builds(
        FieldTerm,
        st.sampled_from(
            [
                *(TextField.CHAT, TextField.FROM, TextField.TAG),
                *(TextField.COLLECTION, TextField.IN),
            ]
        ),
        st.one_of(
            words.filter(bool),
            names.filter(bool),
            st.sampled_from(["me", "work", "#Work/", "phone", "koln", "\u0301", "%"]),
        ),
    ),
    st.builds(FieldTerm, st.just(TextField.KIND), st.sampled_from(list(NoteKind))),
    st.builds(
        FieldTerm,
        st.just(TextField.IS),
        st.sampled_from(
            [
                *("unplayed", "half", "played", "starred", "sent", "received"),
                *("unmatched", "ready", "partial", "missing", "unreadable"),
            ]
        ),
    ),
    st.builds(
        FieldTerm,
        st.just(TextField.HAS),
        st.sampled_from(["transcript", "comment", "bookmark"]),
    ),
    st.builds(
        DateTerm,
        st.sampled_from(["after", "before", "on"]),
        st.sampled_from(
            [
                *("today", "yesterday", "2024", "2024-08", "2024-08-15", "1970-01-01"),
                *("2006-10-29", "2006-10-28", "2011-12-30", "2011-12-31", "2999"),
            ]
        ),
    ),
    st.builds(
        LengthTerm,
        st.sampled_from(["<", "<=", ">", ">=", "="]),
        st.sampled_from([0, 1, 59, 60, 10**30]),
    ),
)
literals = st.builds(Literal, terms, st.booleans())
queries = (
    st.lists(st.lists(literals, min_size=1, max_size=3).map(tuple), max_size=3)
    .map(tuple)
    .map(Query)
)


@contextmanager
def zone(name: str) -> Iterator[None]:
    """Let the wall be in another zone."""
    before = os.environ.get("TZ", "UTC")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ["TZ"] = before
        time.tzset()


def as_rows(library: Library, query: Query, ids: list[int]) -> list[int]:
    """What the condition of a query finds, among all notes and among some."""
    with closing(Store(library.path, Access.READ)) as store:
        wanted = condition(store, query, TODAY)
        everywhere = store.all(
            f"SELECT note.id FROM note WHERE {wanted.sql} ORDER BY 1", wanted.params
        )
        marks = ",".join("?" * len(ids))
        among = store.all(
            f"SELECT note.id FROM note WHERE note.id IN ({marks}) AND {wanted.sql}",
            (*ids, *wanted.params),
        )
        opposite = store.all(
            f"SELECT note.id FROM note WHERE NOT ({wanted.sql})", wanted.params
        )
        both = sorted(each[0] for each in (*everywhere, *opposite))
        assert both == [each[0] for each in store.all("SELECT id FROM note ORDER BY 1")]
        assert {each[0] for each in among} == {e[0] for e in everywhere} & set(ids)
        return [each[0] for each in everywhere]


def sums(reader: Reader, ids: list[int]) -> tuple[int, int, int]:
    """Notes, unplayed notes and length of some notes."""
    rows = reader.rows([NoteId(each) for each in ids])
    return (
        len(rows),
        sum(
            row.played < Played.PLAYED and row.state is not NoteState.MISSING
            for row in rows
        ),
        sum(row.duration_ms or 0 for row in rows),
    )


def pairs(reader: Reader, query: Query, **how: object) -> list[tuple[int, int]]:
    """What a search finds: sort keys and ids."""
    found = reader.search(query, TODAY, **how)  # type: ignore[arg-type]  # by name
    return list(zip(found.order_ms, found.ids, strict=True))


@settings(max_examples=40)
@given(
    notes=st.lists(facts, min_size=1, max_size=8),
    asked=st.lists(queries, min_size=1, max_size=8),
    away=st.sets(st.sampled_from([1, 2]), max_size=1),
    place=st.sampled_from(ZONES),
    ways=st.fixed_dictionaries(
        {
            "sort": st.sampled_from(Sort),
            "told": st.booleans(),
            "below": st.sampled_from(
                [b"", b"/srv/phone", b"/srv/phone/x", b"/srv", b"/", b"/z"]
            ),
        }
    ),
)
def test_a_search_finds_what_plain_python_finds(
    notes: list[Facts],
    asked: list[Query],
    away: set[int],
    place: str,
    ways: dict[str, Any],
) -> None:
    """Random notes, random queries, in every order and from everywhere."""
    with (
        TemporaryDirectory(dir=memory_folder()) as folder,
        new_library(Path(folder) / "library.db") as library,
        closing(library.index_writer()) as writer,
        closing(library.reader()) as reader,
        closing(library.reader()) as quick,
        zone(place),
    ):
        searched = SearchedLibrary(library, writer, sorted(away))
        searched.add(*notes)
        searched.index()
        while quick.prepare_search():
            pass  # in parts
        for query in asked:
            for how in ({"sort": ways["sort"]}, ways):
                wanted = expected(searched, reader, query, TODAY, **how)
                assert pairs(reader, query, **how) == wanted, str(query)
                assert pairs(quick, query, **how) == wanted, str(query)
            found = sorted(pair[1] for pair in expected(searched, reader, query, TODAY))
            assert as_rows(library, query, [1, 2, 99]) == found, str(query)
            with closing(Store(library.path, Access.READ)) as store:
                assert totals(store, query, TODAY) == sums(reader, found)
                prepare(store)  # from what is kept in memory
                assert totals(store, query, TODAY) == sums(reader, found)


@pytest.fixture
def searched(library: Library, writer: IndexWriter) -> SearchedLibrary:
    """A library to write notes to."""
    return SearchedLibrary(library, writer)


@pytest.mark.parametrize("few", [0, 1_000], ids=["all at once", "one by one"])
def test_memory_follows_the_library(
    library: Library,
    searched: SearchedLibrary,
    reader: Reader,
    few: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After each change the same reader finds what is true now."""
    monkeypatch.setattr(_sets, "_FEW", few)
    writer = searched.writer
    texts = ["", "oven", "ana", "is:unplayed", "len>1", "-oven is:starred", "on:today"]

    def check() -> None:
        for text in texts:
            for sort in Sort:
                query = parse(text)
                assert pairs(reader, query, sort=sort) == expected(
                    searched, reader, query, TODAY, sort=sort
                ), text

    check()
    ids = searched.add(
        *(
            Facts(
                chat=f"Ana {n % 3}",
                sender=f"Ben {n % 2}",
                duration_ms=n * 500,
                sent_ms=START_MS + n * 10_000_000,
                comment="oven" * (n % 2),
                star=n % 3 == 0,
            )
            for n in range(9)
        )
    )
    searched.index()
    check()
    with (
        closing(library.reader()) as other,
        closing(Store(library.path, Access.WRITE)) as store,
    ):
        with change(store) as current:
            current.touch_all(ids[:3])
            store.run("UPDATE note SET played = 2 WHERE id = ?", (ids[0],))
            store.run("UPDATE note SET order_ms = 5 WHERE id = ?", (ids[1],))
            store.run("UPDATE note SET chat_id = 99 WHERE id = -1")
        searched.facts[ids[0]] = searched.facts[ids[0]]._replace(played=Played.PLAYED)
        check()
        with change(store) as current:
            current.touch(ids[4])
            store.run("DELETE FROM file WHERE note_id = ?", (ids[4],))
            store.run("DELETE FROM note WHERE id = ?", (ids[4],))
        check()
        assert other.revision() == reader.revision()
    searched.add(Facts(chat="New", comment="oven"))
    searched.index()
    check()
    source = reader.sources()[0]
    writer.set_source_state(source.id, SourceState.OFFLINE, "away")
    check()
    assert not reader.search(parse(""), TODAY).ids
    writer.set_source_state(source.id, SourceState.OK, "")
    check()


def test_many_changes_are_read_as_a_whole(
    searched: SearchedLibrary, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More changes than can be followed, and few sets that are kept, change nothing."""
    monkeypatch.setattr(_picture, "_MOST_CHANGES", 2)
    monkeypatch.setattr(_picture, "_PAGE", 4)
    monkeypatch.setattr(_picture, "_CODES", 2)
    monkeypatch.setattr(_picture, "_LEAST_SETS", 1)
    monkeypatch.setattr(_picture, "_MOST_BYTES", 0)
    for count in (8, 4, 1, 0):
        searched.add(
            *(Facts(chat=f"c{n} oven", sender=f"s{n % 4}") for n in range(count))
        )
        for text in ("", "oven", "c1", "from:s3", "from:s0 or chat:c2", "c7 or s1"):
            query = parse(text)
            assert pairs(reader, query) == expected(searched, reader, query, TODAY)


def test_preparing_ends_and_changes_no_answer(
    library: Library, searched: SearchedLibrary
) -> None:
    """Each call does a part; afterwards letters are known, and still true."""
    searched.add(Facts(comment="oven"), Facts(comment="east"))
    searched.index()
    with closing(Store(library.path, Access.READ)) as store:
        steps = 0
        while prepare(store):
            steps += 1
        assert steps > 26
        assert not prepare(store)
        for text, count in (("o", 1), ("e", 1), ("x", 0), ("", 2)):
            assert len(search(store, parse(text), TODAY, sort=Sort.NEWEST).ids) == count
        searched.add(Facts(comment="oregano"))
        searched.index()
        assert len(search(store, parse("o"), TODAY, sort=Sort.NEWEST).ids) == 2


def test_nothing_keeps_a_connection(
    library: Library, searched: SearchedLibrary
) -> None:
    """What is kept of a library goes with the connection that it is kept for."""
    searched.add(Facts(comment="oven"))
    before = len(_search._desks)
    with closing(Store(library.path, Access.READ)) as store:
        for text in ("oven", "o"):
            search(store, parse(text), TODAY, sort=Sort.NEWEST)
        assert len(_search._desks) == before + 1
    del store
    gc.collect()
    assert len(_search._desks) <= before


def test_names_are_followed(
    library: Library, searched: SearchedLibrary, reader: Reader
) -> None:
    """Another name of a chat or tag counts with the next letter."""
    (note_id,) = searched.add(Facts(chat="Ana", tags=("work",)))
    for text in ("ana", "tag:work"):
        assert pairs(reader, parse(text)) == pairs(reader, parse(text))
    with closing(sqlite3.connect(library.path)) as db, db:
        db.execute("UPDATE chat SET title = 'Bea'")
        db.execute("UPDATE tag SET name = 'home', folded = 'home'")
    for text, found in (("ana", []), ("bea", [note_id]), ("home", [note_id])):
        assert list(reader.search(parse(text), TODAY).ids) == found


def test_a_phrase_does_not_go_across_texts(
    searched: SearchedLibrary, reader: Reader
) -> None:
    """Two bookmarks, or a comment and a title, are no sentence."""
    marks = (Bookmark(0, "warm oven"), Bookmark(1, "door open"))
    searched.add(Facts(bookmarks=marks, comment="red", title="apple"))
    searched.index()
    for text, count in (
        ('"warm oven"', 1),
        ('"oven door"', 0),
        ('"red apple"', 0),
        ("oven door red apple", 1),
    ):
        assert len(reader.search(parse(text), TODAY).ids) == count


def test_a_pasted_page_is_one_query(searched: SearchedLibrary, reader: Reader) -> None:
    """Thousands of words in quotes, or outside of them, are looked for."""
    page = " ".join(f"w{n}" for n in range(2_000))
    searched.add(Facts(comment=page))
    searched.index()
    assert len(reader.search(parse(f'"{page}"'), TODAY).ids) == 1
    words = " ".join(page.split()[:300])
    for _ in range(2):
        assert len(reader.search(parse(words), TODAY).ids) == 1
        joined = " or ".join(words.split())
        assert len(reader.search(parse(joined), TODAY).ids) == 1


@pytest.mark.parametrize("place", ZONES)
@given(
    moment=st.one_of(
        st.integers(0, 2_000_000_000),
        st.integers(1_162_090_000, 1_162_190_000),
        st.integers(1_325_150_000, 1_325_320_000),
        st.integers(1_711_600_000, 1_711_900_000),
    ),
    step=st.integers(-1, 1),
)
def test_days_begin_where_the_clock_says(place: str, moment: int, step: int) -> None:
    """Ranges of milliseconds agree with the day that the wall shows."""
    with zone(place):
        shown = datetime.fromtimestamp(moment, UTC).astimezone().date()
        day = shown + timedelta(days=step)
        found = any(
            start <= moment * 1000 and (end is None or moment * 1000 < end)
            for start, end in ranges(day)
        )
        assert found == (shown >= day)


def test_a_day_that_begins_twice() -> None:
    """In St John's clocks went back at one minute past midnight."""
    with zone("America/St_Johns"):
        assert len(ranges(date(2006, 10, 29))) == 2
        assert len(ranges(date(2006, 10, 28))) == 1
