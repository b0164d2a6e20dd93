"""The page as an engine sees it: orders to it, and where the sound is there."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Protocol

from tui.audio import (
    DeviceChanged,
    PlayerState,
    PositionChanged,
    Published,
    gain_db,
)
from tui.remote._web_notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio import PlayerEvent, Sound
    from tui.remote._web_media import Served

__all__ = ["NAME", "Page", "Paged"]

_log = logging.getLogger(__name__)
_S = PlayerState

NAME = "browser"
"""The name of the output."""
_TICK_S = 0.0995
"""Between two events of the position."""
_STILL_S = 1.0
"""After so long it is told that it still stands at the same place."""
_GUESS_S = 2.5
"""How long the position is guessed from the last report; pages tell it each second."""
_SILENT_S = 8.0
"""A page that says nothing for so long, though it should, is gone."""
_WORD_S = 4.0
"""So often a page that plays is told that we are still here."""


class Page(Protocol):
    """Who plays."""

    skips: bool
    """Whether it can leave out pauses."""
    parts: bool
    """Whether it fetches whole, before it plays, what is not made in parts."""

    def send(self, order: dict[str, Any]) -> None:
        """Give it an order; returns at once."""

    def close(self) -> None:
        """Have done with it."""


class Paged(Published):
    """Plays by way of a page.

    All methods belong to the thread of the event loop.

    Args:
        emit: Called with every event.
        offer: The line for the user while there is no page.
        target_lufs: What recordings are levelled to.
        loop: The event loop.
    """

    def __init__(
        self,
        emit: Callable[[PlayerEvent], None],
        *,
        offer: str,
        target_lufs: float,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(emit)
        self._offered = offer
        self._target_lufs = target_lufs
        self._loop = loop
        self._page: Page | None = None
        self._notes = Notes(loop, self._opened)
        self._title = ""  # of what plays
        self._plays = False  # wanted
        self._moves = False  # reported
        self._is_blocked = False
        self._count = 0  # of orders
        self._answered = 0
        self._turn = 0  # the last order after which older positions mean nothing
        self._sounded = 0  # the last order after which older speeds mean nothing
        self._heard_at = self._sent_at = self._asked_at = 0.0
        self._from_ms = 0.0
        self._from_at = 0.0
        self._told_at = 0.0
        self._bell = asyncio.Event()
        self._status = replace(self._status, output=NAME)

    def find(self, key: str) -> Served | None:
        """Give the recording of a random name, if the page may have it now."""
        return self._notes.find(key)

    def close(self) -> None:
        """Let everything go."""
        self._notes.forget()
        page, self._page = self._page, None
        if page is not None:
            page.close()

    def _tell_device(self) -> None:
        problem = ""
        if self._page is None:
            problem = self._offered
        elif self._is_blocked:
            problem = "Click in the page to let it play"
        if problem != self._status.device_problem:
            self._set(device_problem=problem)
            self._emit(DeviceChanged(NAME, problem))

    def left(self, page: Page) -> None:
        """Wait for another page; what played goes on there."""
        if page is not self._page:
            return
        self._page = None
        at_ms = self._guessed_ms()
        self._stand(at_ms)
        is_there = self._notes.now is not None
        if self._status.state in {_S.PLAYING, _S.LOADING} and is_there:
            self._set(state=_S.PAUSED, position_ms=round(at_ms))
        self._tell_device()

    def _opened(self) -> None:
        """Go on when a recording was opened."""
        self._bell.set()

    # Orders

    def _order(self, order: dict[str, Any]) -> None:
        """Give the page an order, if there is one."""
        self._count += 1
        if order["do"] not in {"next", "sound", "word", "loop"}:
            self._turn = self._count
        if order["do"] in {"load", "sound"}:
            self._sounded = self._count
        page, now = self._page, self._loop.time()
        if page is None:
            return
        if self._answered == self._count - 1:
            self._asked_at = now
        self._sent_at = now
        page.send({**order, "n": self._count})

    def _order_load(self) -> None:
        status, served = self._status, self._notes.now
        if served is None or self._page is None or status.path is None:
            return
        if status.state is _S.ENDED:
            return
        self._order(
            {
                "do": "load",
                "note": status.generation,
                "title": self._title,
                "url": f"/note/{served.key}",
                "at": status.position_ms / 1000,
                "length": (served.duration_ms or 0) / 1000,
                "samples": served.samples,
                "play": self._plays,
                "sound": self._sound_for(self._sound),
                "loop": self._loop_s(),
            }
        )

    def _order_next(self) -> None:
        following = self._notes.following
        if following is None or following.served is None:
            self._order({"do": "next", "note": 0})
            return
        prepare, served = following.prepare, following.served
        sound = (prepare.sound or replace(self._sound, lufs=None)).clamped()
        self._order(
            {
                "do": "next",
                "note": prepare.generation,
                "title": prepare.title,
                "url": f"/note/{served.key}",
                "at": prepare.position_ms / 1000,
                "length": (served.duration_ms or 0) / 1000,
                "samples": served.samples,
                "sound": self._sound_for(sound),
                "gap": prepare.gap_ms / 1000,
                "tone": prepare.tone,
            }
        )

    def _sound_for(self, sound: Sound) -> dict[str, float]:
        status = self._status
        return {
            "speed": sound.speed,
            "skip": sound.skip,
            # Loudness is felt by the square, about.
            "volume": 0.0 if status.muted else status.volume**2,
            "gain": gain_db(sound, self._target_lufs),
        }

    def _loop_s(self) -> list[float]:
        begin, end = self._status.loop_start_ms, self._status.loop_end_ms
        return [] if begin is None or end is None else [begin / 1000, end / 1000]

    def _shown(self, sound: Sound) -> dict[str, object]:
        shown = asdict(sound)
        if self._page is not None and not self._page.skips:
            shown["skip"] = 0
        return shown | {"gain_db": gain_db(sound, self._target_lufs)}

    # Time

    def _stand(self, at_ms: float) -> None:
        self._from_ms = at_ms
        self._from_at = self._loop.time()

    def _guessed_ms(self) -> float:
        """Tell where it is now, as far as the last report tells."""
        status = self._status
        if status.state is not _S.PLAYING or not self._moves:
            return self._from_ms
        passed = min(self._loop.time() - self._from_at, _GUESS_S)
        at_ms = self._from_ms + passed * 1000 * status.speed
        begin, end = status.loop_start_ms, status.loop_end_ms
        if begin is not None and end is not None and self._from_ms < end <= at_ms:
            at_ms = begin + (at_ms - end) % (end - begin)
        if status.duration_ms is not None:
            at_ms = min(at_ms, status.duration_ms)
        return at_ms

    def _tell_position(self) -> None:
        status, now = self._status, self._loop.time()
        at_ms = round(self._guessed_ms())
        if now < self._told_at + _TICK_S * 0.9:
            return
        if at_ms == status.position_ms and now < self._told_at + _STILL_S:
            return
        self._told_at = now
        self._status = replace(status, position_ms=at_ms)
        self._emit(PositionChanged(status.generation, at_ms))

    def _look_at_page(self) -> None:
        """Notice a page that is gone without a word, and say one to it."""
        page, now = self._page, self._loop.time()
        if page is None:
            return
        is_asked = self._answered < self._count
        since = max(self._heard_at, self._asked_at)
        if (is_asked or self._moves) and now - since > _SILENT_S:
            _log.info("the page is silent")
            self.left(page)
            page.close()
        elif self._moves and now - self._sent_at > _WORD_S:
            self._order({"do": "word"})

    async def run(self) -> None:
        """Keep the time, until this is cancelled."""
        while True:
            is_busy = self._page is not None and self._answered < self._count
            is_loading = self._status.state is _S.LOADING
            if self._status.state is _S.PLAYING or is_busy or is_loading:
                await asyncio.sleep(_TICK_S)
            else:
                self._bell.clear()
                await self._bell.wait()
            self._look_at_page()
            if self._status.state in {_S.PLAYING, _S.LOADING}:
                self._tell_position()  # also where it stands still: it works at it
