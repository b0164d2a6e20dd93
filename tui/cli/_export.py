"""`export`: notes saved as files, under names that tell what they are."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli._answers import Wanted, found_ids, has_words
from tui.cli._library import absolute, opened, refresh, tell_nothing
from tui.cli._objects import plain
from tui.cli._output import Out, complain, counted
from tui.errors import DataError, UsageError
from tui.export import DEFAULT_TEMPLATE, Options, Outcome, Saver, parse_format, plan
from tui.model import Sort
from tui.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    from tui.config import Settings
    from tui.export import Planned, Progress, Saved

__all__ = ["export"]

_FAILED = 3
_INTERRUPTED = 130
_PROGRESS_EVERY_S = 0.1


def export(settings: Settings, said: dict[str, Any]) -> int:
    """Run `earmark export`."""
    options = _options(settings, said)
    folder = Path(os.fsdecode(absolute(said["to"])))
    wanted = Wanted(said["query"])
    with opened(settings, to_read=True) as library:
        refresh(library, settings, words=has_words(wanted.query))
        with closing(library.reader()) as reader:
            saver = Saver(options, [source.root for source in reader.sources()])
            note_id = wanted.note(reader)
            # New notes come last, so that the names of the others stay.
            ids = (
                found_ids(reader, wanted.query, sort=Sort.OLDEST)
                if note_id is None
                else [note_id]
            )
            if not ids:
                if said["json"]:
                    Out().array([])
                return tell_nothing(reader)
            saver.check(folder)
            planned = plan(reader.notes(ids), folder, options)
            telling = _Telling(folder, as_json=said["json"], is_dry=said["dry_run"])
            if said["dry_run"]:
                telling.tell(map(saver.look, planned))
                return telling.code
            with _stops_on_signals() as stopped:
                telling.tell(_saved(saver, planned, len(ids), stopped.is_set))
                return _INTERRUPTED if stopped.is_set() else telling.code


def _options(settings: Settings, said: dict[str, Any]) -> Options:
    """Read how notes shall be saved.

    Raises:
        UsageError: It can't be understood, or does not go together.
    """
    skip = said["skip"] or "0"
    if skip not in {"0", "1", "2", "3"}:
        raise UsageError(f"--skip {skip}: pauses are left out with 0 to 3")
    rate = said["bit_rate"]
    return Options(
        format=parse_format(said["format"]),
        bit_rate=None if rate is None else rate * 1000,
        channels=2 if said["stereo"] else 1,
        level=said["level"],
        target_lufs=settings.target_lufs,
        skip=int(skip),
        template=said["name"] or DEFAULT_TEMPLATE,
    )


def _saved(
    saver: Saver,
    planned: Iterable[Planned],
    total: int,
    should_stop: Callable[[], bool],
) -> Iterator[Saved]:
    line = _Line(sys.stderr.isatty())
    try:
        yield from saver.run(
            planned, total, on_progress=line.show, should_stop=should_stop
        )
    finally:
        line.end()


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
        folder: The folder of all.
        as_json: For programs.
        is_dry: Whether nothing is written.
    """

    def __init__(self, folder: Path, *, as_json: bool, is_dry: bool) -> None:
        self.code = 0
        """The exit code so far."""
        self._folder = folder
        self._as_json = as_json
        self._is_dry = is_dry
        self._counts = dict.fromkeys(Outcome, 0)
        self._out = Out()
        self._end: DataError | None = None
        """What ended it early."""

    def tell(self, results: Iterable[Saved]) -> None:
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

    def _counting(self, results: Iterable[Saved]) -> Iterator[Saved]:
        try:
            for each in results:
                self._counts[each.outcome] += 1
                if each.outcome is Outcome.FAILED:
                    self.code = _FAILED
                    complain(each.problem)
                yield each
        except DataError as error:
            self._end = error

    def _line(self, saved: Saved) -> str:
        name = saved.target.relative_to(self._folder)
        mark = "  (there already)" if saved.outcome is Outcome.THERE else ""
        source = os.fsdecode(saved.planned.source)
        return f"{printable(str(name))}{mark}  <-  {printable(source)}"

    def _sum(self) -> str:
        saved, there, failed = (self._counts[each] for each in Outcome)
        text = f"saved {counted(saved, 'note')} in {printable(str(self._folder))}"
        if there:
            text += f", {there:,} {'was' if there == 1 else 'were'} there already"
        if failed:
            text += f", {failed:,} can't be saved"
        return text


def _object(saved: Saved) -> dict[str, Any]:
    """Write what became of a note."""
    return {
        "note": saved.planned.note.key,
        "source": plain(saved.planned.source) or None,
        "target": None if saved.planned.problem else plain(os.fsencode(saved.target)),
        "outcome": saved.outcome.value,
        "size": saved.size,
        "problem": plain(saved.problem) or None,
    }


class _Line:
    """Says on a terminal's stderr how far it is; nothing elsewhere.

    Args:
        is_terminal: Whether it is one.
    """

    def __init__(self, is_terminal: bool) -> None:  # noqa: FBT001  # says what it is
        self._is_on = is_terminal and os.environ.get("TERM", "dumb") != "dumb"
        self._next = time.monotonic() + 0.5
        self._is_shown = False

    def show(self, progress: Progress) -> None:
        """Say how many files are done."""
        now = time.monotonic()
        if self._is_on and now >= self._next:
            self._next = now + _PROGRESS_EVERY_S
            self._is_shown = True
            sys.stderr.write(f"\rsaving {progress.done:,} of {progress.total:,}\x1b[K")
            sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
