"""Commands of several processes at once on one library, while somebody follows it."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.program import PATIENCE_S, clean, command, wait_until
from tests.support.terminal import base_environ
from tui.indexer import IndexerLock
from tui.library import Library
from tui.model import Group, GroupKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.unit.cli.conftest import Done
    from tui.model import LibraryDelta, NoteId

    Earmark = Callable[..., Done]


@pytest.fixture
def path(known: Earmark, isolated: Path) -> Path:
    """The library file of six notes."""
    assert known("list").code == 0
    return isolated / "data" / "earmark" / "library.db"


@pytest.fixture
def watched(path: Path) -> Iterator[None]:
    """The library is held as a browser's indexer holds it."""
    lock = IndexerLock(path)
    assert lock.acquire()
    yield
    lock.release()


def at_once(path: Path, *commands: Sequence[str]) -> list[str]:
    """Run commands at the same time; returns what each wrote. All must succeed."""
    processes = [
        subprocess.Popen(
            command(path, *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=base_environ(),
        )
        for words in commands
    ]
    told = []
    for words, process in zip(commands, processes, strict=True):
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, (words, err)
        assert clean(err) == ""
        told.append(clean(out))
    return told


@pytest.mark.usefixtures("watched")
def test_two_tags_at_once_are_both_seen(known: Earmark, path: Path) -> None:
    """Neither waits for long, both are kept, and a follower is told of every note."""
    deltas: list[LibraryDelta] = []
    with Library.open(path) as library, closing(library.reader()) as reader:
        before = reader.revision()
        library.follow(deltas.append, since=before)
        told = at_once(path, ("tag", "one", "chat:An"), ("tag", "two", "chat:Bob"))
        assert ["tagged #one" in told[0], "tagged #two" in told[1]] == [True, True]

        def tags() -> dict[NoteId, tuple[str, ...]]:
            """What each note that a follower was told of is tagged with."""
            ids = [change.id for delta in list(deltas) for change in delta.changes]
            return {row.id: row.tags for row in reader.rows(list(dict.fromkeys(ids)))}

        wait_until(lambda: len(tags()) == 6)
        assert sorted(tags().values()) == [("one",)] * 5 + [("two",)]
        revision, delta = reader.changes_since(before)
        assert revision > before
        assert {change.id for change in delta.changes} == set(tags())
    assert sorted(line.split()[0] for line in known("tags").lines) == ["#one", "#two"]


@pytest.mark.usefixtures("watched")
def test_marks_of_one_note_from_all_sides(known: Earmark, path: Path) -> None:
    """A tag, a star, a comment and a bookmark at once: none pushes another out."""
    (note,) = known("list", "chat:Bob", "--json").json
    key = note["id"]
    at_once(
        path,
        ("tag", "a", key),
        ("tag", "b", key),
        ("star", key),
        ("comment", key, "words"),
        ("bookmark", key, "1", "here"),
        ("mark", "half", key),
    )
    (note,) = known("list", "chat:Bob", "--json").json
    assert sorted(note["tags"]) == ["a", "b"]
    assert (note["star"], note["comment"], note["played"]) == (True, "words", "half")
    assert note["bookmarks"] == [{"at_ms": 1000, "text": "here"}]
    assert len(known("undo", "--list").lines) == 6
    assert known("undo", "6").code == 0
    assert known("list", "chat:Bob", "is:unplayed", "-is:starred").code == 0
    assert known("tags").code == 1


@pytest.mark.usefixtures("watched")
def test_what_is_written_now_is_found_at_once(known: Earmark, path: Path) -> None:
    """By the next command, though its process did not write it."""
    with Library.open(path) as library, library.edits() as edits:
        with closing(library.reader()) as reader:
            ids = reader.keys(Group(GroupKind.RECENT)).ids
        for number, note_id in enumerate(ids):
            edits.set_comment([note_id], f"word{number}")
    for number in range(6):
        assert len(known("list", f"word{number}").lines) == 1


@pytest.mark.parametrize("is_watched", [False, True])
def test_words_that_wait_to_be_indexed_are_found(
    known: Earmark, path: Path, *, is_watched: bool
) -> None:
    """Whoever is late with the index, an answer is complete."""
    known("comment", "chat:Bob", "the oven")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM words")
        connection.execute("INSERT OR IGNORE INTO word_due SELECT id FROM note")
    lock = IndexerLock(path)
    assert not is_watched or lock.acquire()
    try:
        assert len(known("list", "oven").lines) == 1
    finally:
        lock.release()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM word_due").fetchone() == (0,)
