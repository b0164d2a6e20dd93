"""Media: what kind of sound a file holds, how long it is, and whether it is whole."""

from __future__ import annotations

from tui.media._api import Probe, Wholeness
from tui.media._measure import measure
from tui.media._probe import (
    HEAD_BYTES,
    TAIL_BYTES,
    head_and_tail,
    probe_bytes,
    probe_fd,
    probe_file,
)

__all__ = [
    "HEAD_BYTES",
    "TAIL_BYTES",
    "Probe",
    "Wholeness",
    "head_and_tail",
    "measure",
    "probe_bytes",
    "probe_fd",
    "probe_file",
]
