r"""Walks JSON of any size with flat memory, and reads it tolerantly.

Exports are one huge object with long lists in it: `messages` of a chat, and in an
account's export a list of such chats. `elements` walks the outer structure by hand and
gives the elements of the named lists one by one, each decoded whole by the `json`
module's C scanner: several times faster than one event for each name and value, which
is what streaming parsers tell, and it takes what those refuse: lone surrogates, bytes
that are no UTF-8, numbers of any size, escapes like `\x0B` that no JSON has.

What is broken costs no more than itself: an element that can't be decoded, or is larger
than 8 million characters, is left out and counted. See RFC 8259 for the grammar.
"""

from __future__ import annotations

import codecs
import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tui.documents._json_text import LARGEST, JsonText
from tui.documents._json_walk import Element, Walk, left_out
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator

    from tui.documents._api import Remark
    from tui.documents._document import Document

__all__ = [
    "Element",
    "dict_of",
    "elements",
    "heads",
    "int_of",
    "lines",
    "list_of",
    "text_of",
]

_OFTEN = 500
_HALVES = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")
_DIGITS = re.compile(r"-?[0-9]{1,19}")


def elements(
    document: Document, names: Collection[str]
) -> Iterator[Element | Remark | None]:
    """Give the elements of all lists that have one of some names, at any depth.

    Lists inside of elements are not looked for: an element comes whole.

    Args:
        document: The file.
        names: The lists' names; an empty one stands for a list that is the document.

    Yields:
        The elements in their order; None now and then where there are none; before
        the end, or an error, a remark (`left_out`) if elements could not be used.

    Raises:
        PartialError: It ends too early, or zeros begin before its end.
        DocumentError: It is no JSON.
        OSError: It can't be read.
    """
    with closing(document.open()) as file:
        walk = Walk(JsonText(file, document.path), frozenset(names))
        try:
            yield from walk.elements()
        except DocumentError:
            yield from walk.remarks()
            raise
        yield from walk.remarks()


def heads(
    document: Document, names: Collection[str]
) -> Generator[None, None, list[Element]]:
    """Read a document ahead for what stands behind its lists.

    To be asked with `yield from`, when the owner of a list's first element lacks what
    it should have. What an error cuts off is simply not there.

    Args:
        document: The file.
        names: As for `elements`.

    Yields:
        None, now and then.

    Returns:
        For each list that has elements, in order, its first one with None for a value,
        and with all members of the objects around it.

    Raises:
        OSError: It can't be read.
    """
    found: list[Element] = []
    last = None
    try:
        for number, item in enumerate(elements(document, names)):
            if isinstance(item, Element) and (last is None or not last.is_beside(item)):
                last = item._replace(value=None)
                found.append(last)
            if not number % _OFTEN:
                yield None
    except DocumentError:
        pass  # the caller meets it again, with all that comes before it
    return found


def lines(document: Document) -> Iterator[Any | Remark | None]:
    """Give the values of a document that has one in each line (JSON Lines).

    Args:
        document: The file.

    Yields:
        The values; None for an empty line; before the end, or an error, a remark
        (`left_out`) if lines could not be used.

    Raises:
        PartialError: It ends inside of a line.
        OSError: It can't be read.
    """
    count = 0
    with closing(document.open()) as file:
        while line := file.readline(LARGEST):
            is_whole = line.endswith(b"\n")
            if not is_whole and len(line) == LARGEST:
                count += 1
                while (line := file.readline(LARGEST)) and not line.endswith(b"\n"):
                    yield None
                continue
            text = line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
            try:
                yield json.loads(text, strict=False) if text.strip() else None
            except (ValueError, RecursionError) as error:
                if not is_whole:
                    yield from left_out(count)
                    raise PartialError(document.path, "it ends too early") from error
                count += 1
                yield None
    yield from left_out(count)


def text_of(value: Any) -> str:  # noqa: ANN401  # JSON is anything
    """Give a text; empty for anything else.

    Halves of surrogate pairs are replaced, surrogate escapes (bytes that were no UTF-8)
    stay: what comes out can be encoded with `os.fsencode`.
    """
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else _HALVES.sub("\ufffd", value)


def int_of(value: Any) -> int | None:  # noqa: ANN401  # JSON is anything
    """Give a whole number, also of digits in a text; None for anything else.

    None as well for what no format means: numbers beyond 64 bits.
    """
    is_text = isinstance(value, str) and _DIGITS.fullmatch(value)
    if is_text or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -(2**63) <= value < 2**63 else None


def list_of(value: Any) -> list[Any]:  # noqa: ANN401  # JSON is anything
    """Give a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def dict_of(value: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON is anything
    """Give an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
