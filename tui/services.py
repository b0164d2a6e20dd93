"""What the browser needs from the engines, joined by the composition root.

The Protocols say what the application calls; `tui.playback`, `tui.library` and
`tui.indexer` have the real things, `tests.fakes` has others. Nothing here blocks, but
for the calls that say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tui.browse import Answer
    from tui.export import ExportEvent, Order
    from tui.indexer import Answers, Likely, Lock
    from tui.library import Reader, UserWriter
    from tui.model import (
        Edit,
        Edited,
        Group,
        GroupBy,
        LibraryDelta,
        Named,
        NoteId,
        Played,
        Sort,
        SoundScope,
        SoundSettings,
    )
    from tui.playback import NowPlaying

__all__ = [
    "Editing",
    "Exporting",
    "Finding",
    "IndexerStatus",
    "Indexing",
    "Naming",
    "Playing",
    "Services",
    "Setup",
]


_T = TypeVar("_T")


class Playing(Protocol):
    """The coordinator of what plays, as far as the browser steers it."""

    @property
    def now(self) -> NowPlaying:
        """What plays at this moment."""

    def subscribe(self, listener: Callable[[NowPlaying], None]) -> None:
        """Have every new snapshot sent to a function, on another thread."""

    def start(self) -> None:
        """Begin to work; opens the sound device in the background."""

    def play_note(
        self,
        note_id: NoteId,
        *,
        within: Group | None = None,
        at_ms: int | None = None,
    ) -> None:
        """Play a note from where it was left, or a moment, and go on within a group."""

    def play_group(self, group: Group) -> None:
        """Play the oldest unplayed note of a group, and go on within it."""

    def toggle(self) -> None:
        """Pause or go on."""

    def stop(self) -> None:
        """Fall silent and keep the position."""

    def seek_by(self, delta_ms: int) -> None:
        """Go forward or back."""

    def seek_percent(self, percent: float) -> None:
        """Go to a part of the length."""

    def next(self) -> None:
        """Play the next note of what is being played."""

    def previous(self) -> None:
        """Play the note before."""

    def play_next_unplayed(self) -> None:
        """Play the next unplayed note, the oldest first."""

    def set_speed(self, speed: float) -> None:
        """Speak faster or slower."""

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0.0 to 1.0."""

    def set_muted(self, muted: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Silence without a pause, or undo it."""

    def set_skip(self, strength: int) -> None:
        """Leave out pauses: 0 none, 3 as many as can be told."""

    def set_level(self, level: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Bring the loudness to the target, or leave it."""

    def set_boost(self, boost_db: float) -> None:
        """Be louder than that by some decibels."""

    def remember_sound(self, scope: SoundScope, settings: SoundSettings | None) -> None:
        """Remember how this note, its sender, its chat or all notes shall sound.

        Args:
            scope: For what.
            settings: What is said there from now on; None for all as it sounds now.
        """

    def replay(self, delta_ms: int = 5000) -> None:
        """Go back a little and play, also when it was paused or has ended."""

    def loop(self) -> None:
        """Mark where a part begins, then where it ends: it is played over and over.

        A third time ends that.
        """

    def step_bookmark(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) bookmark of this note."""

    def enqueue(self, note_ids: Sequence[NoteId], *, first: bool = False) -> None:
        """Have notes wait to be played, behind or before the others that wait."""

    def set_queue(self, note_ids: Sequence[NoteId]) -> None:
        """Have just these notes wait, in this order."""

    def stop_after_this(self, stops: bool) -> None:  # noqa: FBT001  # the same
        """Be silent when this note has ended, whatever waits."""

    def sleep_after(self, minutes: float | None) -> None:
        """Pause after some minutes, softly; None takes that back."""

    def set_output(self, output: str) -> None:
        """Play on another output, as `list_outputs` tells its name."""

    def list_outputs(self) -> None:
        """Look which outputs there are; `NowPlaying.outputs` tells them soon."""

    def close(self, timeout: float = 2.0) -> None:
        """Keep the position and end all work; waits, at most so many seconds."""


class IndexerStatus(NamedTuple):
    """What the indexer says of itself, for one line of the header."""

    text: str = ""
    """E.g. `reading 1,204 of 10,000`; empty when it has nothing to do."""
    problem: str = ""
    """Something to tell the user once; empty otherwise."""


class Indexing(Protocol):
    """The indexer, as far as the browser steers it."""

    def start(self) -> None:
        """Begin to watch the sources; returns at once."""

    def rescan(self) -> None:
        """Look at every file again."""

    def request_peaks(self, note_id: NoteId) -> None:
        """Have the waveform of a note made; it arrives as a change of the library."""

    def close(self, timeout: float = 2.0) -> None:
        """End all work; waits, at most so many seconds."""


class Setup(Protocol):
    """What the first start needs, while there is no source yet.

    All but `search` may take seconds: not for the thread of the user interface.
    """

    def search(
        self, tell: Callable[[Likely | bytes | None], None]
    ) -> Callable[[], None]:
        """Look for folders with voice notes, on another thread.

        Args:
            tell: Told of folders, of paths of contacts, and with None of the end.

        Returns:
            Ends the search.
        """

    def look_at(self, typed: str) -> Likely:
        """Tell what a folder is whose path was typed; EarmarkError for none."""

    def find_contacts(self, typed: str) -> bytes:
        """Tell the path of a file of contacts that was typed; EarmarkError for none."""

    def open_with(self, locks: Sequence[Lock], typed: str) -> bytes:
        """Make a secret of what was typed; EarmarkError when it opens none of them."""

    def finish(self, answers: Answers) -> None:
        """Keep keys and remember sources; EarmarkError when that can't be."""


class Naming(Protocol):
    """Who there is. Every call may wait; belongs to the thread that opened it."""

    def chats(self) -> list[Named]:
        """Chats with notes, the newest first."""

    def senders(self) -> list[Named]:
        """Senders of notes, those with the most first."""

    def sender_of(self, note_id: int) -> int | None:
        """Who sent a note, if that is known."""

    def day_orders(self, note_id: int) -> list[tuple[int, str]]:
        """Documents whose order of dates is a guess, and what was chosen already."""

    def close(self) -> None:
        """Give the connection back."""


class Editing(Protocol):
    """Changes of the user's own data; may wait, as above.

    Each can be undone. Marks are put on the recordings of notes; a note whose file
    can't be read, or never was here, is skipped.
    """

    def rename_chat(self, chat_id: int, title: str) -> Edited:
        """Give a chat another title; an empty one brings back what is told."""

    def rename_sender(self, sender_id: int, name: str) -> Edited:
        """Give a sender another name; as for chats."""

    def merge_chats(self, ids: Sequence[int], into: int) -> Edited:
        """Let chats be one from now on."""

    def merge_senders(self, ids: Sequence[int], into: int) -> Edited:
        """Let senders be one from now on."""

    def split_chat(self, chat_id: int) -> Edited:
        """Take a chat out of the one that it went into."""

    def split_sender(self, sender_id: int) -> Edited:
        """Take a sender out of the one that he went into."""

    def assign(
        self,
        note_ids: Sequence[int],
        *,
        chat: int | str | None = None,
        sender: int | str | None = None,
    ) -> Edited:
        """Say which chat or sender notes are from; text is a new one."""

    def set_day_order(self, document_id: int, order: str) -> Edited:
        """Say in which order a document writes day, month and year."""

    def set_star(self, note_ids: Sequence[int], *, on: bool) -> Edited:
        """Star notes, or take the star away."""

    def tag(
        self,
        note_ids: Sequence[int],
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> Edited:
        """Give notes tags and take others away, as one edit."""

    def set_title(self, note_ids: Sequence[int], title: str) -> Edited:
        """Give notes a title; an empty one brings back what is told."""

    def set_comment(self, note_ids: Sequence[int], comment: str) -> Edited:
        """Write a comment, which may have several lines; empty takes it away."""

    def set_played(self, note_ids: Sequence[int], played: Played) -> Edited:
        """Mark notes played, half-heard or unplayed (unplayed also rewinds)."""

    def add_bookmark(self, note_id: int, at_ms: int, text: str = "") -> Edited:
        """Mark a moment; one that is marked gets another text."""

    def remove_bookmark(self, note_id: int, at_ms: int) -> Edited:
        """Take the mark of a moment away."""

    def rename_tag(self, name: str, new: str) -> Edited:
        """Call a tag, and those below it, otherwise; into one that is there, merge."""

    def delete_tag(self, name: str) -> Edited:
        """Take a tag, and those below it, from all notes."""

    def save_search(self, name: str, query: str) -> Edited:
        """Keep a query as a node of the tree; one of that name gets another query."""

    def rename_search(self, search_id: int, name: str) -> Edited:
        """Call a saved search otherwise."""

    def remove_search(self, search_id: int) -> Edited:
        """Forget a saved search."""

    def remember_search(self, query: str) -> None:
        """Put a query at the top of the history; this is no edit."""

    def count_search(self, search_id: int, totals: tuple[int, int, int]) -> None:
        """Keep how a saved search was counted, for the next start; this is no edit.

        Args:
            search_id: The search.
            totals: Notes, unplayed notes, length in milliseconds.
        """

    def create_collection(self, name: str) -> Edited:
        """Make a collection with nothing in it."""

    def rename_collection(self, name: str, new: str) -> Edited:
        """Call a collection otherwise."""

    def delete_collection(self, name: str) -> Edited:
        """Forget a collection; its notes stay."""

    def collect(self, name: str, note_ids: Sequence[int]) -> Edited:
        """Put notes at the end of a collection, which is made if need be."""

    def uncollect(self, name: str, note_ids: Sequence[int]) -> Edited:
        """Take notes out of a collection."""

    def move_collected(
        self, name: str, note_ids: Sequence[int], *, to: int = 0, by: int = 0
    ) -> Edited:
        """Put notes of a collection to a place, from 1, or some places down."""

    def count_collection(
        self, collection_id: int, counted: tuple[int, int, int]
    ) -> None:
        """Keep how a collection was counted; as `count_search`."""

    def undo(self, steps: int = 1) -> str:
        """Take the last edits back; tells what they were."""

    def history(self, limit: int = 100) -> list[Edit]:
        """The last edits that can be undone, newest first."""

    def close(self) -> None:
        """Give the connection back."""


class Finding(Protocol):
    """Looks for notes on a thread of its own, so that no key waits for an answer."""

    def subscribe(self, listener: Callable[[Answer], None]) -> None:
        """Have every answer sent to a function, on another thread."""

    def search(self, group: Group, sort: Sort) -> int:
        """Look for the notes of a search; a newer one ends those before.

        Returns:
            A number, which the answer has too.
        """

    def prepare(self) -> None:
        """Make ready what searches need: one will be asked for soon."""

    def view(self, by: GroupBy) -> None:
        """Group all notes; kept up to date until another view is asked for.

        Args:
            by: `CHAT` ends it: chats are known without.
        """

    def recount(self) -> None:
        """Count saved searches and the view again, soon: the library changed."""

    def ask(self, question: Callable[[Reader], _T]) -> _T:
        """Ask the library on the finder's thread, and wait for the answer.

        Not for the thread of the user interface.

        Args:
            question: Some short queries.

        Raises:
            EarmarkError: The library can't be read, or the finder was closed.
        """

    def close(self, timeout: float = 2.0) -> None:
        """End all work; waits, at most so many seconds."""


class Exporting(Protocol):
    """Saves notes in a process of its own, one run at a time."""

    def subscribe(self, listener: Callable[[ExportEvent], None]) -> None:
        """Have every event sent to a function, on another thread."""

    def preview(self, order: Order) -> int:
        """Tell what would be saved; the preview before is not wanted any more.

        Returns:
            A number, which the events have too.
        """

    def more(self, number: int, rows: int) -> None:
        """Have so many rows of a preview told, in all."""

    def start(self, order: Order) -> int:
        """Save; returns a number as `preview` does."""

    def pause(self, paused: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Have the run wait, or go on."""

    def stop(self) -> None:
        """End the run; what is saved stays."""

    def leave(self) -> None:
        """No preview is wanted any more; a run goes on."""

    def recall(self) -> dict[str, str]:
        """Tell how was saved last; empty where that is not known."""

    def remember(self, values: Mapping[str, str]) -> None:
        """Keep how is saved now, for the next time."""

    def close(self, timeout: float = 2.0) -> None:
        """End all work; waits, at most so many seconds."""


class Services(NamedTuple):
    """The engines behind one browser. The browser starts and ends them."""

    reader: Reader
    """Belongs to the thread of the user interface."""
    user: UserWriter
    playing: Playing
    indexing: Indexing
    follow: Callable[[Callable[[LibraryDelta], None], int], Callable[[], None]]
    """Send every delta after a revision to a function, on another thread, until the
    answer is called."""
    on_indexer: Callable[[Callable[[IndexerStatus], None]], None]
    """Send what the indexer says of itself to a function, on another thread."""
    close: Callable[[], None]
    """Give the library back, after all else has ended; waits for what is unwritten."""
    expects_sources: bool = False
    """Folders were asked for that the library may not know yet."""
    is_read_only: bool = False
    """Nothing can be written: no mark is kept, and nothing is watched."""
    trouble: Callable[[], str] = str
    """Tells why marks can't be written now; empty when they can."""
    setup: Setup | None = None
    """Finds the first sources; None where there are some, or none can be added."""
    naming: Callable[[], Naming] | None = None
    """Opens what lists chats and senders, for the calling thread."""
    editing: Callable[[], Editing] | None = None
    """Opens what changes user data; None where that can't be."""
    finding: Finding | None = None
    """Looks for notes on a thread of its own."""
    editor: str = ""
    """The command that long texts are written with; empty for the environment's."""
    remembers_searches: int = 100
    """How many searches are remembered."""
    exporting: Exporting | None = None
    """Saves notes; None where nothing can be."""
    export_lufs: float = -18.0
    """The loudness that saved notes are brought to, where that is wanted."""
    mail_from: str = ""
    """Whom drafts of mails are from; empty where that is not set."""
