"""An output that writes what was played into a WAV file."""

from __future__ import annotations

import os
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tui.audio._api import CHANNELS, RATE
from tui.audio._paced import Pacer
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FileOutput"]

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FRAME = 2 * CHANNELS
_LIMIT = 0xFFFF_FFFF - _HEADER.size
"""A WAV can't be longer: its lengths are 32 bits."""


def _header(size: int) -> bytes:
    return _HEADER.pack(
        b"RIFF",
        size + _HEADER.size - 8,
        b"WAVE",
        b"fmt ",
        16,
        1,
        CHANNELS,
        RATE,
        RATE * _FRAME,
        _FRAME,
        8 * _FRAME // CHANNELS,
        b"data",
        size,
    )


class FileOutput:
    """Writes a WAV; a second `start` goes on where the first one stopped.

    The header is right after every block, so that a process that is killed leaves a
    file that plays.

    Args:
        path: Where to write; overwritten by the first `start`.
        pace: How many times faster than real time.
        clock: Seconds that only grow.
    """

    name = "file"
    latency_ms = 0

    def __init__(
        self,
        path: str | Path,
        *,
        pace: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = Path(path)
        self._pace = pace
        self._clock = clock
        self._pacer: Pacer | None = None
        self._fd = -1
        self._size = 0
        self._begun = False

    def start(self, pull: Callable[[int], bytes]) -> None:
        """Open the file and begin to ask for sound.

        Raises:
            AudioError: The file can't be written.
        """
        self.stop()
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        try:
            self._fd = os.open(
                self._path, flags if self._begun else flags | os.O_TRUNC, 0o644
            )
        except OSError as error:
            reason = f"can't be written ({error.strerror})"
            raise AudioError(self._path, reason) from error
        self._begun = True
        os.pwrite(self._fd, _header(self._size), 0)

        def write(frames: int) -> None:
            self._append(pull(frames))

        self._pacer = Pacer("audio-file", write, pace=self._pace, clock=self._clock)
        self._pacer.start()

    def stop(self) -> None:
        """Close the file; `start` may be called again."""
        pacer, self._pacer = self._pacer, None
        if pacer is not None:
            pacer.stop()
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def is_alive(self) -> bool:
        """Whether it asked for sound within the last second."""
        return self._pacer is not None and self._pacer.is_alive()

    def _append(self, pcm: bytes) -> None:
        if self._size + len(pcm) > _LIMIT:
            return
        if sys.byteorder == "big":  # a WAV is little-endian
            pcm = _swapped(pcm)
        os.pwrite(self._fd, pcm, _HEADER.size + self._size)
        self._size += len(pcm)
        os.pwrite(self._fd, _header(self._size), 0)


def _swapped(pcm: bytes) -> bytes:
    swapped = bytearray(len(pcm))
    swapped[0::2], swapped[1::2] = pcm[1::2], pcm[0::2]
    return bytes(swapped)
