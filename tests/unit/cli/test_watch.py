"""`watch`: a line for each change, and a clean end."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.lines import running
from tests.support.notes import opus_note
from tui.cli._signals import ends_on_signals, is_unheard
from tui.cli._watch import Changes
from tui.config import load_settings
from tui.library import Library
from tui.model import LibraryDelta, NoteChange, NoteId, NoteState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Earmark = Callable[..., Done]


def test_each_change_is_a_line(earmark: Earmark, phone: Path) -> None:
    """A note that arrives, and one that goes, are told; SIGTERM ends it well."""
    earmark("scan", phone)
    with running("watch", "--json") as watch:
        assert json.loads(watch.line()) == {"event": "ready", "notes": 18}
        partial = phone / "Ana" / ".syncthing.new.opus.tmp"
        partial.write_bytes(opus_note(2))
        new = partial.rename(phone / "Ana" / "new.opus")
        told = json.loads(watch.line())
        assert told["event"] == "added"
        assert told["note"]["files"][0]["path"] == "Ana/new.opus"
        assert told["note"]["chat"] == "Ana"
        new.unlink()
        while told["event"] != "removed":  # its length may be told in between
            told = json.loads(watch.line())
            assert told["note"]["files"][0]["path"] == "Ana/new.opus"
        watch.process.send_signal(signal.SIGTERM)
        assert watch.end() == 0


def test_a_closed_pipe_ends_it(earmark: Earmark, phone: Path) -> None:
    """When nobody reads any more, watching ends, also without a change."""
    earmark("scan", phone)
    with running("watch", "--json") as watch:
        watch.line()
        assert watch.process.stdout is not None
        watch.process.stdout.close()
        assert watch.end() == 0


def test_plain_lines(earmark: Earmark, phone: Path) -> None:
    """Without --json a change is one line for people; Ctrl+C ends it well."""
    earmark("scan", phone)
    with running("watch", errors=True) as watch:
        assert watch.line() == "earmark: watching 18 notes"
        os.utime(phone / "Ana", (1, 1))  # nothing that is to be told
        (phone / "Zoe").mkdir()
        (phone / "Zoe" / "2025-03-14 13-00-00.opus").write_bytes(opus_note(2))
        line = watch.line()
        assert line.startswith("added    ")
        assert "2025-03-14 13:00" in line
        assert line.endswith("Zoe")
        watch.process.send_signal(signal.SIGINT)
        assert watch.end() == 0


def test_what_each_delta_means(earmark: Earmark, phone: Path) -> None:
    """Added, changed and removed are told from what was shown before."""
    earmark("scan", phone)
    with (
        Library.open(load_settings().library) as library,
        closing(library.reader()) as reader,
    ):
        changes = Changes(reader)
        assert len(changes) == 18
        (first, *_) = reader.all_notes(states=[NoteState.READY])
        row = first.row
        change = NoteChange(
            row.id, row.chat_id, 0, 0, visible=True, played=row.played, problem=False
        )

        def told(*parts: NoteChange) -> list[str]:
            return [event for event, _ in changes.of(LibraryDelta(changes=parts))]

        assert told(change) == ["changed"]
        hidden = change._replace(visible=False)
        assert told(hidden) == ["removed"]
        assert told(hidden) == []
        assert told(change) == ["added"]
        assert told(hidden._replace(id=NoteId(999))) == []


def test_a_source_that_goes_takes_its_notes(earmark: Earmark, phone: Path) -> None:
    """Where the library can't tell what changed, everything is compared."""
    earmark("scan", phone)
    with (
        Library.open(load_settings().library) as library,
        closing(library.reader()) as reader,
    ):
        changes = Changes(reader)
        away = phone.rename(phone.with_name("away"))
        earmark("list")
        events = list(changes.of(LibraryDelta(sources=True)))
        assert [event for event, _ in events] == ["removed"] * 18
        away.rename(phone)
        earmark("list")
        events = list(changes.of(LibraryDelta(reset=True)))
        assert [event for event, note in events if note] == ["added"] * 18


def test_signals_end_a_command_and_are_given_back() -> None:
    """SIGTERM and SIGHUP interrupt; afterwards they are what they were."""
    before = signal.getsignal(signal.SIGTERM)
    for number in (signal.SIGTERM, signal.SIGHUP):
        with ends_on_signals(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_pipe_without_a_reader_is_unheard() -> None:
    """A pipe is heard while its other end is open."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        assert not is_unheard(stream)
        os.close(reader)
        assert is_unheard(stream)
    assert not is_unheard(stream)
