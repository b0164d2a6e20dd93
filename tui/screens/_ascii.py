"""A last guard for terminals without Unicode: nothing but ASCII is sent.

Our own widgets draw with ASCII marks there; names of people and chats, and the borders
of Textual's own widgets, are put into ASCII here.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.filter import LineFilter
from typing_extensions import override

if TYPE_CHECKING:
    from textual.color import Color

__all__ = ["AsciiFilter", "to_ascii"]

_KNOWN = {
    "\N{HORIZONTAL ELLIPSIS}": ".",
    "\N{MIDDLE DOT}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFTWARDS ARROW}": "<",
    "\N{UPWARDS ARROW}": "^",
    "\N{RIGHTWARDS ARROW}": ">",
    "\N{DOWNWARDS ARROW}": "v",
    "\N{BLACK CIRCLE}": "*",
    "\N{BLACK RIGHT-POINTING TRIANGLE}": ">",
    "\N{BOX DRAWINGS LIGHT VERTICAL}": "|",
    "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
    "\N{BOX DRAWINGS HEAVY HORIZONTAL}": "=",
}


@lru_cache(4096)
def _letter(char: str) -> str:
    """Write one character in as many ASCII characters as it has cells."""
    if char in _KNOWN:
        return _KNOWN[char]
    cells = cell_len(char)
    code = ord(char)
    if 0x2500 <= code <= 0x259F:  # lines and blocks: borders, scroll bars
        return " "
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if c.isascii())
    if len(plain) == cells and plain.isprintable():
        return plain
    return "?" * cells


def to_ascii(text: str) -> str:
    """Write text in ASCII, in as many cells as it had."""
    return text if text.isascii() else "".join(map(_letter, text))


class AsciiFilter(LineFilter):
    """Puts every line that goes to the terminal into ASCII."""

    @override
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(to_ascii(text), style, control) for text, style, control in segments
        ]
