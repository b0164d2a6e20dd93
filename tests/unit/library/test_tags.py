"""Tags with their totals, and the tags of some notes, beside plain counting."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.edited_library import FILES, EditedLibrary
from tests.support.library import memory_folder, new_library, put, record
from tui.library import Measured
from tui.model import Group, GroupKind, NoteId, Played, SourceState
from tui.words import fold

if TYPE_CHECKING:
    from tui.library import IndexWriter, Library, Reader
    from tui.model import NoteRow

NAMES = ("a", "A/b", "a/b/c", "B", "c/d", "c/E", "ä", "\udcff/x")
_TAGGED = st.lists(
    st.tuples(st.sampled_from(FILES), st.sampled_from(NAMES), st.booleans()),
    max_size=14,
)


def counted(rows: list[NoteRow]) -> dict[str, tuple[int, int, int]]:
    """Count as a person would."""
    keys = {
        "/".join(fold(tag).split("/")[:end])
        for row in rows
        for tag in row.tags
        for end in range(1, tag.count("/") + 2)
    }
    held = {
        key: [
            row
            for row in rows
            if any(f"{fold(tag)}/".startswith(f"{key}/") for tag in row.tags)
        ]
        for key in keys
    }
    return {
        key: (
            len(some),
            sum(row.played is not Played.PLAYED for row in some),
            sum(row.duration_ms or 0 for row in some),
        )
        for key, some in held.items()
    }


def compare(reader: Reader) -> None:
    """Compare what the library says with counting the notes that are shown."""
    unplayed = reader.keys(Group(GroupKind.UNPLAYED)).ids
    months = [m for chat in reader.chats() for m in reader.months(chat.id)]
    ids = {*unplayed}
    for month in months:
        ids |= {
            *reader.keys(Group(GroupKind.MONTH, month.chat_id, month.month)).ids,
        }
    rows = reader.rows([NoteId(each) for each in sorted(ids)])
    found = reader.tags()
    assert [fold(each.name) for each in found] == sorted(
        fold(each.name) for each in found
    )
    shown = {fold(each.name): tuple(each[2:]) for each in found if each.notes}
    assert shown == counted(rows)
    used = {tag for row in rows for tag in row.tags}
    assert {each.name for each in found if each.id} >= used
    tags = reader.tags_of([NoteId(each) for each in sorted(ids)])
    assert tags == {tag: sum(tag in row.tags for row in rows) for tag in used}
    assert list(tags) == sorted(tags, key=fold)
    assert reader.tags_of([]) == {}


@given(tagged=_TAGGED, played=st.sets(st.sampled_from(FILES)))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_totals_are_those_of_the_notes(
    tagged: list[tuple[bytes, str, bool]], played: set[bytes]
) -> None:
    """Each note counts once in a tag, whichever of those below it has."""
    with (
        tempfile.TemporaryDirectory(dir=memory_folder()) as folder,
        new_library(Path(folder) / "l.db") as library,
        closing(library.index_writer()) as writer,
        library.edits() as edits,
        closing(library.reader()) as reader,
    ):
        told = EditedLibrary(library, writer)
        told.index()
        ids = told.note_ids()
        for file, name, twice in tagged:
            edits.tag([ids[file]], add=[name])
            if twice:
                edits.tag(list(ids.values())[:2], add=[name])
        if played:
            edits.set_played([ids[each] for each in sorted(played)], Played.PLAYED)
        compare(reader)
        writer.set_source_state(told.source_id, SourceState.OFFLINE, "")
        away = reader.tags()
        assert all(each.notes == each.duration_ms == 0 for each in away)
        writer.set_source_state(told.source_id, SourceState.OK, "")
        assert len(reader.tags()) == len(away)


def test_a_tag_above_others_is_there(
    library: Library, writer: IndexWriter, reader: Reader
) -> None:
    """With number 0, spelled as it is above the first of them."""
    told = EditedLibrary(library, writer)
    told.index()
    ids = told.note_ids()
    with library.edits() as edits:
        edits.tag([ids[b"x/0"]], add=["Work/Clients/Old", "Home"])
        edits.tag([ids[b"x/1"]], add=["work/new"])
        edits.tag([ids[b"x/0"]], add=["work/new"])
        found = [(each.name, bool(each.id), each.notes) for each in reader.tags()]
        assert found == [
            ("Home", True, 1),
            ("Work", False, 2),
            ("Work/Clients", False, 1),
            ("Work/Clients/Old", True, 1),
            ("work/new", True, 2),
        ]
        edits.tag(list(ids.values()), remove=["work/clients/old"])
        assert [each.name for each in reader.tags()] == ["Home", "work", "work/new"]


def test_a_forwarded_note_counts_as_well(
    library: Library, writer: IndexWriter, reader: Reader
) -> None:
    """Two notes with one recording are two notes with its tags."""
    told = EditedLibrary(library, writer)
    told.index()
    put(writer, told.source_id, record(b"z/0", inode=50))
    told.hash()
    for file in writer.files_in(told.source_id, b"z"):
        writer.measured([Measured(file.file_id, content_hash=b"0" * 32)])
    with library.edits() as edits:
        edits.tag([told.note_ids()[b"z/0"]], add=["x"])
    (tag,) = reader.tags()
    assert tag.notes == 2
    assert reader.tags_of([NoteId(each) for each in told.note_ids().values()]) == {
        "x": 2
    }
