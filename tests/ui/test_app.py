"""The browser as a person uses it: keys in, screen and requests out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import sample_library
from tui.audio import PlayerState
from tui.model import (
    Group,
    GroupKind,
    LibraryDelta,
    NoteId,
    SourceState,
    WatchMode,
)
from tui.playback import NowPlaying
from tui.services import IndexerStatus
from tui.widgets.details import Details
from tui.widgets.note_tree import NoteTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from textual.widget import Widget

    from tests.ui.conftest import Browser

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

UNPLAYED = Group(GroupKind.UNPLAYED)
FIRST = NoteId(1)
"""The newest note of the sample, first below the node Unplayed."""


async def to_first_note(browser: Browser) -> None:
    """Open the first node and put the cursor on its first note."""
    await browser.press("enter", "j")
    assert browser.app.main.note_tree.cursor_note == FIRST


def is_shown(browser: Browser) -> bool:
    """Tell whether the details are on the screen."""
    return browser.app.main.query_one(Details).display


def has_focus(browser: Browser, kind: type[Widget]) -> bool:
    """Tell whether a kind of widget has the focus."""
    return isinstance(browser.app.focused, kind)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (200, 50), (40, 10)])
async def test_the_first_screen_has_everything(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """Header, tree, bar and keys fit every size."""
    async with browsing(size=size) as browser:
        shown = browser.screen
        for part in ("Earmark", "Unplayed", "Family", "nothing is playing", "? keys"):
            assert part in shown
        lines = shown.split("\n")
        assert "nothing is playing" in lines[size[1] - 2]
        assert "? keys" in lines[size[1] - 1]
        if size[0] >= 80:
            assert "live" in lines[0]
            assert "16 unplayed" in lines[0]
            assert "63 notes" in lines[0]


async def test_the_engines_begin_after_the_first_screen(browsing: Browsing) -> None:
    """Everything is started once."""
    async with browsing() as browser:
        assert browser.fakes.playing.is_started
        assert browser.fakes.indexing.is_started
        assert len(browser.fakes.library.listeners) == 1


async def test_enter_plays_the_note_within_its_group(browsing: Browsing) -> None:
    """The note plays, the bar and the row say so."""
    async with browsing() as browser:
        await to_first_note(browser)
        await browser.press("enter")
        assert browser.fakes.playing.asked == [("play_note", FIRST, UNPLAYED)]
        bar = browser.screen.split("\n")[-2]
        assert bar.startswith(" ▶ Ana ")
        assert "0:00 / 0:11" in bar
        assert "▶ 15 Aug" in browser.screen


KEYS = [
    ("space", ("toggle",)),
    ("p", ("toggle",)),
    ("n", ("play_next_unplayed",)),
    ("left", ("seek_by", -5000)),
    ("right", ("seek_by", 5000)),
    ("shift+left", ("seek_by", -1000)),
    ("shift+right", ("seek_by", 1000)),
    ("comma", ("seek_by", -30_000)),
    ("full_stop", ("seek_by", 30_000)),
    ("less_than_sign", ("previous",)),
    ("greater_than_sign", ("next",)),
    ("left_square_bracket", ("set_speed", 1.2)),
    ("right_square_bracket", ("set_speed", 1.4)),
    ("x", ("set_speed", 1.5)),
    ("backspace", ("set_speed", 1.0)),
    ("minus", ("set_volume", 0.75)),
    ("equals_sign", ("set_volume", 0.85)),
    ("m", ("set_muted", True)),
    *((str(n), ("seek_percent", n * 10)) for n in range(10)),
]


@pytest.mark.parametrize(("key", "asked"), KEYS, ids=[key for key, _ in KEYS])
async def test_each_key_asks_the_player_for_one_thing(
    browsing: Browsing, key: str, asked: tuple[object, ...]
) -> None:
    """Keys of the player work wherever the cursor is."""
    async with browsing() as browser:
        playing = browser.fakes.playing
        playing.tell(
            NowPlaying(note_id=FIRST, state=PlayerState.PLAYING, speed=1.3, volume=0.8)
        )
        await browser.press(key)
        assert playing.asked[:1] == [asked]


@pytest.mark.parametrize(
    ("speed", "wanted"), [(1.0, 1.5), (1.5, 2.0), (2.0, 1.0), (0.7, 1.0), (1.7, 2.0)]
)
async def test_x_goes_through_the_usual_speeds(
    browsing: Browsing, speed: float, wanted: float
) -> None:
    """From anywhere to the next of 1, 1.5, 2, and round."""
    async with browsing() as browser:
        browser.fakes.playing.tell(NowPlaying(speed=speed))
        await browser.press("x")
        assert browser.fakes.playing.asked == [("set_speed", wanted)]


async def test_space_plays_the_note_under_the_cursor_when_nothing_is_loaded(
    browsing: Browsing,
) -> None:
    """The obvious key does the obvious thing."""
    async with browsing() as browser:
        await to_first_note(browser)
        await browser.press("space")
        assert browser.fakes.playing.asked == [("play_note", FIRST, UNPLAYED)]
        await browser.press("space")
        assert browser.fakes.playing.asked[-1] == ("toggle",)
        assert browser.screen.split("\n")[-2].startswith(" ⏸ Ana ")


async def test_the_next_unplayed_note_is_shown_in_the_tree(browsing: Browsing) -> None:
    """The cursor follows what `n` began to play."""
    async with browsing() as browser:
        await browser.press("n")
        playing = browser.fakes.playing.now.note_id
        assert playing is not None
        assert browser.app.main.note_tree.cursor_note == playing


async def test_a_note_that_follows_by_itself_moves_no_cursor(
    browsing: Browsing,
) -> None:
    """Only what the user asked for moves the cursor."""
    async with browsing() as browser:
        await to_first_note(browser)
        browser.fakes.playing.play_note(NoteId(5))
        await browser.settle()
        assert browser.app.main.note_tree.cursor_note == FIRST
        assert browser.app.main.note_tree.playing == NoteId(5)


async def test_r_rescans(browsing: Browsing) -> None:
    """The indexer is asked, and the user told."""
    async with browsing() as browser:
        await browser.press("R")
        assert ("rescan",) in browser.fakes.indexing.asked
        assert "looking at every file" in browser.top
        assert browser.notices == []


async def test_details_stand_beside_the_tree_or_below_it(browsing: Browsing) -> None:
    """Wide screens have them from the start, narrow ones on a key."""
    async with browsing(size=(80, 24)) as browser:
        details = browser.app.main.query_one(Details)
        assert not is_shown(browser)
        await to_first_note(browser)
        await browser.press("i")
        assert is_shown(browser)
        assert details.size.width == 80
        assert "received" in browser.screen
        await browser.press("escape")
        assert not is_shown(browser)
        await browser.pilot.resize_terminal(120, 30)
        await browser.settle()
        assert is_shown(browser)
        assert details.region.x > 60
        await browser.press("i")
        assert not is_shown(browser)


async def test_details_follow_the_cursor(browsing: Browsing) -> None:
    """After a fast run the last note is the one that shows."""
    async with browsing() as browser:
        await browser.press("enter", "j", "j", "j", "j", "j")
        details = browser.app.main.query_one(Details)
        cursor = browser.app.main.note_tree.cursor_note
        await browser.until(
            lambda: details.note is not None and details.note.row.id == cursor
        )


async def test_a_missing_waveform_is_asked_for_once_and_shown(
    browsing: Browsing,
) -> None:
    """Peaks are made on request, and come as a change of the library."""
    library = sample_library()
    peaks = library.peaks.pop(FIRST)
    async with browsing(library) as browser:
        await to_first_note(browser)
        details = browser.app.main.query_one(Details)
        await browser.until(lambda: details.note is not None)
        await browser.press("k", "j", "k", "j")
        await browser.until(lambda: details.note is not None)
        asked = browser.fakes.indexing.asked
        assert asked.count(("request_peaks", FIRST)) == 1
        library.peaks[FIRST] = peaks
        library.tell(library.change(FIRST))
        await browser.until(lambda: "█" in browser.screen)


async def test_tab_goes_to_the_details_and_escape_back(browsing: Browsing) -> None:
    """Two panes, two keys."""
    async with browsing() as browser:
        await browser.press("tab")
        assert has_focus(browser, Details)
        await browser.press("escape")
        assert has_focus(browser, NoteTree)


async def test_details_scroll_where_they_do_not_fit(browsing: Browsing) -> None:
    """In a low pane the keys of the tree scroll the text."""
    async with browsing(size=(80, 24)) as browser:
        await to_first_note(browser)
        await browser.press("i", "tab", "j", "j")
        assert browser.app.main.query_one(Details).top == 2
        await browser.press("k")
        assert browser.app.main.query_one(Details).top == 1


async def test_a_new_note_appears_by_itself(browsing: Browsing) -> None:
    """What the follower tells is on the screen, counts and all."""
    async with browsing() as browser:
        library = browser.fakes.library
        library.put(99, 1, 1_800_000_000_000, duration_ms=61_000)
        library.tell(library.change(99))
        await browser.until(lambda: "64 notes" in browser.screen)
        assert "17 unplayed" in browser.screen


async def test_sources_that_go_and_come_back_are_told(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the header all the time, in a notice once; never in a dialog."""
    monkeypatch.setattr("tui.screens.main._NEWS_S", 1.0)  # its lines are read, too
    async with browsing() as browser:
        library = browser.fakes.library
        library.known = [
            library.known[0]._replace(
                state=SourceState.OFFLINE, reason="it is not there"
            )
        ]
        library.tell(LibraryDelta(sources=True))
        await browser.until(lambda: "offline" in browser.screen.split("\n")[0])
        assert "it is not there" in browser.notices[0]
        library.known = [
            library.known[0]._replace(
                state=SourceState.OK,
                watch=WatchMode.POLLING,
                watch_reason="a network drive",
            )
        ]
        library.tell(LibraryDelta(sources=True))
        await browser.until(lambda: "polling" in browser.screen.split("\n")[0])
        await browser.until(lambda: "a network drive" in browser.screen)
        assert not any("a network drive" in text for text in browser.notices)
        assert len(browser.app.screen_stack) == 1


async def test_without_a_source_the_screen_says_what_to_do(browsing: Browsing) -> None:
    """A first start is no error, and ends when there is a source."""
    library = sample_library()
    known, library.known = library.known, []
    async with browsing(library, size=(80, 24)) as browser:
        assert "No source yet" in browser.screen
        assert "earmark FOLDER" in browser.screen
        await browser.press(
            "enter", "space", "j", "u", "tab", "question_mark", "escape"
        )
        library.known = known
        library.tell(LibraryDelta(sources=True, reset=True))
        await browser.until(lambda: "Unplayed" in browser.screen)
        assert "No source yet" not in browser.screen
        await browser.until(lambda: has_focus(browser, NoteTree))


async def test_a_device_problem_is_a_line_that_goes_away(browsing: Browsing) -> None:
    """It takes a line of its own, and gives it back."""
    async with browsing(size=(80, 24)) as browser:
        problem = "no sound device: notes play silently"
        playing = browser.fakes.playing
        playing.tell(NowPlaying(device_problem=problem))
        await browser.until(lambda: problem in browser.screen)
        lines = browser.screen.split("\n")
        assert problem in lines[-2]
        assert "? keys" in lines[-1]
        playing.tell(NowPlaying())
        await browser.until(lambda: problem not in browser.screen)


async def test_a_note_that_cannot_be_played_says_why(browsing: Browsing) -> None:
    """The reason stays while the note is the one in the bar."""
    async with browsing() as browser:
        browser.fakes.playing.tell(
            NowPlaying(
                note_id=FIRST,
                chat="Ana",
                state=PlayerState.FAILED,
                message="the file is gone",
            )
        )
        await browser.until(lambda: "! the file is gone" in browser.screen)
        assert " ✗ Ana" in browser.screen


async def test_nothing_left_to_play_is_a_notice(browsing: Browsing) -> None:
    """A line about a request is told once, and hides nothing."""
    async with browsing() as browser:
        now = NowPlaying(message="nothing unplayed is left")
        browser.fakes.playing.tell(now)
        browser.fakes.playing.tell(now)
        await browser.until(lambda: "nothing unplayed is left" in browser.top)
        browser.app.main.header.tell("")
        browser.fakes.playing.tell(now)
        await browser.settle()
        assert "nothing unplayed is left" not in browser.screen


async def test_what_the_indexer_does_shows_in_the_header(browsing: Browsing) -> None:
    """Progress takes the place of the watch mode, problems are notices."""
    async with browsing() as browser:
        browser.fakes.indexing.tell(IndexerStatus("reading 12 of 90"))
        await browser.until(lambda: "reading 12 of 90" in browser.screen)
        browser.fakes.indexing.tell(IndexerStatus("", "another Earmark indexes"))
        await browser.until(lambda: "live" in browser.screen)
        assert browser.notices == ["another Earmark indexes"]
