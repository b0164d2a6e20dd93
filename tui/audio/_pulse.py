"""An output that speaks to PulseAudio or PipeWire itself, and can take sound back.

The server holds some 100 ms of sound ready, so that a busy machine is not heard. When
something else is to be heard, what was not played yet is replaced: the mixer goes back
to the place that the server will read next, and gives the sound anew from there. So a
pause is heard after a few milliseconds, with its fade, and no sound is lost.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from ctypes import byref
from typing import TYPE_CHECKING, Any

from tui.audio import _libpulse as pulse
from tui.audio._api import CHANNELS, RATE
from tui.audio._far import far_server
from tui.audio._paced import PERIOD, Pacer
from tui.audio._pulse_server import Connection
from tui.audio._ring import FRAME
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PulseOutput"]

_log = logging.getLogger(__name__)

_HELD_MS = 130
"""How much sound the server holds ready. Over a network four times as much is
held: twice is enough for a round trip of 80 ms, and not for one of 300."""
_REQUEST_MS = 5
"""How far ahead the device reads: what a change can't reach any more."""
_POLL_MS = 30
"""How often it is looked how much room there is. The library would call back whenever
there is any, every 5 ms; that alone took 3 % of a core."""
_SLICE = RATE // 50
"""Frames that are asked for at once, 20 ms: each time costs, and going back into one
costs little."""
_NO_SIZE = 2**63
"""What a size is below, unless it is an error."""
_TIMING_S = 0.2
"""How long an answer about the time may take, before the change waits its turn."""
_SPARE_S = (0.001, 0.02)
"""How long a change may be on its way, at least and at most: half as much again as the
slowest of the last ones."""
_FORGET = 0.9
"""How much of that is remembered from one change to the next."""


def _bytes(ms: int) -> int:
    return RATE * ms // 1000 * FRAME


class PulseOutput:
    """A stream to the sound server.

    Args:
        device: The server's name of the sink to play on; empty for the usual one,
            also when that changes.
        clock: Seconds that only grow.
    """

    def __init__(
        self, device: str = "", *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = f"pulse:{device}" if device else "pulse"
        self._device = device
        self._clock = clock
        self._server = Connection(self.name, device)
        self._stream: int | None = None
        self._pacer: Pacer | None = None
        self._pull: Callable[[int], bytes] = _silence
        self._timed = threading.Event()
        self._is_dead = False
        self._last = float("-inf")
        self._written = 0
        self._slowest_s = 0.0
        # Kept for ever: the library holds their addresses.
        self._on_state = pulse.NOTIFY(self._take_state)
        self._on_timing = pulse.SUCCESS(self._take_timing)

    @property
    def is_failed(self) -> bool:
        """Whether the device or the server has gone."""
        return self._is_dead or self._server.is_failed

    @property
    def depth(self) -> int:
        """How many frames are held ready, and asked for at once after a change."""
        return _bytes(self._held_ms) // FRAME

    @property
    def delay_ms(self) -> int:
        """How long a change takes to the ear."""
        return 4 * _REQUEST_MS

    @property
    def _held_ms(self) -> int:
        return _HELD_MS * (4 if far_server() else 1)

    @property
    def latency_ms(self) -> int:
        """How long a frame takes from `pull` to the ear, as it is now."""
        if self._stream is None:
            return 0
        with self._server.locked() as library:
            info = self._timing(library)
            if info is None:
                return _HELD_MS
            waiting = self._written - self._read_index(info)
            usec = int(info.sink_usec) + int(info.transport_usec)
        return max(0, round(waiting / FRAME / RATE * 1000 + usec / 1000))

    def start(self, pull: Callable[[int], bytes]) -> None:
        """Connect to the server and begin to ask for sound.

        Raises:
            AudioError: There is no server, or no such device.
        """
        self.stop()
        self._pull = pull
        self._is_dead = False
        self._written = 0
        device = _name_bytes(self._device)
        if device is None:
            raise AudioError(self.name, "no device can have this name")
        try:
            self._server.open()
            with self._server.locked() as library:
                self._open(library, device)
            self._server.wait_for(
                library.pa_stream_get_state, self._stream, pulse.STREAM_READY
            )
        except BaseException:
            self.stop()
            raise
        self._last = self._clock()
        pace = 1000 * PERIOD / RATE / _POLL_MS
        self._pacer = Pacer("audio-pulse", self._fill, pace=pace)
        self._pacer.start()

    def stop(self) -> None:
        """Disconnect; `start` may be called again."""
        pacer, self._pacer = self._pacer, None
        if pacer is not None:
            pacer.stop()
        with self._server.locked() as library:
            if self._stream is not None:
                library.pa_stream_disconnect(self._stream)
                library.pa_stream_unref(self._stream)
                self._stream = None
        self._server.close()
        self._pull = _silence

    def is_alive(self) -> bool:
        """Whether it asked for sound within the last second."""
        is_there = self._stream is not None and not self.is_failed
        return is_there and self._clock() - self._last <= 1.0

    def rewrite(self, rewind: Callable[[int], int], change: Callable[[], None]) -> None:
        """Replace what was not played yet.

        Args:
            rewind: Makes so many frames those that `pull` gives next, again; returns
                how many it could.
            change: Changes what `pull` gives.
        """
        if self._stream is None or self.is_failed or self._written == 0:
            change()
            return
        begun = time.monotonic()
        self._ask_timing()
        with self._server.locked() as library:
            frames = self._replaceable(library)
            frames = rewind(frames) if frames > 0 else 0
            change()
            if frames > 0:
                at = self._written - frames * FRAME
                self._write(library, frames * FRAME, at)
        took_s = time.monotonic() - begun
        self._slowest_s = max(took_s, self._slowest_s * _FORGET)

    # The stream

    def _open(self, library: Any, device: bytes) -> None:  # noqa: ANN401  # ctypes has no types
        kind = pulse.S16LE if sys.byteorder == "little" else pulse.S16BE
        spec = pulse.SampleSpec(kind, RATE, CHANNELS)
        held, step = _bytes(self._held_ms), _bytes(_REQUEST_MS)
        attr = pulse.BufferAttr(0xFFFFFFFF, held, step, step, 0xFFFFFFFF)
        stream = library.pa_stream_new(
            self._server.context, b"voice notes", byref(spec), None
        )
        if not stream:
            raise AudioError(self.name, self._server.reason())
        self._stream = stream
        library.pa_stream_set_state_callback(stream, self._on_state, None)
        flags = pulse.STREAM_FLAGS | (pulse.STREAM_DONT_MOVE if device else 0)
        if library.pa_stream_connect_playback(
            stream, device or None, byref(attr), flags, None, None
        ):
            raise AudioError(self.name, self._server.reason())

    # On the library's thread

    def _take_state(self, stream: int, _data: int) -> None:
        library = self._server.library
        if library.pa_stream_get_state(stream) >= pulse.STREAM_FAILED:
            self._is_dead = True
        self._server.changed.set()

    def _take_timing(self, _stream: int, _success: int, _data: int) -> None:
        self._timed.set()

    # What is written

    def _fill(self, _frames: int) -> None:
        """Write what there is room for; on a thread of its own."""
        with self._server.locked() as library:
            room: int = library.pa_stream_writable_size(self._stream)
            if _SLICE * FRAME // 2 <= room < _NO_SIZE:
                self._last = self._clock()
                self._write(library, room - room % FRAME, None)

    def _write(self, library: Any, wanted: int, at: int | None) -> None:  # noqa: ANN401  # ctypes has no types
        """Give the server so many bytes, at the end or in the place of others."""
        frames = wanted // FRAME
        parts = []
        while frames:
            some = min(frames, _SLICE)
            parts.append(self._pull(some))
            frames -= some
        data = b"".join(parts)
        if not data:
            return
        way = pulse.SEEK_RELATIVE if at is None else pulse.SEEK_ABSOLUTE
        library.pa_stream_write(self._stream, data, len(data), None, at or 0, way)
        if at is None:
            self._written += len(data)

    def _ask_timing(self) -> None:
        """Have the server say how far it has read."""
        self._timed.clear()
        with self._server.locked() as library:
            operation = library.pa_stream_update_timing_info(
                self._stream, self._on_timing, None
            )
            if operation:
                library.pa_operation_unref(operation)
        if operation:
            self._timed.wait(_TIMING_S)

    def _read_index(self, info: pulse.TimingInfo) -> int:
        """How many bytes the server has given to the device by now."""
        age = int(info.transport_usec)
        if info.playing:
            then = info.timestamp.seconds + info.timestamp.microseconds / 1e6
            age += max(0, round((time.time() - then) * 1e6)) if then else 0
        else:
            age = 0
        passed = age * RATE // 1_000_000 * FRAME
        return min(self._written, int(info.read_index) + passed)

    def _replaceable(self, library: Any) -> int:  # noqa: ANN401  # ctypes has no types
        """How many frames will surely not have been read when others arrive."""
        info = self._timing(library)
        if info is None or info.read_index_corrupt:
            return 0
        block = int(info.configured_sink_usec) * RATE // 1_000_000
        block = min(block or _bytes(_REQUEST_MS) // FRAME, RATE // 10)
        waiting = (self._written - self._read_index(info)) // FRAME
        least, most = _SPARE_S
        spare_s = min(most, max(least, 1.5 * self._slowest_s))
        return waiting - block - round(spare_s * RATE)

    def _timing(self, library: Any) -> pulse.TimingInfo | None:  # noqa: ANN401  # ctypes has no types
        """What the server said last about the time; None before it did."""
        info = library.pa_stream_get_timing_info(self._stream)
        if not info:
            return None
        found: pulse.TimingInfo = info.contents
        return found


def _name_bytes(device: str) -> bytes | None:
    """Give a sink's name as the server knows it; None for what can be none."""
    try:
        name = device.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return None
    return None if b"\0" in name else name


def _silence(frames: int) -> bytes:
    return bytes(frames * FRAME)
