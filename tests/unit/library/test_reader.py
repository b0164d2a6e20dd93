"""Lists in their order, groups, changes: what the tree is made of."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.support.library import START_MS, only_note, put, record
from tui.library import DocumentRecord, Measured
from tui.library import _change as change_module
from tui.library import _reader as reader_module
from tui.model import (
    RECENT_LIMIT,
    ChatId,
    DocumentKind,
    DocumentState,
    Group,
    GroupKind,
    LibraryDelta,
    NoteId,
    NoteState,
    Played,
    Problem,
    SourceKind,
    SourceState,
)

if TYPE_CHECKING:
    from tui.library import IndexWriter, Library, Reader
    from tui.model import (
        SourceId,
    )

MONTH_MS = 31 * 86_400_000
PAGE = 64


@pytest.fixture
def filled(writer: IndexWriter, source_id: SourceId) -> None:
    """Two chats with 150 notes over some months, one each hour, some at one time."""
    put(
        writer,
        source_id,
        *(
            record(
                b"%s/%03d.opus" % (b"ab"[i % 2 : i % 2 + 1], i),
                sent_ms=START_MS + (i // 3) * MONTH_MS // 10,
                duration_ms=1000 + i,
            )
            for i in range(150)
        ),
    )


def keys(
    reader: Reader, kind: GroupKind, chat: int = 0, month: int = 0
) -> list[tuple[int, int]]:
    """Order and id of the notes of a group."""
    found = reader.keys(Group(kind, ChatId(chat), month))
    return list(zip(found.order_ms, found.ids, strict=True))


@pytest.mark.usefixtures("filled")
def test_groups_are_newest_first(reader: Reader) -> None:
    """By time, then by id; months are a partition of their chat, in its order."""
    everything = keys(reader, GroupKind.UNPLAYED)
    assert len(everything) == 150
    assert everything == sorted(everything, reverse=True)
    assert keys(reader, GroupKind.RECENT) == everything[:RECENT_LIMIT]
    chats = reader.chats()
    assert [chat.title for chat in chats] == ["b", "a"]
    assert [chat.notes for chat in chats] == [75, 75]
    for chat in chats:
        months = reader.months(chat.id)
        assert [m.month for m in months] == sorted(
            {m.month for m in months}, reverse=True
        )
        parts = [
            key
            for month in months
            for key in keys(reader, GroupKind.MONTH, chat.id, month.month)
        ]
        assert parts == keys(reader, GroupKind.CHAT, chat.id)
        assert chat.last_ms == parts[0][0]


@pytest.mark.usefixtures("filled")
def test_totals_agree_with_each_other(reader: Reader, library: Library) -> None:
    """Groups, chats, months and the whole say the same."""
    library.user.set_played([NoteId(i) for i in (1, 2, 3)], Played.PLAYED)
    library.user.set_played([NoteId(i) for i in (4, 5)], Played.HALF)
    library.user.flush()
    totals, chats = reader.totals(), reader.chats()
    lengths = sum(1000 + i for i in range(150))
    assert (totals.notes, totals.unplayed, totals.duration_ms) == (150, 147, lengths)
    unplayed_ms = lengths - sum(
        reader.rows([NoteId(i)])[0].duration_ms or 0 for i in (1, 2, 3)
    )
    assert totals.unplayed_ms == unplayed_ms
    assert reader.group_totals(Group(GroupKind.UNPLAYED)) == (147, 147, unplayed_ms)
    assert sum(chat.duration_ms for chat in chats) == lengths
    for chat in chats:
        group = Group(GroupKind.CHAT, chat.id)
        assert reader.group_totals(group) == (
            chat.notes,
            chat.unplayed,
            chat.duration_ms,
        )
        months = reader.months(chat.id)
        assert sum(month.notes for month in months) == chat.notes
        assert sum(month.unplayed for month in months) == chat.unplayed
        for month in months:
            group = Group(GroupKind.MONTH, chat.id, month.month)
            assert reader.group_totals(group) == (
                month.notes,
                month.unplayed,
                month.duration_ms,
            )
    recent = reader.rows([NoteId(i) for _, i in keys(reader, GroupKind.RECENT)])
    assert reader.group_totals(Group(GroupKind.RECENT)) == (
        RECENT_LIMIT,
        sum(row.played is not Played.PLAYED for row in recent),
        sum(row.duration_ms or 0 for row in recent),
    )


def test_an_empty_library_answers(reader: Reader) -> None:
    """Zeros and nothing, for every question."""
    assert reader.totals().notes == 0
    assert (reader.chats(), reader.sources(), reader.problems()) == ([], [], [])
    for kind in GroupKind:
        assert reader.group_totals(Group(kind, ChatId(1), 202401)) == (0, 0, 0)
        assert keys(reader, kind, 1, 202401) == []
    assert reader.rows([]) == []
    assert reader.rows([NoteId(1)]) == []
    assert reader.note(NoteId(1)) is None
    assert reader.locate(NoteId(1)) is None
    assert reader.neighbour(NoteId(1), 1) is None
    assert reader.oldest_unplayed() is None
    assert reader.changes_since(reader.revision()) == (
        reader.revision(),
        LibraryDelta(),
    )


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("count", [1, PAGE - 1, PAGE, PAGE + 1, 150])
def test_rows_come_in_the_order_asked(reader: Reader, count: int) -> None:
    """Also over page ends, with unknown ids left out and doubled ones doubled."""
    ids = [NoteId(i) for _, i in keys(reader, GroupKind.UNPLAYED)][:count]
    assert [row.id for row in reader.rows(ids)] == ids
    mixed = [NoteId(9999), *ids, ids[0]]
    assert [row.id for row in reader.rows(mixed)] == [*ids, ids[0]]


@pytest.mark.usefixtures("filled")
def test_all_notes_are_filtered_by_state(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Newest first, whole notes, more than one page."""
    put(writer, source_id, record(b"a/cut", state=NoteState.PARTIAL, reason="cut"))
    ready = list(reader.all_notes(states=[NoteState.READY]))
    assert len(ready) == 150
    order = [(note.row.order_ms, note.row.id) for note in ready]
    assert order == sorted(order, reverse=True)
    both = list(reader.all_notes(states=[NoteState.READY, NoteState.PARTIAL]))
    assert len(both) == 151
    assert list(reader.all_notes(states=[])) == []


@pytest.mark.usefixtures("filled")
def test_neighbours_walk_through_the_chat(reader: Reader, library: Library) -> None:
    """One step at a time to either end; with `unplayed`, over what was played."""
    chat = reader.chats()[0]
    ids = [NoteId(i) for _, i in keys(reader, GroupKind.CHAT, chat.id)]
    for newer, older in itertools.pairwise(ids):
        assert reader.neighbour(newer, -1) == older
        assert reader.neighbour(older, 1) == newer
    assert reader.neighbour(ids[0], 1) is None
    assert reader.neighbour(ids[-1], -1) is None
    library.user.set_played(ids[1:4], Played.PLAYED)
    library.user.set_played(ids[:1], Played.HALF)
    library.user.flush()
    assert reader.neighbour(ids[4], 1, unplayed=True) == ids[0]
    assert reader.neighbour(ids[0], -1, unplayed=True) == ids[4]
    assert reader.neighbour(ids[2], -1, unplayed=True) == ids[4]


def test_only_what_can_not_be_played_is_called_by_its_file(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The bytes of the name as Python writes them."""
    put(writer, source_id, record(b"a/ok"), record(b"a/c\xff", state=NoteState.PARTIAL))
    rows = reader.rows([NoteId(1), NoteId(2)])
    assert sorted(row.file_name for row in rows) == ["", "c\udcff"]


@pytest.mark.usefixtures("filled")
def test_the_oldest_unplayed_note(reader: Reader, library: Library) -> None:
    """Of all chats; a half-heard note still is one."""
    order = [NoteId(i) for _, i in keys(reader, GroupKind.UNPLAYED)][::-1]
    assert reader.oldest_unplayed() == order[0]
    assert reader.oldest_unplayed({*order[:2]}) == order[2]
    assert reader.oldest_unplayed({*order}) is None
    library.user.set_played([order[0]], Played.HALF)
    library.user.flush()
    assert reader.oldest_unplayed() == order[0]
    library.user.set_played([order[0]], Played.PLAYED)
    library.user.flush()
    assert reader.oldest_unplayed() == order[1]


@pytest.mark.parametrize(
    "key", ["", "xyz", "a" * 17, " ab", "ab ", "é", "a b", "-1", "٣"]
)
@pytest.mark.usefixtures("filled")
def test_what_is_no_key_finds_nothing(reader: Reader, key: str) -> None:
    """Only 1 to 16 hex digits can be the beginning of a key."""
    assert reader.find(key) == []


@pytest.mark.usefixtures("filled")
def test_keys_are_found_by_their_beginning(reader: Reader) -> None:
    """Each prefix finds all notes that have it; keys are unique."""
    found = {note.key: note.row.id for note in reader.all_notes(states=list(NoteState))}
    assert len(found) == 150
    one = min(found)
    for digits in range(1, 17):
        prefix = one[:digits]
        expected = sorted(key for key in found if key.startswith(prefix))
        assert reader.find(prefix) == [found[key] for key in expected]
    assert reader.find(one.upper()) == [found[one]]


def test_equal_hashes_of_paths_do_not_clash(
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Were two keys ever equal, the later note would get another one."""
    from tui.library import _join

    monkeypatch.setattr(_join, "_key", lambda _root, _path, salt: b"%08d" % salt)
    put(writer, source_id, *(record(b"x/%d" % i) for i in range(4)))
    put(writer, source_id, record(b"y/1"))
    keys = {note.key for note in reader.all_notes(states=[NoteState.READY])}
    assert keys == {(b"%08d" % salt).hex() for salt in range(5)}


def test_problems_are_sources_then_files_newest_first(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """With their note, so that the tree can go there."""
    put(
        writer,
        source_id,
        record(b"x/old", state=NoteState.PARTIAL, reason="cut"),
        record(b"x/new", state=NoteState.UNREADABLE, reason="?", sent_ms=START_MS + 9),
        record(b"x/good"),
    )
    found = reader.problems()
    assert [(p.path, p.reason) for p in found] == [(b"x/new", "?"), (b"x/old", "cut")]
    ids = [i for _, i in keys(reader, GroupKind.PROBLEMS)]
    assert [p.note_id for p in found] == ids
    assert reader.group_totals(Group(GroupKind.PROBLEMS))[0] == 2
    assert reader.totals().problems == 2
    assert reader.totals().notes == 2


def test_changes_are_told_once_with_where_they_stand(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """From each revision exactly what came after it."""
    start = reader.revision()
    put(writer, source_id, record(b"x/a"))
    middle = reader.revision()
    put(writer, source_id, record(b"x/b", sent_ms=START_MS + 5))
    now, delta = reader.changes_since(middle)
    assert now == reader.revision()
    (change,) = delta.changes
    note = only_note(reader, b"x/b").row
    assert (change.id, change.chat_id, change.month) == (note.id, note.chat_id, 202408)
    assert (change.order_ms, change.visible) == (START_MS + 5, True)
    assert len(reader.changes_since(start)[1].changes) == 2
    assert reader.changes_since(now)[1] == LibraryDelta()


def test_too_many_changes_reset(
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reading everything again is cheaper then."""
    monkeypatch.setattr(reader_module, "CHANGES_LIMIT", 5)
    start = reader.revision()
    put(writer, source_id, *(record(b"x/%d" % i) for i in range(5)))
    assert len(reader.changes_since(start)[1].changes) == 5
    put(writer, source_id, record(b"x/9"))
    assert reader.changes_since(start)[1] == LibraryDelta(reset=True)


def test_a_revision_from_the_future_resets(reader: Reader) -> None:
    """The library was restored from a backup."""
    assert reader.changes_since(10**6)[1] == LibraryDelta(reset=True, sources=True)


def test_forgotten_notes_are_not_remembered_for_ever(
    writer: IndexWriter,
    reader: Reader,
    source_id: SourceId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Past a limit, who was not looking reads everything again."""
    monkeypatch.setattr(change_module, "CHANGES_LIMIT", 2)
    start = reader.revision()
    for at in range(3):
        base, copy = b"x/%d.opus" % at, b"x/%d copy.opus" % at
        put(writer, source_id, record(base), record(copy, base_name=base[2:]))
        content = bytes([at]) * 32
        todo = writer.files_in(source_id, b"x")[-2:]
        writer.measured([Measured(f.file_id, content_hash=content) for f in todo])
        assert reader.changes_since(start)[1].reset == (at == 2)


def test_two_sources_are_listed_together(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The same path in two sources is two notes in two chats."""
    other = writer.add_source(b"/other", SourceKind.WHATSAPP_ANDROID, "Other", 90, [])
    put(writer, source_id, record(b"x/a"))
    put(writer, other, record(b"x/a"))
    assert [source.id for source in reader.sources()] == [source_id, other]
    assert len(reader.chats()) == 2
    files = [note.files[0] for note in reader.all_notes(states=[NoteState.READY])]
    assert {file.full_path for file in files} == {b"/nowhere/x/a", b"/other/x/a"}


def test_recent_notes_of_a_busy_chat_leave_no_room(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Older chats are not even looked at."""
    put(writer, source_id, *(record(b"old/%d" % i) for i in range(3)))
    new = [record(b"new/%d" % i, sent_ms=START_MS + 1 + i) for i in range(41)]
    put(writer, source_id, *new)
    orders = [order_ms for order_ms, _ in keys(reader, GroupKind.RECENT)]
    assert orders == [START_MS + 1 + i for i in range(40, 0, -1)]


def test_documents_that_can_not_be_read_are_listed(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """By path, with the reason; not those that are well, gone, or in a source away."""
    told = {
        b"a.zip": (DocumentState.LOCKED, "it is encrypted"),
        b"b.zip": (DocumentState.OK, ""),
        b"c.zip": (DocumentState.PARTIAL, "it ends too early"),
        b"d.zip": (DocumentState.ERROR, "it is no archive"),
    }
    ids = {}
    for name, (state, reason) in told.items():
        document = DocumentRecord(
            id=0,
            folder=b"x",
            name=name,
            kind=DocumentKind.ARCHIVE,
            size=1,
            mtime_ns=1,
            state=state,
            is_due=False,
            day_order="",
        )
        ids[name] = writer.put_document(source_id, document, state=state, reason=reason)
    writer.drop_documents([ids[b"d.zip"]])
    assert reader.document_problems(9) == [
        Problem(source_id, b"x/a.zip", SourceState.LOCKED, "it is encrypted"),
        Problem(source_id, b"x/c.zip", SourceState.PARTIAL, "it ends too early"),
    ]
    assert len(reader.document_problems(1)) == 1
    writer.set_source_state(source_id, SourceState.OFFLINE, "gone")
    assert reader.document_problems(9) == []
