"""What follows without a hole, when it is told, and what may come in between."""

from __future__ import annotations

import pytest

from tests.support.playing import Prepared
from tests.unit.playback.conftest import Desk
from tui.audio import Ended, PlayerState, Sound, StateChanged
from tui.errors import LibraryError
from tui.model import Group, GroupKind, NoteId, Played, SoundScope, SoundSettings
from tui.playback import Habits

UNPLAYED = Group(GroupKind.UNPLAYED)


def near_end(desk: Desk, note_id: int = 12) -> Prepared:
    """Play a note until it was told what follows."""
    desk.play(note_id)
    desk.player.goes_to(55_000)
    what = prepared(desk)
    assert what is not None
    return what


def prepared(desk: Desk) -> Prepared | None:
    """Tell what follows, after all that was asked is done."""
    desk.run()
    return desk.player.prepared


def path_of(desk: Desk) -> bytes:
    """Tell the file that follows; empty for none."""
    what = prepared(desk)
    return b"" if what is None else what.path.removeprefix(b"/notes/")


def test_what_follows_is_told_eight_seconds_before_the_end(desk: Desk) -> None:
    """Not earlier: it may change. Once: nothing changes."""
    desk.play(12)
    desk.player.goes_to(51_900)
    assert prepared(desk) is None
    desk.hears(3000)
    assert desk.player.prepared == Prepared(
        2, b"/notes/13.opus", 0, Sound(), 0, tone=False
    )
    assert desk.player.preparations == 1


@pytest.mark.parametrize(("speed", "at_ms"), [(2.0, 44_000), (0.5, 56_000)])
def test_at_another_speed_that_is_elsewhere(
    desk: Desk, speed: float, at_ms: int
) -> None:
    """Eight seconds of the clock."""
    desk.playback.set_speed(speed)
    desk.play(12)
    desk.player.goes_to(at_ms - 100)
    assert prepared(desk) is None
    desk.player.goes_to(at_ms)
    assert prepared(desk) is not None


def test_of_a_note_without_a_length_it_is_told_at_once(desk: Desk) -> None:
    """It may end at any moment."""
    desk.library.mark(12, duration_ms=None)
    desk.playback.play_note(NoteId(12))
    desk.run()
    desk.player.becomes(PlayerState.PLAYING)
    assert prepared(desk) is not None


def test_it_follows_with_a_pause_and_a_tone() -> None:
    """As the settings say; from where it was left, as it shall sound."""
    desk = Desk(Habits(gap_ms=700, tone=True))
    desk.library.mark(13, position_ms=30_000, played=Played.HALF)
    desk.library.set_sound(NoteId(13), SoundScope.NOTE, SoundSettings(speed=1.5))
    desk.library.loudness[NoteId(13)] = -20.0
    what = near_end(desk)
    sound = Sound(speed=1.5, lufs=-20.0)
    assert what == Prepared(2, b"/notes/13.opus", 30_000, sound, 700, tone=True)
    desk.player.ends()
    now = desk.now
    assert (now.note_id, now.state, now.speed) == (13, PlayerState.PLAYING, 1.5)


def test_the_joint_keeps_what_was_heard_of_both(desk: Desk) -> None:
    """One is marked and rewound, the other is followed from its first position."""
    desk.play(12)
    desk.hears(59_000)
    desk.player.ends()
    desk.run()
    assert desk.kept[-1] == (12, 0, int(Played.PLAYED))
    assert len(desk.player.loads) == 1
    now = desk.now
    assert (now.note_id, now.position_ms, now.duration_ms) == (13, 0, 60_000)
    desk.hears(4000)
    assert desk.kept[-1][0] == 13
    desk.playback.previous()
    assert desk.now.note_id == 12
    assert desk.player.loads[-1] == (b"/notes/12.opus", 0)


def test_the_chat_plays_on_without_a_load(desk: Desk) -> None:
    """Note after note, each told in time."""
    desk.play(11)
    for number in (12, 13, 14):
        desk.hears(59_000)
        desk.player.ends()
        assert desk.now.note_id == number
    assert len(desk.player.loads) == 1
    desk.hears(59_000)
    desk.player.ends()
    assert (desk.now.note_id, desk.now.state) == (14, PlayerState.ENDED)


def test_the_state_alone_tells_the_joint(desk: Desk) -> None:
    """Should the word of the end be late, it is dropped."""
    what = near_end(desk)
    old = desk.player.status.generation
    desk.player._begin(what, PlayerState.PLAYING)
    desk.player.begins()
    desk.player.tell(Ended(old))
    assert (desk.now.note_id, desk.now.state) == (13, PlayerState.PLAYING)
    assert desk.kept[-1][:2] == (12, 0)


def test_what_was_told_too_late_is_loaded(desk: Desk) -> None:
    """The player had ended by then; whichever word comes first."""
    for order in (1, -1):
        desk.play(12)
        desk.player.goes_to(59_900)
        desk.run()
        desk.player.prepared = None
        status = desk.player.status
        desk.player.becomes(PlayerState.ENDED) if order > 0 else None
        desk.player.tell(Ended(status.generation))
        desk.player.becomes(PlayerState.ENDED) if order < 0 else None
        assert desk.now.note_id == 13
        assert desk.player.loads[-1][0] == b"/notes/13.opus"


def test_a_joint_that_never_comes_is_not_waited_for(desk: Desk) -> None:
    """After a second what follows is loaded."""
    near_end(desk)
    desk.player.tell(Ended(desk.player.status.generation))
    desk.waits(0.9)
    assert desk.now.note_id == 12
    desk.waits(0.2)
    assert desk.now.note_id == 13
    assert len(desk.player.loads) == 2


def test_an_offer_that_was_replaced_may_have_been_taken(desk: Desk) -> None:
    """The player went on with the first at that very moment: that is what plays."""
    first = near_end(desk)
    desk.playback.enqueue([NoteId(22)])
    desk.run()
    desk.player.chains(first)
    assert desk.now.note_id == 13
    assert desk.now.queue == (22,)
    assert prepared(desk) is None
    desk.player.goes_to(58_000)
    assert path_of(desk) == b"22.opus"


def test_a_load_forgets_what_was_to_follow(desk: Desk) -> None:
    """What an older offer still has to say means nothing."""
    what = near_end(desk)
    desk.play(21)
    desk.player.tell(Ended(what.generation))
    desk.player.tell(StateChanged(desk.player.status.__class__(what.generation)))
    assert (desk.now.note_id, desk.now.state) == (21, PlayerState.PLAYING)


@pytest.mark.parametrize("change", ["alone", "after", "queue"])
def test_it_is_told_anew_when_something_changes(desk: Desk, change: str) -> None:
    """And taken back when nothing follows any more."""
    near_end(desk)
    if change == "alone":
        desk.playback.set_continuous(False)
    elif change == "after":
        desk.playback.stop_after_this(True)
    else:
        desk.playback.set_queue([NoteId(21)])
    assert path_of(desk) == (b"21.opus" if change == "queue" else b"")
    desk.playback.set_continuous(True)
    desk.playback.stop_after_this(False)
    desk.playback.set_queue([])
    assert path_of(desk) == b"13.opus"


def test_it_is_told_anew_when_the_library_changes(desk: Desk) -> None:
    """A note that arrived, another place, a loudness; else nothing is said again."""
    near_end(desk)
    desk.playback.library_changed(desk.library.change(21))
    desk.run()
    assert desk.player.preparations == 1
    here = desk.library.notes[NoteId(12)].order_ms
    desk.library.put(15, 1, here + 1, duration_ms=5000)
    desk.playback.library_changed(desk.library.change(15))
    assert path_of(desk) == b"15.opus"
    desk.library.loudness[NoteId(15)] = -30.0
    desk.playback.library_changed(desk.library.change(15))
    what = prepared(desk)
    assert what is not None
    assert what.sound == Sound(lufs=-30.0)


def test_it_is_told_anew_when_the_sound_changes(desk: Desk) -> None:
    """The next note of this sender is as fast."""
    near_end(desk)
    desk.playback.set_speed(1.5)
    what = prepared(desk)
    assert what is not None
    assert what.sound == Sound(speed=1.5)


def test_another_group_goes_on_otherwise(desk: Desk) -> None:
    """The same note, chosen from another node of the tree."""
    near_end(desk, 13)
    desk.library.put(25, 2, desk.library.notes[NoteId(13)].order_ms + 1)
    desk.playback.play_note(NoteId(13), within=UNPLAYED)
    assert path_of(desk) == b"25.opus"


def test_what_can_not_be_opened_is_left_out(desk: Desk) -> None:
    """Another of its files is tried first; then comes the note after it."""
    desk.library.files[NoteId(13)] = [b"a.opus", b"b.opus"]
    near_end(desk)
    desk.player.cannot_open()
    assert path_of(desk) == b"b.opus"
    desk.player.cannot_open("it is\x1b damaged")
    assert desk.now.message == (
        "Left out a note that can't be played: it is\\x1b damaged"
    )
    assert path_of(desk) == b"14.opus"
    desk.player.ends()
    assert desk.now.note_id == 14
    desk.playback.previous()
    assert desk.now.note_id == 12


def test_a_broken_engine_does_not_run_through_all_notes(desk: Desk) -> None:
    """After five that can't be opened none is offered any more."""
    for number in range(30):
        desk.library.put(100 + number, 1, 1_800_000_000_000 + number)
    near_end(desk, 14)
    for _ in range(5):
        desk.player.cannot_open()
        desk.run()
    assert prepared(desk) is None
    assert desk.player.preparations == 5


def test_a_note_whose_files_are_gone_is_not_offered(desk: Desk) -> None:
    """It would fail; the one after it follows."""
    desk.library.files[NoteId(13)] = []
    assert near_end(desk).path == b"/notes/14.opus"


def test_a_note_fails_in_the_gap(desk: Desk) -> None:
    """What was offered after the end was told: the next is loaded at once."""
    near_end(desk)
    desk.player.tell(Ended(desk.player.status.generation))
    desk.run()
    desk.player.cannot_open()
    assert desk.now.note_id == 14
    assert desk.player.loads[-1][0] == b"/notes/14.opus"


def test_trouble_with_the_library_ends_no_joint(desk: Desk) -> None:
    """The note that was offered plays, whatever can't be read of it now."""
    near_end(desk)

    def broken(*_: object) -> None:
        raise LibraryError("/library", "the disk is full")

    note, desk.library.note = desk.library.note, broken  # type: ignore[method-assign, assignment]
    desk.player.ends()
    desk.run()
    desk.library.note = note  # type: ignore[method-assign]
    desk.player.plays(300)
    assert (desk.now.note_id, desk.now.position_ms) == (13, 300)


def test_a_stop_that_comes_too_late_still_stops(desk: Desk) -> None:
    """The player had gone on: it pauses at the start of the next note."""
    what = near_end(desk)
    desk.playback.stop_after_this(True)
    desk.run()
    desk.player.chains(what)
    now = desk.now
    assert (now.note_id, now.stops_after) == (13, False)
    assert desk.player.asked[-5:][0] == "pause"


def test_the_sound_is_told_again_after_the_joint(desk: Desk) -> None:
    """A key that was pressed there may have gone to either note."""
    desk.library.mark(13, sender="Bob")
    near_end(desk)
    desk.player.ends()
    desk.run()
    assert desk.player.asked == ["speed 1.0", "boost 0.0", "level False", "skip 0"]


def test_a_key_that_is_pressed_at_the_joint_counts(desk: Desk) -> None:
    """It is not undone by what is told again, and is remembered for who speaks."""
    desk.library.mark(13, sender="Bob")
    near_end(desk)
    desk.player.ends()
    desk.playback.set_speed(1.7)
    assert (desk.now.note_id, desk.now.speed) == (13, 1.7)
    assert "speed 1.0" not in desk.player.asked
    assert desk.library.remembered == {
        (SoundScope.SENDER, "Bob"): SoundSettings(speed=1.7)
    }


@pytest.fixture
def strict() -> Desk:
    """Give a playback that tells each failure, and leaves it to who asked."""
    return Desk(Habits(continuous=False, keeps_queue=False, leaves_out=False))


def test_a_list_that_is_given_note_by_note(strict: Desk) -> None:
    """Each follows without a hole; a failure ends it, and is told of its note."""
    strict.playback.set_queue([NoteId(21)])
    near_end(strict)
    strict.player.cannot_open()
    assert strict.now.message == ""
    strict.player.ends()
    now = strict.now
    assert (now.note_id, now.state) == (21, PlayerState.LOADING)
    strict.playback.set_queue([NoteId(22)])
    strict.run()
    strict.player.fails("it is bad")
    now = strict.now
    assert (now.note_id, now.failure, now.queue) == (21, "it is bad", (22,))


def test_a_note_of_such_a_list_that_has_no_file(strict: Desk) -> None:
    """It is told when it is asked for, and not before."""
    strict.library.files[NoteId(21)] = []
    strict.playback.set_queue([NoteId(21)])
    strict.play(12)
    strict.player.goes_to(59_000)
    assert prepared(strict) is None
    assert strict.now.message == ""
    strict.playback.set_queue([NoteId(901)])
    assert strict.now.message == ""
    strict.player.ends()
    assert (strict.now.note_id, strict.now.state) == (12, PlayerState.ENDED)


def test_an_end_is_told_twice(desk: Desk) -> None:
    """The second time nothing is to be done; without a length it ends too."""
    desk.library.mark(14, duration_ms=None)
    desk.playback.play_note(NoteId(14))
    desk.run()
    desk.player.becomes(PlayerState.PLAYING)
    desk.hears(3000)
    desk.player.becomes(PlayerState.ENDED)
    for _ in range(2):
        desk.player.tell(Ended(desk.player.status.generation))
    desk.run()
    assert desk.kept[-1] == (14, 0, int(Played.HALF))
    assert len(desk.player.loads) == 1
