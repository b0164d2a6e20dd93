"""What the indexer writes, and what becomes of the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.library import (
    START_MS,
    file_ids,
    hash_files,
    only_note,
    put,
    record,
    true_counts,
)
from tui.errors import LibraryError
from tui.library import Measured
from tui.model import (
    ChatKind,
    Direction,
    Group,
    GroupKind,
    NoteId,
    NoteState,
    Played,
    Precision,
    SourceKind,
    SourceState,
    WatchMode,
)

if TYPE_CHECKING:
    from tui.library import IndexWriter, Library, Reader
    from tui.model import (
        SourceId,
    )

HASH_A = b"a" * 32
HASH_B = b"b" * 32
BASE = b"x/a.opus"
COPY = b"x/a.sync-conflict-20240815-101500-ABCDEFG.opus"


def test_a_record_comes_back_whole(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Every field of a record can be read again."""
    put(
        writer,
        source_id,
        record(
            b"Ana/n.opus",
            size=45_000,
            chat_kind=ChatKind.DIRECT,
            chat_title="Ana",
            chat_confidence=0.99,
            chat_origin="export",
            sender="Ana",
            sender_confidence=0.97,
            sender_origin="export line",
            direction=Direction.RECEIVED,
            sent_ms=START_MS,
            offset_min=120,
            precision=Precision.MINUTE,
            time_confidence=0.8,
            time_origin="export line",
            order_ms=START_MS + 7,
            month=202408,
            title="Recipe",
            container="ogg/opus",
            duration_ms=42_000,
        ),
    )
    note = only_note(reader, b"Ana/n.opus")
    row = note.row
    assert (row.chat_title, row.sender, row.direction) == ("Ana", "Ana", "received")
    assert (row.sent_ms, row.offset_min, row.precision) == (START_MS, 120, "minute")
    assert (row.order_ms, row.duration_ms, row.title) == (
        START_MS + 7,
        42_000,
        "Recipe",
    )
    assert (row.state, row.played, row.position_ms) == ("ready", Played.UNPLAYED, 0)
    assert (note.chat_kind, note.size, note.container) == ("direct", 45_000, "ogg/opus")
    assert note.files[0].full_path == b"/nowhere/Ana/n.opus"
    assert {k: (v.origin, v.confidence) for k, v in note.evidence.items()} == {
        "chat": ("export", 0.99),
        "sender": ("export line", 0.97),
        "sent_at": ("export line", 0.8),
    }
    assert reader.locate(row.id) == (row.chat_id, 202408, START_MS + 7)
    assert len(note.key) == 16
    assert reader.find(note.key[:5]) == reader.find(note.key) == [row.id]


def test_the_same_root_is_the_same_source(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Adding a root again updates what the detection says."""
    again = writer.add_source(b"/nowhere", SourceKind.FOLDER, "Other", 90, ["x", "y"])
    assert again == source_id
    (source,) = reader.sources()
    assert (source.label, source.score, source.reasons) == ("Other", 90, ("x", "y"))


def test_identical_content_is_two_notes_with_one_recording(
    writer: IndexWriter, reader: Reader, source_id: SourceId, library: Library
) -> None:
    """A forwarded message stays two notes, and its mark is on both."""
    put(writer, source_id, record(BASE), record(b"x/b.opus"))
    hash_files(writer, source_id, {BASE: HASH_A, b"x/b.opus": HASH_A})
    a, b = only_note(reader, BASE), only_note(reader, b"x/b.opus")
    assert a.row.id != b.row.id
    assert a.recording == b.recording == HASH_A.hex()
    library.user.set_position(a.row.id, 900, Played.PLAYED)
    assert library.user.flush()
    (row,) = reader.rows([b.row.id])
    assert (row.played, row.position_ms) == (Played.PLAYED, 900)
    assert reader.totals().unplayed == 0


@pytest.mark.parametrize("order", [(BASE, COPY), (COPY, BASE)], ids=["base", "copy"])
def test_a_conflict_copy_with_equal_content_joins_its_base(
    writer: IndexWriter, reader: Reader, source_id: SourceId, order: tuple[bytes, ...]
) -> None:
    """Whichever hash comes first, one note with two places is left."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    base, copy = only_note(reader, BASE), only_note(reader, COPY)
    before = reader.revision()
    hash_files(writer, source_id, dict.fromkeys(order, HASH_A))
    note = only_note(reader, BASE)
    assert note.row.id == base.row.id
    assert [(f.path, f.role) for f in note.files] == [
        (BASE, "primary"),
        (COPY, "copy"),
    ]
    assert reader.note(copy.row.id) is None
    assert reader.totals().notes == 1
    _, delta = reader.changes_since(before)
    visible = {change.id: change.visible for change in delta.changes}
    assert visible == {copy.row.id: False, base.row.id: True}
    assert len(writer.files_in(source_id, b"x")) == 2


def test_a_conflict_copy_with_other_content_stays_a_note(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """A real conflict shows both."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    hash_files(writer, source_id, {BASE: HASH_A, COPY: HASH_B})
    assert reader.totals().notes == 2


def test_a_mark_on_the_copy_is_on_the_base_after_joining(
    writer: IndexWriter, reader: Reader, source_id: SourceId, library: Library
) -> None:
    """What was heard of the copy, before anybody knew, was heard of the note."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    library.user.set_position(only_note(reader, COPY).row.id, 500, Played.HALF)
    library.user.flush()
    hash_files(writer, source_id, {BASE: HASH_A, COPY: HASH_A})
    row = only_note(reader, BASE).row
    assert (row.played, row.position_ms) == (Played.HALF, 500)


def test_a_copy_stands_in_for_its_base(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The note is missing only when all its files are."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    hash_files(writer, source_id, {BASE: HASH_A, COPY: HASH_A})
    ids = file_ids(writer, source_id, b"x")
    writer.apply(source_id, b"x", 2, [], [ids[b"a.opus"]])
    note = only_note(reader, COPY)
    assert note.row.state is NoteState.READY
    assert [file.path for file in note.files] == [COPY]
    writer.apply(source_id, b"x", 3, [], [ids[COPY[2:]]])
    assert only_note(reader, COPY).row.state is NoteState.MISSING
    assert reader.totals().notes == 0
    put(writer, source_id, record(BASE))
    assert only_note(reader, BASE).row.id == note.row.id


def test_a_copy_that_proves_another_leaves_a_missing_base(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """While it stood in for its base, its content was replaced."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    hash_files(writer, source_id, {BASE: HASH_A, COPY: HASH_A})
    base = only_note(reader, BASE).row.id
    writer.apply(source_id, b"x", 2, [], [file_ids(writer, source_id, b"x")[b"a.opus"]])
    hash_files(writer, source_id, {COPY: HASH_B})
    assert reader.rows([base])[0].state is NoteState.MISSING
    assert only_note(reader, COPY).row.id != base
    assert only_note(reader, COPY).row.state is NoteState.READY


def test_a_copy_that_changes_parts_from_its_base(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The copy's new content is another note; the base keeps its own."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    hash_files(writer, source_id, {BASE: HASH_A, COPY: HASH_A})
    base = only_note(reader, BASE).row.id
    put(writer, source_id, record(COPY, base_name=b"a.opus", size=77))
    assert reader.totals().notes == 2
    assert only_note(reader, BASE).row.id == base
    assert only_note(reader, COPY).size == 77


def test_a_base_that_changes_leaves_its_copy_a_note(
    writer: IndexWriter, reader: Reader, source_id: SourceId, library: Library
) -> None:
    """The old content goes on as a note with the old marks, in the same chat."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    hash_files(writer, source_id, {BASE: HASH_A, COPY: HASH_A})
    base = only_note(reader, BASE)
    library.user.set_played([base.row.id], Played.PLAYED)
    library.user.flush()
    put(writer, source_id, record(BASE, size=77))
    hash_files(writer, source_id, {BASE: HASH_B})
    new, old = only_note(reader, BASE), only_note(reader, COPY)
    assert (new.row.id, new.recording) == (base.row.id, HASH_B.hex())
    assert new.row.played is Played.UNPLAYED
    assert (old.recording, old.row.played) == (HASH_A.hex(), Played.PLAYED)
    assert old.row.chat_id == new.row.chat_id
    assert old.key != new.key
    assert reader.totals().notes == 2


def test_a_resolved_conflict_keeps_the_note(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The copy renamed over its base is the base from then on."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus", inode=2))
    hash_files(writer, source_id, {BASE: HASH_A, COPY: HASH_A})
    note = only_note(reader, BASE)
    copy_id = file_ids(writer, source_id, b"x")[COPY[2:]]
    put(writer, source_id, record(BASE, inode=2, file_id=copy_id))
    now = only_note(reader, BASE)
    assert (now.row.id, now.key) == (note.row.id, note.key)
    assert [(f.path, f.role) for f in now.files] == [(BASE, "primary")]
    assert now.recording == HASH_A.hex()


def test_changed_content_points_to_a_new_recording(
    writer: IndexWriter, reader: Reader, source_id: SourceId, library: Library
) -> None:
    """The note stays, its mark does not: that was about other sounds."""
    put(writer, source_id, record(BASE, duration_ms=1000, container="ogg/opus"))
    hash_files(writer, source_id, {BASE: HASH_A})
    note = only_note(reader, BASE)
    library.user.set_played([note.row.id], Played.PLAYED)
    library.user.flush()
    put(writer, source_id, record(BASE, size=77))
    changed = only_note(reader, BASE)
    assert changed.row.id == note.row.id
    assert (changed.recording, changed.row.duration_ms) == (None, None)
    assert [path for _, path in writer.unmeasured(9)] == [b"/nowhere/x/a.opus"]
    hash_files(writer, source_id, {BASE: HASH_B})
    assert only_note(reader, BASE).row.played is Played.UNPLAYED
    put(writer, source_id, record(BASE, size=78))
    hash_files(writer, source_id, {BASE: HASH_A})
    assert only_note(reader, BASE).row.played is Played.PLAYED


def test_new_facts_about_an_unchanged_file_keep_what_was_measured(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """A note that moves to its chat is neither measured nor hashed again."""
    put(writer, source_id, record(BASE, duration_ms=1000, container="ogg/opus"))
    hash_files(writer, source_id, {BASE: HASH_A})
    before = only_note(reader, BASE)
    put(writer, source_id, record(BASE, chat_native_id="ana", chat_title="Ana"))
    after = only_note(reader, BASE)
    assert (after.row.id, after.key) == (before.row.id, before.key)
    assert after.row.chat_title == "Ana"
    assert (after.row.duration_ms, after.container) == (1000, "ogg/opus")
    assert after.recording == HASH_A.hex()
    assert [chat.title for chat in reader.chats()] == ["Ana"]


def test_removed_and_added_again_finds_the_marks(
    writer: IndexWriter, reader: Reader, source_id: SourceId, library: Library
) -> None:
    """Marks hang on the hash: they are back as soon as it is."""
    put(writer, source_id, record(BASE))
    hash_files(writer, source_id, {BASE: HASH_A})
    note = only_note(reader, BASE)
    library.user.set_position(note.row.id, 700, Played.HALF)
    library.user.flush()
    before = reader.revision()
    writer.remove_source(source_id)
    _, delta = reader.changes_since(before)
    assert (delta.reset, delta.sources) == (True, True)
    assert reader.sources() == []
    assert true_counts(library) == {}
    again = writer.add_source(b"/nowhere", SourceKind.FOLDER, "Nowhere", 80, [])
    assert again != source_id
    put(writer, again, record(BASE))
    fresh = only_note(reader, BASE)
    assert fresh.row.id != note.row.id
    assert fresh.key == note.key
    assert fresh.row.played is Played.UNPLAYED
    before = reader.revision()
    hash_files(writer, again, {BASE: HASH_A})
    row = only_note(reader, BASE).row
    assert (row.played, row.position_ms) == (Played.HALF, 700)
    (change,) = reader.changes_since(before)[1].changes
    assert (change.id, change.played) == (row.id, Played.HALF)


def test_measuring_counts_and_is_not_asked_again(
    writer: IndexWriter, reader: Reader, source_id: SourceId, library: Library
) -> None:
    """A length arrives in the totals; a file without one is left alone."""
    put(
        writer,
        source_id,
        record(BASE, sent_ms=START_MS),
        record(b"x/b.opus", sent_ms=START_MS + 1),
        record(b"x/half.opus", state=NoteState.PARTIAL),
    )
    todo = writer.unmeasured(9)
    assert [path for _, path in todo] == [b"/nowhere/x/b.opus", b"/nowhere/x/a.opus"]
    assert writer.unmeasured(1) == todo[:1]
    assert writer.unhashed(9) == []
    before = reader.revision()
    writer.measured([Measured(todo[0][0], "ogg/opus", 1500), Measured(todo[1][0])])
    assert writer.unmeasured(9) == []
    assert reader.totals().duration_ms == 1500
    assert len(reader.changes_since(before)[1].changes) == 1
    assert [size for *_, size in writer.unhashed(9)] == [1000, 1000]
    assert true_counts(library)
    writer.measured([Measured(todo[0][0], duration_ms=100), Measured(10**6, "x", 5)])
    assert reader.totals().duration_ms == 100


def test_a_fault_found_later_makes_the_note_unreadable(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """It stays visible, with its reason, and is a problem."""
    put(writer, source_id, record(BASE))
    ((file_id, _),) = writer.unmeasured(9)
    writer.measured([Measured(file_id, state=NoteState.UNREADABLE, reason="is a text")])
    (problem,) = reader.problems()
    assert (problem.path, problem.reason) == (BASE, "is a text")
    assert (reader.totals().notes, reader.totals().problems) == (1, 1)
    assert writer.unhashed(9) == []


def test_a_bare_hash_is_no_news(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """100,000 hashes must not wake the tree 100,000 times."""
    put(writer, source_id, record(BASE, duration_ms=5))
    before = reader.revision()
    hash_files(writer, source_id, {BASE: HASH_A})
    assert reader.revision() == before
    assert writer.unhashed(9) == []


def test_partial_files_become_notes_when_whole(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """A partial file is hidden but listed; the same note appears when it is whole."""
    put(writer, source_id, record(BASE, state=NoteState.PARTIAL, reason="is cut off"))
    assert reader.chats() == []
    (problem,) = reader.problems()
    assert (problem.state, problem.reason) == (NoteState.PARTIAL, "is cut off")
    before = reader.revision()
    put(writer, source_id, record(BASE, size=2000))
    assert reader.problems() == []
    (change,) = reader.changes_since(before)[1].changes
    assert (change.id, change.visible, change.problem) == (problem.note_id, True, False)


def test_an_unchanged_folder_is_no_news(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Only its time is kept."""
    put(writer, source_id, record(BASE))
    before = reader.revision()
    writer.apply(source_id, b"x", 99, [], [])
    assert writer.folders(source_id) == {b"x": 99}
    assert reader.revision() == before


def test_files_named_finds_what_files_in_lists(
    writer: IndexWriter, source_id: SourceId
) -> None:
    """Missing files and other folders are left out by both."""
    put(writer, source_id, *(record(p) for p in (b"x/a", b"x/b", b"y/c")))
    ids = file_ids(writer, source_id, b"x")
    writer.apply(source_id, b"x", 2, [], [ids[b"b"]])
    found = writer.files_named(source_id, b"x", [b"a", b"b", b"c"])
    assert found == writer.files_in(source_id, b"x")
    assert [(f.folder, f.name, f.state) for f in found] == [(b"x", b"a", "ready")]


def test_a_batch_is_one_transaction(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """All calls inside are one change; an exception undoes them all."""
    before = reader.revision()
    with writer.batch():
        writer.apply(source_id, b"x", 1, [record(b"x/a")], [])
        writer.apply(source_id, b"y", 1, [record(b"y/b")], [])
        assert reader.totals().notes == 0
    assert reader.revision() == before + 1
    assert reader.totals().notes == 2
    with pytest.raises(LibraryError):
        _drop_and_fail(writer, source_id)
    assert reader.totals().notes == 2
    assert reader.revision() == before + 1


def _drop_and_fail(writer: IndexWriter, source_id: SourceId) -> None:
    with writer.batch():
        writer.drop_folders(source_id, [b"x", b"y"])
        writer.remove_source(source_id)
        put(writer, source_id, record(b"x/c"))


def test_source_states_mask_and_are_told(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Going offline hides all notes at once and brings them back unchanged."""
    put(writer, source_id, record(BASE, duration_ms=9), record(b"y/b"))
    shown = (reader.totals(), reader.chats())
    note_id = only_note(reader, BASE).row.id
    before = reader.revision()
    writer.set_source_state(source_id, SourceState.OFFLINE, "the folder is gone")
    revision, delta = reader.changes_since(before)
    assert (delta.reset, delta.sources) == (True, True)
    assert reader.chats() == []
    assert (reader.totals().notes, reader.totals().problems) == (0, 1)
    for kind in (GroupKind.UNPLAYED, GroupKind.RECENT, GroupKind.PROBLEMS):
        assert not reader.keys(Group(kind)).ids
    chat_id = shown[1][0].id
    assert not reader.keys(Group(GroupKind.CHAT, chat_id)).ids
    assert not reader.keys(Group(GroupKind.MONTH, chat_id, 202408)).ids
    assert reader.months(chat_id) == []
    assert reader.group_totals(Group(GroupKind.CHAT, chat_id)) == (0, 0, 0)
    assert reader.oldest_unplayed() is None
    assert reader.neighbour(note_id, 1) is None
    assert list(reader.all_notes(states=list(NoteState))) == []
    assert reader.note(note_id) is not None
    (problem,) = reader.problems()
    assert (problem.path, problem.reason) == (b"", "the folder is gone")
    writer.set_source_state(source_id, SourceState.OFFLINE, "the folder is gone")
    assert reader.revision() == revision
    assert writer.unmeasured(9) == []
    writer.set_source_state(
        source_id, SourceState.OK, "", watch=WatchMode.POLLING, watch_reason="network"
    )
    assert (reader.totals(), reader.chats()) == shown
    revision = reader.revision()
    writer.set_source_state(source_id, SourceState.OK, "", watch=WatchMode.LIVE)
    _, delta = reader.changes_since(revision)
    assert (delta.reset, delta.sources, delta.changes) == (False, True, ())
    assert reader.sources()[0].watch is WatchMode.LIVE


def test_a_change_in_a_masked_source_is_hidden(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The tree must not show a note whose source is away."""
    put(writer, source_id, record(BASE))
    writer.set_source_state(source_id, SourceState.OFFLINE, "gone")
    before = reader.revision()
    put(writer, source_id, record(b"x/b.opus"), record(b"x/c", state=NoteState.PARTIAL))
    changes = reader.changes_since(before)[1].changes
    assert [(c.visible, c.problem) for c in changes] == [(False, False)] * 2


def test_the_first_scan_is_news_and_later_ones_are_not(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """A periodic reconciliation that finds nothing wakes nobody."""
    before = reader.revision()
    writer.set_scanned(source_id, 5)
    revision, delta = reader.changes_since(before)
    assert delta.sources
    writer.set_scanned(source_id, 6)
    assert reader.revision() == revision
    assert reader.sources()[0].scanned_ms == 6


def test_a_new_title_of_a_chat_resets(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Every row of the chat shows it; a less certain title changes nothing."""
    put(writer, source_id, record(BASE, chat_native_id="7", chat_title="Group 7"))
    before = reader.revision()
    put(
        writer,
        source_id,
        record(b"x/b", chat_native_id="7", chat_title="Fun", chat_confidence=0.9),
    )
    assert reader.changes_since(before)[1].reset
    before = reader.revision()
    put(writer, source_id, record(b"x/c", chat_native_id="7", chat_title="Group 7"))
    assert not reader.changes_since(before)[1].reset
    assert [chat.title for chat in reader.chats()] == ["Fun"]


def test_peaks_are_kept_with_the_recording(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Both notes of a forwarded message show the waveform, and are told of it."""
    put(writer, source_id, record(BASE), record(b"x/b.opus"))
    hash_files(writer, source_id, {BASE: HASH_A, b"x/b.opus": HASH_A})
    a, b = only_note(reader, BASE), only_note(reader, b"x/b.opus")
    before = reader.revision()
    writer.set_peaks(a.row.id, b"\x00\xff", -23.5)
    writer.set_peaks(a.row.id, b"\x01\xff")  # which leaves the loudness
    shown = only_note(reader, b"x/b.opus")
    assert (shown.peaks, shown.lufs) == (b"\x01\xff", -23.5)
    assert shown.row.wave == b"\x01" * 6 + b"\xff" * 6
    assert reader.rows([b.row.id])[0].wave == shown.row.wave
    changed = {change.id for change in reader.changes_since(before)[1].changes}
    assert changed == {a.row.id, b.row.id}
    writer.set_peaks(NoteId(999), b"\x01")


def test_a_removed_source_can_not_be_written_to(
    writer: IndexWriter, source_id: SourceId
) -> None:
    """Another process may have removed it meanwhile."""
    writer.remove_source(source_id)
    with pytest.raises(LibraryError, match="removed"):
        put(writer, source_id, record(BASE))
    writer.set_source_state(source_id, SourceState.OK, "")
    writer.set_scanned(source_id, 1)


def test_a_copy_with_new_facts_stays_with_its_base(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """Seen again, also after it was away, it is the copy that it was."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    hash_files(writer, source_id, {BASE: HASH_A, COPY: HASH_A})
    copy = record(COPY, base_name=b"a.opus", chat_title="Other", duration_ms=7)
    put(writer, source_id, copy)
    ids = file_ids(writer, source_id, b"x")
    writer.apply(source_id, b"x", 2, [], [ids[COPY[2:]]])
    put(writer, source_id, copy)
    note = only_note(reader, BASE)
    assert [file.path for file in note.files] == [BASE, COPY]
    assert (reader.totals().notes, note.row.duration_ms) == (1, None)


def test_one_name_is_one_sender_and_of_one_name_the_last_record_counts(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """In one call and over several."""
    ana, bob = record(b"x/a", sender="Ana"), record(b"x/a", sender="Bob")
    put(writer, source_id, ana, bob, record(b"x/b", sender="Ana"))
    put(writer, source_id, record(b"x/c", sender="Ana", file_id=10**6))
    senders = [only_note(reader, p).row.sender for p in (b"x/a", b"x/b", b"x/c")]
    assert senders == ["Bob", "Ana", "Ana"]


def test_a_length_in_a_batch_that_changed_the_note_is_counted_once(
    writer: IndexWriter, reader: Reader, source_id: SourceId, library: Library
) -> None:
    """The short way of writing lengths is not taken then."""
    put(writer, source_id, record(BASE))
    ((file_id, _),) = writer.unmeasured(1)
    with writer.batch():
        put(writer, source_id, record(BASE, chat_native_id="ana"))
        writer.measured([Measured(file_id, duration_ms=5)])
        writer.measured([Measured(file_id, duration_ms=6)])
        writer.measured([Measured(file_id, duration_ms=7, content_hash=HASH_A)])
    assert reader.totals().duration_ms == 7
    assert [counts[3] for counts in true_counts(library).values()] == [7]
    writer.measured([Measured(10**6, content_hash=HASH_B)])


def test_a_hash_for_a_file_that_is_missing_is_kept(
    writer: IndexWriter, reader: Reader, source_id: SourceId
) -> None:
    """The file went away between reading and telling."""
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    ids = file_ids(writer, source_id, b"x")
    writer.apply(source_id, b"x", 2, [], list(ids.values()))
    writer.measured([Measured(i, content_hash=HASH_A) for i in ids.values()])
    assert only_note(reader, BASE).recording == HASH_A.hex()
    put(writer, source_id, record(BASE), record(COPY, base_name=b"a.opus"))
    assert len(only_note(reader, BASE).files) == 2
