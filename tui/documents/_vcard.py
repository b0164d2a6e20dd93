"""The grammar of address books: vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350).

The three differ in how lines are folded and how text is encoded; phones write mixtures.
So the version decides only where the same bytes mean two things, and everything that
any of them allows is understood in all. Libraries were tried: vobject gives a whole
file up at the first line that it does not understand, the soft breaks of vCard 2.1 and
cards without an end among them; none reads on behind a broken card. Of a card nothing
is kept but names, numbers and mail addresses, pictures are never in memory.
"""

from __future__ import annotations

import binascii
import contextlib
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Card", "CardReader"]

_LONGEST = 65_536
"""Characters of a line that are looked at; longer ones are pictures."""
_MOST = 100
"""Numbers and addresses of one card that are kept."""
_LONGEST_NAME = 500
_BREATH = 1000
"""After how many lines the reader lets others work."""

_WANTED = re.compile(
    rb"(?:[A-Za-z0-9-]+\.)?"
    rb"(?P<name>BEGIN|END|VERSION|FN|N|ORG|NICKNAME|TEL|EMAIL|AGENT)[ \t]*[;:]",
    re.IGNORECASE,
)
_PROPERTY = re.compile(
    rb"[^:;]+(?P<parameters>(?:;(?:\"[^\"]*\"|[^\":;])*)*)[ \t]*:(?P<value>.*)",
    re.DOTALL,
)
_EDGE = re.compile(rb"(?:BEGIN|END)[ \t]*:[ \t]*VCARD[ \t]*", re.IGNORECASE)
_BASE64 = re.compile(rb"[;=]\"?(?:BASE64|B)\"?(?:;|$)", re.IGNORECASE)
_QUOTED = b"QUOTED-PRINTABLE"
_CHARSET = re.compile(rb"CHARSET=\"?(?P<name>[A-Za-z0-9_.:-]+)", re.IGNORECASE)
_WAID = re.compile(rb"WAID=\"?\+?(?P<number>[0-9]{5,15})", re.IGNORECASE)
"""WhatsApp's own parameter of a number, in the cards that it sends."""
_ESCAPED = re.compile(r"\\([nN,;:\\])")
_PART = re.compile(r"((?:[^;\\]|\\.|\\$)*)(?:;|$)", re.DOTALL)
_MARK = b"\xef\xbb\xbf"
_EAST = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff]+"
)
"""Names that are written family first, without a space."""


class Card(NamedTuple):
    """What is kept of one card."""

    name: str
    """Empty when the card has none."""
    numbers: tuple[tuple[str, str], ...]
    """Phone numbers as written, each with the digits of WhatsApp's address for it,
    which only some cards have; either may be empty."""
    mails: tuple[str, ...]
    """Mail addresses in lower case."""


@dataclass(slots=True)
class _Draft:
    """A card that is being read."""

    names: dict[bytes, str] = field(default_factory=dict)
    numbers: list[tuple[str, str]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    is_old: bool = False
    """Whether it is of version 2.1, whose folds keep the space that they begin with."""
    has_lines: bool = False
    """Whether there was a property at all."""


class CardReader:
    """Reads the cards of one file, once.

    Args:
        file: The file, at its beginning.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seen = 0
        """How many cards began."""
        self.broken = 0
        """How many cards had nothing in them that could be understood."""
        self.is_cut = False
        """Whether the file ended inside of a card, though its others have an end."""
        self._unended = 0
        self._card: _Draft | None = None
        self._nested = 0
        self._name = b""
        self._line: list[bytes] = []
        self._quoted = False
        self._soft = False
        self._after_agent = False

    def cards(self) -> Iterator[Card | None]:
        """Read card by card.

        Yields:
            The cards; None after each thousand lines.

        Raises:
            OSError: The file can't be read.
        """
        whole = True
        for count, (line, whole) in enumerate(_lines(self._file), 1):  # noqa: B007  # of the last line
            if count % _BREATH == 0:
                yield None
            card = self._take(line)
            if card is not None:
                yield card
        card = self._last(whole=whole)
        if card is not None:
            yield card

    def _take(self, line: bytes) -> Card | None:
        """Take the next line of the file; returns a card that ends with it."""
        edge = _EDGE.fullmatch(line)
        if edge is None:
            if self._soft:
                self._add(line)
            elif line[:1] in {b" ", b"\t"}:
                is_old = self._card is not None and self._card.is_old
                self._add(line if is_old else line[1:])
            else:
                self._flush()
                self._start(line)
            return None
        self._flush()
        return self._begin() if line[:1] in b"Bb" else self._end()

    def _start(self, line: bytes) -> None:
        """Begin a property."""
        match = _WANTED.match(line)
        if match is not None:
            self._name = match["name"].upper()
        elif b":" in line and self._card is not None:
            self._card.has_lines = True
            self._after_agent = False
        self._quoted = _QUOTED in line.partition(b":")[0].upper()
        self._add(line)

    def _add(self, line: bytes) -> None:
        """Add a line to the property, if that is one that is kept."""
        if self._quoted:
            line = line.rstrip(b" \t")
            self._soft = line.endswith(b"=")
            line = line[:-1] if self._soft else line
        if self._name and len(self._line) < _MOST:
            self._line.append(line)

    def _flush(self) -> None:
        """Take the property that is complete now."""
        line, name = b"".join(self._line), self._name
        self._line, self._name, self._quoted, self._soft = [], b"", False, False
        card = self._card
        if not line or card is None or self._nested:
            return
        match = _PROPERTY.fullmatch(line)
        head, _, value = line.partition(b":")
        if match is not None:
            head, value = match["parameters"], match["value"]
        if name == b"VERSION":
            card.is_old = value.strip() == b"2.1"
            return
        card.has_lines = True
        self._after_agent = name == b"AGENT" and not value.strip()
        if name != b"AGENT":
            _keep(card, name, head, value)

    def _begin(self) -> Card | None:
        if self._card is not None and self._after_agent and not self._nested:
            self._nested, self._after_agent = 1, False
            return None
        card = self._card
        self._unended += card is not None
        self.seen += 1
        self._card, self._nested, self._after_agent = _Draft(), 0, False
        return self._finished(card)

    def _end(self) -> Card | None:
        if self._nested:
            self._nested = 0
            return None
        card, self._card = self._card, None
        if card is None:
            self.broken += 1  # its beginning is missing
        return self._finished(card)

    def _last(self, *, whole: bool) -> Card | None:
        if self._card is None:
            return None
        self.is_cut = not self._unended
        if self.is_cut and not whole:
            self._line = []  # half a number is another number
        self._flush()
        card, self._card = self._card, None
        return self._finished(card)

    def _finished(self, card: _Draft | None) -> Card | None:
        if card is None:
            return None
        if not card.has_lines:
            self.broken += 1
            return None
        order = (b"FN", b"N", b"ORG", b"NICKNAME")
        name = next((card.names[key] for key in order if card.names.get(key)), "")
        return Card(name, tuple(card.numbers), tuple(card.mails))


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield the lines in UTF-8 or whatever they are in, and whether each has an end."""
    encoding = _encoding(file)
    kept = "latin-1" if encoding == "latin-1" else "utf-8"
    text = io.TextIOWrapper(file, encoding, errors="replace", newline=None)
    inside = False
    try:
        while line := text.readline(_LONGEST):
            whole = line.endswith("\n")
            if not inside:
                data = line.encode(kept, "replace").rstrip(b"\n")
                yield data.removeprefix(_MARK), whole
            inside = not whole
    finally:
        # The file is its owner's, who may have closed it before.
        with contextlib.suppress(ValueError):
            text.detach()


def _encoding(file: BinaryIO) -> str:
    """Tell in which wide encoding a file is; `latin-1` where one byte is one."""
    head = file.read(4)
    file.seek(0)
    if head in {b"\xff\xfe\0\0", b"\0\0\xfe\xff"}:
        return "utf-32"
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le"
    if head[:1] == b"\0" and head[1:2] not in {b"", b"\0"}:
        return "utf-16-be"
    return "latin-1"


def _keep(card: _Draft, name: bytes, parameters: bytes, value: bytes) -> None:
    """Add a property to a card."""
    if card.names.get(b"FN") and name not in {b"TEL", b"EMAIL"}:
        return
    text = _text(parameters, value)
    if name == b"TEL":
        waid = _WAID.search(parameters)
        digits = waid["number"].decode() if waid is not None else ""
        if (text.strip() or digits) and len(card.numbers) < _MOST:
            card.numbers.append((_unescaped(text).strip(), digits))
    elif name == b"EMAIL":
        mail = _unescaped(text).strip().lower().removeprefix("mailto:").strip("<>")
        local, at, host = mail.rpartition("@")
        if local and at and host and mail.isprintable() and " " not in mail:
            card.mails.append(mail[:_LONGEST_NAME])
    elif not card.names.get(name):
        card.names[name] = _name(name, text)


def _text(parameters: bytes, value: bytes) -> str:
    """Decode a value."""
    if not parameters and value.isascii():
        return value.decode("ascii")
    upper = parameters.upper()
    if _QUOTED in upper:
        value = binascii.a2b_qp(value)
    elif _BASE64.search(parameters):
        try:
            value = binascii.a2b_base64(value)
        except binascii.Error:
            return ""
    match = _CHARSET.search(parameters)
    for charset in (match["name"].decode() if match is not None else "utf-8", "utf-8"):
        try:
            text = value.decode(charset)
        except (LookupError, ValueError):
            continue
        # Some charsets have halves of characters, which no other can write.
        return text.encode("utf-8", "replace").decode()
    return value.decode("cp1252", "replace")


def _name(kind: bytes, text: str) -> str:
    """Make a name of the value of one of the properties that hold one."""
    if kind == b"FN":
        return _clean(_unescaped(text))
    parts = [_clean(_unescaped(part)) for part in _PART.findall(text)]
    if kind == b"N":
        return _composed([*parts, "", "", "", "", ""])
    if kind == b"NICKNAME":
        return _clean(re.split(r"(?<!\\),", text)[0].replace("\\,", ","))
    return ", ".join(part for part in parts if part)


def _composed(parts: list[str]) -> str:
    """Put family, given and other names, prefix and suffix in the order of speech."""
    family, given, others, prefix, suffix = parts[:5]
    if _EAST.fullmatch(family) and _EAST.fullmatch(given):
        return _clean(f"{family}{given}")
    return _clean(f"{prefix} {given} {others} {family} {suffix}")


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda match: " " if match[1] in "nN" else match[1], text)


def _clean(text: str) -> str:
    """Put a name on one line; what has nothing but separators is none."""
    name = " ".join(text.replace("\0", "").split())[:_LONGEST_NAME]
    return name if name.strip(" ,;.") else ""
