"""When a file is whole enough to be a note."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.indexer._settle import QUIET_MS, FileKey, Settler, state_of
from tui.indexer._walk import Entry
from tui.media import Probe, Wholeness
from tui.model import NoteState

NOW = 1_700_000_000_000
"""The wall clock of these tests, in milliseconds."""


def _entry(age_ms: int = 0, *, size: int = 10, inode: int = 7) -> Entry:
    return Entry(b"w", b"a.opus", size, (NOW - age_ms) * 1_000_000, inode)


def _probe(wholeness: Wholeness) -> Probe:
    return Probe("ogg/opus", wholeness, 1000, "because")


_KEY = FileKey(b"w", b"a.opus")
_READY, _PARTIAL = NoteState.READY, NoteState.PARTIAL
_UNREADABLE = NoteState.UNREADABLE


@pytest.mark.parametrize(
    ("wholeness", "age_ms", "state", "waits"),
    [
        (Wholeness.PROVEN, 0, _READY, False),
        (Wholeness.PROVEN, -60_000, _READY, False),
        (Wholeness.PLAUSIBLE, 0, None, True),
        (Wholeness.PLAUSIBLE, QUIET_MS - 1, None, True),
        (Wholeness.PLAUSIBLE, QUIET_MS, _READY, False),
        (Wholeness.PLAUSIBLE, -60_000, None, True),
        (Wholeness.UNKNOWN, 0, None, True),
        (Wholeness.UNKNOWN, QUIET_MS, _UNREADABLE, False),
        (Wholeness.CUT, 0, None, True),
        (Wholeness.CUT, QUIET_MS, _PARTIAL, True),
        (Wholeness.CUT, 3_600_000, _PARTIAL, False),
        (Wholeness.EMPTY, 0, None, True),
        (Wholeness.EMPTY, QUIET_MS, _PARTIAL, True),
    ],
)
def test_first_look(
    wholeness: Wholeness, age_ms: int, state: NoteState | None, waits: bool
) -> None:
    """What one look decides, and whether there will be another."""
    settler = Settler()
    verdict = settler.judge(_entry(age_ms), _probe(wholeness), wall_ms=NOW, now_ms=0)
    assert verdict.state is state
    assert (settler.next_due_ms() is not None) is waits
    assert len(settler) == waits
    if state is not None:
        assert verdict.reason == "because"


def test_a_file_without_sound_is_unreadable() -> None:
    """A silent film is whole, and no note that can be played."""
    for wholeness in (Wholeness.PROVEN, Wholeness.PLAUSIBLE):
        probe = Probe("mp4", wholeness, 1000, has_audio=False)
        assert state_of(probe) is _UNREADABLE
        verdict = Settler().judge(_entry(), probe, wall_ms=NOW, now_ms=0, renamed=True)
        assert verdict == (_UNREADABLE, "no sound in it")


def test_a_file_from_the_future_is_taken_when_it_stays_as_it_is() -> None:
    """A clock that is wrong does not keep a note away for ever."""
    settler = Settler()
    entry, probe = _entry(-3_600_000), _probe(Wholeness.PLAUSIBLE)
    assert settler.judge(entry, probe, wall_ms=NOW, now_ms=0).state is None
    assert settler.next_due_ms() == QUIET_MS
    assert settler.due(QUIET_MS - 1) == []
    assert settler.due(QUIET_MS) == [_KEY]
    verdict = settler.judge(entry, probe, wall_ms=NOW + QUIET_MS, now_ms=QUIET_MS)
    assert verdict.state is _READY
    assert settler.next_due_ms() is None


def test_a_file_that_grows_is_never_taken() -> None:
    """Each change begins the waiting anew."""
    settler = Settler()
    probe = _probe(Wholeness.PLAUSIBLE)
    for turn in range(20):
        now = turn * 1000
        entry = Entry(b"w", b"a.opus", 10 + turn, (NOW + now) * 1_000_000, 7)
        verdict = settler.judge(entry, probe, wall_ms=NOW + now, now_ms=now)
        assert verdict.state is None
    assert len(settler) == 1


def test_renamed_into_place_needs_no_waiting() -> None:
    """Whoever used a temporary name has written everything before the rename."""
    settler = Settler()
    settler.saw_temporary([7])
    probe = _probe(Wholeness.PLAUSIBLE)
    assert settler.judge(_entry(), probe, wall_ms=NOW, now_ms=0).state is _READY
    again = settler.judge(_entry(), probe, wall_ms=NOW, now_ms=0)
    assert again.state is None, "the inode counted twice"
    hinted = settler.judge(_entry(), probe, wall_ms=NOW, now_ms=0, renamed=True)
    assert hinted.state is _READY


def test_renamed_but_cut_is_not_taken() -> None:
    """A tool may rename what it could not finish."""
    settler = Settler()
    settler.saw_temporary([7])
    verdict = settler.judge(_entry(), _probe(Wholeness.CUT), wall_ms=NOW, now_ms=0)
    assert verdict.state is None


def test_inodes_are_forgotten_oldest_first() -> None:
    """A million temporary files do not fill the memory."""
    settler = Settler()
    settler.saw_temporary(range(1, 20_001))
    assert len(settler._temporary) == 10_000
    probe = _probe(Wholeness.PLAUSIBLE)
    old = settler.judge(_entry(inode=1), probe, wall_ms=NOW, now_ms=0)
    new = settler.judge(_entry(inode=20_000), probe, wall_ms=NOW, now_ms=0)
    assert (old.state, new.state) == (None, _READY)


def test_a_cut_file_is_looked_at_less_and_less_often() -> None:
    """The pauses double, up to ten minutes."""
    settler = Settler()
    entry, probe = _entry(QUIET_MS), _probe(Wholeness.CUT)
    now, pauses = 0, []
    for _ in range(12):
        settler.judge(entry, probe, wall_ms=NOW, now_ms=now)
        due = settler.next_due_ms()
        assert due is not None
        pauses.append(due - now)
        now = due
        assert settler.due(now) == [_KEY]
    assert pauses[:4] == [1_500, 3_000, 6_000, 12_000]
    assert pauses[-1] == 600_000


def test_a_forgotten_file_is_not_due() -> None:
    """A file that went away is not looked for."""
    settler = Settler()
    settler.judge(_entry(), _probe(Wholeness.PLAUSIBLE), wall_ms=NOW, now_ms=0)
    settler.forget(_KEY)
    settler.forget(_KEY)
    assert settler.due(10**9) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Wholeness)),
            st.integers(-5_000, 5_000),
            st.integers(1, 3),
            st.integers(0, 4_000),
        ),
        max_size=30,
    )
)
def test_what_waits_is_always_due_again(
    looks: list[tuple[Wholeness, int, int, int]],
) -> None:
    """No order of looks leaves a file that waits without a next look."""
    settler = Settler()
    now = 0
    for wholeness, age_ms, size, pause in looks:
        now += pause
        entry = _entry(age_ms, size=size)
        settler.due(now)
        verdict = settler.judge(entry, _probe(wholeness), wall_ms=NOW, now_ms=now)
        if verdict.state is None:
            due = settler.next_due_ms()
            assert due is not None
            assert due > now
