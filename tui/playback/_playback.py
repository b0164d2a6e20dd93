"""The coordinator between the library and the player.

One thread of its own reads the library, follows the player's events, keeps positions
and played marks, and decides what comes next. Calls from outside return at once.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tui.audio import PlayerState, Sound
from tui.playback._habits import Habits
from tui.playback._now import NowPlaying
from tui.playback._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.audio import Player, PlayerEvent
    from tui.library import Reader, UserWriter
    from tui.model import (
        Group,
        LibraryDelta,
        NoteId,
        SoundScope,
        SoundSettings,
    )
    from tui.playback._sounds import Value

__all__ = ["Playback"]

_log = logging.getLogger(__name__)

_HAS_RECORDING = {
    PlayerState.LOADING,
    PlayerState.PLAYING,
    PlayerState.PAUSED,
    PlayerState.ENDED,
}
_USUAL = Habits()


class Playback:
    """Plays notes: knows which, what comes next, and what was heard of each.

    It starts and closes the player that it is given.

    Args:
        open_reader: Makes a reader of the library; called on the playback's thread.
        user: Keeps positions and played marks.
        player: Plays recordings.
        clock: Seconds that only grow.
        on_change: Called with every new snapshot, on the playback's thread.
        habits: How one note follows another, and how they sound.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        user: UserWriter,
        player: Player,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[NowPlaying], None] | None = None,
        habits: Habits = _USUAL,
    ) -> None:
        self._player = player
        self._user = user
        self._clock = clock
        self._lock = threading.Lock()
        self._listeners = () if on_change is None else (on_change,)
        self._requests: queue.SimpleQueue[Callable[[], None] | None] = (
            queue.SimpleQueue()
        )
        self._session = Session(
            open_reader,
            user,
            player,
            clock=clock,
            publish=self._publish,
            habits=habits,
        )
        self._now = NowPlaying()
        sound = habits.defaults.sound
        if sound != Sound():
            player.set_speed(sound.speed)
            player.set_skip(sound.skip)
            player.set_level(sound.level)
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @property
    def now(self) -> NowPlaying:
        """What plays at this moment; a setting shows as soon as it was made."""
        now, status = self._now, self._player.status
        volume = now.volume if self._session.is_fading else status.volume
        settings = (
            status.speed,
            volume,
            status.muted,
            status.skip,
            status.level,
            status.boost_db,
        )
        shown = (now.speed, now.volume, now.muted, now.skip, now.level, now.boost_db)
        if shown == settings:
            return now
        return replace(
            now,
            speed=status.speed,
            volume=volume,
            muted=status.muted,
            skip=status.skip,
            level=status.level,
            boost_db=status.boost_db,
        )

    def subscribe(self, listener: Callable[[NowPlaying], None]) -> None:
        """Have every new snapshot sent to a function, on the playback's thread."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def start(self) -> None:
        """Begin to work, and start the player in the background (idempotent)."""
        with self._lock:
            if self._thread is not None or self._is_closed:
                return
            self._thread = threading.Thread(
                target=self._run, name="earmark-playback", daemon=True
            )
        self._requests.put(self._session.begin)
        self._player.subscribe(self._on_event)
        self._player.start()
        self._thread.start()

    def close(self, timeout: float = 2.0) -> None:
        """Keep the position and end all work, the player's too, within a time.

        Args:
            timeout: Seconds.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
        if was_closed:
            return
        self._requests.put(None)
        if self._thread is not None:
            self._thread.join(timeout / 2)
            if self._thread.is_alive() and (unsaved := self._session.standing):
                # It waits for the library: what was heard is kept without it.
                self._user.set_position(*unsaved)
        self._player.close(max(0.1, deadline - time.monotonic()))

    # What plays

    def play_note(
        self,
        note_id: NoteId,
        *,
        within: Group | None = None,
        at_ms: int | None = None,
    ) -> None:
        """Play a note from where it was left, and go on within a group.

        Args:
            note_id: The note.
            within: The group that it was chosen from; None for its chat.
            at_ms: Where to begin instead.
        """
        self._ask(partial(self._session.play_note, note_id, within, at_ms))

    def play_group(self, group: Group) -> None:
        """Play the oldest unplayed note of a group, and go on within it."""
        self._ask(partial(self._session.play_group, group))

    def next(self) -> None:
        """Play the first that waits, else the next newer note of the group."""
        self._ask(partial(self._session.step, 1))

    def previous(self) -> None:
        """Play the note before: the next older note of the group."""
        self._ask(partial(self._session.step, -1))

    def play_next_unplayed(self) -> None:
        """Play the next unplayed note: of this chat first, then the oldest of all."""
        self._ask(self._session.play_next_unplayed)

    def set_continuous(self, continuous: bool) -> None:  # noqa: FBT001  # a setter
        """Have the next note follow by itself, or not."""
        self._ask(partial(self._session.set_continuous, continuous))

    def enqueue(self, note_ids: Sequence[NoteId], *, first: bool = False) -> None:
        """Have notes wait to be played, behind or before the others that wait."""
        self._ask(partial(self._session.enqueue, tuple(note_ids), first=first))

    def set_queue(self, note_ids: Sequence[NoteId]) -> None:
        """Have just these notes wait, in this order."""
        self._ask(partial(self._session.set_queue, tuple(note_ids)))

    def stop_after_this(self, stops: bool) -> None:  # noqa: FBT001  # a setter
        """Be silent when this note has ended, whatever waits."""
        self._ask(partial(self._session.stop_after_this, stops=stops))

    def sleep_after(self, minutes: float | None) -> None:
        """Pause after some minutes, softly; None takes that back."""
        self._ask(partial(self._session.sleep_after, minutes))

    def stop(self) -> None:
        """Fall silent, keep the position and let the note go."""
        self._ask(self._session.stop)

    def library_changed(self, delta: LibraryDelta | None = None) -> None:
        """Look again at the note that plays, if it is among what changed.

        Args:
            delta: What changed; None for anything.
        """
        self._ask(partial(self._session.library_changed, delta))

    # How it plays: straight to the player, which does not block

    def toggle(self) -> None:
        """Pause or go on; after a failure, try again."""
        self._wake()
        if self._player.status.state in _HAS_RECORDING:
            self._player.toggle()
        else:
            self._ask(self._session.try_again)

    def pause(self) -> None:
        """Be silent and keep the position."""
        self._wake()
        self._player.pause()

    def seek(self, position_ms: int) -> None:
        """Go to a position."""
        self._wake()
        self._player.seek(max(0, position_ms))

    def seek_by(self, delta_ms: int) -> None:
        """Go forward or back; repeated calls add up."""
        self._wake()
        self._player.seek_by(delta_ms)

    def seek_percent(self, percent: float) -> None:
        """Go to a part of the length.

        Args:
            percent: 0 to 100.
        """
        duration_ms = self._player.status.duration_ms or self._now.duration_ms
        if duration_ms:
            share = min(max(percent, 0.0), 100.0) / 100
            self._wake()
            self._player.seek(round(duration_ms * share))

    def replay(self, delta_ms: int = 5000) -> None:
        """Go back a little and play, also when it was paused or has ended.

        Args:
            delta_ms: How far.
        """
        self._wake()
        if self._player.status.state in _HAS_RECORDING:
            self._player.seek_by(-delta_ms)
            self._player.play()
        else:
            self._ask(self._session.hear_again)

    def loop(self) -> None:
        """Mark where a part begins, then where it ends; then end its repetition."""
        self._ask(partial(self._session.loop, self._player.status.position_ms))

    def step_bookmark(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) bookmark of this note."""
        position_ms = self._player.status.position_ms
        self._ask(partial(self._session.step_bookmark, step, position_ms))

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0.0 to 1.0 (clamped)."""
        self._player.set_volume(volume)
        self._wake(volume)

    def set_muted(self, muted: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Silence without a pause, or undo it."""
        self._player.set_muted(muted)

    def set_output(self, output: str) -> None:
        """Play on another output, as `list_outputs` tells its name."""
        self._player.set_output(output)
        self._ask(partial(self._session.output_chosen, output))

    def list_outputs(self) -> None:
        """Look which outputs there are; `NowPlaying.outputs` tells them soon."""
        self._player.list_outputs()

    # How it sounds: the same, and it is remembered

    def set_speed(self, speed: float) -> None:
        """Speak faster or slower, 0.5 to 4.0 (clamped)."""
        press = self._session.pressed("speed")
        self._player.set_speed(speed)
        self._made(press, "speed", Sound(speed=speed).clamped().speed)

    def set_skip(self, strength: int) -> None:
        """Leave out pauses: 0 none, 3 as many as can be told (clamped)."""
        press = self._session.pressed("skip")
        self._player.set_skip(strength)
        self._made(press, "skip", Sound(skip=strength).clamped().skip)

    def set_level(self, level: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Bring the loudness to the target, or leave it."""
        press = self._session.pressed("level")
        self._player.set_level(level)
        self._made(press, "level", level)

    def set_boost(self, boost_db: float) -> None:
        """Be louder than that by some decibels, -12 to 24 (clamped)."""
        press = self._session.pressed("boost_db")
        self._player.set_boost(boost_db)
        self._made(press, "boost_db", Sound(boost_db=boost_db).clamped().boost_db)

    def remember_sound(self, scope: SoundScope, settings: SoundSettings | None) -> None:
        """Remember how this note, its sender, its chat or all notes shall sound.

        Args:
            scope: For what.
            settings: What is said there from now on; None for all as it sounds now.
        """
        self._ask(partial(self._session.remember_sound, scope, settings))

    def _made(self, press: int, name: str, value: Value) -> None:
        self._ask(partial(self._session.set_sound, name, value, press))

    def _wake(self, volume: float | None = None) -> None:
        """Let it not fall asleep: somebody pressed a key."""
        if self._session.is_fading:
            self._ask(partial(self._session.wake, volume))

    # The thread

    def _ask(self, request: Callable[[], None]) -> None:
        if not self._is_closed:
            self._requests.put(request)

    def _on_event(self, event: PlayerEvent) -> None:
        self._ask(partial(self._session.take, event, self._clock()))

    def _run(self) -> None:
        while (request := self._next_request()) is not None:
            self._do(request)
        try:
            self._session.close()
        except Exception:  # noqa: BLE001  # the library may be gone at the end
            _log.exception("the playback could not end well")

    def _next_request(self) -> Callable[[], None] | None:
        """Wait for a request, or for what is due by itself; None for the end."""
        try:
            return self._requests.get(timeout=self._session.wait_s())
        except queue.Empty:
            return self._session.tick

    def _do(self, request: Callable[[], None]) -> None:
        try:
            request()
        except Exception as error:  # noqa: BLE001  # the next one may do better
            _log.exception("a request to the playback failed")
            self._session.apologise(error)

    def _publish(self, now: NowPlaying) -> None:
        if now == self._now:
            return
        self._now = now
        for listener in self._listeners:
            try:
                listener(now)
            except Exception:  # noqa: BLE001  # their fault must not end the playback
                _log.exception("a listener of the playback failed")
