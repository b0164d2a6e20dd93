"""The process of its own that the indexer lives in under the browser.

It reads requests from its standard input, a socket, and writes events to it. When the
other end closes, or dies, it ends. Of several for one library one indexes, and the
others wait for it to end; all of them compute waveforms.
"""

from __future__ import annotations

import argparse
import logging
import os
import select
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tui.child import die_with
from tui.errors import EarmarkError
from tui.indexer._events import Failed, Leading, ScanFinished
from tui.indexer._indexer import Indexer, LibraryAccess
from tui.indexer._lock import IndexerLock
from tui.indexer._waveforms import Waveforms
from tui.indexer._wire import Lines, Peaks, Reload, Rescan, decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.indexer._events import IndexEvent

__all__ = ["Host", "main"]

_log = logging.getLogger(__name__)

_ELECTION_S = 1.5
_END_S = 1.0
_NICE = 10
"""Indexing must not take the processor from the player or the screen: on two cores,
the sound dropped out 4 to 6 times in 12 s of indexing 100,000 files at 0 to 5, and
never at 10."""
_BACKUP_AGE_S = 86_400.0
"""How old the last backup is when another is made."""
_BACKUP_ASKED_S = 3_600.0
"""How often that is asked, after a scan."""


class Backed(LibraryAccess, Protocol):
    """A library that can be copied; `tui.library.Library` is one."""

    def back_up(self, *, max_age_s: float = 0.0) -> Path | None:
        """Make a backup, unless there is one that is young enough."""


class Host:
    """Serves one browser over a socket.

    Args:
        channel: The socket; requests come in, events go out.
        library: Opens the library.
        lock: Held while indexing.
    """

    def __init__(
        self, channel: socket.socket, library: Backed, lock: IndexerLock
    ) -> None:
        self._channel = channel
        self._library = library
        self._lock = lock
        self._sending = threading.Lock()
        self._indexer: Indexer | None = None
        self._waveforms = Waveforms(library, self._send)
        self._has_told = False
        self._backup: threading.Thread | None = None
        self._next_backup = 0.0

    def serve(self) -> int:
        """Work until the other end closes.

        Returns:
            An exit code: 0, or 1 when the indexer failed and should be started again.
        """
        lines = Lines()
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        try:
            while True:
                self._lead_if_possible()
                if poll.poll(_ELECTION_S * 1000):
                    data = self._channel.recv(65_536)
                    if not data:
                        return 0
                    for line in lines.feed(data):
                        self._obey(line)
                if self._indexer is not None and self._indexer.join(0.0):
                    return 1
        except ConnectionError:
            return 0
        finally:
            self._end()

    def _lead_if_possible(self) -> None:
        if self._indexer is not None:
            return
        if self._lock.acquire():
            self._indexer = Indexer(self._library, self._follow)
            self._indexer.start()
            self._send(Leading(leading=True))
        elif not self._has_told:
            self._has_told = True
            self._send(Leading(leading=False, reason="another Earmark indexes"))

    def _obey(self, line: bytes) -> None:
        match decode(line):
            case Peaks(note_id):
                self._waveforms.request(note_id)
            case Rescan():
                if self._indexer is not None:
                    self._indexer.rescan()
            case Reload():
                if self._indexer is not None:
                    self._indexer.reload()
            case _:
                _log.warning("a request was not understood: %r", line[:200])

    def _follow(self, event: IndexEvent) -> None:
        """Pass on what the indexer tells; after a scan, see to the backup."""
        self._send(event)
        now = time.monotonic()
        if isinstance(event, ScanFinished) and now >= self._next_backup:
            self._next_backup = now + _BACKUP_ASKED_S
            # On a thread of its own: a big library takes seconds, an event must not.
            self._backup = threading.Thread(
                target=self._back_up, name="backup", daemon=True
            )
            self._backup.start()

    def _back_up(self) -> None:
        try:
            self._library.back_up(max_age_s=_BACKUP_AGE_S)
        except EarmarkError as error:
            # Indexing goes on without it; it is tried again in an hour.
            _log.warning("no backup was made: %s", error)

    def _send(self, event: IndexEvent) -> None:
        data = encode(event)
        # The other end has closed: `serve` finds out and ends.
        with self._sending, suppress(OSError):
            self._channel.sendall(data)

    def _end(self) -> None:
        self._waveforms.stop()
        if self._indexer is not None:
            self._indexer.stop()
            self._indexer.join(_END_S)
        if self._backup is not None:
            self._backup.join(_END_S)
        self._lock.release()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process; its standard input is the socket.

    Args:
        argv: The arguments; None for those of the process.
    """
    parser = argparse.ArgumentParser(prog="tui.indexer")
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=0)
    parser.add_argument("--backups", type=int, default=7)
    options = parser.parse_args(argv)
    die_with(options.parent)
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    with suppress(OSError):
        os.nice(_NICE)
    from tui.library import Library

    with socket.socket(fileno=os.dup(0)) as channel:
        try:
            with Library.open(options.library, backups=options.backups) as library:
                if not library.read_only:
                    lock = IndexerLock(options.library)
                    return Host(channel, library, lock).serve()
                reason = library.notice
        except EarmarkError as error:
            reason = error.message
        with suppress(OSError):
            channel.sendall(encode(Failed(reason)))
        return _wait_for_end(channel)


def _wait_for_end(channel: socket.socket) -> int:
    """Stay without work: to be started again would change nothing."""
    with suppress(OSError):
        while channel.recv(65_536):
            pass  # requests that nobody can serve
    return 0
