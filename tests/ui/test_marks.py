"""Stars, played marks, comments, titles, bookmarks and the list of changes."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from textual import events
from textual.widgets import Input, TextArea

from tests.support.marked_library import MarkedLibrary
from tests.support.marking import ANA, EVIL, ask, done, marking_of, on_note, shows
from tests.support.notes import hostile_texts
from tui.audio import PlayerState
from tui.errors import LibraryError
from tui.model import Bookmark, Edit, NoteId, Played
from tui.playback import NowPlaying
from tui.screens.bookmarks import BookmarksScreen
from tui.screens.comment import CommentScreen
from tui.screens.framed import ConfirmScreen, FramedScreen, LineScreen

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


# Star, played


async def test_a_star_is_given_and_taken_away(
    marking: Marking, library: MarkedLibrary
) -> None:
    """By one key; the header says what was done and, once, what takes it back."""
    async with marking() as browser:
        await on_note(browser)
        await browser.press("s")
        await done(browser, library, "set_star")
        assert library.notes[ANA].star
        assert "1 are starred (z takes it back)" in browser.top
        await browser.press("s")
        await done(browser, library, "set_star", "set_star")
        assert not library.notes[ANA].star
        assert "1 are starred no more" in browser.top
        assert "takes it back" not in browser.top


async def test_a_key_pressed_twice_switches_twice(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Even where the first edit is not written yet: each looks at what is there."""
    may_write = threading.Event()
    edits = library.edits

    def slow() -> object:
        may_write.wait(20)
        return edits()

    async with marking(editing=slow) as browser:
        await on_note(browser)
        await browser.press("s", "s", "u")
        assert library.calls == []
        may_write.set()
        await done(browser, library, "set_star", "set_star", "set_played")
        assert not library.notes[ANA].star
        assert library.notes[ANA].played is Played.PLAYED


async def test_all_are_starred_unless_all_are(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Of a group, or a selection: what some have, all get first."""
    library.put(2, 1, library.notes[NoteId(2)].order_ms, star=True)
    ids = [row.id for row in library.notes.values() if row.chat_id == 1]
    async with marking() as browser:
        await on_note(browser)
        await browser.press("h")
        assert browser.app.main.note_tree.cursor_note is None
        await browser.press("s")
        await done(browser, library, "set_star")
        assert all(library.notes[each].star for each in ids)
        await browser.press("s")
        await done(browser, library, "set_star", "set_star")
        assert not any(library.notes[each].star for each in ids)
        await browser.press("u")
        await browser.until(
            lambda: all(library.notes[each].played is Played.PLAYED for each in ids)
        )
        await browser.press("u")
        await browser.until(
            lambda: all(library.notes[each].played is Played.UNPLAYED for each in ids)
        )


async def test_a_long_group_is_asked_about(
    marking: Marking, library: MarkedLibrary
) -> None:
    """One key is soon pressed; a note, or a selection, is not asked about."""
    for note_id in range(1000, 1300):
        library.put(note_id, 9, 1_600_000_000_000 + note_id)
    async with marking() as browser:
        await on_note(browser, NoteId(1299))
        await browser.press("h")
        await ask(browser, "s", ConfirmScreen)
        assert "Star 300 notes" in browser.screen
        await browser.press("escape")
        assert library.calls == []
        await ask(browser, "u", ConfirmScreen)
        assert "Mark 300 notes" in browser.screen
        await browser.press("enter")
        await done(browser, library, "set_played")
        assert library.notes[NoteId(1000)].played is Played.PLAYED
        for key, words in (("t", "Tag"), ("c", "Comment on"), ("C", "Give 300")):
            await ask(browser, key, ConfirmScreen)
            assert f"{words} " in browser.screen
            await browser.press("n")
            assert not shows(browser, FramedScreen)
        assert library.calls == ["set_played"]


async def test_a_selection_is_marked_and_then_ended(
    marking: Marking, library: MarkedLibrary
) -> None:
    """What is selected goes before what the cursor is on."""
    async with marking() as browser:
        await on_note(browser)
        await browser.press("v", "j", "j", "s")
        await done(browser, library, "set_star")
        starred = {row.id for row in library.notes.values() if row.star}
        assert starred == {NoteId(1), NoteId(2), NoteId(3)}
        assert not browser.app.main.note_tree.selected


async def test_notes_without_a_recording_are_told_of(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Some of them, or all: in words, and a selection that did not work stays."""
    library.unreadable = {NoteId(1), NoteId(2)}
    async with marking(size=(160, 30)) as browser:
        await on_note(browser)
        await browser.press("s")
        await done(browser, library, "set_star")
        assert "This note has no recording here that can be read" in browser.screen
        await browser.press("v", "j", "s")
        await browser.until(lambda: "None of 2 notes has a recording" in browser.screen)
        assert browser.app.main.note_tree.selected
        await browser.press("v", "escape")
        await on_note(browser)
        await browser.press("h", "s")
        await browser.until(
            lambda: "10 are starred; 2 have no recording here" in browser.screen
        )


@pytest.mark.parametrize("settings", [{"editing": None}, {"is_read_only": True}])
async def test_a_library_that_cannot_be_written(
    marking: Marking, library: MarkedLibrary, settings: dict[str, object]
) -> None:
    """Every edit is refused at once; what there is can be looked at."""
    library.words[ANA] = {"bookmarks": (Bookmark(3000, "flour"),)}
    library.put(1, 1, library.notes[ANA].order_ms, tags=("recipe",))
    async with marking(**settings) as browser:
        await on_note(browser)
        await browser.press("s", "u", "t", "c", "C", "b", "Z")
        await browser.settle()
        assert not shows(browser, FramedScreen)
        assert browser.notices == ["The library can't be written"]
        assert library.calls == []
        await ask(browser, "B", BookmarksScreen)
        assert "flour" in browser.screen
        await browser.press("d", "escape")
        await ask(browser, "#", FramedScreen)
        await browser.until(lambda: "#recipe" in browser.screen)
        await browser.press("r", "d")
        assert "recipe" in browser.screen
        assert library.calls == []


async def test_what_fails_is_said(marking: Marking, library: MarkedLibrary) -> None:
    """A disk that is full, and a fault of our own, which is no crash."""

    def broken() -> object:
        raise LibraryError("/data/library.db", "the disk is full")

    def faulty() -> object:
        raise ValueError("odd")

    for editing, words in (
        (broken, "/data/library.db: the disk is full"),
        (faulty, "This could not be done: odd"),
    ):
        async with marking(editing=editing) as browser:
            await on_note(browser)
            await browser.press("s")
            await browser.until(lambda: bool(browser.notices))  # at once
            assert browser.notices == [words]
            assert not library.notes[ANA].star


async def test_without_a_note_it_says_so(
    marking: Marking, library: MarkedLibrary
) -> None:
    """In an empty library nothing can be marked."""
    library.notes.clear()
    for key in ("s", "B"):  # a browser each: what is said stays for seconds
        async with marking() as browser:
            await browser.press(key)
            await browser.until(lambda b=browser: "Put the cursor on a note" in b.top)  # type: ignore[misc]  # bound now


# Comment, title


@SIZES
async def test_a_comment_of_several_lines(
    marking: Marking, library: MarkedLibrary, size: tuple[int, int]
) -> None:
    """Is written, shown, changed, and taken away by leaving nothing."""
    async with marking(size=size) as browser:
        await on_note(browser)
        await ask(browser, "c", CommentScreen)
        assert "Comment on this note" in browser.screen
        await browser.press(*"ask her", "enter", *"on Sunday", "ctrl+s")
        await done(browser, library, "set_comment")
        assert library.words[ANA]["comment"] == "ask her\non Sunday"
        await ask(browser, "c", CommentScreen)
        assert "on Sunday" in browser.screen
        await browser.press("ctrl+s")
        assert not shows(browser, CommentScreen)
        assert library.calls == ["set_comment"]
        await ask(browser, "c", CommentScreen)
        await browser.press("f7", "delete", "ctrl+s")
        await done(browser, library, "set_comment", "set_comment")
        assert library.words[ANA]["comment"] == ""


async def test_what_was_written_is_not_lost_by_a_key(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Escape asks first, where something was written."""
    async with marking() as browser:
        await on_note(browser)
        await ask(browser, "c", CommentScreen)
        await browser.press("escape")
        assert not shows(browser, CommentScreen)
        await ask(browser, "c", CommentScreen)
        await browser.press("x")
        await ask(browser, "escape", ConfirmScreen)
        await browser.press("escape")
        assert shows(browser, CommentScreen)
        await browser.press("y")
        await ask(browser, "escape", ConfirmScreen)
        await browser.press("enter")
        assert not shows(browser, CommentScreen)
        assert library.calls == []


async def test_a_comment_on_several_notes(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Starts with what they have in common; where they differ, it says so."""
    for note_id in (1, 2):
        library.words[NoteId(note_id)] = {"comment": "same"}
    async with marking() as browser:
        await on_note(browser)
        await browser.press("v", "j")
        await ask(browser, "c", CommentScreen)
        assert "Comment on 2 notes" in browser.screen
        assert "same" in browser.screen
        await browser.press("escape", "j")
        await ask(browser, "c", CommentScreen)
        assert "they differ: what you write replaces them" in browser.screen
        await browser.press("ctrl+s")
        assert library.calls == []
        await ask(browser, "c", CommentScreen)
        await browser.press(*"new", "ctrl+s")
        await done(browser, library, "set_comment")
        assert {library.words[NoteId(each)]["comment"] for each in (1, 2, 3)} == {"new"}


async def test_what_is_pasted_is_made_safe(
    marking: Marking, library: MarkedLibrary
) -> None:
    """Before it is shown: what a terminal would obey is written out."""
    async with marking() as browser:
        await on_note(browser)
        await ask(browser, "c", CommentScreen)
        area = browser.app.screen.query_one(TextArea)
        browser.app.post_message(events.Paste("a\r\n\x1b[2J[/]\rb"))
        await browser.until(lambda: area.text == "a\n\\x1b[2J[/]\nb")
        await browser.press("ctrl+s")
        await done(browser, library, "set_comment")
        await ask(browser, "C", LineScreen)
        line = browser.app.screen.query_one(Input)
        browser.app.post_message(events.Paste("\na\r\n\x1b[2J\u202eb"))
        await browser.until(lambda: line.value == "a \\x1b[2J\\u202eb")
        await browser.press("escape")


async def test_an_editor_that_cannot_be_had(
    marking: Marking, library: MarkedLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Says why, and what was written stays; one that can be had writes on."""
    monkeypatch.setenv("VISUAL", "no-such-editor")
    async with marking() as browser:
        await on_note(browser)
        await ask(browser, "c", CommentScreen)
        await browser.press("x", "ctrl+e")
        assert browser.notices == ["This terminal can't be lent to an editor"]
        monkeypatch.setattr(browser.app, "suspend", nullcontext)
        await browser.press("ctrl+e")
        assert browser.notices[1:] == [
            "the editor no-such-editor that VISUAL names is not here"
        ]
        area = browser.app.screen.query_one(TextArea)
        assert area.text == "x"
        monkeypatch.setenv("VISUAL", 'sh -c \'printf "\\033yz" >> "$0"\'')
        await browser.press("ctrl+e")
        assert area.text == "x\\x1byz"
        await browser.press("!", "ctrl+s")
        await done(browser, library, "set_comment")
        assert library.words[ANA]["comment"] == "x\\x1byz!"


async def test_a_title_is_given_and_taken_back(
    marking: Marking, library: MarkedLibrary
) -> None:
    """On one line; an empty one brings back what the note was called before."""
    library.put(1, 1, library.notes[ANA].order_ms, title="from the file")
    async with marking() as browser:
        await on_note(browser)
        await ask(browser, "C", LineScreen)
        assert "from the file" in browser.screen
        await browser.press(*"Flour", "enter")
        await done(browser, library, "set_title")
        assert library.words[ANA]["own_title"] == "Flour"
        await ask(browser, "C", LineScreen)
        await browser.press("enter")
        assert library.calls == ["set_title"]
        await ask(browser, "C", LineScreen)
        await browser.press("ctrl+u", "enter")
        await done(browser, library, "set_title", "set_title")
        assert library.words[ANA]["own_title"] == ""


@SIZES
async def test_hostile_words_stay_words(
    marking: Marking, library: MarkedLibrary, size: tuple[int, int]
) -> None:
    """In every screen that shows them; and looking changes nothing."""
    library.words[ANA] = {
        "comment": EVIL,
        "own_title": EVIL,
        "bookmarks": tuple(
            Bookmark(at * 1000, text) for at, text in enumerate(hostile_texts())
        ),
    }
    library.put(1, 1, library.notes[ANA].order_ms, title=EVIL, tags=(EVIL,))
    library.edited.append((Edit(1, 0, EVIL), (dict(library.notes), {})))
    async with marking(size=size) as browser:
        await on_note(browser)
        for key in ("c", "C", "B", "Z", "t", "#", "i"):
            await browser.press(key)
            await browser.settle()
            screen = browser.screen
            assert not any(
                (ord(char) < 0x20 and char != "\n") or 0x7F <= ord(char) < 0xA0
                for char in screen
            )
            assert "\u202e" not in screen
            assert "[/]" in screen
            assert all(cell_len(line) <= size[0] for line in screen.split("\n"))
            if key not in {"i", "c"}:
                await browser.press("G", "k") if key in {"B", "Z"} else None
            await browser.press("escape")
            await browser.settle()
            assert not shows(browser, FramedScreen)
        assert library.calls == []
