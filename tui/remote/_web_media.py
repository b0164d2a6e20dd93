"""The bytes that a web page is given of a recording: the file's own, or new ones.

Browsers play most voice notes as they are. What they lack (AMR, CAF, WMA, GSM), cannot
be sought in, or is large for a slow line (WAV, FLAC, a film) becomes Opus, see `Made`.
A long Ogg of Opus keeps its packets, and gets an index, see `Indexed`.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from typing import IO, TYPE_CHECKING, Protocol

from tui.archives import open_quietly
from tui.audio import Recording
from tui.errors import AudioError
from tui.remote._web_made import Made, count_samples
from tui.remote._web_ogg import Indexed

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from av.container import InputContainer

__all__ = ["Served", "serve_note"]

_log = logging.getLogger(__name__)

_NATIVE = {
    ("ogg", "opus"): "audio/ogg",
    ("ogg", "vorbis"): "audio/ogg",
    ("mp3", "mp3"): "audio/mpeg",
    ("mp3", "mp3float"): "audio/mpeg",
    ("mov", "aac"): "audio/mp4",
    ("matroska", "opus"): "audio/webm",
    ("matroska", "vorbis"): "audio/webm",
}
"""By the container's first name and the codec: what Chromium, Firefox and Safari play,
and seek in to the right place."""
_MOST_BITS = 160_000
"""Bits a second from which on a recording is made smaller."""
_MOST_UNINDEXED = 1_000_000
"""Bytes of an Ogg from which on it is given an index, so that a far place is heard
soon: smaller ones have arrived in a moment."""


class Served(Protocol):
    """A recording that a page may fetch; nothing but these bytes, under a random name.

    `read` is called on a thread of `worker`, all else on any.
    """

    @property
    def mime(self) -> str:
        """What the bytes are."""

    @property
    def duration_ms(self) -> int | None:
        """How long it lasts, as far as that is known."""

    @property
    def samples(self) -> int:
        """How long it is when it is made here, at the engine's rate; else 0."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    @property
    def key(self) -> str:
        """The random name."""

    @property
    def is_made(self) -> bool:
        """Whether the bytes are made here."""

    @property
    def worker(self) -> ThreadPoolExecutor | None:
        """Whose threads may wait for the bytes; None for the usual ones."""

    def read(self, begin: int, count: int) -> bytes:
        """Give bytes from a place on; fewer than asked for, none when it was let go.

        Raises:
            AudioError: They can't be read, or made.
        """

    def close(self) -> None:
        """Let it go; whoever fetches it gets no more."""


class _Own:
    """The bytes of a file.

    Args:
        path: What it is called, in errors.
        file: What holds them; it is taken over.
        mime: What they are.
        duration_ms: How long it lasts.
    """

    def __init__(
        self, path: bytes, file: IO[bytes], mime: str, duration_ms: int | None
    ) -> None:
        self._path = path
        self._file = file
        self._lock = threading.Lock()
        self._readers = 0
        self._is_closed = False
        self.mime = mime
        self.duration_ms = duration_ms
        self.samples = 0
        self.is_made = False
        self.worker: ThreadPoolExecutor | None = None
        self.size = os.fstat(file.fileno()).st_size
        self.key = secrets.token_urlsafe(24)

    def read(self, begin: int, count: int) -> bytes:
        """Give bytes from a place on; fewer at the end, none when it was let go.

        Raises:
            AudioError: There are none any more.
        """
        with self._lock:
            if self._is_closed:
                return b""
            self._readers += 1
        try:
            found = os.pread(self._file.fileno(), count, begin)
        except OSError as error:
            reason = error.strerror or "can't be read"
            raise AudioError(self._path, reason) from error
        finally:
            with self._lock:
                self._readers -= 1
                self._close_if_free()
        if not found:  # a page would ask for them again and again
            raise AudioError(self._path, "has become shorter")
        return found

    def close(self) -> None:
        """Let it go."""
        with self._lock:
            self._is_closed = True
            self._close_if_free()

    def _close_if_free(self) -> None:
        # Not while somebody reads: the number could be another file's by then.
        if self._is_closed and not self._readers:
            self._file.close()


def serve_note(
    path: bytes, should_stop: Callable[[], bool], *, most_bytes: int | None = None
) -> Served:
    """Open a recording for a page.

    Args:
        path: The absolute path.
        should_stop: Asked while its length is looked up.
        most_bytes: From what size on new bytes are made of any file; 0 for all, as when
            the page could not play the file's own.

    Raises:
        AudioError: It can't be read, has no sound in it, or was stopped.
    """
    recording = Recording(path)
    try:
        container = recording.open()
        try:
            mime, duration_ms = _facts(path, container)
            is_long = most_bytes is not None and container.size > most_bytes
        finally:
            container.close()
        if not mime or is_long:
            return Made(recording, count_samples(recording, should_stop))
    except BaseException:
        recording.close()
        raise
    recording.close()
    file = os.fdopen(_opened(path), "rb", buffering=0)
    own = _Own(path, file, mime, duration_ms)
    if mime != "audio/ogg" or own.size <= _MOST_UNINDEXED:
        return own
    try:
        return Indexed(own, path, should_stop)
    except ValueError as error:
        _log.info("%r stays an Ogg: %s", path, error)
        return own
    except BaseException:
        own.close()
        raise


def _opened(path: bytes) -> int:
    try:
        return open_quietly(path)
    except OSError as error:
        raise AudioError(path, error.strerror or "can't be read") from error


def _facts(path: bytes, container: InputContainer) -> tuple[str, int | None]:
    """Tell its type, empty when a browser had better not get it, and its length."""
    streams = container.streams.audio
    if not streams or not streams[0].sample_rate:
        raise AudioError(path, "no audio in it")
    duration = container.duration
    if not duration:
        return "", None
    kind = container.format.name.partition(",")[0]
    mime = _NATIVE.get((kind, streams[0].codec_context.name), "")
    is_film = any(
        "attached_pic" not in str(each.disposition) for each in container.streams.video
    )
    bits = container.size * 8_000_000 / duration
    if is_film or len(streams) > 1 or bits > _MOST_BITS:
        mime = ""
    return mime, round(duration / 1000)
