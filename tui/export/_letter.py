"""One mail: what is told of its notes, and their sound as attachments.

Headers and the names of attachments are written by the standard library's `email`
package; sound passes through in blocks of whole lines, so that a mail of any size takes
no memory. The same notes make the same bytes, as long as the date is not said.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cached_property
from typing import IO, TYPE_CHECKING, NamedTuple

from tui.export._tags import words_of
from tui.export._texts import lines, one_line
from tui.model import Precision
from tui.text import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tui.export._tags import Words
    from tui.mailing import Mailbox
    from tui.model import Note

__all__ = ["IDENTITY", "Attachment", "Envelope", "Letter", "encoded_size", "mime_of"]

IDENTITY = "X-Earmark-Id"
"""The header by which a mail is known again."""

_LINE = 57
"""Bytes that make a line of 76 characters in Base64."""
_BLOCK = _LINE * 4096
_SUBJECT = 200
"""Characters of a subject; what is longer is cut."""
_HEADERS = 3_000
"""More than all headers of a mail have but the addresses."""

_MIME = {
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".aac": "audio/aac",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".amr": "audio/amr",
    ".3gp": "audio/3gpp",
    ".caf": "audio/x-caf",
    ".webm": "audio/webm",
    ".mp4": "video/mp4",
}


def mime_of(name: str) -> str:
    """Tell what kind of file it is.

    Args:
        name: Its name.
    """
    return _MIME.get(os.path.splitext(name)[1].lower(), "application/octet-stream")  # noqa: PTH122  # a name, no path


def encoded_size(size: int) -> int:
    """Tell how many bytes Base64 makes of some, with its ends of lines.

    Args:
        size: How many.
    """
    return 4 * -(-size // 3) + 2 * -(-size // _LINE)


def _text_room(text: str) -> int:
    """Tell how many bytes a text takes at most, with the blank line after it."""
    return encoded_size(len(text.encode()) + text.count("\n") + 8)


class Envelope(NamedTuple):
    """What all mails of a run have in common."""

    sender: Mailbox | None
    """None for a draft whose sender the mail program fills in."""
    recipients: tuple[Mailbox, ...]
    subject: str = ""
    """Empty for chat and dates."""
    text: str = ""

    @property
    def needs_utf8(self) -> bool:
        """Whether an address has other characters than ASCII."""
        boxes = (*filter(None, [self.sender]), *self.recipients)
        return not all(box.is_ascii for box in boxes)

    @property
    def room(self) -> int:
        """About the bytes of a mail without notes, rather more than less."""
        boxes = (*filter(None, [self.sender]), *self.recipients)
        named = sum(len(str(box).encode()) for box in boxes)
        return _HEADERS + 3 * named + _text_room(lines(self.text))


@dataclass(frozen=True)
class Attachment:
    """A note in a mail."""

    note: Note
    name: str
    """What the file is called; one that `_names.safe` gave."""
    size: int
    digest: str
    """What only this sound has, in this format."""

    @cached_property
    def head(self) -> bytes:
        """Its headers, with the blank line that ends them."""
        part = EmailMessage(policy=SMTP)  # for the name alone: it takes a millisecond
        part.add_header("Content-Disposition", "attachment", filename=self.name)
        kind = f"Content-Type: {mime_of(self.name)}\r\n".encode()
        return kind + b"Content-Transfer-Encoding: base64\r\n" + bytes(part)

    @cached_property
    def words(self) -> Words:
        """What is known of it, fit for showing."""
        return words_of(self.note)

    @cached_property
    def told(self) -> str:
        """What is told of it, in some lines."""
        note = self.note
        words = self.words
        moment = words.date.replace("T", " ")
        if note.row.precision is Precision.MTIME:
            moment += " (time of the file)"
        who = (
            [words.sender] if words.sender == words.chat else [words.sender, words.chat]
        )
        length = clock(note.row.duration_ms) if note.row.duration_ms else ""
        facts = [moment, " in ".join(filter(None, who)), length]
        title = one_line(note.row.title)
        told = [", ".join(filter(None, facts)), *([title] if title else []), self.name]
        told += [f"| {line}" for line in words.transcript.split("\n") if line]
        return "\n   ".join(told)

    @property
    def room(self) -> int:
        """The bytes that it takes in a mail, rather more than less."""
        told = _text_room(f"9999. {self.told}")
        return len(self.head) + 60 + encoded_size(self.size) + told


class Letter:
    """A mail that is put together; sound lies in a spool until it is written.

    Args:
        envelope: What it has in common with others.
        spool: Where the sound of its attachments lies, one after the other.
        number: Counts the mails of a run from 1.
    """

    def __init__(self, envelope: Envelope, spool: IO[bytes], number: int) -> None:
        self._envelope = envelope
        self.spool = spool
        self._number = number
        self.attachments: list[Attachment] = []
        self.room = envelope.room
        """The most bytes that it has now."""

    def add(self, attachment: Attachment) -> None:
        """Attach a note."""
        self.attachments.append(attachment)
        self.room += attachment.room

    def subject(self, *, is_last: bool) -> str:
        """Tell what stands above it.

        Args:
            is_last: Whether no other follows.
        """
        is_all = self._number == 1 and is_last
        is_one = is_all and len(self.attachments) == 1
        what = "Voice note" if is_one else "Voice notes"
        subject = one_line(self._envelope.subject) or self._usual_subject(what)
        # What looks like an encoded word would be decoded by who reads it.
        subject = subject.replace("=?", "= ?")[:_SUBJECT].strip()
        if is_all:
            return subject
        return f"{subject} (part {self._number}{', the last' if is_last else ''})"

    def _usual_subject(self, what: str) -> str:
        words = [each.words for each in self.attachments]
        chats = list(dict.fromkeys(each.chat for each in words))
        days = sorted(each.date[:10] for each in words)
        chat = chats[0] if len(chats) == 1 else f"{len(chats):,} chats"
        dates = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
        return f"{what} from {chat}, {dates}" if chat else f"{what}, {dates}"

    @property
    def identity(self) -> str:
        """What only a mail with just these notes for just these people has."""
        return self._identity(self.text)

    def _identity(self, text: str) -> str:
        envelope = self._envelope
        facts = (
            envelope.sender,
            envelope.recipients,
            one_line(envelope.subject),
            text,
            [(each.name, each.digest) for each in self.attachments],
        )
        return hashlib.sha256(ascii(facts).encode()).hexdigest()[:32]

    @property
    def text(self) -> str:
        """What it says of its notes."""
        lengths = [each.note.row.duration_ms or 0 for each in self.attachments]
        count = len(lengths)
        notes = "1 voice note" if count == 1 else f"{count:,} voice notes"
        if sum(lengths):
            notes += f", {clock(sum(lengths))}"
        head = [lines(self._envelope.text), notes]
        told = [f"{at}. {each.told}" for at, each in enumerate(self.attachments, 1)]
        return "\n\n".join(filter(None, [*head, *told])) + "\n"

    def message(
        self, *, is_last: bool, more: Sequence[tuple[str, str]] = ()
    ) -> Written:
        """Write it.

        Args:
            is_last: Whether no other follows.
            more: Headers, for a draft or for the way.
        """
        text = self.text
        identity = self._identity(text)
        boundary = f"=_earmark-{identity}".encode()
        head = EmailMessage(policy=SMTP.clone(utf8=self._envelope.needs_utf8))
        head["Subject"] = self.subject(is_last=is_last)
        if self._envelope.sender:
            head["From"] = _address(self._envelope.sender)
        if self._envelope.recipients:
            head["To"] = [_address(each) for each in self._envelope.recipients]
        for name, value in more:
            head[name] = value
        head[IDENTITY] = identity
        head["MIME-Version"] = "1.0"
        # Not by the package, which would write the parts as well, none of which it has.
        kind = b'Content-Type: multipart/mixed;\r\n boundary="' + boundary + b'"\r\n'
        top = bytes(head).removesuffix(b"\r\n") + kind + b"\r\n"
        return Written(self, top, boundary, _text_part(text))


class Written:
    """A mail as it goes its way.

    Args:
        letter: What it is of.
        head: Its headers.
        boundary: What parts it.
        text: The part with its text.
    """

    def __init__(
        self, letter: Letter, head: bytes, boundary: bytes, text: bytes
    ) -> None:
        self._letter = letter
        self._top = head + b"--" + boundary + b"\r\n" + text
        self._between = b"\r\n--" + boundary + b"\r\n"
        self._end = b"\r\n--" + boundary + b"--\r\n"
        self._heads = [each.head for each in letter.attachments]

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return (
            len(self._top)
            + sum(
                len(self._between) + len(head) + encoded_size(each.size)
                for head, each in zip(
                    self._heads, self._letter.attachments, strict=True
                )
            )
            + len(self._end)
        )

    def blocks(self) -> Iterator[bytes]:
        """Yield it; each block ends with a line."""
        yield self._top
        spool = self._letter.spool
        spool.seek(0)
        for head, each in zip(self._heads, self._letter.attachments, strict=True):
            yield self._between + head
            left = each.size
            while left:
                block = spool.read(min(left, _BLOCK))
                left -= len(block)
                yield base64.encodebytes(block).replace(b"\n", b"\r\n")
        yield self._end


def _address(box: Mailbox) -> Address:
    # A name with a sign of mail would be taken for one by who reads it.
    return Address(one_line(box.name), box.local, box.domain)


def _text_part(text: str) -> bytes:
    """Write a text, as it is where every server takes it, else in Base64."""
    part = EmailMessage(policy=SMTP)
    longest = max(map(len, text.split("\n")))
    is_plain = text.isascii() and longest < 900
    part.set_content(text, cte="7bit" if is_plain else "base64")
    del part["MIME-Version"]
    return bytes(part).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def way_headers(sender: Mailbox, identity: str, now: datetime) -> list[tuple[str, str]]:
    """Give the headers that a mail has when it is sent.

    Args:
        sender: Whom it is from.
        identity: What only this mail has.
        now: The time, with its zone.
    """
    from email.utils import format_datetime

    return [
        ("Date", format_datetime(now)),
        ("Message-ID", f"<{identity}@{sender.domain}>"),
    ]
