"""What is remembered of the sound: shown, changed, forgotten, taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.marking import EVIL, ask, shows
from tui.audio import PlayerState
from tui.model import ChatKind, NoteId, SoundScope, SoundSettings
from tui.playback import NowPlaying
from tui.screens.framed import FramedScreen
from tui.screens.sound import SoundScreen, counting, decibels, stepped

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
NOTE, SENDER, CHAT, ALL = SoundScope
NOTHING = SoundSettings()
SOUNDS = {SENDER: SoundSettings(1.5, 6.0), ALL: SoundSettings(1.2, skip=1)}


def play(browser: Browser, **fields: object) -> None:
    """Have the first note of the sample play."""
    row = browser.fakes.library.notes[NoteId(1)]
    now = NowPlaying(
        note_id=NoteId(1),
        sender="Ana",
        chat="Family",
        chat_id=row.chat_id,
        state=PlayerState.PLAYING,
        duration_ms=60_000,
    )
    browser.fakes.playing.tell(replace(now, **fields))  # type: ignore[arg-type]  # by name


def said(browser: Browser) -> dict[SoundScope, SoundSettings]:
    """What is remembered."""
    return dict(browser.fakes.playing.now.sounds)


def row_of(browser: Browser, name: str) -> str:
    """The row of the table that begins with a name."""
    rows = [row.partition("│")[2].strip(" ▶") for row in browser.screen.split("\n")]
    return next((row for row in rows if row.startswith(name)), "")


@SIZES
async def test_an_arrow_shows_what_counts(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """The nearest to the note; it begins from how it sounds."""
    async with browsing(size=size) as browser:
        play(browser, sounds=SOUNDS, speed=1.5, boost_db=6.0, skip=1)
        await ask(browser, "X", SoundScreen)
        assert "1.5x        +6 dB       off         long" in row_of(
            browser, "now · Ana"
        )
        assert "→[1.5x]     → +6 dB       ·" in row_of(browser, "Ana (sender)")
        assert "  1.2x        ·           ·         → long" in row_of(
            browser, "All notes"
        )
        assert "…" not in browser.screen
        await browser.press("k", "equals_sign")
        assert said(browser)[NOTE] == SoundSettings(speed=1.6)
        assert "→[1.6x]" in row_of(browser, "This note")
        assert "  1.5x" in row_of(browser, "Ana (sender)")


async def test_values_are_changed_forgotten_and_taken_back(browsing: Browsing) -> None:
    """Each by keys: one value, a row, or all of it."""
    async with browsing(size=(80, 24)) as browser:
        play(browser, sounds=SOUNDS, speed=1.5, boost_db=6.0, skip=1)
        await ask(browser, "X", SoundScreen)
        await browser.press("k", "plus", "l", "minus", "l", "space", "l", "]")
        assert said(browser)[NOTE] == SoundSettings(1.6, 3.0, level=True, skip=2)
        await browser.press("h", "_", "h", "h", "h", "j", "x")
        assert said(browser)[NOTE] == SoundSettings(1.6, 3.0, level=False, skip=2)
        assert said(browser)[SENDER] == SoundSettings(boost_db=6.0)
        await browser.press("j", "enter")
        assert said(browser)[CHAT] == SoundSettings(1.6, 3.0, level=False, skip=2)
        await browser.press("k", "k", "f")
        assert NOTE not in said(browser)
        before = said(browser)
        await browser.press("C")
        assert said(browser) == {}
        assert "→" not in row_of(browser, "All notes")
        await browser.press("z")
        assert said(browser) == before
        await browser.press(*"zzzzzzzzz")
        assert said(browser) == SOUNDS
        assert "nothing was changed here" in browser.screen
        await browser.press("X")
        assert not shows(browser, FramedScreen)


async def test_what_is_not_known_has_nothing_remembered(browsing: Browsing) -> None:
    """A sender or chat that nobody told; and all but the last row in silence."""
    async with browsing(size=(80, 24)) as browser:
        await ask(browser, "X", SoundScreen)
        assert row_of(browser, "no note plays")
        await browser.press("k", "k", "k", "equals_sign")
        assert "nothing can be remembered here: no note plays" in browser.screen
        await browser.press("j", "j", "j", "equals_sign")
        assert said(browser) == {ALL: SoundSettings(speed=1.1)}
        browser.fakes.library.kinds[browser.fakes.library.notes[NoteId(1)].chat_id] = (
            ChatKind.UNMATCHED
        )
        play(browser, sender=None, sounds={})
        await browser.until(lambda: bool(row_of(browser, "sender not known")))
        asked = browser.fakes.playing.asked
        asked.clear()
        for keys in (("k", "enter"), ("k", "x"), ("j", "f")):
            await browser.press(*keys)
            assert asked == []
        await browser.press("enter")
        assert "nothing can be remembered here: chat not known" in browser.screen
        await browser.press("k", "k", "enter")
        assert said(browser) == {NOTE: SoundSettings(1.0, 0.0, level=False, skip=0)}


async def test_it_follows_the_note_that_plays(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done to another note is not undone on this one."""
    async with browsing(size=(80, 24)) as browser:
        play(browser)
        await ask(browser, "X", SoundScreen)
        await browser.press("k", "equals_sign")
        assert "→[1.1x]" in row_of(browser, "This note")
        play(browser, note_id=NoteId(2), sender=EVIL, chat=EVIL)
        await browser.until(lambda: "[1.1x]" not in browser.screen)
        assert "\x1b" not in browser.screen
        browser.fakes.playing.asked.clear()
        await browser.press("equals_sign")
        assert "another note plays now" in browser.screen
        assert browser.fakes.playing.asked == []
        await browser.press("z")
        assert "something else plays now than that was for" in browser.screen
        play(browser)
        await browser.press("z")
        assert said(browser) == {}
        play(browser, note_id=NoteId(2))
        # What the player has not told yet is shown; what it refuses, not any more.
        screen = browser.app.screen
        assert isinstance(screen, SoundScreen)
        monkeypatch.setattr(screen, "_remember", lambda *_: None)
        await browser.press("down", "up")
        await browser.press("equals_sign", "equals_sign")
        assert "→[1.2x]" in browser.screen
        play(browser, note_id=NoteId(2), position_ms=9)
        await browser.settle()
        assert "→[1.2x]" in browser.screen
        play(browser, note_id=NoteId(2), message="That did not work")
        await browser.until(lambda: "[1.2x]" not in browser.screen)


def test_the_nearest_counts() -> None:
    """Each setting for itself."""
    sounds = {SENDER: SoundSettings(speed=2.0), ALL: SoundSettings(1.0, 3.0)}
    assert counting(sounds, "speed") is SENDER
    assert counting(sounds, "boost_db") is ALL
    assert counting(sounds, "level") is None
    assert counting({}, "skip") is None


@pytest.mark.parametrize(
    ("name", "step", "before", "after"),
    [
        ("speed", 1, 1.0, 1.1),
        ("speed", 1, 4.0, 4.0),
        ("speed", -1, 0.5, 0.5),
        ("boost_db", -1, 0.0, -3.0),
        ("boost_db", 1, 24.0, 24.0),
        ("boost_db", -1, -12.0, -12.0),
        ("level", 1, False, True),
        ("level", -1, False, False),
        ("skip", 1, 3, 3),
        ("skip", -1, 3, 2),
    ],
)
def test_values_stay_within_what_can_be_played(
    name: str, step: int, before: float, after: float
) -> None:
    """And nothing else is changed with them."""
    settings = NOTHING._replace(**{name: before})  # type: ignore[arg-type]  # by name
    assert stepped(settings, name, step) == NOTHING._replace(**{name: after})  # type: ignore[arg-type]  # the same


def test_a_boost_is_written_with_its_sign() -> None:
    """Nought has none."""
    assert [decibels(each) for each in (-3.0, 0.0, 1.5, 24.0)] == [
        "-3 dB",
        "0 dB",
        "+1.5 dB",
        "+24 dB",
    ]
