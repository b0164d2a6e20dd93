"""Bookmarks, and the list of changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual import events

from tests.support.marked_library import MarkedLibrary
from tests.support.marking import ANA, ask, done, marking_of, on_note, shows
from tui.audio import PlayerState
from tui.model import Bookmark, Edit, NoteState, Played
from tui.playback import NowPlaying
from tui.screens.bookmarks import BookmarksScreen
from tui.screens.changes import ChangesScreen, moment
from tui.screens.comment import CommentScreen
from tui.screens.framed import ConfirmScreen, FramedScreen, LineScreen
from tui.screens.marks import MarkActions

if TYPE_CHECKING:
    from tests.support.marking import Marking
    from tests.ui.conftest import Browser

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])


@pytest.fixture
def library() -> MarkedLibrary:
    """The sample library."""
    return MarkedLibrary()


@pytest.fixture
def marking(library: MarkedLibrary) -> Marking:
    """Give a context manager that runs the browser on it."""
    return marking_of(library)


def play(browser: Browser, **fields: object) -> None:
    """Have the first note play."""
    now = NowPlaying(
        note_id=ANA,
        sender="Ana",
        chat="Ana",
        state=PlayerState.PLAYING,
        position_ms=5000,
        duration_ms=11_919,
    )
    browser.fakes.playing.tell(replace(now, **fields))  # type: ignore[arg-type]  # by name


# Bookmarks


async def test_a_moment_is_marked_at_once(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Before its text is written, which may be left out; nothing is paused."""
    async with marking() as browser:
        await browser.press("b")
        await browser.until(lambda: "Nothing plays" in browser.top)
        play(browser)
        await ask(browser, "b", LineScreen)
        await done(browser, library, "add_bookmark")
        assert library.words[ANA]["bookmarks"] == (Bookmark(5000),)
        assert "Bookmark at 0:05" in browser.screen
        await browser.press(*"flour", "space", "b", "enter")
        await done(browser, library, "add_bookmark", "add_bookmark")
        assert library.words[ANA]["bookmarks"] == (Bookmark(5000, "flour b"),)
        play(browser, position_ms=7000)
        await ask(browser, "b", LineScreen)
        await browser.press("x", "escape")
        await done(browser, library, *["add_bookmark"] * 3)
        assert library.words[ANA]["bookmarks"] == (
            Bookmark(5000, "flour b"),
            Bookmark(7000),
        )
        assert browser.fakes.playing.asked == []


async def test_what_cannot_be_marked_is_said_once(
    marking: Marking, library: MarkedLibrary
) -> None:
    """A note without a recording takes no bookmark, and its text is not tried."""
    library.unreadable = {ANA}
    async with marking(size=(140, 30)) as browser:
        play(browser)
        await ask(browser, "b", LineScreen)
        await browser.press("x", "enter")
        await done(browser, library, "add_bookmark")
        assert "no recording here that can be read" in browser.screen
        play(browser, state=PlayerState.FAILED)
        await browser.press("b")
        await browser.until(lambda: "Nothing plays" in browser.screen)


@SIZES
async def test_bookmarks_are_played_written_to_and_removed(
    marking: Marking, library: MarkedLibrary, size: tuple[int, int]
) -> None:
    """From a list of those of the note under the cursor."""
    library.words[ANA] = {
        "bookmarks": (Bookmark(500, "start"), Bookmark(9000, "flour")),
    }
    async with marking(size=size) as browser:
        await on_note(browser)
        await ask(browser, "B", BookmarksScreen)
        assert "Bookmarks of “Ana, 0:11”" in browser.screen
        assert "0:00  start" in browser.screen
        await browser.press("j")
        await ask(browser, "e", LineScreen)
        await browser.press(*" !", "enter")
        await done(browser, library, "add_bookmark")
        await browser.until(lambda: "flour !" in browser.screen)
        await browser.press("k", "delete")
        await done(browser, library, "add_bookmark", "remove_bookmark")
        await browser.until(lambda: "start" not in browser.screen)
        await browser.press("enter")
        await browser.settle()
        group = browser.app.main.note_tree.cursor_group
        assert browser.fakes.playing.asked[-1][:3] == ("play_note", ANA, group)
        await ask(browser, "B", BookmarksScreen)
        await browser.press("d")
        await browser.until(lambda: "no bookmarks: b marks" in browser.screen)
        await browser.press("d", "e", "enter")
        assert shows(browser, BookmarksScreen)


async def test_bookmarks_of_what_plays(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Where the cursor is on a group; a note that is gone has none."""
    library.words[ANA] = {"bookmarks": (Bookmark(500, "start"),)}
    async with marking() as browser:
        play(browser)
        await browser.press("g")
        await ask(browser, "B", BookmarksScreen)
        assert "start" in browser.screen
        await browser.press("enter")
        await browser.settle()
        assert browser.fakes.playing.asked[-1][:3] == ("play_note", ANA, None)
        del library.notes[ANA]
        await ask(browser, "B", BookmarksScreen)
        assert "a note that is gone" in browser.screen


# Changes


@SIZES
async def test_changes_are_listed_and_taken_back(
    marking: Marking,
    library: MarkedLibrary,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    """One by one, or all down to one of them, after a question."""
    monkeypatch.setattr("tui.screens.main._NEWS_S", 1.0)  # what was done is read, too
    async with marking(size=size) as browser:
        await on_note(browser)
        await browser.press("s", "u", "s", "u", "s")
        await browser.until(lambda: len(library.edited) == 5)
        await ask(browser, "Z", ChangesScreen)
        await browser.until(lambda: "1 are played" in browser.screen)
        assert "15 Aug" in browser.screen
        await browser.press("z")
        await browser.until(lambda: len(library.edited) == 4)
        await browser.until(lambda: browser.screen.count("1 are starred") == 2)
        await browser.press("j", "j")
        await ask(browser, "enter", ConfirmScreen)
        assert "Take 3 changes back?" in browser.screen
        await browser.press("escape")
        assert len(library.edited) == 4
        await ask(browser, "enter", ConfirmScreen)
        await browser.press("enter")
        await browser.until(lambda: len(library.edited) == 1)
        await browser.until(lambda: "3 changes are taken back" in browser.screen)
        assert library.notes[ANA].star
        assert library.notes[ANA].played is Played.UNPLAYED
        await browser.press("enter")
        await browser.until(lambda: "nothing was changed yet" in browser.screen)
        assert not library.notes[ANA].star
        await browser.press("z", "enter", "q")
        assert not shows(browser, ChangesScreen)
        assert library.calls.count("undo") == 3


async def test_a_long_list_scrolls(marking: Marking, library: MarkedLibrary) -> None:
    """By keys, which keep the marked row in view, and by the wheel, which does not."""
    library.edited += [
        (Edit(number, 0, f"edit {number}."), ({}, {})) for number in range(300, 0, -1)
    ]
    async with marking(size=(80, 24)) as browser:
        await ask(browser, "Z", ChangesScreen)
        await browser.until(lambda: "Edit 300." in browser.screen)
        for key, at in (
            ("end", 299),
            ("pageup", 289),
            ("home", 0),
            ("pagedown", 10),
            ("k", 9),
        ):
            await browser.press(key)
            assert f"▶ Edit {300 - at}." in browser.screen
        changes = browser.app.screen
        assert isinstance(changes, ChangesScreen)
        wheel = (changes.list, 1, 1, 0, 0, 0, False, False, False)
        for _ in range(9):
            changes.list.post_message(events.MouseScrollDown(*wheel))
        await browser.settle()
        assert "▶" not in browser.screen.split("Changes")[1].split("z the last")[0]
        for _ in range(20):
            changes.list.post_message(events.MouseScrollUp(*wheel))
        await browser.settle()
        assert "▶ Edit 291." in browser.screen
        await browser.pilot.click(changes.list, offset=(5, 2))
        await browser.settle()
        assert "▶ Edit 298." in browser.screen
        await browser.pilot.click(changes.list, offset=(5, 2))
        await browser.until(lambda: shows(browser, ConfirmScreen))
        assert "Take 3 changes back?" in browser.screen


async def test_only_what_was_meant_is_taken_back(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Somebody else took it back meanwhile, or did something after it."""
    async with marking() as browser:
        await on_note(browser)
        await browser.press("s")
        await done(browser, library, "set_star")
        await ask(browser, "Z", ChangesScreen)
        await browser.until(lambda: "1 are starred" in browser.screen)
        library.edits().undo()
        await browser.press("enter")
        await browser.until(lambda: "It was taken back already" in browser.screen)
        await browser.until(lambda: "nothing was changed yet" in browser.screen)
        assert library.calls == ["set_star", "undo"]


def test_a_moment_is_written_as_short_as_it_is_clear() -> None:
    """Today a clock will do; of another year, the day."""
    day_s = 86_400
    now_s = 1_723_725_005
    times = [moment(int((now_s - ago * day_s) * 1000), now_s) for ago in (0, 5, 400)]
    assert [len(each.split()) for each in times] == [1, 3, 3]
    assert times[0].count(":") == times[1].count(":") == 1
    assert times[2].endswith("2023")
    assert "Aug" in times[1]


async def test_a_key_pressed_twice_opens_one_screen(
    marking: Marking, library: MarkedLibrary
) -> None:
    """The second comes before the first could show anything."""
    async with marking() as browser:
        await on_note(browser)
        for name in ("comment", "tag", "title"):
            browser.app.action_marks(name)
        await browser.until(lambda: shows(browser, CommentScreen))
        await browser.settle()
        await browser.press("escape")
        assert not shows(browser, FramedScreen)


def test_every_action_of_the_keys_is_there() -> None:
    """Each name that a key gives leads to something that can be done."""
    names = ("played", "star", "tag", "comment", "title")
    others = ("bookmark", "bookmarks", "changes", "tags")
    for name in (*names, *others):
        assert callable(getattr(MarkActions, f"_{name}"))


async def test_missing_notes_can_be_marked_too(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Marks hang on the recording, wherever its file is now."""
    library.put(1, 1, library.notes[ANA].order_ms, state=NoteState.UNREADABLE)
    async with marking() as browser:
        await on_note(browser)
        await browser.press("s")
        await done(browser, library, "set_star")
        assert library.notes[ANA].star
