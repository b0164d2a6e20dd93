"""Which note comes next, where the session's tests do not reach."""

from __future__ import annotations

import pytest

from tests.support.playing import ListeningLibrary
from tui.answers import SavedSearch
from tui.model import Group, GroupKind, NoteId, NoteState, Played
from tui.playback._order import first_unplayed, next_unplayed, step_from

RECENT = Group(GroupKind.RECENT)


def _library(count: int) -> ListeningLibrary:
    library = ListeningLibrary()
    for number in range(1, count + 1):
        library.put(number, number % 3, 1_000_000 * (number // 2))
    return library


def test_a_group_over_chats_is_walked_from_end_to_end() -> None:
    """Also where two notes have the same time."""
    library = _library(30)
    order = [row.id for row in reversed(library.notes_of(RECENT))]
    walked, at = [order[0]], order[0]
    while (
        found := step_from(library, at, library.notes[at].order_ms, 1, RECENT)
    ) is not None:
        walked.append(found)
        at = found
    assert walked == order
    back = [at]
    while (
        found := step_from(library, at, library.notes[at].order_ms, -1, RECENT)
    ) is not None:
        back.append(found)
        at = found
    assert back == order[::-1]


def test_what_is_to_be_skipped_is_skipped() -> None:
    """Unreadable notes, and those that failed."""
    library = _library(9)
    library.mark(3, state=NoteState.UNREADABLE)
    first = library.notes[NoteId(2)]
    found = step_from(library, first.id, first.order_ms, 1, RECENT, skip={NoteId(4)})
    assert found == 5


def test_a_chat_of_nothing_but_damage_has_no_next_note() -> None:
    """The search gives up before it has read a library of a million."""
    library = ListeningLibrary()
    for number in range(1, 700):
        library.put(number, 1, number, state=NoteState.UNREADABLE)
    assert step_from(library, NoteId(1), 1, 1, None) is None
    assert next_unplayed(library, NoteId(1), skip=set(map(NoteId, range(700)))) is None


def test_a_neighbour_that_goes_away_ends_the_walk() -> None:
    """Another process may delete it between two queries."""
    library = _library(9)
    library.neighbour = lambda *_, **__: NoteId(99)  # type: ignore[method-assign]
    assert step_from(library, NoteId(1), 0, 1, None) is None


def test_the_oldest_unplayed_may_be_one_that_failed() -> None:
    """Then the next oldest one is taken, of whatever chat."""
    library = _library(9)
    for number in (1, 2):
        library.mark(number, played=Played.PLAYED)
    assert next_unplayed(library, None, skip={NoteId(3)}) == 4
    assert next_unplayed(library, None, skip={NoteId(3), NoteId(4)}) == 5
    for number in range(1, 10):
        library.mark(number, played=Played.PLAYED)
    assert next_unplayed(library, NoteId(1)) is None


def test_the_oldest_unplayed_of_all_may_be_the_one_that_plays() -> None:
    """The last one of its chat, not heard to its end: another chat's comes then."""
    library = _library(9)
    for number in (1, 2, 6, 9):
        library.mark(number, played=Played.PLAYED)
    assert next_unplayed(library, NoteId(3)) == 4


GROUPS = (
    Group(GroupKind.STARRED),
    Group(GroupKind.SEARCH, query="x"),
    Group(GroupKind.SAVED, number=1),
    Group(GroupKind.SENDER, number=1),
    Group(GroupKind.TAG, number=1),
    Group(GroupKind.SOURCE, number=1),
    Group(GroupKind.DAY, number=19700101),
    Group(GroupKind.WEEK, number=197001),
    Group(GroupKind.CALENDAR, number=197001),
)


def _mixed(count: int) -> ListeningLibrary:
    """Make notes of which every other one is in all of GROUPS but the times."""
    library = ListeningLibrary()
    library.searches = [SavedSearch(1, "x", "x")]
    for number in range(1, count + 1):
        odd = bool(number % 2)
        library.put(
            number,
            number % 3,
            12 * 3_600_000 + number,
            star=odd,
            title="x" if odd else "",
            tags=("a",) if odd else (),
            sender="Ana" if odd else "Bob",
            offset_min=0,
        )
    return library


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.kind.name)
def test_every_group_is_walked_older_to_newer(group: Group) -> None:
    """Within it, whatever chats its notes are in, and from outside of it too."""
    library = _mixed(20)
    order = [row.id for row in reversed(library.notes_of(group))]
    assert len(order) >= 10
    walked, at = [], NoteId(0)
    while (found := step_from(library, at, 12 * 3_600_000 + at, 1, group)) is not None:
        walked.append(found)
        at = found
    assert walked == order
    assert (
        step_from(library, order[1], 12 * 3_600_000 + order[1], -1, group) == order[0]
    )


def test_a_collection_is_walked_downwards() -> None:
    """In its own order, from its first unplayed note on, past what can't be read."""
    library = _mixed(9)
    library.collected = {"x": [NoteId(each) for each in (4, 9, 1, 7, 3)]}
    group = Group(GroupKind.COLLECTION, number=1)
    library.mark(1, state=NoteState.UNREADABLE)
    walked = [NoteId(4)]
    while (found := step_from(library, walked[-1], 0, 1, group)) is not None:
        walked.append(found)
    assert walked == [4, 9, 7, 3]
    assert step_from(library, NoteId(9), 0, -1, group) == 4
    assert step_from(library, NoteId(4), 0, -1, group) is None
    assert step_from(library, NoteId(5), 0, 1, group) is None  # it was taken out
    assert first_unplayed(library, group) == 4
    for number in (4, 9):
        library.mark(number, played=Played.PLAYED)
    assert first_unplayed(library, group) == 7


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.kind.name)
def test_a_group_begins_with_its_oldest_unplayed_note(group: Group) -> None:
    """Not with one that can't be read, nor with any when all were heard."""
    library = _mixed(20)
    for number in range(1, 5):
        library.mark(number, played=Played.PLAYED)
    library.mark(5, state=NoteState.UNREADABLE)
    library.mark(6, state=NoteState.UNREADABLE)
    wanted = next(row.id for row in reversed(library.notes_of(group)) if row.id > 6)
    assert first_unplayed(library, group) == wanted
    for number in range(1, 21):
        library.mark(number, played=Played.PLAYED)
    assert first_unplayed(library, group) is None


def test_a_group_of_nothing_but_damage_has_no_first_note() -> None:
    """The search for one ends before it has read a library of a million."""
    library = _mixed(1200)
    for number in range(1, 1201):
        library.mark(number, state=NoteState.UNREADABLE)
    assert first_unplayed(library, Group(GroupKind.STARRED)) is None
