"""The terminal's driver: behind the first picture, and swift to leave."""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver
from typing_extensions import override

__all__ = ["PaintedDriver", "SwiftDriver"]

_ENTER = "\x1b[?1049h"
_LEAVE = "\x1b[?1049l"
_USUAL_KEYS = "\x1b[<u"
"""Gives the keyboard back as it was; each screen of a terminal has its own."""


class SwiftDriver(LinuxDriver):
    """Leaves the second screen before it waits for the thread that reads keys.

    That thread hears of the end within 0.2 s, in which the screen would stand still.
    """

    _is_left = False

    @override
    def stop_application_mode(self) -> None:
        if self._app._exit:  # noqa: SLF001  # else it is a suspension: as usual
            self.write(_USUAL_KEYS + _LEAVE)
            self.flush()
            self._is_left = True
        super().stop_application_mode()

    @override
    def write(self, data: str) -> None:
        # What has been left must not be left again: it would be the shell's then.
        if not (self._is_left and data in {_USUAL_KEYS, _LEAVE}):
            super().write(data)


class PaintedDriver(SwiftDriver):
    """Begins on the second screen, which is on and painted already.

    Some terminals (VTE's) clear it when they are told again to turn it on: the picture
    would go away until the browser has painted its own.
    """

    _is_begun = False

    @override
    def write(self, data: str) -> None:
        if data == _ENTER and not self._is_begun:
            self._is_begun = True  # after a suspension it has to be turned on again
            return
        super().write(data)
