"""What plays next, what is kept of it, and what happens when a note can't be played."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tui.audio import DeviceChanged, PlayerState, PlayerStatus, StateChanged
from tui.errors import LibraryError
from tui.model import ChatId, Group, GroupKind, LibraryDelta, NoteId, NoteState, Played
from tui.playback import Habits, NowPlaying

if TYPE_CHECKING:
    from tests.unit.playback.conftest import Desk

UNPLAYED = Group(GroupKind.UNPLAYED)
AUGUST = Group(GroupKind.MONTH, ChatId(1), 202408)
JULY = Group(GroupKind.MONTH, ChatId(1), 202407)


def test_a_note_plays_and_is_told(desk: Desk) -> None:
    """Who, where, how long and how far: all that the player bar shows."""
    desk.library.mark(12, title="the recipe")
    desk.play(12)
    desk.player.plays(1000)
    assert desk.player.loads == [(b"/notes/12.opus", 0)]
    assert desk.player.titles[0] == "Ana · Chat 1"
    assert desk.now == NowPlaying(
        note_id=NoteId(12),
        title="the recipe",
        sender="Ana",
        chat="Chat 1",
        chat_id=ChatId(1),
        state=PlayerState.PLAYING,
        position_ms=1000,
        duration_ms=60_000,
    )


def test_it_resumes_where_it_was_left(desk: Desk) -> None:
    """But a note that was as good as over begins at the start."""
    desk.library.mark(12, position_ms=30_000, played=Played.HALF)
    desk.library.mark(13, position_ms=59_000, played=Played.PLAYED)
    desk.play(12)
    desk.play(13)
    assert desk.player.loads == [(b"/notes/12.opus", 30_000), (b"/notes/13.opus", 0)]


def test_choosing_the_note_that_plays_goes_on_with_it(desk: Desk) -> None:
    """Enter on a paused note resumes; on a playing one it is harmless."""
    desk.play(12)
    desk.player.becomes(PlayerState.PAUSED)
    desk.playback.play_note(NoteId(12))
    desk.run()
    assert desk.player.loads == [(b"/notes/12.opus", 0)]
    assert desk.player.asked == ["play"]


def test_coming_back_at_once_finds_the_last_position(desk: Desk) -> None:
    """The library writes 200 ms later; what was just left is remembered here."""
    desk.library.set_position = lambda *_: None  # type: ignore[method-assign]
    desk.play(12)
    desk.player.plays(30_000)
    desk.run()
    desk.play(13)
    desk.playback.previous()
    desk.run()
    assert desk.player.loads[-1] == (b"/notes/12.opus", 30_000)


def test_positions_are_kept_every_two_seconds(desk: Desk) -> None:
    """So that a crash of the machine costs no more."""
    desk.library.mark(12, played=Played.PLAYED)
    desk.play(12)
    desk.player.plays(7000)
    positions = [at for _, at, _ in desk.kept]
    assert len(positions) == 3
    steps = [b - a for a, b in itertools.pairwise([0, *positions])]
    assert all(1900 <= step <= 2200 for step in steps)


def test_positions_are_kept_at_a_pause_a_seek_and_a_stop(desk: Desk) -> None:
    """At once, not two seconds later."""
    desk.library.mark(12, played=Played.PLAYED)
    desk.play(12)
    desk.player.plays(500)
    desk.player.becomes(PlayerState.PAUSED)
    assert desk.kept == [(12, 500, 2)]
    desk.player.begins()
    desk.player.plays(100)
    desk.player.goes_to(40_000)
    assert desk.kept[1:] == [(12, 40_000, 2)]
    desk.player.plays(300)
    desk.playback.stop()
    assert desk.kept[2:] == [(12, 40_300, 2)]
    assert desk.now.note_id is None
    assert desk.now.state is PlayerState.IDLE


def test_a_seek_while_paused_is_kept(desk: Desk) -> None:
    """Time passes in a pause, and still the jump is no listening."""
    desk.play(12)
    desk.player.becomes(PlayerState.PAUSED)
    desk.clock.now += 600
    desk.player.goes_to(30_000)
    assert desk.kept == [(12, 30_000, 0)]
    desk.player.goes_to(31_000)
    assert desk.kept[1:] == [(12, 31_000, 0)]
    desk.clock.now += 600
    desk.player.becomes(PlayerState.PAUSED, position_ms=55_000)
    assert desk.kept[-1] == (12, 55_000, 0)


def test_a_moment_that_was_asked_for_is_kept_though_nothing_was_heard(
    desk: Desk,
) -> None:
    """A pause in the same breath leaves the note where it was to begin."""
    desk.playback.play_note(NoteId(12), at_ms=7000)
    desk.run()
    desk.player.begins()
    desk.player.becomes(PlayerState.PAUSED)
    assert desk.kept == [(12, 7000, 0)]
    desk.play(13)  # not asked for: it stays as it was
    desk.player.becomes(PlayerState.PAUSED)
    assert desk.kept == [(12, 7000, 0)]


def test_a_note_that_plays_is_asked_for_from_a_moment(desk: Desk) -> None:
    """It goes there, and is not loaded again."""
    desk.play(12)
    desk.playback.play_note(NoteId(12), at_ms=7000)
    desk.run()
    assert desk.player.asked == ["seek 7000", "play"]
    desk.playback.play_note(NoteId(13), at_ms=5000)
    desk.run()
    assert desk.player.loads[-1] == (b"/notes/13.opus", 5000)


def test_only_so_many_notes_are_remembered(desk: Desk) -> None:
    """A day of listening does not fill the memory."""
    for number in range(100):
        desk.library.put(1000 + number, 3, 1_800_000_000_000 + number)
        desk.play(1000 + number)
    assert len(desk.playback._session._recent) == 64


def test_a_note_that_never_sounded_keeps_its_position(desk: Desk) -> None:
    """To load a note and to leave it again changes nothing."""
    desk.library.mark(12, position_ms=59_500, played=Played.PLAYED)
    desk.play(12)
    desk.play(13)
    assert desk.kept == []


def test_marks_follow_what_was_heard(desk: Desk) -> None:
    """Half from two seconds on, played from nine tenths on, each told at once."""
    desk.play(12)
    desk.player.plays(1900)
    assert desk.kept == []
    desk.player.plays(200)
    assert desk.kept == [(12, 2000, 1)]
    desk.player.plays(51_800)
    assert desk.kept[-1][2] == 1
    desk.player.plays(200)
    assert desk.kept[-1] == (12, 54_000, 2)


def test_skipping_to_the_end_is_not_listening(desk: Desk) -> None:
    """It is half-heard, and begins at the start the next time."""
    desk.play(12)
    desk.player.plays(3000)
    desk.player.goes_to(58_000)
    desk.player.ends()
    assert desk.kept[-1] == (12, 0, 1)


def test_listening_in_two_sessions_adds_up(desk: Desk) -> None:
    """What lies before a kept position was heard in an earlier session."""
    desk.library.mark(12, position_ms=40_000, played=Played.HALF)
    desk.play(12)
    desk.player.ends()
    assert desk.kept[-1] == (12, 0, 2)


def test_speed_does_not_matter_to_the_marks(desk: Desk) -> None:
    """A note heard at double speed was heard."""
    desk.play(12)
    desk.playback.set_speed(2.0)
    desk.player.becomes(PlayerState.PLAYING)
    desk.player.ends()
    assert desk.kept[-1] == (12, 0, 2)
    assert desk.now.speed == 2.0


def test_a_played_note_stays_played(desk: Desk) -> None:
    """Hearing a little of it again takes nothing back."""
    desk.library.mark(12, played=Played.PLAYED)
    desk.play(12)
    desk.player.plays(5000)
    assert {mark for _, _, mark in desk.kept} == {2}


def test_marking_the_playing_note_unplayed_begins_anew(desk: Desk) -> None:
    """The user's mark is not taken back by what was heard before it."""
    desk.play(12)
    desk.player.ends()
    desk.playback.set_continuous(False)
    desk.play(12)
    desk.player.plays(5000)
    desk.run()
    desk.library.set_played([NoteId(12)], Played.UNPLAYED)
    desk.playback.library_changed(desk.library.change(12))
    desk.player.plays(1000)
    desk.player.becomes(PlayerState.PAUSED)
    assert desk.kept[-1] == (12, 6000, 0)


def test_the_chat_plays_on_from_older_to_newer(desk: Desk) -> None:
    """And stops at its end."""
    desk.play(11)
    for number in (12, 13, 14):
        desk.player.ends()
        assert desk.now.note_id == number
        desk.player.begins()
    desk.player.ends()
    assert desk.now.note_id == 14
    assert desk.now.state is PlayerState.ENDED


def test_continuous_play_can_be_switched_off(desk: Desk) -> None:
    """Then a note that ended stays where it is."""
    desk.playback.set_continuous(False)
    desk.play(11)
    desk.player.ends()
    assert desk.now.note_id == 11


def test_a_month_is_a_group_of_its_own(desk: Desk) -> None:
    """Playing July does not run on into August."""
    desk.play(11, JULY)
    desk.player.ends()
    assert desk.now.note_id == 11
    desk.play(12, AUGUST)
    desk.playback.previous()
    assert desk.now.note_id == 12
    assert desk.now.message == "There is no older note here"


def test_unplayed_goes_through_all_chats(desk: Desk) -> None:
    """By time, though each note leaves the group when it has been played."""
    desk.play(11, UNPLAYED)
    order = []
    for _ in range(6):
        order.append(desk.now.note_id)
        desk.player.ends()
        desk.run()
        desk.player.begins()
    assert order == [11, 22, 12, 13, 14, 21]
    assert desk.library.oldest_unplayed() is None


def test_unplayed_goes_back_too(desk: Desk) -> None:
    """The neighbours of a note that left the group are still known."""
    desk.play(13, UNPLAYED)
    desk.library.mark(13, played=Played.PLAYED)
    desk.playback.previous()
    assert desk.now.note_id == 12
    desk.playback.next()
    assert desk.now.note_id == 14


def test_next_and_previous(desk: Desk) -> None:
    """In the chat, newer and older; at the ends a line says so."""
    desk.play(13)
    desk.playback.next()
    assert desk.now.note_id == 14
    desk.playback.next()
    assert desk.now.note_id == 14
    assert desk.now.message == "There is no newer note here"
    desk.playback.previous()
    assert desk.now.note_id == 13
    assert desk.now.message == ""


def test_steps_leave_out_what_can_not_be_read(desk: Desk) -> None:
    """A damaged note between two good ones stops nobody."""
    desk.library.mark(13, state=NoteState.UNREADABLE)
    desk.play(12)
    desk.playback.next()
    assert desk.now.note_id == 14


def test_next_unplayed_finishes_the_chat_first(desk: Desk) -> None:
    """Then comes the oldest of all others; the one that plays is never the answer."""
    desk.library.mark(14, played=Played.PLAYED)
    desk.play(12)
    desk.playback.play_next_unplayed()
    assert desk.now.note_id == 13
    desk.playback.play_next_unplayed()
    assert desk.now.note_id == 11
    for number in (11, 12, 13, 22):
        desk.library.mark(number, played=Played.PLAYED)
    desk.playback.play_next_unplayed()
    assert desk.now.note_id == 21
    desk.playback.play_next_unplayed()
    assert desk.now.note_id == 21
    assert desk.now.message == "There is no other unplayed note"


def test_the_first_unplayed_is_the_oldest(desk: Desk) -> None:
    """Without a note that plays it begins at the beginning."""
    desk.playback.play_next_unplayed()
    assert desk.now.note_id == 11


def test_the_playing_note_moves_to_another_chat(desk: Desk) -> None:
    """It plays on, the bar tells the new chat, and the next note is that chat's."""
    desk.play(13)
    desk.library.put(13, 2, desk.library.notes[NoteId(13)].order_ms)
    desk.playback.library_changed(desk.library.change(13))
    assert (desk.now.chat, desk.now.chat_id) == ("Chat 2", 2)
    assert desk.now.state is PlayerState.PLAYING
    desk.player.ends()
    assert desk.now.note_id == 21


@pytest.mark.parametrize(
    ("delta", "is_seen"),
    [(None, True), (LibraryDelta(reset=True), True), (LibraryDelta(), False)],
)
def test_only_its_own_changes_matter(
    desk: Desk, delta: LibraryDelta | None, is_seen: bool
) -> None:
    """A burst of other notes costs no queries."""
    desk.playback.library_changed(delta)
    desk.play(12)
    desk.library.mark(12, sender="Bob")
    desk.playback.library_changed(delta)
    assert (desk.now.sender == "Bob") is is_seen


def test_a_note_that_was_deleted_plays_on(desk: Desk) -> None:
    """What sounds is not cut off because a row went away."""
    desk.play(12)
    del desk.library.notes[NoteId(12)]
    desk.playback.library_changed(None)
    desk.player.plays(500)
    assert desk.now.position_ms == 500


def test_old_events_are_dropped(desk: Desk) -> None:
    """What the last note still had to say is not said of this one."""
    desk.play(12)
    old = desk.player.status
    desk.playback.play_note(NoteId(13))
    desk.run()
    new, desk.player.status = desk.player.status, old
    desk.player.plays(5000)
    desk.player.becomes(PlayerState.PAUSED)
    desk.player.ends()
    desk.player.fails()
    desk.player.status = new
    assert desk.now.note_id == 13
    assert desk.now.state is PlayerState.LOADING
    assert desk.now.position_ms == 0
    assert desk.now.message == ""


def test_device_trouble_is_told_and_taken_back(desk: Desk) -> None:
    """One line while it lasts; the note and its position stay."""
    desk.play(12)
    desk.player.tell(DeviceChanged("null", "No sound: there is no device"))
    assert desk.now.device_problem == "No sound: there is no device"
    assert desk.now.note_id == 12
    desk.player.tell(DeviceChanged("miniaudio", ""))
    assert desk.now.device_problem == ""


def test_settings_and_seeks_go_straight_to_the_player(desk: Desk) -> None:
    """They don't wait for the library."""
    playback = desk.playback
    playback.seek_percent(50)
    desk.play(12)
    playback.toggle()
    playback.pause()
    playback.seek(-5)
    playback.seek_by(-5000)
    playback.seek_percent(50)
    playback.seek_percent(500)
    playback.set_speed(1.5)
    playback.set_volume(0.3)
    playback.set_muted(True)
    assert desk.player.asked == [
        "toggle",
        "pause",
        "seek 0",
        "seek by -5000",
        "seek 30000",
        "seek 60000",
        "speed 1.5",
        "volume 0.3",
        "muted True",
    ]


def test_a_setting_shows_at_once(desk: Desk) -> None:
    """Whoever counts up from it need not wait for the engine."""
    desk.player.status = replace(desk.player.status, speed=1.5, muted=True)
    assert (desk.playback.now.speed, desk.playback.now.muted) == (1.5, True)
    assert desk.playback.now.volume == 1.0


def test_nothing_plays_and_nothing_breaks(desk: Desk) -> None:
    """Keys before the first note are harmless."""
    for request in (desk.playback.next, desk.playback.toggle, desk.playback.stop):
        request()
    assert desk.now.note_id is None


def test_trouble_with_the_library_is_a_line(desk: Desk) -> None:
    """And the next request opens it anew."""
    desk.play(12)

    def broken(*_: object) -> None:
        raise LibraryError("/library", "the disk is full")

    note, desk.library.note = desk.library.note, broken  # type: ignore[method-assign, assignment]
    desk.playback.play_note(NoteId(13))
    assert desk.now.message == "/library: the disk is full"
    assert desk.library.closed == 1
    desk.library.note = note  # type: ignore[method-assign]
    desk.playback.play_note(NoteId(13))
    assert desk.now.note_id == 13


def test_a_library_that_can_not_be_opened_or_closed(desk: Desk) -> None:
    """Each request says so, and the next one tries again."""

    def broken(*_: object) -> None:
        raise LibraryError("/library", "it is away")

    session = desk.playback._session
    session.close()
    opens, session._open_reader = session._open_reader, broken  # type: ignore[assignment]
    for _ in range(2):
        desk.playback.play_note(NoteId(13))
        assert desk.now.message == "/library: it is away"
    session.close()
    session._open_reader = opens
    close, desk.library.close = desk.library.close, broken  # type: ignore[method-assign]
    desk.library.note, note = broken, desk.library.note  # type: ignore[method-assign, assignment]
    desk.playback.play_note(NoteId(13))
    assert desk.now.message == "/library: it is away"
    desk.library.close, desk.library.note = close, note  # type: ignore[method-assign]
    desk.playback.play_note(NoteId(13))
    assert desk.now.note_id == 13


def test_a_note_may_be_asked_for_before_the_start(desk: Desk) -> None:
    """It plays as it shall; what waits is read all the same."""
    desk.library.waiting = [NoteId(21)]
    desk.begin(Habits(), [lambda playback: playback.play_note(NoteId(12))])
    now = desk.now
    assert (now.note_id, now.queue) == (12, (21,))


def test_a_state_of_an_older_load_is_dropped(desk: Desk) -> None:
    """Whatever it tells."""
    desk.play(12)
    desk.player.tell(StateChanged(PlayerStatus(state=PlayerState.FAILED)))
    assert desk.now.state is PlayerState.PLAYING


def test_after_a_stop_the_settings_are_still_told(desk: Desk) -> None:
    """There is no note that they could be of."""
    desk.play(12)
    desk.playback.stop()
    desk.run()
    desk.player.becomes(PlayerState.IDLE, volume=0.4)
    now = desk.now
    assert (now.note_id, now.volume) == (None, 0.4)


def test_only_changes_are_published(desk: Desk) -> None:
    """Who shows them is not asked to draw the same again."""
    desk.play(12)
    desk.player.plays(500)
    desk.player.tell(DeviceChanged("", ""))
    desk.run()
    shown = desk.snapshots
    assert all(one != other for one, other in itertools.pairwise(shown))


def test_a_broken_listener_ends_nothing(desk: Desk) -> None:
    """The others still hear of it."""
    heard: list[NowPlaying] = []

    def broken(now: NowPlaying) -> None:
        raise RuntimeError(now)

    desk.playback.subscribe(broken)
    desk.playback.subscribe(heard.append)
    desk.play(12)
    assert heard[-1].note_id == 12
