"""Probes of bytes in memory, as if they were a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tui.media import HEAD_BYTES, TAIL_BYTES, probe_bytes

if TYPE_CHECKING:
    from tui.media import Probe


class Look(Protocol):
    """Probes bytes as a file of them is probed."""

    def __call__(self, data: bytes) -> Probe:
        """Return the answer."""


def _look(data: bytes) -> Probe:
    head = tail = data
    if len(data) > HEAD_BYTES + TAIL_BYTES:
        head, tail = data[:HEAD_BYTES], data[-TAIL_BYTES:]
    return probe_bytes(head, tail, len(data), lambda at, count: data[at : at + count])


@pytest.fixture
def look() -> Look:
    """Give a test a way to probe bytes."""
    return _look
