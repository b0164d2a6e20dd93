"""The queue: what waits is played first, then the group goes on."""

from __future__ import annotations

from functools import partial

import pytest

from tests.unit.playback.conftest import Desk
from tui.audio import PlayerState
from tui.model import NoteId, NoteState
from tui.playback import Habits, Playback


def ids(*numbers: int) -> list[NoteId]:
    """Write note ids."""
    return [NoteId(number) for number in numbers]


def waiting(desk: Desk) -> list[NoteId]:
    """Tell what waits, after all that was asked is done."""
    return list(desk.now.queue)


def end(desk: Desk) -> int | None:
    """Have the note end that plays; tells which plays then."""
    desk.hears(59_500 - desk.player.status.position_ms)
    desk.player.ends()
    now = desk.now
    if now.state is PlayerState.LOADING:
        desk.player.begins()
    return now.note_id


def test_what_waits_is_played_first(desk: Desk) -> None:
    """Then the group goes on where it was, without what was heard just now."""
    desk.play(11)
    desk.playback.enqueue(ids(21, 13))
    desk.playback.enqueue(ids(22), first=True)
    assert waiting(desk) == [22, 21, 13]
    played = [end(desk) for _ in range(5)]
    assert played == [22, 21, 13, 12, 14]
    assert len(desk.player.loads) == 1
    assert waiting(desk) == []


def test_it_is_kept_over_restarts(desk: Desk) -> None:
    """In its order; what is gone is left out, what was added before comes after."""
    desk.playback.enqueue(ids(21, 13, 12))
    desk.run()
    assert desk.library.waiting == [21, 13, 12]
    desk.playback.next()
    desk.run()
    assert desk.library.waiting == [13, 12]
    del desk.library.notes[NoteId(13)]
    desk.begin(Habits())
    assert waiting(desk) == [12]
    assert desk.library.waiting == [13, 12]  # nothing is written by looking


def test_what_is_added_before_the_start_stays() -> None:
    """The queue that was kept comes first."""
    desk = Desk()
    desk.library.waiting = ids(13)
    desk.begin(Habits(), [partial(Playback.enqueue, note_ids=ids(21))])
    assert waiting(desk) == [13, 21]
    assert desk.library.waiting == [13, 21]


def test_a_note_waits_once(desk: Desk) -> None:
    """Asked for again it keeps its place, or comes first."""
    desk.playback.enqueue(ids(21, 13, 21))
    desk.playback.enqueue(ids(21))
    assert waiting(desk) == [21, 13]
    desk.playback.enqueue(ids(13), first=True)
    assert waiting(desk) == [13, 21]
    desk.playback.set_queue(ids(12, 22, 12))
    assert waiting(desk) == [12, 22]
    desk.playback.set_queue([])
    assert waiting(desk) == []
    assert desk.library.waiting == []


def test_a_note_that_plays_may_wait_too(desk: Desk) -> None:
    """It is played once more, from its start."""
    desk.play(12)
    desk.playback.enqueue(ids(12))
    assert end(desk) == 12
    assert desk.now.position_ms == 0
    assert waiting(desk) == []
    assert end(desk) == 13


def test_a_note_that_is_played_waits_no_longer(desk: Desk) -> None:
    """However it came to be played."""
    desk.playback.enqueue(ids(12, 13, 21))
    desk.play(13)
    assert waiting(desk) == [12, 21]


def test_keys_take_what_waits_first(desk: Desk) -> None:
    """And lead back to the note that was played before."""
    desk.play(12)
    desk.playback.enqueue(ids(22))
    desk.playback.next()
    assert desk.now.note_id == 22
    desk.playback.previous()
    assert desk.now.note_id == 12
    desk.playback.next()
    assert desk.now.note_id == 13


def test_the_queue_can_be_begun_with(desk: Desk) -> None:
    """With nothing playing, > or play begins it; at its end it is silent."""
    desk.playback.enqueue(ids(21, 13))
    desk.playback.toggle()
    assert desk.now.note_id == 21
    desk.player.begins()
    assert end(desk) == 13
    end(desk)
    assert (desk.now.note_id, desk.now.state) == (13, PlayerState.ENDED)
    desk.playback.previous()
    assert desk.now.note_id == 12


def test_without_continuous_play_the_queue_still_goes_on(desk: Desk) -> None:
    """What was put there is wanted."""
    desk.playback.set_continuous(False)
    desk.play(12)
    desk.playback.enqueue(ids(21))
    assert end(desk) == 21
    assert end(desk) == 21


def test_what_is_gone_is_left_out_and_told(desk: Desk) -> None:
    """The rest is played."""
    desk.play(12)
    desk.playback.enqueue(ids(901, 902, 21))
    desk.library.mark(21, state=NoteState.MISSING)
    desk.playback.enqueue(ids(22))
    desk.playback.next()
    now = desk.now
    assert (now.note_id, now.queue) == (22, ())
    assert now.message == "Left out 3 notes that are no longer here"
    desk.playback.enqueue(ids(903))
    desk.playback.next()
    assert desk.now.message == "Left out a note that is no longer here"
    assert desk.now.note_id == 13


def test_what_can_not_be_played_is_left_out_and_told(desk: Desk) -> None:
    """It waits no longer; put there again, it is tried again."""
    desk.play(12)
    desk.playback.enqueue(ids(21, 22))
    desk.player.goes_to(58_000)
    desk.run()
    desk.player.cannot_open()
    now = desk.now
    assert now.message == "Left out a note that can't be played: it is damaged"
    assert now.queue == (22,)
    desk.playback.enqueue(ids(21), first=True)
    desk.playback.next()
    assert desk.now.note_id == 21


def test_a_very_long_queue(desk: Desk) -> None:
    """Ten thousand notes, of which only the last is there."""
    desk.play(12)
    desk.playback.set_queue(ids(*range(1000, 11_000), 21))
    desk.run()
    asked = desk.library.asked
    assert end(desk) == 21
    assert waiting(desk) == []
    assert desk.library.asked - asked < 11_000


def test_stopping_leaves_the_queue(desk: Desk) -> None:
    """It is there when something is wanted again."""
    desk.play(12)
    desk.playback.enqueue(ids(21))
    desk.playback.stop()
    assert waiting(desk) == [21]


@pytest.mark.parametrize("note_id", [12, None])
def test_a_queue_of_this_run_alone(note_id: int | None) -> None:
    """Neither reads nor writes the one that is kept."""
    desk = Desk()
    desk.library.waiting = ids(13)
    desk.begin(Habits(keeps_queue=False))
    assert waiting(desk) == []
    if note_id is not None:
        desk.playback.set_queue(ids(note_id))
        assert waiting(desk) == [12]
    assert desk.library.waiting == [13]
