"""The search: from what is typed to what the tree shows.

Nothing here waits for the library: each key asks the finder, whose answers come back
later, and only the newest one counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.errors import EarmarkError, QueryError
from tui.model import Group, GroupKind
from tui.query import parse
from tui.screens._completion import complete
from tui.screens._keys import key_name, main_keys
from tui.text import printable
from tui.widgets.search_bar import Offer, SearchBar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tui.browse import SearchFound
    from tui.library import Reader
    from tui.screens._snippets import Snippets
    from tui.screens.main import MainScreen
    from tui.services import Finding
    from tui.widgets.glyphs import Glyphs
    from tui.widgets.note_tree import NoteTree

    Names = Mapping[str, Sequence[str]]

__all__ = ["Searching", "names_of", "typable"]

_ANSWER_S = 5.0
"""What was not answered for so long, because the library was away, is asked again."""
_KEYS = (
    ("play.next_unplayed", "next"),
    ("find.previous", "previous"),
    ("find.search", "change"),
    ("view.back", "end"),
)
"""What the bar tells of while a search is on."""


def names_of(reader: Reader) -> dict[str, list[str]]:
    """List what filters can be completed to, but for senders.

    Args:
        reader: The library; tags are counted, so not that of the user interface.
    """
    return {
        "chat": typable(chat.title for chat in reader.chats()),
        "tag": typable(tag.name for tag in reader.tags()),
        "collection": typable(each.name for each in reader.collections()),
        "in": typable(source.label for source in reader.sources()),
    }


def typable(names: Iterable[str]) -> list[str]:
    """Choose the names that can stand in a line, each once."""
    return [name for name in dict.fromkeys(names) if printable(name) == name]


class Searching:
    """Keeps bar, finder and tree together.

    Args:
        main: The browser.
        reader: For short queries.
        finding: Looks for notes.
        glyphs: The marks.
        snippets: Finds the words around hits.
        remembers: How many searches of earlier days are offered.
        remember: Keeps a query in the history.
        save: Keeps a query under a name.
        learn: Reads what filters can be completed to.
    """

    def __init__(
        self,
        main: MainScreen,
        reader: Reader,
        finding: Finding,
        glyphs: Glyphs,
        *,
        snippets: Snippets,
        remembers: int,
        remember: Callable[[str], None],
        save: Callable[[str], None],
        learn: Callable[[], None],
    ) -> None:
        self._main = main
        self._reader = reader
        self._finding = finding
        self._glyphs = glyphs
        self._snippets = snippets
        self._remembers = remembers
        self._remember = remember
        self._save = save
        self._learn = learn
        self._bar: SearchBar | None = None
        self._past: list[str] = []
        """Searches of this session, the last one first."""
        self._names: Names = {}
        self._text = ""
        """The query that is shown, or looked for; empty while there is none."""
        self._kept = ""
        """The query that was accepted last."""
        self._turn = 0
        """The number of the answer that counts."""
        self.is_asked = False
        """That answer is still to come."""
        self._is_stale = False
        """The library changed since it was asked for."""
        self._asked_s = 0.0
        self._totals: tuple[int, int, int] | None = None
        """Of what is shown."""
        self._goes_to_first = False
        """Put the cursor on the first hit when it comes."""
        self._steps: list[int] = []
        """From there on go these, which were asked for before it came."""

    @property
    def _tree(self) -> NoteTree:
        return self._main.note_tree

    @property
    def query(self) -> str:
        """The query that is on; empty for none."""
        return self._text

    @property
    def is_typing(self) -> bool:
        """Whether the query is being typed."""
        return self._bar is not None and bool(self._bar.display) and self._bar.is_typing

    # Begin and end

    def begin(self) -> None:
        """Let a query be typed; with a search on, that one is changed."""
        bar = self._shown_bar()
        bar.begin(self._text, self._history())
        self._learn()

    def show(self, text: str) -> None:
        """Search for something without typing it."""
        bar = self._shown_bar()
        self._start(text)
        bar.rest(text)
        self.accept(text)

    def end(self, *, stay: bool) -> None:
        """Bring the tree back as it was.

        Args:
            stay: Leave the cursor on its note, in its chat.
        """
        if self._bar is not None:
            self._bar.rest("")
            self._bar.display = False
        self._drop(stay=stay)
        self._main.set_focus(self._tree)

    def _shown_bar(self) -> SearchBar:
        if self._bar is None:
            self._bar = SearchBar(self, self._glyphs, self._hints())
            self._main.mount(self._bar, before=self._main.bar)
        self._bar.display = True
        return self._bar

    def _hints(self) -> list[tuple[str, str]]:
        keys = main_keys(
            (self._main, self._main.app),
            self._main.app._keymap,  # noqa: SLF001  # nothing public tells
        )
        ascii_only = self._glyphs.is_ascii
        return [
            (key_name(keys[name], ascii_only=ascii_only), label)
            for name, label in _KEYS
            if name in keys
        ]

    def _history(self) -> list[str]:
        try:
            kept = self._reader.search_history(self._remembers)
        except EarmarkError:
            kept = []
        return list(dict.fromkeys([*self._past, *kept]))

    def learned(self, names: Names) -> None:
        """Take what filters can be completed to."""
        self._names = names
        if self.is_typing and self._bar is not None and self._bar.is_attached:
            self._bar.show_offer()

    # What the bar tells

    def typed(self, text: str) -> None:
        """Look for what was typed."""
        bar = self._bar
        if bar is None:
            return
        query = text.strip()
        if not query:
            bar.show_wrong("")
            self._drop(stay=False)
            return
        if self._is_wrong(text):
            bar.show_found(None)
            return
        bar.show_wrong("")
        bar.show_found(self._totals)
        self._start(query)

    def accept(self, text: str) -> None:
        """Keep the search on, and go to the first hit."""
        bar = self._bar
        query = text.strip()
        if bar is None:
            return
        if not query:
            self.leave()
            return
        if self._is_wrong(text):
            bar.insist()
            return
        self._start(query)
        if query != self._kept:
            self._kept = query
            self._past = [query, *(past for past in self._past if past != query)]
            self._remember(query)
            self._goes_to_first = True
            if not self.is_asked:
                self._go_to_first()
        bar.rest(query)
        self._main.set_focus(self._tree)

    def leave(self) -> None:
        """Close the bar, and show what was there before."""
        self.end(stay=False)

    def save(self, text: str) -> None:
        """Keep the search under a name."""
        if self._bar is not None and (not text.strip() or self._is_wrong(text)):
            self._bar.insist()
            return
        self._save(text.strip())

    def offer(self, text: str, cursor: int) -> Offer | None:
        """Tell what the word at the cursor may become."""
        found = complete(text, cursor, self._names)
        return None if found is None else Offer(*found)

    def _is_wrong(self, text: str) -> bool:
        """Say what is wrong with a query, if anything is."""
        try:
            parse(text)
        except QueryError as error:
            if self._bar is not None:
                message = printable(error.message)
                self._bar.show_wrong(message, error.start, error.end)
            return True
        return False

    # What is looked for

    def _start(self, query: str) -> None:
        if query == self._text:
            return
        self._text = query
        self.again()

    def again(self) -> None:
        """Look again: the order is another one, or the library changed."""
        if not self._text:
            return
        group = Group(GroupKind.SEARCH, query=self._text)
        self._turn = self._finding.search(group, self._tree.sort)
        self.is_asked, self._is_stale = True, False
        self._asked_s = time.monotonic()

    def library_changed(self) -> None:
        """Look again, once the answer that is awaited has come."""
        self._snippets.forget()
        if self.is_asked and time.monotonic() - self._asked_s < _ANSWER_S:
            self._is_stale = True
        else:
            self.again()

    def take(self, found: SearchFound) -> None:
        """Show what was found, if it is still wanted."""
        if found.turn != self._turn or not self._text or self._bar is None:
            return
        self.is_asked = False
        self._snippets.begin(found.group.query)
        self._tree.snippets = self._snippets.of if self._snippets.has_words else None
        self._tree.show_search(found.group, found.keys, found.totals)
        self._totals = found.totals
        self._bar.show_found(found.totals)
        if self._goes_to_first:
            self._go_to_first()
        if self._is_stale:
            self.again()

    def _drop(self, *, stay: bool) -> None:
        """Have no search on."""
        self._text = self._kept = ""
        self._totals = None
        self.is_asked = self._goes_to_first = False
        self._steps.clear()
        self._tree.snippets = None
        if self._bar is not None:
            self._bar.show_found(None)
        if self._tree.search is not None:
            self._tree.end_search(stay=stay)

    # The hits

    def _go_to_first(self) -> None:
        self._goes_to_first = False
        self._tree.action_go("top")
        self._tree.action_move(1)
        steps, self._steps = self._steps, []
        for step in steps:
            self.step(step)

    def step(self, step: int) -> None:
        """Go to the next (1) or previous (-1) hit, at the end round to the other."""
        if self._goes_to_first:
            self._steps.append(step)
            return
        tree = self._tree
        last = tree.model.count - 1
        if tree.search is None or last < 1:
            return
        row = tree.model.cursor_row + step
        if row > last:
            tree.action_go("top")
            tree.action_move(1)
            self._main.say("From the last match to the first")
        elif row < 1:
            tree.action_go("bottom")
            self._main.say("From the first match to the last")
        else:
            tree.action_move(step)
