"""What may be asked for: each kind of export in words that can cross processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tui.errors import UsageError
from tui.export._formats import Format, Options
from tui.mailing import MailServer, parse_mailbox

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tui.export._documents import DocumentOptions
    from tui.export._jobs import Job

__all__ = [
    "BundleRequest",
    "DocumentRequest",
    "FilesRequest",
    "MailRequest",
    "MergeRequest",
    "Request",
    "Separator",
    "job_of",
]


class Separator(StrEnum):
    """What is between two notes of a merged file."""

    NONE = "none"
    TONE = "tone"
    SPEECH = "speech"
    """Who speaks and when, said by espeak-ng, where that is installed."""


@dataclass(frozen=True, slots=True)
class FilesRequest:
    """A file for each note."""

    folder: Path
    options: Options


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """All notes in one file, in the order in which they come.

    Raises:
        UsageError: They do not go together.
    """

    target: Path
    """The file; its suffix need not be that of the format."""
    options: Options
    separator: Separator = Separator.NONE
    gap_ms: int = 0
    """Silence between two notes."""
    title: str = ""
    """Empty for the chat's, or `Voice notes` for notes of several."""

    def __post_init__(self) -> None:
        """Refuse what can't be merged."""
        if self.options.format is Format.ORIGINAL:
            raise UsageError(
                "notes are merged into m4b, m4a, mp3, opus, ogg, flac or wav: say which"
                " with --format"
            )
        if not 0 <= self.gap_ms <= 60_000:
            raise UsageError("the gap between notes is 0 to 60 seconds")


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """One or more documents."""

    folder: Path
    options: DocumentOptions


@dataclass(frozen=True, slots=True)
class MailRequest:
    """Notes as attachments of mails.

    Drafts are files that mail programs open; they are sent when `folder` is None.

    Raises:
        UsageError: They do not go together.
    """

    folder: Path | None
    recipients: tuple[str, ...]
    options: Options = Options()  # noqa: RUF009  # frozen
    sender: str = ""
    """Whom they are from; empty for what the settings say."""
    subject: str = ""
    """Empty for chat and dates."""
    text: str = ""
    """What is written above the list of notes."""
    most_bytes: int = 20_000_000
    """A mail with more, encoded for the way, becomes two."""
    server: MailServer = MailServer()  # noqa: RUF009  # frozen
    """Who sends them."""
    record: Path | None = None
    """The folder in which it is kept what went out of a run that did not end; None to
    keep nothing."""

    def __post_init__(self) -> None:
        """Refuse what can't be mailed."""
        for each in (*self.recipients, self.sender or self.server.sender):
            if each:
                parse_mailbox(each)
        if self.folder is not None:
            return
        if not self.server.host:
            raise UsageError(
                "no mail server is set: [mail] in the config file needs host, user and"
                " from (see earmark config init), or write drafts"
            )
        if not self.recipients:
            raise UsageError("nobody is named to send mail to")
        if not (self.sender or self.server.sender):
            raise UsageError("nobody is named whom mail is from: see from in [mail]")


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """Originals with a manifest that proves that they are."""

    folder: Path


Request = FilesRequest | MergeRequest | DocumentRequest | MailRequest | BundleRequest


def job_of(request: Request, roots: Iterable[bytes]) -> Job:
    """Make what carries out a request.

    Args:
        request: What is wanted.
        roots: The folders of all sources, in which nothing may be written.
    """
    match request:
        case FilesRequest():
            from tui.export._files import FilesJob

            return FilesJob(request, roots)
        case MergeRequest():
            from tui.export._merge import MergeJob

            return MergeJob(request, roots)
        case DocumentRequest():
            from tui.export._document_job import DocumentJob

            return DocumentJob(request, roots)
        case MailRequest():
            from tui.export._mail import MailJob

            return MailJob(request, roots)
        case BundleRequest():
            from tui.export._bundle import BundleJob

            return BundleJob(request, roots)
