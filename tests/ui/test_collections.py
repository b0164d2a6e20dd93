"""Collections in the browser: put together, in order, taken out, on a real library."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.finding import SIZES, opening_of, row_of, search_stage
from tui.browse import RowKey
from tui.model import Group, GroupKind
from tui.screens.framed import LineScreen
from tui.screens.pick import PickScreen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.finding import Finding, Opening, Stage

EVIL = "[/]\u202e x" + "wide 😀" * 8


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a library of 27 notes in three chats."""
    with search_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def opening(stage: Stage) -> Opening:
    """Give a context manager that runs the browser on that library."""
    return opening_of(stage)


def collected(browser: Finding, number: int = 1) -> list[int]:
    """The notes of a collection, in its order."""
    group = Group(GroupKind.COLLECTION, number=number)
    return list(browser.app._services.reader.keys(group).ids)


def shown(browser: Finding, number: int = 1) -> list[int | None]:
    """The notes that the tree shows below a collection."""
    model = browser.app.main.note_tree.model
    keys = [model.key_at(row) for row in range(model.count)]
    group = Group(GroupKind.COLLECTION, number=number)
    return [key.note_id for key in keys if key.group == group and key.note_id]


async def go(browser: Finding, key: RowKey) -> None:
    """Put the cursor somewhere."""
    tree = browser.app.main.note_tree
    row = tree.model.index_of(key)
    assert row is not None
    tree.action_move(row - tree.model.cursor_row)
    await browser.settle()


async def open_it(browser: Finding, number: int = 1) -> Group:
    """Open a collection in the tree, once it is there."""
    group = Group(GroupKind.COLLECTION, number=number)
    model = browser.app.main.note_tree.model
    await browser.until(lambda: model.index_of(RowKey(group)) is not None)
    await go(browser, RowKey(group))
    browser.app.main.note_tree.action_unfold()
    return group


@SIZES
async def test_notes_are_put_together_and_moved(
    opening: Opening, stage: Stage, size: tuple[int, int]
) -> None:
    """F files them, Alt with an arrow moves them, Delete takes them out, z undoes."""
    async with opening(size) as browser:
        tree = browser.app.main.note_tree
        assert tree.reveal(stage.ids[4])  # type: ignore[arg-type]  # the same
        await browser.press("v", "j", "j", "F")
        await browser.until(lambda: isinstance(browser.app.screen, PickScreen))
        assert "Put 3 notes into the collection" in browser.screen
        await browser.until(lambda: "no collections yet" in browser.screen)
        await browser.press(*"Kept", "enter")
        await browser.until(lambda: len(collected(browser)) == 3)
        assert not tree.selected
        order = collected(browser)
        times = [row.order_ms for row in tree.model._reader.rows(order)]  # type: ignore[arg-type]  # the same
        assert times == sorted(times)  # the oldest first
        group = await open_it(browser)
        await browser.until(lambda: shown(browser) == order)
        await browser.until(lambda: "3" in row_of(browser, "Kept"))
        await go(
            browser, RowKey(group, tree.model.key_at(tree.model.cursor_row + 1)[1])
        )
        first = browser.at
        await browser.press("alt+down")
        await browser.until(lambda: shown(browser) == [order[1], order[0], order[2]])
        assert browser.at == first
        await browser.press("alt+up")
        await browser.until(lambda: shown(browser) == order)
        await browser.press("alt+up")
        await browser.until(lambda: "at the top already" in browser.screen)
        await browser.press("delete")
        await browser.until(lambda: shown(browser) == order[1:])
        await browser.press("z")
        await browser.until(lambda: shown(browser) == order)


async def test_keys_of_a_collection_say_so_elsewhere(opening: Opening) -> None:
    """On a note of a chat there is nothing to move, and nothing is taken out."""
    async with opening() as browser:
        for key in ("alt+up", "alt+down", "delete"):
            await browser.press(key)
            await browser.until(lambda: "a note of a collection" in browser.screen)
            browser.app.main.header.tell("")


async def test_collections_are_named_renamed_and_deleted(
    opening: Opening, stage: Stage
) -> None:
    """From the palette: that of the cursor, or one that is chosen."""
    with stage.library.library.edits() as edits:
        edits.collect("one", stage.ids[:2])

    async with opening() as browser:

        async def act(name: str, kind: type[object]) -> None:
            await browser.app.run_action(f"marks('{name}')")
            await browser.until(lambda: isinstance(browser.app.screen, kind))
            await browser.settle()

        def names() -> list[str]:
            return [each.name for each in browser.app._services.reader.collections()]

        await act("new_collection", LineScreen)
        await browser.press(*"two", "enter")
        await browser.until(lambda: names() == ["one", "two"])
        await act("rename_collection", PickScreen)
        await browser.until(lambda: "one" in browser.screen)
        await browser.press(*"tw", "enter")
        await browser.until(lambda: isinstance(browser.app.screen, LineScreen))
        await browser.press("s", "enter")
        await browser.until(lambda: names() == ["one", "twos"])
        await open_it(browser)
        await browser.app.run_action("marks('delete_collection')")
        await browser.until(lambda: names() == ["twos"])
        await browser.until(lambda: not row_of(browser, "one "))


@SIZES
async def test_hostile_names_are_shown_harmless(
    opening: Opening, stage: Stage, size: tuple[int, int]
) -> None:
    """In the tree, in the choice, and in what is said."""
    with stage.library.library.edits() as edits:
        edits.collect(EVIL, stage.ids[:2])
    async with opening(size) as browser:
        group = await open_it(browser)
        assert r"[/]\u202e" in browser.screen
        await go(browser, RowKey(group, stage.ids[1]))  # type: ignore[arg-type]  # the same
        await browser.press("F")
        await browser.until(lambda: r"[/]\u202e" in browser.screen)
        assert "\u202e" not in browser.screen
        await browser.press("enter")
        await browser.until(lambda: "in there already" in browser.screen)


async def test_a_filter_is_completed(opening: Opening, stage: Stage) -> None:
    """Tab writes the name of a collection, with quotes where it has blanks."""
    with stage.library.library.edits() as edits:
        edits.collect("for Sunday", stage.ids[:2])
    async with opening() as browser:
        await browser.press("slash")
        await browser.until(lambda: browser.app.focused is browser.line)
        await browser.type("coll")
        await browser.press("tab")
        assert browser.line.value == "collection:"
        await browser.type("fo")
        await browser.until(lambda: "for Sunday" in browser.last_line)
        await browser.press("tab")
        assert browser.line.value == 'collection:"for Sunday"'
        await browser.until(lambda: browser.shown == 2)
        with closing(stage.library.library.reader()) as reader:
            assert reader.collections()[0].name == "for Sunday"
