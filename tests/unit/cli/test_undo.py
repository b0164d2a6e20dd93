"""`undo`: of all that was changed, one by one or several, and as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_changes_of_all_kinds_are_one_list(known: Earmark) -> None:
    """The newest first, numbered as `undo N` counts them."""
    assert known("undo", "--list", "--json").json == []
    before = known("list", "--json").json
    known("star", "chat:Ana")
    known("rename", "chat", "Bob", "Robert")
    known("tag", "x", "chat:Robert")
    known("searches", "save", "s", "x")
    lines = known("undo", "--list").lines
    assert [line.split("  ")[0] for line in lines] == ["1", "2", "3", "4"]
    assert lines[2].endswith("“Bob” is called “Robert” now")
    assert known("undo", "--list", "2").lines == lines[:2]
    told = known("undo", "--list", "--json").json
    assert [set(each) for each in told] == [{"at", "text"}] * 4
    assert all(each["at"].endswith("Z") for each in told)
    done = known("undo", "3")
    assert (done.code, len(done.lines)) == (0, 3)
    assert done.lines[2] == "undone: “Bob” is called “Robert” now"
    assert len(known("undo", "--list").lines) == 1
    done = known("undo", "5")
    assert (done.code, len(done.lines)) == (0, 1)
    assert known("list", "--json").json == before


def test_nothing_to_undo_is_told(known: Earmark) -> None:
    """With exit code 1, also for programs."""
    for argv in (["undo"], ["undo", "7"], ["undo", "--list"]):
        done = known(*argv)
        assert (done.code, done.out) == (1, "")
        assert done.err == "earmark: there is nothing to undo\n"
    assert known("undo", "--json").json == []


def test_programs_get_what_was_undone(known: Earmark) -> None:
    """An object for each change."""
    known("star", "chat:Ana")
    known("star", "chat:Bob")
    (last,) = known("undo", "--list", "1", "--json").json
    found = known("undo", "2", "--json").json
    assert len(found) == 2
    assert found[0] == {"text": f"undone: {last['text']}"}
