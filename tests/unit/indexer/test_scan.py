"""A scan on the calling thread: what is young is waited for, a little while."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.notes import opus_note
from tui.indexer import scan, standard_tools
from tui.model import NoteState, Source, SourceId, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.unit.indexer.conftest import Place
    from tui.indexer import ScanReport

OPEN = opus_note(0.5, eos=False)
WHOLE = opus_note(0.5)


class Waiting:
    """A clock that goes on only while somebody waits.

    Args:
        place: Whose time it is.
        meanwhile: Called in each pause.
    """

    def __init__(self, place: Place, meanwhile: Callable[[], object] = int) -> None:
        self.place = place
        self.pauses: list[float] = []
        self._meanwhile = meanwhile

    def __call__(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.place.now_s += seconds
        self._meanwhile()

    def scan(self, *, full: bool = True) -> ScanReport:
        """Scan the place."""
        place = self.place
        root = os.fsencode(place.root)
        source = Source(SourceId(1), root, SourceKind.FOLDER, "x", scanned_ms=1)
        tools = replace(standard_tools(), clock=place.index.tools.clock)
        (report,) = scan(place.writer, [source], full=full, tools=tools, pause=self)
        return report


def test_a_young_file_is_waited_for(place: Place) -> None:
    """It is there in the end, and is counted once."""
    place.put("old.opus", OPEN, age_s=99)
    place.put("young.opus", OPEN)
    place.put("sub/cut.opus", WHOLE[:-20])
    waiting = Waiting(place)
    report = waiting.scan()
    assert (report.files, report.added, report.changed) == (3, 3, 0)
    assert place.shown == {
        b"old.opus": NoteState.READY,
        b"young.opus": NoteState.READY,
        b"sub/cut.opus": NoteState.PARTIAL,
    }
    assert 0 < sum(waiting.pauses) <= 2


def test_nothing_young_is_not_waited_for(place: Place) -> None:
    """Not even with a file that was cut long ago."""
    place.put("old.opus", OPEN, age_s=99)
    place.put("new.opus", WHOLE)
    place.put("cut.opus", WHOLE[:-20], age_s=99)
    waiting = Waiting(place)
    assert waiting.scan().files == 3
    assert waiting.pauses == []


def test_a_file_that_is_being_written_is_partial(place: Place) -> None:
    """The wait has an end; the file is told with the reason, and taken when whole."""
    length = 0

    def write() -> None:
        nonlocal length
        length += 100
        place.put("growing.opus", OPEN + bytes(length))

    write()
    waiting = Waiting(place, write)
    report = waiting.scan()
    assert (report.files, report.added) == (1, 1)
    assert place.shown == {b"growing.opus": NoteState.PARTIAL}
    (note,) = place.writer.notes.values()
    assert note.reason
    assert sum(waiting.pauses) <= 2
    place.put("growing.opus", OPEN)
    waiting = Waiting(place)
    assert waiting.scan(full=False).changed == 1
    assert place.shown == {b"growing.opus": NoteState.READY}


def test_a_folder_that_can_not_be_read_is_counted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that leads nowhere is a problem too, but hides nothing."""
    place.put("a.opus", WHOLE)
    place.put("locked/b.opus", WHOLE)
    (place.root / "c.opus").symlink_to("nowhere")
    assert Waiting(place).scan().unread_folders == 0
    real = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = Waiting(place).scan()
    assert report.unread_folders == 1
    assert (b"locked", "permission denied") in {
        (problem.path, problem.reason) for problem in report.problems
    }
