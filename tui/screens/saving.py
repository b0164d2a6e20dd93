"""An export while it goes on, and what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.getters import query_one
from typing_extensions import override

from tui.export import Ended, How, Saving, Sums
from tui.rowtext import count
from tui.screens._bindings import BINDINGS
from tui.screens._export_words import (
    Eta,
    home_path,
    notes_words,
    result_words,
    size_words,
)
from tui.screens.framed import ConfirmScreen, FramedScreen
from tui.text import clock, printable
from tui.widgets.cells import Cells, Role, Run, cut, wrap
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.export import ExportEvent
    from tui.services import Exporting
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["Save", "SavingScreen"]

_KEYS = ("p pauses", "s stops", "Esc goes on in the background")
_PAUSED_KEYS = ("p goes on", "s stops", "Esc leaves it")
_END_KEYS = ("y copies the path", "e saves others", "Esc")
_VAIN_KEYS = ("e tries again", "Esc")
_FEW: dict[tuple[str, ...], tuple[str, ...]] = {
    _KEYS: ("p pauses", "s stops", "Esc"),
    _END_KEYS: ("e saves others", "Esc"),
}
"""What is told of the keys where there is no room."""
_NARROW = 60
"""Cells of a screen in which there is none."""
_SURE = "What is saved stays. The same again later does only what is missing."
_FRAME = 2
"""Rows of the frame itself."""
_PERCENT = 6
"""Cells of the number behind the bar."""


def _player_keys() -> Iterator[Binding]:
    """Give the keys of the player: what plays goes on, and so do they.

    Without those that open something, and without `p`, which pauses the run. They have
    no ids: with other keys they could take one of those that this screen needs.
    """
    for each in BINDINGS:
        if (
            isinstance(each, Binding)
            and (each.id or "").startswith("play.")
            and not each.action.startswith("listen(")
        ):
            key = each.key.split(",")[0]  # a comma itself is called so
            yield Binding(key, f"app.{each.action}", each.description, show=False)


class Save:
    """One run, as far as it was told of.

    Args:
        number: Of the run.
        place: The folder or file of all.
        total: About how many notes, until it is told.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        number: int,
        place: str,
        total: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number = number
        self.place = place
        self.problems: list[str] = []
        self.ended: Ended | None = None
        self.is_seen = False
        """Whether its end was looked at."""
        self.wants_pause = False
        self.told = Saving(number, 0, 0.0, 0, "", Sums(total), ())
        self.left = ""
        """How long it still takes."""
        self._now = now
        self._began = now()
        self.took_s = 0.0
        self._eta = Eta()

    def take(self, event: ExportEvent) -> None:
        """Keep what was told."""
        if isinstance(event, Saving):
            total = event.sums.total or self.told.sums.total
            self.told = event._replace(sums=event.sums._replace(total=total))
            self.problems.extend(event.problems)
            if event.is_paused:
                self._eta.pause()
            else:
                self.left = self._eta.at(self._now(), event.share)
        elif isinstance(event, Ended):
            self.ended = event
            self.took_s = self._now() - self._began

    @property
    def where(self) -> str:
        """The place, in printable text."""
        return printable(home_path(self.place))

    @property
    def state(self) -> str:
        """How far it is, in a few words for the header."""
        verb = "paused" if self.told.is_paused else "saving"
        return f"{verb} {self.told.done:,}/{self.told.sums.total:,}"

    def progress_words(self) -> str:
        """Tell how far it is, as the begin of a sentence."""
        return f"{count(self.told.done)} of {notes_words(self.told.sums.total)}"

    @property
    def is_vain(self) -> bool:
        """Whether it failed before anything was saved."""
        ended = self.ended
        return (
            ended is not None
            and ended.how is How.FAILED
            and not (ended.sums.files or ended.sums.there)
        )

    def end_words(self) -> str:
        """Tell in a sentence what came of it."""
        ended = self.ended
        if ended is None:
            return ""
        sums = result_words(ended.sums)
        if ended.how is How.FAILED:
            part = "Nothing" if self.is_vain else "Not all"
            return f"{part} is saved: {printable(ended.reason)}"
        verb = "Stopped" if ended.how is How.STOPPED else "Saved"
        return f"{verb}: {', '.join(sums)}, in {self.where}"


class _Lines(Cells):
    """Lines that someone else lays out."""

    DEFAULT_CSS = """
    _Lines { height: 4; }
    """

    def __init__(self, make: Callable[[int], list[Line]]) -> None:
        super().__init__()
        self._make = make

    @override
    def make_lines(self) -> list[Line]:
        return self._make(self.size.width)


class SavingScreen(FramedScreen["str | None"]):
    """Shows a run: a bar, what is done, how long it takes, what can't be saved.

    It gives `again` when others shall be saved next.

    Args:
        save: The run.
        exporting: Steers it.
        copy: Copies a text.
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    SavingScreen > Vertical { width: 96%; max-width: 88; max-height: 90%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause, go on", id="saving.pause"),
        Binding("s", "stop", "Stop", id="saving.stop"),
        Binding("y", "copy", "Copy the path", id="saving.copy"),
        Binding("e", "again", "Save others", show=False, id="saving.again"),
        Binding("enter,q", "close", "Close", show=False, id="saving.close"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="saving.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="saving.up"),
        Binding("pagedown", "scroll(10)", "Page down", show=False, id="saving.page"),
        Binding("pageup", "scroll(-10)", "Page up", show=False, id="saving.back"),
        *_player_keys(),
    ]

    lines = query_one(_Lines)

    def __init__(
        self,
        save: Save,
        exporting: Exporting,
        copy: Callable[[str], None],
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__("", (), glyphs)
        self._save = save
        self._exporting = exporting
        self._copy = copy

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield _Lines(self._make)

    @override
    def on_mount(self) -> None:
        self.show()

    def show(self) -> None:
        """Show how far it is now."""
        if not self.is_attached:
            return
        save = self._save
        keys: tuple[str, ...] = _KEYS
        if save.ended is not None:
            title = {
                How.DONE: "Saved",
                How.STOPPED: "Stopped",
                How.FAILED: "Not all is saved",
            }[save.ended.how]
            keys, save.is_seen = _END_KEYS, True
            if save.is_vain:
                title, keys = "Nothing is saved", _VAIN_KEYS
        else:
            title = "Paused" if save.told.is_paused else "Saving"
            if save.wants_pause:
                keys = _PAUSED_KEYS
        if self.app.size.width < _NARROW:
            keys = _FEW.get(keys, keys)
        self.show_frame(title, keys)
        self._fit()
        self.lines.lay_out()

    def on_resize(self) -> None:
        """Lay it out for another size."""
        self.call_after_refresh(self.show)

    def _fit(self) -> None:
        """Make the frame as high as what it holds, within the screen."""
        wanted = len(self._make(max(1, self.lines.size.width)))
        most = max(1, self.app.size.height * 9 // 10 - _FRAME)
        height = self.lines.styles.height
        if height is None or height.value != min(wanted, most):
            self.lines.styles.height = min(wanted, most)

    # What is shown

    def _make(self, width: int) -> list[Line]:
        lines = self._going(width) if self._save.ended is None else self._end(width)
        dots = self._glyphs.ellipsis
        problems = self._save.problems
        failed = self._save.told.sums.failed
        if problems:
            lines.append(())
        for problem in problems:
            text = cut(printable(problem), width - 2, dots)
            lines.append((Run(f"{self._glyphs.failed} ", Role.WARN), Run(text)))
        if failed > len(problems) and self._save.ended is not None:
            more = f"  and {count(failed - len(problems))} more"
            lines.append((Run(more, Role.DIM),))
        return lines

    def _going(self, width: int) -> list[Line]:
        told, dot = self._save.told, f" {self._glyphs.dot} "
        facts = [self._save.progress_words()]
        facts += [size_words(told.size)] if told.size else []
        if told.is_paused:
            facts.append("paused")
        elif self._save.wants_pause:
            facts.append("pauses after this file")
        elif self._save.left:
            facts.append(self._save.left)
        if told.sums.there:
            facts.append(f"{count(told.sums.there)} there already")
        if told.sums.failed:
            facts.append(f"{count(told.sums.failed)} can't be saved")
        dots = self._glyphs.ellipsis
        current = printable(told.current) or f"begins {dots}"
        return [
            self._bar(width, told.share),
            (Run(cut(dot.join(facts), width, dots)),),
            (Run(cut(current, width, dots), Role.DIM),),
            (Run(cut(f"in {self._save.where}", width, dots), Role.DIM),),
        ]

    def _bar(self, width: int, share: float) -> Line:
        glyphs = self._glyphs
        cells = max(4, width - _PERCENT)
        done = max(0, min(cells, round(cells * share)))
        knob = glyphs.knob if 0 < done < cells else ""
        role = Role.DIM if self._save.told.is_paused else Role.ACCENT
        return (
            Run(glyphs.passed * (done - len(knob)) + knob, role),
            Run(glyphs.ahead * (cells - done), Role.FAINT),
            Run(f"{100 * share:.0f} %".rjust(_PERCENT), Role.STRONG),
        )

    def _end(self, width: int) -> list[Line]:
        save, ended = self._save, self._save.ended
        if ended is None:
            return []
        dot, dots = f" {self._glyphs.dot} ", self._glyphs.ellipsis
        lines: list[Line] = []
        if ended.how is How.FAILED:
            reason = f"{self._glyphs.failed} {printable(ended.reason)}"
            lines += [(Run(text, Role.ERROR),) for text in wrap(reason, width)]
        if save.is_vain:
            return lines
        facts = result_words(ended.sums)
        if ended.sums.size:
            facts.append(size_words(ended.sums.size))
        if save.took_s >= 1:
            facts.append(f"took {clock(round(save.took_s * 1000))}")
        lines.append((Run(cut(dot.join(facts), width, dots), Role.STRONG),))
        lines += [(Run(text, Role.DIM),) for text in wrap(f"in {save.where}", width)]
        if ended.how is not How.DONE:
            text = "What is saved stays; the same again does what is missing."
            lines += [(Run(each, Role.DIM),) for each in wrap(text, width)]
        return lines

    # What the keys do

    def action_pause(self) -> None:
        """Have it wait, or go on."""
        save = self._save
        if save.ended is None:
            save.wants_pause = not save.wants_pause
            self._exporting.pause(save.wants_pause)
            self.show()

    def action_stop(self) -> None:
        """Ask, then end it."""
        if self._save.ended is not None:
            return
        question = ConfirmScreen(
            "Stop saving?",
            _SURE,
            keys=("Enter stops it", "Esc lets it go on"),
            glyphs=self._glyphs,
        )
        self.app.push_screen(question, self._stop)

    def _stop(self, sure: bool | None) -> None:  # noqa: FBT001  # the answer
        if sure and self._save.ended is None:
            self._exporting.stop()

    def action_copy(self) -> None:
        """Copy where all of it is."""
        self._copy(self._save.place)

    def action_again(self) -> None:
        """Save others, once this has ended."""
        if self._save.ended is not None:
            self.dismiss("again")

    def action_scroll(self, rows: int) -> None:
        """Look at other problems."""
        self.lines.scroll_lines(rows)
