"""Giving notes tags, and the screen of all tags."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.support.marked_library import MarkedLibrary
from tests.support.marking import EVIL, ask, done, marking_of, on_note, shows
from tui.answers import TagTotals
from tui.model import NoteId
from tui.rowtext import total
from tui.screens.framed import ConfirmScreen, FramedScreen, LineScreen
from tui.screens.tag import TagChange, TagScreen, TagState, in_order
from tui.screens.tags import TagsScreen, as_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.support.marking import Marking
    from tests.ui.conftest import Browser

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])


@pytest.fixture
def library() -> MarkedLibrary:
    """The sample library, with some tags."""
    library = MarkedLibrary()
    for note_id, tags in (
        (5, ("recipe",)),
        (6, ("recipe", "work/clients")),
        (7, ("recipe",)),
        (8, ("work/clients", "work/team")),
        (9, ("Ünique",)),
    ):
        give(library, note_id, *tags)
    return library


@pytest.fixture
def marking(library: MarkedLibrary) -> Marking:
    """Give a context manager that runs the browser on it."""
    return marking_of(library)


def give(library: MarkedLibrary, note_id: int, *tags: str) -> None:
    """Let a note have just these tags."""
    row = library.notes[NoteId(note_id)]
    library.put(note_id, row.chat_id, row.order_ms, tags=tags)


def tags_of(library: MarkedLibrary, *note_ids: int) -> list[tuple[str, ...]]:
    """List the tags of some notes."""
    return [library.notes[NoteId(note_id)].tags for note_id in note_ids]


async def pick(browser: Browser) -> TagScreen:
    """Open the choice of tags, and wait until they are read."""
    await ask(browser, "t", TagScreen)
    screen = browser.app.screen
    assert isinstance(screen, TagScreen)
    await browser.until(lambda: screen.is_read)
    await browser.settle()
    return screen


def shown(screen: TagScreen) -> list[str]:
    """List what is offered, from the top."""
    return [row.text for row in screen.rows._rows]


# Choosing


@SIZES
async def test_a_new_tag_is_given_and_taken_away(
    marking: Marking, library: MarkedLibrary, size: tuple[int, int]
) -> None:
    """By typing it; the one that was given last stands first from then on."""
    async with marking(size=size) as browser:
        await on_note(browser)
        screen = await pick(browser)
        assert "Tag this note" in browser.screen
        await browser.press(*"#gift")
        assert shown(screen) == ["new tag #gift"]
        await browser.press("enter")
        await done(browser, library, "tag")
        assert tags_of(library, 1) == [("gift",)]
        await browser.press("j")
        screen = await pick(browser)
        assert shown(screen)[0] == "#gift"
        await browser.press("enter")
        await done(browser, library, "tag", "tag")
        assert tags_of(library, 1, 2) == [("gift",), ("gift",)]
        await pick(browser)
        await browser.press("enter")
        await done(browser, library, "tag", "tag", "tag")
        assert tags_of(library, 1, 2) == [("gift",), ()]


async def test_a_part_of_a_name_is_enough(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Without regard to case and accents; the name that was typed whole goes first."""
    async with marking() as browser:
        await on_note(browser)
        screen = await pick(browser)
        assert shown(screen) == [
            "#recipe",
            "#work",
            "#work/clients",
            "#Ünique",
            "#work/team",
        ]
        await browser.press(*"uni")
        assert shown(screen) == ["#Ünique", "new tag #uni"]
        await browser.press(*"que")
        assert shown(screen) == ["#Ünique"]
        await browser.press("enter")
        await done(browser, library, "tag")
        assert tags_of(library, 1) == [("Ünique",)]
        screen = await pick(browser)
        await browser.press(*"work")
        assert shown(screen)[0] == "#work"
        await browser.press("escape")
        assert not shows(browser, FramedScreen)
        assert library.calls == ["tag"]


async def test_a_name_is_completed_part_by_part(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Up to the next slash, by the key that goes right at the end of the line."""
    give(library, 5, "work/clients/Acme")
    for note_id in (6, 7, 8, 9):
        give(library, note_id)
    async with marking() as browser:
        await on_note(browser)
        screen = await pick(browser)
        for keys, value in (
            (("c", "l"), "cl"),
            (("right",), "cl"),  # it does not begin so
            (("ctrl+u", "w"), "w"),
            (("right",), "work"),
            (("/",), "work/"),
            (("right",), "work/clients"),
            (("/", "a"), "work/clients/a"),
            (("right",), "work/clients/acme"),
        ):
            await browser.press(*keys)
            await browser.until(lambda value=value: screen.line.value == value)  # type: ignore[misc]
            await browser.settle()
        await browser.press("enter")
        await done(browser, library, "tag")
        assert tags_of(library, 1) == [("work/clients/Acme",)]


async def test_a_new_tag_below_another(
    marking: Marking, library: MarkedLibrary
) -> None:
    """A slash at the end, or two of them, lead nowhere."""
    async with marking() as browser:
        await on_note(browser)
        screen = await pick(browser)
        await browser.press(*"work/")
        assert "new tag" not in "".join(shown(screen))
        await browser.press(*"/new/")
        assert shown(screen)[-1] == "new tag #work/new"
        await browser.press("up", "enter")
        await done(browser, library, "tag")
        assert tags_of(library, 1) == [("work/new",)]


@pytest.mark.parametrize("ascii_only", [False, True], ids=["unicode", "ascii"])
async def test_who_has_a_tag_is_seen(
    marking: Marking, library: MarkedLibrary, *, ascii_only: bool
) -> None:
    """All of a selection, some, or none: by a shape, and in words."""
    for note_id in (1, 2, 3):
        give(library, note_id, "recipe", *(("work/team",) if note_id == 2 else ()))
    all_have, some_have = "+-" if ascii_only else "✓–"  # noqa: RUF001  # as it is shown
    async with marking(ascii_only=ascii_only) as browser:
        await on_note(browser)
        await browser.press("v", "j", "j")
        screen = await pick(browser)
        assert "Tag 3 notes" in browser.screen
        assert [(row.mark, row.text) for row in screen.rows._rows][:3] == [
            (all_have, "#recipe"),
            (some_have, "#work/team"),
            (" ", "#work"),
        ]
        assert "1 of them" in browser.screen
        # Some have it: then all, then none, then as it is.
        states = []
        for _ in range(4):
            states.append([(row.mark, row.detail) for row in screen.rows._rows][1])
            await browser.press(*"work/team", "tab")
        assert [mark for mark, _ in states] == [some_have, all_have, " ", some_have]
        assert "give" in states[1][1]
        assert "take away" in states[2][1]
        await browser.press("enter")
        await done(browser, library, "tag")
        assert tags_of(library, 1, 2, 3) == [("recipe", "work/team")] * 3
        assert not browser.app.main.note_tree.selected


async def test_several_tags_at_once_are_one_edit(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Tab marks and stays; Enter on the empty line keeps it so; Escape does not."""
    give(library, 1, "recipe")
    async with marking() as browser:
        await on_note(browser)
        await pick(browser)
        await browser.press("tab", "tab", "escape")
        assert library.calls == []
        screen = await pick(browser)
        await browser.press("tab", "tab", *"new one", "tab")
        assert shown(screen)[0] == "#new one"
        assert "Enter keeps it so" in browser.screen
        await browser.press("enter")
        await done(browser, library, "tag")
        assert tags_of(library, 1) == [("new one", "work")]
        await pick(browser)
        await browser.press("tab", *"zz", "enter")
        await done(browser, library, "tag", "tag")
        assert tags_of(library, 1) == [("work", "zz")]


async def test_fifty_notes_in_four_keys(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Select, go down, tag, Enter: what was given last is marked already."""
    for note_id in range(2000, 2060):
        library.put(note_id, 9, 1_600_000_000_000 + note_id)
    async with marking(size=(80, 60)) as browser:
        await on_note(browser, NoteId(2059))
        await pick(browser)
        await browser.press(*"gift", "enter")
        await done(browser, library, "tag")
        await on_note(browser, NoteId(2059))
        await browser.press("v", "pagedown")
        await pick(browser)
        await browser.press("enter")
        await done(browser, library, "tag", "tag")
        given = [row.id for row in library.notes.values() if "gift" in row.tags]
        assert len(given) >= 50


async def test_a_name_that_cannot_be_is_told(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Whatever the library says about it; the selection stays."""
    async with marking() as browser:
        await on_note(browser)
        await browser.press("v", "j")
        await pick(browser)
        await browser.press(*"a,b", "enter")
        await browser.until(lambda: bool(browser.notices))
        assert browser.notices == ["A tag can't have a comma in it"]
        assert browser.app.main.note_tree.selected
        assert library.calls == []


async def test_an_empty_library_of_tags(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Enter on nothing does nothing; keys and the mouse mark what is there."""
    for note_id in range(5, 10):
        give(library, note_id)
    async with marking() as browser:
        await on_note(browser)
        await pick(browser)
        assert "no tags yet: type the first one" in browser.screen
        await browser.press("enter", "tab", "down", "up", "pagedown")
        assert shows(browser, TagScreen)
        await browser.press("escape")
        give(library, 5, "a", "b", "c")
        screen = await pick(browser)
        marked = []
        for key in ("down", "down", "down", "pageup", "up", "pagedown"):
            await browser.press(key)
            marked.append(screen.rows.at)
        assert marked == [1, 2, 2, 0, 2, 2]
        await browser.pilot.click(screen.rows, offset=(5, 1))
        await browser.settle()
        assert screen.rows.at == 1
        await browser.pilot.click(screen.rows, offset=(5, 1))
        await done(browser, library, "tag")
        assert tags_of(library, 1) == [("b",)]


async def test_enter_before_the_tags_are_read(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Is not lost: it counts once they are there."""
    may_read = asyncio.Event()
    chosen: list[TagChange | None] = []

    async def load() -> AsyncIterator[TagState]:
        await may_read.wait()
        yield TagState(library.tags(), {})

    async with marking() as browser:
        screen = TagScreen("Tag", 1, load)
        await browser.app.push_screen(screen, chosen.append)
        await browser.press("r", "tab", "enter")
        assert not screen.is_read
        assert shows(browser, TagScreen)
        may_read.set()
        await browser.until(lambda: bool(chosen))
        assert chosen == [TagChange(("recipe",), ())]


def test_tags_stand_in_the_order_in_which_they_are_likely() -> None:
    """The last one, what the notes have, what was given before, the most used."""
    tags = [TagTotals(at, name, at, 0, 0) for at, name in enumerate("abcdef", 1)]
    state = TagState(tags, {"b": 1})
    assert [tag.name for tag in in_order(state, ())] == list("bfedca")
    assert [tag.name for tag in in_order(state, ("C", "a"))] == list("cbafed")
    # What was given and is gone since, and what only a hidden note has.
    state = TagState(tags[:2], {"x": 1})
    assert [tag.name for tag in in_order(state, ("gone",))] == ["gone", *"xba"]


# The screen of all tags


async def look(browser: Browser) -> TagsScreen:
    """Open the screen of all tags, and wait until they are read."""
    await ask(browser, "#", TagsScreen)
    screen = browser.app.screen
    assert isinstance(screen, TagsScreen)
    await browser.until(lambda: screen.is_read)
    await browser.settle()
    return screen


def names(screen: TagsScreen) -> list[str]:
    """List the tags in their order."""
    return [tag.name for tag in screen._tags]


@SIZES
async def test_all_tags_with_what_they_hold(
    marking: Marking, library: MarkedLibrary, size: tuple[int, int]
) -> None:
    """As a tree, by name or by count; the marked one stays marked."""
    async with marking(size=size) as browser:
        screen = await look(browser)
        assert "Tags by name" in browser.screen
        assert names(screen) == [
            "recipe",
            "Ünique",
            "work",
            "work/clients",
            "work/team",
        ]
        assert "▶ #recipe" in browser.screen
        lines = [line for line in browser.screen.split("\n") if "  clients" in line]
        length_ms = sum(library.notes[NoteId(each)].duration_ms or 0 for each in (6, 8))
        assert lines[0].split("clients")[1].split()[:2] == ["2", total(length_ms)]
        await browser.press("G", "k", "o")
        assert "Tags by count" in browser.screen
        assert names(screen) == [
            "recipe",
            "work",
            "work/clients",
            "work/team",
            "Ünique",
        ]
        assert screen._tags[screen.list.at].name == "work/clients"
        await browser.press("q")
        assert not shows(browser, TagsScreen)


async def test_a_tag_is_shown_in_the_tree(
    marking: Marking, library: MarkedLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a search for it, whatever its name has in it."""
    give(library, 5, 'odd "name"')
    asked: list[str] = []
    async with marking() as browser:
        monkeypatch.setattr(
            browser.app,
            "action_search_for",
            lambda query: asked.append(query),  # noqa: PLW0108  # Textual counts its parameters
            raising=False,
        )
        await look(browser)
        await browser.press("enter")
        await browser.until(lambda: bool(asked))
        assert asked == ['tag:"odd \\"name\\""']
        assert not shows(browser, TagsScreen)


async def test_a_tag_is_renamed_and_joined(
    marking: Marking, library: MarkedLibrary
) -> None:
    """With those below it; into one that is there, after a question."""
    async with marking() as browser:
        screen = await look(browser)
        await browser.press("j", "j")
        await ask(browser, "r", LineScreen)
        assert "Rename #work" in browser.screen
        await browser.press("enter")
        assert library.calls == []
        await ask(browser, "r", LineScreen)
        await browser.press("ctrl+u", *"#Job", "enter")
        await done(browser, library, "rename_tag")
        await browser.until(lambda: "Job/clients" in names(screen))
        assert tags_of(library, 8) == [("Job/clients", "Job/team")]
        assert screen._tags[screen.list.at].name == "Job"
        await browser.press("down")
        await ask(browser, "r", LineScreen)
        await browser.press("ctrl+u", *"RECIPE")
        await ask(browser, "enter", ConfirmScreen)
        assert "#RECIPE is there already" in browser.screen
        await browser.press("escape")
        assert library.calls == ["rename_tag"]
        await ask(browser, "r", LineScreen)
        await browser.press("ctrl+u", *"recipe")
        await ask(browser, "enter", ConfirmScreen)
        await browser.press("enter")
        await done(browser, library, "rename_tag", "rename_tag")
        assert tags_of(library, 6) == [("recipe",)]


async def test_a_tag_is_taken_from_all_notes(
    marking: Marking, library: MarkedLibrary
) -> None:
    """After a question that says how many, and what goes with it."""
    async with marking() as browser:
        screen = await look(browser)
        await browser.press("j", "j")
        await ask(browser, "d", ConfirmScreen)
        assert "Take #work from 2 notes?" in browser.screen
        assert "So go 2 below it." in browser.screen
        await browser.press("escape")
        assert library.calls == []
        await ask(browser, "delete", ConfirmScreen)
        await browser.press("enter")
        await done(browser, library, "delete_tag")
        await browser.until(lambda: names(screen) == ["recipe", "Ünique"])
        assert tags_of(library, 6, 8) == [("recipe",), ()]


async def test_without_tags_it_says_how_to_get_one(
    marking: Marking, library: MarkedLibrary
) -> None:
    """And no key does anything."""
    for note_id in range(5, 10):
        give(library, note_id)
    async with marking() as browser:
        await look(browser)
        assert "no tags yet: t gives one to a note" in browser.screen
        await browser.press("r", "d", "o", "enter")
        assert shows(browser, TagsScreen)


@SIZES
async def test_hostile_tags_stay_text(
    marking: Marking, library: MarkedLibrary, size: tuple[int, int]
) -> None:
    """In the questions about them too."""
    for note_id in range(5, 10):
        give(library, note_id)
    give(library, 5, EVIL.replace("/", "|"))
    async with marking(size=size) as browser:
        await on_note(browser, NoteId(5))
        await look(browser)
        for keys in (("r", "escape"), ("d", "escape"), ("escape", "t", "tab")):
            await browser.press(*keys[:1])
            await browser.settle()
            assert "[|]" in browser.screen
            assert "\u202e" not in browser.screen
            assert "\x1b" not in browser.screen
            await browser.press(*keys[1:])
        assert library.calls == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a/b", "a", "b"], ["a", "a/b", "b"]),
        (["a b", "a/c", "a"], ["a", "a/c", "a b"]),
        (["z", "É", "e/1", "f"], ["É", "e/1", "f", "z"]),
    ],
    ids=["below", "blank", "accents"],
)
def test_the_tree_of_tags(names: Sequence[str], expected: Sequence[str]) -> None:
    """Each stands before those below it, whatever else begins so."""
    tags = [TagTotals(at, name, 1, 0, 0) for at, name in enumerate(names)]
    assert [tag.name for tag in as_tree(tags, by_count=False)] == expected


async def test_the_tags_of_a_long_group(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Are asked for once, after the question."""
    for note_id in range(3000, 4200):
        library.put(note_id, 9, 1_600_000_000_000 + note_id, tags=("x",))
    async with marking() as browser:
        await on_note(browser, NoteId(4199))
        await browser.press("h")
        await ask(browser, "t", ConfirmScreen)
        await browser.press("enter")
        await browser.until(lambda: shows(browser, TagScreen))
        await browser.until(lambda: "✓ #x" in browser.screen)
        assert [len(ids) for ids in library.asked_tags] == [1200]


async def test_tags_are_shown_as_they_were_until_they_are_counted(
    marking: Marking, library: MarkedLibrary
) -> None:
    """What was typed and marked meanwhile stays."""
    may_count = asyncio.Event()

    async def load() -> AsyncIterator[TagState]:
        yield TagState([TagTotals(1, "b", 1, 0, 0), TagTotals(2, "a", 1, 0, 0)], {})
        await may_count.wait()
        tags = [TagTotals(at, name, at, 0, 0) for at, name in enumerate("abc", 7)]
        yield TagState(tags, {"a": 1})

    async with marking() as browser:
        screen = TagScreen("Tag", 1, load)
        await browser.app.push_screen(screen)
        await browser.until(lambda: screen.is_read)
        assert shown(screen) == ["#a", "#b"]
        await browser.press("down")
        may_count.set()
        await browser.until(lambda: shown(screen) == ["#a", "#b", "#c"])
        assert screen.rows.at == 1
        assert [row.detail for row in screen.rows._rows] == ["7", "8", "9"]
        assert screen.rows._rows[0].mark == "✓"
