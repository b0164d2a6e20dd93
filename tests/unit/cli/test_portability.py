"""`backup` and `restore` on real folders, as two machines would use them."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


@pytest.fixture
def marked(known: Earmark) -> Earmark:
    """The library of `known`, with marks of several kinds."""
    for words in (
        ("tag", "work/clients", "chat:Ana"),
        ("star", "chat:Bob"),
        ("rename", "chat", "Anton", "Tony"),
    ):
        assert known(*words).code == 0
    return known


def test_a_backup_is_taken_up_by_another_machine(
    marked: Earmark, tmp_path: Path
) -> None:
    """Where the same files lie elsewhere, under other names."""
    file = tmp_path / "marks.json"
    done = marked("backup", file)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{file}: 4 recordings, 1 chat or sender\n"
    there = tmp_path / "there" / "Voice"
    shutil.copytree(tmp_path / "Voice", there)
    (there / "Bob" / "0.opus").rename(there / "Bob" / "renamed.opus")
    other = ("--library", tmp_path / "other.db")
    assert marked("scan", there, *other).code == 0
    dry = marked("restore", file, "--dry-run", *other)
    assert dry.lines == [f"{file}: 5 values of 4 recordings would be taken over"]
    assert marked("list", "tag:work", "--json", *other).json == []
    done = marked("restore", file, *other)
    assert done.lines == [f"{file}: 5 values of 4 recordings taken over"]
    assert len(marked("list", "tag:work", "--json", *other).json) == 3
    (bob,) = marked("list", "is:starred", "--json", *other).json
    assert bob["files"][0]["path"] == "Bob/renamed.opus"
    titles = {chat["title"] for chat in marked("chats", "--json", *other).json}
    assert titles == {"Ana", "Tony", "Bob"}
    again = marked("restore", file, *other)
    assert again.lines == [
        f"{file}: 0 values of 0 recordings taken over",
        "  5 are the same as here",
    ]


def test_what_is_not_here_yet_is_told(marked: Earmark, tmp_path: Path) -> None:
    """The recordings may come later; what is here and later stays."""
    file = tmp_path / "marks.json.gz"
    marked("backup", file)
    assert gzip.decompress(file.read_bytes()).startswith(b'{"format": "earmark-backup"')
    done = marked("restore", file, "--library", tmp_path / "other.db")
    assert "  4 recordings not here yet: kept for later" in done.lines
    marked("untag", "work/clients", "chat:Ana")
    done = marked("restore", file)
    assert "  3 are older than what is here" in done.lines
    assert marked("list", "tag:work", "--json").json == []


def test_programs_get_numbers(marked: Earmark, tmp_path: Path) -> None:
    """One object each."""
    file = tmp_path / "marks.json"
    assert marked("backup", file, "--json").json == {
        "file": str(file),
        "recordings": 4,
        "searches": 0,
        "names": 1,
        "rules": 0,
        "left_out": 0,
    }
    assert marked("restore", file, "--json", "--dry-run").json == {
        "file": str(file),
        "dry_run": True,
        "recordings": 4,
        "here": 4,
        "touched": 0,
        "taken": 0,
        "older": 0,
        "same": 5,
        "absent": 0,
    }


def test_a_backup_goes_through_a_pipe(
    marked: Earmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From standard output to standard input."""
    done = marked("backup", "-")
    assert json.loads(done.out)["format"] == "earmark-backup"
    raw = io.BufferedReader(io.BytesIO(done.out.encode()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
    done = marked("restore", "-", "--library", tmp_path / "other.db")
    assert done.lines[0] == "standard input: 5 values of 4 recordings taken over"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))  # no such buffer
    done = marked("restore", "-")
    assert (done.code, done.err) == (3, "earmark: standard input: can't be read\n")


def test_where_a_backup_may_not_go_is_told(marked: Earmark, tmp_path: Path) -> None:
    """Exit code 3, the file and the reason."""
    inside = tmp_path / "Voice" / "marks.json"
    done = marked("backup", inside)
    assert done.code == 3
    assert f"{inside}: lies in the source {tmp_path}/Voice, which is only" in done.err
    assert not inside.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "no such file or directory"),
        ("", "is cut off"),
        ("{}", "is no backup of Earmark"),
        ("\x1b[31m", "is no JSON: expected {"),
    ],
    ids=["none", "empty", "other", "hostile"],
)
def test_what_can_not_be_restored_is_told(
    marked: Earmark, tmp_path: Path, text: str | None, reason: str
) -> None:
    """As above; a folder is none either."""
    file = tmp_path / "bad\x1b[31m.json"
    if text is not None:
        file.write_text(text)
    done = marked("restore", file)
    assert done.code == 3
    assert reason in done.err
    assert "\x1b" not in done.err
    assert marked("restore", tmp_path).err.endswith(": is a folder\n")


def test_notes_that_can_not_be_read_are_left_out(
    marked: Earmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is said how many."""
    monkeypatch.setattr("tui.library._portable.pay_owed", lambda _store: 2)
    done = marked("backup", tmp_path / "marks.json")
    assert done.code == 0
    assert "2 notes with a mark have no recording here that can be read" in done.err
