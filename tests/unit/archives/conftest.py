"""What the tests of archives share: a zone, and archives that nobody kept open."""

from __future__ import annotations

import gc
import os
import time
from typing import TYPE_CHECKING

import pytest

from tui.archives import _opened

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def berlin(isolated: object) -> Iterator[None]:
    """Let the machine stand in Berlin: one hour east of UTC, two in summer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Begin and end each test without an archive that is open."""
    _forget()
    yield
    _forget()


@pytest.fixture
def no_leak() -> Iterator[None]:
    """Fail a test that leaves a descriptor open."""
    gc.collect()
    before = set(os.listdir("/proc/self/fd"))
    yield
    _forget()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def _forget() -> None:
    for each in _opened._local.__dict__.pop("kept", {}).values():
        each.close()
