"""The text of a document in blocks of whole lines, whatever its encoding."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._document import Document

__all__ = ["blocks", "decoded", "last_lines"]

_BLOCK = 32 * 1024
_LONGEST = 1 << 20
"""Characters of a line; what is longer is cut, since no message is."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if len(head) >= 4 and head[0] and head[2] and not head[1] and not head[3]:
        return "utf-16-le"
    return "utf-8"


def decoded(head: bytes) -> str:
    """Turn the first bytes of a text into its first lines; the last may be cut off."""
    decoder = codecs.getincrementaldecoder(_encoding(head))("replace")
    return _plain(decoder.decode(head)) + "\n"


def blocks(document: Document) -> Iterator[str]:
    r"""Read a text.

    Args:
        document: The file; UTF-16 and UTF-32 are known by their mark, all else is
            UTF-8. What can't be decoded becomes replacement characters.

    Yields:
        Some 32 KB of whole lines, each with `\n` at its end, also the last.

    Raises:
        OSError: It can't be read.
    """
    with document.open() as file:
        data = file.read(_BLOCK)
        decoder = codecs.getincrementaldecoder(_encoding(data))("replace")
        rest, dropping = "", False
        while data:
            text = decoder.decode(data)
            data = file.read(_BLOCK)
            if not data:
                text += decoder.decode(b"", final=True) + "\n"
            if dropping:
                end = text.find("\n")
                if end < 0:
                    continue
                text, dropping = text[end + 1 :], False
            text = rest + text
            cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
            rest = text[cut:]
            if len(rest) > _LONGEST:
                cut, rest, dropping = len(text), "", True
            if cut:
                whole = _plain(text[:cut])
                yield whole if whole.endswith("\n") else whole + "\n"


def _plain(text: str) -> str:
    if "\r" not in text:
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n")


def last_lines(text: str, count: int) -> int:
    r"""Find where the last lines of a text begin.

    Args:
        text: Lines with `\n` at their ends.
        count: How many lines.
    """
    at = len(text)
    for _ in range(count + 1):
        at = text.rfind("\n", 0, max(0, at))
    return at + 1
