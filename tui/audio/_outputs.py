"""The outputs by name, and the choice among them."""

from __future__ import annotations

import importlib.util
import logging
import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from tui.audio._events import NO_SOUND_HERE, OutputInfo
from tui.audio._null import NullOutput
from tui.audio._speakers import find_speaker, in_ssh
from tui.errors import AudioError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tui.audio._api import Output

__all__ = [
    "OUTPUTS",
    "WITH_DEVICES",
    "AutoChooser",
    "Opened",
    "OutputChooser",
    "list_outputs",
    "make_output",
]

_log = logging.getLogger(__name__)

OUTPUTS = ("auto", "pulse", "miniaudio", "simpleaudio", "null", "file")
"""The names that `make_output` knows."""
WITH_DEVICES = ("pulse", "miniaudio")
"""Those of them that may be followed by a colon and the name of a device."""
_WITH_MORE = (*WITH_DEVICES, "file")
_LIST_S = 2.5
"""Seconds for each way to find devices."""
_LIST_LIMIT = 20
_NAME_LIMIT = 150
_LABEL_LIMIT = 80
"""How many devices are told, and how long their names may be: of the rarest characters
too, they fit into a line of 64 KB between two processes."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An output that plays now."""

    output: Output
    problem: str = ""
    """Why it makes no sound, when it only stands in for a device; else empty."""


class OutputChooser(Protocol):
    """Starts the best output that there is."""

    @property
    def name(self) -> str:
        """The name that a user chooses it by."""

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

    Where there is none, the user may sit elsewhere and be reached there: that is
    looked for before anything stands in, and whenever a device is.

    Args:
        devices: The outputs, the best one first; the last one's reason is told.
        silent: What stands in for them.
        elsewhere: Told of an output of another kind that is better than silence.
        find: Finds one; as `find_speaker`.
    """

    name = "auto"

    def __init__(
        self,
        devices: Sequence[Output],
        silent: Output,
        elsewhere: Callable[[str], None] | None = None,
        find: Callable[..., str] = find_speaker,
    ) -> None:
        self._devices = tuple(devices)
        self._silent = silent
        self._elsewhere = elsewhere
        self._find = find

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
            # Who asked may take a speaker away from another one; who only tries again
            # may not.
            is_found = self._look_elsewhere(idle_only=not stand_in)
            if not stand_in:
                raise
            self._silent.start(pull)
            return Opened(self._silent, "" if is_found else _no_sound(error.reason))
        return Opened(last)

    def _look_elsewhere(self, *, idle_only: bool) -> bool:
        if self._elsewhere is None or not (found := self._find(idle_only=idle_only)):
            return False
        self._elsewhere(found)
        return True


def _no_sound(reason: str) -> str:
    """Say why there is no sound; over SSH, where devices are rare, how to get it."""
    if in_ssh():
        _log.info("no sound over SSH: %s", reason)
        return NO_SOUND_HERE
    return f"No sound: {reason}"


def make_output(
    name: str = "auto",
    *,
    period_ms: int = 0,
    path: str | Path | None = None,
    pace: float = 1.0,
    elsewhere: Callable[[str], None] | None = None,
) -> Output | OutputChooser:
    """Make an output by its name; nothing is opened or imported yet.

    Args:
        name: One of `OUTPUTS`, or one of `WITH_DEVICES`, a colon and the name of a
            device, or `file:PATH`.
        period_ms: How much a device asks for at a time; 0 for what suits it.
        path: Where the `file` output writes its WAV.
        pace: How many times faster than real time the `file` output runs.
        elsewhere: Told of what `auto` finds on another machine; None not to look.

    Raises:
        UsageError: There is no such output, or the path is missing.
    """
    kind, colon, what = name.partition(":")
    if kind not in OUTPUTS or (colon and not (what and kind in _WITH_MORE)):
        known = ", ".join(OUTPUTS)
        raise UsageError(f"there is no output '{name}' (there are {known})")
    match kind:
        case "pulse":
            from tui.audio._pulse import PulseOutput

            return PulseOutput(what)
        case "miniaudio":
            from tui.audio._miniaudio import MiniaudioOutput

            return MiniaudioOutput(what, period_ms=period_ms)
        case "simpleaudio":
            from tui.audio._simpleaudio import SimpleaudioOutput

            return SimpleaudioOutput()
        case "null":
            return NullOutput()
        case "file":
            from tui.audio._file import FileOutput

            if not (what or path):
                raise UsageError("the output 'file' needs a path to write to")
            return FileOutput(what or path or "", pace=pace)
        case _:
            from tui.audio._miniaudio import MiniaudioOutput
            from tui.audio._pulse import PulseOutput

            devices = (PulseOutput(), MiniaudioOutput(period_ms=period_ms))
            return AutoChooser(devices, NullOutput(), elsewhere)


def list_outputs() -> tuple[OutputInfo, ...]:
    """Look for the outputs that can be chosen now.

    Asks the sound server, and the machine if there is none. Each gets a few seconds;
    nothing is printed, and nothing is opened for longer.

    Returns:
        `auto` first, then the devices by their names, `null` last.
    """
    from tui.audio._miniaudio import list_devices
    from tui.audio._pulse_server import list_sinks
    from tui.audio._simpleaudio import is_safe

    kind, found = "pulse", _within(_LIST_S, list_sinks)
    if found is None:
        kind, found = "miniaudio", _within(_LIST_S, list_devices) or []
    devices = [
        OutputInfo(f"{kind}:{name}", (label or name)[:_LABEL_LIMIT], is_usual)
        for name, label, is_usual in sorted(found)
        if len(name) <= _NAME_LIMIT
    ]
    # The usual one is told in any case: where there are too many, by name the last ones
    # are left out.
    devices.sort(key=lambda device: not device.is_default)
    devices = sorted(devices[:_LIST_LIMIT], key=lambda device: device.name)
    silence = OutputInfo("null", "silence", is_default=not devices)
    if importlib.util.find_spec("simpleaudio") is not None and is_safe():
        devices.append(OutputInfo("simpleaudio", "the device of ALSA"))
    if in_ssh():
        devices.append(OutputInfo("browser", "a page in your browser"))
    return OutputInfo("auto", "the usual device"), *devices, silence


def _within(
    seconds: float, ask: Callable[[], list[tuple[str, str, bool]]]
) -> list[tuple[str, str, bool]] | None:
    """Ask on a thread of its own; None when there is no answer in time."""
    answers: SimpleQueue[list[tuple[str, str, bool]] | None] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except AudioError as error:
            _log.info("no devices: %s", error)
            answers.put(None)
        except Exception:  # noqa: BLE001  # the outermost one of a thread
            _log.exception("no devices")
            answers.put(None)

    threading.Thread(target=run, name="audio-devices", daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        _log.warning("the devices were not told in time")
        return None
