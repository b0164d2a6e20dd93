"""A player that a test moves by hand, and a library in memory that keeps positions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.memory_library import MemoryLibrary
from tui.audio import (
    Ended,
    Failed,
    PlayerState,
    PlayerStatus,
    PositionChanged,
    StateChanged,
)
from tui.model import (
    ChatKind,
    Note,
    NoteFile,
    NoteId,
    NoteState,
    Played,
    SourceId,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.audio import PlayerEvent

__all__ = ["HandClock", "HandPlayer", "ListeningLibrary"]


class HandClock:
    """Seconds that grow when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class ListeningLibrary(MemoryLibrary):
    """The library in memory with all that the playback asks of it."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[NoteId, list[bytes]] = {}
        self.kept: list[tuple[NoteId, int, Played]] = []
        self.closed = 0

    def note(self, note_id: NoteId) -> Note | None:
        row = self.notes.get(note_id)
        if row is None:
            return None
        paths = self.files.get(note_id, [b"%d.opus" % note_id])
        files = tuple(
            NoteFile(SourceId(1), b"/notes", path, 1, 1, "copy" if at else "primary")
            for at, path in enumerate(paths)
        )
        return Note(row, f"{note_id:08x}", ChatKind.DIRECT, 1, None, files=files)

    def neighbour(
        self, note_id: NoteId, step: int, *, unplayed: bool = False
    ) -> NoteId | None:
        here = self.notes[note_id]
        rows = self._sorted(
            lambda row: (
                row.chat_id == here.chat_id
                and row.state in {NoteState.READY, NoteState.UNREADABLE}
                and (not unplayed or row.played is not Played.PLAYED)
            )
        )
        place = (here.order_ms, here.id)
        if step > 0:
            newer = [row.id for row in rows if (row.order_ms, row.id) > place]
            return newer[-1] if newer else None
        older = [row.id for row in rows if (row.order_ms, row.id) < place]
        return older[0] if older else None

    def oldest_unplayed(self) -> NoteId | None:
        rows = self._sorted(
            lambda row: (
                row.state in {NoteState.READY, NoteState.UNREADABLE}
                and row.played is not Played.PLAYED
            )
        )
        return rows[-1].id if rows else None

    def set_position(self, note_id: NoteId, position_ms: int, played: Played) -> None:
        self.kept.append((note_id, position_ms, played))
        self.mark(note_id, position_ms=position_ms, played=played)

    def set_played(self, note_ids: Sequence[NoteId], played: Played) -> None:
        for note_id in note_ids:
            self.mark(note_id, played=played)

    def flush(self, timeout: float = 5.0) -> bool:
        return True

    def mark(self, note_id: int, **fields: object) -> None:
        """Change fields of a note's row."""
        row = self.notes[NoteId(note_id)]
        self.notes[row.id] = row._replace(**fields)  # type: ignore[arg-type]  # by name

    def close(self) -> None:
        self.closed += 1


class HandPlayer:
    """A player without a thread: events come when a test makes them come.

    Args:
        clock: Moved on while it plays.
    """

    def __init__(self, clock: HandClock) -> None:
        self.status = PlayerStatus()
        self.loads: list[tuple[bytes, int]] = []
        self.asked: list[str] = []
        self.length_ms = 60_000
        self._clock = clock
        self._listeners: list[Callable[[PlayerEvent], None]] = []

    def subscribe(self, listener: Callable[[PlayerEvent], None]) -> None:
        self._listeners.append(listener)

    def start(self) -> None:
        self.asked.append("start")

    def load(self, path: bytes, *, position_ms: int = 0, play: bool = True) -> int:
        self.loads.append((path, position_ms))
        self.status = replace(
            self.status,
            generation=self.status.generation + 1,
            path=path,
            state=PlayerState.LOADING,
            position_ms=position_ms,
            duration_ms=None,
        )
        return self.status.generation

    def play(self) -> None:
        self.asked.append("play")

    def pause(self) -> None:
        self.asked.append("pause")

    def toggle(self) -> None:
        self.asked.append("toggle")

    def stop(self) -> None:
        self.asked.append("stop")
        self.status = replace(self.status, path=None, state=PlayerState.IDLE)

    def seek(self, position_ms: int) -> None:
        self.asked.append(f"seek {position_ms}")

    def seek_by(self, delta_ms: int) -> None:
        self.asked.append(f"seek by {delta_ms}")

    def set_speed(self, speed: float) -> None:
        self.asked.append(f"speed {speed}")

    def set_volume(self, volume: float) -> None:
        self.asked.append(f"volume {volume}")

    def set_muted(self, muted: bool) -> None:
        self.asked.append(f"muted {muted}")

    def set_skip(self, strength: int) -> None:
        self.asked.append(f"skip {strength}")

    def close(self, timeout: float = 2.0) -> None:
        self.asked.append("close")

    # What happens to it

    def tell(self, event: PlayerEvent) -> None:
        """Send an event."""
        for listener in self._listeners:
            listener(event)

    def becomes(self, state: PlayerState, **fields: object) -> None:
        """Go into a state and tell it."""
        self.status = replace(self.status, state=state, **fields)  # type: ignore[arg-type]  # by name
        self.tell(StateChanged(self.status))

    def begins(self) -> None:
        """Have what was loaded sound."""
        self.becomes(PlayerState.PLAYING, duration_ms=self.length_ms)

    def plays(self, ms: int) -> None:
        """Play on for so long, by ten positions a second."""
        for _ in range(ms // 100):
            self._clock.now += 0.1 / self.status.speed
            self.goes_to(self.status.position_ms + 100)

    def goes_to(self, position_ms: int) -> None:
        """Be at a position and tell it."""
        self.status = replace(self.status, position_ms=position_ms)
        self.tell(PositionChanged(self.status.generation, position_ms))

    def ends(self) -> None:
        """Play to the end."""
        self.plays(self.length_ms - self.status.position_ms)
        self.becomes(PlayerState.ENDED, position_ms=self.length_ms)
        self.tell(Ended(self.status.generation))

    def fails(self, reason: str = "it is damaged") -> None:
        """Be unable to play what was loaded."""
        path = self.status.path or b""
        self.becomes(PlayerState.FAILED)
        self.tell(Failed(self.status.generation, path, reason))
