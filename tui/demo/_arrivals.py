"""Lets notes arrive in the sample library as a sync tool writes them."""

from __future__ import annotations

import logging
import os
import random
import threading
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.demo._phone import Phone

__all__ = ["Arrivals"]

_LOG = logging.getLogger(__name__)
_CHUNK = 4096
_BACKUP_EVERY = 3
"""After so many notes comes a backup. It tells of the next note already, as a database
does that is quicker than the recordings; those before it were unmatched until then."""


class Arrivals:
    """A thread that writes one note after another, chunk by chunk, then renames it.

    After the first note comes the export that names what lies unmatched, and after
    every few notes a backup.

    Args:
        phone: Names what arrives.
        wait: Waits for some seconds and tells whether to stop; for tests.
        now: The local time.
    """

    def __init__(
        self,
        phone: Phone,
        *,
        wait: Callable[[float], bool] | None = None,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._phone = phone
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
        phone = self._phone
        for number in count(1):
            if not phone.coming:
                phone.expect(self._now())
                if number % _BACKUP_EVERY == 1:
                    phone.back_up(self._now())
            path, data = phone.coming.pop(0)
            if self._wait(chance.uniform(6, 10)):
                return
            if not self._write(phone.root / path, data, self._now()):
                return
            if number == 1:
                if self._wait(chance.uniform(6, 10)):
                    return
                phone.export(self._now())

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
