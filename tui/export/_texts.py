r"""Texts as tags and tables hold them: whole, but with no power over who shows them."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["cell", "lines", "one_line"]

_JOINERS = frozenset("\u200c\u200d\ufe0f\ufe0e")
"""What ties signs together: harmless, and some scripts can't be written without."""
_BLANK = frozenset({"Cc", "Zl", "Zp"})
_SIGNS = "=+@|%\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b-"
"""With what a formula may begin, also in wide and in small signs."""
_FORMULA = re.compile(
    rf"(?:\A(?=[^\S\t\r\n]*[{''.join(_JOINERS)}]*[{_SIGNS}])"
    rf"|(?<=[;\t\r\n])(?=(?:[^\S\t\r\n]|\")*[{''.join(_JOINERS)}]*[{_SIGNS}]))"
)
"""Ahead of it. Where a comma is for decimals, spreadsheets begin a cell behind `;` and
at each end of a line, also where quotes hold a text together, and behind quotes."""


def one_line(text: str) -> str:
    r"""Give a text for a tag of one line; bytes that are no text become `\xNN`."""
    return " ".join(lines(text).split())


def lines(text: str) -> str:
    r"""Give a text for a tag that may have lines.

    Control characters and what turns the writing are left out, since other programs
    write tags to terminals as they are.
    """
    text = "\n".join(text.splitlines())
    if text.replace("\n", "").isprintable():
        return text
    return "".join(map(_seen, text)).strip()


def cell(text: str) -> str:
    """Give a text for a table that spreadsheets open, of which none is computed."""
    return _FORMULA.sub("'", text.strip())


def _seen(char: str) -> str:
    if char == "\n" or char in _JOINERS:
        return char
    category = unicodedata.category(char)
    if category in _BLANK:
        return " "
    if category == "Cf":
        return ""
    if category == "Cs":
        code = ord(char)
        is_byte = 0xDC80 <= code <= 0xDCFF
        return f"\\x{code - 0xDC00:02x}" if is_byte else "\ufffd"
    return char
