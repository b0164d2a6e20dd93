"""A library of hostile names in the browser: nothing breaks, nothing is markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import sample_library
from tests.support.notes import hostile_names, hostile_texts
from tui.errors import LibraryError
from tui.model import LibraryDelta, NoteId, NoteState, SourceState
from tui.playback import NowPlaying

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.fakes import FakeLibrary
    from tests.ui.conftest import Browser

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]


def hostile_library() -> FakeLibrary:
    """Make a library in which every text is an attack."""
    library = sample_library()
    names = hostile_names()
    for index, text in enumerate(hostile_texts()):
        note_id = 1000 + index
        library.put(
            note_id,
            100 + index % 7,
            1_724_000_000_000 + index * 60_000,
            sender=text,
            title=text,
            reason=text,
            state=NoteState.UNREADABLE if index % 3 == 0 else NoteState.READY,
        )
        library.names[NoteId(note_id)] = names[index % len(names)]
    for chat_id, text in zip(list(library.titles), hostile_texts(), strict=False):
        library.titles[chat_id] = text
    return library


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_every_hostile_note_can_be_looked_at_played_and_copied(
    browsing: Browsing, *, ascii_only: bool
) -> None:
    """Tree, details, bar and notices show the text, and only the text."""
    async with browsing(
        hostile_library(), size=(110, 60), ascii_only=ascii_only
    ) as browser:
        tree = browser.app.main.note_tree
        await browser.press("enter")
        for note_id in [NoteId(1000 + i) for i in range(len(hostile_texts()))]:
            assert tree.reveal(note_id)
            if note_id % 8 == 0:
                await browser.press("y")
                assert "\x1b" not in browser.screen
                await browser.press("p")
            browser.fakes.playing.play_note(note_id)
            await browser.pilot.pause()
            shown = browser.screen
            assert "\x1b" not in shown
            assert "\u202e" not in shown
            browser.app.clear_notifications()
        await browser.press("question_mark", "escape", "colon", "escape", "q")


@pytest.mark.parametrize("text", ["[/]", "[@click=app.quit]x", "\x1b]0;x\x07", "a\nb"])
async def test_hostile_words_of_engines_are_notices_too(
    browsing: Browsing, text: str
) -> None:
    """A reason from an engine may hold a path, so it is no markup either."""
    async with browsing() as browser:
        browser.fakes.playing.tell(NowPlaying(message=text, device_problem=text))
        library = browser.fakes.library
        source = library.known[0]
        library.known = [
            source._replace(root=text.encode(), state=SourceState.OFFLINE, reason=text)
        ]
        library.tell(LibraryDelta(sources=True))
        await browser.until(lambda: "offline" in browser.screen)
        await browser.settle()
        assert len(browser.notices) == 1
        assert not any("\x1b" in notice for notice in browser.notices)


async def test_a_library_that_stops_to_answer_is_told_not_raised(
    browsing: Browsing,
) -> None:
    """A damaged file under a running browser: a notice, and everything goes on."""
    library = sample_library()
    async with browsing(library) as browser:
        await browser.press("enter", "j")

        def fail(*_: object) -> None:
            raise LibraryError("/data/library.db", "it is damaged")

        library.note = fail  # type: ignore[method-assign, assignment]
        await browser.press("j", "y", "u")
        browser.fakes.playing.tell(NowPlaying(note_id=NoteId(2), chat="Ana"))
        await browser.settle()
        assert any("it is damaged" in notice for notice in browser.notices)
        assert browser.app.is_running
