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

from tui.audio import PlayerState
from tui.playback._now import NowPlaying
from tui.playback._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio import Player, PlayerEvent
    from tui.library import Reader, UserWriter
    from tui.model import Group, LibraryDelta, NoteId

__all__ = ["Playback"]

_log = logging.getLogger(__name__)

_HAS_RECORDING = {
    PlayerState.LOADING,
    PlayerState.PLAYING,
    PlayerState.PAUSED,
    PlayerState.ENDED,
}


class Playback:
    """Plays notes: knows which, what comes next, and what was heard of each.

    It starts and closes the player that it is given.

    Args:
        open_reader: Makes a reader of the library; called on the playback's thread.
        user: Keeps positions and played marks.
        player: Plays recordings.
        clock: Seconds that only grow.
        on_change: Called with every new snapshot, on the playback's thread.
        continuous: Whether the next note of the chat follows by itself.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        user: UserWriter,
        player: Player,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[NowPlaying], None] | None = None,
        continuous: bool = True,
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
            continuous=continuous,
        )
        self._now = NowPlaying()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @property
    def now(self) -> NowPlaying:
        """What plays at this moment; a setting shows as soon as it was made."""
        now, status = self._now, self._player.status
        settings = (status.speed, status.volume, status.muted, status.skip)
        if (now.speed, now.volume, now.muted, now.skip) == settings:
            return now
        return replace(
            now,
            speed=status.speed,
            volume=status.volume,
            muted=status.muted,
            skip=status.skip,
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
        """Play the next newer note of the group."""
        self._ask(partial(self._session.step, 1))

    def previous(self) -> None:
        """Play the next older note of the group."""
        self._ask(partial(self._session.step, -1))

    def play_next_unplayed(self) -> None:
        """Play the next unplayed note: of this chat first, then the oldest of all."""
        self._ask(self._session.play_next_unplayed)

    def set_continuous(self, continuous: bool) -> None:  # noqa: FBT001  # a setter
        """Have the next note follow by itself, or not."""
        self._ask(partial(self._session.set_continuous, continuous))

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
        if self._player.status.state in _HAS_RECORDING:
            self._player.toggle()
        else:
            self._ask(self._session.try_again)

    def pause(self) -> None:
        """Be silent and keep the position."""
        self._player.pause()

    def seek(self, position_ms: int) -> None:
        """Go to a position."""
        self._player.seek(max(0, position_ms))

    def seek_by(self, delta_ms: int) -> None:
        """Go forward or back; repeated calls add up."""
        self._player.seek_by(delta_ms)

    def seek_percent(self, percent: float) -> None:
        """Go to a part of the length.

        Args:
            percent: 0 to 100.
        """
        duration_ms = self._player.status.duration_ms or self._now.duration_ms
        if duration_ms:
            share = min(max(percent, 0.0), 100.0) / 100
            self._player.seek(round(duration_ms * share))

    def set_speed(self, speed: float) -> None:
        """Speak faster or slower, 0.5 to 4.0 (clamped)."""
        self._player.set_speed(speed)

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0.0 to 1.0 (clamped)."""
        self._player.set_volume(volume)

    def set_muted(self, muted: bool) -> None:  # noqa: FBT001  # a setter of one boolean
        """Silence without a pause, or undo it."""
        self._player.set_muted(muted)

    def set_skip(self, strength: int) -> None:
        """Leave out pauses: 0 none, 3 as many as can be told (clamped)."""
        self._player.set_skip(strength)

    # The thread

    def _ask(self, request: Callable[[], None]) -> None:
        if not self._is_closed:
            self._requests.put(request)

    def _on_event(self, event: PlayerEvent) -> None:
        self._ask(partial(self._session.take, event, self._clock()))

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            self._do(request)
        try:
            self._session.close()
        except Exception:  # noqa: BLE001  # the library may be gone at the end
            _log.exception("the playback could not end well")

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
