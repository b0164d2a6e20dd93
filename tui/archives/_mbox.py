"""Mailboxes in one file: where a message ends and the next one begins.

Each message of an mbox file begins with a line `From SENDER DATE`; lines of its body
that look like one got a `>` in front (the `mboxrd` rule: and those with `>` another).
The file may be gigabytes: it is read once, in order, one message at a time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_BYTES", "Span", "begins_mailbox", "messages", "unquoted"]

MOST_BYTES = 128 * 1024 * 1024
"""No mail is larger, with what it encloses: no server would take it."""

_CHUNK = 1 << 20
_NOTHING = b"\xef\xbb\xbf\r\n"
"""What may stand before the first message: blank lines, and a mark of UTF-8."""
_MARK = b"\nFrom "
_LOOK = 2048
"""Bytes behind a mark that must be known to judge it."""
_DATED = re.compile(rb"[^\r\n]*[0-9]{1,2}:[0-9]{2}[^\r\n]*")
_BARE = re.compile(rb"[^\s]*[ \t]*(?=\r?\n|\Z)")
"""Some programs write no date, and some nothing at all."""
_YEAR = re.compile(rb"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_HEADER = re.compile(rb"\r?\n>?(?:[!-9;-~]{1,80}:|From )")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


class Span(NamedTuple):
    """One message of a mailbox."""

    number: int
    """From 1, in the order of the file."""
    start: int
    """Where it begins in the file, with its `From ` line."""
    end: int
    raw: bytes
    """Its bytes from `start` to `end`; empty when it is larger than any mail."""


def begins_mailbox(head: bytes) -> bool:
    """Tell whether a file that begins so can be a mailbox (an empty one is)."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    return not text or text.startswith(b"From ") or b"From ".startswith(text)


def messages(file: BinaryIO) -> Iterator[Span | None]:
    """Read a mailbox.

    Args:
        file: At its begin.

    Yields:
        The messages in order; None about every megabyte without one.

    Raises:
        OSError: The file can't be read.
    """
    buffer = bytearray()
    start = number = at = dropped = 0
    while True:
        chunk = file.read(_CHUNK)
        buffer += chunk
        while (found := _next_mark(buffer, at, is_last=not chunk)) >= 0:
            end = start + dropped + found
            raw = b"" if dropped else bytes(buffer[:found])
            del buffer[:found]
            if dropped or raw.strip(_NOTHING):
                number += 1
                yield Span(number, start, end, raw)
            start, at, dropped = end, 1, 0
        if not chunk:
            break
        # What was looked at needs no second look, but for a mark that is cut in two.
        at = max(at, len(buffer) - _LOOK - len(_MARK))
        if len(buffer) > MOST_BYTES:
            gone = len(buffer) - 2 * _LOOK
            dropped += gone
            del buffer[:gone]
            at = max(0, at - gone)
        yield None
    if dropped or buffer.strip(_NOTHING):
        raw = b"" if dropped else bytes(buffer)
        yield Span(number + 1, start, start + dropped + len(buffer), raw)


def unquoted(raw: bytes) -> bytes:
    """Take away the `>` that the mailbox put in front of lines of a body."""
    return _QUOTED.sub(rb"\1", raw) if b"\n>" in raw else raw


def _next_mark(buffer: bytearray, at: int, *, is_last: bool) -> int:
    """Where the next message begins; -1 for not in here, or not to be told yet."""
    while (found := buffer.find(_MARK, at)) >= 0:
        if not is_last and found + _LOOK > len(buffer):
            return -1
        if _is_begin(buffer, found):
            return found + 1
        at = found + 1
    return -1


def _is_begin(buffer: bytearray, found: int) -> bool:
    """Tell a message's first line from a sentence that begins with the same word."""
    line = bytes(buffer[found + len(_MARK) : found + _LOOK])
    before = bytes(buffer[max(0, found - 2) : found])
    is_apart = found == 0 or before.endswith(b"\n") or before in {b"\n\r", b"\r"}
    dated = _DATED.match(line)
    if dated is not None and _YEAR.search(dated[0]):
        return is_apart or _HEADER.match(line, dated.end()) is not None
    bare = _BARE.match(line)
    if bare is None or not is_apart:
        return False
    return _HEADER.match(line, bare.end()) is not None
