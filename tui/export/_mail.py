"""Notes as attachments of mails: drafts in files, or sent by the user's own server.

A mail is as large as it may be, then another one follows. Which is the last is known
when the notes end; so mails are called `(part 1)`, `(part 2)`, `(part 3, the last)`.
At most one mail is held at a time, on the disk.
"""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from tui.errors import AudioError
from tui.export._files import expected_size
from tui.export._formats import Format
from tui.export._jobs import Outcome, Progress, Result, Stopped
from tui.export._letter import (
    IDENTITY,
    Attachment,
    Envelope,
    Letter,
    way_headers,
)
from tui.export._names import numbered, safe
from tui.export._originals import read_through, write_all
from tui.export._plan import plan
from tui.export._sent import Sent
from tui.export._smtp import Post
from tui.export._tags import mark_of
from tui.export._write import Folders, new_part, writing
from tui.mailing import parse_mailbox

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tui.export._formats import Options
    from tui.export._jobs import Steering
    from tui.export._plan import Planned
    from tui.export._requests import MailRequest
    from tui.model import Note

__all__ = ["MailJob"]

_SUFFIX = ".eml"
_BLOCK = 1024 * 1024
_HEAD = 16_384
"""Bytes in which the headers of a draft stand."""
_END = 80


class MailJob:
    """Writes drafts, or sends mails.

    What a mail that was sent is called in results is its subject, with `.eml`.

    Args:
        request: What to whom.
        roots: The folders of all sources.
        now: Tells the time.
    """

    def __init__(
        self,
        request: MailRequest,
        roots: Iterable[bytes],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._request = request
        self._folders = Folders(roots)
        sender = request.sender or request.server.sender
        self._envelope = Envelope(
            parse_mailbox(sender) if sender else None,
            tuple(map(parse_mailbox, request.recipients)),
            request.subject,
            request.text,
        )
        self._now = now

    def check(self) -> None:
        """Refuse drafts in a source."""
        if self._request.folder is not None:
            self._folders.check(self._request.folder)

    def preview(self, notes: Iterable[Note], total: int) -> Iterator[Result]:  # noqa: ARG002  # as in all jobs
        """Tell which mails there would be, as far as sizes are known."""
        self.check()
        options = self._request.options
        spool = _Expected(options)
        with closing(self._letters(notes, spool, self._request.most_bytes)) as letters:
            for letter, is_last, failed in letters:
                if failed is not None:
                    yield failed
                if letter is not None:
                    place = self._request.folder or Path()
                    name = safe(letter.subject(is_last=is_last), _SUFFIX)
                    size = letter.message(is_last=is_last).size
                    yield _result(place / name, Outcome.SAVED, size, letter)

    def run(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Iterator[Result]:
        """Write or send them."""
        self.check()
        going = _Going(total, steering)
        try:
            with ExitStack() as stack:
                way = self._way(stack, going)
                most = way.begin(self._request.most_bytes)
                spool = _Sounds(self._request.options, stack, way.folder, going)
                letters = stack.enter_context(
                    closing(self._letters(notes, spool, most))
                )
                for letter, is_last, failed in letters:
                    if failed is not None:
                        yield failed
                    if letter is not None:
                        result = way.take(letter, is_last=is_last)
                        going.size += result.size
                        yield result
                way.end()
        except Stopped:
            return
        finally:
            self._folders.finish()

    def _way(self, stack: ExitStack, going: _Going) -> _Way:
        request = self._request
        if request.folder is not None:
            return _Drafts(request.folder, self._folders)
        with writing(Path("temporary files")):
            temporary = tempfile.TemporaryDirectory(prefix="earmark-")
        folder = Path(stack.enter_context(temporary))
        post = stack.enter_context(closing(Post(request.server)))
        sent = Sent(request.record)
        return _Sending(post, sent, self._envelope, folder, now=self._now, going=going)

    def _letters(
        self, notes: Iterable[Note], spool: _Spool, most: int
    ) -> Generator[tuple[Letter | None, bool, Result | None]]:
        """Put mails together.

        Args:
            notes: The notes.
            spool: Where their sound is put.
            most: The most bytes of a mail.

        Yields:
            A mail that is full, with whether it is the last; or what failed.
        """
        options = self._request.options
        number = 1
        letter = Letter(self._envelope, spool.file, number)
        for planned in plan(notes, Path("/"), options):
            attachment, problem = _taken(spool, planned)
            if attachment and self._envelope.room + attachment.room > most:
                spool.drop(attachment)
                problem = _too_large(planned, attachment, most)
                attachment = None
            if attachment is None:
                yield None, False, _failed(planned, problem)
                continue
            if letter.room + attachment.room > most:
                yield letter, False, None
                number += 1
                spool.keep_last(attachment)
                letter = Letter(self._envelope, spool.file, number)
            letter.add(attachment)
        if letter.attachments:
            yield letter, True, None


def _taken(spool: _Spool, planned: Planned) -> tuple[Attachment | None, str]:
    """Take a note from the first of its files that can be read, or tell why not."""
    problem = ""
    if planned.problem:
        what = planned.source or planned.note.key.encode()
        return None, AudioError(what, planned.problem).message
    for source in planned.sources:
        try:
            size, digest = spool.add(planned, source)
        except AudioError as error:
            problem = problem or error.message
        else:
            name = " ".join(planned.target.parts[1:])
            return Attachment(planned.note, name, size, digest), ""
    return None, problem


def _too_large(planned: Planned, attachment: Attachment, most: int) -> str:
    room = (
        f"{attachment.room / 1e6:,.1f} MB in a mail, which may have {most / 1e6:,.1f}"
    )
    return AudioError(planned.source, f"takes {room}").message


def _failed(planned: Planned, problem: str) -> Result:
    return Result(
        planned.target,
        Outcome.FAILED,
        problem=problem,
        key=planned.note.key,
        source=planned.source,
    )


def _result(target: Path, outcome: Outcome, size: int, letter: Letter) -> Result:
    return Result(target, outcome, size, len(letter.attachments))


class _Going:
    """Tells how far a run is, and asks whether it goes on.

    Args:
        total: How many notes there are.
        steering: Watches, pauses and ends it.
    """

    def __init__(self, total: int, steering: Steering) -> None:
        self._total = total
        self._steering = steering
        self.done = 0
        """Notes."""
        self.size = 0
        """Bytes of mails."""
        self._current = Path()

    def step(self, current: Path | None = None) -> None:
        """Go a step.

        Args:
            current: What is made now; None for the same as before.

        Raises:
            Stopped: The run shall end.
        """
        self._current = current or self._current
        share = min(1.0, self.done / self._total) if self._total else 0.0
        self._steering.step(
            Progress(self.done, self._total, self.size, self._current, share)
        )


# Sound


class _Spool(Protocol):
    """Where the sound of a mail lies, one note after the other."""

    @property
    def file(self) -> IO[bytes]:
        """The sounds of the mail that is put together."""

    def add(self, planned: Planned, source: bytes) -> tuple[int, str]:
        """Append a note.

        Returns:
            Its size, and what only this sound has.

        Raises:
            AudioError: It can't be read.
        """

    def drop(self, attachment: Attachment) -> None:
        """Take the last note away again."""

    def keep_last(self, attachment: Attachment) -> None:
        """Begin anew, with the last note alone."""


class _Expected:
    """Knows how large sounds will be, and has none.

    Args:
        options: How they shall be.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.file: IO[bytes] = io.BytesIO()

    def add(self, planned: Planned, _source: bytes) -> tuple[int, str]:
        return expected_size(planned.note, self._options), ""

    def drop(self, attachment: Attachment) -> None:
        """Have nothing to take away."""

    def keep_last(self, attachment: Attachment) -> None:
        """Have nothing to keep."""


class _Sounds:
    """A file without a name that holds the sounds of one mail.

    Args:
        options: How they shall be.
        stack: Closes it.
        folder: Where.
        going: Asked within long files.
    """

    def __init__(
        self, options: Options, stack: ExitStack, folder: Path, going: _Going
    ) -> None:
        self._options = options
        self._folder = folder
        self._stack = stack
        self._going = going
        self.file = self._begun()

    def add(self, planned: Planned, source: bytes) -> tuple[int, str]:
        self._going.step(planned.target)
        self._going.done += 1
        with writing(self._folder):
            begin = self.file.seek(0, os.SEEK_END)
            try:
                if self._options.format is Format.ORIGINAL:
                    return self._copied(source)
                return self._converted(planned, source)
            except (AudioError, OSError):
                # The sounds of others must stay where they are told to be.
                with suppress(OSError):
                    self._cut(begin)
                raise

    def drop(self, attachment: Attachment) -> None:
        with writing(self._folder):
            self._cut(self.file.seek(0, os.SEEK_END) - attachment.size)

    def keep_last(self, attachment: Attachment) -> None:
        with writing(self._folder):
            old, self.file = self.file, self._begun()
            old.seek(-attachment.size, os.SEEK_END)
            while block := old.read(_BLOCK):
                self.file.write(block)
            old.close()

    def _begun(self) -> IO[bytes]:
        with writing(self._folder):
            made = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # the stack closes it
        self._stack.callback(_closed, made)
        return made

    def _cut(self, size: int) -> None:
        self.file.seek(size)
        self.file.truncate()

    def _copied(self, source: bytes) -> tuple[int, str]:
        def take(block: bytes) -> None:
            self.file.write(block)
            self._going.step()

        summed = read_through(source, take)
        return summed.size, summed.sha256

    def _converted(self, planned: Planned, source: bytes) -> tuple[int, str]:
        from tui.export._convert import Conversions  # loads what copying need not

        with new_part(self._folder) as part:
            size = Conversions(self._options).make(planned, source, part)
            with part.path.open("rb") as made:
                while block := made.read(_BLOCK):
                    self.file.write(block)
        # Containers have random numbers in them: what it is made of tells it.
        return size, mark_of(planned.note, self._options)


def _closed(file: IO[bytes]) -> None:
    """Let a file go; the rest of it can't be written to a disk that is full."""
    with suppress(OSError):
        file.close()


# The ways that mails go


class _Way(Protocol):
    """What becomes of mails."""

    @property
    def folder(self) -> Path:
        """Where sounds may lie meanwhile."""

    def begin(self, most: int) -> int:
        """Get ready.

        Args:
            most: The most bytes of a mail that are wanted.

        Returns:
            The most that are possible.
        """

    def take(self, letter: Letter, *, is_last: bool) -> Result:
        """Have a mail go."""

    def end(self) -> None:
        """End in good order, when all went."""


class _Drafts:
    """Files that mail programs open as drafts.

    Args:
        folder: Where.
        folders: Makes it.
    """

    def __init__(self, folder: Path, folders: Folders) -> None:
        self.folder = folder
        self._folders = folders

    def begin(self, most: int) -> int:
        self._folders.prepare(self.folder)
        return most

    def take(self, letter: Letter, *, is_last: bool) -> Result:
        # No date and no id: the mail program gives them when it is sent.
        written = letter.message(is_last=is_last, more=[("X-Unsent", "1")])
        name = safe(letter.subject(is_last=is_last), _SUFFIX)
        sent_ms = letter.attachments[-1].note.row.sent_ms
        size = written.size
        target, is_there = self._place(name, letter.identity, size)
        if not is_there:
            with writing(target), new_part(self.folder) as part:
                for block in written.blocks():
                    write_all(part.fd, block)
                while not is_there and not part.keep(target, sent_ms):
                    # Somebody was quicker: another name.
                    target, is_there = self._place(name, letter.identity, size)
        outcome = Outcome.THERE if is_there else Outcome.SAVED
        return _result(target, outcome, 0 if is_there else size, letter)

    def end(self) -> None:
        """Have nothing to end."""

    def _place(self, name: str, identity: str, size: int) -> tuple[Path, bool]:
        """Find a name that is free, or has just that mail already."""
        for number in count(1):
            target = self.folder / numbered(name, _SUFFIX, number)
            with writing(target):
                if not os.path.lexists(target):
                    return target, False
            if _has(target, identity, size):
                return target, True
        raise AssertionError("numbers do not end")  # pragma: no cover


def _has(path: Path, identity: str, size: int) -> bool:
    """Tell whether a file is a certain draft, and whole."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags)
    except OSError:
        return False
    try:
        is_right = os.fstat(fd).st_size == size
        head = os.pread(fd, _HEAD, 0)
        end = os.pread(fd, _END, max(0, size - _END))
    except OSError:
        return False
    finally:
        os.close(fd)
    line = f"\r\n{IDENTITY}: {identity}\r\n".encode()
    return is_right and line in head and end.endswith(f"{identity}--\r\n".encode())


class _Sending:
    """The user's server.

    Args:
        post: The connection.
        sent: What went out.
        envelope: From whom and for whom.
        folder: Where sounds may lie meanwhile.
        now: Tells the time.
        going: Asked on the way.
    """

    def __init__(
        self,
        post: Post,
        sent: Sent,
        envelope: Envelope,
        folder: Path,
        *,
        now: Callable[[], datetime],
        going: _Going,
    ) -> None:
        self.folder = folder
        self._post = post
        self._sent = sent
        self._envelope = envelope
        self._now = now
        self._going = going

    def begin(self, most: int) -> int:
        self._sent.prepare()
        return min(most, self._post.connect() or most)

    def take(self, letter: Letter, *, is_last: bool) -> Result:
        envelope = self._envelope
        target = Path(safe(letter.subject(is_last=is_last), _SUFFIX))
        if self._sent.has(letter.identity):
            return _result(target, Outcome.THERE, 0, letter)
        assert envelope.sender is not None  # noqa: S101  # the request has one
        more = way_headers(envelope.sender, letter.identity, self._now())
        written = letter.message(is_last=is_last, more=more)
        self._going.step(target)
        self._post.send(written, envelope, self._going.step)
        self._sent.add(letter.identity)
        return _result(target, Outcome.SAVED, written.size, letter)

    def end(self) -> None:
        self._sent.forget()
