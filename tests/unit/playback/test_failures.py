"""Notes that can't be played: told, left out, found elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.audio import PlayerState
from tui.model import ChatId, Group, GroupKind, NoteId, NoteState, Played

if TYPE_CHECKING:
    from tests.unit.playback.conftest import Desk

UNPLAYED = Group(GroupKind.UNPLAYED)
AUGUST = Group(GroupKind.MONTH, ChatId(1), 202408)
JULY = Group(GroupKind.MONTH, ChatId(1), 202407)


def test_a_note_that_fails_is_told_and_left_out(desk: Desk) -> None:
    """Continuous play goes on to the next, and the line stays."""
    desk.play(11)
    desk.player.ends()
    desk.run()
    desk.player.fails("it is\x1b[31m damaged")
    assert desk.now.note_id == 13
    desk.player.begins()
    desk.player.plays(300)
    assert desk.now.message == (
        "Left out a note that can't be played: it is\\x1b[31m damaged"
    )


def test_the_last_note_that_fails_stays(desk: Desk) -> None:
    """With the reason; nothing is lost of what was kept of it."""
    desk.library.mark(14, position_ms=30_000, played=Played.HALF)
    desk.playback.play_note(NoteId(14))
    desk.run()
    desk.player.fails("it is damaged")
    assert desk.now.note_id == 14
    assert desk.now.state is PlayerState.FAILED
    assert desk.now.message == "Can't play this note: it is damaged"
    assert desk.kept == []


def test_without_continuous_play_a_failure_stays(desk: Desk) -> None:
    """The user sees the note that failed, and toggle tries it again."""
    desk.playback.set_continuous(False)
    desk.playback.play_note(NoteId(12))
    desk.run()
    desk.player.fails()
    assert desk.now.note_id == 12
    desk.playback.toggle()
    desk.run()
    assert desk.player.loads == [(b"/notes/12.opus", 0)] * 2
    assert desk.now.message == ""


def test_many_failures_in_a_row_end_it(desk: Desk) -> None:
    """A sound engine that is broken must not run through ten thousand notes."""
    for number in range(100):
        desk.library.put(1000 + number, 3, 1_800_000_000_000 + number)
    desk.playback.play_note(NoteId(1000))
    desk.run()
    for _ in range(20):
        desk.player.fails()
        desk.run()
    assert len(desk.player.loads) == 5
    assert desk.now.message.startswith("Stopped after 5 notes")


def test_a_copy_is_played_where_the_file_is_gone(desk: Desk) -> None:
    """From the same position; a note fails only when all its files did."""
    desk.library.files[NoteId(12)] = [b"gone.opus", b"copy.opus"]
    desk.play(12)
    desk.player.plays(4000)
    desk.run()
    desk.player.fails("No such file or directory")
    desk.run()
    assert desk.player.loads[-1] == (b"/notes/copy.opus", 4000)
    desk.player.begins()
    assert desk.now.state is PlayerState.PLAYING
    assert desk.now.message == ""
    desk.player.fails("No such file or directory")
    assert desk.now.note_id == 13


def test_a_file_that_moved_while_it_played_is_found_again(desk: Desk) -> None:
    """The library knows the new place when the old one fails."""
    desk.play(12)
    desk.player.plays(4000)
    desk.run()
    desk.library.files[NoteId(12)] = [b"week/12.opus"]
    desk.player.fails("No such file or directory")
    desk.run()
    assert desk.player.loads[-1] == (b"/notes/week/12.opus", 4000)


def test_a_note_without_a_file_fails_with_its_reason(desk: Desk) -> None:
    """There is nothing to load then, and nothing is."""
    desk.playback.set_continuous(False)
    desk.library.files[NoteId(12)] = []
    desk.library.mark(12, reason="the file went away")
    desk.playback.play_note(NoteId(12))
    assert desk.now.message == "Can't play this note: the file went away"
    assert desk.now.state is PlayerState.FAILED
    assert desk.player.loads == []


def test_a_note_that_only_a_document_tells_of_ends_nothing(desk: Desk) -> None:
    """It says why it can't be played; what plays goes on."""
    desk.play(11)
    desk.library.files[NoteId(12)] = []
    desk.library.mark(12, state=NoteState.MISSING, reason="its file is not here")
    desk.playback.play_note(NoteId(12))
    now = desk.now
    assert now.message == "Can't play this note: its file is not here"
    assert (now.note_id, now.state) == (11, PlayerState.PLAYING)
    assert len(desk.player.loads) == 1


def test_a_note_that_is_gone_is_told(desk: Desk) -> None:
    """The tree may show a note a moment longer than the library has it."""
    desk.play(12)
    desk.playback.play_note(NoteId(99))
    assert desk.now.message == "This note is no longer in the library"
