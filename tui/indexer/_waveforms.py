"""Computes waveforms on request, in a thread of its own, the newest request first.

With each comes the loudness of the note, since one pass through it tells both.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from tui.errors import EarmarkError
from tui.indexer._events import PeaksReady
from tui.model import NoteState

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio import MeasuredSound
    from tui.indexer._indexer import LibraryAccess
    from tui.library._api import IndexWriter, Reader
    from tui.model import NoteId

__all__ = ["Waveforms", "compute"]

_log = logging.getLogger(__name__)

_MAX_WAITING = 32
"""Who moves quickly through a list wants the last notes, not all of them."""


def compute(path: bytes) -> MeasuredSound:
    """Measure the sound of a file; the decoder is imported when it is needed."""
    from tui.audio import measure_sound

    return measure_sound(path)


class Waveforms:
    """A thread that computes waveforms and keeps them in the library.

    Args:
        library: Opens the library.
        on_event: Told when one is ready, on this thread.
        compute: Computes the waveform and the loudness of a file.
    """

    def __init__(
        self,
        library: LibraryAccess,
        on_event: Callable[[PeaksReady], None],
        compute: Callable[[bytes], MeasuredSound] = compute,
    ) -> None:
        self._library = library
        self._emit = on_event
        self._compute = compute
        self._changed = threading.Condition()
        self._waiting: dict[NoteId, None] = {}
        self._unmeasurable: set[NoteId] = set()
        """Notes that have a waveform, but no loudness that could be measured."""
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def request(self, note_id: NoteId) -> None:
        """Have a waveform computed; returns at once."""
        with self._changed:
            self._waiting.pop(note_id, None)
            self._waiting[note_id] = None
            while len(self._waiting) > _MAX_WAITING:
                del self._waiting[next(iter(self._waiting))]
            if self._thread is None and not self._is_stopping:
                self._thread = threading.Thread(
                    target=self._run, name="waveforms", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    def join(self, timeout: float) -> bool:
        """Wait for the end; returns whether it came in time."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _next(self) -> NoteId | None:
        with self._changed:
            while not (self._waiting or self._is_stopping):
                self._changed.wait()
            return None if self._is_stopping else self._waiting.popitem()[0]

    def _run(self) -> None:
        try:
            reader, writer = self._library.reader(), self._library.index_writer()
            try:
                while (note_id := self._next()) is not None:
                    reason = self._answer(reader, writer, note_id)
                    self._emit(PeaksReady(note_id, reason))
            finally:
                reader.close()
                writer.close()
        except Exception:  # noqa: BLE001  # the one outer net of this thread
            _log.exception("computing waveforms failed")
            with self._changed:
                self._thread = None  # the next request begins anew

    def _answer(self, reader: Reader, writer: IndexWriter, note_id: NoteId) -> str:
        """Compute one; returns why that was not possible, or nothing."""
        note = reader.note(note_id)
        if note is None or note.row.state is not NoteState.READY or not note.files:
            return "the note is not there"
        # Older versions kept no loudness; but nothing is measured again and again.
        is_measured = note.lufs is not None or note_id in self._unmeasurable
        if is_measured and note.peaks is not None and note.has_own_peaks:
            return ""
        try:
            peaks, lufs = self._compute(note.files[0].full_path)
            writer.set_peaks(note_id, peaks, lufs)
        except EarmarkError as error:
            return error.message
        except OSError as error:
            return error.strerror or "the file can't be read"
        if lufs is None:
            self._unmeasurable.add(note_id)
        return ""
