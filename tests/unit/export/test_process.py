"""The process that saves: asked, heard, paused, stopped, killed, left alone."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.support.child import ROOT
from tests.support.indexed import library_with_note
from tests.support.program import wait_until
from tests.support.slow_job import ROWS
from tui.errors import DataError
from tui.export import (
    Counted,
    Ended,
    ExportProcess,
    FilesRequest,
    Format,
    How,
    MergeRequest,
    Options,
    Order,
    Outcome,
    Row,
    Rows,
    Saving,
    Sums,
)
from tui.export._events import decode, encode
from tui.export._host import _require_room
from tui.model import Group, GroupKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tui.export import ExportEvent

    Making = Callable[..., "Told"]

_E = TypeVar("_E")
DEADLINE_S = 20.0
SUMS = Sums(9, 5, 6, 2, 1, 48_000)


class Told(ExportProcess):
    """A process, with what it told.

    Args:
        folder: Where the library is.
        options: See `ExportProcess`.
    """

    def __init__(self, folder: Path, **options: object) -> None:
        super().__init__(folder / "library.db", **options)  # type: ignore[arg-type]  # by name
        self.events: queue.Queue[ExportEvent] = queue.Queue()
        self.subscribe(self.events.put)

    def wait(self, kind: type[_E], is_it: Callable[[_E], bool] = lambda _: True) -> _E:
        """Wait for an event."""
        end = time.monotonic() + DEADLINE_S
        while True:
            event = self.events.get(timeout=max(0.01, end - time.monotonic()))
            if isinstance(event, kind) and is_it(event):
                return event


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library that knows a note."""
    folder = tmp_path_factory.mktemp("library")
    library_with_note(folder)[0].close()
    return folder


@pytest.fixture
def making(library: Path, tmp_path: Path) -> Iterator[Making]:
    """Give what makes processes, which are closed at the end."""
    made: list[Told] = []

    def make(*, slow: bool = False, **options: object) -> Told:
        module = ["-m", "tests.support.slow_job"]
        command = [sys.executable, *module, "--library", str(library / "library.db")]
        options["command"] = command if slow else None
        made.append(Told(library, log_path=tmp_path / "log", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()
        assert each.pid is None


def order_of(folder: Path) -> Order:
    """Ask for all notes, as they are."""
    request = FilesRequest(folder, Options(template="{title}{n}"))
    return Order(request, folder)


@pytest.mark.parametrize(
    "event",
    [
        Rows(1, (Row("\udcff\n\x1b", Outcome.THERE, 7, 1, "odd \ud800"),)),
        Counted(2, SUMS, is_whole=True, free=None),
        Counted(2, SUMS, is_whole=False, free=10**13),
        Saving(3, 4, 0.5, 100, "a\nb", SUMS, ("one", "two"), is_paused=True),
        Ended(4, How.FAILED, "the disk is full", SUMS),
    ],
)
def test_the_wire_carries_everything(event: ExportEvent) -> None:
    """What is written comes back equal, in one line."""
    line = encode(event)
    assert line.count(b"\n") == 1
    assert decode(line) == event


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{", b"7", b"\xff", b"[]", b'["Nothing", []]', b'["Rows", [1, 2]]'),
        *(b'["Rows", [1, [[1]]]]', b'["Counted", [1, [], 1]]'),
        b'["Counted", [1, [1,2,3,4,5,6,7], 1, 2]]',
        b'["Saving", [1, 2, 3, 4, "x", [], []]]',
        b'["Ended", [1, "odd", "", []]]',
    ],
)
def test_what_is_no_event_is_left_out(line: bytes) -> None:
    """A process of another version may be at the other end."""
    assert decode(line) is None


def test_notes_are_shown_saved_and_found_there(making: Making, tmp_path: Path) -> None:
    """The first time they are saved, the second there is nothing to do."""
    process = making()
    order = order_of(tmp_path / "new")
    number = process.preview(order)
    (row,) = process.wait(Rows).rows
    counted = process.wait(Counted, lambda event: event.is_whole)
    assert (row.name, row.outcome) == ("a0001.opus", Outcome.SAVED)
    assert counted.sums == Sums(1, 1, 1, 0, 0, row.size)
    assert counted.free
    assert process.wait(Ended) == Ended(number, How.DONE, "", counted.sums)
    assert not order.place.exists()
    assert process.start(order) == number + 1
    assert process.wait(Ended) == Ended(number + 1, How.DONE, "", counted.sums)
    assert (order.place / "a0001.opus").stat().st_size == row.size
    group = Group(GroupKind.UNPLAYED)
    for same in (replace(order, ids=(1,)), replace(order, group=group)):
        process.start(same)
        assert process.wait(Ended).sums == Sums(total=1, there=1)
    wait_until(lambda: process.pid is None)  # nothing runs when nothing is done


def test_what_can_not_be_is_told(making: Making, tmp_path: Path, library: Path) -> None:
    """A folder in a source; a library that is none; a program that is not there."""
    process = making()
    process.preview(order_of(library / "source" / "x"))
    ended = process.wait(Ended)
    assert ended.how is How.FAILED
    assert "lies in the source" in ended.reason
    (tmp_path / "file").touch()
    process.preview(order_of(tmp_path / "file" / "x"))
    reason = f"{tmp_path}/file: is there already, and is no folder"
    assert process.wait(Ended).reason == reason
    (tmp_path / "library.db").mkdir()
    for other, reason in (
        (Told(tmp_path), "is a folder"),
        (Told(tmp_path, command=["/no/such/program"]), "no such file"),
        (Told(tmp_path, command=["/bin/false"]), "has ended"),
    ):
        other.start(order_of(tmp_path))
        ended = other.wait(Ended)
        assert ended.how is How.FAILED
        assert reason in ended.reason
        other.close()


def test_a_folder_that_is_only_read_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before anything is done for it; of a merge it is the folder of the file."""
    asked: list[str] = []

    def access(path: str, _mode: int) -> bool:
        asked.append(os.fspath(path))
        return False

    monkeypatch.setattr(os, "access", access)
    there = tmp_path / "new" / "newer"
    merge = MergeRequest(there / "x.mp3", Options(Format.MP3))
    for order in (order_of(there), Order(merge, merge.target)):
        with pytest.raises(DataError, match=f"{tmp_path}: nothing may be written"):
            _require_room(order)
    assert asked == [str(tmp_path)] * 2


def test_more_rows_are_told_when_they_are_looked_at(
    making: Making, tmp_path: Path
) -> None:
    """A page comes by itself; all is counted; nothing that is told is lost."""
    process = making(slow=True)
    number = process.preview(order_of(tmp_path))
    rows = [*process.wait(Rows).rows]
    sums = process.wait(Counted, lambda event: event.is_whole).sums
    assert sums == Sums(1, ROWS, ROWS, 0, 1, 10 * ROWS)
    process.wait(Ended)
    assert len(rows) == 60
    process.more(number, ROWS + 1)
    while len(rows) <= ROWS:
        rows += process.wait(Rows).rows
    assert [row.name for row in rows[:ROWS]] == [f"{n}.opus" for n in range(ROWS)]
    assert rows[-1].problem == "\udcff\x1b[31m is gone"
    process.leave()
    wait_until(lambda: process.pid is None)


def test_a_run_is_paused_goes_on_and_is_stopped(making: Making, tmp_path: Path) -> None:
    """Each as it is asked, and told; a lower priority leaves the player alone."""
    process = making(slow=True)
    process.start(order_of(tmp_path))
    told = process.wait(Saving, lambda event: event.done == 1)
    assert (told.share, told.current, told.size) == (0.25, "three.opus", 1_000)
    assert told.sums == Sums(1, 1, 1, 0, 1, 1_000)
    pid = process.pid
    assert pid is not None
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    process.pause(True)
    process.wait(Saving, lambda event: event.is_paused)
    process.pause(False)
    process.wait(Saving, lambda event: not event.is_paused)
    process.leave()  # the screen is left; it goes on
    process.pause(True)
    process.wait(Saving, lambda event: event.is_paused)
    process.stop()
    ended = process.wait(Ended)
    assert (ended.how, ended.sums.files) == (How.STOPPED, 1)
    wait_until(lambda: not is_alive(pid))


def test_a_stuck_run_is_killed(making: Making, tmp_path: Path) -> None:
    """It does not answer; what comes next works, and a preview gives way as well."""
    process = making(slow=True, stop_s=0.2)
    (tmp_path / "stuck").touch()
    process.start(order_of(tmp_path))
    wait_until((tmp_path / "hangs").exists)
    pid = process.pid
    assert pid is not None
    process.stop()
    assert process.wait(Ended).how is How.STOPPED
    assert not is_alive(pid)
    (tmp_path / "stuck").unlink()
    (tmp_path / "enough").touch()
    process.start(order_of(tmp_path))
    assert process.wait(Ended).how is How.DONE


def test_a_stuck_preview_gives_way(
    making: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that does not answer must not keep another folder from being chosen."""
    monkeypatch.setattr("tui.export._process._YIELD_S", 0.2)
    process = making(slow=True)
    bad, good = tmp_path / "bad", tmp_path / "good"
    for folder in (bad, good):
        folder.mkdir()
    (bad / "stuck").touch()
    process.preview(order_of(bad))
    wait_until((bad / "hangs").exists)
    number = process.preview(order_of(good))
    assert process.wait(Ended) == Ended(
        number, How.DONE, "", Sums(1, ROWS, ROWS, 0, 1, 10 * ROWS)
    )


def is_alive(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_process_is_told(making: Making, tmp_path: Path) -> None:
    """What it saved is there; it is not begun again by itself."""
    process = making(slow=True)
    process.start(order_of(tmp_path))
    process.wait(Saving, lambda event: event.done == 1)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    ended = process.wait(Ended)
    assert (ended.how, ended.sums.files) == (How.FAILED, 1)
    assert "what is saved stays" in ended.reason


def test_it_dies_with_the_browser(library: Path, tmp_path: Path) -> None:
    """Also a stuck one, when the browser is killed."""
    (tmp_path / "stuck").touch()
    words = ["-m", "tests.support.slow_job", "--library", str(library / "library.db")]
    code = (
        "import queue, sys\n"
        "from pathlib import Path\n"
        "from tui.export import ExportProcess, FilesRequest, Options, Order\n"
        f"here, events = Path({str(tmp_path)!r}), queue.Queue()\n"
        f"process = ExportProcess(here, command=[sys.executable, *{words!r}])\n"
        "process.subscribe(events.put)\n"
        "process.start(Order(FilesRequest(here, Options()), here))\n"
        "events.get()\n"
        "print(process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_until((tmp_path / "hangs").exists)
        parent.kill()
    wait_until(lambda: not is_alive(pid))


def test_it_is_remembered_how_was_saved(making: Making, tmp_path: Path) -> None:
    """For the next start; what can't be read or written is no error."""
    path = tmp_path / "state" / "export.json"
    process = making(memory=path)
    assert process.recall() == {}
    process.remember({"folder": "/a\udcff", "format": "mp3"})
    wait_until(path.exists)
    assert making(memory=path).recall() == {"folder": "/a\udcff", "format": "mp3"}
    for text in ("[]", "{", "7", ""):
        path.write_text(text)
        assert process.recall() == {}
    nowhere = making(memory=path / "below")
    nowhere.remember({"a": "b"})
    nowhere.close()
    assert nowhere.recall() == {}
    assert making().recall() == {}
