"""What stands for notes on a command line: a query, an id, all of them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.cli._answers import Wanted, answers, has_words, today, wanted
from tui.errors import QueryError, UsageError
from tui.library import Library
from tui.model import NoteState, Sort
from tui.query import matches, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.cli.conftest import Done
    from tui.cli._answers import NoteReader

    Earmark = Callable[..., Done]


@pytest.fixture
def reader(known: Earmark, isolated: Path) -> Iterator[NoteReader]:
    """A library with something to look for."""
    known("comment", "chat:Ana", "the recipe")
    known("tag", "work/clients", "chat:Anton")
    known("star", "chat:Bob or len>3")
    path = isolated / "data" / "earmark" / "library.db"
    with Library.open(path) as library, closing(library.reader()) as reader:
        yield reader


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("chat:Ana -is:played", False),
        ("chat:Ana mum", True),
        ("is:half or -mum", True),
    ],
)
def test_words_need_their_index(text: str, *, expected: bool) -> None:
    """Filters alone do without it."""
    assert has_words(parse(text)) is expected


def test_what_is_wanted_must_be_said(reader: NoteReader) -> None:
    """Either a query, or an id, or all."""
    assert len(wanted("recipe", "star", every=False).ids(reader)) == 3
    assert len(wanted("", "star", every=True).ids(reader)) == 6
    with pytest.raises(UsageError, match="star needs a query"):
        wanted("  ", "star", every=False)
    with pytest.raises(UsageError, match="either a query or --all"):
        wanted("x", "star", every=True)
    with pytest.raises(QueryError):
        wanted("nonsense:x", "star", every=False)


def test_an_id_is_one_note(reader: NoteReader) -> None:
    """By six digits at least; where only an id may stand, by any that suffice."""
    note = next(answers(reader, parse("chat:Bob")))
    for text in (note.key, note.key[:6], note.key[:6].upper()):
        assert list(Wanted(text).ids(reader)) == [note.row.id]
        assert list(Wanted(text).notes(reader)) == [note]
    assert list(Wanted(note.key[:5]).ids(reader)) == []
    only = Wanted(note.key[:5], is_note=True)
    assert list(only.notes(reader)) == [note]
    for text in ("chat:Bob", "", "zz", '"', note.key + "0"):
        assert list(Wanted(text, is_note=True).ids(reader)) == []
        assert list(Wanted(text, is_note=True).notes(reader)) == []


def test_several_ids_are_these_notes(reader: NoteReader) -> None:
    """In the order in which they were written, each once, or in the order asked for."""
    notes = list(answers(reader, parse("chat:Ana or chat:Bob"), sort=Sort.LONGEST))
    keys = [note.key for note in notes]
    text = " ".join([*reversed(keys), keys[0][:7].upper()])
    which = Wanted(text)
    before, ids = which.has_own_order, list(which.ids(reader))
    assert ids == [note.row.id for note in reversed(notes)]
    assert (before, which.has_own_order) == (False, True)
    assert which.note(reader) is None
    assert list(which.notes(reader)) == notes[::-1]
    assert list(which.notes(reader, sort=Sort.LONGEST, limit=2)) == notes[:2]
    # Words that could be ids, and are not all of notes, are looked for.
    for words in ("facade decade", f"{keys[0]} facade", f"{keys[0]} {keys[1][:5]}"):
        assert list(Wanted(words).ids(reader)) == []


def test_several_ids_that_begin_so(reader: NoteReader) -> None:
    """Where an id must stand, it is told how many are meant."""
    keys = [note.key for note in answers(reader, parse(""))]
    digits = "0123456789abcdef"
    counts = {digit: sum(key[0] == digit for key in keys) for digit in digits}
    for digit, count in counts.items():
        ids = Wanted(digit, is_note=True)
        if count > 1:
            with pytest.raises(UsageError, match=f"{count} notes have an id"):
                ids.ids(reader)
        else:
            assert len(ids.ids(reader)) == count


_TERMS = st.sampled_from(
    [
        *("recipe", "rec", '"the recipe"', "ana", "an", "chat:an", "chat:Bob"),
        *("tag:work", "tag:work/clients", "is:starred", "is:unplayed", "has:comment"),
        *("len>2", "len<=3", "after:2020", "on:today", "kind:audio", "in:Voice"),
    ]
)
_QUERIES = st.lists(
    st.tuples(st.sampled_from(["", "-", "or "]), _TERMS).map("".join), max_size=4
).map(lambda words: " ".join(words).removeprefix("or "))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=_QUERIES, sort=st.sampled_from(Sort), limit=st.none() | st.integers(1, 4))
def test_answers_are_those_of_plain_python(
    reader: NoteReader, text: str, sort: Sort, limit: int | None
) -> None:
    """The same notes; the newest first, if nothing else is said."""
    query = parse(text)
    labels = {source.id: source.label for source in reader.sources()}
    states = [NoteState.READY, NoteState.UNREADABLE]
    expected = [
        note.row.id
        for note in reader.all_notes(states=states)
        if matches(note, query, today(), labels)
    ]
    found = [note.row.id for note in answers(reader, query, sort=sort)]
    assert sorted(found) == sorted(expected)
    if sort is Sort.NEWEST:
        assert found == expected
    some = [note.row.id for note in answers(reader, query, sort=sort, limit=limit)]
    assert some == found[:limit]
