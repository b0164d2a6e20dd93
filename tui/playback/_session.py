"""What the playback's thread does: all of it runs there, so nothing needs a lock."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio import (
    DeviceChanged,
    Ended,
    Failed,
    PlayerState,
    PositionChanged,
    StateChanged,
)
from tui.errors import EarmarkError
from tui.model import GroupKind, NoteState
from tui.playback._current import Current
from tui.playback._heard import resume_position
from tui.playback._now import NowPlaying
from tui.playback._order import first_unplayed, next_unplayed, step_from
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio import Player, PlayerEvent, PlayerStatus
    from tui.library import Reader, UserWriter
    from tui.model import Group, LibraryDelta, NoteId, Played

__all__ = ["Session"]

_log = logging.getLogger(__name__)

_SAVE_EVERY_S = 2.0
_KEEP = 64
_FAILURES_LIMIT = 5
"""After so many notes in a row that can't be played, something else is wrong."""
_AT_WORK = {PlayerState.LOADING, PlayerState.PLAYING, PlayerState.PAUSED}


class Session:
    """The note that plays, and what follows from each event and request.

    Args:
        open_reader: Makes a reader; called when the library is first needed.
        user: Keeps positions and played marks.
        player: Plays recordings.
        clock: Seconds that only grow.
        publish: Called with every snapshot.
        continuous: Whether the next note follows by itself.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        user: UserWriter,
        player: Player,
        *,
        clock: Callable[[], float],
        publish: Callable[[NowPlaying], None],
        continuous: bool,
    ) -> None:
        self._open_reader = open_reader
        self._opened: Reader | None = None
        self._user = user
        self._player = player
        self._clock = clock
        self._publish = publish
        self._continuous = continuous
        self._current: Current | None = None
        self._recent: dict[NoteId, Current] = {}
        self._status: PlayerStatus = player.status
        self._message = ""
        self._failure = ""
        self._failures = 0
        self._broken: set[NoteId] = set()
        self._now_s = 0.0

    @property
    def standing(self) -> tuple[NoteId, int, Played] | None:
        """What is not saved yet of the note that plays."""
        current = self._current
        if current is None or not current.is_unsaved:
            return None
        return current.id, *current.standing

    # Requests

    def play_note(
        self, note_id: NoteId, within: Group | None, at_ms: int | None = None
    ) -> None:
        """Play a note from where it was left, or from a moment."""
        self._begin_request()
        current = self._current
        is_on = self._status.state in _AT_WORK
        if current is not None and current.id == note_id and is_on:
            current.within = within
            if at_ms is not None:
                self._player.seek(at_ms)
            self._player.play()
            self._show()
            return
        self._broken.discard(note_id)
        note = self._reader.note(note_id)
        is_missing = note is not None and note.row.state is NoteState.MISSING
        if note is not None and is_missing and not note.files:
            # Only a document tells of it: what plays need not end for that.
            why = note.row.reason or "its file is not here"
            self._message = f"Can't play this note: {printable(why)}"
            self._show()
            return
        self._load(note_id, within, at_ms)

    def play_group(self, group: Group) -> None:
        """Play the oldest unplayed note of a group."""
        self._begin_request()
        found = first_unplayed(self._reader, group)
        if found is None:
            self._message = "There is no unplayed note here"
            self._show()
        else:
            self._load(found, group)

    def step(self, step: int) -> None:
        """Play the neighbour in the group."""
        self._begin_request()
        current = self._current
        if current is None:
            return
        found = step_from(
            self._reader, current.id, current.order_ms, step, current.within
        )
        if found is None:
            kind = "newer" if step > 0 else "older"
            self._message = f"There is no {kind} note here"
            self._show()
        else:
            self._load(found, current.within)

    def play_next_unplayed(self) -> None:
        """Play the next unplayed note."""
        self._begin_request()
        current = self._current
        current_id = None if current is None else current.id
        found = next_unplayed(self._reader, current_id, skip=self._broken)
        if found is None:
            self._message = "There is no other unplayed note"
            self._show()
            return
        within = None if current is None else current.within
        is_unplayed = within is not None and within.kind is GroupKind.UNPLAYED
        self._load(found, within if is_unplayed else None)

    def try_again(self) -> None:
        """Load the note again that could not be played."""
        self._begin_request()
        if self._current is not None:
            self._load(self._current.id, self._current.within)

    def stop(self) -> None:
        """Fall silent and let the note go."""
        self._begin_request()
        self._leave()
        self._failure = ""
        self._current = None
        self._player.stop()
        self._show()

    def set_continuous(self, continuous: bool) -> None:  # noqa: FBT001  # a setter
        """Have the next note follow by itself, or not."""
        self._continuous = continuous

    def library_changed(self, delta: LibraryDelta | None) -> None:
        """Look again at the note that plays."""
        current = self._current
        if current is None:
            return
        is_meant = (
            delta is None
            or delta.reset
            or any(each.id == current.id for each in delta.changes)
        )
        if is_meant:
            self._look_again(current)
            self._show()

    def apologise(self, error: Exception) -> None:
        """Say that a request failed, and open the library anew for the next."""
        known = isinstance(error, EarmarkError)
        self._message = printable(str(error)) if known else "That did not work"
        self._show()
        reader, self._opened = self._opened, None
        if reader is None:
            return
        try:
            reader.close()
        except Exception:  # noqa: BLE001  # it is broken already
            _log.exception("the library could not be closed")

    def close(self) -> None:
        """Keep the position and give the library back."""
        self._leave()
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # Events

    def take(self, event: PlayerEvent, now_s: float) -> None:
        """Follow an event of the player.

        Args:
            event: The event.
            now_s: When it came, in seconds that only grow.
        """
        self._now_s = now_s
        current = self._current
        match event:
            case DeviceChanged(output, problem):
                self._status = replace(
                    self._status, output=output, device_problem=problem
                )
            case StateChanged(status):
                self._take_status(current, status)
            case PositionChanged(generation, position_ms):
                if current is not None and generation == current.generation:
                    self._take_position(current, position_ms)
            case Ended(generation):
                if current is not None and generation == current.generation:
                    self._ended(current)
            case Failed(generation, path, reason):
                if current is not None and generation == current.generation:
                    self._failed(current, path, reason)
        self._show()

    def _take_status(self, current: Current | None, status: PlayerStatus) -> None:
        if current is not None and status.generation != current.generation:
            return
        was_playing = self._status.state is PlayerState.PLAYING
        self._status = status
        if current is None:
            return
        if not was_playing:
            current.heard.jump()
        if status.duration_ms is not None:
            current.duration_ms = status.duration_ms
        if status.state is PlayerState.PLAYING:
            current.moved(status.position_ms, self._now_s, status.speed)
        elif status.state is PlayerState.PAUSED:
            current.moved(status.position_ms, self._now_s, status.speed)
            current.heard.jump()
            self._save(current)

    def _take_position(self, current: Current, position_ms: int) -> None:
        self._status = replace(self._status, position_ms=position_ms)
        if self._status.state is not PlayerState.PLAYING:
            current.heard.jump()
        jumped = current.moved(position_ms, self._now_s, self._status.speed)
        self._failures = 0
        is_due = self._now_s - current.saved_at >= _SAVE_EVERY_S
        if is_due:
            self._look_again(current)
        if is_due or jumped or current.has_new_mark:
            self._save(current)

    def _ended(self, current: Current) -> None:
        if current.duration_ms is not None:
            current.moved(current.duration_ms, self._now_s, self._status.speed)
        current.rewind()
        self._save(current)
        if self._continuous and (found := self._following(current)) is not None:
            self._load(found, current.within)

    def _failed(self, current: Current, path: bytes, reason: str) -> None:
        """Try the note's other files; then say why and go on."""
        if current.has_failed:
            return
        current.tried.add(path)
        current.heard.jump()
        self._look_again(current)
        other = current.untried_path()
        if other is not None:
            current.generation = self._player.load(
                other, position_ms=current.position_ms
            )
            self._status = self._player.status
            return
        self._give_up(current, reason)

    def _give_up(self, current: Current, reason: str) -> None:
        current.has_failed = True
        self._broken.add(current.id)
        self._failures += 1
        why = self._failure = printable(reason)
        self._message = f"Can't play this note: {why}"
        if not self._continuous:
            return
        if self._failures >= _FAILURES_LIMIT:
            self._message = (
                f"Stopped after {self._failures} notes that can't be played: {why}"
            )
        elif (found := self._following(current)) is not None:
            self._message = f"Left out a note that can't be played: {why}"
            self._load(found, current.within)

    # Inside

    @property
    def _reader(self) -> Reader:
        if self._opened is None:
            self._opened = self._open_reader()
        return self._opened

    def _begin_request(self) -> None:
        self._now_s = self._clock()
        self._message = ""
        self._failures = 0

    def _following(self, current: Current) -> NoteId | None:
        return step_from(
            self._reader,
            current.id,
            current.order_ms,
            1,
            current.within,
            skip=self._broken,
        )

    def _load(
        self, note_id: NoteId, within: Group | None, at_ms: int | None = None
    ) -> None:
        self._leave()
        self._failure = ""
        note = self._reader.note(note_id)
        if note is None:
            self._message = "This note is no longer in the library"
            self._show()
            return
        before = self._recent.get(note_id)
        current = Current(note, within, self._now_s, before=before)
        self._current = current
        path = current.untried_path()
        if path is None:
            self._player.stop()
            current.generation = -1
            self._status = replace(self._player.status, state=PlayerState.FAILED)
            self._give_up(current, note.row.reason or "its file is gone")
        else:
            start_ms = at_ms
            if start_ms is None:
                start_ms = resume_position(current.position_ms, current.duration_ms)
            current.position_ms = start_ms
            current.generation = self._player.load(path, position_ms=start_ms)
            self._status = self._player.status
        self._show()

    def _leave(self) -> None:
        """Save the note that played, and remember what was heard of it."""
        current = self._current
        if current is None:
            return
        current.heard.jump()
        self._save(current)
        self._recent.pop(current.id, None)
        self._recent[current.id] = current
        while len(self._recent) > _KEEP:
            del self._recent[next(iter(self._recent))]

    def _look_again(self, current: Current) -> None:
        note = self._reader.note(current.id)
        if note is None:
            return
        was_there = current.note.row.state is not NoteState.MISSING
        current.refresh(note)
        is_gone = was_there and note.row.state is NoteState.MISSING
        if is_gone and self._status.state in _AT_WORK:
            self._message = "The file of this note is gone; it plays on to its end"

    def _save(self, current: Current) -> None:
        if current.is_unsaved:
            self._user.set_position(current.id, *current.standing)
            current.saved()
        current.saved_at = self._now_s

    def _show(self) -> None:
        status = self._status
        now = NowPlaying(
            speed=status.speed,
            volume=status.volume,
            muted=status.muted,
            skip=status.skip,
            saved_ms=status.saved_ms,
            device_problem=status.device_problem,
            message=self._message,
            failure=self._failure,
        )
        current = self._current
        if current is not None:
            row = current.note.row
            now = replace(
                now,
                note_id=row.id,
                title=row.title,
                sender=row.sender,
                chat=row.chat_title,
                chat_id=row.chat_id,
                state=status.state,
                position_ms=status.position_ms,
                duration_ms=current.duration_ms,
            )
        self._publish(now)
