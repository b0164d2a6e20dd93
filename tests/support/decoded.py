"""Decodes recordings for tests, with PyAV alone."""

from __future__ import annotations

import io
from array import array

__all__ = ["decoded"]


def decoded(recording: bytes, *, rate: int = 16_000) -> array[int]:
    """Decode a recording to mono signed 16-bit samples."""
    import av

    samples = array("h")
    resampler = av.AudioResampler("s16", "mono", rate)
    with av.open(io.BytesIO(recording), "r") as file:
        for frame in file.decode(audio=0):
            for part in resampler.resample(frame):
                samples.frombytes(bytes(part.planes[0])[: part.samples * 2])
    for part in resampler.resample(None):
        samples.frombytes(bytes(part.planes[0])[: part.samples * 2])
    return samples
