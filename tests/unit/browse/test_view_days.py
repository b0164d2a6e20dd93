"""Days in the tree, many stars, and what is gone meanwhile."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.support.memory_library import START_MS, MemoryLibrary
from tests.support.views import DAY, chat, go, made, search, shown, view
from tui.browse import NodeItem, NoteItem, RowKey, TreeModel
from tui.model import (
    Group,
    GroupBy,
    GroupKind,
    LibraryDelta,
    NoteId,
    NoteState,
    Sort,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

UNPLAYED = Group(GroupKind.UNPLAYED)
STARRED = Group(GroupKind.STARRED)
SEARCH = Group(GroupKind.SEARCH, query="is:unplayed")
SMART = ["Unplayed", "Recent"]


# -- days


@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.LONGEST])
@pytest.mark.parametrize("fold_at", [60, 3])
@pytest.mark.parametrize(
    ("day", "note_id"), [(18, 103), (20, 105), (25, 105), (16, 101), (15, None)]
)
def test_go_to_a_day_of_the_chat(
    day: int, note_id: int | None, fold_at: int, sort: Sort
) -> None:
    """The newest note of that day, or of the nearest before it."""
    library, tree = made(fold_at=fold_at)
    library.put(100, 1, START_MS - 60 * DAY)
    tree.load()
    tree.set_sort(sort)
    tree.move_to(tree.index_of(RowKey(chat(1))) or 0)
    if note_id is None:
        note_id = 100
    assert tree.go_to_day(date(2024, 8, day))
    assert tree.cursor.note_id == note_id
    assert tree.key_at(tree.cursor_row) == tree.cursor
    assert not tree.go_to_day(date(2020, 1, 1))
    assert tree.cursor.note_id == note_id


def walk(tree: TreeModel, steps: Iterable[int]) -> list[int | None]:
    """Step from day to day, and list where the cursor is then; None at an end."""
    return [tree.cursor.note_id if tree.step_day(step) else None for step in steps]


def test_days_are_stepped_through_in_a_smart_node() -> None:
    """To the newest note of each; days without a note are left out."""
    library, tree = made()
    for note_id in (103, 203):
        library.put(note_id, note_id // 100, START_MS, state=NoteState.MISSING)
    tree.load()
    tree.move_to(0)
    assert walk(tree, (1, -1, -1, -1, -1)) == [None, 205, 204, 202, 201]
    assert walk(tree, (-1, 1, 1, 1, 1)) == [None, 202, 204, 205, None]
    assert tree.cursor.group == UNPLAYED


def test_days_are_found_in_a_collection_too() -> None:
    """Whatever its order is."""
    library, tree = made()
    order = [NoteId(each) for each in (103, 205, 101, 204)]
    library.collected = {"x": order}
    tree.load()
    group = Group(GroupKind.COLLECTION, number=1)
    go(tree, 101, group)
    assert shown(tree)[2:7] == ["x", *(f"  {each}" for each in order)]
    assert walk(tree, (1, 1, 1, 1)) == [103, 204, 205, None]
    assert tree.go_to_day(date(2024, 8, 17))
    assert tree.cursor == RowKey(group, NoteId(101))
    assert not tree.go_to_day(date(2024, 8, 1))


@pytest.mark.parametrize("by", [GroupBy.DAY, GroupBy.WEEK, GroupBy.MONTH])
def test_days_are_stepped_through_in_a_view_by_time(by: GroupBy) -> None:
    """From one group into the next, in any order."""
    library, tree = made()
    view(library, tree, by)
    tree.set_sort(Sort.LONGEST)
    go(tree, 101)
    assert walk(tree, (1, 1, 1, 1, 1)) == [202, 203, 204, 205, None]
    assert walk(tree, (-1, -1, -1, -1, -1)) == [204, 203, 202, 201, None]
    assert tree.go_to_day(date(2024, 8, 18))
    assert tree.cursor.note_id == 203
    assert not tree.go_to_day(date(2024, 8, 1))


def test_days_of_a_search_and_of_nothing() -> None:
    """What was found is stepped through; an empty tree has no day."""
    library, tree = made()
    search(library, tree, "")
    assert walk(tree, (-1, -1, 1)) == [204, 203, 204]
    search(library, tree, "none")
    assert walk(tree, (-1, 1)) == [None, None]
    empty = TreeModel(MemoryLibrary())
    empty.load()
    assert not empty.go_to_day(date(2024, 8, 18))
    assert not empty.step_day(1)


def test_clocks_elsewhere_may_show_another_day() -> None:
    """The day is that of the clock where the note was sent, where that is known."""
    library = MemoryLibrary()
    noon = START_MS + 6 * 3_600_000
    for note_id, offset in ((1, 840), (2, 0), (3, -720), (4, 840)):
        library.put(note_id, 1, noon + note_id * 1000, offset_min=offset)
    tree = TreeModel(library)
    tree.load()
    tree.move_to(tree.index_of(RowKey(chat(1))) or 0)
    found = []
    for day in (16, 15, 14):
        assert tree.go_to_day(date(2024, 8, day))
        found.append(tree.cursor.note_id)
    assert found == [4, 2, 3]


def test_many_notes_on_one_day() -> None:
    """More than are read at once."""
    library = MemoryLibrary()
    for i in range(1, 400):
        library.put(i, 1, START_MS + (i // 150) * 3 * DAY + i)
    tree = TreeModel(library, fold_at=999)
    tree.load()
    tree.move_to(tree.index_of(RowKey(chat(1))) or 0)
    assert walk(tree, (-1, -1, -1, -1, 1, 1, 1)) == [
        399,
        299,
        149,
        None,
        299,
        399,
        None,
    ]


# -- many stars


def test_many_stars_are_added_up_only_when_one_of_them_changes() -> None:
    """A scan of other notes costs them nothing; a star that comes or goes counts."""
    library = MemoryLibrary()
    for i in range(1, 601):
        library.put(i, 1, START_MS + i * 1000, star=True)
    for i in range(601, 700):
        library.put(i, 2, START_MS + i * 1000)
    tree = TreeModel(library)
    tree.load()
    added: list[Group] = []
    plain = library.group_totals

    def group_totals(group: Group) -> tuple[int, int, int]:
        added.append(group)
        return plain(group)

    library.group_totals = group_totals  # type: ignore[method-assign]  # counts calls
    counts = []
    for note_id, star in (
        (650, False),
        (651, False),
        (651, True),
        (1, False),
        (2, True),
    ):
        row = library.notes[NoteId(note_id)]
        library.put(note_id, row.chat_id, row.order_ms, star=star)
        added.clear()
        tree.apply(library.change(note_id))
        node = tree.items(1, 1)[0]
        assert isinstance(node, NodeItem)
        counts.append((node.notes, STARRED in added))
    assert counts == [(600, True), (600, False), (601, True), (600, True), (600, True)]
    tree.apply(LibraryDelta(reset=True))
    assert shown(tree)[1] == "Starred"


# -- what is gone meanwhile


def test_a_note_that_just_went_is_not_gone_to() -> None:
    """Another program may remove it between two looks."""
    library, tree = made()
    view(library, tree, GroupBy.SENDER)
    assert tree.reveal(NoteId(999)) is None
    tree.show_view(GroupBy.SENDER, [])
    assert tree.reveal(NoteId(101)) is None
    view(library, tree, GroupBy.SENDER)
    go(tree, 103)
    library.put(103, 1, START_MS, state=NoteState.MISSING)
    assert tree.reveal(NoteId(103)) is None
    assert tree.key_at(tree.cursor_row) == tree.cursor


def test_a_large_selection_is_not_looked_for() -> None:
    """Whoever acts on it finds out what is gone."""
    library = MemoryLibrary()
    for i in range(1, 2200):
        library.put(i, 1, START_MS + i)
    tree = TreeModel(library, fold_at=9999)
    tree.load()
    tree.move_to(0)
    tree.set_open(UNPLAYED, is_open=True)
    tree.select()
    tree.move_to(2199)
    tree.select()
    del library.notes[NoteId(5)]
    tree.apply(LibraryDelta(reset=True))
    assert tree.selected_count == 2199
    tree.select()
    library.notes.clear()
    tree.apply(LibraryDelta(reset=True))
    assert not tree.is_selecting


def test_a_range_on_selected_notes_takes_them_away() -> None:
    """While it is made they are shown so already; `clear` ends it."""
    _, tree = made()
    tree.set_open(chat(1), is_open=True)
    tree.move_to(4)
    tree.select()
    tree.move_to(7)
    tree.select()
    assert tree.selected == [105, 104, 103, 102]
    tree.move_to(5)
    tree.select()
    tree.move_to(6)
    assert tree.selected == [105, 102]
    assert tree.selected_count == 2
    marked = [
        item.note_id
        for item in tree.items(0, tree.count)
        if isinstance(item, NoteItem) and item.is_selected
    ]
    assert marked == [105, 102]
    assert tree.clear_selection()
    assert not tree.clear_selection()
    assert tree.selected == []
