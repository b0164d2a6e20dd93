"""An output that speaks to PulseAudio or PipeWire itself, and can take sound back.

The server holds some 100 ms of sound ready, so that a busy machine is not heard. When
something else is to be heard, what was not played yet is replaced: the mixer goes back
to the place that the server will read next, and gives the sound anew from there. So a
pause is heard after a few milliseconds, with its fade, and no sound is lost.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import contextmanager
from ctypes import byref
from typing import TYPE_CHECKING, Any

from tui.audio import _libpulse as pulse
from tui.audio._api import CHANNELS, RATE
from tui.audio._ring import FRAME
from tui.errors import AudioError

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable, Iterator

__all__ = ["PulseOutput"]

_log = logging.getLogger(__name__)

_HELD_MS = 120
"""How much sound the server holds ready. Over a network twice as much is held."""
_REQUEST_MS = 5
"""How often it asks for more, and how far ahead the device reads: what a change can't
reach any more."""
_SLICE = RATE // 50
"""Frames that are asked for at once, 20 ms: each time costs, and going back into one
costs little."""
_CONNECT_S = 2.0
"""How long the server may take to answer."""
_TIMING_S = 0.2
"""How long an answer about the time may take, before the change waits its turn."""
_SPARE_S = (0.001, 0.02)
"""How long a change may be on its way, at least and at most: half as much again as the
slowest of the last ones."""
_FORGET = 0.9
"""How much of that is remembered from one change to the next."""
_NO_LIBRARY = "libpulse is not installed"
_NO_SERVER = "the sound server can't be reached"


def _bytes(ms: int) -> int:
    return RATE * ms // 1000 * FRAME


class PulseOutput:
    """A stream to the sound server.

    Args:
        clock: Seconds that only grow.
    """

    name = "pulse"

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._library: ctypes.CDLL | None = None
        self._loop: int | None = None
        self._context: int | None = None
        self._stream: int | None = None
        self._pull: Callable[[int], bytes] = _silence
        self._changed = threading.Event()
        self._timed = threading.Event()
        self._is_failed = False
        self._last = float("-inf")
        self._written = 0
        self._slowest_s = 0.0
        # Kept for ever: the library holds their addresses.
        self._on_state = pulse.NOTIFY(self._take_state)
        self._on_request = pulse.REQUEST(self._take_request)
        self._on_timing = pulse.SUCCESS(self._take_timing)

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
        return _HELD_MS * (2 if _is_remote() else 1)

    @property
    def latency_ms(self) -> int:
        """How long a frame takes from `pull` to the ear, as it is now."""
        if self._stream is None:
            return 0
        with self._locked() as library:
            info = self._timing(library)
            if info is None:
                return _HELD_MS
            waiting = self._written - self._read_index(info)
            usec = int(info.sink_usec) + int(info.transport_usec)
        return max(0, round(waiting / FRAME / RATE * 1000 + usec / 1000))

    def start(self, pull: Callable[[int], bytes]) -> None:
        """Connect to the server and begin to ask for sound.

        Raises:
            AudioError: There is no server.
        """
        self.stop()
        self._pull = pull
        self._is_failed = False
        self._written = 0
        try:
            self._library = pulse.load()
        except OSError as error:
            raise AudioError(self.name, _NO_LIBRARY) from error
        try:
            self._connect(self._library)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Disconnect; `start` may be called again."""
        library, loop = self._library, self._loop
        if library is None or loop is None:
            return
        with self._locked():
            if self._stream is not None:
                library.pa_stream_disconnect(self._stream)
                library.pa_stream_unref(self._stream)
                self._stream = None
            if self._context is not None:
                library.pa_context_disconnect(self._context)
                library.pa_context_unref(self._context)
                self._context = None
        library.pa_threaded_mainloop_stop(loop)
        library.pa_threaded_mainloop_free(loop)
        self._loop = None
        self._pull = _silence

    def is_alive(self) -> bool:
        """Whether it asked for sound within the last second."""
        is_there = self._stream is not None and not self._is_failed
        return is_there and self._clock() - self._last <= 1.0

    def rewrite(self, rewind: Callable[[int], int], change: Callable[[], None]) -> None:
        """Replace what was not played yet.

        Args:
            rewind: Makes so many frames those that `pull` gives next, again; returns
                how many it could.
            change: Changes what `pull` gives.
        """
        if self._stream is None or self._is_failed or self._written == 0:
            change()
            return
        begun = time.monotonic()
        self._ask_timing()
        with self._locked() as library:
            frames = self._replaceable(library)
            frames = rewind(frames) if frames > 0 else 0
            change()
            if frames > 0:
                at = self._written - frames * FRAME
                self._write(library, frames * FRAME, at)
        took_s = time.monotonic() - begun
        self._slowest_s = max(took_s, self._slowest_s * _FORGET)

    # The connection

    def _connect(self, library: ctypes.CDLL) -> None:
        self._loop = library.pa_threaded_mainloop_new()
        api = library.pa_threaded_mainloop_get_api(self._loop)
        self._context = library.pa_context_new(api, b"Earmark")
        library.pa_context_set_state_callback(self._context, self._on_state, None)
        no_autospawn = 1
        if library.pa_context_connect(self._context, None, no_autospawn, None) < 0:
            raise AudioError(self.name, _NO_SERVER)
        library.pa_threaded_mainloop_start(self._loop)
        self._await(library.pa_context_get_state, self._context, pulse.CONTEXT_READY)
        with self._locked():
            self._open(library)
        self._await(library.pa_stream_get_state, self._stream, pulse.STREAM_READY)
        self._last = self._clock()

    def _open(self, library: ctypes.CDLL) -> None:
        kind = pulse.S16LE if sys.byteorder == "little" else pulse.S16BE
        spec = pulse.SampleSpec(kind, RATE, CHANNELS)
        held, step = _bytes(self._held_ms), _bytes(_REQUEST_MS)
        attr = pulse.BufferAttr(0xFFFFFFFF, held, step, step, 0xFFFFFFFF)
        stream = library.pa_stream_new(self._context, b"voice notes", byref(spec), None)
        if not stream:
            raise AudioError(self.name, self._reason(library))
        self._stream = stream
        library.pa_stream_set_state_callback(stream, self._on_state, None)
        library.pa_stream_set_write_callback(stream, self._on_request, None)
        flags = pulse.STREAM_FLAGS
        if library.pa_stream_connect_playback(
            stream, None, byref(attr), flags, None, None
        ):
            raise AudioError(self.name, self._reason(library))

    def _await(
        self, state_of: Callable[[Any], int], what: int | None, good: int
    ) -> None:
        """Wait until the context or the stream is ready."""
        until = time.monotonic() + _CONNECT_S
        library = self._library
        while True:
            self._changed.clear()
            with self._locked():
                state = state_of(what)
                reason = "" if library is None else self._reason(library)
            if state == good:
                return
            if state > good:
                raise AudioError(self.name, reason)
            if not self._changed.wait(max(0.0, until - time.monotonic())):
                raise AudioError(self.name, "the sound server does not answer")

    def _reason(self, library: ctypes.CDLL) -> str:
        """Say in words what the server said last."""
        text = library.pa_strerror(library.pa_context_errno(self._context))
        said = text.decode(errors="replace") if text else ""
        _log.info("no sound: libpulse says %s", said)
        known = {
            "Connection refused": _NO_SERVER,
            "No such entity": "there is no sound device",
        }
        return known.get(said, said.lower() or _NO_SERVER)

    @contextmanager
    def _locked(self) -> Iterator[Any]:
        """Keep the library's thread from working meanwhile."""
        library, loop = self._library, self._loop
        if library is None or loop is None:
            yield library
            return
        library.pa_threaded_mainloop_lock(loop)
        try:
            yield library
        finally:
            library.pa_threaded_mainloop_unlock(loop)

    # On the library's thread

    def _take_state(self, _who: int, _data: int) -> None:
        library = self._library
        if library is not None:
            context, stream = self._context, self._stream
            if (
                context
                and library.pa_context_get_state(context) >= pulse.CONTEXT_FAILED
            ):
                self._is_failed = True
            if stream and library.pa_stream_get_state(stream) >= pulse.STREAM_FAILED:
                self._is_failed = True
        self._changed.set()

    def _take_timing(self, _stream: int, _success: int, _data: int) -> None:
        self._timed.set()

    def _take_request(self, _stream: int, wanted: int, _data: int) -> None:
        try:
            self._last = self._clock()
            if wanted >= _SLICE * FRAME:  # else it asks again, for more
                self._write(self._library, wanted - wanted % FRAME, None)
        except Exception:  # noqa: BLE001  # nothing may pass into the library
            _log.exception("no sound for the server")

    # What is written

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
        with self._locked() as library:
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


def _silence(frames: int) -> bytes:
    return bytes(frames * FRAME)


def _is_remote() -> bool:
    server = os.environ.get("PULSE_SERVER", "")
    return server.startswith(("tcp:", "tcp4:", "tcp6:"))
