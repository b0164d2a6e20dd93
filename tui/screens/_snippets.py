"""The words around the hits of a search, found while the rows are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import EarmarkError
from tui.query import Query, Word, parse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from tui.answers import Hit
    from tui.library import Reader
    from tui.model import NoteId

    Found = dict[NoteId, str]

__all__ = ["Snippets", "shortened"]

_BEFORE = 6
"""Characters at most ahead of the hit."""
_KEPT = 2_000
"""Notes whose words are kept: some screens up and down."""


class Snippets:
    """Tells what to show on the row of a hit.

    The rows are painted at once; what is not known yet is asked for, all rows of a
    screen together, and the rows are painted again when it is there.

    Args:
        ask: Asks the library on another thread; None when it did not answer.
        start: Runs a coroutine beside what goes on.
        repaint: Has the rows painted again.
    """

    def __init__(
        self,
        ask: Callable[[Callable[[Reader], Found]], Awaitable[Found | None]],
        start: Callable[[Coroutine[None, None, None]], object],
        repaint: Callable[[], None],
    ) -> None:
        self._ask = ask
        self._start = start
        self._repaint = repaint
        self._text = ""
        self._query = Query()
        self._known: Found = {}
        self._old: Found = {}
        """What was known before: shown until it is looked for again."""
        self._round = 0
        """What comes of an earlier round is not taken."""
        self._wanted: dict[NoteId, None] = {}
        self._is_asking = False
        self.has_words = False
        """Whether the query has words at all: filters stand nowhere in a note."""

    def begin(self, query: str) -> None:
        """Tell of the hits of a query from now on."""
        if query == self._text:
            return
        self._text = query
        self.forget()
        try:
            self._query = parse(query)
        except EarmarkError:
            self._query = Query()
        self.has_words = any(
            isinstance(literal.term, Word) and not literal.negated
            for choice in self._query.choices
            for literal in choice
        )

    def forget(self) -> None:
        """Look again: notes may have other words now."""
        self._round += 1
        self._old, self._known = self._old | self._known, {}
        if len(self._old) > _KEPT:
            self._old = {}
        self._wanted.clear()

    def of(self, note_id: NoteId) -> str:
        """Give the words around the hit in a note; empty while they are not known."""
        known = self._known.get(note_id)
        if known is not None:
            return known
        self._wanted[note_id] = None
        if not self._is_asking:
            self._is_asking = True
            self._start(self._fill())
        return self._old.get(note_id, "")

    async def _fill(self) -> None:
        try:
            while self._wanted:
                number, wanted = self._round, list(self._wanted)
                self._wanted.clear()
                found = await self._ask(self._question(wanted))
                if found is None:
                    return
                if number != self._round:
                    continue
                if len(self._known) + len(found) > _KEPT:
                    self._known.clear()
                self._known |= found
                self._repaint()
        finally:
            self._is_asking = False

    def _question(self, wanted: Sequence[NoteId]) -> Callable[[Reader], Found]:
        query = self._query

        def ask(reader: Reader) -> Found:
            hits = {note_id: reader.hit(note_id, query) for note_id in wanted}
            return {
                note_id: "" if hit is None else shortened(hit)
                for note_id, hit in hits.items()
            }

        return ask


def shortened(hit: Hit, mark: str = "…") -> str:
    """Write the words around a hit so that it is seen on a narrow row, too.

    Args:
        hit: The hit.
        mark: What stands for words that were left out.
    """
    text = hit.snippet
    start = hit.spans[0][0] if hit.spans else 0
    if start <= _BEFORE:
        return text
    cut = text.find(" ", start - _BEFORE, start) + 1
    return mark + text[cut or start :]
