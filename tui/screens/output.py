"""The outputs: where it is heard, to be chosen while it plays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from typing_extensions import override

from tui.screens.framed import ListScreen
from tui.text import printable
from tui.widgets.cells import Role
from tui.widgets.glyphs import UNICODE
from tui.widgets.marked_list import ListRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.binding import BindingType

    from tui.audio import OutputInfo
    from tui.playback import NowPlaying
    from tui.widgets.glyphs import Glyphs

__all__ = ["OutputScreen", "in_use"]

_LOOK_S = 3.0
"""So often it is looked for headphones that were plugged in meanwhile."""
_KEYS = ("Enter plays there", "r looks again", "Esc closes")
_AUTO = "auto"
_PAGE = re.compile(r"http://127\.0\.0\.1:([0-9]+)/#\S+")


def in_use(outputs: tuple[OutputInfo, ...], output: str) -> str:
    """Find by which name the output in use is listed.

    Args:
        outputs: The outputs.
        output: The name of the one in use. Without a device it is the usual one of
            its kind, e.g. `pulse`.

    Returns:
        The name; empty for none of them.
    """
    if any(each.name == output for each in outputs):
        return output
    kinds = [each for each in outputs if each.name.split(":")[0] == output]
    return next((each.name for each in kinds if each.is_default), "")


def _ways(problem: str) -> list[tuple[str, str]]:
    """Tell how a page of this machine is reached from where the user sits.

    Args:
        problem: Why there is no sound; it names the page when that is missing.

    Returns:
        Lines to show, and what is copied of each.
    """
    found = _PAGE.search(problem)
    if found is None:
        return []
    forward = f"ssh -NL {found[1]}:127.0.0.1:{found[1]} HOST"
    return [
        ("Enter on the line above copies the address", found[0]),
        (f"from another machine, there: {forward}", forward),
        ("(VS Code and others forward the port by themselves)", ""),
    ]


class OutputScreen(ListScreen["str | None"]):
    """Lists the outputs as they come and go; gives the name of the chosen one.

    Args:
        now: Tells what plays, and where.
        look: Has the outputs looked for again.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "look", "Look again", id="output.look"),
        Binding("O", "close", "Close", show=False, id="output.close"),
    ]

    def __init__(
        self,
        now: Callable[[], NowPlaying],
        look: Callable[[], None],
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__(
            "Output", _KEYS, f"looking for outputs {glyphs.ellipsis}", glyphs
        )
        self._now = now
        self._look = look
        self._names: list[str] = []
        self._texts: list[str] = []
        """What can be copied of the rows below the outputs."""

    @override
    def on_mount(self) -> None:
        super().on_mount()
        self._show(self._now())
        self._look()
        self.set_interval(_LOOK_S, self._look)

    def follow(self, now: NowPlaying) -> None:
        """Show the outputs that there are now."""
        if self.is_read and self.is_attached:
            self._show(now)

    def _show(self, now: NowPlaying) -> None:
        at = self.list.at
        here = in_use(now.outputs, now.output)
        usual = now.chosen_output or here
        marked = self._names[at] if at < len(self._names) else usual
        self._names = [each.name for each in now.outputs]
        rows = [self._row(each, now, here) for each in now.outputs]
        self._texts = []
        if now.device_problem:
            mark = self._glyphs.failed
            problem = printable(now.device_problem)
            rows.append(ListRow(problem, mark=mark, role=Role.WARN))
            ways = _ways(problem)
            rows += [ListRow(line, mark=" ", role=Role.DIM) for line, _ in ways]
            self._texts = [*(text for _, text in ways[:1]), *(text for _, text in ways)]
        if marked in self._names:
            at = self._names.index(marked)
        self.fill(rows, at)

    def _row(self, output: OutputInfo, now: NowPlaying, here: str) -> ListRow:
        """Write one of them: what people call it, and how it stands."""
        dot = self._glyphs.rows.unplayed
        words = [
            "chosen" if output.name == now.chosen_output else "",
            "in use" if output.name == here else "",
            "usual" if output.is_default and output.name != here else "",
        ]
        detail = ", ".join(filter(None, words))
        label = printable(output.label or output.name)
        return ListRow(label, detail, mark=dot if output.name == here else " ")

    def action_look(self) -> None:
        """Look for the outputs now."""
        self._look()

    def action_choose(self) -> None:
        """Play on the marked one, or copy what the marked row tells."""
        below = self.list.at - len(self._names)
        if below < 0:
            self.dismiss(self._names[self.list.at])
        elif below < len(self._texts) and (text := self._texts[below]):
            self.app.copy_to_clipboard(text)
            self.notify("Copied", markup=False)
