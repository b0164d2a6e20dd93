"""What Tab makes of the word at the cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.errors import QueryError
from tui.query import FieldTerm, parse
from tui.screens._completion import FILTERS, WORDS, complete

KNOWN = {
    "chat": ["Family", "My family", 'A "quoted" one', "Bob", ""],
    "from": ["me", "Ana", "Jürgen"],
    "tag": ["work", "work/clients", "home"],
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fr", ("from:",)),
        ("-fr", ("-from:",)),
        ("recipe ta", ("tag:",)),
        ("l", ("len>", "len<")),
        ("LE", ("len>", "len<")),
        ("chat:fam", ("chat:Family", 'chat:"My family"')),
        ('chat:"my f', ('chat:"My family"',)),
        ("-chat:bo", ("-chat:Bob",)),
        ("chat:quoted", ('chat:"A \\"quoted\\" one"',)),
        ("from:jur", ("from:Jürgen",)),
        ("tag:cli", ("tag:work/clients",)),
        ("tag:", ("tag:work", "tag:work/clients", "tag:home")),
        ("has:b", ("has:bookmark",)),
        ("is:un", ("is:unplayed", "is:unmatched", "is:unreadable")),
        ("a or fr", ("from:",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_words_are_completed(text: str, words: tuple[str, ...]) -> None:
    """Names of filters, and values: those first that begin with what was typed."""
    found = complete(text, len(text), KNOWN)
    assert found is not None
    assert found.words == words
    assert text.endswith(text[found.start : found.end])
    assert found.start in {0, len("recipe "), len("a or ")}


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "zebra", "chat:nobody", "len>", "http://x", "from: ", "x:y"],
    ids=repr,
)
def test_nothing_fits(text: str) -> None:
    """Plain words are left alone."""
    assert complete(text, len(text), KNOWN) is None


def test_the_middle_of_a_word_is_left_alone() -> None:
    """A completion would be put before the rest of the word."""
    assert complete("from:ana", 4, KNOWN) is None
    assert complete("fr recipe", 2, KNOWN) is not None


@pytest.mark.parametrize("name", sorted(WORDS))
def test_offered_words_are_understood(name: str) -> None:
    """No filter offers what the query language refuses."""
    for word in WORDS[name]:
        parse(f"{name}:{word}")


@pytest.mark.parametrize("name", FILTERS)
def test_offered_filters_exist(name: str) -> None:
    """Each is a filter, and not a word."""
    tail = "2024" if name in {"after:", "before:", "on:"} else "60"
    tail = WORDS[name[:-1]][0] if name[:-1] in {"is", "has", "kind"} else tail
    (choice,) = parse(name + tail).choices
    assert type(choice[0].term).__name__ != "Word"


@given(st.text(min_size=1, max_size=20), st.text(max_size=3))
def test_a_completed_name_is_read_as_it_is(name: str, typed: str) -> None:
    """Any title, however it is written, comes back from the query."""
    try:
        found = complete(f"chat:{typed}", 5 + len(typed), {"chat": [name]})
        if found is None:
            return
        query = parse(found.words[0])
    except QueryError:  # e.g. a title without anything in it
        return
    ((literal,),) = query.choices
    assert literal.term == FieldTerm(literal.term.field, name)  # type: ignore[union-attr]  # a filter


@given(st.text(max_size=30), st.integers(0, 30))
def test_nothing_that_is_typed_breaks_it(text: str, cursor: int) -> None:
    """A completion stands for the word before the cursor."""
    cursor = min(cursor, len(text))
    found = complete(text, cursor, KNOWN)
    if found is not None:
        assert 0 <= found.start < found.end == cursor
        assert len(found.words) == len(found.labels) > 0
