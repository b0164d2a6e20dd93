"""The recordings that a page may fetch: what plays, what follows, and no other."""

from __future__ import annotations

import logging
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import AudioError
from tui.remote._web_media import serve_note

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from tui.audio import Prepare
    from tui.remote._web_media import Served

__all__ = ["Following", "Notes"]

_log = logging.getLogger(__name__)


class Following(NamedTuple):
    """What follows what plays."""

    prepare: Prepare
    served: Served | None = None
    """None while it is being opened."""


class Notes:
    """Opens recordings on other threads; all else belongs to the event loop's.

    Args:
        loop: The event loop.
        then: Called whenever something was opened, after whoever asked for it.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, then: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._then = then
        self.now: Served | None = None
        """What plays."""
        self.following: Following | None = None
        self.most_bytes: int | None = None
        """From what size on new bytes are made of any file; None for no such size."""
        self._late: dict[int, tuple[int, Prepare, Served]] = {}
        """What was to follow until an order that the page may not have got yet."""
        self._jobs: dict[str, Event] = {}

    def find(self, key: str) -> Served | None:
        """Give the recording of a random name, if a page may have it now."""
        late = [served for _, _, served in self._late.values()]
        following = self.following.served if self.following else None
        return next(
            (e for e in (self.now, following, *late) if e and e.key == key), None
        )

    def open_now(
        self,
        path: bytes,
        then: Callable[[Served | AudioError], None],
        *,
        make: bool = False,
    ) -> None:
        """Open what shall play."""
        self._open("now", path, then, make=make)

    def open_following(
        self,
        path: bytes,
        then: Callable[[Served | AudioError], None],
        *,
        make: bool = False,
    ) -> None:
        """Open what shall follow."""
        self._open("following", path, then, make=make)

    def _open(
        self,
        which: str,
        path: bytes,
        then: Callable[[Served | AudioError], None],
        *,
        make: bool,
    ) -> None:
        self._stop(which)
        stop = self._jobs[which] = Event()
        most_bytes = 0 if make else self.most_bytes

        def done(found: Served | AudioError) -> None:
            if self._jobs.get(which) is stop:
                del self._jobs[which]
                then(found)
                self._then()
            elif not isinstance(found, AudioError):
                found.close()

        def run() -> None:
            found: Served | AudioError
            try:
                if stop.is_set():
                    return  # nobody waits for it any more
                found = serve_note(path, stop.is_set, most_bytes=most_bytes)
            except AudioError as error:
                found = error
            except Exception as error:  # noqa: BLE001  # the outermost one of a thread
                _log.exception("a recording can't be opened")
                reason = f"something went wrong ({type(error).__name__})"
                found = AudioError(path, reason)
            try:
                self._loop.call_soon_threadsafe(done, found)
            except RuntimeError:  # it has ended
                if not isinstance(found, AudioError):
                    found.close()

        self._loop.run_in_executor(None, run)

    def _stop(self, which: str) -> None:
        stop = self._jobs.pop(which, None)
        if stop is not None:
            stop.set()

    def replace(self, served: Served | None) -> None:
        """Let go what plays, for another one."""
        before, self.now = self.now, served
        if before is not None:
            before.close()

    def forget(self) -> None:
        """Let everything go."""
        self._stop("now")
        self.replace(None)
        self.forget_following(None)
        self.know(None)

    def forget_following(self, order: int | None) -> None:
        """Let go what follows.

        Args:
            order: The order that tells the page so: until that is known there, it may
                go over to it. None when no page can.
        """
        self._stop("following")
        following, self.following = self.following, None
        if following is None or following.served is None:
            return
        if order is None:
            following.served.close()
        else:
            prepare = following.prepare
            before = self._late.pop(prepare.generation, None)
            if before is not None:
                before[2].close()
            self._late[prepare.generation] = order, prepare, following.served

    def take_following(self, generation: int) -> tuple[Prepare, Served] | None:
        """Hand over what a page has gone over to; None when it is no such thing."""
        following = self.following
        if following and following.prepare.generation == generation:
            if following.served is None:
                return None
            self.following = None
            return following.prepare, following.served
        if generation in self._late:
            _, prepare, served = self._late.pop(generation)
            return prepare, served
        return None

    def know(self, order: int | None) -> None:
        """Let go what no page can go over to, as it knows an order, or is gone."""
        for generation, (needed, _, served) in list(self._late.items()):
            if order is None or order >= needed:
                del self._late[generation]
                served.close()
