"""Takes recordings apart and sends their packets, no faster than the line takes them.

Commands share the line: what is underway ahead of them delays them. So only a few
kilobytes are, until the speaker says that they arrived.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from tui.errors import AudioError
from tui.remote._frames import Kind, json_to, pack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.audio import Packet
    from tui.remote._taken import Taken

__all__ = ["Sender"]

_log = logging.getLogger(__name__)

_UNDERWAY = 6 * 1024
"""Bytes that may be on the line: 0.3 s of one with 20 kB/s, and enough for 70 kB/s at a
round trip of 80 ms, which is twenty times what speech needs."""
_BATCH = 1200
"""Bytes of a batch: what fits into a packet of the network."""


class Sender:
    """Sends recordings on a thread of its own.

    Args:
        send: Sends a frame; OSError when the line is gone.
    """

    def __init__(self, send: Callable[[Kind, bytes], None]) -> None:
        self._send = send
        self._changed = threading.Condition()
        self._files: OrderedDict[int, Taken] = OrderedDict()
        self._wanted: tuple[int, ...] = ()
        """What is sent, the first one first."""
        self._paused: set[int] = set()
        self._jumps: dict[int, tuple[int, float]] = {}
        """By file: the run and seconds that are asked for."""
        self._underway = 0
        self._is_over = False
        self._thread = threading.Thread(
            target=self._run, name="earmark-sender", daemon=True
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, number: int, taken: Taken) -> None:
        """Take another recording; it is sent when it is wanted."""
        with self._changed:
            self._files[number] = taken

    def drop(self, number: int) -> None:
        """Let a recording go; what is sent of it now is finished first."""
        with self._changed:
            taken = self._files.pop(number, None)
            self._wanted = tuple(each for each in self._wanted if each != number)
            self._paused.discard(number)
            self._jumps.pop(number, None)
        if taken is not None:
            taken.close()

    def want(self, *numbers: int) -> None:
        """Send just these from now on, the first one first."""
        with self._changed:
            self._wanted = numbers
            self._changed.notify_all()

    def jump(self, number: int, run: int, seconds: float) -> None:
        """Go on elsewhere in a recording."""
        with self._changed:
            if number in self._files:
                self._jumps[number] = run, seconds
                self._changed.notify_all()

    def pace(self, number: int, *, goes_on: bool) -> None:
        """Wait with a recording, or go on with it."""
        with self._changed:
            if goes_on:
                self._paused.discard(number)
            else:
                self._paused.add(number)
            self._changed.notify_all()

    def got(self, size: int) -> None:
        """Take in that bytes have arrived."""
        with self._changed:
            self._underway = max(0, self._underway - max(0, size))
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread and let all recordings go."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(2.0)
        for number in list(self._files):
            self.drop(number)

    def _run(self) -> None:
        try:
            while (turn := self._next()) is not None:
                self._send_some(*turn)
        except OSError:
            _log.info("the line is gone")
        except Exception:  # noqa: BLE001  # the outermost one of a thread
            _log.exception("recordings can't be sent any more")

    def _next(self) -> tuple[int, Taken] | None:
        """Wait until something may be sent; None at the end."""
        with self._changed:
            while not self._is_over:
                for number in self._wanted:
                    taken = self._files.get(number)
                    if taken is None or self._underway >= _UNDERWAY:
                        continue
                    jump = self._jumps.pop(number, None)
                    if jump is not None:
                        taken.jump(*jump)
                    if number not in self._paused and not taken.is_over:
                        return number, taken
                self._changed.wait()
        return None

    def _send_some(self, number: int, taken: Taken) -> None:
        run, problem = taken.run, ""
        packets: list[Packet] = []
        try:
            packets = taken.some(_BATCH)
        except AudioError as error:
            problem = error.reason
        if packets:
            content = pack(number, run, packets)
            with self._changed:
                self._underway += len(content)
            self._send(Kind.DATA, content)
        if taken.is_over or problem:
            told = json_to(file=number, run=run, problem=problem)
            self._send(Kind.END, told)
