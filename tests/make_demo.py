"""Speaks the clips of the sample library; `poe demo-clips` runs it.

Needs espeak-ng. The same espeak-ng gives the same bytes: voice notes as WhatsApp
writes them, Ogg Opus with 16 kHz mono in packets of 60 ms.
"""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.notes import PRE_SKIP, ogg_page
from tui.demo import ARRIVALS, CLIPS, LIBRARY, VOICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import av

    from tui.demo import Line

__all__ = ["main", "speak"]

_RATE = 16_000
_PACKET = 2_880
"""Samples at 48 kHz in a packet."""
_PACKETS_A_PAGE = 16
_BIT_RATE = 18_000


def speak(line: Line) -> bytes:
    """Say a line and encode it.

    Args:
        line: Who says what.

    Returns:
        The bytes of the voice note.
    """
    voice = VOICES[line.who]
    options = ["-v", voice.name, "-p", str(voice.pitch), "-s", str(voice.speed)]
    spoken = subprocess.run(
        ["espeak-ng", *options, "--stdout", line.text],
        check=True,
        capture_output=True,
        timeout=60,
    )
    packets, samples = _encode(spoken.stdout)
    return _ogg(packets, samples * 3)


def _frames(wav: bytes) -> Iterator[av.AudioFrame]:
    """Decode to 16 kHz mono, in frames of one packet's length."""
    import av

    resampler = av.AudioResampler("s16", "mono", _RATE, frame_size=_RATE * 60 // 1000)
    with av.open(io.BytesIO(wav), "r", format="wav") as file:
        for frame in file.decode(audio=0):
            yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _encode(wav: bytes) -> tuple[list[bytes], int]:
    """Encode to Opus packets, and count the samples that went in."""
    import av

    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate = _RATE
    codec.layout = "mono"
    codec.format = "s16"
    codec.bit_rate = _BIT_RATE
    codec.options = {"application": "voip", "frame_duration": "60"}
    packets, samples = [], 0
    for frame in _frames(wav):
        frame.pts = samples
        samples += frame.samples
        packets += [bytes(packet) for packet in codec.encode(frame)]
    packets += [bytes(packet) for packet in codec.encode(None)]
    return packets, samples


def _ogg(packets: Sequence[bytes], samples: int) -> bytes:
    """Wrap packets into the pages that WhatsApp writes."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, PRE_SKIP, _RATE, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 8) + b"WhatsApp" + bytes(4)
    pages = [
        ogg_page([head], granule=0, number=0, flags=2),
        ogg_page([tags], granule=0, number=1),
    ]
    end = min(samples + PRE_SKIP, len(packets) * _PACKET)
    for first in range(0, len(packets), _PACKETS_A_PAGE):
        after = first + len(packets[first : first + _PACKETS_A_PAGE])
        last = after == len(packets)
        pages.append(
            ogg_page(
                packets[first:after],
                granule=end if last else after * _PACKET,
                number=len(pages),
                flags=4 if last else 0,
            )
        )
    return b"".join(pages)


def main() -> int:
    """Write every clip; others that lie there are taken away."""
    CLIPS.mkdir(exist_ok=True)
    wanted = {f"{line.clip}.opus": line for line in (*LIBRARY, *ARRIVALS)}
    for old in set(CLIPS.glob("*.opus")) - {CLIPS / name for name in wanted}:
        old.unlink()
    total = 0
    for name, line in wanted.items():
        data = speak(line)
        (CLIPS / name).write_bytes(data)
        total += len(data)
    print(f"{len(wanted)} clips, {total} bytes in {Path(CLIPS).resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
