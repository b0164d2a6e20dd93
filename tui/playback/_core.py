"""The note that plays and the one that follows: loading, ending, failing, going on."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio import PlayerState
from tui.model import NoteState, SoundSettings
from tui.playback._ahead import Ahead, Offer
from tui.playback._course import Course
from tui.playback._current import Current, called
from tui.playback._heard import resume_position
from tui.playback._now import NowPlaying
from tui.playback._sleep import Sleep
from tui.playback._sounds import Memory, Sounding
from tui.playback._waiting import Waiting
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tui.audio import Failed, Player, PlayerStatus
    from tui.library import Reader, UserWriter
    from tui.model import Note, NoteId, Played
    from tui.playback._course import Upcoming
    from tui.playback._habits import Habits
    from tui.playback._sleep import Fade
    from tui.playback._sounds import Value

__all__ = ["AT_WORK", "Core"]

_log = logging.getLogger(__name__)

_KEEP = 64
_FAILURES_LIMIT = 5
"""After so many notes in a row that can't be played, something else is wrong."""
_JOINT_S = 1.0
"""How long the start of what follows may lag behind the end of the note before."""
AT_WORK = frozenset({PlayerState.LOADING, PlayerState.PLAYING, PlayerState.PAUSED})


class Core:
    """The note that plays, what is kept of it, and what follows it.

    Args:
        open_reader: Makes a reader; called when the library is first needed.
        user: Keeps positions and played marks.
        player: Plays recordings.
        clock: Seconds that only grow.
        publish: Called with every snapshot.
        habits: How one note follows another, and how they sound.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        user: UserWriter,
        player: Player,
        *,
        clock: Callable[[], float],
        publish: Callable[[NowPlaying], None],
        habits: Habits,
    ) -> None:
        self._open_reader = open_reader
        self._opened: Reader | None = None
        self._user = user
        self._player = player
        self._clock = clock
        self._publish = publish
        self._habits = habits
        self._current: Current | None = None
        self._recent: dict[NoteId, Current] = {}
        self._status: PlayerStatus = player.status
        self._message = ""
        self._failure = ""
        self._failures = 0
        self._now_s = 0.0
        self._joint_until: float | None = None
        self._course = Course(
            Waiting(user.set_queue if habits.keeps_queue else None),
            continuous=habits.continuous,
        )
        self._ahead = Ahead()
        self._memory = Memory(user, habits.defaults, habits.remember)
        self._sounding = Sounding({}, habits.defaults.sound, {})
        self._pressed = dict.fromkeys(SoundSettings._fields, 0)
        self._taken = dict(self._pressed)
        self._sleep = Sleep()
        self._now = NowPlaying()

    @property
    def standing(self) -> tuple[NoteId, int, Played] | None:
        """What is not saved yet of the note that plays."""
        current = self._current
        if current is None or not current.is_unsaved:
            return None
        return current.id, *current.standing

    @property
    def _reader(self) -> Reader:
        if self._opened is None:
            self._opened = self._open_reader()
        return self._opened

    # A note begins

    def _load(self, upcoming: Upcoming, at_ms: int | None = None) -> None:
        self._leave()
        self._failure = ""
        note = self._reader.note(upcoming.note_id)
        if note is None:
            self._message = "This note is no longer in the library"
            self._show()
            return
        self._sounding = self._memory.sounding(self._reader, note)
        current = self._begin(note, upcoming)
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
            current.begin(start_ms, is_asked=at_ms is not None)
            self._load_file(current, path)
        self._show()

    def _load_file(self, current: Current, path: bytes) -> None:
        current.generation = self._player.load(
            path,
            position_ms=current.position_ms,
            sound=self._sounding.sound,
            title=called(current.note),
        )
        self._status = self._player.status

    def _begin(
        self, note: Note, upcoming: Upcoming, generation: int | None = None
    ) -> Current:
        before = self._recent.get(note.row.id)
        current = Current(note, upcoming.within, self._now_s, before=before)
        current.heard.jump()
        current.heard.left_out(0)
        self._current = current
        self._course.began(current, is_queued=upcoming.is_queued)
        self._ahead.forget(generation)
        self._joint_until = None
        return current

    def _chain(self, generation: int, offer: Offer) -> None:
        """Follow the player, which went on with what it was offered."""
        current = self._current
        is_wanted = self._joint_until is not None
        if current is not None and not current.has_ended:
            self._finish(current)
            is_wanted = not self._course.stops_after
        self._leave()
        self._failure = ""
        is_last = self._ahead.is_last(generation)
        self._sounding = offer.sounding
        current = self._begin(offer.note, offer.upcoming, generation)
        current.generation = generation
        current.position_ms = offer.position_ms
        current.tried |= offer.tried
        if not is_last:
            self._player.prepare_nothing()  # what it was told since is none any more
            self._sounding = self._memory.sounding(self._reader, offer.note)
        if not is_wanted or self._sleep.fade is not None:
            self._player.pause()
            self._course.stops_after = False
            self._wake()
        # A key that was pressed at the joint may have been meant for either side.
        self._apply_sound(again=True)
        self._look_again(current)

    # What follows

    def _look_ahead(self) -> None:
        """Tell the player in time what follows."""
        current, status = self._current, self._status
        if current is None or current.has_ended:
            return
        if status.state is PlayerState.PLAYING and self._ahead.is_due(
            current.position_ms, current.duration_ms, status.speed
        ):
            self._plan(current)

    def _plan_again(self) -> None:
        """Decide anew what follows, if it was decided already."""
        current = self._current
        if self._ahead.is_planned and current is not None and not current.has_ended:
            self._plan(current)

    def _plan(self, current: Current) -> None:
        self._ahead.is_planned = True
        offer = None
        while offer is None:
            found = self._following()
            if found is None:
                break
            note = self._reader.note(found.note_id)
            offer = None if note is None else self._offered(current, found, note)
            if offer is None and not self._habits.leaves_out:
                break
            if offer is None:
                self._leave_out(found, "its file is gone")
        self._make(offer)

    def _following(self) -> Upcoming | None:
        if self._ahead.failures >= _FAILURES_LIMIT or self._sleep.fade is not None:
            return None
        found = self._course.following(self._reader)
        self._tell_left_out()
        return found

    def _offered(
        self,
        current: Current,
        upcoming: Upcoming,
        note: Note,
        tried: Collection[bytes] = (),
    ) -> Offer | None:
        """Make an offer of a note; None when none of its files is left to try."""
        before = self._recent.get(note.row.id)
        like = Current(note, upcoming.within, self._now_s, before=before)
        like.tried.update(tried)
        path = like.untried_path()
        if path is None:
            return None
        start_ms = resume_position(like.position_ms, like.duration_ms)
        return Offer(
            upcoming,
            note,
            path,
            0 if note.row.id == current.id else start_ms,
            self._memory.sounding(self._reader, note),
            frozenset(tried),
        )

    def _make(self, offer: Offer | None) -> None:
        before = self._ahead.offer
        if offer is None:
            if before is not None:
                self._player.prepare_nothing()
                self._ahead.taken_back()
            return
        if before is not None and before.is_like(offer):
            return
        generation = self._player.prepare(
            offer.path,
            position_ms=offer.position_ms,
            sound=offer.sounding.sound,
            gap_ms=self._habits.gap_ms,
            tone=self._habits.tone,
            title=called(offer.note),
        )
        self._ahead.made(generation, offer)

    def _offer_failed(self, failed: Failed) -> None:
        """Offer another file of the note, or another note."""
        current, offer = self._current, self._ahead.known(failed.generation)
        is_last = self._ahead.is_last(failed.generation)
        if current is None or offer is None or not is_last:
            return
        self._ahead.taken_back()
        upcoming = offer.upcoming
        note = self._reader.note(upcoming.note_id) or offer.note
        other = self._offered(current, upcoming, note, offer.tried | {failed.path})
        if other is not None:
            self._make(other)
            return
        if not self._habits.leaves_out:
            return  # it fails again, and is told, when it is its turn
        self._leave_out(upcoming, printable(failed.reason))
        if current.has_ended:
            self._go_on()
        else:
            self._plan(current)

    def _leave_out(self, upcoming: Upcoming, why: str) -> None:
        self._course.broken.add(upcoming.note_id)
        self._course.waiting.take(upcoming.note_id)
        self._ahead.failures += 1
        self._message = f"Left out a note that can't be played: {why}"

    def _tell_left_out(self) -> None:
        count, self._course.left_out = self._course.left_out, 0
        if count and self._habits.leaves_out:
            notes = "a note that is" if count == 1 else f"{count:,} notes that are"
            self._message = f"Left out {notes} no longer here"

    # A note ends

    def _ended(self, current: Current) -> None:
        if current.has_ended:
            return
        self._finish(current)
        if self._sleep.fade is not None:
            self._fall_asleep(self._sleep.fade)
        elif self._ahead.offer is None or self._status.state is PlayerState.ENDED:
            self._go_on()
        else:
            self._joint_until = self._now_s + _JOINT_S  # what follows begins by itself

    def _finish(self, current: Current) -> None:
        """Keep that a note was played to its end."""
        current.has_ended = True
        current.loop = None
        fade = self._sleep.fade
        if fade is not None:
            current.asleep_at(fade.position_ms)
        else:
            if current.duration_ms is not None:
                current.moved(current.duration_ms, self._now_s, self._status.speed)
            current.rewind()
        self._save(current)

    def _go_on(self) -> None:
        """Play what follows, if anything does."""
        self._joint_until = None
        found = self._following()
        self._course.stops_after = False
        self._ahead.is_planned = False  # it may be played once more
        if found is not None:
            self._load(found)

    def _failed(self, current: Current, path: bytes, reason: str) -> None:
        """Try the note's other files; then say why and go on."""
        if current.has_failed:
            return
        current.tried.add(path)
        current.heard.jump()
        self._look_again(current)
        other = current.untried_path()
        if other is not None:
            self._ahead.forget()
            self._load_file(current, other)
            return
        self._give_up(current, reason)

    def _give_up(self, current: Current, reason: str) -> None:
        current.has_failed = True
        self._course.broken.add(current.id)
        self._course.waiting.take(current.id)
        self._failures += 1
        why = self._failure = printable(reason)
        self._message = f"Can't play this note: {why}"
        if self._failures >= _FAILURES_LIMIT:
            self._message = (
                f"Stopped after {self._failures} notes that can't be played: {why}"
            )
            return
        if not self._habits.leaves_out:
            return
        message = self._message
        found = self._following()
        self._message = message  # it counts more than what was gone from the queue
        self._course.stops_after = False
        if found is not None:
            self._message = f"Left out a note that can't be played: {why}"
            self._load(found)

    # Sleep

    def _wake(self, volume: float | None = None) -> None:
        """Be as loud as before, or as told, if it was playing more softly."""
        fade = self._sleep.fade
        if fade is not None:
            self._sleep.end()
            self._player.set_volume(fade.volume if volume is None else volume)
            self._plan_again()

    def _fall_asleep(self, fade: Fade) -> None:
        """Be silent, as loud as before, where it began to play more softly."""
        current = self._current
        if current is not None and not current.has_ended:
            self._player.pause()
            self._player.seek(fade.position_ms)
            current.asleep_at(fade.position_ms)
            self._save(current)
        self._player.set_volume(fade.volume)
        self._sleep.end()

    # What is kept and shown

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
        if current.note.lufs is None and note.lufs is not None:
            self._player.set_loudness(current.generation, note.lufs)
        current.refresh(note)
        self._course.moved(current)
        is_gone = was_there and note.row.state is NoteState.MISSING
        if is_gone and self._status.state in AT_WORK:
            self._message = "The file of this note is gone; it plays on to its end"

    def _save(self, current: Current) -> None:
        if current.is_unsaved:
            self._user.set_position(current.id, *current.standing)
            current.saved()
        current.saved_at = self._now_s

    def _apply_sound(self, *, again: bool = False) -> None:
        """Have the player sound as it shall.

        What a key asks for at this moment is left alone: it comes as a request.

        Args:
            again: Tell the player also what it should know.
        """
        status, sound = self._player.status, self._sounding.sound
        for name in SoundSettings._fields:
            if self._pressed[name] != self._taken[name]:
                continue
            if again or getattr(status, name) != getattr(sound, name):
                self._set_on_player(name, getattr(sound, name))

    def _set_on_player(self, name: str, value: Value) -> None:
        player = self._player
        match name:
            case "speed":
                player.set_speed(value)
            case "boost_db":
                player.set_boost(value)
            case "level":
                player.set_level(bool(value))
            case _:
                player.set_skip(int(value))

    def _show(self) -> None:
        status, fade = self._status, self._sleep.fade
        set_now = self._player.status  # what was set shows before the player tells it
        now = replace(
            self._now,
            speed=set_now.speed,
            volume=set_now.volume if fade is None else fade.volume,
            muted=set_now.muted,
            skip=set_now.skip,
            level=set_now.level,
            boost_db=set_now.boost_db,
            saved_ms=status.saved_ms,
            gain_db=status.gain_db,
            device_problem=status.device_problem,
            output=status.output,
            message=self._message,
            failure=self._failure,
            sounds=self._sounding.said,
            speed_from=self._sounding.scopes.get("speed"),
            queue=self._course.waiting.ids,
            stops_after=self._course.stops_after,
            sleep_ms=self._sleep.left_ms(self._now_s),
        )
        self._now = now
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
                loop=current.loop,
            )
        self._publish(now)
