"""`f`, `w`, `o`, `d`, `I`: saved searches, groups, orders, days, on a real library."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.finding import (
    EVIL,
    SIZES,
    opening_of,
    row_of,
    saved,
    search_stage,
)
from tui.model import Group, GroupBy, GroupKind
from tui.screens._find_screens import SavedScreen

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


async def test_a_search_is_saved(opening: Opening, stage: Stage) -> None:
    """Ctrl+s asks for a name; the list opens the node, which is counted."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.press("ctrl+s")
        assert "Save this search as" in browser.screen
        await browser.press(*"cakes", "enter")
        await browser.until(lambda: len(saved(browser)) == 1)
        await browser.press("enter", "escape", "f")
        await browser.until(lambda: "3" in row_of(browser, "cakes  recipe"))
        await browser.press("enter")
        tree = browser.app.main.note_tree
        assert tree.cursor_group == Group(GroupKind.SAVED, number=1)
        assert tree.model.is_open(tree.cursor_group)
        await browser.press("j")
        assert browser.at == stage.ids[0]


async def test_a_search_without_a_name_is_called_like_its_query(
    opening: Opening,
) -> None:
    """Enter on the empty line is enough; the list can save what is on, too."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.press("enter", "f")
        assert "s saves this" in browser.screen
        await browser.press("s", "enter")
        await browser.until(lambda: saved(browser) == [("recipe", "recipe")])


async def test_saved_searches_are_renamed_and_removed(
    opening: Opening, stage: Stage
) -> None:
    """`r` and Delete in the list, which stays open; `z` brings one back."""
    with closing(stage.library.library.edits()) as edits:
        for name in ("one", "two", EVIL):
            edits.save_search(name, f"song {name}")
    async with opening() as browser:
        await browser.press("f", "j")
        names = [name for name, _ in saved(browser)]
        await browser.press("r")
        await browser.press("ctrl+u", *"zebra", "enter")
        await browser.until(lambda: "zebra" in [name for name, _ in saved(browser)])
        assert names[1] not in [name for name, _ in saved(browser)]
        await browser.until(lambda: isinstance(browser.app.screen, SavedScreen))
        await browser.press("delete")
        await browser.until(lambda: len(saved(browser)) == 2)
        await browser.until(lambda: isinstance(browser.app.screen, SavedScreen))
        await browser.press("escape", "z")
        await browser.until(lambda: len(saved(browser)) == 3)


async def test_no_search_is_saved_yet(opening: Opening) -> None:
    """The list says how to make one."""
    async with opening() as browser:
        await browser.press("f")
        assert "none yet" in browser.screen
        await browser.press("d", "r", "s", "enter", "escape")
        assert browser.app.screen is browser.app.main


async def test_nothing_is_saved_where_nothing_can_be_written(opening: Opening) -> None:
    """A search works all the same."""
    async with opening(editing=None, is_read_only=True) as browser:
        await browser.search("recipe", 3)
        await browser.press("ctrl+s")
        await browser.until(lambda: any("written" in text for text in browser.notices))
        await browser.press("enter", "escape")
        assert saved(browser) == []


@SIZES
async def test_the_tree_is_grouped(opening: Opening, size: tuple[int, int]) -> None:
    """`w` and a letter, or arrows and Enter; the way of now is marked."""
    async with opening(size) as browser:
        tree = browser.app.main.note_tree
        await browser.press("w")
        assert "now" in row_of(browser, "Chat")
        await browser.press("s")
        await browser.until(lambda: tree.view is GroupBy.SENDER)
        await browser.until(lambda: "Lena" in browser.screen)
        await browser.press("w", "down", "enter")
        await browser.until(lambda: tree.view is GroupBy.DAY)
        await browser.press("w", "escape", "w", "c")
        await browser.until(lambda: tree.view is GroupBy.CHAT)


async def test_grouping_ends_a_search(opening: Opening) -> None:
    """The tree shows one or the other."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.press("enter", "w", "t")
        tree = browser.app.main.note_tree
        await browser.until(lambda: tree.view is GroupBy.TAG)
        assert browser.shown == -1
        assert not browser.bar.display


async def test_the_order_goes_round(opening: Opening, stage: Stage) -> None:
    """`o` goes through the orders, says which, and sorts the search too."""
    async with opening() as browser:
        await browser.search("recipe", 3)
        await browser.press("enter")
        tree = browser.app.main.note_tree
        firsts = []
        for words in ("Oldest first", "Longest first", "Unplayed first", "Newest"):
            await browser.press("o")
            assert words in browser.top
            await browser.until(lambda: not browser.app._find_actions.is_waiting)
            await browser.settle()
            firsts.append(tree.model.key_at(1).note_id)
        newest, longest, oldest = stage.ids[:3]
        assert firsts == [oldest, longest, newest, newest]


@SIZES
async def test_going_to_a_day(
    opening: Opening, stage: Stage, size: tuple[int, int]
) -> None:
    """What is typed is shown as a day, and Enter goes to its newest note."""
    async with opening(size) as browser:
        assert browser.app.main.note_tree.reveal(stage.ids[0])  # type: ignore[arg-type]  # an id
        await browser.press("j", "d")
        assert "15.8." in browser.screen
        await browser.type("2024-08-1")
        assert "Thu 1 August 2024" in browser.screen
        await browser.press("escape")
        assert browser.app.main.note_tree.reveal(stage.ids[1])  # type: ignore[arg-type]  # an id
        await browser.press("d")
        await browser.type("nonsense")
        assert "not a day" in browser.screen
        await browser.press("enter")
        browser.app.screen.query_one("Input").value = "12 aug 2024"  # type: ignore[attr-defined]  # a line
        await browser.settle()
        assert "Mon 12 August 2024" in browser.screen
        await browser.press("enter")
        assert browser.at == stage.ids[2]


async def test_a_day_on_and_back(opening: Opening, stage: Stage) -> None:
    """`(` goes to the day before, `)` to the next; at the end it is said."""
    async with opening() as browser:
        assert browser.app.main.note_tree.reveal(stage.ids[1])  # type: ignore[arg-type]  # an id
        await browser.press("left_parenthesis")
        assert browser.at == stage.ids[2]
        await browser.press("right_parenthesis")
        assert browser.at == stage.ids[1]
        await browser.press("right_parenthesis")
        assert browser.at == stage.ids[1]
        assert "no later day" in browser.top + " ".join(browser.notices)


async def test_statistics_are_read(opening: Opening) -> None:
    """`I` adds everything up in the background."""
    async with opening((200, 50)) as browser:
        await browser.press("I")
        await browser.until(lambda: "27 notes" in browser.screen)
        assert "My choir" in browser.screen
        await browser.press("escape")


async def test_a_search_from_elsewhere(opening: Opening, stage: Stage) -> None:
    """Another screen may begin a search; it is shown as an accepted one."""
    async with opening() as browser:
        browser.app._find_actions.search_for("tag:food")
        await browser.until(lambda: browser.at == stage.ids[2])
        assert "/ tag:food" in browser.last_line
        await browser.press("escape")
        assert browser.shown == -1
