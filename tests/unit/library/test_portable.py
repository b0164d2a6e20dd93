"""Backups in JSON: written, read, refused, and joined with another library."""

from __future__ import annotations

import gzip
import json
import os
import stat
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.edited_library import CHATS, PEOPLE, EditedLibrary
from tests.support.library import add_files, memory_folder, new_library
from tests.support.portable import (
    ODD,
    content_of,
    fill,
    joined,
    packed,
    said_of,
    say,
    say_much,
    unpacked,
)
from tui.errors import DataError, LibraryError
from tui.library import Library
from tui.library._change import change
from tui.library._people import ChatTold, PersonTold
from tui.library._portable_values import BOOKMARK, TAG
from tui.model import NoteId, NoteState, Played, SourceId, SourceKind
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def library_at(path: Path, root: bytes = b"/nowhere") -> tuple[Library, SourceId]:
    """A new library with a source."""
    library = new_library(path)
    with closing(library.index_writer()) as writer:
        return library, writer.add_source(root, SourceKind.FOLDER, "n", 80, [])


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Library, Library]]:
    """Two libraries with the notes of four recordings."""
    with (
        library_at(tmp_path / "a" / "l.db")[0] as first,
        library_at(tmp_path / "b" / "l.db")[0] as second,
    ):
        for library in (first, second):
            fill(library, SourceId(1), range(4))
        yield first, second


def test_what_was_said_comes_back(two: tuple[Library, Library]) -> None:
    """Of every kind, also of recordings that are not here, and whatever the text."""
    first, second = two
    say_much(first)
    done = joined(second, packed(first))
    assert (done.taken, done.older, done.same) == (9, 0, 0)
    assert (done.recordings, done.here, done.touched) == (3, 2, 3)
    assert said_of(second) == said_of(first)
    assert said_of(second)[content_of(0)]["title"] == (7_000, ODD)
    assert unpacked(second) == unpacked(first)


def test_joining_twice_changes_nothing(two: tuple[Library, Library]) -> None:
    """The second time all is the same, and nobody is told of a change."""
    first, second = two
    say_much(first)
    text = packed(first)
    joined(second, text)
    with closing(second.reader()) as reader:
        revision = reader.revision()
        done = joined(second, text)
        assert (done.taken, done.older, done.same, done.touched) == (0, 0, 9, 0)
        assert reader.revision() == revision


def test_a_rehearsal_changes_nothing(two: tuple[Library, Library]) -> None:
    """But it counts what would be done."""
    first, second = two
    say_much(first)
    text = packed(first)
    before = packed(second)
    done = joined(second, text, dry=True)
    assert (done.taken, done.touched) == (9, 3)
    assert packed(second)[200:] == before[200:]
    assert joined(second, text).taken == done.taken


def test_the_later_value_counts(two: tuple[Library, Library]) -> None:
    """Each for itself; what was taken away later stays away."""
    first, second = two
    say(first, 0, "comment", 10, "old")
    say(first, 0, "star", 20, 1)
    say(first, 0, "tag:a", 10, 1, "a")
    say(first, 0, "bookmark:5", 30, 1, "b")
    say(second, 0, "comment", 20, "new")
    say(second, 0, "star", 10, 0)
    say(second, 0, "tag:a", 20, 0)
    say(second, 0, "bookmark:5", 20, 0)
    done = joined(second, packed(first))
    assert (done.taken, done.older) == (2, 2)
    assert said_of(second)[content_of(0)] == {
        "comment": (20, "new"),
        "star": (20, 1),
        "tag:a": (20, 0),
        "bookmark:5": (30, 1, "b"),
    }


def test_an_open_browser_sees_it(two: tuple[Library, Library]) -> None:
    """Notes of touched recordings are in its delta, and show the played state."""
    first, second = two
    say(first, 2, "played", 5_000, 2, 77)
    say(first, 3, "star", 5_000, 1)
    with closing(second.reader()) as reader:
        revision = reader.revision()
        joined(second, packed(first))
        _, delta = reader.changes_since(revision)
        notes = list(reader.all_notes(states=list(NoteState)))
        ids = {note.row.id: note.recording for note in notes}
        touched = {ids[change.id] for change in delta.changes}
        assert not delta.reset
        assert touched == {content_of(2).hex(), content_of(3).hex()}
        played = next(
            note.row for note in notes if note.recording == content_of(2).hex()
        )
    assert (played.played, played.position_ms) == (Played.PLAYED, 77)


def test_notes_that_come_later_take_it_up(tmp_path: Path) -> None:
    """A backup may be joined before anything was indexed."""
    with (
        library_at(tmp_path / "a" / "l.db")[0] as first,
        library_at(tmp_path / "b" / "l.db")[0] as second,
    ):
        fill(first, SourceId(1), [1])
        say(first, 1, "played", 5_000, 2, 9)
        done = joined(second, packed(first))
        assert (done.recordings, done.here) == (1, 0)
        fill(second, SourceId(1), [1])
        with closing(second.reader()) as reader:
            (note,) = reader.all_notes(states=list(NoteState))
        assert (note.row.played, note.row.position_ms) == (Played.PLAYED, 9)


TIMES = st.integers(1, 4)
NAMES = st.sampled_from(["Work", "work", "wörk", "a/b", "\udcff"])
TEXTS = st.sampled_from(["", "x", "y\n", "\ud800z"])


def tag_key(name: str) -> str:
    """What a tag is known by."""
    return TAG + fold(name)


VALUES = st.one_of(
    st.tuples(st.just("played"), TIMES, st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("star"), TIMES, st.integers(0, 1)),
    st.tuples(st.sampled_from(["title", "comment"]), TIMES, TEXTS),
    st.builds(lambda n, t: (tag_key(n), t, 1, n), NAMES, TIMES),
    st.builds(lambda n, t: (tag_key(n), t, 0), NAMES, TIMES),
    st.builds(lambda a, t, x: (f"{BOOKMARK}{a}", t, 1, x), TIMES, TIMES, TEXTS),
    st.builds(lambda a, t: (f"{BOOKMARK}{a}", t, 0), TIMES, TIMES),
)
EDITS = st.lists(st.tuples(st.integers(0, 2), VALUES), max_size=6)


def wipe(*libraries: Library) -> None:
    """Forget what was said; opening new libraries for each example takes longer."""
    for library in libraries:
        with closing(library._store()) as store, change(store) as current:
            current.touch_all(row[0] for row in store.all("SELECT id FROM note"))
            for table in ("mark", "tagged", "bookmark", "removed", "tag"):
                store.run(f"DELETE FROM {table}")
            store.run("UPDATE note SET played = 0, position_ms = 0")


@pytest.fixture(scope="module")
def three() -> Iterator[Sequence[Library]]:
    """Three libraries with the notes of the same recordings."""
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        yield from _three(Path(folder))


def _three(folder: Path) -> Iterator[Sequence[Library]]:
    libraries = []
    for name in "abc":
        library, source_id = library_at(folder / name / "l.db")
        fill(library, source_id, range(3))
        library.back_up = lambda **_: None  # type: ignore[method-assign] # needs time
        libraries.append(library)
    yield libraries
    for library in libraries:
        library.close()


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(edits=st.tuples(EDITS, EDITS, EDITS))
def test_the_order_of_joining_makes_no_difference(
    three: Sequence[Library],
    edits: tuple[Sequence[tuple[int, tuple[Any, ...]]], ...],
) -> None:
    """Joining is commutative, associative and idempotent; notes show the result."""
    wipe(*three)
    for library, some in zip(three, edits, strict=True):
        for number, value in some:
            say(library, number, *value)
    a, b, c = (packed(library) for library in three)
    first, second, third = three
    joined(first, b)
    joined(second, a)
    assert said_of(first) == said_of(second)
    joined(first, c)  # (a + b) + c
    joined(third, b)
    joined(third, a)  # (c + b) + a
    joined(second, packed(third))  # (b + a) + (c + b + a)
    assert said_of(first) == said_of(second) == said_of(third)
    assert joined(first, packed(third)).taken == 0
    shown = []
    for library in three:
        with closing(library.reader()) as reader:
            shown.append(
                {
                    n.recording: (n.row.played, n.row.position_ms)
                    for n in reader.all_notes(states=list(NoteState))
                }
            )
            assert reader.totals().unplayed == sum(
                row[0] is not Played.PLAYED for row in shown[-1].values()
            )
    assert shown[0] == shown[1] == shown[2]


def edited(tmp_path: Path, name: str) -> tuple[Library, EditedLibrary]:
    """A library of two folders and a document with two chats and two senders."""
    library = new_library(tmp_path / name / "l.db")
    with closing(library.index_writer()) as writer:
        state = EditedLibrary(library, writer)
        state.index()
        people = [PersonTold(each, each, 3) for each in PEOPLE[:2]]
        chats = [ChatTold(0, each, "direct", each, 5, 1.0) for each in CHATS]
        state.read(chats, people)
    return library, state


def test_names_joins_rules_and_choices_come_back(tmp_path: Path) -> None:
    """All that was said of chats and senders shows on another machine at once."""
    first, one = edited(tmp_path, "a")
    second, other = edited(tmp_path, "b")
    with first, second:
        ids, senders, notes = one.ids("chat"), one.ids("sender"), one.note_ids()
        with first.edits() as edits:
            edits.rename_chat(ids["wa:1"], "Mum")
            edits.rename_chat(ids["x"], "Folder")
            edits.rename_sender(senders["tel:1"], "Ana")
            edits.merge_senders([senders["tel:2"]], senders["tel:1"])
            edits.assign([notes[b"x/1"]], chat="New")
            edits.assign([notes[b"x/3"]], sender=senders["tel:1"])
            edits.add_rule("zebra5", chat=ids["wa:2"])
        with closing(first.index_writer()) as one.writer:
            one.ask_rules()
        done = joined(second, packed(first))
        assert done.older == done.same == done.absent == 0
        with closing(second.index_writer()) as other.writer:
            other.ask_rules()
        assert other.shown() == one.shown()
        assert other.counted() == other.true_counts()
        assert unpacked(second) == unpacked(first)
        assert joined(second, packed(first)).taken == 0


def test_a_later_name_counts_whichever_way_it_travels(tmp_path: Path) -> None:
    """The history of edits knows when; an undo is followed, too."""
    now = [1_000.0]
    libraries = [edited(tmp_path, name) for name in "abc"]
    for library, _ in libraries:
        library._clock = lambda: now[0]
    names = ("first", "second", "third")
    for (library, state), name in zip(libraries, names, strict=True):
        now[0] += 10
        with library.edits() as edits:
            edits.rename_chat(state.ids("chat")["wa:1"], name)
            edits.merge_chats([state.ids("chat")["x"]], state.ids("chat")["wa:2"])
    a, b, c = (library for library, _ in libraries)
    joined(b, packed(a))
    joined(a, packed(c))
    joined(c, packed(b))
    joined(b, packed(a))
    joined(a, packed(b))
    told = [unpacked(library) for library, _ in libraries]
    assert told[0] == told[1] == told[2]
    for library, state in libraries:
        assert {row.title for row in state.shown().values()} >= {"third"}
        library.close()


def test_chats_joined_either_way_make_no_ring(tmp_path: Path) -> None:
    """The older join goes."""
    now = [1_000.0]
    (a, one), (b, other) = edited(tmp_path, "a"), edited(tmp_path, "b")
    for library, state, pair in ((a, one, CHATS), (b, other, CHATS[::-1])):
        library._clock = lambda: now[0]
        ids = state.ids("chat")
        with library.edits() as edits:
            edits.merge_chats([ids[pair[0]]], ids[pair[1]])
        now[0] += 10
    joined(a, packed(b))
    joined(b, packed(a))
    for library, state in ((a, one), (b, other)):
        chats = {row.chat for name, row in state.shown().items() if name < b"x/3"}
        assert chats == {"wa:1"}
        assert state.counted() == state.true_counts()
        library.close()


def test_folders_elsewhere_are_known_by_their_name(tmp_path: Path) -> None:
    """And what belongs to a source that is not here waits for it."""
    with (
        library_at(tmp_path / "a" / "l.db", b"/home/a/Notes")[0] as first,
        library_at(tmp_path / "b" / "l.db", b"/srv/Notes")[0] as second,
        Library.open(tmp_path / "c" / "l.db") as third,
    ):
        for library in (first, second):
            fill(library, SourceId(1), [1])
        with closing(first.index_writer()) as writer:
            writer.add_source(b"/home/a/Other", SourceKind.FOLDER, "o", 80, [])
        with first.directory() as directory, first.edits() as edits:
            edits.rename_chat(directory.chats()[0].id, "Mum")
        text = packed(first)
        joined(second, text)
        joined(third, text)
        with closing(second.reader()) as reader:
            assert [chat.title for chat in reader.chats()] == ["Mum"]
        with closing(third.index_writer()) as writer:
            source_id = writer.add_source(
                b"/home/a/Notes", SourceKind.FOLDER, "n", 80, []
            )
        fill(third, source_id, [1])
        with closing(third.reader()) as reader:
            assert [chat.title for chat in reader.chats()] == ["Mum"]
            assert len(reader.sources()) == 1


def test_the_order_of_dates_of_a_document_comes_back(tmp_path: Path) -> None:
    """Of the same document, or of the only one like it; else it is counted."""
    first, _ = edited(tmp_path, "a")
    second, _ = edited(tmp_path, "b")
    with first, second, library_at(tmp_path / "c" / "l.db")[0] as third:
        with first.edits() as edits:
            edits.set_day_order(1, "mdy")
        text = packed(first)
        assert joined(second, text).taken == 1
        assert unpacked(second)["day_orders"] == unpacked(first)["day_orders"]
        assert joined(third, text).absent == 1


def test_saved_searches_come_back(two: tuple[Library, Library]) -> None:
    """The later query of a name counts."""
    first, second = two
    for library, rows in (
        (first, [("a", "x", 20), ("b", "y", 10)]),
        (second, [("a", "z", 10), ("b", "w", 20), ("c", "v", 1)]),
    ):
        with closing(library._store()) as store:
            store.run_many(
                "INSERT INTO saved_search(name, query, set_ms) VALUES (?, ?, ?)", rows
            )
    done = joined(second, packed(first))
    assert (done.taken, done.older) == (1, 1)
    found = {each["name"]: each["query"] for each in unpacked(second)["saved_searches"]}
    assert found == {"a": "x", "b": "w", "c": "v"}


def test_another_layout_of_the_same_is_understood(
    two: tuple[Library, Library],
) -> None:
    """Programs may sort the keys, break the lines and write every character."""
    first, second = two
    say_much(first)
    told = json.loads(packed(first))
    text = json.dumps(told, indent=3, sort_keys=True)
    data = gzip.compress(b"\xef\xbb\xbf" + text.encode())
    assert joined(second, data).taken == 9
    assert said_of(second) == said_of(first)


def test_a_file_is_written_whole_and_for_the_user_alone(
    two: tuple[Library, Library], tmp_path: Path
) -> None:
    """Packed by its name; one that is there is replaced; a link stays."""
    first, second = two
    say_much(first)
    plain, small, link = tmp_path / "b.json", tmp_path / "b.json.gz", tmp_path / "l"
    link.symlink_to(plain)
    for path in (plain, small, plain, small, link):
        saved = first.save_user_data(path, print)
        assert saved[:4] == (3, 0, 0, 0)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert link.is_symlink()
    assert {each.name for each in tmp_path.iterdir() if each.is_file()} == {
        *("b.json", "b.json.gz", "l")
    }
    data = small.read_bytes()
    assert gzip.decompress(data)[200:] == plain.read_bytes()[200:]
    assert joined(second, data).taken == 9


def test_a_backup_goes_nowhere_where_it_may_not(
    tmp_path: Path, two: tuple[Library, Library]
) -> None:
    """Not into a source, not over what is none, not onto a folder."""
    library = two[0]
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (tmp_path / "way").symlink_to(source / "deep")
    with closing(library.index_writer()) as writer:
        writer.add_source(bytes(source), SourceKind.FOLDER, "s", 80, [])
    thesis = tmp_path / "thesis"
    thesis.write_text("years of work")
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (source / "b.json", "which is only read"),
        (tmp_path / "way" / "b.json", "which is only read"),
        (thesis, "is no backup, so it is left alone"),
        (library.path, "is no backup, so it is left alone"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "is no regular file"),
        (tmp_path / "no" / "b.json", "no such file"),
        (thesis / "b.json", "not a directory"),
    ):
        with pytest.raises(DataError, match=reason):
            library.save_user_data(path, print)
    assert thesis.read_text() == "years of work"
    assert list(source.rglob("*.json")) == []


def test_a_full_disk_leaves_the_old_backup(
    two: tuple[Library, Library], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing beside it."""
    path = tmp_path / "b.json"
    two[0].save_user_data(path, print)
    before = path.read_bytes()

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DataError, match="no space left"):
        two[0].save_user_data(path, print)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["b.json"]


def test_marks_of_unhashed_notes_are_hashed_for_it(
    library: Library, tmp_path: Path
) -> None:
    """A mark without a recording can't travel; what can't be read is counted."""
    with closing(library.index_writer()) as writer:
        root = tmp_path / "s"
        _, (first, second) = add_files(writer, root, {"a": b"1", "b": b"2"})
        ids = [note_id for note_id, _ in writer.unmeasured(9)]
    library.user.set_played([NoteId(each) for each in ids], Played.PLAYED)
    second.unlink()
    first.chmod(0o400)
    library.user.flush()
    with closing(library._store()) as store:  # as if nobody had been able to read it
        store.run("UPDATE note SET recording_id = NULL, owed_ms = 5, played = 2")
        store.run("UPDATE file SET recording_id = NULL")
        store.run("DELETE FROM mark")
    saved = library.save_user_data(None, lambda _text: None)
    assert (saved.recordings, saved.left_out) == (1, 1)


def test_a_library_for_reading_only_takes_nothing_up(
    two: tuple[Library, Library],
) -> None:
    """It can still be asked, and written down."""
    first, second = two
    say_much(first)
    text = packed(first)
    second.read_only = True
    with pytest.raises(LibraryError, match="can't be written"):
        joined(second, text)
    assert joined(second, text, dry=True).taken == 9
    assert unpacked(second)["recordings"] == []


def test_joining_makes_a_backup_of_the_library_first(
    two: tuple[Library, Library],
) -> None:
    """It is no edit that could be undone."""
    first, second = two
    say_much(first)
    joined(second, packed(first))
    assert len(list(second.path.parent.glob("*.bak"))) == 1


def test_others_may_write_meanwhile(two: tuple[Library, Library]) -> None:
    """A browser that marks notes loses nothing, and nothing of the backup is lost."""
    first, second = two
    for number in range(200):
        say(first, number, "comment", 5, "x")
    text = packed(first)
    with closing(second.reader()) as reader:
        notes = list(reader.all_notes(states=list(NoteState)))
    for turn in range(20):
        for note in notes:
            second.user.set_position(note.row.id, turn, Played.HALF)
        if turn == 3:
            assert joined(second, text).taken == 200
    assert second.user.flush()
    found = said_of(second)
    assert all(found[content_of(i)]["comment"] == (5, "x") for i in range(200))
    assert all(found[content_of(i)]["played"][1:] == (1, 19) for i in range(4))
