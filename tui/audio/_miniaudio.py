"""The default output: PulseAudio, PipeWire, ALSA or JACK through miniaudio."""

from __future__ import annotations

import ctypes
import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from tui.audio._api import CHANNELS, RATE
from tui.audio._far import far_server
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["MiniaudioOutput", "list_devices"]

_log = logging.getLogger(__name__)

PERIOD_MS = 18
"""A command is heard after one to two periods: 36 ms at the latest. Shorter ones drop
out when both cores are busy (10 ms: 33 gaps in 12 s while 100,000 files were indexed,
20 ms: none)."""
REMOTE_PERIOD_MS = 200
"""Over a network, shorter periods break up (66 gaps in 6 s at 20 ms, none at 200)."""
MAX_PERIOD_MS = 400
"""A PulseAudio null sink stays silent from 450 ms on."""
_BACKENDS = ("PULSEAUDIO", "ALSA", "JACK")
_NO_DEVICE = "there is no sound device"
_NO_SERVER = "the sound server can't be reached"
_BUSY = "the sound device is busy"
_WORDS: dict[object, str] = {
    -203: _NO_SERVER,
    -204: _NO_SERVER,
    -401: _NO_DEVICE,
    -103: _NO_DEVICE,
    -304: _BUSY,
    -19: _BUSY,
}
"""Why a device can't be opened, by the number that miniaudio gives."""


class MiniaudioOutput:
    """A sound device.

    Args:
        device: What the backend calls the device to play on; empty for the usual one.
        period_ms: How much it asks for at a time; 0 for 20, or 200 when the sound
            server is on another machine.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        device: str = "",
        *,
        period_ms: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = f"miniaudio:{device}" if device else "miniaudio"
        self._device_name = device
        self._wanted_ms = period_ms
        self._clock = clock
        self._device: Any = None  # the package has no types
        self._last = float("-inf")

    @property
    def period_ms(self) -> int:
        """How much the device asks for at a time."""
        wanted = self._wanted_ms or (REMOTE_PERIOD_MS if far_server() else PERIOD_MS)
        return max(1, min(MAX_PERIOD_MS, wanted))

    @property
    def latency_ms(self) -> int:
        """How long a frame takes to the ear: measured as one and a half periods."""
        return self.period_ms * 3 // 2

    def start(self, pull: Callable[[int], bytes]) -> None:
        """Open the device and begin to ask for sound.

        Raises:
            AudioError: There is no device, or it is busy.
        """
        self.stop()
        miniaudio = _package(self.name)
        kinds = [miniaudio.Backend[kind] for kind in _BACKENDS]
        device_id = None
        if self._device_name:
            kind, device_id = _find(self.name, self._device_name)
            kinds = [kind]
        # `__new__` and `__init__` apart: a device that fails to open would else leak
        # the connection to the sound server that it made before.
        device = miniaudio.PlaybackDevice.__new__(miniaudio.PlaybackDevice)
        try:
            device.__init__(
                output_format=miniaudio.SampleFormat.SIGNED16,
                nchannels=CHANNELS,
                sample_rate=RATE,
                buffersize_msec=self.period_ms,
                device_id=device_id,
                backends=kinds,
                app_name="Earmark",
            )
            self._last = self._clock()
            serving = self._serve(pull)
            next(serving)
            device.start(serving)
        except miniaudio.MiniaudioError as error:
            _release(device)
            raise AudioError(self.name, _plain(error)) from error
        self._device = device

    def stop(self) -> None:
        """Close the device; `start` may be called again."""
        device, self._device = self._device, None
        if device is not None:
            _release(device)

    def is_alive(self) -> bool:
        """Whether the device asked for sound within the last second."""
        return self._device is not None and self._clock() - self._last <= 1.0

    def _serve(self, pull: Callable[[int], bytes]) -> Generator[bytes, int, None]:
        frames = yield b""
        while True:
            self._last = self._clock()
            frames = yield pull(frames)


def list_devices() -> list[tuple[str, str, bool]]:
    """Look for the devices of a machine without a sound server.

    Returns:
        Of each its name, twice, and whether it is the usual one.

    Raises:
        AudioError: The package miniaudio is missing.
    """
    miniaudio = _package("miniaudio")
    found = {}
    for name, device_id, is_usual in _devices("miniaudio", "ALSA"):
        # The rest are parts that other devices are made of, by their names in ALSA.
        known_as = bytes(miniaudio.ffi.buffer(device_id)).partition(b"\0")[0]
        if b":" in known_as or known_as == b"default":
            found[name] = is_usual
    return [(name, name, is_usual) for name, is_usual in found.items()]


def _find(output: str, wanted: str) -> tuple[Any, Any]:
    """Give the backend of a device, and what that knows it by."""
    for kind in _BACKENDS[:-1]:  # JACK has no names, and complains when it is not there
        for name, device_id, _ in _devices(output, kind):
            if name == wanted:
                return _package(output).Backend[kind], device_id
    raise AudioError(output, "there is no device with this name")


def _devices(output: str, kind: str) -> list[tuple[str, Any, bool]]:
    """Ask a backend for its devices; none when it does not work here."""
    miniaudio = _package(output)
    ffi, lib = miniaudio.ffi, miniaudio.lib
    context = ffi.new("ma_context*")
    kinds = ffi.new("ma_backend[]", [miniaudio.Backend[kind].value])
    if lib.ma_context_init(kinds, 1, ffi.NULL, context) != lib.MA_SUCCESS:
        return []
    try:
        infos, count = ffi.new("ma_device_info**"), ffi.new("ma_uint32*")
        code = lib.ma_context_get_devices(context, infos, count, ffi.NULL, ffi.NULL)
        if code != lib.MA_SUCCESS:
            return []
        return [
            (
                ffi.string(info.name).decode(errors="surrogateescape"),
                ffi.new("ma_device_id*", info.id),  # a copy: the context ends
                bool(info.isDefault),
            )
            for info in (infos[0][number] for number in range(count[0]))
        ]
    finally:
        lib.ma_context_uninit(context)


def _package(output: str) -> Any:  # noqa: ANN401  # the package has no types
    """Load the package, and keep ALSA quiet."""
    try:
        import miniaudio
    except ImportError as error:
        reason = "the package miniaudio is not installed"
        raise AudioError(output, reason) from error
    _hush_alsa()
    return miniaudio


_Handler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)


def _say_nothing(*_args: object) -> None:
    """Take an error of ALSA; what matters comes as a return value, too."""


_NOTHING = _Handler(_say_nothing)
"""Kept for ever: ALSA holds its address."""


def _hush_alsa() -> None:
    """Keep ALSA from writing 40 lines to the terminal when there is no sound card."""
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_NOTHING)
    except (OSError, AttributeError):
        return  # no ALSA, no noise


def _release(device: Any) -> None:  # noqa: ANN401  # the package has no types
    """Close a device and its context, which miniaudio itself never frees (4 fds)."""
    import miniaudio

    context = getattr(device, "_context", None)
    device.close()
    if context is not None:
        miniaudio.lib.ma_context_uninit(context)
        device._context = None  # noqa: SLF001  # there is no other way to free it


def _plain(error: Exception) -> str:
    """Say in words why there is no sound; the number is for the log."""
    code = error.args[-1] if error.args else 0
    _log.info("no sound: miniaudio %s", code)
    return _WORDS.get(code, "no sound device can be opened")
