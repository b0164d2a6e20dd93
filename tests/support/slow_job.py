"""The process that saves, with a job that a test holds in its hand.

Files in the folder of the request say what it does: it works until there is `enough`,
and where there is `stuck` it does not even look whether it shall stop.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tui.export import Outcome, Progress, Result, _host

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.export import FilesRequest, Steering
    from tui.model import Note

ROWS = 500
"""What a preview tells."""


class SlowJob:
    """Saves nothing, for as long as it is let.

    Args:
        request: Where.
        _roots: The sources.
    """

    def __init__(self, request: FilesRequest, _roots: Iterable[bytes]) -> None:
        self._folder = request.folder
        self._pause = threading.Event()

    def check(self) -> None:
        """Have nothing against it."""

    def preview(self, _notes: Iterable[Note], _total: int) -> Iterator[Result]:
        """Tell of many files, and of one that can't be."""
        self._stick()
        for number in range(ROWS):
            yield Result(self._folder / f"{number}.opus", Outcome.SAVED, size=10)
        yield Result(
            self._folder / "x", Outcome.FAILED, problem="\udcff\x1b[31m is gone"
        )

    def run(
        self, _notes: Iterable[Note], _total: int, steering: Steering
    ) -> Iterator[Result]:
        """Work until there is enough."""
        yield Result(self._folder / "one.opus", Outcome.SAVED, size=1_000)
        yield Result(self._folder / "two.opus", Outcome.FAILED, problem="two is gone")
        while not (self._folder / "enough").exists():
            steering.step(Progress(1, 4, 1_000, self._folder / "three.opus", 0.25))
            self._stick()
            self._pause.wait(0.01)

    def _stick(self) -> None:
        if (self._folder / "stuck").exists():
            (self._folder / "hangs").touch()
            self._pause.wait()


if __name__ == "__main__":
    setattr(_host, "job_of", SlowJob)  # noqa: B010  # what the host imports, not exports
    raise SystemExit(_host.main())
