"""The tree in a pilot: keys, mouse, messages, live changes, marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Region

from tests.support.memory_library import START_MS, MemoryLibrary
from tests.support.tree_app import TreeApp
from tui.model import ChatId, Group, GroupKind, LibraryDelta, NoteId, NoteState, Played
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

    def on_note_tree_cursor_moved(self, event: NoteTree.CursorMoved) -> None:
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


def screen_of(app: TreeApp) -> list[str]:
    """Read the lines of the tree."""
    tree = app.tree_view
    strips = tree.render_lines(Region(0, 0, *tree.size))
    return [strip.text.rstrip() for strip in strips]


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


async def test_every_binding_tells_what_it_does() -> None:
    """For the help and the key map."""
    for binding in NoteTree.BINDINGS:
        assert not isinstance(binding, tuple)
        assert binding.id
        assert binding.tooltip
