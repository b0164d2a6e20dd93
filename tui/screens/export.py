"""Saving notes: what, as what and where; and below that which files it would be."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.getters import query_one
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input
from typing_extensions import override

from tui.errors import UsageError
from tui.export import Counted, Ended, How, Outcome, Rows
from tui.screens._export_form import fields, order_of, value_of
from tui.screens._export_words import size_words, sum_words
from tui.screens.framed import FramedScreen, PlainInput
from tui.text import printable
from tui.widgets.cells import Cells, Role, Run, cut, fit, wrap
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer
    from textual.widget import Widget

    from tui.export import ExportEvent, Order, Row
    from tui.screens._export_form import Field, What
    from tui.services import Exporting
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["ExportScreen"]

_KEYS = ("Enter saves", "↑↓ field", "←→ change", "PgDn names", "Esc")
_KEYS_ASCII = ("Enter saves", "Up Down field", "Left Right change", "Esc")
_KEYS_FEW = ("Enter saves", "arrows choose", "Esc")
_NARROW = 60
"""Cells of a screen in which not all keys are told."""
_LABEL = 10
"""Cells of the names of fields."""
_SETTLE_S = 0.2
"""A preview begins when nothing was changed for so long."""
_AHEAD = 100
"""So many more rows are asked for than are looked at."""
_WHEEL = 3
_MOST_LINES = 4
"""Of a reason why it can't be."""
_Run = Callable[[Callable[[], None], str, float], "Awaitable[bool]"]


def _folders(typed: str) -> str:
    """Complete a path to the first folder that begins so; empty for none."""
    head, _, part = typed.rpartition("/")
    try:
        with os.scandir(os.path.expanduser(f"{head}/")) as found:  # noqa: PTH111  # text
            names = [
                each.name
                for each in found
                if each.name.startswith(part)
                and printable(each.name) == each.name
                and (part or not each.name.startswith("."))
                and each.is_dir()
            ]
    except OSError:
        return ""
    return f"{head}/{min(names)}/" if names else ""


class _FolderSuggester(Suggester):
    """Offers folders that are there; the right arrow takes one.

    Args:
        run: Does something on a thread: a disk may be slow.
    """

    def __init__(self, run: _Run) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._run = run

    @override
    async def get_suggestion(self, value: str) -> str | None:
        if "/" not in value or "\0" in value:
            return None
        found: list[str] = []
        await self._run(lambda: found.append(_folders(value)), "folders", 2.0)
        return found[0] if found and found[0] else None


class _Value(Cells, can_focus=True):
    """A field with choices: its name, and the one that is chosen.

    Args:
        field: The field.
        value: What is chosen.
        glyphs: The marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space,+,=", "step(1)", "Next", show=False),
        Binding("left,h,-,_", "step(-1)", "Previous", show=False),
        Binding("j", "screen.field(1)", "Down", show=False),
        Binding("k", "screen.field(-1)", "Up", show=False),
    ]

    @dataclass
    class Changed(Message):
        """Something else was chosen."""

        name: str
        value: str

    def __init__(self, field: Field, value: str, glyphs: Glyphs) -> None:
        super().__init__()
        self.field = field
        self.value = value
        self._glyphs = glyphs

    def action_step(self, step: int) -> None:
        """Choose the next or the previous value."""
        values = [value for value, _ in self.field.choices]
        at = (values.index(self.value) + step) % len(values)
        self.value = values[at]
        self.lay_out()
        self.post_message(self.Changed(self.field.name, self.value))

    @override
    def make_lines(self) -> list[Line]:
        words = next(
            words for value, words in self.field.choices if value == self.value
        )
        is_here = self.has_focus
        before, after = ("<", ">") if self._glyphs.is_ascii else ("◂", "▸")
        room = max(1, self.size.width - _LABEL - 6)
        words = cut(words, room, self._glyphs.ellipsis)
        shown = f"{before} {words} {after}" if is_here else f"  {words}"
        return [
            (
                *_label(self.field, self._glyphs, is_here=is_here),
                Run(shown, Role.ACCENT if is_here else Role.TEXT),
            )
        ]

    @override
    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self.lay_out()

    def on_click(self, event: events.Click) -> None:
        """Go on to the next value; the left side goes back."""
        event.stop()
        self.action_step(-1 if event.x <= _LABEL + 3 else 1)


def _label(field: Field, glyphs: Glyphs, *, is_here: bool) -> Line:
    mark = f"{glyphs.play} " if is_here else "  "
    return (
        Run(mark, Role.ACCENT),
        Run(fit(field.label, _LABEL), Role.ACCENT if is_here else Role.DIM),
    )


class _Label(Cells):
    """The name of a field to type in."""

    DEFAULT_CSS = f"""
    _Label {{ width: {_LABEL + 4}; }}
    """

    def __init__(self, field: Field, glyphs: Glyphs) -> None:
        super().__init__()
        self._field = field
        self._glyphs = glyphs
        self.is_here = False

    @override
    def make_lines(self) -> list[Line]:
        return [_label(self._field, self._glyphs, is_here=self.is_here)]


class _Text(Horizontal):
    """A field to type in.

    Args:
        field: The field.
        value: What stands in it.
        glyphs: The marks.
        suggester: Completes it.
    """

    def __init__(
        self,
        field: Field,
        value: str,
        glyphs: Glyphs,
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__(
            _Label(field, glyphs),
            PlainInput(
                printable(value),
                placeholder=field.hint,
                select_on_focus=False,
                suggester=suggester,
            ),
        )
        self.field = field
        self.given = value

    @property
    def value(self) -> str:
        """What is said; what can only be shown escaped stays as it was, if it does."""
        shown = self.query_one(PlainInput).value
        return self.given if shown == printable(self.given) else shown

    def _mark(self, is_here: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        label = self.query_one(_Label)
        label.is_here = is_here
        label.lay_out()

    def on_descendant_focus(self) -> None:
        """Be marked."""
        self._mark(True)  # noqa: FBT003  # the same

    def on_descendant_blur(self) -> None:
        """Be marked no more."""
        self._mark(False)  # noqa: FBT003  # the same


class _Preview(Cells):
    """Which files it would be; only those in view are ever laid out.

    Args:
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    _Preview { height: 1fr; min-height: 1; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.rows: list[Row] = []
        self.first = 0
        """The first row in view."""

    def scroll_rows(self, rows: int) -> None:
        """Look further down or up."""
        last = max(0, len(self.rows) - max(1, self.size.height))
        self.first = max(0, min(self.first + rows, last))
        self.lay_out()

    @override
    def make_lines(self) -> list[Line]:
        height = max(1, self.size.height)
        last = max(0, len(self.rows) - height)
        self.first = max(0, min(self.first, last))
        return [self._line(row) for row in self.rows[self.first : self.first + height]]

    def _line(self, row: Row) -> Line:
        marks = {Outcome.THERE: "=", Outcome.FAILED: self._glyphs.failed}
        mark, role = marks.get(row.outcome, " "), Role.TEXT
        detail = size_words(row.size) if row.size else ""
        if row.outcome is Outcome.THERE:
            role, detail = Role.DIM, "there already"
        elif row.outcome is Outcome.FAILED:
            role, detail = Role.WARN, printable(row.problem.rpartition(": ")[2])
        elif row.notes > 1:
            detail = f"{row.notes:,} notes  {detail}"
        width, dots = self.size.width, self._glyphs.ellipsis
        detail = cut(detail, width // 2, dots)
        room = max(1, width - 3 - cell_len(detail))
        name = fit(cut(printable(row.name), room, dots), room)
        tail = role if role is Role.WARN else Role.DIM
        return Run(f"{mark} ", role), Run(name, role), Run(f" {detail}", tail)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_rows(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_rows(-_WHEEL)


class _Sum(Cells):
    """What it comes to, or why it can't be.

    Args:
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    _Sum { height: 1; margin: 1 0 0 0; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._dots = glyphs.ellipsis
        self._run = Run("")
        self._most = 1
        """So many lines it may take."""

    def update(self, text: str, role: Role = Role.DIM, *, most: int = 1) -> None:
        """Show something else.

        Args:
            text: In printable text.
            role: How it is dressed.
            most: So many lines it may take.
        """
        self._run, self._most = Run(text, role), most
        self.on_resize()
        self.lay_out()

    def on_resize(self) -> None:
        """Take as many lines as it needs in this width."""
        height = self.styles.height
        wanted = len(self.make_lines())
        if height is None or height.value != wanted:
            self.styles.height = wanted

    @override
    def make_lines(self) -> list[Line]:
        text, width = self._run.text, self.size.width
        if not width or self._most == 1:
            texts = [cut(text, width, self._dots)]
        else:
            texts = wrap(text, width)
        if len(texts) > self._most:
            rest = "".join(texts[self._most - 1 :])
            texts[self._most - 1 :] = [cut(rest, width, self._dots)]
        return [(self._run._replace(text=each),) for each in texts]


class ExportScreen(FramedScreen["tuple[Order, dict[str, str]] | None"]):
    """Asks what to save and how; gives the order, and what was said.

    Args:
        what: The notes that can be saved, those that are meant first.
        values: What is said at first.
        exporting: Tells which files it would be.
        lufs: The loudness that notes are brought to.
        run: Does something on a thread.
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    ExportScreen > Vertical {
        width: 96%;
        max-width: 104;
        height: 92%;
        max-height: 40;
    }
    ExportScreen #fields {
        height: auto;
        max-height: 60%;
        overflow-y: auto;
        scrollbar-size: 0 0;
    }
    ExportScreen _Text { height: 1; }
    ExportScreen _Text Input, ExportScreen _Text Input:focus {
        width: 1fr;
        padding: 0;
    }
    ExportScreen.-low > Vertical { width: 100%; height: 100%; }
    ExportScreen.-low _Sum { margin: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "Save", show=False, id="export.save"),
        Binding("down,tab", "field(1)", "Down", show=False, id="export.down"),
        Binding("up,shift+tab", "field(-1)", "Up", show=False, id="export.up"),
        Binding("pagedown", "page(1)", "More names", show=False, id="export.names"),
        Binding("pageup", "page(-1)", "Names before", show=False, id="export.back"),
    ]

    names = query_one(_Preview)
    told = query_one(_Sum)

    def __init__(
        self,
        what: Sequence[What],
        values: dict[str, str],
        exporting: Exporting,
        *,
        lufs: float,
        run: _Run,
        glyphs: Glyphs = UNICODE,
    ) -> None:
        keys = _KEYS_ASCII if glyphs.is_ascii else _KEYS
        super().__init__("Export", keys, glyphs)
        self._what = what
        self._values = values
        self._exporting = exporting
        self._lufs = lufs
        self._run = run
        self._number = 0
        """Of the preview that is shown."""
        self._asked = 0
        """Rows that were asked for."""
        self._timer: Timer | None = None
        self._shown: list[Field] = []

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield Vertical(*self._widgets(), id="fields")
            yield _Sum(self._glyphs)
            yield _Preview(self._glyphs)

    def _widgets(self) -> list[Widget]:
        self._shown = fields(self._values, self._what)
        return [self._widget(field) for field in self._shown]

    def _widget(self, field: Field) -> Widget:
        value = value_of(field, self._values)
        if field.choices:
            return _Value(field, value, self._glyphs)
        suggester = _FolderSuggester(self._run) if field.name == "folder" else None
        if field.name == "name":
            value = value or self._here.title
        return _Text(field, value, self._glyphs, suggester)

    @property
    def _here(self) -> What:
        return self._what[int(self._values.get("what", "0"))]

    @override
    def on_mount(self) -> None:
        super().on_mount()
        self._look()

    def on_resize(self, event: events.Resize) -> None:
        """Take all of a small screen."""
        self.set_class(event.size.height < 20, "-low")
        is_narrow = event.size.width < _NARROW
        self.show_frame(self._title, _KEYS_FEW if is_narrow else self._keys)

    # What is said

    @on(_Value.Changed)
    async def _choose(self, event: _Value.Changed) -> None:
        event.stop()
        self._values[event.name] = event.value
        if event.name == "what":
            self._values["name"] = ""
        await self._renew(event.name)
        self._look_soon()

    async def _renew(self, name: str) -> None:
        """Show the fields that there are now; the one that was changed stays."""
        wanted = fields(self._values, self._what)
        box = self.query_one("#fields")
        kept = {
            child.field: child
            for child in box.children
            if isinstance(child, _Value | _Text)
        }
        is_named_anew = name == "what" and any(each.name == "name" for each in wanted)
        if wanted == self._shown and not is_named_anew:
            return
        with self.app.batch_update():
            self._shown = wanted
            for field, child in [*kept.items()]:
                if field not in wanted or (field.name == "name" and is_named_anew):
                    await child.remove()
                    del kept[field]
            for at, field in enumerate(wanted):
                if field not in kept:
                    after = box.children[at - 1] if at else None
                    await box.mount(self._widget(field), after=after)

    @on(Input.Changed)
    def _type(self, event: Input.Changed) -> None:
        event.stop()
        parent = event.input.parent
        if not isinstance(parent, _Text) or parent.value == parent.given:
            return  # as it was made
        parent.given = self._values[parent.field.name] = parent.value
        self._look_soon()

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_save()

    def _order(self) -> Order | None:
        """Make an order of what is said; says so where that can't be."""
        try:
            return order_of(self._values, self._here, self._lufs)
        except UsageError as error:
            text = f"{self._glyphs.failed} {printable(error.message)}"
            self.told.update(text, Role.WARN, most=_MOST_LINES)
            return None

    # What it would be

    def _look_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_SETTLE_S, self._look)

    def _look(self) -> None:
        """Have it told which files it would be."""
        order = self._order()
        if order is None:
            self._number = 0
            self.names.rows = []
            self.names.lay_out()
            return
        self._asked = 0
        self._number = self._exporting.preview(order)

    def take(self, event: ExportEvent) -> None:
        """Show what was told of the preview."""
        if event.number != self._number or not self.is_attached:
            return
        match event:
            case Rows(_, rows):
                if not self._asked:  # the first page: what was shown is of before
                    self.names.rows, self.names.first = [], 0
                    self._asked = len(rows)
                self.names.rows.extend(rows)
                self.names.lay_out()
                self._ask_ahead()
            case Counted(_, sums, is_whole, free):
                if is_whole and not self._asked:
                    self.names.rows = []
                    self.names.lay_out()
                parts = sum_words(sums, is_whole=is_whole)
                role = Role.DIM
                if free is not None and sums.size > free:
                    parts.append(f"only {size_words(free)} free")
                    role = Role.WARN
                self.told.update(f" {self._glyphs.dot} ".join(parts), role)
            case Ended(_, How.FAILED, reason):
                text = f"{self._glyphs.failed} {printable(reason)}"
                self.told.update(text, Role.ERROR, most=_MOST_LINES)
                self.names.rows = []
                self.names.lay_out()
            case _:
                pass

    def _ask_ahead(self) -> None:
        """Have more rows told before they are looked at."""
        names = self.names
        wanted = names.first + names.size.height + _AHEAD
        if len(names.rows) >= self._asked and wanted > self._asked:
            self._asked = max(wanted, self._asked + _AHEAD)
            self._exporting.more(self._number, self._asked)

    # What the keys do

    def action_field(self, step: int) -> None:
        """Go to another field."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_page(self, step: int) -> None:
        """Look at other names."""
        self.names.scroll_rows(step * max(1, self.names.size.height - 1))
        self._ask_ahead()

    def action_save(self) -> None:
        """Save it."""
        order = self._order()
        if order is not None:
            self.dismiss((order, dict(self._values)))
