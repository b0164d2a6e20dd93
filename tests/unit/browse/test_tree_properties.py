"""The tree against a naive one that is made anew after every step."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.support.memory_library import START_MS, MemoryLibrary, sort_key
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

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.answers import Bucket
    from tui.model import Chat, NoteRow

DAY = 86_400_000
FOLD_AT = 6
IDS = st.integers(1, 40)
CHATS = st.integers(1, 4)
DAYS = st.integers(0, 70)
STATES = st.sampled_from(NoteState)
HOLDING = {GroupKind.UNPLAYED, GroupKind.SAVED, GroupKind.SEARCH}
SHOWN = {NoteState.READY, NoteState.UNREADABLE}


NodeT = TypeVar("NodeT", "Chat", "Bucket")


def buckets_of(library: MemoryLibrary, by: GroupBy) -> list[Bucket]:
    """List the groups of a view; none by chat."""
    return [] if by is GroupBy.CHAT else library.buckets(by)


def shown(library: MemoryLibrary, tree: TreeModel, group: Group) -> list[NoteRow]:
    """List the notes of a group, with the one that was played under the cursor."""
    notes = library.notes_of(group)
    held = tree.cursor.note_id
    if tree.cursor.group == group and group.kind in HOLDING and held is not None:
        row = library.notes.get(held)
        if row is not None and row not in notes and row.state in SHOWN:
            notes.append(row)
    if group.kind is GroupKind.COLLECTION:
        keys = library.keys(group)
        return [library.notes[NoteId(note_id)] for note_id in keys.ids]
    notes.sort(key=lambda row: (sort_key(row, tree.sort), row.id), reverse=True)
    return notes


def in_order(nodes: Sequence[NodeT], sort: Sort) -> list[NodeT]:
    """Put chats or buckets, which come by time, in the order of the tree."""
    keys: dict[Sort, Callable[[NodeT], int]] = {
        Sort.NEWEST: lambda node: -node.last_ms,
        Sort.OLDEST: lambda node: node.last_ms,
        Sort.LONGEST: lambda node: -node.duration_ms,
        Sort.UNPLAYED: lambda node: -node.unplayed,
    }
    by_time = sorted(nodes, key=keys[Sort.NEWEST])
    return sorted(by_time, key=keys[sort])


def smart(library: MemoryLibrary) -> list[Group]:
    """List the smart nodes and the saved searches."""
    totals = library.totals()
    groups = []
    if totals.notes:
        groups.append(Group(GroupKind.UNPLAYED))
        if library.notes_of(Group(GroupKind.STARRED)):
            groups.append(Group(GroupKind.STARRED))
        groups.append(Group(GroupKind.RECENT))
    if totals.problems:
        groups.append(Group(GroupKind.PROBLEMS))
    if totals.notes:
        numbers = range(1, len(library.collected) + 1)
        groups += [Group(GroupKind.COLLECTION, number=each) for each in numbers]
        groups += [Group(GroupKind.SAVED, number=s.id) for s in library.searches]
    return groups


def naive(library: MemoryLibrary, tree: TreeModel) -> list[RowKey]:
    """List the rows by asking the library for everything.

    Which chats are folded, the tree decides when one is opened: that is taken from it.
    A note that was played stays in Unplayed while the cursor is on it.
    """
    rows: list[RowKey] = []

    def add(*groups: Group) -> None:
        for group in groups:
            rows.append(RowKey(group))
            if tree.is_open(group) and not folded(group):
                notes = shown(library, tree, group)
                rows.extend(RowKey(group, row.id) for row in notes)

    def folded(group: Group) -> bool:
        return group.kind is GroupKind.CHAT and tree.is_folded(group.chat_id)

    if tree.search is not None:
        add(tree.search)
        return rows
    add(*smart(library))
    if tree.view is not GroupBy.CHAT:
        buckets = in_order(library.buckets(tree.view), tree.sort)
        add(*(bucket.group for bucket in buckets))
        return rows
    for chat in in_order(library.chats(), tree.sort):
        group = Group(GroupKind.CHAT, chat.id)
        add(group)
        if tree.is_open(group) and folded(group):
            for month in library.months(chat.id):
                add(Group(GroupKind.MONTH, chat.id, month.month))
    return rows


class Live(RuleBasedStateMachine):
    """Notes come, change, move and go, while someone opens, closes and walks."""

    def __init__(self) -> None:
        super().__init__()
        self.library = MemoryLibrary()
        self.library.searches = [SavedSearch(1, "new", "is:unplayed")]
        self.tree = TreeModel(self.library, fold_at=FOLD_AT)
        self.tree.load()
        self.late: list[int] = []
        """Ids that changed, of which the tree has not heard."""

    @initialize(seed=st.integers(0, 1000), opened=st.booleans())
    def fill(self, seed: int, opened: bool) -> None:
        """Begin with some notes, perhaps with everything open."""
        draw = random.Random(seed)
        for note_id in range(1, draw.choice((1, 10, 41))):
            order = START_MS + draw.randint(0, 70) * DAY
            self.library.put(
                note_id,
                draw.randint(1, 4),
                order,
                sender=draw.choice(("Ana", "Bob", None)),
                star=draw.random() < 0.2,
                tags=("a", "b")[: draw.randint(0, 2)],
                duration_ms=draw.choice((None, 1000, 2000)),
            )
        self.tree.load()
        for _ in range(2 if opened else 0):
            for key in naive(self.library, self.tree):
                if key.note_id is None:
                    self.tree.set_open(key.group, is_open=True)

    @rule(
        notes=st.lists(st.tuples(IDS, CHATS, DAYS, STATES, st.sampled_from(Played))),
        tell=st.booleans(),
    )
    def change(
        self,
        notes: list[tuple[int, int, int, NoteState, Played]],
        tell: bool,
    ) -> None:
        """Write some notes; the tree hears of it now or with the next change."""
        for note_id, chat, day, state, played in notes:
            order = START_MS + day * DAY
            self.library.put(note_id, chat, order, state=state, played=played)
            self.late.append(note_id)
        if tell:
            self.tell()

    def tell(self) -> None:
        """Tell the tree of everything that changed; its cursor must stay or yield."""
        key = self.tree.cursor
        before = self.row_of(key)
        patch = self.tree.apply(self.library.change(*self.late), top=0, height=10)
        self.late.clear()
        self.tree.update_buckets(
            self.tree.view, buckets_of(self.library, self.tree.view)
        )
        if self.tree.is_doubtful:
            self.tree.heal()
        rows = naive(self.library, self.tree)
        if before is None or key in rows or not rows:
            assert self.tree.cursor == key or before is None
            assert not patch.cursor_moved or before is None
        else:
            assert self.tree.cursor in rows

    @rule(notes=st.lists(IDS, max_size=6, unique=True), is_gone=st.booleans())
    def collect(self, notes: list[int], is_gone: bool) -> None:
        """Make a collection of some notes in this order, or take it away."""
        known = [NoteId(each) for each in notes if each in self.library.notes]
        before = self.library.collected.pop("mine", [])
        if not is_gone:
            self.library.collected["mine"] = known
        self.late += [*before, *known]
        self.tree.update_collections(self.library.collections())
        self.tell()

    @precondition(lambda self: len(self.late) > 1)
    @rule()
    def tell_a_part(self) -> None:
        """Tell the tree of some of what changed: the library is ahead of it."""
        half = len(self.late) // 2
        told, self.late = self.late[:half], self.late[half:]
        self.tree.apply(self.library.change(*told))

    @rule()
    def reset(self) -> None:
        """Read everything again."""
        self.late.clear()
        self.tree.apply(LibraryDelta(reset=True))

    @precondition(lambda self: self.tree.count)
    @rule(row=st.integers(0, 200))
    def toggle(self, row: int) -> None:
        """Open or close the group of a row."""
        self.tell()
        if not self.tree.count:
            return
        group = self.tree.key_at(row % self.tree.count).group
        self.tree.set_open(group, is_open=not self.tree.is_open(group))

    @precondition(lambda self: self.tree.count)
    @rule(row=st.integers(0, 200))
    def move(self, row: int) -> None:
        """Walk somewhere."""
        self.tree.move_to(row % self.tree.count)

    @rule(by=st.sampled_from(GroupBy))
    def regroup(self, by: GroupBy) -> None:
        """Make the tree of something else."""
        self.tell()
        self.tree.show_view(by, buckets_of(self.library, by))

    @rule(sort=st.sampled_from(Sort))
    def sort(self, sort: Sort) -> None:
        """Put it in another order; the note under the cursor stays under it."""
        self.tell()
        note_id = self.tree.cursor.note_id
        self.tree.set_sort(sort)
        assert self.tree.cursor.note_id == note_id

    @rule(query=st.sampled_from(["", "is:unplayed", "none"]))
    def search(self, query: str) -> None:
        """Look for something."""
        self.tell()
        group = Group(GroupKind.SEARCH, query=query)
        keys = self.library.keys(group, self.tree.sort)
        self.tree.show_search(group, keys, self.library.group_totals(group))

    @precondition(lambda self: self.tree.search is not None)
    @rule(stay=st.booleans())
    def end_search(self, stay: bool) -> None:
        """Go back."""
        self.tell()
        self.tree.end_search(stay=stay)

    @rule()
    def select(self) -> None:
        """Begin a range, or end it."""
        self.tree.select()

    @rule(note_id=IDS)
    def reveal(self, note_id: int) -> None:
        """Jump to a note."""
        self.tell()
        row = self.tree.reveal(NoteId(note_id))
        if self.tree.search is not None:
            return
        shows = any(
            note_id == note.id
            for chat in self.library.chats()
            for note in self.library.notes_of(Group(GroupKind.CHAT, ChatId(chat.id)))
        )
        assert (row is not None) == shows
        assert not shows or self.tree.cursor.note_id == note_id

    def row_of(self, key: RowKey) -> int | None:
        """Find a row by looking at all."""
        for row in range(self.tree.count):
            if self.tree.key_at(row) == key:
                return row
        return None

    @invariant()
    def rows_are_those_of_the_naive_tree(self) -> None:
        """Unless there is something that the tree has not been told."""
        if self.late:
            return
        keys = [self.tree.key_at(row) for row in range(self.tree.count)]
        assert keys == naive(self.library, self.tree)
        chosen = {
            item.note_id
            for item in self.tree.items(0, len(keys))
            if isinstance(item, NoteItem) and item.is_selected
        }
        # A note that is in two groups is marked in both when the range ends.
        assert self.tree.is_selecting or chosen <= set(self.tree.selected)
        assert self.tree.selected_count == len(set(self.tree.selected))
        for row, (key, item) in enumerate(
            zip(keys, self.tree.items(0, len(keys)), strict=True)
        ):
            assert self.tree.index_of(key) == row
            assert key == self.key_of(item)

    @staticmethod
    def key_of(item: NodeItem | NoteItem) -> RowKey:
        """Tell what an item stands for."""
        if isinstance(item, NodeItem):
            return RowKey(item.group)
        return RowKey(item.group, item.note_id)

    @invariant()
    def the_cursor_is_on_its_row(self) -> None:
        """Always, also before the tree was told."""
        if self.tree.count:
            assert self.tree.key_at(self.tree.cursor_row) == self.tree.cursor


def test_notes_that_change_their_places_together() -> None:
    """One whose new place is just before its old one is no obstacle to the other."""
    state = Live()
    state.fill(seed=659, opened=True)
    moves = [(3, 4, 54), (6, 4, 47), (12, 4, 49)]
    state.change(
        notes=[(*move, NoteState.READY, Played.UNPLAYED) for move in moves], tell=True
    )
    state.rows_are_those_of_the_naive_tree()


TestLive = pytest.mark.timeout(150)(Live.TestCase)
TestLive.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)
