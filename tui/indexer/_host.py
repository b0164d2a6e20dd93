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
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import EarmarkError
from tui.indexer._events import Failed, Leading
from tui.indexer._indexer import Indexer
from tui.indexer._lock import IndexerLock
from tui.indexer._waveforms import Waveforms
from tui.indexer._wire import Lines, Peaks, Reload, Rescan, decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.indexer._events import IndexEvent
    from tui.indexer._indexer import LibraryAccess

__all__ = ["Host", "main"]

_log = logging.getLogger(__name__)

_ELECTION_S = 1.5
_END_S = 1.0
_NICE = 5
"""Indexing must not take the processor from the player or the screen."""
_PR_SET_PDEATHSIG = 1


class Host:
    """Serves one browser over a socket.

    Args:
        channel: The socket; requests come in, events go out.
        library: Opens the library.
        lock: Held while indexing.
    """

    def __init__(
        self, channel: socket.socket, library: LibraryAccess, lock: IndexerLock
    ) -> None:
        self._channel = channel
        self._library = library
        self._lock = lock
        self._sending = threading.Lock()
        self._indexer: Indexer | None = None
        self._waveforms = Waveforms(library, self._send)
        self._has_told = False

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
            self._indexer = Indexer(self._library, self._send)
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
        self._lock.release()


def _die_with(parent: int) -> None:
    """Have the kernel end this process with its parent, also when it is stuck."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        raise SystemExit(0)  # it died before we asked


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process; its standard input is the socket.

    Args:
        argv: The arguments; None for those of the process.
    """
    parser = argparse.ArgumentParser(prog="tui.indexer")
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=0)
    options = parser.parse_args(argv)
    _die_with(options.parent)
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    with suppress(OSError):
        os.nice(_NICE)
    from tui.library import Library

    with socket.socket(fileno=os.dup(0)) as channel:
        try:
            with Library.open(options.library) as library:
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
