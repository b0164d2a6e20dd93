"""The process of its own that saves for the browser.

It reads wishes from its standard input, a socket, and writes events to it. When the
other end closes it ends at the next step of what it does; when that dies, at once: what
it had begun is found by the next run.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import socket
import time
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tui.child import die_with
from tui.errors import DataError, EarmarkError
from tui.export._events import (
    Counted,
    Ended,
    How,
    Saving,
    Sums,
    encode,
    encode_rows,
)
from tui.export._inbox import Inbox
from tui.export._jobs import Outcome, Progress, Steering, Stopped
from tui.export._requests import MergeRequest, job_of
from tui.export._write import writing
from tui.model import NoteId, Sort

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.export._events import ExportEvent, Order
    from tui.export._inbox import Task
    from tui.export._jobs import Job, Result
    from tui.library import Reader
    from tui.model import Note

__all__ = ["Host", "main"]

_log = logging.getLogger(__name__)

_NICE = 10
"""As for indexing: with less, the sound drops out on two cores."""
_EVERY_S = 0.1
"""Events come at most so often."""
_FIRST_ROWS = 60
"""So many rows of a preview are told without being asked for."""
_PAGE = 200
_PROBLEMS = 1_000
"""So many problems are told; all are counted."""


class Host:
    """Serves one browser over a socket.

    Args:
        channel: The socket; wishes come in, events go out.
        reader: The library; belongs to the calling thread.
    """

    def __init__(self, channel: socket.socket, reader: Reader) -> None:
        self._channel = channel
        self._reader = reader
        self._inbox = Inbox(channel)
        self._sums = Sums()
        self._next = 0.0
        self._rows: list[str] = []
        """Those of the preview, written already: a fifth of what the objects take."""
        self._sent = 0
        self._shown = 0
        """Which preview they are of."""

    def serve(self) -> int:
        """Work until the other end closes; returns the exit code."""
        self._inbox.start()
        with suppress(OSError):  # the other end is gone
            while (task := self._inbox.next(self._show_more)) is not None:
                self._do(task)
        return 0

    def _send(self, event: ExportEvent) -> None:
        self._channel.sendall(encode(event))

    def _do(self, task: Task) -> None:
        self._sums, self._next = Sums(), 0.0
        how, reason = How.DONE, ""
        try:
            ids = self._ids(task.order)
            self._sums = Sums(total=len(ids))
            roots = [source.root for source in self._reader.sources()]
            job = job_of(task.order.request, roots)
            job.check()
            _require_room(task.order)
            work = self._save if task.writes else self._preview
            work(task, job, self._reader.notes(ids), len(ids))
        except Stopped:
            how = How.STOPPED
        except EarmarkError as error:
            how, reason = How.FAILED, error.message
        except Exception as error:  # noqa: BLE001  # the one outer net of this process
            if self._inbox.ends(task.number):
                how = How.STOPPED
            else:
                _log.exception("an export failed")
                how, reason = How.FAILED, f"this could not be saved: {error}"
        self._send(Ended(task.number, how, reason, self._sums))

    def _ids(self, order: Order) -> Sequence[NoteId]:
        """List the notes, the oldest first: names stay when newer ones arrive.

        Collections have an order of their own.
        """
        if order.ids is not None:
            ids = [NoteId(each) for each in order.ids]
            if len(ids) == 1:
                return ids
            rows = self._reader.rows(ids)
            rows.sort(key=lambda row: (row.order_ms, row.id))
            return [row.id for row in rows]
        if order.group is not None:
            found = self._reader.keys(order.group, Sort.OLDEST).ids
        else:
            from tui.query import Query

            today = date.today()  # noqa: DTZ011  # as all searches; none is asked for
            found = self._reader.search(Query(), today, sort=Sort.OLDEST).ids
        return [NoteId(each) for each in found]

    def _is_due(self) -> bool:
        """Tell whether it is time to tell something; then it is not for a while."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _EVERY_S
        return True

    def _count(self, result: Result) -> None:
        sums = self._sums
        match result.outcome:
            case Outcome.SAVED:
                self._sums = sums._replace(
                    files=sums.files + 1,
                    notes=sums.notes + result.notes,
                    size=sums.size + result.size,
                )
            case Outcome.THERE:
                self._sums = sums._replace(there=sums.there + result.notes)
            case Outcome.FAILED:
                self._sums = sums._replace(failed=sums.failed + 1)

    # What would be saved

    def _preview(self, task: Task, job: Job, notes: Iterable[Note], total: int) -> None:
        self._rows.clear()
        self._sent, self._shown = 0, task.number
        place = task.order.place
        free = _free(place)
        # At once, so that whoever waits knows that it gave way.
        self._send(Counted(task.number, self._sums, False, free))  # noqa: FBT003  # a field
        self._is_due()
        for result in job.preview(notes, total):
            self._count(result)
            self._rows.append(_row(result, place))
            if len(self._rows) == _FIRST_ROWS:
                self._show_rows()
            if self._is_due():
                if self._inbox.ends(task.number):
                    raise Stopped
                self._show_rows()
                self._send(Counted(task.number, self._sums, False, free))  # noqa: FBT003  # a field
        self._show_rows()
        self._send(Counted(task.number, self._sums, True, free))  # noqa: FBT003  # a field

    def _show_rows(self) -> None:
        """Send the rows that are looked at and were not sent yet."""
        wanted = max(_FIRST_ROWS, self._inbox.wanted(self._shown))
        wanted = min(wanted, len(self._rows))
        while self._sent < wanted:
            page = self._rows[self._sent : min(wanted, self._sent + _PAGE)]
            self._channel.sendall(encode_rows(self._shown, page))
            self._sent += len(page)

    def _show_more(self, number: int) -> None:
        if number == self._shown:
            self._show_rows()

    # Saving

    def _save(self, task: Task, job: Job, notes: Iterable[Note], total: int) -> None:
        telling = _Telling(self, task)
        telling.tell()
        steering = Steering(telling.step, telling.should_stop)
        try:
            for result in job.run(notes, total, steering):
                self._count(result)
                if result.problem:
                    telling.add(result.problem)
        finally:
            telling.tell()
        if self._inbox.ends(task.number):
            raise Stopped  # jobs end quietly then


class _Telling:
    """Tells how far a run is, and has it wait or end.

    Args:
        host: Who sends it.
        task: What is done.
    """

    def __init__(self, host: Host, task: Task) -> None:
        self._host = host
        self._number = task.number
        self._place = task.order.place
        self._problems: list[str] = []
        self._told = 0
        self._last: Progress | None = None
        self._is_paused = False

    def add(self, problem: str) -> None:
        """Keep a problem until it is told."""
        if self._told + len(self._problems) < _PROBLEMS:
            self._problems.append(problem)

    def step(self, progress: Progress) -> None:
        """Tell how far it is, if it is time to."""
        self._last = progress
        if self._host._is_due():  # noqa: SLF001  # a part of it
            self.tell()

    def should_stop(self) -> bool:
        """Tell whether it shall end; waits while it is paused."""
        inbox = self._host._inbox  # noqa: SLF001  # the same
        if inbox.is_paused and not inbox.ends(self._number):
            self._is_paused = True
            self.tell()
            inbox.wait_for_go(self._number)
            self._is_paused = False
            self.tell()
        return inbox.ends(self._number)

    def tell(self) -> None:
        """Tell what was told last, with what became of it."""
        sums = self._host._sums  # noqa: SLF001  # the same
        done, _, size, current, share = self._last or Progress(0, 0, 0, self._place)
        problems, self._problems = tuple(self._problems), []
        self._told += len(problems)
        event = Saving(
            self._number,
            done,
            share,
            max(size, sums.size),
            _name(current, self._place),
            sums,
            problems,
            self._is_paused,
        )
        self._host._send(event)  # noqa: SLF001  # the same


def _name(path: Path, place: Path) -> str:
    """Write a path as it is called in the place of all."""
    if path != place and path.is_relative_to(place):
        return str(path.relative_to(place))
    return path.name or str(path)


def _row(result: Result, place: Path) -> str:
    name = _name(result.target, place)
    return json.dumps([name, result.outcome, result.size, result.notes, result.problem])


def _require_room(order: Order) -> None:
    """Refuse a place where no file can be made, before anything is done for it.

    Raises:
        DataError: It is one.
    """
    is_file = isinstance(order.request, MergeRequest)
    folder = order.place.parent if is_file else order.place
    for each in (folder, *folder.parents):
        if not os.path.lexists(each):
            continue
        with writing(each):
            is_folder = each.is_dir()
        if not is_folder:
            raise DataError(each, "is there already, and is no folder")
        if not os.access(each, os.W_OK | os.X_OK):
            raise DataError(each, "nothing may be written there")
        return


def _free(place: Path) -> int | None:
    """Tell how much room there is where a folder is, or will be."""
    for folder in (place, *place.parents):
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process; its standard input is the socket.

    Args:
        argv: The arguments; None for those of the process.
    """
    parser = argparse.ArgumentParser(prog="tui.export")
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=0)
    options = parser.parse_args(argv)
    die_with(options.parent)
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    with suppress(OSError):
        os.nice(_NICE)
    from tui.library import Library

    with socket.socket(fileno=os.dup(0)) as channel:
        try:
            # No backups: the indexer makes them.
            with (
                Library.open(options.library, backups=0) as library,
                closing(library.reader()) as reader,
            ):
                return Host(channel, reader).serve()
        except EarmarkError as error:
            # Whoever waits for number 0 waits for anything.
            with suppress(OSError):
                channel.sendall(encode(Ended(0, How.FAILED, error.message, Sums())))
            return 0
