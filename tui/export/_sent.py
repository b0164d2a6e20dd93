"""Which mails of a run went out, for a run that goes on after it was cut off.

A mail is known by what is in it. What went out is kept for as long as the run has not
ended, and for a week at most: who asks for the same again later wants it again.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from tui.export._write import writing

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Sent"]

_KEPT_S = 7 * 24 * 3600


class Sent:
    """Keeps it, as empty files with the ids of mails for names.

    Args:
        folder: Where; None to keep nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._own: list[str] = []
        """Those of this run."""

    def prepare(self) -> None:
        """Make the folder, ahead of anything that can't be taken back.

        Raises:
            DataError: It can't be written.
        """
        if self._folder is None:
            return
        with writing(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            oldest = time.time() - _KEPT_S
            for path in list(self._folder.iterdir()):
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < oldest:
                        path.unlink()

    def has(self, identity: str) -> bool:
        """Tell whether a mail went out."""
        if self._folder is None or not (self._folder / identity).exists():
            return False
        self._own.append(identity)
        return True

    def add(self, identity: str) -> None:
        """Keep that one did.

        Raises:
            DataError: It can't be written.
        """
        if self._folder is None:
            return
        self._own.append(identity)
        path = self._folder / identity
        with writing(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            fd = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def forget(self) -> None:
        """Let go of what this run kept: it ended as it should."""
        for identity in self._own:
            if self._folder is not None:
                with contextlib.suppress(OSError):
                    (self._folder / identity).unlink()
