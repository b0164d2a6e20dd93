"""`/`: the search, on a real library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.events import Key
from textual.keys import _character_to_key

from tests.support.finding import (
    DAY_MS,
    EVIL,
    SIZES,
    opening_of,
    search_stage,
)
from tests.support.library import START_MS
from tests.support.searched_library import Facts
from tui.model import Group, GroupKind
from tui.widgets.search_bar import SearchBar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.finding import Opening, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a library of 27 notes in three chats."""
    with search_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def opening(stage: Stage) -> Opening:
    """Give a context manager that runs the browser on that library."""
    return opening_of(stage)


@SIZES
async def test_typing_finds(
    opening: Opening, stage: Stage, size: tuple[int, int]
) -> None:
    """Each key shows what is found so far, with its number and length."""
    async with opening(size) as browser:
        await browser.press("slash")
        await browser.type("rec")
        await browser.until(lambda: browser.shown == 3)
        assert "3 notes · 3:02" in browser.screen
        assert "/ rec" in browser.screen
        await browser.type("ipe from:bob")
        await browser.until(lambda: browser.shown == 1)
        assert "1 note · 2:10" in browser.screen


async def test_enter_goes_to_the_first_hit(opening: Opening, stage: Stage) -> None:
    """The bar stays as one line, and the cursor stands on the newest hit."""
    async with opening() as browser:
        height = browser.app.main.note_tree.size.height
        await browser.search("recipe", 3)
        await browser.press("enter")
        assert browser.at == stage.ids[0]
        assert browser.app.focused is browser.app.main.note_tree
        assert "/ recipe" in browser.last_line
        assert "3 notes · 3:02" in browser.last_line
        assert browser.app.main.note_tree.size.height == height - 1


async def test_enter_may_be_faster_than_the_answer(
    opening: Opening, stage: Stage
) -> None:
    """The cursor goes to the first hit when it comes."""
    async with opening() as browser:
        await browser.pilot.press("slash", *"recipe", "enter")
        await browser.until(lambda: browser.at == stage.ids[0])
        assert not browser.bar.is_typing


@pytest.mark.parametrize("is_known", [False, True], ids=["first", "again"])
async def test_keys_behind_the_slash_are_not_for_the_tree(
    opening: Opening, stage: Stage, *, is_known: bool
) -> None:
    """What comes in one burst with the slash is the query, to the last letter.

    The terminal gives all of it at once, and all of it is sent to the tree.
    """
    async with opening() as browser:
        main = browser.app.main
        if is_known:
            await browser.press("slash", "escape")
        for char in "is:unplayed recipex":
            main.note_tree._forward_event(Key(_character_to_key(char), char))
        main.note_tree._forward_event(Key("backspace", None))
        main.note_tree._forward_event(Key("enter", "\r"))
        browser.app._find_actions.begin_search()  # none of them has been acted on yet
        assert browser.app.focused is not main.note_tree
        await browser.until(lambda: browser.shown == 2)
        await browser.until(lambda: not browser.bar.is_typing)
        await browser.until(lambda: browser.at == stage.ids[0])
        assert browser.bar.text == "is:unplayed recipe"
        assert browser.app.screen is main
        assert browser.fakes.playing.asked == []


async def test_keys_behind_enter_are_for_the_tree(
    opening: Opening, stage: Stage
) -> None:
    """On a slow line they come in one burst, and are sent to the line, all of them."""
    async with opening() as browser:
        await browser.search("recip", 3)
        for key, char in (("e", "e"), ("enter", "\r"), ("n", "n"), ("n", "n")):
            browser.line._forward_event(Key(key, char))
        await browser.until(lambda: browser.at == stage.ids[2])
        assert browser.bar.text == "recipe"
        await browser.press("slash")
        for key in ("escape", "escape", "j"):
            browser.line._forward_event(Key(key, "j" if key == "j" else None))
        await browser.until(lambda: not browser.bar.display)
        await browser.settle()
        assert browser.app.main.note_tree.model.cursor_row == 1


async def test_n_goes_round(opening: Opening, stage: Stage) -> None:
    """`n` and `N` go through the hits, and from the last to the first."""
    first, second, third = stage.ids[:3]
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.press("enter")
        seen = []
        for key in ("n", "n", "n", "N", "N"):
            await browser.press(key)
            seen.append(browser.at)
        assert seen == [second, third, first, third, second]
        assert browser.fakes.playing.asked == []


async def test_escape_clears_then_closes(opening: Opening) -> None:
    """The tree is as it was before the search, with the cursor where it was."""
    async with opening() as browser:
        await browser.press("j", "j")
        before = browser.screen
        cursor = browser.app.main.note_tree.model.cursor
        await browser.search("recipe", 3)
        await browser.press("escape")
        assert browser.line.value == ""
        assert browser.shown == -1
        await browser.press("escape")
        assert not browser.bar.display
        assert browser.app.focused is browser.app.main.note_tree
        assert browser.app.main.note_tree.model.cursor == cursor
        assert browser.screen == before


async def test_escape_in_the_tree_ends_the_search(
    opening: Opening, stage: Stage
) -> None:
    """The cursor stays on the note that was found, in its chat."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.press("enter", "n", "escape")
        assert browser.shown == -1
        assert not browser.bar.display
        assert browser.at == stage.ids[1]


async def test_slash_changes_the_search(opening: Opening, stage: Stage) -> None:
    """The line holds what is on; an answer to what was typed before is dropped."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.press("enter", "n", "slash")
        assert browser.line.value == "recipe"
        assert browser.bar.is_typing
        await browser.press("enter")
        assert browser.at == stage.ids[1]
        await browser.press("slash")
        await browser.type(" chat:ana")
        await browser.until(lambda: browser.shown == 1)
        await browser.press("enter")
        assert browser.at == stage.ids[0]


async def test_an_error_points_at_the_word(opening: Opening) -> None:
    """The message stands below, the word is marked, and what was found stays."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        browser.bar._put("recipe is:loud")  # at once: `is` alone would be a word
        await browser.until(lambda: bool(browser.bar.wrong[1]))
        assert browser.shown == 3
        assert browser.bar.wrong == (7, 14)
        assert " ! " in browser.last_line
        assert "'is:' takes unplayed" in browser.last_line
        strip = browser.line.render_line(0)
        marked = [part.text for part in strip if part.style and part.style.underline]
        assert "".join(marked) == "is:loud"
        await browser.press("enter")
        assert browser.bar.is_typing
        assert "notes" not in browser.screen.split("\n")[-4]
        await browser.press(*["backspace"] * 8)
        assert browser.bar.wrong == (0, 0)
        assert "!" not in browser.last_line
        assert "3 notes" in browser.screen.split("\n")[-4]


async def test_nothing_found_is_said(opening: Opening) -> None:
    """A query without an answer can be accepted and left."""
    async with opening() as browser:
        await browser.search("zebra", 0)
        assert "nothing found" in browser.screen
        await browser.press("enter", "n", "N", "j", "enter", "escape")
        assert browser.shown == -1


async def test_earlier_searches(opening: Opening) -> None:
    """Up and Down go through what was searched, and back to what was typed."""
    async with opening() as browser:
        for text, notes in (("recipe", 3), ("song", 24)):
            await browser.search(text, notes)
            await browser.press("enter", "escape")
        await browser.search("rec", 3)
        seen = []
        for key in ("up", "up", "up", "down", "down", "down"):
            await browser.press(key)
            seen.append(browser.line.value)
        assert seen == ["song", "recipe", "recipe", "song", "rec", "rec"]


async def test_tab_completes(opening: Opening) -> None:
    """Filters by their names, and chats, senders and tags by theirs."""
    async with opening() as browser:
        await browser.press("slash")
        await browser.type("fr")
        assert "from:" in browser.last_line
        await browser.press("tab")
        assert browser.line.value == "from:"
        await browser.type("l")
        await browser.until(lambda: "Lena" in browser.last_line)
        await browser.press("tab")
        assert browser.line.value == "from:Lena"
        await browser.until(lambda: browser.shown == 24)
        await browser.type(" chat:ch")
        await browser.until(lambda: "My choir" in browser.last_line)
        await browser.press("tab")
        assert browser.line.value == 'from:Lena chat:"My choir"'
        await browser.until(lambda: browser.shown == 16)
        await browser.type(" is:u")
        seen = []
        for key in ("tab", "tab", "tab", "shift+tab"):
            await browser.press(key)
            seen.append(browser.line.value.split(" ")[-1])
        assert seen == ["is:unplayed", "is:unmatched", "is:unreadable", "is:unmatched"]
        assert browser.app.focused is browser.line
        await browser.type(" tag:ca")
        await browser.until(lambda: "food/cakes" in browser.last_line)


async def test_a_hit_plays_from_its_place(opening: Opening, stage: Stage) -> None:
    """A bookmark from a second before; what has no place, from where it was left."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.press("enter")
        find = browser.app._find
        assert find is not None
        group = browser.app.main.note_tree.cursor_group
        assert find.start_of(stage.ids[1], group) == 59_000  # type: ignore[arg-type]  # an id
        assert find.start_of(stage.ids[2], group) is None  # type: ignore[arg-type]  # an id
        elsewhere = Group(GroupKind.UNPLAYED)
        assert find.start_of(stage.ids[1], elsewhere) is None  # type: ignore[arg-type]  # an id
        gone = Group(GroupKind.SAVED, number=9)
        assert find.start_of(stage.ids[1], gone) is None  # type: ignore[arg-type]  # an id


async def test_the_mouse_changes_and_keeps_a_search(
    opening: Opening, stage: Stage
) -> None:
    """A click on the resting line opens it, one on the tree keeps what is typed."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.pilot.click("NoteTree", offset=(10, 3))
        await browser.until(lambda: not browser.bar.is_typing)
        assert browser.app.focused is browser.app.main.note_tree
        assert browser.at == stage.ids[2]
        await browser.pilot.click(SearchBar)
        await browser.until(lambda: browser.app.focused is browser.line)
        assert browser.line.value == "recipe"


async def test_rows_show_the_words_around(opening: Opening) -> None:
    """The hit's own words stand on its row, as plain text."""
    async with opening((200, 50)) as browser:
        await browser.search("recipe", 3)
        await browser.until(lambda: "…the recipe [/]" in browser.screen)


async def test_what_is_pasted_is_plain_text(opening: Opening) -> None:
    """What a terminal would obey is left out of the line."""
    async with opening() as browser:
        await browser.press("slash")
        browser.line.value = EVIL
        await browser.until(lambda: browser.line.value == "[/][31mx")
        await browser.settle()
        assert "[/][31mx" in browser.screen


async def test_a_long_query_fits(opening: Opening) -> None:
    """300 characters scroll in the line, and are cut in the resting one."""
    async with opening() as browser:
        await browser.press("slash")
        browser.line.value = "recipe " + "x" * 300
        await browser.until(lambda: browser.shown == 0)
        await browser.press("enter")
        assert "nothing found" in browser.last_line
        assert "…" in browser.last_line


async def test_ascii_alone(opening: Opening) -> None:
    """Nothing but ASCII is shown where that was asked for."""
    async with opening(ascii_only=True) as browser:
        await browser.search("recipe", 3)
        assert "3 notes - 3:02" in browser.screen
        await browser.press("enter")
        assert browser.last_line.isascii()


async def test_new_notes_are_found(opening: Opening, stage: Stage) -> None:
    """A note that arrives while a search is on is one of its hits."""
    async with opening() as browser:
        await browser.search("song", 24)
        await browser.press("enter")
        added = Facts(chat="Ana", sent_ms=START_MS + DAY_MS, transcripts=("a song",))
        stage.library.add(added)
        stage.library.index()
        await browser.until(lambda: browser.shown == 25)
        await browser.until(lambda: "25 notes" in browser.last_line)


async def test_without_a_finder_nothing_breaks(opening: Opening) -> None:
    """The keys say that it can't be, and that is all."""
    async with opening(finding=None) as browser:
        for key in ("slash", "N"):
            await browser.press(key)
        assert not browser.app.main.query(SearchBar)
        assert "search" in browser.top + " ".join(browser.notices)
