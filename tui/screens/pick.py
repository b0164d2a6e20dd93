"""Choosing one of many by typing a part of its name, or naming a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Input
from typing_extensions import override

from tui.text import printable
from tui.widgets.cells import Cells, Role, Run, cut, fit, line_width
from tui.widgets.glyphs import UNICODE
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["Choice", "Choices", "PickScreen", "Picked", "filtered"]

_PAGE = 10
_FRAME = 5
"""Rows of the screen that hold no choice: frame, line, a blank one, a new name."""
_LOWEST = 8


class Choice(NamedTuple):
    """One of many that can be chosen."""

    label: str
    detail: str = ""
    """What stands at the right side, e.g. how many notes there are."""
    value: int = 0
    other: str = ""
    """What it is also known by; it is found by that too."""


class Choices(NamedTuple):
    """What can be chosen in one view of the screen."""

    word: str
    """What the view is called, where there are several."""
    load: Callable[[], Awaitable[Sequence[Choice]]]
    new: Callable[[str], str]
    """Tells what a name that was typed would do; empty where it can't do anything."""


class Picked(NamedTuple):
    """What was chosen."""

    view: int
    """Which of the views."""
    choice: Choice | None
    """None for a new one."""
    text: str
    """What was typed."""


def filtered(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """Find the choices that some typed words fit to, the best first.

    Args:
        choices: All of them; of equals the first stays before the others.
        typed: Words, of which each must stand somewhere.
    """
    words = fold(typed).split()
    if not words:
        return list(choices)
    found: list[tuple[int, int]] = []
    for at, choice in enumerate(choices):
        label = fold(choice.label)
        text = f"{label} {fold(choice.other)}"
        if all(word in text for word in words):
            begins = label.startswith(words[0])
            is_word = f" {words[0]}" in f" {label}"
            found.append((0 if begins else 1 if is_word else 2, at))
    return [choices[at] for _, at in sorted(found)]


class _List(Cells):
    """The choices that fit, one of them marked."""

    DEFAULT_CSS = """
    _List { height: 1fr; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._rows: list[tuple[str, str]] = []
        self._words = ""
        self.at = 0
        """The row that is marked."""

    def fill(self, rows: list[tuple[str, str]], words: str, at: int = 0) -> None:
        """Show other rows.

        Args:
            rows: What stands at the left and at the right, in printable text.
            words: What to say where there are none.
            at: The row to mark.
        """
        self._rows, self._words = rows, words
        self.at = max(0, min(at, len(rows) - 1))
        self._keep_in_view()
        self.lay_out()

    def move(self, rows: int) -> None:
        """Mark another row."""
        self.at = max(0, min(self.at + rows, len(self._rows) - 1))
        self._keep_in_view()
        self.lay_out()

    def _keep_in_view(self) -> None:
        height = max(1, self.size.height)
        if self.at < self.top:
            self.top = self.at
        elif self.at >= self.top + height:
            self.top = self.at - height + 1

    @override
    def make_lines(self) -> list[Line]:
        if not self._rows:
            return [(Run(f"  {self._words}", Role.DIM),)]
        lines: list[Line] = []
        for at, (left, detail) in enumerate(self._rows):
            is_marked = at == self.at
            right = cut(detail, self.size.width // 2, self._glyphs.ellipsis)
            mark = f"{self._glyphs.play} " if is_marked else "  "
            role = Role.ACCENT if is_marked else Role.TEXT
            room = max(1, self.size.width - 3 - line_width((Run(right),)))
            name = fit(cut(left, room, self._glyphs.ellipsis), room)
            tail = Role.ACCENT if is_marked else Role.DIM
            lines.append((Run(mark, role), Run(name, role), Run(f" {right}", tail)))
        return lines


class PickScreen(ModalScreen[Picked | None]):
    """A line to type in, and below it what fits.

    Args:
        title: What the choice is for.
        views: What can be chosen; Tab goes from one to the next.
        glyphs: The marks.
        text: What stands in the line at first.
        hint: What stands in the line while nothing is typed.
        empty: What to say when nothing fits.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="pick.close"),
        Binding("down,ctrl+n", "move(1)", "Down", show=False, id="pick.down"),
        Binding("up,ctrl+p", "move(-1)", "Up", show=False, id="pick.up", priority=True),
        Binding("pagedown", f"move({_PAGE})", "Page down", id="pick.page_down"),
        Binding("pageup", f"move(-{_PAGE})", "Page up", id="pick.page_up"),
        Binding("tab", "view(1)", "Other list", id="pick.view", priority=True),
    ]
    AUTO_FOCUS = "Input"

    line = query_one(Input)
    found = query_one(_List)

    def __init__(
        self,
        title: str,
        views: Sequence[Choices],
        glyphs: Glyphs = UNICODE,
        *,
        text: str = "",
        hint: str = "type a part of the name",
        empty: str = "nothing is called so",
    ) -> None:
        super().__init__()
        self._hint = hint
        self._title = title
        self._views = views
        self._glyphs = glyphs
        self._text = text
        self._empty = empty
        self._view = 0
        self._known: dict[int, Sequence[Choice]] = {}
        self._shown: list[Choice] = []
        self._new = ""

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="pick"):
            yield Input(
                self._text,
                placeholder=self._hint,
                id="pick-line",
                select_on_focus=False,
            )
            yield _List(self._glyphs)

    def on_mount(self) -> None:
        """Say what this is, in the frame, and read what can be chosen."""
        self.line.cursor_blink = False
        self._read()

    def _read(self) -> None:
        """Show a view, once it is read."""
        frame, view = self.query_one("#pick", Vertical), self._view
        words = [each.word for each in self._views]
        frame.border_title = f"{self._title} {words[view]}".strip()
        keys = ["Enter", "Esc closes"]
        if len(self._views) > 1:
            other = words[(view + 1) % len(words)]
            keys.insert(1, f"Tab for {other}")
        frame.border_subtitle = f" {self._glyphs.dot} ".join(keys)
        if view in self._known:
            self._show()
        else:
            self.found.fill([], "")
            self.run_worker(self._load(view), exclusive=True, group="pick")

    async def _load(self, view: int) -> None:
        self._known[view] = await self._views[view].load()
        if not self.is_attached:
            return
        # As high as the longest list, whatever is typed: nothing shall jump.
        rows = max(map(len, self._known.values()))
        self.query_one("#pick").styles.height = max(_LOWEST, rows + _FRAME)
        if view == self._view:
            self._show()

    def _show(self) -> None:
        typed = self.line.value
        choices = self._known.get(self._view, ())
        self._shown = filtered(choices, typed) if choices else []
        labels = [choice.label for choice in choices]
        name = " ".join(typed.split())
        self._new = "" if name in labels else self._views[self._view].new(name)
        rows = [
            (
                printable(choice.label)
                # Two of one name are told apart by what else they are known by.
                + (
                    f"  {printable(choice.other)}"
                    if choice.other and labels.count(choice.label) > 1
                    else ""
                ),
                choice.detail,
            )
            for choice in self._shown
        ]
        if self._new:
            rows.append((printable(self._new), ""))
        self.found.fill(rows, self._empty)

    @on(Input.Changed)
    def _follow_typing(self, event: Input.Changed) -> None:
        event.stop()
        if self._view in self._known:
            self._show()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        at = self.found.at
        text = " ".join(self.line.value.split())
        if at < len(self._shown):
            self.dismiss(Picked(self._view, self._shown[at], text))
        elif self._new:
            self.dismiss(Picked(self._view, None, text))

    def action_close(self) -> None:
        """Go back, and choose nothing."""
        self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Mark another choice."""
        self.found.move(rows)

    def action_view(self, step: int) -> None:
        """Show the next view."""
        if len(self._views) > 1:
            self._view = (self._view + step) % len(self._views)
            self._read()
