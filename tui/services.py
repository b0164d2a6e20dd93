"""What the browser needs from the engines, joined by the composition root.

The Protocols say what the application calls; `tui.playback`, `tui.library` and
`tui.indexer` have the real things, `tests.fakes` has others. Nothing here blocks, but
for the calls that say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.library import Reader, UserWriter
    from tui.model import Group, LibraryDelta, NoteId
    from tui.playback import NowPlaying

__all__ = ["IndexerStatus", "Indexing", "Playing", "Services"]


class Playing(Protocol):
    """The coordinator of what plays, as far as the browser steers it."""

    @property
    def now(self) -> NowPlaying:
        """What plays at this moment."""

    def subscribe(self, listener: Callable[[NowPlaying], None]) -> None:
        """Have every new snapshot sent to a function, on another thread."""

    def start(self) -> None:
        """Begin to work; opens the sound device in the background."""

    def play_note(self, note_id: NoteId, *, within: Group | None = None) -> None:
        """Play a note from where it was left, and go on within a group."""

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
