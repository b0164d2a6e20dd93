"""The tree by sender, time and tag, in other orders, and while a search is on."""

from __future__ import annotations

import pytest

from tests.support.memory_library import START_MS, MemoryLibrary
from tests.support.views import DAY, chat, go, made, search, shown, view
from tui.answers import SavedSearch
from tui.browse import NodeItem, NoteItem, RowKey, TreeModel
from tui.model import (
    ChatId,
    Group,
    GroupBy,
    GroupKind,
    LibraryDelta,
    NoteId,
    NoteState,
    Played,
    Sort,
)

UNPLAYED = Group(GroupKind.UNPLAYED)
STARRED = Group(GroupKind.STARRED)
SEARCH = Group(GroupKind.SEARCH, query="is:unplayed")
SMART = ["Unplayed", "Recent"]


# -- smart nodes


def test_starred_stands_second_while_there_is_one() -> None:
    """It comes with the first star, is patched, and goes with the last."""
    library, tree = made()
    library.put(103, 1, START_MS, star=True)
    tree.apply(library.change(103))
    assert shown(tree)[:3] == ["Unplayed", "Starred", "Recent"]
    tree.set_open(STARRED, is_open=True)
    library.put(204, 2, library.notes[NoteId(204)].order_ms, star=True)
    tree.apply(library.change(204))
    assert shown(tree)[:4] == ["Unplayed", "Starred", "  204", "  103"]
    library.put(204, 2, library.notes[NoteId(204)].order_ms, star=False)
    library.put(103, 1, START_MS, star=False)
    tree.apply(library.change(204, 103))
    assert shown(tree)[:2] == SMART
    assert not tree.is_doubtful


def test_saved_searches_stand_below_the_smart_nodes() -> None:
    """With the totals that they are told, and what they find below them."""
    library, tree = made()
    library.searches = [SavedSearch(2, "new", "is:unplayed", 9, 8, 7)]
    tree.load()
    assert shown(tree)[:3] == [*SMART, "new"]
    node = tree.items(2, 1)[0]
    assert isinstance(node, NodeItem)
    assert (node.notes, node.unplayed, node.duration_ms) == (9, 8, 7)
    group = Group(GroupKind.SAVED, number=2)
    go(tree, 203, group)
    library.put(202, 2, library.notes[NoteId(202)].order_ms, played=Played.PLAYED)
    library.put(203, 2, library.notes[NoteId(203)].order_ms, played=Played.PLAYED)
    tree.apply(library.change(202, 203))
    assert "  202" not in shown(tree)
    assert tree.cursor == RowKey(group, NoteId(203))
    tree.move_to(0)
    assert "  203" not in shown(tree)
    counted = [SavedSearch(3, "a", "x", 1, 1, 1), *library.searches]
    tree.update_searches(counted)
    assert shown(tree)[2:4] == ["a", "new"]
    tree.update_searches([])
    assert shown(tree) == [*SMART, "Chat 2", "Chat 1"]


def test_collections_stand_before_saved_searches() -> None:
    """In their own order; another note takes the place of one that went."""
    library, tree = made()
    library.searches = [SavedSearch(2, "new", "is:unplayed", 9, 8, 7)]
    library.collected = {"x": [NoteId(103), NoteId(201), NoteId(105)]}
    tree.load()
    assert shown(tree)[:4] == [*SMART, "x", "new"]
    group = Group(GroupKind.COLLECTION, number=1)
    go(tree, 201, group)
    tree.set_sort(Sort.LONGEST)
    assert shown(tree)[2:6] == ["x", "  103", "  201", "  105"]
    library.collected = {"x": [NoteId(201), NoteId(103), NoteId(105)]}
    tree.apply(library.change(103, 201))
    assert shown(tree)[2:6] == ["x", "  201", "  103", "  105"]
    assert tree.cursor == RowKey(group, NoteId(201))
    library.collected = {"x": [NoteId(201), NoteId(104)]}
    tree.update_collections(library.collections())  # the change tells of neither
    assert shown(tree)[2:5] == ["x", "  201", "  104"]
    tree.update_collections([])
    assert shown(tree)[2] == "new"
    assert tree.key_at(tree.cursor_row) == tree.cursor


def test_the_cursor_leaves_a_saved_search_that_was_removed() -> None:
    """It stays where it was on the screen."""
    library, tree = made()
    library.searches = [SavedSearch(2, "new", "is:unplayed")]
    tree.load()
    go(tree, 203, Group(GroupKind.SAVED, number=2))
    tree.update_searches([])
    assert tree.key_at(tree.cursor_row) == tree.cursor


# -- views


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        (GroupBy.CHAT, ["Chat 2", "Chat 1"]),
        (GroupBy.SENDER, ["Bob", "Ana"]),
        (GroupBy.SOURCE, ["here"]),
        (GroupBy.WEEK, ["Week 34, 2024: 19 to 25 Aug", "Week 33, 2024: 12 to 18 Aug"]),
        (GroupBy.MONTH, ["August 2024"]),
        (GroupBy.TAG, ["No tag", "#[/]"]),
        (
            GroupBy.DAY,
            [
                "Tue 20 August 2024",
                "Mon 19 August 2024",
                "Sun 18 August 2024",
                "Sat 17 August 2024",
                "Fri 16 August 2024",
            ],
        ),
    ],
    ids=lambda value: value.name if isinstance(value, GroupBy) else "",
)
def test_each_view_has_its_groups(by: GroupBy, labels: list[str]) -> None:
    """Below the smart nodes, the newest first."""
    library, tree = made()
    library.put(101, 1, START_MS + DAY + 3_600_000, tags=("[/]",))
    tree.apply(library.change(101))
    view(library, tree, by)
    assert shown(tree)[2:] == labels
    assert tree.view is by


def test_who_sent_it_may_not_be_known() -> None:
    """The group of these is named so."""
    library, tree = made()
    library.put(101, 1, START_MS + 99 * DAY, sender=None)
    tree.load()
    view(library, tree, GroupBy.SENDER)
    assert shown(tree)[2] == "Unknown sender"


@pytest.mark.parametrize("by", [by for by in GroupBy if by is not GroupBy.CHAT])
def test_the_cursor_goes_with_its_note_into_each_view_and_back(by: GroupBy) -> None:
    """What it is below is opened; what was open before is so again."""
    library, tree = made()
    go(tree, 103)
    before = shown(tree)
    view(library, tree, by)
    assert tree.cursor.note_id == 103
    assert tree.cursor.group.kind not in {GroupKind.CHAT, GroupKind.MONTH}
    assert tree.key_at(tree.cursor_row) == tree.cursor
    view(library, tree, GroupBy.CHAT)
    assert tree.cursor == RowKey(chat(1), NoteId(103))
    assert shown(tree) == before


def test_the_cursor_stays_in_a_smart_node() -> None:
    """They are the same in every view."""
    library, tree = made()
    go(tree, 103, UNPLAYED)
    view(library, tree, GroupBy.DAY)
    assert tree.cursor == RowKey(UNPLAYED, NoteId(103))


def test_from_a_chat_the_cursor_goes_to_the_first_group() -> None:
    """Its note is not one."""
    library, tree = made()
    tree.move_to(3)
    view(library, tree, GroupBy.SENDER)
    assert shown(tree)[tree.cursor_row] == "Bob"


def test_an_open_bucket_is_patched_and_counted_from_outside() -> None:
    """A note that leaves it for another is followed."""
    library, tree = made()
    view(library, tree, GroupBy.SENDER)
    go(tree, 103)
    assert tree.cursor.group.kind is GroupKind.SENDER
    library.put(103, 1, library.notes[NoteId(103)].order_ms, sender="Ana")
    library.put(106, 1, START_MS + 9 * DAY, sender="Bob")
    tree.apply(library.change(103, 106))
    assert shown(tree)[2:4] == ["Bob", "  106"]
    assert "  103" in shown(tree)[shown(tree).index("Ana") :]
    assert tree.cursor.note_id == 103
    tree.update_buckets(GroupBy.SENDER, library.buckets(GroupBy.SENDER))
    assert tree.cursor.note_id == 103
    tree.update_buckets(GroupBy.TAG, library.buckets(GroupBy.TAG))
    assert shown(tree)[2] == "Bob"
    tree.apply(LibraryDelta(reset=True))
    assert tree.cursor.note_id == 103


def test_a_note_that_lost_its_tag_is_not_followed() -> None:
    """Whoever takes tags away goes on to the next note."""
    library, tree = made()
    for note_id in (101, 102, 103):
        library.put(note_id, 1, START_MS + note_id * DAY, tags=("a",))
    tree.load()
    view(library, tree, GroupBy.TAG)
    go(tree, 102)
    library.put(102, 1, START_MS + 102 * DAY, tags=())
    tree.apply(library.change(102))
    assert tree.cursor.note_id == 101
    assert tree.cursor.group.number == 1


def test_a_bucket_that_is_gone_gives_the_cursor_away() -> None:
    """To the row that is there now."""
    library, tree = made()
    view(library, tree, GroupBy.DAY)
    go(tree, 101)
    for note_id in (101, 201):
        library.put(note_id, note_id // 100, START_MS, state=NoteState.MISSING)
    tree.apply(library.change(101, 201))
    tree.update_buckets(GroupBy.DAY, library.buckets(GroupBy.DAY))
    assert tree.key_at(tree.cursor_row) == tree.cursor
    assert "Fri 16 August 2024" not in shown(tree)


# -- orders


def notes_in(tree: TreeModel, group: Group) -> list[int]:
    """List the notes of a group as the rows have them."""
    return [
        item.note_id
        for item in tree.items(0, tree.count)
        if isinstance(item, NoteItem) and item.group == group
    ]


@pytest.mark.parametrize(
    ("sort", "chats", "notes"),
    [
        (Sort.NEWEST, ["Chat 2", "Chat 1"], [105, 104, 103, 102, 101]),
        (Sort.OLDEST, ["Chat 1", "Chat 2"], [101, 102, 103, 104, 105]),
        (Sort.LONGEST, ["Chat 1", "Chat 2"], [103, 105, 104, 102, 101]),
        (Sort.UNPLAYED, ["Chat 2", "Chat 1"], [104, 102, 101, 105, 103]),
    ],
)
def test_notes_and_chats_come_in_each_order(
    sort: Sort, chats: list[str], notes: list[int]
) -> None:
    """The cursor stays on its note."""
    library, tree = made()
    for note_id, length in ((103, 9_000), (105, 5_000)):
        order = library.notes[NoteId(note_id)].order_ms
        library.put(note_id, 1, order, played=Played.PLAYED, duration_ms=length)
    tree.load()
    go(tree, 102)
    tree.set_sort(sort)
    assert [line for line in shown(tree) if line.startswith("Chat")] == chats
    assert notes_in(tree, chat(1)) == notes
    assert tree.cursor == RowKey(chat(1), NoteId(102))
    assert tree.sort is sort


@pytest.mark.parametrize("sort", [sort for sort in Sort if sort is not Sort.NEWEST])
def test_changes_are_taken_in_in_each_order(sort: Sort) -> None:
    """Also of what a change does not tell: its former place in that order."""
    library, tree = made()
    for group in (chat(1), UNPLAYED, Group(GroupKind.RECENT)):
        tree.set_open(group, is_open=True)
    tree.set_sort(sort)
    go(tree, 104)
    many = range(1, 30)
    for i in many:
        library.put(
            100 + i,
            1,
            START_MS + i * 7919 % 30 * DAY,
            duration_ms=i * 31 % 7 * 1000,
            played=Played(i % 3),
            state=NoteState.MISSING if i % 5 == 2 else NoteState.READY,
        )
    for some in ((101, 102, 103), tuple(100 + i for i in many)):
        tree.apply(library.change(*some))
    for group in (chat(1), Group(GroupKind.RECENT)):
        assert notes_in(tree, group) == list(library.keys(group, sort).ids)
    assert not tree.is_doubtful
    assert tree.key_at(tree.cursor_row) == tree.cursor


def test_chats_fold_by_month_only_by_time() -> None:
    """The cursor goes from the month into the chat, and back."""
    library = MemoryLibrary()
    for i in range(1, 41):
        library.put(100 + i, 1, START_MS + i * DAY)
    tree = TreeModel(library, fold_at=30)
    tree.load()
    go(tree, 105)
    assert tree.cursor.group.kind is GroupKind.MONTH
    tree.set_sort(Sort.LONGEST)
    assert not tree.is_folded(ChatId(1))
    assert tree.cursor == RowKey(chat(1), NoteId(105))
    tree.set_sort(Sort.LONGEST)
    tree.set_sort(Sort.NEWEST)
    assert tree.is_folded(ChatId(1))
    assert tree.cursor.note_id == 105
    assert tree.cursor.group.kind is GroupKind.MONTH


def test_buckets_come_in_each_order() -> None:
    """By their totals."""
    library, tree = made()
    library.put(104, 1, START_MS, duration_ms=99_000)
    tree.load()
    view(library, tree, GroupBy.SENDER)
    orders = []
    for sort in Sort:
        tree.set_sort(sort)
        orders.append(shown(tree)[2:])
    assert orders == [["Bob", "Ana"], ["Ana", "Bob"], ["Ana", "Bob"], ["Bob", "Ana"]]


# -- searches


def test_a_search_stands_alone_and_everything_comes_back() -> None:
    """Open groups, the cursor and the order of the rows."""
    library, tree = made()
    tree.set_open(chat(1), is_open=True)
    go(tree, 103, UNPLAYED)
    before = shown(tree)
    library.put(202, 2, START_MS, title="flour and eggs")
    library.put(104, 1, START_MS + 1, title="flour")
    tree.load()
    group = search(library, tree, "flour")
    assert shown(tree) == ["Search: flour", "  104", "  202"]
    assert (tree.cursor, tree.search) == (RowKey(group, NoteId(104)), group)
    tree.move_to(2)
    group = search(library, tree, "flour and")
    assert shown(tree) == ["Search: flour and", "  202"]
    assert tree.cursor == RowKey(group, NoteId(202))
    search(library, tree, "flour")
    assert tree.cursor.note_id == 202
    search(library, tree, "none")
    assert shown(tree) == ["Search: none"]
    search(library, tree, "flour")
    assert tree.cursor.note_id == 104
    tree.end_search(stay=False)
    assert sorted(shown(tree)) == sorted(before)
    assert tree.cursor == RowKey(UNPLAYED, NoteId(103))
    assert tree.search is None


def test_the_cursor_may_stay_on_what_was_found() -> None:
    """In its chat, or where the view has it."""
    library, tree = made()
    for by in (GroupBy.CHAT, GroupBy.SENDER):
        view(library, tree, by)
        tree.move_to(0)
        search(library, tree, "")
        tree.move_to(4)
        note_id = tree.cursor.note_id
        tree.end_search(stay=True)
        assert tree.cursor.note_id == note_id
        assert tree.cursor.group.kind in {GroupKind.CHAT, GroupKind.SENDER}
        assert tree.key_at(tree.cursor_row) == tree.cursor


def test_without_a_hit_the_cursor_goes_back() -> None:
    """There is nothing to stay on."""
    library, tree = made()
    go(tree, 103)
    search(library, tree, "none")
    tree.end_search(stay=True)
    assert tree.cursor == RowKey(chat(1), NoteId(103))
    tree.end_search(stay=True)
    assert tree.cursor == RowKey(chat(1), NoteId(103))


def test_a_search_lives() -> None:
    """What changes is found or lost; what is under it is kept up to date too."""
    library, tree = made()
    tree.set_open(chat(1), is_open=True)
    go(tree, 103)
    search(library, tree, "is:unplayed")
    assert tree.count == 11
    tree.move_to(2)
    assert tree.cursor == RowKey(SEARCH, NoteId(105))
    for note_id in (105, 104):
        order = library.notes[NoteId(note_id)].order_ms
        library.put(note_id, 1, order, played=Played.PLAYED)
    library.put(103, 1, START_MS, state=NoteState.MISSING)
    library.put(110, 1, START_MS + 99 * DAY)
    tree.apply(library.change(105, 104, 103, 110))
    assert shown(tree)[1:4] == ["  110", "  205", "  105"]
    assert tree.cursor == RowKey(SEARCH, NoteId(105))
    tree.move_to(1)
    assert notes_in(tree, SEARCH) == list(library.keys(SEARCH).ids)
    tree.apply(LibraryDelta(reset=True))
    assert notes_in(tree, SEARCH) == list(library.keys(SEARCH).ids)
    tree.end_search(stay=False)
    assert notes_in(tree, chat(1)) == [110, 105, 104, 102, 101]
    assert tree.cursor == RowKey(chat(1), NoteId(102))


def test_a_view_may_change_beneath_a_search() -> None:
    """It shows when the search ends; a note is only revealed among what was found."""
    library, tree = made()
    search(library, tree, "")
    view(library, tree, GroupBy.SENDER)
    tree.set_sort(Sort.OLDEST)
    assert shown(tree)[:2] == ["Search", "  101"]
    assert tree.reveal(NoteId(104)) is not None
    assert tree.cursor.note_id == 104
    assert tree.reveal(NoteId(999)) is None
    tree.end_search(stay=False)
    assert shown(tree)[2:] == ["Ana", "Bob"]


def test_a_search_can_be_closed_and_opened() -> None:
    """Its notes are read again then."""
    library, tree = made()
    group = search(library, tree, "")
    tree.set_open(group, is_open=False)
    assert shown(tree) == ["Search"]
    tree.set_open(group, is_open=True)
    assert tree.count == 11
