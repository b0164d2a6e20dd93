"""Telling what changed in the library, whichever process wrote it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from tui.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.library._connection import Store
    from tui.library._reader import StoreReader
    from tui.model import LibraryDelta

__all__ = ["POLL_SECONDS", "Follower"]

POLL_SECONDS = 0.2
"""How often the library file is asked whether it changed; 20 microseconds each."""

_log = logging.getLogger(__name__)


class Follower:
    """A thread that calls back with what changed, in order, one call at a time.

    Args:
        open_store: Opens the connection, on the thread.
        open_reader: Makes a reader of it.
        callback: Called on the thread; must not block for long.
        since: The revision whose later changes are told.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        open_reader: Callable[[Store], StoreReader],
        callback: Callable[[LibraryDelta], None],
        since: int,
    ) -> None:
        self._open_store = open_store
        self._open_reader = open_reader
        self._callback = callback
        self._revision = since
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="library-follower", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Look at once, because somebody knows of a change."""
        self._awake.set()

    def stop(self, timeout: float = 2.0) -> None:
        """End the thread; no callback begins after this returns."""
        self._stopping.set()
        self._awake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except LibraryError as error:
                _log.warning("can't follow the library: %s", error)
            except Exception:  # noqa: BLE001 - the outermost of a thread
                # The library goes on telling, whatever one callback made of it.
                _log.exception("the follower of the library failed")
            self._stopping.wait(1.0)

    def _follow(self) -> None:
        store = self._open_store()
        try:
            reader = self._open_reader(store)
            seen = -1
            while not self._stopping.is_set():
                self._awake.clear()
                version = store.data_version()
                if version != seen:
                    seen = version
                    self._tell(reader)
                self._awake.wait(POLL_SECONDS)
        finally:
            store.close()

    def _tell(self, reader: StoreReader) -> None:
        revision, delta = reader.changes_since(self._revision)
        self._revision = revision
        is_news = delta.changes or delta.reset or delta.sources
        if is_news and not self._stopping.is_set():
            self._callback(delta)
