"""What plays now, as one frozen value for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.audio import PlayerState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.audio import OutputInfo
    from tui.model import ChatId, NoteId, SoundScope, SoundSettings

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
    level: bool = False
    """Whether the loudness is brought to the target."""
    boost_db: float = 0.0
    """How much louder than that."""
    gain_db: float = 0.0
    """How much louder than recorded it is played, by both."""
    sounds: Mapping[SoundScope, SoundSettings] = field(default_factory=dict)
    """What is remembered of how this note shall sound, by what for."""
    speed_from: SoundScope | None = None
    """What the speed was remembered for; None when it was nowhere said."""
    loop: tuple[int, int | None] | None = None
    """The part that is played again and again, in milliseconds; without an end while
    only its begin is marked."""
    queue: tuple[NoteId, ...] = ()
    """The notes that wait in the queue, the next one first."""
    stops_after: bool = False
    """Whether it will be silent after this note."""
    sleep_ms: int | None = None
    """How long it will still play, in whole minutes; None without a limit."""
    output: str = ""
    """The name of the output in use; empty until there was one."""
    outputs: tuple[OutputInfo, ...] = ()
    """The outputs that there were when it was last asked."""
    chosen_output: str = ""
    """The name of the output that was asked for."""
