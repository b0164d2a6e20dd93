"""What the rest of Earmark asks of the library, and what it may write to it.

`Reader` is for looking: each thread has its own, every call is a short query.
`Library` owns the writer thread: its calls that change user data return at once.
`IndexWriter` is for the indexer alone: batches of facts in one transaction each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from tui.model import Sort

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from contextlib import AbstractContextManager
    from datetime import date

    from tui.answers import (
        Bucket,
        Collection,
        Hit,
        SavedSearch,
        Statistics,
        TagTotals,
    )
    from tui.library._people import ChatTold, PersonTold
    from tui.library._rule_work import RulePage
    from tui.model import (
        Chat,
        ChatId,
        ChatKind,
        Direction,
        DocumentInfo,
        DocumentKind,
        DocumentState,
        Gaps,
        Group,
        GroupBy,
        LibraryDelta,
        MonthTotals,
        Note,
        NoteId,
        NoteKind,
        NoteRow,
        NoteState,
        Played,
        Precision,
        Problem,
        SoundScope,
        SoundSettings,
        Source,
        SourceId,
        SourceKind,
        SourceState,
        Totals,
        WatchMode,
    )
    from tui.query import Query

__all__ = [
    "ClaimRecord",
    "DocumentRecord",
    "FileRecord",
    "IndexWriter",
    "Measured",
    "NoteKeys",
    "NoteRecord",
    "Reader",
    "UserWriter",
]


class NoteKeys(NamedTuple):
    """The notes of a group in the order of the tree (newest first), without their text.

    Two arrays of equal length: 16 bytes a note, so that a group of 100,000 is 1.6 MB.
    """

    order_ms: array[int]
    """Typecode q, descending. In another order than the newest first these are the sort
    keys of that: minus the time, the length, or the time plus 2^61 where a note is not
    played yet. Those of a collection are minus the place, in every order."""
    ids: array[int]
    """Typecode q."""


class Reader(Protocol):
    """Short queries on the library; belongs to the thread that made it."""

    def sources(self) -> list[Source]:
        """All remembered sources, oldest first."""

    def totals(self) -> Totals:
        """Counts over everything visible (masked sources left out).

        Unplayed means here, and in the groups and all other counts, not yet played to
        the end: half-heard notes are counted. Problems are those that `problems` lists.
        """

    def chats(self) -> list[Chat]:
        """Chats with a visible note in a source that is there, newest first."""

    def months(self, chat_id: ChatId) -> list[MonthTotals]:
        """The months of a chat, newest first."""

    def group_totals(self, group: Group) -> tuple[int, int, int]:
        """Notes, unplayed notes and length in milliseconds of a group."""

    def keys(self, group: Group, sort: Sort = Sort.NEWEST) -> NoteKeys:
        """The notes of a group, newest first (Recent: at most RECENT_LIMIT).

        Of notes at the same time, the one with the higher id comes first. With another
        order the first array has the sort keys of that, see `NoteKeys`. A search that
        can't be understood finds nothing. A collection keeps its own order.
        """

    def members(
        self, group: Group, ids: Sequence[NoteId], sort: Sort = Sort.NEWEST
    ) -> dict[NoteId, int]:
        """Which of some notes belong to a group (any but Recent), with sort keys."""

    def buckets(self, by: GroupBy) -> list[Bucket]:
        """The groups of all visible notes by something else than the chat.

        Those with the newest notes come first. A note with several tags is in several.
        """

    def search(
        self,
        query: Query,
        today: date,
        *,
        sort: Sort = Sort.NEWEST,
        told: bool = False,
        below: bytes = b"",
    ) -> NoteKeys:
        """The notes that match a query, of sources that are there.

        Args:
            query: The query. It also tells which states the notes may have.
            today: The day that `today` and `yesterday` count from.
            sort: Their order.
            told: Also notes that a document tells of, and whose file never was here.
            below: A folder that one of a note's files must lie in (of a note without
                a file: its source); empty for anywhere.
        """

    def prepare_search(self) -> bool:
        """Do a part of what makes searches quick; whether there is more."""

    def hit(self, note_id: NoteId, query: Query) -> Hit | None:
        """Where the words of a query stand in a note; None where they don't."""

    def saved_searches(self) -> list[SavedSearch]:
        """The saved searches by name, with totals as they were last counted."""

    def collections(self) -> list[Collection]:
        """The collections by name, with totals as they were last counted."""

    def search_history(self, limit: int = 100) -> list[str]:
        """Searches that were made, the last one first."""

    def tags(self) -> list[TagTotals]:
        """The tags by name; those above others are there even if never used alone."""

    def tags_of(self, ids: Sequence[NoteId]) -> dict[str, int]:
        """The tags of some notes: name, and how many of the notes have it."""

    def statistics(self) -> Statistics:
        """The visible notes in numbers."""

    def rows(self, ids: Sequence[NoteId]) -> list[NoteRow]:
        """Rows for some notes, in the order asked; notes that are gone are left out."""

    def note(self, note_id: NoteId) -> Note | None:
        """Everything about one note."""

    def notes(self, ids: Sequence[int]) -> Iterator[Note]:
        """Everything about some notes, in their order."""

    def find(self, key: str) -> list[NoteId]:
        """Notes whose public id begins with some hex digits (to tell ambiguity)."""

    def all_notes(
        self, *, states: Sequence[NoteState], told: bool = False
    ) -> Iterator[Note]:
        """Notes in these states, of sources that are there, newest first.

        Args:
            states: The states.
            told: Also notes that a document tells of, and whose file never was here.
        """

    def documents(self) -> list[DocumentInfo]:
        """Documents that are there, by source and path."""

    def notes_by_source(self) -> dict[SourceId, int]:
        """How many notes have a file in each source, or are told of there alone."""

    def gaps(self) -> dict[SourceId, Gaps]:
        """What is not known of the notes of each source that has some."""

    def problems(self) -> list[Problem]:
        """Files and sources that can't be used, newest first."""

    def document_problems(self, limit: int) -> list[Problem]:
        """Documents and archives that could not be read, or not to the end, by path."""

    def locate(self, note_id: NoteId) -> tuple[ChatId, int, int] | None:
        """Chat, month and order_ms of a note."""

    def neighbour(
        self, note_id: NoteId, step: int, *, unplayed: bool = False
    ) -> NoteId | None:
        """The next newer (step 1) or next older (step -1) visible note of the chat."""

    def oldest_unplayed(self, skip: AbstractSet[NoteId] = frozenset()) -> NoteId | None:
        """The oldest unplayed visible note of all chats; it may be half-heard.

        Args:
            skip: Notes to leave out.
        """

    def sounds(self, note_id: NoteId) -> dict[SoundScope, SoundSettings]:
        """How a note shall sound, by what that is remembered for; only what is said."""

    def queue(self) -> list[NoteId]:
        """The notes that wait to be played, the next one first.

        Those that are gone, or whose source is away, are left out.
        """

    def changes_since(self, revision: int) -> tuple[int, LibraryDelta]:
        """What changed after a revision, and the revision now."""

    def revision(self) -> int:
        """The number of the last committed change."""

    def close(self) -> None:
        """Give the connection back."""


class UserWriter(Protocol):
    """Changes of the user's own data. Each returns at once; a thread writes.

    A change hangs on the content hash of the note's recording: a note without one is
    hashed first, from its file.
    """

    def set_position(self, note_id: NoteId, position_ms: int, played: Played) -> None:
        """Keep where listening stands; written within 200 ms."""

    def set_played(self, note_ids: Sequence[NoteId], played: Played) -> None:
        """Mark notes played, half-heard or unplayed (unplayed also rewinds)."""

    def set_sound(
        self, note_id: NoteId | None, scope: SoundScope, settings: SoundSettings
    ) -> None:
        """Remember how a note, its sender, its chat or all notes shall sound.

        Args:
            note_id: The note; None for all notes.
            scope: What it is remembered for. A note without a known sender or chat has
                none to remember it for: then nothing is done.
            settings: All that is said there from now on; nothing forgets it.
        """

    def set_queue(
        self, note_ids: Sequence[NoteId], before: Sequence[NoteId] | None = None
    ) -> None:
        """Keep which notes wait to be played, the next one first.

        Args:
            note_ids: The notes.
            before: The list that this one was made from: what another browser took or
                added since then counts as well. None asks for just these notes.
        """

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything asked so far is on the disk."""


class FileRecord(NamedTuple):
    """What the library remembers of a file, for comparison with what is there.

    A tuple, like NoteRecord: a scan makes one for each file, at a third of the cost.
    """

    file_id: int
    note_id: int
    folder: bytes
    name: bytes
    size: int
    mtime_ns: int
    inode: int
    state: NoteState


class NoteRecord(NamedTuple):
    """A file to add or to change, with the facts about its note."""

    folder: bytes
    name: bytes
    size: int
    mtime_ns: int
    inode: int
    state: NoteState
    reason: str
    kind: NoteKind
    chat_kind: ChatKind
    chat_native_id: str
    chat_title: str
    chat_confidence: float
    chat_origin: str
    direction: Direction
    sender: str | None
    sender_confidence: float
    sender_origin: str
    sent_ms: int
    offset_min: int | None
    precision: Precision
    time_confidence: float
    time_origin: str
    order_ms: int
    month: int
    title: str = ""
    base_name: bytes = b""
    container: str = ""
    duration_ms: int | None = None
    file_id: int | None = None
    """The record that it replaces (a changed file, or one that moved here)."""
    chat_is_global: bool = False
    """Whether the chat's identity is a messenger's, the same in every source."""


class Measured(NamedTuple):
    """What was measured of a file after it was added."""

    file_id: int
    container: str = ""
    duration_ms: int | None = None
    state: NoteState | None = None
    reason: str = ""
    content_hash: bytes | None = None


class DocumentRecord(NamedTuple):
    """What the library remembers of a document."""

    id: int
    folder: bytes
    name: bytes
    kind: DocumentKind
    size: int
    mtime_ns: int
    state: DocumentState
    is_due: bool
    """Whether it is to be read, because it is new, changed or not read to the end."""
    day_order: str
    """The order of dates that the user chose; empty when it is to be decided."""
    reason: str = ""
    """Why the state is not `ok`."""


class ClaimRecord(NamedTuple):
    """What a document tells of one message, to be written."""

    key: str
    folder: bytes
    name: bytes
    """The file's, as told; empty when none is named."""
    beside: bool
    chat: ChatTold | None
    chat_confidence: float
    sender: PersonTold | None
    sender_confidence: float
    direction: Direction
    kind: NoteKind
    sent_ms: int | None
    offset_min: int | None
    precision: Precision | None
    time_confidence: float
    place: int
    size: int | None
    sha256: bytes | None
    duration_ms: int | None
    title: str
    text: str
    transcript: str
    waveform: bytes | None
    phone_played: bool | None
    forwarded: bool


class IndexWriter(Protocol):
    """What the indexer writes: one transaction a call, on the caller's thread."""

    def batch(self) -> AbstractContextManager[None]:
        """Make one transaction of all calls inside (may not be nested).

        A burst touches many folders, and a commit for each would wake every reader.
        """

    def add_source(
        self,
        root: bytes,
        kind: SourceKind,
        label: str,
        score: int,
        reasons: Sequence[str],
    ) -> SourceId:
        """Remember a source; the same root twice is the same source."""

    def remove_source(self, source_id: SourceId) -> None:
        """Forget a source and its notes; marks stay with their recordings."""

    def set_source_state(
        self,
        source_id: SourceId,
        state: SourceState,
        reason: str,
        *,
        watch: WatchMode | None = None,
        watch_reason: str = "",
    ) -> None:
        """Note that a source came, went, or is watched in another way."""

    def set_scanned(self, source_id: SourceId, now_ms: int) -> None:
        """Note that a full scan ended."""

    def folders(self, source_id: SourceId) -> dict[bytes, int]:
        """Known folders of a source: path relative to the root, mtime_ns."""

    def files_in(self, source_id: SourceId, folder: bytes) -> list[FileRecord]:
        """Files remembered directly in a folder (without missing ones)."""

    def files_named(
        self, source_id: SourceId, folder: bytes, names: Sequence[bytes]
    ) -> list[FileRecord]:
        """The same for some names only: one event must not cost a whole folder."""

    def missing_like(
        self, source_id: SourceId, inode: int, size: int, mtime_ns: int
    ) -> FileRecord | None:
        """A missing file that a new one may be the moved form of."""

    def apply(
        self,
        source_id: SourceId,
        folder: bytes,
        folder_mtime_ns: int,
        put: Sequence[NoteRecord],
        gone: Sequence[int],
    ) -> None:
        """Write the difference of one folder: files to add or change, ids that left."""

    def drop_folders(self, source_id: SourceId, folders: Iterable[bytes]) -> None:
        """Folders that are gone, with all below: their files become missing."""

    def unmeasured(self, limit: int) -> list[tuple[int, bytes]]:
        """Files without a length yet: id and absolute path, newest notes first."""

    def unhashed(self, limit: int) -> list[tuple[int, bytes, int]]:
        """Files without a content hash yet: id, absolute path, size; newest first."""

    def measured(self, results: Sequence[Measured]) -> None:
        """Write lengths, containers, hashes; equal content joins conflict copies."""

    def set_peaks(
        self, note_id: NoteId, peaks: bytes, lufs: float | None = None
    ) -> None:
        """Keep a waveform, and the loudness, with the note's recording."""

    def documents(self, source_id: SourceId) -> list[DocumentRecord]:
        """Documents of a source that are there."""

    def put_document(
        self,
        source_id: SourceId,
        record: DocumentRecord,
        *,
        score: int = 0,
        reasons: Sequence[str] = (),
        label: str = "",
        state: DocumentState | None = None,
        reason: str = "",
    ) -> int:
        """Remember a document that is new or changed: it is due to be read.

        Args:
            source_id: The source.
            record: Its place, kind, size and time; its id does not count.
            score: How sure the recognition was, 0 to 100.
            reasons: What that stands on.
            label: What it is about.
            state: Its state, for one that is never read (an archive); else None.
            reason: Why that state is not `ok`.

        Returns:
            Its id.
        """

    def drop_documents(self, document_ids: Sequence[int]) -> None:
        """Documents that are gone: what only they told stays where notes need it."""

    def begin_document(self, document_id: int) -> int:
        """Begin to read a document; returns the number of the reading."""

    def tell(
        self,
        document_id: int,
        turn: int,
        claims: Sequence[ClaimRecord],
        chats: Sequence[ChatTold] = (),
        people: Sequence[PersonTold] = (),
    ) -> None:
        """Write some of what a document tells."""

    def end_document(
        self,
        document_id: int,
        turn: int,
        state: DocumentState,
        reason: str,
        remarks: Sequence[tuple[str, str]],
    ) -> None:
        """End a reading: what an `ok` one did not tell again is taken back."""

    def match(self, document_id: int) -> Iterator[int]:
        """Find the notes of a document's claims; yields after each transaction."""

    def is_claimed(self, source_id: SourceId, folder: bytes, name: bytes) -> bool:
        """Whether a document beside a file says that it is a note."""

    def claimed_films(self, document_id: int) -> list[tuple[bytes, bytes]]:
        """Films beside a document that it tells of: folder and name of the missing."""

    def incomplete(self, source_id: SourceId) -> set[int]:
        """Documents that look for files themselves, and did not find all of them."""

    def match_again(self) -> Iterator[int]:
        """Match claims again, when all files were measured and compared.

        Lengths and contents may tell more than was known when documents were read.
        """

    def twins(self, limit: int) -> list[tuple[int, bytes, int]]:
        """Files without a hash that may hold what another holds: id, path, size."""

    def tell_stale(self) -> int:
        """Tell some notes anew that an edit of the user left behind; how many."""

    def index_words(self) -> int:
        """Index the words of some notes whose words changed; how many."""

    def next_rules(self) -> RulePage | None:
        """Notes that changed since the user's rules were asked of them."""

    def choose_by_rule(
        self, page: RulePage, matches: Sequence[tuple[int, int]], now_ms: int
    ) -> None:
        """Write what rules say of notes: pairs of both. Not inside of a batch."""

    def close(self) -> None:
        """Give the connection back."""
