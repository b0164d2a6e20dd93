"""`bookmark` and `bookmarks`: moments, marked, listed and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.cli._bookmarks import moment_ms
from tui.errors import UsageError
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0),
        ("83", 83_000),
        ("1:23", 83_000),
        ("1:02:03", 3_723_000),
        ("1:23.5", 83_500),
        ("1:23,05", 83_050),
        ("0.001", 1),
        ("1m23s", 83_000),
        ("2h", 7_200_000),
        ("5s", 5_000),
        ("1m0.25s", 60_250),
        ("90:00", None),
        ("1:60", None),
        ("1:2:3:4", None),
        ("", None),
        ("-1", None),
        ("1:23.4567", None),
        ("²", None),
        ("٣", None),
        ("x", None),
        ("999999999999", None),
        ("m", None),
    ],
)
def test_moments_are_read(text: str, ms: int | None) -> None:
    """As a clock, in seconds, or in units; anything else is told."""
    if ms is not None:
        assert moment_ms(text) == ms
        return
    with pytest.raises(UsageError, match="no moment of a note"):
        moment_ms(text)


@given(st.integers(0, 359_999))
def test_what_is_shown_can_be_typed(seconds: int) -> None:
    """Every time that a list writes is understood."""
    assert moment_ms(clock(seconds * 1000)) == seconds * 1000
    assert moment_ms(str(seconds)) == seconds * 1000


def test_bookmarks_are_made_listed_and_removed(known: Earmark) -> None:
    """Each moment is marked once; another text replaces the one that is there."""
    assert known("bookmarks").code == 1
    assert known("bookmarks", "--json").json == []
    keys = {n["chat"]: n["id"] for n in known("list", "len<3", "--json").json}
    ana, bob = keys["Ana"], keys["Bob"]
    assert known("bookmark", ana[:8], "0:01", "flour").code == 0
    assert known("bookmark", ana[:8], "0:01.5").code == 0
    assert known("bookmark", bob, "2", "the oven").code == 0
    assert known("bookmark", bob, "2", "the oven").code == 1
    assert known("bookmark", bob, "2", "the hot oven").code == 0
    (note,) = known("list", "has:bookmark", "chat:Ana", "--json").json
    assert note["bookmarks"] == [
        {"at_ms": 1000, "text": "flour"},
        {"at_ms": 1500, "text": ""},
    ]
    found = known("bookmarks", "--json").json
    assert len(found) == 3
    (one,) = known("bookmarks", "hot oven", "--json").json
    assert one == {
        "note": bob,
        "chat": "Bob",
        "sender": None,
        "sent_at": known("show", bob, "--json").json[0]["sent_at"],
        "at_ms": 2000,
        "text": "the hot oven",
    }
    lines = known("bookmarks", ana[:8]).lines
    assert [line.split()[0] for line in lines] == [ana[:8]] * 2
    assert lines[0].split()[-3:] == ["0:01", "Ana", "flour"]
    assert "bookmark    0:01 flour" in known("show", ana).out
    assert known("bookmark", ana, "1.5", "--remove").code == 0
    assert known("bookmark", ana, "0:01", "--remove", "--json").json["text"]
    done = known("bookmark", ana, "0:01", "--remove")
    assert (done.code, done.err) == (1, "earmark: it is not marked there\n")
    assert len(known("bookmarks").lines) == 1
    assert known("undo", "2").code == 0
    assert len(known("bookmarks").lines) == 3


def test_a_second_with_two_bookmarks(known: Earmark) -> None:
    """Which of them is meant must be said; one that is exactly there is."""
    (note,) = known("list", "chat:Bob", "--json").json
    for at in ("1.2", "1.7"):
        known("bookmark", note["id"], at)
    done = known("bookmark", note["id"], "0:01", "--remove")
    assert (done.code, done.out) == (2, "")
    assert "2 bookmarks are in that second: 0:01.200, 0:01.700" in done.err
    known("bookmark", note["id"], "1.0")
    assert known("bookmark", note["id"], "0:01", "--remove").code == 0
    assert known("bookmark", note["id"], "0:01.2", "--remove").code == 0
    assert known("bookmark", note["id"], "0:01", "--remove").code == 0
    assert known("bookmarks").code == 1


def test_what_is_wrong_is_told(known: Earmark) -> None:
    """With exit code 2, or 1 for no such note; nothing is marked."""
    (note,) = known("list", "chat:Bob", "--json").json
    key = note["id"]
    for argv, code, said in (
        ([key, "x"], 2, "x is no moment of a note"),
        ([key, "0:03"], 2, "the note is 0:02 long, 0:03 is after"),
        ([key, "0:01", "x", "--remove"], 2, "either a TEXT or --remove"),
        (["zz", "0:01"], 1, "nothing found"),
    ):
        done = known("bookmark", *argv)
        assert (done.code, done.out) == (code, "")
        assert said in done.err
    found = known("bookmark", "zz", "1", "--json")
    assert (found.code, found.json["text"]) == (1, None)
    assert known("bookmarks", "nonsense:x").code == 2
    assert known("undo", "--list").code == 1
