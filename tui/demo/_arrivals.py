"""Lets notes arrive in the sample library as a sync tool writes them."""

from __future__ import annotations

import logging
import os
import random
import struct
import threading
import zlib
from datetime import datetime
from itertools import count, cycle
from typing import TYPE_CHECKING

from tui.demo._script import ARRIVALS
from tui.demo._write import clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.demo._write import Names

__all__ = ["Arrivals", "variant"]

_LOG = logging.getLogger(__name__)
_CHUNK = 4096
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_TAGS_PAGE = 47
"""Where the second page of a clip begins: after 27 + 1 + 19 bytes."""


def variant(ogg: bytes, number: int) -> bytes:
    """Copy a clip with other bytes but the same sound, so that it is a new recording.

    Args:
        ogg: The clip.
        number: What tells this copy from others.

    Returns:
        The clip with the number behind its (empty) list of tags.
    """
    old_size = 28 + ogg[_TAGS_PAGE + 27]
    tags = ogg[_TAGS_PAGE + 28 : _TAGS_PAGE + old_size] + struct.pack("<I", number)
    page = bytearray(ogg[_TAGS_PAGE : _TAGS_PAGE + 22] + bytes(4) + b"\1")
    page += bytes([len(tags)]) + tags
    # Ogg's checksum is zlib's with the bits of every byte, and of the sum, mirrored.
    crc = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    page[22:26] = crc.to_bytes(4, "big").translate(_MIRRORED)
    return ogg[:_TAGS_PAGE] + bytes(page) + ogg[_TAGS_PAGE + old_size :]


class Arrivals:
    """A thread that writes one note after another, chunk by chunk, then renames it.

    Args:
        root: The sample library.
        names: What named the notes that are there.
        wait: Waits for some seconds and tells whether to stop; for tests.
        now: The local time.
    """

    def __init__(
        self,
        root: Path,
        names: Names,
        *,
        wait: Callable[[float], bool] | None = None,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._root = root
        self._names = names
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._now = now
        self._thread = threading.Thread(
            target=self._run, name="demo-arrivals", daemon=True
        )

    def start(self) -> None:
        """Begin; the first note arrives after some seconds."""
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """End, and wait for the thread; a half-written note stays behind."""
        self._stop.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._write_all()
        except Exception:  # noqa: BLE001  # a thread ends with a line in the log
            _LOG.exception("no more notes will arrive in the demo")

    def _write_all(self) -> None:
        chance = random.Random(4)  # noqa: S311  # only spreads the arrivals
        for number, line in zip(count(1), cycle(ARRIVALS), strict=False):
            if self._wait(chance.uniform(6, 10)):
                return
            moment = self._now()
            path = self._root / self._names.path(line, moment)
            if not self._write(path, variant(clip(line), number), moment):
                return

    def _write(self, path: Path, data: bytes, moment: datetime) -> bool:
        """Write a note as Syncthing does; False when told to stop meanwhile."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".syncthing.{path.name}.tmp")
        with partial.open("wb", buffering=0) as file:
            for at in range(0, len(data), _CHUNK):
                file.write(data[at : at + _CHUNK])
                if self._wait(0.05):
                    return False
        stamp = moment.timestamp()
        os.utime(partial, (stamp, stamp))
        partial.replace(path)
        return True
