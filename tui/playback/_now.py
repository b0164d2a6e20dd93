"""What plays now, as one frozen value for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.audio import PlayerState

if TYPE_CHECKING:
    from tui.model import ChatId, NoteId

__all__ = ["NowPlaying"]


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """The note that plays, and how. Without a note only the settings mean anything."""

    note_id: NoteId | None = None
    title: str = ""
    """A title from the source; empty when the file has none."""
    sender: str | None = None
    chat: str = ""
    chat_id: ChatId | None = None
    state: PlayerState = PlayerState.IDLE
    position_ms: int = 0
    duration_ms: int | None = None
    speed: float = 1.0
    volume: float = 1.0
    muted: bool = False
    skip: int = 0
    """How many of the pauses are left out: 0 none, 3 the most."""
    saved_ms: int = 0
    """How much that saved since the note was last cued."""
    device_problem: str = ""
    """A line while there is no working device or engine; empty otherwise."""
    message: str = ""
    """A line about the last request: why a note can't be played, that nothing is
    left to play. Empty again with the next request."""
    failure: str = ""
    """Why this note can't be played, in a few words; empty for one that can."""
    queue: int = 0
    """How many notes wait in the queue."""
