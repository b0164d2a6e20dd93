"""Mail as an archive: the recordings that are enclosed in it are the members.

Three forms: one mail in a file (`.eml`, and the files of a Maildir), and a mailbox with
many (`.mbox`, and the file `mbox` in the folders that Apple Mail exports). Members are
called `<number>-<name>`, by the number of the part in a single mail, and by that of the
mail in a mailbox; where this is taken already, `<mail>.<part>-<name>`.

A mail is only taken apart when a quick look says that there may be sound in it.
"""

from __future__ import annotations

import errno
import io
import os
import re
from contextlib import closing
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from tui.archives._api import Member
from tui.archives._files import open_file
from tui.archives._mbox import MOST_BYTES, Span, begins_mailbox, messages, unquoted
from tui.archives._mime import date_of, may_hold_sound, parsed
from tui.errors import DocumentError, PartialError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tui.archives._mime import Mail, Sound

__all__ = ["MailFormat", "SoundMail", "begins_mail", "is_mailbox", "sound_mails"]

_MAILDIR = re.compile(
    rb"[0-9]{6,12}(?:_[0-9]+)?"  # the second of delivery, and a counter of some
    rb"\.[^./:;!,]+(?:\.[^/:;!]+)?"  # what makes it unique, and the machine
    rb"(?:[:;!]2,[A-Za-z]*)?"  # what is known of it: read, answered, …
)
_RECORDING = re.compile(
    rb".*\.(?:opus|og[ga]|m4a|aac|mp3|wav|amr|awb|3g[ap]|caf|qta|flac|wma|web[am]|mp4)",
    re.IGNORECASE | re.DOTALL,
)
_FIELD = re.compile(rb"(?:>?From [^\r\n]*\r?\n)?[!-9;-~]{1,80}[ \t]*:")
_KNOWN = re.compile(
    rb"^(?:from|to|date|subject|received|return-path|delivered-to|message-id|sender"
    rb"|mime-version|content-type|reply-to|x-[a-z-]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD = 64 * 1024
_FROM_DATE = re.compile(
    r"([A-Z][a-z]{2}) +([0-9]{1,2}) +([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)"
    r"(?: +([+-][0-9]{4}|[A-Z]{2,5}))? +([0-9]{4})(?: +([+-][0-9]{4}))?"
)
"""`Aug 15 13:26:33 2024`, with a zone before or behind the year, or none."""
_NO_MAIL = "it is no mail"
_CHANGED = "the mailbox changed"


class SoundMail(NamedTuple):
    """A mail with recordings in it."""

    number: int
    """In its mailbox, from 1."""
    start: int
    end: int
    """Where it lies in its file, in bytes."""
    mail: Mail | None
    """None for one that can't be taken apart, and has no recordings then."""
    sounds: tuple[tuple[bytes, Sound], ...] = ()
    """The recordings, and what they are called as members of the archive."""
    arrived: datetime | None = None
    """The date of the mailbox's own line, with or without a zone; None without one."""


class MailFormat:
    """Mails and mailboxes, by their names."""

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be a mail or a mailbox.

        Args:
            folder: The path of its folder.
            name: Its name.
        """
        if name[-4:].lower() == b".eml" or is_mailbox(folder, name):
            return True
        if not folder.endswith((b"/cur", b"/new")) or not name[:6].isdigit():
            return False
        return (
            _MAILDIR.fullmatch(name) is not None and _RECORDING.fullmatch(name) is None
        )

    def open(self, path: bytes, secrets: Sequence[bytes]) -> MailArchive:
        """Open a mail or mailbox.

        Args:
            path: The absolute path of the file.
            secrets: Not used.

        Raises:
            PartialError: There is nothing in it yet.
            DocumentError: It is no mail.
            OSError: It can't be read.
        """
        del secrets
        return MailArchive(path)


class MailArchive:
    """An open mail or mailbox.

    Args:
        path: The absolute path of the file.
    """

    def __init__(self, path: bytes) -> None:
        self._path = path
        folder, _, name = path.rpartition(b"/")
        self._is_box = is_mailbox(folder, name)
        self._file = open_file(path)
        try:
            _check(path, self._file, is_box=self._is_box)
        except BaseException:
            self.close()
            raise

    def __del__(self) -> None:
        """Give the file back when a thread ends that had it open."""
        self.close()

    def members(self) -> list[Member]:
        """All recordings, with their sizes when decoded."""
        return [
            Member(path, place.size, place.mtime_ns)
            for path, place in self._places().items()
        ]

    def open(self, path: bytes) -> BinaryIO:
        """Decode a recording into memory.

        Raises:
            FileNotFoundError: There is no such recording.
            OSError: The file can't be read, or changed.
        """
        place = self._places().get(path)
        if place is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        self._file.seek(place.start)
        raw = self._file.read(place.end - place.start)
        found = _taken_apart(Span(place.number, place.start, place.end, raw))
        sounds = found.mail.sounds if found is not None and found.mail else ()
        for sound in sounds:
            if sound.number == place.part and len(sound.data) == place.size:
                return io.BytesIO(sound.data)
        raise OSError(errno.EIO, _CHANGED, self._path + b"//" + path)

    def close(self) -> None:
        """Give the file back; recordings that are open stay so."""
        file = getattr(self, "_file", None)
        if file is not None:
            file.close()

    def _places(self) -> Mapping[bytes, _Place]:
        status = os.fstat(self._file.fileno())
        identity = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev)
        return _listed(self._path, identity, is_box=self._is_box)


class _Place(NamedTuple):
    """Where a recording is in its file."""

    number: int
    start: int
    end: int
    part: int
    size: int
    mtime_ns: int


def is_mailbox(folder: bytes, name: bytes) -> bool:
    """Tell whether a file is one with many mails, by its place and name alone."""
    if name == b"mbox":
        return folder[-5:].lower() == b".mbox"
    return name[-5:].lower() == b".mbox"


def begins_mail(head: bytes) -> bool:
    """Tell whether a file that begins so is a mail.

    Args:
        head: Its first bytes, some kilobytes if there are so many.
    """
    text = _begin(head)
    return _FIELD.match(text) is not None and _KNOWN.search(text) is not None


def sound_mails(file: BinaryIO, *, is_box: bool) -> Iterator[SoundMail | None]:
    """Read the mails with sound of a file; each is forgotten when the next one is read.

    Args:
        file: At its begin.
        is_box: Whether it is a mailbox.

    Yields:
        The mails, and those that can't be taken apart; None now and then where nothing
        is found.

    Raises:
        OSError: The file can't be read.
    """
    for span in messages(file) if is_box else _single(file):
        found = None if span is None else _taken_apart(span)
        yield found and _named(found, is_box=is_box)


def _single(file: BinaryIO) -> Iterator[Span]:
    raw = file.read(MOST_BYTES + 1)
    yield Span(1, 0, len(raw), raw if len(raw) <= MOST_BYTES else b"")


def _begin(raw: bytes) -> bytes:
    return raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")


def _taken_apart(span: Span) -> SoundMail | None:
    """Take a mail apart that may have sound in it; None for one that has none."""
    number, start, end, raw = span
    if not raw:
        return SoundMail(number, start, end, None)
    raw = _begin(raw)
    hint = may_hold_sound(raw)
    if hint is False:
        return None
    first = b""
    if raw.startswith(b"From "):
        first = raw[:1024].partition(b"\n")[0]
        raw = unquoted(raw)
    mail = parsed(raw) if hint else None
    if mail is None:
        return SoundMail(number, start, end, None)
    if not mail.sounds:
        return None
    return SoundMail(number, start, end, mail, (), _arrival(first))


def _named(found: SoundMail, *, is_box: bool) -> SoundMail:
    """Give the recordings the names that they have as members."""
    if found.mail is None:
        return found
    names: dict[str, Sound] = {}
    for sound in found.mail.sounds:
        number = found.number if is_box else sound.number
        name = f"{number}-{sound.name}"
        if name in names:
            name = f"{number}.{sound.number}-{sound.name}"
        names[name] = sound
    sounds = tuple((name.encode(), sound) for name, sound in names.items())
    return found._replace(sounds=sounds)


def _arrival(line: bytes) -> datetime | None:
    text = line.decode("ascii", "replace")
    match = _FROM_DATE.search(text)
    if match is not None:
        month, day, clock, zone, year, late_zone = match.groups()
        return date_of(f"{day} {month} {year} {clock} {zone or late_zone or ''}")
    return date_of(" ".join(text.split()[2:]))


def _check(path: bytes, file: BinaryIO, *, is_box: bool) -> None:
    head = file.read(_HEAD)
    file.seek(0)
    if not head.strip(b"\0"):
        # An empty mailbox is one that nobody wrote to.
        if is_box and not head:
            return
        raise PartialError(path, "it is empty, or still being copied")
    if not (begins_mailbox(head) if is_box else begins_mail(head)):
        raise DocumentError(path, "it is no mailbox" if is_box else _NO_MAIL)


@lru_cache(maxsize=8)
def _listed(
    path: bytes,
    identity: tuple[int, ...],  # noqa: ARG001  # a changed file is another one
    *,
    is_box: bool,
) -> Mapping[bytes, _Place]:
    """Find the recordings of a file: once for all threads, a mailbox may be huge."""
    places = {}
    with closing(open_file(path)) as file:
        for found in sound_mails(file, is_box=is_box):
            if found is None or found.mail is None:
                continue
            mtime_ns = _ns(found.mail.date or found.arrived)
            for name, sound in found.sounds:
                places[name] = _Place(
                    found.number,
                    found.start,
                    found.end,
                    sound.number,
                    len(sound.data),
                    mtime_ns,
                )
    return places


def _ns(date: datetime | None) -> int:
    """The time of a mail; a wall clock is taken to be this machine's."""
    if date is None or not 1990 <= date.year < 2100:
        return 0
    try:
        return int(date.astimezone(UTC).timestamp()) * 1_000_000_000
    except (ValueError, OverflowError, OSError):
        return 0
