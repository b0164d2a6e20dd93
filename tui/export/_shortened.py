"""Notes told of as they sound without their pauses."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from tui.audio import measure_sound
from tui.errors import AudioError
from tui.export._chapters import Places
from tui.export._convert import sound_of
from tui.export._tags import length_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.export._formats import Options
    from tui.model import Bookmark, Note

__all__ = ["shortened"]


def shortened(
    note: Note,
    options: Options,
    made: Path,
    tick: Callable[[], None],
    *,
    is_drawn: bool,
) -> Note:
    """Give a note the length, bookmarks and waveform of what was made of it.

    Args:
        note: The note.
        options: How its sound was made, some of its pauses left out.
        made: That file.
        tick: Called often meanwhile; what it raises ends it.
        is_drawn: Whether the waveform is looked at.
    """
    length_ms = length_in(made, options.format)
    row = note.row._replace(duration_ms=length_ms or note.row.duration_ms)
    marks = _moved(note, options.skip, tick) if note.bookmarks else ()
    peaks = _drawn(made, tick) if is_drawn else None
    return note._replace(row=row, bookmarks=marks, peaks=peaks)


def _moved(note: Note, skip: int, tick: Callable[[], None]) -> tuple[Bookmark, ...]:
    """Find where bookmarks are now, by decoding it once more: few notes have some."""
    for file in note.files:
        places = Places(mark.at_ms for mark in note.bookmarks)
        try:
            blocks = sound_of(file.full_path, skip, 0.0, places, lambda _at: tick())
            with closing(blocks):
                for _ in blocks:
                    pass  # only where it is counts
        except AudioError:
            continue  # as when it was made
        end_ms = places.length_ms
        moments = [places.of(mark.at_ms) for mark in note.bookmarks]
        return tuple(
            mark._replace(at_ms=end_ms if at_ms is None else at_ms)
            for mark, at_ms in zip(note.bookmarks, moments, strict=True)
        )
    return note.bookmarks


def _drawn(made: Path, tick: Callable[[], None]) -> bytes | None:
    def should_stop() -> bool:
        tick()
        return False

    try:
        return measure_sound(os.fsencode(made), should_stop=should_stop).peaks
    except AudioError:
        return None
