"""Help and palette: read from the live key map, complete, and right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.command import CommandPalette
from textual.content import Content
from textual.widgets import OptionList

from tests.fakes import Fakes, sample_library
from tui.app import EarmarkApp
from tui.playback import NowPlaying
from tui.screens._keys import bound_actions, key_name
from tui.screens._themes import DARK
from tui.screens.commands import ActionCommands
from tui.screens.help import HelpScreen

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

LATER = {"T"}
"""Keys of things that do not exist yet: bound to nothing, so nothing is promised."""
PROMISED = {
    *("j", "k", "down", "up", "h", "l", "g", "G", "ctrl+d", "ctrl+u", "J", "K"),
    *("tab", "enter", "space", "p", "left", "right", "shift+left", "shift+right"),
    *("comma", "full_stop", *map(str, range(10)), "n", "x", "backspace", "m"),
    *("less_than_sign", "greater_than_sign", "minus", "equals_sign"),
    *("left_square_bracket", "right_square_bracket", "u", "i", "y", "R", "e"),
    *("ctrl+p", "colon", "question_mark", "escape", "q", "A", "z", "Z", "S"),
    *("t", "s", "c", "C", "b", "B", "v", "slash", "N", "f", "w", "o", "d", "I"),
    *("left_parenthesis", "right_parenthesis", "number_sign"),
    *("a", "P", "Q", "L", "V", "plus", "underscore", "X", "r", "E", "M", "O"),
    *("apostrophe", "quotation_mark", "F", "alt+up", "alt+down", "delete"),
}


async def test_every_promised_key_is_bound_and_no_other(browsing: Browsing) -> None:
    """The table in the README is what works."""
    async with browsing() as browser:
        bound = set(browser.app.screen.active_bindings)
        assert bound >= PROMISED
        assert not bound & LATER


async def test_every_binding_explains_itself(browsing: Browsing) -> None:
    """Id, title and tooltip: for the key map, the palette and the help."""
    async with browsing() as browser:
        actions = bound_actions(browser.app.screen)
        assert len({action.id for action in actions}) == len(actions)
        for action in actions:
            assert action.title
            assert action.help != action.id


async def test_every_action_has_an_entry_in_the_palette(browsing: Browsing) -> None:
    """Whatever a key does can be found by its name."""
    async with browsing() as browser:
        screen = browser.app.screen
        titles = [entry.title for entry in ActionCommands(screen).commands()]
        assert len(titles) == len(set(titles))
        for action in bound_actions(screen):
            assert action.title in titles


@pytest.mark.parametrize("cells", [72, 82])
async def test_the_palette_repeats_nothing_and_wraps_nothing(
    browsing: Browsing, cells: int
) -> None:
    """A title, its keys, and what the title does not say yet, in one line."""
    async with browsing() as browser:
        for entry in ActionCommands(browser.app.screen).commands():
            row = entry.row(Content(entry.title), cells)
            assert row.cell_length <= cells
            told = row.plain[len(entry.title) :].casefold()
            assert entry.title.casefold() not in told.split("   ")
            assert not row.plain.endswith(".")


async def test_every_entry_of_the_palette_runs(browsing: Browsing) -> None:
    """No entry is dead: each is called, and nothing breaks."""
    skipped = {"Quit"}
    async with browsing() as browser:
        screen = browser.app.main
        for entry in ActionCommands(screen).commands():
            if entry.title in skipped:
                continue
            result = entry.run()
            if result is not None and hasattr(result, "__await__"):
                await result
            await browser.settle()
            while len(browser.app.screen_stack) > 1:
                await browser.app.pop_screen()
        assert browser.fakes.playing.asked


@pytest.mark.parametrize("key", ["ctrl+p", "colon"])
async def test_the_palette_finds_and_runs_an_action(
    browsing: Browsing, key: str
) -> None:
    """Type a few letters, press Enter."""
    async with browsing() as browser:
        await browser.press(key)
        assert isinstance(browser.app.screen, CommandPalette)
        await browser.press("r", "e", "s", "c", "a", "n")
        results = browser.app.screen.query_one(OptionList)
        await browser.until(lambda: results.option_count == 1)
        await browser.press("enter")
        await browser.until(lambda: ("rescan",) in browser.fakes.indexing.asked)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (200, 50)])
async def test_help_lists_the_keys_as_they_are_bound(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """A remapped key shows as it is now, and the old one is gone."""
    async with browsing(size=size, keymap={"play.mute": "M"}) as browser:
        await browser.press("question_mark")
        assert isinstance(browser.app.screen, HelpScreen)
        shown = browser.screen
        assert "Keys" in shown
        for _ in range(3):  # on a small screen it scrolls
            await browser.press("pagedown")
            shown += browser.screen
        lines = [line for line in shown.split("\n") if "Mute" in line]
        assert " M " in lines[0]
        assert "…" not in shown.replace("0 … 9", "")
        for part in ("Jump to 0 to 90 %", "Next, previous chat", "Quit", "Rescan"):
            assert part in shown
        await browser.press("escape")
        assert len(browser.app.screen_stack) == 1
        await browser.press("M", "m")
        assert browser.fakes.playing.asked == [("set_muted", True)]


async def test_help_scrolls_on_a_small_screen(browsing: Browsing) -> None:
    """Every key can be reached."""
    async with browsing(size=(80, 15)) as browser:
        await browser.press("question_mark")
        first = browser.screen
        await browser.press("pagedown", "pagedown")
        second = browser.screen
        assert second != first
        await browser.press("end")
        assert "Quit" in browser.screen
        await browser.press("pageup", "k")
        assert "Quit" not in browser.screen
        await browser.press("g")
        assert browser.screen == first


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ctrl+p", "Ctrl+p"),
        ("question_mark", "?"),
        ("left", "←"),
        ("shift+left", "Shift+←"),
        ("R", "R"),
        ("comma", ","),
        ("space", "Space"),
    ],
)
def test_keys_are_called_as_people_call_them(key: str, name: str) -> None:
    """Names for people, not for programs."""
    assert key_name(key) == name
    assert key_name(key, ascii_only=True).isascii()


async def test_the_footer_shows_the_live_keys(browsing: Browsing) -> None:
    """The main keys stand in the last line, remapped ones as they are."""
    async with browsing(keymap={"play.next_unplayed": "N"}) as browser:
        last = browser.screen.split("\n")[-1]
        assert last.startswith(" Enter play   Space pause   ←→ seek   N next unplayed")
        assert last.endswith("? keys")


async def test_themes_are_offered_and_remembered() -> None:
    """Another theme can be chosen, and whoever keeps settings hears of it."""
    kept: list[str] = []
    app = EarmarkApp(Fakes(sample_library()).services, remember_theme=kept.append)
    async with app.run_test(notifications=True) as pilot:
        assert app.theme == "earmark-dark"
        assert {"earmark-light", "nord", "gruvbox"} <= set(app.available_themes)
        app.theme = "earmark-light"
        await pilot.pause()
        assert kept == ["earmark-light"]


async def test_a_single_other_colour_is_shown(browsing: Browsing) -> None:
    """Parts have their colour from the theme, also when nothing else changes."""
    other = replace(DARK, name="other", warning="#00ff00")
    async with browsing() as browser:
        problem = "no sound device"
        browser.fakes.playing.tell(NowPlaying(device_problem=problem))
        await browser.until(lambda: problem in browser.screen)
        looks = []
        for theme in (DARK, other):
            browser.app.register_theme(theme)
            browser.app.theme = theme.name
            await browser.settle()
            strip = browser.app.screen._compositor.render_strips()[-2]
            looks.append({str(p.style) for p in strip if problem in p.text})
        assert looks[0].isdisjoint(looks[1])


async def test_an_unknown_theme_is_no_error(browsing: Browsing) -> None:
    """A setting from another version falls back to our own colours."""
    async with browsing(theme="no-such-theme") as browser:
        assert browser.app.theme == "earmark-dark"
    async with browsing(theme="nord") as browser:
        assert browser.app.theme == "nord"
