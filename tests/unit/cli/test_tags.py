"""`tags`: listed, renamed, merged, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def counts(earmark: Earmark) -> dict[str, int]:
    """The tags, and how many notes have them."""
    return {each["name"]: each["notes"] for each in earmark("tags", "--json").json}


def test_tags_are_listed(known: Earmark) -> None:
    """By name, with counts; a tag above others counts theirs."""
    done = known("tags")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("earmark: there are no tags: earmark tag TAG")
    assert known("tags", "--json").json == []
    known("tag", "work/clients", "chat:Ana")
    known("tag", "work/own", "chat:Bob or chat:Ana")
    known("tag", "later", "chat:Bob")
    known("mark", "played", "chat:Bob")
    assert known("tags", "--json").json == [
        {"name": "later", "notes": 1, "unplayed": 0, "duration_ms": 2000},
        {"name": "work", "notes": 4, "unplayed": 3, "duration_ms": 11_000},
        {"name": "work/clients", "notes": 3, "unplayed": 3, "duration_ms": 9000},
        {"name": "work/own", "notes": 4, "unplayed": 3, "duration_ms": 11_000},
    ]
    assert known("tags").lines == [
        "#later          1 note  0 unplayed  0:02",
        "#work          4 notes  3 unplayed  0:11",
        "#work/clients  3 notes  3 unplayed  0:09",
        "#work/own      4 notes  3 unplayed  0:11",
    ]


def test_tags_are_renamed_merged_and_deleted(known: Earmark) -> None:
    """With those below them, and all of it can be undone."""
    known("tag", "work/clients", "chat:Ana")
    known("tag", "Later", "chat:Bob")
    before = counts(known)
    done = known("tags", "rename", "#WORK", "job")
    assert done.code == 0
    assert counts(known) == {"job": 3, "job/clients": 3, "Later": 1}
    assert known("tags", "rename", "job/clients", "later").code == 0
    assert len(known("list", "tag:later").lines) == 4
    assert known("tags", "delete", "later", "--json").json["text"]
    assert known("list", "tag:later").code == 1
    assert known("undo", "3").code == 0
    assert counts(known) == before


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["rename", "work"], "tags rename takes the old and the new name"),
        (["rename", "a", "b", "c"], "tags rename takes the old and the new name"),
        (["delete"], "tags delete takes the name of a tag"),
        (["delete", "a", "b"], "tags delete takes the name of a tag"),
        (["delete", "wrok"], "no tag is called wrok (there are work"),
        (["rename", "x\x1b", "y"], "control character"),
        (["rename", "x\u202e", "y"], "no tag is called x\\u202e (there are"),
        (["rename", "work", "a//b"], ""),
        (["rename", "work", ""], ""),
    ],
    ids=repr,
)
def test_what_is_wrong_is_told(known: Earmark, argv: list[str], said: str) -> None:
    """In one line with what may have been meant, and nothing is changed."""
    known("tag", "work", "chat:Ana")
    done = known("tags", *argv)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert counts(known) == {"work": 3}
