r"""What saved files are called: templates, and names that every file system takes.

A name is good on ext4, APFS, NTFS and FAT alike, so that a folder can be copied from
one to the other: no `<>:"/\|?*`, nothing that can't be seen or turns the writing, no
blank or dot at an end, no name of a device, at most 255 bytes, composed (NFC). What a
chat is called never makes a folder; a `/` of the template does.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tui.errors import UsageError
from tui.model import Direction, Precision
from tui.query import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.model import Note

__all__ = [
    "DEFAULT_TEMPLATE",
    "FIELDS",
    "Template",
    "collision_key",
    "facts_of",
    "numbered",
    "parse_template",
    "safe",
    "safe_suffix",
]

DEFAULT_TEMPLATE = "{date} {time} {chat} {sender}"
FIELDS = ("date", "time", "chat", "sender", "title", "n", "hash")
"""What a template may ask for. `n` counts the notes; `hash` is how the id begins."""

_TEXTS = frozenset({"chat", "sender", "title"})
"""Fields that may be long: these are cut first."""
_LONGEST = 255
"""Bytes of a name on ext4 and APFS, UTF-16 units on NTFS and FAT."""
_CUTS = (200, 150, 100, 80, 60, 40, 20)
"""To so many bytes the texts of a name are cut, until it is short enough."""
_ROOM = len(" (999999)")
"""Left for a number, by which names that are the same are told apart."""
_SUFFIX = 16
"""A longer suffix is none."""
_HASH = 8

_PLAIN = str.maketrans(
    {
        "/": "-",
        "\\": "-",
        ":": "-",
        "|": "-",
        '"': "'",
        "<": "(",
        ">": ")",
        "?": None,
        "*": None,
    }
)
"""What FAT and NTFS do not take, and what stands for it."""
_JOINERS = frozenset("\u200d\ufe0f\ufe0e")
"""What ties an emoji together; harmless, and needed for it."""
_NO_JOINERS = dict.fromkeys(map(ord, _JOINERS))
_BLANK = frozenset({"Cc", "Zl", "Zp", "Zs"})
_UNKNOWN = frozenset({"Cs", "Co", "Cn"})
"""Bytes that are no text, and characters that APFS does not take."""
_PARTING = " -_.,"
"""What only parts a field off from the next."""
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])\Z",
    re.IGNORECASE,
)
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def _clean(text: str) -> str:
    """Leave out of a text what can't stand in a name; its ends stay."""
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_seen, text))
        text = unicodedata.normalize("NFC", text)
    return re.sub(" {2,}", " ", text)


def _seen(char: str) -> str:
    if char in _JOINERS:
        return char
    category = unicodedata.category(char)
    if category in _BLANK:
        return " "
    if category in _UNKNOWN:
        return "_"
    return "" if category == "Cf" else char


def _size(name: str) -> int:
    """Measure a name as the file system does that has the least room for it."""
    parted = unicodedata.normalize("NFD", name)  # as HFS+ keeps it
    return max(len(name.encode()), len(parted.encode("utf-16-le")) // 2)


def _cut(text: str, most: int) -> str:
    """Shorten a text to a number of bytes, at no place inside of what is one sign."""
    if _size(text) <= most:
        return text
    end = min(len(text), most)
    while end and _size(text[:end]) > most:
        end -= 1
    while end and (_is_tied(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end]


def _is_tied(char: str) -> bool:
    return char in _JOINERS or unicodedata.combining(char) != 0


def _trimmed(name: str) -> str:
    """Take away what may not stand at an end; a dot in front would hide the file."""
    return name.strip(" ").lstrip(". ").rstrip(". \u200d")


def safe(name: str, suffix: str = "") -> str:
    """Make a name of a text that every file system takes.

    Args:
        name: Any text.
        suffix: How the name ends, with its dot; one that `safe_suffix` gave.

    Returns:
        The name, with room for a number; `_` where nothing of the text is left.
    """
    name = _trimmed(_clean(name))
    room = _LONGEST - _ROOM - _size(suffix)
    name = _trimmed(_cut(name, room)) or "_"
    head, dot, tail = name.partition(".")
    if _DEVICE.match(head.rstrip(" ")):
        name = f"{head.rstrip(' ')}_{dot}{tail}"
    return name + suffix


def safe_suffix(file_name: bytes) -> str:
    """Give the suffix of a file's name, as far as it may stand in a new one.

    Args:
        file_name: The name, or the path.

    Returns:
        The suffix in lower case with its dot; empty for none.
    """
    stem, dot, suffix = file_name.rpartition(b"/")[2].rpartition(b".")
    is_plain = suffix.isalnum() and suffix.isascii() and len(suffix) <= _SUFFIX
    return f".{suffix.decode().lower()}" if stem and dot and is_plain else ""


def numbered(name: str, suffix: str, number: int) -> str:
    """Tell a name from others that are the same: `name (2).mp3`.

    Args:
        name: The whole name.
        suffix: How it ends.
        number: The number; 1 for the first, which has none.
    """
    if number < 2:
        return name
    return f"{name.removesuffix(suffix)} ({number}){suffix}"


def collision_key(path: str) -> str:
    """Give what is the same for paths that some file system takes for the same.

    Args:
        path: Names with `/` between them.
    """
    text = unicodedata.normalize("NFKC", path)
    text = text.upper().casefold().translate(_NO_JOINERS)
    return unicodedata.normalize("NFKC", text)


def facts_of(note: Note, number: int) -> dict[str, str]:
    """Tell what fields of a template stand for; empty for what is not known.

    Args:
        note: The note.
        number: The place of the note among those that are saved, from 1.
    """
    row = note.row
    moment = wall_clock(row)
    me = "me" if row.direction is Direction.SENT else ""
    return {
        "date": f"{moment:%Y-%m-%d}",
        "time": "" if row.precision is Precision.DAY else f"{moment:%H-%M-%S}",
        "chat": row.chat_title,
        "sender": row.sender or me,
        "title": row.title,
        "n": f"{number:04}",
        "hash": note.key[:_HASH],
    }


@dataclass(frozen=True, slots=True)
class Template:
    """Parts of a path; each is made of texts and, at odd places, names of fields."""

    parts: tuple[tuple[str, ...], ...]

    def render(self, facts: Mapping[str, str], suffix: str) -> tuple[str, ...]:
        """Give the names of the folders, and that of the file.

        Args:
            facts: What the fields stand for.
            suffix: How the file's name ends, with its dot.
        """
        ends = [""] * (len(self.parts) - 1) + [suffix]
        return tuple(
            _named(part, facts, end) for part, end in zip(self.parts, ends, strict=True)
        )


def _named(part: tuple[str, ...], facts: Mapping[str, str], suffix: str) -> str:
    """Make one name; its texts are shortened before anything else is."""
    values = {field: _trimmed(_clean(facts[field])) for field in part[1::2]}
    if values.get("sender") == values.get("chat"):
        values["sender"] = ""  # a chat with one person has that one's name
    room = _LONGEST - _ROOM - _size(suffix)
    name = _joined(part, values)
    for most in _CUTS:
        if _size(name) <= room:
            break
        name = _joined(
            part,
            {
                field: _trimmed(_cut(value, most)) if field in _TEXTS else value
                for field, value in values.items()
            },
        )
    return safe(name, suffix)


def _joined(part: tuple[str, ...], values: Mapping[str, str]) -> str:
    """Put texts and values together; what parts an empty one off goes with it."""
    name = ""
    text = part[0]
    is_whole = True
    for field, after in zip(part[1::2], part[2::2], strict=True):
        if values[field]:
            name += (text if name or is_whole else text.lstrip(_PARTING)) + values[
                field
            ]
            text = after
        else:
            text = _without(text, after)
            is_whole = False
    return name + (text if is_whole else text.rstrip(_PARTING))


def _without(before: str, after: str) -> str:
    """Give what is left of the texts around a value that is empty."""
    if before[-1:] + after[:1] in {"()", "[]"}:
        before, after = before[:-1], after[1:]
    if before.strip(_PARTING):
        return before + after
    return after or before


def parse_template(text: str) -> Template:
    """Read a template.

    Args:
        text: Fields in braces, with texts between them; `/` makes folders, `{{` and
            `}}` are braces.

    Raises:
        UsageError: It can't be understood; the message names the place.
    """
    parts: list[tuple[str, ...]] = []
    pieces = [""]
    for literal, field in _pieces(text):
        first, *others = literal.split("/")
        pieces[-1] += first
        for other in others:
            parts.append(tuple(pieces))
            pieces = [other]
        if field:
            pieces += [field, ""]
    parts.append(tuple(pieces))
    for part in parts:
        if len(part) == 1 and not _trimmed(_clean(part[0])):
            what = "an empty name" if not part[0].strip() else f"the name {part[0]}"
            raise UsageError(f"the names {text!r} have {what} in them")
    return Template(tuple((_clean(part[0]), *_inner(part)) for part in parts))


def _inner(part: tuple[str, ...]) -> Iterator[str]:
    for field, after in zip(part[1::2], part[2::2], strict=True):
        yield field
        yield _clean(after)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before a field, and the field; empty behind the last."""
    literal, at = "", 0
    for found in _FIELD.finditer(text):
        literal += text[at : found.start()]
        at = found.end()
        if found[0] in {"{{", "}}"}:
            literal += found[0][0]
            continue
        place = f"at character {found.start() + 1} of the names {text!r}"
        if found[1] is None:
            raise UsageError(f"{found[0]} stands alone {place}: write it twice")
        field = found[1].strip().lower()
        if field not in FIELDS:
            known = ", ".join(f"{{{each}}}" for each in FIELDS)
            near = get_close_matches(field, FIELDS, 1)
            hint = f"; did you mean {{{near[0]}}}?" if near else ""
            raise UsageError(f"no field {found[0]} {place}: there are {known}{hint}")
        yield literal, field
        literal = ""
    yield literal + text[at:], ""
