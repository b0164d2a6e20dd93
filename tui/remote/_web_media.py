"""The bytes that a web page is given of a recording: the file's own, or new ones.

Browsers play most voice notes as they are. What they lack (AMR, CAF, WMA, GSM), cannot
be sought in, or is large for a slow line (WAV, FLAC, a film) becomes Ogg Opus, in a
file without a name.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from typing import IO, TYPE_CHECKING

from tui.archives import open_quietly
from tui.audio import RATE, Decoder, Recording
from tui.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av import AudioFrame
    from av.container import InputContainer

__all__ = ["Served", "serve_note"]

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
_OPUS_BITS = 48_000
_BYTES = 2
_BLOCK = RATE // 50


class Served:
    """A recording that a page may fetch; nothing but these bytes, under a random name.

    Args:
        file: What holds the bytes; it is taken over.
        mime: What they are.
        duration_ms: How long it lasts, as far as that is known.
        is_made: Whether they were made here.
    """

    def __init__(
        self, file: IO[bytes], mime: str, duration_ms: int | None, *, is_made: bool
    ) -> None:
        self._file = file
        self.mime = mime
        self.duration_ms = duration_ms
        self.is_made = is_made
        self.size = os.fstat(file.fileno()).st_size
        self.key = secrets.token_urlsafe(24)

    def read(self, begin: int, count: int) -> bytes:
        """Give bytes from a place on; fewer at the end, none when it was let go.

        Raises:
            OSError: They can't be read.
        """
        try:
            return os.pread(self._file.fileno(), count, begin)
        except ValueError:
            return b""

    def close(self) -> None:
        """Let it go; whoever fetches it gets no more."""
        self._file.close()


def serve_note(path: bytes, should_stop: Callable[[], bool], *, make: bool) -> Served:
    """Open a recording for a page.

    Args:
        path: The absolute path.
        should_stop: Asked while bytes are made.
        make: Make them in any case: the page could not play the file's own.

    Raises:
        AudioError: It can't be read, has no sound in it, or was stopped.
    """
    recording = Recording(path)
    try:
        container = recording.open()
        try:
            mime, duration_ms = _facts(path, container)
        finally:
            container.close()
        if mime and not make:
            file = os.fdopen(_opened(path), "rb", buffering=0)
            return Served(file, mime, duration_ms, is_made=False)
        return _made(recording, should_stop)
    finally:
        recording.close()


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


def _made(recording: Recording, should_stop: Callable[[], bool]) -> Served:
    """Encode it anew.

    Raises:
        AudioError: It can't be decoded, or was stopped.
    """
    import av

    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # whoever takes it closes it
    try:
        frames = _encode(recording, file.fileno(), should_stop)
    except (av.error.FFmpegError, OSError) as error:
        file.close()
        raise AudioError(recording.path, "can't be made smaller") from error
    except BaseException:
        file.close()
        raise
    return Served(file, "audio/ogg", round(frames / RATE * 1000), is_made=True)


def _encode(
    recording: Recording, descriptor: int, should_stop: Callable[[], bool]
) -> int:
    """Write it as Ogg Opus; returns how many samples it has.

    Raises:
        AudioError: It can't be decoded, or was stopped.
        FFmpegError: It can't be encoded.
        OSError: There is no room for it.
    """
    import av

    count = 0
    with (
        os.fdopen(os.dup(descriptor), "wb") as sink,
        av.open(sink, "w", format="ogg") as out,
    ):
        stream = out.add_stream(
            "libopus", rate=RATE, options={"compression_level": "5"}
        )
        stream.bit_rate = _OPUS_BITS
        stream.layout = "mono"
        for frame in _frames(recording):
            if should_stop():
                raise AudioError(recording.path, "not needed any more")
            count += frame.samples
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    if not count:
        raise AudioError(recording.path, "no audio in it that can be decoded")
    return count


def _frames(recording: Recording) -> Iterator[AudioFrame]:
    """Decode it to frames of 20 ms; the last one may be shorter."""
    rest = bytearray()
    at = 0
    with Decoder(recording) as decoder:
        for pcm, _ in decoder:
            rest += pcm
            while len(rest) >= _BLOCK * _BYTES:
                yield _frame(bytes(rest[: _BLOCK * _BYTES]), at)
                del rest[: _BLOCK * _BYTES]
                at += _BLOCK
    if rest:
        yield _frame(bytes(rest), at)


def _frame(pcm: bytes, at: int) -> AudioFrame:
    import av

    frame = av.AudioFrame("s16", "mono", samples=len(pcm) // _BYTES)
    frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate = RATE
    frame.pts = at
    return frame
