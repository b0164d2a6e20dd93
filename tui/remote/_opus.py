"""The encoder of what is made smaller on its way, or playable in a browser."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from tui.audio import RATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av import AudioCodecContext, AudioFrame

__all__ = ["opus_encoder", "opus_frame"]


def opus_encoder(
    bit_rate: int, options: Mapping[str, str] | None = None
) -> AudioCodecContext:
    """Make an encoder for one channel at the engine's rate.

    Args:
        bit_rate: Bits a second.
        options: libopus's own, by FFmpeg's names.
    """
    import av

    encoder = av.CodecContext.create("libopus", "w")
    if not isinstance(encoder, av.AudioCodecContext):
        raise TypeError("no encoder of sound")
    encoder.sample_rate = RATE
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = bit_rate
    encoder.time_base = Fraction(1, RATE)
    encoder.options = dict(options or {})
    encoder.open()
    return encoder


def opus_frame(pcm: bytes, at: int) -> AudioFrame:
    """Make what the encoder takes.

    Args:
        pcm: Samples of 16 bits.
        at: Which sample the first one is.
    """
    import av

    frame = av.AudioFrame("s16", "mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate = RATE
    frame.time_base = Fraction(1, RATE)
    frame.pts = at
    return frame
