"""Copying: what, how much of it, and where to when the terminal has no clipboard."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeLibrary, sample_library
from tests.support.marking import ANA, EVIL, ask, on_note, shows
from tui.model import NoteId
from tui.screens.copying import MOST_BYTES, CopyScreen, ShownScreen, taken, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser
    from tui.model import Note, NoteRow

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

FOLDER = "/home/user/Sync/WhatsApp/Voice"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that has a clipboard, and is not that of the tests."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)


class Worded(FakeLibrary):
    """A library in which every note has words.

    Args:
        words: The words.
    """

    def __init__(self, words: str) -> None:
        super().__init__()
        sample = sample_library()
        vars(self).update({k: v for k, v in vars(sample).items() if k != "notes"})
        self.notes.update(sample.notes)
        self.words = words

    def _whole(self, row: NoteRow) -> Note:
        note = super()._whole(row)
        return note._replace(transcript=self.words, comment=f"# {self.words}")


class Told(Worded):
    """A library of notes whose files never were here."""

    def __init__(self) -> None:
        super().__init__("")

    def _whole(self, row: NoteRow) -> Note:
        return super()._whole(row)._replace(files=())


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"a b.opus", f"{FOLDER}/a b.opus"),
        (b"\xe4'\n.opus", f"$'{FOLDER}/\\xe4\\x27\\x0a.opus'"),
        (b"\x1b[31m.opus", f"$'{FOLDER}/\\x1b[31m.opus'"),
    ],
)
async def test_a_path_is_copied(browsing: Browsing, name: bytes, path: str) -> None:
    """Also a name that is no text, or one with power, can be pasted into a shell."""
    library = sample_library()
    library.names[ANA] = name
    async with browsing(library) as browser:
        await on_note(browser)
        await ask(browser, "y", CopyScreen)
        if path.startswith("/"):
            assert "…/a b.opus" in browser.screen  # its end tells more
        await browser.press("y")  # the marked one: the path comes first
        await browser.until(lambda: browser.app.clipboard == path)
        await browser.until(lambda: "Copied the path" in browser.top)


def copied(browser: Browser, text: str) -> bool:
    """Tell whether this was copied."""
    return browser.app.clipboard == text


async def test_each_kind_is_copied(browsing: Browsing) -> None:
    """A link that any program opens, words without what a terminal obeys."""
    library = Worded("\x1b[31mso\r\n\u202ethe \ud800 recipe")
    library.names[ANA] = b"\xe4 ?#.opus"
    async with browsing(library, size=(80, 24)) as browser:
        for key, text in (
            ("l", f"file://{FOLDER}/%E4%20%3F%23.opus"),
            ("t", "\\x1b[31mso\n\\u202ethe \\ud800 recipe"),
            ("c", "# \\x1b[31mso\n\\u202ethe \\ud800 recipe"),
        ):
            await on_note(browser)
            await ask(browser, "y", CopyScreen)
            await browser.press(key)
            await browser.until(partial(copied, browser, text))
        await ask(browser, "y", CopyScreen)
        await browser.press("a")
        await browser.until(lambda: "20" in browser.app.clipboard)
        who, _, words = browser.app.clipboard.partition(": ")
        assert who.startswith("Ana ")
        assert words == "\\x1b[31mso \\u202ethe \\ud800 recipe"


async def test_several_are_a_line_each(browsing: Browsing) -> None:
    """The selection; what there is not can't be chosen."""
    async with browsing() as browser:
        await on_note(browser)
        await browser.press("v", "j", "v")
        await ask(browser, "y", CopyScreen)
        assert "Copy of 2 notes" in browser.screen
        await browser.press("t")
        assert shows(browser, CopyScreen)
        assert "no transcript" in browser.screen
        await browser.press("p")
        await browser.until(lambda: browser.app.clipboard.count("\n") == 1)
        assert "Copied 2 paths" in browser.top


async def test_too_much_is_cut_and_told(browsing: Browsing) -> None:
    """Terminals take so much and no more: then at the end of a line."""
    assert taken("é" * 40_000) == ("é" * (MOST_BYTES // 2), True)
    lines = "\n".join(["x" * 99] * 2_000)
    short, is_cut = taken(lines)
    assert is_cut
    assert len(short) <= MOST_BYTES < len(short) + 100
    assert set(short.split("\n")) == {"x" * 99}
    library = Worded(lines)
    assert texts_of([ANA, NoteId(2)], library).texts["t"].count("\n") == 0
    async with browsing(library) as browser:
        await on_note(browser)
        await ask(browser, "y", CopyScreen)
        await browser.press("t")
        await browser.until(lambda: bool(browser.notices))
        cut = "Copied only the first 749 lines: a clipboard takes no more"
        assert browser.notices == [cut]


@pytest.mark.parametrize("term", ["dumb", "linux", "xterm-256color"])
async def test_by_hand_where_there_is_no_clipboard(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    """It says so, and shows the text from the left edge on; `s` shows it anywhere."""
    monkeypatch.setenv("TERM", term)
    library = Worded(f"first\nsecond [/] {EVIL}")
    async with browsing(library, size=(80, 24)) as browser:
        await on_note(browser)
        await ask(browser, "y", CopyScreen)
        await browser.press("j", "j")
        await ask(browser, "t" if term in {"dumb", "linux"} else "s", ShownScreen)
        shown = browser.screen.split("\n")
        assert "first" in shown
        assert any(line.startswith("second [/] ") for line in shown)
        assert browser.app.clipboard == ""
        await browser.press("escape")
        assert not shows(browser, ShownScreen)


async def test_without_a_note_or_a_file(browsing: Browsing) -> None:
    """A note that is only told of has no path; an empty library nothing at all."""
    async with browsing(Told()) as browser:
        await on_note(browser)
        await ask(browser, "y", CopyScreen)
        await browser.press("p", "l")
        assert shows(browser, CopyScreen)
        await browser.press("escape")
        assert browser.app.clipboard == ""
