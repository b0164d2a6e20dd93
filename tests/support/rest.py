"""Waits for a browser to come to rest: by what it still has to do, not by the clock.

What Textual has for this sleeps a fiftieth of a second after each key, three times in
a row, and takes a process for idle that only got no turn from a busy machine.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any

from textual._context import active_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["come_to_rest"]

_THREADS_S = 0.001
"""How long other threads are left to themselves before they are asked again."""

_QUIET = 2
"""So often in a row no thread may have had anything to do."""

_RESTS = (threading.__file__,)
"""Where a thread stands that waits to be told something."""


def _others() -> Iterator[FrameType]:
    """Where the threads of the engines stand."""
    here = threading.get_ident()
    known = {thread.ident for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != here and ident in known:
            yield frame


def _is_working(frame: FrameType) -> bool:
    return frame.f_code.co_filename not in _RESTS


async def come_to_rest(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until nothing is left to handle, to paint or to answer.

    Args:
        min_sleep: Is not looked at: what is at rest may go on.
        max_sleep: After so many seconds it goes on in any case.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + max_sleep
    quiet = 0
    while loop.time() < end:
        await asyncio.sleep(0)
        if loop._ready:  # type: ignore[attr-defined]  # of all loops of asyncio
            quiet = 0
            continue
        if _paint():
            continue
        others = list(_others())
        if not others or quiet == _QUIET:
            return
        quiet = 0 if any(map(_is_working, others)) else quiet + 1
        await asyncio.sleep(_THREADS_S)


def _paint() -> bool:
    """Paint what waits for the next turn of the clock; tell if there was something."""
    app = active_app.get(None)
    if app is None or not app.screen_stack:
        return False
    if app._resize_timer is not None:
        app._check_resize()
        return True
    screen = app.screen
    clock: Any = screen._update_timer  # its types are not those that it has
    if not clock._active.is_set():
        return False
    screen._on_timer_update()
    return True
