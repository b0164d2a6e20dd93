"""The user's marks: asked from any thread, written by one thread of their own.

A mark is first written where it is safe at once, then hung on the content hash: a note
whose recording is unknown keeps its mark itself (`note.owed_ms`) until its file was
hashed, by this thread or later by the indexer. How it shall sound waits for the hash.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from tui.errors import LibraryError
from tui.library._change import change
from tui.library._recordings import known_recording, recording_of
from tui.library._sound_settings import place_of, put_queue, put_sound
from tui.model import Played, SoundScope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.library._change import Change
    from tui.library._connection import Store
    from tui.library._sound_settings import Place
    from tui.model import NoteId, SoundSettings

__all__ = ["MarkWriter"]

COALESCE_SECONDS = 0.1
"""How long positions are collected; they reach the disk within 200 ms."""
RETRY_SECONDS = 1.0
"""How long to wait after a write failed, e.g. because the disk is full."""

_log = logging.getLogger(__name__)

_Mark = tuple[int | None, Played]
"""Position (None: as it is) and played state that a note shall have."""


class _Wishes:
    """What is to be written: of several wishes for one thing the last."""

    def __init__(self) -> None:
        self.marks: dict[int, _Mark] = {}
        self.sounds: dict[tuple[SoundScope, int | None], SoundSettings] = {}
        """In the order asked: two notes may be from one sender."""
        self.queue: Sequence[int] | None = None
        self.queue_before: Sequence[int] | None = None
        """What the first of some wishes was made from."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.marks or self.sounds or self.queue is not None)

    def mark(self, note_id: int, position_ms: int | None, played: Played) -> None:
        """Wish a mark; without a position that which was wished before."""
        if position_ms is None and note_id in self.marks:
            position_ms = self.marks[note_id][0]
        self.marks[note_id] = (position_ms, played)

    def sound(
        self, key: tuple[SoundScope, int | None], settings: SoundSettings
    ) -> None:
        """Wish settings of the sound."""
        self.sounds.pop(key, None)
        self.sounds[key] = settings

    def take_over(self, later: _Wishes) -> None:
        """Put what was wished meanwhile over these."""
        self.marks |= later.marks
        for key, settings in later.sounds.items():
            self.sound(key, settings)
        if later.queue is not None:
            self.wait(later.queue, later.queue_before)

    def wait(self, note_ids: Sequence[int], before: Sequence[int] | None) -> None:
        """Wish which notes wait; what was wished before is no other's doing."""
        if self.queue is None:
            self.queue_before = before
        self.queue = note_ids


class MarkWriter:
    """The `UserWriter` of a library file.

    The thread begins with the first mark.

    Args:
        open_store: Opens the connection, on the thread.
        clock: Tells the time in seconds since 1970.
        refusal: Why nothing can be written, for a library opened for reading only.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        clock: Callable[[], float],
        refusal: str = "",
    ) -> None:
        self.trouble = refusal
        """Why marks can't be written now; empty when all is well."""
        self._open_store = open_store
        self._clock = clock
        self._refused = bool(refusal)
        self._changed = threading.Condition()
        self._wishes = _Wishes()
        self._is_urgent = False
        self._is_stopping = False
        self._is_writing = False
        self._thread: threading.Thread | None = None

    def set_position(self, note_id: NoteId, position_ms: int, played: Played) -> None:
        """Keep where listening stands; written within 200 ms."""
        with self._changed:
            self._wishes.mark(note_id, position_ms, played)
            self._start()

    def set_played(self, note_ids: Sequence[NoteId], played: Played) -> None:
        """Mark notes played, half-heard or unplayed (unplayed also rewinds)."""
        with self._changed:
            for note_id in note_ids:
                position = 0 if played is Played.UNPLAYED else None
                self._wishes.mark(note_id, position, played)
            self._is_urgent = True
            self._start()

    def set_sound(
        self, note_id: NoteId | None, scope: SoundScope, settings: SoundSettings
    ) -> None:
        """Remember how a note, its sender, its chat or all notes shall sound."""
        about = None if scope is SoundScope.ALL else note_id
        with self._changed:
            self._wishes.sound((scope, about), settings)
            self._start()

    def set_queue(
        self, note_ids: Sequence[NoteId], before: Sequence[NoteId] | None = None
    ) -> None:
        """Keep which notes wait to be played, the next one first."""
        with self._changed:
            self._wishes.wait(
                tuple(note_ids), None if before is None else tuple(before)
            )
            self._start()

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything asked so far is on the disk."""
        with self._changed:
            self._is_urgent = True
            self._changed.notify_all()
            return self._changed.wait_for(
                lambda: not self._wishes and not self._is_writing, timeout
            )

    def stop(self, timeout: float = 5.0) -> bool:
        """Write what is left and end the thread; tells whether that worked."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
        with self._changed:
            return not self._wishes and not self._is_writing

    def _start(self) -> None:
        if self._refused:
            self._wishes = _Wishes()
            return
        if self._thread is None and self._wishes:
            self._thread = threading.Thread(
                target=self._run, name="library-marks", daemon=True
            )
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        store: Store | None = None
        while wishes := self._next_wishes():
            try:
                if store is None:
                    store = self._open_store()
                self._write(store, wishes)
                self.trouble = ""
                failed = False
            except Exception as error:  # noqa: BLE001 - the outermost of a thread
                # Marks are kept and tried again: nothing may end this thread.
                self._note_trouble(error)
                failed = True
            with self._changed:
                self._is_writing = False
                if failed:
                    wishes.take_over(self._wishes)
                    self._wishes = wishes
                self._changed.notify_all()
                if failed:
                    if self._is_stopping:
                        break
                    self._changed.wait(RETRY_SECONDS)
        if store is not None:
            store.close()

    def _note_trouble(self, error: Exception) -> None:
        if isinstance(error, LibraryError):
            self.trouble = str(error)
            _log.warning("marks can't be written: %s", error)
        else:
            self.trouble = f"marks can't be written: {error}"
            _log.exception("marks can't be written")

    def _next_wishes(self) -> _Wishes:
        """Wait for something to write; empty when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._wishes or self._is_stopping)
            # Positions come in a stream: a short wait makes one write of several.
            self._changed.wait_for(
                lambda: self._is_urgent or self._is_stopping, COALESCE_SECONDS
            )
            wishes, self._wishes = self._wishes, _Wishes()
            self._is_urgent = False
            self._is_writing = bool(wishes)
            return wishes

    def _write(self, store: Store, wishes: _Wishes) -> None:
        now_ms = int(self._clock() * 1000)
        # What the user set by hand also outlives a power cut; a position need not
        # wake a sleeping disk every second.
        by_hand = any(mark[0] is None for mark in wishes.marks.values())
        store.sync_commits(on=by_hand or bool(wishes.sounds))
        with change(store) as current:
            nameless = _write_marks(current, wishes.marks, now_ms)
            if wishes.queue is not None:
                put_queue(store, wishes.queue, wishes.queue_before)
        sounds: list[tuple[Place, SoundSettings]] = []
        for (scope, note_id), settings in wishes.sounds.items():
            place = place_of(store, note_id, scope)  # which may read a file
            if place is not None:
                sounds.append((place, settings))
        if sounds:
            with change(store):
                for place, settings in sounds:
                    put_sound(store, place, settings, now_ms, is_new=True)
        for note_id in nameless:
            try:
                recording_of(store, note_id)  # which pays what the note owes
            except OSError as error:
                _log.info("note %d is marked, but can't be hashed: %s", note_id, error)


def _write_marks(
    current: Change, marks: dict[int, _Mark], now_ms: int
) -> Sequence[int]:
    """Write marks; tells the notes whose recording is not known."""
    store = current.store
    nameless = []
    for note_id, (position_ms, played) in marks.items():
        row = store.one(
            "SELECT position_ms, played, owed_ms FROM note WHERE id = ?",
            (note_id,),
        )
        if row is None:
            continue
        at_ms = row[0] if position_ms is None else max(0, position_ms)
        recording = known_recording(store, note_id)
        if recording is not None:
            current.set_mark(*recording, at_ms, played, now_ms)
            continue
        nameless.append(note_id)
        current.touch(note_id)
        store.run(
            "UPDATE note SET position_ms = ?, played = ?, owed_ms = ? WHERE id = ?",
            (at_ms, played, now_ms, note_id),
        )
    return nameless
