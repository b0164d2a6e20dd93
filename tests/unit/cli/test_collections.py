"""`collection` and `collections`: made, listed, put in order, played, exported."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tui.cli._answers import Wanted
from tui.cli._play import _chosen
from tui.config import load_settings
from tui.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def ids(earmark: Earmark, *query: str) -> list[str]:
    """The ids of the notes that a query finds, in the order of the list."""
    return [each["id"] for each in earmark("list", *query, "--json").json]


def test_collections_are_made_and_listed(known: Earmark) -> None:
    """By name, with counts; with what was done, which can be undone."""
    done = known("collections")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("earmark: there are no collections: earmark collection")
    assert known("collections", "--json").json == []
    done = known("collection", "add", "for Sunday", "chat:Ana", "or", "chat:Bob")
    assert done.lines == ["4 notes are in the collection “for Sunday” now"]
    assert known("collection", "create", "empty").code == 0
    assert known("collections").lines == [
        "empty       0 notes  0 unplayed  0:00",
        "for Sunday  4 notes  4 unplayed  0:11",
    ]
    assert known("collections", "--json").json[1] == {
        "id": 1,
        "name": "for Sunday",
        "notes": 4,
        "unplayed": 4,
        "duration_ms": 11_000,
    }
    assert known("collection", "rename", "FOR sunday", "Kept").code == 0
    done = known("collection", "remove", "kept", "chat:Bob", "--dry-run")
    assert (done.code, len(done.lines)) == (0, 2)
    assert known("collection", "remove", "kept", "chat:Bob", "--json").json["done"] == 1
    assert known("collection", "remove", "kept", "chat:Bob").code == 1
    assert known("collection", "add", "kept", "chat:Ana").code == 1
    assert known("collection", "delete", "kept").code == 0
    assert known("undo", "3").code == 0
    assert len(ids(known, "collection:kept")) == 0
    assert len(ids(known, 'collection:"for sunday"')) == 4


def test_a_collection_keeps_its_order(known: Earmark, tmp_path: Path) -> None:
    """In lists, and in what is saved; another order only where it is asked for."""
    known("collection", "add", "x", "chat:Ana", "or", "chat:Bob")
    newest = ids(known, "chat:Ana or chat:Bob")
    order = ids(known, "collection:x")
    assert order == newest[::-1]
    assert known("collection", "move", "x", order[3], "1").code == 0
    assert known("collection", "move", "x", order[3], "1").code == 1
    moved = [order[3], *order[:3]]
    assert ids(known, "collection:x") == moved
    assert ids(known, "collection:X", "--sort", "newest") == newest
    assert ids(known, "collection:x", "--limit", "2") == moved[:2]
    assert sorted(ids(known, "collection:x", "-chat:none")) == sorted(moved)
    known("collection", "add", "copy", "collection:x")
    assert ids(known, "collection:copy") == moved
    with (
        Library.open(load_settings().library) as library,
        closing(library.reader()) as reader,
    ):
        ready, useless = _chosen(reader, Wanted("collection:x"))
        assert [note.key for note in reader.notes(ready)] == moved
        assert useless == []
    facts = known("show", order[0]).out
    assert "collection  x\n" in facts
    saved = known("export", "collection:x", "--to", tmp_path, "--dry-run", "--json")
    assert [each["note"] for each in saved.json] == moved


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["add", "x"], "collection add takes its name and a query"),
        (["add", "x", ""], "needs a query"),
        (["rename", "x"], "collection rename takes the old and the new name"),
        (["delete", "kepd"], "no collection is called kepd (there are kept)"),
        (["remove", "\u202e", "chat:Ana"], "no collection is called \\u202e"),
        (["move", "kept", "abcdef12", "0"], "0 is no place"),
        (["move", "kept", "abcdef12", "up"], "up is no place"),
        (["move", "kept", "abcdef12", "9" * 5_000], f"{'9' * 20} is no place"),
        (["create", "KEPT"], "there is a collection “kept” already"),
        (["create", " "], "a collection needs a name"),
        (["delete", "kept", "--dry-run"], "--dry-run is for collection add"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_told(known: Earmark, argv: list[str], said: str) -> None:
    """In one line with what may have been meant, and nothing is changed."""
    known("collection", "create", "kept")
    done = known("collection", *argv)
    assert done.code == 2
    assert said in done.err
    assert [each["name"] for each in known("collections", "--json").json] == ["kept"]
