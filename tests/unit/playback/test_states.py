"""Files that are cut off or go away, and groups that are played as such."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tui.audio import PlayerState
from tui.model import ChatId, Group, GroupKind, LibraryDelta, NoteId, NoteState, Played

if TYPE_CHECKING:
    from tests.unit.playback.conftest import Desk

UNPLAYED = Group(GroupKind.UNPLAYED)
RECENT = Group(GroupKind.RECENT)
PROBLEMS = Group(GroupKind.PROBLEMS)
CHAT = Group(GroupKind.CHAT, ChatId(1))
JULY = Group(GroupKind.MONTH, ChatId(1), 202407)
AUGUST = Group(GroupKind.MONTH, ChatId(1), 202408)


def test_a_cut_note_is_never_marked(desk: Desk) -> None:
    """What there is of it may be heard; the position is kept, the mark is not."""
    desk.library.mark(12, state=NoteState.PARTIAL, reason="cut off")
    desk.play(12)
    desk.player.ends()
    assert desk.kept
    assert {mark for _, _, mark in desk.kept} == {int(Played.UNPLAYED)}


def test_a_failure_stays_while_its_note_is_in_the_bar(desk: Desk) -> None:
    """A key that leads nowhere does not make the note playable."""
    desk.play(14)
    desk.player.fails()
    desk.playback.next()
    assert desk.now.message == "There is no newer note here"
    assert desk.now.failure == "it is damaged"
    desk.playback.stop()
    assert desk.now.failure == ""


@pytest.mark.parametrize("state", [PlayerState.PLAYING, PlayerState.PAUSED])
def test_a_file_that_goes_while_it_plays_is_told_once(
    desk: Desk, state: PlayerState
) -> None:
    """It plays on, as it is open; and the user knows that it is gone."""
    desk.play(12)
    desk.player.becomes(state)
    desk.library.mark(12, state=NoteState.MISSING)
    desk.playback.library_changed(desk.library.change(12))
    assert desk.now.message == "The file of this note is gone; it plays on to its end"
    assert desk.now.state is state
    desk.playback.play_note(NoteId(13))
    assert desk.now.message == ""


def test_a_file_that_was_gone_before_is_no_news(desk: Desk) -> None:
    """Other changes of such a note say nothing."""
    desk.library.mark(12, state=NoteState.MISSING)
    desk.play(12)
    desk.playback.library_changed(LibraryDelta(reset=True))
    assert desk.now.message == ""


@pytest.mark.parametrize(
    ("group", "heard", "expected"),
    [
        (UNPLAYED, (), 11),
        (UNPLAYED, (11,), 22),
        (RECENT, (11, 22), 12),
        (CHAT, (), 11),
        (CHAT, (11,), 12),
        (CHAT, (11, 13), 12),
        (JULY, (), 11),
        (AUGUST, (12,), 13),
    ],
)
def test_a_group_plays_its_oldest_unplayed_note(
    desk: Desk, group: Group, heard: tuple[int, ...], expected: int
) -> None:
    """And goes on within that group."""
    for note_id in heard:
        desk.library.mark(note_id, played=Played.PLAYED)
    desk.playback.play_group(group)
    assert desk.now.note_id == expected


@pytest.mark.parametrize("group", [CHAT, JULY, AUGUST])
def test_an_unreadable_note_of_a_group_is_passed_over(desk: Desk, group: Group) -> None:
    """It can't be heard, so it is not what to hear next."""
    desk.library.mark(11, state=NoteState.UNREADABLE)
    desk.library.mark(12, state=NoteState.UNREADABLE)
    desk.playback.play_group(group)
    assert desk.now.note_id == (None if group is JULY else 13)


@pytest.mark.parametrize("group", [CHAT, JULY, RECENT, UNPLAYED, PROBLEMS])
def test_a_group_without_an_unplayed_note_says_so(desk: Desk, group: Group) -> None:
    """Nothing plays by accident that was heard already."""
    for note_id in list(desk.library.notes):
        desk.library.mark(note_id, played=Played.PLAYED)
    desk.playback.play_group(group)
    assert desk.now.message == "There is no unplayed note here"
    assert desk.now.note_id is None
