"""The keys for listening: what they ask of the player, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes import sample_library
from tests.support.marking import EVIL, ask, on_note, shows
from tui.audio import OutputInfo, PlayerState
from tui.errors import LibraryError
from tui.messages import PlayingChanged
from tui.model import (
    ChatId,
    Group,
    GroupKind,
    NoteId,
    NoteState,
    Played,
    Sort,
    SoundScope,
    SoundSettings,
)
from tui.playback import NowPlaying
from tui.screens._bindings import BINDINGS
from tui.screens.framed import ConfirmScreen, FramedScreen
from tui.screens.listening import ListenActions
from tui.screens.output import OutputScreen, in_use
from tui.screens.queue import QueueScreen
from tui.screens.sleep import SleepScreen
from tui.widgets.details import Details
from tui.widgets.player_bar import PlayerBar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser
    from tui.model import NoteRow

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
ANA = NoteId(1)
"""The newest note of the first chat."""
UNREADABLE = NoteId(63)


def play(browser: Browser, **fields: object) -> None:
    """Have a note of Ana's play."""
    now = NowPlaying(
        note_id=NoteId(3),
        sender="Ana",
        chat="Family",
        state=PlayerState.PLAYING,
        position_ms=5000,
        duration_ms=60_000,
    )
    browser.fakes.playing.tell(replace(now, **fields))  # type: ignore[arg-type]  # by name


def asked(browser: Browser) -> list[tuple[object, ...]]:
    """Take what was asked of the player since the last time."""
    calls = list(browser.fakes.playing.asked)
    browser.fakes.playing.asked.clear()
    return calls


async def says(browser: Browser, text: str) -> None:
    """Wait until something is said, in the header or in a notice."""
    await browser.until(
        lambda: text in browser.top or any(text in each for each in browser.notices)
    )


async def test_keys_ask_the_player(browsing: Browsing) -> None:
    """One call for each, and words for what can't be seen."""
    async with browsing(size=(140, 30)) as browser:
        await browser.press("E")
        await says(browser, "Nothing plays")
        assert asked(browser) == []
        play(browser)
        await browser.press("r", "apostrophe", "quotation_mark")
        assert asked(browser) == [
            ("replay", 5000),
            ("step_bookmark", 1),
            ("step_bookmark", -1),
        ]
        await browser.press("L")
        await says(browser, "Loop from 0:05: the same key marks its end")
        play(browser, position_ms=9000, loop=(5000, None))
        await browser.press("L")
        await says(browser, "Loop from 0:05 to 0:09")
        await browser.press("L")
        await says(browser, "The loop has ended")
        assert asked(browser) == [("loop",)] * 3
        await browser.press("E")
        await says(browser, "It stops after this note")
        await browser.press("E")
        await says(browser, "It goes on after this note")
        assert asked(browser) == [("stop_after_this", True), ("stop_after_this", False)]


async def test_boost_and_level_say_what_for(browsing: Browsing) -> None:
    """By the name of the sender, once it is told that it is remembered for him."""
    async with browsing(size=(140, 30)) as browser:
        play(browser)
        await browser.press("plus", "plus")
        await says(browser, "Ana: +6 dB")
        await browser.press("underscore")
        await says(browser, "Ana: +3 dB")
        await browser.press("V")
        await says(browser, "Ana: loudness levelled")
        await browser.press("V")
        await says(browser, "Ana: loudness not levelled")
        assert asked(browser) == [
            ("set_boost", 3.0),
            ("set_boost", 6.0),
            ("set_boost", 3.0),
            ("set_level", True),
            ("set_level", False),
        ]
        browser.fakes.playing.tell(NowPlaying(boost_db=9.0))
        await browser.press("plus")
        await says(browser, "All notes: +12 dB")


async def test_what_the_player_tells_late_is_said_late(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings may have it remembered for the chat; another note ends the wait."""
    async with browsing(size=(140, 30)) as browser:
        playing = browser.fakes.playing
        play(browser)

        def set_boost(boost_db: float) -> None:
            playing.now = replace(playing.now, boost_db=min(boost_db, 24.0))

        monkeypatch.setattr(playing, "set_boost", set_boost)
        await browser.press("plus")
        play(browser, boost_db=3.0)
        await browser.settle()
        assert "dB" not in browser.top
        kept = {SoundScope.CHAT: SoundSettings(boost_db=3.0)}
        play(browser, boost_db=3.0, sounds=kept)
        await says(browser, "Family: +3 dB")
        most = {SoundScope.NOTE: SoundSettings(boost_db=24.0)}
        play(browser, boost_db=24.0, sounds=most)
        await browser.press("plus")
        await says(browser, "This note: +24 dB")


# The queue


async def test_notes_are_let_wait(browsing: Browsing) -> None:
    """The one under the cursor, the selected ones, or what is unplayed of a group."""
    async with browsing(size=(140, 30)) as browser:
        await on_note(browser)
        await browser.press("a")
        await says(browser, "1 note waits in the queue")
        await browser.press("a")
        await says(browser, "It waits in the queue already")
        await browser.press("j", "v", "j", "j", "P")
        await says(browser, "3 notes come next")
        assert not browser.app.main.note_tree.selected
        assert asked(browser) == [
            ("enqueue", (1,), False),
            ("enqueue", (1,), False),
            ("enqueue", (4, 3, 2), True),
        ]
        # Two of Ana's notes are unplayed, a third is half-heard; the oldest is first.
        await browser.press("h", "a")
        await says(browser, "They wait in the queue already")
        assert asked(browser) == [("enqueue", (3, 2, 1), False)]
        browser.fakes.playing.tell(NowPlaying(queue=(NoteId(1),)))
        await browser.press("a")
        await says(browser, "2 unplayed notes added: 3 wait in the queue")


async def test_what_can_not_be_played_does_not_wait(browsing: Browsing) -> None:
    """It is said, with the reason; in a group, how many there are."""
    library = sample_library()
    for note_id in list(library.notes):
        if library.notes[note_id].chat_id != ChatId(2):
            del library.notes[note_id]
    for note_id, row in library.notes.items():
        library.notes[note_id] = row._replace(played=Played.PLAYED)
    async with browsing(library, size=(140, 30)) as browser:
        await on_note(browser, UNREADABLE)
        await browser.press("a")
        await says(browser, "Can't play this note: not a sound file: begins like text")
        tree = browser.app.main.note_tree
        tree.set_sort(Sort.LONGEST)
        await browser.press("g")
        while tree.cursor_group.kind is not GroupKind.CHAT:
            await browser.press("j")
        shown = [each for each in tree.chosen()[0] if each != UNREADABLE]
        await browser.press("a")
        await says(browser, "9 notes wait in the queue; 1 can't be played")
        assert asked(browser) == [("enqueue", tuple(shown), False)]
        for note_id, row in library.notes.items():
            gone = row._replace(state=NoteState.MISSING)
            library.notes[note_id] = gone
        await browser.press("a")
        await says(browser, "None of 10 notes can be played")
        assert asked(browser) == []


async def test_many_notes_wait_only_if_that_is_meant(browsing: Browsing) -> None:
    """A group of hundreds is soon under the cursor."""
    library = sample_library()
    for number in range(300):
        library.put(1000 + number, 9, 1_723_700_000_000 + number)
    async with browsing(library, size=(140, 30)) as browser:
        await browser.press("g")  # all that is unplayed
        await ask(browser, "a", ConfirmScreen)
        assert "notes wait in the queue?" in browser.screen
        await browser.press("escape")
        assert asked(browser) == []
        await ask(browser, "P", ConfirmScreen)
        await browser.press("enter")
        await says(browser, "notes come next")
        ((name, ids, first),) = asked(browser)
        assert (name, first) == ("enqueue", True)
        assert isinstance(ids, tuple)
        assert len(ids) > 300
        orders = [library.notes[note_id].order_ms for note_id in ids]
        assert orders == sorted(orders)
    empty = sample_library()
    empty.notes.clear()
    async with browsing(empty) as browser:
        await browser.press("a")
        await says(browser, "Put the cursor on a note")


# The sleep timer, the output


@SIZES
async def test_the_sleep_timer(browsing: Browsing, size: tuple[int, int]) -> None:
    """By keys: minutes, the end of the note, off; what holds is marked."""
    async with browsing(size=size) as browser:
        await ask(browser, "M", SleepScreen)
        assert "▶ ● Off" in browser.screen
        await browser.press("k", "enter")
        await says(browser, "Nothing plays")
        assert asked(browser) == []
        play(browser)
        await ask(browser, "M", SleepScreen)
        await browser.press("g", "j", "j", "enter")
        await says(browser, "It pauses in 15 minutes")
        assert asked(browser) == [("sleep_after", 15)]
        play(browser, sleep_ms=12 * 60_000)
        await ask(browser, "M", SleepScreen)
        assert "▶ ● 15 minutes" in browser.screen
        assert "12 minutes left" in browser.screen
        play(browser, sleep_ms=60_000)
        await browser.until(lambda: "1 minute left" in browser.screen)
        assert "● 5 minutes" in browser.screen
        await browser.press("G", "k", "enter")
        await says(browser, "It stops after this note")
        assert asked(browser) == [("sleep_after", None), ("stop_after_this", True)]
        await ask(browser, "M", SleepScreen)
        await browser.press("G", "enter")
        await says(browser, "No sleep timer")
        assert asked(browser) == [("stop_after_this", False), ("sleep_after", None)]


USUAL = OutputInfo("auto", "the usual device")
SPEAKER = OutputInfo("pulse:speaker", "Built-in Audio", is_default=True)
HEADSET = OutputInfo("pulse:headset", EVIL)


def row_with(browser: Browser, text: str) -> str:
    """The row of the screen that holds a text."""
    return next((row for row in browser.screen.split("\n") if text in row), "")


@SIZES
async def test_outputs_come_and_go(browsing: Browsing, size: tuple[int, int]) -> None:
    """They are looked for, the one in use is marked, and one can be chosen."""
    async with browsing(size=size) as browser:
        await ask(browser, "O", OutputScreen)
        assert "looking for outputs" in browser.screen
        assert asked(browser) == [("list_outputs",)]
        play(browser, outputs=(USUAL, SPEAKER), output="pulse", chosen_output="auto")
        await browser.until(lambda: "Built-in Audio" in browser.screen)
        assert "● Built-in Audio" in row_with(browser, "in use")
        assert "the usual device" in row_with(browser, "chosen")
        await browser.press("j")
        play(browser, outputs=(HEADSET, USUAL, SPEAKER), output="pulse:headset")
        await browser.until(lambda: "wide" in row_with(browser, "in use"))
        assert "▶   Built-in Audio" in row_with(browser, "usual │")
        assert "\x1b" not in browser.screen
        await browser.press("r", "g", "enter")
        await says(browser, "It plays on: ")
        assert asked(browser) == [("list_outputs",), ("set_output", "pulse:headset")]
        why = "No sound: the sound server does not answer"
        play(browser, output="null", device_problem=why)
        await ask(browser, "O", OutputScreen)
        assert f"✗ {why}" in browser.screen
        asked(browser)
        await browser.press("enter")
        assert asked(browser) == []
        await browser.press("O")
        assert not shows(browser, FramedScreen)


def test_the_output_in_use_is_found() -> None:
    """By its name, or as the usual one of its kind."""
    outputs = (USUAL, SPEAKER, HEADSET, OutputInfo("null", "silence"))
    assert in_use(outputs, "pulse:headset") == "pulse:headset"
    assert in_use(outputs, "pulse") == "pulse:speaker"
    assert in_use(outputs, "null") == "null"
    assert in_use(outputs, "miniaudio") == ""
    assert in_use((), "pulse") == ""


# All of them


async def test_a_key_pressed_twice_opens_one_screen(browsing: Browsing) -> None:
    """The second comes before the first could show anything."""
    async with browsing() as browser:
        for name in ("queue", "sleep", "output", "sound"):
            browser.app.action_listen(name)
        await browser.until(lambda: shows(browser, QueueScreen))
        await browser.settle()
        await browser.press("escape")
        assert not shows(browser, FramedScreen)


async def test_a_part_of_a_waveform_is_played(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the note that plays it is gone to; another is played from there."""
    async with browsing() as browser:
        play(browser)
        await on_note(browser)
        main = browser.app.main
        main.bar.post_message(PlayerBar.Sought(0.25))
        await browser.until(lambda: len(browser.fakes.playing.asked) == 1)
        details = main.query_one(Details)
        for count, (note_id, share) in enumerate(((3, 0.5), (1, 0.5), (9, 0.0)), 2):
            details.post_message(Details.WaveClicked(NoteId(note_id), share))
            await browser.until(lambda n=count: len(browser.fakes.playing.asked) == n)  # type: ignore[misc]  # of the loop
        half_ms = (browser.fakes.library.notes[ANA].duration_ms or 0) / 2
        assert asked(browser) == [
            ("seek_percent", 25.0),
            ("seek_percent", 50.0),
            ("play_note", ANA, Group(GroupKind.CHAT, ChatId(1)), round(half_ms)),
            ("play_note", NoteId(9), None, 0),
        ]

        def fail(ids: Sequence[NoteId]) -> list[NoteRow]:
            raise LibraryError(b"library.db", "it is away")

        monkeypatch.setattr(browser.fakes.library, "rows", fail)
        details.post_message(Details.WaveClicked(ANA, 0.5))
        await says(browser, "it is away")
        assert asked(browser) == []


async def test_what_is_told_at_the_end_breaks_nothing(browsing: Browsing) -> None:
    """The player tells of itself while the screen is taken down, part by part."""
    async with browsing() as browser:
        app = browser.app
        await app.main.bar.remove()
        ending = app._prune(app.main)
        app._show_playing(PlayingChanged(NowPlaying(message="it has ended")))
        await ending


def test_every_action_of_the_keys_is_there() -> None:
    """Each name that a key gives leads to something that can be done."""
    names = {
        str(getattr(each, "action", ""))[len("listen('") : -len("')")]
        for each in BINDINGS
        if str(getattr(each, "action", "")).startswith("listen(")
    }
    assert len(names) == 14
    for name in names:
        assert callable(getattr(ListenActions, f"_{name}"))
