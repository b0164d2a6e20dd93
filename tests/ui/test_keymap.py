"""Other keys and colours of the settings, in the running browser."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from tests.fakes import Fakes, sample_library
from tui.app import EarmarkApp
from tui.cli._look import dress, keymap, theme_keeper
from tui.config import PRESETS, Colors, Keys, load_settings
from tui.screens._keymap import keys_of
from tui.screens._keys import bound_actions
from tui.screens._themes import OWN
from tui.screens.commands import ActionCommands
from tui.screens.help import HelpScreen, help_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser
    from tui.config import Settings

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]


def keymap_of(*given: tuple[str, str], preset: str = "earmark") -> object:
    """Make the key map of some settings."""
    return keymap(replace(load_settings(), keys=Keys(preset, given, "c.toml")))


@pytest.mark.parametrize("preset", PRESETS)
async def test_the_live_keys_are_those_of_the_preset(
    browsing: Browsing, preset: str
) -> None:
    """What the browser really binds is what was worked out from the tables."""
    wanted = keys_of(Keys(preset))
    async with browsing(keymap=keymap_of(preset=preset)) as browser:
        bound = {each.id: each for each in bound_actions(browser.app.screen)}
        for name, entry in bound.items():
            assert set(entry.keys) == set(wanted[name]), name
            assert entry.keys[:1] == wanted[name][:1], name
        details = {"details.down", "details.up"}
        assert set(wanted) - details <= set(bound)


async def test_other_keys_of_the_tree_move_the_cursor(browsing: Browsing) -> None:
    """And the old ones do nothing, or what they were given to."""
    other = keymap_of(
        ("tree.down", "f2"),
        ("details.down", "f2"),
        ("play.mute", "j"),
        ("play.slower", "down"),
    )
    async with browsing(keymap=other) as browser:
        tree = browser.app.main.note_tree
        assert tree.model.cursor_row == 0
        await browser.press("f2", "f2")
        assert tree.model.cursor_row == 2
        await browser.press("j", "down")
        assert tree.model.cursor_row == 2
        assert browser.fakes.playing.asked == [("set_muted", True), ("set_speed", 0.9)]
        await browser.press("m")
        assert len(browser.fakes.playing.asked) == 2


async def test_keys_that_were_swapped(browsing: Browsing) -> None:
    """Two actions take each other's keys, across the tree and the application."""
    other = keymap_of(("tree.top", "x"), ("play.next_speed", "g"))
    async with browsing(keymap=other) as browser:
        tree = browser.app.main.note_tree
        await browser.press("G")
        assert tree.model.cursor_row > 0
        await browser.press("x")
        assert tree.model.cursor_row == 0
        await browser.press("g")
        assert browser.fakes.playing.asked == [("set_speed", 1.5)]


async def test_an_action_without_key(browsing: Browsing) -> None:
    """Its key does nothing; it is not in the help, and still in the palette."""
    other = keymap_of(("play.mute", ""), ("tree.next_chat", ""))
    async with browsing(size=(200, 50), keymap=other) as browser:
        await browser.press("m", "J")
        assert browser.fakes.playing.asked == []
        assert browser.app.main.note_tree.model.cursor_row == 0
        entries = {
            entry.title: entry
            for entry in ActionCommands(browser.app.screen).commands()
        }
        assert entries["Mute"].keys == ""
        assert entries["Next chat"].keys == ""
        await browser.press("question_mark")
        assert isinstance(browser.app.screen, HelpScreen)
        assert "Mute" not in browser.screen
        assert "<" not in browser.screen.replace("< >", "")
        lines = [line for line in browser.screen.split("\n") if "previous chat" in line]
        assert " K " in lines[0]
        assert " J " not in lines[0]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_help_and_footer_show_a_preset(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """Keys of the tree as well as those of the application."""
    other = keymap_of(("tree.choose", "o"), ("find.sort", "f6"), preset="vim")
    async with browsing(size=size, keymap=other) as browser:
        assert browser.screen.split("\n")[-1].startswith(" o play   Space pause")
        await browser.press("question_mark")
        shown = browser.screen
        assert ("show more" in shown) == (size == (80, 24))
        await browser.press("pagedown", "pagedown")
        rows = [*shown.split("\n"), *browser.screen.split("\n")]
        for keys, title in (
            ("J } K {", "Next, previous"),
            ("Ctrl+f b", "A page"),
            ("o", "Play, open"),
            ("0 … 9", "Jump to 0 to 90 %"),
            ("u", "Undo"),
            ("r", "Played, unplayed"),
            ("F6", "Sort"),
        ):
            pattern = rf"│ .*(?<!\S){re.escape(keys)} +{re.escape(title)}"
            assert any(re.search(pattern, row) for row in rows), keys


@pytest.mark.parametrize("preset", PRESETS)
async def test_the_help_fits_its_width(browsing: Browsing, preset: str) -> None:
    """No line is wider than the pane, and from 60 columns on nothing is cut."""
    async with browsing(keymap=keymap_of(preset=preset)) as browser:
        bound = bound_actions(browser.app.screen)
    assert help_lines([], 40) == []
    for cells in (20, 40, 60, 72, 92, 114):
        lines = help_lines(bound, cells)
        rows = ["".join(run.text for run in line) for line in lines]
        assert max(map(cell_len, rows)) <= cells
        if cells >= 60:
            text = "\n".join(rows)
            assert "…" not in text.replace(" … ", "")
            assert all(each.row in text for each in bound if each.keys)


async def test_the_help_keeps_its_order(browsing: Browsing) -> None:
    """Actions stand where they stood, whatever their keys."""
    orders = []
    for preset in ("earmark", "mpv"):
        async with browsing(keymap=keymap_of(preset=preset)) as browser:
            found = bound_actions(browser.app.screen)
            orders.append([entry.id for entry in found])
    assert orders[0] == orders[1]


async def test_the_footer_leaves_out_what_has_no_key(browsing: Browsing) -> None:
    """No word stands there alone."""
    other = keymap_of(("play.toggle", ""), ("play.back", ""))
    async with browsing(keymap=other) as browser:
        last = browser.screen.split("\n")[-1]
        assert "pause" not in last
        assert " → seek" in last


async def test_keys_of_mpv(browsing: Browsing) -> None:
    """The volume is on 9 and 0, the ends of the note on Home and End."""
    async with browsing(keymap=keymap_of(preset="mpv")) as browser:
        await browser.press("9", "0", "home", "end", "5", "comma", "ctrl+right")
        assert browser.fakes.playing.asked == [
            ("set_volume", 0.95),
            ("set_volume", 1.0),
            ("seek_percent", 0),
            ("seek_percent", 90),
            ("seek_percent", 50),
            ("seek_by", -1000),
            ("seek_by", 30_000),
        ]
        await browser.press("G", "g")
        assert browser.app.main.note_tree.model.cursor_row == 0


async def test_keys_of_whatsapp(browsing: Browsing) -> None:
    """The angle brackets are the speed; what they did is on other keys."""
    async with browsing(keymap=keymap_of(preset="whatsapp")) as browser:
        await browser.press("greater_than_sign", "less_than_sign", "ctrl+down")
        assert browser.fakes.playing.asked == [
            ("set_speed", 1.1),
            ("set_speed", 1.0),
            ("next",),
        ]
        await browser.press("f1")
        assert isinstance(browser.app.screen, HelpScreen)


def dressed(settings: Settings) -> EarmarkApp:
    """Make a browser that looks as the settings say."""
    app = EarmarkApp(
        Fakes(sample_library()).services,
        theme=settings.theme,
        remember_theme=theme_keeper(settings),
        keymap=keymap(settings),
    )
    dress(app, settings)
    return app


def ground(app: EarmarkApp) -> str:
    """Tell the colour behind the tree."""
    return app.main.note_tree.background_colors[1].hex


async def test_the_users_own_colours_are_shown() -> None:
    """They lie over the theme that is set."""
    colors = Colors((("background", "#102030"), ("primary", "#ff8800")))
    app = dressed(replace(load_settings(), theme="earmark-light", colors=colors))
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        assert app.theme == OWN
        assert ground(app) == "#102030"
        assert app.current_theme.foreground == "#24282d"


async def test_a_chosen_theme_comes_again() -> None:
    """Chosen in the browser, it is there at the next start, and can be given up."""
    settings = load_settings()
    settings.config.parent.mkdir(parents=True)
    settings.config.write_text('colors.background = "#102030"\n')
    for choice in ("nord", OWN):
        app = dressed(load_settings())
        async with app.run_test(notifications=True) as pilot:
            app.theme = choice
            await pilot.pause()
        assert load_settings().chosen_theme == ("nord" if choice == "nord" else "")
        assert dressed(load_settings()).theme == choice


async def test_the_usual_theme_is_no_choice() -> None:
    """Whoever goes back to what is set leaves nothing behind."""
    for choice, kept in (("nord", "nord"), ("earmark-dark", "")):
        app = dressed(load_settings())
        async with app.run_test(notifications=True) as pilot:
            app.theme = choice
            await pilot.pause()
        assert load_settings().chosen_theme == kept


def test_a_chosen_theme_that_is_gone_does_not_count() -> None:
    """Another version may know other themes."""
    settings = replace(load_settings(), theme="nord", chosen_theme="no-such")
    assert dressed(settings).theme == "nord"
    assert keymap(settings) is None
