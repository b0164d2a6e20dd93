"""What the playback's thread does: all of it runs there, so nothing needs a lock."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio import (
    DeviceChanged,
    Ended,
    Failed,
    OutputsListed,
    PlayerState,
    PositionChanged,
    StateChanged,
)
from tui.errors import EarmarkError
from tui.model import GroupKind, NoteState, SoundScope, SoundSettings
from tui.playback._core import AT_WORK, Core
from tui.playback._course import Upcoming
from tui.playback._moments import SHORTEST_LOOP_MS, bookmark_beside
from tui.playback._order import first_unplayed, next_unplayed
from tui.playback._sounds import can_have
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.audio import PlayerEvent, PlayerStatus
    from tui.model import Group, LibraryDelta, NoteId
    from tui.playback._current import Current
    from tui.playback._sounds import Value

__all__ = ["Session"]

_log = logging.getLogger(__name__)

_SAVE_EVERY_S = 2.0
_STEPPED_S = 0.5
"""How long the position may not show yet that a bookmark was gone to."""
_SILENT = frozenset(PlayerState) - {PlayerState.LOADING, PlayerState.PLAYING}
_UNKNOWN = {
    SoundScope.NOTE: "No note is playing",
    SoundScope.SENDER: "The sender of this note is not known",
    SoundScope.CHAT: "The chat of this note is not known",
}


class Session(Core):
    """What follows from each request and event."""

    def begin(self) -> None:
        """Take up what is kept for no note in particular."""
        if self._habits.keeps_queue:
            self._course.waiting.read(self._reader.queue())
        if self._current is None:
            self._sounding = self._memory.sounding(self._reader, None)
            self._apply_sound()
        self._show()

    # Requests: what plays

    def play_note(
        self, note_id: NoteId, within: Group | None, at_ms: int | None = None
    ) -> None:
        """Play a note from where it was left, or from a moment."""
        self._begin_request()
        current = self._current
        is_on = self._status.state in AT_WORK
        if current is not None and current.id == note_id and is_on:
            current.within = within
            self._course.moved(current)
            self._plan_again()
            if at_ms is not None:
                self._player.seek(at_ms)
            self._player.play()
            self._show()
            return
        self._course.broken.discard(note_id)
        note = self._reader.note(note_id)
        is_missing = note is not None and note.row.state is NoteState.MISSING
        if note is not None and is_missing and not note.files:
            # Only a document tells of it: what plays need not end for that.
            why = note.row.reason or "its file is not here"
            self._message = f"Can't play this note: {printable(why)}"
            self._show()
            return
        self._choose(note_id, within, at_ms)

    def play_group(self, group: Group) -> None:
        """Play the oldest unplayed note of a group."""
        self._begin_request()
        found = first_unplayed(self._reader, group)
        if found is None:
            self._message = "There is no unplayed note here"
            self._show()
        else:
            self._choose(found, group)

    def step(self, step: int) -> None:
        """Play what comes next, what waits first; or the one before."""
        self._begin_request()
        if step > 0:
            found = self._course.following(self._reader, now=True)
            self._tell_left_out()
        else:
            found = self._course.before(self._reader)
        if found is not None:
            self._load(found)
        elif self._current is not None:
            kind = "newer" if step > 0 else "older"
            self._message = self._message or f"There is no {kind} note here"
        self._show()

    def play_next_unplayed(self) -> None:
        """Play the next unplayed note."""
        self._begin_request()
        current = self._current
        current_id = None if current is None else current.id
        found = next_unplayed(self._reader, current_id, skip=self._course.broken)
        if found is None:
            self._message = "There is no other unplayed note"
            self._show()
            return
        within = None if current is None else current.within
        is_unplayed = within is not None and within.kind is GroupKind.UNPLAYED
        self._choose(found, within if is_unplayed else None)

    def try_again(self) -> None:
        """Load the note again that could not be played; without one, what waits."""
        if self._current is None and self._course.waiting.ids:
            self.step(1)
        else:
            self.hear_again()

    def hear_again(self) -> None:
        """Load the note again that could not be played."""
        self._begin_request()
        current = self._current
        if current is not None:
            is_aside = self._course.is_aside
            self._load(Upcoming(current.id, current.within, is_queued=is_aside))
        else:
            self._message = _UNKNOWN[SoundScope.NOTE]
            self._show()

    def stop(self) -> None:
        """Fall silent and let the note go."""
        self._begin_request()
        self._sleep.end()
        self._leave()
        self._failure = ""
        self._current = None
        self._course.chosen(None)
        self._ahead.forget()
        self._joint_until = None
        self._player.stop()
        self._sounding = self._memory.sounding(self._reader, None)
        self._apply_sound()
        self._show()

    # Requests: what follows

    def set_continuous(self, continuous: bool) -> None:  # noqa: FBT001  # a setter
        """Have the next note follow by itself, or not."""
        self._course.continuous = continuous
        self._plan_again()

    def enqueue(self, note_ids: Sequence[NoteId], *, first: bool) -> None:
        """Have notes wait to be played."""
        self._begin_request()
        self._course.broken.difference_update(note_ids)
        self._course.waiting.add(note_ids, first=first)
        self._plan_again()
        self._show()

    def set_queue(self, note_ids: Sequence[NoteId]) -> None:
        """Have just these notes wait."""
        self._begin_request()
        self._course.waiting.put(note_ids)
        self._plan_again()
        self._show()

    def stop_after_this(self, *, stops: bool) -> None:
        """Be silent when this note has ended, or not."""
        self._begin_request()
        if self._current is None:
            self._message = _UNKNOWN[SoundScope.NOTE] if stops else ""
            stops = False
        self._course.stops_after = stops
        self._plan_again()
        self._show()

    def sleep_after(self, minutes: float | None) -> None:
        """Pause after some minutes; None takes that back."""
        self._begin_request()
        self._sleep.end()
        if minutes is not None:
            self._sleep.begin(self._now_s, minutes)
        self._show()

    # Requests: moments of the note

    def loop(self, position_ms: int) -> None:
        """Mark where a part begins or ends that is to be played again and again."""
        self._begin_request()
        current = self._current
        if current is None or self._status.state not in AT_WORK:
            self._message = _UNKNOWN[SoundScope.NOTE]
        elif current.loop is None:
            current.loop = (position_ms, None)
        elif current.loop[1] is not None:
            current.loop = None
            self._player.set_loop(None, None)
        elif position_ms < current.loop[0]:  # the user went back for a better begin
            current.loop = (position_ms, None)
        elif position_ms - current.loop[0] < SHORTEST_LOOP_MS:
            self._message = "The end of the loop must lie behind its begin"
        else:
            current.loop = (current.loop[0], position_ms)
            self._player.set_loop(*current.loop)
        self._show()

    def step_bookmark(self, step: int, position_ms: int) -> None:
        """Go to the next or previous bookmark."""
        self._begin_request()
        current = self._current
        if current is None or current.has_failed:
            self._message = _UNKNOWN[SoundScope.NOTE]
            self._show()
            return
        self._look_again(current)
        stepped_ms = None
        if current.stepped and self._now_s - current.stepped[1] < _STEPPED_S:
            stepped_ms = current.stepped[0]
        bookmarks = current.note.bookmarks
        at_ms = bookmark_beside(bookmarks, position_ms, step, stepped_ms=stepped_ms)
        if at_ms is not None:
            current.stepped = (at_ms, self._now_s)
            self._player.seek(at_ms)
        elif bookmarks:
            place = "after" if step > 0 else "before"
            self._message = f"There is no bookmark {place} this"
        else:
            self._message = "This note has no bookmark"
        self._show()

    # Requests: how it sounds

    def pressed(self, name: str) -> int:
        """Count a setting that is being made, on the thread of whoever makes it.

        Args:
            name: The setting, a field of `SoundSettings`.

        Returns:
            What to call `set_sound` with.
        """
        self._pressed[name] += 1
        return self._pressed[name]

    def set_sound(self, name: str, value: Value, press: int) -> None:
        """Remember a setting that was made on the player already.

        Args:
            name: The setting, a field of `SoundSettings`.
            value: Its value, within the limits.
            press: What `pressed` told.
        """
        self._begin_request()
        note = None if self._current is None else self._current.note
        said = self._sounding.said
        if getattr(self._sounding.sound, name) != value:
            scope = self._memory.scope_for(name, note, said)
            settings = said.get(scope, SoundSettings())
            changed = settings._replace(**{name: value})  # type: ignore[arg-type]  # by name
            self._remember(scope, changed)
        self._taken[name] = press
        is_newest = press == self._pressed[name]
        if is_newest and getattr(self._player.status, name) != value:
            self._set_on_player(name, value)  # another note began in between
        self._show()

    def remember_sound(self, scope: SoundScope, settings: SoundSettings | None) -> None:
        """Remember how notes shall sound from now on; None for as it sounds now."""
        self._begin_request()
        note = None if self._current is None else self._current.note
        if not can_have(note, scope):
            is_known = note is None
            self._message = _UNKNOWN[SoundScope.NOTE if is_known else scope]
        else:
            if settings is None:
                status = self._player.status
                settings = SoundSettings(
                    status.speed, status.boost_db, status.level, status.skip
                )
            self._remember(scope, settings)
            self._apply_sound()
        self._show()

    def _remember(self, scope: SoundScope, settings: SoundSettings) -> None:
        note = None if self._current is None else self._current.note
        self._memory.write(note, scope, settings)
        self._sounding = self._memory.sounding(self._reader, note)
        self._plan_again()

    def output_chosen(self, output: str) -> None:
        """Show which output was asked for."""
        self._now = replace(self._now, chosen_output=output)
        self._show()

    # What happens by itself

    def library_changed(self, delta: LibraryDelta | None) -> None:
        """Look again at the note that plays, and at what follows it."""
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
            before = self._sounding.sound
            self._sounding = self._memory.sounding(self._reader, current.note)
            if replace(self._sounding.sound, lufs=before.lufs) != before:
                self._apply_sound()
        if is_meant or delta is None or delta.changes:
            self._plan_again()
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

    def wait_s(self) -> float | None:
        """Tell how long there is nothing to do by itself; None for ever."""
        now_s = self._clock()
        waits = [self._sleep.wait_s(now_s)]
        if self._joint_until is not None:
            waits.append(self._joint_until - now_s)
        known = [wait for wait in waits if wait is not None]
        return max(0.0, min(known)) if known else None

    def tick(self) -> None:
        """Do what is due by now."""
        self._now_s = self._clock()
        if self._joint_until is not None and self._now_s >= self._joint_until:
            self._go_on()
        status = self._status
        fade = self._sleep.fade
        self._sleep.looked(self._now_s)
        if self._sleep.is_due(self._now_s):
            if status.state is PlayerState.PLAYING:
                volume = self._player.status.volume
                self._sleep.fades(self._now_s, volume, status.position_ms)
                self._plan_again()
            elif status.state in _SILENT:
                self._sleep.end()
        elif fade is not None:
            volume = fade.volume_at(self._now_s)
            if status.state in _SILENT:
                self._wake()
            elif volume > 0:
                self._player.set_volume(volume)
            else:
                self._fall_asleep(fade)
        self._show()

    def wake(self, volume: float | None = None) -> None:
        """Be as loud as before, or as told: the user is still there."""
        self._wake(volume)
        self._show()

    @property
    def is_fading(self) -> bool:
        """Whether it plays more and more softly; may be asked on any thread."""
        return self._sleep.fade is not None

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
        match event:
            case DeviceChanged(output, problem):
                self._status = replace(
                    self._status,
                    output=output or self._status.output,
                    device_problem=problem,
                )
            case OutputsListed(outputs, chosen):
                self._now = replace(self._now, outputs=outputs, chosen_output=chosen)
            case StateChanged(status):
                offer = self._ahead.known(status.generation)
                if offer is not None:
                    self._chain(status.generation, offer)
                self._take_status(self._current, status)
            case _:
                self._take_of(event)
        self._look_ahead()
        self._show()

    def _take_of(self, event: PositionChanged | Ended | Failed) -> None:
        """Follow an event of one recording; those of older ones mean nothing."""
        current = self._current
        if current is None or event.generation != current.generation:
            if isinstance(event, Failed):
                self._offer_failed(event)
            return
        match event:
            case PositionChanged():
                self._take_position(current, event.position_ms)
            case Ended():
                self._ended(current)
            case _:
                self._failed(current, event.path, event.reason)

    def _take_status(self, current: Current | None, status: PlayerStatus) -> None:
        if current is not None and status.generation != current.generation:
            return
        before, self._status = self._status, status
        if current is None:
            return
        if before.state is not PlayerState.PLAYING:
            current.heard.jump()
        if (before.speed, before.skip) != (status.speed, status.skip):
            current.heard.left_out(0)
        current.heard.left_out(status.saved_ms if status.skip else 0)
        if status.duration_ms is not None:
            current.duration_ms = status.duration_ms
        if status.state is PlayerState.PLAYING:
            current.has_ended = False
            self._move(current, status.position_ms)
        elif status.state is PlayerState.PAUSED:
            self._move(current, status.position_ms)
            current.heard.jump()
            self._save(current)
        elif status.state is PlayerState.ENDED and self._joint_until is not None:
            self._go_on()  # it was told too late what follows

    def _take_position(self, current: Current, position_ms: int) -> None:
        self._status = replace(self._status, position_ms=position_ms)
        is_paused = self._status.state is PlayerState.PAUSED
        if self._status.state is not PlayerState.PLAYING:
            current.heard.jump()
        jumped = self._move(current, position_ms)
        self._failures = 0
        is_due = self._now_s - current.saved_at >= _SAVE_EVERY_S
        if is_due:
            self._look_again(current)
        is_looping = current.loop is not None and current.loop[1] is not None
        if is_due or is_paused or (jumped and not is_looping) or current.has_new_mark:
            self._save(current)

    def _move(self, current: Current, position_ms: int) -> bool:
        """Follow the position; tells whether it jumped there."""
        fade = self._sleep.fade
        if fade is not None and self._status.state is PlayerState.PLAYING:
            current.asleep_at(fade.position_ms)  # who sleeps hears nothing
            return False
        return current.moved(position_ms, self._now_s, self._status.speed)

    # Inside

    def _begin_request(self) -> None:
        self._now_s = self._clock()
        self._message = ""
        self._failures = 0
        self._wake()

    def _choose(
        self, note_id: NoteId, within: Group | None, at_ms: int | None = None
    ) -> None:
        """Play what the user chose, and go on from there."""
        self._course.chosen(self._current)
        self._load(Upcoming(note_id, within), at_ms)
