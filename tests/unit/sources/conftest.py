"""A zone of the machine that has summer time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tui.sources._stamps import day_bounds

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def berlin(isolated: object) -> Iterator[None]:
    """Let the machine stand in Berlin: one hour east of UTC, two in summer."""
    with pytest.MonkeyPatch.context() as patch:
        # Spelled out, so that no zone database is needed.
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        day_bounds.cache_clear()
        yield
    time.tzset()
    day_bounds.cache_clear()
