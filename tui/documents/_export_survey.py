"""The first look at an exported chat: what all of its lines have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.documents._export_dates import OrderCount, decide
from tui.documents._export_dayparts import DayPart, day_part, is_year_first
from tui.documents._export_files import NamedFiles, dated_names
from tui.documents._export_grammar import HEADER, Style, is_sender, style_of
from tui.documents._export_halves import Halves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.documents._export_dates import DateReader, Decision

__all__ = ["Survey", "Verdict"]

_LOCK = 0.8
"""From this share of headers on, all others are text within messages."""

_SENDERS = 10_000
"""So many names are told apart; more than two make a group anyway."""

_WORDS = 1000
"""So many words beside times are looked at; a real document has two or three."""


class Verdict(NamedTuple):
    """What holds for a whole document."""

    styles: Mapping[Style, Decision]
    """The styles of its headers, and the order of dates in each."""
    confidence: float
    """How sure the order of dates is."""
    senders: frozenset[str]
    """Who wrote; not all of them in a large group."""
    odd_words: frozenset[tuple[str, str]]
    """Words beside times that may be halves of the day, in a language we don't know."""
    halves: Mapping[tuple[str, str], DayPart]
    """Words that nobody knows, but that this document shows to be halves of the day."""
    has_names: bool
    """Whether any line may name a recording."""


class _Count:
    """What was seen of one style."""

    def __init__(self, dates: DateReader) -> None:
        self.order = OrderCount(dates)
        self.senders: set[str | None] = {None}


class Survey:
    """Takes in a document block by block.

    Args:
        dates: Reads dates.
    """

    def __init__(self, dates: DateReader) -> None:
        self._dates = dates
        self._counts: dict[tuple[bool, bool, bool, bool, bool, str, bool], _Count] = {}
        self._plain: set[tuple[str, str]] = set()
        """Words that say no half of the day, and need no second look."""
        self._odd = Halves()
        self._has_names = False

    @property
    def lines(self) -> int:
        """The headers of the style that has most."""
        return max((each.order.lines for each in self._counts.values()), default=0)

    def add(self, text: str) -> None:
        """Take in some lines.

        Args:
            text: Normalised, with a line end before the first line.
        """
        counts, plain = self._counts, self._plain
        for match in HEADER.finditer(text):
            bracket, date, first, sign, last, between, hour, second, after = (
                match.group(1, 2, 3, 4, 6, 7, 8, 10, 11)
            )
            colon, name, mark = match.group(22, 23, 24)
            if date is None:
                hour, second, between, date, first, sign, last, after = match.group(
                    12, 14, 15, 16, 17, 18, 20, 21
                )
            style = (
                bracket is not None,
                second is not None,
                colon is not None,
                len(first) > 2,
                match.start(12) >= 0,
                sign,
                len(last) > 2,
            )
            count = counts.get(style)
            if count is None:
                count = counts[style] = _Count(self._dates)
            order = count.order
            if date != order.last and not order.turn(date):
                continue
            order.lines += 1
            if (between, after) not in plain:
                self._read_words((between, after), int(hour), order)
            # On iOS a notice has the group's name where a sender stands.
            if name not in count.senders and (mark is None or bracket is None):
                _add_sender(count.senders, name)
        self._read_names(text)

    def _read_words(self, words: tuple[str, str], hour: int, order: OrderCount) -> None:
        if len(self._plain) + len(self._odd) >= _WORDS:
            return
        joined = " ".join(words)
        part = day_part(joined)
        if part is DayPart.UNKNOWN:
            if 0 < hour <= 12:
                self._odd.add(words, order.last)
                return
            self._odd.discard(words)
        elif part is not DayPart.NONE:
            order.halves = True
            order.year_first = order.year_first or is_year_first(joined)
        self._plain.add(words)

    def _read_names(self, text: str) -> None:
        if not self._has_names:
            self._has_names = next(iter(NamedFiles.lines(text)), None) is not None
        for at, day in dated_names(text):
            match = HEADER.match(text, text.rfind("\n", 0, at))
            if match is None:
                continue
            count = self._counts.get(style_of(match))
            if count is not None:
                count.order.told(match[2] or match[16], day)

    def verdict(self, chosen: str) -> Verdict | None:
        """Decide.

        Args:
            chosen: The order of dates that the user wants, if any.

        Returns:
            None when no line begins a message.
        """
        counts = {Style(*style): count for style, count in self._counts.items()}
        total = sum(count.order.lines for count in counts.values())
        if not total:
            return None
        main = max(counts, key=lambda style: counts[style].order.lines)
        if counts[main].order.lines >= _LOCK * total:
            # What comes first is never pasted, however much of it follows.
            first = next(style for style, count in counts.items() if count.order.lines)
            counts = {style: counts[style] for style in (first, main)}
        decided = {
            style: decide(count.order, chosen)
            for style, count in counts.items()
            if count.order.lines
        }
        best = decided[main]
        halves = self._odd.told(counts[main].order.lines)
        for style, own in decided.items():
            if own.confidence < best.confidence and counts[style].order.can_be(
                best.order
            ):
                decided[style] = best
        return Verdict(
            decided,
            min(each.confidence for each in decided.values()),
            frozenset(
                name for count in counts.values() for name in count.senders if name
            ),
            self._odd.words - halves.keys(),
            halves,
            self._has_names,
        )


def _add_sender(senders: set[str | None], name: str) -> None:
    if len(senders) < _SENDERS and is_sender(name):
        senders.add(name)
