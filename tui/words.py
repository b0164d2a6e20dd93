"""What a search takes for a word, the same in the index, in a query and in Python.

Text is folded first: case, accents and other forms of a letter do not matter. A token
is a run of letters, digits and their marks. Scripts that put no blank between words
(Chinese, Japanese, Thai, Lao, Burmese, Khmer) give a token for each character, and so
does a symbol like a star or a smiley: then a part of a sentence is found as a row of
tokens, without a dictionary.

All of this can be told of each character by itself, so that it is looked up: a text of
any script is split by two calls that run in C.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Place", "contains", "fold", "places", "tokens"]

_PLAIN = re.compile("[a-z0-9]+")
_ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Kana, Han: each character by itself."""
_UNSEEN = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Which of several forms of a character is meant."""
_BLANKS = "\u200b"
"""Of the characters that only say how to write others, those that part words."""
_MOST = 50_000
"""Characters that are remembered: more than any library has, less than there are."""


class _Table(dict[int, str]):
    """What becomes of each character, worked out when it is first met."""

    def __init__(self, of: Callable[[str], str]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, code: int) -> str:
        made = self._of(chr(code))
        if len(self) < _MOST:
            self[code] = made
        return made


class Place(NamedTuple):
    """A token, and where it stands in the text as it was before."""

    token: str
    start: int
    end: int


def _folded(char: str) -> str:
    plain = _bare(_bare(char).casefold())
    return plain if plain.isascii() else _bare(plain.casefold())


def _bare(text: str) -> str:
    return "".join(
        char
        for char in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(char)
        and not _UNSEEN.match(char)
        and (unicodedata.category(char) != "Cf" or char in _BLANKS)
    )


def _split(char: str) -> str:
    """Fold a character, with blanks where a token ends."""
    return "".join(map(_part, _folded(char)))


def _part(char: str) -> str:
    if char.isascii():
        return char if char.isalnum() else " "
    kind = unicodedata.category(char)
    if kind == "So" or (kind[0] in "LMN" and _ALONE.match(char)):
        return f" {char} "
    return char if kind[0] in "LMN" else " "


_FOLDED = _Table(_folded)
_SPLIT = _Table(_split)


def fold(text: str) -> str:
    """Take away what a search does not look at: case, accents, other forms."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def tokens(text: str) -> list[str]:
    """Split text into what a search compares.

    Args:
        text: Any text.

    Returns:
        Folded tokens in their order; none holds a blank or other ASCII than letters and
        digits.
    """
    if text.isascii():
        return _PLAIN.findall(text.lower())
    return text.translate(_SPLIT).split()


def places(text: str) -> list[Place]:
    """Split text like `tokens`, and tell where each token stands in it.

    Args:
        text: Any text.

    Returns:
        The tokens in their order. Of a character that folds to several, each stands
        where it does.
    """
    if text.isascii():
        return [Place(m[0], *m.span()) for m in _PLAIN.finditer(text.lower())]
    found: list[Place] = []
    run, start, end = "", 0, 0
    for at, char in enumerate(text):
        first, *others = _SPLIT[ord(char)].split(" ")
        if not run:
            start = at
        run += first
        # An accent belongs to its letter, though nothing of it is left.
        end = at + 1 if first or (not others and end == at) else end
        for part in others:
            if run:
                found.append(Place(run, start, end))
            run, start, end = part, at, at + 1
    if run:
        found.append(Place(run, start, end))
    return found


def contains(wanted: list[str], text: list[str]) -> bool:
    """Tell whether some tokens stand in a text in a row, the last perhaps cut off.

    Args:
        wanted: What to look for; nothing is found nowhere.
        text: The tokens of the text.
    """
    count = len(wanted)
    if not count:
        return False
    *heads, last = wanted
    return any(
        text[at].startswith(last) and text[at - count + 1 : at] == heads
        for at in range(count - 1, len(text))
    )
