"""The one place where other threads meet the user interface.

Engines call back on their own threads. Each callback here does one thing: it posts a
message. Nothing waits for an answer, so nothing can dead-lock at exit; once the
application is closing, what is posted is dropped.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.messages import (
    Answered,
    ExportChanged,
    FolderFound,
    IndexerChanged,
    LibraryChanged,
    PlayingChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message import Message
    from textual.message_pump import MessagePump

    from tui.browse import Answer
    from tui.export import ExportEvent
    from tui.indexer import Likely
    from tui.model import LibraryDelta
    from tui.playback import NowPlaying
    from tui.services import IndexerStatus

__all__ = ["Bridge", "in_background"]

_log = logging.getLogger(__name__)


class Bridge:
    """Turns callbacks of engines into messages.

    Args:
        target: Who gets the messages.
    """

    def __init__(self, target: MessagePump) -> None:
        self._target = target
        self.is_closing = False
        """Set once a message was refused; then nothing is posted any more."""

    def library(self, delta: LibraryDelta) -> None:
        """Tell what is new in the library; on the follower's thread."""
        self._post(LibraryChanged(delta))

    def playing(self, now: NowPlaying) -> None:
        """Tell what plays; on the player's thread."""
        self._post(PlayingChanged(now))

    def indexer(self, status: IndexerStatus) -> None:
        """Tell what the indexer does; on its supervisor's thread."""
        self._post(IndexerChanged(status))

    def answer(self, answer: Answer) -> None:
        """Tell what was found or counted; on the finder's thread."""
        self._post(Answered(answer))

    def export(self, event: ExportEvent) -> None:
        """Tell what was told of an export; on the thread of its process."""
        self._post(ExportChanged(event))

    def folder(self, found: Likely | bytes | None) -> None:
        """Tell what the first start found; on the thread of its search."""
        self._post(FolderFound(found))

    def _post(self, message: Message) -> None:
        if self.is_closing:
            return
        try:
            taken = self._target.post_message(message)
        except RuntimeError:  # the event loop is closed already
            taken = False
        if not taken:
            self.is_closing = True


async def in_background(work: Callable[[], None], name: str, timeout: float) -> bool:  # noqa: ASYNC109  # the thread goes on, so a cancellation scope would lie
    """Do something that may wait, without stopping the user interface.

    A daemon thread, not the event loop's executor: leaving the loop waits for every
    thread of its executor, so one engine that hangs would make the exit hang.

    Args:
        work: What to do; what it raises is logged.
        name: The name of its thread.
        timeout: After so many seconds it is left to itself.

    Returns:
        Whether it came to its end in time.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def run() -> None:
        try:
            work()
        except Exception:  # noqa: BLE001  # the outermost handler of a thread
            _log.exception("%s failed", name)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        await asyncio.wait_for(done.wait(), timeout)
    except TimeoutError:
        return False
    return True
