"""Warnings go to the log file: never raw, between the lines, to the terminal."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOWrapper
    from pathlib import Path

__all__ = ["logging_to"]


class _LateFile(logging.FileHandler):
    """Makes the file and its folder with the first line.

    Where that can't be, lines are lost. The handlers of the standard library would
    raise where the warning was given, which is where no failure is expected.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)
        self._path = path

    @override
    def _open(self) -> TextIOWrapper:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """Lose the line: a full disk must not print over the screen."""


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Write warnings to a file for as long as a command runs.

    Args:
        path: The file.
    """
    handler = _LateFile(path)
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
