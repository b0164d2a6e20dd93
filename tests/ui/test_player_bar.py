"""The player bar as text: every state by its shape, in every width."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.app import App

from tests.fakes import sample_peaks
from tui.audio import OutputInfo, PlayerState
from tui.model import NoteId, SoundScope
from tui.playback import NowPlaying
from tui.screens._bar import bar_view, output_name
from tui.widgets.cells import Role, changed_spans, line_width
from tui.widgets.glyphs import ASCII, UNICODE
from tui.widgets.player_bar import (
    BarState,
    BarView,
    PlayerBar,
    bar_line,
    settings_line,
)
from tui.widgets.wave import bars, levels, loop_cells, share_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from textual.app import ComposeResult

    from tests.ui.conftest import Browser
    from tui.widgets.glyphs import Glyphs

    Browsing = Callable[..., AbstractAsyncContextManager[Browser]]

PLAYING = BarView(
    state=BarState.PLAYING,
    title="Ana · Family",
    position_ms=12_000,
    duration_ms=42_000,
    speed=1.5,
    volume=0.8,
    peaks=sample_peaks(1),
)
UNUSUAL = PLAYING._replace(
    title="Bob · Boat on Saturday",
    skip=2,
    saved_ms=12_000,
    speed_from="Bob",
    level=True,
    boost_db=6.0,
    loop=(8000, 20_000),
    queue=3,
    sleep_ms=12 * 60_000,
    stops_after=True,
    output="Kitchen \x1b[2J",
)
"""All that may be told at once."""


def text(view: BarView, cells: int = 80, glyphs: Glyphs = UNICODE) -> str:
    """Write the bar as plain text."""
    return "".join(run.text for run in bar_line(view, cells, glyphs))


def test_the_bar_tells_who_where_how_fast_and_how_loud() -> None:
    """Everything that matters stands in one line of 80 columns."""
    shown = text(PLAYING)
    assert shown.startswith(" ▶ Ana · Family  ")
    assert shown.endswith("0:12 / 0:42   1.5x   80 % ")


@pytest.mark.parametrize("cells", [30, 40, 59, 60, 80, 100, 200])
@pytest.mark.parametrize("state", list(BarState))
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("peaks", [None, sample_peaks(2)])
def test_the_bar_fits_every_width(
    cells: int, state: BarState, glyphs: Glyphs, peaks: bytes | None
) -> None:
    """No state is wider than the screen, however long its title."""
    view = BarView(
        state=state,
        title="Somebody with a very long name indeed · " * 3,
        position_ms=3_725_000,
        duration_ms=7_200_000,
        muted=True,
        peaks=peaks,
    )
    for each in (view, UNUSUAL._replace(state=state, peaks=peaks, title=view.title)):
        assert line_width(bar_line(each, cells, glyphs)) <= cells
        assert line_width(settings_line(each, cells, 50, glyphs)) <= cells
    line = bar_line(view, cells, glyphs)
    if glyphs.is_ascii and peaks is not None:
        assert "".join(run.text for run in line[:2]).isascii()


def test_every_state_has_its_own_shape() -> None:
    """Without any colour one can tell playing, paused, stopped, loading, failed."""
    marks = {
        text(BarView(state=state, title="x", duration_ms=1000))[1] for state in BarState
    }
    assert len(marks) == len(BarState) - 1  # stopped and ended look alike


@pytest.mark.parametrize("peaks", [None, sample_peaks(3)])
def test_the_played_part_shows_without_colour(peaks: bytes | None) -> None:
    """The place of the player is a mark of its own, not only a colour."""
    early = BarView(BarState.PLAYING, "x", 10_000, 100_000, peaks=peaks)
    late = BarView(BarState.PLAYING, "x", 90_000, 100_000, peaks=peaks)
    head = UNICODE.head if peaks else UNICODE.knob
    assert text(early).index(head) < text(late).index(head)


def test_a_second_of_playing_changes_few_cells() -> None:
    """The next second changes digits and the place of the player, nothing else."""
    later = PLAYING._replace(position_ms=13_000)
    old, new = bar_line(PLAYING, 80), bar_line(later, 80)
    changed = sum(end - start for start, end in changed_spans(old, new, 80))
    assert 1 <= changed <= 8


def test_a_short_note_moves_on_twice_a_second_not_more() -> None:
    """However many cells a second it would take, a slow link is spared."""
    view = BarView(BarState.PLAYING, "x", 0, 3000, peaks=sample_peaks(1))
    pictures = {text(view._replace(position_ms=ms)) for ms in range(0, 3000, 100)}
    assert len(pictures) == 6


def test_nothing_moves_when_the_position_gets_longer() -> None:
    """From 9:59 to 10:00 of an hour only digits change."""
    view = BarView(BarState.PLAYING, "x", 599_000, 4_000_000)
    later = BarView(BarState.PLAYING, "x", 600_000, 4_000_000)
    assert text(view).index("/") == text(later).index("/")


def test_an_unknown_length_is_no_error() -> None:
    """A note whose length is not known shows dashes."""
    assert "0:12 / --:--" in text(BarView(BarState.PLAYING, "x", 12_000))


def test_control_characters_of_a_title_are_shown_not_sent() -> None:
    """A name can't reach the terminal as a sequence."""
    shown = text(BarView(BarState.PLAYING, "\x1b[2Jx\nb", 0, 1000))
    assert "\\x1b[2Jx\\nb" in shown
    assert "\x1b" not in shown


def test_muted_is_a_word_and_a_warning() -> None:
    """Silence has a reason on the screen."""
    line = bar_line(BarView(BarState.PLAYING, "x", 0, 1000, muted=True), 80)
    assert any("muted" in run.text and run.role is Role.WARN for run in line)


def test_a_quiet_note_shows_its_shape() -> None:
    """Levels are scaled to the loudest; silence stays flat."""
    assert max(levels(bytes([0, 20, 40]), 3)) == 255
    assert levels(bytes([0, 1, 2]), 3) == [0, 1, 2]
    assert levels(b"", 4) == [0, 0, 0, 0]
    assert levels(bytes(range(100)), 10) == sorted(levels(bytes(range(100)), 10))


def test_bars_stand_on_the_last_row() -> None:
    """Two rows: the lower is full before the upper begins."""
    assert bars([0, 127, 255], 2) == ["  █", "▁██"]
    assert bars([0, 255], ascii_only=True)[0].isascii()


def unusual(cells: int, rows: int = 24, glyphs: Glyphs = UNICODE) -> list[str]:
    """Write the one or two lines for what is unusual."""
    second = settings_line(UNUSUAL, cells, rows, glyphs)
    first = bar_line(UNUSUAL, cells, glyphs, has_second=bool(second))
    lines = (first, second) if second else (first,)
    return ["".join(run.text for run in line) for line in lines]


def test_a_wide_bar_tells_everything() -> None:
    """In one line, the waveform still the largest part."""
    (line,) = unusual(200, 50)
    assert line.endswith(
        "0:12 / 0:42   1.5x Bob  level +6 dB  skip 2 -0:12   80 %"
        "  loop 0:08 to 0:20  sleep 12 min  then stop  queue 3  Kitchen \\x1b[2J "
    )


def test_on_a_high_screen_the_unusual_has_a_line_of_its_own() -> None:
    """Beside it stands how this note sounds; without it there is one line."""
    first, second = unusual(100, 30)
    assert first.endswith("1.5x Bob  level +6 dB  skip 2 -0:12   80 % ")
    assert second == (
        "   loop 0:08 to 0:20 · sleep 12 min · then stop · queue 3 · Kitchen \\x1b[2J"
    )
    assert not settings_line(PLAYING, 100, 30)
    assert len(unusual(100, 29)) == 1


def test_at_80_columns_what_matters_most_is_told() -> None:
    """What it does, and what it will do; the title gives way, but not the waveform."""
    (line,) = unusual(80)
    assert line.endswith("   1.5x   80 %  loop  then stop ")
    assert " ▶ Bob · Boat on S…  " in line
    assert "[" in line
    assert text(UNUSUAL._replace(loop=None, stops_after=False)).endswith(
        "1.5x Bob   80 %  sleep 12 min "
    )
    ascii_line = unusual(80, glyphs=ASCII)[0]
    assert ascii_line.replace("·", "-").isascii()


def test_the_loop_shows_by_shape() -> None:
    """Two marks, and a word; one while only its begin is known."""
    for peaks in (None, PLAYING.peaks):
        view = PLAYING._replace(peaks=peaks, loop=(21_000, 31_500))
        shown = text(view)
        start, end = shown.index("["), shown.index("]")
        wave = shown.index("  0:12") - (at := shown.index("  ") + 2)
        assert (start - at, end - at) == (wave // 2, wave * 3 // 4)
        assert shown.endswith("  loop ")
        begun = text(view._replace(loop=(21_000, None)))
        assert "[" in begun
        assert "]" not in begun
        assert begun.endswith("  loop from ")
    assert "[" not in text(view._replace(duration_ms=None))


@pytest.mark.parametrize("loop", [(0, 0), (42_000, 42_000), (41_999, 99_000), (-5, 1)])
def test_the_marks_of_a_loop_are_two_cells(loop: tuple[int, int]) -> None:
    """However short it is, and wherever."""
    for cells in (2, 6, 40):
        start, end = loop_cells(loop, 42_000, cells)
        assert end is not None
        assert 0 <= start < end < cells


@pytest.mark.parametrize("cells", [80, 100, 200])
def test_nothing_jumps_while_a_note_plays(cells: int) -> None:
    """Every word keeps its place while position, sleep and savings move on."""

    def places(view: BarView) -> list[int]:
        shown = text(view, cells)
        words = ("/", "1.5x", "skip", "loop", "sleep", "then", "queue")
        return [shown.find(word) for word in words]

    for gone in ({}, {"loop": None}, {"sleep_ms": None, "stops_after": False}):
        view = UNUSUAL._replace(saved_ms=0, **gone)
        later = view._replace(saved_ms=9_000, position_ms=41_000)
        if view.sleep_ms:
            later = later._replace(sleep_ms=9 * 60_000)
        assert places(view) == places(later)


def test_a_share_is_that_of_the_cell_that_was_pointed_at() -> None:
    """The place that shows afterwards is the same cell; the first one is the begin."""
    assert share_at(-1, 20) is None
    assert share_at(20, 20) is None
    assert share_at(0, 20) == 0.0
    for cell in range(1, 20):
        share = share_at(cell, 20)
        assert share is not None
        assert int(share * 20) == cell


class BarApp(App[None]):
    """A bar alone."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = PlayerBar()
        self.sought: list[float] = []

    def compose(self) -> ComposeResult:
        """The bar."""
        yield self.bar

    def on_player_bar_sought(self, event: PlayerBar.Sought) -> None:
        """Keep it."""
        self.sought.append(event.share)


async def test_a_click_into_the_waveform_seeks_there() -> None:
    """And a click beside it, or into another line, does not."""
    app = BarApp()
    async with app.run_test(size=(100, 30)) as pilot:
        app.bar.update_rows(30)
        app.bar.update(UNUSUAL)
        await pilot.pause()
        line = "".join(run.text for run in app.bar.lines[0])
        start, end = line.index("day  ") + 5, line.index("  0:12")
        assert end - start >= 14
        for x, y in ((start, 0), (end - 1, 0), (end, 0), (start - 1, 0), (start, 1)):
            await pilot.click(app.bar, offset=(x, y))
        assert app.sought == [0.0, (end - start - 0.5) / (end - start)]
        app.bar.update(BarView())
        await pilot.click(app.bar, offset=(start, 0))
        assert len(app.sought) == 2


async def test_the_bar_is_as_high_as_there_are_lines() -> None:
    """One line more for what is unusual, where the screen is high enough."""
    app = BarApp()
    async with app.run_test(size=(100, 30)) as pilot:
        heights = []
        for view in (
            PLAYING,
            UNUSUAL,
            UNUSUAL._replace(problem="the file is gone"),
            PLAYING._replace(problem="the file is gone"),
        ):
            for rows in (24, 30):
                app.bar.update_rows(rows)
                app.bar.update(view)
                await pilot.pause()
                assert len(app.bar.lines) == app.bar.size.height
                heights.append(app.bar.size.height)
        assert heights == [1, 1, 1, 2, 2, 3, 2, 2]


NOW = NowPlaying(
    note_id=NoteId(1),
    sender="Ana",
    chat="Family",
    state=PlayerState.PLAYING,
    position_ms=12_000,
    duration_ms=42_000,
)


@pytest.mark.parametrize(
    ("scope", "word"),
    [
        (None, ""),
        (SoundScope.ALL, ""),
        (SoundScope.CHAT, "Family"),
        (SoundScope.SENDER, "Ana"),
        (SoundScope.NOTE, "note"),
    ],
)
def test_a_speed_tells_what_it_is_remembered_for(
    scope: SoundScope | None, word: str
) -> None:
    """By the name of the sender or the chat; that of all notes needs none."""
    now = replace(NOW, speed=1.5, speed_from=scope)
    expected = f"   1.5x{f' {word}' if word else ''}  100 % "
    assert text(bar_view(now, None, UNICODE)).endswith(expected)
    assert not bar_view(replace(now, note_id=None), None, UNICODE).speed_from


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ("", ""),
        ("auto", ""),
        ("pulse", ""),
        ("pulse:alsa.usb", "USB Speaker"),
        ("pulse:alsa.internal", ""),
        ("pulse:gone", "gone"),
        ("null", "silent output"),
        ("file:/tmp/a.wav", "/tmp/a.wav"),
    ],
)
def test_the_output_is_named_when_it_is_not_the_default(chosen: str, name: str) -> None:
    """By what people call it, once that is known."""
    outputs = (
        OutputInfo("pulse:alsa.internal", "Laptop", is_default=True),
        OutputInfo("pulse:alsa.usb", "USB Speaker"),
    )
    now = replace(NOW, chosen_output=chosen, outputs=outputs)
    assert output_name(now) == bar_view(now, None, UNICODE).output == name


async def test_a_loop_shows_in_bar_and_details_and_a_click_leaves_it(
    browsing: Browsing,
) -> None:
    """What plays reaches both waveforms, and what is clicked the player."""
    async with browsing() as browser:
        await browser.press("enter", "j")
        browser.fakes.playing.tell(
            replace(NOW, loop=(10_000, 30_000), queue=(NoteId(2), NoteId(3)))
        )
        await browser.until(lambda: "loop 0:10 to 0:30 · queue 2" in browser.screen)
        await browser.until(lambda: "└" in browser.screen)
        bar = browser.app.main.bar
        line = "".join(run.text for run in bar.lines[0])
        await browser.pilot.click(bar, offset=(line.index("]") + 1, 0))
        await browser.until(lambda: bool(browser.fakes.playing.asked))
        what, percent = browser.fakes.playing.asked[-1]
        assert what == "seek_percent"
        assert isinstance(percent, float)
        assert 71 < percent < 78
