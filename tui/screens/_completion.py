"""What Tab makes of the word under the cursor in the search bar.

Filters are completed to their names, and what stands behind a colon to the values that
there are: chats, senders, tags, collections, sources, or the few words that a filter
takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.model import NoteKind
from tui.words import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FILTERS", "WORDS", "Completion", "complete"]

FILTERS = (
    *("from:", "chat:", "tag:", "is:", "has:", "after:", "before:", "on:"),
    *("len>", "len<", "in:", "kind:", "collection:"),
)
"""As they are offered, the most useful first."""

WORDS: Mapping[str, Sequence[str]] = {
    "is": (
        *("unplayed", "half", "played", "starred", "received", "sent", "unmatched"),
        *("ready", "unreadable", "partial", "missing"),
    ),
    "has": ("transcript", "comment", "bookmark"),
    "kind": tuple(NoteKind),
    "after": ("today", "yesterday"),
    "before": ("today", "yesterday"),
    "on": ("today", "yesterday"),
}
"""Words that a filter takes, whatever the library holds."""

_MOST = 50


class Completion(NamedTuple):
    """What can stand in the place of a word, and where that is."""

    start: int
    end: int
    words: tuple[str, ...]
    """The best first, each as it would be written."""
    labels: tuple[str, ...]
    """The same for people: without the filter and quotes."""


def _word_start(text: str, cursor: int) -> int:
    """Find where the word at the cursor begins: blanks in quotes are part of it."""
    start, is_quoted = 0, False
    for at, char in enumerate(text[:cursor]):
        if char == '"' and not (is_quoted and text[at - 1] == "\\"):
            is_quoted = not is_quoted
        elif char.isspace() and not is_quoted:
            start = at + 1
    return start


def complete(
    text: str, cursor: int, known: Mapping[str, Sequence[str]]
) -> Completion | None:
    """Find what the word at the cursor may become.

    Args:
        text: The query.
        cursor: Where in it; what stands behind in the same word is kept.
        known: Values by filter: what there is in the library.

    Returns:
        None when nothing fits, or there is nothing to complete.
    """
    start = _word_start(text, cursor)
    word = text[start:cursor]
    if not word or (cursor < len(text) and not text[cursor].isspace()):
        return None
    sign = "-" if word.startswith("-") else ""
    name, colon, value = word.removeprefix("-").partition(":")
    if not colon:
        labels = [each for each in FILTERS if name and each.startswith(name.lower())]
        words = [sign + each for each in labels]
    else:
        values = known.get(name.lower(), WORDS.get(name.lower(), ()))
        labels = _fitting(values, value.strip('"'))
        words = [f"{sign}{name.lower()}:{_quoted(each)}" for each in labels]
    # What stands there already needs no completion.
    pairs = [pair for pair in zip(words, labels, strict=True) if pair[0] != word]
    if not pairs:
        return None
    words, labels = map(list, zip(*pairs, strict=True))
    return Completion(start, cursor, tuple(words), tuple(labels))


def _fitting(values: Sequence[str], typed: str) -> list[str]:
    """Choose the values that hold what was typed, those that begin with it first."""
    part = fold(typed)
    ranked: list[tuple[int, int]] = []
    for at, value in enumerate(values):
        folded = fold(value)
        if folded.startswith(part):
            ranked.append((0, at))
        elif f" {part}" in folded or f"/{part}" in folded:
            ranked.append((1, at))
        elif part in folded:
            ranked.append((2, at))
    found = [values[at] for _, at in sorted(ranked)[:_MOST]]
    return [value for value in found if value]


def _quoted(value: str) -> str:
    """Write a value so that it is read as one."""
    if value and not any(char.isspace() or char in '"\\' for char in value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
