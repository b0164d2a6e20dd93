"""Sleep, stop, loops, bookmarks, outputs, and what counts as heard meanwhile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tui.audio import Ended, OutputInfo, OutputsListed, PlayerState
from tui.model import Bookmark, NoteId, Played
from tui.playback._moments import bookmark_beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.playback.conftest import Desk

MARKS = [Bookmark(at_ms) for at_ms in (1000, 10_000, 11_000, 30_000)]


def loop(desk: Desk) -> tuple[int, int | None] | None:
    """Tell the part that is played again and again."""
    return desk.now.loop


# To be silent


def test_it_stops_after_this_note(desk: Desk) -> None:
    """Whatever waits; and only this once."""
    desk.play(12)
    desk.playback.enqueue([NoteId(21)])
    desk.playback.stop_after_this(True)
    assert desk.now.stops_after
    desk.hears(59_500)
    desk.player.ends()
    now = desk.now
    assert (now.note_id, now.state, now.stops_after) == (12, PlayerState.ENDED, False)
    desk.player.becomes(PlayerState.PLAYING, position_ms=0)
    desk.hears(59_500)
    desk.player.ends()
    assert desk.now.note_id == 21


def test_it_stops_after_a_note_that_fails(desk: Desk) -> None:
    """That was the note after which to be silent."""
    desk.play(12)
    desk.playback.stop_after_this(True)
    desk.run()
    desk.player.fails()
    now = desk.now
    assert (now.note_id, now.state, now.stops_after) == (12, PlayerState.FAILED, False)


def test_without_a_note_there_is_nothing_to_stop_after(desk: Desk) -> None:
    """It is told, and does not lie in wait for a later note."""
    desk.playback.stop_after_this(True)
    now = desk.now
    assert (now.stops_after, now.message) == (False, "No note is playing")
    desk.playback.stop_after_this(False)
    assert desk.now.message == ""


def test_it_falls_asleep_softly(desk: Desk) -> None:
    """More and more softly, then it pauses, where that began, as loud as before."""
    desk.player.set_volume(0.8)
    desk.play(12)
    desk.player.asked.clear()
    desk.playback.sleep_after(0.5)
    desk.hears(29_900)
    desk.waits(0.2)
    desk.run()
    kept = desk.library.notes[NoteId(12)].position_ms
    told = [float(each.split()[1]) for each in desk.player.asked]
    assert told == []
    for _ in range(70):
        desk.player.plays(100)
        desk.waits(0)
        desk.playback._do(desk.playback._session.tick)
        if "pause" in desk.player.asked:
            break
    volumes = [float(each.split()[1]) for each in desk.player.asked[:-3]]
    assert len(volumes) > 20
    assert volumes == sorted(volumes, reverse=True)
    assert 0.7 < volumes[0] < 0.8
    assert volumes[-1] < 0.1
    assert desk.player.asked[-3:] == ["pause", "seek 29900", "volume 0.8"]
    assert desk.now.sleep_ms is None
    assert desk.kept[-1][:2] == (12, 29_900)
    assert kept <= 29_900


def test_the_bar_shows_minutes_and_the_usual_volume(desk: Desk) -> None:
    """It changes once a minute; what fades is not the volume that was set."""
    desk.play(12)
    desk.playback.sleep_after(3)
    assert desk.now.sleep_ms == 180_000
    desk.snapshots.clear()
    desk.waits(179)
    assert [now.sleep_ms for now in desk.snapshots] == [120_000, 60_000]
    desk.waits(3)
    assert desk.player.status.volume < 1
    assert desk.playback.now.volume == 1.0
    assert desk.now.volume == 1.0


@pytest.mark.parametrize("key", ["seek", "pause", "toggle", "volume", "speed", "next"])
def test_a_key_while_it_fades_means_awake(desk: Desk, key: str) -> None:
    """It is as loud as before, and plays on."""
    desk.play(12)
    desk.playback.sleep_after(0)
    desk.waits(3)
    assert desk.playback._session.is_fading
    playback = desk.playback
    {
        "seek": lambda: playback.seek_by(-5000),
        "pause": playback.pause,
        "toggle": playback.toggle,
        "volume": lambda: playback.set_volume(0.5),
        "speed": lambda: playback.set_speed(1.5),
        "next": playback.next,
    }[key]()
    assert desk.now.volume == (0.5 if key == "volume" else 1.0)
    assert desk.now.sleep_ms is None
    assert desk.player.status.volume == desk.now.volume
    desk.waits(10)
    assert ("pause" in desk.player.asked) is (key == "pause")


def test_a_note_that_ends_while_it_fades(desk: Desk) -> None:
    """Nothing follows; what was slept through is heard the next time."""
    desk.play(12)
    desk.hears(57_000)
    desk.playback.sleep_after(0)
    desk.waits(0.3)
    assert desk.player.prepared is None
    desk.player.ends()
    now = desk.now
    assert (now.note_id, now.state, now.volume) == (12, PlayerState.ENDED, 1.0)
    assert desk.kept[-1] == (12, 57_000, int(Played.PLAYED))


def test_the_player_may_have_gone_on_while_it_fades(desk: Desk) -> None:
    """Then the next note waits at its start."""
    desk.play(12)
    desk.player.goes_to(58_000)
    desk.run()
    what = desk.player.prepared
    desk.playback.sleep_after(0)
    desk.waits(0.3)
    desk.player.chains(what)
    assert desk.now.note_id == 13
    assert "pause" in desk.player.asked
    assert desk.player.status.volume == 1.0
    assert desk.kept[-1][:2] == (12, 58_000)


def test_sleep_ends_with_a_stop_and_when_it_is_taken_back(desk: Desk) -> None:
    """And where nothing plays there is nothing to fade."""
    desk.play(12)
    desk.playback.sleep_after(5)
    desk.playback.sleep_after(None)
    assert desk.now.sleep_ms is None
    desk.playback.sleep_after(math.nan)
    desk.playback.stop()
    assert desk.now.sleep_ms is None
    assert desk.playback._session.wait_s() is None
    desk.play(12)
    desk.player.becomes(PlayerState.PAUSED)
    desk.playback.sleep_after(1)
    desk.waits(70)
    assert desk.now.sleep_ms is None
    assert desk.player.status.volume == 1.0


def test_sleep_waits_for_a_note_that_is_being_loaded(desk: Desk) -> None:
    """Else the night would be spent with the radio on."""
    desk.play(12)
    desk.playback.sleep_after(1)
    desk.playback.play_note(NoteId(21))
    desk.waits(62)
    assert desk.now.sleep_ms == 0
    desk.player.begins()
    desk.waits(7)
    assert desk.player.asked[-3:] == ["pause", "seek 0", "volume 1.0"]


# Again


@pytest.mark.parametrize("state", [PlayerState.PLAYING, PlayerState.PAUSED])
def test_replay(desk: Desk, state: PlayerState) -> None:
    """Five seconds back, and it plays."""
    desk.play(12)
    desk.player.becomes(state)
    desk.playback.replay()
    assert desk.player.asked == ["seek by -5000", "play"]


def test_replay_at_the_end_and_after_a_failure(desk: Desk) -> None:
    """The last words again; a note that failed is tried again."""
    desk.playback.set_continuous(False)
    desk.playback.enqueue([NoteId(21)])
    desk.playback.replay()
    now = desk.now
    assert (now.note_id, now.queue, now.message) == (None, (21,), "No note is playing")
    desk.playback.set_queue([])
    desk.play(12)
    desk.player.ends()
    desk.run()
    desk.playback.replay(3000)
    assert desk.player.asked == ["seek by -3000", "play"]
    desk.player.becomes(PlayerState.PLAYING, position_ms=57_000)
    assert desk.now.position_ms == 57_000
    desk.player.fails()
    desk.run()
    desk.playback.replay()
    desk.run()
    assert len(desk.player.loads) == 2


def test_a_loop_is_marked_twice_and_ended(desk: Desk) -> None:
    """From where it is heard; a part that is too short is none."""
    desk.play(12)
    desk.hears(1000)
    desk.playback.loop()
    assert loop(desk) == (1000, None)
    desk.hears(200)
    desk.playback.loop()
    now = desk.now
    assert now.loop == (1000, None)
    assert now.message == "The end of the loop must lie behind its begin"
    desk.hears(100)
    desk.playback.loop()
    assert loop(desk) == (1000, 1300)
    desk.playback.loop()
    assert loop(desk) is None
    assert desk.player.asked == ["loop 1000 1300", "loop None None"]


def test_a_loop_begins_earlier_for_who_went_back(desk: Desk) -> None:
    """Before its begin the key marks another one, not an end that can't be."""
    desk.play(12)
    desk.hears(3000)
    desk.playback.loop()
    desk.player.goes_to(1000)
    desk.run()
    desk.playback.loop()
    now = desk.now
    assert (now.loop, now.message) == ((1000, None), "")
    assert desk.player.asked == []


def test_a_loop_ends_with_its_note(desk: Desk) -> None:
    """By another load, or by what follows."""
    desk.playback.loop()
    assert desk.now.message == "No note is playing"
    desk.play(12)
    desk.playback.loop()
    desk.playback.next()
    assert loop(desk) is None
    desk.player.begins()
    desk.playback.loop()
    desk.player.goes_to(58_000)
    desk.run()
    desk.player.chains()
    assert (desk.now.note_id, desk.now.loop) == (14, None)


def test_going_round_a_loop_is_heard_once_and_saved_rarely(desk: Desk) -> None:
    """Not at each turn: it may be three a second."""
    desk.library.mark(12, played=Played.PLAYED)
    desk.play(12)
    desk.playback.loop()
    desk.hears(1000)
    desk.playback.loop()
    desk.run()
    before = len(desk.kept)
    for _ in range(20):
        desk.player.goes_to(0)
        desk.hears(1000)
    assert len(desk.kept) - before <= 11
    assert desk.playback._session._current is not None
    assert desk.playback._session._current.heard.total_ms <= 1000


@pytest.mark.parametrize(
    ("position_ms", "step", "stepped_ms", "expected"),
    [
        (0, 1, None, 1000),
        (1000, 1, None, 10_000),
        (950, 1, None, 10_000),
        (30_000, 1, None, None),
        (31_000, -1, None, 11_000),
        (33_000, -1, None, 30_000),
        (11_500, -1, None, 1000),
        (500, -1, None, None),
        (40_000, -1, 11_000, 10_000),
        (0, 1, 10_000, 11_000),
    ],
)
def test_the_bookmark_beside(
    position_ms: int, step: int, stepped_ms: int | None, expected: int | None
) -> None:
    """The next one; the one before, twice as far when pressed twice."""
    found = bookmark_beside(MARKS, position_ms, step, stepped_ms=stepped_ms)
    assert found == expected


@pytest.mark.parametrize(
    ("marks", "steps", "asked", "message"),
    [
        (MARKS, (1, 1, 1), ["seek 1000", "seek 10000", "seek 11000"], ""),
        (MARKS, (1, -1), ["seek 1000"], "There is no bookmark before this"),
        (MARKS[:1], (1, 1), ["seek 1000"], "There is no bookmark after this"),
        ([], (1,), [], "This note has no bookmark"),
    ],
)
def test_stepping_through_bookmarks(
    desk: Desk,
    marks: Sequence[Bookmark],
    steps: Sequence[int],
    asked: list[str],
    message: str,
) -> None:
    """Also when keys come faster than the player tells where it is."""
    desk.play(12)
    desk.library.bookmarks[NoteId(12)] = tuple(marks)
    for step in steps:
        desk.playback.step_bookmark(step)
        desk.run()
        desk.clock.now += 0.1
    assert desk.player.asked == asked
    assert desk.now.message == message


def test_sleep_is_no_reason_to_load(desk: Desk) -> None:
    """A note that fails while it fades is not followed by another."""
    desk.play(12)
    desk.playback.sleep_after(0)
    desk.waits(1)
    desk.player.fails()
    desk.waits(10)
    now = desk.now
    assert (now.note_id, now.state, now.volume) == (12, PlayerState.FAILED, 1.0)


def test_without_a_note_there_is_no_bookmark(desk: Desk) -> None:
    """A line says so."""
    desk.playback.step_bookmark(1)
    assert desk.now.message == "No note is playing"


# Outputs


def test_outputs_are_listed_and_chosen(desk: Desk) -> None:
    """The choice shows at once, the rest when the player tells it."""
    desk.playback.list_outputs()
    outputs = (OutputInfo("auto", "usual"), OutputInfo("pulse:usb", "Speaker"))
    desk.player.tell(OutputsListed(outputs, "auto"))
    now = desk.now
    assert (now.outputs, now.chosen_output, now.output) == (outputs, "auto", "")
    desk.play(12)
    desk.playback.set_output("pulse:usb")
    assert desk.now.chosen_output == "pulse:usb"
    desk.player.becomes(PlayerState.PLAYING, output="pulse:usb")
    now = desk.now
    assert (now.output, now.outputs, now.note_id) == ("pulse:usb", outputs, 12)
    assert desk.player.asked == ["outputs", "output pulse:usb"]


# What counts as heard


def _hears_with_pauses(desk: Desk, at_once_ms: int) -> None:
    """Play 60 s, of which every other stretch is a pause that is left out."""
    position_ms = saved_ms = 0
    while position_ms < 60_000:
        # The decoder is ahead: it tells what it left out before that is heard.
        saved_ms += at_once_ms
        desk.player.becomes(PlayerState.PLAYING, saved_ms=saved_ms)
        for _ in range(20):
            desk.clock.now += 0.1
            position_ms += 100
            desk.player.goes_to(min(position_ms, 60_000))
        position_ms += at_once_ms
    desk.player.goes_to(60_000)
    desk.run()


@pytest.mark.parametrize("at_once_ms", [400, 2000, 20_000])
def test_pauses_that_are_left_out_count_as_heard(desk: Desk, at_once_ms: int) -> None:
    """Whoever heard every word heard the note."""
    desk.playback.set_skip(3)
    desk.play(12)
    _hears_with_pauses(desk, at_once_ms)
    assert desk.kept[-1][2] == int(Played.PLAYED)


def test_a_late_word_is_not_taken_for_a_pause(desk: Desk) -> None:
    """A state that repeats the last position, and then the position of now."""
    desk.playback.set_skip(3)
    desk.playback.set_speed(4.0)
    desk.play(12)
    for at_ms in range(0, 30_000, 1000):
        desk.clock.now += 0.25
        desk.player.becomes(PlayerState.PLAYING, saved_ms=31_000)
        desk.player.goes_to(at_ms)
    desk.clock.now += 0.01
    desk.player.becomes(PlayerState.ENDED, position_ms=60_000)
    desk.player.tell(Ended(desk.player.status.generation))
    desk.run()
    assert desk.kept[-1] == (12, 0, int(Played.PLAYED))


def test_a_pause_at_the_end_counts_too(desk: Desk) -> None:
    """The end comes at once then."""
    desk.playback.set_skip(2)
    desk.play(12)
    desk.hears(40_000)
    desk.player.becomes(PlayerState.PLAYING, saved_ms=20_000)
    desk.player.becomes(PlayerState.ENDED, position_ms=60_000)
    desk.player.tell(Ended(desk.player.status.generation))
    desk.run()
    assert desk.kept[-1] == (12, 0, int(Played.PLAYED))


def test_a_seek_counts_as_none_with_pauses_left_out(desk: Desk) -> None:
    """Only as much is allowed as was left out."""
    desk.playback.set_skip(2)
    desk.play(12)
    desk.hears(5000)
    desk.player.becomes(PlayerState.PLAYING, saved_ms=3000)
    desk.player.goes_to(59_000)
    desk.player.becomes(PlayerState.PLAYING, saved_ms=100)
    desk.hears(1000)
    assert desk.kept[-1][2] == int(Played.HALF)
    assert desk.playback._session._current is not None
    assert desk.playback._session._current.heard.total_ms <= 6000


def test_what_was_saved_is_spent_once(desk: Desk) -> None:
    """Two jumps of that length are not both pauses."""
    desk.playback.set_skip(2)
    desk.play(12)
    desk.player.becomes(PlayerState.PLAYING, saved_ms=20_000)
    desk.hears(100)
    desk.player.goes_to(20_200)
    desk.player.goes_to(40_200)
    desk.run()
    assert desk.playback._session._current is not None
    assert 20_000 <= desk.playback._session._current.heard.total_ms <= 20_500


def test_four_times_as_fast_is_heard(desk: Desk) -> None:
    """With words of the player that come late now and then."""
    desk.playback.set_speed(4.0)
    desk.play(12)
    for at_ms in range(0, 60_000, 400 * 3):
        desk.clock.now += 0.3
        desk.player.goes_to(at_ms)
    desk.run()
    assert desk.kept[-1][2] == int(Played.PLAYED)
