"""Single keys from a terminal, unseen, while something else goes on."""

from __future__ import annotations

import os
import select
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["keys"]

_LOOK_S = 0.1
"""How often to see whether the end has come."""


@contextmanager
def keys(stream: TextIO, pressed: Callable[[str], None]) -> Iterator[None]:
    """Have each key told to a function, on a thread; Ctrl+C interrupts as ever.

    Nothing is done where no terminal is, or where it belongs to another program: one in
    the background would be stopped.

    Args:
        stream: What to read from.
        pressed: Told of each key, a character each.
    """
    if not _is_ours(stream):
        yield
        return
    import termios

    descriptor = stream.fileno()
    before = termios.tcgetattr(descriptor)
    unseen = termios.tcgetattr(descriptor)
    unseen[3] &= ~(termios.ECHO | termios.ICANON)
    ended = threading.Event()
    thread = threading.Thread(
        target=_read, args=(descriptor, pressed, ended), name="keys", daemon=True
    )
    try:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, unseen)
        thread.start()
        yield
    finally:
        ended.set()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        thread.join(1.0)


def _is_ours(stream: TextIO) -> bool:
    """Tell whether keys come from a terminal, and to this program."""
    try:
        if not stream.isatty():
            return False
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:
        return True  # it controls no program, so that none is stopped
    except ValueError:
        return False  # closed


def _read(
    descriptor: int, pressed: Callable[[str], None], ended: threading.Event
) -> None:
    while not ended.is_set():
        ready, _, _ = select.select([descriptor], [], [], _LOOK_S)
        if not ready:
            continue
        try:
            data = os.read(descriptor, 64)
        except OSError:
            return  # the terminal is gone, which a signal tells
        if not data:
            return
        for key in data.decode(errors="replace"):
            pressed(key)
