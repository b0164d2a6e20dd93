"""The second output: simpleaudio, made to stream without gaps.

simpleaudio plays one buffer and has no stream: chunk after chunk leaves holes of 50 ms.
But it copies nothing; its thread reads the buffer while it plays. So one large memory
map, lazily zero, is played as a whole like a tape, and written a little ahead of the
clock. Only for a process of its own that was started with PYTHONMALLOC=malloc: else
simpleaudio crashes after each buffer on Python 3.12 and later.
"""

from __future__ import annotations

import mmap
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from tui.audio._api import CHANNELS, RATE
from tui.audio._paced import PERIOD, Pacer
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SimpleaudioOutput", "is_safe"]

_FRAME = 2 * CHANNELS
_LEAD = RATE * 150 // 1000
"""Frames written ahead of the clock."""
_HEAD = RATE // 10
"""Frames that simpleaudio hands to ALSA ahead of the clock: its fixed latency."""
_START = RATE * 250 // 1000
"""Frames of silence at the begin: what simpleaudio reads in its first go, before the
clock says anything about where it reads (180 ms were seen)."""
_TAPE = 60 * 60 * RATE
"""Frames of a tape; simpleaudio counts bytes in an int, an hour is far from its end.
A change in the middle of sound is a silence of `_START - _LEAD`."""
_WORN = 10 * 60 * RATE
"""Frames after which a tape is changed in the next silence: its head is known by the
clock only, and a sound card's clock goes astray by up to 50 ms in that time."""
_WIPE = 8 * 1024 * 1024
"""Bytes that were played are given back to the system in pieces of this size."""


class _Tape:
    """One long buffer that plays."""

    def __init__(self, play: Callable[..., Any], clock: Callable[[], float]) -> None:
        self._map = mmap.mmap(
            -1, _TAPE * _FRAME, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        )
        self._wiped = 0
        self.written = _START
        self._clock = clock
        self._playing = play(self._map, CHANNELS, _FRAME // CHANNELS, RATE)
        self._begin = clock()

    def played(self) -> int:
        """Frames whose time has come."""
        return int((self._clock() - self._begin) * RATE)

    def room(self) -> bool:
        """Whether another step has to be written now."""
        played = self.played()
        # What was not written in time was read as silence; go on behind it.
        self.written = max(self.written, played + _HEAD)
        return self.written < played + _LEAD

    def write(self, pcm: bytes) -> None:
        """Add sound behind what was written."""
        at = self.written * _FRAME
        self._map[at : at + len(pcm)] = pcm
        self.written += len(pcm) // _FRAME
        done = (self.played() - RATE) * _FRAME
        if done - self._wiped > _WIPE:
            # Whole pieces, so that the address stays on a page's border.
            self._map.madvise(mmap.MADV_DONTNEED, self._wiped, _WIPE)
            self._wiped += _WIPE

    def is_full(self) -> bool:
        """Whether less than a second is left."""
        return self.written > _TAPE - RATE

    def is_over(self) -> bool:
        """Whether everything that was written was heard."""
        return self.played() > self.written + _HEAD

    def stop(self) -> None:
        """End; the memory goes when simpleaudio lets go of it."""
        self._playing.stop()


class SimpleaudioOutput:
    """A sound device by the package simpleaudio.

    Args:
        clock: Seconds that only grow.
    """

    name = "simpleaudio"
    latency_ms = 150

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pacer: Pacer | None = None
        self._tape: _Tape | None = None
        self._spent: _Tape | None = None
        self._play: Callable[..., Any] | None = None

    def start(self, pull: Callable[[int], bytes]) -> None:
        """Open the device and begin to ask for sound.

        Raises:
            AudioError: The package is not installed, or there is no device.
        """
        self.stop()
        if not is_safe():
            reason = "it can only be chosen at the start: earmark --output simpleaudio"
            raise AudioError(self.name, reason)
        self._play = _play_buffer()
        self._tape = self._new_tape()

        def fill(_frames: int) -> None:
            self._fill(pull)

        self._pacer = Pacer("audio-simpleaudio", fill, pace=2.0, clock=self._clock)
        self._pacer.start()

    def stop(self) -> None:
        """Close the device; `start` may be called again."""
        pacer, self._pacer = self._pacer, None
        if pacer is not None:
            pacer.stop()
        for tape in (self._tape, self._spent):
            if tape is not None:
                tape.stop()
        self._tape = self._spent = None

    def is_alive(self) -> bool:
        """Whether it asked for sound within the last second."""
        return self._pacer is not None and self._pacer.is_alive()

    def _new_tape(self) -> _Tape:
        assert self._play is not None  # noqa: S101  # set by start
        try:
            return _Tape(self._play, self._clock)
        except Exception as error:
            # The package's own exception is not importable from a public place.
            reason = f"no sound device can be opened ({error})"
            raise AudioError(self.name, reason) from error

    def _fill(self, pull: Callable[[int], bytes]) -> None:
        tape = self._tape
        while tape is not None and tape.room():
            pcm = pull(PERIOD)
            worn = tape.written > _WORN and not any(pcm)
            if worn or tape.is_full():
                self._spent = tape  # its last 150 ms still have to be heard
                tape = self._tape = self._new_tape()
            tape.write(pcm)
        if self._spent is not None and self._spent.is_over():
            self._spent.stop()
            self._spent = None


def is_safe() -> bool:
    """Tell whether this process would survive it."""
    return sys.version_info < (3, 12) or os.environ.get("PYTHONMALLOC") == "malloc"


def _play_buffer() -> Callable[..., Any]:
    try:
        import simpleaudio
    except ImportError as error:
        reason = (
            "the package simpleaudio is not installed: pip install"
            " 'earmark[simpleaudio]' (needs a C compiler and libasound2-dev)"
        )
        raise AudioError("simpleaudio", reason) from error
    play: Callable[..., Any] = simpleaudio.play_buffer
    return play
