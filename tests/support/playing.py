"""A player that a test moves by hand, and a library in memory that keeps positions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tests.support.memory_library import MemoryLibrary
from tui.audio import (
    Ended,
    Failed,
    PlayerState,
    PlayerStatus,
    PositionChanged,
    Sound,
    StateChanged,
)
from tui.model import (
    ChatKind,
    Note,
    NoteFile,
    NoteId,
    NoteState,
    Played,
    SoundScope,
    SoundSettings,
    SourceId,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from tui.audio import PlayerEvent
    from tui.model import Bookmark

__all__ = ["HandClock", "HandPlayer", "ListeningLibrary", "Prepared"]


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
        self.bookmarks: dict[NoteId, tuple[Bookmark, ...]] = {}
        self.loudness: dict[NoteId, float] = {}
        self.remembered: dict[tuple[SoundScope, object], SoundSettings] = {}
        self.waiting: list[NoteId] = []
        self.is_slow = False
        """Whether what is to be written is not there yet."""

    def note(self, note_id: NoteId) -> Note | None:
        row = self.notes.get(note_id)
        if row is None:
            return None
        paths = self.files.get(note_id, [b"%d.opus" % note_id])
        files = tuple(
            NoteFile(SourceId(1), b"/notes", path, 1, 1, "copy" if at else "primary")
            for at, path in enumerate(paths)
        )
        return Note(
            row,
            f"{note_id:08x}",
            self.kinds.get(row.chat_id, ChatKind.DIRECT),
            1,
            None,
            files=files,
            bookmarks=self.bookmarks.get(note_id, ()),
            lufs=self.loudness.get(note_id),
        )

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

    def oldest_unplayed(self, skip: AbstractSet[NoteId] = frozenset()) -> NoteId | None:
        rows = self._sorted(
            lambda row: (
                row.state in {NoteState.READY, NoteState.UNREADABLE}
                and row.played is not Played.PLAYED
                and row.id not in skip
            )
        )
        return rows[-1].id if rows else None

    def set_position(self, note_id: NoteId, position_ms: int, played: Played) -> None:
        self.kept.append((note_id, position_ms, played))
        self.mark(note_id, position_ms=position_ms, played=played)

    def set_played(self, note_ids: Sequence[NoteId], played: Played) -> None:
        for note_id in note_ids:
            self.mark(note_id, played=played)

    def sounds(self, note_id: NoteId) -> dict[SoundScope, SoundSettings]:
        keys = {scope: self._scope_key(note_id, scope) for scope in SoundScope}
        return {
            scope: self.remembered[scope, key]
            for scope, key in keys.items()
            if (scope, key) in self.remembered
        }

    def set_sound(
        self, note_id: NoteId | None, scope: SoundScope, settings: SoundSettings
    ) -> None:
        if self.is_slow:
            return
        key = scope, self._scope_key(note_id, scope)
        self.remembered.pop(key, None)
        if settings != SoundSettings():
            self.remembered[key] = settings

    def _scope_key(self, note_id: NoteId | None, scope: SoundScope) -> object:
        row = None if note_id is None else self.notes.get(note_id)
        if scope is SoundScope.ALL:
            return 0
        if row is None:
            return None
        known = {SoundScope.NOTE: row.id, SoundScope.SENDER: row.sender}
        return known.get(scope, row.chat_id)

    def queue(self) -> list[NoteId]:
        return [note_id for note_id in self.waiting if note_id in self.notes]

    def set_queue(
        self, note_ids: Sequence[NoteId], before: Sequence[NoteId] | None = None
    ) -> None:
        self.waiting = list(note_ids)

    def flush(self, timeout: float = 5.0) -> bool:
        return True

    def mark(self, note_id: int, **fields: object) -> None:
        """Change fields of a note's row."""
        row = self.notes[NoteId(note_id)]
        self.notes[row.id] = row._replace(**fields)  # type: ignore[arg-type]  # by name

    def close(self) -> None:
        self.closed += 1


class Prepared(NamedTuple):
    """What was to follow."""

    generation: int
    path: bytes
    position_ms: int
    sound: Sound | None
    gap_ms: int
    tone: bool


class HandPlayer:
    """A player without a thread: events come when a test makes them come.

    Args:
        clock: Moved on while it plays.
    """

    def __init__(self, clock: HandClock) -> None:
        self.status = PlayerStatus()
        self.loads: list[tuple[bytes, int]] = []
        self.titles: list[str] = []
        """Of what was loaded and prepared, in turn."""
        self.sounds: list[Sound | None] = []
        """How each of the loads was to sound."""
        self.asked: list[str] = []
        self.prepared: Prepared | None = None
        """What follows, as it was last told."""
        self.offers: list[Prepared] = []
        """All that was to follow what plays, at one time or another."""
        self.preparations = 0
        self.length_ms = 60_000
        self._clock = clock
        self._generations = 0
        self._listeners: list[Callable[[PlayerEvent], None]] = []

    def subscribe(self, listener: Callable[[PlayerEvent], None]) -> None:
        self._listeners.append(listener)

    def start(self) -> None:
        self.asked.append("start")

    def load(
        self,
        path: bytes,
        *,
        position_ms: int = 0,
        play: bool = True,
        sound: Sound | None = None,
        title: str = "",
    ) -> int:
        self.titles.append(title)
        self.loads.append((path, position_ms))
        self.sounds.append(sound)
        self._generations += 1
        self._begin(
            Prepared(self._generations, path, position_ms, sound, 0, tone=False),
            PlayerState.LOADING,
        )
        return self.status.generation

    def prepare(
        self,
        path: bytes,
        *,
        position_ms: int = 0,
        sound: Sound | None = None,
        gap_ms: int = 0,
        tone: bool = False,
        title: str = "",
    ) -> int:
        self.titles.append(title)
        self._generations += 1
        self.preparations += 1
        self.prepared = Prepared(
            self._generations, path, position_ms, sound, gap_ms, tone
        )
        self.offers.append(self.prepared)
        return self._generations

    def prepare_nothing(self) -> None:
        self.prepared = None

    def _begin(self, what: Prepared, state: PlayerState) -> None:
        status = self.status
        usual = Sound(status.speed, status.skip, status.level, status.boost_db)
        sound = (what.sound or usual).clamped()
        self.prepared = None
        self.offers.clear()
        self.status = replace(
            status,
            generation=what.generation,
            path=what.path,
            state=state,
            position_ms=what.position_ms,
            duration_ms=None,
            speed=sound.speed,
            skip=sound.skip,
            level=sound.level,
            boost_db=sound.boost_db,
            lufs=sound.lufs,
        )

    def play(self) -> None:
        self.asked.append("play")

    def pause(self) -> None:
        self.asked.append("pause")

    def toggle(self) -> None:
        self.asked.append("toggle")

    def stop(self) -> None:
        self.asked.append("stop")
        self.prepared = None
        self.status = replace(self.status, path=None, state=PlayerState.IDLE)

    def seek(self, position_ms: int) -> None:
        self.asked.append(f"seek {position_ms}")

    def seek_by(self, delta_ms: int) -> None:
        self.asked.append(f"seek by {delta_ms}")

    def set_speed(self, speed: float) -> None:
        self.asked.append(f"speed {speed}")
        self.status = replace(self.status, speed=Sound(speed=speed).clamped().speed)

    def set_volume(self, volume: float) -> None:
        self.asked.append(f"volume {volume}")
        self.status = replace(self.status, volume=min(max(volume, 0.0), 1.0))

    def set_muted(self, muted: bool) -> None:
        self.asked.append(f"muted {muted}")
        self.status = replace(self.status, muted=muted)

    def set_skip(self, strength: int) -> None:
        self.asked.append(f"skip {strength}")
        self.status = replace(self.status, skip=Sound(skip=strength).clamped().skip)

    def set_level(self, level: bool) -> None:
        self.asked.append(f"level {level}")
        self.status = replace(self.status, level=level)

    def set_boost(self, boost_db: float) -> None:
        self.asked.append(f"boost {boost_db}")
        boost_db = Sound(boost_db=boost_db).clamped().boost_db
        self.status = replace(self.status, boost_db=boost_db)

    def set_loudness(self, generation: int, lufs: float) -> None:
        self.asked.append(f"loudness {generation} {lufs}")

    def set_loop(self, start_ms: int | None, end_ms: int | None) -> None:
        self.asked.append(f"loop {start_ms} {end_ms}")

    def set_output(self, output: str) -> None:
        self.asked.append(f"output {output}")

    def list_outputs(self) -> None:
        self.asked.append("outputs")

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
        """Play to the end, and go on with what was prepared."""
        self.plays(self.length_ms - self.status.position_ms)
        if self.prepared is not None:
            self.chains()
            return
        self.becomes(PlayerState.ENDED, position_ms=self.length_ms)
        self.tell(Ended(self.status.generation))

    def chains(self, what: Prepared | None = None) -> None:
        """Go on, with what was prepared or with what had been.

        Args:
            what: What had been, before the player was told something else.
        """
        now = self.prepared
        what = what or now
        assert what is not None
        self.tell(Ended(self.status.generation))
        self._begin(what, PlayerState.PLAYING)
        self.prepared = None if what == now else now
        self.begins()

    def cannot_open(self, reason: str = "it is damaged") -> None:
        """Be unable to open what was prepared."""
        what, self.prepared = self.prepared, None
        assert what is not None
        self.tell(Failed(what.generation, what.path, reason))

    def fails(self, reason: str = "it is damaged") -> None:
        """Be unable to play what was loaded."""
        path = self.status.path or b""
        self.becomes(PlayerState.FAILED)
        self.tell(Failed(self.status.generation, path, reason))
