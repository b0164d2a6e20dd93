"""The list of what the user changed, to take back as much of it as he likes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from typing_extensions import override

from tui.screens._work import sentence
from tui.screens.framed import ConfirmScreen, ListScreen
from tui.text import printable
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.binding import BindingType

    from tui.model import Edit
    from tui.widgets.glyphs import Glyphs

__all__ = ["ChangesScreen", "moment"]

_KEYS = ("Enter takes back down to here", "z the last one", "Esc")
_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


def moment(at_ms: int, now_s: float) -> str:
    """Write when something was done: `14:05`, `15 Aug 14:05`, `15 Aug 2023`.

    Args:
        at_ms: The time.
        now_s: The time now, in seconds.
    """
    at, now = time.localtime(at_ms / 1000), time.localtime(now_s)
    clock = f"{at.tm_hour:02d}:{at.tm_min:02d}"
    if (at.tm_year, at.tm_yday) == (now.tm_year, now.tm_yday):
        return clock
    day = f"{at.tm_mday} {_MONTHS[at.tm_mon - 1]}"
    return f"{day} {clock}" if at.tm_year == now.tm_year else f"{day} {at.tm_year}"


class ChangesScreen(ListScreen[None]):
    """Lists changes, the last one first.

    Args:
        load: Reads them; None when they can't be read, which was said.
        undo: Takes the last ones back, down to one that it is given.
        glyphs: The marks.
        now: The clock, seconds since 1970.
    """

    DEFAULT_CSS = """
    ChangesScreen > Vertical { max-width: 96; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z,u", "undo", "Take the last one back", id="changes.undo"),
    ]

    def __init__(
        self,
        load: Callable[[], Awaitable[Sequence[Edit] | None]],
        undo: Callable[[Edit], Awaitable[None]],
        glyphs: Glyphs = UNICODE,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("Changes", _KEYS, "nothing was changed yet", glyphs)
        self._load = load
        self._undo = undo
        self._now = now
        self._edits: Sequence[Edit] = ()

    @override
    def on_mount(self) -> None:
        self.run_worker(self._read(), group="changes", exclusive=True)

    async def _read(self) -> None:
        edits = await self._load()
        if not self.is_attached:
            return
        self._edits = edits or ()
        times = [moment(edit.at_ms, self._now()) for edit in self._edits]
        rows = [
            ListRow(sentence(printable(edit.text)), when)
            for edit, when in zip(self._edits, times, strict=True)
        ]
        self.fill(rows, self.list.at)

    def action_undo(self) -> None:
        """Take the last change back."""
        if self._edits:
            self._take_back(self._edits[0])

    def action_choose(self) -> None:
        """Take everything back down to the marked change."""
        count = self.list.at + 1
        if not self._edits:
            return
        edit = self._edits[self.list.at]
        if count == 1:
            self._take_back(edit)
            return
        question = ConfirmScreen(
            f"Take {count:,} changes back?",
            f"The first of them: {edit.text}",
            glyphs=self._glyphs,
        )

        def follow(sure: bool | None) -> None:  # noqa: FBT001  # the answer
            if sure:
                self._take_back(edit)

        self.app.push_screen(question, follow)

    def _take_back(self, edit: Edit) -> None:
        async def take_back() -> None:
            await self._undo(edit)
            self.list.at = 0
            await self._read()

        self.run_worker(take_back(), group="undo")
