"""The library in numbers, on small and on large screens."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.notes import hostile_texts
from tui.answers import Share, Statistics
from tui.screens.statistics import StatisticsScreen, bar, hours, pace, total_lines
from tui.widgets.cells import line_width
from tui.widgets.glyphs import ASCII, UNICODE

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.ui.conftest import Browser
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

HOUR_MS = 3_600_000
TODAY = date(2024, 8, 15)


def share(label: str, hours_long: float, unplayed: float = 0.0) -> Share:
    """A part of the library, so many hours long, of which some are not heard."""
    notes = round(hours_long * 30)
    return Share(
        label,
        notes,
        round(hours_long * HOUR_MS),
        round(unplayed * 30),
        round(unplayed * HOUR_MS),
    )


NUMBERS = Statistics(
    total=share("", 40, 4),
    chats=(
        share("Family", 20, 2),
        share("Bob", 12, 2),
        *(share(f"Chat {number}", 8 / number) for number in range(1, 41)),
    ),
    senders=(share("Ana", 30, 4), share("", 10)),
    months=(
        share("2024-08", 3, 1),
        share("2024-07", 6, 1),
        share("2024-06", 5),
        share("2024-01", 26, 2),
    ),
)


def text_of(line: Line) -> str:
    """A line without its roles."""
    return "".join(run.text for run in line)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 min"),
        (1, "1 s"),
        (54_400, "54 s"),
        (61_000, "1 min 01 s"),
        (599_400, "9 min 59 s"),
        (600_000, "10 min"),
        (59 * 60_000, "59 min"),
        (HOUR_MS, "1 h"),
        (HOUR_MS * 3 + 20 * 60_000, "3 h 20 min"),
        (HOUR_MS * 3 + 5 * 60_000, "3 h 05 min"),
        (HOUR_MS * 1204, "1,204 h"),
    ],
)
def test_lengths_are_written_for_people(ms: int, text: str) -> None:
    """Seconds, minutes, hours with minutes, and hours alone where these are many."""
    assert hours(ms) == text


def test_the_pace_is_that_of_the_last_months() -> None:
    """What was heard of the notes since June, in 76 days, makes the week."""
    assert pace(NUMBERS, TODAY) == 12 * HOUR_MS * 7 // 76
    assert pace(NUMBERS._replace(months=()), TODAY) == 0


def test_the_totals_tell_what_is_left() -> None:
    """How much there is, what is unplayed, and how long that takes."""
    lines = [text_of(line) for line in total_lines(NUMBERS, 1.5, TODAY, ASCII)]
    assert lines == [
        "1,200 notes - 40 h",
        "120 unplayed - 4 h to hear - 2 h 40 min at 1.5x",
        "That is 4 weeks at your pace of 1 h 06 min a week",
    ]


def test_without_a_backlog_there_is_nothing_to_do() -> None:
    """Everything is heard, and no pace is told."""
    numbers = NUMBERS._replace(total=share("", 1))
    lines = [text_of(line) for line in total_lines(numbers, 1.0, TODAY)]
    assert lines == ["30 notes · 1 h", "Everything is heard"]


def test_an_empty_library_has_numbers_too() -> None:
    """Nothing is divided by nothing."""
    empty = Statistics(Share("", 0, 0, 0, 0), (), (), ())
    lines = [text_of(line) for line in total_lines(empty, 1.0, TODAY)]
    assert lines == ["0 notes · 0 min", "Everything is heard"]


@pytest.mark.parametrize(
    ("part", "glyphs", "text"),
    [
        (share("", 10), UNICODE, "█████     "),
        (share("", 11), UNICODE, "█████▌    "),
        (share("", 0.01), UNICODE, "▏         "),
        (share("", 20, 10), UNICODE, "█████░░░░░"),
        (share("", 20, 20), UNICODE, "░░░░░░░░░░"),
        (share("", 20, 0.1), UNICODE, "█████████░"),
        (share("", 20, 19.9), UNICODE, "█░░░░░░░░░"),
        (share("", 20, 10), ASCII, "#####-----"),
        (share("", 0.01), ASCII, "#         "),
        (share("", 0), UNICODE, "          "),
    ],
)
def test_bars_show_what_is_left_by_another_shape(
    part: Share, glyphs: Glyphs, text: str
) -> None:
    """The heard part first; something of each is seen where there is some."""
    assert text_of(bar(part, 20 * HOUR_MS, 10, glyphs)) == text


@given(
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.integers(0, 60),
    st.booleans(),
)
def test_a_bar_is_as_wide_as_its_room(
    length: int, left: int, most: int, cells: int, is_ascii: bool
) -> None:
    """Whatever the numbers are, also where they can't be."""
    part = Share("", 1, length, 1, left)
    line = bar(part, max(length, most), cells, ASCII if is_ascii else UNICODE)
    assert line_width(line) == cells


async def show(
    browser: Browser, numbers: Statistics | None, glyphs: Glyphs = UNICODE
) -> StatisticsScreen:
    """Open the screen with some numbers."""

    async def load() -> Statistics | None:
        return numbers

    screen = StatisticsScreen(load, 1.5, glyphs, TODAY)
    browser.app.push_screen(screen)
    await browser.until(lambda: screen.is_read)
    await browser.settle()
    return screen


async def test_a_wide_screen_shows_all_lists(browsing: Browsing) -> None:
    """Chats, senders and months side by side at 200 columns; they scroll as one."""
    async with browsing(size=(200, 50)) as browser:
        await show(browser, NUMBERS)
        text = browser.screen
        for words in ("Chats  42", "Senders  2", "Months  4", "August 2024", "unknown"):
            assert words in text
        assert "4 h to hear" in text
        assert "Chat 40" not in text
        await browser.press("G")
        assert "Chat 40" in browser.screen
        assert "Ana" not in browser.screen
        await browser.press("g", "tab")
        assert browser.screen == text


async def test_a_narrow_screen_shows_one_list(browsing: Browsing) -> None:
    """At 80 columns Tab goes from chats to senders to months and back."""
    async with browsing(size=(80, 24)) as browser:
        screen = await show(browser, NUMBERS)
        first = browser.screen
        assert "Chats  42" in first
        assert "Senders" not in first
        await browser.press("ctrl+d")
        assert screen.bars.first == 10
        await browser.press("tab")
        assert "Senders  2" in browser.screen
        assert screen.bars.first == 0
        await browser.press("tab")
        assert "July 2024" in browser.screen
        await browser.press("tab")
        assert browser.screen == first
        await browser.press("shift+tab")
        assert "Months" in browser.screen
        await browser.press("q")
        assert browser.app.screen is browser.app.main


async def test_all_bars_fit(browsing: Browsing) -> None:
    """No row is wider than the frame, at any size."""
    for width in (40, 80, 119, 160):
        async with browsing(size=(width, 24)) as browser:
            screen = await show(browser, NUMBERS)
            room = screen.bars.size.width
            for line in screen.bars.lines:
                assert text_of(line).rstrip() == text_of(line)[:room].rstrip()
            assert "20 h" in browser.screen


async def test_ascii_alone(browsing: Browsing) -> None:
    """A terminal without Unicode gets bars all the same."""
    async with browsing(size=(80, 24), ascii_only=True) as browser:
        await show(browser, NUMBERS, ASCII)
        assert "###" in browser.screen
        assert "---" in browser.screen
        assert browser.screen.isascii()


async def test_hostile_names(browsing: Browsing) -> None:
    """Markup, lines and marks in titles are text."""
    texts = hostile_texts()
    numbers = NUMBERS._replace(
        chats=tuple(share(text, 9) for text in texts), senders=(), months=()
    )
    async with browsing(size=(80, 40)) as browser:
        screen = await show(browser, numbers)
        assert f"Chats  {len(texts)}" in browser.screen
        await browser.press("tab")
        assert "none" in browser.screen
        assert not screen.bars.lines[1:]


async def test_it_opens_before_the_numbers_are_there(browsing: Browsing) -> None:
    """A large library takes its time; the screen says so, and closes at once."""
    async with browsing(size=(80, 24)) as browser:
        gate = asyncio.Event()

        async def load() -> Statistics | None:
            await gate.wait()
            return NUMBERS

        screen = StatisticsScreen(load)
        browser.app.push_screen(screen)
        await browser.until(lambda: "adding up" in browser.screen)
        await browser.press("tab", "j", "escape")
        assert browser.app.screen is browser.app.main
        gate.set()
        await browser.settle()


async def test_a_library_that_does_not_answer(browsing: Browsing) -> None:
    """The screen says it, instead of numbers."""
    async with browsing(size=(80, 24)) as browser:
        await show(browser, None)
        assert "The library did not answer" in browser.screen
