"""The walk through a JSON document's outer structure, to the lists that are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.documents._api import Remark
from tui.documents._json_text import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._json_text import JsonText

__all__ = ["Element", "Walk", "left_out"]

_DEEPEST = 64
"""Lists and objects around an element; what is nested deeper holds none of ours."""
_MOST_KEPT = 1024 * 1024
"""Characters of an object's members."""
_MEMBER = 100
"""What a member takes at least."""
_OFTEN = 500
_NO_VALUE = ("", "\0", "}", ":")


class Element(NamedTuple):
    """An element of one of the lists that were asked for."""

    value: Any
    """Decoded; numbers are int and float."""
    owner: dict[str, Any]
    """The object with the list: its members as far as they were read, so those behind
    the list come later; it is the same object for all elements of a list. Lists and
    objects are among them if they are small (64,000 characters always are)."""
    around: tuple[dict[str, Any], ...]
    """The objects around that one, outermost first, likewise."""
    name: str
    """The list's."""

    def is_beside(self, other: Element) -> bool:
        """Whether another is of the same list."""
        return self.owner is other.owner and self.name == other.name


class _Frame:
    """A list or object that is being walked through.

    Args:
        mark: Its opening bracket.
        name: Of the member that it is; None in a list.
        around: The members of the objects around it, outermost first.
    """

    def __init__(
        self, mark: str, name: str | None, around: tuple[dict[str, Any], ...]
    ) -> None:
        self.is_object = mark == "{"
        self.end = "}" if self.is_object else "]"
        self.name = name
        self.members: dict[str, Any] = {}
        self._room = _MOST_KEPT
        self.objects = (*around, self.members) if self.is_object else around

    def keep(self, key: str, value: object, size: int) -> None:
        """Remember a member of an object if there is room for it."""
        size += len(key) + _MEMBER
        if size <= self._room:
            self._room -= size
            self.members[key] = value


class Walk:
    """Goes through a document once.

    Args:
        text: It, from the start.
        names: Of the lists whose elements are wanted.
    """

    def __init__(self, text: JsonText, names: frozenset[str]) -> None:
        self._text = text
        self._names = names
        self._nobody: dict[str, Any] = {}
        self._frames: list[_Frame] = []
        self._left_out = 0

    def remarks(self) -> Iterator[Remark]:
        """Tell what could not be used."""
        return left_out(self._left_out)

    def elements(self) -> Iterator[Element | None]:
        """Give the elements; raises as the function of this name."""
        text, frames, steps = self._text, self._frames, 0
        mark = text.peek()
        if mark not in ("{", "["):
            raise text.unexpected(mark)
        text.skip()
        frames.append(_Frame(mark, "", ()))
        while frames:
            steps += 1
            if not steps % _OFTEN:
                yield None
            frame = frames[-1]
            mark = text.peek()
            if mark in (frame.end, ","):
                text.skip()
                if mark == frame.end:
                    frames.pop()
            elif frame.is_object:
                yield from self._member(frame, mark)
            elif mark in _NO_VALUE:
                raise text.unexpected(mark)
            elif frame.name in self._names:
                yield from self._element(frame, frame.name)
            else:
                yield from self._value(frame, None)

    def _member(self, frame: _Frame, mark: str) -> Iterator[Element | None]:
        text, key = self._text, ""
        if mark != '"':
            raise text.unexpected(mark)
        try:
            key = text.value()
        except Broken:
            yield from text.pass_over()
        mark = text.peek()
        if mark != ":":
            raise text.unexpected(mark)
        text.skip()
        yield from self._value(frame, key)

    def _element(self, frame: _Frame, name: str) -> Iterator[Element | None]:
        try:
            value = self._text.value()
        except Broken:
            yield from self._text.pass_over()
            self._left_out += 1
        else:
            yield self._made(value, frame.objects, name)

    def _made(
        self, value: object, objects: tuple[dict[str, Any], ...], name: str
    ) -> Element:
        owner = objects[-1] if objects else self._nobody
        return Element(value, owner, objects[:-1], name)

    def _value(self, frame: _Frame, key: str | None) -> Iterator[Element | None]:
        """Take a value that may have wanted lists in it."""
        text = self._text
        mark = text.peek()
        is_scalar = mark not in ("[", "{")
        try:
            value = text.value() if is_scalar else text.small()
        except Broken:
            if is_scalar or len(self._frames) >= _DEEPEST:
                yield from text.pass_over()
                return
            text.skip()
            self._frames.append(_Frame(mark, key, frame.objects))
            return
        if key is not None and key not in self._names:
            frame.keep(key, value, text.size)
        yield from self._inside(value, key, frame.objects, len(self._frames))

    def _inside(
        self,
        value: object,
        name: str | None,
        around: tuple[dict[str, Any], ...],
        depth: int,
    ) -> Iterator[Element]:
        """Look for wanted lists in a value that was decoded whole."""
        if isinstance(value, list) and name is not None and name in self._names:
            for element in value:
                yield self._made(element, around, name)
        elif depth >= _DEEPEST:
            return
        elif isinstance(value, list):
            for inner in value:
                if isinstance(inner, list | dict):
                    yield from self._inside(inner, None, around, depth + 1)
        elif isinstance(value, dict):
            around = (*around, value)
            for key, inner in value.items():
                if isinstance(inner, list | dict):
                    yield from self._inside(inner, key, around, depth + 1)


def left_out(count: int) -> Iterator[Remark]:
    """Tell, where it is so, that some entries could not be used."""
    if count:
        entries = "1 entry" if count == 1 else f"{count:,} entries"
        yield Remark("left_out", f"{entries} left out: broken, or too large")
