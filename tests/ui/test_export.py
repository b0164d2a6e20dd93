"""Exports in the browser: what is asked, what is shown, and what goes on meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from tests.fakes import sample_library
from tests.support.marking import ANA, EVIL, ask, on_note, shows
from tui.errors import UsageError
from tui.export import (
    BundleRequest,
    Counted,
    DocumentFormat,
    DocumentRequest,
    Ended,
    FilesRequest,
    Format,
    How,
    Linked,
    MailRequest,
    MergeRequest,
    Outcome,
    Per,
    Row,
    Rows,
    Saving,
    Separator,
    Sums,
)
from tui.model import Group, GroupKind, NoteId
from tui.screens._export_form import What, fields, first_values, order_of
from tui.screens._export_words import Eta, duration, size_words
from tui.screens.export import ExportScreen
from tui.screens.framed import ConfirmScreen
from tui.screens.saving import SavingScreen

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser
    from tui.export import Order

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

SIZES = pytest.mark.parametrize(
    "size", [(80, 24), (200, 50), (40, 12)], ids=["80x24", "200x50", "40x12"]
)
ALL = What("everything", 9, "Family / Bob")
LUFS = -18.0


def rows_of(count: int, first: int = 0) -> tuple[Row, ...]:
    """Make rows of a preview."""
    return tuple(
        Row(f"{n:04}.mp3", Outcome.SAVED, 48_000, 1, "")
        for n in range(first, first + count)
    )


async def previewed(browser: Browser, count: int = 1) -> int:
    """Wait until so many previews were asked for; gives the last one's number."""
    exporting = browser.fakes.exporting

    def previews() -> list[tuple[object, ...]]:
        return [each for each in exporting.asked if each[0] == "preview"]

    await browser.until(lambda: len(previews()) == count)
    return len(exporting.orders)


def ordered(browser: Browser) -> Order:
    """Tell what was asked for last."""
    return browser.fakes.exporting.order


async def saving(browser: Browser) -> int:
    """Begin to save what the cursor is on; gives the run's number."""
    await ask(browser, "e", ExportScreen)
    await ask(browser, "enter", SavingScreen)
    name, number = browser.fakes.exporting.asked[-1]
    assert name == "start"
    assert isinstance(number, int)
    return number


def told(number: int, done: int, **more: object) -> Saving:
    """Tell how far a run is."""
    sums = Sums(4, done, done, 0, 0, done * 1_000)
    event = Saving(number, done, done / 4, done * 1_000, f"{done}.opus", sums, ())
    return event._replace(**more)  # type: ignore[arg-type]  # by name


# What is said, without a screen


def test_each_kind_makes_its_request() -> None:
    """With a name that is safe, and the sound that was chosen."""
    values = first_values({"folder": "/x/../there", "name": "old", "to": "a@b, c@d,"})
    there = Path("/there")
    files = order_of(values, ALL, LUFS)
    assert isinstance(files.request, FilesRequest)
    assert (files.place, files.request.options.format) == (there, Format.ORIGINAL)
    values |= {"kind": "merge", "format.merge": "mp3", "between": "tone", "rate": "32"}
    values |= {"level": "on", "skip": "2"}
    merge = order_of(values, ALL, -20).request
    assert isinstance(merge, MergeRequest)
    assert merge.target.parent == there
    assert merge.target.name.startswith("Family ")
    assert merge.target.suffix == ".mp3"
    assert merge.separator is Separator.TONE
    assert merge.options.bit_rate == 32_000
    assert (merge.options.level, merge.options.skip) == (True, 2)
    assert merge.options.target_lufs == -20
    values |= {"kind": "document", "format.document": "rss"}
    values["address"] = " http://pi:8000 "
    document = order_of(values, ALL, LUFS).request
    assert isinstance(document, DocumentRequest)
    assert document.options.format is DocumentFormat.RSS
    assert document.options.base_url == "http://pi:8000"
    values |= {"format.document": "html", "sound.html": "link"}
    document = order_of(values, ALL, LUFS).request
    assert isinstance(document, DocumentRequest)
    assert (document.options.linked, document.options.base_url) == (Linked.LINK, "")
    assert document.options.per is Per.CHAT
    values |= {"format.document": "srt", "per.html": "all"}
    document = order_of(values, ALL, LUFS).request
    assert isinstance(document, DocumentRequest)
    assert document.options.per is Per.NOTE  # as is usual for subtitles
    mail = order_of(values | {"kind": "mail"}, ALL, LUFS).request
    assert isinstance(mail, MailRequest)
    assert (mail.folder, mail.recipients) == (there, ("a@b", "c@d"))
    bundle = order_of(values | {"kind": "bundle", "name": "../x"}, ALL, LUFS).request
    assert isinstance(bundle, BundleRequest)
    assert bundle.folder.parent == there


def test_every_choice_of_every_kind_can_be_ordered() -> None:
    """Whatever is chosen, and whatever was remembered, goes together."""
    remembered = {"kind": "files", "rate": "256", "skip": "9", "level": "?"}
    begin = first_values({**remembered, "address": "http://pi:8000/"})
    for kind, _ in fields(begin, [ALL])[1].choices:
        values = {**begin, "kind": kind}
        for field in fields(values, [ALL]):
            for value, words in field.choices:
                assert words
                chosen = {**values, field.name: value}
                order_of(chosen, ALL, LUFS)
                for other in fields(chosen, [ALL]):
                    for last, _ in other.choices:
                        order_of({**chosen, other.name: last}, ALL, LUFS)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"folder": " "}, "say which folder"),
        ({"folder": "a\0b"}, "no folder"),
        ({"folder": "~nobody-at-all/x"}, "nobody's home"),
        ({"template": "{"}, "{"),
        (
            {"kind": "document", "format.document": "rss", "address": "pi"},
            "say where podcast apps will find the folder: http://",
        ),
    ],
)
def test_what_can_not_be_is_refused(values: dict[str, str], reason: str) -> None:
    """In a sentence that the screen shows."""
    with pytest.raises(UsageError, match=reason):
        order_of({**first_values({}), **values}, ALL, LUFS)


def test_the_time_that_is_left_is_honest() -> None:
    """Not told too soon, by the pace of late, and not of a pause."""
    eta = Eta()
    assert eta.at(0, 0.0) == ""
    assert eta.at(2, 0.1) == ""
    assert eta.at(10, 0.1) == "about 2 min left"
    for second in range(11, 120):  # it is slower than it began
        left = eta.at(second, 0.1 + (second - 10) * 0.001)
    assert left == "about 13 min left"
    eta.pause()
    assert eta.at(1_000, 0.3) == left
    assert duration(20) == "less than a minute"
    assert duration(3_600) == "about 1 h"
    assert duration(5_000) == "about 1 h 25 min"
    words = [size_words(size) for size in (0, 1, 48_213, 3_100_000, 12 * 10**9)]
    assert words == ["0 kB", "1 kB", "48 kB", "3.1 MB", "12.0 GB"]


# The form


async def test_what_the_cursor_means_comes_first(browsing: Browsing) -> None:
    """A group; the note; the selection; and all of it is the last."""
    async with browsing() as browser:
        await ask(browser, "e", ExportScreen)
        await previewed(browser)
        assert browser.fakes.exporting.order.group == Group(GroupKind.UNPLAYED)
        await browser.press("left")  # the last one
        await previewed(browser, 2)
        order = browser.fakes.exporting.order
        assert (order.ids, order.group) == (None, None)
        assert "everything (63 notes)" in browser.screen
        await browser.press("escape")
        assert browser.fakes.exporting.asked[-1] == ("leave",)
        await on_note(browser)
        await ask(browser, "e", ExportScreen)
        await previewed(browser, 3)
        assert ordered(browser).ids == (ANA,)
        await browser.press("escape")
        await browser.press("v", "j", "v")
        await ask(browser, "e", ExportScreen)
        await previewed(browser, 4)
        ids = ordered(browser).ids
        assert ids is not None
        assert len(ids) == 2
        assert "the selection (2 notes)" in browser.screen
        await browser.press("enter")
        assert not browser.app.main.note_tree.selected


@SIZES
async def test_fields_follow_from_what_is_chosen(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """Only what counts is asked; the keys go through it, and the marked one shows."""
    async with browsing(size=size) as browser:
        await ask(browser, "e", ExportScreen)
        assert "Names" in browser.screen
        assert "· Esc" in browser.screen  # how to leave is told in any width
        assert "Loudness" not in browser.screen
        await browser.press("down", "down", "right", "right", "right")
        await browser.until(lambda: "mp3" in browser.screen)
        lines = [line for line in browser.screen.split("\n") if "Format" in line]
        assert "▶ Format" in lines[0]
        await browser.press("up", "right")  # one file with chapters
        await browser.until(lambda: "Names" not in browser.screen)
        assert "one file with chap" in browser.screen
        await browser.press(*["down"] * 7)
        assert "▶ Bit rate" in browser.screen
        assert browser.screen.count("│ ▶ ") == 1
        await browser.press("tab")
        assert "▶ What" in browser.screen


@SIZES
async def test_documents_are_for_a_note_a_chat_or_all(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """In any size; the next time it stands as it was chosen."""
    async with browsing(size=size) as browser:
        browser.fakes.exporting.remembered = {"kind": "document"}
        await ask(browser, "e", ExportScreen)
        await previewed(browser)
        request = ordered(browser).request
        assert isinstance(request, DocumentRequest)
        assert request.options.per is Per.CHAT
        await browser.press("down", "down", "down")
        assert "▶ For       ◂ each chat ▸" in browser.screen
        await browser.press("right")
        await previewed(browser, 2)
        assert "▶ For       ◂ all notes together ▸" in browser.screen
        request = ordered(browser).request
        assert isinstance(request, DocumentRequest)
        assert request.options.per is Per.ALL
        await browser.press("down", "down")
        assert "▶ Sound" in browser.screen
        await ask(browser, "enter", SavingScreen)
        assert browser.fakes.exporting.remembered["per.html"] == "all"


async def test_a_preview_of_before_is_not_shown(browsing: Browsing) -> None:
    """A field was changed: what is still told of the one before is left out."""
    async with browsing(size=(80, 24)) as browser:
        exporting = browser.fakes.exporting
        await ask(browser, "e", ExportScreen)
        first = await previewed(browser)
        exporting.tell(Rows(first, rows_of(60)))
        sums = Sums(62, 300, 300, 12, 3, 312_000_000)
        exporting.tell(Counted(first, sums, is_whole=False, free=10**12))
        await browser.until(lambda: "0003.mp3" in browser.screen)
        said = "300 files so far · about 312 MB · 12 there already · 3 can't be saved"
        assert said in browser.screen
        await browser.press("down", "right")
        second = await previewed(browser, 2)
        exporting.tell(Rows(first, rows_of(1, 900)))
        exporting.tell(Counted(first, Sums(), is_whole=True, free=None))
        mine = Row("one.m4b", Outcome.SAVED, 5_000_000, 300, "")
        exporting.tell(Rows(second, (mine,)))
        sums = Sums(300, 1, 300, 0, 0, 5_000_000)
        exporting.tell(Counted(second, sums, is_whole=True, free=1_000_000))
        await browser.until(lambda: "only 1.0 MB free" in browser.screen)
        assert "300 notes  5.0 MB" in browser.screen
        assert "0900.mp3" not in browser.screen
        assert "0003.mp3" not in browser.screen
        exporting.tell(Ended(second, How.FAILED, f"{EVIL}: is only read", Sums()))
        await browser.until(lambda: "✗ " in browser.screen)
        assert "one.m4b" not in browser.screen
        reason = f"/{'x' * 90}/{'y' * 60}: vanished"
        exporting.tell(Ended(second, How.FAILED, reason, Sums()))
        await browser.until(lambda: "vanished" in browser.screen)  # to its end


async def test_more_names_are_asked_for_as_they_are_looked_at(
    browsing: Browsing,
) -> None:
    """The first page comes by itself; hostile names show as what they are."""
    async with browsing(size=(80, 24)) as browser:
        exporting = browser.fakes.exporting
        await ask(browser, "e", ExportScreen)
        number = await previewed(browser)
        rows = [*rows_of(60)]
        rows[0] = Row(EVIL, Outcome.THERE, 0, 1, "")
        rows[1] = Row("bad.mp3", Outcome.FAILED, 0, 1, f"/x/{EVIL}: vanished")
        exporting.tell(Rows(number, tuple(rows)))
        await browser.until(lambda: "there already" in browser.screen)
        assert "│ = " in browser.screen
        bad = next(line for line in browser.screen.split("\n") if "bad.mp3" in line)
        assert "✗ bad.mp3" in bad
        assert "vanished │" in bad
        asked = [each for each in exporting.asked if each[0] == "more"]
        assert len(asked) == 1
        exporting.tell(Rows(number, rows_of(100, 60)))
        await browser.press(*["pagedown"] * 16)
        await browser.until(lambda: "0159.mp3" in browser.screen)
        assert [each for each in exporting.asked if each[0] == "more"] != asked
        await browser.press("pageup")
        await browser.until(lambda: "0159.mp3" not in browser.screen)


async def test_a_folder_is_typed_completed_and_remembered(
    browsing: Browsing, tmp_path: Path
) -> None:
    """The right arrow takes what is offered; the next time it stands there."""
    (tmp_path / "Voices").mkdir()
    (tmp_path / "Vo\x1b[31m").mkdir()
    async with browsing() as browser:
        exporting = browser.fakes.exporting
        exporting.remembered = {"folder": str(tmp_path / "V"), "kind": "no such"}
        await ask(browser, "e", ExportScreen)
        await browser.press("down", "down", "down")
        line = browser.app.focused
        assert isinstance(line, Input)
        await browser.press("o")
        await browser.until(lambda: line._suggestion.endswith("/Voices/"))
        await browser.press("right")
        assert line.value == f"{tmp_path}/Voices/"
        await ask(browser, "enter", SavingScreen)
        assert exporting.order.place == tmp_path / "Voices"
        assert exporting.remembered["folder"] == f"{tmp_path}/Voices/"
        assert exporting.remembered["kind"] == "files"
        assert "name" not in exporting.remembered


async def test_a_mistake_is_told_and_not_begun(browsing: Browsing) -> None:
    """It stands where the sum stands; Enter does nothing until it is right."""
    async with browsing() as browser:
        await ask(browser, "e", ExportScreen)
        await previewed(browser)
        await browser.press("down", "down", "down", "down", "end", "{")
        await browser.until(lambda: "✗ " in browser.screen)
        await browser.press("enter")
        assert shows(browser, ExportScreen)
        assert [each[0] for each in browser.fakes.exporting.asked] == ["preview"]


async def test_nothing_to_save(browsing: Browsing) -> None:
    """An empty library, and a browser that can't."""
    library = sample_library()
    library.notes.clear()
    async with browsing(library) as browser:
        await browser.press("e")
        await browser.until(lambda: "There is nothing to save" in browser.top)


# The run


@SIZES
async def test_a_run_is_shown_paused_left_and_told(
    browsing: Browsing, size: tuple[int, int]
) -> None:
    """The bar, the pause, the background, the end: and the player goes on."""
    async with browsing(size=size) as browser:
        exporting = browser.fakes.exporting
        number = await saving(browser)
        exporting.tell(told(number, 1))
        await browser.until(lambda: "1 of 4 notes" in browser.screen)
        assert "25 %" in browser.screen
        assert "· Esc" in browser.screen
        assert "1.opus" in browser.screen
        await browser.press("p")
        assert exporting.asked[-1] == ("pause", True)
        exporting.tell(told(number, 1, is_paused=True))
        await browser.until(lambda: "Paused" in browser.screen)
        await browser.press("p", "comma", "right")
        assert exporting.asked[-1] == ("pause", False)
        seeks = [("seek_by", -30_000), ("seek_by", 5000)]
        assert browser.fakes.playing.asked[-2:] == seeks
        await browser.press("escape")
        exporting.tell(told(number, 2))
        await browser.until(lambda: "saving 2/4" in browser.top)
        await browser.press("n")
        assert "play_note" in {name for name, *_ in browser.fakes.playing.asked}
        await ask(browser, "e", SavingScreen)  # not another one
        await browser.press("escape")
        exporting.tell(Ended(number, How.DONE, "", Sums(4, 4, 4, 0, 0, 4_000)))
        await browser.until(lambda: "saving" not in browser.top)
        if size[0] > 40:
            assert "Saved: 4 notes, in ~/Voice notes" in browser.top
        await ask(browser, "e", ExportScreen)


async def test_the_end_lists_problems_and_copies_the_place(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be saved, with hostile words; `y` copies where the rest is."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)
    async with browsing(size=(80, 24)) as browser:
        exporting = browser.fakes.exporting
        number = await saving(browser)
        await browser.press("escape")
        problems = tuple(f"{EVIL}/{n}: vanished" for n in range(30))
        sums = Sums(34, 3, 3, 1, 30, 3_000)
        exporting.tell(told(number, 3, problems=problems, sums=sums))
        exporting.tell(Ended(number, How.DONE, "", sums))
        await browser.until(lambda: bool(browser.notices))
        assert "e lists them" in browser.notices[0]
        await ask(browser, "e", SavingScreen)
        assert "3 notes · 1 there already · 30 can't be saved · 3 kB" in browser.screen
        assert "in ~/Voice notes" in browser.screen
        shown = browser.screen
        assert "✗ " in shown
        await browser.press("pagedown")
        assert browser.screen != shown
        await browser.press("y")
        await browser.until(lambda: browser.app.clipboard != "")
        assert browser.app.clipboard == f"{os.environ['HOME']}/Voice notes"
        await ask(browser, "e", ExportScreen)  # others


async def test_a_run_is_stopped_only_when_that_is_sure(browsing: Browsing) -> None:
    """It is asked; what is saved stays, which is told."""
    async with browsing() as browser:
        exporting = browser.fakes.exporting
        number = await saving(browser)
        await ask(browser, "s", ConfirmScreen)
        await browser.press("escape")
        assert ("stop",) not in exporting.asked
        await ask(browser, "s", ConfirmScreen)
        await browser.press("enter")
        assert exporting.asked[-1] == ("stop",)
        exporting.tell(Ended(number, How.STOPPED, "", Sums(4, 2, 2)))
        await browser.until(lambda: "Stopped" in browser.screen)
        assert "the same again does what is missing" in browser.screen


async def test_a_full_disk_is_told(browsing: Browsing) -> None:
    """With the reason, in the background as well."""
    async with browsing() as browser:
        number = await saving(browser)
        reason = "/disk/x.mp3: no space left on device"
        ended = Ended(number, How.FAILED, reason, Sums(4, 2, 2, 0, 0, 10))
        browser.fakes.exporting.tell(ended)
        await browser.until(lambda: reason in browser.screen)
        assert "Not all is saved" in browser.screen
        number = await saving(browser)  # again
        ended = Ended(number, How.FAILED, reason, Sums(4))
        browser.fakes.exporting.tell(ended)
        await browser.until(lambda: "Nothing is saved" in browser.screen)
        assert "What is saved stays" not in browser.screen


async def test_leaving_is_asked_once_while_something_is_saved(
    browsing: Browsing,
) -> None:
    """Esc stays, Enter leaves; what saves is ended with the browser."""
    async with browsing() as browser:
        exporting = browser.fakes.exporting
        number = await saving(browser)
        exporting.tell(told(number, 1))
        await browser.press("escape")
        await ask(browser, "q", ConfirmScreen)
        assert "1 of 4 notes. What is saved stays" in browser.screen
        await browser.press("escape")
        assert not exporting.is_closed
        await ask(browser, "q", ConfirmScreen)
        await browser.press("enter")
        await browser.until(lambda: exporting.is_closed)


async def test_without_colour_and_in_ascii(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every state shows by its shape."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with browsing(size=(80, 24), ascii_only=True) as browser:
        exporting = browser.fakes.exporting
        await ask(browser, "e", ExportScreen)
        number = await previewed(browser)
        rows = (Row("é", Outcome.THERE, 0, 1, ""), Row("b", Outcome.FAILED, 0, 1, "x"))
        exporting.tell(Rows(number, rows))
        await browser.until(lambda: "x b" in browser.screen)
        assert "> What      < Unplayed" in browser.screen
        await ask(browser, "enter", SavingScreen)
        exporting.tell(told(number + 1, 2))
        await browser.until(lambda: "=>--" in browser.screen)
        exporting.tell(Ended(number + 1, How.DONE, "", Sums(4, 4, 4)))
        await browser.until(lambda: "Saved" in browser.screen)
        assert NoteId(1) in browser.fakes.library.notes
