"""The tree in a pilot: keys, mouse, messages, live changes, marks."""

from __future__ import annotations

import asyncio
import time
from datetime import date
from typing import TYPE_CHECKING

import pytest
from textual.events import MouseScrollDown, MouseScrollUp

from tests.support.memory_library import START_MS, MemoryLibrary
from tests.support.tree_app import TreeApp, screen_of
from tui.answers import SavedSearch
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
from tui.widgets.note_tree import NoteTree

if TYPE_CHECKING:
    from textual.message import Message

DAY = 86_400_000
UNPLAYED = Group(GroupKind.UNPLAYED)
CHAT_1 = Group(GroupKind.CHAT, ChatId(1))
CHAT_2 = Group(GroupKind.CHAT, ChatId(2))


class Watched(TreeApp):
    """Keeps what the tree says."""

    def __init__(self, library: MemoryLibrary, *, ascii_only: bool = False) -> None:
        super().__init__(library, ascii_only=ascii_only)
        self.said: list[Message] = []
        self.rested: list[list[NoteId]] = []

    def on_note_tree_cursor_moved(self, event: NoteTree.CursorMoved) -> None:
        """Keep it."""
        self.said.append(event)

    def on_tree_rows_rested(self, event: NoteTree.Rested) -> None:
        """Keep which notes were in view."""
        self.rested.append([row.id for row in event.rows])

    def on_note_tree_selection_changed(self, event: NoteTree.SelectionChanged) -> None:
        """Keep it."""
        self.said.append(event)

    def on_note_tree_note_chosen(self, event: NoteTree.NoteChosen) -> None:
        """Keep it."""
        self.said.append(event)


def made(*, notes: int = 5, ascii_only: bool = False) -> Watched:
    """Make two chats; ids are 101, 102 ... and 201, 202 ..."""
    library = MemoryLibrary()
    for chat in (1, 2):
        for i in range(1, notes + 1):
            order = START_MS - 40 * DAY + i * DAY - chat * 1000
            library.put(chat * 100 + i, chat, order)
    return Watched(library, ascii_only=ascii_only)


def chosen(app: Watched) -> list[tuple[Group, int]]:
    """List what was chosen to be played."""
    return [
        (said.group, said.note_id)
        for said in app.said
        if isinstance(said, NoteTree.NoteChosen)
    ]


async def test_the_first_picture() -> None:
    """Smart nodes and chats with their numbers, the cursor on the first."""
    app = made()
    async with app.run_test(size=(60, 12)):
        assert screen_of(app)[:5] == [
            " ▸ Unplayed" + "10     7:00".rjust(48),
            " ▸ Recent" + "● 10      10     7:00".rjust(50),
            " ▸ Chat 1" + "● 5       5     3:30".rjust(50),
            " ▸ Chat 2" + "● 5       5     3:30".rjust(50),
            "",
        ]
        assert app.tree_view.cursor_group == UNPLAYED


@pytest.mark.parametrize(
    ("keys", "group", "note_id"),
    [
        ("j j", CHAT_1, None),
        ("down j k up", UNPLAYED, None),
        ("j j l", CHAT_1, None),
        ("j j l l", CHAT_1, 105),
        ("j j l j j", CHAT_1, 104),
        ("j j l j j h", CHAT_1, None),
        ("j j enter j", CHAT_1, 105),
        ("j j enter enter j", CHAT_2, None),
        ("j j l j h h", CHAT_1, None),
        ("j j l j h h j", CHAT_2, None),
        ("G", CHAT_2, None),
        ("end l G", CHAT_2, 201),
        ("G g", UNPLAYED, None),
        ("end home", UNPLAYED, None),
        ("j j l j j J", CHAT_2, None),
        ("j j l j j K", CHAT_1, None),
        ("J J K", Group(GroupKind.RECENT), None),
        ("l pagedown", UNPLAYED, 101),
        ("l G pageup", UNPLAYED, 204),
        ("l ctrl+d", UNPLAYED, 103),
        ("l ctrl+d ctrl+u", UNPLAYED, None),
        ("g h", UNPLAYED, None),
    ],
)
async def test_keys_move_the_cursor(
    keys: str, group: Group, note_id: int | None
) -> None:
    """Each key of the tree, as in the table of keys."""
    app = made()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press(*keys.split())
        assert app.model.cursor == (group, note_id)
        top, row = app.tree_view.top, app.model.cursor_row
        assert top <= row < top + app.tree_view.size.height
        said = [s for s in app.said if isinstance(s, NoteTree.CursorMoved)]
        if said:
            assert (said[-1].group, said[-1].note_id) == (group, note_id)


async def test_enter_on_a_note_chooses_it_in_its_group() -> None:
    """What comes next is played from the group where it was chosen."""
    app = made()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("l", "j", "j", "enter", "G", "l", "l", "enter")
        assert chosen(app) == [(UNPLAYED, 205), (CHAT_2, 205)]


async def test_an_empty_tree_takes_every_key() -> None:
    """And says that it is empty."""
    app = Watched(MemoryLibrary())
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press(*"jkhlgGJK", "enter", "pagedown", "ctrl+u", "home")
        await pilot.click(app.tree_view, offset=(3, 3))
        assert screen_of(app)[:2] == ["", "  nothing"]
        assert app.said == []
        app.action_arrive()
        await pilot.pause()
        assert screen_of(app)[0].startswith(" ▸ Unplayed")


async def test_the_mouse_selects_folds_plays_and_scrolls() -> None:
    """One click, a click on the mark, two clicks, the wheel."""
    app = made()
    async with app.run_test(size=(60, 12)) as pilot:
        tree = app.tree_view
        await pilot.click(tree, offset=(20, 2))
        assert app.model.cursor == (CHAT_1, None)
        assert not app.model.is_open(CHAT_1)
        await pilot.click(tree, offset=(1, 2))
        assert app.model.is_open(CHAT_1)
        await pilot.click(tree, offset=(20, 3), times=2)
        assert chosen(app) == [(CHAT_1, 105)]
        await pilot.click(tree, offset=(20, 0), times=2)
        assert app.model.is_open(UNPLAYED)
        await pilot.click(tree, offset=(20, 9))
        await pilot._post_mouse_events([MouseScrollDown], tree, (5, 5))
        assert (tree.top, app.model.cursor_row) == (3, 9)
        await pilot._post_mouse_events([MouseScrollUp], tree, (5, 5))
        assert tree.top == 0


async def test_news_at_the_top_are_seen_and_below_stand_still() -> None:
    """At the very top rows move down; further down what is read does not move."""
    app = made(notes=25)
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("j", "j", "l")
        app.library.put(150, 1, START_MS + DAY)
        app.tree_view.apply(app.library.change(150))
        await pilot.pause()
        assert "Fri 16" in screen_of(app)[3]
        await pilot.press(*["j"] * 15)
        before = screen_of(app)
        assert app.tree_view.top > 3
        app.library.put(151, 1, START_MS + DAY + 1)
        patch = app.tree_view.apply(app.library.change(151))
        await pilot.pause()
        assert patch.shift == 1
        assert screen_of(app) == before
        app.library.put(124, 1, START_MS - 16 * DAY - 1000, state=NoteState.MISSING)
        app.tree_view.apply(app.library.change(124))
        assert screen_of(app) == before


async def test_the_cursor_says_when_it_had_to_move() -> None:
    """The note under it left: the details must show another one."""
    app = made()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("l", "j", "j")
        app.said.clear()
        app.library.put(205, 2, START_MS, state=NoteState.MISSING)
        app.tree_view.apply(app.library.change(205))
        await pilot.pause()
        assert [s.note_id for s in app.said if isinstance(s, NoteTree.CursorMoved)] == [
            104
        ]


async def test_two_clicks_below_a_held_note_play_what_was_clicked() -> None:
    """The first takes the held row away, and what was clicked moves up by one."""
    app = made()
    async with app.run_test(size=(60, 20)) as pilot:
        tree = app.tree_view
        await pilot.press("l", "j", "j")
        row = app.library.notes[NoteId(205)]
        app.library.put(205, 2, row.order_ms, played=Played.PLAYED)
        tree.apply(app.library.change(205))
        await pilot.click(tree, offset=(20, 10), times=2)
        assert chosen(app) == [(UNPLAYED, 201)]
        assert app.model.cursor == (UNPLAYED, 201)


async def test_a_note_is_revealed_from_anywhere() -> None:
    """Its chat opens, and it is in view."""
    app = made(notes=25)
    async with app.run_test(size=(60, 12)) as pilot:
        assert app.tree_view.reveal(NoteId(201))
        await pilot.pause()
        assert app.model.cursor == (CHAT_2, 201)
        top = app.tree_view.top
        assert top <= app.model.cursor_row < top + 10
        assert not app.tree_view.reveal(NoteId(999))


async def test_the_playing_note_is_marked_wherever_it_shows() -> None:
    """By a shape, in its chat and in the smart nodes."""
    for ascii_only, mark in ((False, "▶"), (True, ">")):
        app = made(ascii_only=ascii_only)
        async with app.run_test(size=(60, 20)) as pilot:
            app.tree_view.playing = NoteId(105)
            await pilot.press("l", "G", "k", "l")
            await pilot.pause()
            marked = [line for line in screen_of(app) if line.strip().startswith(mark)]
            assert len(marked) == 2
            app.tree_view.playing = None
            await pilot.pause()
            assert not any(line.strip().startswith(mark) for line in screen_of(app))


async def test_a_problem_is_told_by_the_name_of_its_file() -> None:
    """Then comes the reason; three of the same would tell nothing."""
    app = made()
    app.library.put(
        103,
        1,
        START_MS,
        state=NoteState.PARTIAL,
        duration_ms=None,
        reason="the end is missing",
        file_name="PTT-7.opus",
    )
    async with app.run_test(size=(90, 20)) as pilot:
        app.tree_view.reload()
        app.tree_view.apply(LibraryDelta(reset=True))
        await pilot.press("j", "j", "l")
        await pilot.pause()
        assert screen_of(app)[3].endswith("  PTT-7.opus  the end is missing")


async def test_the_mark_tells_what_the_player_does() -> None:
    """Paused has its own shape; what ended shows again how far it was heard."""
    app = made()
    async with app.run_test(size=(60, 20)) as pilot:
        app.tree_view.playing = NoteId(105)
        await pilot.press("l")
        seen = []
        for state in ("playing", "paused", "playing", "ended", "failed"):
            app.tree_view.playing_state = state
            await pilot.pause()
            seen.append(screen_of(app)[1].split()[0])
        assert seen == ["▶", "⏸", "▶", "●", "✗"]


async def test_a_resize_keeps_the_cursor_in_view() -> None:
    """Also to a terminal of three lines."""
    app = made(notes=25)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l", *["j"] * 20)
        for size in ((80, 10), (30, 4), (200, 50)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            top = app.tree_view.top
            assert top <= app.model.cursor_row < top + app.tree_view.size.height
            assert app.tree_view.top <= app.model.count


async def test_a_disagreement_with_the_library_heals_by_itself() -> None:
    """A change that was never told is noticed by the length of the group."""
    app = made()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("j", "j", "l")
        app.library.put(103, 1, START_MS, state=NoteState.MISSING)
        app.library.put(104, 1, START_MS - 9 * DAY)
        app.tree_view.apply(app.library.change(104))
        assert app.model.is_doubtful
        app.tree_view._heal()
        await pilot.pause()
        assert app.model.order(CHAT_1) == [104, 105, 102, 101]


async def test_a_reset_reads_everything_and_keeps_its_place() -> None:
    """A source came back."""
    app = made(notes=25)
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("l", *["j"] * 30)
        before = screen_of(app)
        app.tree_view.apply(LibraryDelta(reset=True))
        await pilot.pause()
        assert screen_of(app) == before


def counts(app: Watched) -> list[int]:
    """List how many notes were selected, as it was told."""
    return [
        said.count for said in app.said if isinstance(said, NoteTree.SelectionChanged)
    ]


async def test_ranges_are_selected_kept_and_added_up() -> None:
    """`v` begins and ends; on a selected note it takes away; each is told."""
    app = made()
    async with app.run_test(size=(60, 20)) as pilot:
        tree = app.tree_view
        await pilot.press("j", "j", "l", "j", "v", "j", "j")
        assert tree.selected == [105, 104, 103]
        assert tree.chosen() == ([105, 104, 103], "3 notes")
        await pilot.press("k", "v", "j")
        assert tree.selected == [105, 104]
        await pilot.press("j", "v", "j", "v")
        assert tree.selected == [105, 104, 102, 101]
        await pilot.press("g", "j", "j", "j", "v")
        assert tree.selected == [104, 102, 101]
        await pilot.press("j", "v")
        assert tree.selected == [102, 101]
        assert counts(app) == [1, 2, 3, 2, 3, 4, 3, 2]
        tree.clear_selection()
        await pilot.pause()
        assert (tree.selected, counts(app)[-1]) == ([], 0)


async def test_what_a_key_is_for_without_a_selection() -> None:
    """The note under the cursor, or all of the group under it."""
    app = made()
    app.library.titles[ChatId(1)] = "[/] " + "x" * 80
    app.library.put(101, 1, START_MS)
    async with app.run_test(size=(60, 20)) as pilot:
        tree = app.tree_view
        tree.reload()
        notes, words = tree.chosen()
        assert (len(notes), words) == (10, "10 notes of Unplayed")
        await pilot.press("j", "j")
        notes, words = tree.chosen()
        assert (notes, words[:17]) == ([101, 105, 104, 103, 102], "5 notes of [/] xx")
        assert len(words) == len("5 notes of ") + 40
        await pilot.press("l", "j")
        assert tree.chosen() == ([101], "this note")
    empty = Watched(MemoryLibrary())
    async with empty.run_test(size=(60, 20)) as pilot:
        await pilot.press("v")
        assert empty.tree_view.chosen() == ([], "0 notes")
        assert empty.tree_view.selected == []


@pytest.mark.parametrize(("ascii_only", "mark"), [(False, "▌"), (True, "#")])
async def test_selected_rows_have_a_mark(ascii_only: bool, mark: str) -> None:
    """In the first cell, also under the cursor, and in every group that has them."""
    app = made(ascii_only=ascii_only)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("G", "l", "j", "v", "j", "v", "k", "k")
        await pilot.press("g", "l")
        await pilot.pause()
        lines = [line for line in screen_of(app) if line.startswith(mark)]
        assert len(lines) == 4
        app.tree_view.clear_selection()
        await pilot.pause()
        assert not any(line.startswith(mark) for line in screen_of(app))


async def test_a_selection_outlives_changes_views_and_searches() -> None:
    """Notes that are gone drop out; a range that is being made ends."""
    app = made()
    async with app.run_test(size=(60, 20)) as pilot:
        tree, library = app.tree_view, app.library
        await pilot.press("j", "j", "l", "j", "v", "j", "j")
        library.put(150, 1, START_MS)
        library.put(104, 1, START_MS, state=NoteState.MISSING)
        tree.apply(library.change(150, 104))
        assert tree.selected == [105, 103]
        tree.show_view(GroupBy.SENDER, library.buckets(GroupBy.SENDER))
        assert tree.selected == [105, 103]
        assert not tree.model.is_selecting
        group = Group(GroupKind.SEARCH)
        tree.show_search(group, library.keys(group), library.group_totals(group))
        tree.set_sort(Sort.OLDEST)
        tree.end_search(stay=True)
        assert tree.selected == [105, 103]
        del library.notes[NoteId(105)]
        tree.apply(LibraryDelta(reset=True))
        await pilot.pause()
        assert tree.selected == [103]
        assert counts(app)[-1] == 1


async def test_a_range_goes_on_where_its_start_is_gone() -> None:
    """From the neighbour; and a group that is closed keeps what was selected."""
    app = made()
    async with app.run_test(size=(60, 20)) as pilot:
        tree, library = app.tree_view, app.library
        await pilot.press("j", "j", "l", "j", "j", "v", "j")
        library.put(104, 1, START_MS, state=NoteState.MISSING)
        tree.apply(library.change(104))
        assert tree.selected == [103]
        await pilot.press("j")
        assert tree.selected == [103, 102]
        await pilot.press("h", "h")
        assert tree.selected == [105, 103]
        assert not tree.model.is_open(CHAT_1)


async def test_shift_and_a_click_select() -> None:
    """From the cursor to what was clicked."""
    app = made()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("j", "j", "l", "j")
        await pilot.click(app.tree_view, offset=(20, 5), shift=True)
        assert app.tree_view.selected == [105, 104, 103]


async def test_what_was_found_is_shown_with_its_words() -> None:
    """From the hook; other groups show what a note has of its own."""
    app = made()
    async with app.run_test(size=(90, 20)) as pilot:
        tree, library = app.tree_view, app.library
        tree.snippets = lambda note_id: f"flour {note_id}" if note_id > 200 else ""
        library.put(105, 1, START_MS, snippet="own words")
        tree.reload()
        await pilot.press("j", "j", "l")
        await pilot.pause()
        assert "“own words”" in screen_of(app)[3]
        group = Group(GroupKind.SEARCH, query="[/]")
        tree.show_search(group, library.keys(group), (10, 9, 8000))
        await pilot.pause()
        assert screen_of(app)[0].split() == [
            "▾",
            "Search:",
            "[/]",
            "●",
            "9",
            "10",
            "0:08",
        ]
        library.put(205, 2, START_MS, title="[/] x")
        group = Group(GroupKind.SEARCH)
        tree.show_search(group, library.keys(group), library.group_totals(group))
        await pilot.pause()
        lines = screen_of(app)
        assert any("“flour 204”" in line for line in lines)
        assert any("“own words”" in line for line in lines)
        assert any("Chat 2" in line for line in lines)
        assert tree.search == group


async def test_a_search_ends_where_it_began() -> None:
    """The same rows on the same lines; the cursor is told of."""
    app = made(notes=25)
    async with app.run_test(size=(60, 12)) as pilot:
        tree, library = app.tree_view, app.library
        await pilot.press("l", *["j"] * 20, "k", "k", "k")
        before, cursor = screen_of(app), app.model.cursor
        group = Group(GroupKind.SEARCH)
        tree.show_search(group, library.keys(group), library.group_totals(group))
        await pilot.pause()
        assert tree.top == 0
        assert tree.cursor_note == 125
        await pilot.press("G")
        tree.end_search(stay=False)
        await pilot.pause()
        assert (screen_of(app), app.model.cursor) == (before, cursor)
        tree.end_search(stay=False)
        moved = [s for s in app.said if isinstance(s, NoteTree.CursorMoved)]
        assert (moved[-1].group, moved[-1].note_id) == cursor


async def test_the_note_under_the_cursor_keeps_its_line() -> None:
    """While the tree is grouped or sorted in another way around it."""
    app = made(notes=25)
    async with app.run_test(size=(60, 12)) as pilot:
        tree, library = app.tree_view, app.library
        await pilot.press("j", "j", "l", *["j"] * 15, "k", "k")
        line = app.model.cursor_row - tree.top
        note_id = tree.cursor_note
        tree.show_view(GroupBy.DAY, library.buckets(GroupBy.DAY))
        assert (tree.cursor_note, tree.view) == (note_id, GroupBy.DAY)
        assert app.model.cursor_row - tree.top == line
        tree.set_sort(Sort.OLDEST)
        assert (tree.cursor_note, tree.sort) == (note_id, Sort.OLDEST)
        tree.update_buckets(GroupBy.DAY, library.buckets(GroupBy.DAY))
        tree.update_searches([SavedSearch(1, "x", "y")])
        await pilot.pause()
        assert tree.cursor_note == note_id
        top, row = tree.top, app.model.cursor_row
        assert top <= row < top + tree.size.height


async def test_days_are_gone_to() -> None:
    """And the cursor is in view and told of."""
    app = made(notes=25)
    async with app.run_test(size=(60, 12)) as pilot:
        tree = app.tree_view
        assert tree.go_to_day(date(2024, 7, 20))
        assert tree.cursor_note is not None
        first = tree.cursor_note
        assert tree.step_day(-1)
        assert tree.step_day(1)
        assert tree.cursor_note == first
        assert not tree.go_to_day(date(2000, 1, 1))
        await pilot.pause()
        assert tree.top <= app.model.cursor_row < tree.top + tree.size.height
        moved = [s for s in app.said if isinstance(s, NoteTree.CursorMoved)]
        assert moved[-1].note_id == first


async def test_rows_that_stand_still_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those in view, once for all that was done before."""
    monkeypatch.setattr(NoteTree, "REST_S", 0.1)
    app = made(notes=20)

    async def rested() -> list[NoteId]:
        end = time.monotonic() + 5
        while not app.rested:
            assert time.monotonic() < end
            await asyncio.sleep(0.005)
        return app.rested.pop(0)

    async with app.run_test(size=(80, 24)):
        tree = app.tree_view
        assert await rested() == []  # all is folded
        tree.reveal(NoteId(120))
        tree.action_move(-1)
        tree.action_move(1)
        in_view = await rested()
        assert in_view == [*range(120, 120 - len(in_view), -1)]
        assert len(in_view) == len(screen_of(app)) - 3
        tree.action_move(30)
        assert 101 in await rested()
        assert not app.rested


async def test_every_binding_tells_what_it_does() -> None:
    """For the help and the key map."""
    for binding in NoteTree.BINDINGS:
        assert not isinstance(binding, tuple)
        assert binding.id
        assert binding.tooltip
