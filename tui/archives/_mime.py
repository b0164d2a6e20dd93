"""One mail: its header fields as people read them, its text, and its sound.

The grammar is RFC 5322 and MIME (RFC 2045 to 2047, 2231). The parts are split by the
standard library; what fields mean is read here, since half of all mail breaks the rules
and its own readers raise then, or replace letters that are plain UTF-8.
"""

from __future__ import annotations

import binascii
import copy
import re
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tui.archives._mime_names import (
    decoded,
    is_film,
    is_sound,
    letters,
    safe_name,
    utf8,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

__all__ = ["Mail", "Sound", "date_of", "may_hold_sound", "parsed"]

_MOST_FIELD = 64 * 1024
"""Of a header field, what is read."""
_MOST_CONTENT = 4 * 1024
"""Of a field that says what a part is; honest ones have some hundred bytes."""
_MOST_CONTENTS = 512 * 1024
"""Of all these together: reading one may take the square of its length."""
_MOST_BLOCK = 256 * 1024
"""Of the header of a part."""
_MOST_PARTS = 20_000
_MOST_ADDRESSES = 2_000
_TEXT_BYTES = 64 * 1024
"""Of a body, what is decoded to have its first words."""

_CONTENT = re.compile(
    rb"^content-(?:type|disposition)[ \t]*:(.*(?:\r?\n[ \t].*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_HINT = re.compile(
    rb"audio/|application/(?:x-)?ogg|x-caf|\.(?:opus|og[ga]|spx|m4[ab]|aac|mp3|mpga"
    rb"|wave?|amr|awb|3g[ap]|3gpp|caf|qta|flac|wma|web[am]|mka|ai(?:ff?|fc)|au|ape|wv"
    rb"|tta|mp4|mpe?g|asf)|name[^=]{0,3}\*|=\?|%2e",
    re.IGNORECASE,
)
"""What the fields of a part with sound contain, in whatever way they are written."""
_BLANK = re.compile(rb"\r?\n\r?\n")
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{1,320}@[^\s<>()\[\]\",;:@]{1,255}")
_TOKEN = re.compile(r"[A-Za-z0-9-]+")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


class Sound(NamedTuple):
    """A part of a mail that is a recording."""

    number: int
    """Among all parts that have no parts themselves, from 1."""
    name: str
    """Fit for a file: no `/`, no control characters, with the suffix of its format."""
    data: bytes
    told: str
    """What the fields of the part say of it, for those who look for words."""
    seconds: str
    """Its length as the mail tells it; empty when it does not."""


class Mail:
    """A mail; whatever is broken in it reads as empty.

    Args:
        message: As the standard library split it.
    """

    def __init__(self, message: Message) -> None:
        self._message = message

    def field(self, name: str) -> str:
        """A header field, the first of its name, as text on one line."""
        return decoded(_raw_field(self._message, name))

    def addresses(self, *names: str) -> list[tuple[str, str]]:
        """Names and addresses of header fields; in lower case, or empty."""
        found: list[tuple[str, str]] = []
        for name in names:
            for raw in _raw_fields(self._message, name):
                found += _addresses(raw)
        return found[:_MOST_ADDRESSES]

    @cached_property
    def date(self) -> datetime | None:
        """When it was sent: with a zone if it tells one, else a wall clock."""
        return date_of(self.field("Date"))

    @property
    def is_cut(self) -> bool:
        """Whether the end of its last part is missing."""
        from email import errors

        ends = (errors.CloseBoundaryNotFoundDefect, errors.StartBoundaryNotFoundDefect)
        return any(isinstance(defect, ends) for defect in self._message.defects)

    @cached_property
    def sounds(self) -> tuple[Sound, ...]:
        """The parts that are recordings, in order."""
        return tuple(_sounds(self._message))

    def text(self, size: int) -> str:
        """The first characters of the plain text that it begins with."""
        for _, part in _leaves(self._message):
            kind, name, disposition = _content(part)
            if kind != "text/plain" or name or disposition == "attachment":
                continue
            data = _payload(part)[:_TEXT_BYTES]
            text = letters(data, _parameter(part, "charset"))
            lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
            return lines.strip()[:size].rstrip()
        return ""


def may_hold_sound(raw: bytes) -> bool | None:
    """Tell by a quick look whether a mail can have sound in it.

    Args:
        raw: The whole mail, or its begin.

    Returns:
        None when its parts are such that nobody should try to take it apart.
    """
    if b"\n" not in raw:
        return b"\r" in raw
    hint = False
    contents = parts = at = 0
    while at >= 0:
        # A part has its header behind a line that begins with two dashes, as does the
        # next one: without a blank line, its header ends there.
        after = raw.find(b"\n--", at + 1)
        end = min(at + _MOST_BLOCK, after if after >= 0 else len(raw))
        blank = _BLANK.search(raw, at, end)
        for field in _CONTENT.finditer(raw, at, blank.start() if blank else end):
            contents += len(field[1])
            if len(field[1]) > _MOST_CONTENT or contents > _MOST_CONTENTS:
                return None
            hint = hint or _HINT.search(field[1]) is not None
        parts += 1
        if parts > _MOST_PARTS:
            return None
        at = after if after < 0 else after + 1
    return hint


def parsed(raw: bytes) -> Mail | None:
    """Split a mail.

    Args:
        raw: The whole mail; one that `may_hold_sound`.

    Returns:
        None for one that the standard library stumbles over.
    """
    from email.parser import BytesParser
    from email.policy import compat32

    try:
        # This policy splits without reading the fields, so that few can break it.
        return Mail(BytesParser(policy=compat32).parsebytes(raw))
    except Exception:  # noqa: BLE001  # mail is hostile, and the parser has no own error
        return None


def date_of(text: str) -> datetime | None:
    """Read a date of a mail.

    Args:
        text: As in `Thu, 15 Aug 2024 13:26:33 +0200`, with or without its parts.

    Returns:
        With a zone where it has one (`-0000` is none), else a wall clock; None for
        what is no date.
    """
    from email.utils import parsedate_to_datetime

    text = text[:200].strip()
    # Each release of the standard library raises something else for what is no date.
    broken = (ValueError, TypeError, IndexError, OverflowError, AttributeError)
    try:
        return parsedate_to_datetime(text)
    except broken:
        pass
    try:
        return datetime.fromisoformat(text)
    except broken:
        return None


def _raw_fields(message: Message, name: str) -> Iterator[str]:
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            yield utf8(str(value)[:_MOST_FIELD])


def _raw_field(message: Message, name: str) -> str:
    return next(_raw_fields(message, name), "")


def _addresses(raw: str) -> Iterator[tuple[str, str]]:
    from email.utils import getaddresses

    flat = " ".join(raw.split())
    try:
        pairs = getaddresses([flat])
    except (ValueError, TypeError, IndexError, AttributeError, RecursionError):
        pairs = []
    # Of a name that breaks the rules, pieces look like addresses too.
    pairs = [pair for pair in pairs if "@" in pair[1]]
    if not pairs:
        pairs = [("", match[0]) for match in _ADDRESS.finditer(flat)]
        if not pairs and ":" not in flat:
            pairs = [(flat.strip("<> "), "")]
    for name, address in pairs:
        shown, plain = decoded(name).strip("\"' "), decoded(address)
        own = _ADDRESS.search(plain)
        if own is not None:
            plain = own[0].lower()
            yield ("" if shown.lower() == plain else shown), plain
        elif shown or plain:
            yield shown or plain, ""


def _leaves(message: Message) -> Iterator[tuple[int, Message]]:
    """The parts without parts, numbered from 1."""
    from email.message import Message

    number, left = 0, [message]
    while left:
        part = left.pop()
        inside = part.get_payload() if part.is_multipart() else None
        if isinstance(inside, list):
            left += [each for each in reversed(inside) if isinstance(each, Message)]
        else:
            number += 1
            yield number, part


def _sounds(message: Message) -> Iterator[Sound]:
    for number, part in _leaves(message):
        kind, name, _ = _content(part)
        if not is_sound(kind, name):
            continue
        data = _payload(part)
        if not data or (not kind.startswith("audio/") and is_film(name, data)):
            continue
        told = " ".join(
            _raw_field(part, field)
            for field in ("Content-Type", "Content-Disposition", "Content-Description")
        )
        seconds = decoded(_raw_field(part, "Content-Duration"))
        yield Sound(number, safe_name(name, kind, data), data, decoded(told), seconds)


def _content(part: Message) -> tuple[str, str, str]:
    """What a part is: its type, the name of its file, and its disposition."""
    fields = _clean(part)
    try:
        kind = fields.get_content_type()
        name = fields.get_filename() or ""
        disposition = fields.get_content_disposition() or ""
    except Exception:  # noqa: BLE001  # as in `parsed`: the field is a stranger's
        return "", "", ""
    return kind, decoded(name), disposition


def _parameter(part: Message, name: str) -> str:
    try:
        return str(_clean(part).get_param(name) or "")
    except Exception:  # noqa: BLE001  # as in `parsed`
        return ""


def _clean(part: Message) -> Message:
    """The fields that say what a part is, in real letters."""
    from email.message import Message

    fields = Message()
    for name in ("Content-Type", "Content-Disposition"):
        raw = _raw_field(part, name)
        if raw and len(raw) <= _MOST_CONTENT:
            fields[name] = " ".join(raw.split())
    return fields


def _payload(part: Message) -> bytes:
    """The bytes of a part, decoded as far as they can be."""
    told = _TOKEN.search(decoded(_raw_field(part, "Content-Transfer-Encoding")))
    encoding = told[0].lower() if told else ""
    is_base64 = encoding == "base64"
    # The standard library wants the word alone, and gives up on broken base64.
    plain = copy.copy(part)
    del plain["Content-Transfer-Encoding"]
    plain["Content-Transfer-Encoding"] = "8bit" if is_base64 else encoding
    try:
        data = plain.get_payload(decode=True)
    except Exception:  # noqa: BLE001  # as in `parsed`
        return b""
    if not isinstance(data, bytes):
        return b""
    return _of_base64(data) if is_base64 else data


def _of_base64(data: bytes) -> bytes:
    """Decode up to the first end, without what does not belong there."""
    whole = data.partition(b"=")[0]
    letters = _NOT_BASE64.sub(b"", whole)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
