"""The words of Earmark as frozen values: sources, chats, senders, notes, deltas.

Nothing here does anything. Every value is immutable, so that it can cross threads.
They are tuples with names: a frozen dataclass takes 0.45 ms to import where these take
0.1, a dozen of them on the way to the first key, and five times as long for each note.
Times are integer milliseconds since 1970 in UTC; lengths are integer milliseconds.
Names and titles are the text as the source has it (undecodable bytes as surrogate
escapes); `tui.text` makes them fit for a terminal.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "RECENT_LIMIT",
    "ROW_WAVE",
    "Bookmark",
    "Chat",
    "ChatId",
    "ChatKind",
    "Direction",
    "DocumentInfo",
    "DocumentKind",
    "DocumentState",
    "Edit",
    "Edited",
    "Evidence",
    "Gaps",
    "Group",
    "GroupBy",
    "GroupKind",
    "Identity",
    "LibraryDelta",
    "MonthTotals",
    "Named",
    "Note",
    "NoteChange",
    "NoteFile",
    "NoteId",
    "NoteKind",
    "NoteRow",
    "NoteState",
    "Played",
    "Precision",
    "Problem",
    "Rule",
    "Sort",
    "SoundScope",
    "SoundSettings",
    "Source",
    "SourceId",
    "SourceKind",
    "SourceState",
    "Totals",
    "WatchMode",
]

SourceId = NewType("SourceId", int)
ChatId = NewType("ChatId", int)
NoteId = NewType("NoteId", int)

RECENT_LIMIT = 40
"""How many notes the smart node Recent holds."""
ROW_WAVE = 12
"""Steps of the waveform in a row."""


class SourceKind(StrEnum):
    """What a source is, as detected."""

    WHATSAPP_ANDROID = "whatsapp_android"
    WHATSAPP_EXPORT = "whatsapp_export"
    WHATSAPP_IOS = "whatsapp_ios"
    IOS_BACKUP = "ios_backup"
    TELEGRAM = "telegram"
    SIGNAL = "signal"
    MESSENGER = "messenger"
    IMESSAGE = "imessage"
    DISCORD = "discord"
    MATRIX = "matrix"
    VOICE_MEMOS = "voice_memos"
    MAIL = "mail"
    FOLDER = "folder"
    """Recordings, and no messenger's mark on them."""


class DocumentKind(StrEnum):
    """What a document is: a file that tells about notes, but is none."""

    WHATSAPP_EXPORT = "whatsapp_export"
    WHATSAPP_DATABASE = "whatsapp_database"
    WHATSAPP_BACKUP = "whatsapp_backup"
    """The encrypted form of the database (crypt12, crypt14, crypt15)."""
    WHATSAPP_IOS = "whatsapp_ios"
    TELEGRAM = "telegram"
    SIGNAL = "signal"
    MESSENGER = "messenger"
    """Facebook Messenger and Instagram."""
    IMESSAGE = "imessage"
    DISCORD = "discord"
    MATRIX = "matrix"
    VOICE_MEMOS = "voice_memos"
    MAIL = "mail"
    CONTACTS = "contacts"
    ARCHIVE = "archive"
    """A zip, mailbox or backup: it holds files, and tells nothing itself."""


class DocumentState(StrEnum):
    """How far a document could be read."""

    OK = "ok"
    PARTIAL = "partial"
    """It ends too early; what it told until there counts."""
    LOCKED = "locked"
    ERROR = "error"


class SourceState(StrEnum):
    """Whether a source can be read now."""

    OK = "ok"
    OFFLINE = "offline"
    """It is away: its notes are hidden."""
    PARTIAL = "partial"
    """A document or archive in it ends too early."""
    LOCKED = "locked"
    """One is encrypted, and there is no key for it."""
    ERROR = "error"
    """One can't be understood."""


class WatchMode(StrEnum):
    """How changes of a source are noticed."""

    LIVE = "live"
    POLLING = "polling"
    OFF = "off"


class ChatKind(StrEnum):
    """What a chat is."""

    DIRECT = "direct"
    GROUP = "group"
    SELF = "self"
    FOLDER = "folder"
    UNMATCHED = "unmatched"


class NoteKind(StrEnum):
    """What a note is."""

    VOICE = "voice"
    AUDIO = "audio"
    VIDEO_NOTE = "video_note"
    VIEW_ONCE = "view_once"


class Direction(StrEnum):
    """Who sent a note: the others, the user, or nobody can tell."""

    RECEIVED = "received"
    SENT = "sent"
    UNKNOWN = "unknown"


class Precision(StrEnum):
    """How exactly the time of a note is known."""

    EXACT = "exact"
    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"
    MTIME = "mtime"


class NoteState(StrEnum):
    """Whether the bytes of a note can be used."""

    READY = "ready"
    PARTIAL = "partial"
    """Still being written, or cut off: hidden from chats, listed as a problem."""
    MISSING = "missing"
    """The file went away while its source is there."""
    UNREADABLE = "unreadable"
    """The file is there and whole, but is no sound we know, or may not be read."""


class Played(IntEnum):
    """What we know of the user's listening; never what the phone says."""

    UNPLAYED = 0
    HALF = 1
    PLAYED = 2


class Source(NamedTuple):
    """A root folder that is watched."""

    id: SourceId
    root: bytes
    """The absolute path, as the file system spells it."""
    kind: SourceKind
    label: str
    state: SourceState = SourceState.OK
    reason: str = ""
    """Why the state is not `ok`; a sentence."""
    watch: WatchMode = WatchMode.OFF
    watch_reason: str = ""
    """Why changes are polled, where they are."""
    score: int = 0
    """How sure the detection was, 0 to 100."""
    reasons: tuple[str, ...] = ()
    """What the detection stands on."""
    scanned_ms: int = 0
    """When the last full scan ended; 0 for never."""


class Chat(NamedTuple):
    """A conversation, or a folder that stands for one, with its totals."""

    id: ChatId
    source_id: SourceId
    kind: ChatKind
    title: str
    notes: int = 0
    """How many notes are visible (ready or unreadable)."""
    unplayed: int = 0
    duration_ms: int = 0
    """Sum of the known lengths."""
    last_ms: int = 0
    """`order_ms` of the newest note; chats are listed by it, newest first."""


class MonthTotals(NamedTuple):
    """The totals of one month of a chat."""

    chat_id: ChatId
    month: int
    """Year * 100 + month of the wall clock at the sender's, e.g. 202408."""
    notes: int
    unplayed: int
    duration_ms: int


class Totals(NamedTuple):
    """Counts over everything that is visible."""

    notes: int = 0
    unplayed: int = 0
    unplayed_ms: int = 0
    duration_ms: int = 0
    problems: int = 0


class GroupKind(IntEnum):
    """What a node of the tree collects."""

    UNPLAYED = 1
    RECENT = 2
    PROBLEMS = 3
    CHAT = 4
    MONTH = 5
    """A month of one chat."""
    STARRED = 6
    SAVED = 7
    """A saved search; `number` is its id."""
    SEARCH = 8
    """What `query` finds."""
    SENDER = 9
    """`number` is the sender's row; 0 for notes whose sender is not known."""
    DAY = 10
    """`number` is a day of the wall clock, e.g. 20240815; 0 for no date."""
    WEEK = 11
    """`number` is a week after ISO 8601, e.g. 202433."""
    CALENDAR = 12
    """`number` is a month of all chats, e.g. 202408."""
    TAG = 13
    """`number` is the tag's row; 0 for notes without a tag. Notes of tags below it
    count as well."""
    SOURCE = 14
    """`number` is the source's row."""
    COLLECTION = 15
    """`number` is the collection's row; its notes have an order of their own."""


class Group(NamedTuple):
    """The key of a tree node that holds notes."""

    kind: GroupKind
    chat_id: ChatId = ChatId(0)
    month: int = 0
    number: int = 0
    """What tells groups of one kind apart, see `GroupKind`."""
    query: str = ""
    """The text of a search."""


class GroupBy(StrEnum):
    """What the tree is made of, below its smart nodes."""

    CHAT = "chat"
    SENDER = "sender"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TAG = "tag"
    SOURCE = "source"


class Sort(StrEnum):
    """The order of notes in a group, and of groups in the tree."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LONGEST = "longest"
    UNPLAYED = "unplayed"
    """What is not played yet first, each part the newest first."""


class SoundScope(StrEnum):
    """What a setting of the sound is remembered for; the first that has one counts."""

    NOTE = "note"
    SENDER = "sender"
    CHAT = "chat"
    ALL = "all"


class SoundSettings(NamedTuple):
    """How notes shall sound, as far as it is said; None for what is not."""

    speed: float | None = None
    """How many times faster."""
    boost_db: float | None = None
    """How much louder, in decibels."""
    level: bool | None = None
    """Whether the loudness is brought to the target."""
    skip: int | None = None
    """How many of the pauses are left out, 0 to 3."""


class Bookmark(NamedTuple):
    """A mark at a moment of a recording."""

    at_ms: int
    text: str = ""


class NoteRow(NamedTuple):
    """What one line of the tree shows of a note."""

    id: NoteId
    chat_id: ChatId
    chat_title: str
    kind: NoteKind
    sender: str | None
    direction: Direction
    sent_ms: int
    """Best estimate in UTC."""
    offset_min: int | None
    """Minutes east of UTC of a time that was only known as wall clock; None when
    `sent_ms` is true UTC (then the viewer's zone applies)."""
    precision: Precision
    order_ms: int
    """Sort key within a chat: `sent_ms` plus the day's counter, if there is one."""
    duration_ms: int | None
    state: NoteState
    reason: str
    played: Played
    position_ms: int
    title: str = ""
    """The user's own title, else one from the source; empty when there is none."""
    star: bool = False
    tags: tuple[str, ...] = ()
    snippet: str = ""
    """First words of transcript or comment."""
    file_name: str = ""
    """What its file is called, when it can't be played; else empty."""
    wave: bytes = b""
    """Its waveform in ROW_WAVE steps, 0 to 255; empty until it was computed."""


class NoteFile(NamedTuple):
    """One place where the bytes of a note lie."""

    source_id: SourceId
    source_root: bytes
    path: bytes
    """Relative to the root."""
    size: int
    mtime_ns: int
    role: str = "primary"
    """`primary`, or `copy` for a conflict copy or duplicate with equal content."""

    @property
    def full_path(self) -> bytes:
        """The absolute path."""
        return self.source_root.rstrip(b"/") + b"/" + self.path


class Evidence(NamedTuple):
    """Where the value of a field comes from."""

    origin: str
    """A few words, e.g. `file name`, `folder`, `file time`."""
    confidence: float


class Note(NamedTuple):
    """One message in one chat, with everything that is known of it."""

    row: NoteRow
    key: str
    """The public id: lower-case hex digits, stable for the life of the note."""
    chat_kind: ChatKind
    size: int
    recording: str | None
    """Content hash in hex; None until it has been computed."""
    container: str = ""
    """E.g. `ogg/opus`; empty until the head was read."""
    files: tuple[NoteFile, ...] = ()
    evidence: Mapping[str, Evidence] = MappingProxyType({})
    """By field: `chat`, `sender`, `sent_at`."""
    peaks: bytes | None = None
    """The waveform as bytes 0 to 255, evenly spaced; None until it was computed."""
    comment: str = ""
    transcript: str = ""
    text: str = ""
    """What was written with it: a caption, the text of a mail."""
    phone_played: bool | None = None
    """What the phone says about listening; None when it says nothing."""
    source_id: SourceId = SourceId(0)
    """The source that shows it: its file's, or its document's."""
    has_own_peaks: bool = True
    """Whether the waveform was computed here; else it is a messenger's coarse one."""
    own_title: str = ""
    """The title that the user gave; it is the row's then."""
    bookmarks: tuple[Bookmark, ...] = ()
    """In order of their moments."""
    lufs: float | None = None
    """The integrated loudness after ITU-R BS.1770-4; None until it was measured, and
    -70 for silence."""
    collections: tuple[str, ...] = ()
    """The collections that it is in, by name."""


class NoteChange(NamedTuple):
    """Where a note that was added or changed stands now."""

    id: NoteId
    chat_id: ChatId
    month: int
    order_ms: int
    visible: bool
    """Ready or unreadable; a hidden note has left all groups but Problems."""
    played: Played
    problem: bool
    """Partial or unreadable."""


class LibraryDelta(NamedTuple):
    """What is new in the library since the last delta, whoever wrote it."""

    changes: tuple[NoteChange, ...] = ()
    reset: bool = False
    """Too much changed to tell, or a source came or went: read everything again."""
    sources: bool = False
    """The state of a source changed."""


class DocumentInfo(NamedTuple):
    """A file that tells about notes, and how it stands."""

    id: int
    source_id: SourceId
    path: bytes
    """Relative to the source's root."""
    kind: DocumentKind
    state: DocumentState
    reason: str
    """Why the state is not `ok`; a sentence."""
    label: str
    score: int
    reasons: tuple[str, ...]
    remarks: tuple[tuple[str, str], ...]
    """Code and sentence of what the user should know."""
    claims: int
    """Messages with sound that it tells of."""
    matched: int
    """How many of them have their file here."""
    day_order: str = ""
    """The order of dates that the user chose."""
    read_ms: int = 0


class Gaps(NamedTuple):
    """What is not known of the notes of a source."""

    files: int = 0
    """Notes that have a file there."""
    unmatched: int = 0
    """Notes whose chat nothing tells."""
    numbers: int = 0
    """Senders of whom nothing is known but a number."""


class Problem(NamedTuple):
    """A file or source that can't be used, and why."""

    source_id: SourceId
    path: bytes
    """Relative to the source's root; empty for the source itself."""
    state: NoteState | SourceState
    reason: str
    note_id: NoteId | None = None


class Identity(NamedTuple):
    """One of what a chat or sender is known by, e.g. a phone number."""

    id: int
    native_id: str
    name: str
    """What it would be called on its own."""


class Named(NamedTuple):
    """A chat or sender as the user may name it."""

    id: int
    name: str
    notes: int
    identities: tuple[Identity, ...] = ()
    """Its own first, then those that went into it."""
    last_ms: int = 0
    """`order_ms` of the newest note."""


class Rule(NamedTuple):
    """What the user said of all notes that a query finds."""

    id: int
    query: str
    field: str
    """`chat` or `sender`."""
    target: str
    """What that is called."""
    recordings: int = 0
    """How many it was said of so far."""


class Edit(NamedTuple):
    """Something that the user changed, and may undo."""

    id: int
    at_ms: int
    text: str
    """A sentence, without a capital letter and full stop."""


class Edited(NamedTuple):
    """How an edit ended."""

    text: str
    """The sentence; empty when there was nothing to change."""
    done: int = 0
    """Notes, chats or senders that it was about."""
    skipped: int = 0
    """Notes without a recording that can be read."""
