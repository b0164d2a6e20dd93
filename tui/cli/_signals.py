"""Ending in good order when the system asks for it."""

from __future__ import annotations

import select
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ends_on_signals", "is_unheard"]

_ENDS = (signal.SIGTERM, signal.SIGHUP)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def ends_on_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end a command as Ctrl+C does: with its tidying up."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers; its caller knows how to end it
        return
    before = {number: signal.signal(number, _interrupt) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_unheard(stream: TextIO) -> bool:
    """Tell whether what a stream is piped into has gone away."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
