"""Collections: named sets of notes in an order of their own."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import date
from itertools import starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.edited_library import FILES, EditedLibrary
from tests.support.library import file_ids, memory_folder, new_library, put, record
from tests.support.portable import content_of, fill, joined, said_of, unpacked
from tests.support.portable import packed as packed_of
from tui.errors import DataError, UsageError
from tui.library import Library, Measured
from tui.library._collected import GAP
from tui.library._collections import items_in
from tui.library._connection import suspect_path
from tui.library._schema import MIGRATIONS, migrate
from tui.model import Group, GroupKind, NoteId, Sort, SourceKind, SourceState
from tui.query import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tui.library import Edits, IndexWriter, Reader

EVIL = "\udcff[/]\u202e [b]x" + "wide 😀" * 8
TODAY = date(2024, 8, 16)


@pytest.fixture
def edits(library: Library) -> Iterator[Edits]:
    """What changes the library."""
    with library.edits() as edits:
        yield edits


@pytest.fixture
def told(library: Library, writer: IndexWriter) -> EditedLibrary:
    """A library with two folders; six notes with a recording each."""
    told = EditedLibrary(library, writer)
    told.index()
    return told


@pytest.fixture
def ids(told: EditedLibrary) -> list[int]:
    """The notes, in the order of their files."""
    notes = told.note_ids()
    return [notes[name] for name in FILES]


def group_of(reader: Reader, name: str) -> Group:
    """The group of a collection."""
    numbers = {each.name: each.id for each in reader.collections()}
    return Group(GroupKind.COLLECTION, number=numbers[name])


def notes_of(reader: Reader, name: str) -> list[int]:
    """The notes of a collection, as it is shown, found and told of each note."""
    group = group_of(reader, name)
    keys = reader.keys(group)
    ids = [NoteId(each) for each in keys.ids]
    assert reader.keys(group, Sort.LONGEST) == keys
    assert list(keys.order_ms) == sorted(keys.order_ms, reverse=True)
    assert reader.members(group, ids, Sort.OLDEST) == dict(
        zip(ids, keys.order_ms, strict=True)
    )
    assert reader.group_totals(group)[0] == len(ids)
    query = parse(f'collection:"{name.upper()}"')
    assert sorted(reader.search(query, TODAY).ids) == sorted(ids)
    assert all(name in note.collections for note in reader.notes(ids))
    return list(ids)


def test_notes_stand_in_the_order_in_which_they_came(
    edits: Edits, reader: Reader, ids: list[int]
) -> None:
    """At the end, each once; in whatever order everything else is."""
    first = edits.collect(" For  Sunday ", [ids[3], ids[0]])
    assert first.text == "2 notes are in the collection “For Sunday” now"
    assert edits.collect("FOR SUNDAY", [ids[0], ids[5], ids[1]]).done == 2
    assert edits.collect("for sunday", [ids[0]]).text == ""
    assert notes_of(reader, "For Sunday") == [ids[3], ids[0], ids[5], ids[1]]
    assert edits.uncollect("for sunday", [ids[0], ids[2]]).done == 1
    assert edits.uncollect("for sunday", [ids[0]]).text == ""
    assert notes_of(reader, "For Sunday") == [ids[3], ids[5], ids[1]]
    part = reader.search(parse("-collection:sunday"), TODAY).ids
    assert sorted(part) == sorted(ids)  # a part of the name is not the name
    outside = reader.search(parse('-collection:"for sunday"'), TODAY).ids
    assert sorted(outside) == sorted({*ids} - {ids[3], ids[5], ids[1]})
    for _ in range(3):
        edits.undo()
    assert reader.collections() == []
    assert not reader.search(parse('collection:"for sunday"'), TODAY).ids


def test_collections_are_made_renamed_and_removed(
    edits: Edits, reader: Reader, ids: list[int]
) -> None:
    """What is taken away comes back as it was, under the same number."""
    edits.create_collection(EVIL)
    edits.collect("b", ids[:3])
    assert [each.notes for each in reader.collections()] == [3, 0]
    edits.uncollect("b", ids[:1])
    assert [each.notes for each in reader.collections()] == [2, 0]
    edits.undo()
    name = " ".join(EVIL.split())
    revision = reader.revision()
    edits.count_collection(group_of(reader, "b").number, (3, 2, 1))
    edits.count_collection(99, (3, 2, 1))
    assert reader.revision() == revision
    before = reader.collections()
    assert [(each.name, each.notes) for each in before] == [("b", 3), (name, 0)]
    edits.rename_collection("B", "c")
    assert reader.changes_since(revision)[1].sources
    assert group_of(reader, "c").number == before[0].id
    assert notes_of(reader, "c") == ids[:3]
    assert edits.rename_collection("c", "c").text == ""
    edits.rename_collection("c", "C")
    edits.delete_collection("c")
    assert [each.name for each in reader.collections()] == [name]
    assert edits.rename_collection(name, "c").done == 1
    edits.undo(2)
    assert notes_of(reader, "C") == ids[:3]
    edits.undo(2)
    assert notes_of(reader, "b") == ids[:3]
    group = group_of(reader, "b")
    edits.delete_collection("b")
    assert not reader.keys(group).ids
    assert reader.group_totals(group) == (0, 0, 0)
    edits.create_collection("b")
    assert notes_of(reader, "b") == []
    edits.undo()
    edits.undo()
    assert group_of(reader, "b") == group
    assert notes_of(reader, "b") == ids[:3]
    edits.undo(2)
    assert reader.collections() == []
    assert edits.history() == []


def test_what_can_not_be_is_refused(edits: Edits, ids: list[int]) -> None:
    """With a sentence; nothing of it is an edit."""
    edits.create_collection("a")
    edits.create_collection("b")
    count = len(edits.history())
    calls: list[Callable[[], object]] = [
        lambda: edits.create_collection("A"),
        lambda: edits.create_collection(" "),
        lambda: edits.create_collection("x" * 101),
        lambda: edits.create_collection("a\x07b"),
        lambda: edits.rename_collection("a", "B"),
        lambda: edits.rename_collection("x", "y"),
        lambda: edits.delete_collection("x"),
        lambda: edits.collect("", ids),
        lambda: edits.uncollect("x", ids),
        lambda: edits.move_collected("x", ids, to=1),
    ]
    for call in calls:
        with pytest.raises(UsageError, match=r"collection|name"):
            call()
    assert edits.move_collected("a", ids, to=1).text == ""
    assert edits.collect("new", []).text == ""
    assert len(edits.history()) == count


def test_notes_move(edits: Edits, reader: Reader, ids: list[int]) -> None:
    """Up, down, to a place, several together; again and again, with room or without."""
    a, b, c, d, e, f = ids
    edits.collect("x", ids)
    done = edits.move_collected("x", [b], by=1)
    assert done.text.endswith("is at place 3 of 6 in “x” now")
    assert notes_of(reader, "x") == [a, c, b, d, e, f]
    assert edits.move_collected("x", [a], by=-1).text == ""
    assert edits.move_collected("x", [f], by=1).text == ""
    edits.move_collected("x", [f, d], by=-1)
    assert notes_of(reader, "x") == [a, c, d, f, b, e]
    edits.move_collected("x", [d, f], by=1)
    assert notes_of(reader, "x") == [a, c, b, d, f, e]
    edits.move_collected("x", [e, a], to=3)
    assert notes_of(reader, "x") == [c, b, a, e, d, f]
    edits.move_collected("x", [c], to=99)
    assert notes_of(reader, "x") == [b, a, e, d, f, c]
    edits.undo(5)
    assert notes_of(reader, "x") == ids
    order = list(ids)
    for turn in range(60):  # far more often than there is room between two places
        moved = order.pop(2 if turn % 2 else 0)
        order.insert(1, moved)
        edits.move_collected("x", [moved], to=2)
        assert notes_of(reader, "x") == order
    for _ in range(25):
        order.insert(0, order.pop())
        edits.move_collected("x", [order[0]], to=1)
    assert notes_of(reader, "x") == order


def test_changes_are_told(edits: Edits, reader: Reader, ids: list[int]) -> None:
    """The notes that came, went or moved, and that collections changed."""
    revision = reader.revision()
    calls: list[tuple[Callable[[], object], list[int]]] = [
        (lambda: edits.collect("x", ids[:3]), ids[:3]),
        (lambda: edits.move_collected("x", [ids[0]], by=1), ids[:1]),
        (lambda: edits.uncollect("x", [ids[1]]), ids[1:2]),
        (edits.undo, ids[1:2]),
        (lambda: edits.rename_collection("x", "y"), []),
        (lambda: edits.delete_collection("y"), ids[:3]),
    ]
    for call, changed in calls:
        call()
        revision, delta = reader.changes_since(revision)
        assert delta.sources
        assert sorted(each.id for each in delta.changes) == sorted(changed)


def test_an_item_finds_another_note_of_its_recording(
    writer: IndexWriter, told: EditedLibrary, edits: Edits, reader: Reader
) -> None:
    """A forward stands for a note that is away, and steps back when that returns."""
    other = writer.add_source(b"/t", SourceKind.FOLDER, "t", 80, [])
    put(writer, other, record(b"y/9", inode=77), record(b"y/8", inode=78))
    for file_id in file_ids(writer, other, b"y").values():
        writer.measured([Measured(file_id, content_hash=b"0" * 32)])
    notes = told.note_ids()
    first, twin, third = notes[b"x/0"], notes[b"y/9"], notes[b"y/8"]
    edits.collect("one", [twin, notes[b"x/1"]])
    edits.collect("both", [twin, notes[b"x/1"], first])
    assert notes_of(reader, "one") == [twin, notes[b"x/1"]]
    assert notes_of(reader, "both") == [twin, notes[b"x/1"], first]
    assert third not in notes_of(reader, "both")
    writer.set_source_state(other, SourceState.OFFLINE, "away")
    assert notes_of(reader, "one") == [first, notes[b"x/1"]]
    assert notes_of(reader, "both") == [notes[b"x/1"], first]
    assert edits.collect("one", [first]).text == ""
    assert edits.move_collected("one", [first], by=1).done == 1
    writer.set_source_state(other, SourceState.OK, "")
    assert notes_of(reader, "one") == [notes[b"x/1"], twin]
    writer.remove_source(other)
    assert notes_of(reader, "one") == [notes[b"x/1"], first]
    assert edits.uncollect("one", [first]).done == 1
    assert notes_of(reader, "one") == [notes[b"x/1"]]


def test_what_is_gone_keeps_its_place(
    writer: IndexWriter, told: EditedLibrary, edits: Edits, reader: Reader
) -> None:
    """A vanished file leaves the list, and comes back to where it was."""
    notes = told.note_ids()
    ids = [notes[name] for name in FILES[:4]]
    edits.collect("x", ids)
    (file,) = writer.files_named(told.source_id, b"x", [b"1"])
    writer.apply(told.source_id, b"x", 2, [], [file.file_id])
    assert notes_of(reader, "x") == [ids[0], ids[2], ids[3]]
    missing = reader.search(parse("collection:x is:missing"), TODAY).ids
    assert list(missing) == [ids[1]]
    edits.move_collected("x", [ids[3]], by=-1)
    assert notes_of(reader, "x") == [ids[0], ids[3], ids[2]]
    assert edits.uncollect("x", [ids[1]]).done == 1
    edits.undo()
    back = record(b"x/1", inode=2, file_id=file.file_id, mtime_ns=5)
    writer.apply(told.source_id, b"x", 3, [back], [])
    found = file_ids(writer, told.source_id, b"x")
    writer.measured([Measured(found[b"1"], content_hash=b"1" * 32)])
    shown = notes_of(reader, "x")
    assert len(shown) == 4
    assert shown[0] == ids[0]
    assert shown.index(ids[1]) in {1, 2}


def test_a_note_without_a_recording_is_left_out(
    library: Library, writer: IndexWriter, reader: Reader
) -> None:
    """What can't be hashed can't be found again."""
    told = EditedLibrary(library, writer)
    told.index(hashed=False)
    with library.edits() as edits:
        done = edits.collect("x", list(told.note_ids().values()))
    assert (done.text, done.done, done.skipped) == ("", 0, len(FILES))
    assert reader.collections() == []


# -- backups


def begun(path: Path, clock: Callable[[], float]) -> Library:
    """Begin a library with a clock of its own."""
    new_library(path).close()
    return Library.open(path, clock=clock)


@pytest.fixture
def two() -> Iterator[tuple[Library, Library]]:
    """Two libraries with the same recordings, and clocks that stand still."""
    with (
        TemporaryDirectory(dir=memory_folder()) as folder,
        begun(Path(folder, "a.db"), lambda: 1000.0) as first,
        begun(Path(folder, "b.db"), lambda: 1000.0) as second,
    ):
        for library, root in ((first, b"/a"), (second, b"/b")):
            with closing(library.index_writer()) as writer:
                source = writer.add_source(root, SourceKind.FOLDER, "n", 80, [])
            fill(library, source, range(6))
        yield first, second


def collected(library: Library) -> dict[str, list[bytes]]:
    """The recordings of every collection."""
    with closing(library.reader()) as reader:
        return {
            each.name: [
                bytes.fromhex(note.recording or "")
                for note in reader.notes(
                    reader.keys(Group(GroupKind.COLLECTION, number=each.id)).ids
                )
            ]
            for each in reader.collections()
        }


def contents(*numbers: int) -> list[bytes]:
    """The hashes of recordings."""
    return [content_of(number) for number in numbers]


def note_ids(library: Library) -> list[int]:
    """The notes by the number of their recordings."""
    with closing(library.reader()) as reader:
        notes = reader.notes(reader.search(parse(""), TODAY).ids)
        return [row.row.id for row in sorted(notes, key=lambda n: n.recording or "")]


def test_collections_are_taken_along(two: tuple[Library, Library]) -> None:
    """In their order, also where the notes have other ids; a later word counts."""
    first, second = two
    assert "collections" not in unpacked(first)
    ids = note_ids(first)
    with first.edits() as edits:
        edits.collect("For court", [ids[2], ids[0], ids[4]])
        edits.create_collection("empty")
    text = packed_of(first)
    assert unpacked(first)["version"] == 3
    assert unpacked(first)["collections"] == [
        {"name": "empty", "on": True, "set_ms": 1_000_000},
        {"name": "For court", "on": True, "set_ms": 1_000_000},
    ]
    for dry in (True, False):
        done = joined(second, text, dry=dry)
        assert (done.taken, done.older, done.same) == (5, 0, 0)
    assert collected(second) == collected(first)
    assert collected(second)["For court"] == contents(2, 0, 4)
    assert joined(second, text).taken == 0
    assert said_of(second) == said_of(first)
    with second.edits() as edits:
        theirs = note_ids(second)
        edits.uncollect("for court", [theirs[0]])
        edits.collect("for court", [theirs[5]])
        edits.delete_collection("empty")
    joined(second, text)
    assert collected(second) == {"For court": contents(2, 4, 5)}
    joined(first, packed_of(second))
    assert collected(first) == collected(second)
    with first.edits() as edits:
        edits.rename_collection("for court", "Kept")
    joined(second, packed_of(first))
    joined(second, text)
    assert collected(second) == {"Kept": contents(2, 4, 5)}


def test_undo_of_what_was_taken_away(two: tuple[Library, Library]) -> None:
    """Neither what only moved, nor a collection that only was renamed."""
    first, second = two
    ids = note_ids(first)
    with first.edits() as edits:
        edits.collect("moved", ids[:3])
        edits.collect("old", ids[:1])
        edits.move_collected("moved", ids[2:3], to=1)
        edits.rename_collection("old", "new")
    joined(second, packed_of(first))
    with second.edits() as edits:
        edits.uncollect("moved", note_ids(second)[2:3])
        edits.delete_collection("new")
    joined(first, packed_of(second))
    with first.edits() as edits:
        edits.undo(2)
    assert collected(first) == {"moved": contents(0, 1)}


def test_bad_collections_are_refused(two: tuple[Library, Library]) -> None:
    """Each with its place; nothing is taken over."""
    library = two[0]
    head = '{"format": "earmark-backup", "version": 3'
    item = f'"recordings": [{{"hash": "{"01" * 32}", '
    on = '"on": true, "set_ms": 1'
    for text, reason in (
        (f'"collections": [{{"name": "", {on}}}]', "name"),
        (f'"collections": [{{"name": "a", {on}}}, {{"name": "A", {on}}}]', "twice"),
        (f'{item}"collections": [{{"name": "a", "note": "xy"}}]}}]', "id of a note"),
        (f'{item}"removed": [{{"collection": "", "note": "01"}}]}}]', "not be empty"),
    ):
        with pytest.raises(DataError, match=reason):
            joined(library, f"{head}, {text}}}")
    assert collected(library) == {}
    alone = f'{head}, {item}"collections": [{{"name": "a", "note": "01", "place": 1,'
    assert joined(library, f'{alone} "set_ms": 1}}]}}]}}').taken == 1
    assert collected(library) == {"a": contents(1)}


def test_collections_outlive_a_damaged_library(tmp_path: Path) -> None:
    """They are read from what is left of it, and wait for their notes."""
    path = tmp_path / "l.db"
    with Library.open(path) as library:
        with closing(library.index_writer()) as writer:
            source = writer.add_source(b"/s", SourceKind.FOLDER, "n", 80, [])
        fill(library, source, range(6))
        with library.edits() as edits:
            edits.collect("kept", note_ids(library)[1:4])
            edits.create_collection("gone")
            edits.delete_collection("gone")
        said = said_of(library)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'chat'"
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xaa" * 4096)
    suspect_path(path).touch()
    with Library.open(path) as library, closing(library.reader()) as reader:
        assert "What you said of 3 recordings was read" in library.notice
        assert [each.name for each in reader.collections()] == ["kept"]
        assert said_of(library) == said
        fill(library, reader.sources()[0].id, range(6))
        assert collected(library) == {"kept": contents(1, 2, 3)}


Step = tuple[int, str, str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1]),
        st.sampled_from(["collect", "uncollect", "move", "rename", "delete", "undo"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 5),
    ),
    max_size=8,
)


def change(edits: Edits, ids: Sequence[int], step: Step) -> None:
    """Do something to one of the libraries, if it can be done."""
    _, verb, name, number = step
    try:
        if verb == "collect":
            edits.collect(name, [ids[number], ids[(number + 1) % 6]])
        elif verb == "uncollect":
            edits.uncollect(name, [ids[number]])
        elif verb == "move":
            edits.move_collected(name, [ids[number]], to=number)
        elif verb == "rename":
            edits.rename_collection(name, "ab".replace(name, ""))
        elif verb == "delete":
            edits.delete_collection(name)
        else:
            edits.undo()
    except UsageError:
        return


@settings(max_examples=8, deadline=None)
@given(steps)
@example([(0, "collect", "b", 1), (1, "collect", "b", 0), (0, "rename", "b", 0)])
def test_two_libraries_that_are_joined_agree(
    plan: list[Step],
) -> None:
    """In whichever order they are joined, and whatever was said in each."""
    now = [1000.0]
    with (
        TemporaryDirectory(dir=memory_folder()) as folder,
        begun(Path(folder, "a.db"), lambda: now[0]) as first,
        begun(Path(folder, "b.db"), lambda: now[0]) as second,
    ):
        libraries = [first, second]
        for library in libraries:
            with closing(library.index_writer()) as writer:
                source = writer.add_source(b"/s", SourceKind.FOLDER, "n", 80, [])
            fill(library, source, range(6))
        ids = [note_ids(library) for library in libraries]
        with first.edits() as one, second.edits() as other:
            for step in plan:
                now[0] += 1
                change((one, other)[step[0]], ids[step[0]], step)
        texts = [packed_of(library) for library in libraries]
        joined(first, texts[1])
        joined(second, texts[0])
        assert collected(first) == collected(second)
        assert said_of(first) == said_of(second)
        assert joined(first, packed_of(second)).taken == 0


# -- older libraries, long collections


def test_a_library_of_version_4_gets_collections(tmp_path: Path) -> None:
    """What it held is there afterwards."""
    path = tmp_path / "l.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:4])
        connection.execute(
            "INSERT INTO saved_search(name, query, set_ms) VALUES ('s', 'q', 1)"
        )
    with Library.open(path) as library, closing(library.reader()) as reader:
        assert reader.collections() == []
        assert [each.name for each in reader.saved_searches()] == ["s"]
        with library.edits() as edits:
            edits.create_collection("new")
        assert [each.name for each in reader.collections()] == ["new"]
    (backup,) = tmp_path.glob("l.db.v4-*.bak")
    assert backup.stat().st_size


def test_ten_thousand_notes_are_quick(library: Library, reader: Reader) -> None:
    """To list, to ask of a few, to put at the end, to move one."""
    with closing(sqlite3.connect(library.path)) as db, db:
        _fill(db, 10_000)
    group = group_of(reader, "long")
    timings = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        begun = time.process_time()
        work()
        timings[name] = time.process_time() - begun

    keys = reader.keys(group)
    assert len(keys.ids) == 10_000
    timed("keys", lambda: reader.keys(group))
    timed("totals", lambda: reader.group_totals(group))
    some = [NoteId(each) for each in keys.ids[5_000:5_050]]
    timed("members", lambda: reader.members(group, some))
    timed("notes", lambda: list(reader.notes(some)))
    with library.edits() as edits:
        timed("collect", lambda: edits.collect("long", [10_001]))
        timed("move", lambda: edits.move_collected("long", [10_001], to=5_000))
        assert reader.keys(group).ids[4_999] == 10_001
        with closing(library._store()) as store:
            places = [each.place for each in items_in(store, group.number)]
        assert places[4_999] - places[4_998] == GAP // 2  # nothing else moved
    limits = {"members": 0.05, "notes": 0.1}
    slow = {n: t for n, t in timings.items() if t > limits.get(n, 0.5)}
    assert not slow


def _fill(db: sqlite3.Connection, count: int) -> None:
    """Write notes that are all in one collection but the last."""
    db.execute(
        "INSERT INTO collection(id, name, folded, set_ms) VALUES (1, ?1, ?1, 1)",
        ("long",),
    )
    db.execute(
        "INSERT INTO source(id, root, kind, label, score, reasons)"
        " VALUES (9, x'2f73', 'folder', 's', 1, '')"
    )
    db.execute(
        "INSERT INTO chat(id, native_id, title, told_title, rank, scope, kind,"
        " confidence) VALUES (1, 'c', 'c', 'c', 1, 9, 'folder', 1)"
    )
    numbers = range(1, count + 2)
    hashes = {number: number.to_bytes(4, "big") * 8 for number in numbers}
    db.executemany(
        "INSERT INTO recording(id, hash, hash_kind, size) VALUES (?, ?, 'full', 1)",
        hashes.items(),
    )
    db.executemany(
        "INSERT INTO note(id, key, source_id, chat_id, recording_id, rev, month,"
        " order_ms, state, reason, visible, problem, kind, direction, sent_ms,"
        " precision, title, chat_origin, chat_confidence, sender_origin,"
        " sender_confidence, time_origin, time_confidence) VALUES (?1, ?2, 9, 1, ?1,"
        " 1, 202408, ?1, 'ready', '', 1, 0, 'voice', 'unknown', ?1, 'mtime', '', '',"
        " 1, '', 1, '', 1)",
        ((number, number.to_bytes(8, "big")) for number in numbers),
    )
    places = starmap(
        lambda number, content: (content, number.to_bytes(8, "big"), number * GAP),
        list(hashes.items())[:count],
    )
    db.executemany("INSERT INTO collected VALUES (1, ?, ?, ?, 1)", places)
