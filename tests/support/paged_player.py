"""A player whose output is a page, for the tests that have real browsers show it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Protocol

from tests.support.ear import Ear, wait_until
from tests.support.sound import samples
from tui.audio import RATE, EngineProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pulse import Recorder

__all__ = ["Place", "is_silent"]


class Opens(Protocol):
    """The tab of a browser."""

    def open(self, url: str) -> None:
        """Go to an address."""


class Place:
    """A player whose output is a page, and its notes.

    Args:
        folder: Where the notes are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.player = EngineProcess("browser", log_path=self.log)
        self.ear = Ear(self.player)

    def note(self, name: str, content: bytes) -> bytes:
        """Write a note."""
        path = self.folder / name
        path.write_bytes(content)
        return os.fsencode(path)

    def address(self) -> str:
        """Wait for the address that the user is told."""
        wait_until(lambda: "http:" in self.player.status.device_problem)
        found = re.search(r"http:\S+", self.player.status.device_problem)
        assert found is not None
        return found[0]

    def open(self, tab: Opens) -> None:
        """Open the page."""
        tab.open(self.address())
        wait_until(lambda: not self.player.status.device_problem)


def is_silent(recorder: Recorder) -> bool:
    """Tell whether nothing is heard for a tenth of a second."""
    begin = recorder.frames
    recorder.wait(RATE // 10)
    return not any(samples(recorder.mono(begin)))
