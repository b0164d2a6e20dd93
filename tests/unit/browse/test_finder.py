"""The thread that searches, groups and counts."""

from __future__ import annotations

import threading
from array import array
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.support.edited_library import EditedLibrary
from tests.support.library import wait_until
from tests.support.memory_library import MemoryLibrary
from tui.answers import Bucket, SavedSearch
from tui.browse import (
    CollectionsCounted,
    Finder,
    SearchesCounted,
    SearchFound,
    ViewFound,
)
from tui.errors import EarmarkError, LibraryError
from tui.library import Library, NoteKeys
from tui.model import Group, GroupBy, GroupKind, Sort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.browse import Answer
    from tui.library import Reader

DEADLINE_S = 10.0


def found(query: str) -> Group:
    """The group of a search."""
    return Group(GroupKind.SEARCH, query=query)


class SlowLibrary(MemoryLibrary):
    """Answers with what was asked, and waits where a test wants it to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_keys: list[tuple[str, Sort]] = []
        self.counted: list[int] = []
        self.gate = threading.Event()
        """Set: nothing waits."""
        self.gate.set()
        self.is_waiting = threading.Event()
        self.failures: list[Exception] = []
        """What the next calls raise."""
        self.saved: list[SavedSearch] = []
        self.closed = 0
        self.on_count: Callable[[], None] = lambda: None

    def _work(self) -> None:
        if not self.gate.is_set():
            self.is_waiting.set()
            assert self.gate.wait(DEADLINE_S)
        if self.failures:
            raise self.failures.pop(0)

    def keys(self, group: Group, sort: Sort = Sort.NEWEST) -> NoteKeys:
        self.asked_keys.append((group.query, sort))
        self._work()
        length = len(group.query)
        return NoteKeys(array("q", [5] * length), array("q", range(length)))

    def group_totals(self, group: Group) -> tuple[int, int, int]:
        if group.kind is GroupKind.SAVED:
            self.counted.append(group.number)
            self.on_count()
            self._work()
            return group.number, 1, 1000
        return len(group.query), 1, 1000

    def saved_searches(self) -> list[SavedSearch]:
        return list(self.saved)

    def buckets(self, by: GroupBy) -> list[Bucket]:
        self._work()
        return [Bucket(Group(GroupKind.SENDER, number=1), str(by), 1, 1, 1, 1)]

    def close(self) -> None:
        self.closed += 1

    def interrupt(self) -> None:
        """End what runs, as SQLite does."""
        if self.is_waiting.is_set() and not self.gate.is_set():
            self.failures = [LibraryError("/x", "interrupted")]
            self.gate.set()


class Answers:
    """Collects what a finder tells."""

    def __init__(self) -> None:
        self.all: list[Answer] = []
        self._came = threading.Condition()

    def take(self, answer: Answer) -> None:
        """Listen."""
        with self._came:
            self.all.append(answer)
            self._came.notify_all()

    def until(self, condition: Callable[[list[Answer]], bool]) -> None:
        """Wait until the answers are so."""
        with self._came:
            assert self._came.wait_for(lambda: condition(self.all), DEADLINE_S)

    def of(self, kind: type[Answer]) -> list[Answer]:
        """The answers of one kind."""
        return [answer for answer in self.all if isinstance(answer, kind)]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Stage:
    """A finder on a slow library."""

    def __init__(self) -> None:
        self.library = SlowLibrary()
        self.answers = Answers()
        self.clock = Clock()
        self.day = date(2024, 8, 15)
        self.opened = 0
        self.kept: list[tuple[Group, tuple[int, int, int]]] = []
        self.finder = Finder(
            self._open,
            keep=lambda group, totals: self.kept.append((group, totals)),
            clock=self.clock,
            today=lambda: self.day,
        )
        self.finder.subscribe(self.answers.take)

    def _open(self) -> Reader:
        self.opened += 1
        return self.library


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Give a finder on a slow library, and end it."""
    stage = Stage()
    yield stage
    stage.library.gate.set()
    stage.finder.close()
    thread = stage.finder._thread
    assert thread is None or not thread.is_alive()


def test_a_search_is_answered(stage: Stage) -> None:
    """The answer has the number, the group, the notes and their totals."""
    turn = stage.finder.search(found("abc"), Sort.LONGEST)
    stage.answers.until(bool)
    (answer,) = stage.answers.all
    assert isinstance(answer, SearchFound)
    assert answer.turn == turn
    assert answer.group == found("abc")
    assert list(answer.keys.ids) == [0, 1, 2]
    assert answer.totals == (3, 1, 1000)
    assert stage.library.asked_keys == [("abc", Sort.LONGEST)]


@pytest.mark.parametrize("interrupts", [True, False], ids=["interrupted", "dropped"])
def test_only_the_newest_search_is_answered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *, interrupts: bool
) -> None:
    """What was typed over is ended, or its late answer is dropped."""
    if not interrupts:
        monkeypatch.setattr(SlowLibrary, "interrupt", lambda _: None)
    stage.library.gate.clear()
    stage.finder.search(found("a"), Sort.NEWEST)
    assert stage.library.is_waiting.wait(DEADLINE_S)
    with stage.finder._changed:  # both come before the first is over
        stage.finder.search(found("ab"), Sort.NEWEST)
        last = stage.finder.search(found("abc"), Sort.NEWEST)
    stage.library.gate.set()
    stage.answers.until(bool)
    assert [query for query, _ in stage.library.asked_keys] == ["a", "abc"]
    turns = [each.turn for each in stage.answers.all if isinstance(each, SearchFound)]
    assert turns == [last]
    assert stage.library.closed == 0


def test_a_search_ends_the_count_that_runs(stage: Stage) -> None:
    """What was counted then is counted again, after the search and a rest."""
    stage.library.saved = [SavedSearch(number, f"s{number}", "x") for number in (1, 2)]
    stage.library.gate.clear()
    stage.finder.recount()
    assert stage.library.is_waiting.wait(DEADLINE_S)
    stage.finder.search(found("abc"), Sort.NEWEST)
    stage.answers.until(bool)
    assert isinstance(stage.answers.all[0], SearchFound)
    stage.clock.now_s += 1
    stage.finder.recount()
    stage.answers.until(lambda all_: len(all_) == 2)
    assert stage.library.counted == [1, 1, 2]
    assert stage.library.closed == 0


def test_a_search_goes_before_the_next_count(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an end to the count that runs, a key waits for that one at most."""
    monkeypatch.setattr(SlowLibrary, "interrupt", lambda _: None)
    stage.library.saved = [SavedSearch(number, f"s{number}", "x") for number in (1, 2)]
    stage.library.gate.clear()
    stage.finder.recount()
    assert stage.library.is_waiting.wait(DEADLINE_S)
    stage.finder.search(found("abc"), Sort.NEWEST)
    stage.library.gate.set()
    stage.answers.until(lambda all_: len(all_) == 2)
    assert [type(answer) for answer in stage.answers.all] == [
        SearchFound,
        SearchesCounted,
    ]


def test_saved_searches_are_counted_and_kept(stage: Stage) -> None:
    """Totals that differ from those of the last time are told and written."""
    stage.library.saved = [
        SavedSearch(1, "one", "x", 1, 1, 1000),
        SavedSearch(2, "two", "y"),
    ]
    stage.finder.recount()
    stage.answers.until(bool)
    (answer,) = stage.answers.all
    assert isinstance(answer, SearchesCounted)
    assert [(each.id, each.notes) for each in answer.searches] == [(1, 1), (2, 2)]
    stage.finder.close()
    group = Group(GroupKind.SAVED, number=2)
    assert stage.kept == [(group, (2, 1, 1000))]


def test_collections_are_counted_and_kept(stage: Stage) -> None:
    """Also that the last one is gone, but nothing where there never was one."""
    for names in ((), ("one", "two"), ()):
        stage.library.collected = {name: [] for name in names}
        stage.finder.recount()
        stage.finder.ask(lambda _: None)
        stage.answers.until(lambda all_: isinstance(all_[-1], SearchesCounted))
        stage.clock.now_s += 10
    stage.finder.close()
    counted = [
        [(each.name, each.notes) for each in answer.collections]
        for answer in stage.answers.all
        if isinstance(answer, CollectionsCounted)
    ]
    assert counted == [[("one", 0), ("two", 0)], []]
    assert stage.kept == []


def test_counts_are_not_written_all_the_time(stage: Stage) -> None:
    """What is counted again within seconds is written once, at last at the end."""
    stage.library.saved = [SavedSearch(2, "two", "y")]
    for times in (1, 2, 3):
        stage.finder.recount()
        stage.answers.until(lambda all_, times=times: len(all_) == times)  # type: ignore[misc]  # binds the number
        stage.finder.ask(lambda _: None)  # what was begun is over
        stage.clock.now_s += 1
    assert len(stage.kept) <= 1
    stage.finder.close()
    assert len(stage.kept) == 2


def test_counting_takes_a_fifth_of_the_time_at_most(stage: Stage) -> None:
    """After a count of two seconds the next one waits for eight."""

    def pass_time() -> None:
        stage.clock.now_s += 2.0

    stage.library.saved = [SavedSearch(1, "one", "x")]
    stage.library.on_count = pass_time
    stage.finder.recount()
    stage.answers.until(lambda all_: len(all_) == 1)
    stage.finder.ask(lambda _: None)
    wait_until(lambda: stage.finder._rest_until > 0)
    assert stage.finder._rest_until == pytest.approx(stage.clock.now_s + 8.0)
    stage.finder.recount()
    stage.finder.ask(lambda _: None)
    assert stage.library.counted == [1]
    stage.clock.now_s += 8.0
    stage.finder.recount()
    stage.answers.until(lambda all_: len(all_) == 2)


def test_another_day_counts_again(stage: Stage) -> None:
    """A saved search for what is of today finds others after midnight."""
    stage.finder.ask(lambda _: None)
    stage.day = date(2024, 8, 16)
    stage.finder.ask(lambda _: None)
    stage.answers.until(bool)
    assert stage.answers.of(SearchesCounted)


def test_a_view_is_told_and_kept_up_to_date(stage: Stage) -> None:
    """It comes at once, again after each count, and ends with the view by chat."""
    stage.finder.view(GroupBy.SENDER)
    stage.answers.until(bool)
    (answer,) = stage.answers.all
    assert isinstance(answer, ViewFound)
    assert answer.by is GroupBy.SENDER
    assert answer.buckets[0].label == "sender"
    stage.finder.recount()
    stage.answers.until(lambda all_: len(all_) == 3)
    assert len(stage.answers.of(ViewFound)) == 2
    stage.finder.view(GroupBy.CHAT)
    stage.clock.now_s += 100
    stage.finder.recount()
    stage.answers.until(lambda all_: len(all_) == 4)
    stage.finder.ask(lambda _: None)
    assert len(stage.answers.of(ViewFound)) == 2


def test_a_late_view_is_dropped(stage: Stage) -> None:
    """Whoever asked for another view meanwhile does not get the first one."""
    stage.library.gate.clear()
    stage.finder.view(GroupBy.SENDER)
    assert stage.library.is_waiting.wait(DEADLINE_S)
    stage.finder.view(GroupBy.TAG)
    stage.library.gate.set()
    stage.answers.until(bool)
    views = [each.by for each in stage.answers.all if isinstance(each, ViewFound)]
    assert views == [GroupBy.TAG]


@pytest.mark.parametrize(
    "error",
    [LibraryError("/x", "is damaged"), RuntimeError("a fault")],
    ids=["damaged", "fault"],
)
def test_an_error_ends_one_search_only(stage: Stage, error: Exception) -> None:
    """The next search opens the library anew, and is answered."""
    stage.library.failures = [error]
    stage.finder.search(found("a"), Sort.NEWEST)
    wait_until(lambda: stage.library.closed == 1)
    turn = stage.finder.search(found("b"), Sort.NEWEST)
    stage.answers.until(bool)
    assert [getattr(each, "turn", 0) for each in stage.answers.all] == [turn]
    assert stage.opened == 2


def test_an_error_ends_one_count_only(stage: Stage) -> None:
    """A count that failed rests, and is made again when something changes."""
    stage.library.saved = [SavedSearch(1, "one", "x")]
    stage.library.failures = [LibraryError("/x", "is held by another program")]
    stage.finder.recount()
    wait_until(lambda: stage.library.closed == 1)
    stage.clock.now_s += 1
    stage.finder.recount()
    stage.answers.until(bool)
    assert stage.answers.of(SearchesCounted)


def test_a_library_that_does_not_open_is_tried_again() -> None:
    """The finder outlives it, and whoever asked is told why."""
    stage = Stage()
    errors = [LibraryError("/x", "can't be opened")]

    def open_reader() -> Reader:
        if errors:
            raise errors.pop()
        return stage.library

    with closing(Finder(open_reader)) as finder:
        with pytest.raises(LibraryError, match="can't be opened"):
            finder.ask(lambda reader: reader.totals())
        assert finder.ask(lambda reader: reader.totals()).notes == 0


def test_a_question_is_answered_or_fails(stage: Stage) -> None:
    """Whoever asks gets what the question gives, or raises."""
    assert stage.finder.ask(lambda reader: reader.revision()) == 0

    def fail(reader: Reader) -> None:
        raise ValueError(reader)

    with pytest.raises(ValueError, match="SlowLibrary"):
        stage.finder.ask(fail)


def test_nobody_waits_for_a_closed_finder(stage: Stage) -> None:
    """Questions that were not asked yet fail at the end, and later ones at once."""
    stage.library.gate.clear()
    stage.finder.search(found("a"), Sort.NEWEST)
    assert stage.library.is_waiting.wait(DEADLINE_S)
    reasons: list[str] = []

    def ask() -> None:
        try:
            stage.finder.ask(lambda reader: reader.revision())
        except EarmarkError as error:
            reasons.append(error.message)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: bool(stage.finder._questions))
    stage.finder.close(timeout=0)
    thread.join(DEADLINE_S)
    ask()
    assert reasons == ["the search has ended"] * 2
    stage.finder.search(found("b"), Sort.NEWEST)
    assert [query for query, _ in stage.library.asked_keys] == ["a"]


def test_closing_gives_the_library_back(stage: Stage) -> None:
    """The reader is closed on its thread; without any work there is none."""
    stage.finder.ask(lambda _: None)
    stage.finder.close()
    assert stage.library.closed == 1
    idle = Finder(stage._open)
    idle.close()
    assert idle._thread is None


def test_a_count_that_can_not_be_kept_is_left(stage: Stage) -> None:
    """A library that can't be written does not end the finder."""

    def refuse(group: Group, totals: tuple[int, int, int]) -> None:
        raise LibraryError("/x", "can't be written")

    stage.library.saved = [SavedSearch(2, "two", "y")]
    stage.finder._keep = refuse
    stage.finder.recount()
    stage.answers.until(bool)
    stage.finder.search(found("a"), Sort.NEWEST)
    stage.answers.until(lambda all_: isinstance(all_[-1], SearchFound))


def test_a_real_library_is_searched(tmp_path: Path) -> None:
    """Notes are found, saved searches counted, and the library is closed in the end."""
    answers = Answers()
    with (
        Library.open(tmp_path / "library.db") as library,
        closing(library.index_writer()) as writer,
    ):
        told = EditedLibrary(library, writer)
        told.index()
        with closing(library.edits()) as edits:
            edits.save_search("y only", "chat:y")
        with closing(Finder(library.reader)) as finder:
            finder.subscribe(answers.take)
            finder.search(found("chat:x"), Sort.OLDEST)
            finder.recount()
            finder.view(GroupBy.SOURCE)
            answers.until(lambda all_: len({type(each) for each in all_}) == 3)
        ids = told.note_ids()
    (search,) = answers.of(SearchFound)
    assert isinstance(search, SearchFound)
    assert list(search.keys.ids) == [ids[b"x/%d" % number] for number in range(4)]
    counted = answers.of(SearchesCounted)[0]
    assert isinstance(counted, SearchesCounted)
    assert [(each.name, each.notes) for each in counted.searches] == [("y only", 2)]
