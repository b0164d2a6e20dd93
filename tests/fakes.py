"""Stand-ins for the engines: typed against the Protocols, and checked with them."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from tests.support.memory_library import START_MS, MemoryLibrary
from tui.audio import PlayerState, Sound
from tui.model import (
    ChatId,
    ChatKind,
    Direction,
    Evidence,
    Note,
    NoteFile,
    NoteId,
    NoteState,
    Played,
    Precision,
    SoundScope,
    SoundSettings,
    Source,
    SourceId,
    SourceKind,
    WatchMode,
)
from tui.playback import NowPlaying
from tui.services import Services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tui.export import ExportEvent, Order
    from tui.library import Reader, UserWriter
    from tui.model import (
        DocumentInfo,
        Gaps,
        Group,
        LibraryDelta,
        NoteRow,
        Problem,
    )
    from tui.services import Exporting, IndexerStatus, Indexing, Playing

__all__ = [
    "FakeExporting",
    "FakeIndexing",
    "FakeLibrary",
    "FakePlaying",
    "Fakes",
    "sample_library",
    "sample_peaks",
]

DAY_MS = 86_400_000
_T = TypeVar("_T")


@cache
def sample_peaks(seed: int, count: int = 400) -> bytes:
    """Make a waveform that looks like speech."""
    return bytes(
        int(
            200
            * abs(math.sin(i / (5 + seed % 4)))
            * (0.25 + 0.75 * abs(math.sin(i / 37 + seed)))
        )
        for i in range(count)
    )


class FakeLibrary(MemoryLibrary):
    """A library in memory that tells listeners what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[Source] = []
        self.names: dict[NoteId, bytes] = {}
        """File names; a note without one is called after its id."""
        self.peaks: dict[NoteId, bytes] = {}
        self.remembered: dict[tuple[SoundScope, object], SoundSettings] = {}
        """How notes shall sound, by what that is said of."""
        self.waiting: list[NoteId] = []
        """The queue, with notes that are gone."""
        self.listeners: list[Callable[[LibraryDelta], None]] = []
        self.is_closed = False
        self.flushed = 0

    # What the application asks

    def sources(self) -> list[Source]:
        return list(self.known)

    def note(self, note_id: NoteId) -> Note | None:
        row = self.notes.get(note_id)
        return None if row is None else self._whole(row)

    def find(self, key: str) -> list[NoteId]:
        return [i for i in self.notes if f"{i:016x}".startswith(key)]

    def documents(self) -> list[DocumentInfo]:
        return []

    def notes_by_source(self) -> dict[SourceId, int]:
        return {}

    def document_problems(self, limit: int) -> list[Problem]:
        return []

    def gaps(self) -> dict[SourceId, Gaps]:
        return {}

    def all_notes(
        self, *, states: Sequence[NoteState], told: bool = False
    ) -> Iterator[Note]:
        return (self._whole(row) for row in self.notes.values() if row.state in states)

    def problems(self) -> list[Problem]:
        return []

    def neighbour(
        self, note_id: NoteId, step: int, *, unplayed: bool = False
    ) -> NoteId | None:
        here = self.notes[note_id]
        rows = [row for row in self.notes.values() if row.chat_id == here.chat_id]
        rows.sort(key=lambda row: (row.order_ms, row.id))
        at = rows.index(here) + step
        return rows[at].id if 0 <= at < len(rows) else None

    def oldest_unplayed(self, skip: AbstractSet[NoteId] = frozenset()) -> NoteId | None:
        rows = [
            row
            for row in self.notes.values()
            if row.played is not Played.PLAYED and row.state is NoteState.READY
            if row.id not in skip
        ]
        return min(rows, key=lambda row: row.order_ms).id if rows else None

    def sounds(self, note_id: NoteId) -> dict[SoundScope, SoundSettings]:
        keys = {scope: self._about(note_id, scope) for scope in SoundScope}
        return {
            scope: self.remembered[scope, about]
            for scope, about in keys.items()
            if (scope, about) in self.remembered
        }

    def queue(self) -> list[NoteId]:
        return [note_id for note_id in self.waiting if note_id in self.notes]

    def _about(self, note_id: NoteId | None, scope: SoundScope) -> object:
        """What a setting is said of; None where a note has nothing of the kind."""
        row = None if note_id is None else self.notes.get(note_id)
        if scope is SoundScope.ALL:
            return "all"
        if row is None or scope is SoundScope.NOTE:
            return None if row is None else row.id
        return row.sender if scope is SoundScope.SENDER else row.chat_id

    def _whole(self, row: NoteRow) -> Note:
        name = self.names.get(row.id, f"PTT-{row.id:08d}.opus".encode())
        file = NoteFile(
            SourceId(1), b"/home/user/Sync/WhatsApp", b"Voice/" + name, 48_213, 0
        )
        return Note(
            row=row,
            key=f"{row.id:016x}",
            chat_kind=self.kinds.get(row.chat_id, ChatKind.DIRECT),
            size=48_213,
            recording=f"{row.id:032x}",
            container="ogg/opus",
            files=(file,),
            evidence={
                "chat": Evidence("folder", 0.9),
                "sender": Evidence("folder", 0.9),
                "sent_at": Evidence("file name", 0.8),
            },
            peaks=self.peaks.get(row.id),
            lufs=-23.0 if row.id in self.peaks else None,
        )

    # What the user changes

    def set_position(self, note_id: NoteId, position_ms: int, played: Played) -> None:
        row = self.notes[note_id]
        self.notes[note_id] = row._replace(position_ms=position_ms, played=played)
        self.tell(self.change(note_id))

    def set_played(self, note_ids: Sequence[NoteId], played: Played) -> None:
        for note_id in note_ids:
            self.notes[note_id] = self.notes[note_id]._replace(played=played)
        self.tell(self.change(*note_ids))

    def set_sound(
        self, note_id: NoteId | None, scope: SoundScope, settings: SoundSettings
    ) -> None:
        about = self._about(note_id, scope)
        self.remembered.pop((scope, about), None)
        if about is not None and settings != SoundSettings():
            self.remembered[scope, about] = settings

    def set_queue(
        self, note_ids: Sequence[NoteId], before: Sequence[NoteId] | None = None
    ) -> None:
        self.waiting = list(note_ids)

    def flush(self, timeout: float = 5.0) -> bool:
        self.flushed += 1
        return True

    # What the composition root joins

    def follow(
        self, listener: Callable[[LibraryDelta], None], since: int
    ) -> Callable[[], None]:
        """Tell every change to a function."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, delta: LibraryDelta) -> None:
        """Tell a change, on another thread as the real library does."""
        for listener in list(self.listeners):
            on_thread(listener, delta)

    def finish(self) -> None:
        """Be closed by the application."""
        self.is_closed = True


def on_thread(function: Callable[[_T], None], value: _T) -> None:
    """Call a function on another thread, and wait until it returned."""
    thread = threading.Thread(target=function, args=(value,))
    thread.start()
    thread.join()


@dataclass
class FakePlaying:
    """A player that plays nothing, and remembers what was asked of it."""

    library: FakeLibrary
    now: NowPlaying = field(default_factory=NowPlaying)
    asked: list[tuple[object, ...]] = field(default_factory=list)
    listeners: list[Callable[[NowPlaying], None]] = field(default_factory=list)
    is_started: bool = False
    is_closed: bool = False
    hangs: threading.Event | None = None
    """When set, closing waits for it."""

    def subscribe(self, listener: Callable[[NowPlaying], None]) -> None:
        self.listeners.append(listener)

    def start(self) -> None:
        self.is_started = True

    def tell(self, now: NowPlaying) -> None:
        """Publish a snapshot."""
        self.now = now
        for listener in self.listeners:
            on_thread(listener, now)

    def play_note(
        self,
        note_id: NoteId,
        *,
        within: Group | None = None,
        at_ms: int | None = None,
    ) -> None:
        asked = ("play_note", note_id, within)
        self.asked.append(asked if at_ms is None else (*asked, at_ms))
        row = self.library.notes[note_id]
        self.tell(
            replace(
                self.now,
                note_id=note_id,
                sender=row.sender,
                chat=row.chat_title,
                chat_id=row.chat_id,
                state=PlayerState.PLAYING,
                position_ms=row.position_ms if at_ms is None else at_ms,
                duration_ms=row.duration_ms,
                message="",
            )
        )

    def play_group(self, group: Group) -> None:
        self.asked.append(("play_group", group))

    def toggle(self) -> None:
        self.asked.append(("toggle",))
        paused = self.now.state is PlayerState.PAUSED
        state = PlayerState.PLAYING if paused else PlayerState.PAUSED
        if self.now.note_id is not None:
            self.tell(replace(self.now, state=state))

    def stop(self) -> None:
        self.asked.append(("stop",))
        self.tell(replace(self.now, note_id=None, state=PlayerState.IDLE))

    def seek_by(self, delta_ms: int) -> None:
        self.asked.append(("seek_by", delta_ms))

    def seek_percent(self, percent: float) -> None:
        self.asked.append(("seek_percent", percent))

    def next(self) -> None:
        self.asked.append(("next",))

    def previous(self) -> None:
        self.asked.append(("previous",))

    def play_next_unplayed(self) -> None:
        self.asked.append(("play_next_unplayed",))
        note_id = self.library.oldest_unplayed()
        if note_id is None:
            self.tell(replace(self.now, message="nothing unplayed is left"))
        else:
            self.play_note(note_id)

    def set_speed(self, speed: float) -> None:
        self.asked.append(("set_speed", speed))
        self.tell(replace(self.now, speed=speed))

    def set_skip(self, strength: int) -> None:
        self.asked.append(("set_skip", strength))
        self.tell(replace(self.now, skip=strength))

    def set_level(self, level: bool) -> None:
        self.asked.append(("set_level", level))
        self._remember(level=level)

    def set_boost(self, boost_db: float) -> None:
        self.asked.append(("set_boost", boost_db))
        self._remember(boost_db=Sound(boost_db=boost_db).clamped().boost_db)

    def _remember(self, **values: float | bool) -> None:
        """Remember a setting for the sender, or for all while nothing plays."""
        has_sender = self.now.note_id is not None and self.now.sender is not None
        scope = SoundScope.SENDER if has_sender else SoundScope.ALL
        said = self.now.sounds.get(scope, SoundSettings())
        settings = said._replace(**values)  # type: ignore[arg-type]  # by name
        self._say(scope, settings)

    def remember_sound(self, scope: SoundScope, settings: SoundSettings | None) -> None:
        self.asked.append(("remember_sound", scope, settings))
        now = self.now
        if settings is None:
            settings = SoundSettings(now.speed, now.boost_db, now.level, now.skip)
        self._say(scope, settings)

    def _say(self, scope: SoundScope, settings: SoundSettings) -> None:
        """Remember settings, and have the nearest to the note count."""
        sounds = {**self.now.sounds, scope: settings}
        if settings == SoundSettings():
            del sounds[scope]
        values: dict[str, float | bool | int] = {
            "speed": 1.0,
            "boost_db": 0.0,
            "level": False,
            "skip": 0,
        }
        for each in reversed(SoundScope):
            said = sounds.get(each, SoundSettings())._asdict()
            values.update({k: v for k, v in said.items() if v is not None})
        now = replace(self.now, sounds=sounds, **values)  # type: ignore[arg-type]  # by name
        self.tell(now)

    def replay(self, delta_ms: int = 5000) -> None:
        self.asked.append(("replay", delta_ms))

    def loop(self) -> None:
        self.asked.append(("loop",))
        now = self.now
        if now.note_id is None:
            self.tell(replace(now, message="Nothing plays"))
        elif now.loop is None:
            self.tell(replace(now, loop=(now.position_ms, None)))
        elif now.loop[1] is None:
            self.tell(replace(now, loop=(now.loop[0], now.position_ms)))
        else:
            self.tell(replace(now, loop=None))

    def step_bookmark(self, step: int) -> None:
        self.asked.append(("step_bookmark", step))

    def enqueue(self, note_ids: Sequence[NoteId], *, first: bool = False) -> None:
        self.asked.append(("enqueue", tuple(note_ids), first))
        both = (note_ids, self.now.queue) if first else (self.now.queue, note_ids)
        self.tell(replace(self.now, queue=tuple(dict.fromkeys([*both[0], *both[1]]))))

    def set_queue(self, note_ids: Sequence[NoteId]) -> None:
        self.asked.append(("set_queue", tuple(note_ids)))
        self.tell(replace(self.now, queue=tuple(note_ids)))

    def stop_after_this(self, stops: bool) -> None:
        self.asked.append(("stop_after_this", stops))
        self.tell(replace(self.now, stops_after=stops))

    def sleep_after(self, minutes: float | None) -> None:
        self.asked.append(("sleep_after", minutes))
        left_ms = None if minutes is None else round(minutes * 60_000)
        self.tell(replace(self.now, sleep_ms=left_ms))

    def set_output(self, output: str) -> None:
        self.asked.append(("set_output", output))
        self.tell(replace(self.now, chosen_output=output))

    def list_outputs(self) -> None:
        self.asked.append(("list_outputs",))

    def set_volume(self, volume: float) -> None:
        self.asked.append(("set_volume", volume))
        self.tell(replace(self.now, volume=volume))

    def set_muted(self, muted: bool) -> None:
        self.asked.append(("set_muted", muted))
        self.tell(replace(self.now, muted=muted))

    def close(self, timeout: float = 2.0) -> None:
        if self.hangs is not None:
            self.hangs.wait(30)
        self.is_closed = True


@dataclass
class FakeIndexing:
    """An indexer that indexes nothing."""

    asked: list[tuple[object, ...]] = field(default_factory=list)
    listeners: list[Callable[[IndexerStatus], None]] = field(default_factory=list)
    is_started: bool = False
    is_closed: bool = False

    def subscribe(self, listener: Callable[[IndexerStatus], None]) -> None:
        """Tell every status to a function."""
        self.listeners.append(listener)

    def tell(self, status: IndexerStatus) -> None:
        """Publish a status."""
        for listener in self.listeners:
            on_thread(listener, status)

    def start(self) -> None:
        self.is_started = True

    def rescan(self) -> None:
        self.asked.append(("rescan",))

    def request_peaks(self, note_id: NoteId) -> None:
        self.asked.append(("request_peaks", note_id))

    def close(self, timeout: float = 2.0) -> None:
        self.is_closed = True


@dataclass
class FakeExporting:
    """Who saves nothing, and tells what a test says."""

    asked: list[tuple[object, ...]] = field(default_factory=list)
    listeners: list[Callable[[ExportEvent], None]] = field(default_factory=list)
    orders: dict[int, Order] = field(default_factory=dict)
    remembered: dict[str, str] = field(default_factory=dict)
    is_closed: bool = False

    def subscribe(self, listener: Callable[[ExportEvent], None]) -> None:
        self.listeners.append(listener)

    def tell(self, event: ExportEvent) -> None:
        """Publish an event."""
        for listener in self.listeners:
            on_thread(listener, event)

    def _begin(self, name: str, order: Order) -> int:
        number = len(self.orders) + 1
        self.orders[number] = order
        self.asked.append((name, number))
        return number

    @property
    def order(self) -> Order:
        """What was asked for last."""
        return self.orders[len(self.orders)]

    def preview(self, order: Order) -> int:
        return self._begin("preview", order)

    def start(self, order: Order) -> int:
        return self._begin("start", order)

    def more(self, number: int, rows: int) -> None:
        self.asked.append(("more", number, rows))

    def pause(self, paused: bool) -> None:
        self.asked.append(("pause", paused))

    def stop(self) -> None:
        self.asked.append(("stop",))

    def leave(self) -> None:
        self.asked.append(("leave",))

    def recall(self) -> dict[str, str]:
        return dict(self.remembered)

    def remember(self, values: Mapping[str, str]) -> None:
        self.remembered = dict(values)

    def close(self, timeout: float = 2.0) -> None:
        self.is_closed = True


class Fakes:
    """All engines of one browser."""

    def __init__(self, library: FakeLibrary | None = None) -> None:
        self.library = library or FakeLibrary()
        self.playing = FakePlaying(self.library)
        self.indexing = FakeIndexing()
        self.exporting = FakeExporting()

    @property
    def services(self) -> Services:
        """What the application takes; mypy compares the fakes with the Protocols."""
        reader: Reader = self.library
        user: UserWriter = self.library
        playing: Playing = self.playing
        indexing: Indexing = self.indexing
        exporting: Exporting = self.exporting
        return Services(
            reader=reader,
            user=user,
            playing=playing,
            indexing=indexing,
            follow=self.library.follow,
            on_indexer=self.indexing.subscribe,
            close=self.library.finish,
            exporting=exporting,
        )


_PEOPLE = (("Ana", 12), ("Bob", 9), ("Family", 22), ("Choir", 15), ("Lena", 4))
"""Chats of the sample, and how many notes each has."""
_FAMILY = ("Ana", "Uncle Tom", "me", "Lena")


def sample_library() -> FakeLibrary:
    """Make a small library of people who do not exist."""
    library = FakeLibrary()
    library.known = [
        Source(
            id=SourceId(1),
            root=b"/home/user/Sync/WhatsApp",
            kind=SourceKind.WHATSAPP_ANDROID,
            label="WhatsApp",
            watch=WatchMode.LIVE,
        )
    ]
    note_id = 0
    for chat, (title, count) in enumerate(_PEOPLE, 1):
        library.titles[ChatId(chat)] = title
        is_group = title in {"Family", "Choir"}
        library.kinds[ChatId(chat)] = ChatKind.GROUP if is_group else ChatKind.DIRECT
        for index in range(count):
            note_id += 1
            sender = _FAMILY[index % 4] if is_group else title
            played = Played.UNPLAYED if index < 2 else Played.PLAYED
            library.put(
                note_id,
                chat,
                START_MS - index * DAY_MS * 2 - chat * 3_600_000,
                sender=None if sender == "me" else sender,
                direction=Direction.SENT if sender == "me" else Direction.RECEIVED,
                duration_ms=4000 + (note_id * 7919) % 180_000,
                played=Played.HALF if index == 2 else played,
                position_ms=3000 if index == 2 else 0,
                precision=Precision.MINUTE,
            )
            library.peaks[NoteId(note_id)] = sample_peaks(note_id)
    library.put(
        note_id + 1,
        2,
        START_MS - 40 * DAY_MS,
        state=NoteState.UNREADABLE,
        reason="not a sound file: begins like text",
        duration_ms=None,
    )
    return library
