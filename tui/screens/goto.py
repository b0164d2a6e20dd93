"""Going to a day: what is typed, and below it which day that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.widgets import Input
from typing_extensions import override

from tui.screens._dates import understand, write_day
from tui.screens.framed import FramedScreen, PlainInput
from tui.widgets.cells import Cells, Role, Run, cut
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from datetime import date

    from textual.app import ComposeResult

    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["GoToScreen"]

_EXAMPLES = "2024-08-15   15.8.   aug 2024   today   -7   monday"


class _Understood(Cells):
    """The day that is meant."""

    DEFAULT_CSS = """
    _Understood { height: 1; margin: 0 1; background: $surface; }
    """
    run = Run(_EXAMPLES, Role.DIM)

    def update(self, run: Run) -> None:
        """Show something else."""
        self.run = run
        self.lay_out()

    @override
    def make_lines(self) -> list[Line]:
        return [(self.run._replace(text=cut(self.run.text, self.size.width)),)]


class GoToScreen(FramedScreen["date | None"]):
    """Asks for a day; None when it was left.

    Args:
        today: The day that words like `yesterday` count from.
        glyphs: The marks.
    """

    AUTO_FOCUS = "PlainInput"

    def __init__(self, today: date, glyphs: Glyphs = UNICODE) -> None:
        super().__init__("Go to date", ("Enter", "Esc closes"), glyphs)
        self._today = today

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield PlainInput(placeholder="a day", select_on_focus=False)
            yield _Understood()

    @on(Input.Changed)
    def _show_day(self, event: Input.Changed) -> None:
        event.stop()
        told = self.query_one(_Understood)
        if not event.value.strip():
            told.update(Run(_EXAMPLES, Role.DIM))
            return
        day = understand(event.value, self._today)
        if day is None:
            told.update(Run(f"not a day: {_EXAMPLES}", Role.WARN))
        else:
            told.update(Run(write_day(day), Role.ACCENT))

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        day = understand(event.value, self._today)
        if day is not None:
            self.dismiss(day)
