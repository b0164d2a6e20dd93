"""Marks on recordings: written, shown, told to others, taken back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.edited_library import FILES, EditedLibrary
from tests.support.library import add_files, file_ids, only_note, put, record
from tui.errors import UsageError
from tui.library import Measured
from tui.library import _edit_base as edit_base_module
from tui.model import Bookmark, NoteId, Played

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.library import Edits, IndexWriter, Library, Reader
    from tui.model import Note, SourceId

EVIL = "\udcff[/]\u202e [b]x" + "wide 😀" * 8


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


def note_of(reader: Reader, note_id: int) -> Note:
    """Everything about a note."""
    note = reader.note(NoteId(note_id))
    assert note is not None
    return note


def marks_of(reader: Reader, ids: list[int]) -> list[tuple[object, ...]]:
    """All marks of some notes."""
    return [
        (
            *(row.star, row.tags, row.played, row.position_ms, row.snippet, row.title),
            *(note.own_title, note.comment, note.bookmarks),
        )
        for row, note in (
            (note_of(reader, each).row, note_of(reader, each)) for each in ids
        )
    ]


_MARKS = (
    "SELECT hash, star, title, comment, played, position_ms FROM mark"
    " WHERE star OR title <> '' OR comment <> '' OR played OR position_ms"
)


def dump(library: Library) -> list[list[tuple[object, ...]]]:
    """All rows that marks are made of, without times and numbers of rows."""
    tables = (
        _MARKS,
        "SELECT name, folded FROM tag",
        "SELECT hash, folded FROM tagged JOIN tag ON tag.id = tag_id",
        "SELECT hash, at_ms, text FROM bookmark",
        "SELECT name, query FROM saved_search",
    )
    with closing(sqlite3.connect(library.path)) as connection:
        return [sorted(connection.execute(sql), key=repr) for sql in tables]


def test_each_edit_says_what_it_did(edits: Edits, ids: list[int]) -> None:
    """One note is named, several are counted."""
    one, some = ids[:1], ids[:3]
    done = [
        edits.set_star(one, on=True),
        edits.set_star(some, on=True),
        edits.set_star(some, on=False),
        edits.tag(some, add=["work", "#work/clients"]),
        edits.tag(one, add=["home"], remove=["Work"]),
        edits.tag(some, remove=["work"]),
        edits.set_title(one, " The \n boat "),
        edits.set_title(some, "Trip"),
        edits.set_title(one, ""),
        edits.set_comment(one, "for Sunday"),
        edits.set_comment(one, "for Monday"),
        edits.set_comment(some, ""),
        edits.set_played(some, Played.PLAYED),
        edits.set_played(one, Played.HALF),
        edits.add_bookmark(ids[0], 61_000),
        edits.add_bookmark(ids[0], 61_000, "flour"),
        edits.add_bookmark(ids[0], 61_000, ""),
        edits.remove_bookmark(ids[0], 61_000),
        edits.rename_tag("work", "job"),
        edits.rename_tag("job/clients", "HOME"),
        edits.delete_tag("home"),
        edits.save_search("Boats", "tag:boat"),
        edits.save_search("Boats", "tag:ship"),
        edits.rename_search(1, "Ships"),
        edits.remove_search(1),
    ]
    assert [each.text for each in done] == [
        "“zebra0” is starred",
        "2 notes are starred",
        "3 notes are not starred any more",
        "3 notes are tagged #work and #work/clients",
        "“zebra0” is tagged #home, and not #work any more",
        "2 notes are not tagged #work any more",
        "“zebra0” is called “The boat” now",
        "3 notes are called “Trip” now",
        "“Trip” is called “zebra0” again",
        "“zebra0” has a comment now",
        "“zebra0” has another comment now",
        "“zebra0” has no comment any more",
        "3 notes are marked played",
        "“zebra0” is marked half-heard",
        "“zebra0” has a bookmark at 1:01",
        "the bookmark at 1:01 of “zebra0” has the text “flour”",
        "the bookmark at 1:01 of “zebra0” has no text any more",
        "the bookmark at 1:01 of “zebra0” is removed",
        "#work with 1 below it is called #job now",
        "#job/clients went into #HOME",
        "#home is taken from 3 notes",
        "the search “Boats” is saved",
        "the search “Boats” looks for tag:ship now",
        "the search “Boats” is called “Ships” now",
        "the search “Ships” is removed",
    ]
    assert [each.text for each in edits.history()] == [e.text for e in done][::-1]
    assert done[3].done == 3
    assert done[1].done == 2  # one of the three was starred already


def test_all_marks_are_shown(edits: Edits, ids: list[int], reader: Reader) -> None:
    """In a row what a row has room for, in the note everything."""
    edits.set_star(ids[:1], on=True)
    edits.tag(ids[:1], add=["Zoo", "apple", EVIL])
    edits.set_comment(ids[:1], "\r\nfirst  line \r\nsecond\n\n")
    edits.set_title(ids[:1], EVIL)
    edits.add_bookmark(ids[0], 2000, EVIL)
    edits.add_bookmark(ids[0], 1000)
    edits.add_bookmark(ids[0], 10_000, "later")
    (row,) = reader.rows([NoteId(ids[0])])
    evil = " ".join(EVIL.split())
    assert row.star
    assert set(row.tags) == {"Zoo", "apple", evil}
    assert list(row.tags) == sorted(row.tags, key=str.casefold)
    assert row.title == evil
    assert row.snippet == "first line second"
    note = note_of(reader, ids[0])
    assert note.row == row
    assert note.comment == "first  line\nsecond"
    assert note.own_title == evil
    assert note.bookmarks == (
        Bookmark(1000),
        Bookmark(2000, evil),
        Bookmark(10_000, "later"),
    )
    plain = note_of(reader, ids[1])
    assert plain.row.tags == ()
    assert plain.bookmarks == ()
    assert plain.comment == plain.own_title == plain.row.snippet == ""


@pytest.mark.parametrize(
    "text", ["\udcff" + "ä" * 100, "\udcff" + "€" * 100, "😀" * 99]
)
def test_a_long_comment_is_cut_between_characters(
    edits: Edits, ids: list[int], reader: Reader, text: str
) -> None:
    """Also one that is stored as bytes."""
    edits.set_comment(ids[:1], text * 3)
    (row,) = reader.rows([NoteId(ids[0])])
    assert len(row.snippet) > 30
    assert (text * 3).startswith(row.snippet)


EDITS: dict[str, Callable[[Edits, list[int]], object]] = {
    "star": lambda edits, ids: edits.set_star(ids, on=True),
    "unstar": lambda edits, ids: edits.set_star(ids, on=False),
    "tag": lambda edits, ids: edits.tag(ids, add=["NEW", "Work/Clients"]),
    "untag": lambda edits, ids: edits.tag(ids, remove=["work/clients", "home"]),
    "swap": lambda edits, ids: edits.tag(ids[:2], add=["x"], remove=["home"]),
    "title": lambda edits, ids: edits.set_title(ids, "Boat"),
    "untitle": lambda edits, ids: edits.set_title(ids, ""),
    "comment": lambda edits, ids: edits.set_comment(ids, "two\nlines"),
    "uncomment": lambda edits, ids: edits.set_comment(ids, ""),
    "played": lambda edits, ids: edits.set_played(ids, Played.PLAYED),
    "half": lambda edits, ids: edits.set_played(ids, Played.HALF),
    "unplayed": lambda edits, ids: edits.set_played(ids, Played.UNPLAYED),
    "bookmark": lambda edits, ids: edits.add_bookmark(ids[0], 7),
    "retext": lambda edits, ids: edits.add_bookmark(ids[0], 1000, "other"),
    "unbookmark": lambda edits, ids: edits.remove_bookmark(ids[0], 1000),
    "rename": lambda edits, _: edits.rename_tag("work", "job"),
    "respell": lambda edits, _: edits.rename_tag("work", "WORK"),
    "merge": lambda edits, _: edits.rename_tag("work/clients", "home"),
    "deeper": lambda edits, _: edits.rename_tag("work", "work/clients"),
    "higher": lambda edits, _: edits.rename_tag("work/clients", "work"),
    "delete": lambda edits, _: edits.delete_tag("work"),
    "delete below": lambda edits, _: edits.delete_tag("work/clients"),
    "save": lambda edits, _: edits.save_search("New", "boat"),
    "save other": lambda edits, _: edits.save_search("Kept", "boat"),
    "rename search": lambda edits, _: edits.rename_search(1, "Other"),
    "remove search": lambda edits, _: edits.remove_search(1),
}


def furnish(library: Library, edits: Edits, ids: list[int]) -> None:
    """Give notes marks of every kind, unevenly."""
    edits.set_star(ids[:1], on=True)
    edits.tag(ids[:2], add=["Work/Clients"])
    edits.tag(ids[1:3], add=["Home", "work"])
    edits.set_title(ids[1:2], EVIL)
    edits.set_comment(ids[:1], EVIL)
    edits.add_bookmark(ids[0], 1000, EVIL)
    edits.save_search("Kept", "tag:home")
    library.user.set_position(NoteId(ids[0]), 4321, Played.HALF)
    library.user.set_position(NoteId(ids[1]), 5000, Played.PLAYED)
    assert library.user.flush()


@pytest.mark.parametrize("name", EDITS)
def test_an_undo_brings_everything_back(
    library: Library,
    told: EditedLibrary,
    ids: list[int],
    reader: Reader,
    name: str,
) -> None:
    """By another process, after the source was removed and added again."""
    with library.edits() as edits:
        furnish(library, edits, ids)
        before, shown = dump(library), marks_of(reader, ids)
        revision = reader.revision()
        EDITS[name](edits, ids[:3])
        after = dump(library)
        assert after != before
        assert reader.revision() > revision
        assert edits.undo()
        assert dump(library) == before
        assert marks_of(reader, ids) == shown
        EDITS[name](edits, ids[:3])
        assert dump(library) == after
    told.remove()
    told.index()
    with library.edits() as edits:
        assert edits.undo()
        assert dump(library) == before
        now = told.note_ids()
        assert marks_of(reader, [now[each] for each in FILES]) == shown


def test_a_hundred_steps_are_undone_over_restarts(
    library: Library, ids: list[int]
) -> None:
    """Every state comes back, in the order of the edits."""
    states = [dump(library)]
    for step in range(20):
        with library.edits() as edits:
            edits.tag(ids, add=[f"t{step}"])
            edits.set_star(ids[step % 3 : 3], on=step % 2 == 0)
            states.append(dump(library))
            edits.set_comment(ids[step % 6 :], f"comment {step}")
            edits.set_played(ids[step % 5 :], Played(step % 2 + 1))
            edits.add_bookmark(ids[step % 6], step)
            edits.tag(ids[:2], remove=[f"t{step}"], add=["kept"])
            states.append(dump(library))
    with library.edits() as edits:
        count = len(edits.history(1000))
    assert count >= 100
    states.pop()
    for _ in range(count):
        with library.edits() as edits:
            assert edits.undo()
            if states and dump(library) == states[-1]:
                states.pop()
    assert states == []
    with library.edits() as edits:
        assert edits.undo() == ""


def test_notes_that_share_a_recording_share_its_marks(
    writer: IndexWriter, told: EditedLibrary, edits: Edits, reader: Reader
) -> None:
    """A forwarded note shows them too, and is told as changed."""
    put(writer, told.source_id, record(b"y/9", inode=77))
    twin = told.note_ids()[b"y/9"]
    file_id = file_ids(writer, told.source_id, b"y")[b"9"]
    writer.measured([Measured(file_id, content_hash=b"0" * 32)])
    first = told.note_ids()[b"x/0"]
    revision = reader.revision()
    assert edits.tag([first], add=["boat"]).done == 1
    _, delta = reader.changes_since(revision)
    assert {each.id for each in delta.changes} == {first, twin}
    assert note_of(reader, twin).row.tags == ("boat",)
    assert edits.set_star([first, twin], on=True).done == 2
    assert edits.delete_tag("boat").text == "#boat is taken from 2 notes"


def test_what_changes_nothing_is_no_edit(edits: Edits, ids: list[int]) -> None:
    """Nor is there anything to undo of it."""
    edits.add_bookmark(ids[0], 5, "x")
    edits.tag(ids, add=["Work"])
    edits.save_search("a", "b")
    count = len(edits.history())
    calls = (
        edits.set_star(ids, on=False),
        edits.tag(ids, add=["#work"]),
        edits.tag(ids, remove=["home"]),
        edits.set_title(ids, "  "),
        edits.set_comment(ids, "\n\n"),
        edits.set_played(ids, Played.UNPLAYED),
        edits.add_bookmark(ids[0], 5, " x\n"),
        edits.remove_bookmark(ids[0], 6),
        edits.rename_tag("WORK", "Work"),
        edits.save_search("a", " b "),
        edits.rename_search(1, "a"),
        edits.set_star([], on=True),
    )
    assert all((each.text, each.done) == ("", 0) for each in calls)
    assert len(edits.history()) == count


def test_nonsense_is_refused(edits: Edits, ids: list[int], library: Library) -> None:
    """The sentence names what is wrong, and nothing is written."""
    edits.tag(ids, add=["work/x"])
    edits.save_search("a", "b")
    edits.save_search("c", "d")
    before = dump(library)
    calls: dict[str, Callable[[], object]] = {
        "no tag is named": lambda: edits.tag(ids),
        "a tag needs a name": lambda: edits.tag(ids, add=[" # "]),
        "#a//b is no tag: each part": lambda: edits.tag(ids, add=["a//b"]),
        "#/a is no tag": lambda: edits.tag(ids, add=["/a"]),
        "#a/ is no tag": lambda: edits.tag(ids, add=["a/ "]),
        "#\u0301 is no tag": lambda: edits.tag(ids, add=["\u0301"]),
        "#a, b is no tag: a comma": lambda: edits.tag(ids, add=["a, b"]),
        "control character": lambda: edits.tag(ids, add=["a\x1bb"]),
        "at most 100 characters, and this one 101": lambda: edits.tag(
            ids, add=["x" * 101]
        ),
        "at most 100 characters: #": lambda: edits.rename_tag("work", "x" * 99),
        "there is no tag #none": lambda: edits.rename_tag("none", "x"),
        "there is no tag #nothing": lambda: edits.delete_tag("nothing"),
        "title has at most 1,000": lambda: edits.set_title(ids, "x" * 1001),
        "comment has at most": lambda: edits.set_comment(ids, "x" * (1 << 21)),
        "text at a bookmark": lambda: edits.add_bookmark(ids[0], 1, "x" * 1001),
        "before the beginning": lambda: edits.add_bookmark(ids[0], -1),
        "a search needs a name": lambda: edits.save_search(" ", "x"),
        "nothing to keep": lambda: edits.save_search("x", " "),
        "name has at most": lambda: edits.save_search("x" * 101, "x"),
        "no such search": lambda: edits.rename_search(99, "x"),
        "there is no such search": lambda: edits.remove_search(99),
        "“c” already": lambda: edits.rename_search(1, "c"),
    }
    for sentence, call in calls.items():
        with pytest.raises(UsageError) as error:
            call()
        assert sentence in str(error.value)
    assert dump(library) == before


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("work", "work"),
        ("  ##Work / my  Clients ", "Work/my Clients"),
        ("a\tb\nc", "a b c"),
        ("\uff0fx", ""),
        ("a\uff0fb", "a/b"),
        ("\u2100", "a/c"),
        ("café", "café"),
    ],
    ids=range(7),
)
def test_a_name_has_one_form(
    edits: Edits, ids: list[int], reader: Reader, typed: str, name: str
) -> None:
    """Blanks, the sign before it and other forms of the slash are brought in order."""
    if not name:
        with pytest.raises(UsageError):
            edits.tag(ids, add=[typed])
        return
    edits.tag(ids[:1], add=[typed])
    edits.tag(ids[1:2], add=[name.upper()])
    assert note_of(reader, ids[1]).row.tags == (name,)
    assert edits.tag(ids[:2], add=[name.title()]).text == ""


def test_a_note_that_was_not_hashed_is_hashed_first(
    library: Library, writer: IndexWriter, reader: Reader, tmp_path: Path, edits: Edits
) -> None:
    """What can't be read is skipped, and counted."""
    files = {"a/1": b"one", "a/2": b"two", "a/3": b"three"}
    _, paths = add_files(writer, tmp_path / "root", files)
    notes = [only_note(reader, name.encode()).row.id for name in files]
    paths[1].unlink()
    done = edits.tag([*notes, 999], add=["x"])
    assert (done.done, done.skipped) == (2, 2)
    assert done.text == "2 notes are tagged #x"
    assert note_of(reader, notes[0]).row.tags == ("x",)
    assert note_of(reader, notes[1]).row.tags == ()
    for nothing in (
        edits.set_star(notes[1:2], on=True),
        edits.set_played(notes[1:2], Played.PLAYED),
        edits.add_bookmark(notes[1], 1),
        edits.remove_bookmark(notes[1], 1),
    ):
        assert nothing == ("", 0, 1)
    assert library.trouble == ""


def test_times_only_go_forward(library: Library, ids: list[int]) -> None:
    """Also when the clock of the machine goes back: the later word counts."""
    times = iter([5000.0] + [1.0] * 100)
    library._clock = lambda: next(times)
    seen = []
    with library.edits() as edits:
        for on in (True, False):
            edits.set_star(ids[:1], on=on)
            tags = {"add" if on else "remove": ["x"]}
            edits.tag(ids[:1], **tags)
            mark = edits.add_bookmark if on else edits.remove_bookmark
            mark(ids[0], 3)
            with closing(sqlite3.connect(library.path)) as connection:
                seen.append(
                    connection.execute(
                        "SELECT (SELECT max(star_ms) FROM mark), (SELECT max(set_ms)"
                        " FROM (SELECT set_ms FROM tagged UNION SELECT set_ms FROM"
                        " removed WHERE what LIKE 'tag%')), (SELECT max(set_ms) FROM"
                        " (SELECT set_ms FROM bookmark UNION SELECT set_ms FROM"
                        " removed WHERE what LIKE 'bookmark%'))"
                    ).fetchone()
                )
        edits.undo(3)
        rows = connection_rows(library, "SELECT set_ms FROM tagged")
        assert rows[0][0] > seen[1][1]
    assert all(after > before for before, after in zip(*seen, strict=True))


def connection_rows(library: Library, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the library file."""
    with closing(sqlite3.connect(library.path)) as connection:
        return connection.execute(sql).fetchall()


def test_what_is_taken_away_is_remembered(
    library: Library, edits: Edits, ids: list[int]
) -> None:
    """For a restore; and no longer when it is there again."""
    sql = "SELECT what FROM removed ORDER BY what"
    edits.tag(ids[:1], add=["Work/X"])
    edits.add_bookmark(ids[0], 7)
    assert connection_rows(library, sql) == []
    edits.tag(ids[:1], remove=["work/x"])
    edits.remove_bookmark(ids[0], 7)
    assert connection_rows(library, sql) == [("bookmark:7",), ("tag:work/x",)]
    edits.undo(2)
    assert connection_rows(library, sql) == []
    edits.rename_tag("work", "job")
    assert connection_rows(library, sql) == [("tag:work/x",)]
    edits.delete_tag("job")
    edits.undo(2)
    assert connection_rows(library, sql) == [("tag:job/x",)]


def test_old_edits_make_room(
    library: Library, edits: Edits, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large ones go first, but a hundred stay whatever they take."""
    monkeypatch.setattr(edit_base_module, "HISTORY", 20)
    monkeypatch.setattr(edit_base_module, "HISTORY_KEPT", 5)
    monkeypatch.setattr(edit_base_module, "HISTORY_BYTES", 3000)
    monkeypatch.setattr(edit_base_module, "_SMALL_BYTES", 500)
    for step in range(30):
        edits.set_star(ids[:1], on=step % 2 == 0)
    assert len(edits.history()) == 20
    edits.set_comment(ids[:1], "x" * 2900)
    edits.set_comment(ids[:1], "y")
    assert len(edits.history()) == 5
    assert edits.undo()
    assert connection_rows(library, "SELECT length(comment) FROM mark") == [(2900,)]


def test_played_is_counted(
    library: Library, edits: Edits, ids: list[int], reader: Reader
) -> None:
    """The counts of chats follow at once, and after an undo."""
    library.user.set_position(NoteId(ids[0]), 700, Played.HALF)
    assert library.user.flush()
    assert reader.totals().unplayed == 6
    edits.set_played(ids[:4], Played.PLAYED)
    assert reader.totals().unplayed == 2
    (row,) = reader.rows([NoteId(ids[0])])
    assert (row.played, row.position_ms) == (Played.PLAYED, 700)
    edits.undo()
    assert reader.totals().unplayed == 6
    (row,) = reader.rows([NoteId(ids[0])])
    assert (row.played, row.position_ms) == (Played.HALF, 700)


def test_a_mark_waits_for_its_recording(
    edits: Edits, ids: list[int], told: EditedLibrary, source_id: SourceId
) -> None:
    """A source that is removed takes no mark along."""
    edits.tag(ids, add=["x"])
    told.remove()
    assert source_id
    assert edits.rename_tag("x", "y").text == "#x is called #y now"
    told.index()
    note_ids = told.note_ids()
    done = edits.tag(list(note_ids.values()), remove=["y"])
    assert done.done == 6


def run(library: Library, *statements: str) -> None:
    """Change the library file behind the back of the edits, as a restore does."""
    with closing(sqlite3.connect(library.path)) as connection, connection:
        for sql in statements:
            connection.execute(sql)


def test_an_undo_finds_what_a_restore_brought(
    library: Library, edits: Edits, ids: list[int], reader: Reader
) -> None:
    """The old name of a tag may be there again: they are one then."""
    edits.tag(ids[:1], add=["old"])
    edits.rename_tag("old", "new")
    run(
        library,
        "INSERT INTO tag(id, name, folded) VALUES (99, 'Old', 'old')",
        "INSERT INTO tagged SELECT hash, 99, 5 FROM recording WHERE id = 2",
    )
    assert edits.undo()
    tags = [row.tags for row in reader.rows([NoteId(each) for each in ids])]
    assert sorted(tags) == [(), (), (), (), ("Old",), ("Old",)]
    assert [each.name for each in reader.tags()] == ["Old"]


def test_an_undo_goes_on_without_what_a_restore_took(
    library: Library, edits: Edits, ids: list[int], reader: Reader
) -> None:
    """Tags that are gone stay so."""
    for last in ("tag", "rename"):
        edits.tag(ids[:1], add=["a"])
        if last == "rename":
            edits.rename_tag("a", "b")
        run(library, "DELETE FROM tagged", "DELETE FROM tag")
        assert edits.undo()
        assert reader.tags() == []


def test_a_note_may_go_while_it_is_edited(
    edits: Edits, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its recording is marked all the same."""
    found = edit_base_module.Found({ids[0] + 999: b"0" * 32}, 0)
    monkeypatch.setattr(edits, "_found", lambda _: found)
    assert edits.set_star([1], on=True).text == "1 note is starred"


def test_many_tags_are_told_in_short(edits: Edits, ids: list[int]) -> None:
    """A sentence names three of them."""
    done = edits.tag(ids, add=["a", "b", "c", "d", "e"])
    assert done.text == "6 notes are tagged #a, #b, #c and 2 more"
