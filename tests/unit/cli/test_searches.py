"""`searches`: queries kept under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_searches_are_kept(known: Earmark) -> None:
    """Saved, counted as things are now, renamed, given another query, deleted."""
    done = known("searches")
    assert (done.code, done.out) == (1, "")
    assert "no searches are saved: earmark searches save NAME QUERY" in done.err
    assert known("searches", "--json").json == []
    assert known("searches", "save", "To hear", "-is:played", "chat:An").code == 0
    assert known("searches", "save", "Bob", "chat:Bob", "--json").json["text"]
    known("mark", "played", "chat:Bob")
    found = known("searches", "--json").json
    assert [set(each) for each in found] == [
        {"id", "name", "query", "notes", "unplayed", "duration_ms"}
    ] * 2
    assert [list(each.values())[1:] for each in found] == [
        ["Bob", "chat:Bob", 1, 0, 2000],
        ["To hear", "-is:played chat:An", 5, 5, 14_000],
    ]
    assert known("searches").lines == [
        "Bob      1  0 unplayed  0:02  chat:Bob",
        "To hear  5  5 unplayed  0:14  -is:played chat:An",
    ]
    assert known("searches", "rename", "to", "Inbox").code == 0
    assert known("searches", "save", "Inbox", "is:unplayed").code == 0
    assert known("searches", "save", "Inbox", "is:unplayed").code == 1
    assert known("searches", "delete", "Bob").code == 0
    assert [each["query"] for each in known("searches", "--json").json] == [
        "is:unplayed"
    ]
    assert known("undo", "3").code == 0
    assert [each["name"] for each in known("searches", "--json").json] == [
        "Bob",
        "To hear",
    ]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["save"], "searches save takes a name and a query"),
        (["save", "x"], "searches save takes a name and a query"),
        (["save", "x", ""], "an empty query is nothing to keep"),
        (["save", "x", "nonsense:y"], "query: there is no filter"),
        (["save", " ", "y"], ""),
        (["rename", "x"], "searches rename takes the old and the new name"),
        (["rename", "x", "y", "z"], "searches rename takes the old and the new name"),
        (["rename", "q", "z"], "no search is called q (there are "),
        (["delete"], "searches delete takes the name of a search"),
        (["delete", "On"], "2 searches may be meant: One"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_told(known: Earmark, argv: list[str], said: str) -> None:
    """In one line, and nothing is changed."""
    known("searches", "save", "One", "a")
    known("searches", "save", "One more", "b")
    before = known("searches", "--json").json
    done = known("searches", *argv)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert known("searches", "--json").json == before
