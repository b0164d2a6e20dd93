"""What every kind of document implements, and what documents tell.

A document is a file that tells about notes but is none: the text of an exported chat, a
messenger's database, an address book. Reading one yields *claims*, each about one
message with sound: in which chat, from whom, when, and what its file is called. The
library keeps the claims and finds the files; a claim whose file is not there yet waits
for it, and is shown as a note that is missing.

A document never guesses: a field that it does not tell is None or empty, and every
field that is a conclusion carries its confidence (see `Confidence`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tui.model import Direction, NoteKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.documents._document import Document
    from tui.model import ChatKind, DocumentKind, Precision

__all__ = [
    "ChatTold",
    "Claim",
    "Confidence",
    "DocumentFormat",
    "Moment",
    "NameRank",
    "Options",
    "PersonTold",
    "Recognition",
    "Remark",
    "Told",
]


class Confidence:
    """How sure a field of a claim is, by what it stands on (0 to 1)."""

    DATABASE = 1.0
    """A row of the messenger's own database, or of its structured export."""
    EXPORT_CHAT = 0.99
    """The text of an exported chat that names the file."""
    EXPORT_SENDER = 0.97
    PLACE_CHAT = 0.9
    """A folder or name that holds the identity of the chat."""
    GUESS = 0.5


class NameRank(IntEnum):
    """How good a name is; of two names for the same one, the higher rank is shown."""

    NONE = 0
    """No name: the identity itself, e.g. a group's number."""
    NUMBER = 1
    """A phone number."""
    PUSH = 2
    """What people call themselves; shown with `~` before it, as WhatsApp does."""
    HANDLE = 3
    """A display name or user name that the messenger keeps."""
    EXPORT = 4
    """The name in an exported chat: from the exporter's address book, but only text."""
    VCARD = 5
    ADDRESS_BOOK = 6
    """The phone's address book, as the messenger's database has it."""
    SUBJECT = 7
    """The subject of a group, the title of a channel."""
    USER = 9
    """What the user chose here."""


class PersonTold(NamedTuple):
    """Somebody who speaks.

    Identities are text with the system in front: `tel:+491700000001` (E.164, for phone
    numbers of every system, so for `…@s.whatsapp.net` too), `wa:99887766@lid`,
    `tg:user123`, `mxid:@ana:example.org`, `mailto:ana@example.org`. Where a document
    has nothing but a name, the identity is `name:<system>:<name>`, e.g. `name:wa:Ana`.
    """

    native_id: str
    name: str = ""
    """Empty when the document has none; then the identity is shown."""
    rank: NameRank = NameRank.NONE
    is_me: bool = False
    """Whether this is the owner of the phone or account."""
    aliases: tuple[str, ...] = ()
    """Other identities of the same person, e.g. the LID beside the number."""


class ChatTold(NamedTuple):
    """A conversation.

    Identities as for persons: `wa:<account>:120363…@g.us` (the account is what tells
    two phones apart, empty when the document does not know), `wa-export:Ana`,
    `tg:123`, `discord:456`, `mail:<thread>`. They must be the same each time the same
    chat is told, whatever file it stands in.
    """

    native_id: str
    kind: ChatKind
    title: str
    """Empty when nothing names it: then the partner's name is shown, else the id."""
    rank: NameRank = NameRank.SUBJECT
    partner: PersonTold | None = None
    """The other person of a direct chat, whose name is its title unless it has one."""
    aliases: tuple[str, ...] = ()
    """Other identities of the same chat."""


class Moment(NamedTuple):
    """When a message was sent.

    `moment_of_wall` makes one of a wall clock, `moment_of_utc` of a time in UTC.
    """

    ms: int
    """UTC."""
    precision: Precision
    offset_min: int | None = None
    """Minutes east of UTC that were assumed for a wall clock; None for true UTC."""
    confidence: float = 1.0


class Claim(NamedTuple):
    """What a document tells of one message with sound."""

    key: str
    """The message's identity in the document's system: the messenger's own id where
    there is one (the same in every copy of the document), else its place in the
    document, e.g. the number of the line."""
    path: bytes
    """The file: UTF-8 in NFC, parts joined by `/`; empty when none is named. For a
    `beside` claim relative to the document's folder (never leaving it; a member of an
    archive in that folder as `Archive.mbox//part.m4a`), else the end of a path, e.g.
    `Media/WhatsApp Voice Notes/202433/PTT-20240815-WA0003.opus`."""
    beside: bool
    """Whether the file belongs beside the document, in the same package."""
    chat: ChatTold | None = None
    chat_confidence: float = Confidence.DATABASE
    sender: PersonTold | None = None
    sender_confidence: float = Confidence.DATABASE
    direction: Direction = Direction.UNKNOWN
    kind: NoteKind = NoteKind.VOICE
    moment: Moment | None = None
    order: int = 0
    """Of messages with the same time, the lower comes first; below 100,000."""
    size: int | None = None
    """Bytes of the file; None when not told (a database's 0 is not told)."""
    sha256: bytes | None = None
    """32 bytes."""
    duration_ms: int | None = None
    title: str = ""
    """A title that a person gave it (Voice Memos, music), never a caption."""
    text: str = ""
    """Caption or message text that was sent with it."""
    transcript: str = ""
    waveform: bytes | None = None
    """Loudness from 0 to 255, evenly spaced over the note; WhatsApp's has 64."""
    phone_played: bool | None = None
    """What the phone says about listening; None when it says nothing."""
    forwarded: bool = False


class Remark(NamedTuple):
    """Something about the document that the user should know; stops nothing."""

    code: str
    """A word for programs: `day_order` (the order of day and month is a guess, and the
    user may switch it), `left_out` (rows that could not be used), `no_media`, …"""
    text: str
    """A sentence for the user, without the final full stop."""


Told = Claim | PersonTold | ChatTold | Remark
"""What a reader yields. Persons and chats on their own are for address books and for
groups without notes; those inside of claims need not be told apart."""


class Options(NamedTuple):
    """What the user decided about a document, and where it stands."""

    secrets: tuple[bytes, ...] = ()
    """Keys and passphrases for it, exactly as the user gave them; to be tried."""
    day_order: str = ""
    """`dmy`, `mdy` or `ymd` when the user chose the order of dates; empty to decide."""
    region: str = ""
    """ISO country for phone numbers in national form, e.g. `DE`; empty when unknown."""

    def __repr__(self) -> str:
        """Tell everything but the secrets, which no log may show."""
        return (
            f"Options({len(self.secrets)} secrets, day_order={self.day_order!r},"
            f" region={self.region!r})"
        )


class Recognition(NamedTuple):
    """That a file is such a document."""

    score: int
    """0 to 100; from 60 on it is read."""
    reasons: tuple[str, ...]
    """What the score stands on, in words for `doctor`."""
    label: str = ""
    """What the document is about, e.g. the chat's name; empty for the file's name."""


class DocumentFormat(Protocol):
    """One kind of document."""

    @property
    def kind(self) -> DocumentKind:
        """The kind that it reads."""

    def fits(self, folder: bytes, name: bytes) -> bool:
        """Tell whether a file can be such a document, by its place and name alone.

        Asked for every file of a scan: one look at a table or one compiled expression.

        Args:
            folder: The path of its folder.
            name: Its name.
        """

    def recognise(self, document: Document) -> Recognition | None:
        """Look into a file whose name fits; reads at most some 64 KB of it.

        Args:
            document: The file.

        Returns:
            None when it is no such document.

        Raises:
            OSError: The file can't be read.
        """

    def read(self, document: Document, options: Options) -> Iterator[Told | None]:
        """Read everything.

        The caller works in slices of some milliseconds and may stop at any item: yield
        None where much is read without anything to tell (every thousand lines or so).
        Memory must not grow with the size of the document, beyond what tells persons
        and chats.

        Args:
            document: The file, which may change while it is read.
            options: What the user decided.

        Yields:
            What it tells. What was yielded before an error counts, but for
            DocumentError itself.

        Raises:
            PartialError: It ends too early: what was told before it stays.
            LockedError: It is encrypted, and no secret opens it.
            DocumentError: It can't be understood.
            OSError: The file can't be read.
        """
