"""A file for each note: plan and saver joined to a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.export._formats import Format
from tui.export._jobs import Outcome, Result
from tui.export._plan import plan
from tui.export._run import Saver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.export._formats import Options
    from tui.export._jobs import Steering
    from tui.export._requests import FilesRequest
    from tui.export._run import Saved
    from tui.model import Note

__all__ = ["FilesJob", "expected_size"]

_HEADERS = 1_500
"""About the bytes of containers and tags in a converted file."""


class FilesJob:
    """Saves each note as a file.

    Args:
        request: Where and how.
        roots: The folders of all sources.
    """

    def __init__(self, request: FilesRequest, roots: Iterable[bytes]) -> None:
        self._request = request
        self._saver = Saver(request.options, roots)

    def check(self) -> None:
        """Refuse a folder in a source."""
        self._saver.check(self._request.folder)

    def preview(self, notes: Iterable[Note], total: int) -> Iterator[Result]:  # noqa: ARG002  # as in all jobs
        """Tell which files there would be."""
        options = self._request.options
        for planned in plan(notes, self._request.folder, options):
            saved = self._saver.look(planned)
            size = 0
            if saved.outcome is Outcome.SAVED:
                size = expected_size(planned.note, options)
            yield _result(saved)._replace(size=size)

    def run(
        self, notes: Iterable[Note], total: int, steering: Steering
    ) -> Iterator[Result]:
        """Save them."""
        planned = plan(notes, self._request.folder, self._request.options)
        for saved in self._saver.run(planned, total, steering=steering):
            yield _result(saved)


def expected_size(note: Note, options: Options) -> int:
    """Tell about how large a note will be; 0 where its length is not known.

    Args:
        note: The note.
        options: How it is saved.
    """
    form = options.format
    if form is Format.ORIGINAL:
        return note.size
    if not note.row.duration_ms:
        return 0
    rate = options.bit_rate or form.usual_bit_rate(options.channels)
    # FLAC makes about half of speech, and nothing of a second channel that is equal.
    rate = rate or 48_000 * (8 if form is Format.FLAC else 16 * options.channels)
    return _HEADERS + note.row.duration_ms * rate // 8_000


def _result(saved: Saved) -> Result:
    planned = saved.planned
    return Result(
        target=saved.target,
        outcome=saved.outcome,
        size=saved.size,
        problem=saved.problem,
        key=planned.note.key,
        source=planned.source,
    )
