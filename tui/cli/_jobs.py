"""Jobs of export on the command line: told of as they go, ended by Ctrl+C."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.cli._answers import Wanted, found_ids, has_words
from tui.cli._library import opened, refresh, tell_nothing
from tui.cli._objects import plain
from tui.cli._output import Out, complain, counted
from tui.errors import DataError
from tui.export import Outcome, Steering, job_of
from tui.model import Sort
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import FrameType

    from tui.config import Settings
    from tui.export import Progress, Request, Result
    from tui.library import Reader

__all__ = ["Line", "Wording", "run_job"]

_FAILED = 3
_INTERRUPTED = 130
_SOON_S = 0.5
"""What is over by then says nothing."""
_PROGRESS_EVERY_S = 0.1


class Wording(NamedTuple):
    """How it is summed up, where `saved 3 notes in FOLDER` is not what happens."""

    verb: str
    thing: str
    where: str
    before: str = "there"
    """What is already, of what needs not be done again."""


def run_job(
    settings: Settings,
    said: dict[str, Any],
    request: Request,
    place: Path,
    *,
    wording: Wording | None = None,
    told: bool = False,
) -> int:
    """Run an export of the notes that a query finds.

    Args:
        settings: The settings.
        said: The command line: `query`, `json`, `dry_run`.
        request: What is wanted.
        place: The folder, or file, to tell of.
        wording: How it is summed up; None for the usual way.
        told: Also notes that a document tells of, and whose file never was here.

    Returns:
        The exit code.

    Raises:
        EarmarkError: Nothing can be read, or written there.
    """
    wanted = Wanted(said["query"])
    with opened(settings, to_read=True) as library:
        refresh(library, settings, words=has_words(wanted.query))
        with closing(library.reader()) as reader:
            job = job_of(request, [source.root for source in reader.sources()])
            ids = _ids(reader, wanted, told=told)
            if not ids:
                if said["json"]:
                    Out().array([])
                return tell_nothing(reader)
            job.check()
            telling = _Telling(
                place, wording, as_json=said["json"], is_dry=said["dry_run"]
            )
            notes = reader.notes(ids)
            if said["dry_run"]:
                telling.tell(job.preview(notes, len(ids)))
                return telling.code
            line = Line()
            with _stops_on_signals() as stopped, closing(line):
                telling.is_cut = stopped.is_set
                steering = Steering(line.show, stopped.is_set)
                telling.tell(job.run(notes, len(ids), steering))
                return _INTERRUPTED if stopped.is_set() else telling.code


def _ids(reader: Reader, wanted: Wanted, *, told: bool) -> list[int]:
    picked = wanted.picked(reader)
    if picked:
        return list(picked)
    # New notes come last, so that the names of the others stay.
    sort = None if wanted.has_own_order else Sort.OLDEST
    return list(found_ids(reader, wanted.query, sort=sort, told=told))


@contextmanager
def _stops_on_signals() -> Iterator[threading.Event]:
    """Have Ctrl+C and the like end it after the current file, a second one at once."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    if threading.current_thread() is not threading.main_thread():
        yield stopped  # only the main thread may set handlers
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Telling:
    """Tells what became of notes, for people or for programs.

    Args:
        place: The folder or file of all.
        wording: How it is summed up; None for the usual way.
        as_json: For programs.
        is_dry: Whether nothing is written.
    """

    def __init__(
        self, place: Path, wording: Wording | None, *, as_json: bool, is_dry: bool
    ) -> None:
        self.code = 0
        """The exit code so far."""
        self.is_cut: Callable[[], bool] = bool
        """Tells whether it was ended from outside."""
        self._place = place
        self._wording = wording
        self._as_json = as_json
        self._is_dry = is_dry
        self._counts = dict.fromkeys(Outcome, 0)
        self._notes = 0
        """In files that were written."""
        self._is_single = True
        """Whether each file is of one note."""
        self._out = Out()
        self._end: DataError | None = None
        """What ended it early."""

    def tell(self, results: Iterable[Result]) -> None:
        """Tell all, and how many they are.

        Raises:
            DataError: Nothing more can be written; what was done has been told.
        """
        counted_ones = self._counting(results)
        if self._as_json:
            self._out.array(map(_object, counted_ones))
        else:
            for each in counted_ones:
                if self._is_dry and each.outcome is not Outcome.FAILED:
                    self._out.line(self._line(each))
            if not self._is_dry and any(self._counts.values()):
                self._out.line(self._sum())
        if self._end is not None:
            raise self._end

    def _counting(self, results: Iterable[Result]) -> Iterator[Result]:
        try:
            for each in results:
                self._counts[each.outcome] += 1
                if each.outcome is Outcome.FAILED:
                    self.code = _FAILED
                    complain(each.problem)
                else:
                    self._is_single &= each.notes == 1
                    is_new = each.outcome is Outcome.SAVED
                    self._notes += each.notes if is_new else 0
                yield each
        except DataError as error:
            self._end = error

    def _line(self, result: Result) -> str:
        name = result.target
        if name.is_relative_to(self._place) and name != self._place:
            name = name.relative_to(self._place)
        mark = "  (there already)" if result.outcome is Outcome.THERE else ""
        line = f"{printable(str(name))}{mark}"
        if result.source:
            return f"{line}  <-  {printable(os.fsdecode(result.source))}"
        return f"{line}  <-  {counted(result.notes, 'note')}"

    def _sum(self) -> str:
        saved, there, failed = (self._counts[each] for each in Outcome)
        where = f"in {printable(str(self._place))}"
        wording = self._wording or Wording("wrote", "file", where)
        was = f"{'was' if there == 1 else 'were'} {wording.before} already"
        if saved:
            if self._wording is None and self._is_single:
                text = f"saved {counted(saved, 'note')} {where}"
            else:
                files = counted(saved, wording.thing)
                notes = counted(self._notes, "note")
                text = f"{wording.verb} {files} with {notes} {wording.where}"
            if there:
                text += f", {there:,} {was}"
        elif there:
            is_done = not (failed or self._end or self.is_cut())
            nothing = "nothing to do" if is_done else "nothing new"
            text = f"{nothing}: {counted(there, wording.thing)} {was}"
        else:
            text = f"{wording.verb} nothing"
        return f"{text}, {failed:,} can't be saved" if failed else text


def _object(result: Result) -> dict[str, Any]:
    """Write what became of a file."""
    is_failed = result.outcome is Outcome.FAILED
    return {
        "note": result.key or None,
        "source": plain(result.source) or None,
        "target": None if is_failed else plain(os.fsencode(result.target)),
        "outcome": result.outcome.value,
        "notes": result.notes,
        "size": result.size,
        "problem": plain(result.problem) or None,
    }


class Line:
    """Says on a terminal's stderr how far it is; nothing elsewhere.

    Args:
        verb: What is done.
    """

    def __init__(self, verb: str = "saving") -> None:
        is_dumb = os.environ.get("TERM", "dumb") == "dumb"
        self._is_on = sys.stderr.isatty() and not is_dumb
        self._verb = verb
        self._next = time.monotonic() + _SOON_S
        self._is_shown = False

    def show(self, progress: Progress) -> None:
        """Say how many files are done."""
        self.count(progress.done, progress.total, progress.share)

    def count(self, done: int, total: int, share: float) -> None:
        """Say how many are done.

        Args:
            done: So many.
            total: Of so many.
            share: The part of the work that is done, 0.0 to 1.0.
        """
        now = time.monotonic()
        if self._is_on and now >= self._next:
            self._next = now + _PROGRESS_EVERY_S
            self._is_shown = True
            text = f"{self._verb} {done:,} of {total:,}"
            sys.stderr.write(f"\r{text}, {share:.0%}\x1b[K")
            sys.stderr.flush()

    def close(self) -> None:
        """Take the line away."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
