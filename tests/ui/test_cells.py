"""Lines of cells: what differs, and what a repaint costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.app import App

from tui.widgets.cells import Cells, Role, Run, changed_spans

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.geometry import Region


def line(text: str, role: Role = Role.TEXT) -> tuple[Run, ...]:
    """Make a line of one run."""
    return (Run(text, role),)


@pytest.mark.parametrize(
    ("old", "new", "spans"),
    [
        ("abc", "abc", []),
        ("", "", []),
        ("abc", "axc", [(1, 2)]),
        ("0:12 / 0:42", "0:13 / 0:42", [(3, 4)]),
        ("abc", "", [(0, 3)]),
        ("", "   ", []),
        ("a" + " " * 30 + "b", "c" + " " * 30 + "d", [(0, 1), (31, 32)]),
        ("ab", "xb" + "c" * 40, [(0, 40)]),
        ("日本", "日木", [(2, 4)]),
        ("日本", "日xx", [(2, 4)]),
        ("e\u0301x", "ex", [(0, 1)]),
    ],
)
def test_only_cells_that_differ_are_in_a_span(
    old: str, new: str, spans: list[tuple[int, int]]
) -> None:
    """A span covers what differs, and joins two that lie close together."""
    assert list(changed_spans(line(old), line(new), 40)) == spans


def test_another_role_is_a_difference_but_not_of_a_blank() -> None:
    """A colour counts where there is something to see."""
    old, new = line("a b"), line("a b", Role.ACCENT)
    assert list(changed_spans(old, new, 10)) == [(0, 3)]
    assert list(changed_spans(line("   "), line("   ", Role.ACCENT), 10)) == []


class _Recorder(Cells):
    """Remembers what it asked to repaint."""

    asked: list[Region]

    def refresh(self, *regions: Region, **options: bool) -> _Recorder:
        """Remember, and repaint."""
        self.asked = [*getattr(self, "asked", []), *regions]
        super().refresh(*regions, **options)
        return self


class _OneLine(App[None]):
    def compose(self) -> ComposeResult:
        """Show one line."""
        yield _Recorder()


async def test_showing_the_same_again_repaints_nothing() -> None:
    """What does not change costs no byte."""
    app = _OneLine()
    async with app.run_test(size=(40, 3)) as pilot:
        cells = app.query_one(_Recorder)
        cells.show([line("0:12 / 0:42")])
        await pilot.pause()
        cells.asked = []
        cells.show([line("0:12 / 0:42")])
        assert cells.asked == []
        cells.show([line("0:13 / 0:42")])
        assert [(r.x, r.y, r.width, r.height) for r in cells.asked] == [(3, 0, 1, 1)]


async def test_lines_scroll_to_the_last_one_and_no_further() -> None:
    """Scrolling stops at either end and says whether it moved."""
    app = _OneLine()
    async with app.run_test(size=(40, 3)) as pilot:
        cells = app.query_one(_Recorder)
        cells.show([line(str(n)) for n in range(5)])
        await pilot.pause()
        assert cells.scroll_lines(2)
        assert cells.render_line(0).text.strip() == "2"
        assert cells.scroll_lines(99)
        assert cells.top == 4
        assert not cells.scroll_lines(1)
        assert cells.scroll_lines(-99)
        assert cells.top == 0


async def test_a_shorter_text_scrolls_back() -> None:
    """The view never stands below the end of the text."""
    app = _OneLine()
    async with app.run_test(size=(40, 3)):
        cells = app.query_one(_Recorder)
        cells.show([line(str(n)) for n in range(5)])
        cells.scroll_lines(4)
        cells.show([line("alone")])
        assert cells.top == 0
        assert cells.render_line(0).text.strip() == "alone"
