"""`star`, `tag`, `mark`, `comment`, `title` on a real folder, right and wrong."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import RAW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]

HOSTILE = "[red]x[/] \x1b[31m \u202eevil\u202c \U0001f469\u200d\U0001f4bb " + "ä" * 300


def noted(earmark: Earmark, *query: str) -> list[dict[str, Any]]:
    """The notes that a query finds."""
    notes: list[dict[str, Any]] = earmark("list", *query, "--json").json
    return notes


def given(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Put something on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_stars(known: Earmark) -> None:
    """They are given by a query or an id, and taken away in two ways."""
    done = known("star", "chat:Ana")
    assert done.code == 0
    assert "3 notes" in done.out
    assert {note["chat"] for note in noted(known, "is:starred")} == {"Ana"}
    again = known("star", "chat:Ana")
    assert (again.code, again.out) == (1, "")
    assert again.err == "earmark: they have a star already\n"
    assert known("unstar", "chat:Ana", "len>3").code == 0
    assert known("star", "--off", "chat:Ana", "len>2").code == 0
    assert len(noted(known, "is:starred")) == 1
    assert known("unstar", "chat:Bob").code == 1
    key = noted(known, "chat:Bob")[0]["id"]
    assert known("star", key[:8]).code == 0
    assert [note["star"] for note in noted(known, "chat:Bob")] == [True]
    assert "★" in known("list", "chat:Bob").out or "*" in known("list", "chat:Bob").out
    assert "marks       starred" in known("show", key).out


def test_tags(known: Earmark) -> None:
    """Several at once, hierarchical, whatever their case, and taken away again."""
    assert known("tag", "work/clients, #Later", "chat:Ana or chat:Bob").code == 0
    assert len(noted(known, "tag:work")) == 4
    for note in noted(known, "tag:work"):
        assert sorted(note["tags"], key=str.casefold) == ["Later", "work/clients"]
    assert known("tag", "LATER", "chat:Ana").code == 1
    assert known("untag", "later", "chat:Ana").code == 0
    assert {note["chat"] for note in noted(known, "tag:later")} == {"Bob"}
    done = known("untag", "later", "chat:Anton")
    assert (done.code, done.out) == (1, "")
    assert done.err == "earmark: none of them is tagged #later\n"
    assert "#work/clients" in known("list", "chat:Ana").out


def test_played(known: Earmark) -> None:
    """What was heard elsewhere is marked; unplayed also goes back to the start."""
    assert known("mark", "half", "chat:Ana").code == 0
    assert {note["played"] for note in noted(known, "chat:Ana")} == {"half"}
    assert known("mark", "played", "is:half", "or", "chat:Bob").code == 0
    assert len(noted(known, "is:played")) == 4
    assert known("mark", "played", "chat:Bob").code == 1
    assert known("mark", "unplayed", "--all").code == 0
    assert len(noted(known, "is:unplayed")) == 6
    done = known("mark", "unplayed", "--all", "--dry-run")
    assert (done.code, done.err) == (1, "earmark: they are unplayed already\n")


def test_comments(known: Earmark, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written, read from standard input, appended to, and taken away."""
    key = noted(known, "chat:Bob")[0]["id"]
    assert known("comment", key, "for Sunday").code == 0
    assert noted(known, "sunday")[0]["id"] == key
    assert known("comment", key, "for Sunday").code == 1
    given(monkeypatch, "zwölf\nEier \udcff\n\n".encode(errors="surrogateescape"))
    assert known("comment", "sunday", "-").code == 0
    (note,) = noted(known, "zwolf")
    assert note["comment"] == "zwölf\nEier \\xff"
    assert known("comment", key, "und Mehl", "--append").code == 0
    assert noted(known, "mehl")[0]["comment"] == "zwölf\nEier \\xff\nund Mehl"
    assert "zwölf\\nEier" in known("show", key).out
    assert known("comment", key, "").code == 0
    assert noted(known, "has:comment") == []
    assert known("comment", key, "").code == 1


def test_a_comment_is_appended_to_many(known: Earmark) -> None:
    """Each keeps its own; how many changes that were is told."""
    known("comment", "chat:Ana len<3", "one")
    done = known("comment", "chat:Ana", "two", "--append")
    assert done.code == 0
    assert "3 notes have more of a comment now (undo 2 takes that back)" in done.out
    assert sorted(note["comment"] for note in noted(known, "two")) == [
        "one\ntwo",
        "two",
        "two",
    ]
    assert known("undo", "2").code == 0
    assert [note["comment"] for note in noted(known, "has:comment")] == ["one"]
    assert known("comment", "chat:Ana", "", "--append").code == 2


def test_too_many_comments_to_append_to(
    known: Earmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be undone is not pushed out by one command."""
    monkeypatch.setattr("tui.cli._marks._MOST_COMMENTS", 1)
    known("comment", "chat:Bob", "one")
    done = known("comment", "--all", "", "two", "--append")
    assert (done.code, done.out) == (2, "")
    assert "they have 2 different comments; append to at most 1 at once" in done.err
    assert noted(known, "two") == []
    assert known("comment", "chat:Bob", "two", "--append").code == 0


@pytest.mark.parametrize("data", [b"", b"\n\r\n", b"x" * ((1 << 20) + 1)])
def test_standard_input_without_a_comment(
    known: Earmark, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """Whatever failed to write one takes none away."""
    known("comment", "chat:Bob", "stays")
    given(monkeypatch, data)
    done = known("comment", "chat:Bob", "-")
    assert (done.code, done.out) == (2, "")
    assert "standard input" in done.err
    assert noted(known, "chat:Bob")[0]["comment"] == "stays"


def test_titles(known: Earmark) -> None:
    """The user's own goes before the told one, and the told one comes back."""
    (before,) = noted(known, "chat:Bob")
    assert known("title", before["id"][:4], "The  recipe\n").code == 0
    (note,) = noted(known, "chat:Bob")
    assert (note["title"], note["own_title"]) == ("The recipe", "The recipe")
    assert noted(known, "recipe")[0]["id"] == before["id"]
    assert known("title", before["id"], "The recipe").code == 1
    assert known("title", before["id"], "").code == 0
    assert noted(known, "chat:Bob") == [before]


def test_a_query_is_no_note(known: Earmark) -> None:
    """Only one note has a title: an id is needed."""
    done = known("title", "chat:Bob", "x")
    assert (done.code, done.err) == (1, "earmark: nothing found\n")


@pytest.mark.parametrize(
    ("argv", "due"),
    [
        (["star", "chat:Ana"], 2),
        (["unstar", "chat:Ana"], 1),
        (["tag", "x", "chat:Ana"], 2),
        (["tag", "X,y", "chat:Ana"], 3),
        (["untag", "#x", "chat:Ana"], 1),
        (["mark", "played", "--all"], 5),
        (["mark", "unplayed", "--all"], 1),
        (["comment", "chat:Ana", "x"], 2),
        (["comment", "chat:Ana", "x", "--append"], 3),
    ],
    ids=str,
)
def test_a_dry_run_changes_nothing(known: Earmark, argv: list[str], due: int) -> None:
    """It lists the very notes that would be changed."""
    for words in (["star"], ["tag", "x"], ["mark", "played"]):
        known(*words, "chat:Ana len<3")
    known("comment", "chat:Ana len<3", "x")
    before = noted(known)
    done = known(*argv, "--dry-run")
    assert done.code == 0
    note = "note" if due == 1 else "notes"
    assert done.lines[-1] == f"{due} {note} would be changed"
    assert len(done.lines) == due + 1
    found = known(*argv, "--dry-run", "--json").json
    assert (found["text"], found["done"], found["skipped"]) == (None, 0, 0)
    assert [line.split()[0] for line in done.lines[:-1]] == [
        key[:8] for key in found["notes"]
    ]
    assert noted(known) == before
    assert len(known("undo", "--list").lines) == 4
    assert known(*argv).code == 0
    changed = [a["id"] for a, b in zip(before, noted(known), strict=True) if a != b]
    assert changed == found["notes"]


def test_a_dry_run_that_finds_nothing_to_do(known: Earmark) -> None:
    """Says why, as the real one does."""
    done = known("untag", "x", "chat:Ana", "--dry-run")
    assert (done.code, done.out) == (1, "")
    assert done.err == "earmark: none of them is tagged #x\n"
    assert known("untag", "x", "--all", "--dry-run", "--json").json["notes"] == []


def test_programs_get_an_object(known: Earmark) -> None:
    """Of every edit, also of one that changed nothing or found nothing."""
    done = known("tag", "x", "chat:Ana", "--json").json
    assert set(done) == {"text", "done", "skipped"}
    assert (done["done"], done["skipped"]) == (3, 0)
    assert "3 notes" in done["text"]
    for argv in (
        ["tag", "x", "chat:Ana"],
        ["star", "qqq"],
        ["title", "zz", "x"],
        ["comment", "qqq", "x", "--append"],
    ):
        again = known(*argv, "--json")
        assert (again.code, again.json["text"]) == (1, None)


def test_all_notes_are_taken_when_that_is_said(known: Earmark) -> None:
    """An empty query is refused: it may be a variable that was not set."""
    for argv in (
        ["star"],
        ["unstar", ""],
        ["tag", "x"],
        ["untag", "x", " "],
        ["mark", "played"],
        ["comment", "", "x"],
    ):
        done = known(*argv)
        assert (done.code, done.out) == (2, ""), argv
        assert f"{argv[0]} needs a query that finds the notes; --all" in done.err
    done = known("star", "--all", "chat:Ana")
    assert (done.code, done.out) == (2, "")
    assert "either a query or --all" in done.err
    assert known("undo", "--list").code == 1
    assert known("comment", "", "x", "--all").code == 0
    assert len(noted(known, "has:comment")) == 6


@pytest.mark.parametrize(
    "argv",
    [
        ["star", "nonsense:x"],
        ["star", '"no end'],
        ["tag", ",", "chat:Ana"],
        ["tag", "#", "chat:Ana"],
        ["tag", "a//b", "chat:Ana"],
        ["tag", "x\x1b", "chat:Ana"],
        ["tag", "x" * 300, "chat:Ana"],
    ],
    ids=repr,
)
def test_what_is_wrong_is_told(known: Earmark, argv: list[str]) -> None:
    """With exit code 2, and nothing is changed."""
    done = known(*argv)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("earmark: ")
    assert known("undo", "--list").code == 1


def test_nothing_found_is_told(known: Earmark) -> None:
    """No such note is 1, whatever was to be done to it."""
    for argv in (
        ["star", "qqq"],
        ["tag", "x", "ffffffffffff"],
        ["comment", "qqq", "x"],
        ["comment", "qqq", "x", "--append"],
        ["title", "zz", "x"],
        ["mark", "played", "qqq", "--json"],
    ):
        done = known(*argv)
        assert (done.code, done.err) == (1, "earmark: nothing found\n"), argv


def test_a_word_of_hex_digits_is_a_word(known: Earmark) -> None:
    """Unless it is as long as an id that somebody copied."""
    known("comment", "chat:Bob", "my dad in a cafe in 2024")
    for word in ("dad", "cafe", "2024"):
        assert [note["chat"] for note in noted(known, word)] == ["Bob"]
    key = noted(known, "chat:Ana")[0]["id"]
    assert [note["id"] for note in noted(known, key[:6])] == [key]
    assert noted(known, f'"{key[:6]}"') == []


def test_hostile_text_is_kept_and_shown_harmlessly(known: Earmark) -> None:
    """Markup, escapes, marks of direction, long and joined characters."""
    (note,) = noted(known, "chat:Bob")
    assert known("comment", note["id"], HOSTILE).code == 0
    assert known("title", note["id"], HOSTILE).code in {0, 2}
    assert known("bookmark", note["id"], "1", HOSTILE).code == 0
    (note,) = noted(known, "evil")
    assert note["comment"] == HOSTILE
    for argv in (["show", note["id"]], ["list"], ["bookmarks"], ["undo", "--list"]):
        assert RAW.search(known(*argv).out) is None, argv
    assert RAW.search(known("undo", "3").out) is None


def test_bytes_that_are_no_text(known: Earmark) -> None:
    """As a terminal of another encoding sends them: kept, and shown escaped."""
    text = b"caf\xe9".decode(errors="surrogateescape")
    assert known("comment", "chat:Bob", text).code == 0
    assert noted(known, "has:comment")[0]["comment"] == "caf\\xe9"
    assert known("undo").code == 0


def test_notes_without_a_recording_are_skipped(
    earmark: Earmark, tmp_path: Path
) -> None:
    """They are counted and told; alone they are a failure of the file."""
    earmark("demo", "--path", tmp_path / "Phone")
    assert earmark("scan", tmp_path / "Phone").code == 0
    notes = noted(earmark)
    without = [note for note in notes if not note["files"]]
    assert without
    count = len(without)
    told = f"earmark: {count} notes have no recording here that can be read\n"
    done = earmark("star", "--all", "--dry-run", "--json")
    assert (done.code, done.err, done.json["skipped"]) == (0, told, count)
    assert len(done.json["notes"]) == len(notes) - count
    done = earmark("star", "--all", "--json")
    assert (done.code, done.err, done.json["skipped"]) == (0, told, count)
    assert done.json["done"] == len(notes) - count
    for argv in (["tag", "x", "is:missing"], ["tag", "x", "is:missing", "--dry-run"]):
        done = earmark(*argv)
        assert (done.code, done.out, done.err) == (3, "", told)
    key = without[0]["id"]
    done = earmark("comment", key, "x", "--append", "--json")
    assert (done.code, done.json["skipped"]) == (3, 1)
    assert "1 note has no recording here" in done.err


def test_what_can_not_be_written_is_told(
    known: Earmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that can only be read answers with 3, and still lists."""
    monkeypatch.setattr("tui.library._library._is_writable", lambda _path: False)
    for argv in (
        ["star", "chat:Ana"],
        ["tag", "x", "chat:Ana"],
        ["comment", "chat:Ana", "x"],
        ["comment", "chat:Ana", "x", "--append"],
        ["mark", "played", "chat:Ana"],
        ["searches", "save", "x", "y"],
        ["tags", "delete", "x"],
        ["undo"],
    ):
        done = known(*argv)
        assert (done.code, done.out) == (3, ""), argv
        assert "can't be written" in done.err
    assert len(known("list").lines) == 6
    assert known("star", "chat:Ana", "--dry-run").code == 0


def test_a_mistyped_library_is_not_begun(known: Earmark, tmp_path: Path) -> None:
    """An edit needs notes that are there."""
    for argv in (["star", "x"], ["undo"], ["tags"], ["stats"], ["searches"]):
        done = known(*argv, "--library", tmp_path / "none" / "l.db")
        assert done.code == 3, argv
        assert "no such folder" in done.err
    assert not (tmp_path / "none").exists()
