"""The line in which a search is typed, and what was found of it.

While it is typed the bar has two lines: the query with what it finds at its right, and
below what Tab offers, or what is wrong with the query. Once the search is accepted, one
dim line stays for as long as the tree shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from rich.cells import cell_len
from rich.highlighter import Highlighter
from rich.style import Style
from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.getters import query_one
from textual.widget import Widget
from textual.widgets import Input
from typing_extensions import override

from tui.text import clock, printable
from tui.widgets.cells import Cells, Role, Run, cut, line_width
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.dom import DOMNode
    from textual.events import Click, Key

    from tui.widgets.cells import Line
    from tui.widgets.glyphs import Glyphs

__all__ = ["Offer", "SearchBar", "SearchUser", "found_words"]

_HINTS = (
    ("Enter", "keep"),
    ("Tab", "complete"),
    ("Up", "earlier searches"),
    ("Ctrl+s", "save"),
    ("Esc", "close"),
)
_LONG_NAMES = {" ": "space", ",": "comma"}
"""Keys that a binding can't name by their character."""
_LEAST_OFFERED = 4
"""Cells of a word below which it is not offered."""


class Offer(NamedTuple):
    """What Tab would make of the word at the cursor."""

    start: int
    end: int
    words: Sequence[str]
    """What can stand there, the best first."""
    labels: Sequence[str]
    """The same for people."""


class SearchUser(Protocol):
    """Who is told of what is typed. Nothing here waits."""

    def begin(self) -> None:
        """The search that is on is to be changed."""

    def typed(self, text: str) -> None:
        """The query is another one."""

    def accept(self, text: str) -> None:
        """Enter: the search is to stay."""

    def leave(self) -> None:
        """Esc with nothing typed."""

    def save(self, text: str) -> None:
        """The search is to be kept under a name."""

    def offer(self, text: str, cursor: int) -> Offer | None:
        """Tell what the word at the cursor may become."""


def found_words(totals: tuple[int, int, int], dot: str) -> str:
    """Say what was found: `12 notes · 8:20`.

    Args:
        totals: Notes, unplayed notes, length in milliseconds.
        dot: What stands between.
    """
    notes, _, length_ms = totals
    if not notes:
        return "nothing found"
    noun = "note" if notes == 1 else "notes"
    return f"{notes:,} {noun} {dot} {clock(length_ms)}"


class _Mark(Highlighter):
    """Underlines what is wrong in a query."""

    def __init__(self, bar: SearchBar) -> None:
        self._bar = bar

    @override
    def highlight(self, text: Text) -> None:
        start, end = self._bar.wrong
        if end > start:
            text.stylize(self._bar.wrong_style, start, end)


class _Line(Input):
    """The query; Enter and Esc act at once, so that keys behind them are the tree's."""

    def on_key(self, event: Key) -> None:
        """Act before the next key of a burst is taken for text."""
        bar = self.screen.query_one(SearchBar)
        if not bar.is_typing:
            event.prevent_default()  # it was meant for the tree, and goes on from here
        elif event.key in {"enter", "escape"}:
            event.stop()
            event.prevent_default()
            if event.key == "enter":
                bar.action_accept()
            else:
                bar.action_escape()


class _Told(Cells):
    """Some lines that the bar makes."""

    DEFAULT_CSS = """
    _Told { background: $panel; }
    """
    line: Line = ()

    def update(self, line: Line) -> None:
        """Show another line."""
        self.line = line
        self.lay_out()

    @override
    def make_lines(self) -> list[Line]:
        return [self.line]


class SearchBar(Widget, can_focus=True):
    """Where a search is typed.

    Args:
        user: Who is told.
        glyphs: The marks.
        keys: Keys that matter while the search is on, each with a word.
    """

    DEFAULT_CSS = """
    SearchBar { height: 2; layout: vertical; background: $panel; }
    SearchBar.-resting { height: 1; }
    SearchBar #search-line { height: 1; }
    SearchBar.-resting #search-line { display: none; }
    SearchBar #search-prompt { width: 3; }
    SearchBar Input, SearchBar Input:focus {
        width: 1fr; height: 1; border: none; padding: 0; background: $panel;
    }
    SearchBar #search-found { width: 30; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "escape", "Clear, close", id="search.close"),
        Binding("enter", "accept", "Keep the search", show=False),
        Binding("up", "earlier(1)", "Earlier search", id="search.earlier"),
        Binding("down", "earlier(-1)", "Later search", id="search.later"),
        Binding("tab", "complete(1)", "Complete", id="search.complete"),
        Binding("shift+tab", "complete(-1)", "Other completion", show=False),
        Binding("ctrl+s", "save", "Save search", id="search.save"),
        # Keys that come in one burst with the one that opens the line are sent to the
        # tree, all of them, before that one is acted on. They are looked up here when
        # they come back from there, so none of them does what it does in the tree.
        Binding("backspace", "rub_out", show=False),
        *(
            Binding(_LONG_NAMES.get(char, char), f"take({ord(char)})", show=False)
            for char in map(chr, range(0x20, 0x7F))
        ),
    ]

    line = query_one(Input)
    found = query_one("#search-found", _Told)
    below = query_one("#search-below", _Told)

    def __init__(
        self,
        user: SearchUser,
        glyphs: Glyphs = UNICODE,
        keys: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__()
        self._user = user
        self._glyphs = glyphs
        self._keys = keys
        self._text = ""
        self._totals: tuple[int, int, int] | None = None
        self._error = ""
        self._offer: Offer | None = None
        self._history: Sequence[str] = ()
        self._at = -1
        """Which of the history is shown; -1 for what was typed."""
        self._draft = ""
        self._cycle: tuple[Offer, int, str] | None = None
        """What Tab goes through, where it is, and the text that it made."""
        self._tail = ""
        """What stands behind the word that Tab completes."""
        self._is_ready = False
        """The line to type in is there; until then the bar itself takes the keys."""
        self._accepts = False
        """Enter was pressed before that."""
        self.wrong = (0, 0)
        """Start and end of what is wrong with the query."""

    @override
    def compose(self) -> ComposeResult:
        with Horizontal(id="search-line"):
            yield _Told(id="search-prompt")
            yield _Line(
                self._text,
                placeholder="words, or from: chat: tag: is: has: after: len>",
                highlighter=_Mark(self),
                select_on_focus=False,
            )
            yield _Told(id="search-found")
        yield _Told(id="search-below")

    def on_mount(self) -> None:
        """Let the cursor stand still: each blink is sent over the line."""
        self.line.cursor_blink = False
        self.query_one("#search-prompt", _Told).update((Run(" / ", Role.KEY),))
        self._is_ready = True
        if not self.is_typing:
            self._show()
            return
        early, self._text = self._text, self._draft
        self.begin(self._text, self._history)
        self._put(early)
        if self._accepts:
            self._user.accept(early)

    # For whoever owns it

    @property
    def text(self) -> str:
        """What was typed."""
        return self._text

    @property
    def is_typing(self) -> bool:
        """Whether the query is being typed now."""
        return not self.has_class("-resting")

    @property
    def wrong_style(self) -> Style:
        """How what is wrong is marked; by a line, too, where there is no colour."""
        return Style(
            color=self.found.part_style("cells--error").color, underline=True, bold=True
        )

    def begin(self, text: str, history: Sequence[str]) -> None:
        """Let a query be typed, from the next key on.

        Args:
            text: What it begins with.
            history: Earlier searches, the last one first.
        """
        self.remove_class("-resting")
        self._text, self._history, self._at, self._draft = text, history, -1, text
        # At once, for a key that is in the queue already is not for the tree; and not
        # the line yet, which takes nothing that was sent to the tree before.
        former = self.screen.focused
        self.screen.set_focus(self)
        if self._is_ready:
            self._put(text)
            self._show()
            self._follow_keys(former)

    def _follow_keys(self, node: DOMNode | None) -> None:
        """Give the line the focus, once all that was sent to the tree has come back.

        Args:
            node: Where keys are on their way from, up to the application.
        """
        if node is not None:
            node.call_later(self._follow_keys, node.parent)
        elif self.is_typing and self.screen.focused is self:
            self.screen.set_focus(self.line)

    def rest(self, text: str) -> None:
        """Show the search as one line."""
        self.add_class("-resting")
        self._text, self._error, self._offer = text, "", None
        self._show()

    def show_found(self, totals: tuple[int, int, int] | None) -> None:
        """Say what was found.

        Args:
            totals: Notes, unplayed notes, milliseconds; None where nothing is typed.
        """
        self._totals = totals
        self._show()

    def show_wrong(self, message: str, start: int = 0, end: int = 0) -> None:
        """Say what is wrong with the query, and mark the place; empty: nothing is."""
        self._error, self.wrong = message, (start, end)
        if self._is_ready:
            self.line.refresh()
        self._show()

    def insist(self) -> None:
        """Say what is wrong rather than what Tab offers."""
        self._offer = None
        self._show()

    def show_offer(self) -> None:
        """Ask again what Tab can offer: more is known now."""
        if self._cycle is None and self.is_typing:
            self._offer = self._user.offer(self._text, self.line.cursor_position)
            self._show()

    # What is shown

    def _show(self) -> None:
        if not self._is_ready:
            return
        if not self.is_typing:
            self.below.update(self._resting_line())
            return
        found = ""
        if self._totals is not None:
            found = found_words(self._totals, self._glyphs.dot)
        room = max(0, 29 - cell_len(found))
        role = Role.ACCENT if self._totals and self._totals[0] else Role.DIM
        self.found.update((Run(" " * room), Run(found, role)))
        self.below.update(self._below_line())

    def _below_line(self) -> Line:
        if self._offer is not None:
            return self._offer_line(self._offer)
        if self._error:
            room = max(0, self.size.width - 4)
            return (
                Run(f" ! {cut(self._error, room, self._glyphs.ellipsis)}", Role.WARN),
            )
        return _keys(_HINTS, self.size.width)

    def _offer_line(self, offer: Offer) -> Line:
        """List what Tab offers, as far as there is room."""
        line: list[Run] = [Run(" Tab ", Role.KEY)]
        at = self._cycle[1] if self._cycle is not None else -1
        first = max(0, at - 2)
        used = 5
        for number, label in enumerate(offer.labels[first:], first):
            word = f" {printable(label)} "
            if used + cell_len(word) > self.size.width - 1:
                word = cut(word, self.size.width - 1 - used, self._glyphs.ellipsis)
                if cell_len(word) >= _LEAST_OFFERED:
                    line.append(Run(word, Role.DIM))
                break
            line.append(Run(word, Role.ACCENT if number == at else Role.TEXT))
            used += cell_len(word)
        return tuple(line)

    def _resting_line(self) -> Line:
        width = self.size.width
        found = found_words(self._totals or (0, 0, 0), self._glyphs.dot)
        room = max(8, width - len(found) - 7)
        text = cut(printable(self._text), room, self._glyphs.ellipsis)
        line: Line = (
            Run(" / ", Role.KEY),
            Run(text, Role.DIM),
            Run(f"   {found}", Role.DIM),
        )
        rest = width - line_width(line)
        keys = _keys(self._keys, rest - 2)
        return (*line, Run(" " * max(0, rest - line_width(keys))), *keys)

    def on_resize(self) -> None:
        """Lay the lines out for another width."""
        self._show()

    # What is typed

    def _put(self, text: str) -> None:
        """Put text into the line."""
        self.line.value = text
        self.line.cursor_position = len(text)

    @on(Input.Changed)
    def _follow_typing(self, event: Input.Changed) -> None:
        event.stop()
        # What was pasted may hold what a terminal obeys.
        text = "".join(char for char in event.value if printable(char) == char)
        if text != event.value:
            self._put(text)
            return
        if text == self._text or not self.is_typing:
            return
        self._text = text
        if self._cycle is not None and self._cycle[2] != text:
            self._cycle = None
        self._user.typed(text)
        self.show_offer()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        self._user.accept(self.line.value)

    def on_key(self, event: Key) -> None:
        """Take what is typed before the line has the focus."""
        if self.is_typing and event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            self._insert(event.character)

    def action_take(self, code: int) -> None:
        """Take a character that was typed before the line had the focus."""
        self._insert(chr(code))

    def action_rub_out(self) -> None:
        """Take the last character away, as above."""
        if self._is_ready:
            self.line.action_delete_left()
        else:
            self._text = self._text[:-1]

    def _insert(self, text: str) -> None:
        if self._is_ready:
            self.line.insert_text_at_cursor(text)
        else:
            self._text += text

    def on_click(self, event: Click) -> None:
        """Change the search that is on."""
        event.stop()
        if not self.is_typing:
            self._user.begin()

    def on_descendant_blur(self) -> None:
        """Keep the search when another pane is clicked at."""
        focused = self.screen.focused
        if self.is_typing and focused not in {None, self, self.line}:
            self._user.accept(self.line.value)

    def action_accept(self) -> None:
        """Keep the search, when Enter comes before the line has the focus."""
        if self._is_ready:
            self._user.accept(self.line.value)
        else:
            self._accepts = True

    def action_escape(self) -> None:
        """Clear what was typed; then close."""
        if not self._is_ready:
            self._text, self._accepts = "", False
            self._user.leave()
        elif self.line.value:
            self._put("")
        else:
            self._user.leave()

    def action_earlier(self, step: int) -> None:
        """Show an earlier or later search of the history."""
        if not self._is_ready:
            return
        if self._at < 0:
            self._draft = self.line.value
        at = max(-1, min(self._at + step, len(self._history) - 1))
        if at == self._at:
            return
        self._at = at
        self._put(self._draft if at < 0 else self._history[at])

    def action_complete(self, step: int) -> None:
        """Complete the word at the cursor; again, go to what else it may be."""
        if not self._is_ready:
            return
        text = self.line.value
        if self._cycle is not None and self._cycle[2] == text:
            offer, at, _ = self._cycle
            at = (at + step) % len(offer.words)
        else:
            found = self._user.offer(text, self.line.cursor_position)
            if found is None:
                return
            offer, at = found, 0
            self._tail = text[found.end :]
        made = text[: offer.start] + offer.words[at] + self._tail
        # A single word is not gone through: then Tab goes on with what stands there.
        self._cycle = (offer, at, made) if len(offer.words) > 1 else None
        self._offer = offer
        self.line.value = made
        self.line.cursor_position = len(made) - len(self._tail)
        self._show()

    def action_save(self) -> None:
        """Keep the search under a name."""
        if self._is_ready:
            self._user.save(self.line.value)


def _keys(hints: Sequence[tuple[str, str]], width: int) -> Line:
    """List keys, as many as have room."""
    line: list[Run] = [Run(" ")]
    used = 1
    if width <= used:
        return ()
    for key, label in hints:
        size = len(key) + len(label) + 4
        if used + size > width:
            break
        line += [Run(key, Role.KEY), Run(f" {label}   ", Role.DIM)]
        used += size
    return tuple(line)
