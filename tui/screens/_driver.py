"""The terminal's driver behind the first picture."""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver
from typing_extensions import override

__all__ = ["PaintedDriver"]

_ENTER = "\x1b[?1049h"


class PaintedDriver(LinuxDriver):
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
