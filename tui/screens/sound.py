"""What is remembered of how notes shall sound, and which of it counts for this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual.binding import Binding
from textual.containers import Vertical
from textual.getters import query_one
from typing_extensions import override

from tui.audio import Sound
from tui.model import SoundScope, SoundSettings
from tui.screens.framed import FramedScreen
from tui.text import printable
from tui.widgets.cells import Cells, Role, Run, cut, fit
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.playback import NowPlaying
    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["SKIPS", "SoundScreen", "counting", "decibels", "scope_name", "stepped"]

SKIPS = ("none", "long", "more", "most")
"""Which pauses are left out, by strength."""
BOOST_STEP_DB = 3.0
_SPEED_STEP = 0.1
_COLUMNS = ("speed", "louder", "levelled", "skips")
_COLUMN = 12
"""Cells of a column."""
_NOTHING = SoundSettings()
_SCOPES = tuple(SoundScope)
_HEAD = 3
"""Lines above the first scope."""
_ABOUT = {
    SoundScope.NOTE: "for this note alone, whoever speaks",
    SoundScope.SENDER: "for all notes of this sender",
    SoundScope.CHAT: "for all notes of this chat",
    SoundScope.ALL: "for all notes of which nothing else is said",
}
_UNKNOWN = {
    SoundScope.NOTE: "no note plays",
    SoundScope.SENDER: "sender not known",
    SoundScope.CHAT: "chat not known",
}
_KEYS = ("- = change", "Enter as now", "x f C forget", "z undo", "Esc closes")
_FORGETS = "x forgets this value, f the row, C all of it"


def decibels(boost_db: float) -> str:
    """Write a boost: `+6 dB`, `0 dB`."""
    return f"{boost_db:+g} dB" if boost_db else "0 dB"


def counting(said: Mapping[SoundScope, SoundSettings], name: str) -> SoundScope | None:
    """Find for what a setting was remembered that counts: the nearest to the note.

    Args:
        said: What is remembered.
        name: The setting, a field of `SoundSettings`.
    """
    for scope in _SCOPES:
        if getattr(said.get(scope, _NOTHING), name) is not None:
            return scope
    return None


def scope_name(now: NowPlaying, scope: SoundScope) -> str:
    """Call what something is remembered for by its name, in printable text."""
    if scope is SoundScope.SENDER and now.sender:
        return printable(now.sender)
    if scope is SoundScope.CHAT and now.chat:
        return printable(now.chat)
    names = {SoundScope.NOTE: "This note", SoundScope.ALL: "All notes"}
    return names.get(scope, f"The {scope}")


def stepped(settings: SoundSettings, name: str, step: int) -> SoundSettings:
    """Make one setting higher or lower, within what can be played.

    Args:
        settings: All of them; none of them may be unknown.
        name: Which one.
        step: 1 or -1.
    """
    speed, boost_db, level, skip = settings
    sound = Sound(
        round((speed or 1.0) + step * _SPEED_STEP, 1) if name == "speed" else 1.0,
        (skip or 0) + step if name == "skip" else 0,
        level=step > 0 if name == "level" else bool(level),
        boost_db=(boost_db or 0.0) + step * BOOST_STEP_DB,
    ).clamped()
    return settings._replace(**{name: getattr(sound, name)})


def _written(settings: SoundSettings) -> tuple[str, str, str, str]:
    """Write the values of all settings; empty for what is not said."""
    speed, boost_db, level, skip = settings
    return (
        "" if speed is None else f"{speed:g}x",
        "" if boost_db is None else decibels(boost_db),
        "" if level is None else ("on" if level else "off"),
        "" if skip is None else SKIPS[skip],
    )


def _sounding(now: NowPlaying) -> SoundSettings:
    """Tell how it sounds now."""
    return SoundSettings(now.speed, now.boost_db, now.level, now.skip)


def _target(now: NowPlaying, scope: SoundScope) -> object:
    """Tell for what of this kind settings are remembered now."""
    return {
        SoundScope.NOTE: now.note_id,
        SoundScope.SENDER: now.sender,
        SoundScope.CHAT: now.chat_id,
    }.get(scope)


class _Table(Cells):
    """What is remembered: a row for each of what for, a column for each setting.

    Args:
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    _Table { height: 10; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._lines: list[Line] = []

    def update(self, lines: list[Line]) -> None:
        """Show other lines."""
        self._lines = lines
        self.lay_out()

    @override
    def make_lines(self) -> list[Line]:
        return self._lines


class _Change(NamedTuple):
    """What was said before something else was, and of what."""

    scope: SoundScope
    target: object
    before: SoundSettings


class SoundScreen(FramedScreen[None]):
    """A table to change by keys; it follows the note that plays.

    Args:
        now: Tells what plays.
        can_have: Tells whether something can be remembered for a scope now.
        remember: Remembers settings for it.
        glyphs: The marks.
    """

    DEFAULT_CSS = """
    SoundScreen > Vertical { max-width: 92; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1,0)", "Down", show=False, id="sound.down"),
        Binding("up,k", "move(-1,0)", "Up", show=False, id="sound.up"),
        Binding("right,l,tab", "move(0,1)", "Right", show=False, id="sound.right"),
        Binding("left,h,shift+tab", "move(0,-1)", "Left", show=False, id="sound.left"),
        Binding("=,+,],space", "step(1)", "More", show=False, id="sound.more"),
        Binding("-,_,[", "step(-1)", "Less", show=False, id="sound.less"),
        Binding("enter", "as_now", "Remember as it sounds now", id="sound.as_now"),
        Binding("x,delete", "forget", "Forget this", id="sound.forget"),
        Binding("f", "forget_row", "Forget the row", id="sound.forget_row"),
        Binding("C", "forget_all", "Forget all of it", id="sound.forget_all"),
        Binding("z", "undo", "Take the last change back", id="sound.undo"),
        Binding("q,X", "close", "Close", show=False, id="sound.close"),
    ]

    table = query_one(_Table)

    def __init__(
        self,
        now: Callable[[], NowPlaying],
        can_have: Callable[[SoundScope], bool],
        remember: Callable[[SoundScope, SoundSettings], None],
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__("Sound", _KEYS, glyphs)
        self._now = now
        self._can_have = can_have
        self._remember = remember
        self._at = (SoundScope.NOTE, 0)
        """Row and column of the marked value."""
        self._asked: dict[SoundScope, SoundSettings] = {}
        """What was said here, and is not told back yet."""
        self._told = now()
        self._changes: list[tuple[_Change, ...]] = []
        """What was done here, the last one last."""
        self._note = ""
        """What is said below the table, until the next key."""
        self._is_other = False
        """What the marked row is for changed by itself, since the last key."""

    @override
    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield _Table(self._glyphs)

    @override
    def on_mount(self) -> None:
        super().on_mount()
        self._at = (self._first(), 0)
        self._show()

    def on_resize(self) -> None:
        """Lay the table out for another width."""
        self.call_after_refresh(self._show)

    def _first(self) -> SoundScope:
        """Choose the row to begin on: most of what is said is said of a sender."""
        usual = (SoundScope.SENDER, SoundScope.CHAT, SoundScope.NOTE, SoundScope.ALL)
        return next(scope for scope in usual if self._can_have(scope))

    def follow(self, now: NowPlaying) -> None:
        """Show how it sounds now."""
        if not self.is_attached:
            return
        if now.note_id != self._told.note_id or now.message:
            self._asked.clear()  # of another note; or it could not be remembered
        for scope in [*self._asked]:
            if now.sounds.get(scope, _NOTHING) == self._asked[scope]:
                del self._asked[scope]
        scope, before = self._at[0], self._told
        if _target(now, scope) != _target(before, scope):
            self._note, self._is_other = "", True
        self._told = now
        self._show()

    @property
    def _said(self) -> dict[SoundScope, SoundSettings]:
        """What is remembered, with what was said here."""
        said = {**self._told.sounds, **self._asked}
        return {scope: said[scope] for scope in said if said[scope] != _NOTHING}

    # What is shown

    def _show(self) -> None:
        if not self.is_attached:
            return
        now, said, dots = self._told, self._said, self._glyphs.ellipsis
        label = max(12, self.table.size.width - _COLUMN * len(_COLUMNS) - 3)
        heads = "".join(fit(f"  {name}", _COLUMN) for name in _COLUMNS)
        sounds = "".join(fit(f"  {text}", _COLUMN) for text in _written(_sounding(now)))
        what = "" if now.note_id is None else scope_name(now, SoundScope.SENDER)
        name = f"now {self._glyphs.dot} {what}" if now.sender and what else "now"
        lines: list[Line] = [
            (Run(" " * (label + 2)), Run(heads, Role.DIM)),
            (
                Run("  "),
                Run(fit(cut(name, label, dots), label), Role.DIM),
                Run(sounds, Role.STRONG),
            ),
            (),
        ]
        lines += [self._row(scope, said, label) for scope in _SCOPES]
        arrow = self._glyphs.to
        about = self._note or f"{arrow} counts now; {_ABOUT[self._at[0]]}"
        width = self.table.size.width
        lines.append(())
        for text in (about, _FORGETS):
            lines.append((Run(cut(f"  {text}", width, dots), Role.DIM),))
        self.table.update(lines)

    def _row(
        self, scope: SoundScope, said: Mapping[SoundScope, SoundSettings], label: int
    ) -> Line:
        """Write what is remembered for one of the scopes."""
        glyphs, at = self._glyphs, self._at
        is_here = at[0] is scope
        mark = f"{glyphs.play} " if is_here else "  "
        can_have = self._can_have(scope)
        name = scope_name(self._told, scope)
        if scope in {SoundScope.SENDER, SoundScope.CHAT}:
            name = f"{name} ({scope})" if can_have else _UNKNOWN[scope]
        elif not can_have:
            name = _UNKNOWN[scope]
        role = Role.ACCENT if is_here else Role.TEXT if can_have else Role.FAINT
        name = fit(cut(name, label, glyphs.ellipsis), label)
        runs = [Run(mark, Role.ACCENT), Run(name, role)]
        values = _written(said.get(scope, _NOTHING))
        for column, (field, value) in enumerate(
            zip(SoundSettings._fields, values, strict=True)
        ):
            counts = bool(value) and counting(said, field) is scope
            text = value or glyphs.dot
            is_marked = is_here and column == at[1]
            text = f"[{text}]" if is_marked else f" {text} "
            head = glyphs.to if counts else " "
            pad = " " * (2 - cell_len(head))
            part = fit(f"{pad}{head}{text}", _COLUMN)
            tone = Role.STRONG if counts else Role.DIM
            runs.append(Run(part, Role.ACCENT if is_marked else tone))
        return tuple(runs)

    # What the keys do

    def action_move(self, rows: int, columns: int) -> None:
        """Mark another value."""
        row = _SCOPES.index(self._at[0]) + rows
        row = max(0, min(row, len(_SCOPES) - 1))
        column = max(0, min(self._at[1] + columns, len(_COLUMNS) - 1))
        self._at = (_SCOPES[row], column)
        self._tell("")

    def action_step(self, step: int) -> None:
        """Make the marked value higher or lower; from how it sounds, at first."""
        scope, column = self._at
        field = SoundSettings._fields[column]
        before = self._said.get(scope, _NOTHING)
        from_value = getattr(before, field)
        if from_value is None:
            from_value = getattr(_sounding(self._told), field)
        full = before._replace(**{field: from_value})
        self._say({scope: stepped(full, field, step)})

    def action_as_now(self) -> None:
        """Remember in this row all as it sounds now."""
        self._say({self._at[0]: _sounding(self._told)})

    def action_forget(self) -> None:
        """Forget the marked value."""
        scope, column = self._at
        before = self._said.get(scope, _NOTHING)
        field = SoundSettings._fields[column]
        self._say({scope: before._replace(**{field: None})})

    def action_forget_row(self) -> None:
        """Forget everything in the marked row."""
        self._say({self._at[0]: _NOTHING})

    def action_forget_all(self) -> None:
        """Forget everything that is remembered for this note, and for all notes."""
        self._say(dict.fromkeys(self._said, _NOTHING))

    def action_undo(self) -> None:
        """Take the last change back."""
        if not self._changes:
            self._tell("nothing was changed here")
        elif any(
            each.target != _target(self._told, each.scope) for each in self._changes[-1]
        ):
            self._tell("something else plays now than that was for")
        else:
            for change in self._changes.pop():
                self._put(change.scope, change.before)
            self._tell("")

    def _say(self, wanted: dict[SoundScope, SoundSettings]) -> None:
        """Remember other settings, as one change."""
        if self._is_other:  # the key was meant for what played a moment ago
            self._tell("another note plays now: the same key again changes it")
            return
        unable = [scope for scope in wanted if not self._can_have(scope)]
        if unable:
            self._tell(f"nothing can be remembered here: {_UNKNOWN[unable[0]]}")
            return
        said = self._said
        changed = tuple(
            _Change(scope, _target(self._told, scope), said.get(scope, _NOTHING))
            for scope, settings in wanted.items()
            if settings != said.get(scope, _NOTHING)
        )
        if changed:
            self._changes.append(changed)
        for change in changed:
            self._put(change.scope, wanted[change.scope])
        self._tell("")

    def _put(self, scope: SoundScope, settings: SoundSettings) -> None:
        self._asked[scope] = settings
        self._remember(scope, settings)

    def _tell(self, text: str) -> None:
        """Say something below the table, until the next key."""
        self._note, self._is_other = text, False
        self._show()
