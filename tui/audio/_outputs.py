"""The outputs by name, and the choice among them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui.audio._null import NullOutput
from tui.errors import AudioError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tui.audio._api import Output

__all__ = ["OUTPUTS", "AutoChooser", "Opened", "OutputChooser", "make_output"]

_log = logging.getLogger(__name__)

OUTPUTS = ("auto", "pulse", "miniaudio", "simpleaudio", "null", "file")
"""The names that `make_output` knows."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An output that plays now."""

    output: Output
    problem: str = ""
    """Why it makes no sound, when it only stands in for a device; else empty."""


class OutputChooser(Protocol):
    """Starts the best output that there is."""

    def open(self, pull: Callable[[int], bytes], *, stand_in: bool) -> Opened:
        """Start an output.

        Args:
            pull: What the output shall ask for sound.
            stand_in: Whether a silent output may stand in for a missing device.

        Raises:
            AudioError: Nothing could be started.
        """


class AutoChooser:
    """The first device that works, else silence that keeps time.

    Args:
        devices: The outputs, the best one first; the last one's reason is told.
        silent: What stands in for them.
    """

    def __init__(self, devices: Sequence[Output], silent: Output) -> None:
        self._devices = tuple(devices)
        self._silent = silent

    def open(self, pull: Callable[[int], bytes], *, stand_in: bool) -> Opened:
        """Start a device, or what stands in for it."""
        *better, last = self._devices
        for device in better:
            try:
                device.start(pull)
            except AudioError as error:
                _log.info("%s does not work: %s", device.name, error.reason)
            else:
                return Opened(device)
        try:
            last.start(pull)
        except AudioError as error:
            if not stand_in:
                raise
            self._silent.start(pull)
            return Opened(self._silent, f"No sound: {error.reason}")
        return Opened(last)


def make_output(
    name: str = "auto",
    *,
    period_ms: int = 0,
    path: str | Path | None = None,
    pace: float = 1.0,
) -> Output | OutputChooser:
    """Make an output by its name; nothing is opened or imported yet.

    Args:
        name: One of `OUTPUTS`.
        period_ms: How much a device asks for at a time; 0 for what suits it.
        path: Where the `file` output writes its WAV.
        pace: How many times faster than real time the `file` output runs.

    Raises:
        UsageError: There is no such output, or the path is missing.
    """
    match name:
        case "auto":
            from tui.audio._miniaudio import MiniaudioOutput
            from tui.audio._pulse import PulseOutput

            devices = (PulseOutput(), MiniaudioOutput(period_ms=period_ms))
            return AutoChooser(devices, NullOutput())
        case "pulse":
            from tui.audio._pulse import PulseOutput

            return PulseOutput()
        case "miniaudio":
            from tui.audio._miniaudio import MiniaudioOutput

            return MiniaudioOutput(period_ms=period_ms)
        case "simpleaudio":
            from tui.audio._simpleaudio import SimpleaudioOutput

            return SimpleaudioOutput()
        case "null":
            return NullOutput()
        case "file":
            from tui.audio._file import FileOutput

            if path is None:
                raise UsageError("the output 'file' needs a path to write to")
            return FileOutput(path, pace=pace)
        case _:
            known = ", ".join(OUTPUTS)
            raise UsageError(f"there is no output '{name}' (there are {known})")
