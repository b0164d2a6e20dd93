"""The text of a JSON document, a window at a time: what `_json` walks over."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any

from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["LARGEST", "Broken", "JsonText"]

LARGEST = 8 * 1024 * 1024
"""Characters of the largest value that is decoded."""
_CHUNK = 128 * 1024
_SPACE = re.compile(r"[ \t\r\n]*")
_AFTER_WORD = re.compile(r"[,\]}\s]")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[^x]|x.{2})", re.DOTALL)
_MORE_DIGITS = re.compile(r"(?:\.|[eE][+-]?)?")
_OUTSIDE = re.compile(r'["\[\]{}]')
_INSIDE = re.compile(r'["\\]')
_NEAR = 16
"""An error so near to the end of what was read may be cured by reading on: longer
than any literal, and than an escaped pair of surrogates."""


class Broken(Exception):  # noqa: N818  # no fault of the program, and never shown
    """A value is too large, or no JSON; the document goes on behind it."""


class JsonText:
    """A document's text with a place in it; decoded as far as it was looked at.

    Bytes that are no UTF-8 become surrogate escapes; a byte order mark may tell UTF-16.

    Args:
        file: The document's bytes, from the start.
        path: What errors name.
    """

    def __init__(self, file: BinaryIO, path: bytes) -> None:
        self._file = file
        self._path = path
        start = file.read(_CHUNK)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        else:
            start = start.removeprefix(codecs.BOM_UTF8)
            self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = self._decoder.decode(start, final=not start)
        self._at = 0
        self._is_whole = not start
        self.size = 0
        """Characters of the last value that was decoded."""
        self._json = json.JSONDecoder(strict=False, parse_constant=_nothing)

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        if self._at > _CHUNK // 2:
            # What is behind us costs time: errors count the lines up to their place.
            self._text, self._at = self._text[self._at :], 0
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def skip(self) -> None:
        """Go one character on."""
        self._at += 1

    def value(self) -> Any:  # noqa: ANN401  # JSON is anything
        """Decode the value here and go behind it.

        Raises:
            Broken: It can't be; the place stays.
        """
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                is_cut = (
                    error.msg.startswith("Unterminated")
                    or error.pos >= len(self._text) - _NEAR
                )
                if error.msg.startswith("Invalid \\escape") and self._mend():
                    continue
                if not is_cut:
                    raise Broken(error.msg) from error
            except (ValueError, RecursionError) as error:
                # Numbers of thousands of digits, brackets a thousand deep.
                raise Broken(str(error)) from error
            else:
                if not self._may_go_on(value, end):
                    self.size, self._at = end - self._at, end
                    return value
            self._read_on()

    def _may_go_on(self, value: object, end: int) -> bool:
        """Whether a number that was decoded may be only the beginning of one."""
        if end < len(self._text) - 2 or not isinstance(value, int | float):
            return False
        return _MORE_DIGITS.fullmatch(self._text, end) is not None

    def _read_on(self) -> None:
        if len(self._text) - self._at > LARGEST:
            raise Broken("too large")
        if not self._more():
            raise Broken("cut off")

    def _mend(self) -> bool:
        """Correct escapes in what was read that JSON has not; False without any."""
        mended = _ESCAPE.sub(_valid_escape, self._text[self._at :])
        if len(mended) == len(self._text) - self._at:
            return False
        self._text, self._at = mended, 0
        return True

    def small(self) -> Any:  # noqa: ANN401  # JSON is anything
        """Decode the value here if its end is near, and go behind it.

        Values of up to half a chunk always are near, those of three chunks never.

        Raises:
            Broken: It goes on too far, or can't be decoded; the place stays.
        """
        if len(self._text) - self._at < _CHUNK // 2:
            self._more()
        try:
            value, end = self._json.raw_decode(self._text, self._at)
        except (ValueError, RecursionError) as error:
            raise Broken(str(error)) from error
        if end - self._at > 3 * _CHUNK:
            raise Broken("too large")
        self.size, self._at = end - self._at, end
        return value

    def pass_over(self) -> Iterator[None]:
        """Go behind the value here without decoding it, whatever its size.

        Of what is no value, go up to what must follow one.

        Yields:
            None after each piece.

        Raises:
            PartialError: The document ends in it.
        """
        if self._at < len(self._text) and self._text[self._at] not in '"[{':
            yield from self._pass_over_word()
            return
        depth, is_text = 0, False
        while True:
            expected = _INSIDE if is_text else _OUTSIDE
            found = expected.search(self._text, self._at)
            if found is None:
                yield from self._next_piece()
                continue
            mark, self._at = found.group(), found.end()
            if mark == "\\":
                if self._at == len(self._text):
                    yield from self._next_piece()
                self._at += 1
                continue
            if mark == '"':
                is_text = not is_text
            else:
                depth += 1 if mark in "[{" else -1
            if depth <= 0 and not is_text:
                return

    def _pass_over_word(self) -> Iterator[None]:
        while (found := _AFTER_WORD.search(self._text, self._at)) is None:
            yield from self._next_piece()
        self._at = found.start()

    def _next_piece(self) -> Iterator[None]:
        self._at = len(self._text)
        yield None
        if not self._more():
            raise self.cut_off()

    def cut_off(self) -> PartialError:
        """The error for a document that ends too early."""
        return PartialError(self._path, "it ends too early")

    def unexpected(self, what: str) -> DocumentError:
        """The error for something that can't stand here.

        Args:
            what: The character; empty for the end.
        """
        # Zeros stand where a download that reserved its space has not come to yet.
        if what in {"", "\0"}:
            return self.cut_off()
        return DocumentError(self._path, f"it is no JSON: {what!a} where it can't be")

    def _more(self) -> bool:
        """Read on; False at the end of the file."""
        if self._is_whole:
            return False
        # As much again as a value that needs it has already: few attempts at it.
        size = max(_CHUNK, len(self._text) - self._at)
        data = self._file.read(size)
        self._is_whole = not data
        more = self._decoder.decode(data, final=self._is_whole)
        self._text = self._text[self._at :] + more
        self._at = 0
        return not self._is_whole or bool(more)


def _valid_escape(found: re.Match[str]) -> str:
    escape = found[1]
    if escape[0] in '"\\/bfnrtu':
        return found[0]
    # Telegram writes control characters as C does.
    is_hex = escape[0] == "x" and escape[1:].isalnum()
    return "\\u00" + escape[1:] if is_hex else "\\\\" + escape


def _nothing(_word: str) -> None:
    """Stand in for NaN and Infinity, which are no JSON."""
