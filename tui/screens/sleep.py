"""The sleep timer: how long it will still play."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from typing_extensions import override

from tui.screens.framed import ListScreen
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.binding import BindingType

    from tui.playback import NowPlaying
    from tui.widgets.glyphs import Glyphs

__all__ = ["AT_END", "MINUTES", "OFF", "SleepScreen", "minutes_left"]

MINUTES = (5, 10, 15, 30, 45, 60, 90)
AT_END = -1
"""At the end of the note that plays."""
OFF = 0
_CHOICES = (*MINUTES, AT_END, OFF)
_KEYS = ("Enter chooses", "Esc closes")


def minutes_left(sleep_ms: int) -> str:
    """Write how long it will still play: `1 minute left`."""
    minutes = round(sleep_ms / 60_000)
    return f"{minutes} {'minute' if minutes == 1 else 'minutes'} left"


class SleepScreen(ListScreen["int | None"]):
    """Lists when it may be silent; gives minutes, AT_END, or OFF.

    Args:
        now: Tells what plays.
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    SleepScreen > Vertical { max-width: 46; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("M", "close", "Close", show=False, id="sleep.close"),
    ]

    def __init__(self, now: Callable[[], NowPlaying], glyphs: Glyphs = UNICODE) -> None:
        super().__init__("Sleep timer", _KEYS, "", glyphs)
        self._now = now

    @override
    def on_mount(self) -> None:
        super().on_mount()
        now = self._now()
        self._show(now, _CHOICES.index(self._in_use(now)))

    def follow(self, now: NowPlaying) -> None:
        """Show what is left of it."""
        if self.is_read and self.is_attached:
            self._show(now, self.list.at)

    def _in_use(self, now: NowPlaying) -> int:
        """Tell which of the choices holds; of several minutes the next longer."""
        if now.sleep_ms is not None:
            left = now.sleep_ms / 60_000
            return next((each for each in MINUTES if each >= left), MINUTES[-1])
        return AT_END if now.stops_after else OFF

    def _show(self, now: NowPlaying, at: int) -> None:
        rows = [ListRow(f"{minutes} minutes", mark=" ") for minutes in MINUTES]
        rows += [ListRow("End of this note", mark=" "), ListRow("Off", mark=" ")]
        here = _CHOICES.index(self._in_use(now))
        dot = self._glyphs.rows.unplayed
        detail = "" if now.sleep_ms is None else minutes_left(now.sleep_ms)
        rows[here] = rows[here]._replace(mark=dot, detail=detail)
        self.fill(rows, at)

    def action_choose(self) -> None:
        """Take the marked one."""
        self.dismiss(_CHOICES[self.list.at])
