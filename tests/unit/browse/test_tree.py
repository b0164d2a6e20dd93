"""The tree as rows: what shows where, and what live changes do to it."""

from __future__ import annotations

from array import array

import pytest

from tests.support.memory_library import START_MS, MemoryLibrary
from tui.browse import NodeItem, NoteItem, RowKey, TreeModel
from tui.library._api import NoteKeys
from tui.model import (
    ChatId,
    Group,
    GroupKind,
    LibraryDelta,
    NoteId,
    NoteState,
    Played,
    Sort,
)

DAY = 86_400_000
UNPLAYED = Group(GroupKind.UNPLAYED)
RECENT = Group(GroupKind.RECENT)
PROBLEMS = Group(GroupKind.PROBLEMS)


def chat(number: int) -> Group:
    """Name the group of a chat."""
    return Group(GroupKind.CHAT, ChatId(number))


def made(
    notes: dict[int, int], *, fold_at: int = 60
) -> tuple[MemoryLibrary, TreeModel]:
    """Make a library with so many notes by chat, a day apart, and its tree.

    The ids are the chat's number times 100 plus 1, 2, 3 from the oldest on.
    """
    library = MemoryLibrary()
    for number, many in notes.items():
        for i in range(1, many + 1):
            library.put(number * 100 + i, number, START_MS + number * 1000 + i * DAY)
    tree = TreeModel(library, fold_at=fold_at)
    tree.load()
    return library, tree


def shown(tree: TreeModel) -> list[str]:
    """Write all rows in short: names of groups, ids of notes."""
    lines = []
    for item in tree.items(0, tree.count):
        if isinstance(item, NodeItem):
            lines.append("  " * item.depth + item.label)
        else:
            assert item.row is not None
            lines.append("  " * item.depth + str(item.note_id))
    return lines


def test_the_first_rows_are_smart_nodes_and_chats_newest_first() -> None:
    """Nothing is open at the start, and no note is read."""
    library, tree = made({1: 2, 2: 3})
    assert shown(tree) == ["Unplayed", "Recent", "Chat 2", "Chat 1"]
    assert (library.asked, library.read_whole) == (0, 0)
    node = tree.items(2, 1)[0]
    assert isinstance(node, NodeItem)
    assert (node.notes, node.unplayed, node.duration_ms) == (3, 3, 126_000)


def test_an_empty_library_has_no_rows() -> None:
    """The first note that arrives makes them, with the cursor on the first."""
    library, tree = made({})
    assert tree.count == 0
    library.put(1, 1, START_MS)
    tree.apply(library.change(1))
    assert shown(tree) == ["Unplayed", "Recent", "Chat 1"]
    assert (tree.cursor, tree.cursor_row) == (RowKey(UNPLAYED), 0)


def test_an_open_chat_shows_its_notes_newest_first() -> None:
    """A chat with few notes has them right below it."""
    _, tree = made({1: 2, 2: 1})
    assert tree.set_open(chat(1), is_open=True)
    assert shown(tree)[2:] == ["Chat 1", "  102", "  101", "Chat 2"]
    assert not tree.set_open(chat(1), is_open=True)
    assert tree.set_open(chat(1), is_open=False)
    assert tree.count == 4


def test_a_long_chat_folds_by_month() -> None:
    """Months are closed at first; closing the chat remembers which were open."""
    _, tree = made({1: 40}, fold_at=30)
    tree.set_open(chat(1), is_open=True)
    assert shown(tree)[2:] == ["Chat 1", "  September 2024", "  August 2024"]
    tree.set_open(Group(GroupKind.MONTH, ChatId(1), 202408), is_open=True)
    assert tree.count == 5 + 16
    tree.set_open(chat(1), is_open=False)
    tree.set_open(chat(1), is_open=True)
    assert tree.count == 5 + 16


def test_closing_a_group_takes_the_cursor_out_of_it() -> None:
    """From a note in a month to the chat whose rows went away."""
    _, tree = made({1: 40}, fold_at=30)
    assert tree.reveal(NoteId(105)) is not None
    assert tree.cursor.note_id == 105
    tree.set_open(chat(1), is_open=False)
    assert tree.cursor == RowKey(chat(1))


def test_a_new_note_shows_and_the_cursor_stays_on_its_note() -> None:
    """Above the cursor there is one row more."""
    library, tree = made({1: 3})
    tree.set_open(chat(1), is_open=True)
    tree.move_to(4)
    assert tree.cursor == RowKey(chat(1), NoteId(102))
    library.put(104, 1, START_MS + 9 * DAY)
    tree.apply(library.change(104))
    assert shown(tree)[2:] == ["Chat 1", "  104", "  103", "  102", "  101"]
    assert (tree.cursor.note_id, tree.cursor_row) == (102, 5)
    assert library.read_whole == 1


def test_rows_above_the_screen_do_not_move_it() -> None:
    """The patch tells by how much to scroll, so that what is read stands still."""
    library, tree = made({1: 30})
    tree.set_open(chat(1), is_open=True)
    tree.move_to(20)
    library.put(190, 1, START_MS + 99 * DAY)
    library.put(191, 1, START_MS + 98 * DAY)
    patch = tree.apply(library.change(190, 191), top=15, height=10)
    assert (patch.shift, patch.cursor_moved) == (2, False)


def test_a_note_that_leaves_gives_the_cursor_to_its_neighbour() -> None:
    """The next older, at the end the one before, in an empty group the group."""
    library, tree = made({1: 3, 2: 1})
    library.put(301, 3, START_MS, played=Played.PLAYED)
    tree.load()
    tree.set_open(UNPLAYED, is_open=True)
    tree.move_to(tree.index_of(RowKey(UNPLAYED, NoteId(102))) or 0)
    seen = []
    for gone in (102, 201, 101, 103):
        row = library.notes[NoteId(gone)]
        library.put(gone, row.chat_id, row.order_ms, state=NoteState.MISSING)
        patch = tree.apply(library.change(gone))
        seen.append((tree.cursor.note_id, patch.cursor_moved))
    assert seen == [(201, True), (101, True), (103, True), (None, True)]
    assert tree.cursor == RowKey(UNPLAYED)


def held() -> tuple[MemoryLibrary, TreeModel]:
    """Make a tree with the cursor on a note in Unplayed that was just played."""
    library, tree = made({1: 3, 2: 1})
    tree.set_open(UNPLAYED, is_open=True)
    tree.move_to(tree.index_of(RowKey(UNPLAYED, NoteId(102))) or 0)
    row = library.notes[NoteId(102)]
    library.put(102, 1, row.order_ms, played=Played.PLAYED)
    patch = tree.apply(library.change(102))
    assert (patch.cursor_moved, patch.note_changed) == (False, True)
    return library, tree


def test_a_note_that_was_played_stays_while_the_cursor_is_on_it() -> None:
    """What one listens to, or just marked, does not go away under the eyes."""
    library, tree = held()
    assert tree.cursor == RowKey(UNPLAYED, NoteId(102))
    assert shown(tree)[:5] == ["Unplayed", "  103", "  102", "  201", "  101"]
    node, _, note, *_ = tree.items(0, 3)
    assert isinstance(node, NodeItem)
    assert isinstance(note, NoteItem)
    assert node.notes == 3
    assert note.row is not None
    assert note.row.played is Played.PLAYED
    assert not tree.is_doubtful
    library.put(104, 1, START_MS + 9 * DAY)
    for delta in (library.change(104), LibraryDelta(reset=True)):
        tree.apply(delta)
        assert shown(tree)[:4] == ["Unplayed", "  104", "  103", "  102"]
        assert tree.cursor == RowKey(UNPLAYED, NoteId(102))


@pytest.mark.parametrize(("row", "cursor"), [(1, 103), (3, 201), (4, 101)])
def test_it_goes_when_the_cursor_leaves_it(row: int, cursor: int) -> None:
    """The cursor stays on what it was moved to."""
    _, tree = held()
    assert tree.move_to(row)
    assert shown(tree)[:4] == ["Unplayed", "  103", "  201", "  101"]
    assert tree.cursor == RowKey(UNPLAYED, NoteId(cursor))
    assert tree.key_at(tree.cursor_row) == tree.cursor


def test_it_goes_when_the_group_is_folded_or_shown_elsewhere() -> None:
    """And it is no stranger when it is marked unplayed again, or goes missing."""
    _, tree = held()
    tree.set_open(UNPLAYED, is_open=False)
    tree.set_open(UNPLAYED, is_open=True)
    assert "  102" not in shown(tree)
    _, tree = held()
    row = tree.reveal(NoteId(102))
    assert row == tree.cursor_row
    assert tree.key_at(tree.cursor_row) == RowKey(chat(1), NoteId(102))
    assert shown(tree).count("  102") == 1
    library, tree = held()
    order = library.notes[NoteId(102)].order_ms
    library.put(102, 1, order, played=Played.UNPLAYED)
    tree.apply(library.change(102))
    tree.move_to(0)
    assert "  102" in shown(tree)
    library, tree = held()
    library.put(102, 1, order, state=NoteState.MISSING)
    assert tree.apply(library.change(102)).cursor_moved
    assert "  102" not in shown(tree)


def test_the_cursor_follows_a_note_into_an_open_chat() -> None:
    """A note that an export names leaves `unmatched`; the cursor goes with it."""
    library, tree = made({1: 3, 2: 3})
    tree.set_open(chat(1), is_open=True)
    tree.set_open(chat(2), is_open=True)
    tree.move_to(tree.index_of(RowKey(chat(1), NoteId(102))) or 0)
    library.put(102, 2, START_MS + 2 * DAY)
    tree.apply(library.change(102))
    assert tree.cursor == RowKey(chat(2), NoteId(102))
    assert tree.items(tree.cursor_row, 1)[0].group == chat(2)


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("fold_at", [60, 2])
def test_the_cursor_opens_the_chat_that_its_note_goes_to(
    fold_at: int, *, is_told: bool
) -> None:
    """Also by month, and also when all that is told is to read everything again."""
    library, tree = made({1: 1, 2: 40}, fold_at=fold_at)
    tree.set_open(chat(1), is_open=True)
    tree.move_to(tree.index_of(RowKey(chat(1), NoteId(101))) or 0)
    library.put(101, 2, START_MS + 2 * DAY)
    told = library.change(101) if is_told else LibraryDelta(reset=True)
    tree.apply(told)
    assert tree.cursor.note_id == 101
    assert tree.cursor.group.chat_id == 2
    (item,) = tree.items(tree.cursor_row, 1)
    assert isinstance(item, NoteItem)
    assert item.note_id == 101


def test_a_hidden_note_opens_no_chat() -> None:
    """What can't be shown there is not followed."""
    library, tree = made({1: 1, 2: 3})
    tree.set_open(chat(1), is_open=True)
    tree.move_to(tree.index_of(RowKey(chat(1), NoteId(101))) or 0)
    library.put(101, 2, START_MS + 2 * DAY, state=NoteState.PARTIAL)
    tree.apply(library.change(101))
    assert not tree.is_open(chat(2))


def test_a_note_that_changes_place_is_not_shown_twice() -> None:
    """Its old place is not told by the change: the length of the group betrays it."""
    library, tree = made({1: 30})
    tree.set_open(chat(1), is_open=True)
    library.put(103, 1, START_MS + 77 * DAY)
    tree.apply(library.change(103))
    ids = [item.note_id for item in tree.items(3, 99) if isinstance(item, NoteItem)]
    assert ids[0] == 103
    assert len(ids) == len(set(ids)) == 30
    assert library.read_whole == 1


def test_a_group_that_stays_wrong_is_read_again() -> None:
    """What no change told shows in the length, and heals when it is asked to."""
    library, tree = made({1: 3})
    tree.set_open(chat(1), is_open=True)
    library.put(101, 1, START_MS, state=NoteState.MISSING)  # nobody says so
    library.put(110, 1, START_MS + 20 * DAY)
    tree.apply(library.change(110))
    assert tree.is_doubtful
    assert shown(tree)[3:] == ["  110", "  103", "  102", "  101"]
    tree.heal()
    assert shown(tree)[3:] == ["  110", "  103", "  102"]


def test_problems_show_only_when_there_are_any() -> None:
    """The node comes and goes, and the rows below it move."""
    library, tree = made({1: 1})
    tree.move_to(2)
    library.put(101, 1, START_MS, state=NoteState.UNREADABLE, reason="cut off")
    tree.apply(library.change(101))
    assert shown(tree) == ["Unplayed", "Recent", "Problems", "Chat 1"]
    assert (tree.cursor, tree.cursor_row) == (RowKey(chat(1)), 3)
    tree.set_open(PROBLEMS, is_open=True)
    assert shown(tree)[2:] == ["Problems", "  101", "Chat 1"]
    library.put(101, 1, START_MS, state=NoteState.READY)
    tree.apply(library.change(101))
    assert shown(tree) == ["Unplayed", "Recent", "Chat 1"]


def test_problems_change_while_they_show() -> None:
    """One more, and one that was read after all."""
    library, tree = made({1: 3})
    for note_id in (101, 102):
        library.put(note_id, 1, START_MS + note_id, state=NoteState.PARTIAL)
    tree.apply(library.change(101, 102))
    tree.set_open(PROBLEMS, is_open=True)
    library.put(101, 1, START_MS + 101, state=NoteState.READY)
    library.put(103, 1, START_MS + 103, state=NoteState.UNREADABLE)
    tree.apply(library.change(101, 103))
    assert shown(tree)[2:] == ["Problems", "  103", "  102", "Chat 1"]


def test_a_month_that_empties_gives_the_cursor_to_its_chat() -> None:
    """The parent, when neither note nor neighbour is left."""
    library, tree = made({1: 40}, fold_at=30)
    tree.reveal(NoteId(140))
    month = tree.cursor.group
    for row in library.notes_of(month):
        library.put(row.id, 1, row.order_ms, state=NoteState.MISSING)
    tree.apply(LibraryDelta(reset=True))
    assert tree.cursor == RowKey(chat(1))


def test_a_reset_finds_the_neighbour_of_a_note_that_is_gone() -> None:
    """As a change does."""
    library, tree = made({1: 4})
    tree.reveal(NoteId(102))
    del library.notes[NoteId(102)]
    patch = tree.apply(LibraryDelta(reset=True))
    assert patch.cursor_moved
    assert tree.cursor == RowKey(chat(1), NoteId(101))


def test_a_long_chat_within_one_month_does_not_fold() -> None:
    """One month would be one row more and nothing won."""
    library, tree = made({})
    for i in range(40):
        library.put(100 + i, 1, START_MS + i)
    tree.load()
    tree.set_open(chat(1), is_open=True)
    assert not tree.is_folded(ChatId(1))
    assert tree.count == 43


def test_rows_used_long_ago_are_given_up() -> None:
    """A walk through everything keeps what was seen last."""
    library, tree = made({1: 2600}, fold_at=9999)
    tree.set_open(chat(1), is_open=True)
    for row in range(0, 2600, 50):
        tree.items(row, 50)
    asked = library.asked
    tree.items(2500, 50)
    assert library.asked == asked
    tree.items(0, 50)
    assert library.asked > asked


def test_a_masked_source_takes_its_chats_and_brings_them_back_open() -> None:
    """A disk that was unplugged costs nothing but the place of the cursor."""
    library, tree = made({1: 2, 2: 2})
    tree.set_open(chat(2), is_open=True)
    tree.move_to(3)
    away = {i: library.notes.pop(i) for i in (NoteId(201), NoteId(202))}
    patch = tree.apply(LibraryDelta(reset=True, sources=True))
    assert patch.reset
    assert shown(tree) == ["Unplayed", "Recent", "Chat 1"]
    assert tree.cursor_row == 2
    library.notes.update(away)
    tree.apply(LibraryDelta(reset=True, sources=True))
    assert shown(tree)[2:] == ["Chat 2", "  202", "  201", "Chat 1"]


def test_a_chat_that_was_emptied_comes_back_open() -> None:
    """By a plain change, too; also one that folds by month."""
    library, tree = made({1: 2, 2: 40}, fold_at=30)
    for number in (1, 2):
        tree.set_open(chat(number), is_open=True)
        before = shown(tree)
        ids = [
            note_id for note_id, row in library.notes.items() if row.chat_id == number
        ]
        kept = [library.notes[note_id] for note_id in ids]
        for row in kept:
            library.put(row.id, number, row.order_ms, state=NoteState.MISSING)
        tree.apply(library.change(*ids))
        assert f"Chat {number}" not in shown(tree)
        for row in kept:
            library.put(row.id, number, row.order_ms, state=NoteState.READY)
        tree.apply(library.change(*ids))
        assert shown(tree) == before


def test_only_the_rows_on_the_screen_are_read() -> None:
    """Far jumps in a long chat ask for a few screens, not for what lies between."""
    library = MemoryLibrary()
    library.put(1, 1, START_MS)
    many = 5000
    library.notes.update(
        {NoteId(i): library.notes[NoteId(1)] for i in range(1, many + 1)}
    )
    tree = TreeModel(library, fold_at=many * 2)
    tree.load()
    orders = array("q", range(many, 0, -1))

    def keys(group: Group, sort: Sort = Sort.NEWEST) -> NoteKeys:
        return NoteKeys(orders, array("q", orders))

    library.keys = keys  # type: ignore[method-assign]  # a stub
    tree.set_open(chat(1), is_open=True)
    for row in (0, 2500, 4990):
        tree.items(row, 20)
    assert library.asked <= 3 * 3 * 20
    asked = library.asked
    tree.items(2501, 20)
    assert library.asked == asked


def test_next_and_previous_chat_stop_at_the_top_level() -> None:
    """From inside an open chat, back is its own row first."""
    _, tree = made({1: 3, 2: 3})
    tree.set_open(chat(2), is_open=True)
    assert [tree.chat_row(4, 1), tree.chat_row(4, -1), tree.chat_row(2, -1)] == [
        6,
        2,
        1,
    ]
    assert [tree.chat_row(6, 1), tree.chat_row(0, -1)] == [6, 0]


def test_the_parent_of_each_row() -> None:
    """A note hangs under its month, a month under its chat, a chat under nothing."""
    _, tree = made({1: 40}, fold_at=30)
    row = tree.reveal(NoteId(101))
    assert row is not None
    month = tree.parent_row(row)
    assert month is not None
    assert tree.key_at(month).group.kind is GroupKind.MONTH
    above = tree.parent_row(month)
    assert above == 2
    assert tree.parent_row(above) is None


def test_the_order_for_playing() -> None:
    """Open or not, the whole group is told, newest first."""
    _, tree = made({1: 3})
    assert tree.order(chat(1)) == [103, 102, 101]
    tree.set_open(chat(1), is_open=True)
    assert tree.order(chat(1)) == [103, 102, 101]
    assert tree.order(RECENT) == [103, 102, 101]


def test_revealing_what_is_not_there_changes_nothing() -> None:
    """An unknown note, and one that is hidden."""
    library, tree = made({1: 3})
    assert tree.reveal(NoteId(999)) is None
    library.put(201, 2, START_MS, state=NoteState.MISSING)
    assert tree.reveal(NoteId(201)) is None
    assert tree.count == 3


@pytest.mark.parametrize("many", [1, 9, 300])
def test_many_notes_at_once(many: int) -> None:
    """A burst is merged in one pass, with the same result as one by one."""
    library, tree = made({1: 50})
    tree.set_open(chat(1), is_open=True)
    ids = list(range(1000, 1000 + many))
    for note_id in ids:
        library.put(note_id, 1, START_MS + note_id * 7919 % 60 * DAY)
    tree.apply(library.change(*ids))
    wanted = [row.id for row in library.notes_of(chat(1))]
    assert tree.order(chat(1)) == wanted
    assert library.read_whole == 1


def test_a_change_without_notes_does_nothing() -> None:
    """E.g. the state of a source that was and stays there."""
    _, tree = made({1: 3})
    assert not tree.apply(LibraryDelta(sources=True)).reset


def test_a_note_that_just_went_shows_as_a_row_without_text() -> None:
    """Until the change that says so arrives."""
    library, tree = made({1: 2})
    tree.set_open(chat(1), is_open=True)
    del library.notes[NoteId(101)]
    item = tree.items(4, 1)[0]
    assert isinstance(item, NoteItem)
    assert item.row is None
