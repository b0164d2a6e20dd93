"""The browser on a library in memory that takes marks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from tests.fakes import Fakes
from tests.ui.conftest import Browser
from tui.app import EarmarkApp
from tui.model import NoteId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.marked_library import MarkedLibrary

__all__ = ["ANA", "EVIL", "Marking", "ask", "done", "marking_of", "on_note", "shows"]

ANA = NoteId(1)
"""The newest note of the first chat."""
EVIL = "\u200d[/]\x1b[31m\u202e\n\u200d\u200d[@click=app.quit]x" + "wide 😀" * 60
"""Joiners of nothing, markup, colour, a turn of the writing, a second line, and more
than fits."""

Marking = Callable[..., AbstractAsyncContextManager[Browser]]


def marking_of(library: MarkedLibrary) -> Marking:
    """Give a context manager that runs the browser on a library."""

    @asynccontextmanager
    async def run(
        size: tuple[int, int] = (100, 30),
        *,
        ascii_only: bool = False,
        **services: object,
    ) -> AsyncIterator[Browser]:
        fakes = Fakes(library)
        settings = {"editing": library.edits, **services}
        joined = fakes.services._replace(**settings)  # type: ignore[arg-type]  # by name
        app = EarmarkApp(joined, ascii_only=ascii_only)
        async with app.run_test(size=size, notifications=True) as pilot:
            browser = Browser(app, pilot, fakes)
            await browser.until(lambda: fakes.indexing.is_started)
            await browser.settle()
            yield browser

    return run


async def on_note(browser: Browser, note_id: NoteId = ANA) -> None:
    """Put the cursor on a note."""
    assert browser.app.main.note_tree.reveal(note_id)
    await browser.settle()


def shows(browser: Browser, kind: type[object]) -> bool:
    """Tell whether a screen of a kind is the one on top."""
    return isinstance(browser.app.screen, kind)


async def ask(browser: Browser, key: str, kind: type[object]) -> None:
    """Press a key that opens a screen, and wait for it."""
    await browser.press(key)
    await browser.until(lambda: shows(browser, kind))
    await browser.settle()


async def done(browser: Browser, library: MarkedLibrary, *calls: str) -> None:
    """Wait until just these edits were asked for, and are over."""
    await browser.until(lambda: library.calls == [*calls])
    await browser.settle()
