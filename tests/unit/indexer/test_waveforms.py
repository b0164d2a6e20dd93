"""Waveforms and loudness: computed on request, the newest first, and each once."""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.indexed import DEADLINE_S, library_with_note, wait_event
from tui.audio import MeasuredSound
from tui.errors import AudioError
from tui.indexer import PeaksReady, Waveforms
from tui.model import NoteId

if TYPE_CHECKING:
    from pathlib import Path

    from tui.indexer import IndexEvent


def test_a_waveform_is_computed_and_kept(tmp_path: Path) -> None:
    """It arrives in the library; asked again, it is there already."""
    library, note_id = library_with_note(tmp_path)
    events: queue.Queue[IndexEvent] = queue.Queue()
    computed: list[bytes] = []

    def compute(path: bytes) -> MeasuredSound:
        computed.append(path)
        return MeasuredSound(b"\x01\x02", -20.5)

    with library:
        waveforms = Waveforms(library, events.put, compute)
        waveforms.request(note_id)
        assert wait_event(events, PeaksReady) == PeaksReady(note_id)
        waveforms.request(note_id)
        assert wait_event(events, PeaksReady) == PeaksReady(note_id)
        waveforms.request(NoteId(999))
        assert "not there" in wait_event(events, PeaksReady).reason
        waveforms.stop()
        assert waveforms.join(DEADLINE_S)
        waveforms.request(note_id)
        reader = library.reader()
        note = reader.note(note_id)
        reader.close()
    assert note is not None
    assert (note.peaks, note.lufs) == (b"\x01\x02", -20.5)
    assert computed == [os.fsencode(tmp_path / "source" / "a.opus")]


@pytest.mark.parametrize("lufs", [-20.0, None])
def test_a_loudness_is_measured_once(lufs: float | None, tmp_path: Path) -> None:
    """A waveform without one is of an older version; one that can't be told is not."""
    library, note_id = library_with_note(tmp_path)
    writer = library.index_writer()
    writer.set_peaks(note_id, b"\x07")
    writer.close()
    events: queue.Queue[IndexEvent] = queue.Queue()
    computed: list[bytes] = []

    def compute(path: bytes) -> MeasuredSound:
        computed.append(path)
        return MeasuredSound(b"\x01", lufs)

    with library:
        waveforms = Waveforms(library, events.put, compute)
        for _ in range(3):
            waveforms.request(note_id)
            assert wait_event(events, PeaksReady) == PeaksReady(note_id)
        waveforms.stop()
        assert waveforms.join(DEADLINE_S)
    assert len(computed) == 1


def test_the_newest_request_is_served_first(tmp_path: Path) -> None:
    """Who moves quickly through a list wants the last note; old wishes are dropped."""
    library, note_id = library_with_note(tmp_path)
    events: queue.Queue[IndexEvent] = queue.Queue()
    gate, begun = threading.Event(), threading.Event()

    def compute(path: bytes) -> MeasuredSound:
        begun.set()
        assert gate.wait(DEADLINE_S)
        raise AudioError(path, "no sound")

    with library:
        waveforms = Waveforms(library, events.put, compute)
        waveforms.request(note_id)
        assert begun.wait(DEADLINE_S)
        for number in range(100, 200):
            waveforms.request(NoteId(number))
        gate.set()
        served = [wait_event(events, PeaksReady) for _ in range(33)]
        waveforms.stop()
        assert waveforms.join(DEADLINE_S)
    assert "no sound" in served[0].reason
    assert [event.note_id for event in served[1:]] == list(range(199, 167, -1))


@pytest.mark.parametrize("error", [OSError(5, "I/O error"), OSError()])
def test_a_file_that_fails_gives_a_reason(tmp_path: Path, error: OSError) -> None:
    """An error of the disk is an answer."""
    library, note_id = library_with_note(tmp_path)
    events: queue.Queue[IndexEvent] = queue.Queue()

    def compute(path: bytes) -> MeasuredSound:
        raise error

    with library:
        waveforms = Waveforms(library, events.put, compute)
        waveforms.request(note_id)
        assert wait_event(events, PeaksReady).reason
        waveforms.stop()
        assert waveforms.join(DEADLINE_S)


def test_a_fault_ends_only_one_life_of_the_thread(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next request is served."""
    library, note_id = library_with_note(tmp_path)
    events: queue.Queue[IndexEvent] = queue.Queue()
    faults = [True]

    def compute(path: bytes) -> MeasuredSound:
        if faults:
            faults.pop()
            raise ZeroDivisionError
        return MeasuredSound(b"\x01", None)

    with library:
        waveforms = Waveforms(library, events.put, compute)
        waveforms.request(note_id)
        deadline = time.monotonic() + DEADLINE_S
        while waveforms._thread is not None:
            assert time.monotonic() < deadline
        waveforms.request(note_id)
        assert wait_event(events, PeaksReady).reason == ""
        waveforms.stop()
        assert waveforms.join(DEADLINE_S)
    assert "failed" in caplog.text
