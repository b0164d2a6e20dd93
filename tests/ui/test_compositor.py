"""Partial updates: what they send, and that it is right."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pyte
from textual.app import App
from textual.containers import Horizontal
from textual.screen import Screen
from typing_extensions import override

from tui.screens._compositor import FrugalCompositor
from tui.widgets.cells import Cells, Role, Run

if TYPE_CHECKING:
    from textual.app import ComposeResult

WIDTH, HEIGHT = 60, 6


class _Pane(Cells):
    DEFAULT_CSS = "_Pane { width: 1fr; height: 6; }"


class _Two(Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self._compositor = FrugalCompositor()

    @override
    def compose(self) -> ComposeResult:
        with Horizontal():
            yield _Pane(id="left")
            yield _Pane(id="right")


class _App(App[None]):
    CSS = "#right { background: #402020; border-left: solid red; }"

    @override
    def get_default_screen(self) -> Screen[None]:
        return _Two()


def partial(app: App[None]) -> str:
    """Give what would be sent for what is dirty now."""
    screen = app.screen
    compositor = screen._compositor
    assert isinstance(compositor, FrugalCompositor)
    compositor.update_widgets(set(app.query(_Pane)))
    update = compositor.render_partial_update()
    return "" if update is None else update.render_segments(app.console)


async def test_one_digit_costs_a_move_a_style_and_the_digit() -> None:
    """Textual alone sends the widget's line from its left edge: 60 cells here."""
    app = _App()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        pane = app.query_one("#left", _Pane)
        pane.show([(Run("before the clock 0:12"),)])
        await pilot.pause()
        partial(app)
        pane.show([(Run("before the clock 0:13"),)])
        sent = partial(app)
        assert sent.startswith("\x1b[1;")
        assert sent.endswith("3\x1b[m")
        assert len(sent) < 55


async def test_whatever_changes_the_terminal_shows_it() -> None:
    """A terminal that gets only the partial updates shows the same as a whole one.

    Colours are compared too: a style that is not taken back would spread.
    """
    rng = random.Random(7)
    app = _App()
    words = ["abc", " ", "日本語", "e\u0301", "▁▂▃", "x" * 30, "·"]
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        shown = pyte.Screen(WIDTH, HEIGHT)
        stream = pyte.Stream(shown)
        for pane in app.query(_Pane):
            pane.refresh()
        stream.feed(partial(app))
        for _ in range(60):
            for pane in app.query(_Pane):
                pane.show(
                    [
                        tuple(
                            Run(rng.choice(words), rng.choice(list(Role)))
                            for _ in range(rng.randrange(5))
                        )
                        for _ in range(rng.randrange(HEIGHT + 1))
                    ]
                )
            stream.feed(partial(app))
        wanted = pyte.Screen(WIDTH, HEIGHT)
        whole = pyte.Stream(wanted)
        for pane in app.query(_Pane):
            pane.refresh()
        whole.feed(partial(app))
        assert shown.display == wanted.display
        for y in range(HEIGHT):
            for x in range(WIDTH):
                # A blank shows its background alone, so only that has to be right.
                one, other = shown.buffer[y][x], wanted.buffer[y][x]
                assert one.bg == other.bg, (x, y)
                if one.data.strip():
                    assert (one.fg, one.bold) == (other.fg, other.bold), (x, y)
