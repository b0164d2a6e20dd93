"""Reads one big JSON object piece by piece, and tells what is wrong with it and where.

The standard library's decoder reads each element of an array as soon as it is whole; an
element may only be so long. What a backup has to be like is told by `Fields`.
"""

from __future__ import annotations

import codecs
import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn, Protocol

from tui.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_MS", "Fields", "Stream"]

MAX_MS = 1 << 53
"""No time and no length is greater: all programs can still write it exactly."""
_CHUNK = 1 << 16
_MOST = 1 << 24
"""Characters of one element. A recording with a hundred bookmarks has 10,000."""
_NEAR_END = 16
"""An error so close to the end of the file means that it was cut off."""
_BLANK = " \t\n\r"


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Read some bytes; none are the end."""


class _TwiceError(ValueError):
    """An object has a key two times."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"“{twice}” stands twice in one object")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)


class Stream:
    """A file with one JSON object.

    Args:
        name: What the file is called in errors.
        file: Its bytes.
    """

    def __init__(self, name: str, file: Readable) -> None:
        self._name = name
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._lines = 1
        """The line that the text begins in."""
        self._is_whole = False

    def keys(self) -> Iterator[str]:
        """The keys of the object; each value has to be read before the next one."""
        self._expect("{")
        if self._peek() == "}":
            self._at += 1
        else:
            while True:
                key = self.value()
                if not isinstance(key, str):
                    self.fail("a key must be text")
                self._expect(":")
                yield key
                if self._expect(",}") == "}":
                    break
        if self._peek():
            self.fail("there is more after the end")

    def items(self) -> Iterator[object]:
        """The elements of an array."""
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._expect(",]") == "]":
                return

    def value(self) -> object:
        """Read one value, whatever it is."""
        self._peek()
        wanted = _CHUNK
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._is_whole:
                    wanted = self._more(wanted)
                    continue
                self._fail_at(error)
            except RecursionError:
                self.fail("it is nested too deeply")
            except ValueError as error:
                self.fail(str(error))
            if end < len(self._text) or self._is_whole:
                self._at = end
                return found
            wanted = self._more(wanted)  # a number may go on

    def fail(self, reason: str) -> NoReturn:
        """Refuse the file.

        Args:
            reason: Why.
        """
        line = self._lines + self._text.count("\n", 0, self._at)
        raise DataError(self._name, f"{reason} (line {line})")

    def _fail_at(self, error: json.JSONDecodeError) -> NoReturn:
        is_cut = len(self._text.rstrip()) - error.pos < _NEAR_END
        if is_cut or error.msg.startswith("Unterminated"):
            self.fail("is cut off, or is still being written")
        self._at = error.pos
        self.fail(f"is no JSON: {error.msg.lower()}")

    def _more(self, wanted: int) -> int:
        """Read on in an element that is not whole; returns how much to read next."""
        if len(self._text) - self._at > _MOST:
            self.fail("an entry is too long")
        self._fill(wanted)
        return 2 * wanted

    def _peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text) or self._is_whole:
                return self._text[self._at : self._at + 1]
            self._fill(_CHUNK)

    def _expect(self, chars: str) -> str:
        char = self._peek()
        if not char:
            self.fail("is cut off, or is still being written")
        if char not in chars:
            self.fail(f"is no JSON: expected {' or '.join(chars)}")
        self._at += 1
        return char

    def _fill(self, size: int) -> None:
        """Read more, and forget what was read before."""
        try:
            data = self._file.read(size)
            self._is_whole = not data
            more = self._decoder.decode(data, final=self._is_whole)
        except UnicodeDecodeError:
            self.fail("is no text in UTF-8")
        self._lines += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :] + more
        self._at = 0


class Fields:
    """An object of a backup, whose fields are taken one by one.

    Args:
        value: What was read.
        name: What the file is called in errors.
        what: What the object is, e.g. `recordings 3`.
    """

    def __init__(self, value: object, name: str, what: str) -> None:
        self._name = name
        self._what = what
        self._known: list[str] = []
        if not isinstance(value, dict):
            self.fail("must be an object")
        self._left: dict[str, object] = dict(value)

    def fail(self, reason: str) -> NoReturn:
        """Refuse the file.

        Args:
            reason: Why.
        """
        raise DataError(self._name, f"{self._what}: {reason}")

    def has(self, key: str) -> bool:
        """Whether a field is there, which it need not be."""
        self._known.append(key)
        return key in self._left

    def text(self, key: str, default: str | None = None) -> str:
        """Take a text.

        Args:
            key: Its name.
            default: What it is when it is not there; None when it has to be.
        """
        value = self._take(key, default)
        if not isinstance(value, str):
            self.fail(f"“{key}” must be text")
        return value

    def number(self, key: str, default: int | None = None) -> int:
        """Take a whole number from 0 on; as for a text."""
        value = self._take(key, default)
        if type(value) is not int or not 0 <= value <= MAX_MS:
            self.fail(f"“{key}” must be a whole number from 0 on")
        return value

    def flag(self, key: str) -> bool:
        """Take true or false."""
        value = self._take(key, None)
        if not isinstance(value, bool):
            self.fail(f"“{key}” must be true or false")
        return value

    def one_of(self, key: str, words: tuple[str, ...]) -> str:
        """Take one of some words."""
        value = self.text(key)
        if value not in words:
            self.fail(f"“{key}” must be one of {', '.join(words)}")
        return value

    def anything(self, key: str) -> object:
        """Take whatever is there; None when nothing is, or null."""
        return self._take(key, None) if self.has(key) else None

    def is_null(self, key: str) -> bool:
        """Whether a field is there and null; then it is taken."""
        if key in self._left and self._left[key] is None:
            self._take(key, None)
            return True
        return False

    def part(self, key: str) -> Fields:
        """Take an object."""
        return Fields(self._take(key, None), self._name, f"{self._what}: {key}")

    def objects(self, key: str) -> Iterator[Fields]:
        """Take an array of objects, which may be left out."""
        values = self._take(key, ())
        if not isinstance(values, (list, tuple)):
            self.fail(f"“{key}” must be an array")
        for at, value in enumerate(values, 1):
            yield Fields(value, self._name, f"{self._what}: {key} {at}")

    def end(self) -> None:
        """Refuse what nothing has asked for: it was mistyped, or would be lost."""
        for key in self._left:
            near = get_close_matches(key, self._known, 1)
            hint = f"; did you mean “{near[0]}”?" if near else ""
            self.fail(f"nothing is known of “{key}”{hint}")

    def _take(self, key: str, default: object) -> object:
        self._known.append(key)
        if key not in self._left:
            if default is None:
                self.fail(f"“{key}” is missing")
            return default
        return self._left.pop(key)
