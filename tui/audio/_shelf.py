"""Where an engine takes recordings from: files, unless somebody hands them to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui.audio._decode import Recording
from tui.audio._loudness import measure_loudness

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio._packets import PacketRecording

__all__ = ["FileShelf", "Shelf"]


class Shelf(Protocol):
    """Opens recordings by their paths, and knows how loud they are."""

    def open(self, path: bytes) -> Recording | PacketRecording:
        """Hold a recording open.

        Args:
            path: The absolute path.

        Raises:
            AudioError: It can't be read.
        """

    def measure(
        self, path: bytes, *, should_stop: Callable[[], bool] | None = None
    ) -> float | None:
        """Tell the loudness of a recording, see `measure_loudness`.

        Args:
            path: The absolute path.
            should_stop: Asked now and then; True gives up.

        Returns:
            LUFS; None when it was stopped, or there is nothing to tell.

        Raises:
            AudioError: It can't be read.
        """


class FileShelf:
    """The files of this machine."""

    def open(self, path: bytes) -> Recording:
        """Hold a file open."""
        return Recording(path)

    def measure(
        self, path: bytes, *, should_stop: Callable[[], bool] | None = None
    ) -> float | None:
        """Decode a file and measure it."""
        return measure_loudness(path, should_stop=should_stop)
