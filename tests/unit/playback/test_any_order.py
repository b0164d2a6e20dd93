"""Whatever is asked and whatever happens, in any order: nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.unit.playback.conftest import MINUTE_MS, Desk
from tui.audio import Ended, PlayerState, PositionChanged
from tui.model import Group, GroupKind, NoteId, NoteState, Played, SoundScope
from tui.playback import Habits

if TYPE_CHECKING:
    from collections.abc import Callable

NOTES = st.sampled_from([11, 12, 13, 14, 21, 22]).map(NoteId)
GROUPS = st.sampled_from([None, Group(GroupKind.UNPLAYED), Group(GroupKind.RECENT)])
LISTS = st.lists(NOTES, max_size=4)
ACTIVE = {PlayerState.LOADING, PlayerState.PLAYING, PlayerState.PAUSED}


def id_of(path: bytes) -> NoteId:
    """Tell the note of a file."""
    return NoteId(int(path.removeprefix(b"/notes/").removesuffix(b".opus")))


class Listening(RuleBasedStateMachine):
    """A user, a player and a library that do what they like."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.waiting: list[NoteId] = []
        """What should wait: what was put there, and was neither played nor gone."""

    @initialize(continuous=st.booleans(), gap_ms=st.sampled_from([0, 500]))
    def begins(self, continuous: bool, gap_ms: int) -> None:  # a rule
        """Play as some user has set it."""
        self.desk = Desk(Habits(continuous=continuous, gap_ms=gap_ms))

    def follow(self) -> None:
        """Do what was asked, and note what of the queue came to be played."""
        requests = self.desk.playback._requests
        while not requests.empty():
            self.does(requests.get())

    def does(self, request: Callable[[], None] | None) -> None:
        """Do one thing: what begins to play by that waits no longer."""
        assert request is not None
        loads = len(self.desk.player.loads)
        before = self.load
        self.desk.playback._do(request)
        begun = [id_of(path) for path, _ in self.desk.player.loads[loads:]]
        current = self.desk.playback._session._current
        if current is not None and self.load != before:
            begun.append(current.id)
        for note_id in begun:
            if note_id in self.waiting:
                self.waiting.remove(note_id)

    @property
    def load(self) -> int | None:
        """Tell the number of what the session believes to play."""
        current = self.desk.playback._session._current
        return None if current is None else current.generation

    # What the user does

    @rule(note_id=NOTES, within=GROUPS)
    def chooses(self, note_id: NoteId, within: Group | None) -> None:
        """Enter on a note."""
        self.desk.playback.play_note(note_id, within=within)

    @rule(key=st.sampled_from(["next", "previous", "play_next_unplayed", "stop"]))
    def presses(self, key: str) -> None:
        """Another note, or none."""
        getattr(self.desk.playback, key)()

    @rule(
        key=st.sampled_from(["toggle", "replay", "loop"]),
        is_on=st.booleans(),
        step=st.sampled_from([-1, 1]),
    )
    def plays_with(self, key: str, is_on: bool, step: int) -> None:  # a rule
        """What changes how the note plays, and what may follow it."""
        getattr(self.desk.playback, key)()
        self.desk.playback.stop_after_this(is_on)
        self.desk.playback.step_bookmark(step)

    @rule(minutes=st.sampled_from([None, 0, 1]))
    def sleeps(self, minutes: float | None) -> None:
        """Set the timer, or take it back."""
        self.desk.playback.sleep_after(minutes)

    @rule(note_ids=LISTS, first=st.booleans())
    def queues(self, note_ids: list[NoteId], first: bool) -> None:  # a rule
        """Let notes wait."""
        self.follow()
        self.desk.playback.enqueue(note_ids, first=first)
        both = [*note_ids, *self.waiting] if first else [*self.waiting, *note_ids]
        self.waiting = list(dict.fromkeys(both))
        self.follow()

    @rule(speed=st.sampled_from([0.5, 1.0, 2.0, 4.0]), skip=st.integers(0, 3))
    def sounds(self, speed: float, skip: int) -> None:
        """Another sound."""
        self.desk.playback.set_speed(speed)
        self.desk.playback.set_skip(skip)

    # What happens

    @rule()
    def follows(self) -> None:
        """The thread gets to work."""
        self.follow()

    @precondition(lambda self: self.desk.player.status.state in ACTIVE)
    @rule(at_ms=st.integers(0, MINUTE_MS))
    def sounds_somewhere(self, at_ms: int) -> None:
        """It plays on, from anywhere."""
        player = self.desk.player
        if player.status.state is not PlayerState.PLAYING:
            player.begins()
        player.goes_to(at_ms)
        player.plays(min(300, MINUTE_MS - at_ms))

    @precondition(lambda self: self.desk.player.status.state is PlayerState.PLAYING)
    @rule(has_followed=st.booleans(), is_late=st.booleans())
    def ends(self, has_followed: bool, is_late: bool) -> None:  # a rule
        """It comes to its end; what was prepared follows, if it was told in time."""
        player = self.desk.player
        player.goes_to(MINUTE_MS - 500)
        if has_followed:
            self.follow()
        if player.status.state is not PlayerState.PLAYING:
            return
        if is_late and player.offers:
            player.chains(player.offers[0])  # it has not heard of the others yet
        else:
            player.ends()

    @precondition(lambda self: self.desk.player.prepared is not None)
    @rule()
    def cannot_open(self) -> None:
        """What was to follow is damaged."""
        assert self.desk.player.prepared is not None
        path = self.desk.player.prepared.path
        self.desk.player.cannot_open()
        self._dropped(id_of(path))

    def _dropped(self, note_id: NoteId) -> None:
        """Expect a note to be left out, unless that word came too late."""
        self.follow()
        if note_id not in self.desk.playback.now.queue and note_id in self.waiting:
            self.waiting.remove(note_id)

    @precondition(lambda self: self.desk.player.status.state in ACTIVE)
    @rule()
    def fails(self) -> None:
        """What plays is damaged."""
        path = self.desk.player.status.path or b""
        self.desk.player.fails()
        self._dropped(id_of(path))

    @rule(seconds=st.sampled_from([0.3, 1.5, 61.0]))
    def waits(self, seconds: float) -> None:
        """Time passes."""
        self.follow()
        session, clock = self.desk.playback._session, self.desk.clock
        end = clock.now + seconds
        while (wait_s := session.wait_s()) is not None and clock.now + wait_s <= end:
            clock.now += wait_s
            self.does(session.tick)
        clock.now = end

    @rule(generation=st.integers(0, 40), at_ms=st.integers(0, MINUTE_MS))
    def hears_of_an_older_load(self, generation: int, at_ms: int) -> None:
        """What was said of another recording comes late."""
        if generation < self.desk.player.status.generation:
            self.desk.player.tell(PositionChanged(generation, at_ms))
            self.desk.player.tell(Ended(generation))

    @rule(note_id=NOTES)
    def is_marked_unplayed(self, note_id: NoteId) -> None:
        """By the user, in the tree."""
        self.desk.library.set_played([note_id], Played.UNPLAYED)
        self.desk.playback.library_changed(self.desk.library.change(note_id))

    # What must hold

    @invariant()
    def nothing_broke(self) -> None:
        """No request failed, and the queue has all that was not played."""
        self.follow()
        now = self.desk.playback.now
        assert now.message != "That did not work"
        assert list(now.queue) == self.waiting
        assert self.desk.library.waiting == self.waiting

    @invariant()
    def what_plays_is_what_is_shown(self) -> None:
        """The bar tells the note whose file the player has."""
        now, status = self.desk.playback.now, self.desk.player.status
        if now.note_id is not None and status.path is not None:
            assert status.path == b"/notes/%d.opus" % now.note_id
        if now.state in ACTIVE:
            assert status.state in ACTIVE

    @invariant()
    def positions_are_of_the_note(self) -> None:
        """What is kept is a place in it, and marks never go back by themselves."""
        for note_id, at_ms, _ in self.desk.library.kept:
            assert note_id in self.desk.library.notes
            assert 0 <= at_ms <= MINUTE_MS

    @invariant()
    def the_sound_is_what_was_remembered(self) -> None:
        """The player, the bar and the library agree."""
        now = self.desk.playback.now
        if now.note_id is None:
            return
        said = self.desk.library.sounds(now.note_id)
        speeds = [said[each].speed for each in SoundScope if each in said]
        speed = next((each for each in speeds if each is not None), 1.0)
        assert now.speed == self.desk.player.status.speed == speed

    def teardown(self) -> None:
        """At the end the position is kept."""
        self.follow()
        current = self.desk.playback._session._current
        self.desk.playback._session.close()
        if current is not None and current.note.row.state is NoteState.READY:
            assert self.desk.playback._session.standing is None


Listening.TestCase.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None
)
TestAnyOrder = Listening.TestCase
