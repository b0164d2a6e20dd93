"""Looks for notes on a thread of its own, so that no key waits for an answer.

What is asked for goes in this order: the newest search (older ones are forgotten),
questions, another view, and at last the counting of collections and saved searches,
one at a time. A
search ends an older one and the counting that runs, so that a key waits for neither.
Counting rests four times as long as it took: while thousands of notes arrive, most of a
core is left to others.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from tui.browse._found import (
    CollectionsCounted,
    SearchesCounted,
    SearchFound,
    ViewFound,
)
from tui.errors import EarmarkError
from tui.model import Group, GroupBy, GroupKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.answers import Collection, SavedSearch
    from tui.browse._found import Answer
    from tui.library import Reader
    from tui.model import Sort

__all__ = ["Finder"]

_REST = 4
"""How many times as long as counting took it rests."""
_LEAST_REST_S = 0.2
_KEEP_S = 10.0
"""Counts are written this often at most: each write holds up other writers."""
_NEW_DAY_S = 600.0
"""How often is looked whether another day has begun, which `on:today` counts from."""
_CLOSED = "the search has ended"

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def _local_day() -> date:
    return date.today()  # noqa: DTZ011  # the day of the user's own wall clock


class _Search(NamedTuple):
    turn: int
    group: Group
    sort: Sort


class _Question(Generic[_T]):
    """Something to ask of the reader, and who waits for the answer."""

    def __init__(self, ask: Callable[[Reader], _T]) -> None:
        self._ask = ask
        self.answer: Future[_T] = Future()

    def run(self, reader: Callable[[], Reader]) -> bool:
        """Ask; whoever waits gets the answer, or what went wrong.

        Returns:
            Whether there is an answer.
        """
        try:
            answer = self._ask(reader())
        except Exception as error:  # noqa: BLE001  # it is raised where it was asked
            self.answer.set_exception(error)
            return False
        self.answer.set_result(answer)
        return True

    def refuse(self) -> None:
        """Tell that there will be no answer."""
        self.answer.set_exception(EarmarkError(_CLOSED))


class Finder:
    """Searches, groups and counts.

    Args:
        open_reader: Opens the library for the calling thread.
        keep: Writes the totals of a collection or saved search, for the next start;
            called on the finder's thread with its group and notes, unplayed notes and
            milliseconds.
        clock: Seconds of a clock that never goes back.
        today: The day on the user's wall clock.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        *,
        keep: Callable[[Group, tuple[int, int, int]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = _local_day,
    ) -> None:
        self._open_reader = open_reader
        self._keep = keep
        self._clock = clock
        self._today = today
        self._listeners: list[Callable[[Answer], None]] = []
        # Guarded by the condition:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._turn = 0
        self._wanted: _Search | None = None
        self._questions: deque[_Question[object]] = deque()
        self._by: GroupBy | None = None
        self._is_view_wanted = False
        self._is_due = False
        self._is_closing = False
        self._may_interrupt = False
        """What runs may be ended for a newer search."""
        self._is_interrupted = False
        # Of the thread alone:
        self._reader: Reader | None = None
        self._prepares = False
        """A search was begun: others will follow, and shall be quick."""
        self._counting: Iterator[None] | None = None
        self._spent_s = 0.0
        self._rest_until = 0.0
        self._day = today()
        self._unkept: dict[Group, tuple[int, int, int]] = {}
        self._keep_at = 0.0
        self._has_collections = False
        """There were some when they were counted last."""

    # What is asked for, on any thread

    def subscribe(self, listener: Callable[[Answer], None]) -> None:
        """Have every answer sent to a function, on the finder's thread."""
        self._listeners.append(listener)

    def search(self, group: Group, sort: Sort) -> int:
        """Look for the notes of a search; a newer one ends those before.

        Args:
            group: The group of the search.
            sort: The order of the notes.

        Returns:
            A number, which the answer has too.
        """
        with self._changed:
            self._turn += 1
            self._wanted = _Search(self._turn, group, sort)
            self._interrupt()
            self._wake()
            return self._turn

    def prepare(self) -> None:
        """Make ready what searches need: one will be asked for soon."""
        with self._changed:
            self._prepares = True
            self._wake()

    def view(self, by: GroupBy) -> None:
        """Group all notes; kept up to date until another view is asked for.

        Args:
            by: `CHAT` ends it: chats are known without.
        """
        with self._changed:
            self._by = None if by is GroupBy.CHAT else by
            self._is_view_wanted = self._by is not None
            self._wake()

    def recount(self) -> None:
        """Count saved searches and the view again, soon: the library changed."""
        with self._changed:
            self._is_due = True
            self._wake()

    def ask(self, question: Callable[[Reader], _T]) -> _T:
        """Ask the library on the finder's thread, and wait for the answer.

        Not for the thread of the user interface.

        Args:
            question: Some short queries.

        Returns:
            What the question gives.

        Raises:
            EarmarkError: The library can't be read, or the finder was closed.
        """
        asked = _Question(question)
        with self._changed:
            if self._is_closing:
                asked.refuse()
            else:
                self._questions.append(asked)  # type: ignore[arg-type]  # only run here
                self._wake()
        return asked.answer.result()

    def close(self, timeout: float = 2.0) -> None:
        """End all work; waits, at most so many seconds."""
        with self._changed:
            self._is_closing = True
            self._refuse()
            self._interrupt()
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _interrupt(self) -> None:
        """End what runs, if nobody waits for it any more."""
        # What is in memory has nothing that runs for long.
        end = getattr(self._reader, "interrupt", None)
        if self._may_interrupt and end is not None:
            self._is_interrupted = True
            end()

    def _wake(self) -> None:
        if self._is_closing:
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="finder", daemon=True
            )
            self._thread.start()
        self._changed.notify()

    def _refuse(self) -> None:
        while self._questions:
            self._questions.popleft().refuse()

    # The thread

    def _run(self) -> None:
        try:
            while (work := self._next()) is not None:
                self._do(work)
            self._write_counts()
        except Exception:  # noqa: BLE001  # the outermost handler of a thread
            _log.exception("the finder ended")
            with self._changed:
                self._is_closing = True
        finally:
            with self._changed:
                self._refuse()
            self._drop_reader()

    def _do(self, work: Callable[[], None]) -> None:
        """Do one thing; what goes wrong with it ends nothing else."""
        try:
            work()
        except EarmarkError as error:
            if self._is_interrupted:
                return
            _log.warning("a search had no answer: %s", error)
            self._drop_reader()
        except Exception:  # noqa: BLE001  # the next search may have an answer
            _log.exception("a search had no answer")
            self._drop_reader()

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next thing to do; None at the end."""
        with self._changed:
            self._may_interrupt = self._is_interrupted = False
            while not self._is_closing:
                wanted = self._wanted
                if wanted is not None:
                    self._wanted = None
                    self._may_interrupt = True
                    return lambda: self._find(wanted)
                if self._questions:
                    question = self._questions.popleft()
                    return lambda: self._answer(question)
                if self._is_view_wanted:
                    self._is_view_wanted = False
                    return self._show_view
                if self._counting is not None:
                    self._may_interrupt = True
                    return self._count_on
                if self._prepares:
                    return self._prepare
                rest_s = self._rest_s()
                if rest_s <= 0:
                    self._is_due = False
                    self._counting = self._count()
                    continue
                self._changed.wait(rest_s)
        return None

    def _rest_s(self) -> float:
        """Tell how long there is nothing to do."""
        day = self._today()
        if day != self._day:
            self._day = day
            self._is_due = True
        if not self._is_due:
            return _NEW_DAY_S
        return self._rest_until - self._clock()

    def _read(self) -> Reader:
        if self._reader is None:
            self._reader = self._open_reader()
        return self._reader

    def _drop_reader(self) -> None:
        """Open the library anew for what comes next; it may have been repaired."""
        with self._changed:  # nobody shall interrupt what is closed
            reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(Exception):
                reader.close()

    def _tell(self, answer: Answer) -> None:
        for listener in self._listeners:
            listener(answer)

    def _find(self, wanted: _Search) -> None:
        reader = self._read()
        keys = reader.keys(wanted.group, wanted.sort)
        if wanted.turn != self._turn:
            return
        totals = reader.group_totals(wanted.group)
        if wanted.turn == self._turn:
            self._tell(SearchFound(wanted.turn, wanted.group, keys, totals))

    def _prepare(self) -> None:
        """Make ready what the next search needs, a part at a time."""
        self._prepares = self._read().prepare_search()

    def _answer(self, question: _Question[object]) -> None:
        if not question.run(self._read):
            self._drop_reader()

    def _show_view(self) -> None:
        by = self._by
        if by is None:
            return
        buckets = self._read().buckets(by)
        if by is self._by:
            self._tell(ViewFound(by, buckets))

    def _count_on(self) -> None:
        """Do a step of the counting, and rest after the last one."""
        begun_s = self._clock()
        is_over = True
        try:
            if self._counting is not None:
                next(self._counting)
            is_over = False
        except StopIteration:
            pass
        finally:
            self._spent_s += self._clock() - begun_s
            if is_over:
                self._counting = None
                if self._is_interrupted:
                    self._is_due = True
                rest_s = max(_LEAST_REST_S, self._spent_s * _REST)
                self._rest_until = self._clock() + rest_s
                self._spent_s = 0.0

    def _count(self) -> Iterator[None]:
        """Count everything; something more urgent may be done at each step."""
        collections = []
        for collection in self._read().collections():
            yield
            totals = self._counted(GroupKind.COLLECTION, collection)
            notes, unplayed, duration_ms = totals
            collections.append(
                collection._replace(
                    notes=notes, unplayed=unplayed, duration_ms=duration_ms
                )
            )
        if collections or self._has_collections:
            self._tell(CollectionsCounted(tuple(collections)))
        self._has_collections = bool(collections)
        searches = []
        for search in self._read().saved_searches():
            yield
            totals = self._counted(GroupKind.SAVED, search)
            notes, unplayed, duration_ms = totals
            searches.append(
                search._replace(notes=notes, unplayed=unplayed, duration_ms=duration_ms)
            )
        self._tell(SearchesCounted(tuple(searches)))
        yield
        self._show_view()
        if self._clock() >= self._keep_at:
            yield
            self._keep_at = self._clock() + _KEEP_S
            self._write_counts()

    def _counted(
        self, kind: GroupKind, known: Collection | SavedSearch
    ) -> tuple[int, int, int]:
        """Count one; what is new is written later."""
        group = Group(kind, number=known.id)
        totals = self._read().group_totals(group)
        if totals != (known.notes, known.unplayed, known.duration_ms):
            self._unkept[group] = totals
        return totals

    def _write_counts(self) -> None:
        unkept, self._unkept = self._unkept, {}
        if self._keep is None:
            return
        for group, totals in unkept.items():
            try:
                self._keep(group, totals)
            except EarmarkError as error:
                _log.warning("a count was not kept: %s", error)
                return
