"""Makes recordings for tests: voice notes as WhatsApp writes them, other containers.

Nothing but PyAV's own encoders is needed. A tone has a whole number of waves in each
second, so a second is computed once and repeated. Corpora are made of a few encoded
clips, each copy under its own Ogg serial number, so that no two files are equal.
"""

from __future__ import annotations

import functools
import io
import itertools
import math
import os
import random
import struct
import wave
import zlib
from array import array
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from tui.sources import week_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import av

__all__ = [
    "PRE_SKIP",
    "Corpus",
    "CorpusNote",
    "amr_note",
    "corpus",
    "corpus_notes",
    "encoded",
    "hostile_names",
    "hostile_texts",
    "ogg_page",
    "opus_note",
    "silent_video",
    "tone_wav",
    "with_serial",
]

PRE_SKIP = 312
"""Samples at 48 kHz that an Opus decoder drops at the start, as WhatsApp has it."""

_OPUS_RATE = 48_000
_NOTE_RATE = 16_000
_PACKET = 2_880
"""Samples at 48 kHz in a packet of a voice note: three frames of 20 ms."""
_PACKETS_A_PAGE = 16

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_CRC_AT = slice(22, 26)
_SERIAL_AT = slice(14, 18)


def _ogg_crc(page: bytes) -> bytes:
    """Compute Ogg's checksum: zlib's, with every byte and the result mirrored."""
    crc = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return crc.to_bytes(4, "big").translate(_MIRRORED)


def ogg_page(
    packets: Sequence[bytes],
    *,
    granule: int,
    number: int,
    flags: int = 0,
    serial: int = 0,
) -> bytes:
    """Make one Ogg page of whole packets.

    Args:
        packets: At most 255 segments together.
        granule: The position at the end of the page.
        number: The page's place in the stream.
        flags: 1 continued, 2 first, 4 last.
        serial: The stream's number.

    Returns:
        The page with its checksum.
    """
    lacing = b"".join(
        b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
        for packet in packets
    )
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, number, 0)
    page = bytearray(head + bytes([len(lacing)]) + lacing + b"".join(packets))
    page[_CRC_AT] = _ogg_crc(bytes(page))
    return bytes(page)


@functools.lru_cache(maxsize=64)
def _second(freq: int, rate: int, channels: int = 1, level: float = 0.5) -> bytes:
    """Compute one second of a tone as signed 16-bit samples."""
    step = 2 * math.pi * freq / rate
    mono = [round(32767 * level * math.sin(step * n)) for n in range(rate)]
    return array(
        "h", itertools.chain.from_iterable(zip(*[mono] * channels, strict=True))
    ).tobytes()


def _tone(seconds: float, freq: int, rate: int, channels: int = 1) -> bytes:
    frame = 2 * channels
    whole = _second(freq, rate, channels)
    length = round(seconds * rate) * frame
    return (whole * (length // len(whole) + 1))[:length]


@functools.lru_cache(maxsize=64)
def _packets(freq: int, seconds: int) -> tuple[bytes, ...]:
    """Encode a tone to Opus packets of 60 ms: wide-band SILK, three frames each."""
    import av

    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate = _NOTE_RATE
    codec.layout = "mono"
    codec.format = "s16"
    codec.bit_rate = 16_000
    codec.options = {"application": "voip", "frame_duration": "20"}
    frames: list[bytes] = []
    sound = _tone(seconds + 0.12, freq, _NOTE_RATE)  # some more: the encoder's delay
    for at in range(0, len(sound) - 639, 640):
        frame = av.AudioFrame(format="s16", layout="mono", samples=320)
        frame.planes[0].update(sound[at : at + 640])
        frame.sample_rate = _NOTE_RATE
        frame.pts = at // 2
        frames.extend(bytes(packet) for packet in codec.encode(frame))
    threes = zip(*[iter(frames)] * 3, strict=False)
    return tuple(_join(three) for three in threes)


def _join(frames: tuple[bytes, ...]) -> bytes:
    """Join Opus frames of one kind to a packet (code 3, variable sizes)."""
    assert len({frame[0] for frame in frames}) == 1
    sizes = b"".join(_frame_size(len(frame) - 1) for frame in frames[:-1])
    head = bytes([frames[0][0] | 3, 0x80 | len(frames)])
    return head + sizes + b"".join(frame[1:] for frame in frames)


def _frame_size(size: int) -> bytes:
    if size < 252:
        return bytes([size])
    return bytes([252 + size % 4, (size - 252 - size % 4) // 4])


@functools.lru_cache(maxsize=256)
def opus_note(
    seconds: float,
    *,
    freq: int = 440,
    eos: bool = True,
    vendor: str = "WhatsApp",
    serial: int = 0,
) -> bytes:
    """Make a voice note like WhatsApp's: mono Ogg Opus of a tone.

    Args:
        seconds: The length that a player shows.
        freq: The tone in hertz.
        eos: Whether the last page is marked as the last.
        vendor: Who says to have encoded it.
        serial: The Ogg stream's number; WhatsApp writes 0.

    Returns:
        The file's bytes; the same arguments give the same bytes.
    """
    end = round(seconds * _OPUS_RATE) + PRE_SKIP
    packets = _packets(freq, math.ceil(seconds))[: -(-end // _PACKET)]
    name = vendor.encode()
    header = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, PRE_SKIP, _NOTE_RATE, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", len(name)) + name + bytes(4)
    pages = [
        ogg_page([header], granule=0, number=0, flags=2, serial=serial),
        ogg_page([tags], granule=0, number=1, serial=serial),
    ]
    for first in range(0, len(packets), _PACKETS_A_PAGE):
        some = packets[first : first + _PACKETS_A_PAGE]
        after = first + len(some)
        last = after == len(packets)
        pages.append(
            ogg_page(
                some,
                granule=end if last else after * _PACKET,
                number=len(pages),
                flags=4 if last and eos else 0,
                serial=serial,
            )
        )
    return b"".join(pages)


def _page_bounds(ogg: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(ogg):
        body = at + 27 + ogg[at + 26]
        end = body + sum(ogg[at + 27 : body])
        yield at, end
        at = end


def with_serial(ogg: bytes, serial: int) -> bytes:
    """Copy an Ogg file under another stream number, with right checksums."""
    out = bytearray(ogg)
    number = serial.to_bytes(4, "little")
    for at, end in _page_bounds(ogg):
        page = bytearray(ogg[at:end])
        page[_SERIAL_AT] = number
        page[_CRC_AT] = bytes(4)
        page[_CRC_AT] = _ogg_crc(bytes(page))
        out[at:end] = page
    return bytes(out)


def tone_wav(
    seconds: float, *, freq: int = 440, rate: int = 48_000, channels: int = 1
) -> bytes:
    """Make a WAV file with a tone at half level."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(_tone(seconds, freq, rate, channels))
    return out.getvalue()


def amr_note(seconds: float, *, wide: bool = False) -> bytes:
    """Make an AMR file of silence (there is no encoder: frames without speech)."""
    mode, size = (9, 5) if wide else (8, 5)
    frame = bytes([mode << 3 | 4]) + bytes(size)
    return (b"#!AMR-WB\n" if wide else b"#!AMR\n") + frame * round(seconds * 50)


_ENCODERS = {
    "m4a": ("ipod", "aac", 44_100),
    "mp4": ("mp4", "aac", 44_100),
    "mov": ("mov", "aac", 44_100),
    "3gp": ("3gp", "aac", 44_100),
    "aac": ("adts", "aac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "flac": ("flac", "flac", 44_100),
    "webm": ("webm", "libopus", 48_000),
    "mka": ("matroska", "libopus", 48_000),
    "ogg": ("ogg", "libopus", 48_000),
    "oga": ("ogg", "flac", 44_100),
    "caf": ("caf", "alac", 44_100),
    "wav": ("wav", "pcm_s16le", 44_100),
    "wma": ("asf", "wmav2", 44_100),
}
"""By suffix: PyAV's names of the container and the encoder, the sample rate."""


@functools.lru_cache(maxsize=64)
def encoded(
    suffix: str, seconds: float, *, freq: int = 440, video: bool = False
) -> bytes:
    """Make a file of another container with a tone in it.

    Args:
        suffix: One of m4a, mp4, mov, 3gp, aac, mp3, flac, webm, mka, ogg (Opus), oga
            (FLAC), caf (ALAC), wav, wma.
        seconds: The length.
        freq: The tone in hertz.
        video: Whether a black picture runs along (mp4, mov, 3gp).

    Returns:
        The file's bytes.
    """
    container, codec, rate = _ENCODERS[suffix]
    return _encode(container, (codec, rate, freq), seconds, video=video)


@functools.lru_cache(maxsize=8)
def silent_video(seconds: float) -> bytes:
    """Make an MP4 file with a picture and without any sound."""
    return _encode("mp4", None, seconds, video=True)


def _encode(
    container: str, sound: tuple[str, int, int] | None, seconds: float, *, video: bool
) -> bytes:
    import av

    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        picture = file.add_stream("mpeg4", rate=10) if video else None
        if picture is not None:
            picture.width = picture.height = 32
            picture.pix_fmt = "yuv420p"
        if sound is not None:
            codec, rate, freq = sound
            stream = file.add_stream(codec, rate=rate)
            assert isinstance(stream, av.AudioStream)
            stream.bit_rate = 64_000
            stream.layout = "mono"
            for frame in _frames(_tone(seconds, freq, rate), rate):
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        if picture is not None:
            for number in range(max(1, round(seconds * 10))):
                image = av.VideoFrame(32, 32, "yuv420p")
                for plane in image.planes:
                    plane.update(bytes(plane.buffer_size))
                image.pts = number
                file.mux(picture.encode(image))
            file.mux(picture.encode(None))
    return out.getvalue()


def _frames(pcm: bytes, rate: int) -> Iterator[av.AudioFrame]:
    import av

    for at in range(0, len(pcm), 2048):
        part = pcm[at : at + 2048]
        frame = av.AudioFrame("s16", "mono", samples=len(part) // 2)
        frame.planes[0].update(part)
        frame.sample_rate = rate
        frame.pts = at // 2
        yield frame


@dataclass(frozen=True, slots=True)
class CorpusNote:
    """One note of a corpus, not yet written."""

    folder: str
    """Relative to where the corpus begins: `WhatsApp Voice Notes/202438`."""
    name: str
    data: bytes
    mtime_ns: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was written."""

    root: Path
    files: int
    folders: int
    size: int
    duration_ms: int


@functools.lru_cache(maxsize=4)
def _clips(longest: float) -> list[tuple[bytes, int]]:
    """Encode 24 clips from 2 seconds to the longest; with their milliseconds."""
    lengths = [2 * (longest / 2) ** (n / 23) for n in range(24)]
    return [
        (opus_note(ms / 1000, freq=300 + 20 * n), ms)
        for n, ms in enumerate(round(seconds * 1000) for seconds in lengths)
    ]


def corpus_notes(
    count: int,
    *,
    seed: int = 1,
    longest: float = 20.0,
    last_day: date = date(2025, 12, 31),
    days: int = 730,
) -> Iterator[CorpusNote]:
    """Make distinct voice notes as a phone would have gathered them, oldest first.

    Args:
        count: How many.
        seed: Other numbers give other days, lengths and bytes.
        longest: The longest note in seconds; the median is about 10.
        last_day: The day of the newest notes.
        days: Over how many days they are spread.

    Yields:
        Notes with the names, week folders and times that WhatsApp gives them.
    """
    rng = random.Random(seed)
    clips = _clips(longest)
    weights = [math.exp(-((math.log(ms / 11_000)) ** 2) / 1.8) for _, ms in clips]
    picks = rng.choices(clips, weights, k=count)
    offsets = sorted(rng.randrange(days) for _ in range(count))
    for number, ((data, ms), same_day) in enumerate(
        zip(
            picks,
            itertools.chain.from_iterable(
                enumerate(group) for _, group in itertools.groupby(offsets)
            ),
            strict=True,
        )
    ):
        counter, offset = same_day
        day = last_day - timedelta(days=days - 1 - offset)
        noon = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        serial = (seed * 0x10000000 + number * 2_654_435_761) & 0xFFFFFFFF
        yield CorpusNote(
            folder=f"WhatsApp Voice Notes/{week_folder(day)}",
            name=f"PTT-{day:%Y%m%d}-WA{counter:04d}.opus",
            data=with_serial(data, serial),
            mtime_ns=(int(noon.timestamp()) + counter * 7) * 1_000_000_000,
            duration_ms=ms,
        )


def corpus(
    dest: Path,
    count: int,
    *,
    seed: int = 1,
    longest: float = 20.0,
    last_day: date = date(2025, 12, 31),
    days: int = 730,
) -> Corpus:
    """Write a WhatsApp media tree of distinct voice notes below a folder.

    Args:
        dest: Where `WhatsApp Voice Notes` is made.
        count: How many notes; 100,000 take about half a minute and 2 GB.
        seed: See `corpus_notes`.
        longest: See `corpus_notes`.
        last_day: See `corpus_notes`.
        days: See `corpus_notes`.

    Returns:
        What was written.
    """
    made: set[str] = set()
    size = duration_ms = 0
    for note in corpus_notes(
        count, seed=seed, longest=longest, last_day=last_day, days=days
    ):
        folder = f"{dest}/{note.folder}"
        if folder not in made:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103  # pathlib is slow here
            made.add(folder)
        fd = os.open(f"{folder}/{note.name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.write(fd, note.data)
            os.utime(fd, ns=(note.mtime_ns, note.mtime_ns))
        finally:
            os.close(fd)
        size += len(note.data)
        duration_ms += note.duration_ms
    return Corpus(dest, count, len(made), size, duration_ms)


def hostile_names() -> list[bytes]:
    """List names of sound files that a careless program trips over.

    None of them is hidden or ignored; each is a legal name on Linux and different
    from the others. No name can hold a slash: put one into a folder called `[` to get
    `[/]` into a path, and see `hostile_texts` for text that is no file name.
    """
    return [
        b"[@click=app.quit]x.opus",
        b"[bold red on blue]x.opus",
        b"].opus",
        b"$foreground [link=x.opus",
        b"a\nb.opus",
        b"a\rb.opus",
        b"a\tb.opus",
        b"\x1b[2J\x1b[31mred\x1b[0m.opus",
        b"\x1b]0;title\x07.opus",
        b"\x1b]52;c;cm0gLXJmIH4=\x07.opus",
        b"\x1b]8;;http:evil.example\x1b\\click\x1b]8;;\x1b\\.opus",
        b"\x9b31mC1.opus",
        "c1\u009b31m\u0085.opus".encode(),
        "rtl\u202egpj.opus".encode(),
        "isolate\u2066\u2069\u200f.opus".encode(),
        "line\u2028paragraph\u2029.opus".encode(),
        "family\U0001f468\u200d\U0001f469\u200d\U0001f467.opus".encode(),
        "zero\u200bwidth\ufeff.opus".encode(),
        ("combining" + "e\u0301" * 8 + ".opus").encode(),
        "wide\u65e5\u672c\u8a9e.opus".encode(),
        b"latin1-\xe4\xf6\xfc.opus",
        b"\xff\xfe\xfd.opus",
        b"surrogate-\xed\xa0\x80.opus",
        b"del\x7fbell\x07nul-like\x01.opus",
        b"-rf.opus",
        b"--help.opus",
        b" leading and trailing .opus",
        b"   .opus",
        b"quote'\"`$(reboot).opus",
        b"back\\slash.opus",
        b"%s%n%d{}{0}.opus",
        b"*?.opus",
        b"#!.opus",
        b"a" * 250 + b".opus",
        ("\u00e9" * 125 + ".opus").encode(),
    ]


def hostile_texts() -> list[str]:
    """List titles, as tags and databases may hold them, that break careless markup."""
    return [
        "[/]",
        "[@click=app.quit]x[/]",
        "[bold red on blue]x[/bold red on blue]",
        "a [/b] c [",
        *(os.fsdecode(name) for name in hostile_names()),
        "x" * 300,
        "nul\x00byte",
    ]
